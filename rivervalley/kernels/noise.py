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
from rivervalley.kernels.elementary import integer_to_float, sin_cos_turns, split_exponent

_U = np.uint64
_M0, _M1 = _U(0xD2511F53), _U(0xCD9E8D57)  # multipliers of the rounds
_W0, _W1 = _U(0x9E3779B9), _U(0xBB67AE85)  # Weyl constants of the key schedule
LOW, S32 = _U(0xFFFFFFFF), _U(32)
_ULP32 = 2.0**-32

GRADIENT, START, TOKENS, FEATURES = _U(0), _U(1 << 28), _U(2 << 28), _U(3 << 28)


@device
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32 on 32-bit words held in uint64."""
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> S32) ^ c1 ^ k0, p1 & LOW, (p0 >> S32) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + _W0) & LOW, (k1 + _W1) & LOW
    return c0, c1, c2, c3


@device
def words(seed, trajectory, step, group):
    """The four 32-bit words of a seed, trajectory, step and group of coordinates (uint64 all)."""
    return philox(trajectory & LOW, step & LOW, group, step >> S32, seed & LOW, seed >> S32)


@device
def uniform(word):
    """A 32-bit word as a float64 strictly inside (0, 1)."""
    return (integer_to_float(word) + 0.5) * _ULP32


@device
def radius(word):
    """sqrt(-2 ln u) of the uniform u of a word; the logarithm by the atanh series, good to 1e-15."""
    k, m = split_exponent(uniform(word))
    z = (m - 1.0) / (m + 1.0)
    w = z * z
    p = 1.818357216161805012e-01 + w * (1.531383769920937332e-01 + w * 1.479819860511658591e-01)
    p = 2.857142874366239149e-01 + w * (2.222219843214978396e-01 + w * p)
    p = z * (2.0 + w * (6.666666666666735130e-01 + w * (3.999999999940941908e-01 + w * p)))
    return math.sqrt(-2.0 * (k * 0.6931471805599453 + p))


@device
def four_normals(seed, trajectory, step, group):
    """The standard normals of the four coordinates of a group."""
    a, b, c, d = words(seed, trajectory, step, group)
    r, s = radius(a), radius(c)
    sin_b, cos_b = sin_cos_turns(uniform(b) - 0.5)
    sin_d, cos_d = sin_cos_turns(uniform(d) - 0.5)
    return r * cos_b, r * sin_b, s * cos_d, s * sin_d


@device
def two_normals(seed, trajectory, step, group):
    """The standard normals of the first two coordinates of a group."""
    a, b, _, _ = words(seed, trajectory, step, group)
    r = radius(a)
    sin_b, cos_b = sin_cos_turns(uniform(b) - 0.5)
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
