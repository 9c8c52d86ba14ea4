"""The straight valley: closed forms, exact expectations, rivers, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley.landscapes import RiverValley

RIVERS = [
    rv.landscapes.LinearRiver(0.3),
    rv.landscapes.PowerRiver(2.0, 0.7),
    rv.landscapes.ExponentialRiver(1.5, 0.8),
    rv.landscapes.LogisticRiver(1.2, 0.9),
    rv.landscapes.QuadraticRiver(0.4, 2.0),
    rv.landscapes.FlatRiver(),
]
ids = {"ids": lambda river: type(river).__name__}


@pytest.mark.parametrize("river", RIVERS, **ids)
def test_slope_is_the_derivative_of_the_loss(river):
    x = np.linspace(-0.5, 4.0, 20)
    assert np.allclose(river.slope(x), (river.loss(x + 1e-6) - river.loss(x - 1e-6)) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("river", RIVERS, **ids)
@pytest.mark.parametrize("start", [0.0, 0.7])
def test_position_solves_the_flow(river, start):
    s = np.array([0.0, 1e-3, 0.5, 3.0, 40.0, 2000.0])
    x = river.position(s, start)
    assert x[0] == pytest.approx(start, abs=1e-12)
    middle = s[1:] * (1 + 1e-6), s[1:] * (1 - 1e-6)
    speed = (river.position(middle[0], start) - river.position(middle[1], start)) / (2e-6 * s[1:])
    assert np.allclose(speed, -river.slope(x[1:]), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("river", RIVERS, **ids)
def test_descent_follows_the_flow_at_small_rates(river):
    """The offset of gradient descent from the flow halves with the rate."""
    valley = RiverValley([1.0], 0.0, river)
    off = []
    for rate in (0.02, 0.01):
        run = rv.simulate(valley, rv.schedules.constant(steps=round(20 / rate), peak_lr=rate), trajectories=1)
        off.append(abs(run.state[0, -1] - float(river.position(20.0))))
    assert off[1] < 0.56 * off[0] + 1e-9
    assert off[0] < 0.02


def test_the_kernels_river_loss_is_the_formula():
    for river in RIVERS:
        valley = RiverValley([1.0], 0.0, river, start_river=0.9)
        run = rv.simulate(valley, rv.schedules.constant(steps=1, peak_lr=1e-12), trajectories=1, record_at=[0])
        assert run.components["river"][0] == pytest.approx(float(river.loss(0.9)), rel=1e-14)


def test_logistic_river_does_not_overflow():
    river = rv.landscapes.LogisticRiver()
    assert float(river.loss(-1000.0)) == 1000.0
    assert float(river.position(1e6)) == pytest.approx(math.log(1e6), rel=1e-4)


def test_stationary_loss_is_where_the_recursion_ends():
    valley = RiverValley(np.geomspace(0.05, 2.0, 9), 0.3)
    for lr in (0.01, 0.4, 0.95):
        run = valley.expected(rv.schedules.constant(steps=30_000, peak_lr=lr), record_every=30_000)
        assert run.components["hill"][-1] == pytest.approx(valley.stationary_hill_loss(lr), rel=1e-12)


@given(lr=st.floats(0.001, 1.0))
def test_stationary_loss_lies_between_quarter_and_half(lr):
    """eta sigma^2 / 4 a hill at least, eta sigma^2 / 2 at most while eta h <= 1."""
    valley = RiverValley([0.1, 0.5, 1.0], 0.2)
    share = valley.stationary_hill_loss(lr) / (3 * lr * 0.04)
    assert 0.25 <= share <= 0.5


def test_batch_size_divides_the_noise_variance():
    one, eight = RiverValley([0.5], 0.2), RiverValley([0.5], 0.2, batch_size=8)
    assert eight.stationary_hill_loss(0.1) == pytest.approx(one.stationary_hill_loss(0.1) / 8, rel=1e-14)


def test_power_law_spectrum_and_noise():
    valley = RiverValley.power_law(5, 2.0, 1.5, noise_std=0.3, noise_exponent=1.0, river=rv.landscapes.FlatRiver())
    i = np.arange(1, 6)
    assert np.allclose(valley.hills, 2.0 * i**-1.5)
    assert np.allclose(valley.noise[:-1] ** 2, 0.09 * i**-1.5)


def test_expected_goes_on_from_an_earlier_expectation():
    valley = RiverValley([0.2, 1.0], 0.1, rv.landscapes.QuadraticRiver(0.01, 3.0), 0.05, start_hill=1.0)
    schedule = rv.schedules.cosine(steps=900, peak_lr=0.5)
    whole = valley.expected(schedule)
    second = valley.expected(schedule.after(400), initial=valley.expected(schedule.until(400)))
    assert np.allclose(second.loss, whole.loss[4:], rtol=1e-13)
    assert np.allclose(second.state_variance, whole.state_variance, rtol=1e-13)


def test_linear_river_with_noise_has_an_exact_mean():
    valley = RiverValley([1.0], 0.0, rv.landscapes.LinearRiver(0.5), river_noise_std=2.0)
    schedule = rv.schedules.cosine(steps=200, peak_lr=0.3)
    run = valley.expected(schedule)
    assert run.loss[-1] == pytest.approx(-0.25 * schedule.lr.sum(), rel=1e-12)
    assert run.state_variance[-1] == pytest.approx(4.0 * np.sum(schedule.lr**2), rel=1e-12)


def test_no_exact_mean_on_a_curved_noisy_river():
    with pytest.raises(rv.InputError, match="river_noise_std must be 0"):
        RiverValley([1.0], 0.1, river_noise_std=0.1).expected(rv.schedules.constant(steps=10, peak_lr=0.1))


def test_diverging_expectation_is_told():
    with pytest.raises(rv.DivergenceError, match="2 / max"):
        RiverValley([2.0], 0.1).expected(rv.schedules.constant(steps=5000, peak_lr=1.2))


def test_loss_of_points_is_the_recorded_loss():
    valley = RiverValley([0.3, 1.0], 0.1)
    run = rv.simulate(valley, rv.schedules.constant(steps=50, peak_lr=0.2), trajectories=6)
    assert valley.loss(run.state).mean() == pytest.approx(run.loss[-1], rel=1e-13)


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"hills": []}, "hills must not be empty"),
        ({"hills": [1.0, -1.0]}, "hills must hold finite numbers above 0"),
        ({"hills": [np.nan]}, "hills must hold finite"),
        ({"hills": [[1.0]]}, "hills must have 1 dimension"),
        ({"hills": "ab"}, "hills must"),
        ({"noise_std": -0.1}, "noise_std must be"),
        ({"noise_std": [0.1]}, "noise_std must be one number or one for each of the 2 hills"),
        ({"noise_std": np.inf}, "noise_std must be"),
        ({"river": 3}, "river must be one of"),
        ({"river_noise_std": -1.0}, "river_noise_std must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"start_river": -1.0}, "start_river must be above -1"),
    ],
)
def test_bad_input_is_refused(bad, words):
    with pytest.raises(rv.InputError, match=words):
        RiverValley(**{"hills": [0.5, 1.0], **bad})


@pytest.mark.parametrize(
    "text, words",
    [
        ("river_valley(hill=[1])", "missing a required argument"),
        ("river_valey(hills=[1])", "did you mean river_valley"),
        ("__import__('os').system('true')", "must read like"),
        ("river_valley(hills=[1], river=powr(1))", "did you mean power"),
        ("river_valley(hills=geomspace(0, 1, 3))", "above 0"),
        ("river_valley(hills=geomspace(1, 2, 10**9))", "must be numbers"),
        ("river_valley(hills=", "must read like"),
        ("3", "must read like"),
    ],
)
def test_landscape_text_is_refused(text, words):
    with pytest.raises(rv.InputError, match=words):
        rv.landscapes.parse(text)


def test_landscape_text():
    valley = rv.landscapes.parse("river_valley(hills=geomspace(0.05, 2, 15), noise_std=0.1, river=exponential(2.0, 0.5))")
    assert valley.river == rv.landscapes.ExponentialRiver(2.0, 0.5)
    assert np.array_equal(valley.hills, np.geomspace(0.05, 2, 15))
