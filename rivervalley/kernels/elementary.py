"""Logarithm, exponential, sine and cosine as branch-free polynomials.

The C library's versions do not vectorise and may differ between CPUs in the last bit. These use only +, -, *, /, selects and
bit casts, so that LLVM vectorises the loops they are inlined into and every x86 CPU gives the same bytes. Errors against
the exact value are under 2 units in the last place for `log` and `exp` over the stated range (tests/test_elementary.py).

Legend: MAGIC added to a small number rounds it to an integer that stands in the low bits of the sum.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numba.extending import intrinsic

from rivervalley.kernels._compile import device

_MAGIC = 6755399441055744.0  # 1.5 * 2**52
_TWO52 = np.int64(0x4330000000000000)  # the bits of 2**52: a 32-bit integer in its low bits makes 2**52 + that integer
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_ONE = np.int64(0x3FF0000000000000)
_SQRT_HALF = np.int64(0x3FE6A09E667F3BCD)
_LN2_HIGH = 6.93147180369123816490e-01  # its last 21 bits are zero, so that k * _LN2_HIGH is exact for |k| < 2**20
_LN2_LOW = 1.90821492927058770002e-10


@device
def integer_to_float(n):
    """A uint64 or int64 in [0, 2**32) as float64; vectorises also where the CPU has no such conversion."""
    return np.int64(np.int64(n) | _TWO52).view(np.float64) - 4503599627370496.0


@device
def split_exponent(x):
    """k and m with x = 2**k * m and m in [sqrt(1/2), sqrt(2)), for positive normal x."""
    # Shifted so that the exponent field steps at sqrt(1/2) times a power of two.
    bits = np.float64(x).view(np.int64) + (_ONE - _SQRT_HALF)
    k = np.int64(((bits >> 52) & 0x7FF) | _TWO52).view(np.float64) - 4503599627371519.0
    return k, np.int64((bits & _MANTISSA) + _SQRT_HALF).view(np.float64)


@device
def log(x):
    """Natural logarithm of a positive normal float64; NaN for x <= 0, NaN or infinity."""
    k, m = split_exponent(x)
    f = m - 1.0
    s = f / (2.0 + f)
    w = s * s
    r = w * (
        6.666666666666735130e-01
        + w
        * (
            3.999999999940941908e-01
            + w
            * (
                2.857142874366239149e-01
                + w
                * (
                    2.222219843214978396e-01
                    + w * (1.818357216161805012e-01 + w * (1.531383769920937332e-01 + w * 1.479819860511658591e-01))
                )
            )
        )
    )
    half = 0.5 * f * f
    value = k * _LN2_HIGH - ((half - (s * (half + r) + k * _LN2_LOW)) - f)
    # A comparison with NaN is false, so NaN goes the way of what is out of range.
    return value if x > 0.0 and x <= 1.7976931348623157e308 else math.nan


@device
def exp(x):
    """Exponential; 0 below -708 and infinity above 709, NaN for NaN."""
    inside = min(max(x, -708.0), 709.0)
    shifted = inside * 1.4426950408889634 + _MAGIC
    k = shifted - _MAGIC
    r = (inside - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    # 1 + (r + r*r*p) rounds once at the end, where the small terms matter least.
    mantissa = 1.0 + (r + r * r * p)
    # Two factors of 2**(k/2), so that neither leaves the range of the exponent at the ends of the interval.
    low = np.int64(np.float64(shifted).view(np.int64) << 52 >> 52)
    half = low >> 1
    value = mantissa * np.int64((half + 1023) << 52).view(np.float64) * np.int64((low - half + 1023) << 52).view(np.float64)
    value = 0.0 if x < -708.0 else value
    value = math.inf if x > 709.0 else value
    return value if x == x else math.nan


@intrinsic
def fma(typing_context, a, b, c):
    """a * b + c, rounded once: defined to the last bit, so the same on every CPU, also where software does it."""

    def build(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), build


@device
def exp_weight(x):
    """Exponential for sums of many: x is taken as at least -708 and at most 708; half the operations of `exp`.

    The relative error is under 3 units in the last place + 4e-17 |x|: what is small beside the largest term is less exact.
    """
    inside = x if x > -708.0 else -708.0
    inside = inside if inside < 708.0 else 708.0
    shifted = fma(inside, 1.4426950408889634, _MAGIC)
    r = fma(shifted - _MAGIC, -0.6931471805599453, inside)
    p = fma(2.5100492677618517e-08, r, 2.7620089980702973e-07)
    p = fma(p, r, 2.7557268152099974e-06)
    p = fma(p, r, 2.4801521292078025e-05)
    p = fma(p, r, 1.9841269863351969e-04)
    p = fma(p, r, 1.3888888917217039e-03)
    p = fma(p, r, 8.333333333329954e-03)
    p = fma(p, r, 4.1666666666624115e-02)
    p = fma(p, r, 1.6666666666666669e-01)
    p = fma(p, r, 0.5000000000000001)
    mantissa = fma(fma(p, r, 1.0), r, 1.0)
    # The exponent is added in place: it stands in the low bits of `shifted`.
    return np.int64(np.float64(mantissa).view(np.int64) + (np.float64(shifted).view(np.int64) << 52)).view(np.float64)


@device
def sin_cos_turns(t):
    """sin and cos of 2 pi t for |t| <= 1: quarter turns, then polynomials on [-pi/4, pi/4]."""
    shifted = 4.0 * t + _MAGIC
    q = np.float64(shifted).view(np.int64)
    r = (t - 0.25 * (shifted - _MAGIC)) * 6.283185307179586
    w = r * r
    s = r * (
        1.0
        + w
        * (
            -1.66666666666666324348e-01
            + w
            * (
                8.33333333332248946124e-03
                + w
                * (
                    -1.98412698298579493134e-04
                    + w * (2.75573137070700676789e-06 + w * (-2.50507602534068634195e-08 + w * 1.58969099521155010221e-10))
                )
            )
        )
    )
    c = 1.0 + w * (
        -0.5
        + w
        * (
            4.16666666666666019037e-02
            + w
            * (
                -1.38888888888741095749e-03
                + w
                * (
                    2.48015872894767294178e-05
                    + w * (-2.75573143513906633035e-07 + w * (2.08757232129817482790e-09 - w * 1.13596475577881948265e-11))
                )
            )
        )
    )
    odd = (q & 1) != 0
    sine = c if odd else s
    cosine = s if odd else c
    return (-sine if (q & 2) != 0 else sine), (-cosine if ((q + 1) & 2) != 0 else cosine)
