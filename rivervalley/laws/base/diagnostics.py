"""The result of a fit: intervals, scores, what is identifiable, and warnings in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import end_residual, scores
from rivervalley.estimation.starts import StartAgreement
from rivervalley.estimation.uncertainty import Uncertainty, identify, uncertainty
from rivervalley.laws.base.options import FitOptions
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.result import Combination, CurveFit, FitResult, FitWarning
from rivervalley.schedules.kind import kind_of

if TYPE_CHECKING:
    from rivervalley.laws.base.law import Law

# Above this variance inflation the annealing term is hardly distinguished from the others: the usual rule for collinearity.
WEAK_INFLATION = 10.0
NO_ANNEALING = "the curves hold no annealing: add one whose LR comes down"


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was fitted, and how the search ended.

    Attributes
    ----------
    points : Points
    terms : pair of float arrays
        The terms and their slopes at the optimum.
    loss : float array, shape (R,)
    weights : float array, shape (R,), or 1
    objective : float
    starts : StartAgreement
    converged : bool
    iterations : int
    """

    points: Points
    terms: tuple[FloatArray, FloatArray]
    loss: FloatArray
    weights: FloatArray | float
    objective: float
    starts: StartAgreement
    converged: bool
    iterations: int


def diagnose(law: Law, curves: Sequence[LossCurve], options: FitOptions, fitted: Fitted) -> FitResult:
    """The result of a fit, from the law at its optimum."""
    free = [parameter.name for parameter in options.free]
    names, jacobian, predicted = jacobian_of(law, fitted.terms, free)
    prior = _prior_curvature(law, names, options)
    parts = fitted.points.slices()
    residuals = np.log(predicted) - np.log(fitted.loss)
    spread = uncertainty(jacobian, residuals, parts, options.huber_delta, options.confidence, prior, fitted.weights)
    weighted = jacobian * np.sqrt(fitted.weights)
    intervals = _intervals(law, names, spread)
    peaks = [curve.schedule.peak_lr for curve in curves]
    warnings = [
        *_parameter_warnings(law, names, intervals, spread),
        *_design_warnings(law, curves, names, spread, weighted),
        *_search_warnings(fitted),
    ]
    return FitResult(
        params=law.params,
        names=tuple(names),
        covariance=spread.covariance,
        hessian=(weighted @ weighted.T + np.diag(prior)) / options.huber_delta**2,
        identified=tuple(spread.identified.tolist()),
        intervals=intervals,
        confidence=options.confidence,
        condition_number=spread.condition_number,
        variance_inflation=tuple(spread.inflation.tolist()),
        combinations=_combinations(law, names, spread),
        fixed=options.fixed,
        priors=options.priors,
        objective=fitted.objective,
        huber_delta=options.huber_delta,
        scores=scores(fitted.loss, predicted),
        curves=tuple(_curve_fits(curves, fitted, predicted, spread)),
        readings_left_out=int(sum(len(curve) for curve in curves) - fitted.loss.size),
        peak_lr=(min(peaks), max(peaks)),
        starts=fitted.starts,
        converged=fitted.converged,
        iterations=fitted.iterations,
        warnings=tuple(warnings),
    )


def log_jacobian(law: Law, points: Points, free: Sequence[str]) -> tuple[list[str], FloatArray, FloatArray]:
    """Names of the fitted parameters, the Jacobian of log L by them, shape (p, R), and L, shape (R,).

    `free` names the shape parameters that are fitted.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return jacobian_of(law, law.terms(points)(law.shape()), free)


def jacobian_of(
    law: Law, evaluated: tuple[FloatArray, FloatArray], free: Sequence[str]
) -> tuple[list[str], FloatArray, FloatArray]:
    """As `log_jacobian`, from the terms and their slopes as the function that `Law.terms` returns gives them."""
    terms, slopes = evaluated
    weights, predicted = law.weights(), law.loss_from(terms)
    rows = [*terms]
    names = [*law.coefficients]
    for parameter, slope in zip(law.shape_parameters, slopes, strict=True):
        if parameter.name in free:
            names.append(parameter.name)
            rows.append(weights[law.coefficients.index(parameter.term)] * slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        return names, np.stack(rows) / predicted, predicted


def _prior_curvature(law: Law, names: Sequence[str], options: FitOptions) -> FloatArray:
    """The second derivative by each fitted parameter of what its prior adds to the objective."""
    curvature = np.zeros(len(names))
    for parameter in options.free:
        if parameter.name in options.priors:
            working = parameter.to_working(float(getattr(law, parameter.name)))
            slope = 1.0 / parameter.from_working(working)[1]
            strength = options.priors[parameter.name].strength
            curvature[names.index(parameter.name)] = strength * (options.huber_delta * slope) ** 2
    return curvature


def _intervals(law: Law, names: Sequence[str], spread: Uncertainty) -> dict[str, tuple[float, float]]:
    shapes = {parameter.name: (parameter.low, parameter.high) for parameter in law.shape_parameters}
    intervals = {}
    for name, error in zip(names, spread.standard_errors.tolist(), strict=True):
        value, reach = law.params[name], spread.quantile * error
        low, high = shapes.get(name, (0.0, np.inf))
        intervals[name] = (max(value - reach, low), min(value + reach, high))
    return intervals


def _combinations(law: Law, names: Sequence[str], spread: Uncertainty) -> dict[str, Combination]:
    combinations = {}
    for label, (value, gradient) in law.combinations().items():
        slope = np.array([gradient.get(name, 0.0) for name in names])
        unidentified = (slope != 0.0) & ~spread.identified
        variance = float(max(slope @ spread.covariance @ slope, 0.0))
        reach = np.inf if unidentified.any() else spread.quantile * float(np.sqrt(variance))
        combinations[label] = Combination(value, max(value - reach, 0.0), value + reach)
    return combinations


def _curve_fits(curves: Sequence[LossCurve], fitted: Fitted, predicted: FloatArray, spread: Uncertainty) -> Iterator[CurveFit]:
    points = fitted.points
    for k, (curve, part) in enumerate(zip(curves, points.slices(), strict=True)):
        residuals = np.log(fitted.loss[part] / predicted[part])
        yield CurveFit(
            name=curve.name,
            steps=points.index[k] + 1,
            residuals=residuals,
            end_residual=end_residual(residuals),
            autocorrelation=spread.lag1[k],
            effective_points=spread.effective[k],
            summed_lr=float(points.S1[part.stop - 1]),
            scores=scores(fitted.loss[part], predicted[part]),
            peak_lr=curve.schedule.peak_lr,
            warmup_steps=curve.schedule.warmup_steps,
            schedule_steps=curve.schedule.steps,
            kind=kind_of(curve.schedule, int(points.index[k][-1]) + 1),
        )


def _hints(law: Law) -> Mapping[str, str]:
    term = law.annealing_coefficient
    if term is None:
        return law.hints
    names = [term, *(parameter.name for parameter in law.shape_parameters if parameter.term == term)]
    return {**dict.fromkeys(names, NO_ANNEALING), **law.hints}


def _parameter_warnings(
    law: Law, names: Sequence[str], intervals: Mapping[str, tuple[float, float]], spread: Uncertainty
) -> Iterator[FitWarning]:
    hints = _hints(law)
    for name, identified in zip(names, spread.identified.tolist(), strict=True):
        value = law.params[name]
        low, high = intervals[name]
        if not identified:
            hint = f": {hints[name]}" if name in hints else ""
            yield FitWarning(
                "not_identifiable",
                f"{name} is not identifiable from these curves, its value {value:.4g} means nothing{hint}",
                name,
            )
        elif name in law.coefficients and value == 0.0:
            yield FitWarning("zero_coefficient", f"{name} ended at its bound 0: these curves ask for no such term", name)
        elif high - low > value:
            text = f"{name} is poorly determined: {value:.4g}, interval {low:.4g} to {high:.4g}"
            yield FitWarning("poorly_determined", text, name)


def _design_warnings(
    law: Law, curves: Sequence[LossCurve], names: Sequence[str], spread: Uncertainty, jacobian: FloatArray
) -> Iterator[FitWarning]:
    collinearity = _collinearity(law, names, jacobian)
    if collinearity > WEAK_INFLATION:
        yield FitWarning(
            "weakly_identified",
            f"{law.annealing_coefficient} is weakly identified: in these curves annealing and progress are collinear "
            f"(variance inflation {collinearity:.0f}); add a run with another schedule, such as a constant LR",
            law.annealing_coefficient,
        )
    effective = sum(spread.effective)
    if effective < 3 * len(names):
        yield FitWarning(
            "correlated_residuals",
            f"the residuals are so correlated that they hold about {effective:.0f} independent points "
            f"for {len(names)} parameters",
        )
    peaks = sorted({curve.schedule.peak_lr for curve in curves})
    if peaks[-1] > 1.01 * peaks[0] and law.transfers:
        yield FitWarning(
            "several_peaks",
            f"the curves' peak LRs range from {peaks[0]:g} to {peaks[-1]:g}: "
            "the runs at the peak nearest to the one to be predicted, alone, mostly predict better",
        )
    elif peaks[-1] > 1.01 * peaks[0]:
        yield FitWarning(
            "several_peaks",
            f"the curves' peak LRs range from {peaks[0]:g} to {peaks[-1]:g}: "
            f"the {law.name} law is not known to transfer across peak LRs",
        )
    for curve in curves:
        lr = curve.schedule.lr
        if curve.schedule.warmup_steps == 0 and lr[0] < curve.schedule.peak_lr:
            yield FitWarning(
                "unstated_warmup",
                f"curve {curve.name!r} starts below its peak LR but states no warm-up: give warmup_steps if it has one",
            )


def _collinearity(law: Law, names: Sequence[str], jacobian: FloatArray) -> float:
    """Variance inflation of the annealing coefficient, with the shape of its term known; 1 at best."""
    term = law.annealing_coefficient
    if term is None:
        return 1.0
    shapes = {parameter.name for parameter in law.shape_parameters if parameter.term == term}
    kept = [k for k, name in enumerate(names) if name not in shapes]
    identified, _, inflation = identify(jacobian[kept])
    k = [names[k] for k in kept].index(term)
    return float(inflation[k]) if identified[k] else 1.0


def _search_warnings(fitted: Fitted) -> Iterator[FitWarning]:
    starts = fitted.starts
    if not fitted.converged:
        yield FitWarning(
            "not_converged",
            f"the search stopped at its limit of {fitted.iterations} iterations before it converged: "
            "the parameters may be off the optimum",
        )
    if starts.agreeing < starts.starts:
        yield FitWarning(
            "starts_disagree",
            f"{starts.starts - starts.agreeing} of {starts.starts} searches ended in a worse optimum (objective up to "
            f"{1.0 + starts.spread:.3g} times the best)",
        )
