"""Potentials along the river in the C library's functions: c(x), c'(x), c''(x)."""

import math

import rivervalley as rv


def potential(river, x):
    """The three at one point."""
    if isinstance(river, rv.landscapes.LinearRiver):
        return -river.slope_down * x, -river.slope_down, 0.0
    if isinstance(river, rv.landscapes.PowerRiver):
        A, p = river.scale, river.exponent
        return A * (1 + x) ** -p, -A * p * (1 + x) ** (-p - 1), A * p * (p + 1) * (1 + x) ** (-p - 2)
    if isinstance(river, rv.landscapes.ExponentialRiver):
        A, k = river.scale, river.rate
        return A * math.exp(-k * x), -A * k * math.exp(-k * x), A * k * k * math.exp(-k * x)
    if isinstance(river, rv.landscapes.LogisticRiver):
        A, k = river.scale, river.rate
        c = math.log1p(math.exp(-k * x)) if k * x > 0 else -k * x + math.log1p(math.exp(k * x))
        return A * c, -A * k / (1 + math.exp(k * x)), 0.25 * A * k * k / math.cosh(0.5 * k * x) ** 2
    if isinstance(river, rv.landscapes.QuadraticRiver):
        h, m = river.curvature, river.minimum
        return 0.5 * h * (x - m) ** 2, h * (x - m), h
    assert isinstance(river, rv.landscapes.FlatRiver)
    return 0.0, 0.0, 0.0


def loss(river):
    """c, as a function of x."""
    return lambda x: potential(river, float(x))[0]


def slope(river):
    """c', as a function of x."""
    return lambda x: potential(river, float(x))[1]
