"""The literal sphere: what the engine promises, and that the valley is its limit."""

import time

import numpy as np
import pytest
from scipy import stats

import rivervalley as rv
from rivervalley._common.checks import DivergenceError, InputError
from rivervalley.landscapes import FlatRiver, PowerRiver, RiverValley, Sphere, SphericalValley, rules
from rivervalley.simulation.simulate import run_blocks

ALL = [rules.AdamW(0.1), rules.Normalised(0.1), rules.DecayedSign(0.1), rules.DecayedSGD(0.1), rules.Adam()]
LR = np.concatenate([np.linspace(0.002, 0.02, 20), np.full(40, 0.02), np.linspace(0.02, 0.0, 30)])


@pytest.mark.slow
@pytest.mark.parametrize("rule", ALL, ids=str)
@pytest.mark.parametrize("held", [0.0, 2.0])
def test_bytes_do_not_depend_on_blocks_threads_chunks_or_cuts(rule, held):
    sphere = Sphere(
        30, [1.0, 0.2], river=PowerRiver(4.0, 2.0), river_radius=2.0, radius_stiffness=held, start_norm=0.3, rule=rule
    )
    at = np.array([0, 33, 90])
    whole = np.ascontiguousarray(sphere.start(5, 0, 11))
    means = run_blocks(sphere, whole, LR, 0, 5, at, threads=1)
    for threads, lanes, chunk in ((2, 3, 7), (1, 11, 90)):
        state = np.ascontiguousarray(sphere.start(5, 0, 11))
        again = run_blocks(sphere, state, LR, 0, 5, at, threads=threads, lanes=lanes, chunk=chunk)
        assert state.tobytes() == whole.tobytes()
        assert all(x.tobytes() == y.tobytes() for x, y in zip(means, again, strict=True))
    first = rv.simulate(sphere, rv.Schedule(LR[:25]), 11, seed=5)
    assert rv.simulate(sphere, rv.Schedule(LR[25:]), initial=first).state.T.tobytes() == whole.tobytes()


def test_the_start_is_a_random_direction_of_the_norm_asked_for():
    sphere = Sphere(400, [1.0] * 100, start_norm=0.02, start_variance=1.0, river=PowerRiver(), river_radius=3.0)
    state = sphere.start(1, 0, 50).T
    np.testing.assert_allclose(sphere.norms(state), 0.02, rtol=1e-12)
    theta = sphere.directions(state)
    np.testing.assert_allclose(theta[:, 100], 3.0, rtol=1e-12)
    assert np.all(theta[:, 101] == 0.0)
    z = (np.mean(theta[:, :100] ** 2) - 1.0) / np.sqrt(2.0 / 5000)
    assert abs(z) < 5.0
    low = Sphere(400, [1.0] * 100, start_norm=0.02)
    assert np.all(low.start(1, 0, 2)[:100] == 0.0)


@pytest.mark.parametrize("rule", ALL[:4], ids=str)
def test_the_valley_is_the_limit_of_many_weights(rule):
    """Hill loss and norm of 1,000 weights against the recursion: standard errors at 1e-6, plus the 4 / m by which it is off."""
    hills = {"stiffness": [1.0, 0.3, 0.1], "height": 1.0, "target": [0.0, 0.5, -0.5], "start_norm": 0.3, "start_variance": 1.0}
    sphere = Sphere(1000, **hills, rule=rule)
    valley = SphericalValley(**hills, river=FlatRiver(), rule=rule)
    run = rv.simulate(sphere, rv.Schedule(LR), 200, seed=4, record_at=[20, 60, 90])
    exact = valley.expected(rv.Schedule(LR), record_at=[20, 60, 90])
    z = stats.norm.isf(1e-6 / 2 / (4 * 3))
    np.testing.assert_array_less(np.abs(run.loss - exact.loss), z * run.loss_stderr + 4e-3 * exact.loss)
    assert np.mean(sphere.norms(run.state)) == pytest.approx(valley.norms(rv.Schedule(LR))[-1], rel=4e-3)


def test_a_normalised_update_moves_the_norm_exactly():
    sphere = Sphere(100, [2.0, 0.5], start_norm=0.3, rule=rules.Normalised(0.1))
    run = rv.simulate(sphere, rv.Schedule(LR), 4)
    recursion = SphericalValley([1.0], start_norm=0.3).norms(rv.Schedule(LR))
    np.testing.assert_allclose(sphere.norms(run.state), recursion[-1], rtol=1e-13)
    off = Sphere(100, [2.0, 0.5], start_norm=0.3, rule=rules.Normalised(0.1), scale_invariant=False)
    assert np.ptp(off.norms(rv.simulate(off, rv.Schedule(LR), 4).state)) > 1e-3


def test_a_coordinate_costs_at_most_twice_what_it_does_in_the_straight_valley():
    """In each of its two passes. Measured in turns, the best of several."""
    schedule = rv.schedules.constant(steps=600, peak_lr=1e-3)
    landscapes = {"straight": RiverValley(np.full(255, 0.1), 0.1), "sphere": Sphere(256, np.full(8, 1.0))}
    best = dict.fromkeys(landscapes, np.inf)
    for _ in range(6):
        for name, landscape in landscapes.items():
            begin = time.perf_counter()
            rv.simulate(landscape, schedule, 64, threads=1)
            best[name] = min(best[name], time.perf_counter() - begin)
    assert best["sphere"] < 2 * 2 * best["straight"]  # some 1.3 times


def test_divergence_is_told():
    with pytest.raises(DivergenceError, match="diverged at update"):
        rv.simulate(Sphere(8, [1.0], start_norm=1e-8, rule=rules.DecayedSGD(0.0)), rv.Schedule([1e60, 1e60]), 2)


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: Sphere(1), "weights must be an integer of at least 2"),
        (lambda: Sphere(3, [1.0, 1.0, 1.0]), "weights"),
        (lambda: Sphere(20, [1.0], river=PowerRiver(), river_radius=5.0), "river_radius must be below"),
        (lambda: Sphere(20, [1.0], radius_stiffness=-1.0), "radius_stiffness"),
        (lambda: Sphere(20, [1.0], river=1), "river"),
        (lambda: Sphere(20, [1.0], rule=rules.Frozen()), "rule must be one of AdamW"),
        (lambda: Sphere(20, [1.0], start_norm=0.0), "start_norm"),
        (lambda: Sphere(20, [-1.0]), "stiffness"),
        (lambda: rv.simulate(Sphere(20, [1.0] * 19, start_variance=9.0), rv.Schedule(LR), 1), "start_variance"),
        (lambda: rv.simulate(Sphere(20, [1.0]), rv.schedules.constant(steps=2, peak_lr=20.0), 1), "weight_decay"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()
