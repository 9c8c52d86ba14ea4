"""The terms of the convex last-iterate bound, summed over updates.

Legend: R_k, Q_k the sums of eta and eta^2 from update k on; WIDTH the least block of updates, NEAR how many are taken one by one.
"""

from __future__ import annotations

import numpy as np

from rivervalley.kernels._compile import kernel
from rivervalley.kernels.elementary import log

WIDTH, NEAR = 4, 64


@kernel
def convex_terms(lr, at, offsets, sums, squares, out):
    """out (3, R): T1, T2 and T3 of the last-iterate bound for a run that ends with update index at[r]; see `convex_bound`.

    T3 = 1/2 sum over k < T of Q_k (1 / R_{k+1} - 1 / R_k), with R_k and Q_k the sums of eta and eta^2 from k on. Both are
    added up from the end, so nothing cancels. The last NEAR updates are taken one by one; those before them in blocks that
    grow with age, in each of which Q is taken as linear in R: the error is of second order in width / age.
    """
    for r in range(at.size):
        end = at[r] + 1
        R, Q, T3 = lr[end - 1], lr[end - 1] * lr[end - 1], 0.0
        start = max(end // WIDTH - NEAR // WIDTH, 0) * WIDTH
        for k in range(end - 2, start - 1, -1):
            after = R
            R += lr[k]
            Q += lr[k] * lr[k]
            if after > 0.0:
                T3 += Q * (lr[k] / (after * R))
        level, block, taken = 0, start // WIDTH, 0
        while block > 0:
            if taken >= NEAR and block % 2 == 0 and level + 2 < offsets.size:
                level, block, taken = level + 1, block // 2, 0
            block -= 1
            taken += 1
            j = offsets[level] + block
            s, q, width = sums[j], squares[j], float(WIDTH << level)
            if s > 0.0 and R > 0.0:
                after, slope = R, q / s
                R += s
                gap = s / (after * R)
                # Sum of eta_k / R_{k+1} over the block, its rates taken as alike.
                steps = log(R / after) + 0.5 * s / width * gap
                T3 += (Q - slope * after) * gap + slope * steps
            else:
                R += s
            Q += q
        out[0, r] = 0.5 / R if R > 0.0 else np.inf
        out[1, r] = 0.5 * Q / R if R > 0.0 else 0.0
        out[2, r] = 0.5 * T3


@kernel
def block_sums(lr, offsets, sums, squares):
    """Sums of rates and of their squares over blocks of all levels, level l from offsets[l] on."""
    for level in range(offsets.size - 1):
        width = WIDTH << level
        for b in range(offsets[level + 1] - offsets[level]):
            s, q = 0.0, 0.0
            for k in range(b * width, min((b + 1) * width, lr.size)):
                s += lr[k]
                q += lr[k] * lr[k]
            sums[offsets[level] + b] = s
            squares[offsets[level] + b] = q


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
