"""Claims of learning-rate schedules under scaling laws: what the cumulative LR explains, and what the decay adds.

Legend: T cumulative LR of a run, t_s of its first s steps; R squared error; alpha_S = (b - 1) / a, alpha_N = b - 1.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.kaplan import _twin
from rivervalley.claims.kaplan._fits import KAPLAN, slope, vertex
from rivervalley.claims.registry import register_claims
from rivervalley.kernels.power_law import block_moments
from rivervalley.landscapes import PowerLaw
from rivervalley.schedules import Schedule, constant, cosine

LENGTHS = {  # steps to a cumulative LR of 100, differing up to ninefold
    "constant": 400,
    "cosine": 2700,
    "linear": 900,
    "wsd": 1300,
    "1-sqrt": 3600,
    "quadratic": 1500,
    "step": 800,
    "exponential to 5 %": 2000,
    "exponential to 0.2 %": 3000,
}


def _shape(kind: str, steps: int) -> FloatArray:
    """Rates over the peak rate at the middles of as many steps."""
    u = (np.arange(steps) + 0.5) / steps
    shapes = {
        "constant": np.ones(steps),
        "cosine": 0.5 * (1.0 + np.cos(np.pi * u)),
        "linear": 1.0 - u,
        "wsd": np.minimum(1.0, (1.0 - u) / 0.2),
        "1-sqrt": 1.0 - np.sqrt(u),
        "quadratic": (1.0 - u) ** 2,
        "step": np.where(u < 0.6, 1.0, np.where(u < 0.8, 0.3, 0.1)),
        "exponential to 5 %": np.exp(-3.0 * u),
        "exponential to 0.2 %": np.exp(-6.0 * u),
    }
    return shapes[kind]


def equal_area_schedules(area: float, equal: bool = True) -> dict[str, Schedule]:
    """The nine shapes at one cumulative LR, or else at one peak rate."""
    found = {}
    for kind, length in LENGTHS.items():
        shape = _shape(kind, round(length * area / 100.0))
        found[kind] = Schedule(shape * (area / shape.sum() if equal else 0.15), name=kind)
    return found


# KS-19: the law of the cumulative LR, and what is left of the schedule.


def _final(model: PowerLaw, schedule: Schedule) -> float:
    return float(model.excess(model.expected(schedule, schedule.steps))[-1])


def _area(_: Setting, equal: bool = True) -> list[Check]:
    checks = []
    for sig2, batch, allowed in ((0.0, 64, 0.003), (0.3, 10_000, 0.003), (0.3, 64, 0.03)):
        model = PowerLaw(10**6, 1.5, 2.0, sig2**0.5, batch)
        annealed = {}
        for area in (100.0, 400.0):
            schedules = equal_area_schedules(area, equal)
            loss = {kind: _final(model, schedule) for kind, schedule in schedules.items()}
            flat = loss.pop("constant")
            values = np.array(list(loss.values()))
            annealed[area] = values.mean()
            label = f"eight annealed shapes at the cumulative LR {area:g}, label variance {sig2:g}, B = {batch}"
            checks.append(at_most(f"spread of the excess loss of {label}", allowed, float(np.ptp(values) / values.mean())))
            if (sig2, batch) == (0.3, 64):
                checks.append(
                    at_least(f"excess of the constant rate over that of {label}, less 1", 0.04, flat / values.mean() - 1.0)
                )
            law = [model.open_loop(schedules[kind]) for kind in loss]
            checks.append(worst(f"open-loop formula, {label}", values, np.array(law), relative=0.0015))
            checks.append(
                near(
                    f"open-loop formula, constant rate, sum {area:g}",
                    flat,
                    model.open_loop(schedules["constant"]),
                    relative=0.02,
                )
            )
        if sig2 == 0.0:
            power = slope([100.0, 400.0], [annealed[100.0], annealed[400.0]])
            checks.append(near("power of the loss in the cumulative LR", -2.0 / 3.0, power, relative=0.002))
    return checks + (_power_of_drops() + _any_peak() + _written_out() if equal else [])


def _any_peak() -> list[Check]:
    """Peaks from 0.05 to 1 and a warm-up at one cumulative LR, without noise."""
    model, area = PowerLaw(10**6, 1.5, 2.0, 0.0, 10**6), 100.0
    found = []
    for peak in (0.05, 0.2, 0.5, 1.0):
        for warm in (0.0, 0.1):
            n = round(area / peak / (1.0 - 0.5 * warm) * 2.0)
            u = np.arange(1, n + 1) / n
            lr = np.minimum(1.0, u / warm if warm else 1.0) * 0.5 * (1.0 + np.cos(np.pi * u))
            found.append(_final(model, Schedule(lr * (area / lr.sum()))))
    # A step of eta for a flow changes the loss by a share eta lambda t' / t at its start: at most a few times 1 / area.
    return [
        at_most(
            "spread of the loss over peaks of 0.05 to 1, with and without warm-up", 0.006, float(np.ptp(found) / np.mean(found))
        )
    ]


def _written_out() -> list[Check]:
    """Where noise rules: the open-loop formula term by term, and the exact recursion, both on 40 modes at batch size 4."""
    lr = 0.3 * np.concatenate([np.ones(200), np.cos(0.5 * np.pi * np.arange(1, 201) / 200.0) ** 2])
    model = PowerLaw(40, 1.5, 2.0, 1.0, 4)
    return [
        near(
            "the package's open-loop formula, term by term",
            _twin.open_loop(1.5, 2.0, 40, lr, 4, 1.0),
            model.open_loop(Schedule(lr)),
            relative=1e-7,
        ),
        near(
            "the package's expectation, recursion written out",
            float(_twin.moments(1.5, 2.0, 40, lr, 4, 1.0)[-1]),
            _final(model, Schedule(lr)),
            relative=1e-7,
        ),
    ]


def _power_of_drops() -> list[Check]:
    """An LR drop lowers the loss by (R / 2B) (eta_1 - eta_2) tr H G(t), 1 - G ~ t^-(1 - 1/a): the multi-power law's form."""
    checks = []
    t = np.geomspace(30.0, 3000.0, 9)
    for a, allowed in ((1.5, 0.005), (2.0, 0.005), (3.0, 0.005), (1.2, 0.06)):
        model = PowerLaw(10**9, a, 2.0)
        decay = np.exp(-2.0 * np.multiply.outer(t, model.eigenvalues))
        left = decay @ (model.multiplicity * model.eigenvalues) / model.trace
        checks.append(
            near(f"exponent beta of what a drop still has to give, a = {a}", 1.0 - 1.0 / a, -slope(t, left), relative=allowed)
        )
        kernel = decay @ (model.multiplicity * model.eigenvalues**2)
        checks.append(near(f"exponent of the memory of noise, a = {a}", 2.0 - 1.0 / a, -slope(t, kernel), relative=0.002))
    model = PowerLaw(10**5, 1.5, 2.0, 1.0, 64)
    high, low = 0.04, 0.01
    base = model.expected(constant(steps=40_000, peak_lr=high), 40_000)
    after = np.array([2.0, 5.0, 10.0, 30.0, 100.0, 300.0])
    kept, dropped = (
        model.expected(
            constant(steps=round(300.0 / lr), peak_lr=lr), initial=base, record_at=40_000 + np.rint(after / lr).astype(int)
        ).loss
        for lr in (high, low)
    )
    left = np.exp(-2.0 * np.multiply.outer(after, model.eigenvalues)) @ (model.multiplicity * model.eigenvalues) / model.trace
    law = float(base.loss[-1]) / (2.0 * 64) * (high - low) * model.trace * (1.0 - left)
    checks.append(
        worst("gain of a drop of the rate from 0.04 to 0.01, after sums of 2 ... 300", law, kept - dropped, relative=0.025)
    )
    return checks


# KS-19b: what each schedule makes of a given amount of data.


def _blocks(steps: float, power: float, count: int = 110) -> tuple[FloatArray, FloatArray]:
    """(1 - x)^power averaged over blocks that are short at both ends of a run, and the steps in each."""
    rising = np.geomspace(1.0, steps / 2.0, count)
    edges = np.unique(np.concatenate(([0.0], rising, steps - rising, [steps])))
    area = -((1.0 - edges / steps) ** (power + 1.0)) / (power + 1.0)
    return np.diff(area) / np.diff(edges / steps), np.diff(edges)


def _tuned(model: PowerLaw, steps: float, power: float) -> tuple[float, float]:
    """Best peak rate, at most 1 / tr H, and excess loss of one pass over `steps` samples at batch size 1."""
    shape, counts = _blocks(steps, power)

    def loss(log_lr: float) -> float:
        m = model.signal / model.eigenvalues
        frozen = model.floor + model.label_variance
        trained = block_moments(m, np.exp(log_lr) * shape, counts, model.eigenvalues, model.multiplicity, frozen, 1.0)
        return float(np.log(trained + model.floor))

    optimum = minimize_scalar(loss, bounds=(np.log(1e-6), -np.log(model.trace)), method="bounded", options={"xatol": 0.01})
    return float(np.exp(optimum.x)), float(np.exp(optimum.fun))


def _efficiency(_: Setting, label_noise: bool = True) -> list[Check]:
    checks = []
    data = np.array([1e8, 1e9])
    for a, b in ((1.5, 2.0), (2.0, 2.0), (2.0, 1.4)):
        model = PowerLaw(10**12, a, b, float(label_noise), bin_ratio=1.5)
        power = (b - 1.0) / a
        easy = power > 1.0 - 1.0 / a
        decayed = (b - 1.0) / b if power >= 1.0 - 1.0 / a else power
        for name, shape, expected, allowed in (
            ("constant rate", 0.0, power / (1.0 + power), 0.025),
            ("decay as (1 - x)^(2a - 1)", 2.0 * a - 1.0, decayed, 0.01),
            ("linear decay", 1.0, decayed, 0.06),
        ):
            rates, loss = np.array([_tuned(model, d, shape) for d in data]).T
            checks.append(
                near(f"power of the loss in D, {name}, a = {a}, b = {b}", expected, -slope(data, loss), relative=allowed)
            )
            if name == "constant rate" and power > 0.3:
                found = -slope(data, rates)
                checks.append(
                    near(f"power of the best {name} in D, a = {a}, b = {b}", power / (1.0 + power), found, relative=0.03)
                )
            if easy and shape > 1.0:
                law = (power - 1.0 + 1.0 / a) / (power + 1.0 / a)
                checks.append(
                    near(f"power of the best peak of the {name}, a = {a}, b = {b}", law, -slope(data, rates), relative=0.03)
                )
    return checks


# KS-23: the intermediate loss of a long cosine.


def _horizon(_: Setting, equal_steps: bool = True) -> list[Check]:
    checks = []
    at = np.array([500, 1000, 2000, 4000])
    for sig2 in (0.0, 1.0):
        model = PowerLaw(10**4, 1.5, 2.0, sig2**0.5, 64)
        long = cosine(steps=8000, peak_lr=0.3)
        middle = model.excess(model.expected(long, record_at=at))
        sums = np.cumsum(long.lr)[at - 1]
        lengths = at if equal_steps else np.rint(sums / 0.15).astype(int)
        own = np.array([_final(model, cosine(steps=int(n), peak_lr=0.3)) for n in lengths])
        if sig2 == 0.0:
            checks.append(
                at_most("long cosine over a matched one at equal steps, without label noise", 0.8, float(np.max(middle / own)))
            )
        else:
            checks.append(
                at_most("long cosine over a matched one at 500 steps, label variance 1", 0.9, float(middle[0] / own[0]))
            )
            checks.append(
                at_least("long cosine over a matched one at 4000 steps, label variance 1", 1.02, float(middle[-1] / own[-1]))
            )
    if equal_steps:
        checks += _bias_of_the_frontier()
    return checks


def _bias_of_the_frontier() -> list[Check]:
    """Power of the best size in compute, from intermediate losses of one long cosine and from cosines of the right length."""
    sizes = np.unique(np.geomspace(10, 300, 16).round())
    budgets = np.geomspace(1e4, 2.4e5, 5)  # N S
    middle, own = np.full((2, sizes.size, budgets.size), np.inf)
    for i, n in enumerate(sizes):
        model = PowerLaw(int(n), 1.5, 2.0, batch_size=64)
        steps = np.rint(budgets / n).astype(int)
        fits = steps <= 24_000
        middle[i, fits] = model.excess(model.expected(cosine(steps=24_000, peak_lr=0.3), record_at=steps[fits]))
        own[i, fits] = [_final(model, cosine(steps=int(s), peak_lr=0.3)) for s in steps[fits]]
    powers = [slope(budgets, [vertex(sizes, np.log(loss[:, c]))[0] for c in range(budgets.size)]) for loss in (middle, own)]
    return [
        near("power of the best size in C, cosines of the right length", 0.4, powers[1], absolute=0.015),
        near("the same from intermediate losses of a long cosine", powers[1], powers[0], absolute=0.03),
    ]


register_claims(
    Claim(
        id="KS-19",
        section="docs/theory/kaplan.md#8-schedules",
        ruling="confirmed within the model",
        premise="Equal cumulative LR and a decay to near zero.",
        breaks="the equal cumulative LR: equal peaks instead",
        paper=f"{KAPLAN}, appendix D.6",
        statement="The shape of the schedule hardly matters, given the cumulative LR and a decay to near zero.",
        formula="eps = floor + sum c e^(-2 lambda T) + 1/B sum eta_s^2 R(t_s) sum lambda^2 e^(-2 lambda (T - t_s))",
        status="derived",
        kind="asymptotic",
        measure=_area,
        control=partial(_area, equal=False),
        note="Eight annealed shapes differ by 0.1 % without label noise, by up to 2 % with it; a constant rate is 5-14 % "
        "above. In the multi-power law's terms: alpha = alpha_S, beta = 1 - 1/a, gamma = 0. The control has equal peaks.",
    ),
    Claim(
        id="KS-19b",
        section="docs/theory/kaplan.md#8-schedules",
        ruling="confirmed within the model",
        premise="Batch size 1, label noise, peak LR tuned.",
        breaks="the label noise: none",
        paper="arXiv 2602.06797, 2509.19189; derived",
        statement="With fixed data and label noise, decay raises the exponent of the loss over that of the best constant rate.",
        formula="constant: alpha_S / (1 + alpha_S); decayed: alpha_N / (1 + alpha_N) if alpha_S >= 1 - 1/a, else alpha_S",
        status="derived",
        kind="asymptotic",
        measure=_efficiency,
        control=partial(_efficiency, label_noise=False),
        note="Decayed as (1 - x)^(2a - 1); linear decay comes within 5 % of its exponent. Runs of up to 10^9 updates.",
    ),
    Claim(
        id="KS-23",
        section="docs/theory/kaplan.md#8-schedules",
        ruling="corrected",
        premise="Cosines of equal peak.",
        breaks="the equal steps: equal cumulative LR instead",
        correction="Above the matched loss only where label noise dominates; far below it without.",
        paper="arXiv 2203.15556, section 3.1; arXiv 2406.19146",
        statement="A cosine too long for its budget need not overestimate the intermediate loss, nor bend the frontier much.",
        formula="at equal steps the long cosine has up to twice the cumulative LR of a matched one",
        status="derived",
        kind="asymptotic",
        measure=_horizon,
        control=partial(_horizon, equal_steps=False),
        note="Corrected: above the matched loss only where label noise dominates; far below it without. The control matches "
        "the cumulative LR instead of the steps. The power of the best size moves by less than 0.03.",
    ),
)
