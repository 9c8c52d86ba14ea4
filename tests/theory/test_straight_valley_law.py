"""The exact law of a straight valley: the jump identity, and what a linear decay to 0 leaves."""

import numpy as np
import pytest
from scipy.special import erf

import rivervalley as rv
from rivervalley import theory


def jump_identity(lr, h, noise_std, stationary):
    """Sum over changes of the LR of the change in stationary loss times what has relaxed since."""
    jumps = np.diff(stationary(lr, h, noise_std), prepend=0.0)
    left = np.cumprod(((1.0 - lr * h) ** 2)[::-1])[::-1]
    return float(jumps @ (1.0 - left))


@pytest.mark.parametrize("x", [0.1, 0.7, 1.8])
def test_jump_identity(x):
    lr = np.random.default_rng(3).uniform(0.0, x, 300)
    valley = rv.landscapes.RiverValley([1.0], 0.3, rv.landscapes.FlatRiver())
    exact = valley.expected(rv.Schedule(lr)).components["hill"][-1]
    assert jump_identity(lr, 1.0, 0.3, theory.stationary_hill_loss) == pytest.approx(exact, rel=1e-12)
    # Control: without the factor 1 / (2 - eta h) it is off.
    linear = jump_identity(lr, 1.0, 0.3, lambda eta, h, s: 0.25 * eta * s * s)
    assert abs(linear / exact - 1.0) > 0.01


@pytest.mark.parametrize("D, share", [(1, 0.8556), (4, 0.5981), (16, 0.3133), (64, 0.1567), (256, 0.0783)])
def test_share_that_a_linear_decay_leaves(D, share):
    x, steps = 1e-3, round(D / 2e-3)
    valley = rv.landscapes.RiverValley([x], 0.3, rv.landscapes.FlatRiver())
    schedule = rv.schedules.wsd(steps=steps + 8000, peak_lr=1.0, decay_steps=steps, final_lr=0.0)
    ends = valley.expected(schedule, record_at=[8000, steps + 8000]).components["hill"]
    formula = float(np.sqrt(np.pi / (2 * D)) * erf(np.sqrt(D / 2)))
    assert formula == pytest.approx(share, abs=6e-5)
    assert ends[1] / ends[0] == pytest.approx(formula, rel=2e-3)
    assert abs(-np.expm1(-D) / D / formula - 1.0) > 0.02  # control: an exponential memory in steps
