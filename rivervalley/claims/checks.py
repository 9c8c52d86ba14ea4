"""What is compared: one number against its prediction, with a direction, a tolerance and what the tolerance stands on.

Statistical tolerances follow from a standard error and FALSE_ALARM; nobody states a number of standard errors by hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

FALSE_ALARM = 1e-6  # chance that a true statistical check fails for a seed

Direction = Literal["near", "at most", "at least"]


@dataclass(frozen=True)
class Check:
    """One number against its prediction: passed where error <= tolerance. NaN never passes.

    Attributes
    ----------
    what : str
        The number, in words.
    predicted, measured, error, tolerance : float
        For "at most" and "at least" `predicted` is the bound and `error` how far `measured` lies on its wrong side.
    direction : "near", "at most" or "at least"
    basis : str
        What the tolerance stands on, such as "standard error" or "digits as stated".
    """

    what: str
    predicted: float
    measured: float
    error: float
    tolerance: float
    direction: Direction = "near"
    basis: str = ""

    def __post_init__(self) -> None:
        for name in ("predicted", "measured", "error", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance

    @property
    def error_ratio(self) -> float:
        """Error over tolerance: above 1 fails. Infinite for NaN, or for any error where none is allowed."""
        if not math.isfinite(self.error):
            return math.inf
        if self.tolerance > 0.0:
            return self.error / self.tolerance
        return 0.0 if self.error <= 0.0 else math.inf


def near(
    what: str, predicted: float, measured: float, absolute: float = 0.0, relative: float = 0.0, basis: str = "rounding"
) -> Check:
    """|measured - predicted| against an absolute tolerance or one relative to the prediction, whichever is larger."""
    error = abs(float(measured) - float(predicted))
    return Check(what, predicted, measured, error, max(absolute, relative * abs(float(predicted))), "near", basis)


def at_most(
    what: str, bound: float, measured: float, slack: float = 0.0, *, standard_error: float = 0.0, basis: str = ""
) -> Check:
    """measured <= bound, within `slack` and what a one-sided test at FALSE_ALARM allows for the standard error."""
    return _one_sided(what, bound, measured, measured - bound, slack, standard_error, "at most", basis)


def at_least(
    what: str, bound: float, measured: float, slack: float = 0.0, *, standard_error: float = 0.0, basis: str = ""
) -> Check:
    """measured >= bound, within `slack` and what a one-sided test at FALSE_ALARM allows for the standard error."""
    return _one_sided(what, bound, measured, bound - measured, slack, standard_error, "at least", basis)


def surely_above(what: str, bound: float, samples: ArrayLike) -> Check:
    """The mean of independent samples, shape (n,), lies above the bound: by Student's quantile at FALSE_ALARM, one-sided.

    A true mean at the bound passes with probability FALSE_ALARM only.
    """
    mean, reach = _mean_and_reach(samples)
    return Check(
        what, bound, mean, _excess(bound - mean + reach), 0.0, "at least", f"lower limit of the mean {mean - reach:.4g}"
    )


def surely_below(what: str, bound: float, samples: ArrayLike) -> Check:
    """The mean of independent samples lies below the bound: as `surely_above`."""
    mean, reach = _mean_and_reach(samples)
    return Check(
        what, bound, mean, _excess(mean + reach - bound), 0.0, "at most", f"upper limit of the mean {mean + reach:.4g}"
    )


def _mean_and_reach(samples: ArrayLike) -> tuple[float, float]:
    x = np.asarray(samples, float)
    return float(x.mean()), float(stats.t.isf(FALSE_ALARM, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size))


def worst(
    what: str,
    predicted: ArrayLike,
    measured: ArrayLike,
    absolute: float = 0.0,
    relative: ArrayLike = 0.0,
    basis: str = "rounding",
) -> Check:
    """The entry of two arrays that is worst against its tolerance."""
    p, m = np.broadcast_arrays(np.asarray(predicted, float), np.asarray(measured, float))
    r = np.broadcast_to(np.asarray(relative, float), p.shape).ravel()
    p, m = p.ravel(), m.ravel()
    k = _worst_entry(np.abs(m - p), np.maximum(absolute, r * np.abs(p)))
    return near(f"{what} (worst of {p.size})" if p.size > 1 else what, p[k], m[k], absolute, float(r[k]), basis)


def agreement(
    what: str, predicted: ArrayLike, mean: ArrayLike, standard_error: ArrayLike, bias: ArrayLike = 0.0, basis: str = ""
) -> Check:
    """Sampled means against predictions at FALSE_ALARM.

    The tolerance of each entry is z * standard error + bias * |prediction|, with z from FALSE_ALARM shared among the
    entries (Bonferroni: right whatever their correlation). `bias` is a known relative error of the prediction itself, and
    `basis` says where it comes from. The check returned is that of the worst entry.
    """
    p, m, s, b = (
        np.ravel(a) for a in np.broadcast_arrays(*(np.asarray(x, float) for x in (predicted, mean, standard_error, bias)))
    )
    z = float(stats.norm.isf(FALSE_ALARM / 2.0 / p.size))
    return _worst_mean(what, p, m, z * s, b * np.abs(p), f"standard error, z = {z:.2f}", basis)


def sampled(what: str, predicted: ArrayLike, samples: ArrayLike, bias: ArrayLike = 0.0, basis: str = "") -> Check:
    """Means of independent samples, shape (n,) or (n, k), against predictions, number or shape (k,), at FALSE_ALARM.

    As `agreement`, with the standard errors and tails from the samples themselves: Student's quantile for n - 1 degrees of
    freedom, widened for the samples' skewness g by the Cornish-Fisher term |g| (2 z^2 + 1) / (6 sqrt n).
    """
    x = np.asarray(samples, float)
    n = x.shape[0]
    x = x.reshape(n, -1)
    mean, sd = x.mean(axis=0), x.std(axis=0, ddof=1)
    p, b = (np.broadcast_to(np.asarray(a, float).ravel(), mean.shape) for a in (predicted, bias))
    quantiles = sampling_quantile(x, FALSE_ALARM / 2.0 / mean.size)
    return _worst_mean(what, p, mean, quantiles * sd / math.sqrt(n), b * np.abs(p), f"standard error of {n}", basis)


def sampling_quantile(samples: np.ndarray, tail: float) -> np.ndarray:
    """How many standard errors the mean of samples (n, k) may lie off with probability `tail` on one side; shape (k,)."""
    n = samples.shape[0]
    z = float(stats.norm.isf(tail))
    off = samples - samples.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness = np.nan_to_num((off**3).mean(axis=0) / (off**2).mean(axis=0) ** 1.5)
    return np.asarray(stats.t.isf(tail, n - 1) + np.abs(skewness) * (2.0 * z * z + 1.0) / (6.0 * math.sqrt(n)))


def _worst_mean(
    what: str, p: np.ndarray, m: np.ndarray, spread: np.ndarray, known: np.ndarray, source: str, basis: str
) -> Check:
    error, allowed = np.abs(m - p), spread + known
    k = _worst_entry(error, allowed)
    label = f"{what} (worst of {p.size})" if p.size > 1 else what
    reason = source + (f", and {known[k]:.2g} for {basis}" if known[k] > 0.0 else "")
    return Check(label, p[k], m[k], error[k], allowed[k], "near", reason)


def _worst_entry(error: np.ndarray, allowed: np.ndarray) -> int:
    ratio = np.where(np.isfinite(error), error / np.where(allowed > 0, allowed, 1e-300), np.inf)
    return int(np.argmax(ratio))


def _one_sided_z() -> float:
    return float(stats.norm.isf(FALSE_ALARM))


def _one_sided(
    what: str, bound: float, measured: float, over: float, slack: float, standard_error: float, way: Direction, basis: str
) -> Check:
    tolerance = slack + (_one_sided_z() * standard_error if standard_error else 0.0)
    reason = "standard error, one-sided" if standard_error and not basis else basis
    return Check(what, bound, measured, _excess(over), tolerance, way, reason)


def _excess(x: float) -> float:
    return math.nan if math.isnan(x) else max(0.0, float(x))
