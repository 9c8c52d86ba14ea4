"""A slow, obvious twin of the equilibrium law: the recursion update by update, with the kernel's mixture of exponentials."""

import numpy as np

from reference.relative_step import averages, norms


def losses(lr, L0, A, alpha, B, D, rates, weights, weight_decay=0.1, init_std=0.02):
    """Loss after each update."""
    n = norms(lr, weight_decay, init_std)
    S = 1e-3 * np.cumsum(lr / n[:-1] / (1e-3 / 0.02))
    N = weights @ averages(lr, n, 1.0, 1.5, 0.8, rates)
    return L0 + A * S**-alpha + B * N + D * S**-2.0
