"""The forward area alone: what is left of the annealing law without annealing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.variable_projection import Terms
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import ALPHA, forward_term


@register_law
@dataclass(frozen=True)
class ForwardLaw(Law):
    """L(s) = L0 + A S1(s)^-alpha: the annealing law (arXiv 2408.11029) with C = 0, the baseline of its ablation.

    At a constant LR it is the data term of Chinchilla's law (arXiv 2203.15556).

    Examples
    --------
    >>> from rivervalley.schedules import Schedule
    >>> float(ForwardLaw(L0=2.0, A=1.0, alpha=0.5).predict(Schedule([0.5, 0.5]))[-1])
    3.0
    """

    L0: float
    A: float
    alpha: float

    name: ClassVar[str] = "forward"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha"
    source: ClassVar[str] = "ablation of arXiv 2408.11029"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (ALPHA,)

    @staticmethod
    def terms(points: Points) -> Terms:
        """1 and S1^-alpha."""
        count = points.S1.size
        forward_power = forward_term(points)

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            power, slope = forward_power(float(shape[0]))
            return np.stack([np.ones(count), power]), slope[None]

        return evaluate
