"""Calibrated prediction intervals: parameter uncertainty, misfit of the law, and differences between runs.

The intervals of a fit are conditional on the law being right; on public runs they cover 5 of 54 held-out final losses at a
nominal 95 %, because misfit and run-to-run differences are larger. A band here is L exp(+-t s), with t the quantile of
Student's distribution with 5 degrees of freedom and

    s^2 = run_to_run^2 + misfit^2 + parameters^2 + extrapolation^2

with the constants of the law's `Calibration`. It is a band for the loss without the noise of single readings, as
`Law.end_loss` has it. How the constants were chosen and what the bands cover is in docs/calibration.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.laws.base.calibration import Calibration, estimates_variance
from rivervalley.laws.base.diagnostics import log_jacobian
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.result import FitResult
from rivervalley.schedules import Schedule

DEGREES_OF_FREEDOM = 5.0
EXTRAPOLATION_SD = 0.005  # an LR that rises again, a tail at LR 0, each factor e of cumulative LR beyond LENGTHS_COVERED
LENGTHS_COVERED = 3.0  # times the largest cumulative LR that was fitted


@dataclass(frozen=True, eq=False)
class Band:
    """A predicted loss curve with its prediction interval.

    Attributes
    ----------
    steps : int array, shape (R,)
    loss, low, high : float arrays, shape (R,)
        Each true loss lies within [low, high] with the probability `confidence`; errors are correlated along the curve.
        Infinite where the fitted curves leave open what the prediction needs; 0 to infinity where the law predicts no
        positive finite loss.
    confidence : float
    parts : mapping of name to float array, shape (R,)
        Relative standard deviations that the band is made of: "run_to_run", "misfit", "parameters", "extrapolation".
    cautions : tuple of str
        Why the prediction extrapolates from what was fitted.
    """

    steps: IntArray
    loss: FloatArray
    low: FloatArray
    high: FloatArray
    confidence: float
    parts: Mapping[str, FloatArray]
    cautions: tuple[str, ...]


def predict_band(law: Law, s: Schedule, steps: ArrayLike | None = None, confidence: float = 0.9) -> Band:
    """The loss that a fitted law predicts under a schedule, with a calibrated prediction interval.

    Parameters
    ----------
    law : Law
        Fitted to curves of the same configuration, or loaded from the file of such a fit.
    s : Schedule
    steps : array_like of int, optional
        Rising updates done, 1 <= steps <= s.steps; the last alone if not given.
    confidence : float
        Within (0, 1).

    Raises
    ------
    InputError
        If the law was not fitted, or an argument cannot be used.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw, published
    >>> from rivervalley.schedules import wsd
    >>> law = AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full")
    >>> band = predict_band(law, wsd(20_000, 2e-4, warmup_steps=500, decay_fraction=0.2))
    >>> print(f"{band.low[0]:.2f} < {band.loss[0]:.2f} < {band.high[0]:.2f}")
    2.76 < 2.78 < 2.79
    """
    if not isinstance(law, Law):
        raise InputError(f"law must be a law, not {checks.show(law)}")
    if law.result is None:
        raise InputError("law must be fitted to curves to have a band, not constructed directly")
    level = checks.real("confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
    if not isinstance(s, Schedule):
        raise InputError(f"s must be a Schedule, not {checks.show(s)}")
    refuse_unsupported(law, s)
    return band_at(law, law.result, s, law.points(s, [s.steps] if steps is None else steps), level)


def band_at(law: Law, result: FitResult, s: Schedule, points: Points, confidence: float) -> Band:
    """The band at prepared points of one schedule; `result` is the law's."""
    steps = points.index[0] + 1
    _, jacobian, loss = log_jacobian(law, points, result.names)
    calibration = law.calibration
    ones = np.ones(steps.size)
    parts = {
        "run_to_run": calibration.run_to_run_sd * ones,
        "misfit": calibration.misfit_scale * result.rms_end_residual * ones,
        "parameters": np.sqrt(estimates_variance(result, calibration, jacobian)),
        "extrapolation": extrapolation_sd(law, result, s, points, annealing_share(law, jacobian)),
    }
    spread = np.sqrt(sum(part**2 for part in parts.values()))
    reach = float(student.ppf(0.5 + 0.5 * confidence, DEGREES_OF_FREEDOM)) * spread
    meant = (loss > 0.0) & np.isfinite(loss)
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.where(meant, loss * np.exp(-reach), 0.0), np.where(meant, loss * np.exp(reach), np.inf)
    cautions = law.cautions(s)
    if not meant.all():
        first = int(np.argmin(meant))
        why = "the LR was 0 until then" if np.isposinf(loss[first]) else "it does not hold that far from what was fitted"
        cautions.append(f"the law predicts no positive finite loss at step {int(steps[first])}: {why}")
    return Band(steps, loss, low, high, confidence, parts, tuple(cautions))


def refuse_unsupported(law: Law, s: Schedule) -> None:
    """Raise an InputError with the law's reason, where the fitted curves do not support a prediction for this schedule."""
    reason = law.unsupported(s)
    if reason is not None:
        raise InputError(reason)


def doublings_away(result: FitResult, s: Schedule) -> float:
    """How many doublings the peak LR of a schedule lies outside those that were fitted; 0 within them, or within 1 %."""
    if s.peak_lr <= 0.0:
        return 0.0
    low, high = result.peak_lr
    away = float(max(np.log2(low / s.peak_lr), np.log2(s.peak_lr / high), 0.0))
    return away if away > 0.015 else 0.0


def length_sd(calibration: Calibration, result: FitResult, s: Schedule) -> float:
    """Relative standard deviation for a run shorter or longer than those that were fitted and decay."""
    decaying = [curve.schedule_steps for curve in result.curves if curve.kind != "constant"]
    if not decaying:
        return 0.0
    away = min((float(np.log(s.steps / steps)) for steps in decaying), key=abs)
    return calibration.longer_sd * away if away > 0.0 else -calibration.shorter_sd * away


def extrapolation_sd(law: Law, result: FitResult, s: Schedule, points: Points, noise: FloatArray) -> FloatArray:
    """Relative standard deviation for what the fitted curves did not show, shape (R,).

    Another peak LR and another length, by the law's calibration; `noise` is the share of the annealing term in the loss. From where the LR rises
    after the warm-up, from where it has been 0 for more than one update, and for each factor e by which the cumulative LR
    exceeds three times that of the longest fitted curve: half a percent, a judgement, for no public runs tell.
    """
    calibration = law.calibration
    lr, steps = s.lr, points.index[0] + 1
    away, span = doublings_away(result, s), np.log2(result.peak_lr[1] / result.peak_lr[0])
    variance = (away * calibration.peak_noise * noise) ** 2
    variance += (away * calibration.peak_sd) ** 2 + (calibration.span_sd * span) ** 2
    variance += length_sd(calibration, result, s) ** 2
    start = max(s.warmup_steps - 1, 0)
    rising = np.flatnonzero(np.diff(lr[start:]) > 1e-9 * s.peak_lr)
    if rising.size:
        variance += np.where(steps > start + int(rising[0]) + 1, EXTRAPOLATION_SD**2, 0.0)
    zeros = np.flatnonzero((lr[1:] == 0.0) & (lr[:-1] == 0.0))
    if zeros.size:
        variance += np.where(steps > int(zeros[0]) + 1, EXTRAPOLATION_SD**2, 0.0)
    if calibration.hessian_scale is None:  # with a Hessian, runs of up to 20 times the length were part of the calibration
        longest = max(curve.summed_lr for curve in result.curves)
        ratio = points.S1 / (LENGTHS_COVERED * longest)
        variance = variance + (EXTRAPOLATION_SD * np.log(np.maximum(ratio, 1.0))) ** 2
    sd: FloatArray = np.sqrt(variance)
    return sd


def annealing_share(law: Law, jacobian: FloatArray) -> FloatArray:
    """Share of the annealing term in the loss, shape (R,), from the Jacobian of log L by all fitted parameters."""
    if law.annealing_coefficient is None:
        return np.zeros(jacobian.shape[1])
    k = law.coefficients.index(law.annealing_coefficient)
    share: FloatArray = law.weights()[k] * jacobian[k]
    return share
