"""The annealing law over several model sizes at once (arXiv 2505.07796, appendix E)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from rivervalley._common.checks import FloatArray, InputError, real
from rivervalley.estimation.variable_projection import Terms
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import ALPHA, DECAY_FACTOR
from rivervalley.laws.forms.annealing import AnnealingLaw


@register_law
@dataclass(frozen=True)
class SizeLaw(Law):
    """L(s, N) = L0 + A S1^-alpha - C S2 N^gamma + F N^-beta: A and alpha are common to all sizes, annealing gains with size.

    Parameters
    ----------
    L0, A, alpha, C, decay_factor : float
        As in AnnealingLaw; L0 is that of an infinite model, C that of N = 1.
    gamma, F, beta : float
        N counts non-embedding parameters in millions, the unit in which the published constants were fitted.

    `fit` takes `sizes`, the non-embedding parameters, in millions, of each curve's model. Three sizes or more distinguish beta
    from L0; with two fix it. A SizeLaw predicts through the annealing law of one size, `at_size(N)`.

    Examples
    --------
    The published constants give those that were fitted to single sizes:

    >>> law = SizeLaw(L0=1.829, A=0.504, alpha=0.537, C=0.090, gamma=0.235, F=3.072, beta=0.195)
    >>> one = law.at_size(106)
    >>> print(f"{one.L0:.3f} {one.C:.3f}")
    3.066 0.269
    """

    L0: float
    A: float
    alpha: float
    C: float
    F: float
    decay_factor: float = 0.999
    gamma: float = 0.2
    beta: float = 0.2

    name: ClassVar[str] = "size"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - C S2 N^gamma + F N^-beta, N in millions"
    source: ClassVar[str] = "Wang et al., Learning Dynamics in Continual Pre-Training, arXiv 2505.07796, appendix E"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "C", "F")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        ALPHA,
        replace(DECAY_FACTOR, starts=(0.9, 0.99, 0.999)),
        ShapeParameter("gamma", "C", -2.0, 2.0, starts=(0.0, 0.3)),
        ShapeParameter("beta", "F", 1e-3, 3.0, starts=(0.1, 0.3, 1.0), scale="log"),
    )
    annealing_coefficient: ClassVar[str | None] = "C"
    hints: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "gamma": "give curves of several sizes, each with annealing",
            **dict.fromkeys(("L0", "F", "beta"), "give curves of at least three sizes"),
        }
    )
    per_curve: ClassVar[tuple[str, ...]] = ("sizes",)

    def at_size(self, N: float) -> AnnealingLaw:
        """The annealing law of models with N million non-embedding parameters.

        Raises
        ------
        InputError
            If N is not positive and finite.
        """
        size = real("N", N, 0.0, open_low=True)
        return AnnealingLaw(
            L0=self.L0 + self.F * size**-self.beta,
            A=self.A,
            alpha=self.alpha,
            C=self.C * size**self.gamma,
            decay_factor=self.decay_factor,
            warmup_area=self.warmup_area,
        )

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha, -S2 N^gamma and N^-beta."""
        if "sizes" not in points.per_curve:
            raise InputError(
                "a law of sizes must predict through law.at_size(N), as its points do not say how large the model is"
            )
        log_N = np.log(points.per_curve["sizes"])
        annealing = AnnealingLaw.terms(points)

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            gamma, beta = float(shape[2]), float(shape[3])
            (one, power, area), (slope, by_factor) = annealing(shape[:2])
            grown, shrunk = np.exp(gamma * log_N), np.exp(-beta * log_N)
            terms = np.stack([one, power, area * grown, shrunk])
            return terms, np.stack([slope, by_factor * grown, area * grown * log_N, -shrunk * log_N])

        return evaluate
