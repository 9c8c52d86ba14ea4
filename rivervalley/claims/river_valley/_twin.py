"""Valleys a second time, in plain NumPy: recursions written out, derivatives by differences, stationary states by solving.

Claims compare the package's kernels, landscapes and theory with these, so that neither side shares code with the other.
Legend: h curvatures, s2 noise variances, V second moments of the hills, eta the LR.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import norm

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


FALLS: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    "inverse": lambda u, r: 1.0 / (1.0 + (r - 1.0) * u),
    "linear": lambda u, r: 1.0 / r + (1.0 - 1.0 / r) * (1.0 - u),
    "cosine": lambda u, r: 1.0 / r + (1.0 - 1.0 / r) * np.cos(0.5 * np.pi * u) ** 2,
    "sqrt": lambda u, r: 1.0 / r + (1.0 - 1.0 / r) * (1.0 - u**0.5),
    "exponential": lambda u, r: np.exp(-u * np.log(r)),
}
"""Share of the peak LR at position u of a decay to its r-th part."""


def decaying(steps: int, length: int, shape: str, peak: float, ratio: float = 10.0) -> FloatArray:
    """The LR of a constant phase and then a decay over the last `length` updates, position (k + 1) / length."""
    u = np.arange(1, length + 1) / length
    return np.concatenate([np.full(steps - length, peak), peak * FALLS[shape](u, ratio)])


def descent(lr: ArrayLike, slope: Callable[[float], float], start: float = 0.0) -> float:
    """Where x <- x - eta c'(x) ends."""
    x = start
    for eta in np.asarray(lr, float).tolist():
        x -= eta * slope(x)
    return x


def sign_walk(steps: int, lr: float, h: float, noise_std: float) -> float:
    """E y^2 after an even number of sign-SGD updates from 0, exactly: y stays on multiples of the LR.

    The share of up-steps at y is the normal probability that -(h y + noise) is above 0.
    """
    k = np.arange(-steps, steps + 1) * lr
    reach = 12.0 * np.sqrt(lr * noise_std / h) + 4.0 * lr
    k = k[np.abs(k) <= reach]
    up = norm.sf(h * k / noise_std)
    p = (np.abs(k) < 0.5 * lr).astype(float)
    for _step in range(steps):
        p = np.append(0.0, (p * up)[:-1]) + np.append((p * (1.0 - up))[1:], 0.0)
    return float(p @ k**2)


def wall_stationary_loss(lr: float, steep: float, power: float, noise_std: float) -> float:
    """Stationary E of steep |y|^p / p under y <- y - eta (steep |y|^(p-1) sign y + noise), from the chain on a fine grid.

    The transition densities are normal; their stationary law solves a linear system.
    """
    width = lr * noise_std
    # By the density of small LR, exp(-2 steep |y|^p / (p eta s2)): out to where it is below 1e-16.
    reach = (37.0 * power * lr * noise_std**2 / (2.0 * steep)) ** (1.0 / power) + 6.0 * width
    y = np.linspace(-reach, reach, 2 * int(np.ceil(reach / (0.4 * width))) + 1)
    y += 0.5 * (y[1] - y[0])  # no point on the kink of |y|
    centre = y - lr * steep * np.abs(y) ** (power - 1.0) * np.sign(y)
    P = norm.pdf((y[None, :] - centre[:, None]) / width)
    P /= P.sum(axis=1, keepdims=True)
    system = np.append(P.T - np.eye(y.size), np.ones((1, y.size)), axis=0)
    law = np.linalg.lstsq(system, np.append(np.zeros(y.size), 1.0), rcond=None)[0]
    return float(law @ (steep * np.abs(y) ** power / power))
