"""Prediction bands that hold what they say: parameter uncertainty, misfit of the law, and runs that differ.

The usual intervals of a fit are conditional on the law being right. On public runs they hold 5 of 54 held-out end losses at
a nominal 95 %, because misfit and differences between runs are larger. A band here is L exp(+-t s), with t the quantile of
Student's distribution with 5 degrees of freedom and

    s^2 = RUN^2 + (MISFIT x rms end residual of the fitted curves)^2 + parameters^2 + beyond^2.

It is a band for the loss without the noise of single readings, as `Law.end_loss` has it: of 325 ends of noisy training losses
(4 % a reading; fitted to such) it held 85 %, of the very last readings 48 %.

RUN covers what two runs of one configuration, and the law in the best of cases, differ by; the second part takes how far the
law missed the last losses of the very curves it was fitted to as a measure of its misfit on others. Both constants are the
maximum-likelihood values on 976 held-out end losses of public runs (arXiv 2503.12811: 25M, 100M, 400M; arXiv 2501.18965: 124M
at five peak rates), from 91 sets of one to four fitted curves; left out model by model, the constants of the others gave
bands of nominal 90 % that held 90 % of the end losses, between 84 % and 100 % for each model and peak rate. On 317 end losses
of other sets of fitted curves they held 87 %; at the second largest peak rate, where all predictions are biased, 75 %.

"parameters" is the spread of the fit's own estimates; "beyond" stands for what no fitted curve showed: see `beyond`. Within
runs up to three times as long as the fitted ones errors hardly grow with the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.laws.base.diagnostics import log_jacobian
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.result import FitResult
from rivervalley.schedules import Schedule

RUN = 0.0025
MISFIT = 0.84
FREEDOM = 5.0
PER_DOUBLING = 0.02  # of the peak rate
UNSEEN = 0.005  # a rate that rises again, a tail at rate 0, each factor e of summed rate beyond LONGEST of the fitted
LONGEST = 3.0


@dataclass(frozen=True, eq=False)
class Band:
    """A predicted loss curve with its band.

    Attributes
    ----------
    steps : int array, shape (R,)
    loss, low, high : float arrays, shape (R,)
        Each true loss lies within [low, high] with the probability `confidence`; they do not move independently. Infinite
        where the fitted curves leave open what the prediction needs; 0 to infinity where the law predicts no positive loss.
    confidence : float
    parts : dict of name to float array, shape (R,)
        Relative standard deviations that the band is made of: "run", "misfit", "parameters", "beyond".
    cautions : tuple of str
        Why the prediction goes beyond what was fitted.
    """

    steps: IntArray
    loss: FloatArray
    low: FloatArray
    high: FloatArray
    confidence: float
    parts: dict[str, FloatArray]
    cautions: tuple[str, ...]


def predict_band(law: Law, s: Schedule, steps: Any = None, confidence: float = 0.9) -> Band:
    """The loss that a fitted law predicts under a schedule, with a band.

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
    result = law.result
    if result is None:
        raise InputError("law must be fitted to curves to have a band, not constructed directly")
    level = checks.real("confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
    if not isinstance(s, Schedule):
        raise InputError(f"s must be a Schedule, not {checks.show(s)}")
    points = law.points(s, [s.steps] if steps is None else steps)
    at = points.index[0] + 1
    loss = law.at_points(points)
    ones = np.ones(at.size)
    parts = {
        "run": RUN * ones,
        "misfit": MISFIT * result.rms_end_residual * ones,
        "parameters": _parameters(law, result, points),
        "beyond": beyond(result, s, points),
    }
    spread = np.sqrt(sum(part**2 for part in parts.values()))
    reach = float(student.ppf(0.5 + 0.5 * level, FREEDOM)) * spread
    meant = loss > 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.where(meant, loss * np.exp(-reach), 0.0), np.where(meant, loss * np.exp(reach), np.inf)
    cautions = law.cautions(s)
    if not meant.all():
        first = int(at[np.argmin(meant)])
        cautions.append(f"the law predicts no positive loss at step {first}: it does not hold that far from what was fitted")
    return Band(at, loss, low, high, level, parts, tuple(cautions))


def _parameters(law: Law, result: FitResult, points: Points) -> FloatArray:
    """Relative standard deviation of the prediction from that of the fitted parameters; infinite where one is left open."""
    _, jacobian, _ = log_jacobian(law, points, result.names)
    identified = np.array(result.identified)
    variance = np.einsum("ir,ij,jr->r", jacobian, result.covariance, jacobian)
    # What the fit left open may matter to this schedule though it did not to the fitted ones.
    open_ones = np.abs(jacobian[~identified]).max(axis=0, initial=0.0) > 1e-9
    return np.where(open_ones, np.inf, np.sqrt(np.maximum(variance, 0.0)))


def beyond(result: FitResult, s: Schedule, points: Points) -> FloatArray:
    """Relative standard deviation for what the fitted curves did not show, shape (R,).

    Another peak rate: 2 % for each doubling or halving, about what laws fitted at one peak miss at another on public runs
    of 124M parameters. From where the rate rises after the warm-up, from where it has been 0 for more than one update, and
    for each factor e by which the summed rate exceeds three times that of the longest fitted curve: half a percent, a
    judgement, for no public runs tell.
    """
    lr, steps = s.lr, points.index[0] + 1
    variance = np.zeros(steps.size)
    if s.peak_lr > 0.0:
        low, high = result.peak_lr
        away = max(np.log2(low / s.peak_lr), np.log2(s.peak_lr / high), 0.0)
        variance += (PER_DOUBLING * away) ** 2 if away > 0.015 else 0.0
    start = max(s.warmup_steps - 1, 0)
    rising = np.flatnonzero(np.diff(lr[start:]) > 1e-9 * s.peak_lr)
    if rising.size:
        variance += np.where(steps > start + int(rising[0]) + 1, UNSEEN**2, 0.0)
    still = np.flatnonzero((lr[1:] == 0.0) & (lr[:-1] == 0.0))
    if still.size:
        variance += np.where(steps > int(still[0]) + 1, UNSEEN**2, 0.0)
    longest = max(curve.summed_lr for curve in result.curves)
    ratio = points.S1 / (LONGEST * longest)
    return np.sqrt(variance + (UNSEEN * np.log(np.maximum(ratio, 1.0))) ** 2)
