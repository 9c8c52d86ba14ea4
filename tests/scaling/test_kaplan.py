"""Kaplan's laws: every constant and line of arithmetic that the paper or its derivation gives, to the digits given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from rivervalley._common.checks import InputError
from rivervalley.scaling import kaplan

PF = kaplan.PF_DAY
sizes = st.floats(1e3, 1e14)
tokens = st.floats(1e6, 1e15)
losses = st.floats(0.5, 10.0)


def close(value, expected, digits):
    """Equal when rounded to so many significant digits."""
    return float(f"{value:.{digits - 1}e}") == pytest.approx(expected, rel=1e-12)


# Constants.


def test_tables():
    assert PF == 8.64e19
    assert [(law.alpha, law.scale, law.unit) for law in (kaplan.SIZE, kaplan.DATA)] == [
        (0.076, 8.8e13, "parameters"),
        (0.095, 5.4e13, "tokens"),
    ]
    assert (kaplan.COMPUTE_FIXED_BATCH.alpha, kaplan.COMPUTE_FIXED_BATCH.scale / PF) == (0.057, 1.6e7)
    assert (kaplan.COMPUTE.alpha, kaplan.COMPUTE.scale / PF) == (0.050, pytest.approx(3.1e8, rel=1e-15))
    assert (kaplan.CRITICAL_BATCH.B_star, kaplan.CRITICAL_BATCH.alpha_B) == (2e8, 0.21)
    assert (kaplan.CRITICAL_BATCH_TABLE_5.B_star, kaplan.CRITICAL_BATCH_TABLE_5.alpha_B) == (2.1e8, 0.21)
    joint, learning = kaplan.SIZE_DATA, kaplan.SIZE_STEPS
    assert (joint.alpha_N, joint.alpha_D, joint.N_c, joint.D_c) == (0.076, 0.103, 6.4e13, 1.8e13)
    assert (learning.alpha_N, learning.alpha_S, learning.N_c, learning.S_c) == (0.077, 0.76, 6.5e13, 2.1e3)
    m = kaplan.MEASURED_FRONTIER
    trends = [(one.at_one_pf_day, one.power) for one in (m.N, m.batch_size, m.S_min, m.D, kaplan.DATA_AT_CRITICAL_BATCH)]
    assert trends == [(1.3e9, 0.73), (2.0e6, 0.24), (5.4e3, 0.03), (2e10, 0.27), (4e10, 0.26)]
    assert m.N.power + m.D.power == pytest.approx(1.0)
    assert "Table 2" in joint.source and "Table 3" in learning.source and "Table 6" in m.source
    assert kaplan.FIXED_BATCH_TOKENS == 512 * 1024


def test_tables_cannot_be_mixed():
    with pytest.raises(InputError, match="constants must be a SizeData, not SizeSteps"):
        kaplan.loss_from_size_and_data(1e9, 1e10, kaplan.SIZE_STEPS)
    with pytest.raises(InputError, match="law must be a PowerLaw"):
        kaplan.loss_from_size(1e9, kaplan.SIZE_DATA)
    with pytest.raises(InputError, match="constants must be a Frontier"):
        kaplan.optimal_allocation(PF, kaplan.SIZE_STEPS)
    with pytest.raises(AttributeError):
        kaplan.SIZE.alpha = 0.08


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf"), "0.1", True, None])
def test_constants_of_ones_own_are_checked(bad):
    with pytest.raises(InputError, match="alpha must be a finite number"):
        kaplan.PowerLaw(bad, 1e13, "tokens", "own")


# One resource.


def test_per_doubling():
    assert close(kaplan.loss_ratio(2.0, kaplan.SIZE), 0.949, 3)
    assert close(kaplan.loss_ratio(2.0, kaplan.DATA), 0.936, 3)
    assert close(kaplan.loss_ratio(2.0, kaplan.COMPUTE), 0.966, 3)
    for law, loss_from in (
        (kaplan.SIZE, kaplan.loss_from_size),
        (kaplan.DATA, kaplan.loss_from_data),
        (kaplan.COMPUTE, kaplan.loss_from_compute),
    ):
        assert loss_from(law.scale) == 1.0
        assert loss_from(2e9) / loss_from(1e9) == pytest.approx(kaplan.loss_ratio(2.0, law), rel=1e-14)


def test_critical_batch_doubles_for_13_percent():
    drop = 2**-0.21
    assert close(drop, 0.8645, 4)
    assert kaplan.critical_batch_size(drop * 3.0) == pytest.approx(2.0 * kaplan.critical_batch_size(3.0), rel=1e-13)
    assert kaplan.critical_batch_size(1.0) == 2e8
    assert close(1.0 / kaplan.CRITICAL_BATCH.alpha_B, 4.76, 3)


@settings(deadline=None)
@given(losses)
def test_inversions_of_one_resource(loss):
    assert kaplan.loss_from_size(kaplan.size_for_loss(loss)) == pytest.approx(loss, rel=1e-12)
    assert kaplan.loss_from_data(kaplan.data_for_loss(loss)) == pytest.approx(loss, rel=1e-12)
    for law in (kaplan.COMPUTE, kaplan.COMPUTE_FIXED_BATCH):
        assert kaplan.loss_from_compute(kaplan.compute_for_loss(loss, law), law) == pytest.approx(loss, rel=1e-12)
    assert kaplan.loss_for_critical_batch_size(kaplan.critical_batch_size(loss)) == pytest.approx(loss, rel=1e-12)


# Size and data.


def test_overfitting_rule():
    assert close(kaplan.SIZE_DATA.alpha_N / kaplan.SIZE_DATA.alpha_D, 0.738, 3)
    assert close(kaplan.SIZE.alpha / kaplan.DATA.alpha, 0.80, 2)  # which is not the 0.74 of the joint fit
    assert round(kaplan.data_against_overfitting(1.0)) == 5519
    assert close(np.log(kaplan.data_against_overfitting(np.e) / kaplan.data_against_overfitting(1.0)), 0.738, 3)
    assert close(kaplan.data_rule(8.0) / kaplan.data_rule(1.0), 4.66, 3)
    assert kaplan.data_rule(1.0) == 5e3
    at = np.geomspace(1e5, 1e11, 7)
    assert np.allclose(kaplan.overfitting(at, kaplan.data_against_overfitting(at)), 0.02, rtol=1e-12)


@settings(deadline=None)
@given(sizes, tokens)
def test_size_and_data(N, D):
    loss = kaplan.loss_from_size_and_data(N, D)
    c = kaplan.SIZE_DATA
    slow = ((c.N_c / N) ** (c.alpha_N / c.alpha_D) + c.D_c / D) ** c.alpha_D
    assert loss == pytest.approx(slow, rel=1e-14)
    assert loss >= max(kaplan.loss_at_infinite_data(N), kaplan.loss_at_infinite_size(D)) * (1 - 1e-14)
    assert kaplan.overfitting(N, D) == pytest.approx(loss / kaplan.loss_at_infinite_data(N) - 1.0, rel=1e-6, abs=1e-13)
    # A function of N^(alpha_N / alpha_D) / D alone.
    ratio = c.alpha_N / c.alpha_D
    assert kaplan.overfitting(8.0 * N, 8.0**ratio * D) == pytest.approx(kaplan.overfitting(N, D), rel=1e-11)


@settings(deadline=None)
@given(st.floats(1e5, 1e11), st.floats(1e8, 1e13))
def test_inversions_of_size_and_data(N, D):
    loss = kaplan.loss_from_size_and_data(N, D)
    share = kaplan.overfitting(N, D)
    condition = (1.0 + 1.0 / share) / kaplan.SIZE_DATA.alpha_D  # how an error of the loss grows in D
    assert kaplan.data_for_loss_and_size(loss, N) == pytest.approx(D, rel=1e-13 * condition)
    assert kaplan.loss_from_size_and_data(kaplan.size_for_loss_and_data(loss, D), D) == pytest.approx(loss, rel=1e-12)


def test_limits_of_size_and_data():
    assert kaplan.loss_from_size_and_data(1e9, 1e40) == pytest.approx(kaplan.loss_at_infinite_data(1e9), rel=1e-12)
    assert kaplan.loss_from_size_and_data(1e60, 1e10) == pytest.approx(kaplan.loss_at_infinite_size(1e10), rel=1e-12)
    # Analytic in 1 / D: the first correction is exactly 1 / D.
    D = np.array([1e14, 1e15])
    small = kaplan.overfitting(1e6, D)
    assert small[0] / small[1] == pytest.approx(10.0, rel=1e-3)
    assert kaplan.size_for_loss_and_data(kaplan.loss_at_infinite_size(1e10), 1e10) > 1e20
    assert kaplan.size_for_loss_and_data(0.999 * kaplan.loss_at_infinite_size(1e10), 1e10) == np.inf
    assert kaplan.data_for_loss_and_size(0.999 * kaplan.loss_at_infinite_data(1e9), 1e9) == np.inf


# Size and steps.


@settings(deadline=None)
@given(st.floats(1e5, 1e12), st.floats(1e2, 1e7))
def test_size_and_steps(N, S):
    c = kaplan.SIZE_STEPS
    loss = kaplan.loss_from_size_and_steps(N, S)
    by_steps = (c.S_c / S) ** c.alpha_S
    assert loss == pytest.approx((c.N_c / N) ** c.alpha_N + by_steps, rel=1e-14)
    assert kaplan.steps_for_loss_and_size(loss, N) == pytest.approx(S, rel=1e-14 * loss / by_steps)
    assert kaplan.size_for_loss_and_steps(loss, S) == pytest.approx(N, rel=1e-12)
    assert kaplan.steps_for_loss_and_size(0.99 * kaplan.loss_at_infinite_data(N, c), N) == np.inf
    assert kaplan.size_for_loss_and_steps(0.99 * by_steps, S) == np.inf
    assert kaplan.loss_from_size_and_steps(N, 1e30) == pytest.approx(kaplan.loss_at_infinite_data(N, c), rel=1e-12)


def test_early_stopping_bound():
    N, D = 1e8, 1e9
    excess = kaplan.loss_from_size_and_data(N, D) - kaplan.loss_at_infinite_data(N)
    assert kaplan.early_stopping_bound(N, D) == pytest.approx(2.1e3 * excess ** (-1 / 0.76), rel=1e-12)
    # More data, later stop.
    assert np.all(np.diff(kaplan.early_stopping_bound(N, np.geomspace(1e8, 1e12, 9))) > 0.0)


# Batches.


def test_at_the_critical_batch_everything_doubles():
    crit = kaplan.critical_batch_size(2.5)
    assert kaplan.steps_at_batch_size(1e4, crit, crit) == 2e4
    assert kaplan.examples_at_batch_size(1e10, crit, crit) == 2e10
    assert kaplan.compute_at_batch_size(1e20, crit, crit) == 2e20


@settings(deadline=None)
@given(st.floats(1e2, 1e9), st.floats(1e2, 1e9), st.floats(10.0, 1e6))
def test_hyperbola(B, crit, S_min):
    S, E = kaplan.steps_at_batch_size(S_min, B, crit), kaplan.examples_at_batch_size(S_min * crit, B, crit)
    assert E == pytest.approx(B * S, rel=1e-12)
    # (S / S_min - 1)(E / E_min - 1) = 1, from the exact ratios: the differences lose digits far from B_crit.
    spare = 1e-14 * max(B / crit, crit / B)
    assert (S / S_min - 1.0) * (E / (S_min * crit) - 1.0) == pytest.approx(1.0, rel=1e-12 + 4 * spare)
    assert kaplan.minimum_steps(S, B, crit) == pytest.approx(S_min, rel=1e-13)
    assert kaplan.minimum_examples(E, B, crit) == pytest.approx(S_min * crit, rel=1e-13)
    assert kaplan.minimum_compute(kaplan.compute_at_batch_size(1e20, B, crit), B, crit) == pytest.approx(1e20, rel=1e-13)
    assert kaplan.batch_size_for_steps(S, S_min, crit) == pytest.approx(B, rel=1e-12 + 4 * spare)
    assert kaplan.steps_for_examples(E, S_min, S_min * crit) == pytest.approx(S, rel=1e-12 + 4 * spare)
    # C_min = 6 N B_crit S_min.
    N = 1e9
    assert kaplan.minimum_compute(6 * N * E, B, crit) == pytest.approx(6 * N * crit * S_min, rel=1e-12)


def test_out_of_reach_on_the_hyperbola():
    assert kaplan.batch_size_for_steps(1e4, 1e4, 1e6) == np.inf
    assert kaplan.steps_for_examples([0.5e10, 1e10], 1e4, 1e10).tolist() == [np.inf, np.inf]
    with pytest.raises(InputError, match="finite alpha_B"):
        kaplan.loss_for_critical_batch_size(1e6, kaplan.BatchLaw(1e6, np.inf, "constant"))


# Counts.


def test_counts():
    assert kaplan.parameter_count(12, 768) == 12 * 12 * 768**2
    assert kaplan.parameter_count(2, 3, 5, 7) == 2 * 3 * 2 * (2 * 5 + 7)
    N = kaplan.parameter_count(12, 768)
    assert kaplan.forward_flop_per_token(N, 12, 1024, 768) == 2 * N + 2 * 12 * 1024 * 768
    # The context's share is small where d_model is large against context / 12.
    share = kaplan.forward_flop_per_token(N, 12, 1024, 768) / (2 * N) - 1
    assert share == pytest.approx(1024 / 12 / 768)
    assert kaplan.training_flop(1e9, 2e10) == 1.2e20
    with pytest.raises(InputError, match="layers must be an integer of at least 1, not 0"):
        kaplan.parameter_count(0, 768)


def test_learning_rate_for_size():
    assert kaplan.learning_rate_for_size(1.0) == 0.003239
    drop = kaplan.learning_rate_for_size(1e6) - kaplan.learning_rate_for_size(np.e * 1e6)
    assert drop == pytest.approx(0.0001395, rel=1e-12)
    zero = brentq(lambda log_N: 0.003239 - 0.0001395 * log_N, 0.0, 100.0)
    assert close(np.exp(zero), 1.2e10, 2)
    with pytest.raises(InputError, match=r"N must be below 1\.21e\+10"):
        kaplan.learning_rate_for_size([1e9, 1.3e10])


# Arguments.

CALLS = [
    (kaplan.loss_from_size, ("N",)),
    (kaplan.loss_from_data, ("D",)),
    (kaplan.loss_from_compute, ("C",)),
    (kaplan.size_for_loss, ("loss",)),
    (kaplan.data_for_loss, ("loss",)),
    (kaplan.compute_for_loss, ("loss",)),
    (kaplan.loss_from_size_and_data, ("N", "D")),
    (kaplan.size_for_loss_and_data, ("loss", "D")),
    (kaplan.data_for_loss_and_size, ("loss", "N")),
    (kaplan.overfitting, ("N", "D")),
    (kaplan.data_against_overfitting, ("N", "tolerance")),
    (kaplan.data_rule, ("N",)),
    (kaplan.loss_from_size_and_steps, ("N", "S_min")),
    (kaplan.steps_for_loss_and_size, ("loss", "N")),
    (kaplan.size_for_loss_and_steps, ("loss", "S_min")),
    (kaplan.early_stopping_bound, ("N", "D")),
    (kaplan.critical_batch_size, ("loss",)),
    (kaplan.loss_for_critical_batch_size, ("batch_size",)),
    (kaplan.minimum_steps, ("steps", "batch_size", "critical_batch_size")),
    (kaplan.minimum_examples, ("examples", "batch_size", "critical_batch_size")),
    (kaplan.minimum_compute, ("C", "batch_size", "critical_batch_size")),
    (kaplan.steps_at_batch_size, ("S_min", "batch_size", "critical_batch_size")),
    (kaplan.batch_size_for_steps, ("steps", "S_min", "critical_batch_size")),
    (kaplan.steps_for_examples, ("examples", "S_min", "E_min")),
    (kaplan.training_flop, ("N", "D")),
    (kaplan.loss_from_size_and_compute, ("N", "C")),
    (kaplan.compute_for_loss_and_size, ("loss", "N")),
    (kaplan.learning_rate_for_size, ("N",)),
]


@pytest.mark.parametrize(("function", "names"), CALLS, ids=lambda value: getattr(value, "__name__", ""))
def test_floats_arrays_and_bad_input(function, names):
    good = [2.0] * len(names)
    value = function(*good)
    assert type(value) is float
    for k, name in enumerate(names):
        rows = [np.array([[2.0], [3.0]]) if i == k else 2.0 for i in range(len(names))]
        found = function(*rows)
        assert found.shape == (2, 1) and found[0, 0] == pytest.approx(value, rel=1e-14)
        assert function(*[2 if i == k else 2.0 for i in range(len(names))]) == value
        for bad in (0.0, -1.0, np.nan, np.inf, "1e9", True, None, [], [2.0, -1.0], [2.0, np.nan], [1j]):
            with pytest.raises(InputError, match=rf"^{name} must"):
                function(*[bad if i == k else 2.0 for i in range(len(names))])
    if len(names) > 1:
        with pytest.raises(InputError, match="must have shapes that broadcast"):
            function(*[np.ones(2) + k if k == 0 else np.ones(3) for k in range(len(names))])
        grid = function(*[np.array([[2.0], [3.0]]), *[np.array([2.0, 2.5, 4.0])] * (len(names) - 1)])
        assert grid.shape == (2, 3)


def test_far_values_do_not_warn():
    assert kaplan.size_for_loss(1e-300) == np.inf
    assert kaplan.size_for_loss(1e300) == 0.0
