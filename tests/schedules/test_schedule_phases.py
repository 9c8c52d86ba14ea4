"""Phases read off the rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley import schedules
from rivervalley.schedules import Schedule, phases


def spans(schedule):
    return [(p.kind, p.start, p.end) for p in phases(schedule)]


def test_phases_by_hand():
    assert spans(schedules.wsd(100, 0.1, warmup_steps=10, decay_steps=20)) == [
        ("warmup", 0, 10),
        ("stable", 10, 80),
        ("decay", 80, 100),
    ]
    assert spans(schedules.cosine(50, 0.1)) == [("decay", 0, 50)]
    assert spans(schedules.cosine(50, 0.1, warmup_steps=5)) == [("warmup", 0, 5), ("decay", 5, 50)]
    assert spans(schedules.constant(50, 0.1)) == [("stable", 0, 50)]
    assert spans(schedules.constant(5, 0.1, warmup_steps=5)) == [("warmup", 0, 5)]
    assert spans(Schedule([0.1])) == [("stable", 0, 1)]
    assert spans(Schedule([0.1, 0.2, 0.3])) == [("rise", 0, 3)]
    assert spans(schedules.wsd(10, 0.1, decay_steps=1)) == [("stable", 0, 9), ("decay", 9, 10)]


def test_jumps_are_boundaries():
    steps = schedules.multi_step(100, 1.0)
    assert spans(steps) == [("stable", 0, 80), ("stable", 80, 90), ("stable", 90, 100)]
    assert [p.first_lr for p in phases(steps)] == [steps.lr[0], steps.lr[80], steps.lr[90]]
    cycles = schedules.wsd_s([100, 200], 1.0, decay_of="cycle", warmup_steps=10)
    assert spans(cycles) == [
        ("warmup", 0, 10),
        ("stable", 10, 90),
        ("decay", 90, 100),
        ("stable", 100, 190),
        ("decay", 190, 200),
    ]
    assert spans(schedules.cyclic_cosine([50, 100], 1.0)) == [("decay", 0, 50), ("decay", 50, 100)]


@given(
    lr=st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=1, max_size=40),
    warmup=st.integers(0, 40),
)
def test_phases_cover_the_schedule_without_gaps(lr, warmup):
    s = Schedule(lr, min(warmup, len(lr)))
    found = phases(s)
    assert [p.start for p in found] == [0, *[p.end for p in found[:-1]]]
    assert found[-1].end == s.steps
    assert all(p.steps >= 1 and p.first_lr == s.lr[p.start] and p.last_lr == s.lr[p.end - 1] for p in found)
    for p in found:
        change = np.diff(s.lr[p.start : p.end])
        if p.kind == "stable":
            assert np.all(change == 0)
        if p.kind == "decay":
            assert np.all(change <= 0)


def test_phases_want_a_schedule():
    with pytest.raises(rv.InputError, match="schedule must be a Schedule"):
        phases([0.1])
