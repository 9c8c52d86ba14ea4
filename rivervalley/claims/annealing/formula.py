"""Claims on the annealing law's formula (arXiv 2408.11029; its restatement 2505.07796): areas, units, delay, slopes.

Legend: E moving average of the LR; S1, S2 the areas; lambda decay factor 0.999; n updates since a drop; D length of an anneal.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.optimize import brentq

from rivervalley._common.checks import FloatArray
from rivervalley.claims.annealing import _twin
from rivervalley.claims.annealing._twin import ETA, LAMBDA, P0, end_of
from rivervalley.claims.checks import Check, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.laws import AnnealingLaw, Law, MultiPowerLaw
from rivervalley.schedules import Schedule, cosine, linear, wsd
from rivervalley.schedules.areas import annealing_area, forward_area

_claim = partial(Claim, paper="arXiv 2408.11029", kind="exact")
_PAGE = "docs/theory/annealing.md"
_DIGITS = "digits as stated"
_RAMP = replace(P0, warmup_area="ramp")


# AL-04: a constant LR.


def _constant_lr(schedule: Schedule, _: Setting) -> list[Check]:
    s = np.arange(1, schedule.steps + 1)
    chinchilla = P0.L0 + P0.A * schedule.peak_lr**-P0.alpha * s**-P0.alpha
    return [
        worst("loss after s updates", chinchilla, P0.predict(schedule), relative=1e-13),
        worst("S2", 0.0, annealing_area(schedule, LAMBDA)),
    ]


# AL-07: the loss lags behind the LR.

_LENGTHS = np.array([500, 1000, 2000, 4000, 8000])
_SHARES, _LAGS = (0.214, 0.368, 0.568, 0.755, 0.875), (703, 734, 841, 947, 993)


def _realised(n: float, length: int) -> float:
    """Share of an anneal of `length` updates that is realised n updates after its begin."""
    keep = LAMBDA
    within = min(n, float(length))
    gained = within - keep * (1.0 - keep**within) / (1.0 - keep)
    # After the anneal what is left of the momentum goes on as after a step.
    momentum = (1.0 - keep**within) * keep / (1.0 - keep)
    return float(gained + momentum * (1.0 - keep ** (n - within))) / length


def _delay(decay_factor: float, _: Setting) -> list[Check]:
    share, lag = [], []
    for length in _LENGTHS.tolist():
        anneal = Schedule(np.concatenate([[1.0], np.maximum(1.0 - np.arange(1, length + 20_001) / length, 0.0)]))
        area = annealing_area(anneal, decay_factor)
        share.append(area[length] * (1.0 - decay_factor))
        k = int(np.searchsorted(area, 0.5 * area[-1]))
        lag.append(k - 1 + (0.5 * area[-1] - area[k - 1]) / (area[k] - area[k - 1]) - 0.5 * length)
    step = Schedule(np.concatenate([[1.0], np.full(20_000, 0.5)]))
    realised = annealing_area(step, decay_factor)[1:] / (0.5 / (1.0 - LAMBDA))
    n = np.arange(1, 20_001)
    halves = [brentq(lambda x, d=d: _realised(x, d) - 0.5, 1.0, 2.0 * d + 5000.0) - 0.5 * d for d in _LENGTHS.tolist()]
    closed = 1.0 - LAMBDA * (1.0 - LAMBDA**_LENGTHS) / (_LENGTHS * (1.0 - LAMBDA))
    return [
        worst("share of a step drop realised after n updates", 1.0 - LAMBDA**n, realised, relative=1e-11),
        near("half-life of a step drop, as stated", 693.0, float(np.interp(0.5, realised, n)), 0.5, basis=_DIGITS),
        worst("share realised at the end of a linear anneal", closed, share, relative=1e-10),
        worst("the same, as stated", _SHARES, share, 5e-4, basis=_DIGITS),
        worst("lag of the half-point behind that of the LR", halves, lag, 1e-3, basis="interpolation between updates"),
        worst("the same, as stated", _LAGS, lag, 1.0, basis="rounded up to whole updates"),
        at_least("longest over shortest anneal: lag relative to its length, inverse", 10.0, lag[0] / 500 / (lag[-1] / 8000)),
    ]


# AL-08: how fast the loss falls.


def _slopes(law: AnnealingLaw, _: Setting) -> list[Check]:
    T, D = 20_000, 2000
    loss = law.predict(wsd(T + D, ETA, decay_steps=D))
    fall = np.diff(loss)
    lr = _twin.decaying(T + D, D, "linear")
    S1, m = np.cumsum(lr), (_twin.averaged(lr) - lr) / LAMBDA / (1.0 - LAMBDA) * (1.0 - LAMBDA)
    places = np.array([5_000, 19_000, T + 100, T + 1000, T + D - 2])
    # A difference over one update is the derivative in its middle, but for the third derivative, 1 / s^2 of it.
    middle = 0.5 * (S1[places] + S1[places + 1])
    progress = P0.alpha * P0.A * middle ** (-P0.alpha - 1.0) * lr[places + 1]
    slope = -progress - P0.C * m[places + 1]
    before, steepest = fall[T - 10], float(fall[T:].min())
    per_area = [P0.C / (P0.alpha * P0.A * (steps * ETA) ** (-P0.alpha - 1.0)) for steps in (20_000, 60_000)]
    return [
        worst("slope of the loss before and in a decay", slope, fall[places], relative=2e-7, basis="1 / s^2"),
        near("slope before the decay, as stated", -5.5e-6, before, 5e-8, basis=_DIGITS),
        near("steepest slope in a decay of 2,000 updates, as stated", -3.6e-5, steepest, 5e-7, basis=_DIGITS),
        at_least("the steepest over the one before", 6.0, steepest / before),
        *(
            near(f"annealing over progress, per unit of area, at {steps}", stated, _per_area(law, steps), 0.5, basis=_DIGITS)
            for steps, stated in ((20_000, 15.0), (60_000, 82.0))
        ),
        worst(
            "the same, by the formula", per_area, [_per_area(law, n) for n in (20_000, 60_000)], relative=1e-3, basis="bumps"
        ),
    ]


def _per_area(law: AnnealingLaw, steps: int) -> float:
    """dL/dS2 over -dL/dS1 of the law at the end of a constant run, from two small bumps of the LR."""
    base, gains = np.full(steps, ETA), []
    for begin in (0.2, 0.9):
        lr = base.copy()
        k = round(begin * steps)
        lr[k : k + 200] *= 1.01
        gains.append((end_of(law, Schedule(lr)) - end_of(law, Schedule(base)), lr.sum() - base.sum(), _area(lr)))
    (change, S1, S2), (other, S1_other, S2_other) = gains
    by_S1, by_S2 = np.linalg.solve([[S1, S2], [S1_other, S2_other]], [change, other])
    return float(by_S2 / by_S1)


def _area(lr: FloatArray) -> float:
    """S2 at the end, from the moving average."""
    return float((lr[0] - _twin.averaged(lr)[-1]) / (1.0 - LAMBDA))


# AL-17: other units of a step.


def _units(rescaled: bool, _: Setting) -> list[Check]:
    """A step of k times the tokens is a law with lambda^k and C (1 - lambda^k) / (k (1 - lambda))."""
    checks = []
    for k in (2, 5, 10):
        coarse = wsd(2_000, k * ETA, decay_fraction=0.2)
        fine = Schedule(np.repeat(coarse.lr / k, k))
        factor = LAMBDA**k if rescaled else LAMBDA
        law = replace(_RAMP, decay_factor=factor, C=P0.C / k * (1.0 - factor) / (1.0 - LAMBDA))
        at = np.arange(100, coarse.steps + 1, 100)
        checks.append(
            worst(f"loss with steps {k} times as large", _twin.loss(fine.lr)[k * at - 1], law.predict_at(coarse, at), 1e-12)
        )
    return checks


# AL-25: the loss potential of a checkpoint.

# Annealing coefficients of the first and the second phase (arXiv 2505.07796, figures 3 and 11 and appendix).
_PHASES = {
    "FineWeb": (0.299, 0.298),
    "Knowledge-Pile": (0.278, 0.324),
    "FineWeb, other run": (0.294, 0.264),
    "Pile-of-Law": (0.274, 0.298),
}


def _potential(progress: bool, _: Setting) -> list[Check]:
    """Final loss on a second domain against the LR that the first phase ended with; without `progress` S1 does not count."""
    first, second = 20_000, 20_000
    shares = np.linspace(0.0, 1.0, 6)
    S1, early, late, twins = [], [], [], []
    for p in shares.tolist():
        before = wsd(first, ETA, decay_steps=4_000, final_lr=p * ETA)
        after = linear(second, p * ETA) if p else Schedule(np.zeros(second))
        whole = before.then(after)
        early.append(float(annealing_area(before, LAMBDA)[-1]))
        late.append(float(annealing_area(whole, LAMBDA)[-1]) - early[-1])
        S1.append(float(forward_area(whole)[-1]))
        # Both phases in closed form: the decay of the first, and what a whole linear anneal takes of its begin.
        twins.append((_area(before.lr), _area(whole.lr) - _area(before.lr), float(before.lr.sum() + after.lr.sum())))
    areas = np.array([early, late, S1])
    checks = []
    for name, (C1, C2) in _PHASES.items():
        losses = P0.L0 + P0.A * (areas[2] if progress else areas[2, 0]) ** -P0.alpha - C1 * areas[0] - C2 * areas[1]
        checks.append(at_most(f"largest rise of the final loss with the potential, {name}", 0.0, float(np.diff(losses).max())))
    checks.append(worst("S2 of both phases and S1", np.array(twins).T, areas, 1e-12, 1e-10))
    # From no potential to all of it the annealing moves from the first phase to the second, but for the delay.
    moved = (areas[0, 0] - areas[0, -1], areas[1, -1] - areas[1, 0])
    checks.append(
        near("annealing that moves into the second phase, times (1 - lambda) / eta", 0.755, moved[0] * 1e-3 / ETA, 1e-3)
    )
    checks.append(near("what the second phase gains", 0.95 - 0.245, moved[1] * 1e-3 / ETA, 1e-3))
    return checks


# AL-26: a surface over S1 and S2.


def _bumped(shape: Schedule) -> tuple[Schedule, float, float]:
    """The schedule with three bumps of the LR that change neither area at the end, and how far it could be bent."""
    steps = shape.steps
    bumps = np.zeros((3, steps))
    for k, start in enumerate((3_400, 4_300, 5_200)):
        bumps[k, start : start + 600] = np.sin(np.pi * np.arange(600) / 600)
    changes = [[b.sum(), _area(shape.lr + 1e-6 * b) / 1e-6 - _area(shape.lr) / 1e-6] for b in bumps]
    a, b = np.linalg.solve(np.array(changes[1:]).T, -np.array(changes[0]))
    change = bumps[0] + a * bumps[1] + b * bumps[2]
    bent = Schedule(shape.lr + 0.5 * np.min(shape.lr / np.maximum(np.abs(change), 1e-9)) * change)
    return bent, float(bent.lr.sum() / shape.lr.sum()), _area(bent.lr) / _area(shape.lr)


def _surface(law: Law, _: Setting) -> list[Check]:
    """Two schedules that end at the same S1 and S2, by different ways, have the same loss."""
    checks = []
    T = 6_000
    for shape in (
        wsd(T, ETA, decay_fraction=0.5, final_lr=0.2 * ETA),
        cosine(T, ETA, final_lr=0.1 * ETA),
        linear(T, ETA, final_lr=0.1 * ETA),
    ):
        bent, S1, S2 = _bumped(shape)
        ends = [float(law.predict_at(s, [T])[0]) for s in (shape, bent)]
        checks.append(near(f"loss with three bumps that keep S1 and S2, {shape.name}", ends[0], ends[1], 1e-8))
        checks.append(worst(f"S1 and S2 with the bumps over those without, {shape.name}", 1.0, [S1, S2], 1e-8))
        on_surface = P0.L0 + P0.A * shape.lr.sum() ** -P0.alpha - P0.C * _area(shape.lr)
        checks.append(near(f"loss from S1 and S2 alone, {shape.name}", on_surface, ends[0], 1e-12))
    by_S1, by_S2 = _signs(law)
    checks.append(at_most("change of the loss as S1 grows at equal S2", 0.0, by_S1))
    checks.append(at_most("change of the loss as S2 grows at equal S1", 0.0, by_S2))
    return checks


def _signs(law: Law) -> tuple[float, float]:
    """Changes of the end loss from a longer start at the first LR (S1 alone), and from LR moved to the start (S2 alone)."""
    lr = wsd(6_000, ETA, decay_fraction=0.5, final_lr=0.2 * ETA).lr.copy()
    longer = np.concatenate([np.full(100, ETA), lr])
    moved = lr.copy()
    moved[5_000:5_500] -= 0.1 * lr[5_500]
    moved[1_000:1_500] += 0.1 * lr[5_500]
    ends = [float(law.predict_at(Schedule(one), [one.size])[0]) for one in (lr, longer, moved)]
    return ends[1] - ends[0], ends[2] - ends[0]


register_claims(
    _claim(
        id="AL-04",
        section=f"{_PAGE}#1-the-law",
        statement="At a constant LR the law is Chinchilla's data term with the same exponent.",
        formula="S2 = 0: L = L0 + A eta^-alpha s^-alpha",
        status="read",
        ruling="confirmed",
        premise="The law's formula; no warm-up.",
        breaks="the constant LR: it comes down in the last 100 updates",
        measure=partial(_constant_lr, Schedule(np.full(20_000, ETA))),
        control=partial(_constant_lr, wsd(20_000, ETA, decay_steps=100)),
    ),
    _claim(
        id="AL-07",
        section=f"{_PAGE}#4-the-delay",
        statement="The drop of the loss lags behind the drop of the LR, relatively more for steeper anneals.",
        formula="after a step drop 1 - lambda^n; at the end of a linear anneal 1 - lambda (1 - lambda^D) / (D (1 - lambda))",
        status="read",
        ruling="confirmed within the model",
        premise="The law's formula with lambda = 0.999.",
        breaks="the decay factor: 0.99",
        measure=partial(_delay, LAMBDA),
        control=partial(_delay, 0.99),
        note="The law's lag is a fixed number of updates, 1 / (1 - lambda). On a noisy quadratic it is a fixed cumulative LR: AL-20.",
    ),
    _claim(
        id="AL-08",
        section=f"{_PAGE}#4-the-delay",
        statement="The loss falls suddenly when the LR anneals, the more so relative to progress the longer the run was.",
        formula="dL/ds = -alpha A S1^(-alpha-1) eta_s - C m_s",
        status="read",
        ruling="confirmed within the model",
        premise="The published fit.",
        breaks="the annealing term: C = 0",
        measure=partial(_slopes, _RAMP),
        control=partial(_slopes, replace(_RAMP, C=0.0)),
        note="Partly by construction, as a reviewer said: S2 is part of the law.",
    ),
    _claim(
        id="AL-17",
        section=f"{_PAGE}#2-steps-units-and-warm-up",
        statement="The law is one of steps: with k times the tokens to a step the decay factor becomes lambda^k.",
        formula="A unchanged per unit of LR, lambda^k, C (1 - lambda^k) / (k (1 - lambda))",
        status="derived",
        ruling="derived here",
        premise="The law's formula.",
        breaks="the rescaled decay factor: it stays 0.999",
        measure=partial(_units, True),
        control=partial(_units, False),
        note="Validity across batch sizes and architectures is outside what can be checked here: constants are fitted anew.",
    ),
    _claim(
        id="AL-25",
        paper="arXiv 2505.07796, finding 3",
        section=f"{_PAGE}#7-continual-pre-training-and-model-size",
        statement="The higher the LR a first phase ends with, the lower the loss on a second domain after its own decay.",
        formula="L = L0 + A S1^-alpha - C_1 S2_1 - C_2 S2_2, for the four published pairs of C_1 and C_2",
        status="read",
        ruling="confirmed within the model",
        premise="The law with an annealing coefficient for each phase; progress counts on both domains.",
        breaks="the progress: only annealing counts",
        measure=partial(_potential, True),
        control=partial(_potential, False),
        note="Where both coefficients are alike (FineWeb) the gain is progress alone: annealing only moves between the phases, and "
        "by the delay a little of it is lost.",
    ),
    _claim(
        id="AL-26",
        paper="arXiv 2505.07796, figure 4",
        section=f"{_PAGE}#1-the-law",
        statement="The loss is a surface over S1 and S2, falling in both: how they were reached does not matter.",
        formula="L(S1, S2) = L0 + A S1^-alpha - C S2",
        status="read",
        ruling="confirmed within the model",
        premise="The law's formula.",
        breaks="the law: the multi-power law, which remembers the way",
        measure=partial(_surface, _RAMP),
        control=partial(_surface, MultiPowerLaw(L0=2.5, A=0.43, alpha=0.55, B=400.0, K=0.2)),
    ),
)
