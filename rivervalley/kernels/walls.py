"""Walls of any profile whose steepness may change along the river: L = c(x) + e^(kappa x) sum h_j W(y_j).

Legend: wall picks W, k its parameter: 0 quadratic y^2 / 2; 1 soft ln cosh(k y) / k^2; 2 power |y|^k / k. kappa > 0 narrows.
growth[lane] = e^(kappa x), pull[lane] = sum h_j W(y_j).
"""

from __future__ import annotations

from rivervalley.kernels._compile import device
from rivervalley.kernels.elementary import exp, log

QUADRATIC_WALL, SOFT_WALL, POWER_WALL = 0, 1, 2
_LN2 = 0.6931471805599453


@device
def soft_slope(u, e):
    """tanh u for u >= 0 and e = exp(-2 u)."""
    # Near the floor 1 - e would leave rounding errors of 1e-16, where tanh u = u - u^3 / 3.
    return (1.0 - u * u / 3.0) * u if u < 1e-3 else (1.0 - e) / (1.0 + e)


@device
def soft_height(u, e):
    """ln cosh u for u >= 0 and e = exp(-2 u)."""
    return u * u * (0.5 - u * u / 12.0) if u < 1e-3 else u + log(1.0 + e) - _LN2


@device
def soft_row(k, eta, h, growth, y, pull):
    """Both of what follows at once, for a soft wall: one exponential serves height and slope."""
    over, height = 1.0 / k, h / (k * k)
    for i in range(y.size):
        u = abs(k * y[i])
        e = exp(-2.0 * u)
        pull[i] += height * soft_height(u, e)
        push = (eta * h * over) * growth[i] * soft_slope(u, e)
        y[i] -= push if y[i] > 0.0 else -push


@device
def power_slope(k, y):
    """sign(y) |y|^(k - 1); 0 at y = 0."""
    size = abs(y)
    slope = exp((k - 1.0) * log(max(size, 1e-300)))
    slope = slope if size > 0.0 else 0.0
    return slope if y > 0.0 else -slope


@device
def growth_of_walls(kappa, x, growth):
    """growth[lane] = e^(kappa x)."""
    for i in range(x.size):
        growth[i] = exp(kappa * x[i])


@device
def heights_row(wall, k, h, y, total):
    """total[lane] += h W(y)."""
    n = y.size
    if wall == QUADRATIC_WALL:
        for i in range(n):
            total[i] += 0.5 * h * y[i] * y[i]
    elif wall == SOFT_WALL:
        for i in range(n):
            u = abs(k * y[i])
            total[i] += h / (k * k) * soft_height(u, exp(-2.0 * u))
    elif k == 4.0:
        for i in range(n):
            total[i] += 0.25 * h * (y[i] * y[i]) * (y[i] * y[i])
    else:
        for i in range(n):
            total[i] += h / k * (y[i] * power_slope(k, y[i]))


@device
def descend_row(wall, k, eta, h, growth, y):
    """One noiseless update of a hill."""
    n = y.size
    if wall == QUADRATIC_WALL:
        for i in range(n):
            y[i] -= eta * (h * growth[i]) * y[i]
    elif wall == SOFT_WALL:
        for i in range(n):
            u = abs(k * y[i])
            push = (eta * h / k) * growth[i] * soft_slope(u, exp(-2.0 * u))
            y[i] -= push if y[i] > 0.0 else -push
    elif k == 1.0:
        for i in range(n):
            sign = 1.0 if y[i] > 0.0 else (-1.0 if y[i] < 0.0 else 0.0)
            y[i] -= eta * (h * growth[i]) * sign
    elif k == 3.0:
        for i in range(n):
            y[i] -= eta * (h * growth[i]) * (y[i] * abs(y[i]))
    elif k == 4.0:
        for i in range(n):
            y[i] -= eta * (h * growth[i]) * (y[i] * y[i] * y[i])
    else:
        for i in range(n):
            y[i] -= eta * (h * growth[i]) * power_slope(k, y[i])


@device
def walls_step(wall, k, kappa, eta, h, w, slope, growth, pull):
    """One noiseless update of all rows; slope[lane] = c'(x) on entry."""
    hills = w.shape[0] - 1
    x = w[hills]
    if kappa == 0.0:
        for i in range(x.size):
            growth[i] = 1.0
        for j in range(hills):
            descend_row(wall, k, eta, h[j], growth, w[j])
        for i in range(x.size):
            x[i] -= eta * slope[i]
        return
    growth_of_walls(kappa, x, growth)
    for i in range(x.size):
        pull[i] = 0.0
    for j in range(hills):
        if wall == SOFT_WALL:
            soft_row(k, eta, h[j], growth, w[j], pull)
        else:
            heights_row(wall, k, h[j], w[j], pull)
            descend_row(wall, k, eta, h[j], growth, w[j])
    for i in range(x.size):
        x[i] -= eta * (slope[i] + kappa * growth[i] * pull[i])


@device
def walls_loss(wall, k, kappa, h, w, growth, out):
    """out[lane] = e^(kappa x) sum h_j W(y_j)."""
    hills = w.shape[0] - 1
    growth_of_walls(kappa, w[hills], growth)
    for i in range(out.size):
        out[i] = 0.0
    for j in range(hills):
        heights_row(wall, k, h[j], w[j], out)
    for i in range(out.size):
        out[i] *= growth[i]
