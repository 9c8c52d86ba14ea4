"""The response with a power-law memory against its sum, and its derivatives against differences."""

import numpy as np

from rivervalley.kernels.power_memory import power_response


def response(u, beta):
    rng = np.random.default_rng(0)
    change, begin = rng.standard_normal(30), np.cumsum(rng.random(30))
    seen = np.array([1, 7, 7, 30])
    now = np.array([begin[0] + 0.5, begin[6] + 0.1, begin[6] + 2.0, begin[-1]])
    out = np.empty((3, 4))
    power_response(change, begin, now, seen, u, beta, out)
    exact = [np.sum(change[:k] * (1.0 - (1.0 + u * (t - begin[:k])) ** -beta)) for k, t in zip(seen, now, strict=True)]
    return out, np.array(exact)


def test_response_is_its_sum():
    out, exact = response(0.7, 0.55)
    np.testing.assert_allclose(out[0], exact, rtol=1e-12)


def test_derivatives():
    u, beta, step = 0.7, 0.55, 1e-6
    out, _ = response(u, beta)
    by_u = (response(u * np.exp(step), beta)[0][0] - response(u * np.exp(-step), beta)[0][0]) / (2 * step)
    by_beta = (response(u, beta * np.exp(step))[0][0] - response(u, beta * np.exp(-step))[0][0]) / (2 * step)
    np.testing.assert_allclose(out[1], by_u, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(out[2], by_beta, rtol=1e-7, atol=1e-9)
