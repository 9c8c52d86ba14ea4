"""The multi-power law (Luo, Wen, Hu, Sun, Liu, Sun, Lyu and Chen, arXiv 2503.12811)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.special import digamma

from rivervalley._common.checks import FloatArray, IntArray
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels import areas as area_kernels
from rivervalley.kernels import multi_power as kernels
from rivervalley.kernels.mixture import mixture_drops, nodes
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import GENTLE_ALPHA, forward_term

# A merged past costs some 20 us a point, a carried one 0.6 us an update; short runs are summed drop by drop.
DENSE, LONG = 40, 512
_TINY = 1e-9  # of the peak rate: below it a rate counts as this share in eta^-gamma, which has no value at 0


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
    knowledge than a fit's, and better than what three curves say of them.

    Where losses are asked for at fewer than one update in 40, drops long past are merged, weighted by their sizes, and a
    point costs log(steps). What that changes is some 1e-5 of the last term for an LR that only falls, and up to half a
    percent of it for one that jumps up again. Elsewhere the mixture's rates are carried on from update to update, to 1e-9.

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
        ShapeParameter("K", "B", 1e-6, 1e9, starts=(0.03, 0.3, 3.0), scale="log"),
        ShapeParameter("beta", "B", 1e-3, 100.0, starts=(0.5, 2.0), scale="log", default=2.0, fixed=True),
        ShapeParameter("gamma", "B", 0.0, 2.0, starts=(0.3, 0.7), default=0.5, fixed=True),
    )
    annealing_coefficient: ClassVar[str | None] = "B"

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and minus the sum over drops."""
        forward = forward_term(points)
        runs = [_loss_drops(*run) for run in zip(points.forward_lr, points.annealing_lr, points.index, strict=True)]
        drops = np.empty((4, points.S1.size))

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, K, beta, gamma = (float(value) for value in shape)
            for part, run in zip(points.slices(), runs, strict=True):
                drops[:, part] = run(K, beta, gamma)
            power, slope = forward(alpha)
            terms = np.stack([np.ones(points.S1.size), power, -drops[0]])
            return terms, np.stack([slope, -drops[1], -drops[2], -drops[3]])

        return evaluate


def _loss_drops(forward_lr: FloatArray, annealing_lr: FloatArray, at: IntArray) -> Callable[[float, float, float], FloatArray]:
    """The sum over drops at the points of one run, and its derivatives by K, beta and gamma, as a function of these three."""
    drop = np.zeros_like(annealing_lr)
    drop[1:] = annealing_lr[:-1] - annealing_lr[1:]
    log_rate = np.log(np.maximum(annealing_lr, _TINY * max(float(annealing_lr.max()), 1e-300)))
    forward_lr, at = np.ascontiguousarray(forward_lr), np.ascontiguousarray(at)
    out = np.zeros((4, at.size))
    moved = np.flatnonzero(drop)
    if moved.size == 0:
        return lambda K, beta, gamma: out
    if drop.size >= LONG and DENSE * at.size >= drop.size:
        ends = (float(log_rate[moved].min()), float(log_rate[moved].max()))
        return lambda K, beta, gamma: _mixture(forward_lr, drop, log_rate, ends, at, K, beta, gamma, out)

    S = np.empty_like(forward_lr)
    area_kernels.forward(forward_lr, np.zeros(2), S)
    before = np.concatenate([[0.0], S[:-1]])
    offsets = kernels.level_offsets(drop.size)
    blocks = np.empty((3, 2, int(offsets[-1])))
    kernels.pyramid(drop, log_rate, before, offsets, blocks[0], blocks[1], blocks[2])
    S_at = S[at]

    def merged(K: float, beta: float, gamma: float) -> FloatArray:
        kernels.loss_drops(at, S_at, drop, log_rate, before, offsets, blocks[0], blocks[1], blocks[2], K, beta, gamma, out)
        return out

    return merged


def _mixture(
    forward_lr: FloatArray,
    drop: FloatArray,
    log_rate: FloatArray,
    ends: tuple[float, float],
    at: IntArray,
    K: float,
    beta: float,
    gamma: float,
    out: FloatArray,
) -> FloatArray:
    """`mixture_drops` with nodes laid out for these parameters; `ends` are the least and the largest of `log_rate` at drops."""
    if K == 0.0 or beta == 0.0:
        return np.zeros_like(out)
    log_K = math.log(K)
    summed = max(float(forward_lr.sum()), 1e-300)
    y, spacing = nodes(beta, log_K - gamma * ends[1], log_K - gamma * ends[0], summed)
    v = np.exp(np.minimum(y, 690.0))
    norm = math.lgamma(beta) - math.log(spacing)
    E, X = np.zeros((2, 4, y.size))
    psi = float(digamma(beta))
    mixture_drops(at, forward_lr, drop, log_rate, y, v, log_K, beta, gamma, norm, psi, E, X, np.empty(y.size), out)
    out[1] /= K
    return out
