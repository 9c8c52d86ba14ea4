"""Polynomials for log, exp, sin and cos against the C library in extended precision."""

import numpy as np
import pytest
from numba import njit

from rivervalley.kernels import elementary


@njit(error_model="numpy")
def logs(x, out):
    for i in range(x.size):
        out[i] = elementary.log(x[i])


@njit(error_model="numpy")
def exps(x, out):
    for i in range(x.size):
        out[i] = elementary.exp(x[i])


@njit(error_model="numpy")
def weights(x, out):
    for i in range(x.size):
        out[i] = elementary.exp_weight(x[i])


@njit(error_model="numpy")
def fused(x, out):
    for i in range(x.size):
        out[i] = elementary.fma(x[i], x[i], -1.0)


@njit(error_model="numpy")
def turns(t, s, c):
    for i in range(t.size):
        s[i], c[i] = elementary.sin_cos_turns(t[i])


def apply(function, x):
    out = np.empty_like(x)
    function(x, out)
    return out


def ulps(value, truth):
    return np.abs((value - truth) / np.spacing(np.abs(truth.astype(float)))).astype(float)


@pytest.mark.parametrize("low, high", [(-700.0, 700.0), (-0.5, 0.5), (-1e-8, 1e-8)])
def test_log_is_within_two_units_in_the_last_place(low, high):
    x = np.exp(np.random.default_rng(1).uniform(low, high, 200_000))
    truth = np.log(x.astype(np.longdouble))
    wrong = np.abs(apply(logs, x) - truth)
    assert np.all(wrong <= 2 * np.spacing(np.abs(truth.astype(float))) + 1e-18)


@pytest.mark.parametrize("low, high", [(-708.0, 709.0), (-1.0, 1.0), (-1e-9, 1e-9)])
def test_exp_is_within_two_units_in_the_last_place(low, high):
    x = np.random.default_rng(2).uniform(low, high, 200_000)
    assert ulps(apply(exps, x), np.exp(x.astype(np.longdouble))).max() <= 2.0


def test_exp_for_sums_is_as_exact_as_it_says():
    x = np.random.default_rng(4).uniform(-708.0, 708.0, 200_000)
    for near in (x, x / 1000, x / 1e9):
        truth = np.exp(near.astype(np.longdouble))
        relative = np.abs(apply(weights, near) / truth - 1).astype(float)
        assert np.all(relative <= 3 * 2.0**-52 + 4e-17 * np.abs(near))
    ends = np.array([-1e300, -np.inf, -708.0, 708.0, 1e300, np.inf])
    np.testing.assert_allclose(apply(weights, ends), np.exp(np.clip(ends, -708.0, 708.0)), rtol=1e-13)


def test_fused_multiply_and_add_rounds_once():
    # (1 + e)^2 - 1 = 2 e + e^2 exactly; two roundings lose the e^2.
    e = np.array([2.0**-30, 3.0 * 2.0**-40])
    assert apply(fused, 1.0 + e).tolist() == (2 * e + e * e).tolist()
    assert ((1.0 + e) * (1.0 + e) - 1.0).tolist() != (2 * e + e * e).tolist()


def test_sin_and_cos_of_turns():
    t = np.random.default_rng(3).uniform(-1.0, 1.0, 200_000)
    s, c = np.empty_like(t), np.empty_like(t)
    turns(t, s, c)
    angle = 2 * np.pi * t.astype(np.longdouble) + 2 * np.longdouble(1.2246467991473532e-16) * t
    assert np.abs(s - np.sin(angle)).max() < 1e-15
    assert np.abs(c - np.cos(angle)).max() < 1e-15


def test_quarter_turns_are_exact():
    t = np.arange(-4, 5) / 4.0
    s, c = np.empty_like(t), np.empty_like(t)
    turns(t, s, c)
    assert np.array_equal(s, [0, 1, 0, -1, 0, 1, 0, -1, 0])
    assert np.array_equal(c, [1, 0, -1, 0, 1, 0, -1, 0, 1])


def test_special_values():
    assert np.array_equal(apply(logs, np.array([1.0])), [0.0])
    assert np.isnan(apply(logs, np.array([0.0, -1.0, np.nan, np.inf, -np.inf]))).all()
    x = np.array([0.0, -800.0, -np.inf, 800.0, np.inf])
    assert np.array_equal(apply(exps, x), [1.0, 0.0, 0.0, np.inf, np.inf])
    assert np.isnan(apply(exps, np.array([np.nan]))).all()
