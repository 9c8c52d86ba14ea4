"""The recursion of the norm and the turns, against a twin, exact identities and finite differences."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.spherical import norm_path

import rivervalley as rv
from rivervalley.kernels import norm
from rivervalley.kernels.relative_step import norms

CODES = {"walk": norm.WALK, "sgd": norm.SGD, "frozen": norm.FROZEN, "adam": norm.MOMENTUM}


def turn(rule, lr, decay, n, beta1=0.0, beta2=0.0, clip=np.inf, power=0.0, carried=None):
    carried = np.array([n * n, 0.0, 0.0, 0.0, 1.0, 1.0]) if carried is None else carried
    keep, turns, pull = np.empty((3, lr.size))
    gain = np.empty(lr.size if rule == "adam" else 0)
    norm_rule = norm.NormRule(CODES[rule], decay, beta1, beta2, clip)
    norm.turns(norm_rule, lr, n, power, carried, norm.Turns(keep, turns, gain, pull, beta1))
    return carried, keep, turns, gain, pull


@pytest.mark.parametrize("rule", CODES)
@pytest.mark.parametrize("clip", [np.inf, 30.0])
def test_the_norm_is_that_of_the_twin(rule, clip):
    lr = np.random.default_rng(1).uniform(0.0, 2e-3, 200)
    decay = 0.0 if rule == "frozen" else 0.3
    carried, keep, turns, gain, _ = turn(rule, lr, decay, 0.02, 0.9, 0.95, clip)
    path = norm_path(rule, lr, decay, 0.02, 0.9, 0.95, clip)
    assert math.sqrt(carried[0]) == pytest.approx(path[-1], rel=1e-12)
    np.testing.assert_allclose(keep, (1.0 - lr * decay) * path[:-1] / path[1:], rtol=1e-12)
    if rule == "walk":
        np.testing.assert_allclose(turns, lr / path[1:], rtol=1e-12)
    if rule == "adam":
        np.testing.assert_allclose(gain, 0.1 * np.minimum(1.0 / path[:-1], clip), rtol=1e-12)


@given(peak=st.floats(1e-5, 0.5), decay=st.floats(0.0, 1.0), n=st.floats(1e-3, 10.0), seed=st.integers(0, 99))
def test_updates_of_rms_one_are_rotations(peak, decay, n, seed):
    """keep^2 + turn^2 = 1: an update orthogonal to W, and the decay of W, turn the direction and no more."""
    lr = np.random.default_rng(seed).uniform(0.0, peak, 50)
    for rule in ("walk", "sgd"):
        _, keep, turns, _, _ = turn(rule, lr, decay, n)
        np.testing.assert_allclose(keep**2 + turns**2, 1.0, rtol=1e-12)


def test_the_norm_of_adamw_is_the_one_the_equilibrium_law_uses():
    lr, n = np.full(3000, 2e-3), np.empty(3001)
    norms(lr, 0.1, 0.02, n)
    assert math.sqrt(turn("walk", lr, 0.1, 0.02)[0][0]) == n[-1]


def test_adam_without_memory_is_adamw():
    lr = np.random.default_rng(2).uniform(0.0, 2e-3, 300)
    walk, adam = turn("walk", lr, 0.1, 0.02), turn("adam", lr, 0.1, 0.02, 0.0, 0.0)
    assert adam[0][0] == pytest.approx(walk[0][0], rel=1e-13)
    np.testing.assert_allclose(adam[1], walk[1], rtol=1e-13)
    np.testing.assert_allclose(adam[2] * adam[3], walk[2], rtol=1e-13)


@pytest.mark.parametrize("rule", CODES)
def test_cut_in_two_it_is_the_same_to_the_last_bit(rule):
    lr = np.random.default_rng(3).uniform(0.0, 2e-3, 90)
    whole = turn(rule, lr, 0.2, 0.02, 0.9, 0.99, 40.0, 0.7)
    first = turn(rule, lr[:31], 0.2, 0.02, 0.9, 0.99, 40.0, 0.7)
    second = turn(rule, lr[31:], 0.2, 0.02, 0.9, 0.99, 40.0, 0.7, first[0].copy())
    assert second[0].tobytes() == whole[0].tobytes()
    for k in range(1, 5):
        assert np.concatenate([first[k], second[k]]).tobytes() == whole[k].tobytes()


@pytest.mark.parametrize("beta1, beta2", [(0.0, 0.999), (0.9, 0.999), (0.9, 0.95), (0.95, 0.99)])
def test_adam_in_equilibrium_walks_as_far_as_adamw(beta1, beta2):
    """Single updates are small under momentum, sqrt((1 - b1) / (1 + b1)), but add up to the same walk but for O(lr wd)."""
    eta, wd = 1e-3, 0.1
    n2 = turn("adam", np.full(150_000, eta), wd, 0.02, beta1, beta2)[0][0]
    a = 1.0 - eta * wd
    walk = (1.0 - beta1) / (1.0 + beta1) * (1.0 + a * beta1) / (1.0 - a * beta1)  # sum of the correlations of its steps
    assert n2 == pytest.approx(walk * eta**2 / (1.0 - a * a), rel=1e-10)
    assert walk == pytest.approx(1.0, abs=2.0 * eta * wd / (1.0 - beta1))


def test_a_lagging_v_makes_updates_small_while_the_norm_grows():
    """As a Monte Carlo run in 192 weights had it: .486 and .972 of AdamW's n^2."""
    lr = rv.schedules.wsd(steps=2000, peak_lr=4e-3, warmup_steps=100, decay_fraction=0.2).lr
    walk = turn("walk", lr, 0.1, 0.02)[0][0]
    for beta2, share in ((0.999, 0.486), (0.95, 0.972)):
        assert turn("adam", lr, 0.1, 0.02, 0.9, beta2)[0][0] / walk == pytest.approx(share, rel=0.03)


def test_a_clipped_gradient_does_not_lag():
    """Clipped to one rms all along, the gradient no longer tells the norm, so v has nothing to lag behind."""
    lr = np.full(2000, 4e-3)
    clipped = turn("adam", lr, 0.1, 0.02, 0.9, 0.999, 1.0)[0][0]
    assert clipped == pytest.approx(turn("adam", lr, 0.1, 0.02, 0.9, 0.0, 1.0)[0][0], rel=1e-12)


@pytest.mark.parametrize("rule", ["walk", "sgd", "frozen"])
@pytest.mark.parametrize("power", [0.0, 0.7])
def test_derivatives_by_every_lr_against_finite_differences(rule, power):
    rng = np.random.default_rng(4)
    lr = rng.uniform(0.1, 0.2, 12)
    weights = rng.standard_normal((3, 12))
    decay = 0.0 if rule == "frozen" else 0.4

    def value(lr):
        _, keep, turns, _, pull = turn(rule, lr, decay, 0.5, power=power)
        return float(weights[0] @ keep + weights[1] @ turns + weights[2] @ pull)

    squares = norm_path(rule, lr, decay, 0.5) ** 2
    gradient = np.zeros(12)
    norm_rule = norm.NormRule(CODES[rule], decay, 0.0, 0.0, math.inf)
    norm.turns_adjoint(norm_rule, lr, 0.5, power, squares, weights, gradient)
    for i in range(12):
        step = 1e-6 * np.eye(12)[i]
        assert gradient[i] == pytest.approx((value(lr + step) - value(lr - step)) / 2e-6, rel=1e-6, abs=1e-8)
