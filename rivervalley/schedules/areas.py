"""The two areas of the annealing law under a learning-rate schedule.

    S1[t] = sum of lr[i], i <= t                      forward area: how far the run has gone
    m[0]  = 0,  m[t] = decay_factor * m[t-1] + (lr[t-1] - lr[t])
    S2[t] = sum of m[i], i <= t                       annealing area: how far the rate has come down, with momentum

from Tissue, Wang and Wang, arXiv 2408.11029: L = L0 + A S1^-alpha - C S2. Entry t belongs to the loss after update t + 1.
S2[t] is the same as (lr[0] - EMA of lr) / (1 - decay_factor), and as the paper's double sum over
(lr[k-1] - lr[k]) decay_factor^(i-k), 1 <= k <= i <= t.

How the warm-up of a Schedule enters S1 and S2 is chosen by `warmup_area`; a plain array of rates has no warm-up.

"ramp"      S1 is the true area. S2 starts at the end of the warm-up: lr[W-1], which is the peak, is its first rate.
"included"  the rising rates count in both. S2 falls while the rate rises.
"full"      rates of the warm-up count as if at peak_lr, in both: the rule of the law's authors.

A warm-up that meets its peak one update later, lr[n] = peak n/W, is one of W + 1 updates here. Both functions take one pass
of O(steps) and keep the rounding errors of every sum: results are within a few units in the last place of the exact double
sum, for any decay factor in [0, 1] and for 10^7 steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import areas as kernels
from rivervalley.schedules.relative_step import RelativeStep as RelativeStep
from rivervalley.schedules.relative_step import relative_step as relative_step
from rivervalley.schedules.schedule import Schedule

WARMUP_AREAS = ("ramp", "included", "full")

_NONE = np.empty(0)


class Areas(NamedTuple):
    """Forward area, annealing area and momentum after each update, shape (steps,) each, in units of the rate."""

    S1: FloatArray
    S2: FloatArray
    m: FloatArray


class AreasGradient(NamedTuple):
    """Forward area, annealing area and its derivative by the decay factor, shape (steps,) each."""

    S1: FloatArray
    S2: FloatArray
    dS2: FloatArray  # noqa: N815


@dataclass(frozen=True)
class AreaState:
    """What has to be known of a piece of schedule to go on with its areas.

    Attributes
    ----------
    S1, S2, m : float
        The areas and the momentum after the piece's last update; 0 before the first.
    last_lr : float or None
        The piece's last rate; None before the first.
    sums : tuple of 6 floats, or None
        S1, S2 and m as the recursion holds them, each in a high and a low part, so that pieces give the same bits as the
        whole. None, as in a state constructed directly, starts from the three values above.
    """

    S1: float = 0.0
    S2: float = 0.0
    m: float = 0.0
    last_lr: float | None = None
    sums: tuple[float, float, float, float, float, float] | None = None


def counted_rates(s_or_lr: Schedule | ArrayLike, warmup_area: str = "ramp") -> tuple[FloatArray, FloatArray]:
    """The rates that S1 and S2 are taken over, shape (steps,) each: the schedule's own but for its warm-up.

    For "ramp" the warm-up LRs of the second are fixed at lr[W-1], which makes their differences vanish.

    Raises
    ------
    InputError
        If rates are negative, not finite or too large to be summed, or `warmup_area` is none of the three words.

    Examples
    --------
    >>> from rivervalley.schedules.schedule import Schedule
    >>> s = Schedule([0.1, 0.2, 0.2, 0.05], warmup_steps=2)
    >>> [rates.tolist() for rates in counted_rates(s, "ramp")]
    [[0.1, 0.2, 0.2, 0.05], [0.2, 0.2, 0.2, 0.05]]
    """
    checks.choice("warmup_area", warmup_area, WARMUP_AREAS)
    if not isinstance(s_or_lr, Schedule):
        lr = checks.array("lr", s_or_lr, low=0.0)
        _refuse_huge(lr)
        return lr, lr
    lr, warmup = s_or_lr.lr, s_or_lr.warmup_steps
    _refuse_huge(lr)
    if warmup == 0 or warmup_area == "included":
        return lr, lr
    flat = lr.copy()
    flat[:warmup] = s_or_lr.peak_lr if warmup_area == "full" else lr[warmup - 1]
    return (flat, flat) if warmup_area == "full" else (lr, flat)


def forward_area(s_or_lr: Schedule | ArrayLike, *, warmup_area: str = "ramp") -> FloatArray:
    """S1, the cumulative LR up to and with each update.

    Parameters
    ----------
    s_or_lr : Schedule or array_like, shape (steps,)
        A schedule, or one rate for each update.
    warmup_area : {"ramp", "included", "full"}
        "full" counts the warm-up of a Schedule as if at its peak; the other two count its true area.

    Returns
    -------
    S1 : float array, shape (steps,), in units of the rate. S1[t] belongs to the loss after update t + 1.

    Raises
    ------
    InputError
        As `counted_rates`.

    Examples
    --------
    >>> forward_area([0.5, 0.5, 0.25]).tolist()
    [0.5, 1.0, 1.25]
    """
    lr, _ = counted_rates(s_or_lr, warmup_area)
    S1 = np.empty_like(lr)
    kernels.forward(lr, np.zeros(2), S1)
    return S1


def annealing_area(s_or_lr: Schedule | ArrayLike, decay_factor: float = 0.999, *, warmup_area: str = "ramp") -> FloatArray:
    """S2, the annealing area with momentum (arXiv 2408.11029).

    Parameters
    ----------
    s_or_lr : Schedule or array_like, shape (steps,)
        A schedule, or one rate for each update.
    decay_factor : float
        The paper's lambda, within [0, 1]. At 0, S2 is lr[0] - lr; at 1, the area between lr[0] and the rates.
    warmup_area : {"ramp", "included", "full"}
        How the warm-up of a Schedule enters S1 and S2: see the head of this module.

    Returns
    -------
    S2 : float array, shape (steps,), in units of the rate.

    Raises
    ------
    InputError
        As `counted_rates`, and if `decay_factor` lies outside [0, 1].

    Examples
    --------
    >>> annealing_area([1.0, 1.0, 0.5, 0.5], decay_factor=0.5).tolist()
    [0.0, 0.0, 0.5, 0.75]
    """
    factor = _decay_factor(decay_factor)
    _, lr = counted_rates(s_or_lr, warmup_area)
    S2 = np.empty_like(lr)
    kernels.annealing(lr, factor, _start(lr), S2, _NONE)
    return S2


def both_areas(s_or_lr: Schedule | ArrayLike, decay_factor: float = 0.999, *, warmup_area: str = "ramp") -> Areas:
    """S1, S2 and the momentum m at once; parameters and errors as `annealing_area`.

    Examples
    --------
    >>> both_areas([1.0, 1.0, 0.5, 0.5], decay_factor=0.5).m.tolist()
    [0.0, 0.0, 0.5, 0.25]
    """
    factor = _decay_factor(decay_factor)
    forward, lr = counted_rates(s_or_lr, warmup_area)
    S1, S2, m = np.empty_like(lr), np.empty_like(lr), np.empty_like(lr)
    kernels.forward(forward, np.zeros(2), S1)
    kernels.annealing(lr, factor, _start(lr), S2, m)
    return Areas(S1, S2, m)


def areas_with_gradient(
    s_or_lr: Schedule | ArrayLike, decay_factor: float = 0.999, *, warmup_area: str = "ramp"
) -> AreasGradient:
    """S1, S2 and dS2/d(decay_factor), as a fit with a free decay factor needs them; in plain sums, so about twice as fast.

    S1 does not depend on the decay factor. Parameters and errors as `annealing_area`.

    Examples
    --------
    >>> areas_with_gradient([1.0, 1.0, 0.5, 0.5], decay_factor=0.5).dS2.tolist()
    [0.0, 0.0, 0.0, 0.5]
    """
    factor = _decay_factor(decay_factor)
    forward, lr = counted_rates(s_or_lr, warmup_area)
    S1, S2, dS2 = np.empty_like(lr), np.empty_like(lr), np.empty_like(lr)
    kernels.areas_with_gradient(forward, lr, factor, S1, S2, dS2)
    return AreasGradient(S1, S2, dS2)


def advance(
    lr_piece: ArrayLike, state: AreaState | None = None, decay_factor: float = 0.999
) -> tuple[FloatArray, FloatArray, AreaState]:
    """Areas of the next piece of a schedule, and the state to go on from after it.

    Parameters
    ----------
    lr_piece : array_like, shape (n,)
        The rates of the next n updates, n >= 0. All count as they are: pass on what `counted_rates` gives where a warm-up
        is to count otherwise.
    state : AreaState or None
        What the pieces before left, None at the first.
    decay_factor : float
        Within [0, 1].

    Returns
    -------
    S1, S2 : float arrays, shape (n,): the same bits as for the whole schedule in one call.
    state : AreaState

    Raises
    ------
    InputError
        For rates that are negative or not finite, or a decay factor outside [0, 1].

    Examples
    --------
    >>> S1, S2, state = advance([1.0, 1.0], None, decay_factor=0.5)
    >>> S1, S2, state = advance([0.5, 0.5], state, decay_factor=0.5)
    >>> S1.tolist(), S2.tolist()
    ([2.5, 3.0], [0.5, 0.75])
    """
    factor = _decay_factor(decay_factor)
    lr = checks.array("lr_piece", lr_piece, low=0.0, empty=True)
    if state is None:
        state = AreaState()
    elif not isinstance(state, AreaState):
        raise InputError(f"state must be an AreaState or None, not {checks.show(state)}")
    S1, S2 = np.empty_like(lr), np.empty_like(lr)
    if lr.size == 0:
        return S1, S2, state
    _refuse_huge(lr, state.S1)
    high1, low1, high2, low2, high_m, low_m = state.sums or (state.S1, 0.0, state.S2, 0.0, state.m, 0.0)
    forward = np.array([high1, low1])
    annealing = np.array([high2, low2, high_m, low_m, lr[0] if state.last_lr is None else state.last_lr])
    kernels.forward(lr, forward, S1)
    kernels.annealing(lr, factor, annealing, S2, _NONE)
    high1, low1 = forward.tolist()
    high2, low2, high_m, low_m, last_lr = annealing.tolist()
    after = AreaState(high1 + low1, high2 + low2, high_m + low_m, last_lr, (high1, low1, high2, low2, high_m, low_m))
    return S1, S2, after


def _start(lr: FloatArray) -> FloatArray:
    return np.array([0.0, 0.0, 0.0, 0.0, lr[0]])


def _decay_factor(value: float) -> float:
    return checks.real("decay_factor", value, 0.0, 1.0)


def _refuse_huge(lr: FloatArray, before: float = 0.0) -> None:
    """S2 is at most steps times the largest rate; Dekker's product needs some margin."""
    largest = float(lr.max(initial=0.0))
    if before + largest * lr.size > 1e290:
        raise InputError(f"lr must hold rates whose sum stays below 1e290, but the largest of the {lr.size} is {largest!r}")
