"""Fitting, the same for every law: data, starts, optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.starts import start_agreement
from rivervalley.estimation.variable_projection import Optimum, Problem, Terms, descend, screen
from rivervalley.laws.base.diagnostics import Fitted, diagnose
from rivervalley.laws.base.options import FitOptions
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import MERGING, Points, readings

if TYPE_CHECKING:
    from rivervalley.laws.base.law import Law

L = TypeVar("L", bound="Law")

# What the searches from the starts see: that many losses at most, and updates merged more coarsely. The refinement of the
# best sees all losses and MERGING.
SEARCHED = 400
SEARCH_MERGING = 1e-3
SEARCH_TOLERANCE = 1e-5

# Starts are compared before any search: that many of the best are searched from, at most ALIKE of them with the same start
# for all parameters but the first.
SEARCHES, ALIKE = 4, 2


@dataclass(frozen=True, eq=False)
class _Data:
    """The readings that are fitted, the points where the law is asked for them, and their weights, 1 in the mean."""

    points: Points
    loss: FloatArray
    weights: FloatArray | float


def fit_law(law: type[L], curves: Sequence[LossCurve], options: FitOptions) -> L:
    """The law fitted to curves, as `Law.fit` describes it."""
    recorded = _recorded(law, curves, options)
    data = _data(law, curves, recorded, options, MERGING)
    evaluate = law.terms(data.points)
    problem = _problem(law, data, options, evaluate)
    rough = _rough_problem(law, curves, recorded, options) or problem
    found = [descend(rough, np.array(start), SEARCH_TOLERANCE) for start in _chosen_starts(rough, options)]
    objectives = [optimum.objective for optimum in found]
    agreement = start_agreement(objectives, min(objectives), rough.log_loss.size)
    best = descend(problem, min(found, key=_objective).phi, tolerance=1e-13)

    shape = _shape(law, options, best.phi)
    names = (*law.coefficients, *(parameter.name for parameter in law.shape_parameters))
    params = dict(zip(names, (*best.coefficients.tolist(), *shape.tolist()), strict=True))
    fitted = law.from_numbers({**params, **options.configuration}, options.warmup_area)
    end = Fitted(
        points=data.points,
        terms=evaluate(shape),
        loss=data.loss,
        weights=data.weights,
        objective=best.objective,
        starts=agreement,
        converged=best.converged,
        iterations=best.iterations,
    )
    return replace(fitted, result=diagnose(fitted, curves, options, end))


def search_objective(law: type[Law], curves: Sequence[LossCurve], options: FitOptions) -> float:
    """The objective of a fit before its refinement, on some of the readings where there are many: to compare configurations."""
    recorded = _recorded(law, curves, options)
    rough = _rough_problem(law, curves, recorded, options)
    if rough is None:
        data = _data(law, curves, recorded, options, SEARCH_MERGING)
        rough = _problem(law, data, options, law.terms(data.points))
    return min(descend(rough, np.array(start), SEARCH_TOLERANCE).objective for start in _chosen_starts(rough, options))


def _recorded(law: type[Law], curves: Sequence[LossCurve], options: FitOptions) -> list[tuple[IntArray, FloatArray]]:
    """Steps and losses of every curve that the law describes; there must be as many as parameters."""
    recorded = [_described(law, curve, options, k) for k, curve in enumerate(curves)]
    count = sum(loss.size for _, loss in recorded)
    parameters = len(law.coefficients) + len(options.free)
    if count < parameters:
        raise InputError(
            f"curves must hold at least {parameters} losses after warm-up for {parameters} parameters, not {count}"
        )
    return recorded


def _rough_problem(
    law: type[Law], curves: Sequence[LossCurve], recorded: Sequence[tuple[IntArray, FloatArray]], options: FitOptions
) -> Problem | None:
    """What searches see where there are many readings; None where they see all."""
    if sum(loss.size for _, loss in recorded) <= SEARCHED:
        return None
    thinned = [_thinned(pair, max(2, SEARCHED // len(curves))) for pair in recorded]
    few = _data(law, curves, thinned, options, SEARCH_MERGING)
    return _problem(law, few, options, law.terms(few.points))


def _chosen_starts(problem: Problem, options: FitOptions) -> list[tuple[float, ...]]:
    """The starts that searches begin at, those of least objective first."""
    # Those that differ in the first parameter only follow each other, so that what it does not shape is computed once.
    starts = sorted(options.working_starts(), key=lambda start: start[1:])
    ranked = sorted(zip((screen(problem, np.array(start)) for start in starts), starts, strict=True))
    chosen: list[tuple[float, ...]] = []
    for _, start in ranked:
        if len(chosen) < SEARCHES and sum(start[1:] == other[1:] for other in chosen) < ALIKE:
            chosen.append(start)
    return chosen


def _described(law: type[Law], curve: LossCurve, options: FitOptions, k: int) -> tuple[IntArray, FloatArray]:
    """Steps and losses of the readings that the law describes; there must be some."""
    own = {name: float(values[k]) for name, values in options.per_curve.items() if name in options.configuration}
    first = law.first_step(curve.schedule, {**options.configuration, **own})
    steps, loss = readings(curve, first)
    if steps.size == 0:
        raise InputError(f"curve {curve.name!r} must have losses from step {first} on, where the {law.name} law begins to hold")
    return steps, loss


def _objective(optimum: Optimum) -> float:
    return optimum.objective


def _data(
    law: type[Law],
    curves: Sequence[LossCurve],
    recorded: Sequence[tuple[IntArray, FloatArray]],
    options: FitOptions,
    merging: float,
) -> _Data:
    steps = [steps for steps, _ in recorded]
    schedules = [curve.schedule for curve in curves]
    points = Points.of(schedules, steps, options.warmup_area, options.per_curve, options.configuration, merging)
    weights: FloatArray | float = 1.0
    if law.weights_grow:
        weights = np.concatenate([one / float(curve.steps[-1]) for one, curve in zip(steps, curves, strict=True)])
        weights = weights / weights.mean()
    return _Data(points, np.concatenate([loss for _, loss in recorded]), weights)


def _thinned(recorded: tuple[IntArray, FloatArray], rows: int) -> tuple[IntArray, FloatArray]:
    """At most `rows` of a curve's steps and losses, evenly spread."""
    steps, loss = recorded
    chosen = np.unique(np.linspace(0, steps.size - 1, min(rows, steps.size)).round().astype(np.int64))
    return steps[chosen], loss[chosen]


def _shape(law: type[Law], options: FitOptions, phi: FloatArray) -> FloatArray:
    """All shape parameters in the law's order, the free ones from their working values."""
    free = {parameter.name: parameter.clipped(float(place)) for parameter, place in zip(options.free, phi, strict=True)}
    values = {**options.fixed, **free}
    return np.array([values[parameter.name] for parameter in law.shape_parameters])


def _problem(law: type[Law], data: _Data, options: FitOptions, evaluate: Terms) -> Problem:
    free = options.free
    rows = [law.shape_parameters.index(parameter) for parameter in free]

    def terms(phi: FloatArray) -> tuple[FloatArray, FloatArray]:
        columns, slopes = evaluate(_shape(law, options, phi))
        chain = np.array([parameter.from_working(float(place))[1] for parameter, place in zip(free, phi, strict=True)])
        return columns, slopes[rows] * chain[:, None]

    def working(parameter: ShapeParameter) -> float:
        prior = options.priors.get(parameter.name)
        return parameter.to_working(prior.center) if prior else 0.0

    return Problem(
        terms=terms,
        shaped=np.array([law.coefficients.index(parameter.term) for parameter in free], dtype=np.int64),
        log_loss=np.log(data.loss),
        huber_delta=options.huber_delta,
        low=np.array([parameter.to_working(parameter.low) for parameter in free]),
        high=np.array([parameter.to_working(parameter.high) for parameter in free]),
        center=np.array([working(parameter) for parameter in free]),
        strength=np.array([prior.strength if (prior := options.priors.get(p.name)) else 0.0 for p in free]),
        weights=data.weights,
    )
