"""The schedule: one learning rate for every update."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rivervalley import _checks
from rivervalley._checks import FloatArray, InputError


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
        lr = _checks.array("lr", self.lr, low=0.0, copy=True)
        lr.setflags(write=False)
        warmup = _checks.integer("warmup_steps", self.warmup_steps, 0)
        if warmup > lr.size:
            raise InputError(f"warmup_steps must be at most the number of steps ({lr.size}), not {warmup}")
        if not isinstance(self.name, str):
            raise InputError(f"name must be text, not {_checks.show(self.name)}")
        object.__setattr__(self, "lr", lr)
        object.__setattr__(self, "warmup_steps", warmup)
        object.__setattr__(self, "peak_lr", float(lr.max()))

    @property
    def steps(self) -> int:
        """Number of updates."""
        return int(self.lr.size)

    def __len__(self) -> int:
        return self.steps

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        return self.warmup_steps == other.warmup_steps and np.array_equal(self.lr, other.lr)

    def __hash__(self) -> int:
        return hash((self.warmup_steps, self.lr.tobytes()))

    def __repr__(self) -> str:
        return f"Schedule({self.name!r}, steps={self.steps}, peak_lr={self.peak_lr:g}, warmup_steps={self.warmup_steps})"
