"""The forms that are fitted, their terms and slopes, and what of them is reported.

Inside, columns are divided by their geometric mean over the runs: amplitudes are then the terms' sizes there, which data
determine far better than the terms at 1 parameter or 1 token. Covariances are of the working parameters

    additive forms          E, ln a_k, exponent_k         loss = E + sum of a_k (x_k / mean_k)^-exponent_k
    size and data, Kaplan   ln a_N, ln a_D, r, alpha_D    loss = (a_N (N / mean)^-r + a_D mean / D)^alpha_D

and go over to reported ones, N_c or A say, in their logarithms. An amplitude of 0 has no logarithm: its working parameter is
the amplitude itself. So a term that a fit left out still counts where it could stand in for another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray


@dataclass(frozen=True)
class Form:
    """A law's shape: the columns it reads and the names of its parameters, a scale and an exponent for each column.

    `as_coefficients`: scales are A of A / x^alpha, not x_c of (x_c / x)^alpha. `coupled`: Kaplan's law of size and data.
    """

    name: str
    formula: str
    columns: tuple[str, ...]
    scales: tuple[str, ...]
    exponents: tuple[str, ...]
    as_coefficients: bool = False
    coupled: bool = False
    offset: bool = False  # whether the published law has an irreducible loss


FORMS = {
    form.name: form
    for form in (
        Form("size", "(N_c / N)^alpha_N", ("N",), ("N_c",), ("alpha_N",)),
        Form("data", "(D_c / D)^alpha_D", ("D",), ("D_c",), ("alpha_D",)),
        Form("compute", "(C_c / C)^alpha_C", ("C",), ("C_c",), ("alpha_C",)),
        Form(
            "size_data",
            "[(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D",
            ("N", "D"),
            ("N_c", "D_c"),
            ("alpha_N", "alpha_D"),
            coupled=True,
        ),
        Form(
            "size_steps", "(N_c / N)^alpha_N + (S_c / S)^alpha_S", ("N", "S"), ("N_c", "S_c"), ("alpha_N", "alpha_S")
        ),
        Form(
            "chinchilla",
            "A / N^alpha + B / D^beta",
            ("N", "D"),
            ("A", "B"),
            ("alpha", "beta"),
            as_coefficients=True,
            offset=True,
        ),
    )
}  # fmt: skip


def form_of(law: str) -> Form:
    """A form by name, refused where there is none."""
    return FORMS[checks.choice("law", law, FORMS)]


@dataclass(frozen=True)
class Solution:
    """Parameters as the search has them; for the coupled form `exponents` are (r, alpha_D), and offset is 0."""

    offset: float
    amplitudes: FloatArray
    exponents: FloatArray
    objective: float


@dataclass(frozen=True)
class Reported:
    """A parameter as users see it: value, and the gradient by the working parameters of it, or of its logarithm if `log`."""

    name: str
    value: float
    gradient: FloatArray
    log: bool


@dataclass(frozen=True, eq=False)
class Design:
    """A form at given runs: x, shape (columns, R), the logarithms over their means; whether there is an offset."""

    form: Form
    x: FloatArray
    means: FloatArray
    offset: bool

    @property
    def size(self) -> int:
        """How many parameters are free."""
        return 2 * len(self.form.columns) + self.offset

    def terms(self, exponents: FloatArray) -> tuple[FloatArray, FloatArray]:
        """1 where there is an offset, then the powers, shape (K, R), and the slope of each power by its exponent.

        In the coupled form the terms of loss^(1 / alpha_D) and the one free exponent, r.
        """
        full = np.append(exponents, 1.0) if self.form.coupled else exponents
        powers = np.exp(-full[:, None] * self.x)
        slopes = (-self.x * powers)[: exponents.size]
        return (np.vstack([np.ones(self.x.shape[1]), powers]) if self.offset else powers), slopes

    def evaluate(self, at: Solution) -> tuple[FloatArray, FloatArray]:
        """The loss, shape (R,), and the Jacobian of its logarithm by the working parameters, shape (size, R)."""
        if self.form.coupled:
            return self._evaluate_coupled(at)
        powers = np.exp(-at.exponents[:, None] * self.x)
        parts = at.amplitudes[:, None] * powers
        loss = at.offset + parts.sum(axis=0)
        rows = np.vstack([_working_scale(at.amplitudes) * powers, -self.x * parts])
        if self.offset:
            rows = np.vstack([np.ones(loss.size), rows])
        return loss, rows / loss

    def _evaluate_coupled(self, at: Solution) -> tuple[FloatArray, FloatArray]:
        ratio, alpha_D = at.exponents
        powers = np.exp(-np.array([[ratio], [1.0]]) * self.x)
        parts = at.amplitudes[:, None] * powers
        total = parts.sum(axis=0)
        log_total = np.log(total)
        by_amplitude = alpha_D * _working_scale(at.amplitudes) * powers / total
        jacobian = np.vstack([by_amplitude, -alpha_D * parts[0] / total * self.x[0], log_total])
        return np.exp(alpha_D * log_total), jacobian

    def report(self, at: Solution) -> list[Reported]:
        """The published parameters in the order of the formula, offset first."""
        with np.errstate(divide="ignore"):
            logs = np.log(at.amplitudes)
        parameters = []
        if self.offset:
            parameters.append(Reported("E", at.offset, self._unit(0), False))
        scales, exponents = [], []
        count, first = len(self.form.columns), int(self.offset)
        for k in range(count):
            slot, power = first + k, first + count + k
            exponent, gradient = at.exponents[k], self._unit(power)
            if self.form.coupled:
                exponent, gradient = self._coupled_exponent(k, at)
                power_of_scale = (at.exponents[0], 1.0)[k]
                by_power = self._unit(first + count) if k == 0 else 0.0 * gradient
            else:
                power_of_scale, by_power = at.exponents[k], gradient
            if self.form.as_coefficients:
                value = logs[k] + power_of_scale * self.means[k]
                slope = self._unit(slot) + self.means[k] * by_power
            else:
                shift = logs[k] / power_of_scale if at.amplitudes[k] > 0.0 else 0.0
                value = self.means[k] + (shift if at.amplitudes[k] > 0.0 else -np.inf)
                slope = (self._unit(slot) - shift * by_power) / power_of_scale
            if at.amplitudes[k] == 0.0:
                slope = self._unit(slot) + self._unit(power)  # whatever its exponent, which nothing determines
            scales.append(Reported(self.form.scales[k], _exp(value), slope, True))
            exponents.append(Reported(self.form.exponents[k], float(exponent), gradient, False))
        return [*parameters, *scales, *exponents]

    def _coupled_exponent(self, k: int, at: Solution) -> tuple[float, FloatArray]:
        """alpha_N = r alpha_D, or alpha_D."""
        ratio, alpha_D = float(at.exponents[0]), float(at.exponents[1])
        if k == 1:
            return alpha_D, self._unit(3)
        return ratio * alpha_D, alpha_D * self._unit(2) + ratio * self._unit(3)

    def _unit(self, k: int) -> FloatArray:
        row = np.zeros(self.size)
        row[k] = 1.0
        return row


def _working_scale(amplitudes: FloatArray) -> FloatArray:
    """Derivative of each amplitude by its working parameter, a column: by its logarithm, or by itself where it is 0."""
    return np.where(amplitudes > 0.0, amplitudes, 1.0)[:, None]


def _exp(value: float) -> float:
    with np.errstate(over="ignore", under="ignore"):
        return float(np.exp(value))


def design(form: Form, columns: list[FloatArray], offset: bool) -> Design:
    """The form at the columns of the runs, given in the form's order."""
    logs = np.log(np.stack(columns))
    means = logs.mean(axis=1)
    return Design(form, logs - means[:, None], means, offset)
