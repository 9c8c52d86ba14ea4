"""Losses read during a run, with the schedule of that run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.display import as_html, data_frame, span
from rivervalley.schedules import Schedule

if TYPE_CHECKING:
    import pandas as pd

SCHEDULE_SOURCES = ("given", "every step", "interpolated")


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
    loss_stderr : array_like, shape (R,), optional
        Standard error of each loss, at least 0, where it is known: that of a simulated ensemble's mean, 0 for an exact
        expectation.
    nonfinite_steps : int array, optional
        Update counts at which the loss was read as nan or infinity, which are no part of `loss`.

    Raises
    ------
    InputError
        If steps do not rise or do not fit the schedule, losses or their errors are not finite, or shapes differ.

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
    loss_stderr: FloatArray | None = None
    nonfinite_steps: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        steps = checks.rising_steps("steps", self.steps, low=1)
        loss = checks.array("loss", self.loss, copy=True)
        if not isinstance(self.schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {checks.show(self.schedule)}")
        if loss.size != steps.size:
            raise InputError(f"loss must have one entry for each of the {steps.size} steps, not {loss.size}")
        if steps[-1] > self.schedule.steps:
            raise InputError(f"steps must end within the schedule's {self.schedule.steps} updates, not at {int(steps[-1])}")
        if not isinstance(self.name, str):
            raise InputError(f"name must be text, not {checks.show(self.name)}")
        checks.choice("schedule_source", self.schedule_source, SCHEDULE_SOURCES)
        steps = steps.copy()
        steps.setflags(write=False)
        loss.setflags(write=False)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "loss", loss)
        object.__setattr__(self, "notes", tuple(self.notes))
        if self.loss_stderr is not None:
            stderr = checks.array("loss_stderr", self.loss_stderr, low=0.0, copy=True)
            if stderr.size != steps.size:
                raise InputError(f"loss_stderr must have one entry for each of the {steps.size} steps, not {stderr.size}")
            stderr.setflags(write=False)
            object.__setattr__(self, "loss_stderr", stderr)

    def __len__(self) -> int:
        return int(self.steps.size)

    def __repr__(self) -> str:
        first, last = int(self.steps[0]), int(self.steps[-1])
        return f"LossCurve({self.name!r}, {len(self)} losses, steps {first} to {last} of {self.schedule.steps})"

    def _repr_html_(self) -> str:
        rows = {
            "losses": f"{len(self)}, {span(self.steps, self.loss)}",
            "schedule": f"{self.schedule.name}, {self.schedule.steps} updates, peak LR {self.schedule.peak_lr:g}",
            "rates": self.schedule_source,
            "notes": "; ".join(self.notes),
        }
        return as_html(self.name, {name: text for name, text in rows.items() if text}, self.steps, self.loss)

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas data frame with columns step, lr and loss, and loss_stderr where it is known.

        `lr` is the rate of the update that comes next; the last update's stands for the one after it. `read_curve` reads the
        frame back, without the rates between its rows.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        lr = self.schedule.lr[np.minimum(self.steps, self.schedule.steps - 1)]
        stderr = {} if self.loss_stderr is None else {"loss_stderr": self.loss_stderr}
        return data_frame({"step": self.steps, "lr": lr, "loss": self.loss, **stderr})

    def until(self, step: int) -> LossCurve:
        """The losses read at `step` or before, on the same schedule.

        Examples
        --------
        >>> from rivervalley.schedules import Schedule
        >>> curve = LossCurve([10, 20, 30], [3.2, 3.1, 3.0], Schedule([0.1] * 30))
        >>> curve.until(20).loss.tolist(), curve.after(20).loss.tolist(), curve.thin(2).loss.tolist()
        ([3.2, 3.1], [3.0], [3.2, 3.0])
        """
        end = checks.integer("step", step, 0)
        return self._rows(self.steps <= end, f"at step {step} or before", self.nonfinite_steps <= end)

    def after(self, step: int) -> LossCurve:
        """The losses read after `step`, on the same schedule."""
        start = checks.integer("step", step, 0)
        return self._rows(self.steps > start, f"after step {step}", self.nonfinite_steps > start)

    def thin(self, rows: int) -> LossCurve:
        """At most `rows` >= 2 of the losses, evenly spread over them, with the first and the last."""
        rows = checks.integer("rows", rows, 2)
        if rows >= len(self):
            return self
        return self._rows(np.round(np.linspace(0, len(self) - 1, rows)).astype(np.int64), "left")

    def _rows(self, chosen: IntArray | np.ndarray, which: str, lost: np.ndarray | slice = slice(None)) -> LossCurve:
        steps = self.steps[chosen]
        if steps.size == 0:
            raise InputError(f"step must leave some loss, but {self!r} has none {which}")
        stderr = None if self.loss_stderr is None else self.loss_stderr[chosen]
        nonfinite = self.nonfinite_steps[lost]
        return replace(self, steps=steps, loss=self.loss[chosen], loss_stderr=stderr, nonfinite_steps=nonfinite)
