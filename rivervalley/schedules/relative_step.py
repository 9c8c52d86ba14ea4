"""The relative step r = eta / n of AdamW: n the rms of the weights, which weight decay and the updates' random walk set.

What acts on weights that are followed by a normalisation is the relative step, not the LR (rotational equilibrium:
Kosson, Messmer and Jaggi, arXiv 2305.17212). An AdamW update has rms about 1 x LR, so

    n_t^2 = (1 - eta_t wd)^2 n_{t-1}^2 + eta_t^2,    n_0 = init_std

with nothing to fit. At a constant LR it tends to n^2 = eta / (2 wd), so r to sqrt(2 eta wd), in 1 / (2 eta wd) updates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import relative_step as kernels
from rivervalley.schedules.schedule import Schedule

SIGNAL_EXPONENT, MEMORY_EXPONENT = 1.0, 1.5  # of 1 / n, in the two clocks of the equilibrium law
LARGEST_LR = 1e6


class RelativeStep(NamedTuple):
    """Norm, relative step and both clocks of a run, each of shape (steps,).

    Attributes
    ----------
    norm : rms of the weights before each update; norm[0] is init_std.
    step : r = lr / norm, the share of the weights that each update replaces.
    signal : cumulative relative step after each update, 0.02 sum r: cumulative LR at an rms of 0.02.
    memory : sum of (lr / 1e-3) (0.02 / norm)^memory_exponent after each update, the clock on which hill noise relaxes.
    """

    norm: FloatArray
    step: FloatArray
    signal: FloatArray
    memory: FloatArray


def relative_step(
    schedule: Schedule | ArrayLike,
    weight_decay: float = 0.1,
    init_std: float = 0.02,
    *,
    memory_exponent: float = MEMORY_EXPONENT,
) -> RelativeStep:
    """Norm, relative step and both clocks under AdamW with decoupled weight decay.

    Parameters
    ----------
    schedule : Schedule or array_like, shape (steps,)
        The LR of every update, warm-up included; absolute, as passed to the optimiser.
    weight_decay : float
        At least 0, with lr x weight_decay < 1: each update multiplies the weights by 1 - lr x weight_decay.
    init_std : float
        Standard deviation of the initial weights, above 0.
    memory_exponent : float
        Within [0, 4]: 1.5 in the equilibrium law, 1 for a landscape under Adam, 2 for scale-invariant SGD.

    Returns
    -------
    RelativeStep

    Raises
    ------
    InputError
        If an LR is negative, not finite or above 1e6, or another argument is out of its range.

    Examples
    --------
    At equilibrium r = sqrt(2 lr wd):

    >>> import numpy as np
    >>> run = relative_step(np.full(40_000, 1e-3), weight_decay=0.1)
    >>> print(f"{run.norm[0]:.3f} {run.norm[-1]:.4f} {run.step[-1]:.5f}")
    0.020 0.0707 0.01414
    """
    lr = schedule.lr if isinstance(schedule, Schedule) else checks.array("schedule", schedule, low=0.0)
    decay, std = weights_of(lr, weight_decay, init_std)
    exponent = checks.real("memory_exponent", memory_exponent, 0.0, 4.0)
    x, _, n, S, tau = steps_and_clocks(lr, decay, std, SIGNAL_EXPONENT, exponent)
    return RelativeStep(n[:-1], x * (kernels.REF / kernels.WIDTH), S, tau)


def weights_of(lr: FloatArray, weight_decay: float, init_std: float) -> tuple[float, float]:
    """Checked weight decay and init std, for these LRs."""
    decay = checks.real("weight_decay", weight_decay, 0.0)
    std = checks.real("init_std", init_std, 1e-9, 1e6)
    highest = float(lr.max(initial=0.0))
    if highest > LARGEST_LR:
        raise InputError(f"schedule must have LRs of at most {LARGEST_LR:g}, not {highest:g}")
    if highest * decay >= 1.0:
        raise InputError(f"weight_decay must be below 1 / peak LR = {1.0 / highest:g}, not {decay:g}")
    return decay, std


def steps_and_clocks(
    lr: FloatArray, weight_decay: float, init_std: float, signal_exponent: float, memory_exponent: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """x and d of each update (the kernels' legend), n before each and after the last, and the clocks S and tau after each."""
    lr = np.ascontiguousarray(lr)
    n = np.empty(lr.size + 1)
    kernels.norms(lr, weight_decay, init_std, n)
    x, d, S, tau = np.empty((4, lr.size))
    kernels.clocks(lr, n, signal_exponent, memory_exponent, x, d, S, tau)
    return x, d, n, S, tau
