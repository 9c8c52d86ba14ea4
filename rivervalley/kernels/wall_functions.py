"""The functions that soft and power walls need, fast enough to be called for every coordinate and update.

tanh u, ln cosh u and |y|^m from +, -, *, /, fma, selects and bit casts, as in elementary. The coefficients were fitted at Chebyshev
nodes with 40 digits. Errors (tests/kernels/test_profiles.py): tanh 6 units in the last place, ln cosh 5e-16 (absolute below
u = 1, relative above; `log_cosh` relative everywhere), powers 3e-16 times 4 + m + |ln of the result|.

Arguments of tanh and ln cosh are in units of ln2 / 2, t = UNITS u, so that the power of 2 in e^(2u) = 2^t is at hand.

Legend: t = k + f with k a whole number and |f| <= 1/2; s = 2^k; c = f coth(f ln2/2), so that 2^t = s (c + f) / (c - f) and
tanh u = above / below, where above = (s - 1) c + (s + 1) f and below = (s + 1) c + (s - 1) f.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device
from rivervalley.kernels.elementary import fma, split_exponent

UNITS, UNIT = 2.8853900817779268, 0.34657359027997264  # 2 / ln2 and ln2 / 2
_MAGIC = 6755399441055744.0  # 1.5 * 2**52: added and taken away, it rounds to an integer
_ONE = np.int64(0x3FF0000000000000)  # the bits of 1.0
_SIGN = np.int64(-0x8000000000000000)  # the bits of -0.0
_FLAT = 58.0  # tanh is 1 beyond, to the last bit
_ROOT_LESS, _ROOT_MORE = 0.41421356237309503, 2.414213562373095  # sqrt 2 - 1 and sqrt 2 + 1


@device
def two_to(whole):
    """2^k of a whole number k + MAGIC between -1022 and 1023."""
    return np.int64((np.float64(whole).view(np.int64) << 52) + _ONE).view(np.float64)


@device
def above_and_below(t):
    """Numerator and denominator of tanh."""
    t = min(max(t, -_FLAT), _FLAT)
    whole = t + _MAGIC
    f = t - (whole - _MAGIC)
    s = two_to(whole)
    z = f * f
    c = fma(z, 1.5304696820221574e-09, -1.2710356717175275e-07)
    c = fma(z, c, 1.0582188777752095e-05)
    c = fma(z, c, -9.250684777399232e-04)
    c = fma(z, c, 1.1552453009332418e-01)
    c = fma(z, c, 2.8853900817779268)
    up, down = s + 1.0, s - 1.0
    return down * c + up * f, up * c + down * f


@device
def tanh(t):
    """Hyperbolic tangent of t ln2/2, odd to the last bit."""
    above, below = above_and_below(t)
    return above / below


@device
def tanh_and_log_cosh(t):
    """tanh u and UNITS ln cosh u: ln cosh u = |u| - ln(1 + |tanh u|), the logarithm as ln sqrt(2) and an atanh series."""
    above, below = above_and_below(t)
    size = abs(above)
    v = (_ROOT_LESS * below - size) / (_ROOT_MORE * below + size)
    w = v * v
    p = fma(w, 4.796080127383534e-01, 5.234151046488873e-01)
    p = fma(w, p, 6.412162697941651e-01)
    p = fma(w, p, 8.243970382577473e-01)
    p = fma(w, p, 1.1541560330346865)
    p = fma(w, p, 1.9235933878518188)
    return above / below, fma(v, fma(w, p, 5.7707801635558535), abs(t) - 1.0)


@device
def log_cosh(u):
    """ln cosh u, with all its digits near 0 as well; u itself, not in units."""
    z = u * u
    p = fma(z, -7.159385420443005e-04, 2.1861879801777858e-03)
    p = fma(z, p, -6.746019932465889e-03)
    p = fma(z, p, 2.222222213919452e-02)
    p = fma(z, p, -8.333333333311975e-02)
    p = fma(z, p, 4.999999999999999e-01)
    _, far = tanh_and_log_cosh(UNITS * u)
    return z * p if abs(u) < 0.17 else UNIT * far


@device
def power_of_two(t):
    """2^t for -1022 <= t <= 1023; the ends of that range beyond it."""
    t = min(max(t, -1022.0), 1023.0)
    whole = t + _MAGIC
    f = t - (whole - _MAGIC)
    g = f * f
    # Horner's rule in f^2 over pairs: half the waiting of Horner in f, for one multiplication more.
    p = fma(f, 7.070981083365768e-09, 1.0205910984889862e-07)
    p = fma(g, p, fma(f, 1.3215451619146607e-06, 1.52526729004753e-05))
    p = fma(g, p, fma(f, 1.540353042479538e-04, 1.333355820082724e-03))
    p = fma(g, p, fma(f, 9.618129107618658e-03, 5.550410866465154e-02))
    p = fma(g, p, fma(f, 2.4022650695910075e-01, 6.931471805599462e-01))
    return fma(f, p, 1.0) * two_to(whole)


@device
def power(size, m):
    """size^m for size >= 0 and m > 0, by 2^(m log2 size); at most 2^1023."""
    k, mantissa = split_exponent(size)
    f = mantissa - 1.0
    v = f / (2.0 + f)
    w = v * v
    ww = w * w
    p = fma(w, 2.398040063691767e-01, 2.6170755232444365e-01)
    p = fma(ww, p, fma(w, 3.2060813489708256e-01, 4.121985191288737e-01))
    p = fma(ww, p, fma(w, 5.770780165173433e-01, 9.617966939259094e-01))
    result = power_of_two(m * fma(v, fma(w, p, 2.8853900817779268), k))
    return result if size > 0.0 else 0.0


@device
def with_sign(size, y):
    """The number size >= 0 with the sign of y."""
    return np.int64(np.float64(size).view(np.int64) | (np.float64(y).view(np.int64) & _SIGN)).view(np.float64)
