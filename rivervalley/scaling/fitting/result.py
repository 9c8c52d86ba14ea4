"""A fitted scaling law: parameters, intervals, predictions, and constants for the calculators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rivervalley._common.checks import FloatArray, InputError
from rivervalley.scaling._arguments import Numbers, Value, calculator, together
from rivervalley.scaling.chinchilla import Chinchilla
from rivervalley.scaling.fitting.forms import form_of
from rivervalley.scaling.fitting.runs import COLUMNS
from rivervalley.scaling.kaplan.constants import PowerLaw, SizeData, SizeSteps


@dataclass(frozen=True)
class ScalingFit:
    """What `fit_scaling` found.

    Attributes
    ----------
    law, formula : str
    params : dict of parameter name to value
        E, the irreducible loss, comes first where there is one.
    intervals : dict of parameter name to (low, high)
        At the confidence asked for, if the law is right and residuals are noise; (0, inf) where not identified.
    diagnostics : dict
        As `fit_scaling` describes.
    """

    law: str
    formula: str
    params: dict[str, float]
    intervals: dict[str, tuple[float, float]] = field(repr=False)
    diagnostics: dict[str, Any] = field(repr=False)

    @calculator
    def predict(self, **columns: Numbers) -> Value:
        """The loss for values of the law's columns, such as predict(N=1e9, D=2e10): floats or arrays that broadcast.

        Raises
        ------
        InputError
            If a column of the law is missing, one that it does not have is given, or a value is not positive and finite.
        """
        form = form_of(self.law)
        if set(columns) != set(form.columns):
            given = ", ".join(sorted(columns)) or "nothing"
            raise InputError(f"predict must be given {' and '.join(form.columns)} for law {self.law!r}, not {given}")
        values = {name: columns[name] for name in form.columns}
        x = together(**values)
        scales = [self.params[name] for name in form.scales]
        powers = [self.params[name] for name in form.exponents]
        if form.coupled:
            ratio = powers[0] / powers[1]
            loss: FloatArray = ((scales[0] / x[0]) ** ratio + scales[1] / x[1]) ** powers[1]
            return loss
        loss = np.full(x[0].shape, self.params.get("E", 0.0))
        for scale, power, column in zip(scales, powers, x, strict=True):
            if scale > 0.0:
                loss = loss + (scale * column**-power if form.as_coefficients else (scale / column) ** power)
        return loss

    def constants(self) -> PowerLaw | SizeData | SizeSteps | Chinchilla:
        """The fitted constants as the calculators of `kaplan` and `chinchilla` take them.

        Raises
        ------
        InputError
            If the law was fitted with an irreducible loss that its calculators do not have, or a term is missing.
        """
        p, form = self.params, form_of(self.law)
        if not form.offset and p.get("E", 0.0) > 0.0:
            raise InputError(f"offset must be False for law {self.law!r} to go into its calculators, which have no E")
        source = f"fitted to {self.diagnostics.get('points', 0)} losses"
        if self.law == "chinchilla":
            return Chinchilla(p.get("E", 0.0), p["A"], p["B"], p["alpha"], p["beta"], source)
        if self.law == "size_data":
            return SizeData(p["alpha_N"], p["alpha_D"], p["N_c"], p["D_c"], source)
        if self.law == "size_steps":
            return SizeSteps(p["alpha_N"], p["alpha_S"], p["N_c"], p["S_c"], source)
        unit = COLUMNS[form.columns[0]]
        return PowerLaw(p[form.exponents[0]], p[form.scales[0]], unit, source)

    def summary(self) -> str:
        """Formula, parameters with intervals, quality of the fit and warnings, as lines of text."""
        diagnostics = self.diagnostics
        width = max(len(name) for name in self.params)
        lines = [f"{self.law}: loss = {self.formula}"]
        for name, value in self.params.items():
            low, high = self.intervals[name]
            lines.append(f"  {name:<{width}}  {value:.5g}  [{low:.5g}, {high:.5g}]")
        lines.append(
            f"  fitted to {diagnostics['points']} losses; mean relative error {diagnostics['mape']:.3%}, worst {diagnostics['worst']:.3%}; "
            f"condition number {diagnostics['condition_number']:.3g}; {diagnostics['starts_agreeing']} of {diagnostics['starts']} starts agree"
        )
        other = diagnostics["alternative"]
        if other is not None:
            values = ", ".join(f"{name} {value:.4g}" for name, value in other["params"].items())
            lines.append(f"  {other['what']}: objective {other['objective_ratio']:.3g} times as large, {values}")
        lines += [f"  note: {sentence}" for sentence in diagnostics["notes"]]
        lines += [f"  warning: {sentence}" for sentence in diagnostics["warnings"]]
        return "\n".join(lines)
