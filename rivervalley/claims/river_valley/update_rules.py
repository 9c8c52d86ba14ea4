"""Claims on updates other than plain SGD on straight valleys, and on walls that are not quadratic.

Legend: eta the LR, h a curvature, s2 noise variance, beta the momentum, b |y|^p / p a wall.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, at_most, near, sampled, surely_above, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.claims.river_valley import _twin
from rivervalley.landscapes import FlatRiver, LinearRiver, PowerWall, RiverValley, WalledValley
from rivervalley.landscapes.valleys.update_rules import Momentum, RuledValley, Sign
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2410.05192", kind="statistical", status="derived")
_SECTION = "docs/theory/river_valley.md#9-other-update-rules"


# RV-P11 and RV-29: momentum.


def _momentum(told: float, setting: Setting) -> list[Check]:
    """The formula is told of `told` times the momentum."""
    hills, noise = np.array([0.5, 1.0, 2.0]), 0.3
    checks = []
    count = setting.trajectories(16_384, 4_096)
    for beta, eta in ((0.9, 0.5), (0.9, 1.5), (0.5, 0.8)):
        rule = Momentum(beta).on(RiverValley(hills, noise, FlatRiver()))
        run = simulate(rule, schedules.constant(400, eta), count, setting.seed, record_every=400)
        V = theory.momentum_variance(eta, hills, noise, told * beta)
        loss = 0.5 * run.state[:, :3] ** 2 @ hills
        checks.append(sampled(f"hill loss, beta = {beta}, eta = {eta}", float(0.5 * hills @ V), loss))
        twin = [_twin.stationary_momentum(eta, h, noise, beta) for h in hills]
        package = theory.momentum_variance(eta, hills, noise, beta)
        checks.append(
            worst(f"the package's V* against its equations, beta = {beta}, eta = {eta}", twin, package, relative=1e-10)
        )
    return checks


def _same_picture(beta: float, setting: Setting) -> list[Check]:
    """Predictions are for momentum 0.9; `beta` is that of the run."""
    noise, count, told = 0.3, setting.trajectories(65_536, 16_384), 0.9
    gains, measured = [], []
    for product in (1.6, 1.0, 0.4):
        eta = product
        rule = Momentum(beta).on(RiverValley([1.0], noise, FlatRiver()))
        run = simulate(rule, schedules.constant(300, eta), count, setting.seed, record_every=300)
        plain = float(_twin.stationary(eta, 1.0, noise**2)[0])
        gains.append(1.0 - _twin.stationary_momentum(eta, 1.0, noise, told) / plain)
        measured.append(1.0 - run.state[:, 0] ** 2 / plain)
    checks = [
        sampled("share of hill loss saved by momentum 0.9, eta h = 1.6, 1, 0.4", gains, np.stack(measured, axis=1)),
        surely_above("that share at eta h = 1.6", 0.5, measured[0]),
        at_most("the share over eta h / 2, eta h = 1.6, 1, 0.4", 1.0, float(np.max(np.array(gains) / [0.8, 0.5, 0.2]))),
    ]
    s = schedules.wsd(2_000, 0.5, decay_fraction=0.2)
    m = place = 0.0
    for eta in s.lr.tolist():
        m = told * m - (1.0 - told) * 0.1
        place -= eta * m
    run = simulate(
        Momentum(beta).on(RiverValley([0.5, 1.0, 2.0], noise, LinearRiver(0.1))), s, 64, setting.seed, record_every=2_000
    )
    checks.append(near("place on the river, steps written out", place, float(run.state[:, 3].mean()), relative=1e-11))
    lag = 1.0 - float(run.state[:, 3].mean()) / (0.1 * float(s.lr.sum()))
    checks.append(at_most("progress lost to momentum, eta beta / (1 - beta) of S", 0.5 * 9.0 / float(s.lr.sum()), lag, 1e-12))
    return checks


# RV-P12: sign-SGD and walls of other powers.


def _sign(sign: bool, setting: Setting) -> list[Check]:
    """Without `sign` plain SGD is run in its place."""
    hills, eta, steps = np.geomspace(0.5, 1.0, 16), 0.02, 600
    count = setting.trajectories(8_192, 2_048)
    checks, exact = [], {}
    for noise in (0.3, 0.6):
        valley = RiverValley(hills, noise, FlatRiver())
        rule: RiverValley | RuledValley = Sign().on(valley) if sign else valley
        run = simulate(rule, schedules.constant(steps, eta), count, setting.seed, record_every=steps)
        exact[noise] = np.array([0.5 * h * _twin.sign_walk(steps, eta, h, noise) for h in hills])
        checks.append(sampled(f"hill loss, sigma = {noise}", exact[noise].sum(), 0.5 * run.state[:, :16] ** 2 @ hills))
    # Beyond eta sigma sqrt(pi / 2) / 4: the share h eta sqrt(pi / 2) / (4 sigma) and its square.
    for noise, each in exact.items():
        formula = eta * noise * np.sqrt(np.pi / 2.0) / 4.0
        next_order = 1.0 + hills * eta * np.sqrt(np.pi / 2.0) / (4.0 * noise)
        label = f"exact walk over eta sigma sqrt(pi / 2) / 4 and its next order, sigma = {noise}"
        checks.append(worst(label, 1.0, each / formula / next_order, 1e-3, basis="(eta h / sigma)^2"))
        told = float(theory.sign_hill_loss(eta, noise))
        checks.append(near(f"the package's formula, sigma = {noise}", formula, told, relative=1e-12))
    return checks


def _walls(told_power: float, setting: Setting) -> list[Check]:
    """Walls of power p, predicted for the power told_power x p."""
    count, eta = setting.trajectories(4_096, 1_024), 0.1
    checks = []
    for p, steep, steps in ((4.0, 1.0, 400), (4.0, 3.0, 250), (3.0, 1.0, 300), (1.0, 0.3, 1_000)):
        walls = WalledValley([steep] * 8, PowerWall(p), 0.0, FlatRiver(), 1.0)
        run = simulate(walls, schedules.constant(steps, eta), count, setting.seed, record_every=steps)
        loss = steep * np.abs(run.state[:, :8]) ** p / p
        predicted = 8.0 * _twin.wall_stationary_loss(eta, steep, told_power * p, 1.0)
        checks.append(sampled(f"hill loss between {steep:g} |y|^{p:g} / {p:g}: the chain's", predicted, loss.sum(axis=1)))
    # The chain's stationary loss over eta s2 / (2 p) leads to 1 as eta falls, whatever b.
    for p, steep in ((4.0, 1.0), (4.0, 3.0), (3.0, 1.0)):
        ratio = np.array([_twin.wall_stationary_loss(e, steep, p, 1.0) / (e / (2.0 * p)) for e in (0.04, 0.02, 0.01)])
        limit = _limit(ratio)
        checks.append(
            near(f"{steep:g} |y|^{p:g}: limit of the loss over eta s2 / (2 p)", 1.0, limit, 0.005, basis="extrapolation")
        )
    told = [float(theory.wall_hill_loss(0.02, 1.5, p)) for p in (1.0, 2.0, 4.0)]
    return [*checks, worst("the package's formula", [0.02 * 2.25 / (2.0 * p) for p in (1.0, 2.0, 4.0)], told, relative=1e-12)]


def _limit(sequence: np.ndarray) -> float:
    """Aitken's limit of three members of a sequence."""
    a, b, c = sequence
    return float(c - (c - b) ** 2 / ((c - b) - (b - a)))


register_claims(
    _claim(
        id="RV-29",
        section=_SECTION,
        statement="Momentum changes constants, not the picture: less hill loss at large LR, the same river.",
        formula="relative gain 1 - (2 - eta h) / (2 - eta h / T) <= eta h / 2; S is felt beta / (1 - beta) updates late",
        ruling="derived here",
        premise="Quadratic hills; momentum in the form of a moving average.",
        breaks="the momentum of the run: 0.5 in place of 0.9",
        measure=partial(_same_picture, 0.9),
        control=partial(_same_picture, 0.5),
    ),
    _claim(
        id="RV-P11",
        section=_SECTION,
        statement="Stationary hill loss under momentum.",
        formula="V* = eta s2 / (h (2 - eta h / T)), T = (1 + beta) / (1 - beta)",
        ruling="derived here",
        premise="Quadratic hills; momentum in the form of a moving average.",
        breaks="the momentum told to the formula: half",
        measure=partial(_momentum, 1.0),
        control=partial(_momentum, 0.5),
    ),
    _claim(
        id="RV-P12",
        section=_SECTION,
        statement="Sign-SGD's hill loss is linear in the noise, not in its square, and the same for every curvature.",
        formula="eta sigma sqrt(pi / 2) / 4 a mode (1 + eta h sqrt(pi / 2) / (4 sigma)); walk on multiples of eta, exactly",
        ruling="derived here",
        premise="Small LR.",
        breaks="the update: plain SGD in place of its sign",
        measure=partial(_sign, True),
        control=partial(_sign, False),
    ),
    _claim(
        id="RV-34",
        section=_SECTION,
        statement="Walls of any power and steepness hold the same hill loss at small LR.",
        formula="E b |y|^p / p = eta s2 / (2 p) as eta -> 0; at any eta from the stationary law of the chain",
        ruling="derived here",
        premise="Walls b |y|^p / p; noise across.",
        breaks="the walls' power told to the prediction: a tenth larger",
        measure=partial(_walls, 1.0),
        control=partial(_walls, 1.1),
    ),
)
