"""Two resources limit: size and data, size and steps (Kaplan et al., arXiv 2001.08361, eq. 1.5-1.6 and section 4).

Where a loss is unreachable, the amount of the resource is infinite.
"""

from __future__ import annotations

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.scaling._arguments import Numbers, Value, calculator, constants_of, numbers, together
from rivervalley.scaling.kaplan.constants import SEED_SPREAD, SIZE_DATA, SIZE_STEPS, SizeData, SizeSteps


@calculator
def loss_from_size_and_data(N: Numbers, D: Numbers, constants: SizeData = SIZE_DATA) -> Value:
    """Loss of a model of N parameters stopped early on D tokens (eq. 1.5).

    [(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D: vocabulary only rescales it, either limit is a power law, and it is
    analytic in 1 / D.

    Parameters
    ----------
    N, D : float or array
        Non-embedding parameters; tokens. Above 0; they broadcast.
    constants : SizeData

    Returns
    -------
    float or array, nats per token

    Raises
    ------
    InputError
        If N or D is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> round(loss_from_size_and_data(1e9, 1e10), 3)
    2.42
    """
    c = constants_of(SizeData, "constants", constants)
    N, D = together(N=N, D=D)
    loss: FloatArray = ((c.N_c / N) ** (c.alpha_N / c.alpha_D) + c.D_c / D) ** c.alpha_D
    return loss


@calculator
def loss_at_infinite_data(N: Numbers, constants: SizeData | SizeSteps = SIZE_DATA) -> Value:
    """Converged loss of a model on unlimited data under a joint law's own constants, (N_c / N)^alpha_N. Nats per token.

    Raises InputError if N is not positive and finite.
    """
    c = constants if isinstance(constants, SizeSteps) else constants_of(SizeData, "constants", constants)
    loss: FloatArray = (c.N_c / numbers("N", N)) ** c.alpha_N
    return loss


@calculator
def loss_at_infinite_size(D: Numbers, constants: SizeData = SIZE_DATA) -> Value:
    """Loss of a boundless model on D tokens under the joint law's own constants, (D_c / D)^alpha_D. Nats per token.

    Raises InputError if D is not positive and finite.
    """
    c = constants_of(SizeData, "constants", constants)
    loss: FloatArray = (c.D_c / numbers("D", D)) ** c.alpha_D
    return loss


@calculator
def size_for_loss_and_data(loss: Numbers, D: Numbers, constants: SizeData = SIZE_DATA) -> Value:
    """Parameters that reach `loss` on D tokens: eq. 1.5 inverted; infinite where D is too little for any size.

    Raises InputError if an argument is not positive and finite.

    Examples
    --------
    >>> f"{size_for_loss_and_data(2.5, 1e10):.3g}", size_for_loss_and_data(2.0, 1e10)
    ('5.45e+08', inf)
    """
    c = constants_of(SizeData, "constants", constants)
    loss, D = together(loss=loss, D=D)
    left = np.maximum(loss ** (1.0 / c.alpha_D) - c.D_c / D, 0.0)
    size: FloatArray = c.N_c * left ** (-c.alpha_D / c.alpha_N)
    return size


@calculator
def data_for_loss_and_size(loss: Numbers, N: Numbers, constants: SizeData = SIZE_DATA) -> Value:
    """Tokens with which N parameters reach `loss`: eq. 1.5 inverted; infinite where N is too small for any data.

    Raises InputError if an argument is not positive and finite.
    """
    c = constants_of(SizeData, "constants", constants)
    loss, N = together(loss=loss, N=N)
    left = np.maximum(loss ** (1.0 / c.alpha_D) - (c.N_c / N) ** (c.alpha_N / c.alpha_D), 0.0)
    tokens: FloatArray = c.D_c / left
    return tokens


@calculator
def overfitting(N: Numbers, D: Numbers, constants: SizeData = SIZE_DATA) -> Value:
    """How far finite data lift the loss, L(N, D) / L(N, inf) - 1 (eq. 4.3): a function of N^(alpha_N / alpha_D) / D alone.

    Raises InputError if N or D is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> round(overfitting(1e9, 22e9), 4)
    0.0218
    """
    c = constants_of(SizeData, "constants", constants)
    N, D = together(N=N, D=D)
    share = (N / c.N_c) ** (c.alpha_N / c.alpha_D) * (c.D_c / D)
    measure: FloatArray = np.expm1(c.alpha_D * np.log1p(share))
    return measure


@calculator
def data_against_overfitting(N: Numbers, tolerance: Numbers = SEED_SPREAD, constants: SizeData = SIZE_DATA) -> Value:
    """Tokens that keep `overfitting` at the tolerance: eq. 4.3 inverted.

    With the default tolerance, a relative 2 %, this is 5519 N^0.738, of which `data_rule` is the printed rounding.

    Raises InputError if an argument is not positive and finite.

    Examples
    --------
    >>> round(data_against_overfitting(1.0))
    5519
    """
    c = constants_of(SizeData, "constants", constants)
    N, tolerance = together(N=N, tolerance=tolerance)
    needed: FloatArray = c.D_c * (N / c.N_c) ** (c.alpha_N / c.alpha_D) / np.expm1(np.log1p(tolerance) / c.alpha_D)
    return needed


@calculator
def data_rule(N: Numbers) -> Value:
    """Tokens that keep overfitting below the spread between seeds, as printed: 5e3 N^0.74 (eq. 4.4).

    Eight times the parameters need 8^0.74 = 4.66 times the tokens. Raises InputError if N is not positive and finite.

    Examples
    --------
    >>> round(data_rule(8e9) / data_rule(1e9), 2)
    4.66
    """
    tokens: FloatArray = 5e3 * numbers("N", N) ** 0.74
    return tokens


@calculator
def loss_from_size_and_steps(N: Numbers, S_min: Numbers, constants: SizeSteps = SIZE_STEPS) -> Value:
    """Loss of N parameters after S_min steps on unlimited data, after the first transient (eq. 1.6).

    S_min is the steps that batches far above the critical one would take: `minimum_steps` has it from the steps taken.
    Nats per token. Raises InputError if an argument is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> round(loss_from_size_and_steps(1e9, 1e4), 3)
    2.653
    """
    c = constants_of(SizeSteps, "constants", constants)
    N, S_min = together(N=N, S_min=S_min)
    loss: FloatArray = (c.N_c / N) ** c.alpha_N + (c.S_c / S_min) ** c.alpha_S
    return loss


@calculator
def steps_for_loss_and_size(loss: Numbers, N: Numbers, constants: SizeSteps = SIZE_STEPS) -> Value:
    """S_min after which N parameters reach `loss`: eq. 1.6 inverted; infinite where N is too small for any steps.

    Raises InputError if an argument is not positive and finite.
    """
    c = constants_of(SizeSteps, "constants", constants)
    loss, N = together(loss=loss, N=N)
    left = np.maximum(loss - (c.N_c / N) ** c.alpha_N, 0.0)
    steps: FloatArray = c.S_c * left ** (-1.0 / c.alpha_S)
    return steps


@calculator
def size_for_loss_and_steps(loss: Numbers, S_min: Numbers, constants: SizeSteps = SIZE_STEPS) -> Value:
    """Parameters that reach `loss` after S_min steps: eq. 1.6 inverted; infinite where the steps are too few for any size.

    Raises InputError if an argument is not positive and finite.
    """
    c = constants_of(SizeSteps, "constants", constants)
    loss, S_min = together(loss=loss, S_min=S_min)
    left = np.maximum(loss - (c.S_c / S_min) ** c.alpha_S, 0.0)
    size: FloatArray = c.N_c * left ** (-1.0 / c.alpha_N)
    return size


@calculator
def early_stopping_bound(N: Numbers, D: Numbers, size_data: SizeData = SIZE_DATA, size_steps: SizeSteps = SIZE_STEPS) -> Value:
    """Steps that training on D tokens lasts at least before its test loss turns: S_c / [L(N, D) - L(N, inf)]^(1 / alpha_S).

    Eq. 5.7; it underestimates, and counts S_min. Both losses come from `size_data`; of `size_steps` only S_c and alpha_S
    are used. Raises InputError if N or D is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> f"{early_stopping_bound(1e8, 1e9):.2e}"
    '1.81e+04'
    """
    c = constants_of(SizeSteps, "size_steps", size_steps)
    excess = loss_at_infinite_data(N, size_data) * np.asarray(overfitting(N, D, size_data))
    steps: FloatArray = c.S_c * excess ** (-1.0 / c.alpha_S)
    return steps
