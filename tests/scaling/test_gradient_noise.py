"""The gradient noise scale: the formulas against the quadratic that they come from, and against sampled gradients."""

import numpy as np
import pytest

from rivervalley._common.checks import InputError
from rivervalley.scaling import gradient_noise


@pytest.fixture
def world():
    rng = np.random.default_rng(5)
    d = 4
    spread = rng.standard_normal((d, d))
    curved = rng.standard_normal((d, d))
    return rng.standard_normal(d), spread @ spread.T, curved @ curved.T + np.eye(d)


def test_the_best_step_of_a_quadratic(world):
    """Mean loss after a step at batch B: -eta |G|^2 + eta^2 / 2 (G'HG + tr(H Sigma) / B); least at eta(B)."""
    G, sigma, H = world
    for B in (1.0, 7.0, 300.0):
        curve = 0.5 * (G @ H @ G + np.trace(H @ sigma) / B)
        best = (G @ G) / (2 * curve)
        share = gradient_noise.share_at_batch_size(B, gradient_noise.noise_scale(G, sigma, H))
        assert gradient_noise.best_learning_rate(G, H) * share == pytest.approx(best, rel=1e-12)
        gain = best * (G @ G) - curve * best**2
        assert gradient_noise.largest_gain(G, H) * share == pytest.approx(gain, rel=1e-12)


def test_diagonals_stand_for_matrices(world):
    G, sigma, H = world
    s, h = np.diag(sigma), np.diag(H)
    full = gradient_noise.noise_scale(G, np.diag(s), np.diag(h))
    for covariance in (s, np.diag(s)):
        for hessian in (h, np.diag(h)):
            assert gradient_noise.noise_scale(G, covariance, hessian) == pytest.approx(full, rel=1e-13)
    assert gradient_noise.simple_noise_scale(G, sigma) == pytest.approx(gradient_noise.simple_noise_scale(G, s), rel=1e-13)
    # With H a multiple of the identity both scales are one.
    assert gradient_noise.noise_scale(G, sigma, 3 * np.eye(4)) == pytest.approx(
        gradient_noise.simple_noise_scale(G, sigma), rel=1e-13
    )


def test_two_batches_on_exact_means(world):
    G, sigma, _ = world
    simple = gradient_noise.simple_noise_scale(G, sigma)
    squares = gradient_noise.squared_gradient_at_batch_size(G @ G, [8.0, 64.0], simple)
    assert gradient_noise.simple_noise_scale_from_two_batches(8, 64, squares[:1], squares[1:]) == pytest.approx(
        simple, rel=1e-12
    )


def test_two_batches_on_sampled_gradients(world):
    """Within 5 standard errors, from the spread over 40 independent groups (false alarm about 1e-5 with Student's tails)."""
    G, sigma, _ = world
    rng = np.random.default_rng(11)
    root = np.linalg.cholesky(sigma)
    means = []
    for B in (16, 512):
        noise = rng.standard_normal((40, 500, 4)) @ root.T / np.sqrt(B)
        means.append(np.sum((G + noise) ** 2, axis=2).mean(axis=1))
    small, large = means
    square = (512 * large - 16 * small) / 496
    trace = (small - large) / (1 / 16 - 1 / 512)
    for found, truth in ((square, G @ G), (trace, np.trace(sigma))):
        assert abs(found.mean() - truth) < 5 * found.std(ddof=1) / np.sqrt(40)
    whole = gradient_noise.simple_noise_scale_from_two_batches(16, 512, small, large)
    assert whole == pytest.approx(trace.mean() / square.mean(), rel=1e-12)
    assert whole == pytest.approx(gradient_noise.simple_noise_scale(G, sigma), rel=0.1)


def test_bad_input(world):
    G, sigma, H = world
    with pytest.raises(InputError, match="gradient must not be all 0"):
        gradient_noise.simple_noise_scale(np.zeros(4), sigma)
    with pytest.raises(InputError, match=r"covariance must have shape \(4,\) or \(4, 4\)"):
        gradient_noise.noise_scale(G, np.ones(3), H)
    with pytest.raises(InputError, match="hessian must curve upward"):
        gradient_noise.noise_scale(G, sigma, -H)
    with pytest.raises(InputError, match="large_batch must be a finite number above 8"):
        gradient_noise.simple_noise_scale_from_two_batches(8, 8, [1.0], [1.0])
    with pytest.raises(InputError, match="gradient above its noise"):
        gradient_noise.simple_noise_scale_from_two_batches(8, 64, [8.0], [0.9])
    assert gradient_noise.simple_noise_scale_from_two_batches(8, 64, [1.0], [1.1]) == 0.0
