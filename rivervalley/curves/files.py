"""Loss curves as CSV files with the columns step, lr and loss."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.files import write_text
from rivervalley._common.table import read_table
from rivervalley.curves import logged_rates
from rivervalley.curves.curve import LossCurve
from rivervalley.schedules import Schedule


class CurveWarning(UserWarning):
    """Learning rates of a curve were guessed, or contradict each other."""


def read_curve(
    path: str | os.PathLike[str],
    schedule: Schedule | str | os.PathLike[str] | None = None,
    warmup_steps: int | None = None,
    name: str | None = None,
) -> LossCurve:
    """Read the losses of a training run, and its schedule, from a CSV file with columns step, lr and loss.

    `step` counts the updates done when the loss was read. `lr` is lr[step], the rate of the update that comes next
    (updates counted from 0); the last row's ends the schedule and belongs to no update. A row with a blank loss gives a
    rate alone. Further columns are ignored, except `warmup_steps`, which stands in for the argument.

    Where the file leaves out rates, those between two rows are interpolated linearly. Those before the first row rise
    linearly from 0 over `warmup_steps` updates to the first row's rate, or are held at it where no warm-up is known. This
    is said by a CurveWarning, `schedule_source` and `notes`: pass `schedule` to have it exact. A loss at step 0 lies before
    the first update, where no law holds; it is dropped, and `notes` says so.

    Parameters
    ----------
    path : path of a CSV file in UTF-8
    schedule : Schedule or path of a schedule's file, optional
        The rate of every update. The lr column is not needed then; where it is there and disagrees, a CurveWarning says so.
    warmup_steps : int, optional
        How many of the first updates are warm-up: lr[warmup_steps - 1] is at its peak. 0 says that there was none.
    name : str, optional
        The file's name without its suffix if not given.

    Returns
    -------
    LossCurve

    Raises
    ------
    InputError
        If the file or the schedule cannot be used; the message names the file, the line and what is allowed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "run.csv"
    ...     _ = file.write_text("step,lr,loss\\n0,0.1,9.0\\n1,0.1,4.0\\n2,0.05,3.5\\n")
    ...     read_curve(file)
    LossCurve('run', 2 losses, steps 1 to 2 of 2)
    """
    table = read_table(path, ("step", "loss") if schedule is not None else ("step", "lr", "loss"), ("lr", "warmup_steps"))
    steps = logged_rates.step_column(table)
    logged_rates.check_rates(table)
    warmup = logged_rates.warmup_of(table, warmup_steps)
    notes: list[str] = []
    doubts: list[str] = []
    if schedule is not None:
        rates, source = _given(schedule, warmup), "given"
        if "lr" in table:
            doubts += logged_rates.disagreement(steps, table["lr"], rates)
    else:
        rates, source, doubts = logged_rates.rebuilt(table, steps, warmup)
    read = ~np.isnan(table["loss"])
    if read[0] and steps[0] == 0:
        notes.append("the loss at step 0, before the first update, is dropped")
        read[0] = False
    if not read.any():
        raise InputError(f"{table.path} must hold a loss after the first update, but it has none")
    for doubt in doubts:
        warnings.warn(f"{table.path}: {doubt}", CurveWarning, stacklevel=2)
    label = Path(path).stem if name is None else name
    rates = replace(rates, name=label) if source != "given" else rates
    return LossCurve(steps[read], table["loss"][read], rates, label, source, (*notes, *doubts))


def write_curve(path: str | os.PathLike[str], curve: LossCurve, every_rate: bool = True) -> None:
    """Write a curve as a CSV file with columns step, lr and loss, whole or not at all.

    Every update gets a row, with a blank loss where none was read, so that `read_curve` gives back the same steps, losses
    and rates to the last bit; a column warmup_steps is added where there is a warm-up. With `every_rate=False` only rows
    with a loss are written, and the rates between are lost to the file.

    Raises
    ------
    InputError
        If `path` cannot be written or `curve` is no LossCurve.
    """
    if not isinstance(curve, LossCurve):
        raise InputError(f"curve must be a LossCurve, not {checks.show(curve)}")
    total, warmup = curve.schedule.steps, curve.schedule.warmup_steps
    loss = dict(zip(curve.steps.tolist(), map(repr, curve.loss.tolist()), strict=True))
    lr = [*map(repr, curve.schedule.lr.tolist()), repr(float(curve.schedule.lr[-1]))]
    end = f",{warmup}\n" if warmup else "\n"
    rows = [f"{t},{lr[t]},{loss.get(t, '')}" for t in (range(total + 1) if every_rate else loss)]
    write_text(path, end.join(["step,lr,loss" + (",warmup_steps\n" if warmup else "\n") + rows[0], *rows[1:]]) + end)


def _given(schedule: Schedule | str | os.PathLike[str], warmup: int | None) -> Schedule:
    """The schedule that was given, or that of the file that was named."""
    if isinstance(schedule, (str, os.PathLike)):
        schedule = schedules.load(schedule)
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a Schedule or a file's path, not {checks.show(schedule)}")
    if warmup is None or warmup == schedule.warmup_steps:
        return schedule
    if schedule.warmup_steps:
        raise InputError(f"warmup_steps must be the given schedule's {schedule.warmup_steps} or left out, not {warmup}")
    return replace(schedule, warmup_steps=warmup)
