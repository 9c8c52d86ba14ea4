"""What the page needs for a law's intervals: those of laws.predict_band and laws.difference_band, for any schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from rivervalley._common.checks import FloatArray
from rivervalley.laws import Law
from rivervalley.laws.base.calibration import Calibration, estimates_variance
from rivervalley.laws.base.result import FitResult
from rivervalley.laws.prediction_band import DEGREES_OF_FREEDOM, EXTRAPOLATION_SD, LENGTHS_COVERED
from rivervalley.schedules import constant, linear


@dataclass(frozen=True)
class DifferenceInterval:
    """Of the logarithm of the ratio of two losses: constant variance, and the parts that go by the annealing terms' shares."""

    base_variance: float
    noise: float
    peak_noise: float


@dataclass(frozen=True, eq=False)
class Interval:
    """Constants of a law's intervals.

    Attributes
    ----------
    confidence, quantile : float
        Half-widths are `quantile` standard deviations.
    covariance : float array, shape (p, p)
        Of the fitted parameters: variances of log L are quadratic forms of it.
    unidentified : tuple of int
        Parameters that the fit leaves open: a prediction that depends on them has no interval.
    base_variance : float
        Of log L, whatever the schedule.
    peak_lr : (low, high)
        Fitted peaks.
    peak_sd, peak_noise, span_variance, extrapolation_sd : float
        As in laws.base.calibration and laws.prediction_band.
    longest_area : float or None
        Cumulative LR from which on predictions extrapolate.
    decaying_steps : tuple of int
        Lengths of the fitted runs that decay.
    shorter_sd, longer_sd : float
        As in laws.base.calibration.
    difference : DifferenceInterval
    """

    confidence: float
    quantile: float
    covariance: FloatArray
    unidentified: tuple[int, ...]
    base_variance: float
    peak_lr: tuple[float, float]
    peak_sd: float
    peak_noise: float
    span_variance: float
    extrapolation_sd: float
    longest_area: float | None
    decaying_steps: tuple[int, ...]
    shorter_sd: float
    longer_sd: float
    difference: DifferenceInterval


@dataclass(frozen=True)
class Unsupported:
    """Why there is no prediction at another peak than the fitted ones, or for an LR that decays; None where there is one."""

    other_peaks: str | None
    decays: str | None


def page_interval(law: Law, confidence: float = 0.9) -> Interval | None:
    """The constants of a law's intervals; None where it was constructed directly."""
    result = law.result
    if result is None:
        return None
    calibration = law.calibration
    span = float(np.log2(result.peak_lr[1] / result.peak_lr[0]))
    with_hessian = calibration.hessian_scale is not None
    return Interval(
        confidence=confidence,
        quantile=float(student.ppf(0.5 + 0.5 * confidence, DEGREES_OF_FREEDOM)),
        covariance=_covariance(result, calibration),
        unidentified=() if with_hessian else tuple(np.flatnonzero(~np.array(result.identified)).tolist()),
        base_variance=calibration.run_to_run_sd**2 + (calibration.misfit_scale * result.rms_end_residual) ** 2,
        peak_lr=result.peak_lr,
        peak_sd=calibration.peak_sd,
        peak_noise=calibration.peak_noise,
        span_variance=(calibration.span_sd * span) ** 2,
        extrapolation_sd=EXTRAPOLATION_SD,
        longest_area=None if with_hessian else LENGTHS_COVERED * max(curve.summed_lr for curve in result.curves),
        decaying_steps=tuple(curve.schedule_steps for curve in result.curves if curve.kind != "constant"),
        shorter_sd=calibration.shorter_sd,
        longer_sd=calibration.longer_sd,
        difference=DifferenceInterval(
            base_variance=calibration.difference_run_sd**2 + (calibration.difference_span_sd * span) ** 2,
            noise=calibration.difference_noise,
            peak_noise=calibration.difference_peak_noise,
        ),
    )


def page_unsupported(law: Law) -> Unsupported:
    """What the law itself refuses to predict, asked with a schedule of each kind."""
    if law.peak_lr is None:
        return Unsupported(None, None)
    _, high = law.peak_lr
    other = law.unsupported(constant(10, 2.0 * high))
    return Unsupported(_sentence(other), _sentence(law.unsupported(linear(10, high))))


def _covariance(result: FitResult, calibration: Calibration) -> FloatArray:
    """The matrix of the quadratic form `estimates_variance`, by polarisation."""
    count = len(result.names)

    def variance(gradients: FloatArray) -> FloatArray:
        # Parameters that are not identified are handled apart.
        kept = np.array(result.identified) if calibration.hessian_scale is None else np.ones(count, dtype=bool)
        return estimates_variance(result, calibration, gradients * kept[:, None])

    unit = np.eye(count)
    single = variance(unit)
    covariance = np.diag(single)
    for i in range(count):
        for j in range(i):
            # Gradients of equal weight, so that nothing cancels.
            a, b = (1.0 / np.sqrt(single[k]) if single[k] > 0.0 else 0.0 for k in (i, j))
            plus, minus = variance(np.stack([a * unit[i] + b * unit[j], a * unit[i] - b * unit[j]], axis=1))
            covariance[i, j] = covariance[j, i] = 0.25 * (plus - minus) / (a * b) if a * b > 0.0 else 0.0
    return covariance


def _sentence(reason: str | None) -> str | None:
    return None if reason is None else f"No prediction: {reason}."
