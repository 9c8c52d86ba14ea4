"""The rate of every update, from what the log of a training run holds."""

from __future__ import annotations

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley._common.table import Table
from rivervalley.schedules import Schedule

MAX_STEPS = 100_000_000
"""The longest run whose rates are rebuilt from a file: they take 8 bytes an update."""


def step_column(table: Table) -> IntArray:
    """The step column: whole numbers, rising."""
    if table.lines.size == 0:
        raise InputError(f"{table.path} must hold at least one row below its header, but it has none")
    values = table.filled("step")
    bad = np.flatnonzero((values != np.floor(values)) | (values < 0) | (values > MAX_STEPS))
    if bad.size:
        value = float(values[bad[0]])
        raise table.error(int(bad[0]), f"step must be a whole number between 0 and {MAX_STEPS}, not {value:.17g}")
    drops = np.flatnonzero(np.diff(values) <= 0)
    if drops.size:
        row = int(drops[0]) + 1
        raise table.error(row, f"step must rise from row to row, but {values[row]:.0f} follows {values[row - 1]:.0f}")
    return values.astype(np.int64)


def check_rates(table: Table) -> None:
    """Refuse negative rates where there is a column lr."""
    if "lr" in table:
        bad = np.flatnonzero(table["lr"] < 0)
        if bad.size:
            raise table.error(int(bad[0]), f"lr must be at least 0, not {float(table['lr'][bad[0]])!r}")


def warmup_of(table: Table, warmup_steps: int | None) -> int | None:
    """The argument, or else the one value of the file's warmup_steps column."""
    if warmup_steps is not None:
        return checks.integer("warmup_steps", warmup_steps, 0)
    if "warmup_steps" not in table:
        return None
    values = np.unique(table["warmup_steps"][~np.isnan(table["warmup_steps"])])
    if values.size == 0:
        return None
    if values.size > 1 or values[0] != np.floor(values[0]) or not 0 <= values[0] <= MAX_STEPS:
        raise InputError(
            f"{table.path}: its column warmup_steps must hold one whole number, not {checks.show(values.tolist())}"
        )
    return int(values[0])


def disagreement(steps: IntArray, lr: FloatArray, schedule: Schedule) -> list[str]:
    """Whether logged rates are those of the schedule. Loggers round, and some log the rate of the update just done."""
    inside = ~np.isnan(lr) & (steps < schedule.steps)
    steps, lr = steps[inside], lr[inside]
    gap = np.minimum(np.abs(lr - schedule.lr[steps]), np.abs(lr - schedule.lr[np.maximum(steps - 1, 0)]))
    if not steps.size or gap.max() <= 1e-3 * schedule.peak_lr:
        return []
    k = int(np.argmax(gap))
    rate = schedule.lr[steps[k]]
    return [f"its lr at step {steps[k]} is {lr[k]:g}, where the given schedule, which is used, has {rate:g}"]


def rebuilt(table: Table, steps: IntArray, warmup: int | None) -> tuple[Schedule, str, list[str]]:
    """The rate of every update from those in the file, where they come from, and what had to be guessed."""
    lr = table.filled("lr")
    total = int(steps[-1])
    if total == 0:
        raise InputError(f"{table.path} must reach beyond step 0")
    if warmup is not None and warmup > total:
        raise InputError(f"warmup_steps must be at most the {total} updates of {table.path}, not {warmup}")
    places, rates = steps.astype(np.float64), lr
    if warmup:
        corner = int(np.searchsorted(steps, warmup - 1))
        if steps[corner] != warmup - 1:
            places, rates = np.insert(places, corner, warmup - 1), np.insert(rates, corner, lr[corner])
        if steps[0] > 0:
            places, rates = np.insert(places, 0, -1.0), np.insert(rates, 0, 0.0)
    filled = np.interp(np.arange(total), places, rates)
    doubts = []
    gap = int(np.diff(steps).max(initial=1))
    if gap > 1:
        doubts.append(f"rates between its rows, up to {gap} updates apart, are interpolated; give schedule= for exact ones")
    if steps[0] > 0 and warmup is None:
        doubts.append(
            f"rates before its first row, at step {steps[0]}, are held at {lr[0]:g}; "
            "give warmup_steps= (0 if there was none) or schedule="
        )
    elif steps[0] > 0 and warmup:
        doubts.append(f"rates before its first row, at step {steps[0]}, are a linear warm-up of {warmup} updates")
    elif steps[0] > 0:
        doubts.append(f"rates before its first row, at step {steps[0]}, are held at {lr[0]:g}")
    elif warmup is None and lr.size > 1 and lr[1] > lr[0]:
        doubts.append("its rates rise at first and count as annealing does; give warmup_steps= if that is a warm-up")
    source = "every step" if gap == 1 and steps[0] == 0 else "interpolated"
    return Schedule(filled, warmup or 0, table.path.stem), source, doubts
