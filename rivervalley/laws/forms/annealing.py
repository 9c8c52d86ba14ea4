"""The scaling law with learning-rate annealing (Tissue, Wang and Wang, arXiv 2408.11029)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels import areas as kernels
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import ALPHA, DECAY_FACTOR, forward_term, on_change


@register_law
@dataclass(frozen=True)
class AnnealingLaw(Law):
    """L(s) = L0 + A S1(s)^-alpha - C S2(s), with S1 the forward area and S2 the annealing area (`rivervalley.areas`).

    Parameters
    ----------
    L0, A, alpha, C : float
        At least 0. L0 in the unit of the loss, A in that of loss x LR^alpha, C in that of loss / LR.
    decay_factor : float
        lambda of the annealing area, within [0, 1): how much of its momentum is left after an update. The authors' is 0.999;
        fits fix it there unless told otherwise.
    warmup_area : {"ramp", "included", "full"}
        How warm-up enters S1 and S2 (`rivervalley.areas`). The authors' rule is "full". It shifts L0 and alpha a lot, so
        parameters of one convention mean nothing under another.

    The constants belong to one configuration: model, data, batch size, optimiser and peak LR. A constant and a cosine
    together identify the law; from a constant alone C is not identifiable, and from a cosine alone it is weakly so. C and
    the decay factor are nearly interchangeable; C / (1 - decay_factor), in `combinations`, is what data determine well.

    Raises
    ------
    InputError
        If a parameter is not a finite number in its range.

    Examples
    --------
    The authors' published fit, for a constant LR without warm-up:

    >>> from rivervalley.schedules import Schedule
    >>> law = AnnealingLaw(L0=2.628, A=0.429, alpha=0.550, C=0.411)
    >>> print(f"{law.predict(Schedule([2e-4] * 20_000))[-1]:.3f}")
    2.828
    """

    L0: float
    A: float
    alpha: float
    C: float
    decay_factor: float = 0.999

    name: ClassVar[str] = "annealing"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - C S2"
    source: ClassVar[str] = "Tissue, Wang and Wang, Scaling Law with Learning Rate Annealing, arXiv 2408.11029"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "C")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (ALPHA, DECAY_FACTOR)
    annealing_coefficient: ClassVar[str | None] = "C"

    def combinations(self) -> dict[str, tuple[float, dict[str, float]]]:
        """C / (1 - decay_factor), the loss gained by one unit of LR annealed slowly: value and gradient."""
        memory = 1.0 / (1.0 - self.decay_factor)
        return {"C/(1-decay_factor)": (self.C * memory, {"C": memory, "decay_factor": self.C * memory**2})}

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and -S2(decay_factor); the areas' recursion runs once for each new decay factor."""
        count = points.S1.size
        forward_power = forward_term(points)
        longest = max(lr.size for lr in points.annealing_lr)
        work = np.empty((3, longest))
        S2, dS2 = np.empty(count), np.empty(count)

        @on_change
        def areas(decay_factor: float) -> None:
            runs = zip(points.slices(), points.forward_lr, points.annealing_lr, points.index, strict=True)
            for part, forward, annealing, index in runs:
                s1, s2, ds2 = work[:, : forward.size]
                kernels.areas_with_gradient(forward, annealing, decay_factor, s1, s2, ds2)
                S2[part] = s2[index]
                dS2[part] = ds2[index]

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, decay_factor = float(shape[0]), float(shape[1])
            areas(decay_factor)
            power, slope = forward_power(alpha)
            return np.stack([np.ones(count), power, -S2]), np.stack([slope, -dS2])

        return evaluate
