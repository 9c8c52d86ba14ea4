"""SGD on a straight valley: quadratic hills and a river, many trajectories side by side.

Legend: w[j, lane] coordinates, hills first and the river last; h[j] curvatures, sigma[j] noise per update, eta the rate.
w <- w - eta (grad + sigma z), with z the counter-based normals. Trajectories are the contiguous axis and nothing is summed
across lanes, so results do not depend on how trajectories are cut into blocks.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.noise import four_normals, two_normals
from rivervalley.kernels.rivers import river_losses, river_slopes

_U = np.uint64
DIVERGED = 1e60  # beyond, squares of losses would soon leave the range of float64


@device
def contract(w, j, eta, h):
    """One noiseless update of row j."""
    a = 1.0 - eta * h[j]
    row = w[j]
    for i in range(row.size):
        row[i] = a * row[i]


@device
def kick_four(w, j, eta, h, sigma, seed, first, step):
    """One update of rows j ... j + 3."""
    w0, w1, w2, w3 = w[j], w[j + 1], w[j + 2], w[j + 3]
    a0, a1, a2, a3 = 1.0 - eta * h[j], 1.0 - eta * h[j + 1], 1.0 - eta * h[j + 2], 1.0 - eta * h[j + 3]
    s0, s1, s2, s3 = eta * sigma[j], eta * sigma[j + 1], eta * sigma[j + 2], eta * sigma[j + 3]
    for i in range(w.shape[1]):
        z0, z1, z2, z3 = four_normals(seed, first + _U(i), step, _U(j >> 2))
        w0[i] = a0 * w0[i] - s0 * z0
        w1[i] = a1 * w1[i] - s1 * z1
        w2[i] = a2 * w2[i] - s2 * z2
        w3[i] = a3 * w3[i] - s3 * z3


@device
def kick_three(w, j, eta, h, sigma, seed, first, step):
    """One update of rows j ... j + 2, the last of a group that is not full."""
    w0, w1, w2 = w[j], w[j + 1], w[j + 2]
    a0, a1, a2 = 1.0 - eta * h[j], 1.0 - eta * h[j + 1], 1.0 - eta * h[j + 2]
    s0, s1, s2 = eta * sigma[j], eta * sigma[j + 1], eta * sigma[j + 2]
    for i in range(w.shape[1]):
        z0, z1, z2, _ = four_normals(seed, first + _U(i), step, _U(j >> 2))
        w0[i] = a0 * w0[i] - s0 * z0
        w1[i] = a1 * w1[i] - s1 * z1
        w2[i] = a2 * w2[i] - s2 * z2


@device
def kick_two(w, j, eta, h, sigma, seed, first, step):
    """One update of rows j and j + 1."""
    w0, w1 = w[j], w[j + 1]
    a0, a1 = 1.0 - eta * h[j], 1.0 - eta * h[j + 1]
    s0, s1 = eta * sigma[j], eta * sigma[j + 1]
    for i in range(w.shape[1]):
        z0, z1 = two_normals(seed, first + _U(i), step, _U(j >> 2))
        w0[i] = a0 * w0[i] - s0 * z0
        w1[i] = a1 * w1[i] - s1 * z1


@device
def kick_one(w, j, eta, h, sigma, seed, first, step):
    """One update of row j alone."""
    a = 1.0 - eta * h[j]
    s = eta * sigma[j]
    row = w[j]
    for i in range(row.size):
        z, _ = two_normals(seed, first + _U(i), step, _U(j >> 2))
        row[i] = a * row[i] - s * z


@device
def first_diverged(w):
    """The first lane in which a coordinate is NaN or beyond DIVERGED; -1 where all are well."""
    for i in range(w.shape[1]):
        for j in range(w.shape[0]):
            if not abs(w[j, i]) < DIVERGED:
                return i
    return -1


@device
def record_losses(w, h, river, out):
    """out[0, lane] = c(x) and out[1, lane] = sum of h y^2 / 2 over the hills."""
    hills = w.shape[0] - 1
    code, p, q = river
    river_losses(code, p, q, w[hills], out[0])
    total = out[1]
    for i in range(total.size):
        total[i] = 0.0
    for j in range(hills):
        row = w[j]
        half = 0.5 * h[j]
        for i in range(total.size):
            total[i] += half * row[i] * row[i]


@device
def update(w, eta, h, sigma, noisy, seed, first, step):
    """One update of all rows but the river's slope. The first `noisy` rows have noise, the rest have none."""
    j = 0
    while j + 4 <= noisy:
        kick_four(w, j, eta, h, sigma, seed, first, step)
        j += 4
    if noisy - j == 3:
        kick_three(w, j, eta, h, sigma, seed, first, step)
    elif noisy - j == 2:
        kick_two(w, j, eta, h, sigma, seed, first, step)
    elif noisy - j == 1:
        kick_one(w, j, eta, h, sigma, seed, first, step)
    for j in range(noisy, w.shape[0] - 1):
        contract(w, j, eta, h)


@device
def noisy_rows(sigma):
    """How many rows there are up to the last with noise."""
    noisy = sigma.size
    while noisy > 0 and sigma[noisy - 1] == 0.0:
        noisy -= 1
    return noisy


@kernel
def descend(block, h, sigma, river):
    """SGD on a block, whose state (hills + 1, lanes) and recorded out (records, 2, lanes) are filled in place.

    h, sigma (hills + 1,) with h = 0 for the river; river is its (code, p, q). Returns (update, lane) of the first divergence
    that was found, or (-1, -1).
    """
    w, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
    first = _U(first_trajectory)
    code, p, q = river
    rows, noisy = w.shape[0], noisy_rows(sigma)
    x, slope = w[rows - 1], np.empty(w.shape[1])
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        record_losses(w, h, river, out[k])
        k += 1
    for t in range(lr.size):
        river_slopes(code, p, q, x, slope)
        for i in range(x.size):
            x[i] -= lr[t] * slope[i]
        update(w, lr[t], h, sigma, noisy, seed, first, _U(first_step + t))
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == lr.size:
            lane = first_diverged(w)
            if lane >= 0:
                return done, lane
        if k < record_at.size and record_at[k] == done:
            record_losses(w, h, river, out[k])
            k += 1
    return -1, -1
