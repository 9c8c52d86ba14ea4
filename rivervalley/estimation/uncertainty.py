"""What the data say about a law's parameters: which are identified, how well, and with what correlations.

All of it is conditional on the law being right: it is the spread of estimates that noise like the residuals would cause if
the curves were exactly of the law's form. On real runs misfit and run-to-run differences are larger than that.

With J the Jacobian of log L, psi Huber's derivative at the residuals, R points and p free parameters, the covariance is the
sandwich of robust regression (Huber and Ronchetti, Robust Statistics, 2009, section 7.6),

    B M B,  B = (mean(psi') J'VJ)^-1,  M = sum over curves of tau psi2 J'V^2J,  psi2 = mean of psi^2 in the curve * R / (R - p),

with V the weights of the points. A prior counts as one more row of J, with psi2 = delta^2.

tau = 1 + 2 sum of the autocorrelations of psi, up to the first that is not positive, is how many neighbouring residuals
count for one; a curve of n points of equal weight holds n / tau effective ones. Quantiles are Student's, with effective points - p degrees
of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import correlate
from scipy.stats import t as student

from rivervalley._common.checks import FloatArray

# Singular values of the scaled Jacobian below this fraction of the largest count as zero.
RANK_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Uncertainty:
    """Spread of the estimates; infinite for a parameter that the data leave open.

    Attributes
    ----------
    covariance : float array, shape (p, p), zero rows for parameters that are not identified
    standard_errors : float array, shape (p,)
    quantile : float
        Standard errors to either side for the confidence asked for.
    identified : bool array, shape (p,)
    condition_number : float
        Of the Jacobian of log L with its columns scaled to length 1; infinite where a parameter is not identified.
    inflation : float array, shape (p,)
        How many times larger the variance of each parameter is for the others being unknown too.
    times, lag1 : tuples of float
        For each curve, tau and the autocorrelation of neighbouring residuals.
    effective : tuple of float
        For each curve, (sum of weights)^2 / sum of their squares / tau: points / tau where weights are equal.
    """

    covariance: FloatArray
    standard_errors: FloatArray
    quantile: float
    identified: np.ndarray
    condition_number: float
    inflation: FloatArray
    times: tuple[float, ...]
    lag1: tuple[float, ...]
    effective: tuple[float, ...]


def autocorrelation_time(series: FloatArray) -> tuple[float, float]:
    """(tau, lag-1 autocorrelation) of a series about zero: a lasting offset counts as correlation. tau lies in [1, length]."""
    power = float(series @ series)
    if series.size < 3 or power == 0.0:
        return 1.0, 0.0
    lags = correlate(series, series, method="fft")[series.size - 1 :] / power
    negative = np.flatnonzero(lags <= 0.0)
    end = int(negative[0]) if negative.size else lags.size
    return float(np.clip(2.0 * lags[:end].sum() - 1.0, 1.0, series.size)), float(lags[1])


def identify(jacobian: FloatArray) -> tuple[np.ndarray, float, FloatArray]:
    """(identified, condition number, variance inflation) from a Jacobian of shape (p, R)."""
    size = np.linalg.norm(jacobian, axis=1)
    identified = size > 0.0
    inflation = np.full(size.size, np.inf)
    if not identified.any():
        return identified, np.inf, inflation
    scaled = (jacobian[identified] / size[identified, None]).T
    _, values, directions = np.linalg.svd(scaled, full_matrices=scaled.shape[0] < scaled.shape[1])
    values = np.append(values, np.zeros(directions.shape[0] - values.size))
    zero = values <= RANK_TOLERANCE * values[0]
    tied = np.abs(directions[zero]).max(axis=0, initial=0.0) > 1e-3
    kept = np.flatnonzero(identified)
    identified[kept[tied]] = False
    full = not zero.any() and kept.size == size.size
    inverse = np.sum((directions[~zero] / values[~zero, None]) ** 2, axis=0)
    inflation[kept[~tied]] = inverse[~tied]
    return identified, float(values[0] / values[-1]) if full else float("inf"), inflation


def uncertainty(
    jacobian: FloatArray,
    residuals: FloatArray,
    curves: Sequence[slice],
    huber_delta: float,
    confidence: float,
    prior: FloatArray | None = None,
    weights: FloatArray | float = 1.0,
) -> Uncertainty:
    """Uncertainty of parameters from the Jacobian of log L, shape (p, R), at residuals of shape (R,).

    `prior`, shape (p,), is the second derivative by each parameter of what its prior adds to the objective, 0 without one.
    `weights`, shape (R,), are those that the points had in the objective.
    """
    count, total = jacobian.shape
    prior = np.zeros(count) if prior is None else prior
    extra = np.diag(np.sqrt(prior))[:, prior > 0.0]
    weight = np.broadcast_to(np.asarray(weights, dtype=np.float64), residuals.shape)
    identified, condition_number, inflation = identify(np.hstack([jacobian * np.sqrt(weight), extra]))
    psi = np.clip(residuals, -huber_delta, huber_delta)
    # At least one point counts as inside, else psi' vanishes where every residual is larger than delta.
    inside = max(float(np.mean(np.abs(residuals) < huber_delta)), 1.0 / total)
    pairs = [autocorrelation_time(psi[part]) for part in curves]
    times = tuple(tau for tau, _ in pairs)
    counts = [float(weight[part].sum() ** 2 / np.sum(weight[part] ** 2)) for part in curves]
    effective = tuple(count / tau for count, tau in zip(counts, times, strict=True))

    covariance = np.zeros((count, count))
    if identified.any():
        rows = jacobian[identified]
        size = np.maximum(np.linalg.norm(rows * np.sqrt(weight), axis=1), np.sqrt(prior[identified]))
        rows = rows / size[:, None]
        curvature = rows * np.sqrt(weight)
        pull = rows * weight
        prior_part = np.diag(prior[identified] / size**2)
        bread = np.linalg.inv(inside * (curvature @ curvature.T) + prior_part)
        meat = np.zeros_like(bread)
        for part, tau in zip(curves, times, strict=True):
            meat += tau * float(np.mean(psi[part] ** 2)) * pull[:, part] @ pull[:, part].T
        meat = meat * (total / max(total - count, 1)) + huber_delta**2 * prior_part
        covariance[np.ix_(identified, identified)] = bread @ meat @ bread / np.outer(size, size)
    errors = np.where(identified, np.sqrt(np.diag(covariance)), np.inf)
    freedom = max(sum(effective) - count, 1.0)
    quantile = float(student.ppf(0.5 + 0.5 * confidence, freedom))
    lag1 = tuple(lag for _, lag in pairs)
    return Uncertainty(covariance, errors, quantile, identified, condition_number, inflation, times, lag1, effective)
