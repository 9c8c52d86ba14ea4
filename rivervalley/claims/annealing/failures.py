"""Where the annealing law (arXiv 2408.11029) fails, in the way and by the size that can be told beforehand.

Legend: E the moving average of the rate that S2 holds, h a curvature, s2 noise variance, kappa relaxation per unit of rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from rivervalley import schedules
from rivervalley.claims.annealing.published_fit import ETA, LAMBDA, P0
from rivervalley.claims.checks import Check, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.curves.curve import LossCurve
from rivervalley.landscapes import FlatRiver, RiverValley
from rivervalley.laws import AnnealingLaw, Law, RelaxationLaw
from rivervalley.planning.plan import closed_forms
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2408.11029")


# AL-18: zeros at the end.


def _padded(law: Law, setting: Setting) -> list[Check]:
    run = schedules.wsd(20_000, ETA, decay_steps=500)
    zeros = 5_000
    loss = law.predict(run.then(Schedule(np.zeros(zeros))))
    E = 0.0
    for eta in run.lr.tolist():
        E = LAMBDA * E + (1.0 - LAMBDA) * eta if E else eta
    n = np.arange(1, zeros + 1)
    expected = P0.C * E * (1.0 - LAMBDA**n) * LAMBDA / (1.0 - LAMBDA)
    checks = [
        worst("fall of the law while the rate is 0", expected[99::500], loss[19_999] - loss[20_000:][99::500], relative=5e-3)
    ]
    checks.append(near("the most it can fall, nats", 0.082, P0.C * ETA / (1.0 - LAMBDA), 5e-4))
    valley = RiverValley([0.5, 2.0], 0.1)
    moving = simulate(
        valley, schedules.constant(500, 0.3).then(Schedule(np.zeros(500))), 64, setting.seed, record_at=[500, 1000]
    )
    checks.append(near("fall of SGD in a valley meanwhile", 0.0, moving.loss[0] - moving.loss[1], 1e-15))
    return checks


# AL-19: no best peak.


def _scaled(law: AnnealingLaw, _: Setting) -> list[Check]:
    shape = schedules.wsd(50_000, ETA, decay_fraction=0.2)
    ends = np.array([law.predict_at(shape.scaled(c), [50_000])[0] for c in (1.0, 2.0, 4.0, 16.0, 64.0)])
    checks = [at_most("largest rise of the loss as all rates grow", 0.0, float(np.diff(ends).max()))]
    dropped = Schedule(np.concatenate([np.full(200_000, 1.0), np.zeros(20_000)]))
    bound = law.L0 * (1.0 - law.decay_factor) / law.C
    checks.append(near("peak beyond which the loss can be below 0", 6.4e-3, bound, 1e-4))
    checks.append(
        at_most("loss of such a run at 1.2 times that peak", 0.0, law.predict_at(dropped.scaled(1.2 * bound), [220_000])[0])
    )
    for steps, length in ((10_000, 1394), (20_000, 2494), (50_000, 3991), (100_000, 5112), (200_000, 6218)):

        def cost(n: float, steps: int = steps) -> float:
            lr = np.full(steps, ETA)
            lr[steps - round(n) :] = 0.0
            return float(law.predict_at(Schedule(lr), [steps])[0])

        found = float(minimize_scalar(cost, bounds=(200.0, 15_000.0), method="bounded").x)
        checks.append(near(f"updates at rate 0 in the law's best run of {steps}", length, found, relative=0.02))
        closed = closed_forms(law, round(steps - found), ETA)["drop_steps"]
        checks.append(near(f"ln(C S1^(alpha+1) / (alpha A)) / -ln lambda at {steps}", closed, found, relative=0.01))
    return checks


# AL-20: SGD's clock is summed rate.

_H, _TRACE = 0.0025, 0.3


def _valley() -> RiverValley:
    """A quadratic: a power law of slow modes that descend, and one noisy mode."""
    j = np.arange(1.0, 401.0)
    slow = 5e-3 * j**-1.5
    start = np.sqrt(0.4 * j**-1.6 / slow)
    return RiverValley(
        np.append(slow, _H), np.append(np.zeros(400), np.sqrt(_TRACE)), FlatRiver(), start_hill=np.append(start, 0.0)
    )


def _curve(valley: RiverValley, s: Schedule, every: int = 200) -> LossCurve:
    run = valley.expected(s, every)
    kept = run.steps >= 1000
    return LossCurve(run.steps[kept], 2.0 + run.loss[kept], s, s.name)


def _relaxation_times(clock: float) -> list[Check]:
    """Updates in which the loss falls by 1 - 1/e of what it will, after the rate drops to l, for a law with this clock."""
    valley = RiverValley([_H], np.sqrt(_TRACE), FlatRiver())
    checks = []
    law = RelaxationLaw(L0=1.0, A=0.0, alpha=0.5, B=0.075, relaxation=2.0 * _H, clock=clock)
    for rate, stated in ((0.5, 400), (0.3, 667), (0.1, 2000), (0.03, 6667)):
        s = schedules.constant(6_000, 1.0).then(schedules.constant(60_000, rate))
        loss = valley.expected(s, 1).loss
        left = (loss[6_000:] - loss[-1]) / (loss[5_999] - loss[-1])
        time = float(np.argmax(left < np.exp(-1.0))) + 1.0
        checks.append(near(f"updates after a drop to {rate}: SGD", stated, time, relative=0.02))
        told = law.predict(s)
        left = (told[6_000:] - told[-1]) / (told[5_999] - told[-1])
        checks.append(
            near(f"updates after a drop to {rate}: the law", stated, float(np.argmax(left < np.exp(-1.0))) + 1.0, relative=0.02)
        )
    return checks


def _clock(setting: Setting, clock: float = 1.0) -> list[Check]:
    """Fitted to a constant and a cosine run, the law on the clock of summed rates predicts nine other schedules."""
    valley, T = _valley(), 20_000
    fitted = [_curve(valley, s) for s in (schedules.constant(T, 1.0), schedules.cosine(T, 1.0))]
    law = RelaxationLaw.fit(fitted, clock=clock, warmup_area="ramp")
    others = [
        schedules.wsd(T, 1.0, decay_fraction=0.1),
        schedules.wsd(T, 1.0, decay_fraction=0.3, decay_shape="sqrt"),
        schedules.multi_step(T, 1.0, boundaries=[0.5], factors=[0.1]),
        schedules.multi_step(T, 1.0, boundaries=[0.5], factors=[0.3]),
        schedules.linear(T, 1.0),
        schedules.cosine(T, 1.0, final_lr=0.1),
        schedules.cyclic_cosine([8_000, T], 1.0, final_lr=0.05),
        schedules.constant(12_000, 1.0).then(Schedule(np.zeros(4_000))),
    ]
    shown = others[:3] if setting.quick else others
    errors = [law.score(_curve(valley, s)).mape for s in shown]
    checks = _relaxation_times(clock) if clock else []
    checks += [
        near("relaxation per unit of rate, 2 h", 2.0 * _H, law.relaxation, relative=0.05),
        near("gain, tr(Sigma) / 4", 0.25 * _TRACE, law.B, relative=0.03),
        at_most(f"largest mean relative error on {len(shown)} other schedules", 1e-3, max(errors)),
    ]
    steps = AnnealingLaw.fit(fitted, decay_factor=None)
    wsd = _curve(valley, others[0])
    missed = float(steps.predict_at(wsd.schedule, [T])[0] - wsd.loss[-1])
    checks.append(at_most("decay factor that the law of steps picks from these two", 0.9, steps.decay_factor))
    checks.append(at_most("its error at the end of WSD, nats: far too low", -0.015, missed))
    return checks


# AL-21: rates at random.


def _random_rates(spread: float, setting: Setting) -> list[Check]:
    """Rates uniform in 1/2 +- spread / 2 of the largest; without spread they are all 1/2."""
    rng = np.random.default_rng([setting.seed, 21])
    steps, h, scale = 60_000 if setting.quick else 200_000, 2.0, 0.005
    lr = scale * (0.5 + spread * (rng.random(steps) - 0.5))
    valley = RiverValley([h], 1.0, FlatRiver())
    late = np.arange(2_000, steps + 1, 10)
    shaken = valley.expected(Schedule(lr), record_at=late).loss.mean()
    still = valley.stationary_hill_loss(scale)
    law = AnnealingLaw(L0=1.0, A=0.0, alpha=0.5, C=1e-3 / scale, decay_factor=0.999)
    seen = 1.0 - (1.0 - law.predict_at(Schedule(np.append(scale, lr)), late).mean()) * (1.0 - 0.999) / 1e-3
    # Five standard errors of functions of n uniform numbers, the relative variance of mean square over mean being 2 / (15 n),
    # beside what is of second order in eta h, and what is left of the first rates in a memory of 1,000 updates.
    squares = 5.0 * (2.0 / 3.0) * np.sqrt(2.0 / 15.0 / steps) + 0.5 * h * scale
    mean = 5.0 * np.sqrt(1.0 / 12.0 / steps) + 0.002
    return [
        near("SGD's excess over that at the largest rate, E[eta^2] / E[eta] = 2/3", 2.0 / 3.0, shaken / still, squares),
        near("the law's, E[eta] = 1/2", 0.5, float(seen), mean),
    ]


_CLOCKED = RelaxationLaw(
    L0=P0.L0, A=P0.A, alpha=P0.alpha, B=P0.C / (1.0 - LAMBDA), relaxation=float(-np.log(LAMBDA)), clock=1.0, warmup_area="ramp"
)

CLAIMS: Sequence[Claim] = (
    _claim(
        id="AL-18",
        section="docs/theory/annealing.md#61-zero-lr",
        ruling="refuted",
        premise="Parameters do not move where the LR is 0.",
        breaks="the clock of steps: the same law on a clock of cumulative LR",
        correction="Where the LR is 0 the loss stands still; a clock of cumulative LR does too.",
        statement="A failure: the law goes on falling while the rate is 0 and nothing moves.",
        formula="C E_end (1 - lambda^n) / (1 - lambda), up to 0.082 nats",
        status="read",
        kind="exact",
        measure=partial(_padded, P0),
        control=partial(_padded, _CLOCKED),
        note="A clock of summed rates (the control) does not: it stands still with the rate.",
    ),
    _claim(
        id="AL-19",
        section="docs/theory/annealing.md#62-no-best-peak-lr",
        ruling="refuted",
        premise="The published fit.",
        breaks="the decay factor: 0.99",
        correction="SGD has a best peak LR and diverges beyond its stability limit; the law must not be optimised over the peak.",
        statement="A failure: the law has no best peak rate, and its best schedule is the peak and then rate 0.",
        formula="n* = ln(C S1^(alpha+1) / (alpha A)) / -ln lambda; L < 0 possible above eta = L0 (1 - lambda) / C",
        status="read",
        kind="exact",
        measure=partial(_scaled, P0),
        control=partial(_scaled, replace(P0, decay_factor=0.99)),
        note="Why the peak rate must never be optimised under a law of this kind.",
    ),
    _claim(
        id="AL-20",
        section="docs/theory/annealing.md#63-sgds-clock",
        ruling="refuted",
        premise="A quadratic with one noisy mode, in exact expectation.",
        breaks="the clock of the relaxation law: steps",
        correction="On SGD the loss relaxes in cumulative LR, with time 1 / (2 l h) at LR l.",
        statement="A failure on SGD: the loss relaxes in summed rate, not in steps.",
        formula="1/e time 1 / (2 l h) after a drop to l; kappa = 2 h, gain tr(Sigma) / 4",
        status="derived",
        kind="exact",
        measure=_clock,
        control=partial(_clock, clock=0.0),
        note="With the clock of summed rates two curves predict all others to 0.1 %. On curves of Adam the clock of steps is as "
        "good or better, so both are kept.",
    ),
    _claim(
        id="AL-21",
        section="docs/theory/annealing.md#64-random-lr",
        ruling="refuted",
        premise="One noisy quadratic mode, in exact expectation.",
        breaks="the spread of the LR: all are equal",
        correction="SGD's excess is that of the mean square over the mean LR, 2/3 of the largest.",
        statement="A failure on SGD: of random rates the law sees the mean, SGD the mean square.",
        formula="E[eta^2] / E[eta] = 2/3 against E[eta] = 1/2, for rates uniform in [0, 1]",
        status="derived",
        kind="statistical",
        measure=partial(_random_rates, 1.0),
        control=partial(_random_rates, 0.0),
    ),
)
