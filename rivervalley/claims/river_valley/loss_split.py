"""Claims of the river-valley view (arXiv 2410.05192) on progress along straight rivers, and on the height of the hills.

Legend: eta the LR, h a curvature, s2 the noise variance, S the cumulative LR, V = E y^2 of a hill, V* its stationary value.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rivervalley import schedules, theory
from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, agreement, at_least, at_most, near, sampled, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.claims.river_valley import _twin
from rivervalley.landscapes import ExponentialRiver, FlatRiver, LinearRiver, PowerRiver, RiverValley
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2410.05192")
_PAGE = "docs/theory/river_valley.md"
HILLS = np.geomspace(0.05, 2.0, 15)


# RV-04: progress along the river is a function of the cumulative LR.


def _power_place(scale: float, p: float, lr: FloatArray) -> float:
    """x after these LR on scale (1 + x)^-p. With A the scale, (1 + x)^(p + 2) = W = 1 + (p + 2) A p S in flow.

    Steps of eta follow the flow of c + eta c'^2 / 4, which adds (p + 2) (p + 1) A^2 p^2 eta / 2 dS / W to W.
    """
    S = np.cumsum(lr) - 0.5 * lr
    rate = (p + 2.0) * scale * p
    W = 1.0 + rate * lr.sum() + 0.5 * rate * scale * p * (p + 1.0) * float(np.sum(lr**2 / (1.0 + rate * S)))
    return float(W ** (1.0 / (p + 2.0)) - 1.0)


def _equal_sums(by_sum: bool, _: Setting) -> list[Check]:
    """Without by_sum progress is predicted from steps at the peak LR."""
    eta = 0.1
    valley = RiverValley([1.0], 0.0, PowerRiver(1.0, 1.0))
    runs = {
        "constant": (schedules.constant(4000, eta), np.full(4000, eta)),
        "twice the LR": (schedules.constant(4000, 2.0 * eta), np.full(4000, 2.0 * eta)),
        "cosine": (schedules.cosine(8000, eta), eta * np.cos(0.5 * np.pi * np.arange(1, 8001) / 8000) ** 2),
        "wsd": (
            schedules.wsd(4400, eta, decay_fraction=0.1),
            np.append(np.full(3960, eta), eta * (1.0 - np.arange(1, 441) / 440)),
        ),
    }
    places = np.array([valley.expected(s, s.steps).state[0, -1] for s, _lr in runs.values()])
    told = [_power_place(1.0, 1.0, lr if by_sum else np.full(lr.size, lr.max())) for _s, lr in runs.values()]
    walked = [_twin.descent(lr, lambda x: -((1.0 + x) ** -2.0)) for _s, lr in runs.values()]
    sums = np.array([eta * 4000, 2.0 * eta * 4000, 0.5 * eta * 7999, eta * (3960 + 219.5)])
    flow = np.array([float(valley.river.position(float(s.lr.sum()))) for s, _lr in runs.values()])
    return [
        worst("place on the river after four schedules, from their S", told, places, relative=2e-4, basis="eta^2"),
        worst("the same, against steps written out", walked, places, relative=1e-11),
        worst("S of the four schedules", sums, [float(s.lr.sum()) for s, _lr in runs.values()], relative=1e-12),
        worst(
            "the package's place of the flow, (3 S + 1)^(1/3) - 1", (3.0 * sums + 1.0) ** (1 / 3) - 1.0, flow, relative=1e-12
        ),
        near(
            "progress at twice the LR in as many steps, 2^(1/3) for large S",
            2.0 ** (1 / 3),
            (places[1] + 1) / (places[0] + 1),
            1e-3,
        ),
    ]


# RV-08: SGD's progress and that of gradient descent.


def _mean_progress(told_noise: bool, setting: Setting) -> list[Check]:
    """Without told_noise the mean on a bent river is predicted to be that of gradient descent."""
    count, sigma = setting.trajectories(16_384, 8_192), 0.4
    lr = np.full(400, 0.05)
    s = Schedule(lr)
    bent = simulate(
        RiverValley([1.0], 0.1, ExponentialRiver(1.0, 1.0), river_noise_std=sigma), s, count, setting.seed, record_every=400
    ).state[:, -1]
    straight = simulate(
        RiverValley(HILLS, 0.1, LinearRiver(0.2), river_noise_std=sigma), s, count, setting.seed, record_every=400
    ).state[:, -1]
    descent = _twin.descent(lr, lambda x: float(-np.exp(-x)))
    mean, variance = _noisy_exponential(lr, sigma)
    gain = (mean if told_noise else descent) - descent
    return [
        sampled("lead of SGD over gradient descent on c = e^-x", gain, bent - descent, 2.0 * variance, "Var(x)"),
        sampled("mean place where the slope is constant: that of gradient descent", 0.2 * lr.sum(), straight),
        sampled("spread there, sum eta^2 s2", sigma**2 * float(np.sum(lr**2)), (straight - 0.2 * lr.sum()) ** 2),
    ]


def _noisy_exponential(lr: FloatArray, sigma: float) -> tuple[float, float]:
    """Mean and variance of x on e^-x by their first two moments: x moves by eta (c''' Var / 2 included) and Var shrinks by c''."""
    x = variance = 0.0
    for eta in lr.tolist():
        e = float(np.exp(-x))
        x, variance = (
            x + eta * e * (1.0 + 0.5 * variance),
            variance * (1.0 - eta * e) ** 2 + 0.5 * (eta * e * variance) ** 2 + eta**2 * sigma**2,
        )
    return x, variance


# RV-09: the hill loss of the stable phase.


def _stationary(noise_scale: float, setting: Setting) -> list[Check]:
    valley = RiverValley(HILLS, 0.1 * noise_scale, FlatRiver())
    checks, shares = [], []
    for eta in (0.05, 0.2, 0.5):
        exact = float(_twin.hill_loss(_twin.stationary(eta, HILLS, 0.01), HILLS))
        # Long enough that the flattest hill has forgotten its start to 1e-6.
        steps = round(7.0 / (eta * HILLS.min()))
        run = simulate(valley, schedules.constant(steps, eta), setting.trajectories(8192, 2048), setting.seed, steps)
        loss, error, bound = float(run.loss[-1]), float(run.loss_stderr[-1]), HILLS.size * eta * 0.01 / 2.0
        checks.append(agreement(f"hill loss at an LR of {eta:g}", exact, loss, error, 2e-6, "the start"))
        shares.append((at_most, f"hill loss over the bound (d - 1) eta s2 / 2 at {eta:g}", 1.0, loss / bound, error / bound))
        shares.append((at_least, f"the same: at least half, at {eta:g}", 0.5, loss / bound, error / bound))
        told = float(np.sum(theory.stationary_hill_loss(eta, HILLS, 0.1)))
        checks.append(near(f"the package's formula at {eta:g}", exact, told, relative=1e-12))
    return [*checks, *(way(what, bound, share, standard_error=error) for way, what, bound, share, error in shares)]


# RV-P01 and RV-P02: stationary variance and transient.


def _stationary_recursion(noise_scale: float, _: Setting) -> list[Check]:
    valley = RiverValley(HILLS, 0.1 * noise_scale, FlatRiver())
    checks = []
    for eta in (0.05, 0.5, 0.9):
        steps = round(20.0 / (eta * HILLS.min()))
        run = valley.expected(schedules.constant(steps, eta), steps)
        exact = _twin.stationary(eta, HILLS, 0.01)
        assert run.state_variance is not None
        checks.append(worst(f"variance that the recursion ends on at {eta:g}", exact, run.state_variance[:-1], relative=1e-10))
        checks.append(worst(f"the package's V* at {eta:g}", exact, theory.stationary_variance(eta, HILLS, 0.1), relative=1e-12))
    H = np.array([[1.0, 0.3], [0.3, 0.5]])
    sigma = np.array([[0.2, -0.05], [-0.05, 0.1]])
    V = theory.stationary_covariance(0.4, H, sigma)
    A = np.eye(2) - 0.4 * H
    left = A @ V @ A + 0.16 * sigma - V
    checks.append(worst("coupled modes: what a further update changes", 0.0, left, 1e-14))
    return checks


def _transient(lr_scale: float, _: Setting) -> list[Check]:
    """The formula is told of an LR `lr_scale` times as large."""
    eta, start = 0.3, 1.7
    checks = []
    for steps in (1, 10, 100, 1000):
        valley = RiverValley(HILLS, 0.1, FlatRiver(), start_hill=start)
        run = valley.expected(schedules.constant(steps, eta), steps)
        assert run.state_variance is not None
        second_moment = run.state_variance[:-1] + run.state[0, :-1] ** 2
        told = theory.transient_variance(steps, eta * lr_scale, HILLS, 0.1, start**2)
        checks.append(worst(f"V after {steps} updates", told, second_moment, relative=1e-10))
        twin = _twin.second_moments(np.full(steps, eta), HILLS, 0.01, start**2)[-1]
        checks.append(worst(f"the recursion against its twin, {steps} updates", twin, second_moment, relative=1e-12))
    return checks


# RV-P03: the exact expectation of any schedule.


def _any_schedule(noise_scale: float, setting: Setting) -> list[Check]:
    # Random LR, a new one every ten updates: nothing that any theory of smooth schedules could use.
    lr = np.repeat(np.random.default_rng([setting.seed, 3]).uniform(0.0, 0.9, 150), 10)
    hills = np.geomspace(0.05, 2.0, 40)

    def valley(scale: float) -> RiverValley:
        return RiverValley(hills, 0.1 * scale, LinearRiver(0.001), river_noise_std=0.1, start_hill=0.05)

    at = np.array([1, 2, 10, 100, 500, 1000, 1500])
    run = simulate(valley(noise_scale), Schedule(lr), setting.trajectories(4096, 1024), setting.seed, record_at=at)
    twin = (
        _twin.hill_loss(_twin.second_moments(lr, hills, 0.01, 0.05**2), hills)[at - 1] - 0.001 * 0.001 * np.cumsum(lr)[at - 1]
    )
    return [
        agreement("expected loss under random LR", twin, run.loss, run.loss_stderr),
        worst("the package's expectation", twin, valley(1.0).expected(Schedule(lr), record_at=at).loss, 1e-12, 1e-10),
    ]


# RV-P09: closed forms in S.


def _river_closed_forms(stated: tuple[float, float], _: Setting) -> list[Check]:
    """`stated` are the exponent and the rate told to the formulas, for rivers of 2 and 0.5."""
    p, k = stated
    eta, A, B = 0.05, 1.5, 2.0
    at = np.unique(np.geomspace(100, 40_000, 30).astype(int))
    s = schedules.constant(40_000, eta)
    S = eta * at
    on_power = RiverValley([1.0], 0.0, PowerRiver(A, 2.0)).expected(s, record_at=at)
    on_exponential = RiverValley([1.0], 0.0, ExponentialRiver(B, 0.5)).expected(s, record_at=at)
    rate = (p + 2.0) * A * p
    W = 1.0 + rate * S + 0.5 * eta * A * p * (p + 1.0) * np.log1p(rate * S)
    inverse = 1.0 / B + k**2 * S + 0.5 * eta * k**2 * np.log1p(B * k**2 * S)
    late = S > 50.0
    slope = np.polyfit(np.log(S[late]), np.log(on_power.loss[late]), 1)[0]
    flow = PowerRiver(A, 2.0)
    return [
        worst(
            "loss on A (1 + x)^-p in S and eta", A * W ** (-p / (p + 2.0)), on_power.loss, relative=1e-3, basis="(eta c'')^2"
        ),
        worst("loss on A e^(-k x) in S and eta", 1.0 / inverse, on_exponential.loss, relative=2e-4, basis="eta^2"),
        near("power of S in the first, -p / (p + 2)", -p / (p + 2.0), slope, 0.002, basis="eta ln S / S and 1 / S"),
        worst(
            "the package's loss of the flow, A (1 + x)^-p",
            A * (1.0 + 12.0 * S) ** -0.5,
            flow.loss(flow.position(S)),
            relative=1e-12,
        ),
        worst(
            "the same on A e^(-k x): A / (1 + A k^2 S)",
            B / (1.0 + 0.5 * S),
            ExponentialRiver(B, 0.5).loss(ExponentialRiver(B, 0.5).position(S)),
            relative=1e-12,
        ),
    ]


register_claims(
    _claim(
        id="RV-04",
        section=f"{_PAGE}#3-progress-along-a-straight-river",
        statement="A larger LR makes more progress along the river in the same steps; the place depends on S alone.",
        formula="c = (1 + x)^-1: x(S) = (3 S + 1)^(1/3) - 1, and 1 + x = (3 S + 1 + eta ln(3 S + 1))^(1/3) in steps of eta",
        status="read",
        kind="asymptotic",
        ruling="confirmed within the model",
        premise="A straight river of constant width.",
        breaks="the clock: steps at the peak LR in place of the cumulative LR",
        measure=partial(_equal_sums, True),
        control=partial(_equal_sums, False),
        note="In a narrowing valley a larger LR is not always faster (RV-06).",
    ),
    _claim(
        id="RV-08",
        section=f"{_PAGE}#3-progress-along-a-straight-river",
        statement="In the stable phase SGD makes the same progress along the river as gradient descent.",
        formula="d E x / dS = -c' - c''' Var(x) / 2; Var x = sum eta^2 s2 where the slope is constant",
        status="read",
        kind="statistical",
        ruling="corrected",
        correction="Exactly so where the slope is constant; on e^-x noise along the river carries SGD ahead by c''' Var(x) / 2 in S.",
        premise="A straight river; noise along it.",
        breaks="the noise: left out of the mean's prediction",
        measure=partial(_mean_progress, True),
        control=partial(_mean_progress, False),
    ),
    _claim(
        id="RV-09",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="The hill loss of the stable phase is of the order (d - 1) eta sigma^2, linear in the LR.",
        formula="sum eta s2 / (2 (2 - eta h)), within [1/2, 1] of (d - 1) eta s2 / 2 while eta h <= 1",
        status="read",
        kind="statistical",
        ruling="corrected",
        correction="The constant 1/2 is an upper bound: each mode carries 1 / (2 (2 - eta h)), a quarter for gentle hills.",
        premise="Quadratic hills; constant LR long enough to be stationary.",
        breaks="the noise: 10 % stronger",
        measure=partial(_stationary, 1.0),
        control=partial(_stationary, 1.1),
    ),
    _claim(
        id="RV-P01",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="Every hill has a stationary variance at a constant LR.",
        formula="V* = eta s2 / (h (2 - eta h)); coupled modes V = (I - eta H) V (I - eta H) + eta^2 Sigma",
        status="derived",
        kind="exact",
        ruling="derived here",
        premise="Quadratic hills; constant LR.",
        breaks="the noise: 2 % stronger",
        measure=partial(_stationary_recursion, 1.0),
        control=partial(_stationary_recursion, 1.02),
    ),
    _claim(
        id="RV-P02",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="A hill's second moment relaxes geometrically to its stationary value.",
        formula="V_t = V* + (V_0 - V*) (1 - eta h)^(2 t)",
        status="derived",
        kind="exact",
        ruling="derived here",
        premise="Quadratic hills; constant LR.",
        breaks="the LR told to the formula: 2 % larger",
        measure=partial(_transient, 1.0),
        control=partial(_transient, 1.02),
    ),
    _claim(
        id="RV-P03",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="The expected loss of any schedule follows from an exact recursion of means and variances.",
        formula="m <- (1 - eta h) m, V <- (1 - eta h)^2 V + eta^2 s2",
        status="derived",
        kind="statistical",
        ruling="derived here",
        premise="Quadratic hills beside a river of constant slope.",
        breaks="the noise: 10 % stronger",
        measure=partial(_any_schedule, 1.0),
        control=partial(_any_schedule, 1.1),
    ),
    _claim(
        id="RV-P09",
        section=f"{_PAGE}#3-progress-along-a-straight-river",
        statement="On a straight river loss and place are functions of the cumulative LR, in closed form.",
        formula="c = A (1 + x)^-p: loss ~ S^(-p / (p + 2)); c = A e^(-k x): loss = A / (1 + A k^2 S); first order in eta added",
        status="derived",
        kind="asymptotic",
        ruling="derived here",
        premise="A straight river without noise; small steps.",
        breaks="the river's exponent and rate: a tenth smaller",
        measure=partial(_river_closed_forms, (2.0, 0.5)),
        control=partial(_river_closed_forms, (1.8, 0.45)),
    ),
)
