"""Power-law regression a second time, in plain NumPy: sums by Euler and Maclaurin, recursions and flows written out.

Claims compare the package's landscapes and kernels with these, so that neither side shares code with the other.
Legend: a, b spectrum and signal exponents; lam_j = j^-a, c_j = j^-b; R squared error; eta the LR, B the batch size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gamma, gammaincc

from rivervalley._common.checks import FloatArray


def floor(b: float, size: float, scale: float = 1.0) -> float:
    """scale x sum of j^-b over j > size."""
    total, n = 0.0, size
    while n < 30:  # the first terms one by one, the rest by integral and corrections
        n += 1
        total += n**-b
    x = n + 0.5
    rest = x ** (1.0 - b) / (b - 1.0) - b * x ** (-b - 1.0) / 24.0 + 7.0 * b * (b + 1.0) * (b + 2.0) * x ** (-b - 3.0) / 5760.0
    return float(scale * (total + rest))


def moments(
    a: float, b: float, size: int, lr: ArrayLike, batch: float, label_variance: float, constant_floor: float | None = None
) -> FloatArray:
    """Expected excess loss after every update of m <- m ((1 - eta lam)^2 + (eta lam)^2 / B) + eta^2 lam R / B, mode by mode."""
    j = np.arange(1.0, size + 1.0)
    lam, m = j**-a, j ** (a - b)
    frozen = floor(b, size) if constant_floor is None else constant_floor
    out = np.empty(np.size(lr))
    for s, eta in enumerate(np.asarray(lr, float).tolist()):
        R = float(lam @ m) + frozen + label_variance
        m = m * ((1.0 - eta * lam) ** 2 + (eta * lam) ** 2 / batch) + eta**2 * lam * R / batch
        out[s] = float(lam @ m) + frozen
    return out


def open_loop(a: float, b: float, size: int, lr: FloatArray, batch: int, label_variance: float) -> float:
    """floor + sum c e^(-2 lam T) + 1/B sum_s eta_s^2 R(t_s) sum lam^2 e^(-2 lam (T - t_s)), term by term."""
    j = np.arange(1.0, size + 1.0)
    lam, c, frozen = j**-a, j**-b, floor(b, size)
    T, t, noise = float(lr.sum()), 0.0, 0.0
    for eta in lr.tolist():
        R = float(c @ np.exp(-2.0 * lam * t)) + frozen + label_variance
        t += eta
        noise += eta**2 * R / batch * float(lam**2 @ np.exp(-2.0 * lam * (T - t)))
    return frozen + float(c @ np.exp(-2.0 * lam * T)) + noise


def scaling_function(a: float, b: float, u: ArrayLike) -> FloatArray:
    """g(u) = 1/(b-1) + (2 u)^-s Gamma(s, 2 u) / a, s = (b - 1) / a."""
    s, x = (b - 1.0) / a, 2.0 * np.asarray(u, float)
    return np.asarray(1.0 / (b - 1.0) + x**-s * gamma(s) * gammaincc(s, x) / a)


def best_time(a: float, b: float) -> tuple[float, float]:
    """u = t / N^a of compute-optimal training and its loss over the converged one, less 1: (b-1) g + (1+a) u g' = 0."""
    s = (b - 1.0) / a

    def slope(u: float) -> float:
        g = float(scaling_function(a, b, u))
        # u g' = -s (2 u)^-s Gamma(s, 2 u) / a - e^(-2 u) / a.
        x = 2.0 * u
        derivative = -s * x**-s * float(gamma(s) * gammaincc(s, x)) / a - float(np.exp(-x)) / a
        return float((b - 1.0) * g + (1.0 + a) * derivative)

    u = float(brentq(slope, 1e-3, 10.0, xtol=1e-14))
    return u, (b - 1.0) * float(scaling_function(a, b, u)) - 1.0


def wrong_size(a: float, b: float, x: float) -> float:
    """Compute of a model x times the best size, over the best's, at the same loss; infinite where it never gets there."""
    u, _over = best_time(a, b)
    target = x ** (b - 1.0) * float(scaling_function(a, b, u))
    if target <= 1.0 / (b - 1.0):
        return np.inf
    there = float(brentq(lambda v: float(scaling_function(a, b, v)) - target, 1e-9, 1e3, xtol=1e-14))
    return float(x ** (1.0 + a) * there / u)


def flow_on_data(
    x: FloatArray, y: FloatArray, target: FloatArray, lam: FloatArray, frozen: float, times: ArrayLike
) -> FloatArray:
    """Excess test loss of gradient flow from 0 on a data set, w(t) = V (1 - e^(-s^2 t / D)) / s U'y from its singular values."""
    U, s, Vt = np.linalg.svd(x, full_matrices=False)
    out = []
    for t in np.atleast_1d(np.asarray(times, float)):
        w = Vt.T @ (-np.expm1(-(s**2) * t / x.shape[0]) / s * (U.T @ y))
        out.append(frozen + float(lam @ (w - target) ** 2))
    return np.array(out)


def passes(
    a: float, b: float, size: int, label_variance: float, samples: int, batch: int, lr: float, epochs: int, runs: int, seed: int
) -> FloatArray:
    """Excess test loss of minibatch SGD on `samples` samples, reshuffled for every pass, from its own generator; shape (runs,)."""
    rng = np.random.default_rng([seed, 18])
    j = np.arange(1.0, size + 1.0)
    lam, target = j**-a, j ** (0.5 * (a - b))
    frozen = floor(b, size)
    x = rng.standard_normal((runs, samples, size)) * np.sqrt(lam)
    y = x @ target + np.sqrt(frozen + label_variance) * rng.standard_normal((runs, samples))
    w = np.zeros((runs, size))
    each = np.arange(runs)[:, None]
    for _epoch in range(epochs):
        order = np.argsort(rng.random((runs, samples)), axis=1)
        for start in range(0, samples, batch):
            pick = order[:, start : start + batch]
            xb, yb = x[each, pick], y[each, pick]
            off = (xb @ w[:, :, None])[:, :, 0] - yb
            w -= lr / batch * (off[:, None, :] @ xb)[:, 0, :]
    return np.asarray(frozen + (w - target) ** 2 @ lam)


def random_floors(a: float, b: float, sizes: ArrayLike, modes: int, draws: int, seed: int) -> FloatArray:
    """Floors (draws, sizes) of random projections: what of the signal lies outside their span, modes beyond included."""
    rng = np.random.default_rng([seed, 21])
    j = np.arange(1.0, modes + 1.0)
    root, v = j ** (-0.5 * a), j ** (-0.5 * b)
    most = int(np.max(sizes))
    out = np.empty((draws, np.size(sizes)))
    for i in range(draws):
        Q = np.linalg.qr(root[:, None] * rng.standard_normal((modes, most)))[0]
        kept = np.cumsum((Q.T @ v) ** 2)
        out[i] = v @ v - kept[np.asarray(sizes) - 1] + floor(b, modes)
    return out
