"""The difference of two schedules' final losses, with an interval of its own: errors common to both cancel.

    sd^2 of log(L1 / L2) = run^2 + dg' V dg + (noise^2 + peak_noise^2 away^2) (n1 - n2)^2 + span^2

dg is the difference of the gradients of log L by the fitted parameters and V their calibrated covariance, n the share of the
annealing term in the loss, away the doublings of the peak LR outside the fitted ones. The half-width is the quantile of
Student's distribution with 5 degrees of freedom times sd; docs/calibration.md says how the constants were found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.laws.base.calibration import estimates_variance
from rivervalley.laws.base.diagnostics import log_jacobian
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.result import FitResult
from rivervalley.laws.prediction_band import DEGREES_OF_FREEDOM, annealing_share, doublings_away, refuse_unsupported
from rivervalley.schedules import Schedule


@dataclass(frozen=True)
class DifferenceBand:
    """The predicted final loss of one schedule minus that of another.

    Attributes
    ----------
    difference : float
        Negative where the first ends lower.
    low, high : float
        The true difference lies within with the probability `confidence`.
    confidence : float
    cautions : tuple of str
        Why either prediction extrapolates from what was fitted.
    """

    difference: float
    low: float
    high: float
    confidence: float
    cautions: tuple[str, ...]

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0: which of the two ends lower is known at that confidence."""
        return self.low > 0.0 or self.high < 0.0


def difference_band(law: Law, s1: Schedule, s2: Schedule, confidence: float = 0.9) -> DifferenceBand:
    """The final loss that a fitted law predicts under `s1` minus that under `s2`, with a calibrated interval.

    Parameters
    ----------
    law : Law
        Fitted to curves of the same configuration, or loaded from the file of such a fit.
    s1, s2 : Schedule
        They may differ in shape, length and peak LR.
    confidence : float
        Within (0, 1).

    Raises
    ------
    InputError
        If the law was constructed directly, or an argument cannot be used.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw, published
    >>> from rivervalley.schedules import constant, wsd
    >>> law = AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full")
    >>> band = difference_band(law, wsd(20_000, 2e-4, warmup_steps=500, decay_fraction=0.2), constant(20_000, 2e-4))
    >>> band.difference < 0.0 and band.clear
    True
    """
    if not isinstance(law, Law):
        raise InputError(f"law must be a law, not {checks.show(law)}")
    if law.result is None:
        raise InputError("law must be fitted to curves to have intervals, not constructed directly")
    level = checks.real("confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
    first, second = (_end(law, law.result, name, s) for name, s in (("s1", s1), ("s2", s2)))
    calibration = law.calibration
    gradient = (first.gradient - second.gradient)[:, None]
    away = max(doublings_away(law.result, s1), doublings_away(law.result, s2))
    span = float(np.log2(law.result.peak_lr[1] / law.result.peak_lr[0]))
    variance = float(estimates_variance(law.result, calibration, gradient)[0]) + calibration.difference_run_sd**2
    per_noise = calibration.difference_noise**2 + (calibration.difference_peak_noise * away) ** 2
    variance += per_noise * (first.noise - second.noise) ** 2 + (calibration.difference_span_sd * span) ** 2
    if calibration.difference_peak_noise == 0.0:
        variance += (calibration.peak_sd * away) ** 2
    reach = float(student.ppf(0.5 + 0.5 * level, DEGREES_OF_FREEDOM)) * float(np.sqrt(variance))
    loss = min(first.loss, second.loss)
    difference = first.loss - second.loss
    cautions = tuple(dict.fromkeys([*law.cautions(s1), *law.cautions(s2)]))
    return DifferenceBand(difference, difference - reach * loss, difference + reach * loss, level, cautions)


@dataclass(frozen=True, eq=False)
class _End:
    """Final loss of a schedule, the gradient of its logarithm, and the share of the annealing term in it."""

    loss: float
    gradient: FloatArray
    noise: float


def _end(law: Law, result: FitResult, name: str, s: object) -> _End:
    if not isinstance(s, Schedule):
        raise InputError(f"{name} must be a Schedule, not {checks.show(s)}")
    refuse_unsupported(law, s)
    _, jacobian, loss = log_jacobian(law, law.points(s, [s.steps]), result.names)
    if not loss[0] > 0.0:
        raise InputError(f"{name} must have a positive loss under the law, not {loss[0]:g}: it is far from what was fitted")
    return _End(float(loss[0]), jacobian[:, 0], float(annealing_share(law, jacobian)[0]))
