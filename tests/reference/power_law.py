"""Slow, obvious twins of the regression kernels: plain NumPy, one mode and one sample after the other."""

from __future__ import annotations

import numpy as np


def moments(lam, m, lr, batch, frozen):
    """Second moments after each update, by the fourth moments of Gaussian features written out; (steps + 1, modes)."""
    m = np.array(m, float)
    rows = [m.copy()]
    for eta in lr:
        error = sum(lam[j] * m[j] for j in range(m.size)) + frozen
        new = np.empty_like(m)
        for j in range(m.size):
            # Of one sample: E x_j^2 r^2 = lambda_j R + 2 lambda_j^2 m_j; of B samples the mean has 1/B of its variance.
            first = lam[j] * m[j]
            second = lam[j] * error + 2.0 * lam[j] ** 2 * m[j]
            square = second / batch + (1.0 - 1.0 / batch) * lam[j] ** 2 * m[j]
            new[j] = m[j] - 2.0 * eta * first + eta**2 * square
        m = new
        rows.append(m.copy())
    return np.array(rows)


def descent(x, z, target, noise, lr, batch, order):
    """Minibatch SGD from 0 on samples x (D, dim) with label noise z (D,): the weights after each update."""
    w = np.zeros(target.size)
    rows = []
    for t, eta in enumerate(lr):
        gradient = np.zeros_like(w)
        for i in order[t * batch : (t + 1) * batch]:
            gradient += x[i] * (x[i] @ w - (x[i] @ target + noise * z[i]))
        w = w - eta * gradient / batch
        rows.append(w)
    return np.array(rows)


def gradient_flow(x, y, t, steps=20_000):
    """w(t) of dw/dt = -X'(Xw - y)/D by small Euler steps."""
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        w = w - (t / steps) * (x.T @ (x @ w - y)) / x.shape[0]
    return w
