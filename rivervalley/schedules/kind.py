"""What kind of schedule an array of LRs is, as far as forecasts care: how it leaves its peak."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rivervalley.schedules.schedule import Schedule

Kind = Literal["constant", "step", "late decay", "gradual decay", "cyclic"]

NEAR_PEAK = 0.9  # of the peak: an LR above it has not left the peak
GRADUAL = 0.6  # of the run after warm-up: a decay longer than this is gradual
STEP_WIDTH = 0.02  # of the run: a fall within this is a step


def kind_of(schedule: Schedule, end: int | None = None) -> Kind:
    """How the LR of the first `end` updates (all if not given) leaves its peak after the warm-up.

    "constant" stays within a tenth of the peak, "cyclic" rises again, "step" falls within a fiftieth of the run and then
    holds, "late decay" and "gradual decay" fall over less or more than 60 % of the run.

    Examples
    --------
    >>> from rivervalley.schedules import constant, cosine, wsd
    >>> [kind_of(s) for s in (constant(100, 0.1), cosine(100, 0.1), wsd(100, 0.1, decay_fraction=0.2))]
    ['constant', 'gradual decay', 'late decay']
    """
    lr = schedule.lr[max(schedule.warmup_steps - 1, 0) : end]
    peak = float(lr.max()) if lr.size else 0.0
    if peak <= 0.0 or lr.min() >= NEAR_PEAK * peak:
        return "constant"
    if np.any(np.diff(lr) > 1e-6 * peak):
        return "cyclic"
    left = int(np.argmax(lr < 0.995 * peak))
    bottom = lr <= lr[-1] + 0.01 * peak
    falling = int(np.argmax(bottom)) - left
    if falling <= STEP_WIDTH * lr.size and lr.size - left > 2 * STEP_WIDTH * lr.size:
        return "step"
    return "gradual decay" if lr.size - left > GRADUAL * lr.size else "late decay"
