"""What a fit was asked for: which shape parameters are free, fixed or regularised, and what is told of the runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.laws.base.parameter import ConfigurationField, ShapeParameter
from rivervalley.laws.base.points import WARMUP_AREAS
from rivervalley.laws.base.result import Prior

if TYPE_CHECKING:
    from rivervalley.laws.base.law import Law

COMMON = ("warmup_area", "huber_delta", "confidence")
_STRENGTH = "_strength"


@dataclass(frozen=True)
class FitOptions:
    """The options of a fit, checked.

    Attributes
    ----------
    warmup_area, huber_delta, confidence
        As `Law.fit` has them.
    free : tuple of ShapeParameter
    starts : tuple of tuples of float
        Where searches begin, for each of these.
    fixed : mapping of name to float
    priors : mapping of name to Prior
        Of free parameters.
    configuration : mapping of name to float
    per_curve : mapping of name to float array, shape (curves,)
    """

    warmup_area: str
    huber_delta: float
    confidence: float
    free: tuple[ShapeParameter, ...]
    starts: tuple[tuple[float, ...], ...]
    fixed: Mapping[str, float]
    priors: Mapping[str, Prior]
    configuration: Mapping[str, float]
    per_curve: Mapping[str, FloatArray]

    def working_starts(self) -> Iterator[tuple[float, ...]]:
        """All combinations of the starts, on the scales that fits search on."""
        scaled = (
            tuple(parameter.to_working(value) for value in values)
            for parameter, values in zip(self.free, self.starts, strict=True)
        )
        return itertools.product(*scaled)


def option_names(law: type[Law]) -> tuple[str, ...]:
    """The options of a law's `fit`, without the strengths."""
    shapes = (parameter.name for parameter in law.shape_parameters)
    return (*shapes, *(item.name for item in law.configuration_fields), *law.per_curve, *COMMON)


def fit_options(
    law: type[Law],
    peaks: Sequence[float],
    warmup_area: str | None,
    huber_delta: float,
    confidence: float,
    options: Mapping[str, object],
) -> FitOptions:
    """Check the options of a fit to curves of these peak LRs.

    Raises
    ------
    InputError
        If an option is unknown to the law, out of range or missing.
    """
    names = option_names(law)
    strengths = {parameter.name + _STRENGTH for parameter in law.shape_parameters}
    for name in options:
        if name not in names and name not in strengths:
            raise InputError(f"{name} must be left out for the {law.name} law, whose options are {', '.join(names)}")
    area = law.default_warmup_area() if warmup_area is None else checks.choice("warmup_area", warmup_area, WARMUP_AREAS)
    delta = checks.real("huber_delta", huber_delta, 0.0, open_low=True)
    level = checks.real("confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
    free: list[ShapeParameter] = []
    starts: list[tuple[float, ...]] = []
    fixed: dict[str, float] = {}
    priors: dict[str, Prior] = {}
    curves = len(peaks)
    centers = law.prior_centers(_middle(peaks), options)
    for parameter in law.shape_parameters:
        value, prior = _choice(parameter, options, centers.get(parameter.name, parameter.default))
        if value is not None:
            fixed[parameter.name] = value
            continue
        free.append(parameter)
        # A search starts where the user's own prior is centred: the law's starts are for the law's own.
        own = prior is not None and parameter.name + _STRENGTH in options
        starts.append((prior.center,) if own and prior else parameter.starts)
        if prior is not None:
            priors[parameter.name] = prior
    per_curve = {name: _per_curve(name, law, options, curves) for name in law.per_curve}
    configuration: dict[str, float] = {}
    for item in law.configuration_fields:
        numbers = _configured(item, law, options, curves)
        configuration[item.name] = float(numbers[0])
        if numbers.size > 1:
            per_curve[item.name] = numbers
    return FitOptions(area, delta, level, tuple(free), tuple(starts), fixed, priors, configuration, per_curve)


def _middle(peaks: Sequence[float]) -> float:
    """The geometric mean of the peak LRs, 1 where an LR was never above 0."""
    return float(np.exp(np.mean(np.log(peaks)))) if min(peaks) > 0.0 else 1.0


def _choice(
    parameter: ShapeParameter, options: Mapping[str, object], default: float | None
) -> tuple[float | None, Prior | None]:
    """(value it is fixed at, None), or (None, its prior) for a free parameter."""
    name, given = parameter.name, parameter.name in options
    value = options.get(name, default)
    number = None if value is None else checks.real(name, value, parameter.low, parameter.high)
    if name + _STRENGTH in options and options[name + _STRENGTH] is not None:
        strength = checks.real(name + _STRENGTH, options[name + _STRENGTH], 0.0, open_low=True)
        if number is None:
            raise InputError(f"{name} must be a number where {name}_strength is given, not None")
        return None, Prior(number, strength)
    if number is not None and (given or parameter.fixed):
        return number, None
    if number is not None and parameter.strength > 0.0:
        return None, Prior(number, parameter.strength)
    return None, None


def _configured(item: ConfigurationField, law: type[Law], options: Mapping[str, object], curves: int) -> FloatArray:
    """The configuration's number, common to all curves, or one for each of them."""
    value = options.get(item.name, item.default)
    if value is None:
        raise InputError(f"{item.name} must be given for the {law.name} law: it belongs to the runs' configuration")
    if isinstance(value, (list, tuple, np.ndarray)):
        if len(value) != curves:
            raise InputError(f"{item.name} must have one entry for each of the {curves} curves, not {len(value)}")
        return np.array([checks.real(item.name, number, item.low, item.high) for number in value])
    return np.array([checks.real(item.name, value, item.low, item.high)])


def _per_curve(name: str, law: type[Law], options: Mapping[str, object], curves: int) -> FloatArray:
    if name not in options:
        raise InputError(f"{name} must be given for the {law.name} law: a number for each of the {curves} curves")
    values = checks.array(name, options[name], low=0.0, open_low=True)
    if values.size != curves:
        raise InputError(f"{name} must have one entry for each of the {curves} curves, not {values.size}")
    return values
