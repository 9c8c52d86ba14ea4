"""Curvature that follows the norm, and blocks with norms of their own: expectations put together, against every weight simulated."""

import numpy as np
import pytest
from scipy import stats

import rivervalley as rv
from rivervalley.landscapes import FlatRiver, Sphere, SphericalValley, rules

WEIGHTS, TRAJECTORIES, STIFFNESS = 384, 96, np.repeat([0.5, 0.3, 0.15], 8)
SCHEDULE = rv.schedules.wsd(steps=900, peak_lr=4e-3, warmup_steps=60, decay_fraction=0.3)
READ = [100, 630, 900]


def literal(start_norm, follows, rule, seed):
    """Hill losses (R, trajectories) of every weight simulated, their curvature (start_norm / n)^follows times that at the start."""
    sphere = Sphere(WEIGHTS, STIFFNESS, start_norm=start_norm, stiffness_exponent=follows, rule=rule)
    losses, run = [], None
    for first, last in zip([0, *READ], READ, strict=False):
        piece = rv.Schedule(SCHEDULE.lr[first:last])
        many = {"trajectories": TRAJECTORIES, "seed": seed} if run is None else {"initial": run}
        run = rv.simulate(sphere, piece, record_every=last, **many)
        losses.append(sphere.loss(run.state) * (start_norm / sphere.norms(run.state)) ** follows)
    return np.array(losses)


def expected(start_norm, follows, rule):
    valley = SphericalValley(STIFFNESS, river=FlatRiver(), start_norm=start_norm, stiffness_exponent=follows, rule=rule)
    hill = valley.expected(SCHEDULE, record_at=READ).components["hill"]
    return hill * (start_norm / valley.norms(SCHEDULE)[READ]) ** follows


def off(sampled, predicted):
    """Distance in standard errors beyond 4 / m, the order of what a finite number of weights changes."""
    error = stats.sem(sampled, axis=1)
    return (np.abs(sampled.mean(axis=1) - predicted) - 4.0 / WEIGHTS * predicted) / error


LIMIT = stats.norm.isf(1e-7)


@pytest.mark.slow
def test_curvature_that_follows_the_norm():
    sampled = literal(0.02, 1.0, rules.AdamW(0.1), 5)
    assert off(sampled, expected(0.02, 1.0, rules.AdamW(0.1))).max() < LIMIT
    # Neither drift alone nor a curvature that stays is meant by it.
    assert off(sampled, expected(0.02, 0.0, rules.AdamW(0.1))).max() > LIMIT
    drift_alone = SphericalValley(STIFFNESS, river=FlatRiver(), stiffness_exponent=1.0, rule=rules.AdamW(0.1))
    assert off(sampled, drift_alone.expected(SCHEDULE, record_at=READ).components["hill"]).max() > LIMIT


@pytest.mark.slow
def test_blocks_with_norms_of_their_own_add_up():
    blocks = ((0.004, rules.AdamW(1.0)), (0.1, rules.AdamW(0.0)))
    sampled = sum(literal(n, 0.0, rule, seed) for seed, (n, rule) in enumerate(blocks))
    predicted = sum(expected(n, 0.0, rule) for n, rule in blocks)
    assert off(sampled, predicted).max() < LIMIT
    assert off(sampled, 2.0 * expected(0.02, 0.0, rules.AdamW(0.1))).max() > LIMIT
