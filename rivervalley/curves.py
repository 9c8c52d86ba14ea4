"""Loss curves and their files."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rivervalley import _checks, _logged_rates, schedules
from rivervalley._checks import FloatArray, InputError, IntArray
from rivervalley._files import write_text
from rivervalley._table import read_table
from rivervalley.schedules import Schedule

SCHEDULE_SOURCES = ("given", "every step", "interpolated")


class CurveWarning(UserWarning):
    """Learning rates of a curve were guessed, or contradict each other."""


@dataclass(frozen=True, eq=False, repr=False)
class LossCurve:
    """Losses read at some update counts of a run, and the schedule of that run.

    Parameters
    ----------
    steps : array_like, shape (R,)
        Updates done when each loss was read: strictly rising, 1 <= steps <= schedule.steps.
    loss : array_like, shape (R,)
        Nats for a cross-entropy, otherwise dimensionless.
    schedule : Schedule
        The rate of every update, also of those between and after the losses.
    name : str
        What tables and figures call it.
    schedule_source : {"given", "every step", "interpolated"}
        Where the rates come from: someone gave the schedule, the file holds the rate of every update, or rates that the
        file leaves out were interpolated.
    notes : tuple of str
        What was dropped or guessed when the curve was read, a sentence each.

    Raises
    ------
    InputError
        If steps do not rise or do not fit the schedule, losses are not finite, or shapes differ.

    Examples
    --------
    >>> from rivervalley.schedules import Schedule
    >>> LossCurve([10, 20], [3.2, 3.1], Schedule([0.1] * 20), name="constant")
    LossCurve('constant', 2 losses, steps 10 to 20 of 20)
    """

    steps: IntArray
    loss: FloatArray
    schedule: Schedule
    name: str = "curve"
    schedule_source: str = "given"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        steps = _checks.rising_steps("steps", self.steps, low=1)
        loss = _checks.array("loss", self.loss, copy=True)
        if not isinstance(self.schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {_checks.show(self.schedule)}")
        if loss.size != steps.size:
            raise InputError(f"loss must have one entry for each of the {steps.size} steps, not {loss.size}")
        if steps[-1] > self.schedule.steps:
            raise InputError(f"steps must end within the schedule's {self.schedule.steps} updates, not at {int(steps[-1])}")
        if not isinstance(self.name, str):
            raise InputError(f"name must be text, not {_checks.show(self.name)}")
        _checks.choice("schedule_source", self.schedule_source, SCHEDULE_SOURCES)
        steps = steps.copy()
        steps.setflags(write=False)
        loss.setflags(write=False)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "loss", loss)
        object.__setattr__(self, "notes", tuple(self.notes))

    def __len__(self) -> int:
        return int(self.steps.size)

    def __repr__(self) -> str:
        first, last = int(self.steps[0]), int(self.steps[-1])
        return f"LossCurve({self.name!r}, {len(self)} losses, steps {first} to {last} of {self.schedule.steps})"

    def until(self, step: int) -> LossCurve:
        """The losses read at `step` or before, on the same schedule.

        Examples
        --------
        >>> from rivervalley.schedules import Schedule
        >>> curve = LossCurve([10, 20, 30], [3.2, 3.1, 3.0], Schedule([0.1] * 30))
        >>> curve.until(20).loss.tolist(), curve.after(20).loss.tolist(), curve.thin(2).loss.tolist()
        ([3.2, 3.1], [3.0], [3.2, 3.0])
        """
        return self._rows(self.steps <= _checks.integer("step", step, 0), f"at step {step} or before")

    def after(self, step: int) -> LossCurve:
        """The losses read after `step`, on the same schedule."""
        return self._rows(self.steps > _checks.integer("step", step, 0), f"after step {step}")

    def thin(self, rows: int) -> LossCurve:
        """At most `rows` >= 2 of the losses, evenly spread over them, with the first and the last."""
        rows = _checks.integer("rows", rows, 2)
        if rows >= len(self):
            return self
        return self._rows(np.round(np.linspace(0, len(self) - 1, rows)).astype(np.int64), "left")

    def _rows(self, chosen: IntArray | np.ndarray, which: str) -> LossCurve:
        steps = self.steps[chosen]
        if steps.size == 0:
            raise InputError(f"step must leave some loss, but {self!r} has none {which}")
        return replace(self, steps=steps, loss=self.loss[chosen])


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
    steps = _logged_rates.step_column(table)
    _logged_rates.check_rates(table)
    warmup = _logged_rates.warmup_of(table, warmup_steps)
    notes: list[str] = []
    doubts: list[str] = []
    if schedule is not None:
        rates, source = _given(schedule, warmup), "given"
        if "lr" in table:
            doubts += _logged_rates.disagreement(steps, table["lr"], rates)
    else:
        rates, source, doubts = _logged_rates.rebuilt(table, steps, warmup)
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
        raise InputError(f"curve must be a LossCurve, not {_checks.show(curve)}")
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
        raise InputError(f"schedule must be a Schedule or a file's path, not {_checks.show(schedule)}")
    if warmup is None or warmup == schedule.warmup_steps:
        return schedule
    if schedule.warmup_steps:
        raise InputError(f"warmup_steps must be the given schedule's {schedule.warmup_steps} or left out, not {warmup}")
    return replace(schedule, warmup_steps=warmup)
