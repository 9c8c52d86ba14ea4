"""Slow, obvious twins of the areas."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from scipy.signal import lfilter


def forward_area(lr):
    """S1[t] = sum of lr[i], i <= t, each correctly rounded."""
    return np.array([math.fsum(lr[: t + 1]) for t in range(len(lr))])


def annealing_area(lr, decay_factor):
    """The paper's double sum, S2[t] = sum_{i<=t} sum_{1<=k<=i} (lr[k-1] - lr[k]) decay_factor^(i-k), in exact fractions."""
    eta, lam = [Fraction(float(rate)) for rate in lr], Fraction(float(decay_factor))
    return np.array(
        [
            float(sum((eta[k - 1] - eta[k]) * lam ** (i - k) for i in range(1, t + 1) for k in range(1, i + 1)))
            for t in range(len(lr))
        ]
    )


def momentum(lr, decay_factor):
    """m[t] = sum_{1<=k<=t} (lr[k-1] - lr[k]) decay_factor^(t-k), in exact fractions."""
    eta, lam = [Fraction(float(rate)) for rate in lr], Fraction(float(decay_factor))
    return np.array([float(sum((eta[k - 1] - eta[k]) * lam ** (t - k) for k in range(1, t + 1))) for t in range(len(lr))])


def areas_in_longdouble(lr, decay_factor):
    """S1, S2 and the sums of the sizes of S2's terms, by SciPy's filter in 80-bit arithmetic, where the machine has it."""
    wide, lam = np.asarray(lr, dtype=np.longdouble), np.longdouble(decay_factor)
    d = np.zeros_like(wide)
    d[1:] = wide[:-1] - wide[1:]
    one = np.ones(1, np.longdouble)
    m, size = (lfilter(one, np.array([1, -lam], np.longdouble), x) for x in (d, np.abs(d)))
    assert m.dtype == np.longdouble
    return np.cumsum(wide), np.cumsum(m), np.cumsum(size)
