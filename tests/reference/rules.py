"""Slow twins of the update rules on a straight valley."""

import numpy as np

from reference import rivers
from rivervalley.kernels.noise import GRADIENT, fill_normals


def descend(valley, lr, seed, trajectory, rule, beta=0.0, mask=None, mix=None):
    """Point and memory of one trajectory after the updates: rule "momentum", "sign", "project" or "average"."""
    dim = valley.dim
    w = valley.start(seed, trajectory, 1)[:, 0]
    memory = np.zeros(dim) if rule == "momentum" else w.copy()
    groups = 4 * ((dim + 3) // 4)
    for t, eta in enumerate(lr):
        z = np.empty((groups, 1))
        fill_normals(seed, trajectory, t, GRADIENT, z)
        slope = np.append(valley.curvatures[:-1] * w[:-1], rivers.slope(valley.river)(w[-1]))
        g = slope + valley.noise * z[:dim, 0]
        if rule == "momentum":
            memory = beta * memory + (1 - beta) * g
            w = w - eta * memory
        elif rule == "sign":
            w = w - eta * np.sign(g)
        elif rule == "project":
            w = w - eta * mask * g
        else:
            w = w - eta * g
            memory = memory + mix[t] * (w - memory)
    return w, memory
