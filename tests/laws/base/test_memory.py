"""The power-law memory as a mixture of exponentials."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivervalley.laws.base.memory import RATES, memory_weights, weights_and_slopes

u_values, beta_values = st.floats(1e-3, 5.0), st.floats(0.1, 3.0)


@given(u_values, beta_values)
def test_shares_add_up_to_one(u, beta):
    weights = memory_weights(u, beta)
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert weights.min() >= 0.0


@pytest.mark.parametrize(("u", "beta"), [(0.4, 0.32), (0.1, 0.32), (1.0, 0.6), (0.4, 1.0), (0.05, 1.2)])
def test_the_mixture_is_the_power_law(u, beta):
    clock = np.geomspace(1e-2, 1e5, 200)
    mixture = np.exp(-np.outer(clock, RATES)) @ memory_weights(u, beta)
    assert np.abs(mixture - (1.0 + u * clock) ** -beta).max() < 2e-3


@given(u_values, beta_values)
def test_slopes_are_those_of_finite_differences(u, beta):
    _, by_u, by_beta = weights_and_slopes(u, beta)
    h = 1e-5
    for slope, ahead, behind in (
        (by_u, memory_weights(u * np.exp(h), beta), memory_weights(u * np.exp(-h), beta)),
        (by_beta, memory_weights(u, beta * np.exp(h)), memory_weights(u, beta * np.exp(-h))),
    ):
        np.testing.assert_allclose(slope, (ahead - behind) / (2.0 * h), atol=2e-9)
