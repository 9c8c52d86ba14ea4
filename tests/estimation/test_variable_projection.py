"""The robust optimiser: weights of points, and whether a search converged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rivervalley.estimation.starts import StartAgreement, start_agreement
from rivervalley.estimation.uncertainty import uncertainty
from rivervalley.estimation.variable_projection import Problem, descend, huber

X = np.geomspace(0.1, 10.0, 40)


def power_law(repeats=None):
    x = X if repeats is None else np.repeat(X, repeats)

    def terms(phi):
        power = x ** -phi[0]
        return np.stack([np.ones(x.size), power]), (-np.log(x) * power)[None]

    return terms


def problem(loss, weights=1.0, repeats=None, **options):
    return Problem(
        power_law(repeats), np.array([1]), np.log(loss), 1e-3, np.array([0.01]), np.array([10.0]), weights=weights, **options
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_a_weight_of_n_is_n_equal_points(seed):
    rng = np.random.default_rng(seed)
    loss = (2.0 + X**-0.5) * np.exp(2e-3 * rng.standard_normal(X.size))
    repeats = rng.integers(1, 4, X.size)
    prior = {"center": np.array([0.6]), "strength": np.array([50.0])}
    weighted = descend(problem(loss, repeats.astype(float), **prior), np.array([0.4]), 1e-13)
    repeated = descend(problem(np.repeat(loss, repeats), repeats=repeats, **prior), np.array([0.4]), 1e-13)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-10)
    np.testing.assert_allclose([*weighted.coefficients, *weighted.phi], [*repeated.coefficients, *repeated.phi], rtol=1e-5)
    plain = descend(problem(loss, **prior), np.array([0.4]), 1e-13)
    assert abs(plain.phi[0] / weighted.phi[0] - 1.0) > 1e-7, "the weights matter"


def test_equal_weights_change_no_digit():
    loss = (2.0 + X**-0.5) * np.exp(2e-3 * np.random.default_rng(0).standard_normal(X.size))
    one, two = descend(problem(loss), np.array([0.4])), descend(problem(loss, np.ones(X.size)), np.array([0.4]))
    assert one.objective == two.objective and one.coefficients.tolist() == two.coefficients.tolist()


def test_huber_weighs_its_points():
    residuals = np.array([0.5, -2.0])
    assert huber(residuals, 1.0, np.array([3.0, 0.5])) == pytest.approx(3.0 * 0.125 + 0.5 * 1.5)


def test_a_search_that_stops_at_its_limit_says_so():
    loss = 2.0 + X**-0.5
    stopped = descend(problem(loss), np.array([3.0]), 1e-13, max_iterations=2)
    assert not stopped.converged and stopped.iterations == 2
    ended = descend(problem(loss), np.array([3.0]), 1e-13)
    assert ended.converged and 2 < ended.iterations < 100


def test_a_search_without_shape_parameters_converges_at_once():
    def terms(phi):
        return np.stack([np.ones(X.size), 1.0 / X]), np.empty((0, X.size))

    none = np.empty(0)
    found = descend(Problem(terms, none.astype(int), np.log(2.0 + 1.0 / X), 1e-3, none, none, none, none), none)
    assert found.converged and found.iterations == 0


def test_weighted_uncertainty_is_the_sandwich_written_out():
    rng = np.random.default_rng(5)
    jacobian = np.stack([np.ones(30), np.linspace(0.0, 1.0, 30)])
    residuals, weights = 0.5 * rng.standard_normal(30), rng.uniform(0.2, 2.0, 30)
    parts = [slice(0, 10), slice(10, 30)]
    spread = uncertainty(jacobian, residuals, parts, 10.0, 0.9, None, weights)
    bread = np.linalg.inv((jacobian * weights) @ jacobian.T)
    meat = np.zeros((2, 2))
    for part, tau in zip(parts, spread.times, strict=True):
        meat += tau * np.mean(residuals[part] ** 2) * (jacobian[:, part] * weights[part] ** 2) @ jacobian[:, part].T
    np.testing.assert_allclose(spread.covariance, bread @ meat @ bread * 30 / 28, rtol=1e-10)
    first = weights[:10].sum() ** 2 / np.sum(weights[:10] ** 2) / spread.times[0]
    assert spread.effective[0] == pytest.approx(first) and first < 10


def test_agreement_counts_searches_near_the_best_and_exact_fits_as_equal():
    assert start_agreement([2.0, 2.001, 3.0], 2.0, 10) == StartAgreement(3, 2, 0.5)
    assert start_agreement([1e-30, 1e-25], 1e-30, 10) == StartAgreement(2, 2, 0.0)
