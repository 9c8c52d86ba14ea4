"""Statistical checks have the false-alarm rates that they state, on normal and on skewed samples, and fail where they should."""

import numpy as np
import pytest
from scipy import stats

from rivervalley.claims import checks


@pytest.fixture
def one_percent(monkeypatch):
    monkeypatch.setattr(checks, "FALSE_ALARM", 0.01)


def band(trials, chance):
    """Counts that a binomial stays within but for one in a million."""
    return stats.binom.interval(1 - 1e-6, trials, chance)


@pytest.mark.parametrize("count", [6, 30])
def test_sampled_uses_students_quantile(one_percent, count):
    rng = np.random.default_rng(3)
    failed = sum(not checks.sampled("x", 0.0, rng.standard_normal(count)).passed for _ in range(4000))
    # The skewness term only widens: at most the stated rate, and not far below it.
    assert band(4000, 0.001)[0] <= failed <= band(4000, 0.01)[1]


def test_sampled_allows_for_skewness(one_percent):
    rng = np.random.default_rng(4)
    skewed = rng.exponential(size=(4000, 100)) - 1.0
    failed = sum(not checks.sampled("x", 0.0, row).passed for row in skewed)
    assert failed <= band(4000, 0.01)[1]
    plain = np.abs(skewed.mean(axis=1)) > stats.norm.isf(0.005) * skewed.std(axis=1, ddof=1) / 10.0
    assert plain.sum() > band(4000, 0.01)[1]  # which the normal quantile alone does not


def test_sampled_takes_columns_and_names_the_worst():
    rng = np.random.default_rng(5)
    check = checks.sampled("x", [0.0, 1.0], rng.standard_normal((500, 2)))
    assert (check.predicted, check.passed) == (1.0, False)
    assert "standard error of 500" in check.basis


@pytest.mark.parametrize("sign, make", [(1.0, checks.at_most), (-1.0, checks.at_least)])
def test_one_sided_checks_fail_true_bounds_at_the_stated_rate(one_percent, sign, make):
    errors = np.random.default_rng(6).standard_normal(4000)
    failed = sum(not make("x", 0.0, sign * e, standard_error=1.0).passed for e in errors)
    assert band(4000, 0.01)[0] <= failed <= band(4000, 0.01)[1]
    assert make("x", 0.0, -sign * 100.0, standard_error=1.0).passed


@pytest.mark.parametrize("sign, make", [(1.0, checks.surely_above), (-1.0, checks.surely_below)])
def test_sure_checks_pass_at_the_bound_at_the_stated_rate(one_percent, sign, make):
    samples = np.random.default_rng(7).standard_normal((4000, 6))
    passed = sum(make("x", 0.0, sign * row).passed for row in samples)
    assert band(4000, 0.01)[0] <= passed <= band(4000, 0.01)[1]
    assert make("x", 0.0, sign * (10.0 + samples[0])).passed


def test_directions_and_grounds_are_told():
    assert checks.at_most("x", 1.0, 0.5).direction == "at most"
    assert checks.surely_above("x", 0.0, [1.0, 1.1]).direction == "at least"
    assert checks.agreement("x", 1.0, 1.0, 0.1, bias=0.01, basis="curvature").basis.endswith("for curvature")
