"""How far the estimates would scatter, if the law is right and residuals are noise.

The sandwich of robust regression (Huber and Ronchetti, Robust Statistics, 2009, section 7.6): with J the Jacobian of log loss,
psi Huber's derivative of the residuals and psi' its slope, R points and p parameters,

    covariance = (mean(psi') J'J)^-1 [sum over runs of tau mean(psi^2) J'J] (mean(psi') J'J)^-1  R / (R - p).

mean(psi') is the share of residuals within delta. A fit with delta far below the noise passes through p points exactly, so
that counting would find too many: the share is taken from a wider window of Silverman's width around 0 where that is the case,
over R - p points. Rows of one run, points along its curve, may scatter together: tau is how many count for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from rivervalley._common.checks import FloatArray, IntArray
from rivervalley.estimation.uncertainty import autocorrelation_time, identify


@dataclass(frozen=True)
class Spread:
    """Covariance of the working parameters, zero rows where not identified, and what it rests on."""

    covariance: FloatArray
    identified: np.ndarray
    condition_number: float
    quantile: float
    effective_points: float


def spread(
    jacobian: FloatArray, residuals: FloatArray, runs: Sequence[IntArray], huber_delta: float, confidence: float
) -> Spread:
    """Spread from the Jacobian of log loss, shape (p, R), at residuals (R,); `runs` holds the rows of each run of several."""
    count, total = jacobian.shape
    identified, condition_number, _ = identify(jacobian)
    psi = np.clip(residuals, -huber_delta, huber_delta)
    spare = max(total - count, 1)
    taus = np.ones(total)
    for rows in runs:
        taus[rows] = autocorrelation_time(psi[rows])[0]
    effective = float(np.sum(1.0 / taus))
    covariance = np.zeros((count, count))
    if identified.any():
        rows_of = jacobian[identified]
        size = np.linalg.norm(rows_of, axis=1)
        scaled = rows_of / size[:, None]
        bread = np.linalg.inv(scaled @ scaled.T) / _share_within(residuals, huber_delta, count)
        meat = float(np.mean(psi**2)) * total / spare * (taus * scaled) @ scaled.T
        covariance[np.ix_(identified, identified)] = bread @ meat @ bread / np.outer(size, size)
    quantile = float(student.ppf(0.5 + 0.5 * confidence, max(effective - count, 1.0))) if total > count else np.inf
    return Spread(covariance, identified, condition_number, quantile, effective)


def _share_within(residuals: FloatArray, delta: float, parameters: int) -> float:
    """Share of residuals within delta, through a window that holds several beyond those that the fit passes through."""
    total = residuals.size
    spare = max(total - parameters, 1)
    size = np.sort(np.abs(residuals))
    scale = float(np.median(size[min(parameters, total - 1) :])) / 0.6745
    window = max(delta, 1.06 * scale * spare ** (-0.2))
    if window == delta:
        return max(float(np.mean(size < delta)), 1.0 / total)
    held = max(int(np.sum(size < window)) - parameters, 1)
    return float(held / spare * delta / window)
