"""The loss drop of the multi-power law, with the past merged into blocks that grow with age.

Legend: d_k = eta_{k-1} - eta_k the drops of the rate, S(t) the summed rate, x = C eta_k^-gamma (S(t) - S(k-1)),
G = 1 - (1 + x)^-beta, D(t) = sum over k <= t of d_k G. The drops of a block, and apart from them its rises, are stood for
by their sum and by the means of ln eta and S weighted with their sizes. The last NEAR drops are taken one by one, those
before them in blocks of WIDTH, and after every NEAR blocks in blocks twice as wide: the error is of second order in
width / age, and the cost of a point grows with the logarithm of the run.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import exp, log

WIDTH, NEAR = 4, 32


@kernel
def pyramid(drop, log_rate, before, offsets, total, mean_log, mean_before):
    """Blocks of all levels, level l from offsets[l] on, each of WIDTH * 2**l drops, from single drops, shape (steps,).

    The outputs have shape (2, blocks): row 0 for drops, row 1 for rises.
    """
    for b in range(offsets[1]):
        for sign in range(2):
            s, p, q = 0.0, 0.0, 0.0
            for k in range(b * WIDTH, min((b + 1) * WIDTH, drop.size)):
                if (drop[k] > 0.0) == (sign == 0):
                    s += drop[k]
                    p += drop[k] * log_rate[k]
                    q += drop[k] * before[k]
            total[sign, b] = s
            mean_log[sign, b] = p / s if s != 0.0 else 0.0
            mean_before[sign, b] = q / s if s != 0.0 else 0.0
    for level in range(1, offsets.size - 1):
        for j in range(offsets[level], offsets[level + 1]):
            one = offsets[level - 1] + 2 * (j - offsets[level])
            two = min(one + 1, offsets[level] - 1)  # the last block may stand alone
            for sign in range(2):
                s = total[sign, one] + total[sign, two]
                share = total[sign, two] / s if s != 0.0 else 0.0
                total[sign, j] = s if two > one else total[sign, one]
                mean_log[sign, j] = mean_log[sign, one] + share * (mean_log[sign, two] - mean_log[sign, one])
                mean_before[sign, j] = mean_before[sign, one] + share * (mean_before[sign, two] - mean_before[sign, one])


@device
def add(out, r, d, log_rate, elapsed, beta, gamma, C):
    """Add d G and its derivatives by C, beta and gamma to out[:, r]."""
    x = C * exp(-gamma * log_rate) * max(elapsed, 0.0)
    grown = log(1.0 + x)
    left = exp(-beta * grown)
    slope = beta * left * x / (1.0 + x)
    out[0, r] += d * (1.0 - left)
    out[1, r] += d * slope / C
    out[2, r] += d * grown * left
    out[3, r] -= d * slope * log_rate


@kernel
def loss_drops(at, S, drop, log_rate, before, offsets, total, mean_log, mean_before, C, beta, gamma, out):
    """out[:, r]: D and its derivatives by C, beta and gamma after update index at[r], where the summed rate is S[r]."""
    for r in range(at.size):
        out[:, r] = 0.0
        end = at[r] + 1
        start = max(end // WIDTH - NEAR // WIDTH, 0) * WIDTH
        for k in range(start, end):
            if drop[k] != 0.0:
                add(out, r, drop[k], log_rate[k], S[r] - before[k], beta, gamma, C)
        level, block, taken = 0, start // WIDTH, 0
        while block > 0:
            if taken >= NEAR and block % 2 == 0 and level + 2 < offsets.size:
                level, block, taken = level + 1, block // 2, 0
            block -= 1
            taken += 1
            j = offsets[level] + block
            for sign in range(2):
                if total[sign, j] != 0.0:
                    add(out, r, total[sign, j], mean_log[sign, j], S[r] - mean_before[sign, j], beta, gamma, C)


def level_offsets(steps: int) -> np.ndarray:
    """Where the blocks of each level begin, and where the last level ends."""
    counts = []
    width = WIDTH
    while True:
        counts.append(-(-steps // width))
        if counts[-1] <= NEAR:
            break
        width *= 2
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
