"""What leaving a constant LR would give, at each moment of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rivervalley import schedules
from rivervalley._common.checks import FloatArray, IntArray
from rivervalley.laws import Law
from rivervalley.planning.forecasts import end_loss, least

MOMENTS = 12


@dataclass(frozen=True, eq=False)
class DecayForecast:
    """What a linear decay would give that starts at some moment of a run at a constant LR.

    Attributes
    ----------
    start, decay_steps : int arrays, shape (M,)
        Update counts at which the decay starts, and the length that gains most over staying at the peak.
    loss : float array, shape (M,)
        Expected loss at the end of that decay.
    stay : float array, shape (M,)
        Expected loss at that same update count without a decay.
    """

    start: IntArray
    decay_steps: IntArray
    loss: FloatArray
    stay: FloatArray


def decay_now(
    law: Law, steps: int, peak_lr: float, warmup_steps: int = 0, final_lr: float = 0.0, moments: int = MOMENTS
) -> DecayForecast:
    """For moments spread over a run at a constant LR: the best linear decay from there, and the loss it would reach.

    Moments at which no decay gains anything are left out.
    """
    starts = np.unique(np.geomspace(max(warmup_steps, steps // 50, 1), steps, moments).round().astype(np.int64))
    # What a decay is worth is measured against the same updates at the peak LR, so that longer is not always better.
    flat = law.predict(schedules.constant(2 * steps, peak_lr, warmup_steps=warmup_steps))
    rows = []
    for start in starts.tolist():

        def reached(length: int, start: int = start) -> float:
            return end_loss(
                law, schedules.wsd(start + length, peak_lr, warmup_steps=warmup_steps, decay_steps=length, final_lr=final_lr)
            )

        def gain(length: int, start: int = start, reached: Callable[[int], float] = reached) -> float:
            return reached(length) - float(flat[start + length - 1])

        length = least(gain, 1, start)
        row = (start, length, reached(length), float(flat[start + length - 1]))
        if row[2] < row[3]:
            rows.append(row)
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return DecayForecast(columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64), columns[:, 2], columns[:, 3])
