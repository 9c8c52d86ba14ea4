"""Exact means and variances of SGD on independent quadratic modes, and the path of a coordinate without noise.

Legend: m, v mean and variance of each mode; h curvature; s2 noise variance; eta the rate. m <- (1 - eta h) m and
v <- (1 - eta h)^2 v + eta^2 s2, for any sequence of rates.
"""

from __future__ import annotations

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.rivers import river_point


@device
def expected_loss(m, v, h):
    """Sum of h (v + m^2) / 2 over the modes."""
    total = 0.0
    for j in range(m.size):
        total += 0.5 * h[j] * (v[j] + m[j] * m[j])
    return total


@kernel
def quadratic_moments(m, v, lr, first_step, h, s2, record_at, loss):
    """Advance m and v (modes,) in place by lr.size updates; loss[k] = sum of h (v + m^2) / 2 at the recorded counts."""
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        loss[k] = expected_loss(m, v, h)
        k += 1
    for t in range(lr.size):
        eta = lr[t]
        for j in range(m.size):
            a = 1.0 - eta * h[j]
            m[j] = a * m[j]
            v[j] = a * a * v[j] + eta * eta * s2[j]
        if k < record_at.size and record_at[k] == first_step + t + 1:
            loss[k] = expected_loss(m, v, h)
            k += 1


@kernel
def river_path(x, lr, first_step, river, record_at, loss):
    """Position after lr.size noiseless updates from x; loss[k] = c(x) at the recorded counts. river is (code, p, q)."""
    code, p, q = river
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        loss[k] = river_point(code, p, q, x)[0]
        k += 1
    for t in range(lr.size):
        x -= lr[t] * river_point(code, p, q, x)[1]
        if k < record_at.size and record_at[k] == first_step + t + 1:
            loss[k] = river_point(code, p, q, x)[0]
            k += 1
    return x
