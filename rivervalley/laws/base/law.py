"""What a law is: parameters, the terms they weigh, and what every law can do."""

from __future__ import annotations

import html
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray, show
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores, end_residual, scores
from rivervalley.estimation.variable_projection import Terms
from rivervalley.laws.base.calibration import Calibration
from rivervalley.laws.base.files import LawDocument, read_law_file, write_law_file
from rivervalley.laws.base.fit import fit_law
from rivervalley.laws.base.options import fit_options
from rivervalley.laws.base.parameter import ConfigurationField, ShapeParameter
from rivervalley.laws.base.points import WARMUP_AREAS, Points, checked_curves, readings
from rivervalley.laws.base.result import FitResult, as_mapping
from rivervalley.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class Law(ABC):
    """Base of all laws: loss = sum of coefficient x term, the terms shaped by a few shape parameters.

    A law is a frozen dataclass with one float field for each parameter and each number of the configuration, the class
    variables below, and `terms`. Fitting, scoring, diagnostics, warm-up conventions and files come with it. It becomes
    known by name with the decorator `register_law`.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    coefficients: ClassVar[tuple[str, ...]]  # in the order of the terms
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]]
    annealing_coefficient: ClassVar[str | None] = None  # of the term that follows changes of the LR
    hints: ClassVar[Mapping[str, str]] = MappingProxyType({})  # what to do where the curves do not identify a parameter
    configuration_fields: ClassVar[tuple[ConfigurationField, ...]] = ()  # of the runs, stored with the law and not fitted
    per_curve: ClassVar[tuple[str, ...]] = ()  # options of `fit` with a positive number for each curve
    calibration: ClassVar[Calibration] = Calibration()
    transfers: ClassVar[bool] = False  # whether the law holds at other peak LRs than the fitted ones
    weights_grow: ClassVar[bool] = False  # whether a reading weighs its step / the last step of its curve, or all weigh 1

    warmup_area: str = "ramp"
    result: FitResult | None = field(default=None, repr=False, compare=False)

    @staticmethod
    @abstractmethod
    def terms(points: Points) -> Terms:
        """The law's terms at given points, as a function of its shape parameters.

        That function takes the shape parameters in the order of `shape_parameters` and returns the terms, shape
        (coefficients, R), and for each of these parameters the derivative of the one term it shapes, shape (shape
        parameters, R). What does not depend on the parameters is computed once, outside it.
        """

    @classmethod
    def first_step(cls, schedule: Schedule, configuration: Mapping[str, float]) -> int:
        """Update count of the first reading that fits take into account: the end of the warm-up."""
        return schedule.warmup_steps

    @classmethod
    def prior_centers(cls, peak_lr: float, options: Mapping[str, object]) -> dict[str, float]:
        """What parameters are regularised toward where their own `default` will not do because it has a unit; by name."""
        return {}

    def unsupported(self, s: Schedule) -> str | None:
        """Why the fitted curves do not support any prediction for this schedule; None where they do."""
        return None

    def combinations(self) -> dict[str, tuple[float, dict[str, float]]]:
        """Combinations of parameters that data determine better than each alone: by name, value and gradient."""
        return {}

    @classmethod
    def fit(
        cls,
        curves: LossCurve | Sequence[LossCurve],
        *,
        warmup_area: str | None = None,
        huber_delta: float = 1e-3,
        confidence: float = 0.95,
        **options: object,
    ) -> Self:
        """Fit the law to one or several curves.

        What is minimised is the sum over all readings of Huber_delta(log L - log loss) (arXiv 2408.11029, released script,
        after arXiv 2203.15556). The coefficients, at least 0, are solved for at every step. All combinations of the free
        shape parameters' starts are compared, and searches begin at the best of them; both see some of the readings where
        there are many. The best search is refined on all of them, to 1e-13 of the objective.

        Parameters
        ----------
        curves : LossCurve or list of LossCurve
            Runs of one configuration. Losses before the end of a warm-up are left out.
        warmup_area : {"ramp", "included", "full"}, optional
            How warm-up enters S1 and S2; the law's own convention if not given.
        huber_delta : float
            Above 0: log residuals within it count quadratically, larger ones linearly.
        confidence : float
            Of the intervals, within (0, 1). They are conditional on the law being right: see `estimation.uncertainty`.
        **options
            By the name of a shape parameter, the value that it is fixed at, or None to fit it. With NAME_strength above 0
            it is not fixed but regularised toward that value: strength / 2 x (distance)^2 is added to the objective in
            units of huber_delta^2, with the distance on the scale that searches go by, mostly the logarithm. Further the
            law's configuration, and its numbers for each curve.

        Returns
        -------
        The law, with its FitResult as `result`.

        Raises
        ------
        InputError
            If there is no curve, a loss is not positive, there are fewer readings than parameters, or an option is
            unknown, missing or out of range.
        """
        chosen = checked_curves(curves)
        peaks = [curve.schedule.peak_lr for curve in chosen]
        return fit_law(cls, chosen, fit_options(cls, peaks, warmup_area, huber_delta, confidence, options))

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, float], warmup_area: str, result: FitResult | None = None) -> Self:
        """The law with the parameters and the configuration that `numbers` holds by name."""
        fields_of_law: dict[str, Any] = dict(numbers)
        return cls(**fields_of_law, warmup_area=warmup_area, result=result)

    def __post_init__(self) -> None:
        checks.choice("warmup_area", self.warmup_area, WARMUP_AREAS)
        for name in self.coefficients:
            object.__setattr__(self, name, checks.real(name, getattr(self, name), 0.0))
        bounds = [(item.name, min(item.low, 0.0), item.high) for item in self.shape_parameters]
        bounds += [(item.name, item.low, item.high) for item in self.configuration_fields]
        for name, low, high in bounds:
            object.__setattr__(self, name, checks.real(name, getattr(self, name), low, high))

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value:.5g}" for name, value in (self.params | self.configuration).items())
        return f"{self.name} law: {self.formula}, {values}, warmup_area={self.warmup_area!r}"

    @classmethod
    def default_warmup_area(cls) -> str:
        """How warm-up enters S1 and S2 unless told otherwise."""
        (default,) = (item.default for item in fields(cls) if item.name == "warmup_area")
        return str(default)

    @property
    def params(self) -> dict[str, float]:
        """Value of each parameter, by name."""
        names = {*self.coefficients, *(parameter.name for parameter in self.shape_parameters)}
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name in names}

    @property
    def configuration(self) -> dict[str, float]:
        """The numbers of the runs' configuration that the law goes by, by name."""
        return {item.name: getattr(self, item.name) for item in self.configuration_fields}

    def _repr_html_(self) -> str:
        rows = [("formula", self.formula)]
        for name, value in self.params.items():
            low_high = self.intervals.get(name)
            rows.append((name, f"{value:.5g}" + (f", {low_high[0]:.5g} to {low_high[1]:.5g}" if low_high else "")))
        if self.result is not None:
            rows.append(("fitted to", ", ".join(curve.name for curve in self.result.curves)))
        cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in rows)
        return f"<div><strong>{html.escape(self.name)} law</strong><table>{cells}</table></div>"

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """(low, high) of each fitted parameter; empty where the law was constructed directly."""
        return dict(self.result.intervals) if self.result else {}

    @property
    def diagnostics(self) -> Mapping[str, Any]:
        """`result` as one read-only mapping of plain values; empty where the law was constructed directly."""
        return as_mapping(self.result) if self.result else MappingProxyType({})

    @property
    def peak_lr(self) -> tuple[float, float] | None:
        """Lowest and highest peak LR of the fitted curves; None where the law was constructed directly."""
        return self.result.peak_lr if self.result else None

    def shape(self) -> FloatArray:
        """The shape parameters, as the function that `terms` returns takes them."""
        return np.array([getattr(self, parameter.name) for parameter in self.shape_parameters])

    def weights(self) -> FloatArray:
        """The coefficients, in the order of the terms."""
        return np.array([getattr(self, name) for name in self.coefficients])

    def points(self, s: Schedule, steps: ArrayLike) -> Points:
        """What the law sees of a schedule after `steps` updates: strictly rising whole numbers, 1 <= steps <= s.steps.

        Raises
        ------
        InputError
            If `s` is no Schedule or `steps` do not lie within it.
        """
        schedule = _schedule(s)
        places = checks.rising_steps("steps", steps, low=1)
        if places[-1] > schedule.steps:
            raise InputError(f"steps must end within the schedule's {schedule.steps} updates, not at {int(places[-1])}")
        return Points.of([schedule], [places], self.warmup_area, configuration=self.configuration)

    def at_points(self, points: Points) -> FloatArray:
        """The loss at prepared points, shape (R,)."""
        with np.errstate(divide="ignore"):
            terms, _ = self.terms(points)(self.shape())
        return self.loss_from(terms)

    def loss_from(self, terms: FloatArray) -> FloatArray:
        """The loss, shape (R,), from the terms, shape (coefficients, R); a term of weight 0 may be infinite."""
        weights = self.weights()
        used = weights != 0.0
        loss: FloatArray = weights[used] @ terms[used] if used.any() else np.zeros(terms.shape[1])
        return loss

    def predict(self, s: Schedule) -> FloatArray:
        """The loss after each update of a schedule, shape (steps,), in the unit of the fitted losses.

        Warm-up enters S1 and S2 as it did in the fit. Values during the warm-up are the formula's, which was not fitted
        there; where no LR above 0 came yet they are infinite.

        Raises
        ------
        InputError
            If `s` is no Schedule.
        """
        return self.predict_at(s, np.arange(1, _schedule(s).steps + 1))

    def predict_at(self, s: Schedule, steps: ArrayLike) -> FloatArray:
        """The loss after `steps` updates of a schedule: strictly rising whole numbers, 1 <= steps <= s.steps; same shape.

        Raises
        ------
        InputError
            If `s` is no Schedule or `steps` do not lie within it.
        """
        return self.at_points(self.points(s, steps))

    def score(self, curve: LossCurve) -> Scores:
        """Errors of the prediction for the curve's own schedule, over its losses from the end of the warm-up on.

        Raises
        ------
        InputError
            If `curve` is no LossCurve or has no losses after its warm-up.
        """
        steps, loss = recorded(curve)
        return scores(loss, self.predict_at(curve.schedule, steps))

    def end_loss(self, curve: LossCurve) -> float:
        """The loss at the end of a curve, for comparison with a prediction: its last reading, or where readings are noisy
        the mean of the last ones, up to a twentieth of them, carried to the end along the law.

        Raises
        ------
        InputError
            As `score`.
        """
        steps, loss = recorded(curve)
        return end_loss(loss, self.predict_at(curve.schedule, steps))

    def cautions(self, s: Schedule) -> list[str]:
        """Sentences on why a prediction for this schedule extrapolates from what the law was fitted to, if it does."""
        schedule = _schedule(s)
        lr, peak = schedule.lr, schedule.peak_lr
        sentences = []
        if self.peak_lr is not None and not self.peak_lr[0] * 0.99 <= peak <= self.peak_lr[1] * 1.01:
            low, high = self.peak_lr
            fitted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            if not self.transfers:
                sentences.append(
                    f"the schedule's peak LR {peak:g} differs from the fitted {fitted}: "
                    f"the {self.name} law is not known to transfer across peak LRs"
                )
            elif peak > 2.02 * high:
                sentences.append(
                    f"the schedule's peak LR {peak:g} is more than twice the highest fitted {fitted}: "
                    "no law sees divergence coming"
                )
        after = lr[max(schedule.warmup_steps - 1, 0) :]
        if np.any(np.diff(after) > 1e-9 * peak):
            sentences.append("the LR rises after the warm-up, which the fitted curves may not have shown")
        zeros = int(np.argmax(lr[::-1] > 0.0)) if peak > 0.0 else lr.size
        if zeros > 1:
            sentences.append(f"the last {zeros} LRs are 0: nothing moves there, but the law may go on falling")
        return sentences

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the law, its warm-up convention and its FitResult as JSON; `load` reads it back.

        Raises
        ------
        InputError
            If the path cannot be written to.
        """
        write_law_file(path, LawDocument(self.name, self.params, self.configuration, self.warmup_area, self.result))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a law that `save` wrote.

        Raises
        ------
        InputError
            If the file cannot be read, is no law, or is another law than this.
        """
        return cls.from_document(read_law_file(path), str(path))

    @classmethod
    def from_document(cls, document: LawDocument, origin: str) -> Self:
        """The law that a file's content describes; `origin` names the file."""
        if document.law != cls.name:
            raise InputError(f"path must hold a law of kind {cls.name!r}, but {origin} holds {show(document.law)}")
        numbers = {**document.params, **document.configuration}
        names = {item.name for item in fields(cls)} - {"warmup_area", "result"}
        if set(numbers) != names:
            raise InputError(
                f"path must hold the numbers {', '.join(sorted(names))} of a law, but {origin} holds {show(sorted(numbers))}"
            )
        try:
            return cls.from_numbers(numbers, document.warmup_area, document.result)
        except InputError as error:
            raise InputError(f"path must hold a law as save writes it, but in {origin} {error}") from None


def end_loss(loss: FloatArray, predicted: FloatArray) -> float:
    """The loss at the end of a curve, averaged along its prediction; both of shape (R,)."""
    if min(loss.min(), predicted.min()) <= 0.0:
        return float(loss[-1])
    return float(predicted[-1] * np.exp(end_residual(np.log(loss / predicted))))


def recorded(curve: object) -> tuple[IntArray, FloatArray]:
    """Steps and losses of a curve after its warm-up.

    Raises
    ------
    InputError
        If `curve` is no LossCurve or has none.
    """
    if not isinstance(curve, LossCurve):
        raise InputError(f"curve must be a LossCurve, not {show(curve)}")
    steps, loss = readings(curve)
    if steps.size == 0:
        raise InputError(f"curve {curve.name!r} must have losses after its warm-up to be scored, but has none")
    return steps, loss


def _schedule(s: object) -> Schedule:
    if not isinstance(s, Schedule):
        raise InputError(f"s must be a Schedule, not {show(s)}")
    return s
