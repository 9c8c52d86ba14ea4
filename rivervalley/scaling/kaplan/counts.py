"""Parameters, flop and learning rate of a transformer (Kaplan et al., arXiv 2001.08361, section 2.1 and appendix D.6)."""

from __future__ import annotations

import math

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.scaling._arguments import Numbers, Value, calculator, numbers, together
from rivervalley.scaling.kaplan.constants import FLOP_PER_PARAMETER_TOKEN

LARGEST_SIZE_WITH_LEARNING_RATE = math.exp(0.003239 / 0.0001395)  # where learning_rate_for_size meets 0, 1.2e10


def parameter_count(layers: int, d_model: int, d_attention: int | None = None, d_feedforward: int | None = None) -> int:
    """Non-embedding parameters, 2 d_model layers (2 d_attention + d_feedforward): 12 layers d_model^2 at the usual ratios.

    Biases and sub-leading terms are left out. d_attention is d_model if not given, d_feedforward 4 d_model.

    Raises
    ------
    InputError
        If an argument is no integer of at least 1.

    Examples
    --------
    >>> parameter_count(48, 1600)
    1474560000
    """
    layers, d_model = checks.integer("layers", layers, 1), checks.integer("d_model", d_model, 1)
    attention = d_model if d_attention is None else checks.integer("d_attention", d_attention, 1)
    feedforward = 4 * d_model if d_feedforward is None else checks.integer("d_feedforward", d_feedforward, 1)
    return 2 * d_model * layers * (2 * attention + feedforward)


@calculator
def forward_flop_per_token(N: Numbers, layers: int, context: int, d_model: int) -> Value:
    """Flop of the forward pass for one token, 2 N + 2 layers context d_model (section 2.1); training takes three times as many.

    The second term is small while d_model is large against context / 12. Raises InputError if N is not positive and finite
    or a length is no integer of at least 1.

    Examples
    --------
    >>> forward_flop_per_token(parameter_count(48, 1600), 48, 1024, 1600)
    3106406400.0
    """
    layers, context = checks.integer("layers", layers, 1), checks.integer("context", context, 1)
    flop: FloatArray = 2.0 * numbers("N", N) + 2.0 * layers * context * checks.integer("d_model", d_model, 1)
    return flop


@calculator
def training_flop(N: Numbers, D: Numbers) -> Value:
    """C = 6 N D, flop to train N parameters on D tokens (section 2.1), without attention over the context.

    Raises InputError if an argument is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> f"{training_flop(7e10, 1.4e12):.3g}"
    '5.88e+23'
    """
    N, D = together(N=N, D=D)
    flop: FloatArray = FLOP_PER_PARAMETER_TOKEN * N * D
    return flop


@calculator
def learning_rate_for_size(N: Numbers) -> Value:
    """Peak rate of Adam that the paper used for N parameters: 0.003239 - 0.0001395 ln N (appendix D.6).

    Raises InputError if N is not positive, or from 1.2e10 on, where the formula meets 0; the paper says that it breaks down
    above 1e10.

    Examples
    --------
    >>> round(learning_rate_for_size(1e9), 6)
    0.000348
    """
    size = numbers("N", N)
    if np.any(size >= LARGEST_SIZE_WITH_LEARNING_RATE):
        raise InputError(f"N must be below {LARGEST_SIZE_WITH_LEARNING_RATE:.3g}, where the formula gives a rate of 0, "
                         f"not {float(np.max(size)):g}")  # fmt: skip
    rate: FloatArray = 0.003239 - 0.0001395 * np.log(size)
    return rate
