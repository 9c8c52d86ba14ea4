"""Claims on hills of a sphere: how high they stand, what they remember, and on which clock.

Legend: r = eta / n, phi the angle of an update, k a hill's drift over its noise, V = E theta^2, S = sum r the clock;
hills k_i = k1 i^-b with noise i^-c, beta = (c - 1) / b.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import zeta

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, near, sampled, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.equilibrium._runs import PAGE, PAPER, WEIGHT_DECAY, constant, states
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import FlatRiver, Sphere, SphericalValley
from rivervalley.landscapes.spherical import rules
from rivervalley.schedules import Schedule
from rivervalley.theory.equilibrium import _zeta

_claim = partial(Claim, paper=PAPER, status="derived", ruling="derived here")
_HEIGHT, _MEMORY, _DROP = (
    f"{PAGE}#{place}" for place in ("31-how-high-they-stand", "32-what-they-remember", "33-after-a-drop-of-the-lr")
)


# EQ-05: a hill's variance on the compact sphere.


def _variances(compact: bool, setting: Setting) -> list[Check]:
    eta, m, copies = 0.02, 512, 32
    kinds = np.array([2.0, 0.5, 0.125, 0.03125, 0.008, 0.002])
    star = float(theory.equilibrium_norm(eta, WEIGHT_DECAY))
    sphere = Sphere(m, np.repeat(kinds, copies), start_norm=star, start_variance=1.0, rule=rules.AdamW(WEIGHT_DECAY))
    settle = round(10.0 / (2.0 * eta * WEIGHT_DECAY))  # hills forget at 2 eta wd at least
    at = [settle + 250 * k for k in range(4)]
    paths = states(sphere, constant(at[-1], eta), at, setting.trajectories(24, 12), setting.seed)
    squares = np.mean([sphere.directions(state)[:, : kinds.size * copies] ** 2 for state in paths], axis=0)
    each = squares.reshape(squares.shape[0], kinds.size, copies).mean(axis=2)
    r = float(theory.equilibrium_step(eta, WEIGHT_DECAY))
    V = np.zeros(kinds.size)
    for _ in range(100):  # the projection takes sum k V / m off every drift
        lost = copies * float(kinds @ V) / m
        V = r * r / (1.0 - (np.sqrt(1.0 - r * r) - r * (kinds - lost)) ** 2)
    if not compact:
        V = r / (kinds * (2.0 - r * kinds))
    basis = "order 1/m, and what is left of the start"
    return [sampled("V over its closed form, k from 64 r/2 to r/16", 1.0, each / V, 2.0 / m + np.exp(-10.0), basis)]


# EQ-06: compactness bends the stationary hill loss.


def _bent(compact: bool, _: Setting) -> list[Check]:
    checks = []
    b = c = 2.22
    for k1 in (0.5, 1.0, 0.1):
        valley = SphericalValley.power_law(10**6, k1, b, c, 1.0, bin_ratio=1.05, river=FlatRiver(), forgetting=compact)
        for r in (0.0071, 0.0141, 0.0283):
            measured = valley.stationary_hill_loss(r) / (r / 4.0)
            predicted = float(theory.stationary_noise(r, k1, b, c))
            x = 0.5 * r / k1
            second = x * x * abs(_zeta(c - 2.0 * b)) + (0.5 * r * k1) ** 2 * zeta(c + 2.0 * b) + r * r
            checks.append(
                near(f"hill loss / (r / 4), k1 = {k1:g}, r = {r:g}", predicted, measured, second + 1e-5, basis="x^2 and r^2")
            )
        high, low = (np.log(valley.stationary_hill_loss(r)) for r in (0.0165, 0.0155))
        p = float(theory.noise_exponent(0.016, k1, b, c))
        checks.append(
            near(f"p = d ln loss / d ln r at r = .016, k1 = {k1:g}", p, (high - low) / np.log(165 / 155), 1e-3, basis="x^2")
        )
    return checks


# EQ-07: power-law memory.


def _missing(valley: SphericalValley, r: float, clock: np.ndarray) -> np.ndarray:
    """What the hill loss still lacks of its stationary height after the clock, at a constant r from 0, in units of r / 4."""
    lr = r * valley.start_norm
    at = np.rint(clock / r).astype(int)
    hill = valley.expected(constant(int(at[-1]), lr), record_at=at).components["hill"]
    k = valley.stiffness
    full = 0.5 * float(valley.weight @ (r / (k * (2.0 - r * k))))
    return np.asarray((full - hill) / (r / 4.0))


def _endless(b: float, c: float, k1: float, under_adam: bool = True) -> SphericalValley:
    """Hills k1 i^-b of noise i^-c; under SGD they relax by their curvature, i^-(b + c), and weigh by their noise variance."""
    own = (b, c) if under_adam else (b + c, 2.0 * c)
    return SphericalValley.power_law(10**6, k1, *own, 1.0, bin_ratio=1.12, river=FlatRiver(), rule=rules.Frozen())


def _memory(under_adam: bool, _: Setting) -> list[Check]:
    checks = []
    r, k1 = 0.02, 0.5
    clock = np.array([200.0, 220.0, 2000.0, 2200.0])
    for b, c in ((2.22, 2.22), (2.0, 2.1), (3.0, 1.9)):
        missing = _missing(_endless(b, c, k1, under_adam), r, clock)
        predicted = theory.power_sum(clock, k1, b, c)
        # The first harmonic, a step r over the clock, the hills beyond the last, and 1e-5 for the bins.
        rest = float(np.max((theory.power_sum_rest(clock, k1, b, c) + 1e-6 ** (c - 1.0)) / predicted)) + r / clock[0] + 1e-5
        slope = -np.log(missing[1::2] / missing[::2]) / np.log(1.1)
        beta = theory.memory_exponent(b, c)
        checks.append(
            worst(f"exponent of the memory, b = {b:g}, c = {c:g}", beta, slope, 2.0 * rest, basis="harmonics, r / S, bins")
        )
        height = "its height over Gamma(beta) / b (2 k1 S)^-beta"
        checks.append(worst(height, 1.0, missing / predicted, rest, basis="harmonics, r / S, bins"))
    return checks


def _left_by_decay(valley: SphericalValley, steps: int, shape: str, r: float) -> float:
    """What a decay to 0 leaves, relative to r / 4 sum of heights: integral of K over the heights, less K of the whole run."""
    u = (np.arange(4000) + 0.5) / 4000.0
    y = u**3  # nodes closer together where the decay ends
    if shape == "linear":
        clock, length = 0.1 * r * steps * y * y, 0.9 * r * steps
    else:
        clock, length = r * steps * _cosine_left(y), 0.5 * r * steps
    return float(np.mean(valley.memory_kernel(clock) * 3.0 * u * u) - valley.memory_kernel(length))


def _cosine_left(y: np.ndarray) -> np.ndarray:
    """Clock left at the height y = (1 + cos pi s) / 2, s the share of the run: (1 - s) / 2 - sin(pi s) / (2 pi)."""
    s = np.arccos(2.0 * y - 1.0) / np.pi
    return np.asarray(0.5 * (1.0 - s) - np.sin(np.pi * s) / (2.0 * np.pi))


def _decays(under_adam: bool, setting: Setting) -> list[Check]:
    """The memory's exponent from 0 on, and what decays to 0 leave of it."""
    checks = _memory(under_adam, setting)
    r, k1 = 0.01, 1.0
    cases = ((0.3, "linear"), (0.8, "linear"), (0.3, "cosine"), (0.9, "cosine"))
    for beta, shape in cases[1::2] if setting.quick else cases:
        hills = _endless(2.22, 1.0 + 2.22 * beta, k1)
        valley = hills if under_adam else _endless(2.22, 1.0 + 2.22 * beta, k1, under_adam)
        left, predicted = [], []
        for steps in (100_000, 400_000):
            peak = r * valley.start_norm
            schedule = (
                schedules.wsd(steps=steps, peak_lr=peak, decay_fraction=0.2)
                if shape == "linear"
                else schedules.cosine(steps=steps, peak_lr=peak)
            )
            hill = float(valley.expected(schedule, record_at=[steps]).components["hill"][0])
            left.append(hill / (0.25 * r * float(valley.height @ valley.multiplicity)))
            predicted.append(_left_by_decay(hills, steps, shape, r))
        limit = theory.decay_exponent(beta, shape)
        exponent = np.log(left[0] / left[1]) / np.log(4.0)
        expected = np.log(predicted[0] / predicted[1]) / np.log(4.0)
        name = f"exponent of T left by a {shape} decay, beta = {beta:g}: min(beta, {'1/2' if shape == 'linear' else '2/3'}) = {limit:.3f}"
        X = 2.0 * k1 * r * 100_000 * (0.1 if shape == "linear" else 0.5)  # 2 k1 times the clock of the decay
        checks.append(
            near(name, expected, exponent, 0.5 * r * k1 / np.sqrt(X) / np.log(4.0), basis="r k at the height where it freezes")
        )
        far = [_left_by_decay(valley, steps, shape, r) for steps in (10**11, 4 * 10**11)]
        gap = abs(beta - (0.5 if shape == "linear" else 2.0 / 3.0))
        checks.append(
            near(
                f"the same at a million times the length, {shape}, beta = {beta:g}",
                limit,
                np.log(far[0] / far[1]) / np.log(4.0),
                gap * (1e6 * X) ** -gap,
                basis="the other power of T",
            )
        )
    return checks


# EQ-08: the signature, a square root over peaks and a line within a decay.


def _signature(rule: rules.Rule, _: Setting) -> list[Check]:
    k = 2.0
    valley = SphericalValley([k], 1.0, river=FlatRiver(), rule=rule)
    peaks = np.array([2.5e-4, 1e-3, 4e-3])
    hill = []
    for eta in peaks:
        steps = round(20.0 / (2.0 * eta * WEIGHT_DECAY))
        hill.append(float(valley.expected(constant(steps, eta), record_at=[steps]).components["hill"][0]))
    closed = theory.sphere_variance(theory.equilibrium_step(peaks, WEIGHT_DECAY), k)
    checks = [
        near(
            f"exponent of the stationary hill loss in the LR, {low:g} to {4 * low:g}: 1/2 and the edge",
            np.log(closed[i + 1] / closed[i]) / np.log(4.0),
            np.log(hill[i + 1] / hill[i]) / np.log(4.0),
            2.0 * np.exp(-20.0),
            basis="what is left of the start",
        )
        for i, low in enumerate(peaks[:-1])
    ]
    if not isinstance(rule, rules.AdamW) or rule.weight_decay == 0.0:
        return checks
    eta, factor = 1e-3, 0.1
    tau = 1.0 / (2.0 * eta * WEIGHT_DECAY)
    begin = valley.expected(constant(round(14.0 * tau), eta))
    at = np.rint(tau * np.array([1.0, 3.0, 10.0, 30.0, 100.0])).astype(int)
    after = valley.expected(constant(int(at[-1]), factor * eta), initial=begin, record_at=begin.end_step + at)
    r = float(theory.equilibrium_step(eta, WEIGHT_DECAY))
    share = theory.step_after_drop(eta, WEIGHT_DECAY, at, factor)
    quasi_static = theory.sphere_variance(share * r, k) / theory.sphere_variance(r, k)
    # The hill follows r with a lag of 1 / (2 k r) updates, while r rises by at most factor eta wd an update.
    lag = factor * eta * WEIGHT_DECAY / (2.0 * k * factor * r)
    measured = after.components["hill"] / begin.components["hill"][-1]
    checks.append(
        worst("hill loss after a drop to a tenth, over r of that time", quasi_static, measured, relative=lag, basis="its lag")
    )
    return checks


# EQ-09: the clock of hills.


def _collapse(clock: str, _: Setting) -> list[Check]:
    """Hill loss after a drop to a tenth at two peaks, each from its own equilibrium norm, on one clock."""
    grid = np.linspace(0.0, 1.0, 9)
    curves, longest = [], []
    for eta in (1e-3, 4e-3):
        n = float(theory.equilibrium_norm(eta, WEIGHT_DECAY))
        valley = SphericalValley.power_law(bin_ratio=1.12, river=FlatRiver(), rule=rules.Frozen(), start_norm=n)
        r = eta / n
        before, after = round(800.0 / r), round(8.0 / (0.1 * r))
        schedule = Schedule(np.concatenate([np.full(before, eta), np.full(after, 0.1 * eta)]))
        hill = valley.expected(schedule, record_at=np.arange(before, before + after + 1)).components["hill"]
        unit = {"sum r": 0.1 * r, "sum eta": 0.1 * eta, "sum eta / n^2": 0.1 * eta / n**2}[clock]
        curves.append((np.arange(after + 1) * unit, hill / hill[0]))
        longest.append(after * unit)
    at = grid * min(longest)
    first, second = (np.interp(at, x, y) for x, y in curves)
    edge = 0.5 * 0.5 * float(theory.equilibrium_step(4e-3, WEIGHT_DECAY))  # r k1 / 2, the first hill's
    return [worst(f"hill loss at 4e-3 over that at 1e-3 on the clock {clock}", 1.0, second / first, edge, basis="r k1 / 2")]


def _closed_collapse(eta: float, clock: np.ndarray) -> np.ndarray:
    """hill / hill0 after a drop to a tenth with forgetting: modes go from V(r) to V(r / 10) as exp(-(2 k + r / 10) S)."""
    valley = SphericalValley.power_law(bin_ratio=1.12)
    r = float(theory.equilibrium_step(eta, WEIGHT_DECAY))
    k, weight = valley.stiffness, valley.weight
    old, new = theory.sphere_variance(r, k), theory.sphere_variance(0.1 * r, k)
    kept = np.exp(-np.multiply.outer(clock, 2.0 * k + 0.1 * r))
    return np.asarray((new + (old - new) * kept) @ weight / (old @ weight))


def _clock(name: str, setting: Setting) -> list[Check]:
    checks = _collapse(name, setting)
    if name != "sum r":
        return checks
    # The whole landscape under AdamW, where hills forget and the norm moves on: what is left of the collapse, in closed form.
    grid, measured, closed, risen = np.array([0.5, 1.0, 2.0, 4.0, 8.0]), [], [], []
    valley = SphericalValley.power_law(bin_ratio=1.12, river=FlatRiver())
    for eta in (1e-3, 4e-3):
        settle = 60_000
        schedule = Schedule(np.concatenate([np.full(settle, eta), np.full(8000, 0.1 * eta)]))
        at = np.arange(settle, settle + 8001, 20)
        hill = valley.expected(schedule, record_at=at).components["hill"]
        S = np.concatenate([[0.0], np.cumsum(schedule.lr / valley.norms(schedule)[:-1])])[at]
        measured.append(np.interp(grid, S - S[0], hill / hill[0]))
        closed.append(_closed_collapse(eta, grid))
        steps = grid / (0.1 * theory.equilibrium_step(eta, WEIGHT_DECAY))
        risen.append(10.0 * theory.step_after_drop(eta, WEIGHT_DECAY, steps, 0.1) - 1.0)
    edge = 0.25 * float(theory.equilibrium_step(4e-3, WEIGHT_DECAY))
    ratio = measured[1] / measured[0]
    label = "the same under AdamW, S = .5 ... 8: ratio of the closed forms with forgetting"
    checks.append(worst(label, closed[1] / closed[0], ratio, relative=risen[1] - risen[0] + edge, basis="r moves on meanwhile"))
    return checks


register_claims(
    _claim(
        id="EQ-05",
        section=_HEIGHT,
        kind="statistical",
        premise="Many weights; a direction of rms 1, so that no coordinate can stray.",
        breaks="compactness: the hills of a straight valley",
        statement="On a sphere a hill's variance saturates at that of a random direction: hills softer than r / 2 stand no higher.",
        formula="V = sin^2 phi / (1 - (cos phi - k sin phi)^2), about (r / 2) / (k + r / 2)",
        measure=partial(_variances, True),
        control=partial(_variances, False),
    ),
    _claim(
        id="EQ-06",
        section=_HEIGHT,
        kind="asymptotic",
        premise="Hills of power-law stiffness and height on a sphere.",
        breaks="compactness: the hills of a straight valley",
        statement="The stationary hill loss of a power-law spectrum rises more slowly than the relative step, as r^p with p < 1.",
        formula="zeta(c) - pi / (b sin(pi beta)) x^beta - zeta(c - b) x + (r / 2) k1 zeta(b + c), x = r / (2 k1)",
        measure=partial(_bent, True),
        control=partial(_bent, False),
        note="p = .87 at k1 = .1 and r = .016, .95 at k1 = .5.",
    ),
    _claim(
        id="EQ-07",
        section=_MEMORY,
        kind="asymptotic",
        premise="Hills of power-law stiffness and height under Adam, whose drift is curvature over noise.",
        breaks="the rule: hills weigh and relax as under SGD",
        statement="Hill noise remembers the LR as a power of the clock, with an exponent that differs between Adam and SGD.",
        formula="K(S) ~ Gamma(beta) / (b zeta(c)) (2 k1 S)^-beta, beta = (c - 1) / b; decays to 0 leave T^-min(beta, 1/2 or 2/3)",
        measure=partial(_decays, True),
        control=partial(_decays, False),
    ),
    _claim(
        id="EQ-08",
        section=_DROP,
        kind="asymptotic",
        premise="A stiff hill in rotational equilibrium.",
        breaks="weight decay: there is none",
        statement="The hill loss is the square root of the LR over peaks, but falls in proportion to the LR within a decay.",
        formula="r / r* = f / sqrt(f + (1 - f) exp(-2 f eta wd t)) after a drop to f eta: f at once, sqrt(f) in the end",
        measure=partial(_signature, rules.AdamW(WEIGHT_DECAY)),
        control=partial(_signature, rules.AdamW(0.0)),
    ),
    _claim(
        id="EQ-09",
        section=_DROP,
        kind="asymptotic",
        premise="Gradient and its noise both fall as 1 / n.",
        breaks="the clock: sum eta",
        statement="Hills relax on the clock sum r, the same at every peak.",
        formula="hill(S) / hill(0) after a drop to a tenth, at 1e-3 and 4e-3, against S = sum eta / n",
        measure=partial(_clock, "sum r"),
        control=partial(_clock, "sum eta"),
    ),
)
