"""Claims of the bigram language model on checkpoints: lines between them, and where the gradient points.

Legend: H stationary excess of the uncertain contexts, rho correlation of two checkpoints, a position on the line between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.special import log_softmax

from rivervalley import schedules
from rivervalley._common.checks import FloatArray
from rivervalley.claims.bigram import _twin
from rivervalley.claims.checks import Check, agreement, at_least, sampled, surely_above, surely_below
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.curves.run import Run
from rivervalley.landscapes import Bigram, cities
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2410.05192, sections 3 and 4")


def _line(model: Bigram, one: FloatArray, two: FloatArray, places: Sequence[float]) -> FloatArray:
    """Excess of the high-entropy and of the low-entropy contexts at places from `one` to `two`: (places, points, 2)."""
    weights = np.stack([model.language.pi * model.high, model.language.pi * ~model.high], axis=1)
    return np.stack([model.excess(one + a * (two - one)) @ weights for a in places])


# BG-11: between two checkpoints of the stable phase.


def _stable(setting: Setting, lag: int = 16_000) -> list[Check]:
    model = Bigram(cities([1] * 10 + [4] * 10))
    rate, begin = 0.1, 8_000
    count = setting.trajectories(512, 128)
    first = simulate(model, schedules.constant(steps=begin, peak_lr=rate), count, setting.seed, record_every=begin)
    second = simulate(model, schedules.constant(steps=lag, peak_lr=rate), initial=first, record_every=begin + lag)
    places = (0.25, 0.5, 0.75)
    high = _line(model, first.state, second.state, (0.0, *places, 1.0))[:, :, 0]
    ends = 0.5 * (high[0] + high[-1])
    checks = []
    for a, on_line in zip(places, high[1:-1], strict=True):
        share = (1.0 - a) ** 2 + a**2
        error = (on_line - share * ends).std(ddof=1) / np.sqrt(count)
        checks.append(agreement(f"hill loss at {a:g} of the way", share * ends.mean(), on_line.mean(), error, bias=0.02))
    H = float(model.stationary_excess(rate)[-1]) * 0.5
    error = (ends - high[2]).std(ddof=1) / np.sqrt(count)
    checks.append(agreement("dip : drop of a whole decay, 1 : 2", 0.5, (ends - high[2]).mean() / H, error / H, bias=0.03))
    return checks


# BG-12: between two checkpoints after decays.


def _branches(model: Bigram, setting: Setting, tail: int) -> tuple[Run, Run]:
    """Decayed checkpoints after 4,000 and 16,000 steps at a constant rate, branched from one run."""
    count, rate = setting.trajectories(512, 256), 0.4
    drop = 1.0 / rate + 0.25 / model.shape[0] * tail
    cooldown = Schedule(
        schedules.wsd(steps=tail, peak_lr=rate, decay_steps=tail, decay_shape="inverse", final_lr=1.0 / drop).lr
    )
    trunk = simulate(model, schedules.constant(steps=4_000, peak_lr=rate), count, setting.seed, record_every=4_000)
    early = simulate(model, cooldown, initial=trunk, record_every=4_000 + tail)
    trunk = simulate(model, schedules.constant(steps=12_000, peak_lr=rate), initial=trunk, record_every=16_000)
    return early, simulate(model, cooldown, initial=trunk, record_every=16_000 + tail)


def _decayed(setting: Setting, tail: int = 4_000) -> list[Check]:
    model = Bigram(cities([1] * 40 + [4] * 4))
    checks = []
    places = np.linspace(0.0, 1.0, 11)
    for length, monotone in ((tail, True), (100, False)):
        early, late = _branches(model, setting, length)
        parts = _line(model, early.state, late.state, places.tolist())
        loss = parts.sum(axis=2)
        told = _decayed_profile(model, early.schedule.lr, late.schedule.lr, places)
        steps = np.diff(loss, axis=0)
        k = int(np.argmax(steps.mean(axis=1)))
        if monotone:
            checks.append(surely_below(f"largest rise on the line, decay of {length}", 0.0, steps[k]))
        else:
            checks.append(surely_above(f"largest rise on the line, decay of {length}", 0.0, steps[k]))
        what = f"loss at 0, 0.3, 0.7, 1 of the line, decay of {length}"
        # Softmax beyond the linear formula, and visits of each context that scatter by 1 / sqrt(pi T).
        checks.append(sampled(what, told[[0, 3, 7, 10]], loss[[0, 3, 7, 10]].T, 0.03, "softmax, 1 / visits"))
        what = f"fall over its last tenth, decay of {length}"
        scale = 0.03 * float(np.abs(told[10]) + np.abs(told[9]))
        slack = scale / abs(float(told[9] - told[10]))
        checks.append(sampled(what, told[9] - told[10], loss[9] - loss[10], min(slack, 0.25), "softmax, 1 / visits"))
    return checks


def _decayed_profile(model: Bigram, early: FloatArray, late: FloatArray, places: FloatArray) -> FloatArray:
    """Loss on the line: certain contexts between their margins, hills (1 - a)^2 and a^2 of those at the ends, which are independent."""
    margins = []
    for lr in (early, late):
        u = -np.expm1(-_twin.leak(1, 4, 1.0 / 44.0, float(lr.sum())))
        margins.append(np.log(3.0 * (1.0 - u) / u))
    hills = [4.0 / 44.0 * _twin.linearised(lr, 1.0 / 44.0, 0.25, 3)[-1] for lr in (early, late)]
    m = (1.0 - places) * margins[0] + places * margins[1]
    river = 40.0 / 44.0 * np.log1p(3.0 * np.exp(-m))
    return np.asarray(river + (1.0 - places) ** 2 * hills[0] + places**2 * hills[1])


# BG-14: the gradient points where nothing is gained.


def _gradient_share(model: Bigram, state: FloatArray) -> FloatArray:
    """Expected share of |g|^2 of one sampled pair in the high-entropy rows, by point."""
    q = np.exp(log_softmax(state.reshape(-1, *model.shape), axis=2))
    p = model.language.transitions
    squared = ((q**2).sum(axis=2) - 2.0 * (q * p).sum(axis=2) + 1.0) * model.language.pi
    return np.asarray(squared[:, model.high].sum(axis=1) / squared.sum(axis=1))


def _alignment(setting: Setting, stable: int = 16_000) -> list[Check]:
    """With few stable steps the deterministic contexts still hold much of the gradient."""
    model = Bigram(cities([1] * 10 + [4] * 10))
    rate, more, count = 0.4, 16_000, setting.trajectories(512, 128)
    first = simulate(model, schedules.constant(steps=stable, peak_lr=rate), count, setting.seed, record_every=stable)
    step = simulate(model, schedules.constant(steps=1, peak_lr=rate), initial=first, record_every=stable + 1)
    later = simulate(model, schedules.constant(steps=more, peak_lr=rate), initial=first, record_every=stable + more)
    moved = ((step.state - first.state) ** 2).reshape(count, *model.shape).sum(axis=2)
    of_high, whole = moved[:, model.high].sum(axis=1), moved.sum(axis=1)
    share = float(of_high.sum() / whole.sum())
    error = np.std(of_high - share * whole, ddof=1) / np.sqrt(count) / whole.mean()
    expected = float(_gradient_share(model, first.state).mean())
    before, after = (model.excess(run.state) * model.language.pi for run in (first, later))
    gain = (before - after).reshape(count, -1)
    high, low = gain[:, model.high].sum(axis=1), gain[:, ~model.high].sum(axis=1)
    fall = 0.5 * np.diff(model.deterministic_excess([rate * (stable + more), rate * stable])[:, 0])[0]
    return [
        at_least("share of |g|^2 in the uncertain contexts", 0.999, expected),
        agreement("the same of sampled steps", expected, share, error, bias=0.002),
        agreement("loss gained there in 16,000 more steps", 0.0, high.mean(), high.std(ddof=1) / np.sqrt(count)),
        agreement("loss gained in the deterministic contexts", fall, low.mean(), low.std(ddof=1) / np.sqrt(count), bias=0.02),
    ]


register_claims(
    _claim(
        id="BG-11",
        section="docs/theory/bigram.md#4-checkpoints-and-gradients",
        ruling="confirmed within the model",
        premise="Stationary uncertain contexts; checkpoints far apart.",
        breaks="the distance in time: 10 updates",
        statement="The line between two stable checkpoints is a well: the middle lies half the hill loss lower.",
        formula="hill part H [(1 - a)^2 + a^2 + 2 a (1 - a) rho]; dip : drop of a whole decay = 1 : 2",
        status="derived",
        kind="statistical",
        measure=_stable,
        control=partial(_stable, lag=10),
        note="The control's checkpoints lie 10 steps apart.",
    ),
    _claim(
        id="BG-12",
        section="docs/theory/bigram.md#4-checkpoints-and-gradients",
        ruling="corrected",
        premise="Two decayed checkpoints of one run.",
        breaks="the length of the decay: 100 updates in place of 4000",
        correction="Only after long decays; after short ones the line is a well.",
        statement="The line between two decayed checkpoints falls all the way.",
        formula="pi ln(1 + (V - 1) e^-m(a)) + (1 - a)^2 H_1 + a^2 H_2: slope at the end -river ln(S_2 / S_1) + 2 H_2",
        status="derived",
        kind="statistical",
        measure=_decayed,
        control=partial(_decayed, tail=100),
        note="Corrected: after short decays the hill loss that is left makes it a well again. The cross-entropy is convex in the "
        "logits, so no bend of the river can do so here.",
    ),
    _claim(
        id="BG-14",
        section="docs/theory/bigram.md#4-checkpoints-and-gradients",
        ruling="confirmed within the model",
        premise="Late in the stable phase.",
        breaks="the stable phase: 20 updates",
        paper="arXiv 2405.16002",
        statement="Nearly all of the gradient lies in directions in which nothing is gained.",
        formula="share of E |g|^2 in uncertain contexts > 0.999, their loss stands still",
        status="derived",
        kind="statistical",
        measure=_alignment,
        control=partial(_alignment, stable=20),
    ),
)
