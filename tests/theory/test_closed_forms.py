"""Closed forms of hills and decays against exact recursions, brute force, and samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import descent as reference
from scipy import stats
from scipy.optimize import minimize

import rivervalley as rv
from rivervalley import theory
from rivervalley.landscapes import FlatRiver, RiverValley
from rivervalley.simulation.compare import contenders

FLAT = FlatRiver()
positive = st.floats(0.05, 3.0)


# Hills at a constant rate.


@given(lr=st.floats(0.01, 1.9), h=st.floats(0.05, 1.0), noise_std=positive, start=st.floats(0.0, 3.0))
def test_stationary_and_transient_variance_are_the_recursions(lr, h, noise_std, start):
    _, v = reference.quadratic_moments(h, noise_std, 0.0, start, np.full(60, lr))
    steps = np.array([1, 7, 60])
    assert np.allclose(theory.transient_variance(steps, lr, h, noise_std, start), v[steps - 1], rtol=1e-10)
    limit = float(theory.stationary_variance(lr, h, noise_std))
    assert (1.0 - lr * h) ** 2 * limit + lr**2 * noise_std**2 == pytest.approx(limit, rel=1e-12)
    assert float(theory.stationary_hill_loss(lr, h, noise_std)) == pytest.approx(0.5 * h * limit, rel=1e-14)


def test_the_papers_gap_is_an_upper_bound():
    """(d - 1) eta s2 / 2: reached for eta h = 1, half of it for flat hills, surpassed beyond 1."""
    bound = 0.5 * 0.7 * 0.3**2
    share = theory.stationary_hill_loss(0.7, np.array([1e-6, 0.5, 1.0, 1.2]) / 0.7, 0.3) / bound
    assert np.allclose(share, [0.5, 1.0 / 1.5, 1.0, 1.0 / 0.8], rtol=1e-6)


@given(seed=st.integers(0, 1000), lr=st.floats(0.01, 0.3))
def test_coupled_modes(seed, lr):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 3, 3))
    H, sigma = a @ a.T / 3.0 + 0.1 * np.eye(3), b @ b.T
    H *= 1.9 / max(1.9, lr * np.linalg.eigvalsh(H)[-1])
    V = theory.stationary_covariance(lr, H, sigma)
    M = np.eye(3) - lr * H
    assert np.allclose(M @ V @ M + lr**2 * sigma, V, rtol=1e-8, atol=1e-10)


def test_relaxation_steps():
    steps = float(theory.relaxation_steps(0.2, 0.5))
    gone = theory.transient_variance(steps, 0.2, 0.5, 1.0, 5.0) - theory.stationary_variance(0.2, 0.5, 1.0)
    first = 5.0 - theory.stationary_variance(0.2, 0.5, 1.0)
    assert float(gone / first) == pytest.approx(np.exp(-1.0), rel=1e-12)
    assert float(theory.relaxation_steps(1.0, 1.0)) == 0.0  # one update forgets everything


@given(count=st.integers(1, 40), lr=st.floats(0.02, 1.5), h=st.floats(0.05, 1.0))
def test_averaged_variance_is_the_sum_over_pairs(count, lr, h):
    lags = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    V = float(theory.stationary_variance(lr, h, 0.4))
    brute = V * ((1.0 - lr * h) ** lags).mean()
    assert float(theory.averaged_variance(count, lr, h, 0.4)) == pytest.approx(brute, rel=1e-9)


def test_averaging_is_nearly_as_good_as_the_best_cooldown():
    """0.0154 against 0.0145 for 60 iterates at eta h = 0.2; equal in the limit of many."""
    V = theory.stationary_variance(0.2, 1.0, 1.0)
    assert float(theory.averaged_variance(60, 0.2, 1.0, 1.0)) == pytest.approx(0.0154, abs=5e-5)
    assert float(theory.cooled_variance(60, 1.0, 1.0, V)) == pytest.approx(0.0145, abs=5e-5)
    many = theory.averaged_variance(10**6, 0.2, 1.0, 1.0) / theory.cooled_variance(10**6, 1.0, 1.0, V)
    assert float(many) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("product", [0.1, 1.0, 1.8])
def test_momentum_variance_solves_the_two_by_two_recursion(beta, product):
    lr, h, s = product, 1.0, 0.3
    A = np.array([[1.0 - lr * (1.0 - beta) * h, -lr * beta], [(1.0 - beta) * h, beta]])
    b = np.array([-lr * (1.0 - beta), 1.0 - beta]) * s
    C = np.linalg.solve(np.eye(4) - np.kron(A, A), np.outer(b, b).ravel())
    assert float(theory.momentum_variance(lr, h, s, beta)) == pytest.approx(C[0], rel=1e-9)


def test_momentum_is_stable_up_to_its_own_limit():
    assert float(theory.momentum_variance(37.99, 1.0, 1.0, 0.9)) > 1e4
    with pytest.raises(rv.InputError, match="lr times curvature must be below 38"):
        theory.momentum_variance(38.01, 1.0, 1.0, 0.9)


@given(a=st.floats(0.0, 1.0), lag=st.integers(0, 200), lr=st.floats(0.01, 1.5))
def test_chord_share_is_the_covariance_of_both_ends(a, lag, lr):
    rho = (1.0 - lr) ** lag
    mix = np.array([1.0 - a, a])
    assert float(theory.chord_hill_share(a, lag, lr, 1.0)) == pytest.approx(
        mix @ np.array([[1.0, rho], [rho, 1.0]]) @ mix, rel=1e-10, abs=1e-12
    )


def test_measured_chord_dips_by_half():
    """Two stable iterates 200 updates apart, h eta = 0.1: the middle has half the hill loss, within 5.5 standard errors."""
    valley = RiverValley([1.0], 0.3, FLAT)
    first = rv.simulate(valley, rv.schedules.constant(steps=100, peak_lr=0.1), trajectories=8000, seed=2)
    for lag in (5, 200):
        second = rv.simulate(valley, rv.schedules.constant(steps=lag, peak_lr=0.1), initial=first)
        ends = 0.5 * (valley.loss(first.state) + valley.loss(second.state))
        share = theory.chord_hill_share(0.5, lag, 0.1, 1.0)
        off = valley.loss(0.5 * (first.state + second.state)) - share * ends
        assert abs(off.mean()) < 5.5 * stats.sem(off)
        wrong = valley.loss(0.5 * (first.state + second.state)) - (share + 0.1) * ends
        assert abs(wrong.mean()) > 5.5 * stats.sem(wrong)


@pytest.mark.parametrize("slope", [0.01, 0.1])
def test_hill_share_of_the_gradient(slope):
    h, lr = np.array([0.3, 1.0, 1.5]), 0.4
    valley = RiverValley(h, 0.2, rv.landscapes.LinearRiver(slope))
    run = rv.simulate(valley, rv.schedules.constant(steps=200, peak_lr=lr), trajectories=20_000, seed=4)
    squares = ((run.state[:, :-1] * h) ** 2).sum(axis=1)
    measured, error = squares.mean(), stats.sem(squares)
    share = theory.hill_gradient_share(lr, h, 0.2, slope)
    assert abs(measured - share / (1.0 - share) * slope**2) < 5.5 * error


@pytest.mark.parametrize("noise_std", [0.5, 2.0])
def test_sign_descent(noise_std):
    """eta sigma sqrt(pi / 2) / 4 a hill, whatever the curvature: the walls are eroded by the Gaussian's density at 0."""
    rng, y, lr = np.random.default_rng(3), np.zeros((2, 8000)), 0.01
    h = np.array([[0.6], [1.0]])
    for _ in range(2500):
        y -= lr * np.sign(h * y + noise_std * rng.standard_normal(y.shape))
    loss = 0.5 * h * y**2
    predicted = float(theory.sign_hill_loss(lr, noise_std))
    assert np.all(np.abs(loss.mean(axis=1) - predicted) < 5.5 * stats.sem(loss, axis=1) + 0.02 * predicted)


# Decays.


def cooldown(rates, h, noise_std, start):
    return reference.quadratic_moments(h, noise_std, 0.0, start, rates)[1][-1]


@pytest.mark.parametrize("steps", [1, 2, 5, 13, 40])
@pytest.mark.parametrize("product", [0.05, 0.6, 1.6])
def test_no_rates_leave_less(steps, product):
    """1 / eta_t = 2 / eta + h t, the first half the peak, by brute force over all rates; V_T = 1 / (1 / V_0 + h^2 T / s2)."""
    h, s, lr = 0.8, 0.5, product / 0.8
    V = float(theory.stationary_variance(lr, h, s))
    rates = theory.optimal_cooldown_lr(steps, lr, h)
    assert rates[0] == pytest.approx(0.5 * lr, rel=1e-15)
    best = cooldown(rates, h, s, V)
    assert best == pytest.approx(float(theory.cooled_variance(steps, h, s, V)), rel=1e-12)
    brute = minimize(lambda x: np.log(cooldown(np.exp(x), h, s, V)), np.full(steps, np.log(0.3 * lr)), tol=1e-12)
    assert np.exp(brute.fun) == pytest.approx(best, rel=1e-7)
    assert np.allclose(np.exp(brute.x), rates, rtol=3e-3)


@given(h=st.floats(0.02, 1.0), lr=st.floats(0.01, 1.9), noise_std=positive)
def test_halving_is_best_for_one_step_of_any_stationary_mode(h, lr, noise_std):
    V = float(theory.stationary_variance(lr, h, noise_std))
    losses = [cooldown([share * lr], h, noise_std, V) for share in (0.49, 0.5, 0.51)]
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.parametrize("h, rate", [(1.0, 0.3), (0.2, 0.4), (0.1, 1.0), (1.0, 5.0)])
def test_inverse_decay_at_small_rates(h, rate):
    """The formula's error is of first order in the rate. The second case is h = a / 2, where a term would be 0 / 0."""
    off = []
    for lr in (0.004, 0.002):
        steps = round(9.0 / (rate * lr))
        rates = 1.0 / (1.0 / lr + rate * np.arange(steps))
        exact = cooldown(rates, h, 0.5, 3.0 * lr)
        off.append(abs(float(theory.inverse_decay_variance(steps, lr, rate, h, 0.5, 3.0 * lr)) / exact - 1.0))
    assert off[0] < 0.02
    assert off[1] == pytest.approx(0.5 * off[0], rel=0.1)


def test_steep_modes_end_quasi_stationary_and_flat_ones_are_not_annealed():
    lr, rate, steps = 0.01, 0.2, 5000
    last = lr / (1.0 + rate * lr * steps)
    steep = float(theory.inverse_decay_variance(steps, lr, rate, 20.0, 1.0, 0.1))
    assert steep == pytest.approx(last / 40.0, rel=0.01)
    flat = float(theory.inverse_decay_variance(steps, lr, rate, 0.005, 1.0, 1.0))
    assert flat > 0.85


@given(factor=st.floats(1.5, 30.0), lr=st.floats(0.05, 1.0), h=st.floats(0.05, 1.0))
def test_steps_and_border_of_a_cooldown_are_inverses(factor, lr, h):
    steps = float(theory.cooldown_steps(factor, lr, h))
    V = theory.stationary_variance(lr, h, 0.3)
    assert float(V / theory.cooled_variance(steps, h, 0.3, V)) == pytest.approx(factor, rel=1e-9)
    assert float(theory.border_curvature(factor, lr, steps)) == pytest.approx(h, rel=1e-9)


@pytest.mark.parametrize("shape", ["linear", "cosine", "inverse", "exponential"])
def test_lagged_hill_loss_is_the_recursion_at_small_rates(shape):
    """To first order in eta h: a tenth of the rate over ten times the steps, a tenth of the error."""
    h, off = np.array([0.2, 0.5, 1.0]), []
    for lr, steps in ((0.2, 400), (0.02, 4000)):
        schedule = rv.schedules.wsd(steps=steps, peak_lr=lr, decay_fraction=0.5, decay_shape=shape, final_lr=0.1 * lr)
        start = theory.stationary_variance(lr, h, 0.3)
        runs = [reference.quadratic_moments(c, 0.3, 0.0, float(v), schedule.lr)[1] for c, v in zip(h, start, strict=True)]
        exact = 0.5 * sum(c * v for c, v in zip(h, runs, strict=True))
        off.append(np.abs(theory.lagged_hill_loss(schedule.lr, h, 0.3) / exact - 1.0).max())
    assert off[0] < 0.05
    assert off[1] < 0.15 * off[0]


@pytest.mark.parametrize("lr", [0.05, 0.8])
def test_lag_after_one_small_drop(lr):
    """The excess is the drop times the slope of the stationary loss, forgotten over the summed rate."""
    h, drop = 1.3, 1e-5

    def stationary(rate):
        return float(theory.stationary_hill_loss(rate, h, 0.3))

    after = theory.lagged_hill_loss([lr + drop] + [lr] * 4, h, 0.3)[1:] - stationary(lr)
    slope = (stationary(lr + 1e-6) - stationary(lr - 1e-6)) / 2e-6
    assert np.allclose(after, drop * slope * np.exp(-2.0 * h * lr * np.arange(1, 5)), rtol=1e-4)


@pytest.mark.parametrize("shape, scale", [(0.59, 2.05), (1.0, 2.0), (3.0, 0.4)])
def test_the_lag_kernel_is_a_mean_over_gamma_distributed_curvatures(shape, scale):
    for s in (0.1, 1.0, 10.0):
        mean = stats.gamma(shape, scale=0.5 * scale).expect(lambda h, s=s: -np.expm1(-2.0 * h * s))
        assert float(theory.lag_kernel(s, shape, scale)) == pytest.approx(mean, rel=1e-6)


def decay_cost(steps, lr, h, noise_std, slope):
    rates = theory.optimal_cooldown_lr(steps, lr, h)
    V = theory.cooled_variance(steps, h, noise_std, theory.stationary_variance(lr, h, noise_std))
    return float(0.5 * h * V + slope**2 * (lr * steps - rates.sum()))


def test_best_decay_length():
    """At eta h = 0.03: the root 34 is within a step of brute force over the exact recursion; the long-decay estimate is 82."""
    lr, h, noise_std = 0.3, 0.1, 1.0
    slope = noise_std / (82.0 * np.sqrt(2.0 * h * lr))
    brute = min(range(1, 200), key=lambda T: decay_cost(T, lr, h, noise_std, slope))
    found = theory.best_decay_steps(lr, h, noise_std, slope)
    assert theory.long_decay_steps(lr, h, noise_std, slope) == pytest.approx(82.0, rel=1e-12)
    assert 33.0 < found < 36.0
    assert abs(found - brute) <= 1.0


@given(lr=st.floats(0.05, 1.5), h=st.floats(0.05, 1.0), slope=st.floats(0.003, 0.3))
def test_best_decay_length_by_brute_force(lr, h, slope):
    found = theory.best_decay_steps(lr, h, 1.0, slope)
    near = max(1, round(found))
    here = decay_cost(near, lr, h, 1.0, slope)
    for other in (max(1, near - 2 - near // 20), near + 2 + near // 20):
        assert here <= decay_cost(other, lr, h, 1.0, slope)


def test_long_decays_tend_to_the_estimate():
    assert theory.best_decay_steps(0.5, 1.0, 1.0, 1e-5) == pytest.approx(theory.long_decay_steps(0.5, 1.0, 1.0, 1e-5), rel=1e-3)


@pytest.mark.parametrize("shape", ["inverse", "linear", "cosine", "sqrt", "exponential", "square"])
@pytest.mark.parametrize("ratio, steps", [(10.0, 250), (100.0, 40), (3.0, 1)])
def test_decay_shares_are_those_of_the_schedules(shape, ratio, steps):
    """To rounding for the schedule's own steps, and to first order in 1 / steps for the limit."""
    schedule = rv.schedules.wsd(steps, 2.0, decay_steps=steps, decay_shape=shape, final_lr=2.0 / ratio)
    share = schedule.lr.mean() / 2.0
    assert theory.decay_share(shape, ratio, steps) == pytest.approx(share, rel=1e-12)
    assert theory.decay_share(shape, ratio) == pytest.approx(share, abs=1.0 / steps)


def test_decay_shares_to_the_digits_given():
    shares = [theory.decay_share(shape, 10.0) for shape in ("inverse", "linear", "cosine", "sqrt", "exponential")]
    assert np.allclose(shares, [0.2558, 0.55, 0.55, 0.40, 0.39], atol=[5e-5, 1e-12, 1e-12, 5e-3, 5e-3])


@pytest.mark.parametrize("fraction", [0.1, 0.2])
def test_summed_rates_of_wsd_and_wsd_s(fraction):
    """To rounding with each decay's share at its own steps; in the limit of long decays a notch of 0.225 each is left out."""
    T, eta = np.array([2500, 5000, 10_000]), 0.5
    shares = np.array([theory.decay_share("inverse", 10.0, round(fraction * budget)) for budget in T])
    decayed = fraction * T * (1.0 - shares)
    earlier = fraction * (np.cumsum(T) - T)
    entries = contenders(T, eta, fraction)
    run = np.cumsum(entries["wsd-s"].lr)[T - 1]
    assert np.allclose(run, eta * (T - np.cumsum(decayed)), rtol=1e-12)
    assert np.allclose(theory.wsd_s_summed_lr(T, eta, fraction) - run, 0.225 * np.arange(1, 4), rtol=0.02)
    for charged, name in ((True, "wsd, charged"), (False, "wsd")):
        sums = np.array([entries[name](budget).lr.sum() for budget in T.tolist()])
        assert np.allclose(sums, eta * (T - charged * earlier - decayed), rtol=1e-12)
        assert np.allclose(theory.wsd_summed_lr(T, eta, fraction, charged=charged) - sums, 0.225, rtol=0.02)
    if fraction == 0.1:
        assert round(float(theory.wsd_s_summed_lr(T, 0.5)[-1])) == 4349
        assert round(float(theory.wsd_summed_lr(T, 0.5, charged=False)[-1])) == 4628
        assert round(float(theory.wsd_summed_lr(T, 0.5)[-1])) == 4253


def test_what_wsd_s_gains_is_the_progress_of_its_earlier_decays():
    T = np.array([2500, 5000, 10_000])
    gain = theory.wsd_s_summed_lr(T, 0.5) - theory.wsd_summed_lr(T, 0.5)
    earlier = np.cumsum(T) - T
    assert np.allclose(gain, 0.5 * 0.1 * theory.decay_share("inverse", 10.0) * earlier, rtol=1e-12)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: theory.stationary_variance(2.0, 1.0, 1.0), "lr times curvature must be below 2"),
        (lambda: theory.stationary_variance(0.1, 0.0, 1.0), "curvature must be"),
        (lambda: theory.stationary_variance(np.nan, 1.0, 1.0), "lr must be"),
        (lambda: theory.stationary_variance(0.1, 1.0, [-1.0]), "noise_std must hold"),
        (lambda: theory.stationary_covariance(0.1, [[1.0, 2.0]], [[1.0]]), "hessian must be a symmetric matrix"),
        (lambda: theory.stationary_covariance(0.1, [[-1.0]], [[1.0]]), "must have eigenvalues between 0 and 2"),
        (lambda: theory.averaged_variance(0, 0.1, 1.0, 1.0), "count must be"),
        (lambda: theory.momentum_variance(0.1, 1.0, 1.0, 1.0), "beta must be below 1"),
        (lambda: theory.optimal_cooldown_lr(0, 0.1, 1.0), "steps must be"),
        (lambda: theory.optimal_cooldown_lr(3, 2.0, 1.0), "lr times curvature must be below 2"),
        (lambda: theory.cooldown_steps(0.5, 0.1, 1.0), "factor must be"),
        (lambda: theory.inverse_decay_variance(3, 0.1, -1.0, 1.0, 1.0, 1.0), "rate must be"),
        (lambda: theory.lagged_hill_loss([0.1, -0.1], [1.0], 1.0), "lr must hold"),
        (lambda: theory.lag_kernel(1.0, 0.0, 1.0), "shape must be"),
        (lambda: theory.best_decay_steps(0.1, 1.0, 1.0, 0.0), "river_slope must be"),
        (lambda: theory.decay_share("stairs", 10.0), "shape must be one of"),
        (lambda: theory.decay_share("linear", 1.0), "ratio must be"),
        (lambda: theory.wsd_s_summed_lr([100, 50], 0.1), "checkpoints must"),
        (lambda: theory.wsd_summed_lr([100, 105], 0.1), "checkpoints must"),
        (lambda: theory.wsd_summed_lr([100, 205], 0.1, 1.5), "decay_fraction must be"),
        (lambda: theory.wall_hill_loss(0.1, 1.0, 0.0), "power must be"),
        (lambda: theory.chord_hill_share(0.5, -1, 0.1, 1.0), "lag_steps must be"),
    ],
)
def test_bad_arguments_are_refused(make, words):
    with pytest.raises(rv.InputError, match=words):
        make()
