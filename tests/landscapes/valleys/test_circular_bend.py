"""Family D: the floor of a circular bend is invariant, the river lies outside of it, and descent further out still."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bends as twin
from scipy import stats

import rivervalley as rv
from rivervalley import theory
from rivervalley.landscapes import CircularBend, LinearRiver, LogisticRiver, QuadraticRiver
from rivervalley.theory import find_river, gradient_flow, river_residual


def plane_loss(valley):
    """The loss as a function of plane coordinates, within half a turn of s = 0."""

    def loss(z):
        r, angle = np.hypot(z[:, 0], z[:, 1]), np.arctan2(z[:, 1], z[:, 0])
        return valley.loss(np.stack([r - valley.radius, valley.radius * angle], axis=1))

    return loss


@given(
    river=st.sampled_from([LinearRiver(0.3), LogisticRiver(), QuadraticRiver(0.2, 1.0)]),
    n=st.floats(-1.0, 2.0),
    s=st.floats(-3.0, 3.0),
)
def test_gradient_and_hessian_are_those_of_the_plane(river, n, s):
    """Finite differences in Cartesian coordinates, turned into the axes outward and tangent."""
    valley = CircularBend(2.0, 3.0, river)
    place = valley.plane([[n, s]])[0]
    c, t = np.cos(s / 2.0), np.sin(s / 2.0)
    axes = np.array([[c, t], [-t, c]])
    loss = plane_loss(valley)
    assert np.allclose(axes @ twin.difference_gradient(loss, place), valley.gradient([n, s]), atol=1e-7)
    H = twin.difference_hessian(lambda z: twin.difference_gradient(loss, z, 1e-4), place, 1e-4)
    assert np.allclose(axes @ H @ axes.T, valley.hessian([n, s]), atol=3e-5)


def test_the_floor_is_invariant_under_gradient_flow():
    valley = CircularBend(2.0, 3.0, LinearRiver(0.7))
    times = np.array([0.0, 1.0, 10.0, 40.0])
    path = gradient_flow(valley, [0.0, 0.0], times)
    assert np.abs(path[:, 0]).max() == 0.0
    assert np.allclose(path[:, 1], 0.7 * times, atol=1e-8)  # in s the flow is that of a straight river, more than twice around


@pytest.mark.parametrize("slope, stiffness, radius", [(0.5, 5.0, 2.0), (0.1, 1.0, 4.0), (1.0, 20.0, 0.5)])
def test_river(slope, stiffness, radius):
    valley = CircularBend(radius, stiffness, LinearRiver(slope))
    point = valley.river_point(1.0)
    assert river_residual(valley, point) < 1e-12 * stiffness
    assert np.allclose(find_river(valley, 1.0), point, atol=1e-11)
    assert point[0] == pytest.approx(slope**2 / (stiffness**2 * radius), rel=0.03)
    space = CircularBend(radius, stiffness, LinearRiver(slope), hills=[2.0 * stiffness])
    assert np.allclose(find_river(space, 1.0), space.river_point(1.0), atol=1e-8)


@pytest.mark.parametrize("slope", [0.4, 0.1, 0.025])
def test_the_rivers_distance_is_of_second_order(slope):
    """c'^2 / (lambda^2 R), the rest being of fourth order in the slope."""
    valley = CircularBend(2.0, 3.0, LinearRiver(slope))
    leading = slope**2 / (3.0**2 * 2.0)
    assert abs(valley.river_point(0.0)[0] / leading - 1.0) < 3.0 * (slope / 3.0) ** 2


def test_where_nothing_slopes_the_floor_is_the_river():
    flat = CircularBend(1.0, 1.0, QuadraticRiver(0.1, 2.0))
    assert np.array_equal(flat.river_point(2.0), [0.0, 2.0])


@pytest.mark.parametrize("product", [0.2, 0.6, 1.2])
def test_offset_of_descent(product):
    """eta c'^2 / (2 R lambda) to 0.1 %, and the exact offset to rounding, for rates up to near the edge."""
    lam, slope, R = 4.0, 0.3, 5.0
    lr = product / lam
    valley = CircularBend(R, lam, LinearRiver(slope), noise_std=0.0)
    run = rv.simulate(valley, rv.schedules.constant(steps=4000, peak_lr=lr), trajectories=1)
    offset = run.state[0, 0]
    assert offset == pytest.approx(valley.descent_offset(lr), rel=1e-3)
    assert offset == pytest.approx(valley.exact_descent_offset(lr), rel=1e-9)
    assert offset != pytest.approx(valley.river_point(0.0)[0], rel=0.1)


def test_progress_of_descent_is_the_sum_of_rates():
    """eta c' a step along the tangent, shortened by R / (R + n) and by the turn itself: third order in the step."""
    valley = CircularBend(5.0, 4.0, LinearRiver(0.3), noise_std=0.0)
    schedule = rv.schedules.cosine(steps=3000, peak_lr=0.1)
    run = rv.simulate(valley, schedule, trajectories=1)
    assert run.state[0, 1] == pytest.approx(0.3 * schedule.lr.sum(), rel=1e-4)
    assert run.state[0, 1] > 2.0 * np.pi * 5.0  # more than once around, counted on


@pytest.mark.parametrize("noise_along", [1.0, 2.0])
def test_offset_under_noise(noise_along):
    """eta (c'^2 + s2) / (2 R lambda) within five and a half standard errors (two-sided 4e-8) and 1 % for higher orders."""
    lam, slope, R, lr = 2.0, 0.5, 20.0, 0.2
    valley = CircularBend(R, lam, LinearRiver(slope), noise_std=0.0, river_noise_std=noise_along)
    run = rv.simulate(valley, rv.schedules.constant(steps=60, peak_lr=lr), trajectories=40_000, seed=8)
    measured, error = run.state[:, 0].mean(), stats.sem(run.state[:, 0])
    predicted = valley.descent_offset(lr)
    assert abs(measured - predicted) < 5.5 * error + 0.01 * predicted
    noiseless = CircularBend(R, lam, LinearRiver(slope), noise_std=0.0).descent_offset(lr)
    assert abs(measured - noiseless) > 5.5 * error + 0.01 * noiseless


def test_descent_tends_to_the_flow():
    valley = CircularBend(2.0, 3.0, LogisticRiver(), [0.4], 0.0, start_hill=0.5)
    end = gradient_flow(valley, valley.start_at, [2.0])[0]
    off = []
    for steps in (1000, 2000):
        run = rv.simulate(valley, rv.schedules.constant(steps=steps, peak_lr=2.0 / steps), trajectories=1)
        off.append(np.linalg.norm(run.state[0] - end))
    assert off[0] < 3e-3
    assert off[1] == pytest.approx(0.5 * off[0], rel=0.02)


def test_a_chord_between_decayed_points_falls_all_the_way_up_to_the_critical_length():
    """Bending radius 10, lambda 10, slope 0.02: predicted 2.03, measured 2.05 (arc 2 R asin(l / 2 R))."""
    valley = CircularBend(10.0, 10.0, LinearRiver(0.02))
    loss = plane_loss(valley)
    fraction = np.linspace(0.0, 1.0, 2001)[:, None]

    def falls(chord):
        arc = 2.0 * 10.0 * np.arcsin(chord / 20.0)
        a, b = valley.plane([[0.0, 0.0], [0.0, arc]])
        return np.all(np.diff(loss((1.0 - fraction) * a + fraction * b)) < 0.0)

    low, high = 0.1, 5.0
    assert falls(low) and not falls(high)
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if falls(middle) else (low, middle)
    predicted = theory.critical_chord(10.0, 10.0, 0.02)
    assert round(predicted, 2) == 2.03
    assert low == pytest.approx(predicted, rel=0.02)


@given(seed=st.integers(0, 2**64 - 1), turn=st.floats(-20.0, 20.0))
def test_turning_the_start_turns_the_path(seed, turn):
    schedule = rv.schedules.cosine(steps=50, peak_lr=0.3)
    options = {"river_noise_std": 0.2, "start_hill": 0.3}
    runs = [rv.simulate(CircularBend(2.0, 1.5, start_river=s, **options), schedule, 3, seed) for s in (0.0, turn)]
    assert np.allclose(runs[1].state, np.add(runs[0].state, [0.0, turn]), atol=1e-12)


@given(scale=st.floats(0.1, 10.0))
def test_the_unit_of_length_does_not_matter(scale):
    """Radius, noise, slope and start in another unit, the same curvature: the same path in that unit."""
    schedule = rv.schedules.constant(steps=40, peak_lr=0.3)
    runs = [
        rv.simulate(CircularBend(2.0 * c, 1.5, LinearRiver(0.1 * c), (), 0.1 * c, 0.05 * c, start_hill=0.3 * c), schedule, 2)
        for c in (1.0, scale)
    ]
    assert np.allclose(runs[1].state, scale * runs[0].state, rtol=1e-9, atol=1e-12)


def test_a_wide_bend_is_a_straight_valley():
    bent = CircularBend(1e9, 1.5, rv.landscapes.PowerRiver(), [0.3], 0.1, 0.02, start_hill=0.4, start_river=0.2)
    straight = rv.landscapes.RiverValley([1.5, 0.3], 0.1, bent.river, 0.02, start_hill=0.4, start_river=0.2)
    schedule = rv.schedules.constant(steps=200, peak_lr=0.5)
    assert np.allclose(rv.simulate(bent, schedule, 4, 5).state, rv.simulate(straight, schedule, 4, 5).state, atol=1e-6)


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"radius": 0.0}, "radius must be"),
        ({"radius": np.inf}, "radius must be"),
        ({"stiffness": -1.0}, "stiffness must be"),
        ({"start_hill": -1.0}, "start_hill must be above -radius = -1"),
        ({"start_river": np.nan}, "start_river must be"),
        ({"river": None}, "river must be one of"),
        ({"noise_std": [0.1, 0.2]}, "noise_std must be one number"),
    ],
)
def test_bad_input_is_refused(bad, words):
    with pytest.raises(rv.InputError, match=words):
        CircularBend(**bad)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: CircularBend().descent_offset(-0.1), "lr must be"),
        (lambda: CircularBend().exact_descent_offset(2.0), "lr must be"),
        (lambda: CircularBend().floor(np.nan), "along must be"),
        (lambda: CircularBend().river_point(np.nan), "along must be"),
        (lambda: CircularBend().descent_offset(0.1, np.nan), "along must be"),
        (lambda: CircularBend().plane([1.0, 2.0, 3.0]), "points must have 2 coordinates"),
        (lambda: theory.critical_chord(0.0, 1.0, 1.0), "radius must be"),
    ],
)
def test_bad_arguments_are_refused(make, words):
    with pytest.raises(rv.InputError, match=words):
        make()
