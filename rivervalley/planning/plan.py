"""Choosing a schedule with a fitted law: which peak, which shape, when to start the decay, what loss to expect.

The peak LR is chosen among candidates only where the law transfers across peaks (the equilibrium law), and never more than
twice the highest peak that ran: no law sees divergence coming.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.laws import AnnealingLaw, DifferenceBand, Law, difference_band
from rivervalley.planning.closed_forms import closed_forms
from rivervalley.planning.decay_now import DecayForecast, decay_now
from rivervalley.planning.forecasts import (
    SHAPES,
    RunLimits,
    ScheduleForecast,
    best_decay,
    end_loss,
    forecast,
    optimised,
    peak_then_drop,
)
from rivervalley.schedules import Schedule

FRACTIONS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 0.9)
SIMPLE = ("linear", "sqrt", "cosine")  # decay shapes that are recommended; the others are shown
HIGHEST = 2.0  # times the highest peak LR that ran
PEAK_MARGIN = (
    0.0015  # of the loss: of peaks within it the lowest is taken, for laws are optimistic at high ones (docs/calibration.md)
)
LONGEST_SAVING = 8.0  # times the run, how far a longer cosine or constant run is followed


@dataclass(frozen=True)
class PeakForecast:
    """What the best simple schedule at a candidate peak LR would give.

    Attributes
    ----------
    peak_lr : float
    forecast : ScheduleForecast
    regret : DifferenceBand or None
        Its final loss minus that at the chosen peak; None for the chosen peak, and for a law constructed directly.
    """

    peak_lr: float
    forecast: ScheduleForecast
    regret: DifferenceBand | None


@dataclass(frozen=True)
class Comparison:
    """The recommended schedule against another.

    Attributes
    ----------
    other : ScheduleForecast
    difference : DifferenceBand or None
        Final loss of the recommended schedule minus that of the other; None for a law constructed directly.
    steps_saved : int or None
        How many more updates the other kind of schedule would need to end as low; None where it would take more than eight
        times the run.
    """

    other: ScheduleForecast
    difference: DifferenceBand | None
    steps_saved: int | None


@dataclass(frozen=True)
class Plan:
    """Advice for a run of a given length.

    Attributes
    ----------
    recommended : ScheduleForecast
        The one to run: the lowest of constant, cosine, linear and WSD with its best linear, sqrt or cosine decay, at the
        lowest of the candidate peaks whose best is within 0.15 % of the best of all.
    against : tuple of Comparison
        With a cosine to 0 and with a constant LR.
    forecasts : tuple of ScheduleForecast
        At the recommended peak: the recommended one, the optimised schedule, constant, cosine, linear, WSD over decay
        fractions and, for each decay shape, the best decay; lowest loss first.
    best_decays : tuple of ScheduleForecast
        For each decay shape, the length of the decay that the law likes best; lowest loss first.
    optimised : ScheduleForecast
        The best that the law finds among non-increasing schedules between the floor and the peak, as straight lines between
        knots a few hundredths of the run apart.
    peaks : tuple of PeakForecast
        One for each candidate peak LR, lowest loss first.
    decay_now : DecayForecast
    unconstrained_optimum : ScheduleForecast or None
        For the annealing law, the best of all non-increasing schedules: the peak, then a drop. No advice: it shows where the
        law leads when nothing else is asked for.
    closed_forms : dict of str to float
        For an annealing law: crossing_steps, drop_steps, linear_decay_steps, sqrt_decay_steps, cosine_decay_steps.
    cautions : tuple of str
    """

    recommended: ScheduleForecast
    against: tuple[Comparison, ...]
    forecasts: tuple[ScheduleForecast, ...]
    best_decays: tuple[ScheduleForecast, ...]
    optimised: ScheduleForecast
    peaks: tuple[PeakForecast, ...]
    decay_now: DecayForecast
    unconstrained_optimum: ScheduleForecast | None
    closed_forms: dict[str, float]
    cautions: tuple[str, ...]


def plan(
    law: Law,
    steps: int,
    peak_lr: float | Sequence[float] | None = None,
    warmup_steps: int | None = None,
    final_lr: float = 0.0,
    checkpoints: Sequence[int] | None = None,
    progress: bool = False,
) -> Plan:
    """Compare schedules of one length under a fitted law, at one peak LR or several candidates.

    Parameters
    ----------
    law : Law
    steps : int
        Length of the run, warm-up included.
    peak_lr : float or list of float, optional
        Candidates, where the law transfers across peaks; none above twice the highest that ran. The highest fitted one if
        not given.
    warmup_steps : int, optional
        That of the fitted curves, at most half of the run, if not given.
    final_lr : float
        Floor of all decays. Inverse and exponential decays end at a hundredth of the peak where it is 0.
    checkpoints : rising update counts, optional
        Adds WSD-S over these and the end of the run.
    progress : bool
        Show a progress bar on standard error.

    Raises
    ------
    InputError
        If an argument cannot be used, or the fitted curves do not support forecasts of decays.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> law = AnnealingLaw(L0=2.628, A=0.43, alpha=0.55, C=0.411)
    >>> advice = plan(law, steps=20_000, peak_lr=2e-4, warmup_steps=0)
    >>> advice.recommended.name, round(advice.recommended.loss, 2)
    ('wsd cosine, best decay', 2.77)
    """
    if not isinstance(law, Law):
        raise InputError(f"law must be a fitted law, not {checks.show(law)}")
    length = checks.integer("steps", steps, 10)
    peaks = _candidates(law, peak_lr)
    warm = _warmup(law, length, warmup_steps)
    floor = checks.real("final_lr", final_lr, 0.0, min(peaks), open_high=True)
    ends = None if checkpoints is None else _ends(checkpoints, length)
    runs = [RunLimits(length, peak, warm, floor) for peak in peaks]
    bar = tqdm(total=len(runs) + len(SHAPES) + 3, desc="plan", unit="part", disable=not progress, leave=False)
    simple = []
    for run in runs:
        simple.append(_simple(law, run))
        bar.update()
    enough = (1.0 + PEAK_MARGIN) * min(options[0].loss for options in simple)
    chosen = min((k for k in range(len(runs)) if simple[k][0].loss <= enough), key=lambda k: peaks[k])
    run, candidates = runs[chosen], simple[chosen]
    recommended = candidates[0]
    rest = []
    for shape in SHAPES:
        if shape not in SIMPLE:
            rest.append(best_decay(law, run, shape))
        bar.update()
    others = [*_fractions(law, run), *([] if ends is None else [forecast(law, _wsd_s(ends, run))])]
    best = optimised(law, run, recommended.schedule)
    bar.update()
    now = decay_now(law, length, run.peak_lr, warm, floor)
    bar.update()
    plain = isinstance(law, AnnealingLaw)
    optimum = peak_then_drop(law, run) if plain else None
    bar.close()
    decays = [f for f in (*candidates, *rest) if f.name.endswith("best decay")]
    every = sorted([*candidates, *rest, *others, best], key=lambda f: f.loss)
    return Plan(
        recommended=recommended,
        against=tuple(_compared(law, run, recommended, kind) for kind in ("cosine", "constant")),
        forecasts=tuple(every),
        best_decays=tuple(sorted(decays, key=lambda f: f.loss)),
        optimised=best,
        peaks=_peaks(law, runs, [options[0] for options in simple], recommended),
        decay_now=now,
        unconstrained_optimum=optimum,
        closed_forms=closed_forms(law, length, run.peak_lr, warm) if isinstance(law, AnnealingLaw) else {},
        cautions=_cautions(law, run, recommended),
    )


def _candidates(law: Law, peak_lr: float | Sequence[float] | None) -> list[float]:
    """The candidate peaks, checked against what the law supports."""
    if peak_lr is None:
        if law.peak_lr is None:
            raise InputError("peak_lr must be given for a law that was constructed directly")
        return [law.peak_lr[1]]
    several = isinstance(peak_lr, (list, tuple)) or hasattr(peak_lr, "__len__")
    values = checks.array("peak_lr", peak_lr, low=0.0, open_low=True).tolist() if several else [peak_lr]
    peaks = [checks.real("peak_lr", value, 0.0, open_low=True) for value in values]
    if len(peaks) > 1 and not law.transfers:
        raise InputError(f"peak_lr must be one number for the {law.name} law, which does not transfer across peak LRs")
    if law.peak_lr is not None and law.transfers and max(peaks) > 1.001 * HIGHEST * law.peak_lr[1]:
        raise InputError(
            f"peak_lr must be at most {HIGHEST * law.peak_lr[1]:g}, twice the highest peak LR that ran, not {max(peaks):g}: "
            "no law sees divergence coming"
        )
    return peaks


def _warmup(law: Law, steps: int, warmup_steps: int | None) -> int:
    if warmup_steps is not None:
        return checks.integer("warmup_steps", warmup_steps, 0, steps // 2)
    fitted = max((curve.warmup_steps for curve in law.result.curves), default=0) if law.result else 0
    return min(fitted, steps // 2)


def _simple(law: Law, run: RunLimits) -> list[ScheduleForecast]:
    """Constant, cosine, linear and WSD with the best decay of each simple shape; lowest loss first."""
    steps, peak, warm, floor = run.steps, run.peak_lr, run.warmup_steps, run.final_lr
    plain = [
        schedules.constant(steps, peak, warmup_steps=warm),
        schedules.cosine(steps, peak, final_lr=floor, warmup_steps=warm),
        schedules.linear(steps, peak, final_lr=floor, warmup_steps=warm),
    ]
    if floor < 0.1 * peak:
        plain.append(schedules.cosine(steps, peak, final_lr=0.1 * peak, warmup_steps=warm, name="cosine to a tenth"))
    options = [*(best_decay(law, run, shape) for shape in SIMPLE), *(forecast(law, s) for s in plain)]
    return sorted(options, key=lambda f: f.loss)


def _fractions(law: Law, run: RunLimits) -> list[ScheduleForecast]:
    """WSD with a linear decay over each of the usual fractions of the run."""
    options = []
    for fraction in FRACTIONS:
        length = round(fraction * run.steps)
        if 1 <= length <= run.annealed:
            s = schedules.wsd(
                run.steps, run.peak_lr, warmup_steps=run.warmup_steps, decay_fraction=fraction, final_lr=run.final_lr
            )
            options.append(forecast(law, s, length))
    return options


def _ends(checkpoints: Sequence[int], steps: int) -> list[int]:
    ends: list[int] = checks.rising_steps("checkpoints", checkpoints, low=1).tolist()
    if ends[-1] > steps:
        raise InputError(f"checkpoints must lie within the run's {steps} updates, not at {ends[-1]}")
    return ends if ends[-1] == steps else [*ends, steps]


def _wsd_s(ends: list[int], run: RunLimits) -> Schedule:
    floor = max(run.final_lr, 0.1 * run.peak_lr)
    return schedules.wsd_s(ends, run.peak_lr, final_lr=floor, warmup_steps=run.warmup_steps)


def _plain(kind: str, run: RunLimits, steps: int) -> Schedule:
    if kind == "constant":
        return schedules.constant(steps, run.peak_lr, warmup_steps=run.warmup_steps)
    return schedules.cosine(steps, run.peak_lr, final_lr=run.final_lr, warmup_steps=run.warmup_steps)


def _compared(law: Law, run: RunLimits, recommended: ScheduleForecast, kind: str) -> Comparison:
    other = forecast(law, _plain(kind, run, run.steps))
    difference = None if law.result is None else difference_band(law, recommended.schedule, other.schedule)
    return Comparison(other, difference, _steps_saved(law, run, recommended.loss, kind))


def _steps_saved(law: Law, run: RunLimits, loss: float, kind: str) -> int | None:
    """How many more updates a schedule of that kind needs to end at `loss`; None beyond LONGEST_SAVING times the run."""
    low, high = run.steps, round(LONGEST_SAVING * run.steps)
    if end_loss(law, _plain(kind, run, low)) <= loss:
        return 0
    if end_loss(law, _plain(kind, run, high)) > loss:
        return None
    while high - low > max(1, run.steps // 200):
        middle = (low + high) // 2
        low, high = (middle, high) if end_loss(law, _plain(kind, run, middle)) > loss else (low, middle)
    return high - run.steps


def _peaks(
    law: Law, runs: Sequence[RunLimits], best: Sequence[ScheduleForecast], recommended: ScheduleForecast
) -> tuple[PeakForecast, ...]:
    rows = []
    for run, option in zip(runs, best, strict=True):
        same = option is recommended or law.result is None
        regret = None if same else difference_band(law, option.schedule, recommended.schedule)
        rows.append(PeakForecast(run.peak_lr, option, regret))
    return tuple(sorted(rows, key=lambda row: row.forecast.loss))


def _cautions(law: Law, run: RunLimits, recommended: ScheduleForecast) -> tuple[str, ...]:
    sentences = dict.fromkeys([*law.cautions(_plain("constant", run, run.steps)), *law.cautions(recommended.schedule)])
    if law.result is not None:
        longest = max(curve.schedule_steps for curve in law.result.curves)
        if run.steps > 3 * longest:
            sentences[f"the run of {run.steps} steps is more than three times the longest fitted one, {longest}"] = None
    if law.peak_lr is not None and law.transfers and law.peak_lr[1] * 1.01 < run.peak_lr <= law.peak_lr[1] * 2.02:
        sentences[
            f"the recommended peak LR {run.peak_lr:g} is above the highest that ran, {law.peak_lr[1]:g}: "
            "whether it diverges is invisible to any law"
        ] = None
    if not recommended.kind_fitted:
        sentences["no fitted curve leaves its peak LR as the recommended schedule does"] = None
    return tuple(sentences)
