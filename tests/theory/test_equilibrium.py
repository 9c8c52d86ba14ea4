"""Closed forms of rotational equilibrium against sums, limits and the recursions they are about."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import zeta

from rivervalley import theory
from rivervalley._common.checks import InputError
from rivervalley.theory.equilibrium import _continued_zeta

SIZES = {"lr": st.floats(1e-5, 1.0), "wd": st.floats(1e-3, 0.9)}


@given(**SIZES, growth=st.floats(0.1, 3.0))
def test_equilibrium_norms_stay_where_they_are(lr, wd, growth):
    n = float(theory.equilibrium_norm(lr, wd, growth))
    assert np.sqrt((1.0 - lr * wd) ** 2 * n**2 + growth * lr**2) == pytest.approx(n, rel=1e-9)
    n = float(theory.equilibrium_norm(lr, wd, growth, sgd=True))
    assert np.sqrt((1.0 - lr * wd) ** 2 * n**2 + growth * lr**2 / n**2) == pytest.approx(n, rel=1e-9)


@given(**SIZES)
def test_turn_and_step_are_one_and_the_same_rotation(lr, wd):
    phi = float(theory.equilibrium_turn(lr, wd))
    assert np.cos(phi) == pytest.approx(1.0 - lr * wd, rel=1e-12)
    r = float(theory.equilibrium_step(lr, wd))
    assert np.sin(phi) == pytest.approx(r, rel=1e-12) and r == pytest.approx(lr / theory.equilibrium_norm(lr, wd), rel=1e-9)


@given(r=st.floats(1e-4, 0.2), k=st.floats(0.0, 5.0), D=st.floats(0.1, 3.0))
def test_sphere_variance_is_the_fixed_point(r, k, D):
    V = float(theory.sphere_variance(r, k, D))
    assert (np.sqrt(1.0 - r * r) - k * r) ** 2 * V + (r * D) ** 2 == pytest.approx(V, rel=1e-9)


def test_a_hill_as_soft_as_half_the_step_has_half_the_variance_of_a_random_direction():
    assert theory.sphere_variance(1e-3, 5e-4) == pytest.approx(0.5, rel=1e-3)
    assert theory.sphere_variance(1e-3, 1.0) == pytest.approx(5e-4, rel=2e-3)


def test_norm_growth():
    assert theory.norm_growth(256, [3.0] * 64) == 1.5
    assert theory.norm_growth(256, [0.3] * 64) == pytest.approx(0.825)
    assert theory.norm_growth(256, [7.0] * 192, scale_invariant=False) == 0.25


def test_step_after_drop_follows_the_recursion():
    eta, wd, factor = 1e-3, 0.1, 0.1
    n2 = np.full(50_001, float(theory.equilibrium_norm(eta, wd)) ** 2)
    low = factor * eta
    for t in range(50_000):
        n2[t + 1] = (1.0 - low * wd) ** 2 * n2[t] + low**2
    exact = factor * np.sqrt(n2[0] / n2)
    np.testing.assert_allclose(theory.step_after_drop(eta, wd, np.arange(50_001), factor), exact, rtol=1e-4)


@pytest.mark.parametrize("b, w", [(2.22, 2.22), (2.0, 2.1), (3.0, 1.9)])
def test_power_sums(b, w):
    """With the tail of the sum that is cut off put back: within the exponentially small rest, which is no gross bound."""
    i, k1 = np.arange(1.0, 200_001.0), 0.7
    for S in (5.0, 20.0, 200.0, 2000.0):
        tail = zeta(w, i.size + 1.0) - 2.0 * k1 * S * zeta(w + b, i.size + 1.0)
        exact = np.sum(i**-w * np.exp(-2.0 * k1 * S * i**-b)) + tail
        rest, off = float(theory.power_sum_rest(S, k1, b, w)), abs(float(theory.power_sum(S, k1, b, w)) - exact)
        assert off < rest + 1e-11
        assert off > 0.01 * rest or S > 100.0


@pytest.mark.parametrize(
    "b, c, k1", [(2.22, 2.22, 0.5), (2.22, 2.22, 0.1), (2.0, 2.1, 1.0), (3.0, 3.8, 0.5), (2.22, 1.66, 1.0)]
)
@pytest.mark.parametrize("r", [0.0071, 0.0283])
def test_stationary_noise_is_the_sum_over_hills_to_second_order(b, c, k1, r):
    i = np.arange(1.0, 2_000_001.0)
    stiffness = k1 * i**-b
    exact = 0.5 * np.sum(stiffness * i**-c * theory.sphere_variance(r, stiffness)) / (r / 4.0)
    second = (r / 2.0 / k1) ** 2 * abs(_continued_zeta(c - 2.0 * b)) + (r / 2.0 * k1) ** 2 * zeta(c + 2.0 * b) + r * r
    assert float(theory.stationary_noise(r, k1, b, c)) == pytest.approx(exact, abs=second + 2e-6)


def test_noise_exponents_of_the_theory():
    """H4: at r = .016, b = c = 2.22; the last is lifted above 1 by the edge of stability."""
    got = [float(theory.noise_exponent(0.016, k1, 2.22, 2.22)) for k1 in (0.1, 0.15, 0.2, 0.5, 1.0, 4.0)]
    np.testing.assert_allclose(got, [0.866, 0.894, 0.910, 0.948, 0.969, 1.007], atol=1.5e-3)


def test_zeta_below_one():
    np.testing.assert_allclose(
        [_continued_zeta(s) for s in (0.0, -1.0, -3.0, 0.5)], [-0.5, -1 / 12, 1 / 120, -1.4603545088095868]
    )


def test_a_winding_river_solves_its_flow():
    A, q, scale = 4.0, 2.0, 8.5
    S = np.linspace(0.0, 60.0, 60_001)
    x = (theory.winding_river_loss(S, A, q, scale) / A) ** (-1.0 / q) - 1.0
    slope = q * (1.0 + x) ** (-q - 1.0) / scale
    np.testing.assert_allclose(np.gradient(x, S)[1:-1], slope[1:-1], rtol=1e-6)


def test_a_straight_river_stalls_where_its_recursion_does():
    phi, A, q, rho, m = 0.0283, 40.0 / 9.0, 2.0, 2.0, 1024
    x = 0.0
    for _ in range(60_000):
        x = np.cos(phi) * x + np.sin(phi) * A * q * (1.0 + x) ** (-q - 1.0) / rho**2 * (1.0 - (rho * x) ** 2 / m)
    assert theory.straight_river_stall(phi, A, q, rho, m) == pytest.approx(x, rel=1e-6)


def test_exponents():
    assert theory.memory_exponent(2.22, 2.22) == pytest.approx(0.54955, abs=1e-5)
    assert theory.decay_exponent(0.3, "linear") == 0.3 and theory.decay_exponent(0.9, "cosine") == pytest.approx(2 / 3)
    assert theory.best_peak_exponent(0.5, scale_invariant=False) == pytest.approx(-1 / 3)


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: theory.equilibrium_norm(1.0, 1.0), "lr times weight_decay"),
        (lambda: theory.equilibrium_norm(0.0, 0.1), "lr"),
        (lambda: theory.equilibrium_step(0.1, 0.1, 0.0), "growth"),
        (lambda: theory.norm_growth(2, [1.0] * 3), "noise_std"),
        (lambda: theory.sphere_variance(1.0, 1.0), "relative_step"),
        (lambda: theory.sphere_variance(0.1, 20.0), "relative_step"),
        (lambda: theory.memory_exponent(2.0, 1.0), "height_exponent"),
        (lambda: theory.stationary_noise(0.01, 1.0, 2.0, 3.5), "height_exponent must be below"),
        (lambda: theory.decay_exponent(0.5, "sqrt"), "shape"),
        (lambda: theory.winding_river_loss(-1.0, 1.0, 1.0, 1.0), "clock"),
        (lambda: theory.straight_river_stall(2.0, 1.0, 1.0, 1.0, 10), "turn"),
        (lambda: theory.best_peak_exponent(0.0), "alpha"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()
