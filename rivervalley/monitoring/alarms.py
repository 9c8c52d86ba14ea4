"""Alarms of a run: spikes, divergence and lasting offsets of its loss about a law, with a stated false-alarm rate.

The series is log(loss / the law's loss), averaged over bins of the run; it is looked at in single bins and in means of 4 and 16.
At each scale a bin is compared with the median of the bins before it. What such differences usually are is learnt from the
run's own past, so correlated noise and a slow drift of the law widen the threshold by themselves:

    threshold = max(t s, SMALLEST),  s = 1.4826 median |past differences|,

with t the quantile of Student's distribution that shares FALSE_ALARMS out among all looks of the run; a median absolute
deviation of n numbers is worth about 0.37 n degrees of freedom (Rousseeuw and Croux, JASA 88, 1993). Only the past is used: a
log read as it grows raises the same alarms as the whole log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import t as student

from rivervalley._common.checks import FloatArray, IntArray

FALSE_ALARMS = 0.01
"""Expected share of runs with any alarm, where the noise about the law is Gaussian with a memory that does not change."""

SMALLEST = 0.01  # of the loss: smaller changes raise no alarm, however quiet the run
RISING = 0.05  # of the loss: an excess that grows beyond it is a divergence
BINS = 400  # of a run
SCALES = (1, 4, 16)  # bins that are averaged
BEFORE = 8  # bins in the median that a bin is compared with
PAST = 64  # differences that the scale is learnt from
FEWEST = 12  # of them, for an alarm at all
LASTING = 4  # bins from which an excursion is no spike any more
EFFICIENCY = 0.37  # of a median absolute deviation


@dataclass(frozen=True)
class Alarm:
    """A change of a run that noise does not explain.

    Attributes
    ----------
    kind : {"spike", "divergence", "offset", "not finite", "off forecast"}
        A short excess of the loss; one that grows, beyond 5 %; a level that changed and stays, as after a change of data; a loss
        of nan or infinity; a level outside the law's 99 % band.
    first_step : int
        The first reading concerned.
    last_step : int or None
        The last one, where it is over; None where it goes on.
    size : float
        Largest deviation from the level before, or from the law for "off forecast", as a fraction of the loss; infinite for
        "not finite".
    """

    kind: str
    first_step: int
    last_step: int | None
    size: float

    @property
    def active(self) -> bool:
        """Whether it goes on at the last reading."""
        return self.last_step is None


def find_alarms(steps: IntArray, residuals: FloatArray, total_steps: int) -> tuple[Alarm, ...]:
    """Alarms of a series, in the order in which they begin.

    Parameters
    ----------
    steps : int array, shape (R,)
        Rising update counts.
    residuals : float array, shape (R,)
        log(loss / the law's loss) there.
    total_steps : int
        Length of the run as planned: it sets the bins.

    Examples
    --------
    >>> steps, noise = np.arange(10, 4010, 10), 0.001 * np.sin(np.arange(400.0) ** 2)
    >>> [(alarm.kind, alarm.first_step) for alarm in find_alarms(steps, noise + 0.03 * (steps >= 3000), 4000)]
    [('offset', 3000)]
    """
    first, last, level = _binned(steps, residuals, max(1, total_steps // BINS))
    found: list[Alarm] = []
    for scale in SCALES:
        pooled = _pooled(first, last, level, scale)
        # Where two scales see the same, the finer one tells when it began.
        found += [alarm for alarm in _excursions(*pooled) if not any(_overlap(alarm, other) for other in found)]
    return tuple(sorted(found, key=lambda alarm: alarm.first_step))


def _binned(steps: IntArray, values: FloatArray, width: int) -> tuple[IntArray, IntArray, FloatArray]:
    """First and last step and mean of the readings in each bin of `width` updates that holds any."""
    starts = np.flatnonzero(np.diff((steps - 1) // width, prepend=-1))
    ends = np.append(starts[1:], steps.size)
    return steps[starts], steps[ends - 1], np.add.reduceat(values, starts) / (ends - starts)


def _pooled(first: IntArray, last: IntArray, level: FloatArray, scale: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Means of so many bins, from the first on; a rest that is not full is left for later."""
    count = level.size // scale
    whole = slice(0, count * scale)
    return first[whole][::scale], last[whole][scale - 1 :: scale], level[whole].reshape(count, scale).mean(axis=1)


@dataclass
class _Excursion:
    """Bins that are away from the level before them, in one direction."""

    start: int
    base: float
    threshold: float
    values: list[float]

    @property
    def direction(self) -> float:
        return float(np.sign(self.values[0]))

    def goes_on(self, value: float) -> bool:
        return (value - self.base) * self.direction > 0.5 * self.threshold

    def kind(self) -> str | None:
        """None for a short fall of the loss, which alarms nobody."""
        count, values = len(self.values), np.array(self.values)
        if count >= LASTING:
            grown = values[-LASTING // 2 :].mean() - values[: LASTING // 2].mean()
            return "divergence" if values[-1] > RISING and grown > self.threshold else "offset"
        return "spike" if self.direction > 0.0 else None


def _excursions(first: IntArray, last: IntArray, level: FloatArray) -> list[Alarm]:
    """Alarms at one scale."""
    normal: list[float] = []  # levels outside excursions
    past: list[float] = []  # their differences from the median before
    alarms: list[Alarm] = []
    away: _Excursion | None = None
    for k, value in enumerate(level.tolist()):
        if away is not None:
            if away.goes_on(value):
                away.values.append(value - away.base)
                continue
            alarms += _alarm(away, first, int(last[k - 1]))
            away = None
        base = float(np.median(normal[-BEFORE:])) if normal else value
        threshold = _threshold(past[-PAST:])
        if abs(value - base) > threshold:
            away = _Excursion(k, base, threshold, [value - base])
            continue
        if len(normal) >= BEFORE:
            past.append(abs(value - base))
        normal.append(value)
    return alarms if away is None else [*alarms, *_alarm(away, first, None)]


def _threshold(past: Sequence[float]) -> float:
    if len(past) < FEWEST:
        return np.inf
    return max(_quantile(len(past)) * 1.4826 * float(np.median(past)), SMALLEST)


@cache
def _quantile(count: int) -> float:
    """Of Student's distribution, for a scale learnt from so many differences."""
    looks = sum(BINS // scale for scale in SCALES)
    return float(student.isf(0.5 * FALSE_ALARMS / looks, EFFICIENCY * count))


def _alarm(away: _Excursion, first: IntArray, ended: int | None) -> list[Alarm]:
    kind = away.kind()
    size = max(away.values, key=abs)
    return [] if kind is None else [Alarm(kind, int(first[away.start]), ended, float(np.expm1(size)))]


def _overlap(one: Alarm, other: Alarm) -> bool:
    ends = [np.inf if alarm.last_step is None else alarm.last_step for alarm in (one, other)]
    return one.first_step <= ends[1] and other.first_step <= ends[0]
