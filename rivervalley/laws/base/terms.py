"""The forward term A S1^-alpha and the decay factor, which several laws share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points

# At alpha = 0 the term is a constant, the same as L0, and no gradient leads away: fits stay above it.
ALPHA = ShapeParameter("alpha", "A", 1e-3, 10.0, starts=(0.1, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.3, 1.7), scale="log")
# For laws that search for a relaxation rate too: from steeper ones a search may end where annealing acts at once. A constant
# run with one decay hardly tells progress from slow relaxation: see docs/calibration.md for what regularises them.
GENTLE_ALPHA = replace(ALPHA, starts=ALPHA.starts[:7], default=0.48, strength=400.0)

LARGEST_DECAY_FACTOR = 1.0 - 1e-6  # a memory of a million updates
DECAY_FACTOR = ShapeParameter(
    "decay_factor",
    "C",
    0.0,
    LARGEST_DECAY_FACTOR,
    starts=(0.5, 0.9, 0.97, 0.99, 0.997, 0.999),
    scale="memory",
    default=0.999,
    fixed=True,
)


def forward_term(points: Points) -> Callable[[float], tuple[FloatArray, FloatArray]]:
    """A function of alpha that returns S1^-alpha and its derivative by alpha, shape (R,) each."""
    with np.errstate(divide="ignore"):
        log_S1 = np.log(points.S1)

    def evaluate(alpha: float) -> tuple[FloatArray, FloatArray]:
        power: FloatArray = points.S1**-alpha
        return power, -log_S1 * power

    return evaluate


def on_change(compute: Callable[..., None]) -> Callable[..., None]:
    """`compute`, called only where its arguments have changed since the last call."""
    last: list[tuple[float, ...]] = []

    def run(*arguments: float) -> None:
        if last != [arguments]:
            last[:] = [arguments]
            compute(*arguments)

    return run
