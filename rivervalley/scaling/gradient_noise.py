"""The gradient noise scale (McCandlish et al., An Empirical Model of Large-Batch Training, arXiv 1812.06162).

With G the gradient, Sigma the covariance of one sample's gradient and H the Hessian, a step at batch size B gains most at
eta(B) = eta_max / (1 + B_noise / B), and then dL_max / (1 + B_noise / B). Summed over steps this gives the hyperbola of
`rivervalley.scaling.kaplan.minimum_steps`; the noise scale foretells the critical batch size of a whole run only roughly.

A covariance or Hessian is given as a matrix of shape (d, d) or by its diagonal, shape (d,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.scaling._arguments import Numbers, Value, calculator, numbers, together


def _vector(gradient: ArrayLike) -> FloatArray:
    g = checks.array("gradient", gradient)
    if not np.any(g):
        raise InputError("gradient must not be all 0, where the noise scale is infinite")
    return g


def _matrix(name: str, value: ArrayLike, size: int) -> FloatArray:
    ndim = 2 if np.ndim(value) == 2 else 1
    matrix = checks.array(name, value, ndim=ndim)
    if matrix.shape not in ((size,), (size, size)):
        raise InputError(f"{name} must have shape ({size},) or ({size}, {size}) as the gradient has, not {matrix.shape}")
    return matrix


def _curvature(gradient: FloatArray, hessian: FloatArray) -> float:
    """G' H G, refused where it is not positive: then no step is the best."""
    along = hessian * gradient if hessian.ndim == 1 else hessian @ gradient
    curvature = float(gradient @ along)
    if curvature <= 0.0:
        raise InputError(f"hessian must curve upward along the gradient, but G'HG is {curvature:g}")
    return curvature


def simple_noise_scale(gradient: ArrayLike, covariance: ArrayLike) -> float:
    """tr(Sigma) / |G|^2, in samples: the noise scale where H is a multiple of the identity.

    Parameters
    ----------
    gradient : array, shape (d,)
    covariance : array, shape (d, d) or (d,)
        Of the gradient of one sample.

    Raises
    ------
    InputError
        If shapes differ, entries are not finite, or the gradient is 0.

    Examples
    --------
    >>> simple_noise_scale([3.0, 4.0], [50.0, 25.0])
    3.0
    """
    g = _vector(gradient)
    sigma = _matrix("covariance", covariance, g.size)
    return float((sigma.sum() if sigma.ndim == 1 else np.trace(sigma)) / (g @ g))


def noise_scale(gradient: ArrayLike, covariance: ArrayLike, hessian: ArrayLike) -> float:
    """tr(H Sigma) / (G' H G), in samples.

    Raises
    ------
    InputError
        As `simple_noise_scale`, or if the Hessian does not curve upward along the gradient.

    Examples
    --------
    >>> noise_scale([3.0, 4.0], [50.0, 25.0], [2.0, 1.0])
    3.676470588235294
    """
    g = _vector(gradient)
    sigma, h = _matrix("covariance", covariance, g.size), _matrix("hessian", hessian, g.size)
    if h.ndim == 1:
        trace = float(h @ (sigma if sigma.ndim == 1 else np.diag(sigma)))
    else:
        trace = float(np.diag(h) @ sigma if sigma.ndim == 1 else np.sum(h * sigma.T))
    return trace / _curvature(g, h)


def best_learning_rate(gradient: ArrayLike, hessian: ArrayLike) -> float:
    """eta_max = |G|^2 / (G' H G), the rate that gains most from a step without noise. Raises as `noise_scale`."""
    g = _vector(gradient)
    return float(g @ g) / _curvature(g, _matrix("hessian", hessian, g.size))


def largest_gain(gradient: ArrayLike, hessian: ArrayLike) -> float:
    """dL_max = |G|^4 / (2 G' H G), what that step gains. Raises as `noise_scale`."""
    g = _vector(gradient)
    return float(g @ g) ** 2 / (2.0 * _curvature(g, _matrix("hessian", hessian, g.size)))


@calculator
def share_at_batch_size(batch_size: Numbers, noise_scale: Numbers) -> Value:
    """1 / (1 + B_noise / B): what noise leaves of the best learning rate, and of the gain of a step.

    Raises InputError if an argument is not positive and finite or the shapes do not broadcast.

    Examples
    --------
    >>> share_at_batch_size([1.0, 10.0, 1000.0], 10.0).round(3).tolist()
    [0.091, 0.5, 0.99]
    """
    B, noise = together(batch_size=batch_size, noise_scale=noise_scale)
    share: FloatArray = B / (B + noise)
    return share


@calculator
def squared_gradient_at_batch_size(squared_gradient: Numbers, batch_size: Numbers, simple_noise_scale: Numbers) -> Value:
    """Mean squared norm of the gradient of a batch, |G|^2 (1 + B_simple / B). Raises as `share_at_batch_size`."""
    square, B, noise = together(squared_gradient=squared_gradient, batch_size=batch_size, simple_noise_scale=simple_noise_scale)
    seen: FloatArray = square * (1.0 + noise / B)
    return seen


def simple_noise_scale_from_two_batches(
    small_batch: float, large_batch: float, small_squares: ArrayLike, large_squares: ArrayLike
) -> float:
    """B_simple from squared norms of gradients measured at two batch sizes.

    Unbiased estimates of |G|^2 and tr(Sigma) are formed from the mean squared norms, and divided (derived from
    E|G_B|^2 = |G|^2 + tr(Sigma) / B); the ratio itself is biased where few gradients were measured.

    Parameters
    ----------
    small_batch, large_batch : float
        Samples, 0 < small_batch < large_batch.
    small_squares, large_squares : array, shape (R,)
        Squared norms of the gradients of batches of these sizes.

    Returns
    -------
    float, samples

    Raises
    ------
    InputError
        If the sizes do not rise, a square is negative, or noise hides the gradient: then measure more.

    Examples
    --------
    >>> round(simple_noise_scale_from_two_batches(10, 100, [35.0, 45.0], [13.0]), 9)
    30.0
    """
    small = checks.real("small_batch", small_batch, 0.0, open_low=True)
    large = checks.real("large_batch", large_batch, small, open_low=True)
    seen_small = float(np.mean(numbers("small_squares", small_squares, open_low=False)))
    seen_large = float(np.mean(numbers("large_squares", large_squares, open_low=False)))
    square = (large * seen_large - small * seen_small) / (large - small)
    trace = (seen_small - seen_large) / (1.0 / small - 1.0 / large)
    if square <= 0.0:
        raise InputError(
            f"large_squares must show a gradient above its noise, but the estimate of |G|^2 is {square:g}: measure more batches"
        )
    return max(trace, 0.0) / square
