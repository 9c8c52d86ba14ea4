"""The multi-power law (Luo, Wen, Hu, Sun, Liu, Sun, Lyu and Chen, arXiv 2503.12811)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.special import digamma

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels.mixture import mixture_drops, nodes
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import GENTLE_ALPHA, forward_term, on_change
from rivervalley.laws.base.updates import Updates, merged_updates

RELAXATION = 3e-3  # K x LR^(1 - gamma) at the peak LR, per update: what public runs of language models agree on


@register_law
@dataclass(frozen=True)
class MultiPowerLaw(Law):
    """L(t) = L0 + A S1(t)^-alpha - B sum_k (eta_{k-1} - eta_k) G(eta_k^-gamma S_k(t)), G(x) = 1 - (1 + K x)^-beta.

    S_k(t) is the cumulative LR from update k to t. G is the mean of 1 - exp(-x u) over rates u of a gamma distribution: a
    mixture of relaxation rates, where the annealing law has a single one. gamma sets the clock: 0 is cumulative LR, 1 is
    steps.

    Parameters
    ----------
    L0, A, alpha, B, K, beta, gamma : float
        B x LR is a loss; K (the paper's C) depends on the unit of the LR. B corresponds to C / (1 - decay_factor) of the
        annealing law.
    warmup_area : {"included", "ramp", "full"}
        As in AnnealingLaw; the authors' code is "included": rises of the LR count as negative drops.

    Notes
    -----
    K, beta and gamma are hardly distinguished by two or three curves, and the free fit predicts worse than one with beta and
    gamma fixed: as beta falls to 0, B grows without limit. `fit` fixes them unless told otherwise: gamma = 1/2 lies between
    the clocks of steps and of cumulative LR, beta = 2 is what all nine public curves of a size agree on. Both are weaker
    knowledge than a fit's, and better than what three curves say of them. K and alpha are regularised, for a constant run with
    one decay leaves them open (docs/calibration.md); None in place of a number fits any of the four freely.

    The mixture's relaxation rates are carried from update to update, to 1e-9 of what the LR moves. Where losses are asked for
    at few updates, those in between that are nearly alike are merged: that changes the last term by less than 5e-5 of it.

    Examples
    --------
    >>> from rivervalley.schedules import Schedule
    >>> law = MultiPowerLaw(L0=3.04, A=0.525, alpha=0.508, B=363.8, K=2.066, beta=0.583, gamma=0.641)
    >>> print(f"{law.predict(Schedule([3e-4] * 10_000))[-1]:.3f}")
    3.340
    """

    L0: float
    A: float
    alpha: float
    B: float
    K: float
    beta: float = 2.0
    gamma: float = 0.5
    warmup_area: str = field(default="included", kw_only=True)

    name: ClassVar[str] = "multi_power"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - B sum (eta_{k-1} - eta_k) (1 - (1 + K eta_k^-gamma S_k)^-beta)"
    source: ClassVar[str] = (
        "Luo et al., A Multi-Power Law for Loss Curve Prediction Across Learning Rate Schedules, arXiv 2503.12811"
    )
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "B")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        GENTLE_ALPHA,
        ShapeParameter("K", "B", 1e-6, 1e9, starts=(0.03, 0.3, 3.0), scale="log", default=0.2, strength=100.0),
        ShapeParameter("beta", "B", 1e-3, 100.0, starts=(0.5, 2.0), scale="log", default=2.0, fixed=True),
        ShapeParameter("gamma", "B", 0.0, 2.0, starts=(0.3, 0.7), default=0.5, fixed=True),
    )
    annealing_coefficient: ClassVar[str | None] = "B"

    @classmethod
    def prior_centers(cls, peak_lr: float, options: Mapping[str, object]) -> dict[str, float]:
        """K such that K eta^-gamma S grows by RELAXATION an update at the peak LR."""
        gamma = options.get("gamma")
        power = gamma if isinstance(gamma, (int, float)) else 0.5
        return {"K": RELAXATION * peak_lr ** (power - 1.0)}

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and minus the sum over drops."""
        forward = forward_term(points)
        drops = np.zeros((4, points.S1.size))
        runs = [_Run(updates, drops[:, part]) for updates, part in zip(merged_updates(points), points.slices(), strict=True)]

        @on_change
        def relax(K: float, beta: float, gamma: float) -> None:
            for run in runs:
                run.relax(K, beta, gamma)

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, K, beta, gamma = (float(value) for value in shape)
            relax(K, beta, gamma)
            power, slope = forward(alpha)
            terms = np.stack([np.ones(points.S1.size), power, -drops[0]])
            return terms, np.stack([slope, -drops[1], -drops[2], -drops[3]])

        return evaluate


class _Run:
    """The sum over drops at the points of one run, and its derivatives by K, beta and gamma, into `out`, shape (4, R)."""

    def __init__(self, updates: Updates, out: FloatArray) -> None:
        log_lr = updates.log_lr()
        falling = log_lr[updates.drop != 0.0]
        self.moves = falling.size > 0
        self.lowest, self.highest = (float(falling.min()), float(falling.max())) if self.moves else (0.0, 0.0)
        self.summed = max(float(updates.forward.sum()), 1e-300)
        self.index = updates.index
        self.blocks = (updates.length, updates.forward, updates.lead, updates.drop, log_lr)
        self.out = out

    def relax(self, K: float, beta: float, gamma: float) -> None:
        if K == 0.0 or beta == 0.0 or not self.moves:
            self.out[:] = 0.0
            return
        log_K, psi = math.log(K), float(digamma(beta))
        y, spacing = nodes(beta, log_K - gamma * self.highest, log_K - gamma * self.lowest, self.summed)
        v = np.exp(np.minimum(y, 690.0))
        norm = math.lgamma(beta) - math.log(spacing)
        E, X = np.zeros((2, 4, y.size))
        gone, share = np.empty((2, y.size))
        mixture_drops(self.index, *self.blocks, y, v, log_K, beta, gamma, norm, psi, E, X, gone, share, self.out)
        self.out[1] /= K
