"""Claims on the norm of scale-invariant weights and the angle of an update.

Legend: eta the LR, wd the weight decay, a = 1 - eta wd, m the number of weights, n their rms, r = eta / n, W the weights,
sigma the noise of hills (1 elsewhere), k their drift over noise, V = E theta^2 of a hill.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, near, sampled, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.equilibrium._runs import INIT_STD, PAGE, PAPER, WEIGHT_DECAY, constant, states
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import Sphere, SphericalValley
from rivervalley.landscapes.spherical import rules
from rivervalley.schedules.relative_step import relative_step
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper=PAPER, status="derived")
_NORM = f"{PAGE}#2-norm-and-turn"
_ETA = 0.02  # of EQ-04: r = .063, so that 250 updates are a time constant


# EQ-01: the norm under normalised updates, path by path.


def _pathwise(scale_invariant: bool, setting: Setting) -> list[Check]:
    stiffness = 2.0 * np.arange(1.0, 33.0) ** -1.5
    sphere = Sphere(256, stiffness, rule=rules.Normalised(WEIGHT_DECAY), scale_invariant=scale_invariant)
    schedule = schedules.wsd(steps=3000, peak_lr=4e-3, warmup_steps=100, decay_fraction=0.2)
    at = [1, 10, 100, 500, 1000, 2000, 2700, 2999]
    paths = states(sphere, schedule, at, setting.trajectories(8, 4), setting.seed)
    n2 = np.array([sphere.norms(state) for state in paths]) ** 2
    recursion = relative_step(schedule, WEIGHT_DECAY, INIT_STD).norm[at] ** 2
    rounding = 3000 * np.finfo(float).eps
    return [
        worst("n^2 on each path over the recursion", 1.0, n2 / recursion[:, None], rounding, basis="rounding of 3,000 updates")
    ]


# EQ-02: the norm under SGD, in the mean.


def _sgd_moments(lr: np.ndarray, decay: float, n: float, m: int) -> np.ndarray:
    """Mean of n^2 after each update, with the variance that 1 / n^2 needs; noise of standard deviation 1 everywhere."""
    mean, variance, out = n * n, 0.0, np.empty(lr.size)
    gain, spread = 1.0 - 1.0 / m, 2.0 * (1.0 - 1.0 / m) / m  # of G^2, the mean square of the projected gradient
    for t, eta in enumerate(lr):
        a2, e2 = (1.0 - eta * decay) ** 2, eta * eta
        inverse = (1.0 + variance / mean**2) / mean
        variance = (a2 - e2 * gain / mean**2) ** 2 * variance + e2 * e2 * spread / mean**2
        mean = a2 * mean + e2 * gain * inverse
        out[t] = mean
    return out


def _in_the_mean(decay: float, setting: Setting) -> list[Check]:
    m, at = 256, [50, 200, 500, 1000, 2000]
    schedule = constant(2000, 2e-4)
    sphere = Sphere(m, rule=rules.DecayedSGD(WEIGHT_DECAY))
    paths = states(sphere, schedule, at, setting.trajectories(64, 16), setting.seed)
    n2 = np.array([sphere.norms(state) for state in paths]).T ** 2
    predicted = _sgd_moments(schedule.lr, decay, INIT_STD, m)[np.array(at) - 1]
    return [sampled("mean n^2 over the recursion, five times", 1.0, n2 / predicted)]


# EQ-03: the angle of an update, and what the relative step does.


def _turns(setting: Setting) -> list[Check]:
    checks = []
    for eta in (1.0, 0.1, 4e-3):
        star = float(theory.equilibrium_norm(eta, WEIGHT_DECAY))
        steps = round(12.0 / (2.0 * eta * WEIGHT_DECAY))
        sphere = Sphere(64, start_norm=star / 4.0, rule=rules.Normalised(WEIGHT_DECAY))
        before, after = states(sphere, constant(steps + 1, eta), [steps, steps + 1], setting.trajectories(8, 4), setting.seed)
        b, c = before[:, :64], after[:, :64]
        cos = np.sum(b * c, axis=1) / np.sqrt(np.sum(b * b, axis=1) * np.sum(c * c, axis=1))
        left = (1.0 - eta * WEIGHT_DECAY) ** (2 * steps) + 64 * np.finfo(float).eps / (eta * WEIGHT_DECAY)
        basis = "what is left of the start after 12 time constants"
        checks.append(
            worst(f"(1 - cos phi) / (eta wd), eta = {eta:g}", 1.0, (1.0 - cos) / (eta * WEIGHT_DECAY), left, basis=basis)
        )
    return checks


def _exponent(rule: rules.Rule) -> Check:
    """Of the relative step in the LR, after 40 time constants and more."""
    r = [eta / SphericalValley([1.0], rule=rule).norms(constant(200_000, eta))[-1] for eta in (1e-3, 4e-3)]
    predicted = np.log(theory.equilibrium_step(4e-3, WEIGHT_DECAY) / theory.equilibrium_step(1e-3, WEIGHT_DECAY)) / np.log(4.0)
    rounding = 200_000 * np.finfo(float).eps
    return near("exponent of r in eta, about 1/2", predicted, np.log(r[1] / r[0]) / np.log(4.0), rounding)


def _relaxation(sgd: bool) -> Check:
    """Rate at which n^2 (n^4 under SGD) comes back from a displacement of a thousandth, over eta wd."""
    eta, a = 2e-3, 1.0 - 2e-3 * WEIGHT_DECAY
    rule = rules.DecayedSGD(WEIGHT_DECAY) if sgd else rules.AdamW(WEIGHT_DECAY)
    star = float(theory.equilibrium_norm(eta, WEIGHT_DECAY, sgd=sgd))
    path = SphericalValley([1.0], start_norm=1.0005 * star, rule=rule).norms(constant(4000, eta))
    power = 4 if sgd else 2
    gap = path[[1000, 3000]] ** power - star**power
    rate = -np.log(gap[1] / gap[0]) / 2000.0 / (eta * WEIGHT_DECAY)
    keep = a**4 - (1.0 - a * a) ** 2 if sgd else a * a
    predicted = -np.log(keep) / (eta * WEIGHT_DECAY)
    name = "SGD, n^4: relaxation / (eta wd), about 4" if sgd else "AdamW, n^2: relaxation / (eta wd), about 2"
    return near(
        name, predicted, rate, 0.002 if sgd else 1e-6, basis="the displacement" if sgd else "rounding of the displacement"
    )


def _sgd_step(setting: Setting) -> Check:
    """r^2 = eta^2 G^2 / n^4 against 1 - a^2: a factor in the size of updates cancels."""
    m, eta = 256, 2e-3
    lost = 1.0 - (1.0 - eta * WEIGHT_DECAY) ** 2
    gain = 1.0 - 1.0 / m
    star = float(theory.equilibrium_norm(eta, WEIGHT_DECAY, gain, sgd=True))
    sphere = Sphere(m, start_norm=star, rule=rules.DecayedSGD(WEIGHT_DECAY))
    run = simulate(sphere, constant(3000, eta), setting.trajectories(24, 12), setting.seed, record_every=3000)
    r2 = eta**2 * gain / sphere.norms(run.state) ** 4
    scatter = 3.0 * eta * WEIGHT_DECAY / m  # three times the relative variance of n^2: the mean of 1 / n^4
    return sampled("SGD: r^2 / (2 eta wd - eta^2 wd^2)", 1.0, r2 / lost, scatter, "the scatter of n")


def _rotation(rule: rules.Rule, setting: Setting) -> list[Check]:
    exponent = _exponent(rule)
    if not isinstance(rule, rules.AdamW) or rule.weight_decay == 0.0:
        return [exponent]
    return [exponent, *_turns(setting), _sgd_step(setting), _relaxation(False), _relaxation(True)]


# EQ-04: how fast the norm grows where hills have noise of their own.


def _stationary_growth(rule: rules.Rule, d: int, m: int, k: float, sigma: float, projected: bool) -> float:
    """Growth of n^2 over eta^2 with its terms of order r k and 1 / m: g, the step r and the variance V fix each other.

    The update of a hill is k theta + z less s theta / sigma, s W the part of the gradient along W, and 1 - d V / m is what
    is left of a hill's drift by the projection. A sign drifts by sqrt(2 / pi) of it where k theta is small, by the share
    1 / sqrt(1 + k^2 V) less elsewhere, and has a square of 1.
    """
    lost = 1.0 - (1.0 - _ETA * WEIGHT_DECAY) ** 2
    a, V = np.sqrt(1.0 - lost), 0.0
    sign = isinstance(rule, rules.DecayedSign)
    growth = theory.norm_growth(m, [sigma] * d, scale_invariant=projected)
    for _ in range(200):
        r = np.sqrt(lost / growth)
        drift = k * np.sqrt(2.0 / np.pi / (1.0 + k * k * V)) if sign else k
        V = r * r / (1.0 - (a - r * drift * (1.0 - d * V / m if projected else 1.0)) ** 2)
        square = 1.0 if sign else 1.0 + d / m * k * k * V
        along = d / m * drift * V
        if projected:
            along *= (1.0 - sigma) * (1.0 - d * V / m)
            if not sign:
                square += ((1.0 + d / m * V * (sigma * sigma - 1.0)) * (1.0 + d / m * V * (sigma**-2 - 1.0)) - 2.0) / m
        growth = square - 2.0 * a * along / r
    return float(growth)


def _growth(formula_knows_noise: bool, setting: Setting) -> list[Check]:
    m, k = 256, 0.5
    adam, sign = rules.AdamW(WEIGHT_DECAY), rules.DecayedSign(WEIGHT_DECAY)
    checks = []
    for rule, d, sigma, projected in (
        (adam, 64, 3.0, True),
        (sign, 64, 3.0, True),
        (adam, 64, 0.3, True),
        (adam, 192, 1.0, False),
    ):
        leading = theory.norm_growth(m, [sigma] * d, scale_invariant=projected)
        predicted = _stationary_growth(rule, d, m, k, sigma, projected) if formula_knows_noise else 1.0
        start = float(theory.equilibrium_norm(_ETA, WEIGHT_DECAY, leading))
        sphere = Sphere(m, [k] * d, sigma, start_norm=start, scale_invariant=projected, rule=rule)
        steps = round(7.0 / (2.0 * _ETA * WEIGHT_DECAY))
        run = simulate(sphere, constant(steps, _ETA), setting.trajectories(32, 16), setting.seed, record_every=steps)
        growth = sphere.norms(run.state) ** 2 / float(theory.equilibrium_norm(_ETA, WEIGHT_DECAY)) ** 2
        label = f"{type(rule).__name__}, noise {sigma:g} in {d} of {m} weights{'' if projected else ', not scale invariant'}"
        checks.append(sampled(f"growth / eta^2, {label}: g = {leading:g}", predicted, growth, 1e-3, "start left"))
        rest = k * float(theory.equilibrium_step(_ETA, WEIGHT_DECAY)) + 4.0 / m
        checks.append(near(f"g to leading order, {label}", leading, predicted, rest, basis="order r k and 1/m"))
    return checks


register_claims(
    _claim(
        id="EQ-01",
        section=_NORM,
        kind="exact",
        ruling="derived here",
        premise="Every gradient is orthogonal to W, and updates have rms 1.",
        breaks="orthogonality: noise has a part along W",
        statement="Under normalised updates the norm of scale-invariant weights follows a recursion without noise, on every path.",
        formula="n'^2 = (1 - eta wd)^2 n^2 + eta^2",
        measure=partial(_pathwise, True),
        control=partial(_pathwise, False),
    ),
    _claim(
        id="EQ-02",
        section=_NORM,
        kind="statistical",
        ruling="derived here",
        premise="Every gradient is orthogonal to W and falls as 1 / n.",
        breaks="weight decay: the recursion has none",
        statement="Under SGD the mean square norm follows the recursion whose growth falls as the norm grows.",
        formula="n'^2 = (1 - eta wd)^2 n^2 + eta^2 G^2 / n^2, G^2 = 1 - 1/m; second order in the scatter of n^2",
        measure=partial(_in_the_mean, WEIGHT_DECAY),
        control=partial(_in_the_mean, 0.0),
    ),
    _claim(
        id="EQ-03",
        section=_NORM,
        kind="statistical",
        ruling="derived here",
        premise="Gradients orthogonal to W, decoupled weight decay, time to settle.",
        breaks="weight decay: there is none",
        statement="In equilibrium the angle of an update, and with it the relative step, is set by lr x weight decay alone: r ~ eta^1/2.",
        formula="cos phi = 1 - eta wd; r = sqrt(2 eta wd - eta^2 wd^2); n^2 relaxes at 2 eta wd, under SGD n^4 at 4 eta wd",
        measure=partial(_rotation, rules.AdamW(WEIGHT_DECAY)),
        control=partial(_rotation, rules.AdamW(0.0)),
        note="Without scale invariance (Frozen) the exponent is 1.",
    ),
    _claim(
        id="EQ-04",
        section=_NORM,
        kind="statistical",
        ruling="derived here",
        premise="Updates of rms 1 in each coordinate; hills with noise unlike that of the other weights.",
        breaks="the formula: growth eta^2 whatever the noise",
        statement="Updates that are normalised coordinate by coordinate are not orthogonal to W: n^2 grows by g eta^2, not by eta^2.",
        formula="g = 1 + sum (sigma_i - 1) / m, 1 - d / m without scale invariance; with the terms of order r k and 1/m",
        measure=partial(_growth, True),
        control=partial(_growth, False),
    ),
)
