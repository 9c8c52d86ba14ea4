"""Claims of the river-valley view (arXiv 2410.05192) on the decay phase.

Legend: eta the stable rate, r = eta / final rate, T steps of the decay, h a curvature, s2 the noise variance, V = E y^2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import gamma

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, at_least, near, worst
from rivervalley.claims.claim import Claim
from rivervalley.landscapes import FlatRiver, RiverValley
from rivervalley.schedules import Schedule
from rivervalley.schedules.shapes import decay

PAPER = "arXiv 2410.05192"
_claim = partial(Claim, paper=PAPER)

ETA, H, NOISE = 0.5, 0.4, 0.3
STATIONARY = float(theory.stationary_variance(ETA, H, NOISE))


def _variance_after(lr: np.ndarray, h: float = H, noise: float = NOISE, start: float = STATIONARY) -> float:
    """Second moment of a mode that starts with `start`, by the exact recursion of the engine."""
    valley = RiverValley([h], noise, FlatRiver(), start_hill=np.sqrt(start))
    run = valley.expected(Schedule(lr), record_every=lr.size)
    return float(run.components["hill"][-1] * 2.0 / h)


# RV-15: the decay removes the hill loss while progress goes on as the sum of rates.


def _progress_in_decay(decaying: bool) -> list[Check]:
    length = 5000
    checks = []
    stated = {"inverse": 0.2558, "linear": 0.55, "cosine": 0.55, "sqrt": 0.40, "exponential": 0.39}
    valley = RiverValley(np.geomspace(0.05, 2.0, 15), 0.1, FlatRiver())
    stable = valley.stationary_hill_loss(ETA)
    for shape, share in stated.items():
        tail = decay(length, ETA, 0.1 * ETA, shape) if decaying else np.full(length, ETA)
        schedule = schedules.constant(steps=4000, peak_lr=ETA).then(Schedule(tail))
        left = valley.expected(schedule, record_every=schedule.steps).loss[-1]
        checks.append(near(f"S gained / (eta T), {shape}", share, tail.sum() / (ETA * length), 0.005))
        checks.append(at_least(f"share of the hill loss removed, {shape}", 0.85, 1.0 - left / stable))
    exact = np.log(10.0) / 9.0
    tail = decay(length, ETA, 0.1 * ETA, "inverse") if decaying else np.full(length, ETA)
    checks.append(near("inverse: ln r / (r - 1) at r = 10", exact, tail.sum() / (ETA * length), relative=1e-3))
    return checks


# RV-16 and RV-P04: the best decay of one mode is 1/t.


def _best_rates(steps: int, hills: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Rates that minimise the final hill loss, by brute force: no gradient formula, no theory."""

    def final_loss(log_rates: np.ndarray) -> float:
        V = start.copy()
        for eta in np.exp(log_rates):
            V = (1.0 - eta * hills) ** 2 * V + eta**2 * NOISE**2
        return float(hills @ V)

    found = minimize(final_loss, np.full(steps, np.log(0.3 * ETA)), method="BFGS", options={"gtol": 1e-10})
    return np.asarray(np.exp(found.x))


def _one_over_t(rates_of: Callable[[int], np.ndarray]) -> list[Check]:
    checks = []
    for steps in (1, 2, 5, 10, 20, 40):
        best = float(theory.cooled_variance(steps, H, NOISE, STATIONARY))
        reached = _variance_after(rates_of(steps))
        checks.append(near(f"V after the best {steps} rates", best, reached, relative=1e-6))
        rule = theory.optimal_cooldown_lr(steps, ETA, H)
        checks.append(worst(f"the {steps} rates, 1 / (2 / eta + h t)", rule, rates_of(steps), relative=5e-3))
    return checks


def _by_brute_force(steps: int) -> np.ndarray:
    return _best_rates(steps, np.array([H]), np.array([STATIONARY]))


def _cooldown(first_at_peak: bool) -> list[Check]:
    checks = []
    for h in (0.05, 0.4, 1.5):
        start = float(theory.stationary_variance(ETA, h, NOISE))
        for steps in (1, 7, 100, 2000):
            lr = theory.optimal_cooldown_lr(steps, ETA, h)
            if first_at_peak:  # as the usual implementations start
                lr = np.asarray(1.0 / (1.0 / ETA + h * np.arange(steps)), dtype=np.float64)
            exact = float(theory.cooled_variance(steps, h, NOISE, start))
            checks.append(near(f"V_T for h = {h:g}, T = {steps}", exact, _variance_after(lr, h, start=start), relative=1e-10))
    return checks


# RV-P05: the first step of the best decay is a halving.


def _halving(start_scale: float) -> list[Check]:
    checks = []
    for hills in (np.array([0.4]), np.array([0.1, 1.0]), np.geomspace(0.02, 1.5, 8)):
        start = start_scale * theory.stationary_variance(ETA, hills, NOISE)
        for steps in (1, 2, 4):
            first = _best_rates(steps, hills, start)[0]
            checks.append(near(f"first of {steps} best rates / eta, {hills.size} hills", 0.5, first / ETA, 2e-3))
    return checks


# RV-P06: inverse decay of a mode.


def _inverse_decay(shape: str) -> list[Check]:
    eta, ratio, steps = 0.02, 10.0, 4000
    rate = (ratio - 1.0) / (eta * steps)
    lr = decay(steps, eta, eta / ratio, shape)
    checks = []
    for h in (0.2 * rate, 0.5 * rate, rate, 5.0 * rate, 40.0 * rate):
        start = float(theory.stationary_variance(eta, h, NOISE))
        exact = float(theory.inverse_decay_variance(steps, eta, rate, h, NOISE, start))
        measured = _variance_after(lr, h, start=start)
        # Small steps: the formula is off by eta h and by the rate's own step, a / eta.
        checks.append(near(f"V_T, curvature / decay rate = {h / rate:g}", exact, measured, relative=2.0 * eta * h + 1e-2))
    return checks


# RV-P07: steps needed to cut the hill loss by a factor.


def _steps_needed(share: float) -> list[Check]:
    checks = []
    for h, factor in ((0.4, 10.0), (1.0, 4.0), (0.1, 100.0)):
        start = float(theory.stationary_variance(ETA, h, NOISE))
        steps = round(float(theory.cooldown_steps(factor, ETA, h)) * share)
        left = _variance_after(theory.optimal_cooldown_lr(steps, ETA, h), h, start=start)
        checks.append(near(f"factor after {steps} steps, h = {h:g}", factor, start / left, relative=1e-9))
        border = float(theory.border_curvature(factor, ETA, steps))
        checks.append(near("curvature at the border of river and hill", h, border, relative=1e-9))
    return checks


# RV-P08: the loss lags behind the rate in summed rate, not in steps.


def _lag(stretch: float) -> list[Check]:
    hills = np.array([0.02, 0.1, 0.5])
    lr = np.concatenate([np.full(50, 0.1), decay(1500, 0.1, 0.01, "cosine"), np.full(2000, 0.01)])
    valley = RiverValley(hills, NOISE, FlatRiver())
    start = schedules.constant(steps=round(20 / (0.1 * hills.min())), peak_lr=0.1)
    exact = valley.expected(Schedule(lr), record_every=1, initial=valley.expected(start)).loss
    # Stretched: as if each mode relaxed by its curvature times another rate.
    predicted = theory.lagged_hill_loss(lr, hills * stretch, NOISE * np.sqrt(stretch))
    checks = [worst("hill loss through a decay", predicted, exact, relative=0.02)]
    for beta, scale in ((0.6, 2.0), (1.5, 0.3)):
        for S in (0.3, 3.0, 30.0):
            mean = quad(lambda h, S=S, b=beta, c=scale: -np.expm1(-2 * h * S) * gamma.pdf(h, b, scale=c / 2), 0, np.inf)[0]
            kernel = float(theory.lag_kernel(S * stretch, beta, scale))
            checks.append(near(f"gamma mixture of lags at S = {S:g}", mean, kernel, 1e-6))
    return checks


CLAIMS = (
    _claim(
        id="RV-15",
        section="docs/theory/river_valley.md#71-hill-loss-goes-progress-goes-on",
        ruling="confirmed within the model",
        premise="Quadratic hills beside a straight river.",
        breaks="the decay: the LR stays at its peak",
        statement="A rapid decay removes the hill loss while progress along the river goes on as the sum of the rates.",
        formula="S gained = eta T ln r / (r - 1) for the inverse decay: 0.2558 eta T at r = 10; linear .55, sqrt .40, exp .39",
        status="read",
        kind="asymptotic",
        measure=lambda setting: _progress_in_decay(True),
        control=lambda setting: _progress_in_decay(False),
    ),
    _claim(
        id="RV-16",
        section="docs/theory/river_valley.md#72-the-best-decay-of-one-mode",
        ruling="confirmed within the model",
        premise="One quadratic mode, stationary at the start.",
        breaks="the schedule: a linear decay",
        statement="A decay of the kind 1/t is optimal on a quadratic.",
        formula="1 / eta_t = 2 / eta + h t; V_T = 1 / (1 / V_0 + h^2 T / s2), against brute force over T = 1 ... 40 rates",
        status="read",
        kind="exact",
        measure=lambda setting: _one_over_t(_by_brute_force),
        control=lambda setting: _one_over_t(lambda steps: decay(steps, ETA, 0.02, "linear")),
    ),
    _claim(
        id="RV-P04",
        section="docs/theory/river_valley.md#72-the-best-decay-of-one-mode",
        ruling="derived here",
        premise="One quadratic mode, stationary at the start.",
        breaks="the first LR: the stable one in place of half of it",
        statement="The optimal cooldown of a stationary mode reaches the variance of a Bayesian average of its steps.",
        formula="V_T = 1 / (1 / V_0 + h^2 T / s2) under 1 / eta_t = 2 / eta + h t",
        status="derived",
        kind="exact",
        measure=lambda setting: _cooldown(False),
        control=lambda setting: _cooldown(True),
        note="The rates start at half the stable one; the decay of WSD-S starts at the stable rate itself.",
    ),
    _claim(
        id="RV-P05",
        section="docs/theory/river_valley.md#72-the-best-decay-of-one-mode",
        ruling="derived here",
        premise="Quadratic modes, all of them stationary at the start.",
        breaks="stationarity: twice the variance at the start",
        statement="Whatever the curvatures, the first rate of the best decay of stationary modes is half the stable rate.",
        formula="argmin over eta_0 = eta / 2 for any set of hills and any length",
        status="derived",
        kind="exact",
        measure=lambda setting: _halving(1.0),
        control=lambda setting: _halving(2.0),
    ),
    _claim(
        id="RV-P06",
        section="docs/theory/river_valley.md#73-inverse-linear-decay",
        ruling="derived here",
        premise="One quadratic mode; eta h much below 1.",
        breaks="the shape: a linear decay",
        statement="An inverse decay anneals modes steeper than its rate and leaves flatter ones.",
        formula="V_T = V_0 r^(-2h/a) + s2 eta / (2h - a) (1/r - r^(-2h/a)), 1/eta_t = 1/eta + a t",
        status="derived",
        kind="asymptotic",
        measure=lambda setting: _inverse_decay("inverse"),
        control=lambda setting: _inverse_decay("linear"),
    ),
    _claim(
        id="RV-P07",
        section="docs/theory/river_valley.md#72-the-best-decay-of-one-mode",
        ruling="derived here",
        premise="One quadratic mode, stationary at the start.",
        breaks="the steps: half of those needed",
        statement="What counts as hill depends on the length of the decay.",
        formula="steps to divide the hill loss by f: (f - 1)(2 - eta h) / (eta h)",
        status="derived",
        kind="exact",
        measure=lambda setting: _steps_needed(1.0),
        control=lambda setting: _steps_needed(0.5),
    ),
    _claim(
        id="RV-P08",
        section="docs/theory/river_valley.md#74-the-lag-of-the-loss",
        ruling="derived here",
        premise="Quadratic modes, stationary at the start; small steps.",
        breaks="the clock: every mode relaxes 1.3 times as fast",
        statement="The loss lags behind the rate in summed rate; a gamma spectrum makes the lag a power law.",
        formula="sum of drops x (1 - e^(-2 h S)); mean over h ~ Gamma(beta, C / 2) is 1 - (1 + C S)^-beta",
        status="derived",
        kind="asymptotic",
        measure=lambda setting: _lag(1.0),
        control=lambda setting: _lag(1.3),
        note="The multi-power law's kernel with gamma = 0 (arXiv 2503.12811).",
    ),
)
