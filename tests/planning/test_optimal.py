"""Optimal schedules: the adjoint against finite differences, closed forms, brute force."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import rivers

import rivervalley as rv
from rivervalley import theory
from rivervalley.kernels.adjoint import river_adjoint
from rivervalley.planning.optimal import loss_and_gradient, optimal_cooldown, optimal_schedule, stationary

RIVERS = [
    rv.landscapes.FlatRiver(),
    rv.landscapes.LinearRiver(0.1),
    rv.landscapes.PowerRiver(1.0, 0.8),
    rv.landscapes.QuadraticRiver(0.05, 3.0),
    rv.landscapes.ExponentialRiver(1.0, 0.5),
    rv.landscapes.LogisticRiver(1.3, 0.8),
]


@pytest.mark.parametrize("river", RIVERS, ids=lambda river: type(river).__name__)
def test_gradient_against_finite_differences(river):
    valley = rv.landscapes.RiverValley([0.1, 0.7, 1.3], 0.4, river, start_hill=0.5)
    lr = np.random.default_rng(0).uniform(0.05, 0.8, 25)
    loss, gradient = loss_and_gradient(valley, lr)
    assert loss == pytest.approx(valley.expected(rv.Schedule(lr)).loss[-1], rel=1e-12)
    for i in (0, 7, 24):
        up, down = lr.copy(), lr.copy()
        up[i] += 1e-6
        down[i] -= 1e-6
        numeric = (loss_and_gradient(valley, up)[0] - loss_and_gradient(valley, down)[0]) / 2e-6
        assert gradient[i] == pytest.approx(numeric, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("river", RIVERS, ids=lambda river: type(river).__name__)
def test_river_gradient_is_that_of_the_twin(river):
    """d c(x_T) / d lr_t = -c'(x_T) c'(x_t) prod over later s of (1 - lr_s c''(x_s)), by the reference's c' and c''."""
    lr = np.random.default_rng(1).uniform(0.0, 1.5, 12)
    x = [0.4]
    for eta in lr:
        x.append(x[-1] - eta * rivers.potential(river, x[-1])[1])
    slopes, bends = np.array([rivers.potential(river, point)[1:] for point in x]).T
    later = np.append(np.cumprod((1.0 - lr * bends[:-1])[::-1])[::-1][1:], 1.0)
    gradient = np.zeros(12)
    loss = river_adjoint(lr, 0.4, river.kernel, np.empty((2, 12)), gradient)
    assert loss == pytest.approx(rivers.potential(river, x[-1])[0], rel=1e-13)
    assert np.allclose(gradient, -slopes[-1] * slopes[:-1] * later, rtol=1e-12, atol=1e-15)


@given(h=st.floats(0.05, 1.5), steps=st.integers(1, 60))
def test_one_mode_is_cooled_by_the_closed_form(h, steps):
    valley = rv.landscapes.RiverValley([h], 0.3, rv.landscapes.FlatRiver())
    start = float(theory.stationary_variance(0.5, h, 0.3))
    best = optimal_cooldown(valley, steps, 0.5)
    assert best.loss == pytest.approx(0.5 * h * float(theory.cooled_variance(steps, h, 0.3, start)), rel=1e-5)


@pytest.mark.parametrize("steps, loss", [(50, 2.673), (200, 1.296), (1000, 0.381)])
def test_optimum_over_fifty_hills(steps, loss):
    valley = rv.landscapes.RiverValley(np.geomspace(0.02, 1.0, 50), 1.0, rv.landscapes.FlatRiver())
    best = optimal_cooldown(valley, steps, 0.5)
    assert best.loss == pytest.approx(loss, abs=6e-4)
    assert best.converged
    # Whatever the hills, the first rate is half the stable one.
    assert best.schedule.lr[0] == pytest.approx(0.25, rel=0.03)


def test_no_shape_beats_the_optimal_schedule():
    valley = rv.landscapes.RiverValley(np.geomspace(0.05, 1.0, 8), 0.3, rv.landscapes.PowerRiver())
    best = optimal_schedule(valley, 300, 0.5)
    assert best.schedule.lr.max() <= 0.5 * (1 + 1e-12)
    assert best.loss == pytest.approx(valley.expected(best.schedule).loss[-1], rel=1e-10)
    for other in (
        rv.schedules.cosine(300, 0.5),
        rv.schedules.linear(300, 0.5),
        rv.schedules.wsd(300, 0.5, decay_fraction=0.3, decay_shape="sqrt"),
    ):
        assert best.loss < valley.expected(other).loss[-1]


def test_stationary_stays():
    valley = rv.landscapes.RiverValley([0.2, 1.0], 0.3, rv.landscapes.FlatRiver())
    start = stationary(valley, 0.4)
    run = valley.expected(rv.schedules.constant(100, 0.4), record_every=1, initial=start)
    assert np.allclose(run.loss, start.loss[0], rtol=1e-12)


def test_ten_thousand_rates_of_fifty_hills_take_half_a_second_at_most():
    valley = rv.landscapes.RiverValley(np.geomspace(0.02, 1.0, 50), 0.1)
    lr = np.full(10_000, 0.3)
    loss_and_gradient(valley, lr)
    begin = time.perf_counter()
    loss_and_gradient(valley, lr)
    assert time.perf_counter() - begin < 2.0  # takes some 10 ms: a guard against O(steps^2), no benchmark


def test_bad_input_is_refused():
    valley = rv.landscapes.RiverValley([1.0], 0.1)
    for make in (
        lambda: optimal_cooldown(valley, 0, 0.5),
        lambda: optimal_schedule(valley, 10, -1.0),
        lambda: loss_and_gradient(valley, [np.nan]),
        lambda: loss_and_gradient(3, [0.1]),
    ):
        with pytest.raises(rv.InputError):
            make()
