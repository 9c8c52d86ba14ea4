"""Slow, obvious twins of the kernels, in plain Python and NumPy."""

import math

import numpy as np


def philox4x32(counter, key):
    """Philox4x32-10 with Python integers (Salmon et al. 2011)."""
    c, k = [int(x) for x in counter], [int(x) for x in key]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def normal(seed, trajectory, step, coordinate, stream=0):
    """The standard normal of (seed, trajectory, step, coordinate), by the C library's functions."""
    group = coordinate // 4 + (stream << 28)
    counter = [trajectory & 0xFFFFFFFF, step & 0xFFFFFFFF, group, step >> 32]
    words = philox4x32(counter, [seed & 0xFFFFFFFF, seed >> 32])
    pair = coordinate % 4 // 2
    u, v = ((word + 0.5) / 2**32 for word in words[2 * pair : 2 * pair + 2])
    radius = math.sqrt(-2.0 * math.log(u))
    return radius * (math.sin(2.0 * math.pi * v) if coordinate % 2 else math.cos(2.0 * math.pi * v))


def river_valley(curvatures, noise, slope, start, lr, seed, trajectories, first_step=0):
    """States after SGD, shape (trajectories, dim): every update of every coordinate on its own; the river comes last."""
    states = []
    for trajectory in range(trajectories):
        w = np.array(start, dtype=float)
        for t, eta in enumerate(lr):
            gradient = np.append(curvatures[:-1] * w[:-1], slope(w[-1]))
            z = [normal(seed, trajectory, first_step + t, j) if noise[j] > 0 else 0.0 for j in range(w.size)]
            w = w - eta * (gradient + noise * np.array(z))
        states.append(w)
    return np.array(states)


def quadratic_moments(curvature, noise_std, mean, variance, lr):
    """Mean and variance of one mode after each update."""
    means, variances = [], []
    for eta in lr:
        mean = (1.0 - eta * curvature) * mean
        variance = (1.0 - eta * curvature) ** 2 * variance + eta**2 * noise_std**2
        means.append(mean)
        variances.append(variance)
    return np.array(means), np.array(variances)
