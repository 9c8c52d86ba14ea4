"""Claims on the stable phase of straight valleys: what the hills' height says, what hides progress, lines and averages.

Legend: eta the LR, h a curvature, s2 noise variance, rho = 1 - eta h, V* stationary variance, g slope of the river.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.stats import gamma

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, at_least, near, sampled, surely_above, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.claims.river_valley import _twin
from rivervalley.landscapes import CircularBend, FlatRiver, LinearRiver, RiverValley
from rivervalley.landscapes.valleys.update_rules import Average, Project, merged_gradient_weights
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2410.05192", kind="statistical")
_PAGE = "docs/theory/river_valley.md"


# RV-10: equipartition.


def _equal_shares(eta: float, _: Setting) -> list[Check]:
    hills = np.array([0.01, 0.1, 1.0])
    steps = round(12.0 / (eta * 0.01))
    run = RiverValley(hills, 0.3, FlatRiver()).expected(schedules.constant(steps, eta), record_at=[steps])
    assert run.state_variance is not None
    each = 0.5 * hills * run.state_variance[:-1] / (eta * 0.09 / 4.0)
    # 2 / (2 - eta h) is above 1 by eta h / 2 and its square, at most eta / 2 = 1 % here.
    return [
        worst("hill loss of each of three modes over eta s2 / 4", 1.0, each, 0.0102, basis="eta h / 2 at 0.02"),
        worst("the same over 2 / (2 - eta h)", 1.0, each * (2.0 - eta * hills) / 2.0, 1e-9),
    ]


# RV-11: between two stable iterates.


def _chord(lag: int, setting: Setting) -> list[Check]:
    hills, eta, tail = np.array([0.5, 1.0, 2.0]), 0.1, 200
    valley = RiverValley(hills, 0.3, FlatRiver())
    count = setting.trajectories(16_384, 4_096)
    first = simulate(valley, schedules.constant(300, eta), count, setting.seed, record_every=300)
    second = simulate(valley, schedules.constant(lag, eta), initial=first, record_every=300 + lag)
    lr = _twin.decaying(tail, tail, "inverse", eta, 20.0)
    decayed = simulate(valley, Schedule(lr), initial=second, record_every=300 + lag + tail)
    V = _twin.stationary(eta, hills, 0.09)
    stable = float(_twin.hill_loss(V, hills))
    left = float(_twin.hill_loss(_twin.second_moments(lr, hills, 0.09, V), hills)[-1])
    ends = 0.25 * ((first.state[:, :-1] ** 2 + second.state[:, :-1] ** 2) @ hills)
    middle = 0.5 * (0.25 * (first.state[:, :-1] + second.state[:, :-1]) ** 2) @ hills
    quarter = 0.5 * (0.75 * first.state[:, :-1] + 0.25 * second.state[:, :-1]) ** 2 @ hills
    after = 0.5 * decayed.state[:, :-1] ** 2 @ hills
    told = [float(theory.chord_hill_share(a, 3, eta, 1.0)) for a in (0.25, 0.5)]
    written = [(1 - a) ** 2 + a**2 + 2 * a * (1 - a) * 0.9**3 for a in (0.25, 0.5)]
    share = 0.5 * stable / (stable - left)
    return [
        sampled(
            "dip in the middle less half the drop of a whole decay",
            0.0,
            (ends - middle) / stable - share * (ends - after) / stable,
        ),
        sampled("drop of the decay over the stable hill loss", 1.0 - left / stable, (ends - after) / stable),
        sampled("hill loss in the middle of the line over that of its ends, 1/2", 0.5, middle / stable),
        sampled("the same at a quarter, 5/8", 0.625, quarter / stable),
        surely_above("share of the hill loss that the whole decay removes", 0.8, (ends - after) / stable),
        worst("the package's share on the line, 3 updates apart", written, told, relative=1e-12),
    ]


# RV-13: averaging.


def _averaged(window: int, setting: Setting) -> list[Check]:
    """The mean of the last `window` iterates; the formulas are for 60."""
    h, eta, K, before = 1.0, 0.2, 60, 200
    n = setting.trajectories(32_768, 8_192)
    s = schedules.constant(before + K, eta)
    weights = np.ones(window)
    run = simulate(
        Average(before + K - window, weights=weights).on(RiverValley([h], 1.0, FlatRiver())),
        s,
        n,
        setting.seed,
        record_every=s.steps,
    )
    # Sum over pairs of iterates of V* rho^|i - j|.
    apart = np.abs(np.subtract.outer(np.arange(K), np.arange(K)))
    V = float(_twin.stationary(eta, h, 1.0)[0])
    mean = V * float(np.sum((1.0 - eta * h) ** apart)) / K**2
    rates = 1.0 / (2.0 / eta + h * np.arange(K))
    cooled = float(_twin.second_moments(rates, h, 1.0, V)[-1, 0])
    return [
        sampled("variance of the mean of 60 iterates", mean, run.state[:, 2] ** 2),
        near("the same, as stated", 0.0154, mean, 5e-5, basis="digits as stated"),
        near("variance after the best decay of 60 updates, as stated", 0.0145, cooled, 5e-5, basis="digits as stated"),
        near("the package's variance of an average", mean, float(theory.averaged_variance(K, eta, h, 1.0)), relative=1e-12),
        near(
            "the package's variance after the best decay", cooled, float(theory.cooled_variance(K, h, 1.0, V)), relative=1e-12
        ),
        *_merged(),
    ]


def _merged() -> list[Check]:
    """Without noise: which iterates an average takes, and merging as a decay of the gradients' stream."""
    h, eta, steps = 0.7, 0.3, 20
    c = np.random.default_rng(0).dirichlet(np.ones(steps))
    valley = RiverValley([h], 0.0, FlatRiver(), start_hill=1.0)
    run = simulate(Average(0, weights=c).on(valley), schedules.constant(steps, eta), 1, record_every=steps)
    y = (1.0 - eta * h) ** np.arange(steps + 1)
    weights = merged_gradient_weights(np.append(0.0, c))
    return [
        near("weighted mean of 20 iterates without noise", float(c @ y[1:]), float(run.state[0, 2]), relative=1e-12),
        near(
            "the same from reweighed gradients",
            float(run.state[0, 2]),
            float(1.0 - weights @ (eta * h * y[:-1])),
            relative=1e-12,
        ),
    ]


# RV-14: where the gradient points, and what projections of it do.


def _projected(swapped: bool, setting: Setting) -> list[Check]:
    """With `swapped` the names of hills and river are interchanged."""
    hills, g, eta, steps = np.geomspace(0.5, 2.0, 8), 0.05, 0.4, 600
    valley = RiverValley(hills, 0.5, LinearRiver(g))
    count = setting.trajectories(8_192, 2_048)
    s = schedules.constant(steps, eta)
    plain = simulate(valley, s, count, setting.seed, record_every=steps)
    onto = ("river", "hills") if swapped else ("hills", "river")
    dom, bulk = (simulate(Project(part).on(valley), s, 64, setting.seed, record_every=steps) for part in onto)
    of_hills = ((hills * plain.state[:, :-1]) ** 2).sum(axis=1)
    P = float(hills**2 @ _twin.stationary(eta, hills, 0.25))
    share = P / (P + g * g)
    full = g * eta * steps
    return [
        near(
            "river progress of updates without the hills, over that of all", 1.0, float(bulk.state[:, -1].mean()) / full, 1e-9
        ),
        near("river progress of updates projected on the hills", 0.0, float(dom.state[:, -1].mean()), 1e-12),
        near("hill loss of updates without the hills", 0.0, float(bulk.components["hill"][-1]), 1e-15),
        near("river progress of plain SGD over the sum of its steps", 1.0, float(plain.state[:, -1].mean()) / full, 1e-9),
        # Mean of of_hills - share (of_hills + g^2) is 0 where the share is the ratio of means.
        sampled("|gradient|^2 along the hills, over its prediction", P, of_hills),
        near("the package's share along the hills", share, theory.hill_gradient_share(eta, hills, 0.5, g), relative=1e-12),
        at_least("that share", 0.99, share),
    ]


# RV-30: progress below the noise.


def _hidden(hills: Sequence[float], setting: Setting) -> list[Check]:
    """The predictions are for eight modes of nearly equal loss."""
    h, eta, n = np.array(hills), 0.02, 8
    count = setting.trajectories(16_384, 4_096)
    valley = RiverValley(h, 0.3, FlatRiver())
    first = simulate(valley, schedules.constant(600, eta), count, setting.seed, record_every=600)
    second = simulate(valley, schedules.constant(600, eta), initial=first, record_every=1200)
    losses = [0.5 * run.state[:, :-1] ** 2 @ h for run in (first, second)]
    # With progress of one standard deviation between two iterates far apart, how often the later loss is the lower one.
    V = _twin.stationary(eta, np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]), 0.09)
    mean = float(_twin.hill_loss(V, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]))
    scatter = np.sqrt(2.0 / n) * mean
    law = gamma(n / 2.0, scale=mean / (n / 2.0))
    x = law.ppf((np.arange(20_000) + 0.5) / 20_000)
    return [
        sampled(
            "squared scatter of one iterate's hill loss over its mean's, 2 / n",
            2.0 / n,
            (losses[0] / mean - 1.0) ** 2,
            0.01,
            "unequal shares, (eta h)^2",
        ),
        *(
            sampled(
                f"how often progress of {share:g} of the scatter shows as a lower loss",
                float(np.mean(law.cdf(x + share * scatter))),
                losses[1] - share * scatter < losses[0],
                0.002,
                "unequal shares",
            )
            for share in (0.1, 1.0)
        ),
    ]


# RV-36: lines between iterates of SGD on a bend.


def _bent_chord(bend: bool, setting: Setting) -> list[Check]:
    """Mean hill loss on the line between iterates of SGD a length l apart on a circle; without `bend` on a straight river."""
    R, stiffness, sigma, eta, g = 10.0, 4.0, 0.3, 0.1, 0.5
    count, lag = setting.trajectories(16_384, 4_096), 35
    valley = CircularBend(R, stiffness, LinearRiver(g), noise_std=sigma)
    first = simulate(valley, schedules.constant(200, eta), count, setting.seed, record_every=200)
    second = simulate(valley, schedules.constant(lag, eta), initial=first, record_every=200 + lag)
    length = (second.state[:, -1] - first.state[:, -1]).mean()
    ends = [valley.plane(run.state) for run in (first, second)]
    stable = float(_twin.hill_loss(_twin.stationary(eta, stiffness, sigma**2), stiffness))
    checks = []
    for a in (0.5, 0.25):
        middle = (1.0 - a) * ends[0] + a * ends[1]
        hill = 0.5 * stiffness * (np.hypot(middle[:, 0], middle[:, 1]) - R) ** 2
        c = np.cos(length / R) if bend else 1.0
        # Distance of the line's point from the centre for ends on the floor, and the ends' mean scatter along the line.
        inward = R - R * np.sqrt((1.0 - a) ** 2 + a**2 + 2.0 * a * (1.0 - a) * c)
        spread = stable * ((1.0 - a) ** 2 + a**2)
        checks.append(
            sampled(
                f"hill loss at {a:g} of the line: share of the well, and the wall that it cuts",
                spread + 0.5 * stiffness * inward**2,
                hill,
                0.02,
                "(l / R)^2 / 8 of the scatter, offset of the floor",
            )
        )
    checks.append(
        surely_above("hill loss in the middle over that of the ends: no well", 1.0, hill_over(ends, R, stiffness) / stable)
    )
    return checks


def hill_over(ends: Sequence[np.ndarray], R: float, stiffness: float) -> np.ndarray:
    """Hill loss in the middle of the lines between two sets of points of the plane."""
    middle = 0.5 * (ends[0] + ends[1])
    return np.asarray(0.5 * stiffness * (np.hypot(middle[:, 0], middle[:, 1]) - R) ** 2)


register_claims(
    _claim(
        id="RV-10",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="Every mode carries the same hill loss, whatever its curvature: height says nothing about sharpness.",
        formula="eta s2 / 4 a mode for eta h << 1",
        status="derived",
        kind="asymptotic",
        ruling="derived here",
        premise="Quadratic hills; eta h much below 1.",
        breaks="small eta h: it reaches 1",
        measure=partial(_equal_shares, 0.02),
        control=partial(_equal_shares, 1.0),
    ),
    _claim(
        id="RV-11",
        section=f"{_PAGE}#6-lines-between-checkpoints-and-averages",
        statement="The line between two stable iterates is a well: its middle lies half the hill loss lower.",
        formula="(1 - a)^2 + a^2; dip : drop of a whole decay = 1 : 2",
        status="derived",
        ruling="confirmed within the model",
        premise="Stationary iterates far apart in time.",
        breaks="the distance in time: 2 updates",
        measure=partial(_chord, 400),
        control=partial(_chord, 2),
    ),
    _claim(
        id="RV-13",
        paper="arXiv 2507.17634",
        section=f"{_PAGE}#6-lines-between-checkpoints-and-averages",
        statement="Averaging the last iterates removes hill loss nearly as well as the best decay over the same steps.",
        formula="V*/K [(1 + rho)/(1 - rho) - ...] against 1 / (1 / V_0 + h^2 K / s2): 0.0154 and 0.0145",
        status="derived",
        ruling="confirmed within the model",
        premise="One stationary quadratic mode.",
        breaks="the average: 30 iterates in place of 60",
        measure=partial(_averaged, 60),
        control=partial(_averaged, 30),
        note="Merging equals a decay for a given stream of gradients; but those were taken at points that had not decayed.",
    ),
    _claim(
        id="RV-14",
        paper="arXiv 2405.16002",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="Nearly all of the gradient points along the hills and makes no progress; without it nothing is lost.",
        formula="P / (P + g^2), P = sum h eta s2 / (2 - eta h)",
        status="read",
        ruling="confirmed within the model",
        premise="Quadratic hills beside a river of constant slope.",
        breaks="the projection: hills and river are swapped",
        measure=partial(_projected, False),
        control=partial(_projected, True),
    ),
    _claim(
        id="RV-30",
        section=f"{_PAGE}#5-the-stable-phase",
        statement="Progress smaller than the scatter of the hill loss cannot be seen by comparing two stable checkpoints.",
        formula="relative standard deviation sqrt(2 / n) for n modes; P(later loss lower) from two gamma variables",
        status="derived",
        ruling="derived here",
        premise="Equal shares of the hill loss in n modes.",
        breaks="the equal shares: one mode carries nearly all",
        measure=partial(_hidden, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)),
        control=partial(_hidden, (1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1.0)),
        note="Progress of a tenth of the scatter shows as a lower loss 53 times in 100, progress of all of it 77 times.",
    ),
    _claim(
        id="RV-36",
        section=f"{_PAGE}#6-lines-between-checkpoints-and-averages",
        statement="The line between two stable iterates is a well.",
        formula="H ((1 - a)^2 + a^2) + lambda / 2 (l^2 a (1 - a) / (2 R))^2",
        status="read",
        ruling="corrected",
        correction="On a bend only for short distances along the river: beyond, the line cuts the inner wall above its ends.",
        premise="A circular river; SGD with noise across.",
        breaks="the bend: left out of the prediction",
        measure=partial(_bent_chord, True),
        control=partial(_bent_chord, False),
    ),
)
