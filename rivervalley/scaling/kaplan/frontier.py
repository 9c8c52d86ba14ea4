"""The compute-optimal frontier in closed form and as measured (Kaplan et al., arXiv 2001.08361, section 6 and appendix B).

With S_min = C_min / (6 N B_crit(loss)) in eq. 1.6, the best N at fixed compute has alpha_N (N_c/N)^alpha_N =
alpha_S (S_c/S)^alpha_S: training stops where the loss is alpha_N / alpha_S, about a tenth, above its converged value. All best
choices are then powers of compute, with 1 / alpha_C = 1 / alpha_N + 1 / alpha_S + 1 / alpha_B.

The formulas do not give back the measured numbers: from Table 3 the powers of N, B, S, D are 0.681, 0.250, 0.069, 0.319 and
alpha_C is 0.0525; measured (Table 6) are 0.73, 0.24, 0.03, 0.27 and 0.050, and levels differ by a factor of about 2.
Section 6.2 prints 0.054 and 0.71 from slightly other constants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray, InputError
from rivervalley.scaling._arguments import Numbers, Value, calculator, constants_of, numbers
from rivervalley.scaling.kaplan.constants import (
    COMPUTE,
    DATA,
    FRONTIER,
    MEASURED_FRONTIER,
    PF_DAY,
    Frontier,
    MeasuredFrontier,
    PowerLaw,
    Trend,
)


@dataclass(frozen=True)
class Powers:
    """loss ~ C^-loss, N ~ C^size, B ~ C^batch_size, S ~ C^steps, D = B S ~ C^data; size + batch_size + steps = 1."""

    loss: float
    size: float
    batch_size: float
    steps: float
    data: float


@dataclass(frozen=True)
class Allocation:
    """A budget of C flop and its best spending.

    Attributes
    ----------
    C : flop; N : non-embedding parameters; batch_size : tokens; steps; D : tokens; loss : nats per token
        Floats or arrays of one shape. Closed forms count minimal steps and tokens and the critical batch size, for which
        C_min = 6 N batch_size steps; a run at that batch size takes twice the steps and twice the compute.
    """

    C: Value
    N: Value
    batch_size: Value
    steps: Value
    D: Value
    loss: Value


@dataclass(frozen=True)
class Ratios:
    """Costs relative to a reference that reaches the same loss."""

    size: Value
    steps: Value
    compute: Value


@dataclass(frozen=True)
class CrossingPoint:
    """Where two laws meet: flop, nats per token, parameters, tokens."""

    C: float
    loss: float
    N: float
    D: float


def frontier_powers(constants: Frontier = FRONTIER) -> Powers:
    """Powers of compute along the frontier, from the exponents of the laws (appendix B).

    Examples
    --------
    >>> p = frontier_powers()
    >>> print(f"{p.loss:.4f} {p.size:.3f} {p.batch_size:.3f} {p.steps:.3f} {p.data:.3f}")
    0.0525 0.681 0.250 0.069 0.319
    """
    c = constants_of(Frontier, "constants", constants)
    law = c.size_steps
    loss = 1.0 / (1.0 / law.alpha_N + 1.0 / law.alpha_S + 1.0 / c.batch.alpha_B)
    batch, steps = loss / c.batch.alpha_B, loss / law.alpha_S
    return Powers(loss=loss, size=loss / law.alpha_N, batch_size=batch, steps=steps, data=batch + steps)


def frontier_compute_scale(constants: Frontier = FRONTIER) -> float:
    """C_c in flop, for which the best loss is (C_c / C_min)^alpha_C (appendix B).

    Examples
    --------
    >>> f"{frontier_compute_scale() / PF_DAY:.2e}"     # measured: 3.1e8
    '1.53e+08'
    """
    c = constants_of(Frontier, "constants", constants)
    law = c.size_steps
    gap = law.alpha_N / law.alpha_S
    grown = (1.0 + gap) ** (1.0 / law.alpha_S + 1.0 / law.alpha_N) * gap ** (-1.0 / law.alpha_S)
    return float(c.flop_factor * law.N_c * c.batch.B_star * law.S_c * grown)


@calculator
def optimal_allocation(C: Numbers, constants: Frontier = FRONTIER) -> Allocation:
    """The best size, batch, steps and data for C_min flop, in closed form (appendix B).

    Parameters
    ----------
    C : float or array
        Flop spent at batches far below the critical one, above 0.
    constants : Frontier

    Returns
    -------
    Allocation
        `batch_size` is the critical one; `steps` and `D` are minimal.

    Raises
    ------
    InputError
        If C is not positive and finite.

    Examples
    --------
    >>> best = optimal_allocation(PF_DAY)
    >>> f"{best.N:.3g} {best.steps:.3g} {best.loss:.3g}"
    '6.04e+08 1.32e+04 2.69'
    """
    c = constants_of(Frontier, "constants", constants)
    law, powers = c.size_steps, frontier_powers(c)
    C = numbers("C", C)
    scale, gap = frontier_compute_scale(c), law.alpha_N / law.alpha_S
    N = law.N_c * (C / scale) ** powers.size * (1.0 + gap) ** (1.0 / law.alpha_N)
    loss = (scale / C) ** powers.loss
    steps = law.S_c * (gap * loss / (1.0 + gap)) ** (-1.0 / law.alpha_S)
    batch_size = c.batch.B_star * loss ** (-1.0 / c.batch.alpha_B)
    return Allocation(C=C, N=N, batch_size=batch_size, steps=steps, D=batch_size * steps, loss=loss)


@calculator
def measured_allocation(
    C: Numbers, measured: MeasuredFrontier = MEASURED_FRONTIER, compute_law: PowerLaw = COMPUTE
) -> Allocation:
    """The best choices for C_min flop as the paper measured them: Table 6 and eq. 1.3.

    `batch_size` bounds from above what counts as far below critical; `steps` is S_min, a bound from below; D is one epoch.
    The four fits were made apart, so 6 N batch_size steps is C only within a few percent at a PF-day.

    Raises InputError if C is not positive and finite.

    Examples
    --------
    >>> measured_allocation(PF_DAY).N
    1300000000.0
    """
    m, law = constants_of(MeasuredFrontier, "measured", measured), constants_of(PowerLaw, "compute_law", compute_law)
    C = numbers("C", C)
    loss: FloatArray = (law.scale / C) ** law.alpha
    N, batch_size, steps, D = (_follow(trend, C) for trend in (m.N, m.batch_size, m.S_min, m.D))
    return Allocation(C=C, N=N, batch_size=batch_size, steps=steps, D=D, loss=loss)


def _follow(trend: Trend, C: FloatArray) -> FloatArray:
    value: FloatArray = trend.at_one_pf_day * (C / PF_DAY) ** trend.power
    return value


@calculator
def overtraining_ratios(gap: Numbers, reference_gap: Numbers, constants: Frontier = FRONTIER) -> Ratios:
    """What stopping `gap` above the converged loss costs beside `reference_gap` above it, at the same loss (appendix B.3).

    Gaps are fractions of the converged loss. Going to 2 % instead of 10 % is dear:

    Raises InputError if a gap is not positive and finite.

    Examples
    --------
    >>> r = overtraining_ratios(0.10, 0.02)
    >>> print(f"size {r.size:.1f}, steps {r.steps:.2f}, compute {r.compute:.2f}")
    size 2.7, steps 0.13, compute 0.35
    """
    law = constants_of(Frontier, "constants", constants).size_steps
    f, reference = numbers("gap", gap), numbers("reference_gap", reference_gap)
    size = ((1.0 + f) / (1.0 + reference)) ** (1.0 / law.alpha_N)
    steps = ((1.0 + 1.0 / f) / (1.0 + 1.0 / reference)) ** (1.0 / law.alpha_S)
    return Ratios(size=size, steps=steps, compute=size * steps)


@calculator
def wrong_size_ratios(size_ratio: Numbers, constants: Frontier = FRONTIER) -> Ratios:
    """Compute and steps of a model `size_ratio` times the best size, over those of the best, at the same loss (appendix B.4).

    Infinite where the model is too small to reach the loss at all: below (1 + alpha_N / alpha_S)^(-1 / alpha_N), about 0.29.

    Raises InputError if the ratio is not positive and finite.

    Examples
    --------
    >>> r = wrong_size_ratios([0.6, 1.0, 2.2])
    >>> r.compute.round(3).tolist(), r.steps.round(2).tolist()
    ([1.165, 1.0, 1.204], [1.94, 1.0, 0.55])
    """
    law = constants_of(Frontier, "constants", constants).size_steps
    x = numbers("size_ratio", size_ratio)
    left = 1.0 + law.alpha_S / law.alpha_N * (1.0 - x**-law.alpha_N)
    steps = np.maximum(left, 0.0) ** (-1.0 / law.alpha_S)
    return Ratios(size=x, steps=steps, compute=x * steps)


def crossing_point(
    data: Trend = MEASURED_FRONTIER.D,
    size: Trend = MEASURED_FRONTIER.N,
    data_law: PowerLaw = DATA,
    compute_law: PowerLaw = COMPUTE,
) -> CrossingPoint:
    """Where the loss that compute promises meets the best that the data read could give (eq. 6.6-6.8): the laws end before.

    Along the frontier data grow as C^0.27, so that L(D) falls more slowly than L(C). The paper calls the point uncertain by
    a factor of ten either way. Raises InputError if the two laws never meet.

    Examples
    --------
    >>> at = crossing_point()
    >>> print(f"{at.C / PF_DAY:.3g} PF-days, loss {at.loss:.2f}, N {at.N:.2g}")
    1.12e+04 PF-days, loss 1.67, N 1.2e+12
    """
    follows, sized = constants_of(Trend, "data", data), constants_of(Trend, "size", size)
    by_data, by_compute = constants_of(PowerLaw, "data_law", data_law), constants_of(PowerLaw, "compute_law", compute_law)
    slope = by_compute.alpha - by_data.alpha * follows.power
    if slope <= 0.0:
        raise InputError(f"data must grow so slowly that its law falls behind compute's, not as C^{follows.power:g}")
    start = by_compute.alpha * np.log(by_compute.scale / PF_DAY)
    log_C = (start - by_data.alpha * np.log(by_data.scale / follows.at_one_pf_day)) / slope
    C = np.asarray(PF_DAY * np.exp(log_C))
    loss = (by_compute.scale / float(C)) ** by_compute.alpha
    return CrossingPoint(C=float(C), loss=float(loss), N=float(_follow(sized, C)), D=float(_follow(follows, C)))
