"""Steps alone: the data term of Chinchilla's law, blind to the schedule."""

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
from rivervalley.laws.base.terms import ALPHA


@register_law
@dataclass(frozen=True)
class StepsLaw(Law):
    """L(s) = L0 + A s^-alpha, s the updates done: the data term of Chinchilla's law (arXiv 2203.15556, eq. 2) at fixed size.

    With B tokens to an update it is L0 + (A B^alpha) D^-alpha. It knows nothing of LRs: the baseline that every law of
    schedules must beat.

    Examples
    --------
    >>> from rivervalley.schedules import constant
    >>> float(StepsLaw(L0=2.0, A=1.0, alpha=0.5).predict(constant(4, 0.1))[-1])
    2.5
    """

    L0: float
    A: float
    alpha: float

    name: ClassVar[str] = "steps"
    formula: ClassVar[str] = "L = L0 + A s^-alpha"
    source: ClassVar[str] = "Hoffmann et al., Training Compute-Optimal Large Language Models, arXiv 2203.15556"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (ALPHA,)

    @staticmethod
    def terms(points: Points) -> Terms:
        """1 and s^-alpha."""
        log_steps = np.log(points.steps)
        ones = np.ones(log_steps.size)

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            power = np.exp(-float(shape[0]) * log_steps)
            return np.stack([ones, power]), (-log_steps * power)[None]

        return evaluate
