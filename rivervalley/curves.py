"""Loss curves and their files."""

from __future__ import annotations

from dataclasses import dataclass

from rivervalley import _checks
from rivervalley._checks import FloatArray, InputError, IntArray
from rivervalley.schedules import Schedule


@dataclass(frozen=True, eq=False)
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
    """

    steps: IntArray
    loss: FloatArray
    schedule: Schedule
    name: str = "curve"

    def __post_init__(self) -> None:
        steps = _checks.rising_steps("steps", self.steps, low=1)
        loss = _checks.array("loss", self.loss, copy=True)
        if not isinstance(self.schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {_checks.show(self.schedule)}")
        if loss.size != steps.size:
            raise InputError(f"loss must have one entry for each of the {steps.size} steps, not {loss.size}")
        if steps[-1] > self.schedule.steps:
            raise InputError(f"steps must end within the schedule's {self.schedule.steps} updates, not at {int(steps[-1])}")
        steps = steps.copy()
        steps.setflags(write=False)
        loss.setflags(write=False)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "loss", loss)

    def __len__(self) -> int:
        return int(self.steps.size)
