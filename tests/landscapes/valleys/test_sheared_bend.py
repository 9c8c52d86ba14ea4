"""Family C: the floor is not the river, and gradient flow stays near the river."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bends as twin
from scipy.integrate import solve_ivp

import rivervalley as rv
from rivervalley.landscapes import LinearRiver, LogisticRiver, Parabola, PowerRiver, ShearedBend, Sine
from rivervalley.theory import find_river, gradient_flow, river_residual

BENDS = [Parabola(1.5), Parabola(-0.8), Sine(0.6, 5.0)]
STIFF = np.array([25.0, 50.0, 100.0, 200.0, 400.0])


def slope_in_log(values):
    return np.polyfit(np.log(STIFF), np.log(values), 1)[0]


@pytest.mark.parametrize("bend", BENDS, ids=str)
def test_slope_and_bend_are_derivatives_of_the_height(bend):
    x = np.linspace(-3.0, 3.0, 31)
    assert np.allclose(bend.slope(x), (bend.height(x + 1e-6) - bend.height(x - 1e-6)) / 2e-6, atol=1e-8)
    assert np.allclose(bend.bend(x), (bend.slope(x + 1e-6) - bend.slope(x - 1e-6)) / 2e-6, atol=1e-8)


@given(
    bend=st.sampled_from(BENDS),
    river=st.sampled_from([LinearRiver(0.3), LogisticRiver(), PowerRiver()]),
    y=st.floats(-2.0, 2.0),
    hill=st.floats(-2.0, 2.0),
    x=st.floats(0.0, 3.0),
)
def test_gradient_and_hessian_against_finite_differences(bend, river, y, hill, x):
    valley = ShearedBend(bend, 2.0, river, hills=[0.7])
    w = np.array([y, hill, x])
    assert np.allclose(valley.gradient(w), twin.difference_gradient(valley.loss, w), atol=2e-8)
    assert np.allclose(valley.hessian(w), twin.difference_hessian(valley.gradient, w), atol=2e-8)


@pytest.mark.parametrize("x", [0.3, 1.0, 2.2])
def test_sharpness_on_the_floor(x):
    """lambda (1 + f'^2) across a floor whose river has no bend of its own."""
    valley = ShearedBend(Parabola(1.5), 3.0, LinearRiver(0.1))
    assert np.linalg.eigvalsh(valley.hessian(valley.floor(x)))[-1] == pytest.approx(3.0 * (1.0 + (x / 1.5) ** 2), rel=1e-12)


@pytest.mark.parametrize("bend", BENDS, ids=str)
@pytest.mark.parametrize("river", [LinearRiver(0.2), LogisticRiver(0.5)], ids=lambda river: type(river).__name__)
@pytest.mark.parametrize("x", [0.4, 1.1, 1.9])
def test_river_in_closed_form_is_that_of_the_definition(bend, river, x):
    valley = ShearedBend(bend, 12.0, river)
    point = valley.river_point(x)
    assert river_residual(valley, point) < 1e-10 * valley.stiffness
    assert np.allclose(find_river(valley, x), point, rtol=0, atol=1e-10)
    assert river_residual(valley, valley.floor(x)) > 1e-3  # the floor is not the river


@pytest.mark.parametrize("x", [0.0, 1e-9, 1e-5, 2.5, 2.5 + 1e-7, 1.25])
def test_river_where_the_course_turns(x):
    """At an inflection the slow curve is the river, exactly; the cubic loses its highest powers there."""
    valley = ShearedBend(Sine(0.6, 5.0), 12.0, LinearRiver(0.2))
    point = valley.river_point(x)
    assert river_residual(valley, point) < 1e-10 * valley.stiffness
    if x in (0.0, 2.5):
        assert np.allclose(point, valley.slow_point(x), rtol=0, atol=1e-14)


def test_where_nothing_slopes_the_floor_is_the_river():
    flat = ShearedBend(Sine(0.6, 5.0), river=rv.landscapes.FlatRiver())
    bowl = ShearedBend(Sine(0.6, 5.0), river=rv.landscapes.QuadraticRiver(0.01, 1.0))
    for valley in (flat, bowl):
        assert np.array_equal(valley.river_point(1.0), valley.floor(1.0))
        assert river_residual(valley, valley.floor(1.0)) == 0.0


def test_river_beside_straight_hills():
    plane, space = ShearedBend(BENDS[0], 12.0), ShearedBend(BENDS[0], 12.0, hills=[3.0, 5.0])
    point = space.river_point(1.3)
    assert np.allclose(point[[0, -1]], plane.river_point(1.3), atol=1e-12)
    assert np.allclose(find_river(space, 1.3), point, atol=1e-6)


@pytest.mark.parametrize("bend", [Parabola(1.5), Sine(0.6, 5.0)], ids=str)
def test_orders_of_the_distances(bend):
    """Gradient flow is off the floor by 1 / lambda, off the river by 1 / lambda^2, and the slow curve is what it runs on."""
    x, floor, river, slow = 1.0, [], [], []
    for stiffness in STIFF:
        valley = ShearedBend(bend, stiffness, LinearRiver(1.0), start_river=0.2)
        times = np.linspace(0.5, 3.0, 400)
        path = gradient_flow(valley, valley.slow_point(0.2), times)
        y = np.interp(x, path[:, 1], path[:, 0] - bend.height(path[:, 1])) + float(bend.height(x))
        floor.append(abs(y - valley.floor(x)[0]))
        river.append(abs(y - valley.river_point(x)[0]))
        slow.append(abs(y - valley.slow_point(x)[0]))
    assert slope_in_log(floor) == pytest.approx(-1.0, abs=0.05)
    assert slope_in_log(river) == pytest.approx(-2.0, abs=0.1)
    assert slope_in_log(slow) == pytest.approx(-2.0, abs=0.1)


@pytest.mark.parametrize("bend, x", [(Parabola(1.5), 0.7), (Parabola(1.5), 2.0), (Sine(0.6, 5.0), 1.0)], ids=str)
def test_tracking_error(bend, x):
    """The distance of flow and river, measured across the river, is kappa (dc/ds)^2 / (lambda (1 + f'^2))^2."""
    valley = ShearedBend(bend, 400.0, LinearRiver(1.0))
    times = np.linspace(0.2, 8.0, 4000)
    path = gradient_flow(valley, valley.slow_point(0.1), times)
    y = np.interp(x, path[:, 1], path[:, 0] - bend.height(path[:, 1])) + float(bend.height(x))
    across = abs(y - valley.river_point(x)[0]) / np.sqrt(1.0 + float(bend.slope(x)) ** 2)
    assert across == pytest.approx(valley.tracking_error(x), rel=0.05)


def test_progress_along_the_river_is_that_of_its_own_flow():
    """x' = -c' / (1 + f'^2): the river in its own arc length, up to 1 / lambda^2."""
    valley = ShearedBend(Sine(0.6, 5.0), 80.0, LogisticRiver(), start_river=0.1)
    times = np.array([1.0, 3.0, 6.0])

    def speed(_, x):
        return -valley.river.slope(x) / (1.0 + valley.bend.slope(x) ** 2)

    along = solve_ivp(speed, (0.0, 6.0), [0.1], "DOP853", times, rtol=1e-11, atol=1e-12).y[0]
    assert np.allclose(gradient_flow(valley, valley.slow_point(0.1), times)[:, 1], along, atol=2e-3)
    assert not np.allclose(valley.river.position(times, 0.1), along, atol=0.05)


@pytest.mark.parametrize("bend", BENDS, ids=str)
def test_descent_tends_to_the_flow(bend):
    """The distance halves with the rate."""
    valley = ShearedBend(bend, 4.0, LinearRiver(0.5), [0.8], 0.0, start_hill=0.3)
    end = gradient_flow(valley, valley.start_at, [2.0])[0]
    off = []
    for steps in (1000, 2000):
        run = rv.simulate(valley, rv.schedules.constant(steps=steps, peak_lr=2.0 / steps), trajectories=1)
        off.append(np.linalg.norm(run.state[0] - end))
    assert off[0] < 4e-3
    assert off[1] == pytest.approx(0.5 * off[0], rel=0.02)


def test_projected_flow_ends_on_the_river_and_splits_the_loss():
    valley = ShearedBend(Parabola(1.5), 12.0, LinearRiver(0.2))
    point = np.array([1.0, 1.0])
    parts = rv.theory.split(valley, point)
    assert river_residual(valley, parts.foot) < 1e-5
    assert np.allclose(parts.foot, valley.river_point(parts.foot[1]), atol=1e-6)
    assert parts.river + parts.hill == pytest.approx(float(valley.loss(point)[0]), rel=1e-12)
    assert parts.river == pytest.approx(float(valley.loss(parts.foot)[0]), rel=1e-12)
    assert parts.hill > 0.0


@given(seed=st.integers(0, 2**64 - 1), waves=st.integers(-3, 3))
def test_a_winding_valley_is_the_same_a_wavelength_on(seed, waves):
    """On a linear river, with noise: the path is shifted, to rounding."""
    schedule = rv.schedules.cosine(steps=60, peak_lr=0.3)
    runs = [rv.simulate(ShearedBend(Sine(0.6, 5.0), 1.5, start_river=x), schedule, 3, seed) for x in (0.4, 0.4 + 5.0 * waves)]
    assert np.allclose(runs[1].state, np.add(runs[0].state, [0.0, 5.0 * waves]), atol=1e-11)


def test_without_amplitude_it_is_the_straight_valley():
    bent = ShearedBend(Sine(0.0, 5.0), 1.5, PowerRiver(), [0.3], 0.1, 0.02, start_hill=0.4, start_river=0.2)
    straight = rv.landscapes.RiverValley([1.5, 0.3], 0.1, PowerRiver(), 0.02, start_hill=0.4, start_river=0.2)
    schedule = rv.schedules.wsd(steps=300, peak_lr=0.5, decay_fraction=0.2)
    a, b = rv.simulate(bent, schedule, 8, 5), rv.simulate(straight, schedule, 8, 5)
    assert np.allclose(a.state, b.state, atol=1e-12)
    assert np.allclose(a.loss, b.loss, rtol=1e-11)


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"bend": 3}, "bend must be a Parabola or a Sine"),
        ({"stiffness": 0.0}, "stiffness must be"),
        ({"stiffness": np.nan}, "stiffness must be"),
        ({"river": "linear"}, "river must be one of"),
        ({"hills": [-1.0]}, "hills must hold"),
        ({"noise_std": [0.1, 0.2, 0.3]}, "noise_std must be one number or one for each of the 1 coordinates across"),
        ({"noise_std": -1.0}, "noise_std must be"),
        ({"river_noise_std": np.inf}, "river_noise_std must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"start_hill": np.nan}, "start_hill must be"),
        ({"start_river": np.nan}, "start_river must be"),
        ({"river": PowerRiver(), "start_river": -1.0}, "start_river must be above -1"),
    ],
)
def test_bad_input_is_refused(bad, words):
    with pytest.raises(rv.InputError, match=words):
        ShearedBend(**bad)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Parabola(0.0), "radius must not be 0"),
        (lambda: Parabola(np.nan), "radius must be"),
        (lambda: Sine(1.0, 0.0), "wavelength must be"),
        (lambda: Sine(np.inf, 1.0), "amplitude must be"),
        (lambda: ShearedBend().loss([[1.0, 2.0, 3.0]]), "points must have 2 coordinates"),
        (lambda: ShearedBend().gradient([np.nan, 1.0]), "points must hold finite"),
        (lambda: ShearedBend().floor(np.nan), "along must be"),
        (lambda: ShearedBend().tracking_error(np.inf), "along must be"),
        (lambda: find_river(ShearedBend(), 1.0, reach=0.0), "reach must be"),
        (lambda: river_residual(ShearedBend(), [1.0]), "point must have 2 coordinates"),
        (lambda: gradient_flow(ShearedBend(), [1.0, 1.0], [-1.0]), "times must hold"),
    ],
)
def test_bad_arguments_are_refused(make, words):
    with pytest.raises(rv.InputError, match=words):
        make()
