"""Gradient of the expected final loss with respect to every rate, by the adjoint of the exact recursion.

Legend: m, v mean and variance of a mode, h curvature, s2 noise variance, eta[t] the rates; a = 1 - eta h. Forward
m <- a m, v <- a^2 v + eta^2 s2. Backward from dL/dm = h m, dL/dv = h / 2: dL/deta_t = dv (2 eta s2 - 2 h a v_t) - dm h m_t,
then dv <- a^2 dv, dm <- a dm. O(steps) for each mode, with memory for one mode at a time.
"""

from __future__ import annotations

from rivervalley.kernels._compile import kernel
from rivervalley.kernels.rivers import river_point


@kernel
def quadratic_adjoint(eta, m, v, h, s2, path, gradient):
    """Final sum of h (v + m^2) / 2 over the modes; its derivative by every rate is added to gradient (steps,).

    m, v, h, s2 (modes,) are those at the start and stay as they are; path (2, steps) is scratch memory.
    """
    total = 0.0
    for j in range(h.size):
        hj, noise, mean, var = h[j], s2[j], m[j], v[j]
        for t in range(eta.size):
            path[0, t] = mean
            path[1, t] = var
            a = 1.0 - eta[t] * hj
            mean = a * mean
            var = a * a * var + eta[t] * eta[t] * noise
        total += 0.5 * hj * (var + mean * mean)
        dm, dv = hj * mean, 0.5 * hj
        for k in range(eta.size):
            t = eta.size - 1 - k
            a = 1.0 - eta[t] * hj
            gradient[t] += dv * (2.0 * eta[t] * noise - 2.0 * hj * a * path[1, t]) - dm * hj * path[0, t]
            dm = a * dm
            dv = a * a * dv
    return total


@kernel
def river_adjoint(eta, x, river, path, gradient):
    """Final c(x) of a noiseless river coordinate; its derivative by every rate is added to gradient (steps,).

    river is its (code, p, q).
    path (2, steps) is scratch memory.
    """
    code, p, q = river
    for t in range(eta.size):
        _, slope, bend = river_point(code, p, q, x)
        path[0, t] = slope
        path[1, t] = bend
        x -= eta[t] * slope
    loss, dx, _ = river_point(code, p, q, x)
    for k in range(eta.size):
        t = eta.size - 1 - k
        gradient[t] -= dx * path[0, t]
        dx *= 1.0 - eta[t] * path[1, t]
    return loss
