"""What the claims share: literal spheres looked at on their way, and the language-model-like valley."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import zeta

from rivervalley import schedules
from rivervalley.curves.run import Run
from rivervalley.landscapes import Sphere, SphericalValley
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

PAGE = "docs/theory/equilibrium_landscape.md"
PAPER = "arXiv 2305.17212 and this project"
WEIGHT_DECAY, INIT_STD = 0.1, 0.02
HEIGHT = 54.0  # of the first hill at c = 2.22: hills of .27 nats at 1e-3, as a fitted law of a small language model has


def states(sphere: Sphere, schedule: Schedule, at: Sequence[int], trajectories: int, seed: int) -> list[np.ndarray]:
    """The states of all trajectories after these update counts, each (trajectories, dim)."""
    run: Run | None = None
    out = []
    for first, last in zip((0, *at), at, strict=False):
        piece = Schedule(schedule.lr[first:last])
        if run is None:
            run = simulate(sphere, piece, trajectories, seed, record_every=last)
        else:
            run = simulate(sphere, piece, initial=run, record_every=last)
        out.append(run.state)
    return out


def constant(steps: int, lr: float) -> Schedule:
    """A constant LR without warm-up."""
    return schedules.constant(steps=steps, peak_lr=lr)


def usual(kind: str, steps: int, peak: float, decay: float = 0.2) -> Schedule:
    """The schedules of the theory: const, cos10 (to a tenth), cos0 and wsd (linear to 0), after 300 updates of warm-up."""
    warmup = min(300, steps // 20)
    if kind == "const":
        return schedules.constant(steps=steps, peak_lr=peak, warmup_steps=warmup)
    if kind == "wsd":
        return schedules.wsd(steps=steps, peak_lr=peak, warmup_steps=warmup, decay_fraction=decay)
    return schedules.cosine(steps=steps, peak_lr=peak, final_lr=0.1 * peak if kind == "cos10" else 0.0, warmup_steps=warmup)


def valley(*, spectrum: bool = False, beta: float = 0.55, top_stiffness: float = 0.5, **options: Any) -> SphericalValley:
    """The language-model-like valley with a winding river, or with a spectrum of targets in its place.

    Beyond the 40th its 192 hills are in bins, which changes no loss by more than 1e-5.
    """
    c = 1.0 + 2.22 * beta
    height = HEIGHT * zeta(2.221) / zeta(c)
    signal = {"signal_exponent": 2.11} if spectrum else {}
    return SphericalValley.power_law(192, top_stiffness, 2.22, c, height, bin_ratio=1.12, **signal, **options)


def final_loss(landscape: SphericalValley, schedule: Schedule) -> float:
    """The expected loss after the last update."""
    return float(landscape.expected(schedule, record_at=[schedule.steps]).loss[0])
