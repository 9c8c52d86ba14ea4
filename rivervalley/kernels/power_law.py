"""SGD on linear regression with Gaussian features: sampled minibatches, and the exact recursion of its second moments.

Legend: lam[j] eigenvalues of the features' covariance, n[j] how many equal modes stand in bin j, m[j] = E (w_j - w*_j)^2,
d[j] = E (w_j - w*_j), eta the rate, B the batch size, R = sum of n lam m + frozen the expected squared error, where `frozen`
is the variance of everything that is not trained (label noise and modes left out). For Gaussian features, exactly,

    m <- m ((1 - eta lam)^2 + (eta lam)^2 / B) + eta^2 lam R / B.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.descent import first_diverged
from rivervalley.kernels.elementary import exp, log
from rivervalley.kernels.noise import FEATURES, four_normals

_U = np.uint64


@device
def sample_row(w, target, scale, noise, seed, first, number, x, r):
    """One sample for each lane: features x (rows, lanes) and residual r = x.(w - target) - noise * z of sample `number`."""
    dim = w.shape[0]
    for i in range(r.size):
        r[i] = 0.0
    for j in range(0, dim + 1, 4):
        x0, x1, x2, x3 = x[j], x[j + 1], x[j + 2], x[j + 3]
        for i in range(r.size):
            x0[i], x1[i], x2[i], x3[i] = four_normals(seed, first + _U(i), number, _U(j >> 2) + FEATURES)
        for k in range(j, min(j + 4, dim)):
            row, at, s, t = x[k], w[k], scale[k], target[k]
            for i in range(r.size):
                row[i] = s * row[i]
                r[i] += row[i] * (at[i] - t)
    last = x[dim]
    for i in range(r.size):
        r[i] -= noise * last[i]


@device
def record_parts(w, target, scale, floor, label_variance, out):
    """out[0] = sum of lam (w - target)^2, out[1] = floor, out[2] = label noise, by lane."""
    trained = out[0]
    for i in range(trained.size):
        trained[i] = 0.0
        out[1, i] = floor
        out[2, i] = label_variance
    for j in range(w.shape[0]):
        row, t, lam = w[j], target[j], scale[j] * scale[j]
        for i in range(trained.size):
            trained[i] += lam * (row[i] - t) * (row[i] - t)


@kernel
def regression_sgd(block, target, scale, floor, label_variance, batch, order):
    """Minibatch SGD on freshly sampled or repeated Gaussian features, on a block with state (dim, lanes), in place.

    w <- w - eta / B sum_i x_i (x_i.w - y_i), with y = x.target + noise of variance floor + label_variance. Sample number s of
    a trajectory is a pure function of (seed, trajectory, s): update t, place i of the batch takes number order[t B + i], or
    (first_step + t) B + i where `order` is empty. Recording and return as in `descent.descend`.
    """
    w, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
    first = _U(first_trajectory)
    dim, lanes = w.shape
    noise = np.sqrt(floor + label_variance)
    x = np.empty((dim // 4 * 4 + 4, lanes))
    r, step = np.empty(lanes), np.empty((dim, lanes))
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        record_parts(w, target, scale, floor, label_variance, out[k])
        k += 1
    for t in range(lr.size):
        step[:] = 0.0
        for b in range(batch):
            number = order[t * batch + b] if order.size > 0 else (first_step + t) * batch + b
            sample_row(w, target, scale, noise, seed, first, _U(number), x, r)
            for j in range(dim):
                total, row = step[j], x[j]
                for i in range(lanes):
                    total[i] += row[i] * r[i]
        eta = lr[t] / batch
        for j in range(dim):
            total, row = step[j], w[j]
            for i in range(lanes):
                row[i] -= eta * total[i]
        done = first_step + t + 1
        if done % check_every == 0 or t + 1 == lr.size:
            lane = first_diverged(w)
            if lane >= 0:
                return done, lane
        if k < record_at.size and record_at[k] == done:
            record_parts(w, target, scale, floor, label_variance, out[k])
            k += 1
    return -1, -1


@kernel
def sampled_data(seed, trajectory, scale, x, z):
    """The features x (samples, dim) and standard normal label noise z (samples,) that `regression_sgd` sees, by number."""
    dim = x.shape[1]
    for s in range(x.shape[0]):
        for j in range(0, dim + 1, 4):
            four = four_normals(_U(seed), _U(trajectory), _U(s), _U(j >> 2) + FEATURES)
            for i in range(4):
                if j + i < dim:
                    x[s, j + i] = scale[j + i] * four[i]
                elif j + i == dim:
                    z[s] = four[i]


@kernel
def regression_moments(m, d, lr, first_step, lam, n, frozen, batch, record_at, trained):
    """Advance second moments m and means d (modes,) in place; trained[k] = sum of n lam m at the recorded counts."""
    R = 0.0
    for j in range(m.size):
        R += n[j] * lam[j] * m[j]
    k = 0
    if k < record_at.size and record_at[k] == first_step:
        trained[k] = R
        k += 1
    for t in range(lr.size):
        eta = lr[t]
        add = eta * eta * (R + frozen) / batch
        twist = eta * eta / batch
        R = 0.0
        for j in range(m.size):
            a = 1.0 - eta * lam[j]
            d[j] *= a
            m[j] = m[j] * (a * a + twist * lam[j] * lam[j]) + add * lam[j]
            R += n[j] * lam[j] * m[j]
        if k < record_at.size and record_at[k] == first_step + t + 1:
            trained[k] = R
            k += 1


@kernel
def sweep_moments(m, lr, lam, n, frozen, batch, record_at, trained):
    """`regression_moments` for many settings side by side: m (modes, lanes) in place, lr (steps, lanes), frozen and batch
    (lanes,), trained (records, lanes). Settings are the contiguous axis, so that the loop over them vectorises."""
    modes, lanes = m.shape
    R, add, twist, total = np.zeros(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes)
    for j in range(modes):
        s, row = n[j] * lam[j], m[j]
        for i in range(lanes):
            R[i] += s * row[i]
    k = 0
    if k < record_at.size and record_at[k] == 0:
        trained[k] = R
        k += 1
    for t in range(lr.shape[0]):
        eta = lr[t]
        for i in range(lanes):
            twist[i] = eta[i] * eta[i] / batch[i]
            add[i] = twist[i] * (R[i] + frozen[i])
            total[i] = 0.0
        for j in range(modes):
            h, s, row = lam[j], n[j] * lam[j], m[j]
            for i in range(lanes):
                a = 1.0 - eta[i] * h
                row[i] = row[i] * (a * a + twist[i] * h * h) + add[i] * h
                total[i] += s * row[i]
        for i in range(lanes):
            R[i] = total[i]
        if k < record_at.size and record_at[k] == t + 1:
            trained[k] = R
            k += 1


@kernel
def block_moments(m, lr, counts, lam, n, frozen, batch):
    """The recursion in blocks of counts[b] updates at the rate lr[b]; m in place, returns sum of n lam m at the end.

    In a block the squared error that feeds the noise is taken as straight between its values at both ends, and the end is
    solved for, so that the result is of second order in how much the loss changes over a block: runs of 10^9 updates take
    some hundred blocks.
    """
    level, rise = np.empty(m.size), np.empty(m.size)
    R = 0.0
    for j in range(m.size):
        R += n[j] * lam[j] * m[j]
    for b in range(lr.size):
        if lr[b] <= 0.0:
            continue
        twist, count = lr[b] * lr[b] / batch, counts[b]
        # m at the end is level + rise * (change of the squared error over the block).
        flat, slope = 0.0, 0.0
        for j in range(m.size):
            x = lr[b] * lam[j]
            # 1 less the multiplier, kept as such: for slow modes the multiplier itself rounds to 1.
            loss = 2.0 * x - x * x - twist * lam[j] * lam[j]
            done = count * (loss + 0.5 * loss * loss) if abs(loss) < 1e-6 else -count * log(max(1.0 - loss, 1e-300))
            gone = done * (1.0 - 0.5 * done) if abs(done) < 1e-6 else 1.0 - exp(-done)
            fed = twist * lam[j] * (gone / loss if loss != 0.0 else count)
            # Where in the block the error that a mode holds came from: its middle for slow modes, its end for fast ones.
            place = 0.5 + done / 12.0 if abs(done) < 1e-3 else 1.0 / gone - 1.0 / done
            level[j] = m[j] * (1.0 - gone) + fed * (R + frozen)
            rise[j] = fed * place
            flat += n[j] * lam[j] * level[j]
            slope += n[j] * lam[j] * rise[j]
        change = (flat - R) / (1.0 - slope)
        for j in range(m.size):
            m[j] = level[j] + change * rise[j]
        R += change
    return R
