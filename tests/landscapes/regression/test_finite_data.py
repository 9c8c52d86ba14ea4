"""Finite data: repeated passes, gradient flow in closed form, and where both end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.power_law import descent, gradient_flow
from scipy import stats

from rivervalley import InputError
from rivervalley.landscapes import FiniteData, Landscape, PowerLaw, RandomFeatures
from rivervalley.schedules import constant
from rivervalley.simulation import simulate


def test_it_is_a_landscape():
    assert isinstance(FiniteData(PowerLaw(8), 20), Landscape)


def test_one_epoch_is_fresh_data_to_the_last_bit():
    model = PowerLaw(10, label_noise_std=0.5, batch_size=4)
    schedule = constant(steps=16, peak_lr=0.3)
    fresh = simulate(model, schedule, 5, seed=9, record_every=4)
    passed = simulate(FiniteData(model, 64), schedule, 5, seed=9, record_every=4)
    np.testing.assert_array_equal(fresh.state, passed.state)
    more = simulate(FiniteData(model, 60), schedule, 5, seed=9, record_every=4)
    assert not np.array_equal(fresh.state, more.state)


@settings(deadline=None, max_examples=40)
@given(samples=st.integers(1, 40), first=st.integers(0, 200), count=st.integers(1, 150), seed=st.integers(0, 2**64 - 1))
def test_every_epoch_sees_every_sample_once(samples, first, count, seed):
    data = FiniteData(PowerLaw(3), samples)
    whole = data.order(seed, 0, 400 // samples * samples + samples)
    epochs = whole[: whole.size // samples * samples].reshape(-1, samples)
    assert np.array_equal(np.sort(epochs, axis=1), np.tile(np.arange(samples), (epochs.shape[0], 1)))
    assert np.array_equal(data.order(seed, first, count), whole[first : first + count])


def test_later_epochs_are_shuffled_evenly():
    data = FiniteData(PowerLaw(3), 8)
    firsts = np.array([data.order(4, 8 * epoch, 8)[0] for epoch in range(1, 4001)])
    counts = np.bincount(firsts, minlength=8)
    assert stats.chisquare(counts).pvalue > 1e-6


def test_repeated_passes_are_those_of_the_twin():
    model = PowerLaw(6, label_noise_std=0.3, batch_size=4)
    data = FiniteData(model, 10)
    schedule = constant(steps=13, peak_lr=0.2)
    run = simulate(data, schedule, 2, seed=3, record_every=13)
    for i in range(2):
        x, y = data.data(3, i)
        target = model._single_modes[1]
        noise = np.sqrt(model.floor + 0.09)
        rows = descent(x, (y - x @ target) / noise, target, noise, schedule.lr, 4, data.order(3, 0, 52))
        np.testing.assert_allclose(run.state[i], rows[-1], rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [12, 40])
def test_flow_is_that_of_small_steps(samples):
    model = PowerLaw(20, label_noise_std=0.5)
    data = FiniteData(model, samples)
    t = np.array([0.5, 5.0, 40.0])
    found = data.gradient_flow(t, datasets=2, seed=7)
    for i in range(2):
        x, y = data.data(7, i)
        slow = [model.loss(gradient_flow(x, y, one)[None, :])[0] - model.label_variance for one in t]
        np.testing.assert_allclose(found[i], slow, rtol=2e-3)


def test_full_batch_descent_at_a_small_rate_is_the_flow():
    model = PowerLaw(12, label_noise_std=0.3, batch_size=32)
    data = FiniteData(model, 32)
    run = simulate(data, constant(steps=2000, peak_lr=0.004), 6, seed=2, record_at=[250, 2000])
    flow = data.gradient_flow([1.0, 8.0], datasets=6, seed=2).mean(axis=0)
    np.testing.assert_allclose(model.excess(run), flow, rtol=2e-3)


def test_flow_before_and_after():
    data = FiniteData(PowerLaw(8, label_noise_std=0.2), 50)
    loss = data.gradient_flow([0.0, 1e12], datasets=3)
    start = data.model.gradient_flow(0.0)
    np.testing.assert_allclose(loss[:, 0], start, rtol=1e-12)
    for i in range(3):
        x, y = data.data(0, i)
        best = np.linalg.lstsq(x, y, rcond=None)[0]
        assert loss[i, 1] == pytest.approx(data.model.loss(best[None, :])[0] - data.model.label_variance, rel=1e-8)


@pytest.mark.slow
def test_converged_loss_is_that_of_the_closed_form():
    for size, samples, sig2 in ((6, 24, 0.0), (10, 40, 1.0)):
        data = FiniteData(PowerLaw(size, label_noise_std=sig2**0.5), samples)
        loss = data.gradient_flow([1e10], datasets=20_000, seed=1)[:, 0]
        limit = stats.norm.isf(1e-6 / 4) * 1.1 * loss.std() / np.sqrt(20_000)
        assert abs(loss.mean() - data.converged_excess) < limit
        error = data.model.floor + sig2
        for wrong in (size / samples, size / (samples - size)):
            assert abs(loss.mean() - data.model.floor - error * wrong) > limit
    assert FiniteData(PowerLaw(10), 11).converged_excess == np.inf
    with pytest.raises(InputError, match="samples must be"):
        _ = FiniteData(PowerLaw(10), 5).converged_excess


def test_random_features_see_finite_data_too():
    data = FiniteData(RandomFeatures(8, 100, seed=1), 200)
    loss = data.gradient_flow([1e8], datasets=50)[:, 0]
    assert 1.0 < loss.mean() / data.model.floor < 1.2


@pytest.mark.parametrize("samples", [0, 2.5, True])
def test_bad_samples_are_refused(samples):
    with pytest.raises(InputError, match="samples must be"):
        FiniteData(PowerLaw(4), samples)


def test_bad_use_is_refused():
    with pytest.raises(InputError, match="model must be"):
        FiniteData("PowerLaw", 4)
    with pytest.raises(InputError, match="summed_lr must"):
        FiniteData(PowerLaw(4), 4).gradient_flow([-1.0])
    with pytest.raises(InputError, match="at most 2e8"):
        FiniteData(PowerLaw(50_000), 50_000).gradient_flow([1.0])
