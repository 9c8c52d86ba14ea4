"""The relative step: norm, clocks and averages against exact truths and slow twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import relative_step as twin

import rivervalley as rv
from rivervalley.kernels import relative_step as kernels
from rivervalley.schedules.relative_step import steps_and_clocks

RATES = np.geomspace(1e-5, 100.0, 15)

schedules = st.builds(
    lambda steps, peak, fraction, shape: rv.schedules.wsd(
        steps, peak, warmup_steps=steps // 10, decay_fraction=fraction, decay_shape=shape
    ),
    st.integers(40, 600),
    st.floats(1e-5, 5e-3),
    st.floats(0.05, 0.8),
    st.sampled_from(["linear", "sqrt", "cosine"]),
)


def test_equilibrium_of_a_constant_lr():
    """n^2 = eta^2 / (1 - (1 - eta wd)^2), to the last digits, and r = sqrt(2 eta wd) to order eta wd."""
    for eta, wd in ((1e-3, 0.1), (4e-3, 0.3)):
        run = rv.areas.relative_step(np.full(int(40 / (eta * wd)), eta), wd)
        assert run.norm[-1] ** 2 == pytest.approx(eta**2 / (1.0 - (1.0 - eta * wd) ** 2), rel=1e-12)
        assert run.step[-1] == pytest.approx(np.sqrt(2 * eta * wd), rel=eta * wd)


def test_no_weight_decay_is_a_random_walk():
    lr = rv.schedules.cosine(2000, 1e-3).lr
    run = rv.areas.relative_step(lr, 0.0, 0.02)
    walked = np.concatenate([[0.0], np.cumsum(lr**2)[:-1]])
    np.testing.assert_allclose(run.norm**2, 0.02**2 + walked, rtol=1e-12)


def test_relaxation_runs_at_twice_lr_times_weight_decay():
    """The squared norm's distance from equilibrium falls by exactly (1 - eta wd)^2 an update."""
    eta, wd = 2e-3, 0.1
    square = rv.areas.relative_step(np.full(3000, eta), wd).norm ** 2
    far = square - eta**2 / (1.0 - (1.0 - eta * wd) ** 2)
    np.testing.assert_allclose(far[1:] / far[:-1], (1.0 - eta * wd) ** 2, rtol=1e-9)


@given(schedules, st.floats(0.0, 0.5), st.floats(0.005, 0.1))
def test_norm_and_clocks_are_those_of_the_twin(schedule, wd, init_std):
    run = rv.areas.relative_step(schedule, wd, init_std)
    n = twin.norms(schedule.lr, wd, init_std)[:-1]
    np.testing.assert_allclose(run.norm, n, rtol=1e-12)
    np.testing.assert_allclose(run.step, schedule.lr / n, rtol=1e-12, atol=0)
    np.testing.assert_allclose(run.signal, 0.02 * np.cumsum(schedule.lr / n), rtol=1e-12)
    np.testing.assert_allclose(run.memory, np.cumsum(schedule.lr / 1e-3 * (0.02 / n) ** 1.5), rtol=1e-12)


def averaged(schedule, slack, longest, at, wd=0.1, init_std=0.02):
    x, d, n, _, _ = steps_and_clocks(schedule.lr, wd, init_std, 1.0, 1.5)
    out = np.empty((RATES.size, at.size))
    kernels.averages(x, d, 0.8, RATES, np.eye(RATES.size), at, slack, longest, np.zeros(RATES.size), out)
    return out, n


@given(schedules)
def test_averages_update_by_update_are_those_of_the_twin(schedule):
    at = np.arange(3, schedule.steps, 7)
    out, n = averaged(schedule, 0.0, 1, at)
    np.testing.assert_allclose(out, twin.averages(schedule.lr, n, 1.0, 1.5, 0.8, RATES)[:, at], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@given(schedules)
def test_blocks_are_within_their_bound(schedule):
    """A block's target is off by at most slack x p of the largest x^p in it, and averages are no further off."""
    at = np.arange(schedule.steps // 4, schedule.steps)
    exact, n = averaged(schedule, 0.0, 1, at)
    blocked, _ = averaged(schedule, 0.01, 64, at[::5])
    largest = np.max(schedule.lr / 1e-3 * 0.02 / n[:-1]) ** 0.8
    assert np.abs(blocked - exact[:, ::5]).max() <= 0.8 * 0.01 * largest * 1.01


@pytest.mark.parametrize("share", [0.02, 0.2, 0.9])
@pytest.mark.parametrize("shape", ["linear", "sqrt", "cosine"])
def test_blocks_cost_little_on_usual_schedules(share, shape):
    schedule = rv.schedules.wsd(20_000, 1e-3, warmup_steps=300, decay_fraction=share, decay_shape=shape)
    at = np.arange(900, schedule.steps, 100)
    exact, _ = averaged(schedule, 0.0, 1, at)
    blocked, _ = averaged(schedule, 0.01, 64, at)
    assert np.abs(blocked - exact).max() <= 1e-3 * exact.max()


def test_blocks_are_exact_where_nothing_moves():
    """At equilibrium under a constant LR, blocks of any length give what single updates give."""
    eta, wd = 1e-3, 0.1
    start = float(np.sqrt(eta**2 / (1.0 - (1.0 - eta * wd) ** 2)))
    schedule, at = rv.schedules.constant(5000, eta), np.array([10, 999, 4999])
    exact, _ = averaged(schedule, 0.0, 1, at, wd, start)
    blocked, _ = averaged(schedule, 1e-9, 5000, at, wd, start)
    np.testing.assert_allclose(blocked, exact, rtol=1e-10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"weight_decay": 2000.0}, "below 1 / peak LR"),
        ({"init_std": 0.0}, "init_std"),
        ({"memory_exponent": 9.0}, "memory_exponent"),
        ({"schedule": [0.1, -0.1]}, "schedule"),
        ({"schedule": [1e9]}, "at most"),
    ],
)
def test_what_is_refused(arguments, words):
    with pytest.raises(rv.InputError, match=words):
        rv.areas.relative_step(**{"schedule": [1e-3], **arguments})
