"""Exact expectations on a spherical valley: the recursion of moments, and derivatives of the last loss by every LR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, FloatArray, InputError, IntArray
from rivervalley.curves.run import Run, recorded_steps
from rivervalley.kernels import norm as norm_kernels
from rivervalley.kernels.adjoint import river_adjoint
from rivervalley.kernels.descent import DIVERGED
from rivervalley.kernels.spherical import momentum_moments, river_path, spherical_adjoint, spherical_moments
from rivervalley.landscapes.spherical import rules
from rivervalley.landscapes.spherical.layout import turns
from rivervalley.schedules import Schedule

if TYPE_CHECKING:
    from rivervalley.landscapes.spherical.valley import SphericalValley

_BLOCK = 16  # modes whose paths are kept at a time, for the derivatives


def expected_run(
    valley: SphericalValley, schedule: Schedule, record_every: int, initial: Run | None, record_at: ArrayLike | None
) -> Run:
    """The expected losses under a schedule; see SphericalValley.expected."""
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
    where = valley.layout
    mean, variance = first_moments(valley, initial)
    first, past = (0, schedule) if initial is None else (initial.end_step, initial.schedule.then(schedule))
    at = recorded_steps(first, first + schedule.steps, record_every, record_at)
    carried = where.carried(mean[:, None])
    turn = turns(valley, schedule.lr, carried)
    river = _river(valley, mean, turn, first, at)
    hill, signal = _hills(valley, mean, variance, turn, first, at)
    mean[where.scalars] = carried[: where.dim - where.scalars.start]
    _check_finite({"river": river + signal, "hill": hill}, at, schedule)
    return Run(
        steps=at,
        loss=river + signal + hill + valley.floor,
        loss_stderr=np.zeros(at.size),
        components={"river": river + signal, "hill": hill, "floor": np.full(at.size, float(valley.floor))},
        state=mean[None, :],
        schedule=past,
        state_variance=variance,
    )


def first_moments(valley: SphericalValley, initial: Run | None) -> tuple[FloatArray, FloatArray]:
    """Means (dim,) and variances (dim,) of a trajectory's rows, under Adam with covariances of hills and momenta after them."""
    where = valley.layout
    extra = where.hills if where.momentum else 0
    if initial is None:
        mean, variance = np.zeros(where.dim), np.zeros(where.dim + extra)
        mean[where.scalars] = where.first_scalars(valley.start_norm)[: where.dim - where.scalars.start]
        variance[: where.hills] = valley.start_variance
        return mean, variance
    if not isinstance(initial, Run) or initial.state_variance is None:
        raise InputError(f"initial must be a result of expected(), not {checks.show(initial)}")
    if initial.state.shape != (1, where.dim) or initial.state_variance.size != where.dim + extra:
        raise InputError(f"initial must be a result of expected() of a landscape of {where.dim} rows like this one")
    return initial.state[0].copy(), initial.state_variance.copy()


def _river(valley: SphericalValley, mean: FloatArray, turn: norm_kernels.Turns, first: int, at: IntArray) -> FloatArray:
    """c(x) at the recorded counts; x and its momentum move on in `mean`."""
    where = valley.layout
    rows = [where.rows - 1, 2 * where.rows - 1][: 2 if where.momentum else 1]
    x, loss = mean[rows], np.empty(at.size)
    river_path(x, turn, *valley.river_arguments, first, at, loss)
    mean[rows] = x
    return loss


def _hills(
    valley: SphericalValley, mean: FloatArray, variance: FloatArray, turn: norm_kernels.Turns, first: int, at: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Hill loss and the loss of the means at the recorded counts; `mean` and `variance` move on in place."""
    where = valley.layout
    d, R = where.hills, where.rows
    k, D = rules.drift_and_diffusion(valley.rule, valley.stiffness, valley.height)
    turn = turn if valley.forgetting else turn._replace(keep=np.ones_like(turn.keep))
    M, P = (mean[d : 2 * d], mean[R + d : R + 2 * d]) if where.means else (np.zeros(d), np.zeros(d))
    hill, signal = np.empty((2, at.size))
    rest = (turn, first, (k, D * D, valley.target, valley.weight), at, hill, signal)
    if where.momentum:
        momentum_moments(variance[:d], M, variance[where.dim :], variance[R : R + d], P, *rest)
    else:
        spherical_moments(variance[:d], M, *rest)
    return hill, signal


def _check_finite(parts: dict[str, FloatArray], at: IntArray, schedule: Schedule) -> None:
    for name, values in parts.items():
        bad = ~(np.abs(values) < DIVERGED**2)
        if bad.any():
            step = int(at[int(np.argmax(bad))])
            raise DivergenceError(
                f"the expected {name} loss diverges (found at update {step}): the relative step times the largest stiffness must "
                f"stay below 2, and the LR peaks at {schedule.peak_lr:g}",
                0,
                step,
            )


def final_parts(
    valley: SphericalValley, lr: FloatArray, initial: Run | None = None, *, count_river: bool = True
) -> tuple[float, float, FloatArray]:
    """River and hill loss (the floor left out) after the last of these LRs, and the derivative of their sum by every LR.

    Exact, in O(steps x hills), back through the moments of the hills, the path of the river and the recursion of the norm.
    Without `count_river` the derivative is that of the hill loss alone.

    Raises
    ------
    InputError
        Under Adam, whose momentum the adjoint does not follow.
    """
    where, rule = valley.layout, valley.rule
    if where.momentum:
        raise InputError(f"rule must be one without momentum, such as AdamW, for derivatives by the LR, not {rule}")
    mean, variance = first_moments(valley, initial)
    carried = where.carried(mean[:, None])
    squares = np.full(lr.size + 1, carried[0])
    turn = turns(valley, lr, carried)
    squares[1:] *= np.cumprod(((1.0 - lr * rule.weight_decay) / turn.keep) ** 2)
    derivatives = np.zeros((3, lr.size))
    by_turn = derivatives[1] if count_river else np.zeros(lr.size)
    river = _river_derivative(valley, float(mean[where.rows - 1]), turn.turn, by_turn)
    k, D = rules.drift_and_diffusion(rule, valley.stiffness, valley.height)
    d = where.hills
    learning = where.means and count_river
    M, target = (mean[d : 2 * d], valley.target) if learning else (np.zeros(d), np.zeros(d))
    turn = turn if valley.forgetting else turn._replace(keep=np.ones(lr.size))
    path = np.empty((2, lr.size, min(_BLOCK, d)))
    hill, signal = spherical_adjoint(variance[:d], M, turn, (k, D * D, target, valley.weight), path, derivatives)
    if not valley.forgetting:
        derivatives[0] = 0.0
    gradient = np.zeros(lr.size)
    reference, power = float(valley.start_norm), float(valley.stiffness_exponent)
    norm_kernels.turns_adjoint(rules.norm_rule(rule), lr, reference, power, squares, derivatives, gradient)
    return river + float(signal), float(hill), gradient


def _river_derivative(valley: SphericalValley, x: float, turn: FloatArray, by_turn: FloatArray) -> float:
    """c(x) at the end; its derivatives by every turn are added to by_turn (steps,)."""
    river, scale = valley.river_arguments
    p = river[1]
    if p == 0.0:
        return float(valley.river.loss(x))
    # The adjoint moves and weighs by one amplitude; the river moves by p and weighs `scale`.
    own = np.zeros(turn.size)
    loss = river_adjoint(turn, x, river, np.empty((2, turn.size)), own)
    by_turn += scale / p * own
    return float(scale / p * loss)
