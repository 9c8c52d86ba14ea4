"""Claims on going on after a decay, on longer decays, and on the best schedules of straight valleys.

Legend: eta the LR, h a curvature, s2 noise variance, V* stationary variance, S cumulative LR, D length of a decay, g river slope.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from rivervalley import schedules, theory
from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.claims.river_valley import _twin
from rivervalley.landscapes import FlatRiver, LinearRiver, PowerRiver, RiverValley
from rivervalley.planning.optimal import optimal_schedule
from rivervalley.schedules import Schedule

_claim = partial(Claim, paper="arXiv 2410.05192", status="derived")
_PAGE = "docs/theory/river_valley.md"


# RV-26: back to the peak.


def _resumed(share: float, _: Setting) -> list[Check]:
    """After a decay the LR goes back to `share` of the peak."""
    hills, peak, sigma, more = np.array([0.1, 0.3, 1.0]), 0.5, 0.2, 400
    valley = RiverValley(hills, sigma, PowerRiver())
    first = schedules.wsd(2_000, peak, decay_fraction=0.1, decay_shape="inverse", final_lr=0.1 * peak)
    s = first.then(schedules.constant(more, share * peak))
    at = np.arange(2_000, 2_000 + more + 1)
    hill = valley.expected(s, record_at=at).components["hill"]
    stable = float(_twin.hill_loss(_twin.stationary(peak, hills, sigma**2), hills))
    slowest = RiverValley([0.1], sigma, FlatRiver()).expected(s, record_at=at).components["hill"]
    goal = 0.05 * float(_twin.stationary(peak, 0.1, sigma**2)[0])
    left = (goal - slowest[:100]) / (goal - slowest[0])
    # At equal S, a run that never decayed: steps of eta lead a flow's by first order, so the shares of small LR count.
    place = float(valley.expected(s, s.steps).state[0, -1])
    slope = valley.river.slope
    steady = _twin.descent(np.full(round(float(s.lr.sum()) / peak), peak), lambda x: float(slope(x)))
    return [
        near("hill loss 400 updates later over that of the stable phase", 1.0, float(hill[-1]) / stable, 1e-8),
        worst(
            "what the slowest hill lacks after each update, (1 - eta h)^(2 t)",
            (1.0 - peak * 0.1) ** (2.0 * np.arange(100)),
            left,
            1e-9,
        ),
        near("the package's updates to 1/e", -0.5 / np.log(0.95), float(theory.relaxation_steps(peak, 0.1)), relative=1e-12),
        at_most("largest hill loss after the jump over the stable one: no overshoot", 1.0, float(hill.max()) / stable, 1e-9),
        near(
            "place on the river over that of a constant run of equal S",
            1.0,
            place / steady,
            1e-3,
            basis="eta / S and one update",
        ),
    ]


# RV-27: the best of all schedules.


def _final_loss(lr: FloatArray, h: FloatArray, s2: FloatArray) -> float:
    return float(_twin.hill_loss(_twin.second_moments(lr, h, s2, 1.0)[-1], h))


def _best(noise_power: float, _: Setting) -> list[Check]:
    """Hills j^-1.5 that start at 1, with noise variance of h^noise_power."""
    b, T = 1.5, 400

    def world(count: int, noise: float = 1.0) -> tuple[FloatArray, FloatArray, RiverValley]:
        h = np.arange(1.0, count + 1.0) ** -b
        s2 = noise**2 * h**noise_power
        return h, s2, RiverValley(h, np.sqrt(s2), FlatRiver(), start_hill=1.0)

    left = 1.0 - (np.arange(T) + 0.5) / T
    h, s2, valley = world(1000)
    best = optimal_schedule(valley, T)
    lr = best.schedule.lr
    powers = [float(np.polyfit(np.log(left[w]), np.log(lr[w]), 1)[0]) for w in (left > 0.5, (left > 0.1) & (left < 0.9))]
    loss = _final_loss(lr, h, s2)
    rng = np.random.default_rng(0)
    wiggles = [rng.standard_normal(T) for _ in range(4)] + [left**k for k in (0, 1, 2)]
    moved = min(_final_loss(lr * np.exp(sign * 0.02 * w), h, s2) for w in wiggles for sign in (1.0, -1.0))
    invented = [_best_power(p, h, s2, lr[0]) for p in (1.0, 1.35, 2.0)]
    checks = [
        near(
            "power of the time left over the first half: a pilot's, whose window is not known",
            1.75,
            powers[0],
            0.02,
            basis="digits as stated",
        ),
        at_most("the same over the middle, 0.9 to 0.1 left: lower", powers[0] - 0.1, powers[1]),
        at_most("largest rise of the best LR without a cap", 0.0, float(np.max(np.diff(lr[lr < 0.99 * lr.max()]))), 1e-9),
        near("loss of the best LR by the recursion written out", loss, best.loss, relative=1e-10),
        at_least("least loss of 14 perturbed schedules over it", 1.0, moved / loss),
        at_least(
            "least loss of powers 1, 1.35 and 2 of the time left, each at its best scale, over it", 1.001, min(invented) / loss
        ),
    ]
    # Short enough for brute force without a derivative's formula.
    small, small_s2, few = world(30)
    optimum = minimize(
        lambda x: _final_loss(np.exp(x), small, small_s2), np.full(8, -1.0), method="BFGS", options={"gtol": 1e-9}
    )
    checks.append(
        worst("the best 8 LR against brute force", np.exp(optimum.x), optimal_schedule(few, 8).schedule.lr, relative=1e-3)
    )
    for noise, cap in ((0.05, 1.0), (0.3, 0.5)):
        _h, _s2, capped = world(200, noise)
        result = optimal_schedule(capped, T, cap)
        flat = result.schedule.lr >= cap * (1.0 - 1e-6)
        checks.append(at_least(f"share of the run at the cap, noise {noise:g}", 0.8, float(flat.mean())))
        checks.append(
            near(f"the cap comes first and once, noise {noise:g}", 1.0, float(np.sum(np.diff(flat.astype(int)) != 0)))
        )
        free = _final_loss(result.schedule.lr, _h, _s2)
        shorter = min(_final_loss(_stretched(result.schedule.lr, f), _h, _s2) for f in (0.8, 1.25))
        checks.append(
            at_least(f"loss with the decay a quarter longer or shorter over it, noise {noise:g}", 1.0, shorter / free)
        )
    return checks


def _best_power(p: float, h: FloatArray, s2: FloatArray, guess: float) -> float:
    """The least loss of 400 updates at an LR of any scale times the time left to the power p."""
    left = 1.0 - (np.arange(400) + 0.5) / 400

    def loss(log_scale: float) -> float:
        return _final_loss(np.asarray(np.exp(log_scale) * left**p), h, s2)

    return float(minimize_scalar(loss, bounds=(np.log(0.2 * guess), np.log(1.9)), method="bounded").fun)


def _stretched(lr: FloatArray, factor: float) -> FloatArray:
    """The LR with its final decay stretched in time, at the same number of updates."""
    T = lr.size
    before_end = (T - 1.0 - np.arange(T)) / factor
    return np.asarray(np.interp(T - 1.0 - before_end, np.arange(T), lr, left=float(lr[0])))


# RV-28: longer windows.


def _windows(slowest: float, _: Setting) -> list[Check]:
    """The same share of the run for decays of runs twice as long, for hills down to `slowest`."""
    hills, sigma, peak = np.geomspace(slowest, 10.0 * slowest, 20), 0.2, 0.1
    valley = RiverValley(hills, sigma, FlatRiver())
    losses, twins = [], []
    for steps in (5_000, 10_000, 20_000):
        s = schedules.wsd(steps, peak, decay_fraction=0.1, decay_shape="inverse", final_lr=0.1 * peak)
        losses.append(float(valley.expected(s, steps).loss[-1]))
        lr = _twin.decaying(steps, steps // 10, "inverse", peak)
        twins.append(float(_twin.hill_loss(_twin.second_moments(lr, hills, sigma**2, 0.0)[-1], hills)))
    return [
        at_most("hill loss after a decay of 1,000 updates over that of 500", 0.8, losses[1] / losses[0]),
        at_most("the same, 2,000 over 1,000", 0.8, losses[2] / losses[1]),
        worst("the three losses, recursion written out", twins, losses, relative=1e-10),
    ]


# RV-P10: the best length of a decay.


def _lengths(slope: float, _: Setting) -> list[Check]:
    """With `slope` other than 1 the formula is told of another river."""
    checks, total = [], 4_000
    stated = float(minimize_scalar(lambda D: _cost(D, 0.5, 0.2, 0.3, 0.01, False), bounds=(1, 500), method="bounded").x)
    for eta, h, noise, g in ((0.5, 0.2, 0.3, 0.001), (0.5, 0.2, 0.3, 0.002), (0.4, 0.3, 0.2, 0.001)):
        valley = RiverValley([h], noise, LinearRiver(g))

        def end(D: int, eta: float = eta, h: float = h, valley: RiverValley = valley) -> float:
            lr = np.append(np.full(total - D, eta), 1.0 / (2.0 / eta + h * np.arange(D)))
            return float(valley.expected(Schedule(lr), total).loss[-1])

        guess = minimize_scalar(lambda D: end(round(D)), bounds=(20, 1500), method="bounded", options={"xatol": 0.5}).x
        near_guess = range(round(guess) - 6, round(guess) + 7)
        best = min(near_guess, key=end)

        def cost(D: float, eta: float = eta, h: float = h, noise: float = noise, g: float = slope * g) -> float:
            return _cost(D, eta, h, noise, g, True)

        exact = minimize_scalar(cost, bounds=(1, 3000), method="bounded", options={"xatol": 1e-6}).x
        label = f"eta = {eta}, h = {h}, g = {g}"
        # The best whole number of updates is one of the two beside the best real one.
        checks.append(near(f"best decay length, {label}", float(exact), best, 1.0, basis="whole updates"))
        told = theory.best_decay_steps(eta, h, noise, g)
        if slope == 1.0:
            checks.append(near(f"the package's, {label}", float(exact), told, 0.01, basis="search"))
        estimate = noise / (g * np.sqrt(2.0 * h * eta))
        checks.append(
            near(f"its estimate for long decays, {label}", estimate, theory.long_decay_steps(eta, h, noise, g), relative=1e-12)
        )
        checks.append(at_least(f"the estimate over the best length: too long, {label}", 1.0, estimate / best))
    told = theory.best_decay_steps(0.5, 0.2, 0.3, 0.01)
    return [*checks, near("the same with ln for the sum of the LR: shorter by less than one update", stated, told, 1.0)]


def _cost(D: float, eta: float, h: float, noise: float, g: float, summed: bool) -> float:
    """Hill loss and progress forgone of the best decay of D updates; S of the decay summed, or by ln(1 + h eta D / 2) / h."""
    S = np.log1p(0.5 * h * eta * D) / h
    if summed:  # Euler and Maclaurin: half the difference of the ends, and a twelfth of that of their slopes
        a, b = 2.0 / eta, 2.0 / eta + h * D
        S += 0.5 * (1.0 / a - 1.0 / b) + h / 12.0 * (1.0 / a**2 - 1.0 / b**2)
    return float(0.5 * noise**2 / ((2.0 - eta * h) / eta + h * D) + g**2 * (eta * D - S))


register_claims(
    _claim(
        id="RV-26",
        section=f"{_PAGE}#8-whole-schedules",
        statement="Going straight back to the peak after a decay costs nothing that lasts, and needs no warm-up.",
        formula="V* - V falls as (1 - eta h)^(2 t); no overshoot; the river knows S alone",
        kind="exact",
        ruling="confirmed within the model",
        premise="Quadratic hills on a straight river.",
        breaks="the return: to half the peak",
        measure=partial(_resumed, 1.0),
        control=partial(_resumed, 0.5),
        note="Not run by the paper. On quadratics the mean square approaches its stable value from below at any stable LR.",
    ),
    _claim(
        id="RV-27",
        paper="arXiv 2602.06797 (abstract); derived",
        section=f"{_PAGE}#8-whole-schedules",
        statement="The best of all schedules is a smooth power decay without a cap on the LR; where a cap binds, flat and then a decay.",
        formula="LR ~ (time left)^1.76 over the first half of 400 updates, less steep later; 98 % and 86 % of the run at a cap",
        kind="asymptotic",
        ruling="confirmed within the model",
        premise="Hills j^-1.5 with noise of variance h; no river.",
        breaks="the noise: equal for all hills",
        measure=partial(_best, 1.0),
        control=partial(_best, 0.0),
        note="So the shape of WSD comes from a cap and a long run, not from the valley alone. The powers 1.75 and 1.78 that a pilot "
        "stated are those of the first half of the run; over the middle they are 1.55 and 1.63. Its shares at the cap, 94 % and "
        "79 %, are not reproduced: 98 % and 86 %, where longer and shorter decays both lose.",
    ),
    _claim(
        id="RV-28",
        paper="levanter's WSD-S runs; derived",
        section=f"{_PAGE}#75-shapes-floors-and-lengths",
        statement="Twice the decay window at the same share of the run leaves less hill loss.",
        formula="V after the decay by the recursion; hills with eta h D of order 1",
        kind="exact",
        ruling="confirmed within the model",
        premise="Hills that the shorter window does not cool.",
        breaks="the curvatures: all of them cooled by the shorter window",
        measure=partial(_windows, 0.01),
        control=partial(_windows, 1.0),
        note="Not run by the paper. For steeper hills (the control) the last LR alone decides.",
    ),
    _claim(
        id="RV-P10",
        section=f"{_PAGE}#75-shapes-floors-and-lengths",
        statement="The best length of a decay for one hill and a sloping river.",
        formula="minimise (s2/2) / ((2 - eta h) / eta + h D) + g^2 [eta D - sum of the LR], the sum near ln(1 + h eta D / 2) / h",
        kind="exact",
        ruling="derived here",
        premise="One hill beside a river of constant slope.",
        breaks="the slope told to the formula: half",
        measure=partial(_lengths, 1.0),
        control=partial(_lengths, 0.5),
    ),
)
