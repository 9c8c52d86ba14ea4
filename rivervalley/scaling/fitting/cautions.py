"""What is not identifiable from the runs of a fit, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.scaling.fitting.forms import Form
from rivervalley.scaling.fitting.search import HIGHEST_EXPONENT, LOWEST_EXPONENT

SHORT_SPAN = 10.0  # a column that spans less than this factor hardly shows a power
COLLINEAR = 0.98  # correlation of two columns' logarithms from which their terms part by curvature alone
FEW_SPARE = 3
BETTER = 0.7  # an alternative whose objective is below this share of the fit's is worth a word


def design_warnings(form: Form, columns: list[FloatArray], offset: bool, parameters: int) -> list[str]:
    """What the choice of runs leaves open, whatever their losses are."""
    sentences = []
    needed = 3 if offset else 2
    for name, values, exponent in zip(form.columns, columns, form.exponents, strict=True):
        distinct = np.unique(values).size
        span = float(values.max() / values.min())
        if distinct == 1:
            merged = "; it merges with E" if offset else ""
            sentences.append(
                f"all runs share {name} = {values[0]:g}: its term and {exponent} cannot be told{merged}; vary {name}"
            )
        elif distinct < needed and not form.coupled:
            sentences.append(f"{name} takes {distinct} values, but {exponent} with E needs {needed}: add runs or fit without E")
        elif span < SHORT_SPAN:
            sentences.append(
                f"{name} spans only a factor of {span:.3g}: {exponent} rests on little; a factor of 10 or more is wanted"
            )
    if len(columns) == 2 and all(np.ptp(values) > 0.0 for values in columns):
        correlation = float(np.corrcoef(np.log(columns[0]), np.log(columns[1]))[0, 1])
        if abs(correlation) > COLLINEAR:
            first, second = form.columns
            sentences.append(
                f"{first} and {second} are correlated in these runs (correlation of logarithms {correlation:.3f}): their terms "
                f"can hardly be told apart; add runs with other {second} at the same {first}"
            )
    rows = columns[0].size
    if rows - parameters < FEW_SPARE:
        sentences.append(f"{rows} losses for {parameters} parameters leave {rows - parameters} to judge the fit by")
    return sentences


def parameter_warnings(
    params: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    identified: Mapping[str, bool],
    form: Form,
) -> list[str]:
    """Parameters that the losses leave open or nearly so."""
    sentences = []
    for name, value in params.items():
        low, high = intervals[name]
        if name in form.scales and value == 0.0:
            sentences.append(f"{name} ended at 0: these runs ask for no such term")
        elif not identified[name]:
            sentences.append(f"{name} cannot be identified from these runs; its value {value:.4g} means nothing")
        elif name in form.exponents and (value < 1.01 * LOWEST_EXPONENT or value > 0.99 * HIGHEST_EXPONENT):
            sentences.append(f"{name} ended at the bound of the search, {value:.4g}")
        elif name in form.exponents and high - low > value:
            sentences.append(f"{name} is poorly determined: {value:.4g}, interval {low:.4g} to {high:.4g}")
    return sentences


def offset_warnings(
    form: Form,
    params: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    diagnostics: Mapping[str, Any],
) -> list[str]:
    """Whether the runs show an irreducible loss, and what depends on it."""
    other = diagnostics["alternative"]
    if "E" in params:
        low, high = intervals["E"]
        if low > 0.0 or not diagnostics["identified"]["E"]:
            return []
        change = "" if other is None else "; without it " + _exponents(form, other["params"])
        value = params["E"]
        return [f"these runs do not show an irreducible loss: E = {value:.4g}, interval {low:.4g} to {high:.4g}{change}"]
    if other is None or other["objective_ratio"] > BETTER:
        return []
    ratio, offset = other["objective_ratio"], other["params"]["E"]
    return [
        f"{other['what']} fits better (objective {ratio:.3g} times as large, E = {offset:.4g}): "
        "exponents without an offset then hold over the fitted range alone"
    ]


def _exponents(form: Form, params: Mapping[str, float]) -> str:
    return ", ".join(f"{name} is {params[name]:.4g}" for name in form.exponents)
