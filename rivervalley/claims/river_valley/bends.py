"""Claims of the river-valley view (arXiv 2410.05192) where valleys bend or narrow.

Legend: lambda stiffness across, R radius and kappa = 1/R bend of the river, g slope along it, eta the rate, s2 noise variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.optimize import brentq

from rivervalley import schedules, theory
from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, agreement, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.landscapes import (
    CircularBend,
    LinearRiver,
    LogisticRiver,
    Parabola,
    QuadraticWall,
    ShearedBend,
    Sine,
    SoftWall,
    WalledValley,
)
from rivervalley.simulation.simulate import simulate
from rivervalley.theory import find_river, gradient_flow, river_residual

_claim = partial(Claim, paper="arXiv 2410.05192")


# RV-01: the river.


def _river(on_floor: bool, _: Setting) -> list[Check]:
    """With on_floor the valley's floor is taken for its river."""
    valleys: dict[str, ShearedBend | CircularBend] = {
        "parabola": ShearedBend(Parabola(1.5), 12.0, LinearRiver(0.2)),
        "sine": ShearedBend(Sine(0.6, 5.0), 8.0, LogisticRiver(0.5)),
        "circle": CircularBend(2.0, 5.0, LinearRiver(1.0)),
    }
    checks = []
    for name, valley in valleys.items():
        for x in (0.4, 1.1, 1.9):
            point = valley.floor(x) if on_floor else valley.river_point(x)
            checks.append(at_most(f"|H g - lambda_min g| / |g|, {name}, at {x}", 1e-9, river_residual(valley, point)))
            checks.append(worst(f"found from the definition, {name}, at {x}", find_river(valley, x), point, 1e-8))
            values = np.linalg.eigvalsh(valley.hessian(point))
            g = valley.gradient(point)
            along = float(g @ valley.hessian(point) @ g / (g @ g))
            checks.append(near(f"its curvature is the smaller one, {name}, at {x}", values[0], along, 1e-8))
    return checks


# RV-02: gradient flow beside it.


def _flow(from_floor: bool, _: Setting) -> list[Check]:
    stiff = np.array([50.0, 100.0, 200.0, 400.0])
    floor, river = [], []
    for stiffness in stiff.tolist():
        valley = ShearedBend(Parabola(1.5), stiffness, LinearRiver(1.0), start_river=0.2)
        path = gradient_flow(valley, valley.slow_point(0.2), np.linspace(0.5, 3.0, 300))
        height = valley.bend.height(path[:, 1])
        y = float(np.interp(1.0, path[:, 1], path[:, 0] - height) + valley.bend.height(1.0))
        floor.append(abs(y - valley.floor(1.0)[0]))
        river.append(abs(y - valley.river_point(1.0)[0]))
    measured = floor if from_floor else river
    checks = [
        near("power of lambda in |flow - river|, sheared", -2.0, _power(stiff, measured), 0.1),
        near("power of lambda in |flow - floor|, sheared", -1.0, _power(stiff, floor), 0.05),
    ]
    for stiffness in (20.0, 80.0):
        circle = CircularBend(2.0, stiffness, LinearRiver(1.0))
        path = gradient_flow(circle, circle.floor(0.0), np.array([1.0, 2.0]))
        found = abs(path[-1, 0] - circle.river_point(float(path[-1, -1]))[0])
        checks.append(
            near(f"kappa g^2 / lambda^2 on a circle, lambda = {stiffness:g}", 0.5 / stiffness**2, found, relative=0.02)
        )
    return checks


def _power(x: FloatArray, y: Sequence[float]) -> float:
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


# RV-03: descent beside it.


def _descent(rate_matters: bool, _: Setting) -> list[Check]:
    """Without rate_matters the offset is predicted from one rate for all."""
    R, stiffness, g = 4.0, 5.0, 0.5
    valley = CircularBend(R, stiffness, LinearRiver(g), noise_std=0.0)
    checks = []
    for product in (0.2, 0.6, 1.2):
        rate = product / stiffness
        predicted = (rate if rate_matters else 0.2 / stiffness) * g**2 / (2.0 * R * stiffness)
        run = simulate(valley, schedules.constant(4000, rate), 1, record_every=4000)
        offset = float(run.state[0, 0])
        checks.append(near(f"offset eta g^2 kappa / (2 lambda), eta lambda = {product}", predicted, offset, relative=2e-3))
        checks.append(
            near(f"the exact offset, eta lambda = {product}", valley.exact_descent_offset(rate), offset, relative=1e-8)
        )
        river = valley.river_point(0.0)[0]
        checks.append(at_most(f"offset over that of the river, eta lambda = {product}", 1.0, offset / river))
    return checks


# RV-06: walls that close in.


def _narrowing(kappa: float, setting: Setting) -> list[Check]:
    g, noise = 0.01, 1.0
    valley = WalledValley([1.0], QuadraticWall(), kappa, LinearRiver(g), noise)
    theory = WalledValley([1.0], QuadraticWall(), 0.2, LinearRiver(g), noise)
    block = theory.blocking_lr()
    # Far upstream, where the hill is flat, the rate at which the mean force vanishes is the formula's.
    vanishing = float(brentq(lambda rate: theory.mean_force(rate, -30.0), 0.1 * block, 3.0 * block))
    checks = [near("blocking rate 4 g / (s2 kappa): where the force vanishes", block, vanishing, relative=1e-3)]
    count = setting.trajectories(32_768, 8_192)
    speeds = []
    for share in (0.25, 0.5, 0.9, 1.3):
        rate = share * block
        first = simulate(valley, schedules.constant(300, rate), count, setting.seed, record_every=300)
        second = simulate(valley, schedules.constant(300, rate), initial=first, record_every=600)
        moved = (second.state[:, -1] - first.state[:, -1]) / 300.0
        middle = 0.5 * float(first.state[:, -1].mean() + second.state[:, -1].mean())
        predicted = rate * theory.mean_force(rate, middle)
        error = moved.std(ddof=1) / np.sqrt(count)
        speeds.append((moved.mean(), error))
        # The hills lag behind the narrowing walls by some kappa g / (2 h), a thousandth of their pull.
        extra = 0.005 * rate * g
        check = agreement(f"speed at {share:g} of the blocking rate", predicted, moved.mean(), np.hypot(error, extra / 4.9))
        checks.append(check)
    (slow, a), (best, b), (fast, c), (over, d) = speeds
    checks.append(
        at_least("speed at half the blocking rate less that at nine tenths", 4.9 * float(np.hypot(b, c)), best - fast)
    )
    checks.append(at_most("speed beyond the blocking rate: upstream", -4.9 * float(d), over))
    checks.append(
        at_least("speed at half the blocking rate less that at a quarter", 0.0, best - slow, 4.9 * float(np.hypot(a, b)))
    )
    return checks


# RV-07: where descent without noise stops.


def _stops(kappa: float, setting: Setting) -> list[Check]:
    g = 0.01
    checks, places = [], []
    for rate in (0.5, 0.25):
        # A trace of noise leads away from the middle, where nothing pulls.
        valley = WalledValley([1.0], SoftWall(1.0), kappa, LinearRiver(g), 1e-6)
        theory = WalledValley([1.0], SoftWall(1.0), 0.2, LinearRiver(g), 1e-6)
        steps = 100_000
        run = simulate(valley, schedules.constant(steps, rate), 1, setting.seed, record_every=steps)
        y, x = run.state[0]
        places.append(x)
        checks.append(near(f"x where sharpness is 2 / eta, eta = {rate}", theory.stopping_point(rate), float(x), 0.05))
        checks.append(near(f"y^2 = g eta / kappa, eta = {rate}", g * rate / 0.2, float(y * y), relative=0.1))
    checks.append(
        near("shift of the stop on halving the rate, ln 2 / kappa", np.log(2.0) / 0.2, float(places[1] - places[0]), 0.05)
    )
    return checks


# RV-12: lines between decayed points.


def _monotone(valley: CircularBend, length: float) -> bool:
    """Whether the loss falls all the way on the straight line between two points of the floor, `length` apart along it."""
    R = valley.radius
    ends = valley.plane([[0.0, 0.0], [0.0, length]])
    a = np.linspace(0.0, 1.0, 2001)[:, None]
    points = (1.0 - a) * ends[0] + a * ends[1]
    n = np.linalg.norm(points, axis=1) - R
    s = np.unwrap(np.arctan2(points[:, 1], points[:, 0])) * R
    # Where the circle starts and which way it turns do not matter: the length along is measured from the first end.
    s = np.abs(s - s[0])
    loss = valley.loss(np.stack([n, s], axis=1))
    return bool(np.all(np.diff(loss) < 0.0))


def _chords(radius_scale: float, _: Setting) -> list[Check]:
    checks = []
    for R, stiffness, g in ((4.0, 5.0, 0.05), (10.0, 2.0, 0.01), (6.0, 20.0, 0.02)):
        predicted = theory.critical_chord(R, stiffness, g)
        valley = CircularBend(R * radius_scale, stiffness, LinearRiver(g))
        low, high = 0.1 * predicted, 3.0 * predicted
        for _step in range(40):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if _monotone(valley, middle) else (low, middle)
        label = f"critical chord, R = {R:g}, lambda = {stiffness:g}, g = {g:g}"
        checks.append(near(label, predicted, 0.5 * (low + high), relative=0.04))
    return checks


CLAIMS: Sequence[Claim] = (
    _claim(
        id="RV-01",
        section="docs/theory/river_valley.md#1-the-river",
        ruling="corrected",
        premise="Bent valleys in closed form.",
        breaks="the curve: the valley floor in place of the river",
        correction="The river is not the valley floor: it lies c'^2 / (lambda^2 R) outward of it on a bend.",
        statement="The river is where the gradient lies along the flattest direction; it is not the floor of a bending valley.",
        formula="H g = lambda_min g",
        status="read",
        kind="exact",
        measure=partial(_river, False),
        control=partial(_river, True),
    ),
    _claim(
        id="RV-02",
        section="docs/theory/river_valley.md#2-tracking-the-river",
        ruling="confirmed within the model",
        premise="Stiff bent valleys; gradient flow.",
        breaks="the reference: the floor of a sheared valley in place of the river",
        statement="Gradient flow stays near the river: at the second order of the stiffness, where the floor is at the first.",
        formula="|flow - river| = kappa g^2 / lambda^2",
        status="read",
        kind="asymptotic",
        measure=partial(_flow, False),
        control=partial(_flow, True),
        note="The control measures the distance from the floor in a sheared valley.",
    ),
    _claim(
        id="RV-03",
        section="docs/theory/river_valley.md#2-tracking-the-river",
        ruling="confirmed within the model",
        premise="A circular bend; gradient descent without noise.",
        breaks="the prediction's LR: one for all runs",
        statement="Gradient descent tracks the river too, at an offset that grows with the rate and stays as small as the flow's.",
        formula="eta g^2 kappa / (2 lambda), below that of the river while eta lambda < 2",
        status="read",
        kind="asymptotic",
        measure=partial(_descent, True),
        control=partial(_descent, False),
    ),
    _claim(
        id="RV-06",
        section="docs/theory/river_valley.md#4-narrowing-and-opening-valleys",
        ruling="corrected",
        premise="Hills whose curvature grows along the river; noise across.",
        breaks="the narrowing: a valley of constant width",
        correction="A larger LR is faster only below eta*/2; beyond eta* = 4 g / (s2 kappa) it goes upstream.",
        statement="A larger rate is faster only up to a point: where the valley narrows, noise pushes upstream.",
        formula="speed eta (g - eta s2 kappa / 4): greatest at eta*/2, none at eta* = 4 g / (s2 kappa)",
        status="derived",
        kind="statistical",
        measure=partial(_narrowing, 0.2),
        control=partial(_narrowing, 0.0),
        note="Corrected: the paper's statement that larger rates progress faster holds in valleys of constant width (the "
        "control) and in opening ones.",
    ),
    _claim(
        id="RV-07",
        section="docs/theory/river_valley.md#4-narrowing-and-opening-valleys",
        ruling="derived here",
        premise="A narrowing valley with soft walls; next to no noise.",
        breaks="the narrowing: ten times weaker",
        statement="Without noise, descent in a narrowing valley stops where the sharpness is 2 / eta.",
        formula="x = ln(2 / eta) / kappa, bouncing at y^2 = g eta / kappa",
        status="derived",
        kind="asymptotic",
        measure=partial(_stops, 0.2),
        control=partial(_stops, 0.02),
        note="Soft walls: quadratic ones throw the iterate upstream at the edge of stability.",
    ),
    _claim(
        id="RV-12",
        section="docs/theory/river_valley.md#6-lines-between-checkpoints-and-averages",
        ruling="corrected",
        premise="A circular river; both ends on its floor.",
        breaks="the radius of the bend: half as large again",
        correction="Only chords shorter than the critical one are monotone.",
        statement="The loss falls along the line between two decayed checkpoints if they lie close together.",
        formula="l < (4 g R^2 / (0.0962 lambda))^(1/3)",
        status="derived",
        kind="asymptotic",
        measure=partial(_chords, 1.0),
        control=partial(_chords, 1.5),
        note="Corrected: beyond the critical chord the line cuts the inner wall, so a monotone profile bounds how much the river "
        "bends and cannot be taken for granted. The control has a wider bend.",
    ),
)
