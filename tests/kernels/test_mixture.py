"""The mixture of relaxations behind the multi-power law, against the plain double sum and finite differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

import rivervalley as rv
from rivervalley.kernels.mixture import mixture_drops, nodes
from rivervalley.laws import MultiPowerLaw
from rivervalley.laws.base.points import Points
from rivervalley.schedules import Schedule

PEAK = 3e-4
SCHEDULES = [
    rv.schedules.cosine(600, PEAK, final_lr=3e-5, warmup_steps=50),
    rv.schedules.wsd(600, PEAK, warmup_steps=100, decay_steps=200),
    rv.schedules.wsd_s([300, 600], PEAK, warmup_steps=30),
    rv.schedules.multi_step(600, PEAK),
]


def carried(lr, K, beta, gamma):
    """D and its derivatives by ln K, beta and gamma after every update."""
    lr = np.asarray(lr, dtype=float)
    drop = np.append(0.0, lr[:-1] - lr[1:])
    log_lr = np.log(np.maximum(lr, 1e-9 * lr.max()))
    moved = drop != 0.0
    log_K = math.log(K)
    relaxing = log_K - gamma * log_lr[moved]
    y, spacing = nodes(beta, relaxing.min(), relaxing.max(), lr.sum())
    E, X = np.zeros((2, 4, y.size))
    out = np.empty((4, lr.size))
    norm, psi = math.lgamma(beta) - math.log(spacing), float(digamma(beta))
    ones, scratch = np.ones(lr.size), np.empty((2, y.size))
    blocks = (ones, lr, ones, drop, log_lr)
    mixture_drops(np.arange(lr.size), *blocks, y, np.exp(y), log_K, beta, gamma, norm, psi, E, X, *scratch, out)
    return out


def double_sum(lr, K, beta, gamma):
    """The paper's sum, term by term."""
    lr = np.asarray(lr, dtype=float)
    rate, S = np.maximum(lr, 1e-9 * lr.max()), np.append(0.0, np.cumsum(lr))
    D = np.zeros(lr.size)
    for t in range(lr.size):
        k = np.arange(1, t + 1)
        x = K * rate[k] ** -gamma * (S[t + 1] - S[k])
        D[t] = np.sum((lr[k - 1] - lr[k]) * -np.expm1(-beta * np.log1p(x)))
    return D


CORNERS = [(2.0, 0.58, 0.64), (0.2, 2.0, 0.5), (1e3, 0.05, 1.3), (1e-3, 100.0, 0.0), (1e6, 1e-3, 2.0), (20.0, 30.0, 0.3)]


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
@pytest.mark.parametrize("K, beta, gamma", [*CORNERS, (5.0, 6.0, 1.0)])
def test_against_the_double_sum(schedule, K, beta, gamma):
    assert np.allclose(
        carried(schedule.lr, K, beta, gamma)[0], double_sum(schedule.lr, K, beta, gamma), rtol=0, atol=2e-9 * PEAK
    )


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
@pytest.mark.parametrize("K, beta, gamma", CORNERS)
def test_derivatives_against_finite_differences(schedule, K, beta, gamma):
    _, by_log_K, by_beta, by_gamma = carried(schedule.lr, K, beta, gamma)
    steps = {"K": (1e-5 * K, 0.0, 0.0), "beta": (0.0, 1e-5 * beta, 0.0), "gamma": (0.0, 0.0, 1e-6)}
    for found, (name, step) in zip((by_log_K / K, by_beta, by_gamma), steps.items(), strict=True):
        if name == "gamma" and gamma == 0.0:
            continue
        up, down = (double_sum(schedule.lr, K + s * step[0], beta + s * step[1], gamma + s * step[2]) for s in (1.0, -1.0))
        numeric = (up - down) / (2.0 * sum(step))
        assert np.allclose(found, numeric, rtol=0, atol=1e-6 * np.abs(numeric).max()), name


@settings(max_examples=60)
@given(
    lr=st.lists(st.sampled_from([0.0, 1e-6, 3e-5, 1e-4, 3e-4]), min_size=3, max_size=60).filter(lambda x: len(set(x)) > 1),
    K=st.floats(1e-4, 1e4),
    beta=st.floats(1e-3, 100.0),
    gamma=st.floats(0.0, 2.0),
)
def test_any_rates_and_parameters(lr, K, beta, gamma):
    D = carried(lr, K, beta, gamma)[0]
    assert np.allclose(D, double_sum(lr, K, beta, gamma), rtol=0, atol=2e-9 * np.abs(np.diff(lr)).sum())


@given(scale=st.floats(1e-3, 1e3))
def test_the_unit_of_the_rate_is_K_s(scale):
    lr = SCHEDULES[0].lr
    one, two = carried(lr, 2.0, 0.6, 0.4), carried(scale * lr, 2.0 * scale ** (0.4 - 1.0), 0.6, 0.4)
    assert np.allclose(scale * one[0], two[0], rtol=1e-7, atol=1e-9 * scale * PEAK)


LAW = MultiPowerLaw(L0=3.04, A=0.525, alpha=0.508, B=363.8, K=2.066, beta=0.583, gamma=0.641)


@pytest.mark.parametrize("warmup", [0, 300])
@pytest.mark.parametrize("make", [rv.schedules.cosine, rv.schedules.linear])
def test_dense_and_sparse_points_agree(make, warmup):
    """Blocks of updates against updates by themselves: within 3e-5 of the last term, here 0.1."""
    s = make(60_000, PEAK, final_lr=3e-5, warmup_steps=warmup)
    sparse = np.arange(500, 60_001, 500)
    assert np.allclose(LAW.predict(s)[sparse - 1], LAW.predict_at(s, sparse), rtol=0, atol=3e-6)


def test_dense_derivatives_are_those_of_sparse_points():
    s = rv.schedules.cosine(60_000, PEAK, final_lr=3e-5)
    shape = np.array([0.5, 2.0, 0.6, 0.4])
    sparse = np.arange(5000, 60_001, 5000)
    dense = np.arange(1, 60_001)
    _, few = MultiPowerLaw.terms(Points.of([s], [sparse], "included"))(shape)
    _, all_slopes = MultiPowerLaw.terms(Points.of([s], [dense], "included"))(shape)
    assert np.allclose(few, all_slopes[:, sparse - 1], rtol=2e-4, atol=1e-12)


@pytest.mark.parametrize("change", [{"K": 0.0}, {"beta": 0.0}, {"B": 0.0}])
def test_no_relaxation_is_the_forward_term_alone(change):
    s = rv.schedules.cosine(1000, PEAK)
    law = MultiPowerLaw(**{**LAW.params, **change})
    assert np.allclose(law.predict(s), 3.04 + 0.525 * np.cumsum(s.lr) ** -0.508, rtol=1e-12)


def test_a_million_updates_at_once():
    s = Schedule(np.repeat([PEAK, 1e-4], 500_000))
    last = LAW.predict(s)[[499_999, 999_999]]
    assert np.allclose(last, LAW.predict_at(s, [500_000, 1_000_000]), rtol=1e-6)
