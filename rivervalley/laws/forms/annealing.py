"""The scaling law with learning-rate annealing (Tissue, Wang and Wang, arXiv 2408.11029)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np

from rivervalley._common.checks import FloatArray, real
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels import areas as kernels
from rivervalley.laws.base.fit import fit_law
from rivervalley.laws.base.law import Law, Nonlinear
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.terms import ALPHA, forward_term

LARGEST_DECAY_FACTOR = 1.0 - 1e-6  # a memory of a million updates


@dataclass(frozen=True)
class AnnealingLaw(Law):
    """L(s) = L0 + A S1(s)^-alpha - C S2(s), with S1 the forward area and S2 the annealing area (`rivervalley.areas`).

    Parameters
    ----------
    L0, A, alpha, C : float
        At least 0. L0 in the unit of the loss, A in that of loss x rate^alpha, C in that of loss / rate.
    decay_factor : float
        lambda of the annealing area, within [0, 1): how much of its momentum is left after an update. The authors' is 0.999.
    warmup_area : {"ramp", "included", "full"}
        What the warm-up counts for (`rivervalley.areas`). The authors' rule is "full". It shifts L0 and alpha a lot, so
        parameters of one convention mean nothing under another.

    The constants belong to one configuration: model, data, batch size, optimiser and peak rate. C and the decay factor are
    nearly interchangeable; C / (1 - decay_factor), in `combinations`, is what data determine well.

    Raises
    ------
    InputError
        If a parameter is not a finite number in its range.

    Examples
    --------
    The authors' published fit, for a constant rate without warm-up:

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
    nonlinear: ClassVar[tuple[Nonlinear, ...]] = (
        ALPHA,
        Nonlinear("decay_factor", "C", 0.0, LARGEST_DECAY_FACTOR, starts=(0.5, 0.9, 0.97, 0.99, 0.997, 0.999), scale="memory"),
    )
    rate_term: ClassVar[str | None] = "C"
    hints: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "C": "the curves hold no annealing: add one whose rate comes down",
            "decay_factor": "the curves hold no annealing: add one whose rate comes down",
        }
    )

    @classmethod
    def fit(
        cls,
        curves: LossCurve | Sequence[LossCurve],
        *,
        decay_factor: float | None = 0.999,
        warmup_area: str = "ramp",
        huber_delta: float = 1e-3,
        confidence: float = 0.95,
    ) -> Self:
        """Fit the law to one or several curves, by the authors' objective.

        Parameters
        ----------
        curves : LossCurve or list of LossCurve
            Runs of one configuration. Losses before the end of a warm-up are left out. A constant and a cosine together
            identify the law; a constant alone cannot tell C, and a cosine alone tells it weakly.
        decay_factor : float or None
            Held at this value, within [0, 1); None fits it too.
        warmup_area : {"ramp", "included", "full"}
        huber_delta : float
            Above 0: log residuals within it count quadratically, larger ones linearly.
        confidence : float
            Of the intervals, within (0, 1).

        Returns
        -------
        AnnealingLaw
            With `intervals` and `diagnostics` as `fitting.fit_law` describes them.

        Raises
        ------
        InputError
            If there is no curve, a loss is not positive, there are fewer points than parameters, or an option is out of range.
        """
        fixed = {}
        if decay_factor is not None:
            fixed["decay_factor"] = real("decay_factor", decay_factor, 0.0, LARGEST_DECAY_FACTOR)
        return fit_law(cls, curves, fixed, warmup_area=warmup_area, huber_delta=huber_delta, confidence=confidence)

    def combinations(self) -> dict[str, tuple[float, dict[str, float]]]:
        """C / (1 - decay_factor), the loss gained by one unit of rate annealed slowly: value and gradient."""
        memory = 1.0 / (1.0 - self.decay_factor)
        return {"C/(1-decay_factor)": (self.C * memory, {"C": memory, "decay_factor": self.C * memory**2})}

    @staticmethod
    def terms(at: Points) -> Terms:
        """1, S1^-alpha and -S2(decay_factor); the areas' recursion runs once for each new decay factor."""
        count = at.S1.size
        forward_power = forward_term(at)
        longest = max(lr.size for lr in at.annealing_lr)
        work = np.empty((3, longest))
        S2, dS2 = np.empty(count), np.empty(count)
        held = [-1.0]  # the decay factor that S2 was computed for

        def areas(decay_factor: float) -> None:
            for part, forward, annealing, index in zip(at.slices(), at.forward_lr, at.annealing_lr, at.at, strict=True):
                s1, s2, ds2 = work[:, : forward.size]
                kernels.areas_with_gradient(forward, annealing, decay_factor, s1, s2, ds2)
                S2[part] = s2[index]
                dS2[part] = ds2[index]
            held[0] = decay_factor

        def evaluate(nonlinear: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, decay_factor = float(nonlinear[0]), float(nonlinear[1])
            if decay_factor != held[0]:
                areas(decay_factor)
            power, slope = forward_power(alpha)
            return np.stack([np.ones(count), power, -S2]), np.stack([slope, -dS2])

        return evaluate
