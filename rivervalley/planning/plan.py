"""Choosing a schedule with a fitted law: which shape, when to start the decay, what loss to expect.

The peak rate is never optimised. A law is fitted at one peak and does not carry over to another; and the annealing law
(arXiv 2408.11029) falls without limit as all rates are scaled up, so an optimum over the peak would be the law's error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize
from tqdm import tqdm

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.laws import AnnealingLaw, Law, predict_band
from rivervalley.schedules import Schedule

SHAPES = ("linear", "cosine", "sqrt", "square", "exponential", "inverse")
KNOTS = 24
LEAST_KEPT = 0.05  # of the height above the floor, from knot to knot
FRACTIONS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)


@dataclass(frozen=True)
class Option:
    """A schedule and the loss that the law expects at its end.

    `low` and `high` are the ends of its 90 % band (`laws.predict_band`); None for a law made by hand, which has no band.
    Errors of schedules that differ little go together: a difference between two options is known better than each.
    """

    name: str
    schedule: Schedule
    loss: float
    decay_steps: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class DecayNow:
    """What leaving the constant rate at each moment would give.

    Attributes
    ----------
    start, decay_steps : int arrays, shape (M,)
        Update counts at which the decay starts, and the length that is best from there.
    loss : float array, shape (M,)
        Expected loss at the end of that decay.
    stay : float array, shape (M,)
        Expected loss at that same update count without a decay.
    """

    start: IntArray
    decay_steps: IntArray
    loss: FloatArray
    stay: FloatArray


@dataclass(frozen=True)
class Plan:
    """Advice for a run of a given length and peak rate.

    Attributes
    ----------
    options : tuple of Option
        The optimised schedule, constant, cosine, linear, WSD over decay fractions and, for each decay shape, the best decay;
        best first.
    best_decay : tuple of Option
        For each decay shape, the length of the decay that the law likes best; best first.
    optimised : Option
        The best that the law finds among non-increasing schedules between the floor and the peak, as straight lines
        between knots a few hundredths of the run apart.
    decay_now : DecayNow
    extreme : Option
        The best of all non-increasing schedules between the floor and the peak, under the law: the peak, then a drop.
        No advice: it shows where the law leads when nothing else is asked for.
    closed_forms : dict of str to float
        For an annealing law: crossing_steps, drop_steps, linear_decay_steps, sqrt_decay_steps, cosine_decay_steps.
    cautions : tuple of str
    """

    options: tuple[Option, ...]
    best_decay: tuple[Option, ...]
    optimised: Option
    decay_now: DecayNow
    extreme: Option
    closed_forms: dict[str, float]
    cautions: tuple[str, ...]


def plan(
    law: Law,
    steps: int,
    peak_lr: float,
    warmup_steps: int = 0,
    final_lr: float = 0.0,
    checkpoints: Sequence[int] | None = None,
    progress: bool = False,
) -> Plan:
    """Compare schedules of one length and one peak rate under a fitted law.

    Parameters
    ----------
    law : Law
    steps : int
        Length of the run, warm-up included.
    peak_lr : float
        The rate the law was fitted at; another gets a caution.
    warmup_steps : int
    final_lr : float
        Floor of all decays. Inverse and exponential decays end at a hundredth of the peak where it is 0.
    checkpoints : rising update counts
        Adds WSD-S over these and the end of the run.
    progress : bool
        Show a progress bar on standard error.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> law = AnnealingLaw(L0=2.628, A=0.43, alpha=0.55, C=0.411)
    >>> made = plan(law, steps=20_000, peak_lr=2e-4)
    >>> made.best_decay[0].name, round(made.best_decay[0].loss, 2)
    ('wsd inverse, best decay', 2.77)
    """
    if not isinstance(law, Law):
        raise InputError(f"law must be a fitted law, not {checks.show(law)}")
    steps = checks.integer("steps", steps, 10)
    peak = checks.real("peak_lr", peak_lr, 0.0, open_low=True)
    warm = checks.integer("warmup_steps", warmup_steps, 0, steps // 2)
    floor = checks.real("final_lr", final_lr, 0.0, peak, open_high=True)
    cycles = [] if checkpoints is None else [_cycles(checkpoints, steps, peak, warm, floor)]
    bar = tqdm(total=len(SHAPES) + 3, desc="plan", unit="part", disable=not progress, leave=False)
    best = []
    for shape in SHAPES:
        best.append(_best_decay(law, steps, peak, warm, floor, shape))
        bar.update()
    best.sort(key=lambda option: option.loss)
    plain = [
        schedules.constant(steps, peak, warmup_steps=warm),
        schedules.cosine(steps, peak, final_lr=floor, warmup_steps=warm),
        schedules.linear(steps, peak, final_lr=floor, warmup_steps=warm),
    ]
    if floor < 0.1 * peak:
        plain.append(schedules.cosine(steps, peak, final_lr=0.1 * peak, warmup_steps=warm, name="cosine to a tenth"))
    falling = [*best, *(_option(law, s) for s in plain)]
    for fraction in FRACTIONS:
        length = round(fraction * steps)
        if 1 <= length <= steps - warm:
            falling.append(
                _option(law, schedules.wsd(steps, peak, warmup_steps=warm, decay_fraction=fraction, final_lr=floor), length)
            )
    optimised = _optimised(law, min(falling, key=lambda option: option.loss).schedule, peak, warm, floor)
    options = [*falling, optimised, *(_option(law, s) for s in cycles)]
    bar.update()
    extreme = _extreme(law, steps, peak, warm, floor)
    bar.update()
    now = decay_now(law, steps, peak, warm, floor)
    bar.close()
    said = dict.fromkeys(caution for s in plain[:2] for caution in law.cautions(s))
    return Plan(
        options=tuple(sorted(options, key=lambda option: option.loss)),
        best_decay=tuple(best),
        optimised=optimised,
        decay_now=now,
        extreme=extreme,
        closed_forms=closed_forms(law, steps, peak, warm) if isinstance(law, AnnealingLaw) else {},
        cautions=tuple(said),
    )


def decay_now(
    law: Law, steps: int, peak_lr: float, warmup_steps: int = 0, final_lr: float = 0.0, moments: int = 24
) -> DecayNow:
    """For moments spread over a run at a constant rate: the best linear decay from there, and the loss it would reach."""
    starts = np.unique(np.geomspace(max(warmup_steps, steps // 50, 1), steps, moments).round().astype(np.int64))
    # What a decay is worth is measured against the same updates at the peak rate, so that longer is not always better.
    flat = law.predict(schedules.constant(2 * steps, peak_lr, warmup_steps=warmup_steps))
    lengths, losses, stays = [], [], []
    for start in starts.tolist():

        def reached(length: int, start: int = start) -> float:
            return _end(
                law, schedules.wsd(start + length, peak_lr, warmup_steps=warmup_steps, decay_steps=length, final_lr=final_lr)
            )

        def gain(length: int, start: int = start, reached: Callable[[int], float] = reached) -> float:
            return reached(length) - float(flat[start + length - 1])

        length = _least(gain, 1, start)
        lengths.append(length)
        losses.append(reached(length))
        stays.append(float(flat[start + length - 1]))
    return DecayNow(starts, np.array(lengths), np.array(losses), np.array(stays))


def closed_forms(law: AnnealingLaw, steps: int, peak_lr: float, warmup_steps: int = 0) -> dict[str, float]:
    """The annealing law's own answers, asymptotic in the length of the run (derived from arXiv 2408.11029's formula).

    crossing_steps : runs longer than this end lower with a cosine to 0 than with a constant rate
    drop_steps : updates at rate 0 in the law's own extreme, ln(C S1^(alpha+1) / (alpha A)) / -ln lambda
    linear_decay_steps, sqrt_decay_steps, cosine_decay_steps : best decay lengths

    Empty where C or A is 0.
    """
    A, C, alpha, keep = law.A, law.C, law.alpha, law.decay_factor
    if min(A, C, alpha, keep) <= 0.0:
        return {}
    memory = 1.0 / (1.0 - keep)
    S1 = peak_lr * (steps - 0.5 * warmup_steps)
    worth = C * S1 ** (alpha + 1.0) / (alpha * A)
    return {
        "crossing_steps": (A * (2.0**alpha - 1.0) / (memory * C * peak_lr)) ** (1.0 / alpha) / peak_lr,
        "drop_steps": max(0.0, math.log(worth) / -math.log(keep)),
        "linear_decay_steps": memory * math.sqrt(2.0 * worth),
        "sqrt_decay_steps": memory * math.sqrt(0.75 * worth),
        "cosine_decay_steps": memory * (2.0 * math.pi**2 * worth) ** (1.0 / 3.0),
    }


def crossing(law: Law, peak_lr: float, warmup_steps: int = 0, longest: int = 2_000_000) -> float:
    """Length of run beyond which a cosine to 0 ends lower than a constant rate, by the law itself; NaN where there is none."""

    def gap(total: float) -> float:
        steps = round(total)
        flat = schedules.constant(steps, peak_lr, warmup_steps=warmup_steps)
        return _end(law, schedules.cosine(steps, peak_lr, final_lr=0.0, warmup_steps=warmup_steps)) - _end(law, flat)

    low = max(4.0 * warmup_steps, 500.0)
    return float(brentq(gap, low, longest, xtol=1.0)) if gap(low) * gap(longest) < 0.0 else math.nan


def _end(law: Law, schedule: Schedule) -> float:
    return float(law.predict_at(schedule, [schedule.steps])[0])


def _best_decay(law: Law, steps: int, peak: float, warm: int, floor: float, shape: str) -> Option:
    lowest = floor if shape not in ("inverse", "exponential") or floor > 0.0 else 0.01 * peak

    def with_decay(length: int) -> Schedule:
        return schedules.wsd(
            steps,
            peak,
            warmup_steps=warm,
            decay_steps=length,
            decay_shape=shape,
            final_lr=lowest,
            name=f"wsd {shape}, best decay",
        )

    length = _least(lambda n: _end(law, with_decay(n)), 1, steps - warm)
    return _option(law, with_decay(length), length)


def _option(law: Law, schedule: Schedule, decay_steps: int | None = None) -> Option:
    if law.result is None:
        return Option(schedule.name, schedule, _end(law, schedule), decay_steps)
    band = predict_band(law, schedule)
    return Option(schedule.name, schedule, float(band.loss[0]), decay_steps, float(band.low[0]), float(band.high[0]))


def _cycles(checkpoints: Sequence[int], steps: int, peak: float, warm: int, floor: float) -> Schedule:
    ends = checks.rising_steps("checkpoints", checkpoints, low=1).tolist()
    if ends[-1] > steps:
        raise InputError(f"checkpoints must lie within the run's {steps} updates, not at {ends[-1]}")
    return schedules.wsd_s(
        ends if ends[-1] == steps else [*ends, steps], peak, final_lr=max(floor, 0.1 * peak), warmup_steps=warm
    )


def _optimised(law: Law, start: Schedule, peak: float, warm: int, floor: float) -> Option:
    """Non-increasing rates, straight between KNOTS, that minimise the law's final loss; the search begins at `start`."""
    steps = start.steps
    # Knots lie closer towards the end, where the law asks for most of the fall.
    places = np.unique((warm + (steps - warm) * (1.0 - (1.0 - np.arange(KNOTS + 1) / KNOTS) ** 1.5)).round().astype(int))
    places[-1] = steps

    def schedule(keep: FloatArray) -> Schedule:
        # Each knot keeps a share of the height above the floor of the one before: falling, whatever the shares.
        height = floor + (peak - floor) * np.cumprod(np.append(1.0, keep))
        lr = np.interp(np.arange(1, steps + 1), places, height)
        lr[:warm] = start.lr[:warm]
        return Schedule(lr, warm, "optimised")

    heights = np.interp(places, np.arange(1, steps + 1), start.lr)
    above = np.maximum((heights - floor) / (peak - floor), 1e-6)
    above[0] = 1.0
    found = minimize(
        lambda keep: _end(law, schedule(keep)),
        np.clip(above[1:] / above[:-1], LEAST_KEPT, 1.0),
        method="L-BFGS-B",
        # The floor is not reached before the end: laws of steps go on falling at rate 0, where nothing moves.
        bounds=[(LEAST_KEPT, 1.0)] * (places.size - 2) + [(0.0, 1.0)],
        options={"maxiter": 60, "ftol": 1e-12, "maxfun": 4000},
    )
    best = schedule(found.x)
    if _end(law, best) > _end(law, start):
        best = Schedule(start.lr, warm, "optimised")
    falls = np.flatnonzero(best.lr < 0.995 * peak)
    falls = falls[falls >= warm]
    return _option(law, best, steps - int(falls[0]) if falls.size else 0)


def _extreme(law: Law, steps: int, peak: float, warm: int, floor: float) -> Option:
    def dropping(length: int) -> Schedule:
        lr = schedules.constant(steps, peak, warmup_steps=warm).lr.copy()
        lr[steps - length :] = floor
        return Schedule(lr, warm, "peak, then a drop")

    length = _least(lambda n: _end(law, dropping(n)), 1, steps - warm - 1)
    return Option("peak, then a drop", dropping(length), _end(law, dropping(length)), length)


def _least(cost: Callable[[int], float], low: int, high: int) -> int:
    """The integer in [low, high] of least cost: a geometric grid, then finer ones around the best."""
    places = np.unique(np.geomspace(low, high, 24).round().astype(int))
    while True:
        values = [cost(int(place)) for place in places]
        k = int(np.argmin(values))
        left, right = int(places[max(k - 1, 0)]), int(places[min(k + 1, places.size - 1)])
        # Below a thousandth of its length a decay's optimum is flat to all digits that matter.
        if right - left <= max(2, places[k] // 500):
            return int(places[k])
        places = np.unique(np.linspace(left, right, 9).round().astype(int))
