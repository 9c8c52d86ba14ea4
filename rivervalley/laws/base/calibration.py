"""What the errors of a law's predictions are made of, as measured on public runs: the constants of its intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.laws.base.result import FitResult


@dataclass(frozen=True)
class Calibration:
    """Relative standard deviations of predicted losses; docs/calibration.md says how they were found.

    Attributes
    ----------
    run_to_run_sd : float
        Between two runs of one configuration, and of the law in the best of cases.
    misfit_scale : float
        Times the rms end residual of the fitted curves.
    hessian_scale : float or None
        Times the standard deviation from the Hessian with its priors; None takes the covariance of the estimates as it is.
    peak_sd, peak_noise : float
        For each doubling of the peak LR outside the fitted ones: of the loss, and of the share of the annealing term in it.
    span_sd : float
        For each doubling between the lowest and the highest fitted peak LR.
    shorter_sd, longer_sd : float
        For each factor e by which the run is shorter or longer than the nearest in length of the fitted ones that decay.
    difference_run_sd, difference_noise, difference_peak_noise, difference_span_sd : float
        The same for the logarithm of the ratio of two losses: constant; of the difference of their annealing terms' shares,
        at the fitted peak and for each doubling away from it; for each doubling of the fitted span.
    """

    run_to_run_sd: float = 0.0025
    misfit_scale: float = 0.84
    hessian_scale: float | None = None
    peak_sd: float = 0.02
    peak_noise: float = 0.0
    span_sd: float = 0.0
    shorter_sd: float = 0.0
    longer_sd: float = 0.0
    difference_run_sd: float = 0.0025
    difference_noise: float = 0.0
    difference_peak_noise: float = 0.0
    difference_span_sd: float = 0.0


def estimates_variance(result: FitResult, calibration: Calibration, jacobian: FloatArray) -> FloatArray:
    """Variance of log L from that of the estimates, shape (R,), for its Jacobian by the fitted parameters, shape (p, R).

    Infinite where the fitted curves leave open what the prediction needs. With a Hessian, coefficients that ended at 0 are
    taken as known.
    """
    if calibration.hessian_scale is None:
        identified = np.array(result.identified)
        with np.errstate(invalid="ignore"):
            variance = np.einsum("ir,ij,jr->r", jacobian, result.covariance, jacobian)
        # What the fit left open may matter to this schedule though it did not to the fitted ones.
        unidentified = np.abs(jacobian[~identified]).max(axis=0, initial=0.0) > 1e-9
        return np.where(unidentified, np.inf, np.maximum(variance, 0.0))
    used = np.array([result.params[name] > 0.0 for name in result.names])
    curvature = result.hessian[np.ix_(used, used)]
    size = np.sqrt(np.diag(curvature))
    scaled = curvature / np.outer(size, size) + 1e-13 * np.eye(size.size)
    rows = jacobian[used] / size[:, None]
    variance = np.einsum("ir,ir->r", rows, np.linalg.solve(scaled, rows))
    scaled_variance: FloatArray = calibration.hessian_scale**2 * np.maximum(variance, 0.0)
    return scaled_variance


def relative_error(result: FitResult, calibration: Calibration, name: str) -> float:
    """Standard error of a parameter over its value: infinite where it is 0 or not identifiable, 0 where it was fixed."""
    if name not in result.names:
        return 0.0
    value = result.params[name]
    if value <= 0.0:
        return float(np.inf)
    row = np.zeros((len(result.names), 1))
    row[result.names.index(name)] = 1.0 / value
    return float(np.sqrt(estimates_variance(result, calibration, row)[0]))
