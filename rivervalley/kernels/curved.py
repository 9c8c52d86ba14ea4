"""SGD on valleys that bend, narrow or turn: one driver for all families.

Legend: as in descent, with `family` the kind of valley and shape, a, b, d its parameters. h[j] is 0 for the rows that a family
moves itself; descent.update moves the straight hills and adds the noise of all rows.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.bends import (
    circle_land,
    circle_push,
    floor_and_slope,
    hyperbola_step,
    rotating_loss,
    rotating_step,
    sheared_step,
)
from rivervalley.kernels.descent import first_diverged, update
from rivervalley.kernels.elementary import exp, log
from rivervalley.kernels.rivers import EXPONENTIAL, LINEAR, LOGISTIC, POWER, QUADRATIC, river_losses
from rivervalley.kernels.walls import walls_loss, walls_step

_U = np.uint64
SHEARED, CIRCLE, ROTATING, HYPERBOLA, WALLS = 0, 1, 2, 3, 4


@device
def aligned_rows(rows, lanes):
    """Scratch that starts on a cache line: vectors that straddle two lines are slow."""
    store = np.empty(rows * lanes + 8)
    shift = (-store.ctypes.data & 63) >> 3
    return store[shift : shift + rows * lanes].reshape(rows, lanes)


@device
def river_slopes(code, p, q, x, out):
    """out[lane] = c'(x[lane])."""
    n = x.size
    if code == LINEAR:
        for i in range(n):
            out[i] = -p
    elif code == POWER:
        for i in range(n):
            out[i] = -p * q * exp(-(q + 1.0) * log(1.0 + x[i]))
    elif code == EXPONENTIAL:
        for i in range(n):
            out[i] = -p * q * exp(-q * x[i])
    elif code == LOGISTIC:
        for i in range(n):
            out[i] = -p * q / (1.0 + exp(q * x[i]))
    elif code == QUADRATIC:
        for i in range(n):
            out[i] = p * (x[i] - q)
    else:
        for i in range(n):
            out[i] = 0.0


@device
def family_step(family, shape, a, b, d, eta, steep, w, room):
    """One noiseless update of the family's own rows; room[0] = c'(x) on entry."""
    last = w.shape[0] - 1
    if family == SHEARED:
        sheared_step(shape, a, b, d, eta, w[0], w[last], room[0])
    elif family == CIRCLE:
        circle_push(a, d, eta, w[0], w[last], room[0], room[1])
    elif family == ROTATING:
        rotating_step(a, b, d, eta, w[0], w[1], w[last], room[0])
    elif family == HYPERBOLA:
        hyperbola_step(eta, w[0], w[last], room[0])
    else:
        walls_step(shape, a, b, eta, steep, w, room[0], room[1], room[2])


@device
def family_loss(family, shape, a, b, d, steep, w, room, out):
    """out[lane] = hill loss of the family's own rows."""
    y, x = w[0], w[w.shape[0] - 1]
    if family == SHEARED:
        for i in range(out.size):
            f, _ = floor_and_slope(shape, a, b, x[i])
            out[i] = 0.5 * d * (y[i] - f) ** 2
    elif family == CIRCLE:
        for i in range(out.size):
            out[i] = 0.5 * d * y[i] * y[i]
    elif family == ROTATING:
        rotating_loss(a, b, d, y, w[1], x, out)
    elif family == HYPERBOLA:
        for i in range(out.size):
            out[i] = 0.5 * (x[i] * y[i] - 1.0) ** 2
    else:
        walls_loss(shape, a, b, steep, w, room[1], out)


@device
def record_parts(family, shape, a, b, d, steep, w, h, river, p, q, room, out):
    """out[0, lane] = c(x), out[1, lane] = the rest of the loss."""
    last = w.shape[0] - 1
    river_losses(river, p, q, w[last], out[0])
    family_loss(family, shape, a, b, d, steep, w, room, out[1])
    for j in range(last):
        if h[j] != 0.0:
            for i in range(w.shape[1]):
                out[1, i] += 0.5 * h[j] * w[j, i] * w[j, i]


@kernel
def descend_curved(
    w, lr, first_step, seed, first_trajectory, h, steep, sigma, family, shape, a, b, d, river, p, q, record_at, out, check_every
):
    """Run updates first_step + 1 ... first_step + lr.size on a block of trajectories, in place.

    As descent.descend, with h (rows,) the curvatures of straight hills (0 elsewhere) and steep (rows,) those of walls.
    """
    seed, first = _U(seed), _U(first_trajectory)
    rows = w.shape[0]
    room = aligned_rows(3, w.shape[1])
    noisy = rows
    while noisy > 0 and sigma[noisy - 1] == 0.0:
        noisy -= 1
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        record_parts(family, shape, a, b, d, steep, w, h, river, p, q, room, out[k])
        k += 1
    for t in range(lr.size):
        river_slopes(river, p, q, w[rows - 1], room[0])
        family_step(family, shape, a, b, d, lr[t], steep, w, room)
        update(w, lr[t], h, sigma, noisy, seed, first, _U(first_step + t))
        if family == CIRCLE:
            circle_land(a, w[0], w[rows - 1], room[1])
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == lr.size:
            lane = first_diverged(w)
            if lane >= 0:
                return done, lane
        if k < record_at.size and record_at[k] == done:
            record_parts(family, shape, a, b, d, steep, w, h, river, p, q, room, out[k])
            k += 1
    return -1, -1
