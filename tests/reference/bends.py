"""Slow, obvious twins of the bent, walled and turning valleys, in plain Python and NumPy.

Points are (across..., along). Gradients here are written out by hand, a formula for each coordinate, not taken from the package.
"""

import math

import numpy as np

from reference import descent as reference


def noisy_steps(gradient, noise, start, lr, seed, trajectories, first_step=0, land=lambda w, step: w - step):
    """States after SGD, shape (trajectories, dim). `land` gives the point reached by a step from w."""
    states = []
    for trajectory in range(trajectories):
        w = np.array(start, dtype=float)
        for t, eta in enumerate(lr):
            z = [reference.normal(seed, trajectory, first_step + t, j) if noise[j] > 0 else 0.0 for j in range(w.size)]
            w = land(w, eta * (gradient(w) + noise * np.array(z)))
        states.append(w)
    return np.array(states)


def straight(hills, w, own):
    """Gradient of straight hills beside `own` coordinates across."""
    g = np.zeros(w.size)
    g[own : own + len(hills)] = np.array(hills) * w[own : own + len(hills)]
    return g


def sheared(floor, floor_slope, stiffness, slope, hills):
    """c(x) + lambda/2 (y - f(x))^2."""

    def gradient(w):
        g = straight(hills, w, 1)
        above = w[0] - floor(w[-1])
        g[0] = stiffness * above
        g[-1] = slope(w[-1]) - stiffness * above * floor_slope(w[-1])
        return g

    return gradient


def circle(radius, stiffness, slope, hills):
    """c(s) + lambda/2 n^2, along the axes outward and tangent: the slope along is felt R / (R + n) times."""

    def gradient(w):
        g = straight(hills, w, 1)
        g[0] = stiffness * w[0]
        g[-1] = slope(w[-1]) * radius / (radius + w[0])
        return g

    return gradient


def land_on_circle(radius):
    """Steps as straight lines in the plane: polar coordinates in, Cartesian step, polar coordinates out."""

    def land(w, step):
        angle = w[-1] / radius
        outward, tangent = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        end = (radius + w[0]) * outward - step[0] * outward - step[-1] * tangent
        turned = math.atan2(end @ tangent, end @ outward)
        out = w - step
        out[0], out[-1] = math.hypot(*end) - radius, w[-1] + radius * turned
        return out

    return land


def rotating(h1, h2, rate, slope, hills):
    """c(x) + y^T R diag(h1, h2) R^T y / 2 with R the rotation by rate * x."""

    def gradient(w):
        g = straight(hills, w, 2)
        c, s = math.cos(rate * w[-1]), math.sin(rate * w[-1])
        R, dR = np.array([[c, -s], [s, c]]), rate * np.array([[-s, -c], [c, -s]])
        D = np.diag([h1, h2])
        g[:2] = R @ D @ R.T @ w[:2]
        g[-1] = slope(w[-1]) + 0.5 * w[:2] @ (dR @ D @ R.T + R @ D @ dR.T) @ w[:2]
        return g

    return gradient


def hyperbola(slope, hills):
    """c(w1) + (w1 w2 - 1)^2 / 2, points (w2, ..., w1)."""

    def gradient(w):
        g = straight(hills, w, 1)
        excess = w[0] * w[-1] - 1.0
        g[0] = excess * w[-1]
        g[-1] = slope(w[-1]) + excess * w[0]
        return g

    return gradient


def walled(height, wall_slope, narrowing, slope, hills):
    """c(x) + e^(kappa x) sum h W(y)."""

    def gradient(w):
        grown = math.exp(narrowing * w[-1])
        across = [h * grown * wall_slope(y) for h, y in zip(hills, w[:-1], strict=True)]
        pull = sum(h * height(y) for h, y in zip(hills, w[:-1], strict=True))
        return np.array([*across, slope(w[-1]) + narrowing * grown * pull])

    return gradient


def difference_gradient(loss, w, step=1e-5):
    """Central differences of a loss of rows."""
    moves = step * np.eye(w.size)
    return (loss(w + moves) - loss(w - moves)) / (2.0 * step)


def difference_hessian(gradient, w, step=1e-5):
    """Central differences of a gradient."""
    moves = step * np.eye(w.size)
    rows = np.array([(gradient(w + m) - gradient(w - m)) / (2.0 * step) for m in moves])
    return 0.5 * (rows + rows.T)
