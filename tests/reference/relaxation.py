"""Drops of the LR that relax at one rate on a clock, term by term."""

import numpy as np


def relaxed(lr, u, clock):
    """Of the drops, what has relaxed after each update: sum of d_k (1 - exp(-u (tau_t - tau_{k-1})))."""
    lr = np.asarray(lr, dtype=float)
    x = (lr / lr.max()) ** clock
    out = np.zeros(lr.size)
    for t in range(lr.size):
        for k in range(1, t + 1):
            out[t] += (lr[k - 1] - lr[k]) * (1.0 - np.exp(-u * x[k : t + 1].sum()))
    return out
