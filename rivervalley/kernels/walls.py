"""Walls of any profile whose steepness may change along the river: L = c(x) + e^(kappa x) sum h_j W(y_j).

Legend: wall picks W, k its parameter: 0 quadratic y^2 / 2; 1 soft ln cosh(k y) / k^2; 2 power |y|^k / k. kappa > 0 narrows.
pace[lane] = eta e^(kappa x), eta the rate; pull[lane] = sum h_j W(y_j).
"""

from __future__ import annotations

from rivervalley.kernels._compile import device
from rivervalley.kernels.wall_functions import UNIT, UNITS, log_cosh, power, power_of_two, tanh, tanh_and_log_cosh, with_sign

QUADRATIC_WALL, SOFT_WALL, POWER_WALL = 0, 1, 2
_LOG2_E = 1.4426950408889634


@device
def soft_row(k, h, pace, y, pull):
    """Heights and one noiseless update of a hill of soft walls, from one exponential."""
    units, height, step = k * UNITS, h / (k * k) * UNIT, h / k
    for i in range(y.size):
        slope, log_height = tanh_and_log_cosh(units * y[i])
        pull[i] += height * log_height
        y[i] -= step * pace[i] * slope


@device
def power_row(k, h, pace, y, pull):
    """The same for power walls, but k times the heights."""
    for i in range(y.size):
        size = abs(y[i])
        slope = h * power(size, k - 1.0)
        pull[i] += size * slope
        y[i] -= pace[i] * with_sign(slope, y[i])


@device
def paces(kappa, eta, x, pace):
    """pace[lane] = eta e^(kappa x), the exponential kept between 2^-1022 and 2^1023."""
    rate = kappa * _LOG2_E
    for i in range(x.size):
        pace[i] = eta * power_of_two(rate * x[i])


@device
def heights_row(wall, k, h, y, total):
    """total[lane] += h W(y)."""
    n = y.size
    if wall == QUADRATIC_WALL:
        for i in range(n):
            total[i] += 0.5 * h * y[i] * y[i]
    elif wall == SOFT_WALL:
        for i in range(n):
            total[i] += h / (k * k) * log_cosh(k * y[i])
    elif k == 4.0:
        for i in range(n):
            total[i] += 0.25 * h * (y[i] * y[i]) * (y[i] * y[i])
    else:
        for i in range(n):
            total[i] += h / k * power(abs(y[i]), k)


@device
def descend_row(wall, k, h, pace, y):
    """One noiseless update of a hill."""
    n = y.size
    if wall == QUADRATIC_WALL:
        for i in range(n):
            y[i] -= h * pace[i] * y[i]
    elif wall == SOFT_WALL:
        units, step = k * UNITS, h / k
        for i in range(n):
            y[i] -= step * pace[i] * tanh(units * y[i])
    elif k == 1.0:
        for i in range(n):
            sign = 1.0 if y[i] > 0.0 else (-1.0 if y[i] < 0.0 else 0.0)
            y[i] -= h * pace[i] * sign
    elif k == 3.0:
        for i in range(n):
            y[i] -= h * pace[i] * (y[i] * abs(y[i]))
    elif k == 4.0:
        for i in range(n):
            y[i] -= h * pace[i] * (y[i] * y[i] * y[i])
    else:
        for i in range(n):
            y[i] -= h * pace[i] * with_sign(power(abs(y[i]), k - 1.0), y[i])


@device
def walls_step(wall, k, kappa, eta, h, w, slope, pace, pull):
    """One noiseless update of all rows; slope[lane] = c'(x) on entry."""
    hills = w.shape[0] - 1
    x = w[hills]
    if kappa == 0.0:
        for i in range(x.size):
            pace[i] = eta
        for j in range(hills):
            descend_row(wall, k, h[j], pace, w[j])
        for i in range(x.size):
            x[i] -= eta * slope[i]
        return
    paces(kappa, eta, x, pace)
    for i in range(x.size):
        pull[i] = 0.0
    scaled = wall == POWER_WALL and k != 1.0 and k != 3.0 and k != 4.0
    for j in range(hills):
        if wall == SOFT_WALL:
            soft_row(k, h[j], pace, w[j], pull)
        elif scaled:
            power_row(k, h[j], pace, w[j], pull)
        else:
            heights_row(wall, k, h[j], w[j], pull)
            descend_row(wall, k, h[j], pace, w[j])
    rate = kappa / k if scaled else kappa
    for i in range(x.size):
        x[i] -= eta * slope[i] + rate * pace[i] * pull[i]


@device
def walls_loss(wall, k, kappa, h, w, growth, out):
    """out[lane] = e^(kappa x) sum h_j W(y_j)."""
    hills = w.shape[0] - 1
    paces(kappa, 1.0, w[hills], growth)
    for i in range(out.size):
        out[i] = 0.0
    for j in range(hills):
        heights_row(wall, k, h[j], w[j], out)
    for i in range(out.size):
        out[i] *= growth[i]
