"""What is compared: one number against its prediction, with a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

FALSE_ALARM = 1e-6  # chance that a true statistical claim fails for a seed


@dataclass(frozen=True)
class Check:
    """One number against its prediction: passed where error <= tolerance. NaN never passes."""

    what: str
    predicted: float
    measured: float
    error: float
    tolerance: float

    def __post_init__(self) -> None:
        for name in ("predicted", "measured", "error", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance

    @property
    def strain(self) -> float:
        """Error over tolerance: above 1 fails. Infinite for NaN, or for any error where none is allowed."""
        if not math.isfinite(self.error):
            return math.inf
        if self.tolerance > 0.0:
            return self.error / self.tolerance
        return 0.0 if self.error <= 0.0 else math.inf


def near(what: str, predicted: float, measured: float, absolute: float = 0.0, relative: float = 0.0) -> Check:
    """|measured - predicted| against an absolute tolerance or one relative to the prediction, whichever is larger."""
    error = abs(float(measured) - float(predicted))
    return Check(what, float(predicted), float(measured), error, max(absolute, relative * abs(float(predicted))))


def at_most(what: str, bound: float, measured: float, slack: float = 0.0) -> Check:
    """measured <= bound, within `slack`."""
    return Check(what, float(bound), float(measured), _excess(measured - bound), slack)


def at_least(what: str, bound: float, measured: float, slack: float = 0.0) -> Check:
    """measured >= bound, within `slack`."""
    return Check(what, float(bound), float(measured), _excess(bound - measured), slack)


def _excess(x: float) -> float:
    return math.nan if math.isnan(x) else max(0.0, float(x))


def worst(what: str, predicted: ArrayLike, measured: ArrayLike, absolute: float = 0.0, relative: float = 0.0) -> Check:
    """The entry of two arrays that is worst against its tolerance."""
    p, m = np.broadcast_arrays(np.asarray(predicted, float), np.asarray(measured, float))
    p, m = p.ravel(), m.ravel()
    allowed = np.maximum(absolute, relative * np.abs(p))
    with np.errstate(divide="ignore", invalid="ignore"):
        strain = np.where(np.isfinite(m), np.abs(m - p) / np.where(allowed > 0, allowed, 1e-300), np.inf)
    k = int(np.argmax(strain))
    return near(f"{what} (worst of {p.size})" if p.size > 1 else what, p[k], m[k], absolute, relative)


def agreement(
    what: str,
    predicted: ArrayLike,
    mean: ArrayLike,
    standard_error: ArrayLike,
    bias: float = 0.0,
    false_alarm: float = FALSE_ALARM,
) -> Check:
    """Sampled means against predictions at a stated false-alarm rate.

    The tolerance of each entry is z * standard error + bias * |prediction|, with z from `false_alarm` shared among the
    entries (Bonferroni: right whatever their correlation). `bias` is a known relative error of the prediction itself.
    The check returned is that of the worst entry.
    """
    p, m, s = (np.ravel(a) for a in np.broadcast_arrays(*(np.asarray(x, float) for x in (predicted, mean, standard_error))))
    z = float(stats.norm.isf(false_alarm / 2.0 / p.size))
    allowed = z * s + bias * np.abs(p)
    error = np.abs(m - p)
    strain = np.where(np.isfinite(error), error / np.where(allowed > 0, allowed, 1e-300), np.inf)
    k = int(np.argmax(strain))
    label = f"{what} (worst of {p.size}, z = {z:.2f})" if p.size > 1 else f"{what} (z = {z:.2f})"
    return Check(label, float(p[k]), float(m[k]), float(error[k]), float(allowed[k]))
