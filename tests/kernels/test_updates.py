"""Merged updates: blocks keep what they must, a constant LR is merged without error, others to a stated one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.relaxation import relaxed

import rivervalley as rv
from rivervalley.kernels.relaxation import geometric, realised
from rivervalley.kernels.updates import merge
from rivervalley.laws import MultiPowerLaw, RelaxationLaw
from rivervalley.laws.base.points import MERGING, Points
from rivervalley.laws.base.updates import merged_updates

SCHEDULES = [
    rv.schedules.cosine(12_000, 3e-4, final_lr=3e-5, warmup_steps=600),
    rv.schedules.wsd(12_000, 3e-4, warmup_steps=600, decay_fraction=0.3),
    rv.schedules.wsd(12_000, 3e-4, warmup_steps=600, decay_fraction=0.2, decay_shape="exponential", final_lr=3e-5),
    rv.schedules.multi_step(12_000, 3e-4, warmup_steps=600, boundaries=[5000], factors=[0.3]),
    rv.schedules.wsd_s([4000, 12_000], 3e-4, warmup_steps=600),
]
EVERY = np.arange(700, 12_001, 100)


def blocks_of(lr, at, drop_tolerance, lr_tolerance):
    end = np.empty(lr.size, dtype=np.int64)
    return end[: merge(lr, lr, at, drop_tolerance, lr_tolerance, end)]


@pytest.mark.slow
@given(
    lr=st.lists(st.sampled_from([0.0, 1e-5, 1e-4, 1.01e-4, 3e-4]), min_size=1, max_size=60),
    tolerance=st.sampled_from([0.0, 1e-4, 1e-2, 0.3]),
    data=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_blocks_are_what_they_say(lr, tolerance, data):
    lr = np.array(lr)
    at = np.array(sorted(data.draw(st.sets(st.integers(0, lr.size - 1), min_size=1))))
    end = blocks_of(lr, at, tolerance, tolerance**0.5)
    assert np.all(np.diff(end) > 0) and end[-1] == at[-1] and np.isin(at, end).all()
    drop = -np.diff(lr, prepend=lr[0])
    for a, b in zip(np.append(0, end[:-1] + 1), end, strict=True):
        block, drops = lr[a : b + 1], drop[a : b + 1]
        assert np.ptp(drops) * block.size <= tolerance * np.abs(drop).sum() or block.size == 1
        assert np.ptp(block) <= tolerance**0.5 * block.max() or block.size == 1
        if b < end[-1] and b not in at:  # as long as they may be
            longer, more = lr[a : b + 2], drop[a : b + 2]
            fits = np.ptp(more) * longer.size <= tolerance * np.abs(drop).sum()
            assert not (fits and np.ptp(longer) <= tolerance**0.5 * longer.max())


def test_merged_updates_add_up():
    for s in SCHEDULES:
        (run,) = merged_updates(Points.of([s], [EVERY], "included"))
        assert run.length.sum() == 12_000 and run.length.size < 2500
        assert run.forward.sum() == pytest.approx(s.lr.sum(), rel=1e-12)
        assert (run.share * run.length).sum() * run.peak == pytest.approx(s.lr.sum(), rel=1e-12)
        assert run.drop.sum() == pytest.approx(s.lr[0] - s.lr[-1], abs=1e-18)
        ends = np.cumsum(run.length).astype(int)
        assert np.array_equal(ends[run.index], EVERY)
        for b in np.flatnonzero(run.length > 1)[::50]:
            lr = s.lr[ends[b] - int(run.length[b]) : ends[b]]
            left = np.mean(np.cumsum(lr[::-1]))  # to come after each drop, its own update included
            assert run.lead[b] == pytest.approx(left / (lr.mean() * (lr.size + 1) / 2), rel=1e-9)


@pytest.mark.parametrize("n", [1.0, 2.0, 7.0, 300.0])
@pytest.mark.parametrize("y", [1e-12, 1e-7, 9e-7, 1e-4, 3e-3, 0.1, 2.0, 50.0])
def test_geometric_sums_and_their_slopes(n, y):
    i = np.arange(1.0, n + 1.0)
    s, slope = geometric(y, n, float(np.exp(-n * y)))
    assert s == pytest.approx(np.exp(-i * y).sum(), rel=2e-12)
    assert slope == pytest.approx(-(i * np.exp(-i * y)).sum(), rel=1e-9)


@pytest.mark.parametrize("clock", [-0.5, 0.0, 0.5, 1.0])
def test_updates_by_themselves_are_the_double_sum(clock):
    s = rv.schedules.cosine(300, 3e-4, final_lr=3e-5, warmup_steps=20)
    out = np.empty((3, 300))
    ones, log_share = np.ones(300), np.log(s.lr / 3e-4)
    realised(ones, -np.diff(s.lr, prepend=s.lr[0]), log_share, 0.0 * ones, 0.02, clock, np.arange(300), out)
    np.testing.assert_allclose(out[0], relaxed(s.lr, 0.02, clock), atol=1e-16)


LAWS = [
    RelaxationLaw(L0=0.0, A=0.0, alpha=0.5, B=1.0, relaxation=0.004, clock=0.5),
    RelaxationLaw(L0=0.0, A=0.0, alpha=0.5, B=1.0, relaxation=0.02, clock=1.0),
    MultiPowerLaw(L0=0.0, A=0.0, alpha=0.5, B=1.0, K=0.25),
    MultiPowerLaw(L0=0.0, A=0.0, alpha=0.5, B=1.0, K=2.0, beta=0.6, gamma=0.6),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.name}-{law.shape()[1]:g}")
@pytest.mark.parametrize("s", SCHEDULES, ids=lambda s: s.name)
def test_merging_costs_no_more_than_it_says(law, s):
    """The last term at merged updates against all updates by themselves: within 5e-5 of its size, and better the less is merged."""
    whole = law.at_points(Points.of([s], [EVERY], "included", merging=0.0))
    errors = []
    for merging in (MERGING, 1e-7):
        merged = law.at_points(Points.of([s], [EVERY], "included", merging=merging))
        errors.append(np.abs(merged - whole).max() / np.abs(whole).max())
    assert errors[0] < 5e-5 and errors[1] <= 0.5 * errors[0] + 1e-8


def test_a_constant_lr_is_merged_without_error():
    s = rv.schedules.from_lr(np.repeat([3e-4, 1e-4, 2e-5], 4000))
    for law in LAWS:
        dense = law.predict(s)
        sparse = law.at_points(Points.of([s], [EVERY], "included", merging=0.0))
        np.testing.assert_allclose(sparse, dense[EVERY - 1], rtol=0, atol=2e-9 * 3e-4)
