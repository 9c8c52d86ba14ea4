"""Why Kaplan and Chinchilla disagree, and what repeated data are worth.

Pearce and Song (arXiv 2406.12907): counting no embeddings, on small models, bends Chinchilla's law into Kaplan's power.
Porian et al. (arXiv 2406.19146): the same disagreement taken apart by repeating Kaplan's runs and mending one thing at a time.
Muennighoff et al. (arXiv 2305.16264): tokens that repeats are worth.
Zhang et al. (arXiv 2410.21676) add that the critical batch size follows the data seen rather than N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray
from rivervalley.scaling._arguments import Numbers, Value, calculator, constants_of, numbers, together
from rivervalley.scaling.chinchilla import BESIROGLU, Chinchilla
from rivervalley.scaling.kaplan.constants import FLOP_PER_PARAMETER_TOKEN

EMBEDDING_FACTOR = 47491.0  # omega of arXiv 2406.12907: parameters in embeddings, over N^(1/3)
REPEAT_HALF_LIFE = 15.4  # R* of arXiv 2305.16264, in repeats
KAPLAN_SIZES = (0.79e3, 1.58e9)  # non-embedding parameters that arXiv 2406.12907 looks at


@dataclass(frozen=True)
class PorianStage:
    """A stage of arXiv 2406.19146: what was mended, and the lowest and highest power a of N ~ C^a found then."""

    mended: str
    low: float
    high: float


PORIAN_STAGES = (
    PorianStage("nothing: Kaplan's procedure", 0.835, 0.864),
    PorianStage("flop of the head counted", 0.70, 0.70),
    PorianStage("warm-up scaled with the run", 0.60, 0.60),
    PorianStage("cosine matched to the run", 0.57, 0.57),
    PorianStage("learning rate, batch size and beta2 tuned for each size, constant rate", 0.50, 0.52),
)


@calculator
def total_size(N: Numbers, embedding_factor: float = EMBEDDING_FACTOR) -> Value:
    """All parameters of a model with N non-embedding ones: N + omega N^(1/3) (arXiv 2406.12907).

    Raises InputError if N is not positive and finite or the factor negative.

    Examples
    --------
    >>> f"{total_size(1e6):.3g} {total_size(1e9):.3g}"
    '5.75e+06 1.05e+09'
    """
    size = numbers("N", N)
    total: FloatArray = size + _factor(embedding_factor) * np.cbrt(size)
    return total


@calculator
def non_embedding_size(N_total: Numbers, embedding_factor: float = EMBEDDING_FACTOR) -> Value:
    """Non-embedding parameters of a model with N_total in all: `total_size` inverted. Raises as it does.

    Examples
    --------
    >>> round(non_embedding_size(total_size(1e6)))
    1000000
    """
    total = numbers("N_total", N_total)
    omega = _factor(embedding_factor)
    if omega == 0.0:
        return total
    # The root of r^3 + omega r = N_total, with r = N^(1/3), as a hyperbolic sine, then one Newton step for the last digits.
    scale = 2.0 * np.sqrt(omega / 3.0)
    root = scale * np.sinh(np.arcsinh(3.0 * total / (omega * scale)) / 3.0)
    root = root - (root**3 + omega * root - total) / (3.0 * root**2 + omega)
    size: FloatArray = root**3
    return size


def _factor(value: float) -> float:
    return checks.real("embedding_factor", value, 0.0)


@calculator
def compute_for_non_embedding_size(
    N: Numbers, constants: Chinchilla = BESIROGLU, embedding_factor: float = EMBEDDING_FACTOR
) -> Value:
    """Non-embedding flop 6 N D for which N non-embedding parameters are best, if Chinchilla's law holds for all parameters.

    The optimum of E + A / N_total(N)^alpha + B / (C / 6 N)^beta over N, solved for C (derived from arXiv 2406.12907).
    Raises InputError if N is not positive and finite.
    """
    c, omega = constants_of(Chinchilla, "constants", constants), _factor(embedding_factor)
    size = numbers("N", N)
    total = size + omega * np.cbrt(size)
    slope = 1.0 + omega / 3.0 * size ** (-2.0 / 3.0)  # of N_total by N
    D = (c.beta * c.B / (c.alpha * c.A) * total ** (c.alpha + 1.0) / (size * slope)) ** (1.0 / c.beta)
    flop: FloatArray = FLOP_PER_PARAMETER_TOKEN * size * D
    return flop


@calculator
def local_size_power(N: Numbers, constants: Chinchilla = BESIROGLU, embedding_factor: float = EMBEDDING_FACTOR) -> Value:
    """d ln N / d ln C along the best non-embedding sizes of `compute_for_non_embedding_size`, at N (derived).

    Large models have Chinchilla's power; around 1e6 parameters it is nearly 1. Raises InputError if N is not positive and
    finite.

    Examples
    --------
    >>> local_size_power([1e3, 1e6, 1e9, 1e12]).round(2).tolist()
    [0.76, 0.96, 0.54, 0.51]
    """
    c, omega = constants_of(Chinchilla, "constants", constants), _factor(embedding_factor)
    size = numbers("N", N)
    part = omega * size ** (-2.0 / 3.0)  # embeddings over the rest
    total_power = (1.0 + part / 3.0) / (1.0 + part)  # d ln N_total / d ln N
    slope_power = -(2.0 / 9.0) * part / (1.0 + part / 3.0)
    growth: FloatArray = 1.0 + ((c.alpha + 1.0) * total_power - 1.0 - slope_power) / c.beta
    return np.asarray(1.0 / growth)


def fitted_size_power(
    smallest: float = KAPLAN_SIZES[0],
    largest: float = KAPLAN_SIZES[1],
    constants: Chinchilla = BESIROGLU,
    embedding_factor: float = EMBEDDING_FACTOR,
) -> float:
    """The power of N against C that a straight line through the best non-embedding sizes from smallest to largest shows.

    Least squares in the logarithms, over compute spread evenly in its logarithm. Over Kaplan's sizes it is near their 0.73,
    though the law underneath is Chinchilla's (arXiv 2406.12907: 0.74 to 0.78).

    Raises
    ------
    InputError
        If the sizes are not positive and rising.

    Examples
    --------
    >>> round(fitted_size_power(), 3)
    0.786
    """
    low = checks.real("smallest", smallest, 0.0, open_low=True)
    high = checks.real("largest", largest, low, open_low=True)
    sizes = np.geomspace(low, high, 2001)
    log_C = np.log(np.asarray(compute_for_non_embedding_size(sizes, constants, embedding_factor)))
    even = np.linspace(log_C[0], log_C[-1], 501)
    return float(np.polyfit(even, np.interp(even, log_C, np.log(sizes)), 1)[0])


@calculator
def effective_data(unique: Numbers, D: Numbers, half_life: float = REPEAT_HALF_LIFE) -> Value:
    """Fresh tokens that D tokens are worth of which only `unique` are different (arXiv 2305.16264).

    U + U R* (1 - e^(-R / R*)) with U the unique tokens, R = D / U - 1 repeats and R* = 15.4. Up to four epochs are almost
    free; boundlessly many are worth U (1 + R*). With D <= unique nothing repeats, and it is D.

    Raises InputError if an argument is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> effective_data(1e9, [1e9, 4e9, 1e11]).round(-7).tolist()
    [1000000000.0, 3730000000.0, 16380000000.0]
    """
    U, D = together(unique=unique, D=D)
    limit = checks.real("half_life", half_life, 0.0, open_low=True)
    repeats = np.maximum(D / U - 1.0, 0.0)
    worth: FloatArray = np.minimum(D, U) - U * limit * np.expm1(-repeats / limit)
    return worth


@calculator
def data_for_effective_data(unique: Numbers, effective: Numbers, half_life: float = REPEAT_HALF_LIFE) -> Value:
    """Tokens to read so that repeats of `unique` ones are worth `effective` fresh ones; infinite from U (1 + R*) on.

    Raises as `effective_data`.

    Examples
    --------
    >>> data_for_effective_data(1e9, effective_data(1e9, 4e9)), data_for_effective_data(1e9, 2e10)
    (4000000000.0, inf)
    """
    U, worth = together(unique=unique, effective=effective)
    limit = checks.real("half_life", half_life, 0.0, open_low=True)
    share = np.maximum(worth - U, 0.0) / (U * limit)
    repeats = -limit * np.log1p(-np.minimum(share, 1.0))
    tokens: FloatArray = np.minimum(worth, U) + U * repeats
    return tokens
