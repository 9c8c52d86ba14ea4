"""Claims of the river-valley view (arXiv 2410.05192) on the decay phase.

Legend: eta the stable LR, r = eta / final LR, T updates of the decay, h a curvature, s2 the noise variance, V = E y^2.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq, minimize
from scipy.special import digamma
from scipy.stats import gamma

from rivervalley import schedules, theory
from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, at_least, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.registry import register_claims
from rivervalley.claims.river_valley import _twin
from rivervalley.landscapes import FlatRiver, LinearRiver, RiverValley
from rivervalley.planning.optimal import optimal_cooldown, stationary
from rivervalley.schedules import Schedule
from rivervalley.schedules.shapes import decay

_claim = partial(Claim, paper="arXiv 2410.05192")
_PAGE = "docs/theory/river_valley.md"
ETA, H, NOISE = 0.5, 0.4, 0.3


def _start(h: float, eta: float = ETA) -> float:
    """Stationary variance of one hill."""
    return float(_twin.stationary(eta, h, NOISE**2)[0])


def _variance_after(lr: FloatArray, h: float = H, start: float | None = None) -> float:
    """Second moment of a hill after these LR, by the package's expectation."""
    valley = RiverValley([h], NOISE, FlatRiver(), start_hill=np.sqrt(_start(h) if start is None else start))
    run = valley.expected(Schedule(lr), record_every=lr.size)
    return float(run.components["hill"][-1] * 2.0 / h)


# RV-15: the decay removes the hill loss while progress goes on as the cumulative LR.


def _progress_in_decay(decaying: bool, _: Setting) -> list[Check]:
    """Without `decaying` the LR stays at its peak."""
    T, g, before, r = 5000, 0.01, 4000, 10.0
    hills = np.geomspace(0.05, 2.0, 15)
    valley = RiverValley(hills, 0.1, LinearRiver(g))
    stable = float(_twin.hill_loss(_twin.stationary(ETA, hills, 0.01), hills))
    a = (r - 1.0) / T
    # Sums over positions (k + 1) / T; the stated shares are their limits.
    exact = {
        "inverse": float(digamma(1.0 / a + T + 1.0) - digamma(1.0 / a + 1.0)) / a / T,
        "linear": 0.55 - 0.45 / T,
        "cosine": 0.55 - 0.45 / T,
        "sqrt": 0.1 + 0.9 * (1.0 - float(np.sum(np.sqrt(np.arange(1, T + 1) / T))) / T),
        "exponential": 0.9 * 10.0 ** (-1.0 / T) / (1.0 - 10.0 ** (-1.0 / T)) / T,
    }
    stated = {"inverse": 0.2558, "linear": 0.55, "cosine": 0.55, "sqrt": 0.40, "exponential": 0.39}
    gained, removed, left, twin, told, limits = [], [], [], [], [], []
    for shape in exact:
        tail = decay(T, ETA, ETA / r, shape) if decaying else np.full(T, ETA)
        run = valley.expected(schedules.constant(before, ETA).then(Schedule(tail)), record_at=[before, before + T])
        gained.append(float(run.components["river"][0] - run.components["river"][1]) / g**2 / (ETA * T))
        left.append(float(run.components["hill"][1]))
        removed.append(1.0 - left[-1] / stable)
        V = _twin.stationary(ETA, hills, 0.01)
        twin.append(
            float(_twin.hill_loss(_twin.second_moments(_twin.decaying(T, T, shape, ETA, r), hills, 0.01, V), hills)[-1])
        )
        told.append(theory.decay_share(shape, r, T))
        limits.append(theory.decay_share(shape, r))
    return [
        worst("progress along the river during five decays over g eta T", list(exact.values()), gained, relative=1e-9),
        near("the same for the inverse decay: ln r / (r - 1)", np.log(r) / (r - 1.0), gained[0], 1.0 / T, basis="one update"),
        worst("the same, as stated", list(stated.values()), gained, 0.004, basis="digits as stated"),
        worst("hill loss left by them", twin, left, relative=1e-6, basis="the stable phase before"),
        at_least("least share of the hill loss removed", 0.85, min(removed)),
        worst("the package's shares of S", list(exact.values()), told, relative=1e-9),
        worst("the package's limits of them", list(exact.values()), limits, 1.0 / T, basis="one update"),
    ]


# RV-16, RV-P04 and RV-P05: the best decay.


def _best_lr(steps: int, hills: FloatArray, start: FloatArray, s2: FloatArray) -> FloatArray:
    """LR that minimise the final hill loss, by brute force: no gradient formula, no theory."""

    def final_loss(log_lr: FloatArray) -> float:
        V = start.copy()
        for eta in np.exp(log_lr):
            V = (1.0 - eta * hills) ** 2 * V + eta**2 * s2
        return float(hills @ V)

    scale = final_loss(np.full(steps, np.log(0.3 * ETA)))
    optimum = minimize(
        lambda x: final_loss(x) / scale, np.full(steps, np.log(0.3 * ETA)), method="BFGS", options={"gtol": 1e-8}
    )
    return np.asarray(np.exp(optimum.x))


def _one_over_t(shape: str, _: Setting) -> list[Check]:
    """The decay that is said to be the best is 1/t, or another shape."""
    V0 = _start(H)
    lengths = (1, 2, 5, 10, 20, 40)
    brute = {T: _best_lr(T, np.array([H]), np.array([V0]), np.array([NOISE**2])) for T in lengths}
    reached = [float(_twin.second_moments(brute[T], H, NOISE**2, V0)[-1, 0]) for T in lengths]

    def said(T: int) -> FloatArray:
        return np.asarray(1.0 / (2.0 / ETA + H * np.arange(T))) if shape == "1/t" else decay(T, ETA, 0.02, "linear")

    ratio = [_variance_after(said(T)) / best for T, best in zip(lengths, reached, strict=True)]
    told = [theory.optimal_cooldown_lr(T, ETA, H) for T in lengths]
    valley = RiverValley([H], NOISE, FlatRiver())
    package = [optimal_cooldown(valley, T, ETA).loss * 2.0 / H for T in (5, 40)]
    return [
        worst("V after 1/t over that of the best of all LR, six lengths", 1.0, ratio, 1e-6, basis="the search"),
        *(
            worst(f"the best {T} LR against 1 / (2 / eta + h t)", brute[T], said(T), relative=2e-3, basis="the search")
            for T in lengths
        ),
        worst(
            "V_T = 1 / (1 / V_0 + h^2 T / s2)",
            reached,
            [1.0 / (1.0 / V0 + H**2 * T / NOISE**2) for T in lengths],
            relative=1e-6,
        ),
        *(
            worst(f"the package's best {T} LR", brute[T], told[k], relative=2e-3, basis="the search")
            for k, T in enumerate(lengths)
        ),
        worst("V after the package's best cooldown, 5 and 40 updates", [reached[2], reached[5]], package, relative=1e-6),
    ]


def _cooldown(first_at_peak: bool, _: Setting) -> list[Check]:
    """With first_at_peak the decay starts at eta, as usual implementations do."""
    checks, told = [], []
    for h in (0.1, 0.4, 1.5):
        V0 = _start(h)
        for T in (1, 7, 100, 2000):
            lr = np.asarray(1.0 / ((1.0 if first_at_peak else 2.0) / ETA + h * np.arange(T)))
            exact = 1.0 / (1.0 / V0 + h**2 * T / NOISE**2)
            checks.append(near(f"V_T for h = {h:g}, T = {T}", exact, _variance_after(lr, h), relative=1e-10))
            told.append(float(theory.cooled_variance(T, h, NOISE, V0)) / exact)
    return [*checks, worst("the package's V_T over 1 / (1 / V_0 + h^2 T / s2)", 1.0, told, 1e-12)]


def _halving(start_scale: float, _: Setting) -> list[Check]:
    worlds: dict[str, tuple[FloatArray, float | FloatArray]] = {
        "one hill": (np.array([0.4]), NOISE),
        "two hills": (np.array([0.1, 1.0]), NOISE),
        "eight hills": (np.geomspace(0.02, 1.5, 8), NOISE),
        "three hills, unequal noise": (np.array([0.1, 0.5, 1.2]), np.array([0.6, 0.1, 0.3])),
    }
    checks = []
    for name, (hills, noise) in worlds.items():
        s2 = np.broadcast_to(np.square(noise), hills.shape)
        start = start_scale * _twin.stationary(ETA, hills, s2)
        for T in (1, 2, 4):
            first = float(_best_lr(T, hills, start, np.asarray(s2))[0])
            checks.append(near(f"first of the best {T} LR over eta, {name}", 0.5, first / ETA, 2e-3, basis="the search"))
    valley = RiverValley(worlds["three hills, unequal noise"][0], worlds["three hills, unequal noise"][1], FlatRiver())
    package = optimal_cooldown(valley, 4, ETA).schedule.lr[0] / ETA
    return [*checks, near("the package's first LR, unequal noise", 0.5, float(package), 1e-4, basis="the search")]


# RV-P06: inverse decay of a mode.


def _inverse_decay(shape: str, _: Setting) -> list[Check]:
    eta, r, T = 0.02, 10.0, 4000
    a = (r - 1.0) / (eta * T)
    checks, told = [], []
    for share in (0.2, 0.5, 1.0, 5.0, 40.0):
        h = share * a
        # As eta falls at fixed eta T the formula's error falls with it: twice as many steps, half the LR, half the error.
        values = [
            _variance_after(decay(k * T, eta / k, eta / k / r, shape), h, _start(h, eta / k)) / _start(h, eta / k)
            for k in (1, 2)
        ]
        exact = r ** (-2.0 * h / a)
        if h == 0.5 * a:
            exact += np.log(r) / r
        else:
            exact += 2.0 * h / (2.0 * h - a) * (1.0 / r - r ** (-2.0 * h / a))
        limit = 2.0 * values[1] - values[0]
        # Left after extrapolation: squares of eta h, of the LR's own relative step a eta.
        slack = 3.0 * (eta * h) ** 2 + 3e-4
        checks.append(
            near(f"V_T / V_0 for small steps, curvature {share:g} a", exact, limit, relative=slack, basis="(eta h)^2")
        )
        V0 = NOISE**2 * eta / (2.0 * h)
        told.append(float(theory.inverse_decay_variance(T, eta, a, h, NOISE, V0)) / (V0 * exact))
    return [*checks, worst("the package's formula over it", 1.0, told, 1e-10)]


# RV-P07: updates needed to cut the hill loss by a factor.


def _steps_needed(share: float, _: Setting) -> list[Check]:
    """With the share of the stated updates."""
    checks = []
    for h, f in ((0.4, 10.0), (1.0, 4.0), (0.1, 100.0)):
        T = round((f - 1.0) * (2.0 - ETA * h) / (ETA * h))
        lr = np.asarray(1.0 / (2.0 / ETA + h * np.arange(round(share * T))))
        checks.append(near(f"factor after {T} updates, h = {h:g}", f, _start(h) / _variance_after(lr, h), relative=1e-9))
        checks.append(
            near(f"the package's updates for a factor {f:g}", T, float(theory.cooldown_steps(f, ETA, h)), relative=1e-9)
        )
        # The curvature whose loss that many updates divide by f: steeper ones are hills in such a decay.
        border = brentq(lambda c, T=T, f=f: 1.0 + _start(c) * c**2 * T / NOISE**2 - f, 1e-4, 3.9, xtol=1e-14)
        told = float(theory.border_curvature(f, ETA, T))
        checks.append(near(f"the package's curvature at the border, {T} updates", float(border), told, relative=1e-9))
    return checks


# RV-P08: the loss lags behind the LR in cumulative LR.


def _lag(by_sum: bool, _: Setting) -> list[Check]:
    """Without by_sum the lag is predicted in updates at the first LR."""
    eta, final = 0.1, 0.01
    lr = np.concatenate([np.full(50, eta), _twin.decaying(1500, 1500, "cosine", eta), np.full(2000, final)])
    checks = []
    for h in (0.02, 0.1, 0.5):
        V = RiverValley([h], NOISE, FlatRiver()).expected(
            Schedule(lr), record_every=1, initial=stationary(RiverValley([h], NOISE, FlatRiver()), eta)
        )
        follow = NOISE**2 * lr / (2.0 * (2.0 - lr * h))
        lag = V.loss - follow
        predicted = _lagging(lr, h, lr if by_sum else np.full(lr.size, eta))
        # e^(-2 eta h) for (1 - eta h)^2, over the memory of 1 / (2 eta h) updates: a share eta h / 2.
        label = f"largest error of the lag over the largest lag, h = {h:g}"
        checks.append(near(label, 0.0, _largest(predicted - lag) / _largest(lag), 0.7 * eta * h, basis="eta h / 2"))
        told = theory.lagged_hill_loss(lr, [h], NOISE) - follow
        checks.append(worst(f"the package's lag, h = {h:g}", _lagging(lr, h, lr), told, 1e-12, 1e-9))
    for beta, scale in ((0.6, 2.0), (1.5, 0.3)):
        for S in (0.3, 3.0, 30.0):
            mean = quad(lambda h, S=S, b=beta, c=scale: -np.expm1(-2 * h * S) * gamma.pdf(h, b, scale=c / 2), 0, np.inf)[0]
            told_kernel = float(theory.lag_kernel(S, beta, scale))
            checks.append(
                near(
                    f"mixture of lags at S = {S:g}, beta {beta:g}: the package's kernel",
                    mean,
                    told_kernel,
                    1e-6,
                    basis="quadrature",
                )
            )
    return checks


def _lagging(lr: FloatArray, h: float, clock: FloatArray) -> FloatArray:
    """h / 2 sum over drops d of d (dV*/d eta) e^(-2 h S since the drop, its own update included), as a sum over all pairs."""
    drops = -np.diff(lr, prepend=lr[0])
    slope = drops * 2.0 * NOISE**2 / (h * (2.0 - lr * h) ** 2)
    S = np.cumsum(clock)
    out = np.empty(lr.size)
    for t in range(lr.size):
        out[t] = 0.5 * h * float(slope[: t + 1] @ np.exp(-2.0 * h * (S[t] - S[: t + 1] + clock[: t + 1])))
    return out


def _largest(x: FloatArray) -> float:
    return float(np.max(np.abs(x)))


register_claims(
    _claim(
        id="RV-15",
        section=f"{_PAGE}#71-hill-loss-goes-progress-goes-on",
        statement="A rapid decay removes the hill loss while progress along the river goes on as the sum of the LR.",
        formula="S gained = eta T ln r / (r - 1) for the inverse decay: 0.2558 eta T at r = 10; linear .55, sqrt .40, exp .39",
        status="read",
        kind="asymptotic",
        ruling="confirmed within the model",
        premise="Quadratic hills beside a river of constant slope.",
        breaks="the decay: the LR stays at its peak",
        measure=partial(_progress_in_decay, True),
        control=partial(_progress_in_decay, False),
    ),
    _claim(
        id="RV-16",
        section=f"{_PAGE}#72-the-best-decay-of-one-mode",
        statement="A decay of the kind 1/t is optimal on a quadratic.",
        formula="1 / eta_t = 2 / eta + h t; V_T = 1 / (1 / V_0 + h^2 T / s2), against brute force over T = 1 ... 40 LR",
        status="read",
        kind="exact",
        ruling="confirmed within the model",
        premise="One quadratic mode, stationary at the start.",
        breaks="the decay that is said to be the best: linear",
        measure=partial(_one_over_t, "1/t"),
        control=partial(_one_over_t, "linear"),
    ),
    _claim(
        id="RV-P04",
        section=f"{_PAGE}#72-the-best-decay-of-one-mode",
        statement="The optimal cooldown of a stationary mode reaches the variance of a Bayesian average of its steps.",
        formula="V_T = 1 / (1 / V_0 + h^2 T / s2) under 1 / eta_t = 2 / eta + h t",
        status="derived",
        kind="exact",
        ruling="derived here",
        premise="One quadratic mode, stationary at the start.",
        breaks="the first LR: the stable one in place of half of it",
        measure=partial(_cooldown, False),
        control=partial(_cooldown, True),
        note="The LR start at half the stable one; the decay of WSD-S starts at the stable LR itself.",
    ),
    _claim(
        id="RV-P05",
        section=f"{_PAGE}#72-the-best-decay-of-one-mode",
        statement="Whatever the curvatures and their noise, the first LR of the best decay of stationary modes is half the stable one.",
        formula="argmin over eta_0 = eta / 2 for any set of hills, any noise and any length",
        status="derived",
        kind="exact",
        ruling="derived here",
        premise="Quadratic modes, all of them stationary at the start.",
        breaks="stationarity: twice the variance at the start",
        measure=partial(_halving, 1.0),
        control=partial(_halving, 2.0),
    ),
    _claim(
        id="RV-P06",
        section=f"{_PAGE}#73-inverse-linear-decay",
        statement="An inverse decay cools modes steeper than its rate and leaves flatter ones.",
        formula="V_T = V_0 r^(-2h/a) + s2 eta / (2h - a) (1/r - r^(-2h/a)), 1/eta_t = 1/eta + a t",
        status="derived",
        kind="asymptotic",
        ruling="derived here",
        premise="One quadratic mode; eta h much below 1.",
        breaks="the shape: a linear decay",
        measure=partial(_inverse_decay, "inverse"),
        control=partial(_inverse_decay, "linear"),
    ),
    _claim(
        id="RV-P07",
        section=f"{_PAGE}#72-the-best-decay-of-one-mode",
        statement="What counts as hill depends on the length of the decay.",
        formula="updates to divide the hill loss by f: (f - 1)(2 - eta h) / (eta h)",
        status="derived",
        kind="exact",
        ruling="derived here",
        premise="One quadratic mode, stationary at the start.",
        breaks="the updates: half of those needed",
        measure=partial(_steps_needed, 1.0),
        control=partial(_steps_needed, 0.5),
    ),
    _claim(
        id="RV-P08",
        section=f"{_PAGE}#74-the-lag-of-the-loss",
        statement="The loss lags behind the LR in cumulative LR; a gamma spectrum makes the lag a power law.",
        formula="sum of drops x e^(-2 h S); mean of 1 - e^(-2 h S) over h ~ Gamma(beta, C / 2) is 1 - (1 + C S)^-beta",
        status="derived",
        kind="asymptotic",
        ruling="derived here",
        premise="Quadratic modes, stationary at the start; small steps.",
        breaks="the clock: updates in place of cumulative LR",
        measure=partial(_lag, True),
        control=partial(_lag, False),
        note="The multi-power law's kernel with gamma = 0 (arXiv 2503.12811).",
    ),
)
