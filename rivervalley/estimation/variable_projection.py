"""The robust optimiser that all laws share.

Every law is a sum of terms, L = sum_k c_k X_k(phi), with coefficients c_k >= 0 and a few nonlinear parameters phi. What is
minimised is the SUM over points of weight x Huber_delta(log L - log loss), as in Chinchilla (arXiv 2203.15556, approach 3) and in the
released script of arXiv 2408.11029. It is divided by delta^2 inside: as it stands (1e-5 ... 1e-3) it is so small against 1
that the stopping rules of common optimisers end a search far from its optimum.

For each phi the coefficients are solved for (non-negative least squares, then Newton steps on the Huber objective), so only
phi is searched, by a Levenberg-Marquardt method on the projected Jacobian (variable projection: Golub and Pereyra 1973,
Kaufman 1975). Ridges between a coefficient and the nonlinear parameter of its term, such as C against the decay factor, then
cost no iterations, and starting values for the coefficients are not needed.

    r   log L - log loss            psi  Huber's derivative: r clipped to +-delta
    w   psi / r, the weights of iterated least squares, whose quadratic lies above the Huber function
    h   second derivative of the Huber function: 1 inside +-delta, 0 outside
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import nnls

from rivervalley._common.checks import FloatArray, IntArray

# phi (J,) -> the terms X (K, R), and for each parameter the derivative of the one term that it shapes (J, R)
Terms = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

SINGULAR = 1e-10  # columns of length 1 with a smaller pivot, beside the largest, count as dependent


@dataclass(frozen=True)
class Problem:
    """What is minimised: terms of the working parameters, which term each of them shapes, data, bounds and priors.

    A prior adds strength (phi - center)^2 / 2 to the objective, in units of delta^2; strength 0 is none. `weights`, shape (R,),
    say how much each loss counts.
    """

    terms: Terms
    shaped: IntArray
    log_loss: FloatArray
    huber_delta: float
    low: FloatArray
    high: FloatArray
    center: FloatArray = field(default_factory=lambda: np.zeros(1))
    strength: FloatArray = field(default_factory=lambda: np.zeros(1))
    weights: FloatArray | float = 1.0


@dataclass(frozen=True)
class Optimum:
    """Where a search ended.

    `objective` is the weighted sum of Huber losses and priors; `converged` is False where the search stopped at its limit of
    iterations.
    """

    coefficients: FloatArray
    phi: FloatArray
    objective: float
    iterations: int
    converged: bool


def huber(residuals: FloatArray, delta: float, weights: FloatArray | float = 1.0) -> float:
    """Weighted sum of r^2 / 2 where |r| < delta, else delta (|r| - delta / 2)."""
    size = np.abs(residuals)
    inside = np.minimum(size, delta)
    return float(np.sum(weights * (inside * (size - 0.5 * inside))))


class _Point:
    """Residuals, Huber weights w and objective (in units of delta^2) of one set of coefficients on given terms."""

    __slots__ = ("coefficients", "huber_weights", "level", "objective", "residuals", "terms")

    def __init__(self, problem: Problem, coefficients: FloatArray, terms: FloatArray) -> None:
        delta = problem.huber_delta
        loss = coefficients @ terms
        # The log goes on as a straight line below a hundredth of the data's scale, so that no trial step leaves the domain.
        floor = 0.01 * np.exp(problem.log_loss.min())
        self.level = np.maximum(loss, floor)
        self.residuals = np.log(self.level) + (loss - self.level) / floor - problem.log_loss
        self.huber_weights = delta / np.maximum(np.abs(self.residuals), delta)
        self.objective = huber(self.residuals, delta, problem.weights) / delta**2
        self.coefficients = coefficients
        self.terms = terms


def _bounded_least_squares(matrix: FloatArray, target: FloatArray) -> FloatArray:
    """argmin |matrix c - target| over c >= 0, for a tall matrix: QR first, so that the active-set search is on K x K."""
    size = np.linalg.norm(matrix, axis=0)
    size[size == 0.0] = 1.0
    count = size.size
    reduced: FloatArray = np.asarray(np.linalg.qr(np.column_stack([matrix / size, target]), mode="r"))
    R, rotated = reduced[:count, :count], reduced[:count, count]
    diagonal = np.abs(np.diag(R))
    if R.shape[0] == count and diagonal.min() > SINGULAR * diagonal.max():
        free = np.linalg.solve(R, rotated)
        if free.min() >= 0.0:
            return np.asarray(free / size)
    solution: FloatArray = nnls(R, rotated)[0] / size
    return solution


def _newton(problem: Problem, at: _Point, share: float) -> _Point:
    """One step of the coefficients with weights h + share w: Newton for a small share, iterated least squares for 1."""
    w = at.huber_weights
    h = (w == 1.0) + share * w if share < 1.0 else w
    root = np.sqrt(problem.weights * h)
    jacobian = at.terms / at.level
    target = at.coefficients @ jacobian - w * at.residuals / h
    return _Point(problem, _bounded_least_squares((jacobian * root).T, root * target), at.terms)


def _coefficients(problem: Problem, terms: FloatArray, huber_weights: FloatArray, steps: int, tolerance: float) -> _Point:
    """The best coefficients for given terms, starting from weighted least squares on relative errors."""
    root = np.sqrt(problem.weights * huber_weights)
    relative = terms * np.exp(-problem.log_loss)
    at = _Point(problem, _bounded_least_squares((relative * root).T, root), terms)
    for _ in range(steps):
        for share in (0.02, 1.0):
            trial = _newton(problem, at, share)
            if trial.objective < at.objective:
                break
        else:
            return at
        gained = at.objective - trial.objective
        at = trial
        if gained < tolerance * at.objective:
            return at
    return at


def _bounded_step(hessian: FloatArray, gradient: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Minimise g d + d H d / 2 over low <= d <= high, holding a coordinate once it meets its bound."""
    step = np.zeros_like(gradient)
    free = ~(((low >= 0.0) & (gradient > 0.0)) | ((high <= 0.0) & (gradient < 0.0)))
    while free.any():
        k = np.flatnonzero(free)
        held = np.flatnonzero(~free)
        scale = np.sqrt(np.diag(hessian)[k])
        scale[scale == 0.0] = 1.0
        right = -(gradient[k] + hessian[np.ix_(k, held)] @ step[held]) / scale
        step[k] = np.linalg.lstsq(hessian[np.ix_(k, k)] / np.outer(scale, scale), right, rcond=1e-13)[0] / scale
        outside = free & ((step < low) | (step > high))
        if not outside.any():
            break
        step[outside] = np.clip(step[outside], low[outside], high[outside])
        free &= ~outside
    return step


def _projected(problem: Problem, at: _Point, slopes: FloatArray, share: float) -> tuple[FloatArray, FloatArray]:
    """Gradient and Hessian for phi with the coefficients following, in units of delta^2."""
    w = at.huber_weights
    root = np.sqrt(problem.weights * ((w == 1.0) + share * w))
    jacobian = at.coefficients[problem.shaped, None] * slopes / at.level * root
    moving = at.coefficients > 0.0
    if moving.any():
        linear = at.terms[moving] / at.level * root
        size = np.linalg.norm(linear, axis=1, keepdims=True)
        Q, _ = np.linalg.qr((linear / np.where(size == 0.0, 1.0, size)).T)
        jacobian = jacobian - (jacobian @ Q) @ Q.T
    units = problem.huber_delta**2
    return jacobian @ (problem.weights * w * at.residuals / root) / units, jacobian @ jacobian.T / units


def _prior(problem: Problem, phi: FloatArray) -> float:
    """What the priors add to the objective, in units of delta^2."""
    return 0.5 * float(np.sum(problem.strength * (phi - problem.center) ** 2))


def screen(problem: Problem, start: FloatArray) -> float:
    """About the objective at the nonlinear parameters `start`, with the best coefficients there: cheap, to compare starts."""
    phi = np.clip(start, problem.low, problem.high)
    at = _coefficients(problem, problem.terms(phi)[0], np.ones_like(problem.log_loss), 6, 0.03)
    return (at.objective + _prior(problem, phi)) * problem.huber_delta**2


def descend(problem: Problem, start: FloatArray, tolerance: float = 1e-6, max_iterations: int = 100) -> Optimum:
    """Search from the nonlinear parameters `start` until a step gains less than `tolerance` of the objective."""
    inner = 0.1 * tolerance
    phi = np.clip(start, problem.low, problem.high)
    terms, slopes = problem.terms(phi)
    at = _coefficients(problem, terms, np.ones_like(problem.log_loss), 30, inner)
    prior = _prior(problem, phi)
    damping, iterations, converged = 1e-2, 0, phi.size == 0
    while not converged and iterations < max_iterations:
        iterations += 1
        gradient, hessian = _projected(problem, at, slopes, min(max(damping, 1e-4), 1.0))
        gradient += problem.strength * (phi - problem.center)
        hessian[np.diag_indices_from(hessian)] += problem.strength
        hessian[np.diag_indices_from(hessian)] *= 1.0 + damping
        step = _bounded_step(hessian, gradient, problem.low - phi, problem.high - phi)
        if not np.all(np.isfinite(step)) or not step.any():
            converged = True
            break
        trial_phi = np.clip(phi + step, problem.low, problem.high)
        terms, trial_slopes = problem.terms(trial_phi)
        trial = _coefficients(problem, terms, at.huber_weights, 10, inner)
        trial_prior = _prior(problem, trial_phi)
        gained = at.objective + prior - trial.objective - trial_prior
        if gained <= 0.0:
            damping = max(10.0 * damping, 1e-3)
            # No step is so small that it gains: an optimum to rounding.
            converged = damping >= 1e8 or (damping > 10.0 and bool(np.all(np.abs(step) < 1e-12 * (1.0 + np.abs(phi)))))
            continue
        phi, slopes, at, prior = trial_phi, trial_slopes, trial, trial_prior
        converged = gained < tolerance * (at.objective + prior) and damping < 0.1
        damping = max(0.1 * damping, 1e-12)
    return Optimum(at.coefficients, phi, (at.objective + prior) * problem.huber_delta**2, iterations, converged)
