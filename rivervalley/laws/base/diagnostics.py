"""The report of a fit: intervals, scores, what is identified, and warnings in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import end_residual, scores
from rivervalley.estimation.uncertainty import Uncertainty, identify, uncertainty
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import Points

# Above this variance inflation the term that answers the rate is hardly told from the others: the usual rule for collinearity.
WEAK_INFLATION = 10.0


def diagnose(
    law: Law,
    curves: Sequence[LossCurve],
    at: Points,
    loss: FloatArray,
    free: Sequence[str],
    huber_delta: float,
    confidence: float,
    priors: Mapping[str, float],
) -> tuple[dict[str, tuple[float, float]], dict[str, Any]]:
    """Intervals and diagnostics of a law at its optimum on the given losses.

    `free` names nonlinear parameters; `priors` has, for some of them, the second derivative of what is added to the objective.
    """
    names, jacobian, predicted = log_jacobian(law, at, free)
    parts = at.slices()
    prior = np.array([priors.get(name, 0.0) for name in names])
    known = uncertainty(jacobian, np.log(predicted) - np.log(loss), parts, huber_delta, confidence, prior)
    bounds = {name: (0.0, np.inf) for name in law.coefficients} | {one.name: (one.low, one.high) for one in law.nonlinear}
    values = [law.params[name] for name in names]
    intervals = {}
    for name, value, error in zip(names, values, known.standard_errors.tolist(), strict=True):
        low, high = bounds[name]
        reach = known.quantile * error
        intervals[name] = (max(value - reach, low), min(value + reach, high))
    each = []
    for part, curve, effective, lag in zip(parts, curves, known.effective, known.lag1, strict=True):
        entry = {"name": curve.name, "effective_points": effective, "autocorrelation": lag}
        entry["end_residual"] = end_residual(np.log(loss[part] / predicted[part]))
        entry["summed_lr"] = float(at.S1[part.stop - 1])
        each.append(entry | asdict(scores(loss[part], predicted[part])))
    diagnostics: dict[str, Any] = {
        "huber_delta": huber_delta,
        **asdict(scores(loss, predicted)),
        "effective_points": float(sum(known.effective)),
        "warmup_points_left_out": int(sum(len(curve) for curve in curves) - loss.size),
        "curves": each,
        "condition_number": known.condition_number,
        "standard_errors": dict(zip(names, known.standard_errors.tolist(), strict=True)),
        "variance_inflation": dict(zip(names, known.inflation.tolist(), strict=True)),
        "identified": dict(zip(names, known.identified.tolist(), strict=True)),
        "correlations": _correlations(names, known),
        "combinations": _combinations(law, names, known),
        "confidence": confidence,
    }
    collinearity = _collinearity(law, names, jacobian)
    diagnostics["warnings"] = _warnings(law, curves, names, intervals, known, collinearity)
    return intervals, diagnostics


def log_jacobian(law: Law, at: Points, free: Sequence[str]) -> tuple[list[str], FloatArray, FloatArray]:
    """Names of the fitted parameters, the Jacobian of log L by them, shape (p, R), and L, shape (R,)."""
    terms, slopes = law.terms(at)(np.array([getattr(law, one.name) for one in law.nonlinear]))
    weights = np.array([getattr(law, name) for name in law.coefficients])
    predicted = weights @ terms
    rows = [*terms]
    names = [*law.coefficients]
    for one, slope in zip(law.nonlinear, slopes, strict=True):
        if one.name in free:
            names.append(one.name)
            rows.append(weights[law.coefficients.index(one.shapes)] * slope)
    return names, np.stack(rows) / predicted, predicted


def _collinearity(law: Law, names: Sequence[str], jacobian: FloatArray) -> float:
    """Variance inflation of the coefficient of the term that answers the rate, with the shape of that term known; 1 at best."""
    term = law.rate_term
    if term is None:
        return 1.0
    shapes = {one.name for one in law.nonlinear if one.shapes == term}
    kept = [k for k, name in enumerate(names) if name not in shapes]
    identified, _, inflation = identify(jacobian[kept])
    k = [names[k] for k in kept].index(term)
    return float(inflation[k]) if identified[k] else 1.0


def _correlations(names: Sequence[str], known: Uncertainty) -> dict[str, float]:
    found = {}
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            scale = float(known.standard_errors[i] * known.standard_errors[j])
            if np.isfinite(scale) and scale > 0.0:
                found[f"{first},{second}"] = float(known.covariance[i, j]) / scale
    return found


def _combinations(law: Law, names: Sequence[str], known: Uncertainty) -> dict[str, dict[str, float]]:
    found = {}
    for label, (value, gradient) in law.combinations().items():
        slope = np.array([gradient.get(name, 0.0) for name in names])
        open_ones = (slope != 0.0) & ~known.identified
        reach = np.inf if open_ones.any() else known.quantile * float(np.sqrt(max(slope @ known.covariance @ slope, 0.0)))
        found[label] = {"value": value, "low": max(value - reach, 0.0), "high": value + reach}
    return found


def _warnings(
    law: Law,
    curves: Sequence[LossCurve],
    names: Sequence[str],
    intervals: dict[str, tuple[float, float]],
    known: Uncertainty,
    collinearity: float,
) -> list[str]:
    said = []
    for name, identified in zip(names, known.identified.tolist(), strict=True):
        value = law.params[name]
        low, high = intervals[name]
        if not identified:
            hint = f": {law.hints[name]}" if name in law.hints else ""
            said.append(f"{name} cannot be identified from these curves; its value {value:.4g} means nothing{hint}")
        elif name in law.coefficients and value == 0.0:
            said.append(f"{name} ended at its bound 0: these curves ask for no such term")
        elif high - low > value:
            said.append(f"{name} is poorly determined: {value:.4g}, interval {low:.4g} to {high:.4g}")
    if collinearity > WEAK_INFLATION:
        said.append(
            f"{law.rate_term} is weakly identified: in these curves annealing and progress go together (variance inflation "
            f"{collinearity:.0f}); add a run with another schedule, such as a constant rate"
        )
    effective = sum(known.effective)
    if effective < 3 * len(names):
        said.append(
            f"the residuals are so correlated that they hold about {effective:.0f} independent points "
            f"for {len(names)} parameters"
        )
    peaks = sorted({curve.schedule.peak_lr for curve in curves})
    if peaks[-1] > 1.01 * peaks[0]:
        said.append(f"the curves' peak rates run from {peaks[0]:g} to {peaks[-1]:g}: no law is known to hold across peaks")
    for curve in curves:
        lr = curve.schedule.lr
        if curve.schedule.warmup_steps == 0 and lr[0] < curve.schedule.peak_lr:
            said.append(
                f"curve {curve.name!r} starts below its peak rate but states no warm-up: give warmup_steps if it has one"
            )
    return said
