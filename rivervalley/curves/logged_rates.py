"""The rate of every update, from the rates that the log of a run holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.readers.log import Source
from rivervalley.curves.readers.readings import Readings
from rivervalley.schedules import Schedule
from rivervalley.schedules.schedule import MAX_STEPS


def warmup_of(source: Source, readings: Readings, warmup_steps: int | None) -> int | None:
    """The argument, or else the one value of the file's warmup_steps column."""
    if warmup_steps is not None:
        return checks.integer("warmup_steps", warmup_steps, 0)
    values = np.unique(readings.warmup[~np.isnan(readings.warmup)])
    if values.size == 0:
        return None
    if values.size > 1 or values[0] != np.floor(values[0]) or not 0 <= values[0] <= MAX_STEPS:
        raise InputError(f"{source}: its column warmup_steps must hold one whole number, not {checks.show(values.tolist())}")
    return int(values[0])


def disagreement(steps: IntArray, lr: FloatArray, schedule: Schedule) -> list[str]:
    """Whether logged rates are those of the schedule. Loggers round, and some log the rate of the update just done."""
    inside = steps < schedule.steps
    steps, lr = steps[inside], lr[inside]
    gap = np.minimum(np.abs(lr - schedule.lr[steps]), np.abs(lr - schedule.lr[np.maximum(steps - 1, 0)]))
    if not steps.size or gap.max() <= 1e-3 * schedule.peak_lr:
        return []
    k = int(np.argmax(gap))
    rate = schedule.lr[steps[k]]
    return [f"its lr at step {steps[k]} is {lr[k]:g}, where the given schedule, which is used, has {rate:g}"]


def rebuilt(source: Source, readings: Readings, warmup: int | None) -> tuple[Schedule, str, list[str]]:
    """The rate of every update from those in the file, where they come from, and what had to be guessed."""
    steps, lr, total = readings.lr_steps, readings.lr, readings.last_step
    if not steps.size:
        raise InputError(
            f"{source} must hold a learning rate in its column lr, but it has none; or give the schedule, as schedule="
        )
    if total == 0:
        raise InputError(f"{source} must reach beyond step 0")
    if warmup is not None and warmup > total:
        raise InputError(f"warmup_steps must be at most the {total} updates of {source}, not {warmup}")
    places, rates = steps.astype(np.float64), lr
    if warmup:
        corner = int(np.searchsorted(steps, warmup - 1))
        at_corner = corner < steps.size and steps[corner] == warmup - 1
        if not at_corner:
            beyond = min(corner, steps.size - 1)
            places, rates = np.insert(places, corner, warmup - 1), np.insert(rates, corner, lr[beyond])
        if steps[0] > 0:
            places, rates = np.insert(places, 0, -1.0), np.insert(rates, 0, 0.0)
    filled = np.interp(np.arange(total), places, rates)
    gap = int(np.diff(steps).max(initial=1))
    complete = gap == 1 and steps[0] == 0 and steps[-1] >= total - 1
    schedule = Schedule(filled, warmup or 0, Path(source).stem)
    return schedule, "every step" if complete else "interpolated", _guesses(steps, lr, total, gap, warmup)


def _guesses(steps: IntArray, lr: FloatArray, total: int, gap: int, warmup: int | None) -> list[str]:
    """What `rebuilt` had to guess."""
    first, last = int(steps[0]), int(steps[-1])
    doubts = []
    if gap > 1:
        doubts.append(f"the LR between its rows, up to {gap} updates apart, is interpolated; give schedule= for the exact one")
    if first > 0 and warmup is None:
        doubts.append(
            f"the LR before its first row, at step {first}, is taken as {lr[0]:g}; "
            "give warmup_steps= (0 if there was none) or schedule="
        )
    elif first > 0 and warmup:
        doubts.append(f"the LR before its first row, at step {first}, is taken as a linear warm-up of {warmup} updates")
    elif first > 0:
        doubts.append(f"the LR before its first row, at step {first}, is taken as {lr[0]:g}")
    elif warmup is None and lr.size > 1 and lr[1] > lr[0]:
        doubts.append("its LR rises at first, which counts as negative annealing; give warmup_steps= if that is a warm-up")
    if total - last > max(gap, 1):
        doubts.append(f"the LR after the last one logged, at step {last}, is taken as {lr[-1]:g}")
    return doubts
