"""What a fit knows beside the parameters: how well they are determined, how the search went, what to be wary of."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.estimation.scores import Scores
from rivervalley.estimation.starts import StartAgreement


@dataclass(frozen=True)
class Prior:
    """A parameter is regularised toward `center`; see ShapeParameter.strength."""

    center: float
    strength: float


@dataclass(frozen=True)
class Combination:
    """A combination of parameters that data determine better than each alone: its value and interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FitWarning:
    """A reason to be wary of a fit.

    Attributes
    ----------
    code : str
        For programs, such as "not_identifiable".
    text : str
        A sentence.
    parameter : str or None
        The parameter that it is about, where it is about one.
    """

    code: str
    text: str
    parameter: str | None = None


@dataclass(frozen=True, eq=False)
class CurveFit:
    """How the law fits one of the curves.

    Attributes
    ----------
    name : str
    steps : int array, shape (R,)
        Updates done at the readings that were fitted.
    residuals : float array, shape (R,)
        log(loss / the law's loss).
    end_residual : float
        The residual at the end of the curve, averaged over as many readings as their noise asks for.
    autocorrelation, effective_points : float
        Of neighbouring residuals, and how many independent readings they are worth.
    summed_lr : float
        The forward area S1 at the last reading.
    scores : Scores
    peak_lr, warmup_steps, schedule_steps
        Of its schedule.
    kind : str
        How its LR leaves the peak, up to the last reading (`schedules.kind_of`).
    """

    name: str
    steps: IntArray
    residuals: FloatArray
    end_residual: float
    autocorrelation: float
    effective_points: float
    summed_lr: float
    scores: Scores
    peak_lr: float
    warmup_steps: int
    schedule_steps: int
    kind: str


@dataclass(frozen=True, eq=False)
class FitResult:
    """The result of fitting a law.

    Attributes
    ----------
    params : mapping of name to float
        All parameters of the law.
    names : tuple of str, length p
        The fitted ones, in the order of the matrices: coefficients first, then shape parameters.
    covariance : float array, shape (p, p)
        Of the estimates, if the law is right and residuals are noise; rows of zeros where not identifiable.
    hessian : float array, shape (p, p)
        Gauss-Newton Hessian of the objective and its priors at the optimum, in units of huber_delta^2.
    identified : tuple of bool, length p
    intervals : mapping of name to (low, high)
        Of the fitted parameters at `confidence`; up to infinity where not identifiable.
    confidence : float
    condition_number : float
        Of the Jacobian of log L with its columns scaled to length 1; infinite where it has not full rank.
    variance_inflation : tuple of float, length p
        How many times larger the variance of each parameter is for the others being unknown too.
    combinations : mapping of name to Combination
    fixed : mapping of name to float
        Shape parameters that were not fitted.
    priors : mapping of name to Prior
        Shape parameters that were regularised.
    objective, huber_delta : float
        The weighted sum of Huber losses of log residuals at the optimum, with what priors add.
    scores : Scores
        Over all fitted readings together.
    curves : tuple of CurveFit
    readings_left_out : int
        Readings before the first that the law describes.
    peak_lr : tuple (lowest, highest) of the fitted curves' peak LRs
    starts : StartAgreement
    converged : bool
        False where the search stopped at its limit of iterations.
    iterations : int
        Of the last search.
    warnings : tuple of FitWarning
    rule : str or None
        Which law the automatic choice picked, and why.
    """

    params: Mapping[str, float]
    names: tuple[str, ...]
    covariance: FloatArray
    hessian: FloatArray
    identified: tuple[bool, ...]
    intervals: Mapping[str, tuple[float, float]]
    confidence: float
    condition_number: float
    variance_inflation: tuple[float, ...]
    combinations: Mapping[str, Combination]
    fixed: Mapping[str, float]
    priors: Mapping[str, Prior]
    objective: float
    huber_delta: float
    scores: Scores
    curves: tuple[CurveFit, ...]
    readings_left_out: int
    peak_lr: tuple[float, float]
    starts: StartAgreement
    converged: bool
    iterations: int
    warnings: tuple[FitWarning, ...] = field(default=())
    rule: str | None = None

    def __post_init__(self) -> None:
        count = len(self.names)
        for name in ("covariance", "hessian"):
            if getattr(self, name).shape != (count, count):
                raise InputError(f"{name} must have shape ({count}, {count}), not {getattr(self, name).shape}")
        for name in ("identified", "variance_inflation"):
            if len(getattr(self, name)) != count:
                raise InputError(f"{name} must have {count} entries, not {len(getattr(self, name))}")
        if set(self.names) != set(self.intervals) or not set(self.names) <= set(self.params):
            raise InputError("names, intervals and params must speak of the same parameters")
        if not self.curves:
            raise InputError("curves must hold at least one curve")
        for name in ("params", "intervals", "combinations", "fixed", "priors"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        for array in (self.covariance, self.hessian, *(a for curve in self.curves for a in (curve.steps, curve.residuals))):
            array.setflags(write=False)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each fitted parameter; infinite where not identifiable."""
        errors = np.where(self.identified, np.sqrt(np.diag(self.covariance)), np.inf)
        return dict(zip(self.names, errors.tolist(), strict=True))

    @property
    def correlations(self) -> dict[tuple[str, str], float]:
        """Correlation of each pair of identifiable parameters, the later named first."""
        errors = self.standard_errors
        pairs = {}
        for (j, second), (i, first) in itertools.combinations(enumerate(self.names), 2):
            scale = errors[first] * errors[second]
            if np.isfinite(scale) and scale > 0.0:
                pairs[first, second] = float(self.covariance[i, j]) / scale
        return pairs

    @property
    def effective_points(self) -> float:
        """How many independent readings the fitted ones are worth."""
        return float(sum(curve.effective_points for curve in self.curves))

    @property
    def rms_end_residual(self) -> float:
        """Root of the mean squared end residual of the curves."""
        return float(np.sqrt(np.mean(np.square([curve.end_residual for curve in self.curves]))))


def as_mapping(result: FitResult) -> Mapping[str, Any]:
    """The result as one read-only mapping of plain values, with the names of scores and starts at its top level."""
    curves = [
        {
            "name": curve.name,
            "effective_points": curve.effective_points,
            "autocorrelation": curve.autocorrelation,
            "end_residual": curve.end_residual,
            "summed_lr": curve.summed_lr,
            **asdict(curve.scores),
        }
        for curve in result.curves
    ]
    entries: dict[str, Any] = {
        "objective": result.objective,
        "huber_delta": result.huber_delta,
        **asdict(result.scores),
        "effective_points": result.effective_points,
        "warmup_points_left_out": result.readings_left_out,
        "curves": curves,
        "starts": result.starts.starts,
        "starts_agreeing": result.starts.agreeing,
        "start_spread": result.starts.spread,
        "converged": result.converged,
        "iterations": result.iterations,
        "condition_number": result.condition_number,
        "standard_errors": result.standard_errors,
        "variance_inflation": dict(zip(result.names, result.variance_inflation, strict=True)),
        "identified": dict(zip(result.names, result.identified, strict=True)),
        "correlations": {f"{first},{second}": value for (first, second), value in result.correlations.items()},
        "combinations": {name: asdict(entry) for name, entry in result.combinations.items()},
        "confidence": result.confidence,
        "fixed": dict(result.fixed),
        "priors": {name: [prior.center, prior.strength] for name, prior in result.priors.items()},
        "warnings": [warning.text for warning in result.warnings],
    }
    if result.rule is not None:
        entries["auto"] = result.rule
    return MappingProxyType(entries)
