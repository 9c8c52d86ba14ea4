"""Slow, obvious twins of kernels/relative_step.py."""

import numpy as np


def norms(lr, weight_decay, init_std):
    """rms before each update and after the last."""
    n = [init_std]
    for eta in lr:
        n.append(np.sqrt((1.0 - eta * weight_decay) ** 2 * n[-1] ** 2 + eta**2))
    return np.array(n)


def averages(lr, n, q, g, p, rates):
    """Averages of x^p after each update, one row for each rate, by the recursion update by update."""
    m, rows = np.zeros(len(rates)), []
    for eta, rms in zip(lr, n, strict=False):
        x = eta / 1e-3 * (0.02 / rms) ** q
        d = eta / 1e-3 * (0.02 / rms) ** g
        m = m - (x**p - m) * np.expm1(-rates * d)
        rows.append(m)
    return np.array(rows).T
