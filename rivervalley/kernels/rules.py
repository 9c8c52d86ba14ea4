"""Update rules beside plain SGD on the straight valley: momentum, sign, projections, averages of iterates.

Legend: g = h w + sigma z the noisy gradient (c'(x) + sigma z along the river), eta the rate.
0 momentum m <- b m + (1 - b) g, w <- w - eta m; 1 sign w <- w - eta sign(g); 2 project w <- w - eta mask g;
3 average w <- w - eta g, a <- a + mix (w - a), whose loss at a is recorded. m and a are the rows after those of w.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.descent import first_diverged, noisy_rows, record_losses
from rivervalley.kernels.noise import four_normals
from rivervalley.kernels.rivers import river_slopes

_U = np.uint64
MOMENTUM, SIGN, PROJECT, AVERAGE = 0, 1, 2, 3


@device
def fill_noise(scratch, noisy, seed, first, step):
    """scratch[j] = standard normals of coordinate j, for the first `noisy` coordinates; scratch has rows for whole groups."""
    for j in range(0, noisy, 4):
        z0, z1, z2, z3 = scratch[j], scratch[j + 1], scratch[j + 2], scratch[j + 3]
        for i in range(scratch.shape[1]):
            z0[i], z1[i], z2[i], z3[i] = four_normals(seed, first + _U(i), step, _U(j >> 2))


@device
def apply_rule(rule, b, mix, eta, w, other, g):
    """One update of a row w by its gradient g; other is its momentum or average."""
    n = w.size
    if rule == MOMENTUM:
        for i in range(n):
            other[i] = b * other[i] + (1.0 - b) * g[i]
            w[i] -= eta * other[i]
    elif rule == SIGN:
        for i in range(n):
            w[i] -= eta if g[i] > 0.0 else (-eta if g[i] < 0.0 else 0.0)
    elif rule == PROJECT:
        for i in range(n):
            w[i] -= eta * b * g[i]
    else:
        for i in range(n):
            w[i] -= eta * g[i]
            other[i] += mix * (w[i] - other[i])


@kernel
def descend_rule(block, h, sigma, river, rule, b, mask, mix):
    """As descent.descend under another rule; w has twice the rows of h for momentum and averages, mix (steps,) or (0,)."""
    w, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
    first = _U(first_trajectory)
    code, p, q = river
    rows, lanes, noisy = h.size, w.shape[1], noisy_rows(sigma)
    both = w.shape[0] > rows
    scratch = np.zeros((4 * ((rows + 3) // 4), lanes))
    slope = np.empty(lanes)
    shown = w[rows:] if rule == AVERAGE else w[:rows]
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        record_losses(shown, h, river, out[k])
        k += 1
    for t in range(lr.size):
        fill_noise(scratch, noisy, seed, first, _U(first_step + t))
        river_slopes(code, p, q, w[rows - 1], slope)
        step_mix = mix[t] if mix.size > 0 else 0.0
        for j in range(rows):
            row, g = w[j], scratch[j]
            # Rows beyond the noisy ones are overwritten with the gradient itself, so the factor must not read them.
            for i in range(lanes):
                noise = sigma[j] * g[i] if j < noisy else 0.0
                g[i] = (slope[i] if j == rows - 1 else h[j] * row[i]) + noise
            apply_rule(rule, mask[j] if rule == PROJECT else b, step_mix, lr[t], row, w[rows + j] if both else row, g)
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == lr.size:
            lane = first_diverged(w)
            if lane >= 0:
                return done, lane
        if k < record_at.size and record_at[k] == done:
            record_losses(shown, h, river, out[k])
            k += 1
    return -1, -1
