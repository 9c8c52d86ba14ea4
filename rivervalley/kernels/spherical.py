"""A valley on a sphere of large dimension: hills and a river that feel the turn of each update.

Legend: y a hill coordinate's deviation from its mean M, t its target, k its drift, D its diffusion; x the river's angle.

    y' = (keep - pull k) y - turn D z        M' = (keep - pull k) M + pull k t        x' = x - turn c'(x)

with keep, turn and pull as kernels.norm gives them. Under MOMENTUM averages of such gradients are subtracted,

    y' = keep y - turn m'    m' = b1 m + pull k y + gain D z        M' likewise with pull k (M - t), x' with gain c'(x)

theta = y + M is a coordinate of the direction, whose rms over all coordinates is 1.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.descent import first_diverged
from rivervalley.kernels.noise import four_normals
from rivervalley.kernels.rivers import river_losses, river_point, river_slopes

_U = np.uint64


@device
def expected_losses(V, M, weight, target):
    """Sums of weight V / 2 and of weight (M - target)^2 / 2 over the modes."""
    hill, signal = 0.0, 0.0
    for i in range(V.size):
        hill += weight[i] * V[i]
        signal += weight[i] * (M[i] - target[i]) ** 2
    return 0.5 * hill, 0.5 * signal


@kernel
def spherical_moments(V, M, turns, first_step, hills, record_at, hill, signal):
    """Variances V and means M (modes,) after the turns, in place; losses at the recorded update counts.

    hills = (k, D^2, target, weight), (modes,) each.
    """
    keep, turn, _, pull, _ = turns
    k, D2, target, weight = hills
    moving = False
    for i in range(M.size):
        moving |= M[i] != 0.0 or target[i] != 0.0
    r = 0
    if r < record_at.size and record_at[r] == first_step:
        hill[r], signal[r] = expected_losses(V, M, weight, target)
        r += 1
    for t in range(keep.size):
        c, s, s2 = keep[t], pull[t], turn[t] * turn[t]
        for i in range(V.size):
            f = c - s * k[i]
            V[i] = f * f * V[i] + s2 * D2[i]
        if moving:
            for i in range(V.size):
                M[i] = (c - s * k[i]) * M[i] + s * k[i] * target[i]
        if r < record_at.size and record_at[r] == first_step + t + 1:
            hill[r], signal[r] = expected_losses(V, M, weight, target)
            r += 1


@kernel
def momentum_moments(V, M, Y, Z, P, turns, first_step, hills, record_at, hill, signal):
    """As spherical_moments under MOMENTUM: Y, Z the covariance of y with its momentum and the variance of that, P its mean."""
    keep, turn, gain, pull, b1 = turns
    k, D2, target, weight = hills
    r = 0
    if r < record_at.size and record_at[r] == first_step:
        hill[r], signal[r] = expected_losses(V, M, weight, target)
        r += 1
    for t in range(keep.size):
        c, s, g2 = keep[t], turn[t], gain[t] * gain[t]
        for i in range(V.size):
            f = pull[t] * k[i]
            Z[i] = b1 * b1 * Z[i] + 2.0 * b1 * f * Y[i] + f * f * V[i] + g2 * D2[i]
            y = b1 * Y[i] + f * V[i]
            V[i] = c * c * V[i] - 2.0 * c * s * y + s * s * Z[i]
            Y[i] = c * y - s * Z[i]
            P[i] = b1 * P[i] + f * (M[i] - target[i])
            M[i] = c * M[i] - s * P[i]
        if r < record_at.size and record_at[r] == first_step + t + 1:
            hill[r], signal[r] = expected_losses(V, M, weight, target)
            r += 1


@device
def deviate(y, m, keep, turn, gain, pull, b1, k, D, z):
    """One update of a row of deviations with the normals z; m its momentum, or an empty row."""
    if m.size > 0:
        f, s = pull * k, gain * D
        for i in range(y.size):
            m[i] = b1 * m[i] + f * y[i] + s * z[i]
            y[i] = keep * y[i] - turn * m[i]
    else:
        f, s = keep - pull * k, turn * D
        for i in range(y.size):
            y[i] = f * y[i] - s * z[i]


@device
def approach(M, m, keep, turn, pull, b1, k, target):
    """One update of a row of means."""
    s = pull * k
    if m.size > 0:
        for i in range(M.size):
            m[i] = b1 * m[i] + s * (M[i] - target)
            M[i] = keep * M[i] - turn * m[i]
    else:
        f, s = keep - s, s * target
        for i in range(M.size):
            M[i] = f * M[i] + s


@device
def follow_river(x, m, turn, gain, b1, river, slope):
    """One update of the river's angle; slope (lanes,) is scratch."""
    code, p, q = river
    river_slopes(code, p, q, x, slope)
    if m.size > 0:
        for i in range(x.size):
            m[i] = b1 * m[i] + gain * slope[i]
            x[i] -= turn * m[i]
    else:
        for i in range(x.size):
            x[i] -= turn * slope[i]


@device
def record_spherical(w, target, weight, river, scale, floor, out):
    """out (3, lanes): c(x) and the loss of the means; what the deviations add; the floor."""
    signal, hill, lowest = out[0], out[1], out[2]
    d = target.size
    means = w.shape[0] - 1 - d
    river_losses(river[0], scale, river[2], w[w.shape[0] - 1], signal)
    for i in range(hill.size):
        hill[i] = 0.0
        lowest[i] = floor
    for j in range(d):
        y, half = w[j], 0.5 * weight[j]
        for i in range(hill.size):
            hill[i] += half * (y[i] * y[i])
        if means > 0:
            M = w[d + j]
            for i in range(hill.size):
                gap = M[i] - target[j]
                hill[i] += half * (2.0 * y[i] * gap)
                signal[i] += half * (gap * gap)


@kernel
def descend_spherical(block, rows, turns, forgetting, hills, river, scale, floor):
    """Descent on a block, whose state and recorded out (records, 3, lanes) are filled in place; returns as descent.descend.

    The first `rows` of the state are the deviations (d,), their means (d or none) and the river's angle; under MOMENTUM as
    many momenta follow. turns are those of block.lr; hills = (k, D, target, weight), (d,) each; river its (code, p, q), by
    which the angle moves, with `scale` in place of p where its loss is recorded.
    """
    state, _, first_step, seed, first_trajectory, record_at, out, check_every = block
    keep, turn, gain, pull, b1 = turns
    k, D, target, weight = hills
    first, momentum = _U(first_trajectory), gain.size > 0
    d, lanes = D.size, state.shape[1]
    w = state[:rows]
    m = state[rows : 2 * rows] if momentum else np.empty((rows, 0))
    scratch, slope = np.empty((4, lanes)), np.empty(lanes)
    z0, z1, z2, z3 = scratch[0], scratch[1], scratch[2], scratch[3]
    r = 0
    if r < record_at.size and record_at[r] == first_step:
        record_spherical(w, target, weight, river, scale, floor, out[r])
        r += 1
    for t in range(keep.size):
        step = _U(first_step + t)
        c, s, g, f = keep[t] if forgetting else 1.0, turn[t], gain[t] if momentum else 0.0, pull[t]
        for j in range(0, d, 4):
            for i in range(lanes):
                z0[i], z1[i], z2[i], z3[i] = four_normals(seed, first + _U(i), step, _U(j >> 2))
            for i in range(min(4, d - j)):
                deviate(w[j + i], m[j + i], c, s, g, f, b1, k[j + i], D[j + i], scratch[i])
        for j in range(d, rows - 1):
            approach(w[j], m[j], c, s, f, b1, k[j - d], target[j - d])
        follow_river(w[rows - 1], m[rows - 1], s, g, b1, river, slope)
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == keep.size:
            lane = first_diverged(w)
            if lane >= 0:
                return done, lane
        if r < record_at.size and record_at[r] == done:
            record_spherical(w, target, weight, river, scale, floor, out[r])
            r += 1
    return -1, -1


@kernel
def river_path(x, turns, river, scale, first_step, record_at, loss):
    """The river alone: x, its angle and, under MOMENTUM, the momentum of that, in place; c at the recorded counts, amplitude scale."""
    _, turn, gain, _, b1 = turns
    code, p, q = river
    r = 0
    if r < record_at.size and record_at[r] == first_step:
        loss[r] = river_point(code, scale, q, x[0])[0]
        r += 1
    for t in range(turn.size):
        slope = river_point(code, p, q, x[0])[1]
        if gain.size > 0:
            x[1] = b1 * x[1] + gain[t] * slope
            slope = x[1]
        x[0] -= turn[t] * slope
        if r < record_at.size and record_at[r] == first_step + t + 1:
            loss[r] = river_point(code, scale, q, x[0])[0]
            r += 1


@kernel
def spherical_adjoint(V, M, turns, hills, path, derivatives):
    """Final sums of weight V / 2 and weight (M - target)^2 / 2.

    Derivatives of their sum by keep, turn and pull are added to derivatives (3, steps). hills = (k, D^2, target, weight); V, M
    (modes,) are those at the start and stay as they are; path (2, steps, n) is scratch for n modes at a time.
    """
    keep, turn, _, pull, _ = turns
    k, D2, target, weight = hills
    d_keep, d_turn, d_pull = derivatives[0], derivatives[1], derivatives[2]
    T, lanes = keep.size, path.shape[2]
    hill, signal = 0.0, 0.0
    v, mean = np.empty(lanes), np.empty(lanes)
    for first in range(0, V.size, lanes):
        n = min(lanes, V.size - first)
        kk, dd, tt = k[first : first + n], D2[first : first + n], target[first : first + n]
        for i in range(n):
            v[i], mean[i] = V[first + i], M[first + i]
        for t in range(T):
            c, s, s2 = keep[t], pull[t], turn[t] * turn[t]
            before_v, before_m = path[0, t], path[1, t]
            for i in range(n):
                before_v[i], before_m[i] = v[i], mean[i]
                f = c - s * kk[i]
                v[i] = f * f * v[i] + s2 * dd[i]
                mean[i] = f * mean[i] + s * kk[i] * tt[i]
        for i in range(n):
            w, gap = weight[first + i], mean[i] - tt[i]
            hill += 0.5 * w * v[i]
            signal += 0.5 * w * gap * gap
            v[i], mean[i] = 0.5 * w, w * gap  # from here on, derivatives by V and M
        for b in range(T):
            t = T - 1 - b
            c, s = keep[t], pull[t]
            before_v, before_m = path[0, t], path[1, t]
            by_keep, by_turn, by_pull = 0.0, 0.0, 0.0
            for i in range(n):
                f = c - s * kk[i]
                by_f = 2.0 * f * before_v[i] * v[i] + before_m[i] * mean[i]
                by_keep += by_f
                by_turn += 2.0 * turn[t] * dd[i] * v[i]
                by_pull += kk[i] * (tt[i] * mean[i] - by_f)
                v[i] *= f * f
                mean[i] *= f
            d_keep[t] += by_keep
            d_turn[t] += by_turn
            d_pull[t] += by_pull
    return hill, signal
