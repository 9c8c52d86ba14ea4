"""Loss at fixed compute against size, and the frontier by minimising it (Kaplan et al., arXiv 2001.08361, appendix B).

The critical batch depends on the loss, so eq. B.3 is implicit in the loss:

    loss = (N_c / N)^alpha_N + (6 N S_c (B + B_crit(loss)) / C)^alpha_S

with B the batch size and C the compute used; B = 0 makes C the compute C_min of small batches. The right side falls as the
loss grows, so there is one root.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from rivervalley._common.checks import FloatArray, InputError
from rivervalley.scaling._arguments import Numbers, Value, calculator, constants_of, numbers, together
from rivervalley.scaling.kaplan.constants import FRONTIER, Frontier
from rivervalley.scaling.kaplan.frontier import Allocation, optimal_allocation

DECADES_SEARCHED = 2.0  # of N, to either side of a guess within a few times of the best


@calculator
def loss_from_size_and_compute(
    N: Numbers, C: Numbers, batch_size: Numbers | None = None, constants: Frontier = FRONTIER
) -> Value:
    """Loss of N parameters trained with C flop: a point of an isoFLOP curve.

    Parameters
    ----------
    N, C : float or array
        Non-embedding parameters; flop. Above 0; they broadcast.
    batch_size : float or array, optional
        In tokens, the batch at which C was spent. Without it C is C_min, spent at batches far below the critical one.
    constants : Frontier

    Returns
    -------
    float or array, nats per token

    Raises
    ------
    InputError
        If an argument is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> round(loss_from_size_and_compute(6.04e8, 8.64e19), 3)
    2.688
    """
    c = constants_of(Frontier, "constants", constants)
    if batch_size is None:
        N, C = together(N=N, C=C)
        B = np.zeros_like(N)
    else:
        N, C, B = together(N=N, C=C, batch_size=batch_size)
    floor = (c.size_steps.N_c / N) ** c.size_steps.alpha_N
    return _root(floor, c.flop_factor * N * c.size_steps.S_c / C, B, c)


def _root(floor: FloatArray, cost: FloatArray, B: FloatArray, c: Frontier) -> FloatArray:
    """The excess over `floor` by bisection in its logarithm, until the bracket is two neighbouring floats wide or so."""
    law, batch = c.size_steps, c.batch

    def right(excess: FloatArray) -> FloatArray:
        crit = batch.B_star * (floor + excess) ** (-1.0 / batch.alpha_B)
        side: FloatArray = (cost * (B + crit)) ** law.alpha_S
        return side

    # At an excess of right(0) the right side is below its value at 0; the root lies under it and over right(right(0)).
    high = right(np.zeros_like(floor))
    low = right(high)
    if not np.all(np.isfinite(high) & (low > 0.0)):
        raise InputError("N and C must give a loss within the range of float64, which these are too far apart for")
    low, high = np.log(low), np.log(high)
    for _ in range(70):
        middle = 0.5 * (low + high)
        above = right(np.exp(middle)) > np.exp(middle)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return floor + np.exp(0.5 * (low + high))


@calculator
def compute_for_loss_and_size(
    loss: Numbers, N: Numbers, batch_size: Numbers | None = None, constants: Frontier = FRONTIER
) -> Value:
    """Flop with which N parameters reach `loss`: 6 N S_min (B + B_crit(loss)); infinite where N is too small for it.

    Without a batch size, C_min: that of batches far below the critical one. Raises as `loss_from_size_and_compute`.

    Examples
    --------
    >>> N, C = 1e9, 1e21
    >>> round(compute_for_loss_and_size(loss_from_size_and_compute(N, C, 5e5), N, 5e5) / C, 9)
    1.0
    """
    c = constants_of(Frontier, "constants", constants)
    law = c.size_steps
    if batch_size is None:
        loss, N = together(loss=loss, N=N)
        B = np.zeros_like(N)
    else:
        loss, N, B = together(loss=loss, N=N, batch_size=batch_size)
    left = np.maximum(loss - (law.N_c / N) ** law.alpha_N, 0.0)
    crit = c.batch.B_star * loss ** (-1.0 / c.batch.alpha_B)
    flop: FloatArray = c.flop_factor * N * law.S_c * left ** (-1.0 / law.alpha_S) * (B + crit)
    return flop


def _guess(C: FloatArray, batch_size: float | None, c: Frontier) -> FloatArray:
    """The best size where one of batch size and critical batch size is negligible: the smaller of the two limits."""
    small = np.asarray(optimal_allocation(C, c).N)
    if batch_size is None:
        return small
    law = c.size_steps
    power = 1.0 / (1.0 + law.alpha_N / law.alpha_S)
    steps = law.S_c * (law.alpha_N / law.alpha_S) ** (-1.0 / law.alpha_S)
    large = law.N_c * (C / (c.flop_factor * batch_size * steps * law.N_c)) ** power
    best: FloatArray = np.minimum(small, large)
    return best


@calculator
def optimal_allocation_numeric(C: Numbers, batch_size: float | None = None, constants: Frontier = FRONTIER) -> Allocation:
    """The best size for a budget by minimising `loss_from_size_and_compute` over N; N to about eight digits.

    Without a batch size it finds what `optimal_allocation` has in closed form. With one, C is the compute used at that
    batch, steps are those taken, and the best N is no power of C: the local exponent of the loss is
    1 / (1/alpha_N + 1/alpha_S + w/alpha_B) with w = B_crit / (B_crit + B) (derived), 0.070 ... 0.0525 by Table 3.

    Parameters
    ----------
    C : float or array
        Flop, above 0.
    batch_size : float, optional
        Tokens, above 0.
    constants : Frontier

    Returns
    -------
    Allocation

    Raises
    ------
    InputError
        If an argument is not positive and finite.

    Examples
    --------
    >>> best = optimal_allocation_numeric(8.64e19, batch_size=2**19)
    >>> f"{best.N:.3g} {best.loss:.3f}"
    '5.02e+08 2.726'
    """
    c = constants_of(Frontier, "constants", constants)
    budgets = numbers("C", C)
    batch = None if batch_size is None else float(numbers("batch_size", batch_size))
    guesses = np.log(_guess(budgets, batch, c))
    reach = DECADES_SEARCHED * np.log(10.0)

    def best_size(budget: float, guess: float) -> float:
        optimum = minimize_scalar(
            lambda log_N: float(loss_from_size_and_compute(np.exp(log_N), budget, batch, c)),
            bounds=(guess - reach, guess + reach),
            method="bounded",
            options={"xatol": 1e-10, "maxiter": 500},
        )
        return float(np.exp(optimum.x))

    pairs = zip(budgets.ravel().tolist(), guesses.ravel().tolist(), strict=True)
    N = np.array([best_size(budget, guess) for budget, guess in pairs]).reshape(budgets.shape)
    loss = np.asarray(loss_from_size_and_compute(N, budgets, batch, c))
    used: FloatArray = c.batch.B_star * loss ** (-1.0 / c.batch.alpha_B) if batch is None else np.full(budgets.shape, batch)
    D = budgets / (c.flop_factor * N)
    return Allocation(C=budgets, N=N, batch_size=used, steps=D / used, D=D, loss=loss)
