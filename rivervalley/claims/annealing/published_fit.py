"""Claims of the scaling law with learning-rate annealing (Tissue, Wang and Wang, arXiv 2408.11029), in closed form and on
the 40 published losses.

Legend: p0 is the published fit (laws.published.GOLDEN); eta the peak rate 2e-4; lambda the decay factor 0.999.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.optimize import brentq

from rivervalley.claims.checks import Check, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.curves.curve import LossCurve
from rivervalley.laws import AnnealingLaw, ForwardLaw, published
from rivervalley.schedules import Schedule, cosine, wsd
from rivervalley.schedules.areas import annealing_area

PAPER = "arXiv 2408.11029"
_claim = partial(Claim, paper=PAPER)

ETA = published.PEAK_LR
LAMBDA = published.GOLDEN.decay_factor
P0 = AnnealingLaw(
    L0=published.GOLDEN.L0,
    A=published.GOLDEN.A,
    alpha=published.GOLDEN.alpha,
    C=published.GOLDEN.C,
    decay_factor=LAMBDA,
    warmup_area=published.WARMUP_AREA,
)


# AL-01: two curves suffice. The spread over noisy fits is compared with the error that the claim allows.


def _end_errors(setting: Setting, fitted_to: Sequence[Schedule], noise: float = 5e-4) -> np.ndarray:
    """Relative errors at step 60,000 of constant, cosine and WSD, of laws fitted to 20 noisy points a curve; (fits, 3)."""
    rng = np.random.default_rng([setting.seed, 1])
    steps = np.arange(1000, 20_001, 1000) + 1
    ahead = [
        published.constant_schedule(60_000),
        published.cosine_schedule(60_000),
        wsd(60_001, ETA, warmup_steps=500, decay_fraction=0.2),
    ]
    truth = np.array([P0.predict_at(s, [s.steps])[0] for s in ahead])
    errors = []
    for _ in range(20 if setting.quick else 60):
        curves = [
            LossCurve(steps, P0.predict_at(s, steps) * (1.0 + noise * rng.standard_normal(steps.size)), s, s.name)
            for s in fitted_to
        ]
        law = AnnealingLaw.fit(curves, warmup_area=published.WARMUP_AREA)
        errors.append([law.predict_at(s, [s.steps])[0] for s in ahead] / truth - 1.0)
    return np.array(errors)


def _spread_checks(setting: Setting, fitted_to: Sequence[Schedule]) -> list[Check]:
    errors = _end_errors(setting, fitted_to)
    # The mean of |error| over n fits is within z / sqrt(n) of its own spread of the expected one, which must be below 0.2 %.
    n = errors.shape[0]
    z = 4.9
    checks = []
    for name, column in zip(("constant", "cosine", "wsd 20%"), errors.T, strict=True):
        mean, margin = np.abs(column).mean(), z * np.abs(column).std(ddof=1) / math.sqrt(n)
        checks.append(at_most(f"mean relative error of the {name} end loss at 60k", 2e-3, mean + margin))
    return checks


def _two_curves(setting: Setting) -> list[Check]:
    return _spread_checks(setting, [published.constant_schedule(), published.cosine_schedule()])


def _one_curve_twice(setting: Setting) -> list[Check]:
    return _spread_checks(setting, [published.constant_schedule(), published.constant_schedule()])


# AL-02: the published values.


def _golden(swapped: bool, setting: Setting) -> list[Check]:
    cosine_curve, constant_curve = published.cosine(), published.constant()
    if swapped:
        cosine_curve, constant_curve = (
            LossCurve(cosine_curve.steps, constant_curve.loss, cosine_curve.schedule, "cosine"),
            LossCurve(cosine_curve.steps, cosine_curve.loss, constant_curve.schedule, "constant"),
        )
    law = AnnealingLaw.fit([cosine_curve, constant_curve], warmup_area=published.WARMUP_AREA)
    golden, found = published.GOLDEN, law.diagnostics
    return [
        *(
            near(f"{name} of the published fit", getattr(golden, name), law.params[name], 5e-4)
            for name in ("L0", "A", "alpha", "C")
        ),
        near("objective", golden.objective, found["objective"], relative=0.02),
        near("R2", golden.r2, found["r2"], 1e-6),
        at_least("R2", 0.999, found["r2"]),
    ]


# AL-04: a constant rate.


def _constant_rate(schedule: Schedule) -> list[Check]:
    s = np.arange(1, schedule.steps + 1)
    chinchilla = P0.L0 + P0.A * schedule.peak_lr**-P0.alpha * s**-P0.alpha
    return [worst("loss after s updates", chinchilla, P0.predict(schedule), relative=1e-12)]


# AL-06: the cost of a fit.


def _costs(points: int, shares: tuple[float, float]) -> list[Check]:
    """Steps that K equally spaced end points up to T cost: cosine runs, one WSD trunk with K decays, one curve to T / 2."""
    longest = 1000 * points
    ends = np.arange(1, points + 1) * 1000
    cosine_cost = ends.sum()
    checks = []
    for share, stated in zip(shares, (0.216, 0.118), strict=True):
        decays = np.array([round(share * end) for end in ends])
        trunk = longest - decays[-1]
        checks.append(near(f"cost of WSD with {share:.0%} decays", stated, (trunk + decays.sum()) / cosine_cost, 5e-4))
    checks.append(near("cost of one curve to half the length", 0.01, longest / 2 / cosine_cost, 5e-4))
    checks.append(at_most("cost of one curve to half the length", 0.01, longest / 2 / cosine_cost, 1e-12))
    return checks


# AL-07: the loss lags behind the rate.


def _delay(decay_factor: float) -> list[Check]:
    lengths = np.array([500, 1000, 2000, 4000, 8000])
    stated_share = np.array([0.214, 0.368, 0.568, 0.755, 0.875])
    stated_lag = np.array([703, 734, 841, 947, 993])
    share, lag = [], []
    for length in lengths:
        drop = Schedule(np.concatenate([[1.0], np.maximum(1.0 - np.arange(1, length + 20_001) / length, 0.0)]))
        area = annealing_area(drop, decay_factor)
        total = 1.0 / (1.0 - decay_factor)
        share.append(area[length] / total)
        # Where the gained area passes half its final value, interpolated between two updates.
        k = int(np.searchsorted(area, 0.5 * area[-1]))
        crossing = k - 1 + (0.5 * area[-1] - area[k - 1]) / (area[k] - area[k - 1])
        lag.append(crossing - 0.5 * length)
    step = Schedule(np.concatenate([[1.0], np.full(20_000, 0.5)]))
    realised = annealing_area(step, decay_factor)[1:] / (0.5 / (1.0 - LAMBDA))
    n = np.arange(1, 20_001)
    half = float(np.interp(0.5, realised, n))
    closed = 1.0 - LAMBDA * (1.0 - LAMBDA**lengths) / (lengths * (1.0 - LAMBDA))
    return [
        worst("share of a step drop realised after n updates", 1.0 - LAMBDA**n, realised, relative=1e-9),
        near("half-life of a step drop, updates", math.log(2.0) / -math.log(LAMBDA), half, 1.0),
        worst("share realised at the end of a linear anneal", closed, share, relative=1e-9),
        worst("share realised at the end, as stated", stated_share, share, 6e-4),
        worst("lag of the loss behind the rate, updates", stated_lag, lag, 1.5),
    ]


# AL-09: constant against cosine.


def _crossing(law: AnnealingLaw, final: float = 0.0, eta: float = ETA) -> float:
    """Total updates at which a cosine to `final` x peak and a constant rate end level; NaN where they never do."""

    def gap(total: float) -> float:
        steps = round(total)
        # The authors' rates 0 ... T: T + 1 of them, the first at the peak.
        rates = np.concatenate([[eta], cosine(steps, eta, final_lr=final * eta).lr])
        flat = np.full(steps + 1, eta)
        return float(law.predict_at(Schedule(rates), [steps + 1])[0] - law.predict_at(Schedule(flat), [steps + 1])[0])

    low, high = 2_000.0, 2_000_000.0 * (2e-4 / eta)
    if gap(low) * gap(high) > 0.0:
        return math.nan
    return float(brentq(gap, low, high, xtol=1.0))


def _crossing_checks(law: AnnealingLaw) -> list[Check]:
    closed = (P0.A * (2.0**P0.alpha - 1.0) * (1.0 - LAMBDA) / (P0.C * ETA)) ** (1.0 / P0.alpha) / ETA
    at_peak, at_half = _crossing(law), _crossing(law, eta=ETA / 2)
    slope = math.log2(at_peak / at_half)
    short, long = published.constant().loss[-1], published.cosine().loss[-1]
    return [
        near("crossing by the closed form, updates", 25_100, closed, 60.0),
        near("crossing of the cosine to 0, updates", 25_400, at_peak, 100.0),
        near("closed form against the crossing", closed, at_peak, relative=0.02),
        near("crossing of the cosine to a tenth, updates", 22_500, _crossing(law, 0.1), 100.0),
        # Asymptotic: the crossing must lie many memories of the annealing area (1000 updates) out, so the peak is halved.
        near("power of the peak in the crossing", -(1.0 + 1.0 / P0.alpha), slope, relative=0.02),
        at_least("published cosine minus constant at 20k", 0.0, long - short),
    ]


# AL-23: the annealing term is necessary.


def _ablation(cosine_curve: LossCurve, constant_curve: LossCurve) -> list[Check]:
    curves = [cosine_curve, constant_curve]
    full = AnnealingLaw.fit(curves, warmup_area=published.WARMUP_AREA)
    prompt = AnnealingLaw.fit(curves, decay_factor=0.0, warmup_area=published.WARMUP_AREA)
    forward = ForwardLaw.fit(curves, warmup_area=published.WARMUP_AREA)
    best = full.diagnostics["objective"]
    end_gap = float(cosine_curve.loss[-1] - constant_curve.loss[-1])
    forward_gap = (
        forward.predict_at(cosine_curve.schedule, [20_001])[0] - forward.predict_at(constant_curve.schedule, [20_001])[0]
    )
    return [
        at_least("objective without annealing / with it", 10.0, forward.diagnostics["objective"] / best),
        near("objective without delay / with it", 2.45 / 1.629, prompt.diagnostics["objective"] / best, relative=0.02),
        at_least("end gap cosine - constant without annealing, nats", 5.0 * abs(end_gap), float(forward_gap)),
    ]


def _ablation_where_nothing_anneals(setting: Setting) -> list[Check]:
    flat = ForwardLaw(L0=P0.L0, A=P0.A, alpha=P0.alpha, warmup_area=P0.warmup_area)
    rng = np.random.default_rng([setting.seed, 23])
    made = []
    for curve in (published.cosine(), published.constant()):
        loss = flat.predict_at(curve.schedule, curve.steps) * (1.0 + 5e-4 * rng.standard_normal(len(curve)))
        made.append(LossCurve(curve.steps, loss, curve.schedule, curve.name))
    return _ablation(*made)


CLAIMS = (
    _claim(
        id="AL-01",
        section="docs/theory/annealing.md#3-fitting-it",
        ruling="confirmed within the model",
        premise="The losses are those of the law itself, with 0.05 % of noise.",
        breaks="the second curve: both have one and the same schedule",
        statement="One or two curves suffice to predict the loss under any schedule to about 0.2 %.",
        formula="fit constant + cosine to 20k with 0.05 % noise; mean |error| / L at 60k <= 0.002",
        status="read",
        kind="statistical",
        measure=_two_curves,
        control=_one_curve_twice,
        note="In the law's own world. Two curves of one kind do not do: a constant rate alone leaves C open.",
    ),
    _claim(
        id="AL-02",
        section="docs/theory/annealing.md#3-fitting-it",
        ruling="confirmed",
        premise="The 40 published losses and the authors' objective.",
        breaks="the labels of the two curves: swapped",
        statement="The law fits full loss curves with R2 above 0.999.",
        formula="L = L0 + A S1^-alpha - C S2 on the 40 published losses: R2 >= 0.999",
        status="read",
        kind="exact",
        measure=partial(_golden, False),
        control=partial(_golden, True),
    ),
    _claim(
        id="AL-04",
        section="docs/theory/annealing.md#1-the-law",
        ruling="derived here",
        premise="The law's formula; no warm-up.",
        breaks="the constant LR: it comes down in the last 100 updates",
        statement="At a constant rate the law is Chinchilla's data term with the same exponent.",
        formula="S2 = 0: L = L0 + A eta^-alpha s^-alpha",
        status="derived",
        kind="exact",
        measure=lambda setting: _constant_rate(Schedule(np.full(20_000, ETA))),
        control=lambda setting: _constant_rate(wsd(20_000, ETA, decay_steps=100)),
    ),
    _claim(
        id="AL-06",
        section="docs/theory/annealing.md#3-fitting-it",
        ruling="arithmetic",
        premise="Chinchilla's fit takes K = 99 end points.",
        breaks="the count of end points: 9",
        statement="Fitting the law costs under 1 % of the compute of a Chinchilla fit.",
        formula="K = 99 end points: WSD r + 2 (1 - r) / (K + 1) = 21.6 % (r = .2), 11.8 % (r = .1); one curve 1 / (K + 1)",
        status="derived",
        kind="exact",
        measure=lambda setting: _costs(99, (0.2, 0.1)),
        control=lambda setting: _costs(9, (0.2, 0.1)),
        note="The arithmetic behind the abstract's figure: against 99 end points. Against 9 it would be 10 %.",
    ),
    _claim(
        id="AL-07",
        section="docs/theory/annealing.md#4-the-delay",
        ruling="confirmed within the model",
        premise="The law's formula with lambda = 0.999.",
        breaks="the decay factor: 0.99",
        statement="The drop of the loss lags behind the drop of the learning rate, relatively more for steeper anneals.",
        formula="after a step drop 1 - lambda^n; at the end of a linear anneal 1 - lambda (1 - lambda^D) / (D (1 - lambda))",
        status="read",
        kind="exact",
        measure=lambda setting: _delay(LAMBDA),
        control=lambda setting: _delay(0.99),
        note="The law's lag is a fixed number of updates, 1 / (1 - lambda). On a noisy quadratic it is a fixed summed rate.",
    ),
    _claim(
        id="AL-09",
        section="docs/theory/annealing.md#51-cosine-runs",
        ruling="confirmed within the model",
        premise="The published fit.",
        breaks="the annealing term: C = 0",
        statement="A constant rate wins over a cosine in short runs and loses in long ones; they cross once.",
        formula="T_x = (1/eta) [A (2^alpha - 1)(1 - lambda) / (C eta)]^(1/alpha); T_x ~ eta^-(1 + 1/alpha)",
        status="derived",
        kind="asymptotic",
        measure=lambda setting: _crossing_checks(P0),
        control=lambda setting: _crossing_checks(AnnealingLaw(L0=P0.L0, A=P0.A, alpha=P0.alpha, C=0.0)),
        note="The claim itself is remembered, not read; the crossing is derived, and the published data show its short side.",
    ),
    _claim(
        id="AL-23",
        section="docs/theory/annealing.md#3-fitting-it",
        ruling="confirmed",
        premise="The 40 published losses.",
        breaks="the losses: made by a law without annealing",
        statement="The annealing term is necessary: without it the law cannot tell a cosine from a constant rate.",
        formula="objective of L0 + A S1^-alpha / objective of the law, on the 40 published losses",
        status="read",
        kind="exact",
        measure=lambda setting: _ablation(published.cosine(), published.constant()),
        control=_ablation_where_nothing_anneals,
        note="Delay matters less than annealing: with lambda = 0 the objective is 1.5 times that of lambda = 0.999.",
    ),
)
