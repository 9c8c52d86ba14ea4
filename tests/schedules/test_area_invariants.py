"""What holds of the areas for any schedule, I1 to I20: eta is the rate, lam the decay factor, E its moving average.

E_s = lam E_{s-1} + (1 - lam) eta_s,  E_0 = eta_0
"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import areas as reference

from rivervalley.schedules import areas

RATE = st.floats(0, 1, allow_subnormal=False)
RATES = st.lists(RATE, min_size=1, max_size=40).map(np.array)
FALLING = st.lists(RATE, min_size=1, max_size=40).map(lambda rates: np.array(sorted(rates, reverse=True)))
FACTORS = st.one_of(st.sampled_from([0.0, 0.5, 0.9, 0.999, 1.0]), st.floats(0, 1, allow_subnormal=False))
BELOW_ONE = FACTORS.filter(lambda lam: lam < 1)
COUNT = st.integers(1, 30)

arbitrary = settings(deadline=None, max_examples=100)


def S1_of(eta):
    return areas.forward_area(eta)


def S2_of(eta, lam):
    return areas.annealing_area(eta, lam)


def momentum(eta, lam):
    return areas.both_areas(eta, lam).m


def average(eta, lam):
    E = np.empty_like(eta)
    E[0] = eta[0]
    for s in range(1, eta.size):
        E[s] = lam * E[s - 1] + (1 - lam) * eta[s]
    return E


def geometric(lam, n):
    """(1 - lam^n) / (1 - lam), which is n at lam = 1."""
    if lam == 1.0 or lam == 0.0:
        return np.asarray(n if lam == 1.0 else np.minimum(n, 1), dtype=float)
    return -np.expm1(np.asarray(n) * math.log(lam)) / (1 - lam)


def close(found, expected, *, scale=1.0):
    """Equal within the rounding of the right-hand sides: rates are at most 1, sums have at most some 100 terms."""
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * scale)


@arbitrary
@given(st.lists(RATE, min_size=1, max_size=12).map(np.array), FACTORS)
def test_i1_the_recursion_is_the_double_sum(eta, lam):
    close(S2_of(eta, lam), reference.annealing_area(eta, lam))
    close(S1_of(eta), reference.forward_area(eta))


@arbitrary
@given(RATES, FACTORS)
def test_i2_each_fall_counts_a_geometric_sum(eta, lam):
    for s in range(eta.size):
        k = np.arange(1, s + 1)
        close(S2_of(eta, lam)[s], np.sum((eta[k - 1] - eta[k]) * geometric(lam, s - k + 1)))


@arbitrary
@given(RATES, FACTORS)
def test_i3_the_area_from_the_momentum(eta, lam):
    close((1 - lam) * S2_of(eta, lam), eta[0] - eta - lam * momentum(eta, lam))


@arbitrary
@given(RATES, FACTORS)
def test_i4_the_area_is_the_gap_to_the_moving_average(eta, lam):
    E = average(eta, lam)
    close((1 - lam) * S2_of(eta, lam), eta[0] - E)
    close(lam * momentum(eta, lam), E - eta)


@arbitrary
@given(RATES)
def test_i5_without_momentum_the_area_telescopes(eta):
    close(S2_of(eta, 0.0), eta[0] - eta)


@arbitrary
@given(RATES)
def test_i6_with_full_momentum_the_two_areas_fill_the_rectangle(eta):
    close(S1_of(eta) + S2_of(eta, 1.0), np.arange(1, eta.size + 1) * eta[0])


@arbitrary
@given(RATES, st.integers(0, 10**6), RATE, FACTORS)
def test_i7_both_areas_are_linear(eta, seed, a, lam):
    other = np.random.default_rng(seed).random(eta.size)
    mixed = a * eta + 0.5 * other
    close(S1_of(mixed), a * S1_of(eta) + 0.5 * S1_of(other))
    close(S2_of(mixed, lam), a * S2_of(eta, lam) + 0.5 * S2_of(other, lam))


@arbitrary
@given(RATES, RATE, FACTORS)
def test_i8_a_constant_added_moves_the_forward_area_alone(eta, constant, lam):
    close(S2_of(eta + constant, lam), S2_of(eta, lam), scale=4)
    close(S1_of(eta + constant), S1_of(eta) + constant * np.arange(1, eta.size + 1))


@arbitrary
@given(RATES, st.integers(1, 8), st.floats(0.01, 1))
def test_i9_a_finer_clock_rescales_both(eta, k, lam):
    fine = lam ** (1 / k)
    slow = np.repeat(eta, k)
    ends = np.arange(k - 1, slow.size, k)
    close(S1_of(slow)[ends], k * S1_of(eta))
    close(S2_of(slow, fine)[ends], S2_of(eta, lam) * geometric(fine, k), scale=100)


@arbitrary
@given(RATES, COUNT, FACTORS)
def test_i10_steps_held_before_the_first_change_the_forward_area_alone(eta, p, lam):
    longer = np.r_[np.full(p, eta[0]), eta]
    close(S2_of(longer, lam)[p:], S2_of(eta, lam))
    close(S1_of(longer)[p:], S1_of(eta) + p * eta[0])


@arbitrary
@given(RATES, RATES, FACTORS)
def test_i11_areas_of_a_concatenation(u, v, lam):
    whole, j = np.r_[u, v], np.arange(1, v.size + 1)
    tail = S2_of(np.r_[u[-1], v], lam)[1:]
    close(S2_of(whole, lam)[u.size :], S2_of(u, lam)[-1] + tail + lam * momentum(u, lam)[-1] * geometric(lam, j))
    close(S1_of(whole)[u.size :], S1_of(u)[-1] + S1_of(v))
    # What has to be carried: S1, S2, m and the last rate.
    _, _, state = areas.advance(u, None, lam)
    S1, S2, _ = areas.advance(v, areas.AreaState(state.S1, state.S2, state.m, state.last_lr), lam)
    close(S1, S1_of(whole)[u.size :])
    close(S2, S2_of(whole, lam)[u.size :])


@arbitrary
@given(RATES, COUNT, FACTORS)
def test_i12_zeros_appended(eta, n, lam):
    longer = np.r_[eta, np.zeros(n)]
    gain = average(eta, lam)[-1] * geometric(lam, np.arange(1, n + 1))
    close(S2_of(longer, lam)[eta.size :], S2_of(eta, lam)[-1] + gain)
    close(S1_of(longer)[eta.size :], S1_of(eta)[-1])


@arbitrary
@given(RATES, COUNT, FACTORS)
def test_i13_steps_held_at_the_end(eta, n, lam):
    longer = np.r_[eta, np.full(n, eta[-1])]
    gain = lam * momentum(eta, lam)[-1] * geometric(lam, np.arange(1, n + 1))
    close(S2_of(longer, lam)[eta.size :], S2_of(eta, lam)[-1] + gain)


@arbitrary
@given(st.integers(1, 40), FACTORS)
def test_i14_gradients_of_the_areas_by_each_rate(steps, lam):
    # Both are linear in the rates, so the area of a unit vector is the derivative.
    T = steps - 1
    for i in range(steps):
        unit = np.zeros(steps)
        unit[i] = 1.0
        close(S2_of(unit, lam)[T], float(geometric(lam, T)) if i == 0 else -(lam ** (T - i)))
        close(S1_of(unit)[T], 1.0)


@arbitrary
@given(st.lists(st.floats(0.1, 1), min_size=2, max_size=20).map(np.array), st.floats(0.1, 0.99), st.floats(0.2, 1))
def test_i14_gradient_of_the_loss_by_each_rate(eta, lam, alpha):
    A, C, T = 1.0, 0.3, eta.size - 1

    def loss(rates):
        return A * S1_of(rates)[T] ** -alpha - C * S2_of(rates, lam)[T]

    for i in range(1, eta.size):
        h = np.zeros(eta.size)
        h[i] = 1e-4
        slope = (8 * (loss(eta + h) - loss(eta - h)) - (loss(eta + 2 * h) - loss(eta - 2 * h))) / 12e-4
        exact = -alpha * A * S1_of(eta)[T] ** (-alpha - 1) + C * lam ** (T - i)
        np.testing.assert_allclose(slope, exact, rtol=1e-7, atol=1e-7)


@arbitrary
@given(RATES, BELOW_ONE)
def test_i15_bounds(eta, lam):
    scaled = (1 - lam) * S2_of(eta, lam)
    assert np.all(scaled >= eta[0] - eta.max() - 1e-13)
    assert np.all(scaled <= eta[0] - eta.min() + 1e-13)


@arbitrary
@given(RATES, FACTORS)
def test_i15_below_the_first_rate_the_area_is_never_negative(eta, lam):
    below = np.r_[eta.max(), eta]
    assert np.all(S2_of(below, lam) >= -1e-14)


@arbitrary
@given(FALLING, FACTORS)
def test_i16_a_falling_schedule_has_a_growing_area(eta, lam):
    S2 = S2_of(eta, lam)
    assert np.all(momentum(eta, lam) >= 0)
    assert np.all(np.diff(S2) >= 0)
    assert np.all((eta[0] - eta) * (1 - 1e-15) <= S2)
    assert np.all((1 - lam) * S2 <= (eta[0] - eta) + 1e-15)


@arbitrary
@given(FALLING, FACTORS, st.floats(0.2, 1))
def test_i16_a_falling_schedule_has_a_falling_loss(eta, lam, alpha):
    eta = np.maximum(eta, 0.01)
    loss = 3 + S1_of(eta) ** -alpha - 0.3 * S2_of(eta, lam)
    assert np.all(np.diff(loss) < 0)


@arbitrary
@given(FALLING, FACTORS, FACTORS)
def test_i17_of_a_falling_schedule_the_area_grows_with_the_decay_factor(eta, one, other):
    assert np.all(S2_of(eta, max(one, other)) >= S2_of(eta, min(one, other)) * (1 - 1e-15))


@arbitrary
@given(RATES, st.integers(0, 10**6), FACTORS)
def test_i18_lower_rates_from_the_same_start(eta, seed, lam):
    lower = eta * np.random.default_rng(seed).random(eta.size)
    lower[0] = eta[0]
    assert np.all(S2_of(lower, lam) >= S2_of(eta, lam) - 1e-14)
    assert np.all(S1_of(lower) <= S1_of(eta))


@arbitrary
@given(RATE, RATE, st.integers(1, 30), st.integers(0, 60), FACTORS)
def test_i19_one_step_down(high, low, k, more, lam):
    eta = np.r_[np.full(k, high), np.full(more + 1, low)]
    s = np.arange(k, eta.size)
    close(S2_of(eta, lam)[k:], (high - low) * geometric(lam, s - k + 1))
    close(S2_of(eta, lam)[:k], 0.0)


@arbitrary
@given(st.floats(-0.01, 0.01), COUNT, BELOW_ONE)
def test_i20_a_straight_ramp(d, steps, lam):
    assume(lam <= 0.9999)  # the closed form cancels as 1 / (1 - lam)^2
    j = np.arange(steps + 1)
    found = areas.both_areas(0.5 - d * j, lam)
    close(found.m, d * geometric(lam, j))
    close((1 - lam) * found.S2, d * (j - lam * geometric(lam, j)))
