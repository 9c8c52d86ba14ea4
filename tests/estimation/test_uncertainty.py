"""What data tell of a law's parameters: standard errors, autocorrelation, priors, identification, variance inflation."""

import numpy as np
import pytest
from scipy import stats

from rivervalley import LossCurve
from rivervalley.estimation.uncertainty import autocorrelation_time, identify, uncertainty
from rivervalley.laws import AnnealingLaw, published


def test_autocorrelation_time_of_known_series():
    rng = np.random.default_rng(8)
    white = rng.standard_normal(20_000)
    assert autocorrelation_time(white)[0] == pytest.approx(1.0, abs=0.1)
    for rho in (0.5, 0.9):
        series = np.empty_like(white)
        series[0] = white[0] / np.sqrt(1 - rho**2)
        for i in range(1, series.size):
            series[i] = rho * series[i - 1] + white[i]
        tau, lag1 = autocorrelation_time(series)
        assert tau == pytest.approx((1 + rho) / (1 - rho), rel=0.2) and lag1 == pytest.approx(rho, abs=0.03)
    assert autocorrelation_time(np.ones(50))[0] == pytest.approx(50, rel=0.05)
    assert autocorrelation_time(np.zeros(50)) == (1.0, 0.0)


def coverage(rho, correct, replicas=1000, n=200):
    """How often a nominal 90 % interval holds a slope of linear regression with residuals of autocorrelation rho."""
    rng = np.random.default_rng(17)
    u = np.linspace(0.0, 1.0, n)
    jacobian = np.stack([np.ones(n), u, np.cos(3 * u)])
    project = np.linalg.inv(jacobian @ jacobian.T) @ jacobian
    inside = 0
    for _ in range(replicas):
        noise = rng.standard_normal(n) * 0.3
        for i in range(1, n):
            noise[i] += rho * noise[i - 1]
        estimate = project @ noise
        residuals = noise - estimate @ jacobian
        parts = [slice(0, n)] if correct else [slice(k, k + 1) for k in range(n)]
        known = uncertainty(jacobian, residuals, parts, 10.0, 0.9)
        inside += abs(estimate[1]) <= known.quantile * known.standard_errors[1]
    return inside


def test_intervals_allow_for_correlated_residuals_and_would_fail_without():
    low, high = stats.binom.interval(1 - 1e-6, 1000, 0.9)
    assert low <= coverage(0.0, True) <= high + 30  # estimated times are at least 1, so intervals may be a little wide
    # A fit removes slow parts of the noise, so its residuals look less correlated than they are: some shortfall is left.
    assert coverage(0.7, True) >= stats.binom.interval(1 - 1e-6, 1000, 0.86)[0]
    assert coverage(0.7, False) < low - 150


def test_standard_errors_are_the_sandwich_of_robust_regression():
    """Two curves of different noise, a delta that half of the residuals exceed; written out with plain matrices."""
    rng = np.random.default_rng(6)
    u = np.linspace(0.0, 1.0, 60)
    jacobian = np.stack([np.ones(60), 1e-3 * u, 50.0 * u**2])
    residuals = rng.choice([-1.0, 1.0], 60) * np.tile([0.5, 2.0], 30) * np.repeat([1.0, 0.7], 30)
    parts = [slice(0, 30), slice(30, 60)]
    known = uncertainty(jacobian, residuals, parts, 1.0, 0.8)
    psi = np.clip(residuals, -1.0, 1.0)
    bread = np.linalg.inv(0.5 * jacobian @ jacobian.T)  # half of the residuals lie inside
    meat = np.zeros((3, 3))
    for part, tau in zip(parts, known.times, strict=True):
        meat += tau * np.mean(psi[part] ** 2) * jacobian[:, part] @ jacobian[:, part].T
    wanted = bread @ meat @ bread * 60 / 57
    assert np.allclose(known.covariance, wanted, rtol=1e-8)
    freedom = sum(30 / tau for tau in known.times) - 3
    assert known.quantile == pytest.approx(stats.t.ppf(0.9, freedom))
    assert known.times[0] == autocorrelation_time(psi[:30])[0]

    prior = np.array([0.0, 1e-4, 0.0])
    drawn = uncertainty(jacobian, residuals, parts, 1.0, 0.8, prior)
    bread = np.linalg.inv(0.5 * jacobian @ jacobian.T + np.diag(prior))
    wanted = bread @ (meat * 60 / 57 + np.diag(prior)) @ bread
    assert np.allclose(drawn.covariance, wanted, rtol=1e-8)


def test_a_prior_identifies_what_the_data_leave_open():
    u = np.linspace(0.0, 1.0, 40)
    jacobian = np.stack([np.ones(40), np.zeros(40), u])
    parts, residuals = [slice(0, 40)], 0.01 * np.cos(50.0 * u)
    assert uncertainty(jacobian, residuals, parts, 1.0, 0.9).identified.tolist() == [True, False, True]
    known = uncertainty(jacobian, residuals, parts, 1.0, 0.9, np.array([0.0, 25.0, 0.0]))
    assert known.identified.all() and known.standard_errors[1] == pytest.approx(1.0 / 5.0)


def test_identify_names_what_is_tied_and_what_is_missing():
    u = np.linspace(0.0, 1.0, 30)
    rows = np.stack([np.ones(30), u, 2.0 * u, np.zeros(30), u**2])
    identified, condition_number, inflation = identify(rows)
    assert identified.tolist() == [True, False, False, False, True]
    assert np.isinf(condition_number) and np.isinf(inflation[[1, 2, 3]]).all() and np.isfinite(inflation[[0, 4]]).all()
    identified, condition_number, inflation = identify(np.eye(3) * [[1e-9], [1.0], [1e9]])
    assert identified.all() and condition_number == pytest.approx(1.0) and np.allclose(inflation, 1.0)


def test_variance_inflation_is_one_over_one_minus_r2():
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((3, 40))
    rows[2] += 3.0 * rows[0]
    _, _, inflation = identify(rows)
    for k in range(3):
        others = np.delete(rows, k, axis=0)
        rest = rows[k] - others.T @ np.linalg.lstsq(others.T, rows[k], rcond=None)[0]
        assert inflation[k] == pytest.approx((rows[k] @ rows[k]) / (rest @ rest), rel=1e-9)


def test_spread_of_estimates_with_noise_is_what_the_digits_say():
    """Standard errors at 0.05 % noise on 20 points of each curve: .0026, .007, .008, .003 for L0, ln A, ln C, alpha."""
    golden = AnnealingLaw(L0=2.6278, A=0.4297, alpha=0.5498, C=0.4108, warmup_area="full")
    rng = np.random.default_rng(4)
    found = []
    for _ in range(60):
        made = []
        for curve in (published.cosine(), published.constant()):
            loss = golden.predict_at(curve.schedule, curve.steps) * (1 + 5e-4 * rng.standard_normal(20))
            made.append(LossCurve(curve.steps, loss, curve.schedule))
        law = AnnealingLaw.fit(made, warmup_area="full")
        found.append([law.L0, np.log(law.A), np.log(law.C), law.alpha])
    wanted = np.array([0.00257, 0.00665, 0.00847, 0.00299])
    low, high = np.sqrt(stats.chi2.ppf([2.5e-7, 1 - 2.5e-7], 59) / 59)
    # The Huber estimate is a little less efficient than least squares, by up to 5 % at this noise.
    ratio = np.std(found, axis=0, ddof=1) / wanted
    assert np.all(ratio > low) and np.all(ratio < 1.05 * high)
