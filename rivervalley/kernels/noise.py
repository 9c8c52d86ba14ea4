"""Counter-based normals: a pure function of (seed, trajectory, step, coordinate).

Bits: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011, "Parallel random numbers: as easy as 1, 2, 3"), checked against the
known answers published with it. Normals: Box-Muller on 32-bit uniforms, so |z| <= 6.77.

Legend: c0..c3 counter = (trajectory, low word of the step, group of four coordinates + stream * 2**28, high word of the step);
k0, k1 key = the two words of the seed. Coordinate j is number j % 4 of group j // 4. The stream keeps different uses of one
seed apart: 0 the gradient noise, 1 the starting points, 2 samples of tokens and contexts, 3 sampled features.
"""

from __future__ import annotations

import math

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import sin_cos_turns, split_exponent

_U = np.uint64
_M0, _M1 = _U(0xD2511F53), _U(0xCD9E8D57)  # multipliers of the rounds
_W0, _W1 = _U(0x9E3779B9), _U(0xBB67AE85)  # Weyl constants of the key schedule
LOW, S32 = _U(0xFFFFFFFF), _U(32)
_ULP32 = 2.0**-32
_TWO52 = np.int64(0x4330000000000000)  # the bits of 2**52

GRADIENT, START, TOKENS, FEATURES = _U(0), _U(1 << 28), _U(2 << 28), _U(3 << 28)


@device
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32 on 32-bit words held in uint64.

    The words carry rubbish above their 32 bits from round to round: a multiplication of the low halves, one instruction,
    does not see it, and masking it away once at the end is cheaper.
    """
    for _ in range(10):
        p0, p1 = _M0 * (c0 & LOW), _M1 * (c2 & LOW)
        c0, c1, c2, c3 = (p1 >> S32) ^ c1 ^ k0, p1, (p0 >> S32) ^ c3 ^ k1, p0
        k0, k1 = (k0 + _W0) & LOW, (k1 + _W1) & LOW
    return c0 & LOW, c1 & LOW, c2 & LOW, c3 & LOW


@device
def words(seed, trajectory, step, group):
    """The four 32-bit words of a seed, trajectory, step and group of coordinates (uint64 all)."""
    return philox(trajectory & LOW, step & LOW, group, step >> S32, seed & LOW, seed >> S32)


@device
def uniform(word):
    """A 32-bit word as a float64 strictly inside (0, 1): (word + 1/2) / 2**32."""
    # The word in the low bits of 2**52; 2**52 - 1/2 is exact, so one subtraction adds the half as well.
    return (np.int64(np.int64(word) | _TWO52).view(np.float64) - 4503599627370495.5) * _ULP32


@device
def radius(word):
    """sqrt(-2 ln u) of the uniform u of a word; the logarithm by the atanh series, good to 1e-15."""
    k, m = split_exponent(uniform(word))
    z = (m - 1.0) / (m + 1.0)
    w = z * z
    # The coefficients 4 / (2 i + 1) of -2 ln m = -4 atanh z, fitted to the interval.
    p = 3.636714432323610024e-01 + w * (3.062768041987874664e-01 + w * 2.959639721317183182e-01)
    p = 5.714285748732478298e-01 + w * (4.444439686429956792e-01 + w * p)
    p = z * (4.0 + w * (1.333333333333347026e00 + w * (7.999999999881883816e-01 + w * p)))
    return math.sqrt(k * -1.3862943611198906 - p)


@device
def four_normals(seed, trajectory, step, group):
    """The standard normals of the four coordinates of a group."""
    a, b, c, d = words(seed, trajectory, step, group)
    r, s = radius(a), radius(c)
    sin_b, cos_b = sin_cos_turns(uniform(b))
    sin_d, cos_d = sin_cos_turns(uniform(d))
    return r * cos_b, r * sin_b, s * cos_d, s * sin_d


@device
def two_normals(seed, trajectory, step, group):
    """The standard normals of the first two coordinates of a group."""
    a, b, _, _ = words(seed, trajectory, step, group)
    r = radius(a)
    sin_b, cos_b = sin_cos_turns(uniform(b))
    return r * cos_b, r * sin_b


@kernel
def fill_words(seed, first_trajectory, step, stream, out):
    """out[coordinate, lane]: the 32-bit words of trajectories first_trajectory + lane after this many updates."""
    for j in range(0, out.shape[0], 4):
        for lane in range(out.shape[1]):
            four = words(_U(seed), _U(first_trajectory + lane), _U(step), _U(j >> 2) + stream)
            for i in range(min(4, out.shape[0] - j)):
                out[j + i, lane] = four[i]


@kernel
def fill_normals(seed, first_trajectory, step, stream, out):
    """out[coordinate, lane]: the standard normals of trajectories first_trajectory + lane at update number `step`."""
    for j in range(0, out.shape[0], 4):
        for lane in range(out.shape[1]):
            four = four_normals(_U(seed), _U(first_trajectory + lane), _U(step), _U(j >> 2) + stream)
            for i in range(min(4, out.shape[0] - j)):
                out[j + i, lane] = four[i]


@kernel
def known_answer(counter, key):
    """Philox4x32-10 of four counter words and two key words (uint64 arrays), for the published test vectors."""
    return philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])
