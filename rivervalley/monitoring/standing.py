"""The level of a run about a law, from its last readings, and what it says of the end of the run.

The law's error for this run, log(loss / predicted) without the noise of readings, is e now and f at the end. Before the run
they are normal about 0 with the standard deviations of `laws.predict_band`; that of f - e is the one of the difference of
both losses (`laws.difference_band`), which leaves out what they have in common. With m the mean of the last residuals and t its
standard error,

    f | m ~ N(c m / (P + t^2), Q - c^2 / (P + t^2)),  P = var e, Q = var f, c = cov(e, f) = (P + Q - var(f - e)) / 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.uncertainty import autocorrelation_time

POOLED = 0.05  # of the readings are averaged
FEWEST, NOISE_ROWS = 5, 100


@dataclass(frozen=True)
class Level:
    """Mean of the last residuals, its standard error, and from which row of the series on they were averaged."""

    mean: float
    stderr: float
    first_row: int


def level(residuals: FloatArray) -> Level:
    """The level of the last readings: a twentieth of them, at least five where there are.

    The noise is that of up to a hundred last residuals about their own straight line; correlated ones count for fewer.
    """
    size = residuals.size
    rows = min(size, max(FEWEST, round(POOLED * size)))
    recent = residuals[-NOISE_ROWS:]
    if recent.size < 4:
        return Level(float(residuals[-rows:].mean()), 0.01, size - rows)  # a percent: too few to tell
    places = np.arange(recent.size, dtype=np.float64)
    about = recent - np.polyval(np.polyfit(places, recent, 1), places)
    tau, _ = autocorrelation_time(about)
    noise = float(np.sqrt(np.sum(about**2) / (recent.size - 2)))
    return Level(float(residuals[-rows:].mean()), noise * float(np.sqrt(min(tau / rows, 1.0))), size - rows)


def posterior(now: Level, sd_now: float, sd_end: float, sd_difference: float) -> tuple[float, float]:
    """Mean and standard deviation of the law's error at the end, given the level now.

    >>> [round(value, 6) for value in posterior(Level(0.01, 0.0, 0), 0.005, 0.005, 0.005)]
    [0.005, 0.00433]
    """
    shared = 0.5 * (sd_now**2 + sd_end**2 - sd_difference**2)
    shared = min(max(shared, 0.0), sd_now * sd_end)
    observed = sd_now**2 + now.stderr**2
    if observed == 0.0 or not np.isfinite(observed):
        return now.mean, sd_difference
    return shared / observed * now.mean, float(np.sqrt(max(sd_end**2 - shared**2 / observed, 0.0)))
