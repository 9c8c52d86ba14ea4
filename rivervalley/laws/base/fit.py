"""Fitting, the same for every law: data, starts, optimisation, report.

A new law is one file: a frozen dataclass derived from `law.Law` with its parameters, `coefficients`, `nonlinear` and `terms`,
and a `fit` that names its options and calls `fit_law`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.estimation.variable_projection import Problem, Terms, descend
from rivervalley.laws.base.diagnostics import diagnose
from rivervalley.laws.base.law import FitReport, Law, Nonlinear
from rivervalley.laws.base.points import WARMUP_AREAS, Points, after_warmup, checked_curves, points

L = TypeVar("L", bound=Law)

# Objectives are compared with that of residuals of 1e-9, below which a fit is exact.
EXACT_RESIDUAL = 1e-9

# Losses that the searches from the starts see at most; the refinement of the best sees all.
SEARCHED = 2000


def fit_law(
    law: type[L],
    curves: Any,
    fixed: Mapping[str, float],
    *,
    warmup_area: str = "ramp",
    huber_delta: float = 1e-3,
    confidence: float = 0.95,
    sizes: FloatArray | None = None,
    priors: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> L:
    """Fit a law to curves, with some of its nonlinear parameters held.

    What is minimised is the sum over all points of Huber_delta(log L - log loss) (arXiv 2408.11029, released script, after
    arXiv 2203.15556). The coefficients, at least 0, are solved for at every step, so starts are all combinations of the
    free nonlinear parameters' starts; the authors' 54 starts differ in these and in coefficients. The best is refined to
    1e-13 of the objective. Of more than 2,000 losses the searches see 2,000, evenly spread; the refinement sees all.

    Parameters
    ----------
    law : type
        A subclass of Law.
    curves : LossCurve or list of LossCurve
        Losses before the end of a curve's warm-up are left out.
    fixed : dict of parameter name to value
    warmup_area : {"ramp", "included", "full"}
    huber_delta : float
        Above 0.
    confidence : float
        Of the intervals, within (0, 1). They are conditional on the law being right: see `_uncertainty`.
    sizes : float array, shape (curves,), optional
        Parameters of each curve's model, for laws that ask for them.
    priors : dict of parameter name to (center, strength)
        Adds strength / 2 x (distance from the center)^2 to the objective in units of delta^2, on the scale that searches go
        by (`Nonlinear.scale`). Such a parameter starts at its center.

    Returns
    -------
    A law with `intervals` and `diagnostics`, a dict of

        objective, huber_delta                     the sum at the optimum, with what priors add
        points, effective_points, warmup_points_left_out
        r2, mae, rmse, mape, worst                 over all fitted points together
        curves                                     for each: name, points, effective_points, autocorrelation, end_residual
                                                   (log of its end / the law's, noise averaged), summed_lr, r2, ...
        starts, starts_agreeing, start_spread      within 0.1 % of the best objective; largest / smallest - 1
        condition_number                           of the Jacobian of log L, columns scaled to length 1; inf if not full rank
        standard_errors, variance_inflation, identified     by parameter
        correlations                               by pair, as "A,L0"
        combinations                               value, low, high of well-determined combinations of parameters
        confidence, fixed, priors
        warnings                                   sentences; empty where the fit is sound

    Raises
    ------
    InputError
        See the laws' own `fit`.
    """
    chosen = checked_curves(curves)
    checks.choice("warmup_area", warmup_area, WARMUP_AREAS)
    delta = checks.real("huber_delta", huber_delta, 0.0, open_low=True)
    confidence = checks.real("confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
    recorded = [after_warmup(curve) for curve in chosen]
    loss = np.concatenate([values for _, values in recorded])
    free = [one for one in law.nonlinear if one.name not in fixed]
    parameters = len(law.coefficients) + len(free)
    if loss.size < parameters:
        raise InputError(
            f"curves must hold at least {parameters} losses after warm-up for {parameters} parameters, not {loss.size}"
        )

    schedules = [curve.schedule for curve in chosen]
    at = points(schedules, [steps for steps, _ in recorded], warmup_area, sizes)
    problem = search = _problem(law, at, free, fixed, priors, np.log(loss), delta)
    if loss.size > SEARCHED:
        some = [_thinned(pair, max(2, SEARCHED // len(chosen))) for pair in recorded]
        fewer = points(schedules, [steps for steps, _ in some], warmup_area, sizes)
        search = _problem(law, fewer, free, fixed, priors, np.log(np.concatenate([values for _, values in some])), delta)
    begin = {name: (center,) for name, (center, _) in priors.items()}
    starts = itertools.product(*([one.to_working(value) for value in begin.get(one.name, one.starts)] for one in free))
    found = [descend(search, np.array(start)) for start in starts]
    best = min(found, key=lambda optimum: optimum.objective)
    spread = np.array([optimum.objective for optimum in found])
    polished = descend(problem, best.phi, tolerance=1e-13)
    if search is not problem or polished.objective < best.objective:
        best = polished

    values = _values(free, fixed, law.nonlinear, best.phi)
    names = (*law.coefficients, *(one.name for one in law.nonlinear))
    params = dict(zip(names, (*best.coefficients.tolist(), *values.tolist()), strict=True))
    fitted = law(**params, warmup_area=warmup_area)
    peaks = [curve.schedule.peak_lr for curve in chosen]
    known = {one.name: priors[one.name][1] * (delta * _slope(one, fitted)) ** 2 for one in free if one.name in priors}
    intervals, diagnostics = diagnose(fitted, chosen, at, loss, [one.name for one in free], delta, confidence, known)
    diagnostics["fixed"] = dict(fixed)
    diagnostics["priors"] = {name: list(prior) for name, prior in priors.items()}
    floor = 0.5 * search.log_loss.size * EXACT_RESIDUAL**2
    least = spread.min() if search is not problem else best.objective
    _add_search(diagnostics, best.objective, np.maximum(spread, floor) / max(least, floor))
    report = FitReport(intervals, diagnostics, (min(peaks), max(peaks)))
    return law(**params, warmup_area=warmup_area, report=report)


def _thinned(recorded: tuple[IntArray, FloatArray], rows: int) -> tuple[IntArray, FloatArray]:
    """At most `rows` of a curve's steps and losses, evenly spread."""
    steps, loss = recorded
    chosen = np.unique(np.linspace(0, steps.size - 1, min(rows, steps.size)).round().astype(np.int64))
    return steps[chosen], loss[chosen]


def _slope(one: Nonlinear, law: Law) -> float:
    """Derivative of a parameter's working value by the parameter, at the law's value of it."""
    return 1.0 / one.from_working(one.to_working(float(getattr(law, one.name))))[1]


def _values(free: list[Nonlinear], fixed: Mapping[str, float], order: tuple[Nonlinear, ...], phi: FloatArray) -> FloatArray:
    """All nonlinear parameters in the law's order, the free ones from their working values."""
    # Going to the working scale and back may leave a bound by a rounding error.
    found = [min(max(one.from_working(float(place))[0], one.low), one.high) for one, place in zip(free, phi, strict=True)]
    known = dict(fixed) | dict(zip([one.name for one in free], found, strict=True))
    return np.array([known[one.name] for one in order])


def _problem(
    law: type[Law],
    at: Points,
    free: list[Nonlinear],
    fixed: Mapping[str, float],
    priors: Mapping[str, tuple[float, float]],
    log_loss: FloatArray,
    delta: float,
) -> Problem:
    evaluate = law.terms(at)
    rows = [law.nonlinear.index(one) for one in free]

    def terms(phi: FloatArray) -> tuple[FloatArray, FloatArray]:
        columns, slopes = evaluate(_values(free, fixed, law.nonlinear, phi))
        rates = np.array([one.from_working(float(place))[1] for one, place in zip(free, phi, strict=True)])
        return columns, slopes[rows] * rates[:, None]

    checked: Terms = terms
    drawn = [priors.get(one.name) for one in free]
    return Problem(
        terms=checked,
        shaped=np.array([law.coefficients.index(one.shapes) for one in free], dtype=np.int64),
        log_loss=log_loss,
        huber_delta=delta,
        low=np.array([one.to_working(one.low) for one in free]),
        high=np.array([one.to_working(one.high) for one in free]),
        center=np.array([one.to_working(prior[0]) if prior else 0.0 for one, prior in zip(free, drawn, strict=True)]),
        strength=np.array([prior[1] if prior else 0.0 for prior in drawn]),
    )


def _add_search(diagnostics: dict[str, Any], objective: float, ratios: FloatArray) -> None:
    """How the searches from the starts compare; `ratios` are their objectives over the least."""
    agreeing = int(np.sum(ratios <= 1.001))
    diagnostics["objective"] = objective
    diagnostics["starts"] = ratios.size
    diagnostics["starts_agreeing"] = agreeing
    diagnostics["start_spread"] = float(ratios.max() - 1.0)
    if agreeing < ratios.size:
        diagnostics["warnings"].append(
            f"{ratios.size - agreeing} of {ratios.size} searches ended in a worse optimum (objective up to "
            f"{ratios.max():.3g} times the best)"
        )
