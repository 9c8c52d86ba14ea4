"""Family F: hills that turn about a straight river, and the force that noise with a direction feels there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bends as twin
from scipy import stats
from scipy.linalg import solve_continuous_lyapunov

import rivervalley as rv
from rivervalley.landscapes import LinearRiver, LogisticRiver, RotatingHills
from rivervalley.theory import find_river, gradient_flow, river_residual

points = st.tuples(*[st.floats(-2.0, 2.0)] * 4)


@given(w=points, river=st.sampled_from([LinearRiver(0.3), LogisticRiver()]))
def test_gradient_and_hessian_against_finite_differences(w, river):
    valley = RotatingHills((1.5, 0.4), 0.9, river, hills=[0.7])
    w = np.array(w)
    assert np.allclose(valley.gradient(w), twin.difference_gradient(valley.loss, w), atol=2e-8)
    assert np.allclose(valley.hessian(w), twin.difference_hessian(valley.gradient, w), atol=2e-8)


@given(x=st.floats(-10.0, 10.0))
def test_the_matrix_turns_and_keeps_its_eigenvalues(x):
    valley = RotatingHills((1.5, 0.4), 0.9)
    angle = 0.9 * x
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert np.allclose(valley.matrix(x), R @ np.diag([1.5, 0.4]) @ R.T, atol=1e-13)
    for order in (1, 2):
        step = (valley.matrix(x + 1e-6, order - 1) - valley.matrix(x - 1e-6, order - 1)) / 2e-6
        assert np.allclose(valley.matrix(x, order), step, atol=1e-8)


@pytest.mark.parametrize("x", [-1.3, 0.0, 2.1])
def test_the_river_is_straight(x):
    valley = RotatingHills((1.5, 0.4), 0.9, LogisticRiver(0.2))
    assert np.array_equal(valley.river_point(x), [0.0, 0.0, x])
    assert river_residual(valley, [0.0, 0.0, x]) < 1e-15
    assert np.allclose(find_river(valley, x), [0.0, 0.0, x], atol=1e-9)
    off = rv.theory.split(valley, [0.3, -0.2, x])
    assert np.allclose(off.foot[:2], 0.0, atol=1e-6)


def test_descent_tends_to_the_flow():
    valley = RotatingHills((1.5, 0.4), 0.9, LinearRiver(0.3), [0.6], 0.0, start_hill=[0.8, -0.5, 0.3])
    end = gradient_flow(valley, valley.start_at, [2.0])[0]
    off = []
    for steps in (1000, 2000):
        run = rv.simulate(valley, rv.schedules.constant(steps=steps, peak_lr=2.0 / steps), trajectories=1)
        off.append(np.linalg.norm(run.state[0] - end))
    assert off[0] < 2e-3
    assert off[1] == pytest.approx(0.5 * off[0], rel=0.02)


@given(lr=st.floats(0.01, 1.2), x=st.floats(-5.0, 5.0), rate=st.floats(-1.0, 1.0))
def test_noise_without_direction_meets_no_force(lr, x, rate):
    valley = RotatingHills((1.5, 0.4), rate, LinearRiver(0.03), noise_std=0.5)
    assert valley.mean_force(lr, x) == pytest.approx(0.03, abs=1e-12)


@given(x=st.floats(-3.0, 3.0))
def test_force_at_small_rates(x):
    """g - tr(A' X) / 2 with A X + X A = eta Sigma."""
    valley = RotatingHills((1.5, 0.4), 0.4, LinearRiver(0.03), noise_std=[1.0, 0.2])
    for lr, tolerance in ((1e-2, 2e-4), (1e-3, 2e-6)):
        X = solve_continuous_lyapunov(valley.matrix(x), lr * np.diag([1.0, 0.04]))
        small = 0.03 - 0.5 * np.trace(valley.matrix(x, 1) @ X)
        assert valley.mean_force(lr, x) == pytest.approx(small, abs=tolerance)


def drift(valley, lr, steps, seed):
    """Mean force along, measured after the hills have become stationary, and its standard error."""
    warm = rv.simulate(valley, rv.schedules.constant(steps=150, peak_lr=lr), trajectories=4096, seed=seed)
    run = rv.simulate(valley, rv.schedules.constant(steps=steps, peak_lr=lr), initial=warm)
    moved = (run.state[:, -1] - warm.state[:, -1]) / (lr * steps)
    x = 0.5 * (run.state[:, -1].mean() + warm.state[:, -1].mean())
    return moved.mean(), stats.sem(moved), x


@pytest.mark.parametrize("noise_std, seed", [(1.0, 1), ([1.0, 0.3], 2), ([0.3, 1.0], 3)], ids=str)
def test_measured_force(noise_std, seed):
    """Slow turning: within five and a half standard errors and 3 % of the noise's share for the lag of the hills."""
    lr, g = 0.1, 0.02
    valley = RotatingHills((1.0, 0.25), 0.2, LinearRiver(g), noise_std=noise_std, start_river=np.pi / 0.8)
    force, error, x = drift(valley, lr, 300, seed)
    predicted = valley.mean_force(lr, x)
    assert abs(force - predicted) < 5.5 * error + 0.03 * abs(predicted - g)
    if np.ndim(noise_std):  # the control: the slope alone does not explain it
        assert abs(force - g) > 5.5 * error + 0.03 * abs(predicted - g)


@given(seed=st.integers(0, 2**64 - 1), turns=st.integers(-4, 4), swap=st.booleans())
def test_half_turns_and_swapped_hills_change_nothing(seed, turns, swap):
    rate = 0.7
    schedule = rv.schedules.constant(steps=40, peak_lr=0.4)
    shift = np.pi / rate * (turns + 0.5 * swap)
    runs = [
        rv.simulate(RotatingHills(pair, rate, LinearRiver(0.1), start_hill=0.5, start_river=x), schedule, 3, seed)
        for pair, x in (((1.5, 0.4), 0.2), ((0.4, 1.5) if swap else (1.5, 0.4), 0.2 + shift))
    ]
    assert np.allclose(runs[1].state, np.add(runs[0].state, [0.0, 0.0, shift]), atol=1e-12)


def test_without_turning_it_is_the_straight_valley():
    still = RotatingHills((1.5, 0.3), 0.0, LogisticRiver(), [0.8], 0.1, 0.02, start_hill=0.4)
    straight = rv.landscapes.RiverValley([1.5, 0.3, 0.8], 0.1, still.river, 0.02, start_hill=0.4)
    schedule = rv.schedules.cosine(steps=200, peak_lr=0.5)
    a, b = rv.simulate(still, schedule, 4, 5), rv.simulate(straight, schedule, 4, 5)
    assert np.allclose(a.state, b.state, atol=1e-13)
    assert np.allclose(a.loss, b.loss, rtol=1e-12)


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"turning": (1.0,)}, "turning must be the curvatures of two hills, not 1"),
        ({"turning": (1.0, 0.0)}, "turning must hold"),
        ({"turning": (1.0, np.nan)}, "turning must hold"),
        ({"turn_rate": np.inf}, "turn_rate must be"),
        ({"river": 1}, "river must be one of"),
        ({"noise_std": [1.0]}, "noise_std must be one number or one for each of the 2"),
        ({"start_river": "x"}, "start_river must be"),
    ],
)
def test_bad_input_is_refused(bad, words):
    with pytest.raises(rv.InputError, match=words):
        RotatingHills(**{"turning": (1.0, 0.5), **bad})


@pytest.mark.parametrize("lr", [0.0, 2.0, np.nan])
def test_bad_rates_are_refused(lr):
    with pytest.raises(rv.InputError, match="lr must be"):
        RotatingHills((1.0, 0.5)).mean_force(lr)
    with pytest.raises(rv.InputError, match="along must be"):
        RotatingHills((1.0, 0.5)).mean_force(0.1, np.nan)
