"""What a law is: parameters, the terms they weigh, and what every law can do."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray, show
from rivervalley._common.files import write_text
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores, end_residual, scores
from rivervalley.estimation.variable_projection import Terms
from rivervalley.laws.base.points import WARMUP_AREAS, Points, after_warmup, points
from rivervalley.schedules import Schedule

FILE_FORMAT = "rivervalley law 1"


@dataclass(frozen=True)
class Nonlinear:
    """A parameter that shapes one term of a law.

    Attributes
    ----------
    name, shapes : str
        The parameter, and the coefficient of the term that it shapes.
    low, high : float
        Where fits look for it. A law made by hand may also have it down to 0.
    starts : tuple of float
        Where searches begin; a law's starts are all combinations of those of its free parameters.
    scale : {"natural", "log", "memory"}
        The scale that fits search on: the parameter itself, its logarithm, or for a decay factor log(1 / (1 - value)).
    """

    name: str
    shapes: str
    low: float
    high: float
    starts: tuple[float, ...]
    scale: str = "natural"

    def to_working(self, value: float) -> float:
        """The value on the scale that fits search on."""
        if self.scale == "log":
            return float(np.log(value))
        if self.scale == "memory":
            return float(-np.log1p(-value))
        return value

    def from_working(self, working: float) -> tuple[float, float]:
        """The value at a place on that scale, and its slope there."""
        if self.scale == "log":
            return float(np.exp(working)), float(np.exp(working))
        if self.scale == "memory":
            return float(-np.expm1(-working)), float(np.exp(-working))
        return float(working), 1.0


@dataclass(frozen=True)
class FitReport:
    """What a fit knows beside the parameters: see `fitting.fit_law` for the entries.

    Attributes
    ----------
    intervals : dict of parameter name to (low, high)
    diagnostics : dict
    peak_lr : tuple (lowest, highest) of the peak rates of the fitted curves
    """

    intervals: dict[str, tuple[float, float]]
    diagnostics: dict[str, Any]
    peak_lr: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Law(ABC):
    """Base of all laws: loss = sum of coefficient x term, the terms shaped by a few nonlinear parameters.

    A law is a frozen dataclass with one float field for each parameter, the class variables below, and `terms`. Fitting,
    scoring, reports, warm-up conventions and files come with it.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    coefficients: ClassVar[tuple[str, ...]]  # in the order of the terms
    nonlinear: ClassVar[tuple[Nonlinear, ...]]
    rate_term: ClassVar[str | None] = None  # the coefficient of the term that answers changes of the rate
    hints: ClassVar[Mapping[str, str]] = {}  # what to do where the data leave a parameter open

    warmup_area: str = "ramp"
    report: FitReport | None = field(default=None, repr=False, compare=False)

    @staticmethod
    @abstractmethod
    def terms(at: Points) -> Terms:
        """The law's terms at given points, as a function of its nonlinear parameters.

        That function takes the nonlinear parameters in the order of `nonlinear` and returns the terms, shape
        (coefficients, R), and for each of these parameters the derivative of the one term it shapes, shape (nonlinear, R).
        What does not depend on the parameters is computed once, outside it.
        """

    def combinations(self) -> dict[str, tuple[float, dict[str, float]]]:
        """Combinations of parameters that data determine better than each alone: by name, value and gradient."""
        return {}

    def __post_init__(self) -> None:
        checks.choice("warmup_area", self.warmup_area, WARMUP_AREAS)
        for name in self.coefficients:
            object.__setattr__(self, name, checks.real(name, getattr(self, name), 0.0))
        for one in self.nonlinear:
            object.__setattr__(self, one.name, checks.real(one.name, getattr(self, one.name), min(one.low, 0.0), one.high))

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value:.5g}" for name, value in self.params.items())
        return f"{self.name} law: {self.formula}, {values}, warmup_area={self.warmup_area!r}"

    @property
    def params(self) -> dict[str, float]:
        """Value of each parameter, by name."""
        names = {*self.coefficients, *(one.name for one in self.nonlinear)}
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name in names}

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """(low, high) of each fitted parameter; empty where the law was not fitted."""
        return dict(self.report.intervals) if self.report else {}

    @property
    def diagnostics(self) -> dict[str, Any]:
        """What the fit found out about itself; empty where the law was not fitted."""
        return dict(self.report.diagnostics) if self.report else {}

    @property
    def peak_lr(self) -> tuple[float, float] | None:
        """Lowest and highest peak rate of the fitted curves; None where the law was not fitted."""
        return self.report.peak_lr if self.report else None

    def at_points(self, at: Points) -> FloatArray:
        """The loss at prepared points, shape (R,)."""
        with np.errstate(divide="ignore"):
            terms, _ = self.terms(at)(np.array([getattr(self, one.name) for one in self.nonlinear]))
        weights = np.array([getattr(self, name) for name in self.coefficients])
        used = weights != 0.0
        loss: FloatArray = weights[used] @ terms[used] if used.any() else np.zeros(terms.shape[1])
        return loss

    def predict(self, s: Schedule) -> FloatArray:
        """The loss after each update of a schedule, shape (steps,), in the unit of the fitted losses.

        The warm-up counts as it did in the fit. Values during the warm-up are the formula's, which was not fitted there;
        where no rate above 0 came yet they are infinite.

        Raises
        ------
        InputError
            If `s` is no Schedule.
        """
        return self.predict_at(s, np.arange(1, _schedule(s).steps + 1))

    def predict_at(self, s: Schedule, steps: Any) -> FloatArray:
        """The loss after `steps` updates of a schedule: strictly rising whole numbers, 1 <= steps <= s.steps; same shape.

        Raises
        ------
        InputError
            If `s` is no Schedule or `steps` do not lie within it.
        """
        schedule = _schedule(s)
        at = checks.rising_steps("steps", steps, low=1)
        if at[-1] > schedule.steps:
            raise InputError(f"steps must end within the schedule's {schedule.steps} updates, not at {int(at[-1])}")
        return self.at_points(points([schedule], [at], self.warmup_area))

    def score(self, curve: LossCurve) -> Scores:
        """Errors of the prediction for the curve's own schedule, over its losses from the end of the warm-up on.

        Raises
        ------
        InputError
            If `curve` is no LossCurve or has no losses after its warm-up.
        """
        steps, loss = _recorded(curve)
        return scores(loss, self.predict_at(curve.schedule, steps))

    def end_loss(self, curve: LossCurve) -> float:
        """The loss at the end of a curve, for comparison with a prediction: its last reading, or where readings are noisy
        the mean of the last ones, up to a twentieth of them, carried to the end along the law.

        Raises
        ------
        InputError
            As `score`.
        """
        steps, loss = _recorded(curve)
        predicted = self.predict_at(curve.schedule, steps)
        if min(loss.min(), predicted.min()) <= 0.0:
            return float(loss[-1])
        return float(predicted[-1] * np.exp(end_residual(np.log(loss / predicted))))

    def cautions(self, s: Schedule) -> list[str]:
        """Sentences on why a prediction for this schedule goes beyond what the law was fitted to; empty where it does not."""
        schedule = _schedule(s)
        lr, peak = schedule.lr, schedule.peak_lr
        found = []
        if self.peak_lr is not None and not self.peak_lr[0] * 0.99 <= peak <= self.peak_lr[1] * 1.01:
            low, high = self.peak_lr
            fitted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            found.append(f"the schedule's peak rate {peak:g} differs from the fitted {fitted}: no law is known to carry over")
        after = lr[max(schedule.warmup_steps - 1, 0) :]
        if np.any(np.diff(after) > 1e-9 * peak):
            found.append("the rate rises after the warm-up, which the fitted curves may not have shown")
        zeros = int(np.argmax(lr[::-1] > 0.0)) if peak > 0.0 else lr.size
        if zeros > 1:
            found.append(f"the last {zeros} rates are 0: nothing moves there, but the law may go on falling")
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the law, its warm-up convention and its report as JSON; `load` reads it back.

        Raises
        ------
        InputError
            If the path cannot be written to.
        """
        report = None if self.report is None else _plain(asdict(self.report))
        data = {
            "format": FILE_FORMAT,
            "law": self.name,
            "params": self.params,
            "warmup_area": self.warmup_area,
            "report": report,
        }
        write_text(path, json.dumps(data, indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a law that `save` wrote.

        Raises
        ------
        InputError
            If the file cannot be read, is no law, or is another law than this.
        """
        return cls.from_data(read_law_file(path), str(path))

    @classmethod
    def from_data(cls, data: Mapping[str, Any], origin: str) -> Self:
        """The law that a file's content describes."""
        if data["law"] != cls.name:
            raise InputError(f"path must hold a law of kind {cls.name!r}, but {origin} holds {show(data['law'])}")
        report = data["report"]
        try:
            if report is not None:
                # null stands for the infinite end of an interval.
                ends = {
                    name: (float(low), float("inf" if high is None else high))
                    for name, (low, high) in report["intervals"].items()
                }
                low, high = report["peak_lr"]
                report = FitReport(ends, dict(report["diagnostics"]), (float(low), float(high)))
            return cls(**data["params"], warmup_area=data["warmup_area"], report=report)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise InputError(f"path must hold a law as save writes it, but {origin} does not: {error}") from None


def read_law_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a law's file, with its outer shape checked."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"path must be a law's file that can be read, but {str(path)!r}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"path must be a law's JSON file, but {str(path)!r} is no JSON") from None
    needed = {"format", "law", "params", "warmup_area", "report"}
    if not isinstance(data, dict) or data.get("format") != FILE_FORMAT or not needed <= data.keys():
        raise InputError(f"path must be a law's file of format {FILE_FORMAT!r}, which {str(path)!r} is not")
    return data


def _recorded(curve: object) -> tuple[IntArray, FloatArray]:
    """Steps and losses of a curve after its warm-up."""
    if not isinstance(curve, LossCurve):
        raise InputError(f"curve must be a LossCurve, not {show(curve)}")
    steps, loss = after_warmup(curve)
    if steps.size == 0:
        raise InputError(f"curve {curve.name!r} must have losses after its warm-up to be scored, but has none")
    return steps, loss


def _schedule(s: object) -> Schedule:
    if not isinstance(s, Schedule):
        raise InputError(f"s must be a Schedule, not {show(s)}")
    return s


def _plain(value: Any) -> Any:
    """`value` as JSON has it: infinite and undefined numbers are null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
