"""Many searches for the parameters of a form, all by the optimiser that the laws share (`rivervalley.estimation.variable_projection`)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.variable_projection import Optimum, Problem, descend
from rivervalley.scaling.fitting.forms import Design, Solution

LOWEST_EXPONENT, HIGHEST_EXPONENT = 1e-3, 10.0
# For one column and for each of two. Over 120 random worlds (8 to 40 runs, exponents 0.05 to 1.6, noise up to 3 %) the nine
# pairs found the best optimum that 49 did, every time.
STARTS = {1: (0.05, 0.15, 0.4, 1.0, 2.5), 2: (0.08, 0.3, 1.0)}

# Kaplan's size-data law: alpha_D is searched over a grid of its logarithm, then around every dip of it.
ALPHA_D_GRID = np.geomspace(0.02, 4.0, 15)
RATIO_STARTS = (0.5, 1.5)
POLISH = 1e-13


@dataclass(frozen=True)
class Search:
    """The best solution, and the objectives that all searches ended with."""

    best: Solution
    objectives: FloatArray


def search(design: Design, log_loss: FloatArray, huber_delta: float) -> Search:
    """The parameters with the least sum of Huber losses of log residuals, from many starts."""
    if design.form.coupled:
        return _search_coupled(design, log_loss, huber_delta)
    count = len(design.form.columns)
    problem = _problem(design, log_loss, huber_delta, count)
    searches = [descend(problem, np.log(start)) for start in itertools.product(STARTS[count], repeat=count)]
    best = _polished(problem, min(searches, key=lambda optimum: optimum.objective))
    objectives = np.array([optimum.objective for optimum in searches])
    first = int(design.offset)
    offset = float(best.coefficients[0]) if design.offset else 0.0
    return Search(Solution(offset, best.coefficients[first:], np.exp(best.phi), best.objective), objectives)


def _problem(design: Design, log_loss: FloatArray, huber_delta: float, exponents: int) -> Problem:
    """Working parameters are the logarithms of the exponents."""

    def terms(phi: FloatArray) -> tuple[FloatArray, FloatArray]:
        exponent = np.exp(phi)
        values, slopes = design.terms(exponent)
        return values, slopes * exponent[:, None]

    return Problem(
        terms=terms,
        shaped=np.arange(exponents, dtype=np.int64) + int(design.offset),
        log_loss=log_loss,
        huber_delta=huber_delta,
        low=np.full(exponents, np.log(LOWEST_EXPONENT)),
        high=np.full(exponents, np.log(HIGHEST_EXPONENT)),
    )


def _objective(solution: Solution) -> float:
    return solution.objective


def _polished(problem: Problem, best: Optimum) -> Optimum:
    refined = descend(problem, best.phi, tolerance=POLISH)
    return refined if refined.objective < best.objective else best


def _search_coupled(design: Design, log_loss: FloatArray, huber_delta: float) -> Search:
    """For a given alpha_D, loss^(1 / alpha_D) is a sum of two terms, and Huber_d(alpha r) is alpha^2 Huber_(d / alpha)(r)."""

    def at(alpha_D: float, starts: tuple[float, ...], tolerance: float) -> Optimum:
        problem = _problem(design, log_loss / alpha_D, huber_delta / alpha_D, 1)
        searches = [descend(problem, np.array([np.log(ratio)]), tolerance) for ratio in starts]
        return min(searches, key=lambda optimum: optimum.objective)

    rough = [at(alpha_D, RATIO_STARTS, 1e-4) for alpha_D in ALPHA_D_GRID]
    profile = np.array([alpha_D**2 * optimum.objective for alpha_D, optimum in zip(ALPHA_D_GRID, rough, strict=True)])
    walled = np.concatenate([[np.inf], profile, [np.inf]])
    dips = np.flatnonzero((profile <= walled[:-2]) & (profile <= walled[2:]))
    grid = np.log(ALPHA_D_GRID)
    solutions = []
    for k in dips.tolist():
        ratio = (float(np.exp(rough[k].phi[0])),)

        def objective(log_alpha: float, ratio: tuple[float, ...] = ratio) -> float:
            alpha_D = float(np.exp(log_alpha))
            return alpha_D**2 * at(alpha_D, ratio, 1e-10).objective

        bounds = (grid[max(k - 1, 0)], grid[min(k + 1, grid.size - 1)])
        searches = minimize_scalar(objective, bounds=bounds, method="bounded", options={"xatol": 1e-9, "maxiter": 100})
        alpha_D = float(np.exp(searches.x))
        inner = at(alpha_D, ratio, POLISH)
        solutions.append(
            Solution(0.0, inner.coefficients, np.array([np.exp(inner.phi[0]), alpha_D]), alpha_D**2 * inner.objective)
        )
    best = min(solutions, key=_objective)
    return Search(best, np.array([solution.objective for solution in solutions]))
