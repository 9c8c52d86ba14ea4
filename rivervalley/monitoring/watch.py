"""Where a run stands against a fitted law, what final loss to expect now, and whether something is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.curve import LossCurve
from rivervalley.laws import Law, difference_band, predict_band
from rivervalley.laws.base.law import recorded
from rivervalley.laws.prediction_band import DEGREES_OF_FREEDOM
from rivervalley.monitoring.alarms import Alarm, find_alarms
from rivervalley.monitoring.standing import Level, level, posterior
from rivervalley.planning.forecasts import end_loss, least
from rivervalley.schedules import Schedule

CONFIDENCE = 0.9
ALARM_CONFIDENCE = 0.99
START = 0.02  # of the run after the warm-up, and at least the warm-up once more: laws say little of the beginning
LATER = (0.0, 0.25, 0.5, 1.0)  # moments of a decay, as shares of what remains
REACH = float(student.ppf(0.5 + 0.5 * CONFIDENCE, DEGREES_OF_FREEDOM))


@dataclass(frozen=True)
class Standing:
    """The loss now, averaged over the last readings, and what the law expected of it.

    Attributes
    ----------
    step, first_step, readings : int
        The last reading, the first that was averaged, and how many.
    loss, stderr : float
        At `step`, without the noise of single readings, and its standard error; correlated noise counts as such.
    expected, low, high : float
        The law's loss there and its 90 % prediction interval, with the error of `loss` in it.
    """

    step: int
    first_step: int
    readings: int
    loss: float
    stderr: float
    expected: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the loss lies in its interval."""
        return self.low <= self.loss <= self.high


@dataclass(frozen=True)
class FinalForecast:
    """The final loss with its 90 % prediction interval: by the law alone, and updated by the run so far."""

    step: int
    loss: float
    low: float
    high: float
    law_loss: float
    law_low: float
    law_high: float


@dataclass(frozen=True)
class DecayOption:
    """A linear decay that starts at some step: its best length, where it ends, and the loss then, with and without it.

    Losses are moved by the run's level now, as the final forecast is.
    """

    start: int
    decay_steps: int
    end: int
    loss: float
    without: float


@dataclass(frozen=True)
class WatchReport:
    """How a run is doing.

    Attributes
    ----------
    name : str
        Of the run.
    schedule : Schedule
        The whole run as planned.
    standing : Standing
    forecast : FinalForecast or None
        None where nothing remains of the schedule.
    decays : tuple of DecayOption
        A decay now and later ones; empty where the LR has already left its peak.
    alarms : tuple of Alarm
        In the order in which they began, with those that are over.
    cautions : tuple of str
    """

    name: str
    schedule: Schedule
    standing: Standing
    forecast: FinalForecast | None
    decays: tuple[DecayOption, ...]
    alarms: tuple[Alarm, ...]
    cautions: tuple[str, ...]

    @property
    def active_alarms(self) -> tuple[Alarm, ...]:
        """The alarms that go on at the last reading."""
        return tuple(alarm for alarm in self.alarms if alarm.active)


def watch(law: Law, curve: LossCurve, schedule: Schedule | None = None, steps: int | None = None) -> WatchReport:
    """Compare a run, so far, with what a law expects of it.

    Parameters
    ----------
    law : Law
        Fitted to runs of the same configuration.
    curve : LossCurve
        The readings so far. What its schedule has after the last one is taken as planned.
    schedule : Schedule, optional
        The whole run as planned, in place of the curve's own schedule.
    steps : int, optional
        Length of the run, where the curve's schedule ends earlier: its last LR is kept until then.

    Raises
    ------
    InputError
        If the law was constructed directly, there are no readings after the warm-up, or an argument does not fit.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw, published
    >>> law = AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full")
    >>> report = watch(law, published.cosine().until(10_000))
    >>> report.standing.inside, report.active_alarms, report.forecast.step == published.cosine().schedule.steps
    (True, (), True)
    """
    plan = _planned(curve, schedule, steps)
    read, losses = recorded(curve)
    begin = plan.warmup_steps + max(plan.warmup_steps, round(START * plan.steps))
    judged = read >= begin if np.any(read >= begin) else read >= read[-1]
    read, losses = read[judged], losses[judged]
    if losses.min() <= 0.0:
        raise InputError(f"curve {curve.name!r} must have positive losses, not {float(losses.min())!r}")
    predicted = law.predict_at(plan, read)
    residuals = np.log(losses / predicted)
    alarms = list(find_alarms(read, residuals, plan.steps))
    now = _level_now(read, residuals, alarms)
    standing, sd_now = _standing(law, plan, read, predicted, now)
    if abs(now.mean) > _reach(ALARM_CONFIDENCE) * np.hypot(sd_now, now.stderr) and not any(alarm.active for alarm in alarms):
        alarms.append(Alarm("off forecast", int(read[now.first_row]), None, float(np.expm1(now.mean))))
    lost = curve.nonfinite_steps[curve.nonfinite_steps > read[-1]]
    if lost.size:
        alarms.append(Alarm("not finite", int(lost[0]), None, np.inf))
    last = int(read[-1])
    forecast, cautions = _forecast(law, plan, last, now, sd_now) if last < plan.steps else (None, ())
    # The law's losses move with the run by what of its level is taken to last.
    shift = forecast.loss / forecast.law_loss if forecast else float(np.exp(now.mean))
    return WatchReport(curve.name, plan, standing, forecast, _decays(law, plan, last, shift), tuple(alarms), cautions)


def _planned(curve: object, schedule: object, steps: int | None) -> Schedule:
    """The whole run, so far as it is known."""
    if not isinstance(curve, LossCurve):
        raise InputError(f"curve must be a LossCurve, not {checks.show(curve)}")
    last = int(curve.steps[-1])
    if schedule is not None:
        if not isinstance(schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
        if schedule.steps < last:
            raise InputError(f"schedule must reach the last reading, at step {last}, but has {schedule.steps} updates")
    own = curve.schedule if schedule is None else schedule
    if steps is None:
        return own
    total = checks.integer("steps", steps, last)
    if total <= own.steps:
        return own.until(total)
    return own.then(schedules.from_lr(np.full(total - own.steps, own.lr[-1])), own.name)


def _level_now(steps: IntArray, residuals: FloatArray, alarms: list[Alarm]) -> Level:
    """The level of the last readings: those before a spike that goes on, those since an offset."""
    kept = np.ones(steps.size, dtype=bool)
    for alarm in alarms:
        if alarm.kind == "spike":
            kept &= (steps < alarm.first_step) | (steps > (np.inf if alarm.last_step is None else alarm.last_step))
        elif alarm.active:
            kept &= steps >= alarm.first_step
    rows = np.flatnonzero(kept)
    found = level(residuals[rows])
    return Level(found.mean, found.stderr, int(rows[found.first_row]))


def _standing(law: Law, plan: Schedule, steps: IntArray, predicted: FloatArray, now: Level) -> tuple[Standing, float]:
    """The standing, and the relative standard deviation that the law expects of it."""
    last = int(steps[-1])
    band = predict_band(law, plan, [last])
    sd = _sd(band.loss[0], band.high[0])
    expected, reach = float(predicted[-1]), REACH * float(np.hypot(sd, now.stderr))
    loss = expected * float(np.exp(now.mean))
    interval = expected * float(np.exp(-reach)), expected * float(np.exp(reach))
    return Standing(
        last, int(steps[now.first_row]), steps.size - now.first_row, loss, loss * now.stderr, expected, *interval
    ), sd


def _forecast(law: Law, plan: Schedule, last: int, now: Level, sd_now: float) -> tuple[FinalForecast, tuple[str, ...]]:
    """The final loss, by the law and updated by the level now."""
    band = predict_band(law, plan)
    difference = difference_band(law, plan, plan.until(last))
    loss = float(band.loss[0])
    sd_difference = (difference.high - difference.difference) / REACH / min(loss, loss - difference.difference)
    mean, sd = posterior(now, sd_now, _sd(band.loss[0], band.high[0]), sd_difference)
    updated = loss * float(np.exp(mean))
    ends = updated * float(np.exp(-REACH * sd)), updated * float(np.exp(REACH * sd))
    return FinalForecast(plan.steps, updated, *ends, loss, float(band.low[0]), float(band.high[0])), band.cautions


def _decays(law: Law, plan: Schedule, last: int, shift: float) -> tuple[DecayOption, ...]:
    """A linear decay to 0 of the best length, now and later, from the LR now."""
    lr = float(plan.lr[last - 1])
    if lr < 0.9 * plan.peak_lr:
        return ()
    remaining = max(plan.steps - last, last)  # where nothing is planned, as long again as it ran
    so_far = plan.until(last)
    options = []
    for share in LATER:
        start = last + round(share * remaining)
        flat = so_far.then(schedules.from_lr(np.full(2 * start - last, lr)))
        staying = law.predict(flat)

        def decayed(length: int, start: int = start, flat: Schedule = flat) -> float:
            return end_loss(law, flat.branch(start, schedules.linear(length, lr)))

        def gain(length: int, start: int = start, staying: FloatArray = staying) -> float:
            return decayed(length) - float(staying[start + length - 1])

        length = least(gain, 1, start)
        options.append(
            DecayOption(start, length, start + length, shift * decayed(length), shift * float(staying[start + length - 1]))
        )
    return tuple(options)


def _sd(loss: float, high: float) -> float:
    """The relative standard deviation behind a 90 % band."""
    return float(np.log(high / loss)) / REACH


def _reach(confidence: float) -> float:
    return float(student.ppf(0.5 + 0.5 * confidence, DEGREES_OF_FREEDOM))
