"""The critical batch size and what it makes of steps, tokens and compute (Kaplan et al., arXiv 2001.08361, section 5.1).

All at one fixed target loss. S_min is the fewest steps that reach it, at batches far above the critical one; E_min and C_min
are the fewest tokens and the least compute, at batches far below. With E = B S and B_crit = E_min / S_min,

    (S / S_min - 1) (E / E_min - 1) = 1.

At B = B_crit everything costs twice its minimum.
"""

from __future__ import annotations

import numpy as np

from rivervalley._common.checks import FloatArray, InputError
from rivervalley.scaling._arguments import Numbers, Value, calculator, constants_of, numbers, together
from rivervalley.scaling.kaplan.constants import CRITICAL_BATCH, BatchLaw


@calculator
def critical_batch_size(loss: Numbers, law: BatchLaw = CRITICAL_BATCH) -> Value:
    """Critical batch size at a loss, B_star / loss^(1 / alpha_B), in tokens (eq. 1.4).

    Model size matters only through the loss. Raises InputError if the loss is not positive and finite.

    Examples
    --------
    >>> f"{critical_batch_size(3.0):.3g}"
    '1.07e+06'
    """
    c = constants_of(BatchLaw, "law", law)
    tokens: FloatArray = c.B_star * numbers("loss", loss) ** (-1.0 / c.alpha_B)
    return tokens


@calculator
def loss_for_critical_batch_size(batch_size: Numbers, law: BatchLaw = CRITICAL_BATCH) -> Value:
    """The loss at which a batch of so many tokens is the critical one: eq. 1.4 inverted.

    Raises InputError if the batch size is not positive and finite, or the law's critical batch does not depend on the loss.
    """
    c = constants_of(BatchLaw, "law", law)
    if c.alpha_B == np.inf:
        raise InputError("law must have a finite alpha_B, for its critical batch to tell a loss, not inf")
    loss: FloatArray = (c.B_star / numbers("batch_size", batch_size)) ** c.alpha_B
    return loss


@calculator
def minimum_steps(steps: Numbers, batch_size: Numbers, critical_batch_size: Numbers) -> Value:
    """S_min of a run that took `steps` at a batch size: S / (1 + B_crit / B). Batches in tokens.

    Raises InputError if an argument is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> minimum_steps(2e5, 5e5, 5e5), minimum_examples(1e11, 5e5, 5e5), minimum_compute(4.0, 5e5, 5e5)
    (100000.0, 50000000000.0, 2.0)
    """
    S, B, crit = together(steps=steps, batch_size=batch_size, critical_batch_size=critical_batch_size)
    least: FloatArray = S / (1.0 + crit / B)
    return least


@calculator
def minimum_examples(examples: Numbers, batch_size: Numbers, critical_batch_size: Numbers) -> Value:
    """E_min of a run that read so many tokens at a batch size: E / (1 + B / B_crit). Raises as `minimum_steps`."""
    E, B, crit = together(examples=examples, batch_size=batch_size, critical_batch_size=critical_batch_size)
    least: FloatArray = E / (1.0 + B / crit)
    return least


@calculator
def minimum_compute(C: Numbers, batch_size: Numbers, critical_batch_size: Numbers) -> Value:
    """C_min of a run that took C flop at a batch size: C / (1 + B / B_crit). Raises as `minimum_steps`."""
    C, B, crit = together(C=C, batch_size=batch_size, critical_batch_size=critical_batch_size)
    least: FloatArray = C / (1.0 + B / crit)
    return least


@calculator
def steps_at_batch_size(S_min: Numbers, batch_size: Numbers, critical_batch_size: Numbers) -> Value:
    """Steps to the same loss at a batch size: S_min (1 + B_crit / B). Raises as `minimum_steps`.

    Examples
    --------
    >>> S = steps_at_batch_size(1e4, [1e5, 1e6, 1e7], 1e6)
    >>> S, S * [1e5, 1e6, 1e7] / 1e10                      # steps, and tokens over E_min
    (array([110000.,  20000.,  11000.]), array([ 1.1,  2. , 11. ]))
    """
    S, B, crit = together(S_min=S_min, batch_size=batch_size, critical_batch_size=critical_batch_size)
    steps: FloatArray = S * (1.0 + crit / B)
    return steps


@calculator
def examples_at_batch_size(E_min: Numbers, batch_size: Numbers, critical_batch_size: Numbers) -> Value:
    """Tokens to the same loss at a batch size: E_min (1 + B / B_crit). Raises as `minimum_steps`."""
    E, B, crit = together(E_min=E_min, batch_size=batch_size, critical_batch_size=critical_batch_size)
    tokens: FloatArray = E * (1.0 + B / crit)
    return tokens


@calculator
def compute_at_batch_size(C_min: Numbers, batch_size: Numbers, critical_batch_size: Numbers) -> Value:
    """Flop to the same loss at a batch size: C_min (1 + B / B_crit). Raises as `minimum_steps`."""
    C, B, crit = together(C_min=C_min, batch_size=batch_size, critical_batch_size=critical_batch_size)
    flop: FloatArray = C * (1.0 + B / crit)
    return flop


@calculator
def batch_size_for_steps(steps: Numbers, S_min: Numbers, critical_batch_size: Numbers) -> Value:
    """Batch size that reaches the loss in so many steps: B_crit / (S / S_min - 1); infinite where steps <= S_min.

    Raises as `minimum_steps`.
    """
    S, least, crit = together(steps=steps, S_min=S_min, critical_batch_size=critical_batch_size)
    batch: FloatArray = crit / np.maximum(S / least - 1.0, 0.0)
    return batch


@calculator
def steps_for_examples(examples: Numbers, S_min: Numbers, E_min: Numbers) -> Value:
    """Steps on the hyperbola where so many tokens are read: S_min (1 + 1 / (E / E_min - 1)); infinite where E <= E_min.

    Raises as `minimum_steps`.
    """
    E, S, least = together(examples=examples, S_min=S_min, E_min=E_min)
    steps: FloatArray = S * (1.0 + 1.0 / np.maximum(E / least - 1.0, 0.0))
    return steps
