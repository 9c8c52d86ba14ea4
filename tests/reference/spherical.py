"""Slow, obvious twins of the kernels on spheres."""

import math

import numpy as np

from reference.descent import normal


def norm_path(rule, lr, decay, n, beta1=0.0, beta2=0.0, clip=math.inf):
    """n before each update and after the last, with E W m and E m^2 a coordinate carried along under "adam"."""
    path, v, M, q = [n], 0.0, 0.0, 0.0
    for t, eta in enumerate(lr):
        a = 1.0 - eta * decay
        if rule == "walk":
            n = math.sqrt((a * n) ** 2 + eta**2)
        elif rule == "sgd":
            n = math.sqrt((a * n) ** 2 + (eta / n) ** 2)
        elif rule == "adam":
            gradient = min(1.0 / n, clip)
            v = beta2 * v + (1.0 - beta2) * gradient**2
            M = beta1**2 * M + (1.0 - beta1) ** 2 * gradient**2  # momentum, from the gradient's fresh noise
            along = beta1 * q  # E W m after the momentum's update: the new gradient is orthogonal to W
            step = eta / (1.0 - beta1 ** (t + 1)) / math.sqrt(v / (1.0 - beta2 ** (t + 1)))
            n = math.sqrt((a * n) ** 2 - 2.0 * a * step * along + step**2 * M)
            q = a * along - step * M
        path.append(n)
    return np.array(path)


def sphere(landscape, rule, lr, seed, trajectory, start, beta1=0.0, beta2=0.0, clip=math.inf):
    """W, its moments and the river's angle after SGD on a Sphere, one coordinate at a time, from a start (dim,)."""
    m, d = landscape.weights, landscape.stiffness.size
    W, phi = np.array(start[:m]), 0.0
    mo, ve = np.zeros(m), np.zeros(m)
    river, rho, held = landscape.river, landscape.river_radius, landscape.radius_stiffness
    flat = type(river).__name__ == "FlatRiver"
    for t, eta in enumerate(lr):
        n = np.sqrt(np.mean(W**2))
        theta = W / n
        g = np.array([normal(seed, trajectory, t, j) for j in range(m)])
        h = landscape.curvatures * (landscape.start_norm / n) ** landscape.stiffness_exponent
        g[:d] = h * (theta[:d] - landscape.target) + landscape.height * g[:d]
        old = W[d : d + 2].copy()
        if not flat and held == 0.0:
            g[d] = river.slope(theta[d] / rho) / rho
        elif not flat:
            radius = np.hypot(theta[d], theta[d + 1])
            outward, forward = theta[d : d + 2] / radius, np.array([-theta[d + 1], theta[d]]) / radius
            g[d : d + 2] = (held * (radius - rho) + g[d]) * outward + river.slope(phi) / radius * forward
        if landscape.scale_invariant:
            g = g - W * (g @ W) / (W @ W)
        if rule == "normalised":
            u = g * math.sqrt(m) / np.linalg.norm(g)
        elif rule == "sgd":
            u = g / n
        elif rule == "known":
            u = g / np.append(landscape.height, np.ones(m - d))
        elif rule == "sign":
            u = np.where(g > 0, 1.0, -1.0)
        else:
            g = g / n
            g = g * min(1.0, clip / np.sqrt(np.mean(g**2)))
            mo = beta1 * mo + (1.0 - beta1) * g
            ve = beta2 * ve + (1.0 - beta2) * g**2
            u = mo / (1.0 - beta1 ** (t + 1)) / np.sqrt(ve / (1.0 - beta2 ** (t + 1)))
        W = (1.0 - eta * landscape.rule.weight_decay) * W - eta * u
        if not flat and held == 0.0:
            phi = W[d] / np.sqrt(np.mean(W**2)) / rho
        elif not flat:
            new = W[d : d + 2]
            phi += math.atan2(old[0] * new[1] - old[1] * new[0], old @ new)
    return W, mo, ve, phi


def spherical_valley(valley, rule, lr, seed, trajectory, beta1=0.0, beta2=0.0, clip=math.inf):
    """theta, means and river of one trajectory of a SphericalValley, each hill on its own, and n after every update."""
    n = norm_path(rule, lr, valley.rule.weight_decay, valley.start_norm, beta1, beta2, clip)
    d = valley.stiffness.size
    k, D = valley.stiffness, np.ones(d)
    name = type(valley.rule).__name__
    if name in ("DecayedSGD", "Normalised"):
        k, D = valley.stiffness * valley.height, valley.height
    elif name == "DecayedSign":
        k = k * math.sqrt(2.0 / math.pi)
    theta, M, x = np.zeros(d), np.zeros(d), 0.0
    p_theta, p_M, p_x = np.zeros(d), np.zeros(d), 0.0
    v = 0.0
    unit = (
        type(valley.river)(1.0 / valley.river_scale, *list(vars(valley.river).values())[1:])
        if vars(valley.river)
        else valley.river
    )
    for t, eta in enumerate(lr):
        a, before, after = 1.0 - eta * valley.rule.weight_decay, n[t], n[t + 1]
        stiff = k * (valley.start_norm / before) ** valley.stiffness_exponent
        z = np.array([normal(seed, trajectory, t, j) for j in range(d)])
        kept = a * before / after if valley.forgetting else 1.0
        pull, mean_pull, slope = stiff * (theta - valley.target) + D * z, stiff * (M - valley.target), float(unit.slope(x))
        if rule == "adam":
            gradient = min(1.0 / before, clip)
            v = beta2 * v + (1.0 - beta2) * gradient**2
            p_theta = beta1 * p_theta + (1.0 - beta1) * gradient * pull
            p_M = beta1 * p_M + (1.0 - beta1) * gradient * mean_pull
            p_x = beta1 * p_x + (1.0 - beta1) * gradient * slope
            pull, mean_pull, slope = p_theta, p_M, p_x
            step = eta / (1.0 - beta1 ** (t + 1)) / math.sqrt(v / (1.0 - beta2 ** (t + 1))) / after
        else:
            step = eta / after / (before if rule == "sgd" else 1.0)
        theta, M, x = kept * theta - step * pull, kept * M - step * mean_pull, x - step * slope
    return theta, M, x, n


def moments(keep, turn, k, D, target, V, M):
    """Variance and mean of one hill after each turn."""
    out = []
    for c, s in zip(keep, turn, strict=True):
        V, M = (c - s * k) ** 2 * V + (s * D) ** 2, c * M - s * k * (M - target)
        out.append((V, M))
    return np.array(out)
