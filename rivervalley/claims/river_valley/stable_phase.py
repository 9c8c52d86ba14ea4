"""Claims on the stable phase of straight valleys: how high the hills stand, what hides progress, what other updates change.

Legend: eta the rate, h a curvature, s2 noise variance, rho = 1 - eta h, V* stationary variance, g slope of the river.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, agreement, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.landscapes import FlatRiver, LinearRiver, PowerRiver, PowerWall, RiverValley, WalledValley
from rivervalley.landscapes.valleys.update_rules import Average, Momentum, Project, Sign, merged_gradient_weights
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2410.05192", kind="statistical")


# RV-10: equipartition.


def _equal_shares(rate: float, _: Setting) -> list[Check]:
    hills = np.array([0.01, 0.1, 1.0])
    valley = RiverValley(hills, 0.3, FlatRiver())
    run = valley.expected(schedules.constant(round(4.0 / (rate * 0.01)), rate), record_at=[round(4.0 / (rate * 0.01))])
    assert run.state_variance is not None
    each = 0.5 * hills * run.state_variance[:-1]
    return [worst("hill loss of each mode over eta s2 / 4", 1.0, each / (rate * 0.09 / 4.0), 0.02)]


# RV-11: between two stable iterates.


def _chord(lag: int, setting: Setting) -> list[Check]:
    hills, rate = np.array([0.5, 1.0, 2.0]), 0.1
    valley = RiverValley(hills, 0.3, FlatRiver())
    count = setting.trajectories(16_384, 4_096)
    first = simulate(valley, schedules.constant(300, rate), count, setting.seed, record_every=300)
    second = simulate(valley, schedules.constant(lag, rate), initial=first, record_every=300 + lag)
    stable = valley.stationary_hill_loss(rate)
    checks = []
    for a in (0.25, 0.5):
        y = (1.0 - a) * first.state[:, :-1] + a * second.state[:, :-1]
        loss = 0.5 * (y**2) @ hills
        share = (1.0 - a) ** 2 + a**2
        error = loss.std(ddof=1) / np.sqrt(count)
        checks.append(agreement(f"hill loss at {a:g} of the line", share * stable, loss.mean(), error))
    checks.append(
        agreement("dip in the middle over the drop of a whole decay, 1 : 2", 0.5, 1.0 - loss.mean() / stable, error / stable)
    )
    return checks


# RV-13: averaging.


def _averaged(count_of_iterates: int, setting: Setting) -> list[Check]:
    h, rate, K = 1.0, 0.2, 60
    valley = RiverValley([h], 1.0, FlatRiver())
    n = setting.trajectories(16_384, 4_096)
    before = 200
    run = simulate(
        Average(before, weights=np.ones(count_of_iterates)).on(valley),
        schedules.constant(before + K, rate),
        n,
        setting.seed,
        record_every=before + K,
    )
    predicted = float(theory.averaged_variance(K, rate, h, 1.0))
    variance, error = 2.0 * run.loss[-1] / h, 2.0 * run.loss_stderr[-1] / h
    V0 = float(theory.stationary_variance(rate, h, 1.0))
    cooldown = float(theory.cooled_variance(K, h, 1.0, V0))
    rng = np.random.default_rng(0)
    gradients, c = rng.standard_normal((20, 3)), rng.dirichlet(np.ones(21))
    theta = np.concatenate([np.zeros((1, 3)), -np.cumsum(gradients, axis=0)])
    merged = theta[0] - merged_gradient_weights(c) @ gradients
    return [
        near("variance of the mean of 60 iterates", 0.0154, predicted, 1e-4),
        agreement("the same, sampled", predicted, variance, error),
        near("variance after the best decay of 60 steps", 0.0145, cooldown, 1e-4),
        at_most("the best decay over averaging", 1.0, cooldown / predicted),
        worst("merged iterates as reweighed gradients", c @ theta, merged, 1e-12),
    ]


# RV-14: where the gradient points, and what projections of it do.


def _projected(swapped: bool, setting: Setting) -> list[Check]:
    hills, g, rate, steps = np.geomspace(0.5, 2.0, 8), 0.05, 0.4, 600
    valley = RiverValley(hills, 0.5, LinearRiver(g))
    count = setting.trajectories(8_192, 2_048)
    plain = simulate(valley, schedules.constant(steps, rate), count, setting.seed, record_every=steps)
    onto = ("river", "hills") if swapped else ("hills", "river")
    dom, bulk = (
        simulate(Project(one).on(valley), schedules.constant(steps, rate), 64, setting.seed, record_every=steps) for one in onto
    )
    squared = (hills * plain.state[:, :-1]) ** 2
    of_hills = squared.sum(axis=1)
    share = float(of_hills.mean() / (of_hills.mean() + g * g))
    predicted = theory.hill_gradient_share(rate, hills, 0.5, g)
    slack = g * g * of_hills.std(ddof=1) / np.sqrt(count) / (of_hills.mean() + g * g) ** 2
    return [
        agreement("share of |gradient|^2 along the hills", predicted, share, slack),
        at_least("that share", 0.99, share),
        near("river progress of updates projected on the hills", 0.0, float(dom.state[:, hills.size].mean()), 1e-15),
        near("river progress of updates without the hills", g * rate * steps, float(bulk.state[:, hills.size].mean()), 1e-9),
        near("hill loss of updates without the hills", 0.0, float(bulk.components["hill"][-1]), 1e-15),
        near("river progress of plain SGD", g * rate * steps, float(plain.state[:, -1].mean()), 1e-9),
    ]


# RV-P11, RV-P12 and RV-29: other updates.


def _momentum(told: float, setting: Setting) -> list[Check]:
    """The formula is told of `told` times the momentum."""
    hills, noise = np.array([0.5, 1.0, 2.0]), 0.3
    checks = []
    count = setting.trajectories(16_384, 4_096)
    for beta, rate in ((0.9, 0.5), (0.9, 1.5), (0.5, 0.8)):
        valley = RiverValley(hills, noise, FlatRiver())
        run = simulate(Momentum(beta).on(valley), schedules.constant(800, rate), count, setting.seed, record_every=800)
        V = theory.momentum_variance(rate, hills, noise, told * beta)
        predicted = float(0.5 * hills @ V)
        label = f"hill loss, beta = {beta}, eta = {rate}"
        checks.append(agreement(label, predicted, run.loss[-1], run.loss_stderr[-1]))
    return checks


def _sign_and_walls(sign: bool, setting: Setting) -> list[Check]:
    """Without `sign` plain SGD is run in its place."""
    hills, rate = np.array([0.5, 1.0, 2.0]), 0.002
    count = setting.trajectories(2_048, 512)
    checks = []
    for noise in (0.3, 0.6):
        valley = RiverValley(hills, noise, FlatRiver())
        ruled: Any = Sign().on(valley) if sign else valley
        run = simulate(ruled, schedules.constant(6_000, rate), count, setting.seed, record_every=6_000)
        predicted = 3.0 * float(theory.sign_hill_loss(rate, noise))
        checks.append(
            agreement(f"hill loss of sign-SGD, sigma = {noise}", predicted, run.loss[-1], run.loss_stderr[-1], bias=0.02)
        )
    for power, steep, eta in ((3.0, 1.0, 0.02), (4.0, 1.0, 0.02), (1.0, 0.03, 0.02), (4.0, 3.0, 0.02)):
        walls = WalledValley([steep], PowerWall(power), 0.0, FlatRiver(), 1.0)
        steps = 40_000 if power == 1.0 else 6_000
        run = simulate(walls, schedules.constant(steps, eta), count, setting.seed, record_every=steps)
        predicted = float(theory.wall_hill_loss(eta, 1.0, power))
        label = f"walls {steep:g} |y|^{power:g} / {power:g}: eta s2 / (2 p)"
        checks.append(agreement(label, predicted, run.loss[-1], run.loss_stderr[-1], bias=0.05))
    return checks


def _same_picture(share: float, setting: Setting) -> list[Check]:
    """EMA momentum lowers the hill loss by at most `share` x eta h, and leaves the river alone."""
    checks = []
    for product in (0.1, 0.5, 1.0):
        h = 1.0
        plain = float(theory.stationary_variance(product / h, h, 0.3))
        least = float(theory.momentum_variance(product / h, h, 0.3, 0.999))
        checks.append(at_most(f"relative gain of momentum 0.999, eta h = {product}", share * product, 1.0 - least / plain))
    s = schedules.wsd(4_000, 0.5, decay_fraction=0.2)
    valley = RiverValley([0.5, 1.0, 2.0], 0.3, PowerRiver())
    count = setting.trajectories(1_024, 256)
    runs = [simulate(x, s, count, setting.seed, record_at=[3_200, 4_000]) for x in (valley, Momentum(0.9).on(valley))]
    river = [run.components["river"] for run in runs]
    checks.append(worst("river loss under momentum over that without", 1.0, river[1] / river[0], 0.01))
    falls = [float(run.components["hill"][1] / run.components["hill"][0]) for run in runs]
    checks.append(at_most("share of the hill loss that a decay leaves, with and without momentum", 0.1, max(falls)))
    return checks


# RV-30: progress below the noise.


def _hidden(hills: Sequence[float], setting: Setting) -> list[Check]:
    valley = RiverValley(np.array(hills), 0.3, FlatRiver())
    rate, count = 0.02, setting.trajectories(16_384, 4_096)
    run = simulate(valley, schedules.constant(600, rate), count, setting.seed, record_every=600)
    loss = 0.5 * run.state[:, :-1] ** 2 @ np.array(hills)
    n = len(hills)
    relative = float(loss.std(ddof=1) / loss.mean())
    # The relative error of a standard deviation, for sums of n squares of normals.
    error = float(np.sqrt((2.0 + 12.0 / n) / (4.0 * count)))
    return [
        agreement("relative scatter of the hill loss of one iterate, sqrt(2 / n)", np.sqrt(2.0 / n), relative, error, bias=0.01)
    ]


CLAIMS: Sequence[Claim] = (
    _claim(
        id="RV-10",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="derived here",
        premise="Quadratic hills; eta h much below 1.",
        breaks="small eta h: it reaches 1",
        statement="Every mode carries the same hill loss, whatever its curvature: height says nothing about sharpness.",
        formula="eta s2 / 4 a mode for eta h << 1",
        status="derived",
        kind="asymptotic",
        measure=partial(_equal_shares, 0.02),
        control=partial(_equal_shares, 1.0),
    ),
    _claim(
        id="RV-11",
        section="docs/theory/river_valley.md#6-lines-between-checkpoints-and-averages",
        ruling="confirmed within the model",
        premise="Stationary iterates far apart in time.",
        breaks="the distance in time: 2 updates",
        statement="The line between two stable iterates is a well: its middle lies half the hill loss lower.",
        formula="(1 - a)^2 + a^2; dip : drop of a whole decay = 1 : 2",
        status="derived",
        measure=partial(_chord, 400),
        control=partial(_chord, 2),
    ),
    _claim(
        id="RV-13",
        section="docs/theory/river_valley.md#6-lines-between-checkpoints-and-averages",
        ruling="confirmed within the model",
        premise="One stationary quadratic mode.",
        breaks="the average: 6 iterates in place of 60",
        paper="arXiv 2507.17634",
        statement="Averaging the last iterates removes hill loss nearly as well as the best decay over the same steps.",
        formula="V*/K [(1 + rho)/(1 - rho) - ...] against 1 / (1 / V_0 + h^2 K / s2): 0.0154 and 0.0145",
        status="derived",
        measure=partial(_averaged, 60),
        control=partial(_averaged, 6),
        note="Merging equals a decay for a given stream of gradients; but those were taken at points that had not decayed.",
    ),
    _claim(
        id="RV-14",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="confirmed within the model",
        premise="Quadratic hills beside a river of constant slope.",
        breaks="the projection: hills and river are swapped",
        paper="arXiv 2405.16002",
        statement="Nearly all of the gradient points along the hills and makes no progress; without it nothing is lost.",
        formula="P / (P + g^2), P = sum h eta s2 / (2 - eta h)",
        status="read",
        measure=partial(_projected, False),
        control=partial(_projected, True),
    ),
    _claim(
        id="RV-29",
        section="docs/theory/river_valley.md#9-other-update-rules",
        ruling="derived here",
        premise="Quadratic hills; momentum in the form of a moving average.",
        breaks="the bound: half of it",
        statement="Momentum changes constants, not the picture: less hill loss at large rates, the same river, the same decay.",
        formula="relative gain at most eta h / 2",
        status="derived",
        measure=partial(_same_picture, 0.5),
        control=partial(_same_picture, 0.25),
    ),
    _claim(
        id="RV-30",
        section="docs/theory/river_valley.md#5-the-stable-phase",
        ruling="derived here",
        premise="Equal shares of the hill loss in n modes.",
        breaks="the equal shares: one mode carries nearly all",
        statement="Progress smaller than the scatter of the hill loss cannot be seen by comparing two stable checkpoints.",
        formula="relative standard deviation sqrt(2 / n) for n modes",
        status="derived",
        measure=partial(_hidden, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)),
        control=partial(_hidden, (1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1.0)),
        note="For one mode the scatter is larger than the loss itself. In the control one mode carries nearly all.",
    ),
    _claim(
        id="RV-P11",
        section="docs/theory/river_valley.md#9-other-update-rules",
        ruling="derived here",
        premise="Quadratic hills; momentum in the form of a moving average.",
        breaks="the momentum told to the formula: half",
        statement="Stationary hill loss under momentum.",
        formula="V* = eta s2 / (h (2 - eta h / T)), T = (1 + beta) / (1 - beta)",
        status="derived",
        measure=partial(_momentum, 1.0),
        control=partial(_momentum, 0.5),
    ),
    _claim(
        id="RV-P12",
        section="docs/theory/river_valley.md#9-other-update-rules",
        ruling="derived here",
        premise="Small LR.",
        breaks="the update: plain SGD in place of its sign",
        statement="Sign-SGD's hill loss is linear in the noise; walls of any power carry the same at small rates.",
        formula="eta sigma sqrt(pi / 2) / 4 a mode; eta s2 / (2 p)",
        status="derived",
        measure=partial(_sign_and_walls, True),
        control=partial(_sign_and_walls, False),
    ),
)
