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
def soft_wall(k, y):
    """ln cosh(k y) / k^2 and its derivative tanh(k y) / k, for any size of y."""
    u = abs(k * y)
    e = exp(-2.0 * u)
    slope = (1.0 - e) / ((1.0 + e) * k)
    # ln(1 + e) - ln 2 would leave rounding errors of 1e-16 near the floor, where ln cosh u = u^2/2 - u^4/12.
    value = u * u * (0.5 - u * u / 12.0) if u < 1e-3 else u + log(1.0 + e) - _LN2
    slope = (1.0 - u * u / 3.0) * u / k if u < 1e-3 else slope
    return value / (k * k), (slope if y > 0.0 else -slope)


@device
def power_wall(k, y):
    """|y|^k / k and its derivative; both 0 at y = 0."""
    size = abs(y)
    slope = exp((k - 1.0) * log(max(size, 1e-300)))
    slope = slope if size > 0.0 else 0.0
    return size * slope / k, (slope if y > 0.0 else -slope)


@device
def growth_of_walls(kappa, x, growth):
    """growth[lane] = e^(kappa x)."""
    for i in range(x.size):
        growth[i] = exp(kappa * x[i])


@device
def wall_row(wall, k, eta, h, growth, y, pull):
    """One noiseless update of a hill, adding h W(y) of before it to pull."""
    n = y.size
    if wall == QUADRATIC_WALL:
        for i in range(n):
            pull[i] += 0.5 * h * y[i] * y[i]
            y[i] -= eta * (h * growth[i]) * y[i]
    elif wall == SOFT_WALL:
        for i in range(n):
            value, slope = soft_wall(k, y[i])
            pull[i] += h * value
            y[i] -= eta * (h * growth[i]) * slope
    else:
        for i in range(n):
            value, slope = power_wall(k, y[i])
            pull[i] += h * value
            y[i] -= eta * (h * growth[i]) * slope


@device
def walls_step(wall, k, kappa, eta, h, w, slope, growth, pull):
    """One noiseless update of all rows; slope[lane] = c'(x) on entry."""
    hills = w.shape[0] - 1
    x = w[hills]
    growth_of_walls(kappa, x, growth)
    for i in range(x.size):
        pull[i] = 0.0
    for j in range(hills):
        wall_row(wall, k, eta, h[j], growth, w[j], pull)
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
        y = w[j]
        for i in range(out.size):
            if wall == QUADRATIC_WALL:
                value = 0.5 * y[i] * y[i]
            elif wall == SOFT_WALL:
                value, _ = soft_wall(k, y[i])
            else:
                value, _ = power_wall(k, y[i])
            out[i] += h[j] * value
    for i in range(out.size):
        out[i] *= growth[i]
