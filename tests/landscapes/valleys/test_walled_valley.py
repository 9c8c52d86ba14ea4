"""Families E and H: walls of any profile, and what closing in does to progress."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bends as twin
from scipy import stats

import rivervalley as rv
from rivervalley import theory
from rivervalley.landscapes import FlatRiver, LinearRiver, LogisticRiver, PowerWall, QuadraticWall, SoftWall, WalledValley
from rivervalley.theory import find_river, gradient_flow, river_residual

WALLS = [QuadraticWall(), SoftWall(0.5), SoftWall(4.0), PowerWall(2.0), PowerWall(3.0), PowerWall(4.0), PowerWall(5.5)]


@pytest.mark.parametrize("wall", [*WALLS, PowerWall(1.0), PowerWall(1.5)], ids=str)
def test_slope_and_bend_are_derivatives_of_the_height(wall):
    y = np.array([-3.0, -1.0, -0.2, -0.03, 0.02, 0.4, 1.0, 5.0])
    assert np.allclose(wall.slope(y), (wall.height(y + 1e-6) - wall.height(y - 1e-6)) / 2e-6, atol=1e-7)
    assert np.allclose(wall.bend(y), (wall.slope(y + 1e-6) - wall.slope(y - 1e-6)) / 2e-6, rtol=1e-6, atol=1e-7)
    assert np.array_equal(wall.height(-y), wall.height(y))
    assert np.array_equal(wall.slope(-y), -wall.slope(y))


def test_soft_walls_keep_their_digits_near_the_floor_and_far_from_it():
    y = np.array([1e-9, 1e-6, 1e-3, 1e-2, 800.0])
    exact = np.array([math.log1p(2.0 * math.sinh(0.5 * u) ** 2) if u < 1.0 else u - math.log(2.0) for u in y])
    assert np.allclose(SoftWall(1.0).height(y), exact, rtol=1e-10)


@given(
    wall=st.sampled_from(WALLS),
    narrowing=st.sampled_from([0.0, 0.5, -0.5]),
    y=st.floats(-2.0, 2.0),
    z=st.floats(-2.0, 2.0),
    x=st.floats(-2.0, 2.0),
)
def test_gradient_and_hessian_against_finite_differences(wall, narrowing, y, z, x):
    valley = WalledValley([0.5, 1.2], wall, narrowing, LogisticRiver(0.3))
    w = np.array([y, z, x])
    assert np.allclose(valley.gradient(w), twin.difference_gradient(valley.loss, w), atol=3e-7)
    assert np.allclose(valley.hessian(w), twin.difference_hessian(valley.gradient, w), atol=3e-4 if wall == WALLS[4] else 3e-7)


@pytest.mark.parametrize("wall", [QuadraticWall(), SoftWall(2.0)], ids=str)
def test_the_river_is_straight(wall):
    valley = WalledValley([1.5, 2.5], wall, 0.3, LogisticRiver(0.2))
    assert np.array_equal(valley.river_point(1.2), [0.0, 0.0, 1.2])
    assert river_residual(valley, [0.0, 0.0, 1.2]) < 1e-15
    assert np.allclose(find_river(valley, 1.2), [0.0, 0.0, 1.2], atol=1e-9)
    assert np.allclose(rv.theory.split(valley, [0.3, -0.1, 1.2]).foot[:2], 0.0, atol=1e-6)


@pytest.mark.parametrize("wall", [QuadraticWall(), SoftWall(2.0), PowerWall(4.0)], ids=str)
def test_descent_tends_to_the_flow(wall):
    valley = WalledValley([1.5, 0.5], wall, 0.4, LinearRiver(0.3), 0.0, start_hill=[0.8, -0.5])
    end = gradient_flow(valley, valley.start_at, [2.0])[0]
    off = []
    for steps in (1000, 2000):
        run = rv.simulate(valley, rv.schedules.constant(steps=steps, peak_lr=2.0 / steps), trajectories=1)
        off.append(np.linalg.norm(run.state[0] - end))
    assert off[0] < 2e-3
    assert off[1] == pytest.approx(0.5 * off[0], rel=0.02)


# Family E: closing in and opening.


def narrowing_valley(kappa, g=0.02, noise_std=1.0, hills=(1.0,)):
    return WalledValley(list(hills), narrowing=kappa, river=LinearRiver(g), noise_std=noise_std)


@given(x=st.floats(-2.0, 2.0), lr=st.floats(0.01, 0.2), kappa=st.floats(-0.5, 0.5))
def test_the_mean_force_descends_the_effective_potential(x, lr, kappa):
    valley = WalledValley([0.5, 1.0], narrowing=kappa, river=LogisticRiver(0.3), noise_std=[0.4, 0.2])
    step = (valley.effective_potential(lr, x + 1e-5) - valley.effective_potential(lr, x - 1e-5)) / 2e-5
    # The derivative of ln(a / (2 - eta a)) is 2 kappa / (2 - eta a): half of it times eta s2 / 2 is the force's noise term.
    assert -step == pytest.approx(valley.mean_force(lr, x), abs=1e-8)


@given(lr=st.floats(1e-5, 1e-3), kappa=st.floats(0.05, 0.5))
def test_force_for_small_rates(lr, kappa):
    """g - eta s2 kappa / 4 a hill."""
    assert narrowing_valley(kappa).mean_force(lr) == pytest.approx(0.02 - lr * kappa / 4.0, rel=1e-3)


def test_blocking_rate():
    """4 g / (s2 kappa): no mean force there, the fastest rate is half of it, beyond it goes upstream."""
    valley = narrowing_valley(0.5, g=0.0002)
    blocking = valley.blocking_lr()
    assert blocking == pytest.approx(4.0 * 0.0002 / 0.5, rel=1e-14)
    assert abs(valley.mean_force(blocking)) < 1e-3 * 0.0002  # the formula is for eta a << 1; here it is 0.0016
    rates = np.linspace(0.01, 1.2, 500) * blocking
    speed = np.array([lr * valley.mean_force(lr) for lr in rates])
    assert rates[speed.argmax()] == pytest.approx(0.5 * blocking, rel=0.01)
    assert valley.mean_force(1.1 * blocking) < 0.0
    assert narrowing_valley(-0.5).blocking_lr() == np.inf
    assert narrowing_valley(0.0).blocking_lr() == np.inf


@pytest.mark.parametrize("kappa", [0.3, -0.3])
@pytest.mark.parametrize("share", [0.5, 1.0, 1.6])
def test_measured_force(kappa, share):
    """Within 5e-4 absolute and five and a half standard errors; the control, the slope alone, is far off."""
    g, s2 = 0.01, 1.0
    lr = share * 4.0 * g / (s2 * abs(kappa))
    valley = narrowing_valley(kappa, g)
    warm = rv.simulate(valley, rv.schedules.constant(steps=150, peak_lr=lr), trajectories=8192, seed=int(100 * share))
    run = rv.simulate(valley, rv.schedules.constant(steps=400, peak_lr=lr), initial=warm)
    moved = (run.state[:, -1] - warm.state[:, -1]) / (lr * 400)
    x = 0.5 * (run.state[:, -1].mean() + warm.state[:, -1].mean())
    error, predicted = stats.sem(moved), valley.mean_force(lr, x)
    assert error < 3e-4
    assert abs(moved.mean() - predicted) < 5.5 * error + 5e-4
    assert np.sign(predicted - g) == -np.sign(kappa)
    assert abs(moved.mean() - g) > 5.5 * error + 5e-4


def at_the_edge(wall, lr, g=0.002, kappa=0.5):
    """A noise-free run that comes up to the edge of stability from 0.1 upstream, twice as long as a free way of 2 takes."""
    stop = WalledValley([1.0], wall, kappa).stopping_point(lr)
    assert stop == pytest.approx(np.log(2.0 / lr) / kappa, rel=1e-14)
    valley = WalledValley([1.0], wall, kappa, LinearRiver(g), noise_std=0.0, start_hill=0.02, start_river=stop - 0.1)
    run = rv.simulate(valley, rv.schedules.constant(steps=int(4.0 / (g * lr)), peak_lr=lr), trajectories=1, record_every=1)
    return run, rv.simulate(valley, rv.schedules.constant(steps=1, peak_lr=lr), initial=run), stop


@pytest.mark.parametrize("lr", [0.4, 0.2])
def test_descent_stops_where_the_walls_reach_the_edge_of_stability(lr):
    """A 2-cycle at sharpness 2 / eta with y^2 = 2 |c'| / a' = g eta / kappa, the river's force cancelled; soft walls."""
    run, after, stop = at_the_edge(SoftWall(2.0), lr)
    assert run.state[0, 1] == pytest.approx(stop, abs=0.005)
    assert run.state[0, 0] ** 2 == pytest.approx(0.002 * lr / 0.5, rel=2e-3)
    assert after.state[0, 0] == pytest.approx(-run.state[0, 0], rel=1e-6)  # to and fro
    assert abs(after.state[0, 1] - run.state[0, 1]) < 1e-5 * 0.002 * lr


def test_halving_the_rate_moves_the_stop():
    (far, _, _), (near, _, _) = at_the_edge(SoftWall(2.0), 0.2), at_the_edge(SoftWall(2.0), 0.4)
    assert far.state[0, 1] - near.state[0, 1] == pytest.approx(np.log(2.0) / 0.5, abs=0.005)


def test_quadratic_walls_spiral_out_at_the_edge():
    """Hills hundreds of times the 2-cycle's a y^2 / 2 = g / kappa; soft ones settle on it."""
    cycle = 0.002 / 0.5
    quadratic, _, _ = at_the_edge(QuadraticWall(), 0.4)
    soft, _, _ = at_the_edge(SoftWall(2.0), 0.4)
    assert quadratic.components["hill"][2000:].max() > 100.0 * cycle
    assert soft.components["hill"][-1] == pytest.approx(cycle, rel=0.02)


# Family H: walls of other profiles.


@pytest.mark.slow
@pytest.mark.parametrize("power, steep", [(2.0, 1.0), (1.5, 0.2), (3.0, 1.0), (4.0, 1.0), (4.0, 8.0), (6.0, 1.0)])
def test_equipartition(power, steep):
    """eta s2 / (2 p) a hill whatever the steepness, within 5.5 standard errors and 1.5 % for the finite rate."""
    lr, noise_std = 0.01, 1.0
    valley = WalledValley([steep] * 8, PowerWall(power), river=FlatRiver(), noise_std=noise_std)
    # Start at the typical height, so that little has to be forgotten: steep y^p = eta s2 / 2.
    height = (lr * noise_std**2 / (2.0 * steep)) ** (1.0 / power)
    state = np.column_stack([height * np.random.default_rng(1).normal(size=(2048, 8)), np.zeros(2048)])
    crossing = int(height**2 / (lr * noise_std) ** 2) + 1  # updates in which noise crosses the valley
    warm = rv.simulate(valley, rv.schedules.constant(steps=6 * crossing, peak_lr=lr), initial=state, seed=3)
    run = rv.simulate(valley, rv.schedules.constant(steps=4 * crossing, peak_lr=lr), initial=warm, record_every=20)
    predicted = 8.0 * float(theory.wall_hill_loss(lr, noise_std, power))
    # The standard error of the mean over records is at most the mean of theirs.
    allowed = 5.5 * run.loss_stderr.mean() + 0.015 * predicted
    assert abs(run.loss.mean() - predicted) < allowed
    assert abs(run.loss.mean() - 8.0 * float(theory.wall_hill_loss(lr, noise_std, 1.25 * power))) > allowed


def test_absolute_walls_need_slopes_small_against_the_noise():
    """p = 1: eta s2 / 2 for b << sigma; 9 % off at b = 0.3 sigma, whatever the rate."""
    excess = []
    for steep, warm in ((0.3, 400), (0.06, 8000)):
        valley = WalledValley([steep] * 16, PowerWall(1.0), river=FlatRiver(), noise_std=1.0)
        run = rv.simulate(valley, rv.schedules.constant(steps=warm, peak_lr=0.1), trajectories=2000, record_every=warm)
        excess.append(run.loss[-1] / 16 / float(theory.wall_hill_loss(0.1, 1.0, 1.0)) - 1.0)
    assert excess[0] == pytest.approx(0.09, abs=0.03)
    assert abs(excess[1]) < 0.03


@pytest.mark.parametrize("wall", [SoftWall(0.01), PowerWall(2.0)], ids=str)
def test_quadratic_limits(wall):
    """A soft wall far below its sharpness, and the power 2, are the quadratic wall; that is the straight valley."""
    options = {"noise_std": 0.1, "river_noise_std": 0.02, "start_hill": 0.4, "start_river": 0.2}
    other = WalledValley([1.5, 0.3], wall, 0.0, LogisticRiver(), **options)
    walled = WalledValley([1.5, 0.3], QuadraticWall(), 0.0, LogisticRiver(), **options)
    straight = rv.landscapes.RiverValley([1.5, 0.3], river=LogisticRiver(), **options)
    schedule = rv.schedules.cosine(steps=200, peak_lr=0.5)
    a, b, c = [rv.simulate(valley, schedule, 4, 5) for valley in (other, walled, straight)]
    assert np.allclose(b.state, c.state, atol=1e-13)
    assert np.allclose(b.loss, c.loss, rtol=1e-12)
    assert np.allclose(a.state, b.state, atol=1e-5 if isinstance(wall, SoftWall) else 1e-13)


@given(seed=st.integers(0, 2**64 - 1), shift=st.floats(-3.0, 3.0), kappa=st.floats(-0.5, 0.5))
def test_further_on_the_walls_are_steeper_and_that_is_all(seed, shift, kappa):
    """Moving by d along a linear river is multiplying all steepnesses by e^(kappa d)."""
    schedule = rv.schedules.constant(steps=40, peak_lr=0.2)
    hills = np.array([0.3, 1.1])
    here = WalledValley(hills, SoftWall(2.0), kappa, LinearRiver(0.1), start_hill=0.5)
    there = WalledValley(
        hills * np.exp(-kappa * shift), SoftWall(2.0), kappa, LinearRiver(0.1), start_hill=0.5, start_river=shift
    )
    a, b = rv.simulate(here, schedule, 3, seed), rv.simulate(there, schedule, 3, seed)
    assert np.allclose(b.state, np.add(a.state, [0.0, 0.0, shift]), atol=1e-11)


@given(wall=st.sampled_from(WALLS), start=st.floats(0.0, 2.0), kappa=st.sampled_from([0.0, 0.4]))
def test_left_and_right_are_alike(wall, start, kappa):
    """To the last bit, without noise."""
    schedule = rv.schedules.constant(steps=30, peak_lr=0.1)
    left, right = [
        rv.simulate(WalledValley([0.7], wall, kappa, LinearRiver(0.1), 0.0, start_hill=side * start), schedule, 1)
        for side in (-1.0, 1.0)
    ]
    assert np.array_equal(left.state, right.state * [-1.0, 1.0])
    assert np.array_equal(left.loss, right.loss)


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"hills": []}, "hills must not be empty"),
        ({"hills": [0.0]}, "hills must hold"),
        ({"wall": "soft"}, "wall must be a QuadraticWall, SoftWall or PowerWall"),
        ({"narrowing": np.nan}, "narrowing must be"),
        ({"river": SoftWall()}, "river must be one of"),
        ({"noise_std": [1.0, 1.0]}, "noise_std must be one number or one for each of the 1"),
        ({"start_river": np.inf}, "start_river must be"),
    ],
)
def test_bad_input_is_refused(bad, words):
    with pytest.raises(rv.InputError, match=words):
        WalledValley(**{"hills": [1.0], **bad})


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: SoftWall(0.0), "sharpness must be"),
        (lambda: PowerWall(0.9), "power must be"),
        (lambda: PowerWall(np.nan), "power must be"),
        (lambda: WalledValley([1.0], SoftWall()).mean_force(0.1), "wall must be a QuadraticWall for this formula"),
        (lambda: WalledValley([1.0], SoftWall()).effective_potential(0.1), "wall must be a QuadraticWall"),
        (lambda: WalledValley([1.0]).mean_force(2.0), "lr must be"),
        (lambda: WalledValley([1.0]).mean_force(0.1, np.nan), "along must be"),
        (lambda: WalledValley([1.0]).blocking_lr(np.nan), "along must be"),
        (lambda: WalledValley([1.0]).stopping_point(0.1), "narrowing must not be 0"),
        (lambda: WalledValley([1.0], narrowing=0.1).stopping_point(0.0), "lr must be"),
        (lambda: WalledValley([1.0]).floor(np.inf), "along must be"),
    ],
)
def test_bad_arguments_are_refused(make, words):
    with pytest.raises(rv.InputError, match=words):
        make()
