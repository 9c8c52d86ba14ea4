"""Potentials along the river, c(x), and their slopes.

Legend: code picks the potential, p and q are its parameters.
0 linear c = -p x; 1 power c = p (1 + x)^-q; 2 exponential c = p e^(-q x); 3 logistic c = p ln(1 + e^(-q x));
4 quadratic c = p/2 (x - q)^2; 5 flat c = 0.
"""

from __future__ import annotations

from rivervalley.kernels._compile import device
from rivervalley.kernels.elementary import exp, log

LINEAR, POWER, EXPONENTIAL, LOGISTIC, QUADRATIC, FLAT = 0, 1, 2, 3, 4, 5


@device
def river_losses(code, p, q, x, out):
    """out[lane] = c(x[lane])."""
    n = x.size
    if code == LINEAR:
        for i in range(n):
            out[i] = -p * x[i]
    elif code == POWER:
        for i in range(n):
            out[i] = p * exp(-q * log(1.0 + x[i]))
    elif code == EXPONENTIAL:
        for i in range(n):
            out[i] = p * exp(-q * x[i])
    elif code == LOGISTIC:
        for i in range(n):
            # ln(1 + e^-y) = max(-y, 0) + ln(1 + e^-|y|): no overflow on either side. The rounding of 1 + e is made good
            # by e / ((1 + e) - 1), so that far downstream the loss keeps its digits (Kahan's log1p).
            y = q * x[i]
            e = exp(-abs(y))
            one = 1.0 + e
            tail = log(one) * (e / (one - 1.0))
            out[i] = p * (max(-y, 0.0) + (tail if one != 1.0 else e))
    elif code == QUADRATIC:
        for i in range(n):
            out[i] = 0.5 * p * (x[i] - q) ** 2
    else:
        for i in range(n):
            out[i] = 0.0


@device
def river_descend(code, p, q, eta, x):
    """x[lane] -= eta c'(x[lane])."""
    n = x.size
    if code == LINEAR:
        for i in range(n):
            x[i] += eta * p
    elif code == POWER:
        for i in range(n):
            x[i] += eta * (p * q * exp(-(q + 1.0) * log(1.0 + x[i])))
    elif code == EXPONENTIAL:
        for i in range(n):
            x[i] += eta * (p * q * exp(-q * x[i]))
    elif code == LOGISTIC:
        for i in range(n):
            x[i] += eta * (p * q / (1.0 + exp(q * x[i])))
    elif code == QUADRATIC:
        for i in range(n):
            x[i] -= eta * (p * (x[i] - q))
