"""Valleys a second time, in plain NumPy: recursions written out, derivatives by differences, stationary states by solving.

Claims compare the package's kernels, landscapes and theory with these, so that neither side shares code with the other.
Legend: h curvatures, s2 noise variances, V second moments of the hills, eta the LR.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_discrete_lyapunov

from rivervalley._common.checks import FloatArray


def second_moments(lr: ArrayLike, h: ArrayLike, s2: ArrayLike, start: ArrayLike) -> FloatArray:
    """V after every update of V <- (1 - eta h)^2 V + eta^2 s2, shape (steps, modes)."""
    curvature, noise = np.atleast_1d(np.asarray(h, float)), np.asarray(s2, float)
    V = np.broadcast_to(np.asarray(start, float), curvature.shape).copy()
    out = np.empty((np.size(lr), curvature.size))
    for t, eta in enumerate(np.asarray(lr, float).tolist()):
        V = (1.0 - eta * curvature) ** 2 * V + eta**2 * noise
        out[t] = V
    return out


def stationary(lr: float, h: ArrayLike, s2: ArrayLike) -> FloatArray:
    """The V that an update at a constant LR leaves as it is, solved for: eta^2 s2 / (1 - (1 - eta h)^2)."""
    curvature = np.atleast_1d(np.asarray(h, float))
    return np.asarray(lr**2 * np.asarray(s2, float) / (1.0 - (1.0 - lr * curvature) ** 2))


def hill_loss(V: FloatArray, h: ArrayLike) -> FloatArray:
    """Sum of h V / 2 over the last axis."""
    return np.asarray(0.5 * V @ np.atleast_1d(np.asarray(h, float)))


def stationary_momentum(lr: float, h: float, noise_std: float, beta: float) -> float:
    """V of one mode under m <- beta m + (1 - beta) g, y <- y - eta m: the (y, y) entry of the stationary covariance of (y, m)."""
    # m' = beta m + (1 - beta)(h y + noise), y' = y - eta m'.
    step = np.array([[1.0 - lr * (1.0 - beta) * h, -lr * beta], [(1.0 - beta) * h, beta]])
    kick = (1.0 - beta) * noise_std * np.array([-lr, 1.0])
    return float(solve_discrete_lyapunov(step, np.outer(kick, kick))[0, 0])


def gradient(loss: Callable[[FloatArray], float], point: FloatArray, step: float = 1e-5) -> FloatArray:
    """Central differences of a loss, of fourth order."""
    moves = step * np.eye(point.size)
    near = np.array([loss(point + m) - loss(point - m) for m in moves])
    far = np.array([loss(point + 2.0 * m) - loss(point - 2.0 * m) for m in moves])
    return np.asarray((8.0 * near - far) / (12.0 * step))


def hessian(loss: Callable[[FloatArray], float], point: FloatArray, step: float = 1e-3) -> FloatArray:
    """Second derivatives by differences of `gradient`, of fourth order."""
    moves = step * np.eye(point.size)
    near = np.array([gradient(loss, point + m, step) - gradient(loss, point - m, step) for m in moves])
    far = np.array([gradient(loss, point + 2.0 * m, step) - gradient(loss, point - 2.0 * m, step) for m in moves])
    H = (8.0 * near - far) / (12.0 * step)
    return np.asarray(0.5 * (H + H.T))


def residual(loss: Callable[[FloatArray], float], point: FloatArray) -> tuple[float, float]:
    """|H g - lambda_min g| / |g| over the largest curvature, and g H g / g^2 over lambda_min: 0 and 1 on a river."""
    g, H = gradient(loss, point), hessian(loss, point)
    values = np.linalg.eigvalsh(H)
    off = np.linalg.norm(H @ g - values[0] * g) / np.linalg.norm(g)
    return float(off / values[-1]), float(g @ H @ g / (g @ g) / values[0])
