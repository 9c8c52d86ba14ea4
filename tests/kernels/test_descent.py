"""The descent kernel and the recursion of moments against their twins."""

import numpy as np
import pytest
from reference import descent as reference
from reference import rivers

import rivervalley as rv
from rivervalley.kernels.moments import quadratic_moments
from rivervalley.kernels.statistics import mean_and_error

RIVERS = [
    rv.landscapes.LinearRiver(0.3),
    rv.landscapes.PowerRiver(2.0, 0.7),
    rv.landscapes.ExponentialRiver(1.5, 0.8),
    rv.landscapes.LogisticRiver(1.2, 0.9),
    rv.landscapes.QuadraticRiver(0.4, 2.0),
    rv.landscapes.FlatRiver(),
]


@pytest.mark.parametrize("river", RIVERS, ids=lambda river: type(river).__name__)
@pytest.mark.parametrize("river_noise", [0.0, 0.05])
@pytest.mark.parametrize("hills", [1, 2, 3, 4, 6, 9])
def test_states_are_those_of_the_twin(river, river_noise, hills):
    """All numbers of hills modulo four, so that every way of drawing a group of normals is used, and up to three groups."""
    curvature = np.geomspace(0.2, 1.5, hills)
    noise_std = np.linspace(0.1, 0.2, hills)
    valley = rv.landscapes.RiverValley(curvature, noise_std, river, river_noise, start_hill=0.3, start_river=0.1)
    schedule = rv.schedules.wsd(steps=12, peak_lr=0.4, warmup_steps=3, decay_steps=4)
    run = rv.simulate(valley, schedule, trajectories=3, seed=11, threads=1)
    start = np.append(np.full(hills, 0.3), 0.1)
    twin = reference.river_valley(valley.curvatures, valley.noise, rivers.slope(river), start, schedule.lr, 11, 3)
    assert np.allclose(run.state, twin, rtol=1e-12, atol=1e-14)
    parts = np.array([rivers.loss(river)(x) for x in twin[:, -1]]), 0.5 * (twin[:, :-1] ** 2) @ curvature
    assert run.components["river"][-1] == pytest.approx(parts[0].mean(), rel=1e-12, abs=1e-14)
    assert run.components["hill"][-1] == pytest.approx(parts[1].mean(), rel=1e-12)


def test_hills_without_noise_between_noisy_ones():
    noise_std = [0.0, 0.1, 0.0, 0.1, 0.0, 0.0]
    valley = rv.landscapes.RiverValley(np.linspace(0.1, 1.0, 6), noise_std, start_hill=1.0)
    run = rv.simulate(valley, rv.schedules.constant(steps=9, peak_lr=0.3), trajectories=2, seed=3)
    twin = reference.river_valley(
        valley.curvatures, valley.noise, rivers.slope(valley.river), np.append(np.ones(6), 0.0), np.full(9, 0.3), 3, 2
    )
    assert np.allclose(run.state, twin, rtol=1e-12)


def test_moments_are_those_of_the_twin():
    lr = np.random.default_rng(0).uniform(0.0, 1.5, 50)
    h, s2 = np.array([0.1, 0.9]), np.array([0.04, 0.01])
    m, v, loss = np.array([1.0, -2.0]), np.array([0.0, 0.3]), np.empty(51)
    quadratic_moments(m, v, lr, 0, h, s2, np.arange(51), loss)
    twins = [reference.quadratic_moments(h[j], np.sqrt(s2[j]), (1.0, -2.0)[j], (0.0, 0.3)[j], lr) for j in range(2)]
    expected = sum(0.5 * h[j] * (twins[j][1] + twins[j][0] ** 2) for j in range(2))
    assert np.allclose(loss[1:], expected, rtol=1e-13)
    assert loss[0] == pytest.approx(0.5 * (0.1 * 1.0 + 0.9 * (4.0 + 0.3)), rel=1e-15)
    assert np.allclose(v, [twins[0][1][-1], twins[1][1][-1]], rtol=1e-13)


def test_mean_and_error():
    values = np.random.default_rng(1).normal(3.0, 1.0, (5, 2, 40))
    mean, total, error = np.empty((5, 2)), np.empty(5), np.empty(5)
    mean_and_error(values, mean, total, error)
    whole = values.sum(axis=1)
    assert np.allclose(mean, values.mean(axis=2), rtol=1e-14)
    assert np.allclose(total, whole.mean(axis=1), rtol=1e-14)
    assert np.allclose(error, whole.std(axis=1, ddof=1) / np.sqrt(40), rtol=1e-13)
    mean_and_error(values[:, :, :1].copy(), mean, total, error)
    assert np.isnan(error).all()
