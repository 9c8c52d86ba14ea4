"""Family I: two weights whose product matters, the floor a hyperbola."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bends as twin

import rivervalley as rv
from rivervalley.landscapes import ExponentialRiver, FlatRiver, Hyperbola, LogisticRiver
from rivervalley.theory import find_river, gradient_flow


@given(w2=st.floats(-2.0, 2.0), hill=st.floats(-2.0, 2.0), w1=st.floats(-2.0, 2.0))
def test_gradient_and_hessian_against_finite_differences(w2, hill, w1):
    valley = Hyperbola(LogisticRiver(0.3), hills=[0.7])
    w = np.array([w2, hill, w1])
    assert np.allclose(valley.gradient(w), twin.difference_gradient(valley.loss, w), atol=2e-8)
    assert np.allclose(valley.hessian(w), twin.difference_hessian(valley.gradient, w), atol=2e-8)


@pytest.mark.parametrize("w1", [0.7, 1.0, 2.5, -1.5])
def test_sharpness_on_the_floor(w1):
    valley = Hyperbola(FlatRiver())
    assert valley.gradient(valley.floor(w1)) == pytest.approx([0.0, 0.0], abs=1e-15)
    low, high = np.linalg.eigvalsh(valley.hessian(valley.floor(w1)))
    assert high == pytest.approx(w1**2 + w1**-2, rel=1e-12)
    assert low == pytest.approx(0.0, abs=1e-12)


@given(w2=st.floats(0.2, 2.0), w1=st.floats(0.2, 2.0))
def test_without_slope_the_difference_of_squares_is_conserved(w2, w1):
    path = gradient_flow(Hyperbola(FlatRiver()), [w2, w1], [0.5, 2.0, 20.0])
    assert np.allclose(path[:, 1] ** 2 - path[:, 0] ** 2, w1**2 - w2**2, atol=1e-8)
    assert np.prod(path[-1]) == pytest.approx(1.0, abs=1e-6)


def test_one_update_changes_the_difference_of_squares_by_its_own_size():
    """w1^2 - w2^2 -> (1 - (eta e)^2) times itself: an exact invariant of the update, e the excess."""
    valley = Hyperbola(FlatRiver(), noise_std=0.0, start_hill=0.3, start_river=1.4)
    w2, w1 = valley.start_at
    run = rv.simulate(valley, rv.schedules.constant(steps=1, peak_lr=0.2), trajectories=1)
    kept = 1.0 - (0.2 * (w1 * w2 - 1.0)) ** 2
    assert run.state[0, 1] ** 2 - run.state[0, 0] ** 2 == pytest.approx(kept * (w1**2 - w2**2), rel=1e-13)


@pytest.mark.parametrize("w1", [1.2, 2.0, 3.0])
def test_flow_runs_on_the_slow_curve(w1):
    """Of second order in the slope: a fourth as far for half the slope."""
    off, plain = [], []
    for scale in (0.04, 0.02):
        valley = Hyperbola(ExponentialRiver(scale, 0.1))
        path = gradient_flow(valley, valley.slow_point(0.9), np.linspace(1.0, 4000.0, 20_000), 1e-12)
        w2 = np.interp(w1, path[:, 1], path[:, 0] * path[:, 1]) / w1
        off.append(abs(w2 - valley.slow_point(w1)[0]))
        plain.append(abs(w2 - valley.floor(w1)[0]))
    assert off[1] / off[0] == pytest.approx(0.25, abs=0.06)
    assert plain[1] / plain[0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("w1", [1.3, 2.0, 3.0])
def test_the_river_lies_near_the_slow_curve(w1):
    valley = Hyperbola(LogisticRiver(0.05))
    river = find_river(valley, w1)
    assert rv.theory.river_residual(valley, river) < 1e-9
    distance = abs(river[0] - valley.slow_point(w1)[0])
    assert distance < 0.1 * abs(valley.slow_point(w1)[0] - valley.floor(w1)[0])


def test_from_two_and_two_descent_falls_to_the_floor_and_then_follows_it():
    """The start of arXiv 2507.09846: the product comes down to 1, then w1 grows and the loss falls slowly on."""
    valley = Hyperbola(LogisticRiver(0.1), noise_std=0.0, start_hill=1.5, start_river=2.0)
    assert valley.start_at.tolist() == [2.0, 2.0]
    run = rv.simulate(valley, rv.schedules.constant(steps=20_000, peak_lr=0.05), trajectories=1, record_at=[0, 200, 20_000])
    assert run.components["hill"][0] == pytest.approx(4.5)
    assert run.components["hill"][1] < 1e-4
    assert run.components["river"][2] < 0.3 * run.components["river"][1]
    assert np.prod(run.state[0]) == pytest.approx(1.0, abs=1e-3)
    assert run.state[0, 1] > 3.0


def test_descent_tends_to_the_flow():
    valley = Hyperbola(LogisticRiver(), [0.6], 0.0, start_hill=0.5, start_river=1.5)
    end = gradient_flow(valley, valley.start_at, [2.0])[0]
    off = []
    for steps in (1000, 2000):
        run = rv.simulate(valley, rv.schedules.constant(steps=steps, peak_lr=2.0 / steps), trajectories=1)
        off.append(np.linalg.norm(run.state[0] - end))
    assert off[0] < 2e-3
    assert off[1] == pytest.approx(0.5 * off[0], rel=0.02)


@given(seed=st.integers(0, 2**64 - 1))
def test_hill_loss_without_slope_is_that_of_a_quadratic_of_the_sharpness(seed):
    """Small noise on both weights across a flat floor: one hill of curvature w1^2 + w2^2, eta s2 / (2 (2 - eta h))."""
    valley = Hyperbola(FlatRiver(), noise_std=0.003, river_noise_std=0.003, start_river=1.5)
    run = rv.simulate(valley, rv.schedules.constant(steps=40, peak_lr=0.2), 4096, seed)
    predicted = rv.theory.stationary_hill_loss(0.2, 1.5**2 + 1.5**-2, 0.003)
    assert abs(run.loss[-1] - predicted) < 5.5 * run.loss_stderr[-1]


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"start_river": 0.0}, "start_river must not be 0"),
        ({"start_river": np.nan}, "start_river must be"),
        ({"river": 1}, "river must be one of"),
        ({"hills": [0.0]}, "hills must hold"),
    ],
)
def test_bad_input_is_refused(bad, words):
    with pytest.raises(rv.InputError, match=words):
        Hyperbola(**bad)
    with pytest.raises(rv.InputError, match="along must not be 0"):
        Hyperbola().slow_point(0.0)
