"""SGD on valleys that bend, narrow or turn: one driver for all families.

Legend: as in descent, with valley = (family, shape, a, b, d) the kind of valley and its parameters. h[j] is 0 for the rows
that a family moves itself; descent.update moves the straight hills and adds the noise of all rows.
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
from rivervalley.kernels.descent import first_diverged, noisy_rows, update
from rivervalley.kernels.rivers import river_losses, river_slopes
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
def family_step(valley, eta, steep, w, scratch):
    """One noiseless update of the family's own rows; scratch[0] = c'(x) on entry."""
    family, shape, a, b, d = valley
    last = w.shape[0] - 1
    if family == SHEARED:
        sheared_step(shape, a, b, d, eta, w[0], w[last], scratch[0])
    elif family == CIRCLE:
        circle_push(a, d, eta, w[0], w[last], scratch[0], scratch[1])
    elif family == ROTATING:
        rotating_step(a, b, d, eta, w[0], w[1], w[last], scratch[0])
    elif family == HYPERBOLA:
        hyperbola_step(eta, w[0], w[last], scratch[0])
    else:
        walls_step(shape, a, b, eta, steep, w, scratch[0], scratch[1], scratch[2])


@device
def family_loss(valley, steep, w, scratch, out):
    """out[lane] = hill loss of the family's own rows."""
    family, shape, a, b, d = valley
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
        walls_loss(shape, a, b, steep, w, scratch[1], out)


@device
def record_parts(valley, steep, w, h, river, scratch, out):
    """out[0, lane] = c(x), out[1, lane] = the rest of the loss."""
    last = w.shape[0] - 1
    code, p, q = river
    river_losses(code, p, q, w[last], out[0])
    family_loss(valley, steep, w, scratch, out[1])
    for j in range(last):
        if h[j] != 0.0:
            for i in range(w.shape[1]):
                out[1, i] += 0.5 * h[j] * w[j, i] * w[j, i]


@kernel
def descend_curved(block, h, steep, sigma, valley, river):
    """As descent.descend, with h (rows,) the curvatures of straight hills (0 elsewhere) and steep (rows,) those of walls."""
    w, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
    first = _U(first_trajectory)
    code, p, q = river
    rows, noisy = w.shape[0], noisy_rows(sigma)
    scratch = aligned_rows(3, w.shape[1])
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        record_parts(valley, steep, w, h, river, scratch, out[k])
        k += 1
    for t in range(lr.size):
        river_slopes(code, p, q, w[rows - 1], scratch[0])
        family_step(valley, lr[t], steep, w, scratch)
        update(w, lr[t], h, sigma, noisy, seed, first, _U(first_step + t))
        if valley[0] == CIRCLE:
            circle_land(valley[2], w[0], w[rows - 1], scratch[1])
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == lr.size:
            lane = first_diverged(w)
            if lane >= 0:
                return done, lane
        if k < record_at.size and record_at[k] == done:
            record_parts(valley, steep, w, h, river, scratch, out[k])
            k += 1
    return -1, -1
