"""Alarms: the stated false-alarm rate on synthetic noise and on real runs, and that what happens is found."""

import numpy as np
import pytest
from scipy.stats import binom

from rivervalley.monitoring import alarms
from rivervalley.monitoring.alarms import FALSE_ALARMS, find_alarms


def noise(rng, size, memory, sd):
    """A stationary series with autocorrelations memory^k."""
    steps = rng.standard_normal(size)
    series = np.empty(size)
    series[0] = steps[0]
    for k in range(1, size):
        series[k] = memory * series[k - 1] + np.sqrt(1.0 - memory**2) * steps[k]
    return sd * series


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_false_alarms_are_as_rare_as_stated(memory):
    """Loud noise, so that the threshold and not the smallest size decides; the test fails once in 10^4 at the stated rate."""
    runs, rng = 300, np.random.default_rng(5)
    steps = np.arange(10, 4010, 10)
    count = sum(bool(find_alarms(steps, noise(rng, steps.size, memory, 0.03), 4000)) for _ in range(runs))
    assert count <= binom.isf(1e-4, runs, FALSE_ALARMS)


def test_a_threshold_too_low_is_noticed(monkeypatch):
    """The control: with a share of alarms a hundred times larger, noise alone raises more of them than the bound allows."""
    monkeypatch.setattr(alarms, "_quantile", lambda count: 3.0)
    rng, steps = np.random.default_rng(5), np.arange(10, 4010, 10)
    count = sum(bool(find_alarms(steps, noise(rng, steps.size, 0.0, 0.03), 4000)) for _ in range(30))
    assert count > binom.isf(1e-4, 30, FALSE_ALARMS)


def series(sd=0.002, seed=0):
    steps = np.arange(10, 4010, 10)
    return steps, noise(np.random.default_rng(seed), steps.size, 0.5, sd)


def test_a_spike_is_found_and_is_over():
    steps, level = series()
    level[(steps >= 2000) & (steps <= 2020)] += 0.2
    (alarm,) = find_alarms(steps, level, 4000)
    assert (alarm.kind, alarm.first_step, alarm.last_step, alarm.active) == ("spike", 2000, 2020, False)
    assert alarm.size == pytest.approx(np.expm1(0.2), abs=0.01)


@pytest.mark.parametrize("size", [-0.03, 0.03])
def test_a_lasting_offset_is_found_and_goes_on(size):
    steps, level = series()
    (alarm,) = find_alarms(steps, level + size * (steps >= 2500), 4000)
    assert (alarm.kind, alarm.first_step, alarm.active) == ("offset", 2500, True)


def test_an_offset_within_the_noise_of_single_readings_is_found_in_means():
    steps, level = series(sd=0.01)
    (alarm,) = find_alarms(steps, level + 0.05 * (steps >= 2810), 4000)
    assert alarm.kind == "offset" and 2760 <= alarm.first_step <= 2860


def test_a_divergence_is_found():
    steps, level = series()
    (alarm,) = find_alarms(steps, level + 0.002 * np.maximum(steps - 3500, 0) / 10, 4000)
    assert alarm.kind == "divergence" and 3500 < alarm.first_step < 3650 and alarm.active


def test_a_short_fall_of_the_loss_alarms_nobody():
    steps, level = series()
    level[200] -= 0.2
    assert find_alarms(steps, level, 4000) == ()


def test_alarms_use_the_past_only():
    """What is said at a reading is said again by a longer log: only ends change."""
    steps, level = series()
    level[(steps >= 2000) & (steps <= 2020)] += 0.2
    level += 0.03 * (steps >= 3000)
    whole = find_alarms(steps, level, 4000)
    for end in range(50, steps.size, 16):
        until = find_alarms(steps[:end], level[:end], 4000)
        begun = [alarm.first_step for alarm in whole if alarm.first_step <= steps[end - 1]]
        assert [alarm.first_step for alarm in until] == begun


def test_few_readings_raise_none():
    assert find_alarms(np.array([100]), np.array([3.0]), 1000) == ()
    assert find_alarms(np.arange(100, 1100, 100), np.linspace(0.0, 2.0, 10), 1000) == ()
