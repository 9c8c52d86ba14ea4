"""The Chinchilla law, loss = E + A / N^alpha + B / D^beta (Hoffmann et al., arXiv 2203.15556, approach 3), and its refit.

N counts all parameters, embeddings too, unlike in `rivervalley.scaling.kaplan`; D is tokens, C = 6 N D flop, losses are nats per
token. Besiroglu et al. (arXiv 2404.10102) found that the printed constants come from a fit that stopped early, since its
objective was averaged and not summed, and from rounding: beta rounded from 0.2849 to 0.28 alone moves the data term by 13 %.
Their refit agrees with Hoffmann's other two methods and with about 20 tokens per parameter; it is the default here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.scaling._arguments import Numbers, Value, calculator, check_constants, constants_of, numbers, together
from rivervalley.scaling.kaplan.constants import FLOP_PER_PARAMETER_TOKEN


@dataclass(frozen=True)
class Chinchilla:
    """loss(N, D) = E + A / N^alpha + B / D^beta.

    E in nats, A in nats x parameters^alpha, B in nats x tokens^beta; all above 0, but E may be 0.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    source: str

    def __post_init__(self) -> None:
        check_constants(self, zero=("E",))


HOFFMANN = Chinchilla(1.69, 406.4, 410.7, 0.34, 0.28, "arXiv 2203.15556, as printed")
HOFFMANN_UNROUNDED = Chinchilla(1.6934, 406.4, 410.7, 0.3392, 0.2849, "arXiv 2203.15556, TeX source")
BESIROGLU = Chinchilla(1.8172, 482.01, 2085.43, 0.3478, 0.3658, "arXiv 2404.10102")
# What the refit prints as standard errors of the five, and its power of N along the frontier with its own.
BESIROGLU_ERRORS = {"E": 0.03, "A": 125.0, "B": 1293.0, "alpha": 0.02, "beta": 0.02}
BESIROGLU_SIZE_POWER = (0.5126, 0.018)
# N ~ C^a by Hoffmann's three methods: minima over training curves, isoFLOP profiles, the parametric fit.
HOFFMANN_SIZE_POWERS = {"training curves": 0.50, "isoFLOP profiles": 0.49, "parametric fit": 0.46}


@dataclass(frozen=True)
class ChinchillaAllocation:
    """A budget of C flop and its best spending: N parameters, D tokens, loss in nats per token; floats or arrays alike."""

    C: Value
    N: Value
    D: Value
    loss: Value


@dataclass(frozen=True)
class ChinchillaRatios:
    """Parameters, tokens and flop relative to the best that reach the same loss."""

    size: Value
    data: Value
    compute: Value


@calculator
def loss_from_size_and_data(N: Numbers, D: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Loss of N parameters trained on D fresh tokens.

    Parameters
    ----------
    N, D : float or array
        All parameters; tokens. Above 0; they broadcast.
    constants : Chinchilla

    Returns
    -------
    float or array, nats per token

    Raises
    ------
    InputError
        If N or D is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> round(loss_from_size_and_data(70e9, 1.4e12), 3), round(loss_from_size_and_data(70e9, 1.4e12, HOFFMANN), 3)
    (1.974, 1.937)
    """
    c = constants_of(Chinchilla, "constants", constants)
    N, D = together(N=N, D=D)
    loss: FloatArray = c.E + c.A * N**-c.alpha + c.B * D**-c.beta
    return loss


@calculator
def size_for_loss_and_data(loss: Numbers, D: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Parameters that reach `loss` on D tokens; infinite where D is too little for any size. Raises as the loss does."""
    c = constants_of(Chinchilla, "constants", constants)
    loss, D = together(loss=loss, D=D)
    left = np.maximum(loss - c.E - c.B * D**-c.beta, 0.0)
    size: FloatArray = (left / c.A) ** (-1.0 / c.alpha)
    return size


@calculator
def data_for_loss_and_size(loss: Numbers, N: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Tokens with which N parameters reach `loss`; infinite where N is too small for any data. Raises as the loss does."""
    c = constants_of(Chinchilla, "constants", constants)
    loss, N = together(loss=loss, N=N)
    left = np.maximum(loss - c.E - c.A * N**-c.alpha, 0.0)
    tokens: FloatArray = (left / c.B) ** (-1.0 / c.beta)
    return tokens


@calculator
def loss_from_size_and_compute(N: Numbers, C: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Loss of N parameters trained with C flop on C / (6 N) tokens: a point of an isoFLOP curve. Raises as the loss does."""
    N, C = together(N=N, C=C)
    loss: FloatArray = np.asarray(loss_from_size_and_data(N, C / (FLOP_PER_PARAMETER_TOKEN * N), constants))
    return loss


def size_power(constants: Chinchilla = BESIROGLU) -> float:
    """a of N ~ C^a along the frontier, beta / (alpha + beta); D grows as C^(1 - a).

    Examples
    --------
    >>> round(size_power(), 4), round(size_power(HOFFMANN), 4)
    (0.5126, 0.4516)
    """
    c = constants_of(Chinchilla, "constants", constants)
    return c.beta / (c.alpha + c.beta)


@calculator
def optimal_allocation(C: Numbers, constants: Chinchilla = BESIROGLU) -> ChinchillaAllocation:
    """The best size and data for C flop: N = G (C / 6)^a, G = (alpha A / (beta B))^(1 / (alpha + beta)).

    Raises InputError if C is not positive and finite.

    Examples
    --------
    >>> best = optimal_allocation(5.76e23)
    >>> f"{best.N:.2g} parameters, {best.D / best.N:.1f} tokens for each"
    '7.2e+10 parameters, 18.4 tokens for each'
    """
    c = constants_of(Chinchilla, "constants", constants)
    C = numbers("C", C)
    pairs = C / FLOP_PER_PARAMETER_TOKEN
    N = _balance(c) * pairs ** size_power(c)
    D = pairs / N
    return ChinchillaAllocation(C=C, N=N, D=D, loss=np.asarray(loss_from_size_and_data(N, D, c)))


def _balance(c: Chinchilla) -> float:
    """G: the best N is G^((alpha + beta) / alpha) D^(beta / alpha)."""
    return float((c.alpha * c.A / (c.beta * c.B)) ** (1.0 / (c.alpha + c.beta)))


@calculator
def optimal_data_for_size(N: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Tokens for which N is the best size: alpha A / N^alpha = beta B / D^beta.

    Raises InputError if N is not positive and finite.

    Examples
    --------
    >>> f"{optimal_data_for_size(7e10):.3g}"
    '1.29e+12'
    """
    c = constants_of(Chinchilla, "constants", constants)
    tokens: FloatArray = (c.beta * c.B / (c.alpha * c.A)) ** (1.0 / c.beta) * numbers("N", N) ** (c.alpha / c.beta)
    return tokens


@calculator
def optimal_size_for_data(D: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Parameters for which D are the best tokens; `optimal_data_for_size` inverted. Raises if D is not positive and finite."""
    c = constants_of(Chinchilla, "constants", constants)
    size: FloatArray = (c.alpha * c.A / (c.beta * c.B)) ** (1.0 / c.alpha) * numbers("D", D) ** (c.beta / c.alpha)
    return size


@calculator
def compute_for_loss(loss: Numbers, constants: Chinchilla = BESIROGLU) -> Value:
    """Least flop that reach `loss`; infinite where it is not above E.

    At the best size the excess over E is (1 + alpha / beta) A / N^alpha. Raises if the loss is not positive and finite.

    Examples
    --------
    >>> C = compute_for_loss(2.0)
    >>> f"{C:.2e}", round(optimal_allocation(C).loss, 12), compute_for_loss(1.8)
    ('2.47e+23', 2.0, inf)
    """
    c = constants_of(Chinchilla, "constants", constants)
    excess = np.maximum(numbers("loss", loss) - c.E, 0.0)
    N = (excess / (c.A * (1.0 + c.alpha / c.beta))) ** (-1.0 / c.alpha)
    D = (excess / (c.B * (1.0 + c.beta / c.alpha))) ** (-1.0 / c.beta)
    flop: FloatArray = FLOP_PER_PARAMETER_TOKEN * N * D
    return flop


@calculator
def wrong_size_ratios(size_ratio: Numbers, constants: Chinchilla = BESIROGLU) -> ChinchillaRatios:
    """Data and flop of a model `size_ratio` times the best size, over those of the best, at the same loss (derived).

    With s = beta / (alpha + beta), the size term's share of the excess at the best size, data must grow by
    ((1 - s x^-alpha) / (1 - s))^(-1 / beta) for x = size_ratio. Below s^(1 / alpha) no data suffice: infinite. A ratio below 1
    is what is called over-training: a smaller model, cheaper to use, on more tokens.

    Raises InputError if the ratio is not positive and finite.

    Examples
    --------
    >>> r = wrong_size_ratios([0.5, 1.0, 2.0])
    >>> r.data.round(2).tolist(), r.compute.round(3).tolist()
    ([2.52, 1.0, 0.57], [1.259, 1.0, 1.148])
    """
    c = constants_of(Chinchilla, "constants", constants)
    x, share = numbers("size_ratio", size_ratio), size_power(c)
    left = np.maximum(1.0 - share * x**-c.alpha, 0.0) / (1.0 - share)
    data = left ** (-1.0 / c.beta)
    return ChinchillaRatios(size=x, data=data, compute=x * data)
