"""tanh, ln cosh and powers against the C library in extended precision."""

import numpy as np
import pytest
from numba import njit

from rivervalley.kernels import wall_functions

UNITS = wall_functions.UNITS


@njit(error_model="numpy")
def soft(t, slope, both_slope, both_height):
    for i in range(t.size):
        slope[i] = wall_functions.tanh(t[i])
        both_slope[i], both_height[i] = wall_functions.tanh_and_log_cosh(t[i])


@njit(error_model="numpy")
def heights(u, out):
    for i in range(u.size):
        out[i] = wall_functions.log_cosh(u[i])


@njit(error_model="numpy")
def powers(size, m, out):
    for i in range(size.size):
        out[i] = wall_functions.power(size[i], m)


@njit(error_model="numpy")
def twos(t, out):
    for i in range(t.size):
        out[i] = wall_functions.power_of_two(t[i])


@njit(error_model="numpy")
def signs(size, y, out):
    for i in range(size.size):
        out[i] = wall_functions.with_sign(size[i], y[i])


def exact(u):
    """tanh and ln cosh in extended precision."""
    wide = np.abs(u.astype(np.longdouble))
    near = 0.5 * np.log1p(np.sinh(np.minimum(wide, 1)) ** 2)
    far = wide + np.log1p(np.exp(-2 * wide)) - np.log(np.longdouble(2))
    return np.tanh(u.astype(np.longdouble)), np.where(wide < 0.5, near, far)


def arguments(seed):
    rng = np.random.default_rng(seed)
    u = np.concatenate([rng.uniform(-3.0, 3.0, 100_000), rng.normal(size=100_000) * 10.0 ** rng.uniform(-300, 3, 100_000)])
    edges = 0.5 * np.log(2.0) * (np.arange(-60, 61) + 0.5)  # where the power of two steps
    return np.concatenate([u, edges, np.nextafter(edges, 0.0), [0.0, -0.0, 20.0, 1e300, -1e300]])


def ulps(value, truth):
    return np.abs((value - truth) / np.spacing(np.maximum(np.abs(truth.astype(float)), 1e-300))).astype(float)


def test_tanh_and_log_cosh():
    t = UNITS * arguments(1)
    slope, both, height = np.empty((3, t.size))
    soft(t, slope, both, height)
    true_slope, true_height = exact(t.astype(np.longdouble) * (np.log(np.longdouble(2)) / 2))
    assert ulps(slope, true_slope).max() <= 6.0
    assert np.array_equal(slope, both)
    assert np.all(np.abs(slope) <= 1.0)
    wrong = np.abs(height / np.longdouble(UNITS) - true_height)
    assert np.all(wrong <= 5e-16 * np.maximum(1.0, true_height))


def test_left_and_right_are_alike_to_the_last_bit():
    t = UNITS * arguments(2)
    left, right = np.empty((3, t.size)), np.empty((3, t.size))
    soft(t, *right)
    soft(-t, *left)
    assert np.array_equal(-left[0], right[0])
    assert np.array_equal(left[2], right[2])


def test_log_cosh_keeps_its_digits_near_the_floor():
    u = arguments(3)
    u = u[(np.abs(u) > 1e-150) & (np.abs(u) < 1e300)]
    out = np.empty(u.size)
    heights(u, out)
    _, truth = exact(u)
    assert (np.abs(out - truth) / truth).max() < 8e-15  # most where both ways meet, at u = 0.17
    small = np.abs(u) < 0.16
    assert (np.abs(out - truth) / truth)[small].max() < 1e-15
    zero = np.empty(2)
    heights(np.array([0.0, -0.0]), zero)
    assert np.array_equal(zero, [0.0, 0.0])


@pytest.mark.parametrize("m", [0.1, 0.5, 1.0, 1.5, 1.7, 2.0, 4.5, 9.0])
def test_powers(m):
    rng = np.random.default_rng(4)
    size = np.concatenate(
        [rng.uniform(0.0, 3.0, 50_000), 10.0 ** rng.uniform(-300.0 / max(m, 1.0), 300.0 / max(m, 1.0), 50_000)]
    )
    out = np.empty(size.size)
    powers(size, m, out)
    truth = size.astype(np.longdouble) ** np.longdouble(m)
    assert np.all(np.abs(out / truth - 1) <= 3e-16 * (4.0 + m + np.abs(np.log(truth))))


def test_ends_of_powers():
    out = np.empty(4)
    powers(np.array([0.0, 1e-200, 1e200, 1.0]), 3.0, out)
    assert out[0] == 0.0
    assert 0.0 < out[1] < 1e-307
    assert out[2] == 2.0**1023
    assert out[3] == 1.0


def test_powers_of_two():
    t = np.concatenate([np.random.default_rng(5).uniform(-1022.0, 1023.0, 50_000), np.arange(-1022.0, 1024.0)])
    out = np.empty(t.size)
    twos(t, out)
    assert np.abs(out / np.exp2(t.astype(np.longdouble)) - 1).max() < 1e-15
    assert np.array_equal(out[50_000:], np.exp2(np.arange(-1022.0, 1024.0)))  # whole numbers exactly


def test_sign():
    out = np.empty(4)
    signs(np.array([2.0, 2.0, 0.0, 3.0]), np.array([1.0, -1.0, -5.0, -0.0]), out)
    assert np.array_equal(out, [2.0, -2.0, -0.0, -3.0])
