"""Potentials along the river. Each is one function: c(x), its slope c'(x) and its bend c''(x), from two parameters p and q.

What needs only one of the three, or runs over many lanes, is made from these functions below: the compiler drops what is not
used, and each potential gets a loop of its own, which vectorises.

Legend: code picks the potential, by its place in POTENTIALS.
"""

from __future__ import annotations

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import exp, log


@device
def linear(p, q, x):
    """c = -p x."""
    return -p * x, -p, 0.0


@device
def power(p, q, x):
    """c = p (1 + x)^-q."""
    log_u = log(1.0 + x)
    c, slope, bend = exp(-q * log_u), exp(-(q + 1.0) * log_u), exp(-(q + 2.0) * log_u)
    return p * c, -p * q * slope, p * q * (q + 1.0) * bend


@device
def exponential(p, q, x):
    """c = p e^(-q x)."""
    e = exp(-q * x)
    return p * e, -p * q * e, p * q * q * e


@device
def logistic(p, q, x):
    """c = p ln(1 + e^(-q x))."""
    # ln(1 + e^-y) = max(-y, 0) + ln(1 + e^-|y|): no overflow on either side. The rounding of 1 + e is made good by
    # e / ((1 + e) - 1), so that far downstream the loss keeps its digits (Kahan's log1p).
    y = q * x
    e = exp(-abs(y))
    above = 1.0 + e
    tail = log(above) * (e / (above - 1.0))
    c = p * (max(-y, 0.0) + (tail if above != 1.0 else e))
    return c, -p * q / (1.0 + exp(y)), p * q * q * e / (above * above)


@device
def quadratic(p, q, x):
    """c = p/2 (x - q)^2."""
    return 0.5 * p * (x - q) ** 2, p * (x - q), p


@device
def flat(p, q, x):
    """c = 0."""
    return 0.0, 0.0, 0.0


POTENTIALS = (linear, power, exponential, logistic, quadratic, flat)
LINEAR, POWER, EXPONENTIAL, LOGISTIC, QUADRATIC, FLAT = range(len(POTENTIALS))


def _loop(potential, derivative):
    """out[lane] = c(x[lane]) of one potential, or that derivative of it."""

    @device
    def loop(p, q, x, out):
        for i in range(x.size):
            out[i] = potential(p, q, x[i])[derivative]

    return loop


def _by_code(functions, code=0):
    """A function of (code, ...) that calls functions[code](...); the last of them for any code beyond."""
    function = functions[code]
    if code == len(functions) - 1:

        @device
        def last(_, *arguments):
            return function(*arguments)

        return last
    others = _by_code(functions, code + 1)

    @device
    def chosen(wanted, *arguments):
        if wanted == code:
            return function(*arguments)
        return others(wanted, *arguments)

    return chosen


river_point = _by_code(POTENTIALS)  # (code, p, q, x) -> c, c', c''
river_losses, river_slopes, river_bends = (
    _by_code([_loop(f, k) for f in POTENTIALS]) for k in range(3)
)  # (code, p, q, x, out)


@kernel
def river_values(river, derivative, x, out):
    """out[i] = c(x[i]), c'(x[i]) or c''(x[i]) for derivative 0, 1 or 2; river is (code, p, q)."""
    code, p, q = river
    if derivative == 0:
        river_losses(code, p, q, x, out)
    elif derivative == 1:
        river_slopes(code, p, q, x, out)
    else:
        river_bends(code, p, q, x, out)
