"""The forward-momentum law: annealing measured by Adam's moments of the falls of the rate (arXiv 2512.13705)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np
from scipy.signal import lfilter

from rivervalley._common.checks import FloatArray, real
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.variable_projection import Terms
from rivervalley.laws.base.fit import fit_law
from rivervalley.laws.base.law import Law, Nonlinear
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.terms import ALPHA, forward_term

BETA1, BETA2 = 0.9, 0.999
_SCALE, _INSIDE, _OUTSIDE = 1e5, 1e-8, 1e-8


@dataclass(frozen=True)
class ForwardMomentumLaw(Law):
    """L = L0 + A S1^-alpha - C M, M the sum of m / (sqrt(1e5 v + 1e-8) + 1e-8) with Adam's moments m, v of width (eta_{i-1} - eta_i).

    As in the authors' code, and unlike its description, the term is subtracted and the bias corrections have the exponent
    i + 1. M hardly depends on the size of the falls, only on their shape, until they drown in the 1e-8: a contrast to S2,
    which is linear in the rate. Their size term B N^-aN is part of L0 here; the objective is this package's, on log losses.

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
    nonlinear: ClassVar[tuple[Nonlinear, ...]] = (
        ALPHA,
        Nonlinear("width", "C", 1e-6, 1e9, starts=(512.0,), scale="log"),
    )
    rate_term: ClassVar[str | None] = "C"
    hints: ClassVar[Mapping[str, str]] = MappingProxyType({"C": "the curves hold no annealing: add one whose rate comes down"})

    @classmethod
    def fit(
        cls,
        curves: LossCurve | Sequence[LossCurve],
        *,
        width: float = 512.0,
        warmup_area: str = "ramp",
        huber_delta: float = 1e-3,
        confidence: float = 0.95,
    ) -> Self:
        """Fit the law with `width` held. Otherwise as AnnealingLaw.fit."""
        fixed = {"width": real("width", width, 1e-6, 1e9)}
        return fit_law(cls, curves, fixed, warmup_area=warmup_area, huber_delta=huber_delta, confidence=confidence)

    @staticmethod
    def terms(at: Points) -> Terms:
        """1, S1^-alpha and minus the momentum area. The width is always held, so its derivative is left out."""
        forward = forward_term(at)
        held: dict[float, FloatArray] = {}

        def evaluate(nonlinear: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, width = float(nonlinear[0]), float(nonlinear[1])
            if width not in held:
                runs = zip(at.annealing_lr, at.at, strict=True)
                held[width] = np.concatenate([momentum_area(lr, width)[index] for lr, index in runs])
            power, slope = forward(alpha)
            return np.stack([np.ones(at.S1.size), power, -held[width]]), np.stack([slope, np.zeros(at.S1.size)])

        return evaluate


def momentum_area(lr: FloatArray, width: float) -> FloatArray:
    """M after each update, shape (steps,).

    >>> float(momentum_area(np.full(3, 0.1), 1.0)[-1])
    0.0
    """
    fall = np.zeros_like(lr)
    fall[1:] = (lr[:-1] - lr[1:]) * width
    order = np.arange(lr.size) + 1.0
    m = lfilter([1.0 - BETA1], [1.0, -BETA1], fall) / (1.0 - BETA1**order)
    v = lfilter([1.0 - BETA2], [1.0, -BETA2], fall**2) / (1.0 - BETA2**order)
    return np.asarray(np.cumsum(m / (np.sqrt(v * _SCALE + _INSIDE) + _OUTSIDE)))
