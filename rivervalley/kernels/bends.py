"""Valleys that bend or turn: a sheared bend, a circular bend, rotating hills, a hyperbola.

Legend: rows of w are y (across) first and x (along the river) last; g[lane] = c'(x) on entry; lam the curvature across.
The straight hills between first and last row are left to descent.update.
"""

from __future__ import annotations

import math

from rivervalley.kernels._compile import device
from rivervalley.kernels.elementary import sin_cos_turns

PARABOLA, SINE = 0, 1
_MAGIC = 6755399441055744.0  # 1.5 * 2**52: added and taken away, it rounds to an integer
_TURN = 6.283185307179586
_TAN_3_8, _PI_2, _PI_4 = 2.414213562373095, 1.5707963267948966, 0.7853981633974483


@device
def sin_cos(turns):
    """sin and cos of 2 pi times any number of turns below 2**51."""
    return sin_cos_turns(turns - ((turns + _MAGIC) - _MAGIC))


@device
def floor_and_slope(shape, a, b, x):
    """f(x) and f'(x): parabola x^2 / (2 a), or a sine of amplitude a and wavelength b."""
    if shape == PARABOLA:
        return x * x / (2.0 * a), x / a
    s, c = sin_cos(x / b)
    return a * s, a * _TURN / b * c


@device
def atan(x):
    """Inverse tangent: the rational approximation of the Cephes library (Moshier), branch-free."""
    size = abs(x)
    top, middle = size > _TAN_3_8, size > 0.66
    numerator = -1.0 if top else (size - 1.0 if middle else size)
    denominator = size if top else (size + 1.0 if middle else 1.0)
    t = numerator / denominator
    z = t * t
    p = -8.750608600031904122785e-1
    p = p * z - 1.615753718733365076637e1
    p = p * z - 7.500855792314704667340e1
    p = p * z - 1.228866684490136173410e2
    p = p * z - 6.485021904942025371773e1
    q = z + 2.485846490142306297962e1
    q = q * z + 1.650270098316988542046e2
    q = q * z + 4.328810604912902668951e2
    q = q * z + 4.853903996359136964868e2
    q = q * z + 1.945506571482613964425e2
    value = t + t * (z * p / q)
    value = (_PI_2 if top else (_PI_4 if middle else 0.0)) + value
    return value if x >= 0.0 else -value


@device
def angle(along, outward):
    """The angle of the point (outward, along) from the outward axis, in (-pi, pi]; 0 at the origin."""
    t = atan(along / outward) if outward != 0.0 else 0.0
    flat = t if outward > 0.0 else (t + 2.0 * _PI_2 if along >= 0.0 else t - 2.0 * _PI_2)
    upright = _PI_2 if along > 0.0 else (-_PI_2 if along < 0.0 else 0.0)
    return flat if outward != 0.0 else upright


@device
def sheared_step(shape, a, b, lam, eta, y, x, g):
    """L = c(x) + lam/2 (y - f(x))^2."""
    for i in range(x.size):
        f, slope = floor_and_slope(shape, a, b, x[i])
        push = eta * lam * (y[i] - f)
        y[i] -= push
        x[i] -= eta * g[i] - push * slope


@device
def circle_push(radius, lam, eta, n, s, g, start):
    """L = c(s) + lam/2 n^2 at radius + n: n moves outward, s becomes the step along the tangent, start keeps s."""
    for i in range(s.size):
        start[i] = s[i]
        s[i] = -eta * g[i] * radius / (radius + n[i])
        n[i] -= eta * lam * n[i]


@device
def circle_land(radius, n, s, start):
    """Back to distance from the circle and length along it, after steps that are straight lines in the plane."""
    for i in range(s.size):
        outward, along = radius + n[i], s[i]
        n[i] = math.sqrt(outward * outward + along * along) - radius
        s[i] = start[i] + radius * angle(along, outward)


@device
def rotating_step(h1, h2, omega, eta, y1, y2, x, g):
    """L = c(x) + y^T R(omega x) diag(h1, h2) R^T y / 2."""
    middle, half = 0.5 * (h1 + h2), 0.5 * (h1 - h2)
    for i in range(x.size):
        s, c = sin_cos(omega * x[i] * (2.0 / _TURN))
        u, v = y1[i], y2[i]
        y1[i] -= eta * (middle * u + half * (c * u + s * v))
        y2[i] -= eta * (middle * v + half * (s * u - c * v))
        x[i] -= eta * (g[i] + half * omega * (2.0 * c * u * v - s * (u * u - v * v)))


@device
def rotating_loss(h1, h2, omega, y1, y2, x, out):
    """out[lane] = y^T A(x) y / 2."""
    middle, half = 0.5 * (h1 + h2), 0.5 * (h1 - h2)
    for i in range(x.size):
        s, c = sin_cos(omega * x[i] * (2.0 / _TURN))
        u, v = y1[i], y2[i]
        out[i] = 0.5 * (middle * (u * u + v * v) + half * (c * (u * u - v * v) + 2.0 * s * u * v))


@device
def hyperbola_step(eta, y, x, g):
    """L = c(x) + (x y - 1)^2 / 2."""
    for i in range(x.size):
        excess = eta * (x[i] * y[i] - 1.0)
        before = y[i]
        y[i] -= excess * x[i]
        x[i] -= excess * before + eta * g[i]
