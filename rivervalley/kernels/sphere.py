"""The literal sphere: descent in R^m of a loss that depends on the direction of W only, many trajectories side by side.

Legend: W[j, lane], n = |W| / sqrt(m), theta = W / n; h, sigma, t of the first coordinates, the hills; eta the LR, wd the
weight decay. g_j = h_j (theta_j - t_j) + sigma_j z, z alone in the others, less its part along W; W <- (1 - eta wd) W - eta u.

    NORMALISED u = g sqrt(m) / |g|     SGD u = g / n     KNOWN u_j = g_j / sigma_j     SIGN u = sign g
    ADAM       u = m / sqrt(v) with bias correction, of the gradient g / n

A river runs in the two coordinates after the hills: the angle phi of their plane, whose radius a hill of stiffness k_rho holds
at rho, with noise; along it c(phi), without. Or in one coordinate, phi = theta / rho, where k_rho is 0.
"""

from __future__ import annotations

import math

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.descent import first_diverged
from rivervalley.kernels.noise import four_normals
from rivervalley.kernels.norm import stiffening
from rivervalley.kernels.rivers import FLAT, river_losses, river_slopes

_U = np.uint64
NORMALISED, SGD, KNOWN, SIGN, ADAM = range(5)
_GONE = 1e-18  # powers of b1 and b2 below it leave 1 - b^t as it is


@device
def next_power(power, b):
    """b^(t + 1) from b^t."""
    return power * b if power * b > _GONE else 0.0


@device
def angle(cross, dot):
    """The angle whose sine and cosine are in proportion to these, within (-pi, pi)."""
    half = cross / (math.sqrt(cross * cross + dot * dot) + dot)
    quarter = half / (1.0 + math.sqrt(1.0 + half * half))
    x = quarter / (1.0 + math.sqrt(1.0 + quarter * quarter))  # tan of an eighth, at most tan(pi / 8): fdlibm's polynomial
    z = x * x
    w = z * z
    even = 9.09088713343650656196e-02 + w * (
        6.66107313738753120669e-02 + w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)
    )
    even = z * (3.33333333333329318027e-01 + w * (1.42857142725034663711e-01 + w * even))
    odd = -7.69187620504482999495e-02 + w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02)
    odd = w * (-1.99999999998764832476e-01 + w * (-1.11111104054623557880e-01 + w * odd))
    return 8.0 * (x - x * (even + odd))


@device
def squares(rows, out):
    """out[lane] = sum of squares over the rows."""
    for i in range(out.size):
        out[i] = 0.0
    for j in range(rows.shape[0]):
        row = rows[j]
        for i in range(out.size):
            out[i] += row[i] * row[i]


@device
def gradients(W, g, inverse, stiffer, hills, seed, first, step):
    """g[j, lane] = h (theta - t) + sigma z of the hills and z of the others, before it is projected."""
    h, sigma, target = hills
    m, d = W.shape[0], h.size
    for j in range(0, m, 4):
        g0, g1, g2, g3 = g[j], g[j + 1], g[j + 2], g[j + 3]
        for i in range(W.shape[1]):
            g0[i], g1[i], g2[i], g3[i] = four_normals(seed, first + _U(i), step, _U(j >> 2))
        for k in range(j, min(j + 4, d)):
            w, row, steep, noise, centre = W[k], g[k], h[k], sigma[k], target[k]
            for i in range(W.shape[1]):
                row[i] = steep * stiffer[i] * (w[i] * inverse[i] - centre) + noise * row[i]


@device
def river_gradient(W, g, phi, slope, inverse, river, plane):
    """The two rows of a winding river, or the one of a straight one: g holds the noise of the radius on entry."""
    code, p, q = river
    rho, k_rho = plane
    river_slopes(code, p, q, phi, slope)
    if k_rho == 0.0:
        for i in range(phi.size):
            g[0, i] = slope[i] / rho
        return
    for i in range(phi.size):
        radius = math.sqrt(W[0, i] * W[0, i] + W[1, i] * W[1, i])
        c, s = W[0, i] / radius, W[1, i] / radius
        across = k_rho * (radius * inverse[i] - rho) + g[0, i]
        along = slope[i] / (radius * inverse[i])
        g[0, i] = across * c - along * s
        g[1, i] = across * s + along * c


@device
def move_river(W, before, phi, q, m, plane):
    """phi after an update that took the river's rows from `before` to W."""
    rho, k_rho = plane
    for i in range(phi.size):
        if k_rho == 0.0:
            phi[i] = W[0, i] * math.sqrt(m / q[i]) / rho
        else:
            x, y = before[0, i], before[1, i]
            phi[i] += angle(x * W[1, i] - y * W[0, i], x * W[0, i] + y * W[1, i])


@device
def project(W, g, q, projected):
    """Take the part along W out of the gradient, where asked."""
    if projected:
        share = np.zeros(q.size)
        for j in range(W.shape[0]):
            w, row = W[j], g[j]
            for i in range(q.size):
                share[i] += w[i] * row[i]
        for i in range(q.size):
            share[i] /= q[i]
        for j in range(W.shape[0]):
            w, row = W[j], g[j]
            for i in range(q.size):
                row[i] -= share[i] * w[i]


@device
def adam(g, size, mo, ve, b1, b2, first, second):
    """g becomes the update of one row by Adam; size scales the gradient, first and second correct the biases."""
    for i in range(g.size):
        x = g[i] * size[i]
        mo[i] = b1 * mo[i] + (1.0 - b1) * x
        ve[i] = b2 * ve[i] + (1.0 - b2) * x * x
        g[i] = mo[i] / first / math.sqrt(ve[i] / second)


@device
def apply(rule, W, g, size, sigma, mo, ve, b1, b2, first, second, a, eta, q):
    """W <- a W - eta u in every row; q[lane] becomes |W|^2."""
    for i in range(q.size):
        q[i] = 0.0
    for j in range(W.shape[0]):
        w, u = W[j], g[j]
        if rule == ADAM:
            adam(u, size, mo[j], ve[j], b1, b2, first, second)
            for i in range(q.size):
                w[i] = a * w[i] - eta * u[i]
        elif rule == SIGN:
            for i in range(q.size):
                w[i] = a * w[i] - (eta if u[i] > 0.0 else -eta)
        elif rule == KNOWN:
            step = eta / sigma[j] if j < sigma.size else eta
            for i in range(q.size):
                w[i] = a * w[i] - step * u[i]
        else:
            for i in range(q.size):
                w[i] = a * w[i] - eta * (size[i] * u[i])
        for i in range(q.size):
            q[i] += w[i] * w[i]


@device
def record_sphere(W, phi, q, hills, river, plane, out):
    """out (2, lanes): c(phi), and the hills' loss with that of the river's radius."""
    h, _, target = hills
    rho, k_rho = plane
    m, d = W.shape[0], h.size
    river_losses(river[0], river[1], river[2], phi, out[0])
    hill = out[1]
    for i in range(q.size):
        inverse = math.sqrt(m / q[i])
        total = 0.0
        for j in range(d):
            total += h[j] * (W[j, i] * inverse - target[j]) ** 2
        if k_rho > 0.0:
            radius = math.sqrt(W[d, i] * W[d, i] + W[d + 1, i] * W[d + 1, i]) * inverse
            total += k_rho * (radius - rho) ** 2
        hill[i] = 0.5 * total


@device
def sizes(rule, clip, g, inverse, size):
    """What a lane's gradient is multiplied by: 1 / n (SGD, ADAM) within `clip`, or what makes its rms 1 (NORMALISED)."""
    if rule == NORMALISED or clip < math.inf:
        squares(g, size)
    for i in range(size.size):
        if rule == NORMALISED:
            size[i] = math.sqrt(g.shape[0] / size[i])
        elif clip < math.inf:
            size[i] = inverse[i] * min(1.0, clip / (inverse[i] * math.sqrt(size[i] / g.shape[0])))
        else:
            size[i] = inverse[i]


@kernel
def descend_sphere(block, m, rule, norm_rule, hills, stiffness, projected, river, plane):
    """Descent on a block, whose state and recorded out (records, 2, lanes) are filled in place; returns as descent.descend.

    state: W (m, lanes), with ADAM its two moments, and the river's angle in the last row. norm_rule has weight decay, b1, b2
    and the bound on the rms of the gradient; hills = (h, sigma, target), (d,) each; they are stiffer by (reference / n)^power
    with stiffness = (reference, power); river its (code, p, q), plane = (rho, k_rho).
    """
    state, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
    _, wd, b1, b2, clip = norm_rule
    first, d, lanes = _U(first_trajectory), hills[0].size, state.shape[1]
    W, phi, has_river = state[:m], state[state.shape[0] - 1], river[0] != FLAT
    mo, ve = (state[m : 2 * m], state[2 * m : 3 * m]) if rule == ADAM else (W, W)
    g, before = np.empty((4 * ((m + 3) // 4), lanes)), np.empty((2, lanes))
    q, inverse, stiffer, size, slope = np.empty((5, lanes))
    p1, p2 = 1.0, 1.0
    for _ in range(first_step):
        p1, p2 = next_power(p1, b1), next_power(p2, b2)
        if p1 == 0.0 and p2 == 0.0:
            break
    squares(W, q)
    r = 0
    if r < record_at.size and record_at[r] == first_step:
        record_sphere(W, phi, q, hills, river, plane, out[r])
        r += 1
    for t in range(lr.size):
        for i in range(lanes):
            inverse[i] = math.sqrt(m / q[i])
            stiffer[i] = stiffening(q[i] / m, stiffness[0], stiffness[1])
        gradients(W, g, inverse, stiffer, hills, seed, first, _U(first_step + t))
        if has_river:
            river_gradient(W[d:], g[d:], phi, slope, inverse, river, plane)
            before[:] = W[d : d + 2]
        project(W, g, q, projected)
        sizes(rule, clip, g[:m], inverse, size)
        p1, p2 = next_power(p1, b1), next_power(p2, b2)
        apply(rule, W, g, size, hills[1], mo, ve, b1, b2, 1.0 - p1, 1.0 - p2, 1.0 - lr[t] * wd, lr[t], q)
        if has_river:
            move_river(W[d:], before, phi, q, m, plane)
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == lr.size:
            lane = first_diverged(W)
            if lane >= 0:
                return done, lane
        if r < record_at.size and record_at[r] == done:
            record_sphere(W, phi, q, hills, river, plane, out[r])
            r += 1
    return -1, -1
