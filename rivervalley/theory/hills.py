"""What gradient noise does to hill modes at a constant rate.

Legend: eta the rate, h a curvature, s2 = noise_std^2, rho = 1 - eta h, V = E y^2. Every formula is derived; the setting
(hill loss of the stable phase) is that of arXiv 2410.05192, section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigvalsh, solve_discrete_lyapunov

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.theory._arguments import numbers, positive, stable


def stationary_variance(lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """V* = eta s2 / (h (2 - eta h)): the variance of a mode long after the rate became constant.

    Arguments are numbers or arrays that broadcast; lr * curvature must be below 2.

    >>> float(stationary_variance(0.5, 1.0, 0.3))
    0.03
    """
    eta, h, s = numbers("lr", lr, 0.0), positive("curvature", curvature), numbers("noise_std", noise_std, 0.0)
    return np.asarray(eta * s * s / (h * (2.0 - stable(eta, h))))


def stationary_hill_loss(lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """eta s2 / (2 (2 - eta h)) of each mode: between eta s2 / 4 and eta s2 / 2 for eta h <= 1, whatever the curvature.

    The paper's stable-phase gap (d - 1) eta s2 / 2 is the upper bound of its sum over the modes.

    >>> float(stationary_hill_loss(0.5, 1.0, 0.3))
    0.015
    """
    return np.asarray(0.5 * positive("curvature", curvature) * stationary_variance(lr, curvature, noise_std))


def stationary_covariance(lr: float, hessian: ArrayLike, noise_covariance: ArrayLike) -> FloatArray:
    """Covariance of coupled modes: the solution of V = (I - eta H) V (I - eta H) + eta^2 Sigma, shape (d, d).

    Raises
    ------
    InputError
        If the matrices are not symmetric of one shape, or eta H has eigenvalues outside (0, 2).

    >>> stationary_covariance(0.5, [[1.0]], [[0.09]]).tolist()
    [[0.03]]
    """
    eta = checks.real("lr", lr, 0.0, open_low=True)
    H, sigma = checks.array("hessian", hessian, ndim=2), checks.array("noise_covariance", noise_covariance, ndim=2)
    for name, matrix in (("hessian", H), ("noise_covariance", sigma)):
        if matrix.shape != (H.shape[0], H.shape[0]) or not np.allclose(matrix, matrix.T, rtol=1e-12, atol=1e-14):
            raise InputError(f"{name} must be a symmetric matrix of shape {(H.shape[0],) * 2}, not {checks.show(matrix)}")
    modes = eta * eigvalsh(H)
    if modes[0] <= 0.0 or modes[-1] >= 2.0:
        raise InputError(f"lr times hessian must have eigenvalues between 0 and 2, not from {modes[0]:g} to {modes[-1]:g}")
    return np.asarray(solve_discrete_lyapunov(np.eye(H.shape[0]) - eta * H, eta * eta * sigma))


def transient_variance(
    steps: ArrayLike, lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike, initial_variance: ArrayLike
) -> FloatArray:
    """V_t = V* + (V_0 - V*) rho^(2 t) after t steps at a constant rate.

    >>> float(transient_variance(0, 0.5, 1.0, 0.3, 1.0))
    1.0
    """
    limit = stationary_variance(lr, curvature, noise_std)
    rho = 1.0 - np.asarray(lr, float) * np.asarray(curvature, float)
    start = numbers("initial_variance", initial_variance, 0.0)
    return np.asarray(limit + (start - limit) * rho ** (2.0 * numbers("steps", steps, 0.0)))


def relaxation_steps(lr: ArrayLike, curvature: ArrayLike) -> FloatArray:
    """-1 / (2 ln |1 - eta h|), about 1 / (2 eta h): the steps in which V's distance from V* falls by a factor e.

    >>> round(float(relaxation_steps(0.01, 0.5)), 2)
    99.75
    """
    product = stable(positive("lr", lr), positive("curvature", curvature))
    with np.errstate(divide="ignore"):
        return np.asarray(-0.5 / np.log(np.abs(1.0 - product)))


def averaged_variance(count: int, lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """Variance of the mean of `count` consecutive iterates of a stationary mode; tends to s2 / (count h^2).

    V*/K [(1 + rho)/(1 - rho) - 2 rho (1 - rho^K) / (K (1 - rho)^2)]: averaging K iterates removes the hill loss nearly as
    well as the best decay over the same K steps does, see `cooled_variance`.

    >>> bool(averaged_variance(1, 0.2, 1.0, 1.0) == stationary_variance(0.2, 1.0, 1.0))
    True
    """
    K = checks.integer("count", count, 1)
    limit = stationary_variance(lr, curvature, noise_std)
    product = np.asarray(lr, float) * np.asarray(curvature, float)
    rho = 1.0 - product
    if K == 1:
        return limit
    return np.asarray(limit / K * ((1.0 + rho) / product - 2.0 * rho * (1.0 - rho**K) / (K * product**2)))


def momentum_variance(lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike, beta: ArrayLike) -> FloatArray:
    """V* under momentum in EMA form, m <- beta m + (1 - beta) g, w <- w - eta m.

    V* = eta s2 / (h (2 - eta h / T)), T = (1 + beta) / (1 - beta); stable where eta h < 2 T. So momentum lowers the hill
    loss by at most the share eta h / 2, and widens the range of stable rates.

    >>> bool(momentum_variance(0.5, 1.0, 0.3, 0.0) == stationary_variance(0.5, 1.0, 0.3))
    True
    """
    b = numbers("beta", beta, 0.0)
    if bool(np.any(b >= 1.0)):
        raise InputError(f"beta must be below 1, not {float(np.max(b)):g}")
    eta, h, s = numbers("lr", lr, 0.0), positive("curvature", curvature), numbers("noise_std", noise_std, 0.0)
    T = (1.0 + b) / (1.0 - b)
    return np.asarray(eta * s * s / (h * (2.0 - stable(eta, h, 2.0 * T) / T)))


def sign_hill_loss(lr: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """eta sigma sqrt(pi / 2) / 4 a mode under sign-SGD at small rates: linear in sigma, and free of the curvature.

    >>> round(float(sign_hill_loss(0.01, 1.0)), 6)
    0.003133
    """
    return np.asarray(positive("lr", lr) * numbers("noise_std", noise_std, 0.0) * np.sqrt(np.pi / 2.0) / 4.0)


def wall_hill_loss(lr: ArrayLike, noise_std: ArrayLike, power: ArrayLike) -> FloatArray:
    """eta s2 / (2 p) a mode for walls b |y|^p / p at small rates, whatever b: equipartition of the noise.

    For p = 1 the steps b of the gradient itself must also be small against the noise.

    >>> float(wall_hill_loss(0.1, 1.0, 2.0))
    0.025
    """
    return np.asarray(positive("lr", lr) * numbers("noise_std", noise_std, 0.0) ** 2 / (2.0 * positive("power", power)))


def chord_hill_share(fraction: ArrayLike, lag_steps: ArrayLike, lr: ArrayLike, curvature: ArrayLike) -> FloatArray:
    """Hill loss at a point of the chord between two stable iterates `lag_steps` apart, relative to that at its ends.

    (1 - a)^2 + a^2 + 2 a (1 - a) rho^lag: a half in the middle for long lags. So the dip between two stable checkpoints is
    half of what a complete decay would gain.

    >>> float(chord_hill_share(0.5, 10_000, 0.1, 1.0))
    0.5
    """
    a = numbers("fraction", fraction)
    rho = 1.0 - stable(positive("lr", lr), positive("curvature", curvature))
    return np.asarray((1.0 - a) ** 2 + a**2 + 2.0 * a * (1.0 - a) * rho ** numbers("lag_steps", lag_steps, 0.0))


def hill_gradient_share(lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike, river_slope: float) -> float:
    """Share of the squared gradient that points along hills in the stable phase: P / (P + g^2).

    P = sum of h eta s2 / (2 - eta h) over the modes, g the slope of the river. Near 1, although it makes no progress.

    >>> round(hill_gradient_share(0.5, [1.0], [0.3], 0.0), 12)
    1.0
    """
    h = np.atleast_1d(positive("curvature", curvature))
    P = float(np.sum(h**2 * stationary_variance(lr, h, noise_std)))
    return P / (P + checks.real("river_slope", river_slope) ** 2)


def critical_chord(radius: float, curvature: float, river_slope: float) -> float:
    """The longest chord between two points on a bending river along which the loss falls all the way.

    (4 g R^2 / (0.0962 lambda))^(1/3) for bending radius R, curvature lambda across and slope g along the river, with
    0.0962 = 1 / (6 sqrt 3), half the largest derivative of (a (1 - a))^2. Beyond it, the chord cuts a hill.

    >>> round(critical_chord(1.0, 1.0, 1.0), 3)
    3.464
    """
    R, lam = checks.real("radius", radius, 0.0, open_low=True), checks.real("curvature", curvature, 0.0, open_low=True)
    g = checks.real("river_slope", river_slope, 0.0, open_low=True)
    return float((4.0 * g * R * R * 6.0 * np.sqrt(3.0) / lam) ** (1.0 / 3.0))
