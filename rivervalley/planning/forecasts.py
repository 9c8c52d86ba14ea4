"""Forecasts of single schedules under a fitted law, and searches for the best length of a decay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from rivervalley import schedules
from rivervalley._common.checks import FloatArray
from rivervalley.laws import Law, predict_band
from rivervalley.schedules import Schedule
from rivervalley.schedules.kind import kind_of

SHAPES = ("linear", "sqrt", "cosine", "square", "exponential", "inverse")
KNOTS = 24
LEAST_KEPT = 0.05  # of the height above the floor, from knot to knot


@dataclass(frozen=True)
class RunLimits:
    """What all schedules of a plan have in common."""

    steps: int
    peak_lr: float
    warmup_steps: int
    final_lr: float

    @property
    def annealed(self) -> int:
        """Updates after the warm-up."""
        return self.steps - self.warmup_steps


@dataclass(frozen=True)
class ScheduleForecast:
    """A schedule and the loss that the law expects at its end.

    Attributes
    ----------
    name : str
    schedule : Schedule
    loss : float
    decay_steps : int or None
        Length of the decay; None where the LR does not hold and then decay.
    low, high : float or None
        Ends of the 90 % prediction interval (`laws.predict_band`); None for a law constructed directly.
    kind_fitted : bool
        Whether a run that leaves its peak in this way was among the fitted curves; True for a law constructed directly.
    """

    name: str
    schedule: Schedule
    loss: float
    decay_steps: int | None = None
    low: float | None = None
    high: float | None = None
    kind_fitted: bool = True

    @property
    def decay_start(self) -> int | None:
        """Update count at which the decay starts."""
        return None if self.decay_steps is None else self.schedule.steps - self.decay_steps


def end_loss(law: Law, schedule: Schedule) -> float:
    """The loss that the law expects at the end of a schedule."""
    return float(law.predict_at(schedule, [schedule.steps])[0])


def forecast(law: Law, schedule: Schedule, decay_steps: int | None = None) -> ScheduleForecast:
    """The law's forecast for a schedule, with its interval where the law was fitted."""
    if law.result is None:
        return ScheduleForecast(schedule.name, schedule, end_loss(law, schedule), decay_steps)
    band = predict_band(law, schedule)
    fitted = {curve.kind for curve in law.result.curves}
    ends = (float(band.loss[0]), decay_steps, float(band.low[0]), float(band.high[0]))
    return ScheduleForecast(schedule.name, schedule, *ends, kind_of(schedule) in {*fitted, "constant"})


def with_decay(run: RunLimits, shape: str, length: int) -> Schedule:
    """The peak LR, then a decay of that shape and length."""
    lowest = run.final_lr if shape not in ("inverse", "exponential") or run.final_lr > 0.0 else 0.01 * run.peak_lr
    return schedules.wsd(
        run.steps,
        run.peak_lr,
        warmup_steps=run.warmup_steps,
        decay_steps=length,
        decay_shape=shape,
        final_lr=lowest,
        name=f"wsd {shape}, best decay",
    )


def best_decay(law: Law, run: RunLimits, shape: str) -> ScheduleForecast:
    """The decay of that shape whose length the law likes best."""
    length = least(lambda n: end_loss(law, with_decay(run, shape, n)), 1, run.annealed)
    return forecast(law, with_decay(run, shape, length), length)


def optimised(law: Law, run: RunLimits, start: Schedule) -> ScheduleForecast:
    """Non-increasing LRs, straight between knots, that minimise the law's final loss; the search begins at `start`."""
    steps, warm, peak, floor = run.steps, run.warmup_steps, run.peak_lr, run.final_lr
    # Knots lie closer towards the end, where the law asks for most of the fall.
    places = np.unique((warm + run.annealed * (1.0 - (1.0 - np.arange(KNOTS + 1) / KNOTS) ** 1.5)).round().astype(int))
    places[-1] = steps

    def schedule(keep: FloatArray) -> Schedule:
        # Each knot keeps a share of the height above the floor of the one before: falling, whatever the shares.
        height = floor + (peak - floor) * np.cumprod(np.append(1.0, keep))
        lr = np.interp(np.arange(1, steps + 1), places, height)
        lr[:warm] = start.lr[:warm]
        return Schedule(lr, warm, "optimised")

    heights = np.interp(places, np.arange(1, steps + 1), start.lr)
    above = np.maximum((heights - floor) / (peak - floor), 1e-6)
    above[0] = 1.0
    search = minimize(
        lambda keep: end_loss(law, schedule(keep)),
        np.clip(above[1:] / above[:-1], LEAST_KEPT, 1.0),
        method="L-BFGS-B",
        # The floor is not reached before the end: laws of steps go on falling at LR 0, where nothing moves.
        bounds=[(LEAST_KEPT, 1.0)] * (places.size - 2) + [(0.0, 1.0)],
        options={"maxiter": 40, "ftol": 1e-9, "maxfun": 2000},
    )
    best = schedule(search.x)
    if end_loss(law, best) > end_loss(law, start):
        best = Schedule(start.lr, warm, "optimised")
    falls = np.flatnonzero(best.lr < 0.995 * peak)
    falls = falls[falls >= warm]
    return forecast(law, best, steps - int(falls[0]) if falls.size else 0)


def peak_then_drop(law: Law, run: RunLimits) -> ScheduleForecast:
    """The best of all non-increasing schedules between floor and peak under a law linear in the LR: the peak, then a drop."""

    def dropping(length: int) -> Schedule:
        lr = schedules.constant(run.steps, run.peak_lr, warmup_steps=run.warmup_steps).lr.copy()
        lr[run.steps - length :] = run.final_lr
        return Schedule(lr, run.warmup_steps, "peak, then a drop")

    length = least(lambda n: end_loss(law, dropping(n)), 1, run.annealed - 1)
    return ScheduleForecast("peak, then a drop", dropping(length), end_loss(law, dropping(length)), length)


def least(cost: Callable[[int], float], low: int, high: int) -> int:
    """The integer in [low, high] of least cost: a geometric grid, then finer ones around the best."""
    places = np.unique(np.geomspace(low, high, 20).round().astype(int))
    while True:
        values = [cost(int(place)) for place in places]
        k = int(np.argmin(values))
        left, right = int(places[max(k - 1, 0)]), int(places[min(k + 1, places.size - 1)])
        # Below a hundredth of its length a decay's optimum is flat to all digits that matter.
        if right - left <= max(2, places[k] // 100):
            return int(places[k])
        places = np.unique(np.linspace(left, right, 7).round().astype(int))
