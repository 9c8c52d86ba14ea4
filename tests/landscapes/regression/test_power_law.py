"""Regression on power-law spectra: closed forms, the exact recursion against its twin, sampled SGD against both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.power_law import descent, moments
from scipy import stats
from scipy.special import zeta

from rivervalley import DivergenceError, InputError
from rivervalley.kernels.power_law import block_moments, sweep_moments
from rivervalley.landscapes import FiniteData, Landscape, PowerLaw, RandomFeatures
from rivervalley.landscapes.regression.power_law import bin_modes
from rivervalley.schedules import Schedule, constant, cosine, linear
from rivervalley.simulation import simulate

SETS = [(1.5, 1.5), (1.5, 2.0), (2.0, 2.0), (1.2, 1.3)]


def test_it_is_a_landscape():
    assert isinstance(PowerLaw(8), Landscape)
    assert isinstance(RandomFeatures(4, 40), Landscape)


@pytest.mark.parametrize("a, b", SETS)
def test_floor_is_the_tail_of_the_signal(a, b):
    j = np.arange(1.0, 2e6)
    head = PowerLaw(300, a, b)
    assert head.floor == pytest.approx(np.sum(j[300:] ** -b) + (2e6) ** (1 - b) / (b - 1), rel=1e-5)
    assert head.gradient_flow(0.0) == pytest.approx(zeta(b), rel=2e-6)
    assert head.trace + zeta(a, 301.0) == pytest.approx(zeta(a), rel=2e-6)


@pytest.mark.parametrize("a, b", SETS)
def test_steps_law_and_scaling_function(a, b):
    endless = PowerLaw(10**14, a, b)
    t = np.array([100.0, 1000.0])
    law = endless.steps_scale_of_loss * t**-endless.steps_exponent_of_loss
    np.testing.assert_allclose(endless.gradient_flow(t), law, rtol=2e-4)
    model = PowerLaw(2048, a, b)
    u = np.array([0.05, 0.3, 1.0])
    np.testing.assert_allclose(model.gradient_flow(u * 2048.0**a), 2048.0 ** (1 - b) * model.scaling_function(u), rtol=1.5e-3)
    assert model.scaling_function(0.3) == pytest.approx(model.scaling_function([0.3])[0])


def test_size_independent_model_adds_its_two_terms():
    sizes = [10**4, 10**6, 10**8]
    models = [PowerLaw.size_independent(n, 0.3, 0.6, size_scale=2.0, steps_scale=3.0, modes=10**9) for n in sizes]
    for n, model in zip(sizes, models, strict=True):
        assert model.floor == pytest.approx(2.0 * n**-0.3, rel=1e-3)
        assert model.steps_exponent_of_loss == pytest.approx(0.6)
        steps = model.steps_scale_of_loss * 200.0**-0.6
        assert model.gradient_flow(200.0) - model.floor == pytest.approx(steps, rel=1e-3)
    np.testing.assert_array_equal(models[0].eigenvalues, models[2].eigenvalues)
    with pytest.raises(InputError, match="scaling_function"):
        models[0].scaling_function(1.0)


@pytest.mark.parametrize("a, b", SETS)
def test_bins_cost_less_than_3e_6(a, b):
    schedule = cosine(steps=400, peak_lr=0.5)
    every, binned = (PowerLaw(20_000, a, b, 0.5, 8, bin_ratio=ratio) for ratio in (1.0, 1.12))
    assert binned.eigenvalues.size < 160 < every.eigenvalues.size == 20_000
    found, exact = (model.excess(model.expected(schedule, 1)) for model in (binned, every))
    assert np.abs(found / exact - 1.0).max() < 3e-6
    t = np.geomspace(0.1, 1e5, 30)
    assert np.abs(binned.gradient_flow(t) / every.gradient_flow(t) - 1.0).max() < 3e-6


def test_a_hundred_million_modes_take_three_hundred_bins():
    assert PowerLaw(10**8).eigenvalues.size <= 300


@settings(deadline=None, max_examples=60)
@given(count=st.integers(1, 50_000), ratio=st.floats(1.001, 2.0), power=st.integers(0, 3))
def test_bins_sum_cubic_polynomials_exactly(count, ratio, power):
    j, n = bin_modes(count, ratio)
    assert np.all(np.diff(j) > 0) and j[0] == 1.0
    exact = np.sum(np.arange(1.0, count + 1.0) ** power)
    assert n @ j**power == pytest.approx(exact, rel=1e-11)


@settings(deadline=None, max_examples=25)
@given(
    size=st.integers(1, 12),
    a=st.floats(1.05, 3.0),
    b=st.floats(1.05, 3.0),
    batch=st.integers(1, 20),
    noise=st.floats(0.0, 2.0),
    rates=st.lists(st.floats(0.0, 0.4), min_size=1, max_size=15),
)
def test_recursion_is_that_of_its_twin(size, a, b, batch, noise, rates):
    model = PowerLaw(size, a, b, noise, batch)
    run = model.expected(Schedule(rates), record_at=np.arange(len(rates) + 1))
    rows = moments(model.eigenvalues, model.signal / model.eigenvalues, rates, batch, model.floor + noise**2)
    np.testing.assert_allclose(run.components["trained"], rows @ model.eigenvalues, rtol=1e-11)
    np.testing.assert_allclose(run.loss, sum(run.components.values()), rtol=1e-14)


def test_expected_goes_on_where_it_was_cut():
    model = PowerLaw(500, 1.5, 1.5, 0.5, 4)
    schedule = cosine(steps=300, peak_lr=0.3)
    whole = model.expected(schedule, 50)
    first = model.expected(Schedule(schedule.lr[:130]), 50)
    rest = model.expected(Schedule(schedule.lr[130:]), 50, initial=first)
    np.testing.assert_allclose(rest.loss, whole.loss[2:], rtol=1e-13)
    np.testing.assert_allclose(rest.state, whole.state, rtol=1e-12, atol=1e-15)
    with pytest.raises(InputError, match="initial"):
        PowerLaw(400).expected(schedule, initial=first)


@pytest.mark.parametrize("batch", [1, 16])
def test_constant_rate_solves_the_recursion(batch):
    model = PowerLaw(5000, 1.5, 2.0, 0.7, batch)
    rate = 0.5 * model.max_stable_lr
    solved = model.constant_rate(rate)
    run = model.expected(constant(steps=5000, peak_lr=rate), 250)
    np.testing.assert_allclose(solved.excess(run.steps), model.excess(run), rtol=1e-11)
    assert solved.excess(1e12) == pytest.approx(solved.limit, rel=1e-9)
    target = float(model.excess(run)[3])
    assert solved.steps_to(target) == pytest.approx(1000, rel=1e-4) or target <= solved.limit
    assert solved.steps_to(0.5 * solved.limit) == np.inf
    assert solved.steps_to(1e9) == 0.0


def test_stability_limit_parts_growth_from_decay():
    for batch in (1, 3, 30):
        model = PowerLaw(40, 1.5, 1.5, batch_size=batch)
        limit = model.max_stable_lr
        assert limit <= 2.0 / (1.0 + 1.0 / batch)
        for factor, grows in ((0.99, False), (1.01, True)):
            run = model.expected(constant(steps=10_000, peak_lr=factor * limit), record_at=[5000, 10_000])
            growth = run.components["trained"][1] / run.components["trained"][0]
            assert growth > 1e3 if grows else growth < 1.01
        with pytest.raises(InputError, match="lr must be"):
            model.constant_rate(1.01 * limit)


def test_sweep_and_blocks_follow_the_single_run():
    model = PowerLaw(3000, 1.5, 1.5, 0.6, 8)
    rates = np.array([0.1, 0.2, 0.4])
    lr = np.linspace(1.0, 0.0, 200)[:, None] * rates
    m = np.repeat((model.signal / model.eigenvalues)[:, None], 3, axis=1)
    out = np.empty((2, 3))
    frozen = np.full(3, model.floor + model.label_variance)
    sweep_moments(m, lr, model.eigenvalues, model.multiplicity, frozen, np.full(3, 8.0), np.array([100, 200]), out)
    for k in range(3):
        run = model.expected(Schedule(lr[:, k]), record_at=[100, 200])
        np.testing.assert_allclose(out[:, k], run.components["trained"], rtol=1e-12)


@pytest.mark.parametrize("power, allowed", [(0.0, 1e-5), (1.0, 3e-3), (2.0, 3e-3)])
def test_blocks_stand_for_long_runs(power, allowed):
    steps, model = 30_000, PowerLaw(10**5, 1.5, 2.0, 1.0)
    rising = np.geomspace(1.0, steps / 2, 110)
    edges = np.unique(np.concatenate(([0.0], rising, steps - rising, [float(steps)])))
    area = -((1.0 - edges / steps) ** (power + 1.0)) / (power + 1.0)
    shape = np.diff(area) / np.diff(edges / steps)
    m = model.signal / model.eigenvalues
    trained = block_moments(m, 0.1 * shape, np.diff(edges), model.eigenvalues, model.multiplicity, model.floor + 1.0, 1.0)
    run = model.expected(Schedule(0.1 * (1.0 - (np.arange(steps) + 0.5) / steps) ** power), steps)
    assert trained == pytest.approx(run.components["trained"][0], rel=allowed)


def test_blocks_are_of_second_order():
    model, rate, steps = PowerLaw(10**4, 1.5, 2.0), 0.2, 1e5
    exact = float(model.constant_rate(rate).excess(steps)) - model.floor
    errors = []
    for count in (40, 80, 160):
        edges = np.concatenate(([0.0], np.geomspace(1.0, steps, count)))
        m = model.signal / model.eigenvalues
        lr = np.full(count, rate)
        found = block_moments(m, lr, np.diff(edges), model.eigenvalues, model.multiplicity, model.floor, 1.0)
        errors.append(abs(found / exact - 1.0))
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(order > 1.6), (errors, order)


def test_open_loop_formula_holds_for_small_noise():
    model = PowerLaw(10**5, 1.5, 2.0, 0.5, 64)
    schedule = linear(steps=2000, peak_lr=0.1)
    exact = model.excess(model.expected(schedule, 2000))[0]
    assert model.open_loop(schedule) == pytest.approx(exact, rel=5e-4)
    assert abs(model.gradient_flow(schedule.lr.sum()) / exact - 1.0) > 2e-3


def test_sampled_descent_is_that_of_its_twin():
    model = PowerLaw(7, 1.5, 2.0, 0.5, batch_size=3)
    schedule = cosine(steps=6, peak_lr=0.3)
    run = simulate(model, schedule, trajectories=3, seed=11, record_every=1)
    for i in range(3):
        data = FiniteData(model, 18)
        x, y = data.data(11, i)
        target = model._single_modes[1]
        noise = np.sqrt(model.floor + 0.25)
        rows = descent(x, (y - x @ target) / noise, target, noise, schedule.lr, 3, np.arange(18))
        np.testing.assert_allclose(run.state[i], rows[-1], rtol=1e-12)
    np.testing.assert_allclose(run.loss[-1], model.loss(run.state).mean(), rtol=1e-12)


def test_sampled_runs_do_not_depend_on_blocks_threads_or_cuts():
    model = PowerLaw(9, batch_size=2)
    schedule = constant(steps=40, peak_lr=0.2)
    one = simulate(model, schedule, 37, seed=5, record_every=10, threads=1)
    two = simulate(model, schedule, 37, seed=5, record_every=10, threads=2)
    np.testing.assert_array_equal(one.state, two.state)
    half = simulate(model, Schedule(schedule.lr[:15]), 37, seed=5, record_every=5)
    rest = simulate(model, Schedule(schedule.lr[15:]), initial=half, record_every=10)
    np.testing.assert_array_equal(rest.state, one.state)
    few = simulate(model, schedule, 4, seed=5, record_every=10)
    np.testing.assert_array_equal(few.state, one.state[:4])


def test_sampled_features_have_the_covariance_and_are_independent():
    model = PowerLaw(6, 1.5, 1.5, 1.0)
    x, y = FiniteData(model, 60_000).data(3, 0)
    z = x / np.sqrt(model.eigenvalues)
    noise = (y - x @ model._single_modes[1]) / np.sqrt(1.0 + model.floor)
    whole = np.column_stack((z, noise))
    limit = stats.norm.isf(1e-6 / 2 / 28)
    products = whole[:, :, None] * whole[:, None, :]
    deviations = (products.mean(axis=0) - np.eye(7)) / (products.std(axis=0) / np.sqrt(60_000))
    assert np.abs(deviations).max() < limit


def test_random_features_have_their_own_spectrum_and_the_same_recursion():
    model = RandomFeatures(12, 300, 1.5, 1.5, label_noise_std=0.4, batch_size=4, seed=2)
    assert model.floor > PowerLaw(12).floor
    assert model.floor + model.signal.sum() == pytest.approx(zeta(1.5), rel=1e-9)
    schedule = constant(steps=60, peak_lr=0.3 * model.max_stable_lr)
    run = simulate(model, schedule, 1500, seed=1, record_at=[20, 60])
    exact = model.expected(schedule, record_at=[20, 60])
    assert np.all(np.abs(run.loss - exact.loss) < stats.norm.isf(1e-6 / 4) * 1.1 * run.loss_stderr)
    other = RandomFeatures(12, 300, 1.5, 1.5, seed=3)
    assert other.floor != model.floor


def test_divergence_is_told():
    model = PowerLaw(16, batch_size=1)
    with pytest.raises(DivergenceError, match="must stay below"):
        model.expected(constant(steps=3000, peak_lr=3.0), 10)
    with pytest.raises(DivergenceError, match="trajectory"):
        simulate(model, constant(steps=3000, peak_lr=3.0), 2)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"size": 0}, "size must be"),
        ({"size": 2.5}, "size must be"),
        ({"size": 8, "spectrum_exponent": 1.0}, "spectrum_exponent must be"),
        ({"size": 8, "signal_exponent": float("nan")}, "signal_exponent must be"),
        ({"size": 8, "label_noise_std": -1.0}, "label_noise_std must be"),
        ({"size": 8, "batch_size": 0}, "batch_size must be"),
        ({"size": 8, "bin_ratio": 3.0}, "bin_ratio must be"),
        ({"size": 10**9, "bin_ratio": 1.0}, "bin_ratio must be"),
        ({"size": 8, "modes": 0}, "modes must be"),
        ({"size": 8, "signal_scale": 0.0}, "signal_scale must be"),
    ],
)
def test_bad_input_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        PowerLaw(**options)


def test_bad_use_is_refused():
    with pytest.raises(InputError, match="100000"):
        simulate(PowerLaw(10**6), constant(steps=2, peak_lr=0.1), 1)
    with pytest.raises(InputError, match="schedule must be"):
        PowerLaw(4).expected([0.1])
    with pytest.raises(InputError, match="below modes"):
        RandomFeatures(10, 10)
