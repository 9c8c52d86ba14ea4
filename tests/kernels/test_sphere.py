"""The sphere kernel against its twin, coordinate by coordinate."""

import math

import numpy as np
import pytest
from reference.spherical import sphere as twin

import rivervalley as rv
from rivervalley.kernels import sphere as kernels
from rivervalley.landscapes import FlatRiver, LinearRiver, PowerRiver
from rivervalley.landscapes.spherical.rules import Adam, AdamW, DecayedSGD, DecayedSign, Normalised
from rivervalley.landscapes.spherical.sphere import Sphere

LR = np.linspace(0.02, 0.06, 14)
RULES = {
    "normalised": Normalised(0.1),
    "sgd": DecayedSGD(0.1),
    "known": AdamW(0.1),
    "sign": DecayedSign(0.1),
    "adam": Adam(0.8, 0.9, 0.1),
    "clipped": Adam(0.8, 0.9, 0.1, clip=1.5),
}
HILLS = {"stiffness": [1.0, 0.4, 0.1], "height": [0.5, 1.0, 2.0], "target": [0.0, 0.3, -1.0], "start_variance": 1.0}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("invariant", [True, False])
def test_states_are_those_of_the_twin(name, invariant):
    rule = RULES[name]
    sphere = Sphere(11, **HILLS, start_norm=0.5, stiffness_exponent=0.6, scale_invariant=invariant, rule=rule)
    run = rv.simulate(sphere, rv.Schedule(LR), 3, seed=5, record_at=[0, 14], threads=1)
    start = sphere.start(5, 0, 3)
    betas = (0.8, 0.9, rule.clip or math.inf) if isinstance(rule, Adam) else ()
    losses = []
    for trajectory in range(3):
        kind = "adam" if betas else name
        W, mo, ve, _ = twin(sphere, kind, LR, 5, trajectory, start[:, trajectory], *betas)
        np.testing.assert_allclose(run.state[trajectory, :11], W, rtol=1e-11, atol=1e-14)
        if betas:
            np.testing.assert_allclose(run.state[trajectory, 11:22], mo, rtol=1e-10, atol=1e-13)
            np.testing.assert_allclose(run.state[trajectory, 22:33], ve, rtol=1e-10, atol=1e-13)
        losses.append(float(sphere.loss(np.append(W, np.zeros(sphere.dim - 11))[None])[0]))
    assert run.loss[-1] == pytest.approx(np.mean(losses), rel=1e-11)
    assert run.loss[0] == pytest.approx(np.mean(sphere.loss(start.T)), rel=1e-11)


@pytest.mark.parametrize("held", [0.0, 2.0])
@pytest.mark.parametrize("river", [PowerRiver(40.0, 2.0), LinearRiver(3.0)])
def test_rivers_are_those_of_the_twin(held, river):
    sphere = Sphere(12, [1.0, 0.4], 1.0, 0.0, river, 2.5, held, 0.5, rule=AdamW(0.1))
    run = rv.simulate(sphere, rv.Schedule(LR), 3, seed=5, record_at=[14], threads=1)
    start = sphere.start(5, 0, 3)
    for trajectory in range(3):
        W, _, _, phi = twin(sphere, "known", LR, 5, trajectory, start[:, trajectory])
        np.testing.assert_allclose(run.state[trajectory, :12], W, rtol=1e-11, atol=1e-14)
        assert run.state[trajectory, -1] == pytest.approx(phi, rel=1e-11)
    assert run.components["river"][-1] == pytest.approx(np.mean(river.loss(run.state[:, -1])), rel=1e-12)
    assert run.loss[-1] == pytest.approx(np.mean(sphere.loss(run.state)), rel=1e-11)


@pytest.mark.parametrize("weights", [4, 5, 6, 7, 9])
def test_any_number_of_weights(weights):
    """Normals come in groups of four, so every remainder."""
    sphere = Sphere(weights, [1.0, 0.4, 0.2], start_norm=0.5, rule=Normalised(0.1))
    run = rv.simulate(sphere, rv.Schedule(LR), 2, seed=9)
    W, *_ = twin(sphere, "normalised", LR, 9, 1, sphere.start(9, 0, 2)[:, 1])
    np.testing.assert_allclose(run.state[1, :weights], W, rtol=1e-11)


def test_angles_are_those_of_the_library():
    for turn in np.linspace(-2.5, 2.5, 315):  # digits go near half a turn, which no update makes
        size = 3.7
        assert kernels.angle(size * math.sin(turn), size * math.cos(turn)) == pytest.approx(turn, rel=1e-15)


def test_powers_vanish_where_they_no_longer_count():
    assert kernels.next_power(0.5, 0.9) == 0.45 and kernels.next_power(1e-18, 0.9) == 0.0


def test_bias_correction_goes_on_where_a_run_goes_on():
    sphere = Sphere(8, [0.5], start_norm=0.5, rule=Adam(0.9, 0.999, 0.1))
    whole = rv.simulate(sphere, rv.Schedule(LR), 9, seed=3)
    first = rv.simulate(sphere, rv.Schedule(LR[:5]), 9, seed=3)
    assert rv.simulate(sphere, rv.Schedule(LR[5:]), initial=first).state.tobytes() == whole.state.tobytes()
    assert isinstance(sphere.river, FlatRiver)
