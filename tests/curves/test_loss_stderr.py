"""The standard error of a run's mean loss stays with its curve."""

import numpy as np
import pytest

import rivervalley as rv
from rivervalley._common.checks import InputError

VALLEY = rv.landscapes.RiverValley(hills=[0.5, 2.0], noise_std=0.1, river=rv.landscapes.LinearRiver(0.01))
S = rv.schedules.wsd(steps=200, peak_lr=0.1, decay_fraction=0.2)


def test_a_run_s_curve_keeps_its_standard_error_through_every_slice():
    run = rv.simulate(VALLEY, S, trajectories=16, record_every=20)
    curve = run.curve()
    assert np.array_equal(curve.loss_stderr, run.loss_stderr[run.steps > 0]) and curve.loss_stderr.min() > 0.0
    assert not curve.loss_stderr.flags.writeable
    by_step = dict(zip(curve.steps.tolist(), curve.loss_stderr.tolist(), strict=True))
    for part in (curve.until(100), curve.after(100), curve.thin(3)):
        assert part.loss_stderr.tolist() == [by_step[step] for step in part.steps.tolist()]


def test_an_expectation_has_none_and_a_single_trajectory_does_not_tell():
    assert not VALLEY.expected(S, 20).curve().loss_stderr.any()
    assert rv.simulate(VALLEY, S, trajectories=1, record_every=20).curve().loss_stderr is None
    assert rv.LossCurve([1, 2], [1.0, 0.9], S).until(1).loss_stderr is None


@pytest.mark.parametrize(
    "stderr, words", [([0.1], "one entry for each of the 2 steps"), ([0.1, -1.0], "of at least 0"), ("x", "loss_stderr")]
)
def test_errors_that_do_not_fit_are_refused(stderr, words):
    with pytest.raises(InputError, match=words):
        rv.LossCurve([1, 2], [1.0, 0.9], S, loss_stderr=stderr)
