"""Two forms of the annealing area that its authors tried and gave up (arXiv 2505.07796, appendix J)."""

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

_SOURCE = "Wang et al., Learning Dynamics in Continual Pre-Training, arXiv 2505.07796, appendix J"


def _momenta(points: Points, decay_factor: float) -> list[tuple[FloatArray, FloatArray]]:
    """For each run, the annealing momentum m after every update and its derivative by the decay factor."""
    momenta = []
    for forward, annealing in zip(points.forward_lr, points.annealing_lr, strict=True):
        s1, s2, ds2 = np.empty((3, forward.size))
        kernels.areas_with_gradient(forward, annealing, decay_factor, s1, s2, ds2)
        momenta.append((np.diff(s2, prepend=0.0), np.diff(ds2, prepend=0.0)))
    return momenta


@register_law
@dataclass(frozen=True)
class WeightedAnnealingLaw(Law):
    """L = L0 + A S1^-alpha - C sum_i m_i (eta_i / peak)^epsilon: momenta count for less at low LRs.

    The LRs are taken relative to each run's peak, so that C keeps the unit it has in the annealing law, which this is at
    epsilon = 0. The authors tried epsilon = 0.1 and 0.2 without gain.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> from rivervalley.schedules import linear
    >>> s = linear(steps=100, peak_lr=0.01)
    >>> law = WeightedAnnealingLaw(L0=2.0, A=1.0, alpha=0.5, C=0.1, decay_factor=0.9, epsilon=0.0)
    >>> plain = AnnealingLaw(L0=2.0, A=1.0, alpha=0.5, C=0.1, decay_factor=0.9)
    >>> bool(abs(law.predict(s)[-1] - plain.predict(s)[-1]) < 1e-12)
    True
    """

    L0: float
    A: float
    alpha: float
    C: float
    decay_factor: float = 0.999
    epsilon: float = 0.1

    name: ClassVar[str] = "annealing_weighted"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - C sum m_i (eta_i / peak)^epsilon"
    source: ClassVar[str] = _SOURCE
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "C")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        ALPHA,
        DECAY_FACTOR,
        ShapeParameter("epsilon", "C", -2.0, 2.0, starts=(0.0, 0.5), default=0.1, fixed=True),
    )
    annealing_coefficient: ClassVar[str | None] = "C"

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and minus the weighted area."""
        forward = forward_term(points)
        tiny = 1e-12
        logs = [np.log(np.maximum(lr, tiny * max(lr.max(), 1e-300)) / max(lr.max(), 1e-300)) for lr in points.annealing_lr]
        values = np.empty((3, points.S1.size))

        @on_change
        def areas(decay_factor: float, epsilon: float) -> None:
            runs = zip(points.slices(), _momenta(points, decay_factor), logs, points.index, strict=True)
            for part, (m, dm), log_rate, index in runs:
                weight = np.exp(epsilon * log_rate)
                values[0, part] = np.cumsum(m * weight)[index]
                values[1, part] = np.cumsum(dm * weight)[index]
                values[2, part] = np.cumsum(m * weight * log_rate)[index]

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, decay_factor, epsilon = (float(value) for value in shape)
            areas(decay_factor, epsilon)
            power, slope = forward(alpha)
            return np.stack([np.ones(points.S1.size), power, -values[0]]), np.stack([slope, -values[1], -values[2]])

        return evaluate


@register_law
@dataclass(frozen=True)
class PoweredAnnealingLaw(Law):
    """L = L0 + A S1^-alpha - C S2^zeta; the authors found zeta about 0.9 and no gain. A negative area keeps its sign.

    Examples
    --------
    >>> from rivervalley.schedules import linear
    >>> law = PoweredAnnealingLaw(L0=2.0, A=1.0, alpha=0.5, C=0.1, decay_factor=0.9, zeta=0.9)
    >>> bool(law.predict(linear(steps=100, peak_lr=0.01))[-1] > 2.0)
    True
    """

    L0: float
    A: float
    alpha: float
    C: float
    decay_factor: float = 0.999
    zeta: float = 0.9

    name: ClassVar[str] = "annealing_powered"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - C S2^zeta"
    source: ClassVar[str] = _SOURCE
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "C")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        ALPHA,
        DECAY_FACTOR,
        ShapeParameter("zeta", "C", 0.1, 3.0, starts=(0.6, 1.0, 1.6), scale="log"),
    )
    annealing_coefficient: ClassVar[str | None] = "C"

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and minus sign(S2) |S2|^zeta."""
        forward = forward_term(points)
        S2, dS2 = np.empty(points.S1.size), np.empty(points.S1.size)

        @on_change
        def areas(decay_factor: float) -> None:
            for part, (m, dm), index in zip(points.slices(), _momenta(points, decay_factor), points.index, strict=True):
                S2[part] = np.cumsum(m)[index]
                dS2[part] = np.cumsum(dm)[index]

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, decay_factor, zeta = (float(value) for value in shape)
            areas(decay_factor)
            size = np.maximum(np.abs(S2), 1e-300)
            area = np.where(S2 == 0.0, 0.0, np.sign(S2) * size**zeta)
            by_factor = np.where(S2 == 0.0, 0.0, zeta * np.abs(area) / size * dS2)
            power, slope = forward(alpha)
            terms = np.stack([np.ones(points.S1.size), power, -area])
            return terms, np.stack([slope, -by_factor, -area * np.log(size)])

        return evaluate
