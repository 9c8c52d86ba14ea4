"""The valley of the page's second tab: quadratic hills, the softest of which relax slowly, beside a quadratic river."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley.landscapes import RiverValley
from rivervalley.landscapes.valleys.rivers import QuadraticRiver

HILLS, SOFTEST, SHOWN = 12, 1e-3, 6
PEAK, NOISE_STD = 0.2, 0.5  # LR at the law's own peak, and sigma of every coordinate
WAY = 2.0  # the run that the page starts with goes so many e-folds down the river
RIVER_LOSS = 0.5  # at the start


@dataclass(frozen=True)
class Mode:
    """A coordinate: curvature, sigma, centre, and where it starts."""

    curvature: float
    noise_std: float
    centre: float
    start: float


@dataclass(frozen=True)
class PageValley:
    """A valley as the page holds it: hills, then the river; which hill is drawn; LR in the valley over LR of the run."""

    modes: tuple[Mode, ...]
    shown: int
    lr_times: float
    largest_lr: float


def example_valley(steps: int) -> RiverValley:
    """The valley for runs of about so many updates.

    >>> example_valley(50_000).dim
    13
    """
    curvature = WAY / (0.9 * PEAK * steps)
    return RiverValley(
        hills=np.geomspace(SOFTEST, 1.0, HILLS),
        noise_std=NOISE_STD,
        river=QuadraticRiver(curvature, float(np.sqrt(2.0 * RIVER_LOSS / curvature))),
        river_noise_std=NOISE_STD,
    )


def page_valley(valley: RiverValley, peak_lr: float) -> PageValley:
    """The valley in the page's form, for runs at about that peak LR."""
    river = valley.river
    assert isinstance(river, QuadraticRiver)
    hills = [Mode(float(h), float(s), 0.0, 0.0) for h, s in zip(valley.hills, valley.noise[:-1], strict=True)]
    last = Mode(river.curvature, float(valley.noise[-1]), river.minimum, valley.start_river)
    return PageValley((*hills, last), SHOWN, PEAK / peak_lr, valley.max_stable_lr)
