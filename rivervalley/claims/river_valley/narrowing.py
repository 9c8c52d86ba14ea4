"""Claims of the river-valley view (arXiv 2410.05192) where the walls close in, open or turn along the way.

Legend: a = h e^(kappa x) curvature of the walls, g slope of the river, eta the LR, s2 noise variance across, A(x) the hills'
matrix and V their stationary covariance.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.linalg import solve_discrete_lyapunov
from scipy.optimize import brentq

from rivervalley import schedules
from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, near, sampled, surely_above, surely_below, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import LinearRiver, QuadraticWall, RotatingHills, SoftWall, WalledValley
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper="arXiv 2410.05192")
_PAGE = "docs/theory/river_valley.md#4-narrowing-and-opening-valleys"


def _speeds(
    valley: WalledValley | RotatingHills, eta: float, count: int, seed: int, wait: int, steps: int
) -> tuple[FloatArray, float]:
    """Speed of each trajectory along the river over `steps` updates after `wait`, and the mean place meanwhile."""
    first = simulate(valley, schedules.constant(wait, eta), count, seed, record_every=wait)
    second = simulate(valley, schedules.constant(steps, eta), initial=first, record_every=wait + steps)
    start, end = first.state[:, -1], second.state[:, -1]
    return (end - start) / steps, 0.5 * float(start.mean() + end.mean())


# RV-06: walls that close in.

_G, _KAPPA, _NOISE = 0.01, 0.2, 1.0
_BLOCK = 4.0 * _G / (_KAPPA * _NOISE**2)


def _force(eta: float, x: float, kappa: float = _KAPPA) -> float:
    """g - kappa / 2 eta s2 / (2 - eta a): the mean force on x between quadratic walls that are stationary at each x."""
    return _G - 0.5 * kappa * eta * _NOISE**2 / (2.0 - eta * float(np.exp(kappa * x)))


def _narrowing(kappa: float, setting: Setting) -> list[Check]:
    valley = WalledValley([1.0], QuadraticWall(), kappa, LinearRiver(_G), _NOISE)
    count, shares = setting.trajectories(16_384, 4_096), (0.25, 0.5, 0.9, 1.3)
    speeds, checks = {}, []
    for share in shares:
        eta = share * _BLOCK
        speeds[share], middle = _speeds(valley, eta, count, setting.seed, 300, 300)
        # The hills lag behind the walls by kappa speed / (2 eta a) of their height, 0.3 % of what they pull with.
        slack = 0.003 * eta * 0.5 * _KAPPA * eta * _NOISE**2 / 2.0
        predicted = eta * _force(eta, middle)
        label = f"speed at {share:g} of the blocking LR"
        checks.append(sampled(label, predicted, speeds[share], slack / abs(predicted), "the hills' lag"))
    told = WalledValley([1.0], QuadraticWall(), _KAPPA, LinearRiver(_G), _NOISE)
    # Far upstream, where the walls are flat, the LR at which the mean force vanishes is the formula's.
    vanishing = float(brentq(lambda eta: told.mean_force(eta, -30.0), 0.1 * _BLOCK, 3.0 * _BLOCK))
    return [
        surely_below("speed at 1.3 of the blocking LR: upstream", 0.0, speeds[1.3]),
        surely_above("speed at half the blocking LR less that at nine tenths", 0.0, speeds[0.5] - speeds[0.9]),
        surely_above("speed at half the blocking LR less that at a quarter", 0.0, speeds[0.5] - speeds[0.25]),
        *checks,
        near("blocking LR 4 g / (s2 kappa)", _BLOCK, told.blocking_lr(), relative=1e-12),
        near("LR at which the package's mean force vanishes", _BLOCK, vanishing, relative=1e-3, basis="eta a"),
        worst(
            "the package's mean force",
            [_force(0.1, x) for x in (0.0, 2.0)],
            [told.mean_force(0.1, x) for x in (0.0, 2.0)],
            relative=1e-12,
        ),
    ]


# RV-32: walls that open.


def _opening(kappa: float, setting: Setting) -> list[Check]:
    valley = WalledValley([1.0], QuadraticWall(), kappa, LinearRiver(_G), _NOISE)
    count, eta = setting.trajectories(16_384, 4_096), 0.9 * _BLOCK
    speeds, middle = _speeds(valley, eta, count, setting.seed, 300, 300)
    predicted = eta * _force(eta, middle, -_KAPPA)
    slack = 0.003 * eta * 0.5 * _KAPPA * eta * _NOISE**2 / 2.0
    return [
        surely_above("speed in an opening valley over that without walls", 1.5, speeds / (eta * _G)),
        sampled("speed eta (g + kappa eta s2 / (2 (2 - eta a)))", predicted, speeds, slack / predicted, "the hills' lag"),
        near(
            "the package's mean force",
            _force(eta, 0.0, -_KAPPA),
            WalledValley([1.0], QuadraticWall(), -_KAPPA, LinearRiver(_G), _NOISE).mean_force(eta, 0.0),
            relative=1e-12,
        ),
    ]


# RV-33: hills that turn.


def _turning(noise: tuple[float, float], setting: Setting) -> list[Check]:
    """Hills of 1 and 0.2 that turn slowly; the prediction is for noise along one fixed axis."""
    h, turn, g, eta = (1.0, 0.2), 0.02, 0.002, 0.4
    count = setting.trajectories(8_192, 2_048)
    checks = []
    for given, label in ((noise, "noise along one axis"), ((0.5, 0.5), "isotropic noise")):
        # At 45 degrees to the axes of the noise, where the force is greatest.
        valley = RotatingHills(h, turn, LinearRiver(g), noise_std=list(given), start_river=-0.25 * np.pi / turn)
        speeds, middle = _speeds(valley, eta, count, setting.seed, 200, 200)
        told = (0.7, 0.1) if label == "noise along one axis" else given
        predicted = eta * _turning_force(h, turn, g, eta, told, middle)
        checks.append(sampled(f"speed under {label}", predicted, speeds, 0.02, "slow turning"))
        there = _turning_force(h, turn, g, eta, told, -0.25 * np.pi / turn)
        package = RotatingHills(h, turn, LinearRiver(g), noise_std=list(told)).mean_force(eta, -0.25 * np.pi / turn)
        checks.append(near(f"the package's mean force, {label}", there, package, 1e-14, 1e-10))
    isotropic = [_turning_force(h, turn, g, eta, (0.5, 0.5), x) for x in (0.0, 20.0, 40.0)]
    return [*checks, worst("mean force under isotropic noise: that of the river", g, isotropic, relative=1e-9)]


def _turning_force(h: tuple[float, float], turn: float, g: float, eta: float, noise: tuple[float, float], x: float) -> float:
    """g - tr(A' V) / 2 with V the stationary covariance of two hills turned by the angle turn x."""
    c, s = np.cos(turn * x), np.sin(turn * x)
    R, dR = np.array([[c, -s], [s, c]]), turn * np.array([[-s, -c], [c, -s]])
    A = R @ np.diag(h) @ R.T
    slope = dR @ np.diag(h) @ R.T + R @ np.diag(h) @ dR.T
    V = solve_discrete_lyapunov(np.eye(2) - eta * A, eta**2 * np.diag(np.square(noise)))
    return float(g - 0.5 * np.trace(slope @ V))


# RV-07: where descent without noise stops.


def _cycle(eta: float) -> tuple[float, float]:
    """|y| and x of the two-cycle between walls a ln cosh y that cancels the river: a eta tanh y = 2 y, kappa a ln cosh y = g."""

    def pull(y: float) -> float:
        return float(_KAPPA * 2.0 * y / (eta * np.tanh(y)) * np.log(np.cosh(y)) - _G)

    y = float(brentq(pull, 1e-6, 5.0, xtol=1e-14))
    return y, float(np.log(2.0 * y / (eta * np.tanh(y))) / _KAPPA)


def _stops(kappa: float, setting: Setting) -> list[Check]:
    places, heights, told, edges = [], [], [], []
    LR = (0.5, 0.25)
    for eta in LR:
        # A trace of noise leads away from the middle, where nothing pulls.
        valley = WalledValley([1.0], SoftWall(1.0), kappa, LinearRiver(_G), 1e-6)
        run = simulate(valley, schedules.constant(50_000, eta), 1, setting.seed, record_every=50_000)
        heights.append(abs(float(run.state[0, 0])))
        places.append(float(run.state[0, 1]))
        told.append(WalledValley([1.0], SoftWall(1.0), _KAPPA, LinearRiver(_G), 1e-6).stopping_point(eta))
        edges.append(np.log(2.0 / eta) / _KAPPA)
    cycles = np.array([_cycle(eta) for eta in LR])
    return [
        worst(
            "x at which it stops, LR 0.5 and 0.25: two-cycle of the walls",
            cycles[:, 1],
            places,
            2e-5,
            basis="the trace of noise",
        ),
        worst("|y| there", cycles[:, 0], heights, 2e-5, basis="the trace of noise"),
        worst("x where the sharpness of the middle is 2 / eta", edges, places, 0.05, basis="y^2 / (3 kappa)"),
        worst("y^2 against g eta / kappa", np.array(LR) * _G / _KAPPA, np.square(heights), relative=0.01, basis="y^2"),
        near(
            "shift of the stop on halving the LR, ln 2 / kappa",
            np.log(2.0) / _KAPPA,
            places[1] - places[0],
            0.025,
            basis="y^2 / (3 kappa)",
        ),
        worst("the package's stopping point", edges, told, relative=1e-12),
    ]


register_claims(
    _claim(
        id="RV-06",
        section=_PAGE,
        statement="A larger LR makes faster progress along the river.",
        formula="speed eta (g - eta s2 kappa / 4): greatest at eta*/2, none at eta* = 4 g / (s2 kappa)",
        status="read",
        kind="statistical",
        ruling="corrected",
        correction="Only below eta*/2 where the valley narrows; beyond eta* noise drives it upstream.",
        premise="Quadratic hills whose curvature grows along the river; noise across.",
        breaks="the narrowing: a valley of constant width",
        measure=partial(_narrowing, _KAPPA),
        control=partial(_narrowing, 0.0),
        note="The statement holds in valleys of constant width (the control, RV-04) and in opening ones (RV-32).",
    ),
    _claim(
        id="RV-07",
        section=_PAGE,
        statement="Without noise, descent in a narrowing valley stops where the sharpness is 2 / eta.",
        formula="two-cycle with a eta tanh y = 2 y and kappa a ln cosh y = g; x = ln(2 / eta) / kappa, y^2 = g eta / kappa for small y",
        status="derived",
        kind="asymptotic",
        ruling="derived here",
        premise="A narrowing valley with soft walls; next to no noise.",
        breaks="the narrowing: ten times weaker",
        measure=partial(_stops, _KAPPA),
        control=partial(_stops, 0.02),
        note="Soft walls: quadratic ones throw the iterate upstream at the edge of stability.",
    ),
    _claim(
        id="RV-32",
        section=_PAGE,
        statement="In an opening valley noise helps: SGD is faster than the slope of the river.",
        formula="speed eta (g + |kappa| eta s2 / (2 (2 - eta a)))",
        status="derived",
        kind="statistical",
        ruling="derived here",
        premise="Quadratic hills whose curvature falls along the river.",
        breaks="the opening: a valley of constant width",
        measure=partial(_opening, -_KAPPA),
        control=partial(_opening, 0.0),
    ),
    _claim(
        id="RV-33",
        section=_PAGE,
        statement="Hills that turn pull on the river where noise has a fixed direction, and not where it is isotropic.",
        formula="mean force g - tr(A' V) / 2, A V + V A - eta A V A = eta Sigma",
        status="derived",
        kind="statistical",
        ruling="derived here",
        premise="Two quadratic hills that turn slowly along the river.",
        breaks="the noise: isotropic in both runs",
        measure=partial(_turning, (0.7, 0.1)),
        control=partial(_turning, (0.5, 0.5)),
    ),
)
