"""The bound on the last iterate of SGD on convex functions, and its shape as a law (arXiv 2501.18965).

    Omega_T = D^2 / (2 sum eta) + G^2 [ sum eta^2 / (2 sum eta) + 1/2 sum_{k<T} eta_k / (sum_{t>k} eta_t) x
              (sum_{t>=k} eta_t^2) / (sum_{t>=k} eta_t) ]        (Defazio et al., arXiv 2310.07831, theorem 10)

D is the distance from the start to an optimum, G a bound on the gradients. The sums from k on are added up from the end:
taken as differences of sums from the start, they cancel for long runs that end at rate 0 (at 200,000 steps of a cosine a third
of the bound is lost).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray, show
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels.convex_bound import block_sums, convex_terms, level_offsets
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.schedules import Schedule

PAPER = "arXiv 2501.18965; arXiv 2310.07831, theorem 10"


class Tuned(NamedTuple):
    """The best factor on a schedule's rates, and the bound there."""

    lr_factor: float
    bound: float


def last_iterate_bound(s: Schedule, steps: object = None, distance: float = 1.0, gradient_norm: float = 1.0) -> FloatArray:
    """The bound for runs that stop after `steps` updates (all of them where not given), shape (R,).

    Parameters
    ----------
    s : Schedule
    steps : array_like of int, optional
        Rising, 1 <= steps <= s.steps. The cost of each grows with the logarithm of its length.
    distance, gradient_norm : float
        D and G, above 0.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> from rivervalley.schedules import constant
    >>> print(f"{last_iterate_bound(constant(1, 0.5))[0]:.2f}")  # D^2 / (2 eta) + eta G^2 / 2
    1.25
    """
    schedule = _schedule(s)
    D = checks.real("distance", distance, 0.0, open_low=True)
    G = checks.real("gradient_norm", gradient_norm, 0.0, open_low=True)
    at = np.arange(1, schedule.steps + 1) if steps is None else checks.rising_steps("steps", steps, low=1)
    if at[-1] > schedule.steps:
        raise InputError(f"steps must end within the schedule's {schedule.steps} updates, not at {int(at[-1])}")
    first, second, third = _parts(schedule.lr, at - 1)
    return np.asarray(D**2 * first + G**2 * (second + third))


def tuned_bound(s: Schedule, distance: float = 1.0, gradient_norm: float = 1.0) -> Tuned:
    """The factor on all rates that makes the bound at the end least, and the bound there: 2 D G sqrt(T1 (T2 + T3)).

    Raises
    ------
    InputError
        If an argument cannot be used, or all rates are 0.

    Examples
    --------
    >>> from rivervalley.schedules import constant
    >>> best = tuned_bound(constant(1, 0.5))
    >>> print(f"{best.lr_factor:.1f} {best.bound:.1f}")
    2.0 1.0
    """
    schedule = _schedule(s)
    D = checks.real("distance", distance, 0.0, open_low=True)
    G = checks.real("gradient_norm", gradient_norm, 0.0, open_low=True)
    if schedule.peak_lr == 0.0:
        raise InputError("s must have a rate above 0")
    first, second, third = (float(part[0]) for part in _parts(schedule.lr, np.array([schedule.steps - 1])))
    rest = second + third
    return Tuned(D / G * float(np.sqrt(first / rest)), 2.0 * D * G * float(np.sqrt(first * rest)))


def _schedule(s: object) -> Schedule:
    if not isinstance(s, Schedule):
        raise InputError(f"s must be a Schedule, not {show(s)}")
    return s


def _parts(lr: FloatArray, at: IntArray) -> FloatArray:
    """T1, T2 and T3 for runs that end with update index `at`, shape (3, R)."""
    rates = np.ascontiguousarray(lr)
    offsets = level_offsets(rates.size)
    sums, squares = np.empty((2, int(offsets[-1])))
    block_sums(rates, offsets, sums, squares)
    out = np.empty((3, at.size))
    convex_terms(rates, np.ascontiguousarray(at), offsets, sums, squares, out)
    return out


@register_law
@dataclass(frozen=True)
class ConvexBoundLaw(Law):
    """L = L0 + a T1 + b (T2 + T3), the parts of the bound with free weights: a law of shape, far behind those made for losses.

    Examples
    --------
    >>> from rivervalley.schedules import constant
    >>> float(ConvexBoundLaw(L0=2.0, a=1.0, b=1.0).predict(constant(1, 0.5))[0])
    3.25
    """

    L0: float
    a: float
    b: float

    name: ClassVar[str] = "convex_bound"
    formula: ClassVar[str] = "L = L0 + a / (2 S1) + b (T2 + T3)"
    source: ClassVar[str] = PAPER
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "a", "b")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = ()

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, T1 and T2 + T3."""
        parts = np.concatenate([_parts(lr, index) for lr, index in zip(points.forward_lr, points.index, strict=True)], axis=1)
        terms = np.stack([np.ones(parts.shape[1]), parts[0], parts[1] + parts[2]])
        slopes = np.empty((0, parts.shape[1]))

        def evaluate(_: FloatArray) -> tuple[FloatArray, FloatArray]:
            return terms, slopes

        return evaluate
