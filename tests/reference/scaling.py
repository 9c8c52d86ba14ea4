"""Slow, obvious twins of the scaling laws' frontier and fits."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import brentq, least_squares


def frontier_by_grid(C, batch):
    """Best size and loss for C flop at a batch size (0: far below the critical one), Kaplan's Table 3 and eq. 1.4."""

    def loss(N):
        def gap(L):
            crit = 2e8 / L ** (1 / 0.21)
            S_min = C / (6 * N * (batch + crit))
            return L - (6.5e13 / N) ** 0.077 - (2.1e3 / S_min) ** 0.76

        return brentq(gap, 1e-3, 1e3, xtol=1e-14)

    sizes = np.geomspace(1e7, 1e11, 4001)
    losses = [loss(N) for N in sizes]
    k = int(np.argmin(losses))
    return sizes[k], losses[k]


def huber_sum(residuals, delta):
    size = np.abs(residuals)
    return float(np.where(size < delta, 0.5 * size**2, delta * (size - 0.5 * delta)).sum())


def chinchilla_fit(N, D, loss, delta=1e-3):
    """E, A, B, alpha, beta and the objective: the log-sum-exp form of arXiv 2203.15556 by scipy's robust least squares."""
    log_N, log_D, log_loss = np.log(N), np.log(D), np.log(loss)

    def residuals(p):
        a, b, e, alpha, beta = p
        terms = np.stack([a - alpha * log_N, b - beta * log_D, np.full(log_N.size, e)])
        return np.logaddexp.reduce(terms, axis=0) - log_loss

    best = None
    for a, b, e, alpha, beta in itertools.product((4.0, 8.0), (4.0, 8.0), (0.3,), (0.2, 0.5), (0.2, 0.5)):
        found = least_squares(
            lambda p: residuals(p) / delta,
            [a, b, e, alpha, beta],
            loss="huber",
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-14,
            max_nfev=400,
        )
        if best is None or found.cost < best.cost:
            best = found
    a, b, e, alpha, beta = best.x
    return np.array([np.exp(e), np.exp(a), np.exp(b), alpha, beta]), best.cost * delta**2
