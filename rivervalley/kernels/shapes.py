"""The decay shapes that need a cosine, an exponential or a power.

NumPy's own give different last bits on different CPUs, and the rates go into everything that is computed from them.

    u   decay position, in [0, 1]        g   what is left of the fall from peak to final rate, 1 at u = 0, 0 at u = 1
"""

from __future__ import annotations

from rivervalley.kernels._compile import kernel
from rivervalley.kernels.elementary import exp, log, sin_cos_turns


@kernel
def half_cosine(u, g):
    """(1 + cos pi u)/2, as the square of cos(pi u/2), which cancels nothing where u is near 1."""
    for k in range(u.size):
        c = sin_cos_turns(0.25 * u[k])[1]
        g[k] = c * c


@kernel
def power(u, p, g):
    """(1 - u)^p for p > 0."""
    for k in range(u.size):
        left = 1.0 - u[k]
        g[k] = exp(p * log(left)) if left > 0.0 else 0.0


@kernel
def power_law(n, exponent, out):
    """n^exponent for n > 0."""
    for k in range(n.size):
        out[k] = exp(exponent * log(n[k]))


@kernel
def geometric(u, ratio, g):
    """ratio^-u: the part of the peak rate left by a decay that ends at 1/ratio of it."""
    rate = log(ratio)
    for k in range(u.size):
        g[k] = exp(-rate * u[k])
