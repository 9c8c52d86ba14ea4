"""The forward and the annealing area: exact values, slow twins, accuracy, warm-up, pieces, gradient, speed, bad input."""

from __future__ import annotations

import dataclasses
import math
import time
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import areas as reference
from scipy.signal import lfilter

from rivervalley._common.checks import InputError
from rivervalley.schedules import Schedule, areas

RATES = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=14).map(np.array)
FACTORS = st.one_of(st.sampled_from([0.0, 0.5, 0.999, 1 - 2**-40, 1.0]), st.floats(0, 1, allow_subnormal=False))
LONG = 10**7


def smooth(n):
    """A cosine decay with jitter: differences of either sign, none of them a round number."""
    return 0.1 * (1.01 + np.cos(np.pi * np.arange(n) / n)) + 1e-4 * np.random.default_rng(0).random(n)


def test_areas_of_four_rates_by_hand():
    found = areas.both_areas([1.0, 1.0, 0.5, 0.25], decay_factor=0.5)
    assert found.S1.tolist() == [1.0, 2.0, 2.5, 2.75]
    assert found.m.tolist() == [0.0, 0.0, 0.5, 0.5]
    assert found.S2.tolist() == [0.0, 0.0, 0.5, 1.0]


def test_one_update():
    assert areas.forward_area([0.3]).tolist() == [0.3]
    assert areas.annealing_area([0.3]).tolist() == [0.0]


@settings(deadline=None)
@given(RATES, FACTORS)
def test_areas_are_the_double_sum(lr, factor):
    found = areas.both_areas(lr, factor)
    # Relative to each value itself, however much its terms cancel: the low parts of the sums see to that.
    np.testing.assert_allclose(found.S1, reference.forward_area(lr), rtol=1e-15, atol=0)
    np.testing.assert_allclose(found.S2, reference.annealing_area(lr, factor), rtol=1e-12, atol=1e-28)
    np.testing.assert_allclose(found.m, reference.momentum(lr, factor), rtol=1e-12, atol=1e-28)


@settings(deadline=None)
@given(RATES, FACTORS)
def test_the_functions_agree_to_the_last_bit(lr, factor):
    both = areas.both_areas(lr, factor)
    np.testing.assert_array_equal(areas.forward_area(lr), both.S1)
    np.testing.assert_array_equal(areas.annealing_area(lr, factor), both.S2)


@pytest.mark.slow
@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no arithmetic wider than float64 to compare with")
@pytest.mark.parametrize("factor", [0.0, 0.99, 0.999, 0.99999, 1 - 1e-9, 1.0])
def test_ten_million_steps_are_accurate(factor):
    lr = smooth(LONG)
    S1, S2, _ = reference.areas_in_longdouble(lr, factor)
    at = np.arange(LONG // 100, LONG, LONG // 1000)
    assert np.max(np.abs(areas.forward_area(lr)[at] / S1[at] - 1)) < 1e-15
    assert np.max(np.abs(areas.annealing_area(lr, factor)[at] / S2[at] - 1)) < 1e-13


@pytest.mark.slow
def test_sums_whose_roundings_all_fall_on_one_side():
    lr = np.full(LONG, 0.1)
    exact = math.fsum(lr)
    assert areas.forward_area(lr)[-1] == exact
    assert abs(np.cumsum(lr)[-1] / exact - 1) > 1e-12, "the naive sum is good enough here, so this test shows nothing"
    # A straight line down to 0, whose momentum at factor 1 grows by the same amount every time.
    lr = 0.1 * np.arange(LONG, 0, -1) / LONG
    exact = math.fsum(chain(np.full(LONG, lr[0]), -lr))
    assert abs(areas.annealing_area(lr, 1.0)[-1] / exact - 1) < 1e-15


@pytest.mark.parametrize("exponent", [-30, -3, 0, 3, 30])
def test_areas_scale_with_the_unit_of_the_rate(exponent):
    lr = smooth(1000)
    np.testing.assert_array_equal(areas.annealing_area(lr * 2.0**exponent), areas.annealing_area(lr) * 2.0**exponent)


# Warm-up ---------------------------------------------------------------------------------------------------------------

WARM = Schedule([0.1, 0.2, 0.3, 0.4, 0.4, 0.2, 0.3], warmup_steps=4)


def test_warm_up_as_a_ramp_starts_the_annealing_area_at_its_end():
    S2 = areas.annealing_area(WARM, 0.9)
    np.testing.assert_array_equal(S2[:4], 0.0)
    np.testing.assert_array_equal(S2[3:], areas.annealing_area(WARM.lr[3:], 0.9))
    np.testing.assert_array_equal(areas.forward_area(WARM), areas.forward_area(WARM.lr))


def test_warm_up_included_is_the_plain_recursion():
    found = areas.both_areas(WARM, 0.9, warmup_area="included")
    plain = areas.both_areas(WARM.lr, 0.9)
    np.testing.assert_array_equal(found.S1, plain.S1)
    np.testing.assert_array_equal(found.S2, plain.S2)
    assert found.S2[3] < 0


def test_warm_up_in_full_counts_the_peak():
    found = areas.both_areas(WARM, 0.9, warmup_area="full")
    plain = areas.both_areas([0.4, 0.4, 0.4, 0.4, 0.4, 0.2, 0.3], 0.9)
    np.testing.assert_array_equal(found.S1, plain.S1)
    np.testing.assert_array_equal(found.S2, plain.S2)


def test_a_warm_up_that_ends_below_the_peak():
    s = Schedule([0.1, 0.2, 0.4, 0.1], warmup_steps=2)
    np.testing.assert_array_equal(areas.annealing_area(s, 0.9), areas.annealing_area([0.2, 0.2, 0.4, 0.1], 0.9))
    np.testing.assert_array_equal(
        areas.annealing_area(s, 0.9, warmup_area="full"), areas.annealing_area([0.4, 0.4, 0.4, 0.1], 0.9)
    )


@pytest.mark.parametrize("warmup_area", areas.WARMUP_AREAS)
def test_without_warm_up_the_three_conventions_agree(warmup_area):
    lr = [0.1, 0.2, 0.4, 0.1]
    for rates in (lr, Schedule(lr)):
        found = areas.both_areas(rates, warmup_area=warmup_area)
        np.testing.assert_array_equal(found.S1, areas.forward_area(lr))
        np.testing.assert_array_equal(found.S2, areas.annealing_area(lr))


def test_a_schedule_that_is_all_warm_up():
    s = Schedule([0.1, 0.2, 0.3], warmup_steps=3)
    assert areas.annealing_area(s).tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(areas.forward_area(s, warmup_area="full"), [0.3, 0.6, 0.9], rtol=1e-15)


def test_a_longer_true_ramp_costs_half_its_length_of_forward_area():
    width, peak = 1000, 0.25
    ramp = Schedule(np.minimum(peak * np.arange(1, 3001) / width, peak), warmup_steps=width)
    full = areas.forward_area(ramp, warmup_area="full")[-1]
    np.testing.assert_allclose(full - areas.forward_area(ramp)[-1], peak * (width - 1) / 2, rtol=1e-12)


# Pieces ----------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(RATES, FACTORS, st.lists(st.integers(0, 14), max_size=4))
def test_pieces_give_the_bits_of_the_whole(lr, factor, cuts):
    state, S1, S2 = None, [], []
    for piece in np.split(lr, sorted(min(cut, lr.size) for cut in cuts)):
        one, two, state = areas.advance(piece, state, factor)
        S1.append(one)
        S2.append(two)
    np.testing.assert_array_equal(np.concatenate(S1), areas.forward_area(lr))
    np.testing.assert_array_equal(np.concatenate(S2), areas.annealing_area(lr, factor))
    assert (state.S1, state.S2, state.last_lr) == (np.concatenate(S1)[-1], np.concatenate(S2)[-1], lr[-1])
    assert state.m == areas.both_areas(lr, factor).m[-1]


def test_a_state_made_by_hand_goes_on():
    lr = smooth(3000)
    _, _, state = areas.advance(lr[:1000])
    bare = areas.AreaState(state.S1, state.S2, state.m, state.last_lr)
    S1, S2, _ = areas.advance(lr[1000:], bare)
    np.testing.assert_allclose(S1, areas.forward_area(lr)[1000:], rtol=1e-14)
    np.testing.assert_allclose(S2, areas.annealing_area(lr)[1000:], rtol=1e-13)


def test_an_empty_piece_changes_nothing():
    _, _, state = areas.advance([0.2, 0.1])
    S1, S2, after = areas.advance([], state)
    assert S1.size == S2.size == 0
    assert after == state
    assert areas.advance([])[2] == areas.AreaState()


def test_a_state_cannot_be_changed_and_is_not():
    lr = smooth(50)
    _, _, state = areas.advance(lr[:20])
    first = areas.advance(lr[20:], state)[1]
    np.testing.assert_array_equal(areas.advance(lr[20:], state)[1], first)
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.S1 = 0.0


# Gradient --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("warmup_area", areas.WARMUP_AREAS)
@pytest.mark.parametrize("factor", [0.3, 0.9, 0.999])
def test_the_gradient_is_that_of_finite_differences(factor, warmup_area):
    warmup, n = 30, 4000
    s = Schedule(smooth(n) * np.minimum(1, np.arange(1, n + 1) / warmup), warmup_steps=warmup)
    found = areas.areas_with_gradient(s, factor, warmup_area=warmup_area)
    h = 1e-3 * (1 - factor)
    up, down, up2, down2 = (areas.annealing_area(s, factor + k * h, warmup_area=warmup_area) for k in (1, -1, 2, -2))
    difference = (8 * (up - down) - (up2 - down2)) / (12 * h)  # of fourth order: truncation about 1e-12 of the scale
    np.testing.assert_allclose(found.dS2, difference, rtol=0, atol=1e-9 * np.max(np.abs(difference)))
    exact = areas.both_areas(s, factor, warmup_area=warmup_area)
    np.testing.assert_allclose(found.S1, exact.S1, rtol=1e-12)
    np.testing.assert_allclose(found.S2, exact.S2, rtol=0, atol=1e-12 * np.max(np.abs(exact.S2)))


def test_the_gradient_of_a_step_down_in_closed_form():
    # S2_j = d (1 - lam^j) / (1 - lam), j updates from the drop on.
    factor, j = 0.9, np.arange(1, 200)
    found = areas.areas_with_gradient(np.r_[1.0, np.full(199, 0.25)], factor).dS2[1:]
    power = factor**j
    exact = 0.75 * ((1 - power) / (1 - factor) ** 2 - j * power / factor / (1 - factor))
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-13)


# Speed -----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_slower_than_scipy_on_ten_million_steps():
    s = Schedule(smooth(LONG))

    def ours():
        return areas.forward_area(s)[-1] + areas.annealing_area(s)[-1]

    def scipys():
        d = np.zeros(LONG)
        np.subtract(s.lr[:-1], s.lr[1:], out=d[1:])
        return np.cumsum(s.lr)[-1] + np.cumsum(lfilter([1.0], [1.0, -0.999], d))[-1]

    assert ours() == pytest.approx(scipys(), rel=1e-9)  # and both are warm now
    times = {ours: [], scipys: []}
    for _ in range(5):
        for function, seconds in times.items():
            start = time.process_time()
            function()
            seconds.append(time.process_time() - start)
    assert min(times[ours]) < min(times[scipys])


# Bad input -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lr", "says"),
    [
        ([], "must not be empty"),
        ([[0.1]], "must have 1 dimension"),
        ([0.1, math.nan], "entry 1 is"),
        ([0.1, math.inf], "entry 1 is"),
        ([0.1, -0.2], "of at least 0"),
        (["fast"], "must hold real numbers"),
        ([True, False], "must hold real numbers"),
        ([0.1 + 0j], "must hold real numbers"),
        (None, "must hold real numbers"),
        (0.1, "must have 1 dimension"),
        ([1e290, 1e290], "1e290"),
    ],
)
def test_bad_rates_are_refused(lr, says):
    for function in (
        areas.forward_area,
        areas.annealing_area,
        areas.both_areas,
        areas.areas_with_gradient,
        areas.advance,
    ):
        if function is areas.advance and np.size(lr) == 0:
            continue
        with pytest.raises(InputError, match=f"^lr(_piece)? .*{says}"):
            function(lr)


@pytest.mark.parametrize("factor", [-0.1, 1.1, math.nan, math.inf, "0.9", None, True, [0.9]])
def test_a_bad_decay_factor_is_refused(factor):
    for function in (areas.annealing_area, areas.both_areas, areas.areas_with_gradient):
        with pytest.raises(InputError, match="decay_factor must be"):
            function([0.1, 0.2], factor)
    with pytest.raises(InputError, match="decay_factor must be"):
        areas.advance([0.1], None, factor)


@pytest.mark.parametrize("word", ["Ramp", "half", "", None, 1])
def test_a_bad_warmup_area_is_refused(word):
    for function in (areas.forward_area, areas.annealing_area, areas.both_areas, areas.areas_with_gradient):
        with pytest.raises(InputError, match="warmup_area must be one of ramp, included, full"):
            function(WARM, warmup_area=word)


def test_a_bad_state_is_refused():
    with pytest.raises(InputError, match="state must be an AreaState"):
        areas.advance([0.1], (0.0, 0.0, 0.0, 0.1))


def test_areas_leave_the_rates_alone():
    lr = smooth(100)
    before = lr.copy()
    for warmup_area in areas.WARMUP_AREAS:
        areas.both_areas(lr, warmup_area=warmup_area)
        areas.both_areas(WARM, warmup_area=warmup_area)
    areas.advance(lr)
    np.testing.assert_array_equal(lr, before)
    assert WARM.lr.tolist() == [0.1, 0.2, 0.3, 0.4, 0.4, 0.2, 0.3]
