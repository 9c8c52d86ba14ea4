"""The schedule: one learning rate for every update."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley._common.log_file import write_log
from rivervalley.schedules import export

MAX_STEPS = 100_000_000
"""The longest schedule that is built: it takes 8 bytes an update, and a few times that on the way."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A learning rate for each of `steps` updates.

    Parameters
    ----------
    lr : array_like, shape (steps,)
        lr[t] is the rate of update t + 1, for t = 0 ... steps - 1. Kept as a read-only float64 copy.
    warmup_steps : int
        How many of the first updates are warm-up. 0 where there is none.
    name : str
        What tables and figures call it.

    Raises
    ------
    InputError
        If `lr` is empty, not one-dimensional, or holds a negative or non-finite rate; if the warm-up is longer than `lr`.

    Examples
    --------
    >>> Schedule([0.1, 0.1, 0.05]).peak_lr
    0.1
    """

    lr: FloatArray
    warmup_steps: int = 0
    name: str = "schedule"
    peak_lr: float = field(init=False)

    def __post_init__(self) -> None:
        lr = checks.array("lr", self.lr, low=0.0, copy=True)
        lr += 0.0  # a -0.0 becomes 0.0, which it equals but does not share bytes with
        lr.setflags(write=False)
        warmup = checks.integer("warmup_steps", self.warmup_steps, 0)
        if warmup > lr.size:
            raise InputError(f"warmup_steps must be at most the number of steps ({lr.size}), not {warmup}")
        if not isinstance(self.name, str):
            raise InputError(f"name must be text, not {checks.show(self.name)}")
        object.__setattr__(self, "lr", lr)
        object.__setattr__(self, "warmup_steps", warmup)
        object.__setattr__(self, "peak_lr", float(lr.max()))

    @property
    def steps(self) -> int:
        """Number of updates."""
        return int(self.lr.size)

    def then(self, other: Schedule, name: str | None = None) -> Schedule:
        """This schedule followed by another, named after both where no name is given.

        The warm-up is this schedule's; where all of this one is warm-up, the other's counts on. A warm-up of the other
        that comes later is a re-warm-up: its rates are kept, and are no warm-up of the whole.

        >>> Schedule([0.1, 0.1]).then(Schedule([0.05])).lr.tolist()
        [0.1, 0.1, 0.05]
        """
        if not isinstance(other, Schedule):
            raise InputError(f"other must be a Schedule, not {checks.show(other)}")
        warm = self.warmup_steps + (other.warmup_steps if self.warmup_steps == self.steps else 0)
        return Schedule(np.concatenate([self.lr, other.lr]), warm, name or f"{self.name}, then {other.name}")

    def until(self, step: int) -> Schedule:
        """The first `step` updates.

        >>> Schedule([0.3, 0.2, 0.1]).until(2).lr.tolist()
        [0.3, 0.2]
        """
        step = checks.integer("step", step, 1, self.steps)
        return Schedule(self.lr[:step], min(self.warmup_steps, step), self.name)

    def after(self, step: int) -> Schedule:
        """All updates but the first `step`.

        >>> Schedule([0.3, 0.2, 0.1]).after(2).lr.tolist()
        [0.1]
        """
        step = checks.integer("step", step, 0, self.steps - 1)
        return Schedule(self.lr[step:], max(self.warmup_steps - step, 0), self.name)

    def branch(self, at_step: int, tail: Schedule, name: str | None = None) -> Schedule:
        """Leave this schedule after `at_step` updates and follow `tail`: a decay from a stable checkpoint, say.

        >>> Schedule([0.1] * 4).branch(2, Schedule([0.05])).lr.tolist()
        [0.1, 0.1, 0.05]
        """
        at_step = checks.integer("at_step", at_step, 1, self.steps)
        return self.until(at_step).then(tail, name or f"{self.name}, {tail.name} from {at_step}")

    def scaled(self, factor: float, name: str | None = None) -> Schedule:
        """All rates times a factor.

        >>> Schedule([0.1, 0.2]).scaled(2.0).lr.tolist()
        [0.2, 0.4]
        """
        factor = checks.real("factor", factor, 0.0)
        with np.errstate(over="ignore"):
            lr = self.lr * factor
        if not np.isfinite(lr).all():
            raise InputError(f"factor must keep the rates finite, which {factor:g} does not with a peak_lr of {self.peak_lr:g}")
        return Schedule(lr, self.warmup_steps, name or self.name)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file with columns step and lr, and warmup_steps where there is a warm-up; whole or not at all.

        `from_csv` reads back the same schedule to the last bit, its name apart.

        Raises
        ------
        InputError
            If `path` cannot be written.
        """
        write_log(path, self.lr, self.warmup_steps)

    def to_torch(self, optimizer: Any) -> Any:
        """A torch.optim.lr_scheduler.LambdaLR: step it after every update of the optimizer.

        Every parameter group gets these LRs to the last bit, whatever the optimizer's LR was; beyond the end the last stays.

        Raises
        ------
        InputError
            If PyTorch is not installed, or `optimizer` is no optimizer or has groups of different LRs.
        """
        return export.to_torch(self, optimizer)

    def to_transformers(self, optimizer: Any) -> tuple[Any, Any]:
        """The optimizer and its LambdaLR as `transformers.Trainer(..., optimizers=schedule.to_transformers(optimizer))` wants them.

        Raises
        ------
        InputError
            As `to_torch`.
        """
        return export.to_transformers(self, optimizer)

    def to_optax(self) -> Callable[[Any], Any]:
        """A function from the count of updates done, 0, 1, ..., to the LR of the next: an optax schedule, jittable.

        In JAX's default precision, float32 unless jax_enable_x64 is set; beyond the end the last LR stays.

        Raises
        ------
        InputError
            If JAX is not installed.
        """
        return export.to_optax(self)

    def __len__(self) -> int:
        return self.steps

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        return self.warmup_steps == other.warmup_steps and np.array_equal(self.lr, other.lr)

    def __hash__(self) -> int:
        return hash((self.warmup_steps, self.lr.tobytes()))

    def __reduce__(self) -> tuple[object, ...]:
        # A pickled array comes back writeable; built anew, it does not.
        return Schedule, (self.lr, self.warmup_steps, self.name)

    def __repr__(self) -> str:
        return f"Schedule({self.name!r}, steps={self.steps}, peak_lr={self.peak_lr:g}, warmup_steps={self.warmup_steps})"
