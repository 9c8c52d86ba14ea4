"""Claims on what holds in R^m itself: rivers on a sphere, and the whole recursion against every weight simulated.

Legend: eta the LR, wd the weight decay, a = 1 - eta wd, n the rms of m weights, theta = W / n, keep and turn the cosine and
sine of an update's angle, r = eta / n, k drift over noise, t targets, V variance and M mean of theta.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import erf, zeta

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, sampled, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.equilibrium._runs import PAGE, PAPER, WEIGHT_DECAY, constant, states
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import FlatRiver, PowerRiver, Sphere, SphericalValley
from rivervalley.landscapes.spherical import rules
from rivervalley.schedules import Schedule

_claim = partial(Claim, paper=PAPER, status="derived", ruling="derived here", kind="statistical")
_RIVER, _WHOLE = f"{PAGE}#4-rivers", f"{PAGE}#5-every-weight-simulated"


def _rotation(schedule: Schedule, m: int) -> tuple[np.ndarray, np.ndarray]:
    """keep and turn of each update of m weights under AdamW: growth is 1 - 1 / m, as the gradient is projected."""
    n2, keep, turn = 0.02**2, np.empty(schedule.steps), np.empty(schedule.steps)
    for t, eta in enumerate(schedule.lr):
        a = 1.0 - eta * WEIGHT_DECAY
        after = a * a * n2 + eta * eta * (1.0 - 1.0 / m)
        keep[t], turn[t] = a * np.sqrt(n2 / after), eta / np.sqrt(after)
        n2 = after
    return keep, turn


# EQ-10: a river that winds does not forget, one that runs straight does.


def _winding_path(keep: np.ndarray, turn: np.ndarray, river: PowerRiver, rho: float, k: float, m: int) -> np.ndarray:
    """The angle after each update with the radius that its hill and the pull of the sphere agree on, without noise."""
    radius, phi, out = rho, 0.0, np.empty(keep.size)
    for t, (c, s) in enumerate(zip(keep, turn, strict=True)):
        outward = c * radius - s * k * (radius - rho) * (1.0 - radius * radius / m)
        along = -s * float(river.slope(phi)) / radius
        phi += np.arctan2(along, outward)
        radius = np.hypot(outward, along)
        out[t] = phi
    return out


def _straight_path(keep: np.ndarray, turn: np.ndarray, river: PowerRiver, rho: float, m: int, forgets: bool) -> np.ndarray:
    x, out = 0.0, np.empty(keep.size)
    for t, (c, s) in enumerate(zip(keep, turn, strict=True)):
        x = (c if forgets else 1.0) * x - s * float(river.slope(x)) / rho**2 * (1.0 - (rho * x) ** 2 / m)
        out[t] = x
    return out


def _rivers(straight_forgets: bool, setting: Setting) -> list[Check]:
    slow = [] if setting.quick else _winding(1e-3, setting)
    return [*_straight(straight_forgets, setting), *slow, *_winding(4e-3, setting), _many_weights(), _signal()]


def _straight(forgets: bool, setting: Setting) -> list[Check]:
    eta, steps, m, rho, q, A = 4e-3, 4000, 512, 2.0, 2.0, 40.0 / 9.0
    schedule, at = constant(steps, eta), np.array([1000, 2000, steps])
    river = PowerRiver(A, q)
    sphere = Sphere(m, river=river, river_radius=rho, radius_stiffness=0.0, rule=rules.AdamW(WEIGHT_DECAY))
    paths = states(sphere, schedule, at.tolist(), setting.trajectories(16, 12), setting.seed)
    c = river.loss(np.array([state[:, -1] for state in paths]).T)
    x = _straight_path(*_rotation(schedule, m), river, rho, m, forgets)[at - 1]
    stall = theory.straight_river_stall(float(theory.equilibrium_turn(eta, WEIGHT_DECAY)), A, q, rho, m)
    left = np.exp(-(q + 2.0) * eta * WEIGHT_DECAY * steps)
    return [
        sampled("straight river, c over the recursion that forgets", 1.0, c / river.loss(x), 4.0 / m, "order 1/m"),
        sampled(
            f"where it stalls, x = {stall:.2f}", float(river.loss(stall)), c[:, -1], 4.0 / m + left, "order 1/m, what is left"
        ),
    ]


def _winding(eta: float, setting: Setting) -> list[Check]:
    k, rho, q, A, m = 2.0, 6.0, 2.0, 40.0, 512
    schedule, at = constant(3000, eta), np.array([1000, 2000, 3000])
    river = PowerRiver(A, q)
    sphere = Sphere(m, river=river, river_radius=rho, radius_stiffness=k, rule=rules.AdamW(WEIGHT_DECAY))
    paths = states(sphere, schedule, at.tolist(), setting.trajectories(12, 8), setting.seed)
    c = river.loss(np.array([state[:, -1] for state in paths]).T)
    keep, turn = _rotation(schedule, m)
    S = np.cumsum(turn)[at - 1]
    power, weight = q / (q + 2.0), np.cumsum(turn**2)[at - 1] / S  # mean of r on the clock
    closed = theory.winding_river_loss(S, A, q, rho**2 / A)
    followed = river.loss(_winding_path(keep, turn, river, rho, k, m)[at - 1])
    scatter = 3.0 * weight / (2.0 * k) / rho**2  # three times the variance of the radius, over its square
    one_m = 4.0 / m
    label = f"winding river, eta = {eta:g}, c over its"
    return [
        sampled(f"{label} closed form", 1.0, c / closed, power * (weight / k + one_m), "r / k of the radius, 1/m"),
        sampled(
            f"{label} recursion with the radius", 1.0, c / followed, power * (scatter + one_m), "scatter of the radius, 1/m"
        ),
    ]


def _many_weights() -> Check:
    """The river of SphericalValley under a cosine; updates are steps of x' = -c'(x) / (A scale) on the clock, first order in r."""
    river, scale = PowerRiver(4.0, 2.0), 8.5
    valley = SphericalValley([1.0], river=river, river_scale=scale, rule=rules.AdamW(WEIGHT_DECAY))
    schedule, at = schedules.cosine(steps=20_000, peak_lr=2e-3, final_lr=0.0, warmup_steps=300), np.array([300, 3000, 20_000])
    r = schedule.lr / valley.norms(schedule)[1:]
    S, q = np.cumsum(r), river.exponent
    x = (1.0 + q * (q + 2.0) * S / scale) ** (1.0 / (q + 2.0))  # 1 + x
    # What steps add to x, each half of r^2 |x''|, with nothing taken off by the contraction of later ones; times c' / c.
    added = np.cumsum(0.5 * r * r * (q / scale) ** 2 * (q + 1.0) * x ** (-2.0 * q - 3.0))
    measured = valley.expected(schedule, record_at=at).components["river"]
    closed = theory.winding_river_loss(S[at - 1], river.scale, q, scale)
    bound = (q * added / x)[at - 1]
    return worst(
        "river of many weights, c over its closed form", 1.0, measured / closed, relative=bound, basis="steps of the clock"
    )


def _signal() -> Check:
    """What is left to learn of a spectrum of targets after the clock S, K0 S^-alpha."""
    valley = SphericalValley.power_law(10**6, signal_exponent=2.11, bin_ratio=1.12)
    S = np.array([100.0, 300.0, 1000.0])
    left = 0.5 * np.exp(-2.0 * np.multiply.outer(S, valley.stiffness)) @ (valley.weight * valley.target**2)
    rest = theory.power_sum_rest(S, 0.5, 2.22, 2.11) / theory.power_sum(S, 0.5, 2.22, 2.11)
    beyond = zeta(2.11, 10.0**6) / theory.power_sum(S, 0.5, 2.22, 2.11)
    return worst(
        "spectrum of targets, loss over 4.13 S^-1/2",
        1.0,
        left / (4.13 * S**-0.5),
        relative=rest + beyond + 1e-5,
        basis="harmonics, bins",
    )


# EQ-14: the whole recursion against R^m.


def _closure(rule: rules.Rule, k: np.ndarray, t: np.ndarray, m: int, lr: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Loss of the hills in R^m under AdamW or sign, to order 1 / m: Gaussian moments, the projection, the hills' own gradient.

    x = k (theta - t) - l theta + z is the projected gradient of a coordinate, l = sum k theta (theta - t) / m.
    """
    V, M, n2, out = np.ones(k.size), np.zeros(k.size), 0.02**2, []
    sign = isinstance(rule, rules.DecayedSign)
    for step, eta in enumerate(lr):
        a, n = 1.0 - eta * WEIGHT_DECAY, np.sqrt(n2)
        along = float(np.sum(k * (V + M * (M - t)))) / m
        x, spread = k * (M - t) - along * M, (k - along) ** 2 * V
        if sign:
            wide = np.sqrt(1.0 + spread)
            mean = erf(x / wide / np.sqrt(2.0))
            covariance = V * (k - along) * np.sqrt(2.0 / np.pi) / wide * np.exp(-0.5 * (x / wide) ** 2)
            noise, square = 1.0 - mean * mean, 1.0
            radial = float(np.sum(covariance + M * mean)) / m - np.sqrt(2.0 / np.pi) * along
        else:
            mean, covariance = x, V * (k - along)
            noise, square = 1.0 - (V + M * M) / m + spread, 1.0 - 1.0 / m + float(np.sum(k * k * (V + (M - t) ** 2))) / m
            radial = 0.0
        after = a * a * n2 - 2.0 * a * eta * n * radial + eta * eta * square
        c, s = a * n / np.sqrt(after), eta / np.sqrt(after)
        V, M, n2 = c * c * V - 2.0 * c * s * covariance + s * s * noise, c * M - s * mean, after
        if step + 1 in at:
            out.append(0.5 * float(np.sum(k * (V + (M - t) ** 2))))
    return np.array(out)


def _whole(norm_moves: bool, setting: Setting) -> list[Check]:
    m, i = 192, np.arange(1.0, 9.0)
    k, target = 0.5 * i**-2.22, i**1.165
    target *= np.sqrt(0.05 * m / np.sum(target**2))
    schedule = schedules.wsd(steps=2000, peak_lr=4e-3, warmup_steps=100, decay_fraction=0.2)
    at = np.array([200, 1000, 1600, 1800, 2000])
    valley = SphericalValley(k, 1.0, target=target, start_variance=1.0, river=FlatRiver())
    if not norm_moves:
        valley = rules.Frozen().on(valley)
    adam, sign = rules.AdamW(WEIGHT_DECAY), rules.DecayedSign(WEIGHT_DECAY)
    many = {rule: rule.on(valley).expected(schedule, record_at=at).loss for rule in (adam, sign)}
    # What finite m changes is computed for AdamW and sign; Adam is taken to have it as AdamW.
    finite = {rule: _closure(rule, k, target, m, schedule.lr, at) / many[rule] for rule in (adam, sign)}
    cases: tuple[tuple[rules.Rule, np.ndarray], ...] = (
        (adam, finite[adam]),
        (sign, finite[sign]),
        (rules.Adam(0.9, 0.999, WEIGHT_DECAY), finite[adam]),
    )
    count, checks = setting.trajectories(96, 16), []
    for rule, correction in cases[::2] if setting.quick else cases:
        sphere = Sphere(m, k, 1.0, target, start_variance=1.0, rule=rule)
        paths = states(sphere, schedule, at.tolist(), count, setting.seed)
        loss = np.array([sphere.loss(state) for state in paths]).T
        under = rule.on(valley) if norm_moves else rules.Frozen().on(valley)
        predicted = under.expected(schedule, record_at=at).loss * correction
        label = f"{type(rule).__name__}: loss in R^{m} over the recursion, five times"
        checks.append(sampled(label, 1.0, loss / predicted, 1.0 / m, "order 1/m^2"))
        if isinstance(rule, rules.Adam):
            n2 = sphere.norms(paths[-1]) ** 2
            share = n2.mean() / adam.on(valley).norms(schedule)[-1] ** 2
            label = f"Adam(.9, .999): n^2, {share:.2f} of what it is without v's lag"
            checks.append(sampled(label, under.norms(schedule)[-1] ** 2, n2, 2.0 / m, "order 1/m"))
    return checks


register_claims(
    _claim(
        id="EQ-10",
        section=_RIVER,
        premise="A river on a sphere under AdamW.",
        breaks="forgetting: the recursion of the straight river has none",
        statement="A river that winds in a plane is followed for good, as a power of the clock; one that runs straight is forgotten.",
        formula="c = A (1 + q (q + 2) A S / rho^2)^(-q / (q + 2)); straight: stalls where -c' = x tan(phi / 2); targets: K0 S^-alpha",
        measure=partial(_rivers, True),
        control=partial(_rivers, False),
    ),
    _claim(
        id="EQ-14",
        section=_WHOLE,
        premise="The recursion of the norm, the turns and the hills' moments.",
        breaks="the norm: it stays at its start",
        statement="The recursions for many weights predict what a simulation of every weight does, under AdamW, sign and Adam.",
        formula="loss of 192 weights through a WSD schedule at 4e-3, with the terms of order 1/m; n^2 under Adam(.9, .999)",
        measure=partial(_whole, True),
        control=partial(_whole, False),
        note="Adam's v lags while the norm grows, which halves n^2 at beta2 = .999; the loss hardly notices.",
    ),
)
