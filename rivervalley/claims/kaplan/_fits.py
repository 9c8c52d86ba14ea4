"""What the claims on scaling laws share: slopes, minima on grids, and fits of the joint laws in logarithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from rivervalley._common.checks import FloatArray

KAPLAN = "arXiv 2001.08361"
SETS = ((1.5, 1.5), (1.5, 2.0), (2.0, 2.0))  # spectrum and signal exponents of the reference models


def slope(x: ArrayLike, y: ArrayLike) -> float:
    """Least-squares slope of log y against log x."""
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])


def vertex(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Minimum of y over a grid of log x, refined by the parabola through its three lowest neighbours: x and y there."""
    k = int(np.nanargmin(y))
    if k == 0 or k == y.size - 1 or not np.all(np.isfinite(y[k - 1 : k + 2])):
        return float(x[k]), float(y[k])
    u, v = np.log(x[k - 1 : k + 2]), y[k - 1 : k + 2]
    p = np.polyfit(u - u[1], v, 2)
    at = -p[1] / (2.0 * p[0])
    return float(np.exp(u[1] + at)), float(np.polyval(p, at))


def log_fit(model: Callable[[FloatArray], FloatArray], start: Sequence[float], loss: FloatArray) -> tuple[FloatArray, float]:
    """Parameters that fit log loss in least squares, given model(log parameters) -> loss, and the relative rms residual."""

    def residual(p: FloatArray) -> FloatArray:
        return np.asarray(np.log(model(np.exp(p)) / loss)).ravel()

    solution = least_squares(residual, np.log(np.asarray(start, float)), x_scale="jac", max_nfev=400)
    return np.exp(solution.x), float(np.sqrt(np.mean(solution.fun**2)))


def joint_fit(sizes: FloatArray, t: FloatArray, loss: FloatArray, start: Sequence[float]) -> tuple[FloatArray, float]:
    """(A, alpha_N, K, alpha_S) of A N^-alpha_N + K t^-alpha_S over a grid loss[N, t], and the rms residual."""
    return log_fit(lambda p: p[0] * sizes[:, None] ** -p[1] + p[2] * t[None, :] ** -p[3], start, loss)


def norm_fit(sizes: FloatArray, t: FloatArray, loss: FloatArray, start: Sequence[float]) -> tuple[FloatArray, float]:
    """(A, alpha_N, K, alpha_S, q) of the q-norm [(A N^-alpha_N)^q + (K t^-alpha_S)^q]^(1/q), and the rms residual."""

    def model(p: FloatArray) -> FloatArray:
        size, steps = p[0] * sizes[:, None] ** -p[1], p[2] * t[None, :] ** -p[3]
        return np.asarray((size ** p[4] + steps ** p[4]) ** (1.0 / p[4]))

    return log_fit(model, start, loss)
