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
from rivervalley.claims.checks import Check, agreement, at_least, at_most, near
from rivervalley.claims.claim import Claim, Setting
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
    for length, monotone in ((tail, True), (100, False)):
        early, late = _branches(model, setting, length)
        places = np.linspace(0.0, 1.0, 11)
        parts = _line(model, early.state, late.state, places.tolist())
        loss = parts.sum(axis=2)
        steps = np.diff(loss, axis=0)
        rise, error = steps.mean(axis=1), steps.std(axis=1, ddof=1) / np.sqrt(steps.shape[1])
        worst = int(np.argmax(rise))
        if monotone:
            checks.append(at_most(f"largest rise on the line, decay of {length}", 0.0, rise[worst], 5.0 * error[worst]))
        else:
            checks.append(at_least(f"largest rise on the line, decay of {length}", error[worst], rise[worst]))
        # River S1 -> S2: the margin grows by ln(S2 / S1); hills of the two decays are independent.
        sums = [float(run.schedule.lr.sum()) for run in (early, late)]
        river = float(model.deterministic_excess(sums[1])[0]) * 40 / 44
        slope = -river * np.log(sums[1] / sums[0]) + 2.0 * parts[-1, :, 0].mean()
        found = (loss[-1] - loss[-2]) / 0.1
        curve = parts[-1, :, 0].mean() + parts[0, :, 0].mean() + 0.5 * river * np.log(sums[1] / sums[0]) ** 2
        bend = 0.1 * curve  # the difference is taken a tenth of the way before the end
        s = found.std(ddof=1) / np.sqrt(found.size)
        scale = abs(slope) + curve
        checks.append(near(f"slope at the later end, decay of {length}", slope - bend, found.mean(), 5.0 * s + 0.06 * scale))
    return checks


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


CLAIMS: Sequence[Claim] = (
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
        statement="The line between two decayed checkpoints falls all the way, if the decays were long enough.",
        formula="slope at the later end: -river ln(S_2 / S_1) + 2 (hill loss left)",
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
