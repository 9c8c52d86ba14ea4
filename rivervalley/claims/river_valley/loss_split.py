"""Claims of the river-valley view (Wen, Li, Wang, Hall, Liang and Ma, arXiv 2410.05192) on the stable phase.

Legend: eta the rate, h a curvature, s2 the noise variance, S the summed rate, V = E y^2 of a hill, V* its stationary value.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, agreement, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.landscapes import ExponentialRiver, FlatRiver, LinearRiver, PowerRiver, RiverValley
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

PAPER = "arXiv 2410.05192"
_claim = partial(Claim, paper=PAPER)

HILLS = np.geomspace(0.05, 2.0, 15)


# RV-04: progress along the river is a function of the summed rate.


def _equal_sums(broken: bool) -> list[Check]:
    valley = RiverValley([1.0], 0.0, PowerRiver(1.0, 1.0))
    runs = [
        schedules.constant(steps=4000, peak_lr=0.1),
        schedules.constant(steps=2000, peak_lr=0.2),
        schedules.cosine(steps=8000, peak_lr=0.1),
        schedules.wsd(steps=4400, peak_lr=0.1, decay_fraction=0.1),
    ]
    # Broken: as if progress went by steps at the peak rate.
    sums = [s.peak_lr * s.steps if broken else float(s.lr.sum()) for s in runs]
    places = [valley.expected(s).state[0, -1] for s in runs]
    exact = [float(valley.river.position(total)) for total in sums]
    doubled = valley.expected(schedules.constant(steps=4000, peak_lr=0.2)).state[0, -1]
    return [
        worst("river position after a summed rate S", exact, places, relative=2e-3),
        at_least("progress at twice the rate, same steps / at the rate", 1.2, doubled / places[0]),
    ]


# RV-08: SGD's progress is that of GD.


def _mean_progress(setting: Setting, curved: bool) -> list[Check]:
    river = ExponentialRiver(1.0, 2.0) if curved else LinearRiver(0.2)
    noisy = RiverValley(HILLS, 0.1, river, river_noise_std=1.0)
    quiet = RiverValley(HILLS, 0.0, river)
    schedule = schedules.wsd(steps=2000, peak_lr=0.2, decay_fraction=0.2)
    run = simulate(noisy, schedule, setting.trajectories(2048), setting.seed)
    x = run.state[:, -1]
    gd = float(quiet.expected(schedule).state[0, -1])
    checks = [agreement("mean river coordinate, SGD against GD", gd, x.mean(), x.std(ddof=1) / np.sqrt(x.size))]
    if not curved:
        floor = float(np.sum(schedule.lr**2))
        spread = (x - gd) ** 2
        error = spread.std(ddof=1) / np.sqrt(x.size)
        checks.append(agreement("variance of the river coordinate, sum eta^2 s2", floor, spread.mean(), error))
    return checks


# RV-09, RV-10 and RV-P01: the stationary hill loss.


def _stationary(setting: Setting, noise_scale: float) -> list[Check]:
    valley = RiverValley(HILLS, 0.1 * noise_scale, FlatRiver())
    checks = []
    for eta in (0.05, 0.2, 0.5):
        exact = float(theory.stationary_hill_loss(eta, HILLS, 0.1).sum())
        # Long enough that the flattest hill has forgotten its start to 1e-6.
        steps = round(7.0 / (eta * HILLS.min()))
        run = simulate(valley, schedules.constant(steps=steps, peak_lr=eta), setting.trajectories(4096), setting.seed, steps)
        checks.append(agreement(f"hill loss at a rate of {eta:g}", exact, run.loss[-1], run.loss_stderr[-1], bias=2e-6))
        bound = HILLS.size * eta * 0.01 / 2.0
        checks.append(at_most(f"hill loss / bound (d-1) eta s2 / 2 at {eta:g}", 1.0, exact * noise_scale**2 / bound))
        checks.append(at_least(f"hill loss / bound at {eta:g}", 0.5, exact * noise_scale**2 / bound))
    return checks


def _stationary_recursion(noise_scale: float) -> list[Check]:
    valley = RiverValley(HILLS, 0.1 * noise_scale, FlatRiver())
    checks = []
    for eta in (0.05, 0.5, 0.9):
        run = valley.expected(schedules.constant(steps=round(20.0 / (eta * HILLS.min())), peak_lr=eta))
        exact = theory.stationary_variance(eta, HILLS, 0.1)
        assert run.state_variance is not None
        checks.append(worst(f"V* = eta s2 / (h (2 - eta h)) at {eta:g}", exact, run.state_variance[:-1], relative=1e-10))
    return checks


# RV-P02: the transient.


def _transient(scale: float) -> list[Check]:
    eta, start = 0.3, 1.7
    checks = []
    for steps in (1, 10, 100, 1000):
        run = RiverValley(HILLS, 0.1, FlatRiver(), start_hill=start).expected(schedules.constant(steps=steps, peak_lr=eta))
        assert run.state_variance is not None
        second_moment = run.state_variance[:-1] + run.state[0, :-1] ** 2
        exact = theory.transient_variance(steps, eta * scale, HILLS, 0.1, start**2)
        checks.append(worst(f"V after {steps} steps", exact, second_moment, relative=1e-10))
    return checks


# RV-P03: the exact expectation of any schedule.


def _any_schedule(setting: Setting, noise_scale: float) -> list[Check]:
    # Random rates, a new one every ten updates: nothing that any theory of smooth schedules could use.
    rates = np.repeat(np.random.default_rng([setting.seed, 3]).uniform(0.0, 0.9, 150), 10)
    schedule = Schedule(rates, name="random rates")
    hills = np.geomspace(0.05, 2.0, 60)
    valley = RiverValley(hills, 0.1 * noise_scale, LinearRiver(0.001), river_noise_std=0.1, start_hill=0.05)
    exact = RiverValley(hills, 0.1, LinearRiver(0.001), river_noise_std=0.1, start_hill=0.05).expected(schedule)
    run = simulate(valley, schedule, setting.trajectories(4096), setting.seed)
    return [agreement("expected loss under random rates", exact.loss, run.loss, run.loss_stderr)]


# RV-P09: a straight river depends on the schedule through S alone.


def _river_closed_forms(stated: tuple[float, float]) -> list[Check]:
    power, rate = stated
    steps = 40_000
    schedule = schedules.constant(steps=steps, peak_lr=0.05)
    at = np.geomspace(100, steps, 30).astype(int)
    S = 0.05 * at
    on_power = RiverValley([1.0], 0.0, PowerRiver(1.5, 2.0)).expected(schedule, record_at=np.unique(at))
    on_exponential = RiverValley([1.0], 0.0, ExponentialRiver(2.0, 0.5)).expected(schedule, record_at=np.unique(at))
    predicted = PowerRiver(1.5, power)
    late = S > 50.0
    slope = np.polyfit(np.log(S[late]), np.log(on_power.loss[late]), 1)[0]
    return [
        worst("loss on (1 + x)^-p", predicted.loss(predicted.position(S)), on_power.loss, relative=0.01),
        near("power of S in that loss, -p / (p + 2)", -power / (power + 2.0), slope, 0.01),
        worst("loss on e^(-k x): A / (1 + A k^2 S)", 2.0 / (1.0 + 2.0 * rate**2 * S), on_exponential.loss, relative=0.01),
    ]


CLAIMS = (
    _claim(
        id="RV-04",
        section="docs/theory/river_valley.md#3-progress-along-a-straight-river",
        ruling="confirmed within the model",
        premise="A straight river of constant width.",
        breaks="the clock: steps at the peak LR in place of the cumulative LR",
        statement="A larger rate makes more progress along the river in the same steps; the position depends on S alone.",
        formula="c = (1 + x)^-1: x(S) = (3 S + 1)^(1/3) - 1",
        status="read",
        kind="asymptotic",
        measure=lambda setting: _equal_sums(False),
        control=lambda setting: _equal_sums(True),
        note="On a straight river. In a narrowing valley a larger rate is not always faster.",
    ),
    _claim(
        id="RV-08",
        section="docs/theory/river_valley.md#3-progress-along-a-straight-river",
        ruling="confirmed within the model",
        premise="A river of constant slope; noise along it.",
        breaks="the constant slope: an exponential river",
        statement="In the stable phase SGD makes the same progress along the river as gradient descent.",
        formula="E x_SGD = x_GD on a river of constant slope; Var x = sum eta^2 s2",
        status="read",
        kind="statistical",
        measure=lambda setting: _mean_progress(setting, False),
        control=lambda setting: _mean_progress(setting, True),
        note="Noise along the river leaves the mean where the slope is constant. On a curved river (the control) it shifts it.",
    ),
    _claim(
        id="RV-09",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="corrected",
        premise="Quadratic hills; constant LR long enough to be stationary.",
        breaks="the noise: 10 % stronger",
        correction="The constant 1/2 is an upper bound: each mode carries 1 / (2 (2 - eta h)), a quarter for gentle hills.",
        statement="The hill loss of the stable phase is of the order (d - 1) eta sigma^2, linear in the rate.",
        formula="sum eta s2 / (2 (2 - eta h)), within [1/2, 1] of (d - 1) eta s2 / 2 while eta h <= 1",
        status="read",
        kind="statistical",
        measure=lambda setting: _stationary(setting, 1.0),
        control=lambda setting: _stationary(setting, 1.1),
        note="The paper's constant is the upper bound; gentle hills carry half of it whatever their curvature.",
    ),
    _claim(
        id="RV-P01",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="derived here",
        premise="Quadratic hills; constant LR.",
        breaks="the noise: 2 % stronger",
        statement="Every hill has a stationary variance at a constant rate.",
        formula="V* = eta s2 / (h (2 - eta h))",
        status="derived",
        kind="exact",
        measure=lambda setting: _stationary_recursion(1.0),
        control=lambda setting: _stationary_recursion(1.02),
    ),
    _claim(
        id="RV-P02",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="derived here",
        premise="Quadratic hills; constant LR.",
        breaks="the LR told to the formula: 2 % larger",
        statement="A hill's second moment relaxes geometrically to its stationary value.",
        formula="V_t = V* + (V_0 - V*) (1 - eta h)^(2 t)",
        status="derived",
        kind="exact",
        measure=lambda setting: _transient(1.0),
        control=lambda setting: _transient(1.02),
    ),
    _claim(
        id="RV-P03",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="derived here",
        premise="Quadratic hills beside a river of constant slope.",
        breaks="the noise: 10 % stronger",
        statement="The expected loss of any schedule follows from an exact recursion of means and variances.",
        formula="m <- (1 - eta h) m, V <- (1 - eta h)^2 V + eta^2 s2",
        status="derived",
        kind="statistical",
        measure=lambda setting: _any_schedule(setting, 1.0),
        control=lambda setting: _any_schedule(setting, 1.1),
    ),
    _claim(
        id="RV-P09",
        section="docs/theory/river_valley.md#3-progress-along-a-straight-river",
        ruling="derived here",
        premise="A straight river without noise; small steps.",
        breaks="the river's exponent and rate: a tenth smaller",
        statement="On a straight river loss and position are functions of the summed rate, in closed form.",
        formula="c = A (1 + x)^-p: loss ~ S^(-p / (p + 2)); c = A e^(-k x): loss = A / (1 + A k^2 S)",
        status="derived",
        kind="asymptotic",
        measure=lambda setting: _river_closed_forms((2.0, 0.5)),
        control=lambda setting: _river_closed_forms((1.8, 0.45)),
    ),
)
