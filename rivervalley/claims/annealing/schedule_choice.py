"""What the annealing law (arXiv 2408.11029) says of schedules, at its published fit.

Legend: p0 the published fit; eta its peak rate 2e-4; lambda 0.999; T steps in all; r decay length over T; D* best decay length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import curve_fit, minimize_scalar

from rivervalley.claims.annealing.published_fit import ETA, LAMBDA, P0
from rivervalley.claims.checks import Check, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.laws import AnnealingLaw
from rivervalley.schedules import Schedule, cosine, multi_step, wsd
from rivervalley.schedules.areas import annealing_area

_claim = partial(Claim, paper="arXiv 2408.11029", kind="exact")
_NO_ANNEALING = replace(P0, C=0.0)
_NO_DELAY = replace(P0, C=P0.C / (1.0 - LAMBDA), decay_factor=0.0)


def _end(law: AnnealingLaw, s: Schedule) -> float:
    return float(law.predict_at(s, [s.steps])[0])


def _least(cost: Callable[[float], float], low: float, high: float) -> float:
    """Where a smooth cost of one variable is least: a grid, then golden sections around its best place."""
    grid = np.geomspace(low, high, 40)
    k = int(np.argmin([cost(float(x)) for x in grid]))
    bounds = (float(grid[max(k - 1, 0)]), float(grid[min(k + 1, grid.size - 1)]))
    return float(minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-3 * bounds[0]}).x)


def _best_decay(law: AnnealingLaw, steps: int, shape: str = "linear") -> tuple[int, float]:
    """Best length of a decay to 0 and the loss there."""

    def cost(length: float) -> float:
        return _end(law, wsd(steps, ETA, decay_steps=max(1, round(length)), decay_shape=shape))

    length = max(1, round(_least(cost, 0.005 * steps, 0.9 * steps)))
    return length, cost(length)


# AL-05: end points of cosines.


def _ends(make: Callable[[int], Schedule]) -> tuple[float, float]:
    """(a, L') of L' + A' T^-a fitted to the law's end points."""
    T = np.unique(np.geomspace(10_000, 400_000, 16).round()).astype(int)
    loss = [_end(P0, make(int(t))) for t in T]
    found, _ = curve_fit(lambda t, low, A, a: low + A * (t / 1e4) ** -a, T, loss, p0=(2.5, 0.5, 0.5))
    return float(found[2]), float(found[0])


def _cosine_ends(make: Callable[[int], Schedule]) -> list[Check]:
    power, level = _ends(make)
    s = make(20_000)
    share = annealing_area(s, LAMBDA)[-1] * (1.0 - LAMBDA) / ETA
    expected = 1.0 - np.pi**2 / (2.0 * (20_000 * (1.0 - LAMBDA)) ** 2)
    return [
        near("power of T in the end points, the law's alpha", P0.alpha, power, 0.02),
        near("level they fall to, L0 - C eta / (1 - lambda)", P0.L0 - P0.C * ETA / (1.0 - LAMBDA), level, 0.005),
        near("(1 - lambda) S2 / eta at the end of 20,000 steps", expected, share, 2e-3),
    ]


# AL-08: how fast the loss falls.


def _slopes(law: AnnealingLaw) -> list[Check]:
    s = wsd(22_000, ETA, decay_steps=2000)
    slope = np.diff(law.predict(s))
    checks = [
        near("slope before the decay, per step", -5.5e-6, slope[19_990], relative=0.03),
        near("steepest slope in a decay of 2,000 steps", -3.6e-5, slope[20_000:].min(), relative=0.03),
    ]
    for steps, ratio in ((20_000, 15.0), (60_000, 82.0)):
        S1 = steps * ETA
        per_rate = law.C / (law.alpha * law.A * S1 ** (-law.alpha - 1.0))
        checks.append(near(f"annealing over progress, per unit of rate, at {steps}", ratio, per_rate, relative=0.05))
    return checks


# AL-10: the best decay.


def _decay_ratios(law: AnnealingLaw) -> list[Check]:
    stated = {10_000: 0.24, 20_000: 0.24, 30_000: 0.23, 50_000: 0.20, 100_000: 0.18, 200_000: 0.15, 400_000: 0.13}
    found = {steps: _best_decay(law, steps)[0] / steps for steps in stated}
    checks = [near(f"best r at T = {steps}", ratio, found[steps], 0.012) for steps, ratio in stated.items()]
    long = np.array([200_000, 400_000])
    for shape, power, factor in (("linear", (law.alpha - 1.0) / 2.0, 2.0), ("sqrt", (law.alpha - 1.0) / 2.0, 0.75)):
        lengths = np.array([_best_decay(law, int(T), shape)[0] for T in long], dtype=float)
        slope = np.polyfit(np.log(long), np.log(lengths / long), 1)[0]
        checks.append(near(f"power of T in the best r, {shape}", power, float(slope), 0.03))
        S1 = ETA * (long - lengths / 2.0)
        closed = np.sqrt(factor * law.C * S1 ** (law.alpha + 1.0) / (law.alpha * law.A)) / (1.0 - law.decay_factor)
        checks.append(worst(f"best length over its closed form, {shape}", 1.0, lengths / closed, 0.15))
    at = [_end(law, wsd(100_000, ETA, decay_fraction=r)) for r in (0.12, 0.27)]
    best = _best_decay(law, 100_000)[1]
    checks.append(at_most("loss for r of 0.12 and 0.27 over the best, T = 100,000", 1e-3, max(at) - best, 3e-4))
    return checks


# AL-11: WSD against cosine.


def _gaps(law: AnnealingLaw) -> list[Check]:
    stated = {20_000: 0.062, 50_000: 0.041, 100_000: 0.029, 200_000: 0.021}
    gaps = {steps: _end(law, cosine(steps, ETA)) - _best_decay(law, steps)[1] for steps in stated}
    checks = [near(f"cosine less tuned WSD at {steps}", gap, gaps[steps], 8e-4) for steps, gap in stated.items()]
    return [*checks, at_most("gap: longer less shorter runs", 0.0, float(max(np.diff(list(gaps.values())))))]


# AL-12: shapes.


def _drop(steps: int, length: int) -> Schedule:
    lr = np.full(steps, ETA)
    lr[steps - length :] = 0.0
    return Schedule(lr)


def _shapes(law: AnnealingLaw) -> list[Check]:
    T = 100_000
    stated = {"cosine": 2.6337, "sqrt": 2.6359, "linear": 2.6374, "square": 2.6386}
    found = {shape: _best_decay(law, T, shape)[1] for shape in stated}
    length = _least(lambda n: _end(law, _drop(T, round(n))), 500, 20_000)
    found["drop"] = _end(law, _drop(T, round(length)))
    checks = [near(f"loss after the best decay, {shape}", loss, found[shape], 3e-4) for shape, loss in stated.items()]
    checks.append(near("loss after the best drop to 0", 2.6313, found["drop"], 3e-4))
    order = np.array([found[shape] for shape in ("drop", "cosine", "sqrt", "linear", "square")])
    checks.append(at_least("smallest step in the order drop, cosine, 1-sqrt, linear, square", 0.0, float(np.diff(order).min())))
    for r, better in ((0.1, "sqrt"), (0.3, "linear")):
        losses = {s: _end(law, wsd(50_000, ETA, decay_fraction=r, decay_shape=s)) for s in ("sqrt", "linear")}
        other = "linear" if better == "sqrt" else "sqrt"
        checks.append(at_least(f"T = 50,000, r = {r:g}: {other} less {better}", 1e-3, losses[other] - losses[better]))
    return checks


# AL-13 and AL-14: the cosine's floor and its cycle.


def _floors(law: AnnealingLaw) -> list[Check]:
    checks = []
    shares = np.linspace(0.0, 1.0, 101)
    for steps, best in ((10_000, 1.0), (20_000, 0.56), (40_000, 0.22), (60_000, 0.04), (100_000, 0.0)):
        losses = [_end(law, cosine(steps, ETA, final_lr=share * ETA)) for share in shares.tolist()]
        checks.append(near(f"best last rate / peak at T = {steps}", best, float(shares[int(np.argmin(losses))]), 0.021))
    for share, loss in ((0.0, 2.6668), (0.1, 2.6689), (0.5, 2.6837)):
        checks.append(near(f"loss at 100,000 for {share:g}", loss, _end(law, cosine(100_000, ETA, final_lr=share * ETA)), 2e-4))
    return checks


def _cycles(law: AnnealingLaw) -> list[Check]:
    checks, previous = [], 9.0
    for steps, best in ((20_000, 1.6), (40_000, 1.4), (60_000, 1.3), (100_000, 1.2), (200_000, 1.1)):

        def cost(cycle: float, steps: int = steps) -> float:
            return _end(law, cosine(round(cycle * steps), ETA).until(steps))

        grid = np.arange(1.0, 2.01, 0.05)
        found = float(grid[int(np.argmin([cost(float(x)) for x in grid]))])
        checks.append(near(f"best cycle / T at T = {steps}", best, found, 0.051))
        checks.append(at_most(f"falls towards 1, T = {steps}", previous, found, 1e-9))
        previous = found
    checks.append(near("cost of a cycle of 2 T at 200,000", 0.022, cost(2.0) - cost(previous), 0.004))
    return checks


# AL-15: steps.


def _eight_one_one(law: AnnealingLaw) -> list[Check]:
    T = 60_000
    steps = _end(law, multi_step(T, ETA, boundaries=[0.8, 0.9], factors=[10**-0.5, 0.1]))
    return [
        near("8-1-1", 2.6744, steps, 2e-4),
        near("WSD, a fifth", 2.6686, _end(law, wsd(T, ETA, decay_fraction=0.2)), 2e-4),
        near("cosine to a tenth", 2.7062, _end(law, cosine(T, ETA, final_lr=0.1 * ETA)), 2e-4),
    ]


# AL-16: warming up again.


def _rewarmed(law: AnnealingLaw, peak: float, more: int) -> tuple[float, float]:
    """(final loss, highest rise) after WSD to 0 at 50,000, 500 steps up to peak * eta and down to 0 over `more` steps."""
    first = wsd(50_000, ETA, decay_fraction=0.1)
    up = np.linspace(0.0, peak * ETA, 501)[1:]
    again = np.concatenate([up, np.linspace(peak * ETA, 0.0, more - 500 + 1)[1:]]) if peak else np.zeros(more)
    loss = law.predict(first.then(Schedule(again)))
    return float(loss[-1]), float(loss[50_000:].max() - loss[49_999])


def _again(law: AnnealingLaw) -> list[Check]:
    ends = {(more, p): _rewarmed(law, p, more) for more in (5_000, 10_000, 20_000, 100_000) for p in (0.0, 1.0)}
    return [
        near("after WSD at 50,000", 2.6866, _end(law, wsd(50_000, ETA, decay_fraction=0.1)), 2e-4),
        near("20,000 more from the full peak", 2.6620, ends[20_000, 1.0][0], 1e-3),
        near("20,000 more at rate 0", 2.6702, ends[20_000, 0.0][0], 2e-4),
        near("100,000 more from the full peak", 2.6304, ends[100_000, 1.0][0], 1e-3),
        near("largest rise on the way", 0.057, ends[100_000, 1.0][1], 2e-3),
        at_least("5,000 more: full peak less rate 0", 1e-3, ends[5_000, 1.0][0] - ends[5_000, 0.0][0]),
        at_most("10,000 more: |full peak less rate 0|", 3e-3, abs(ends[10_000, 1.0][0] - ends[10_000, 0.0][0])),
    ]


def _plain(check: Callable[[AnnealingLaw], list[Check]], law: AnnealingLaw, _: Setting) -> list[Check]:
    return check(law)


def _of(check: Callable[[AnnealingLaw], list[Check]], control: AnnealingLaw) -> dict[str, Any]:
    return {"measure": partial(_plain, check, P0), "control": partial(_plain, check, control)}


def _cosine_claim(make: Callable[[int], Schedule], _: Setting) -> list[Check]:
    return _cosine_ends(make)


def _to_zero(steps: int) -> Schedule:
    return cosine(steps, ETA)


def _one_fifth(steps: int) -> Schedule:
    return wsd(steps, ETA, decay_fraction=0.2)


CLAIMS: Sequence[Claim] = (
    _claim(
        id="AL-05",
        section="docs/theory/annealing.md#51-cosine-runs",
        ruling="derived here",
        premise="The published fit; runs much longer than 1 / (1 - lambda).",
        breaks="the cosine: WSD with a decay of a fifth",
        statement="End points of cosines follow a Chinchilla form in the length of the run, with the law's own exponent.",
        formula="L_end(T) = L0 - C eta / (1 - lambda) + A (eta / 2)^-alpha T^-alpha",
        status="derived",
        measure=partial(_cosine_claim, _to_zero),
        control=partial(_cosine_claim, _one_fifth),
        note="End points of WSD (the control) give a biased exponent, since S2 is still filling up.",
    ),
    _claim(
        id="AL-08",
        section="docs/theory/annealing.md#4-the-delay",
        ruling="confirmed within the model",
        premise="The published fit.",
        breaks="the annealing term: C = 0",
        statement="The loss falls suddenly when the rate anneals, the more so relative to progress the longer the run was.",
        formula="dL/ds = -alpha A S1^(-alpha-1) eta_s - C m_s",
        status="read",
        **_of(_slopes, _NO_ANNEALING),
        note="Partly by construction, as a reviewer said: S2 is part of the law.",
    ),
    _claim(
        id="AL-10",
        section="docs/theory/annealing.md#52-the-best-decay-of-wsd",
        ruling="corrected",
        premise="The published fit.",
        breaks="the memory of annealing: ten times shorter at equal C / (1 - lambda)",
        correction="The best share is 0.24, 0.24, 0.23, 0.20 of runs of 10, 20, 30, 50 thousand steps, and below a fifth only beyond.",
        statement="The best decay of WSD takes a fifth of the run or less, and a smaller share of longer runs.",
        formula="D* = sqrt(2 C S1^(alpha+1) / (alpha A)) / (1 - lambda) for linear decays; r* ~ T^((alpha-1)/2)",
        status="read",
        **_of(_decay_ratios, replace(P0, decay_factor=0.99, C=10.0 * P0.C)),
        note="In the control annealing acts ten times as fast.",
    ),
    _claim(
        id="AL-11",
        section="docs/theory/annealing.md#53-shapes-steps-and-warming-up-again",
        ruling="corrected",
        premise="The published fit.",
        breaks="the delay: lambda = 0 at equal C / (1 - lambda)",
        correction="The law's gap is over-optimistic: on real runs it is up to two times smaller.",
        statement="WSD with a tuned decay ends below a cosine to 0, by less in longer runs.",
        formula="0.062 at 20,000 steps, 0.041, 0.029, 0.021 at 200,000",
        status="read",
        **_of(_gaps, _NO_DELAY),
        note="Over-optimistic: measured gaps are half as large at 400M parameters, and cosines to 0 match WSD elsewhere (arXiv "
        "2405.18392). See AL-24 for real curves. In the control annealing acts at once.",
    ),
    _claim(
        id="AL-12",
        section="docs/theory/annealing.md#53-shapes-steps-and-warming-up-again",
        ruling="derived here",
        premise="The published fit.",
        breaks="the delay: lambda = 0 at equal C / (1 - lambda)",
        statement="At the best length of each, a drop to 0 is best, then cosine, 1-sqrt, linear and 1-square decays.",
        formula="2.6313, 2.6337, 2.6359, 2.6374, 2.6386 at 100,000 steps; short decays: 1-sqrt before linear",
        status="derived",
        **_of(_shapes, _NO_DELAY),
    ),
    _claim(
        id="AL-13",
        section="docs/theory/annealing.md#51-cosine-runs",
        ruling="confirmed within the model",
        premise="The published fit.",
        breaks="the annealing term: C = 0",
        statement="A lower last rate of a cosine is better for long runs only.",
        formula="best last rate / peak 1, 0.56, 0.22, 0.04, 0 at 10,000 to 100,000 steps",
        status="remembered",
        **_of(_floors, _NO_ANNEALING),
    ),
    _claim(
        id="AL-14",
        section="docs/theory/annealing.md#51-cosine-runs",
        ruling="corrected",
        premise="The published fit.",
        breaks="the annealing term: C = 0",
        correction="The best cycle is longer than the run and tends to it: 1.6 times at 20,000 steps, 1.1 at 200,000.",
        statement="The best cycle of a cosine tends to the length of the run, from above.",
        formula="cycle / T 1.6, 1.4, 1.3, 1.2, 1.1 at 20,000 to 200,000 steps",
        status="remembered",
        **_of(_cycles, _NO_ANNEALING),
        note="Equality is asymptotic: at small T a cycle longer than the run is better.",
    ),
    _claim(
        id="AL-15",
        section="docs/theory/annealing.md#53-shapes-steps-and-warming-up-again",
        ruling="confirmed within the model",
        premise="The published fit.",
        breaks="the delay: lambda = 0 at equal C / (1 - lambda)",
        statement="Three steps, 8-1-1, come close to WSD and beat the cosine.",
        formula="2.6744 against 2.6686 and 2.7062 at 60,000 steps",
        status="remembered",
        **_of(_eight_one_one, _NO_DELAY),
    ),
    _claim(
        id="AL-16",
        section="docs/theory/annealing.md#53-shapes-steps-and-warming-up-again",
        ruling="confirmed within the model",
        premise="The published fit; the same data in both phases.",
        breaks="the annealing term: C = 0",
        statement="Warming up again raises the loss first and pays only over a long second run.",
        formula="after WSD at 50,000: 5,000 more best at rate 0, 20,000 more best from the full peak",
        status="read",
        **_of(_again, _NO_ANNEALING),
        note="What rate 0 gains here, 0.016, is the law's error of AL-18: nothing moves at rate 0.",
    ),
)
