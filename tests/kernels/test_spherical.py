"""The spherical valley's kernels against their twins."""

import numpy as np
import pytest
from reference.spherical import moments, spherical_valley

import rivervalley as rv
from rivervalley.kernels.norm import Turns
from rivervalley.kernels.spherical import spherical_moments
from rivervalley.landscapes import ExponentialRiver, FlatRiver, LinearRiver, LogisticRiver, PowerRiver, QuadraticRiver
from rivervalley.landscapes.spherical.rules import Adam, AdamW, DecayedSGD, DecayedSign, Frozen, Normalised
from rivervalley.landscapes.spherical.valley import SphericalValley

LR = np.linspace(0.02, 0.05, 13)
RULES = {
    "walk": [AdamW(0.1), Normalised(0.2), DecayedSign(0.1)],
    "sgd": [DecayedSGD(0.1)],
    "frozen": [Frozen()],
    "adam": [Adam(0.8, 0.9, 0.1), Adam(0.8, 0.9, 0.1, clip=1.2)],
}
PAIRS = [(kind, rule) for kind, rules in RULES.items() for rule in rules]
RIVERS = [
    PowerRiver(4.0, 2.0),
    LinearRiver(-0.3),
    ExponentialRiver(1.5, 0.8),
    LogisticRiver(1.2, 0.9),
    QuadraticRiver(0.4, 2.0),
    FlatRiver(),
]


def betas(rule):
    return (rule.beta1, rule.beta2, rule.clip or np.inf) if isinstance(rule, Adam) else ()


@pytest.mark.parametrize("kind, rule", PAIRS, ids=str)
@pytest.mark.parametrize("target", [0.0, [0.5, 0.0, -0.3, 0.2, 1.0]])
@pytest.mark.parametrize("forgetting", [True, False])
def test_trajectories_are_those_of_the_twin(kind, rule, target, forgetting):
    valley = SphericalValley(
        [1.0, 0.5, 0.3, 0.1, 0.05],
        [1.0, 0.3, 2.0, 1.0, 0.5],
        target=target,
        start_norm=0.5,
        forgetting=forgetting,
        stiffness_exponent=0.4,
        river_scale=2.0,
        floor=1.0,
        rule=rule,
    )
    run = rv.simulate(valley, rv.Schedule(LR), 3, seed=7, record_at=[0, 13], threads=1)
    losses = []
    for trajectory in range(3):
        theta, M, x, n = spherical_valley(valley, kind, LR, 7, trajectory, *betas(rule))
        got = run.state[trajectory]
        means = got[5:10] if valley.layout.means else 0.0
        np.testing.assert_allclose(got[:5] + means, theta, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(means, M if valley.layout.means else 0.0, rtol=1e-11, atol=1e-14)
        assert got[valley.layout.rows - 1] == pytest.approx(x, rel=1e-11)
        assert got[valley.layout.scalars][0] == pytest.approx(n[-1] ** 2, rel=1e-12)
        losses.append(1.0 + 4.0 * (1.0 + x) ** -2.0 + 0.5 * valley.weight @ (theta - valley.target) ** 2)
    assert run.loss[-1] == pytest.approx(np.mean(losses), rel=1e-11)
    assert run.loss[-1] == pytest.approx(np.mean(valley.loss(run.state)), rel=1e-12)
    np.testing.assert_allclose(valley.norms(rv.Schedule(LR)), n, rtol=1e-12)


@pytest.mark.parametrize("river", RIVERS, ids=lambda river: type(river).__name__)
@pytest.mark.parametrize("rule", [AdamW(0.1), Adam(0.8, 0.9, 0.1)], ids=str)
def test_rivers_move_by_their_slope_at_amplitude_one(river, rule):
    valley = SphericalValley([1.0], river=river, river_scale=3.0, start_norm=0.5, rule=rule)
    run = rv.simulate(valley, rv.Schedule(LR), 1, record_at=[13])
    x, m, v = 0.0, 0.0, 0.0
    amplitude = abs(river.kernel[1]) or 1.0
    n = valley.norms(rv.Schedule(LR))
    for t, eta in enumerate(LR):
        slope = float(river.slope(x)) / amplitude / 3.0
        if isinstance(rule, Adam):
            v = 0.9 * v + 0.1 / n[t] ** 2
            m = 0.8 * m + 0.2 * slope / n[t]
            slope = m / (1 - 0.8 ** (t + 1)) / np.sqrt(v / (1 - 0.9 ** (t + 1)))
        x -= eta / n[t + 1] * slope
    assert run.components["river"][0] == pytest.approx(float(river.loss(x)), rel=1e-11, abs=1e-14)
    assert valley.expected(rv.Schedule(LR)).components["river"][-1] == pytest.approx(float(river.loss(x)), rel=1e-11, abs=1e-14)


def test_moments_are_those_of_the_twin():
    rng = np.random.default_rng(0)
    phi = rng.uniform(0.0, 0.4, 40)
    keep, turn, k, D, target = (
        np.cos(phi),
        np.sin(phi),
        np.array([0.0, 0.7, 3.0]),
        np.array([1.0, 0.5, 2.0]),
        np.array([0.0, 1.0, 2.0]),
    )
    V, M, weight = np.array([0.2, 0.0, 1.0]), np.array([0.0, 0.0, 0.5]), np.array([1.0, 2.0, 0.5])
    twins = [moments(keep, turn, k[i], D[i], target[i], V[i], M[i]) for i in range(3)]
    hill, signal = np.empty((2, 41))
    turns = Turns(keep, turn, np.empty(0), turn, 0.0)
    spherical_moments(V, M, turns, 0, (k, D**2, target, weight), np.arange(41), hill, signal)
    np.testing.assert_allclose(hill[1:], sum(0.5 * weight[i] * twins[i][:, 0] for i in range(3)), rtol=1e-12)
    np.testing.assert_allclose(
        signal[1:], sum(0.5 * weight[i] * (twins[i][:, 1] - target[i]) ** 2 for i in range(3)), rtol=1e-12
    )
    np.testing.assert_allclose(M, [twins[i][-1, 1] for i in range(3)], rtol=1e-12)
    assert hill[0] == pytest.approx(0.5 * (0.2 + 0.5)) and signal[0] == pytest.approx(0.5 * (2.0 + 0.5 * 1.5**2))
