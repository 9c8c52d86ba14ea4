"""The phases of a schedule, read off its rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from rivervalley._common.checks import InputError, show
from rivervalley.schedules.schedule import Schedule

_KINDS = {-1: "decay", 0: "stable", 1: "rise"}


@final
@dataclass(frozen=True)
class Phase:
    """Updates start + 1 ... end of a schedule, whose rates are lr[start:end].

    `kind` is "warmup", "stable", "decay" or "rise"; `first_lr` and `last_lr` are lr[start] and lr[end - 1].
    """

    kind: str
    start: int
    end: int
    first_lr: float
    last_lr: float

    @property
    def steps(self) -> int:
        """Number of updates."""
        return self.end - self.start


def phases(schedule: Schedule) -> tuple[Phase, ...]:
    """Warm-up, then the stretches over which the rate stays equal, falls or rises, in order and without gaps.

    A jump to another level (a step of `multi_step`, the return to the peak after a checkpoint of `wsd_s`) is a boundary
    between two phases and not a phase of its own.

    Examples
    --------
    >>> from rivervalley.schedules import wsd
    >>> for phase in phases(wsd(steps=100, peak_lr=1.0, warmup_steps=10, decay_steps=20)):
    ...     print(phase.kind, phase.start, phase.end, phase.first_lr, phase.last_lr)
    warmup 0 10 0.1 1.0
    stable 10 80 1.0 1.0
    decay 80 100 0.95 0.0
    """
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a Schedule, not {show(schedule)}")
    lr, warmup = schedule.lr, schedule.warmup_steps
    found = [_phase("warmup", lr, 0, warmup)] if warmup else []
    if warmup == lr.size:
        return tuple(found)
    # The sign of the change that led to each rate. The very first rate follows nothing: it goes with the second.
    signs = np.sign(np.diff(lr)).astype(np.int64)
    signs = signs[warmup - 1 :] if warmup else np.concatenate((signs[:1] if signs.size else [0], signs))
    starts = np.flatnonzero(np.diff(signs, prepend=signs[0] + 3))
    kinds, lengths = signs[starts], np.diff(starts, append=signs.size)
    # A rise or fall of one update is a jump where a level follows, and a rise of one update also where a decay does. Of two
    # in a row the first stands alone.
    following = np.append(kinds[1:], 2)
    jump = (lengths == 1) & (kinds != 0) & ((following == 0) | ((kinds == 1) & (following == -1)))
    jump &= ~np.append(jump[1:], False)
    bounds = [warmup]
    for k in np.flatnonzero(~jump):
        end = warmup + int(starts[k] + lengths[k])
        found.append(_phase(_KINDS[int(kinds[k])], lr, bounds[-1], end))
        bounds.append(end)
    return tuple(found)


def _phase(kind: str, lr: np.ndarray, start: int, end: int) -> Phase:
    return Phase(kind, start, end, float(lr[start]), float(lr[end - 1]))
