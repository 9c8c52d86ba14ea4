"""A memory that fades as a power of the clock, (1 + u x)^-beta, as a mixture of exponentials on a fixed grid of rates.

(1 + u x)^-beta is the mean of exp(-v x) over rates v of a gamma distribution with shape beta and scale u. The grid has four
rates a decade; each has the share of that distribution between the geometric means to its neighbours. What the grid changes
is under 1 % of the kernel, and the rates hang neither on u nor on beta: averages over a run are taken once.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammainc, gammaln

from rivervalley._common.checks import FloatArray

RATES = 10.0 ** np.arange(-6.0, 2.5, 0.25)  # in units of 1 / clock
_EDGES = np.concatenate([[0.0], np.sqrt(RATES[1:] * RATES[:-1])])
_STEP = 1e-3  # of ln beta


def memory_weights(u: float, beta: float) -> FloatArray:
    """Share of each rate, shape (rates,); they add up to 1."""
    shares: FloatArray = np.diff(np.append(gammainc(beta, _EDGES / u), 1.0))
    return shares


def weights_and_slopes(u: float, beta: float) -> FloatArray:
    """Shares and their derivatives by ln u and ln beta, shape (3, rates).

    The derivative by ln beta has no closed form; it is a central difference of fourth order, good to 1e-11.
    """
    y = _EDGES[1:] / u
    density = np.exp(beta * np.log(y) - y - gammaln(beta))  # y x the gamma density at y
    by_u = np.diff(np.concatenate([[0.0], -density, [0.0]]))

    def moved(k: int) -> FloatArray:
        return memory_weights(u, beta * float(np.exp(k * _STEP)))

    by_beta = (8.0 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12.0 * _STEP)
    return np.stack([memory_weights(u, beta), by_u, by_beta])
