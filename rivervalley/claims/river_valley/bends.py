"""Claims of the river-valley view (arXiv 2410.05192) on bent valleys: where the river is, and what tracks it.

Legend: lambda stiffness across, R radius and kappa = 1/R bend of the river, g slope along it, eta the LR, s2 noise variance.
Surfaces are written out in the plane here, derivatives taken by differences: nothing is shared with the landscapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from rivervalley import schedules, theory
from rivervalley._common.checks import DivergenceError, FloatArray
from rivervalley.claims.checks import Check, at_least, at_most, near, sampled, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.claims.river_valley import _twin
from rivervalley.landscapes import CircularBend, FlatRiver, LinearRiver, LogisticRiver, Parabola, RiverValley, ShearedBend, Sine
from rivervalley.simulation.simulate import simulate
from rivervalley.theory import find_river, gradient_flow, river_residual

_claim = partial(Claim, paper="arXiv 2410.05192")
_PAGE = "docs/theory/river_valley.md"
Plane = Callable[[FloatArray], float]


# RV-01: the river.


def _sheared(f: Callable[[float], float], stiffness: float, c: Callable[[float], float]) -> Plane:
    """c(x) + stiffness / 2 (y - f(x))^2 at (y, x)."""
    return lambda w: float(c(w[1]) + 0.5 * stiffness * (w[0] - f(w[1])) ** 2)


def _circle(R: float, stiffness: float, g: float) -> Plane:
    """-g s + stiffness / 2 (r - R)^2 at plane coordinates, s the length along the circle from (R, 0)."""
    return lambda p: float(-g * R * np.arctan2(p[1], p[0]) + 0.5 * stiffness * (np.hypot(p[0], p[1]) - R) ** 2)


def _at(valley: ShearedBend | CircularBend, point: FloatArray) -> FloatArray:
    """A landscape's point in the plane in which its surface is written out."""
    return valley.plane(point[None, :])[0] if isinstance(valley, CircularBend) else point


def _river(on_floor: bool, _: Setting) -> list[Check]:
    """With on_floor the valley's floor is taken for its river."""
    valleys: dict[str, tuple[ShearedBend | CircularBend, Plane]] = {
        "parabola": (
            ShearedBend(Parabola(1.5), 12.0, LinearRiver(0.2)),
            _sheared(lambda x: x * x / 3.0, 12.0, lambda x: -0.2 * x),
        ),
        "sine": (
            ShearedBend(Sine(0.6, 5.0), 8.0, LogisticRiver(0.5)),
            _sheared(lambda x: 0.6 * np.sin(2.0 * np.pi * x / 5.0), 8.0, lambda x: 0.5 * np.log1p(np.exp(-x))),
        ),
        "circle": (CircularBend(2.0, 5.0, LinearRiver(1.0)), _circle(2.0, 5.0, 1.0)),
    }
    places = (0.4, 1.1, 1.9)
    off, along, told, found = [], [], [], []
    for valley, surface in valleys.values():
        for x in places:
            point = valley.floor(x) if on_floor else valley.river_point(x)
            residual, curvature = _twin.residual(surface, _at(valley, point))
            off.append(residual)
            along.append(curvature)
            told.append(river_residual(valley, point))
            found.append(np.abs(find_river(valley, x) - point).max())
    stiff, g = 200.0, 1.0
    offset = CircularBend(2.0, stiff, LinearRiver(g)).river_point(0.3)[0]
    return [
        worst("|H g - lambda_min g| / |g| over the largest curvature, nine points", 0.0, off, 2e-7, basis="differences"),
        worst("curvature along the gradient over the smallest", 1.0, along, 2e-6, basis="differences"),
        at_most("the package's residual, nine points", 1e-9, max(told)),
        at_most("distance of the root of the definition, nine points", 1e-8, max(found)),
        near(
            "offset from the floor of a circle, c'^2 / (lambda^2 R)",
            g**2 / (stiff**2 * 2.0),
            offset,
            relative=0.006,
            basis="g / (lambda R)",
        ),
    ]


# RV-02: gradient flow beside it.


def _flow(from_floor: bool, _: Setting) -> list[Check]:
    stiff, radius = np.array([100.0, 200.0, 400.0]), 1.5
    floor, river, twins, exact = [], [], [], []
    for stiffness in stiff.tolist():
        valley = ShearedBend(Parabola(radius), stiffness, LinearRiver(1.0), start_river=0.2)
        path = gradient_flow(valley, valley.slow_point(0.2), np.linspace(0.5, 3.0, 300))
        y = float(np.interp(1.0, path[:, 1], path[:, 0] - path[:, 1] ** 2 / (2.0 * radius)) + 1.0 / (2.0 * radius))
        floor.append(abs(y - valley.floor(1.0)[0]))
        river.append(abs(y - valley.river_point(1.0)[0]))
        twins.append(abs(y - _sheared_flow(stiffness, radius)))
        # At x = 1: slope of the floor 2/3, bend (1/R) / (1 + f'^2)^(3/2), |dc/ds| = 1 / sqrt(1 + f'^2), stiffness lambda (1 + f'^2).
        tilt = 1.0 + (1.0 / radius) ** 2
        exact.append((1.0 / radius) * tilt**-1.5 / tilt / (stiffness * tilt) ** 2 * np.sqrt(tilt))
    measured = floor if from_floor else river
    checks = [
        near("power of lambda in |flow - river|, sheared", -2.0, _power(stiff, measured), 0.01, basis="1 / lambda"),
        near("power of lambda in |flow - floor|, sheared", -1.0, _power(stiff, floor), 0.01, basis="1 / lambda"),
        near(
            "|flow - river| over kappa g^2 / lambda^2, sheared, lambda = 400",
            1.0,
            measured[-1] / exact[-1],
            0.02,
            basis="1 / lambda",
        ),
        at_most("flow of the package against another integration", 1e-7, max(twins)),
    ]
    offs, places = [], []
    for stiffness in (50.0, 200.0):
        circle = CircularBend(2.0, stiffness, LinearRiver(1.0))
        path = gradient_flow(circle, circle.floor(0.0), np.array([1.0, 2.0]))
        offs.append(abs(path[-1, 0] - circle.river_point(float(path[-1, -1]))[0]) * 2.0 * stiffness**2)
        places.append(path[-1, -1])
    checks.append(worst("distance over kappa g^2 / lambda^2 on a circle", 1.0, offs, 2e-3, basis="(g / lambda R)^2"))
    # The floor of a circle is invariant: the length along it is the cumulative LR times the slope.
    checks.append(worst("length along a circle after S = 2", 2.0, places, 1e-8, basis="integration"))
    return checks


def _sheared_flow(stiffness: float, radius: float) -> float:
    """y at x = 1 of the flow that starts on the slow curve at x = 0.2, by SciPy's implicit Runge-Kutta."""

    def velocity(_t: float, w: FloatArray) -> list[float]:
        off = w[0] - w[1] ** 2 / (2.0 * radius)
        return [-stiffness * off, 1.0 + stiffness * off * w[1] / radius]

    slope = 0.2 / radius
    start = [0.04 / (2.0 * radius) - slope / (stiffness * (1.0 + slope**2)), 0.2]

    def there(_t: float, w: FloatArray) -> float:
        return float(w[1] - 1.0)

    there.terminal = True  # type: ignore[attr-defined]
    solution = solve_ivp(velocity, (0.0, 5.0), start, "Radau", events=there, rtol=1e-10, atol=1e-12)
    return float(solution.y_events[0][0][0])


def _power(x: FloatArray, y: Sequence[float]) -> float:
    """Slope in logarithms between the last two."""
    return float(np.log(y[-1] / y[-2]) / np.log(x[-1] / x[-2]))


# RV-03 and RV-05: descent beside it.


def _descent_offset(R: float, stiffness: float, g: float, eta: float) -> tuple[float, float]:
    """Distance from the floor at which a step of descent leads back to the same distance, and the length that it covers.

    From radius r a step goes to (r - eta lambda (r - R), eta g R / r) along outward and tangent.
    """

    def gain(n: float) -> float:
        r = R + n
        return float(np.hypot(r - eta * stiffness * n, eta * g * R / r) - r)

    n = float(brentq(gain, 0.0, 0.5 * R, xtol=1e-15)) if gain(1e-12) > 0.0 else 0.0
    r = R + n
    return n, float(R * np.arctan2(eta * g * R / r, r - eta * stiffness * n))


def _descent(lr_matters: bool, _: Setting) -> list[Check]:
    """Without lr_matters the offset is predicted from one LR for all."""
    R, stiffness, g = 4.0, 5.0, 0.5
    valley = CircularBend(R, stiffness, LinearRiver(g), noise_std=0.0)
    products = (0.2, 0.6, 1.2)
    offsets, exact, leading = [], [], []
    for product in products:
        eta = product / stiffness
        run = simulate(valley, schedules.constant(4000, eta), 1, record_every=4000)
        offsets.append(float(run.state[0, 0]))
        exact.append(_descent_offset(R, stiffness, g, eta)[0])
        leading.append((eta if lr_matters else 0.2 / stiffness) * g**2 / (2.0 * R * stiffness))
    told = [valley.exact_descent_offset(product / stiffness) for product in products]
    over = np.array(offsets) / valley.river_point(0.0)[0]
    return [
        worst(
            "offset eta g^2 kappa / (2 lambda), eta lambda = 0.2, 0.6, 1.2", leading, offsets, relative=2e-3, basis="offset / R"
        ),
        worst("the offset at which a step leads back", exact, offsets, relative=1e-9),
        worst("the package's closed form", exact, told, relative=1e-9),
        worst(
            "offset over that of the river: eta lambda / 2",
            np.array(products) / 2.0,
            over,
            relative=0.07,
            basis="g / (lambda R)",
        ),
        at_most("offset over that of the river, at most eta lambda = 1.2", 1.0, float(over.max())),
    ]


def _range(largest: float, _: Setting) -> list[Check]:
    """eta lambda from the paper's bound up to the edge of stability, on a bend; `largest` is the last of them."""
    R, stiffness, flattest, g, steps = 4.0, 2.0, 0.5, 0.3, 6000
    products = np.array([flattest / (2.0 * stiffness), 0.5, 1.0, 1.5, largest])
    offsets, lengths, exact, flow = [], [], [], []
    for product in products.tolist():
        eta = product / stiffness
        valley = CircularBend(R, stiffness, LinearRiver(g), hills=[flattest], noise_std=0.0, start_hill=[0.05, 0.3])
        half, whole = (schedules.constant(n, eta) for n in (steps // 2, steps))
        try:
            runs = [simulate(valley, s, 1, record_every=s.steps) for s in (half, whole)]
            offsets.append(float(runs[1].state[0, 0]))
            lengths.append(float(runs[1].state[0, -1] - runs[0].state[0, -1]) / (steps // 2))
        except DivergenceError:
            offsets.append(np.nan)
            lengths.append(np.nan)
        n, length = _descent_offset(R, stiffness, g, eta)
        exact.append((n, length))
        flow.append(eta * g)
    return [
        worst(
            "progress of a step over that of the flow, eta lambda = 0.125 ... 1.9",
            1.0,
            np.array(lengths) / flow,
            0.02,
            basis="(eta g / R)^2 and offset / R",
        ),
        worst("the same, against the step that leads back", [e[1] for e in exact], lengths, relative=1e-9),
        worst("distance from the floor", [e[0] for e in exact], offsets, relative=1e-7),
        at_least(
            "largest eta lambda tracked over the proven range", 15.0, float(products[np.isfinite(offsets)].max() / products[0])
        ),
        near("edge of stability of quadratic hills, the package's limit times the steepest curvature", 2.0, _edge(), 1e-12),
    ]


def _edge() -> float:
    """The largest stable LR of a straight valley times its steepest curvature, tried on both sides."""
    valley = RiverValley([0.5, 3.0], 0.0, FlatRiver(), start_hill=1.0)
    limit = valley.max_stable_lr
    below, above = (
        valley.expected(schedules.constant(20_000, f * limit), record_at=[20_000]).loss[0] for f in (0.9999, 1.0001)
    )
    return limit * 3.0 if below < 0.1 and above > 1.0 else np.nan


# RV-31: SGD on a bend.


def _sgd_offset(told_noise: bool, setting: Setting) -> list[Check]:
    """Without told_noise the prediction knows nothing of the noise along the river."""
    R, stiffness, g, sigma = 20.0, 2.0, 0.3, 2.0
    count = setting.trajectories(8192, 2048)
    checks = []
    for product in (0.2, 0.6):
        eta = product / stiffness
        valley = CircularBend(R, stiffness, LinearRiver(g), noise_std=0.0, river_noise_std=sigma)
        run = simulate(valley, schedules.constant(600, eta), count, setting.seed, record_every=600)
        pull = g**2 + (sigma**2 if told_noise else 0.0)
        label = f"offset eta (g^2 + s2) kappa / (2 lambda), eta lambda = {product}"
        checks.append(sampled(label, eta * pull / (2.0 * R * stiffness), run.state[:, 0], bias=0.01, basis="(noise / R)^2"))
        checks.append(
            near(
                f"the package's formula, eta lambda = {product}",
                eta * (g**2 + sigma**2) / (2.0 * R * stiffness),
                valley.descent_offset(eta),
                relative=1e-12,
            )
        )
    return checks


# RV-12: lines between decayed points.


def _profile(R: float, stiffness: float, g: float, length: float) -> FloatArray:
    """Loss on the straight line between two points of a circle's floor, `length` apart along it, by plane geometry."""
    a = np.linspace(0.0, 1.0, 4001)
    angle = length / R
    x, y = (1.0 - a) * R + a * R * np.cos(angle), a * R * np.sin(angle)
    return np.asarray(-g * R * np.arctan2(y, x) + 0.5 * stiffness * (np.hypot(x, y) - R) ** 2)


def _critical(falls: Callable[[float], bool], guess: float) -> float:
    low, high = 0.3 * guess, 2.0 * guess
    for _step in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if falls(middle) else (low, middle)
    return 0.5 * (low + high)


def _chords(radius_scale: float, _: Setting) -> list[Check]:
    worlds = ((40.0, 5.0, 0.005), (100.0, 2.0, 0.001), (60.0, 20.0, 0.002))
    predicted, exact, measured = [], [], []
    for R, stiffness, g in worlds:
        valley = CircularBend(R * radius_scale, stiffness, LinearRiver(g))

        def falls(length: float, valley: CircularBend = valley) -> bool:
            R = valley.radius
            ends = valley.plane([[0.0, 0.0], [0.0, length]])
            a = np.linspace(0.0, 1.0, 4001)[:, None]
            p = (1.0 - a) * ends[0] + a * ends[1]
            along = np.abs(np.unwrap(np.arctan2(p[:, 1], p[:, 0])) - np.arctan2(*ends[0][::-1])) * R
            return bool(np.all(np.diff(valley.loss(np.stack([np.hypot(p[:, 0], p[:, 1]) - R, along], axis=1))) < 0.0))

        predicted.append((4.0 * g * R**2 * 6.0 * np.sqrt(3.0) / stiffness) ** (1.0 / 3.0))
        measured.append(_critical(falls, predicted[-1]))

        def falls_in_plane(length: float, R: float = R, stiffness: float = stiffness, g: float = g) -> bool:
            return bool(np.all(np.diff(_profile(R, stiffness, g, length)) < 0.0))

        exact.append(_critical(falls_in_plane, predicted[-1]))
    told = [theory.critical_chord(R, stiffness, g) for R, stiffness, g in worlds]
    near_formula = [(length / R) ** 2 for length, (R, _s, _g) in zip(predicted, worlds, strict=True)]
    return [
        worst(
            "critical chord against (4 g R^2 / (0.0962 lambda))^(1/3)",
            predicted,
            measured,
            relative=0.1 * max(near_formula),
            basis="(l / R)^2 / 10",
        ),
        worst("the same, by plane geometry alone", exact, measured, relative=2e-6, basis="bisection"),
        worst("the package's formula", predicted, told, relative=1e-12),
        at_least("rise along a chord twice as long, over the fall of the river", 0.1, _rise(2.0)),
    ]


def _rise(times: float) -> float:
    """Largest rise of the loss on a line `times` as long as the critical one, over the fall between its ends."""
    R, stiffness, g = 40.0, 5.0, 0.005
    loss = _profile(R, stiffness, g, times * (4.0 * g * R**2 * 6.0 * np.sqrt(3.0) / stiffness) ** (1.0 / 3.0))
    return float(np.max(loss - np.minimum.accumulate(loss)) / (loss[0] - loss[-1]))


# RV-35: the split of the loss.


def _projected_walk(stiffness: float, R: float, g: float, start: FloatArray) -> FloatArray:
    """Runge-Kutta steps of the hill part of the gradient of c = -g x beside a parabola, derivatives in closed form."""

    def velocity(w: FloatArray) -> FloatArray:
        off, slope = w[0] - w[1] ** 2 / (2.0 * R), w[1] / R
        gradient = np.array([stiffness * off, -g - stiffness * off * slope])
        H = stiffness * np.array([[1.0, -slope], [-slope, slope**2 - off / R]])
        flattest = np.linalg.eigh(H)[1][:, 0]
        return np.asarray(-(gradient - flattest * (flattest @ gradient)))

    w, h = start.copy(), 0.05 / stiffness
    for _step in range(600):
        k1 = velocity(w)
        k2 = velocity(w + 0.5 * h * k1)
        k3 = velocity(w + 0.5 * h * k2)
        w = w + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + velocity(w + h * k3))
    return w


def _split(projected: bool, _: Setting) -> list[Check]:
    """Without `projected` the foot of a point is taken on the floor at its own x."""
    checks = []
    straight = theory.split(CircularBend(50.0, 30.0, LinearRiver(0.02)), np.array([0.05, 1.0]))
    checks.append(
        near("hill part on a wide circle: lambda n^2 / 2", 0.5 * 30.0 * 0.05**2, straight.hill, relative=2e-3, basis="n / R")
    )
    for stiffness in (50.0, 200.0):
        valley = ShearedBend(Parabola(1.5), stiffness, LinearRiver(0.2))
        point = np.array([0.4 + 0.3, 1.1])
        foot = theory.split(valley, point).foot
        if not projected:
            foot = valley.floor(1.1)
        walked = _projected_walk(stiffness, 1.5, 0.2, point)
        checks.insert(
            0,
            near(
                f"x of the foot, lambda = {stiffness:g}, against steps of another kind", walked[1], foot[1], 2e-5, basis="steps"
            ),
        )
        residual, _curvature = _twin.residual(
            _sheared(lambda u: u * u / 3.0, stiffness, lambda u: -0.2 * u), theory.split(valley, point).foot
        )
        checks.append(
            near(
                f"is the foot on the river, lambda = {stiffness:g}: |H g - lambda_min g| / (|g| lambda)",
                0.0,
                residual,
                1e-5,
                basis="tolerance of the flow",
            )
        )
    return checks


register_claims(
    _claim(
        id="RV-01",
        section=f"{_PAGE}#1-the-river",
        statement="The river is where the gradient lies along the flattest direction; it is the floor of the valley.",
        formula="H g = lambda_min g",
        status="read",
        kind="exact",
        ruling="corrected",
        correction="The definition holds, but the river is not the floor of a bending valley: it lies c'^2 / (lambda^2 R) outward.",
        premise="Bent valleys in closed form; derivatives by differences in the plane.",
        breaks="the curve: the valley floor in place of the river",
        measure=partial(_river, False),
        control=partial(_river, True),
        note="That the floor is the river is not the paper's word but how follow-up work often takes it.",
    ),
    _claim(
        id="RV-02",
        section=f"{_PAGE}#2-tracking-the-river",
        statement="Gradient flow stays near the river: at the second order of the stiffness, where the floor is at the first.",
        formula="|flow - river| = kappa g^2 / lambda^2; ds/dS = g",
        status="read",
        kind="asymptotic",
        ruling="confirmed within the model",
        premise="Stiff bent valleys; gradient flow from the slow curve.",
        breaks="the reference: the floor of a sheared valley in place of the river",
        measure=partial(_flow, False),
        control=partial(_flow, True),
    ),
    _claim(
        id="RV-03",
        section=f"{_PAGE}#2-tracking-the-river",
        statement="Gradient descent tracks the river too, at an offset that grows with the LR and stays as small as the flow's.",
        formula="eta g^2 kappa / (2 lambda), below that of the river while eta lambda < 2",
        status="read",
        kind="asymptotic",
        ruling="confirmed within the model",
        premise="A circular bend; gradient descent without noise.",
        breaks="the prediction's LR: one for all runs",
        measure=partial(_descent, True),
        control=partial(_descent, False),
    ),
    _claim(
        id="RV-05",
        section=f"{_PAGE}#2-tracking-the-river",
        statement="The river is tracked for LR below gamma / (2 gamma_max^2).",
        formula="eta gamma_max from gamma / (2 gamma_max) up to 2, on a bend",
        status="read",
        kind="exact",
        ruling="corrected",
        correction="It is tracked at any stable LR: on a bend the step still covers the flow's length at eta lambda = 1.9.",
        premise="A circular bend with a second, straight hill; gradient descent.",
        breaks="stability: the largest eta lambda is 2.05",
        measure=partial(_range, 1.9),
        control=partial(_range, 2.05),
        note="The proven range is sufficient, far from necessary. Non-quadratic walls can bound the iterate beyond: RV-07.",
    ),
    _claim(
        id="RV-31",
        section=f"{_PAGE}#2-tracking-the-river",
        statement="On a bend SGD runs further outside the floor than gradient descent, by the noise along the river.",
        formula="offset eta (g^2 + s2) kappa / (2 lambda)",
        status="derived",
        kind="statistical",
        ruling="derived here",
        premise="A circular bend of radius much larger than the noise's reach.",
        breaks="the noise along the river: left out of the formula",
        measure=partial(_sgd_offset, True),
        control=partial(_sgd_offset, False),
    ),
    _claim(
        id="RV-12",
        section=f"{_PAGE}#6-lines-between-checkpoints-and-averages",
        statement="The loss falls along the line between two decayed checkpoints.",
        formula="monotone only for l < (4 g R^2 / (0.0962 lambda))^(1/3)",
        status="read",
        kind="asymptotic",
        ruling="corrected",
        correction="Only if they lie close together: beyond the critical chord the line cuts the inner wall.",
        premise="A circular river; both ends on its floor.",
        breaks="the radius of the bend: half as large again",
        measure=partial(_chords, 1.0),
        control=partial(_chords, 1.5),
        note="A monotone profile bounds how much the river bends and cannot be taken for granted (a reviewer's objection).",
    ),
    _claim(
        id="RV-35",
        section=f"{_PAGE}#1-the-river",
        statement="The loss splits into a river part, at the foot of the projected flow on the river, and a hill part above it.",
        formula="d phi / dt = -(I - v v^T) grad L ends where H g = lambda_min g",
        status="remembered",
        kind="asymptotic",
        ruling="confirmed within the model",
        premise="Stiff bent valleys.",
        breaks="the foot: the point of the floor at the same x",
        measure=partial(_split, True),
        control=partial(_split, False),
    ),
)
