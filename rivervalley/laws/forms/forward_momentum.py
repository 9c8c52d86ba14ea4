"""The forward-momentum law: annealing measured by Adam's moments of the falls of the LR (arXiv 2512.13705)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.signal import lfilter

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.variable_projection import Terms
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import ALPHA, forward_term, on_change

BETA1, BETA2 = 0.9, 0.999
_SCALE, _INSIDE, _OUTSIDE = 1e5, 1e-8, 1e-8


@register_law
@dataclass(frozen=True)
class ForwardMomentumLaw(Law):
    """L = L0 + A S1^-alpha - C M, M the sum of m / (sqrt(1e5 v + 1e-8) + 1e-8) with Adam's moments m, v of width (eta_{i-1} - eta_i).

    As in the authors' code, and unlike its description, the term is subtracted and the bias corrections have the exponent
    i + 1. M hardly depends on the size of the falls, only on their shape, until they drown in the 1e-8: a contrast to S2,
    which is linear in the LR. Their size term B N^-aN is part of L0 here; the objective is this package's, on log losses.

    Parameters
    ----------
    L0, A, alpha, C : float
    width : float
        Factor of the falls: the width of the model, in the authors' code.

    Examples
    --------
    >>> from rivervalley.schedules import constant, linear
    >>> law = ForwardMomentumLaw(L0=2.0, A=1.0, alpha=0.5, C=0.001, width=512.0)
    >>> bool(law.predict(constant(100, 0.01))[-1] == 2.0 + 1.0)
    True
    """

    L0: float
    A: float
    alpha: float
    C: float
    width: float = 512.0

    name: ClassVar[str] = "forward_momentum"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - C sum m_i / (sqrt(1e5 v_i + 1e-8) + 1e-8)"
    source: ClassVar[str] = "arXiv 2512.13705, released code"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "C")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        ALPHA,
        ShapeParameter("width", "C", 1e-6, 1e9, starts=(512.0,), scale="log", default=512.0, fixed=True),
    )
    annealing_coefficient: ClassVar[str | None] = "C"

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and minus the momentum area, which is computed once for each new width."""
        forward = forward_term(points)
        areas = np.empty((2, points.S1.size))

        @on_change
        def measure(width: float) -> None:
            for part, lr, index in zip(points.slices(), points.annealing_lr, points.index, strict=True):
                areas[:, part] = _momentum_area(lr, width)[:, index]

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, width = float(shape[0]), float(shape[1])
            measure(width)
            power, slope = forward(alpha)
            return np.stack([np.ones(points.S1.size), power, -areas[0]]), np.stack([slope, -areas[1]])

        return evaluate


def momentum_area(lr: FloatArray, width: float) -> FloatArray:
    """M after each update, shape (steps,).

    >>> float(momentum_area(np.full(3, 0.1), 1.0)[-1])
    0.0
    """
    area: FloatArray = _momentum_area(lr, width)[0]
    return area


def _momentum_area(lr: FloatArray, width: float) -> FloatArray:
    """M and its derivative by the width after each update, shape (2, steps): m grows as the width, v as its square."""
    fall = np.zeros_like(lr)
    fall[1:] = (lr[:-1] - lr[1:]) * width
    order = np.arange(lr.size) + 1.0
    m = lfilter([1.0 - BETA1], [1.0, -BETA1], fall) / (1.0 - BETA1**order)
    v = lfilter([1.0 - BETA2], [1.0, -BETA2], fall**2) / (1.0 - BETA2**order)
    root = np.sqrt(v * _SCALE + _INSIDE)
    share = m / (root + _OUTSIDE)
    by_width = share * (1.0 - v * _SCALE / (root * (root + _OUTSIDE))) / width
    return np.cumsum([share, by_width], axis=1)
