"""The loss drop of the multi-power law: a mixture of relaxations, each carried over blocks of updates.

Legend: d_k = eta_{k-1} - eta_k the drops of the LR, x = K_k (S(t) - S(k-1)) with K_k = K eta_k^-gamma, f the cumulative LR of
an update, y_i the nodes and v_i = e^(y_i) their rates of relaxation.

(1 + x)^-beta is the mean of e^(-u x) over u of a gamma distribution. With v = u K_k all drops share the rates v and differ
in weights, so that a node's part of D(t) = sum over k <= t of d_k (1 - (1 + x)^-beta) is moved on by one factor:

    E_i += d_k w(v_i / K_k) at a drop,    X_i += (E_i - X_i) (1 - e^(-v_i f_t)) at an update,    D = sum X_i,

with w(u) = h u^beta e^-u / Gamma(beta) for nodes h apart in ln v. The trapezoidal rule is off by some |Gamma(beta + 2 pi i / h)|
/ Gamma(beta), under 1e-9 of a drop for the h taken. A block of n updates has n equal drops and one K,

    X_n = X_0 + (E_0 - X_0) (1 - e^(-v n f)) + (E_n - E_0) (n - s) / n,    s = e^-y + ... + e^(-n y),

where y = v f if all f are alike, else y = v f lead, so that the cumulative LR after the block's drops is right in the mean.

Time is blocks x nodes, however many points there are.
"""

from __future__ import annotations

import math

import numpy as np

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import exp_weight

SPACING, SHARE = 0.3, 0.65  # of the nodes: at most the one, and the other share of the gamma distribution's width in ln u
NOTHING = 1e-11  # what ends of the nodes may leave out
SMALL = 3e-3  # of n y: below it n - s is taken from its series, to 1e-9


@device
def shares_gone(v, f, n, lead, gone, share, drops):
    """For each node what an earlier drop relaxes by in a block, and where it has drops, the mean of that over its own drops."""
    for i in range(v.size):
        gone[i] = 1.0 - exp_weight(-v[i] * f * n)
    if not drops:
        return
    if n == 1.0:
        for i in range(v.size):
            share[i] = gone[i]
        return
    first, second, third = 0.5 * (n + 1.0), (n + 1.0) * (2.0 * n + 1.0) / 12.0, n * (n + 1.0) * (n + 1.0) / 24.0
    for i in range(v.size):
        y = v[i] * f * lead
        left = exp_weight(-y)
        s = left * (1.0 - exp_weight(-n * y)) / max(1.0 - left, 1e-300)
        share[i] = y * (first - y * (second - y * third)) if n * y < SMALL else 1.0 - s / n


@kernel
def mixture_drops(at, length, forward, lead, drop, log_lr, y, v, log_K, beta, gamma, norm, psi, E, X, gone, share, out):
    """out[:, r]: D and its derivatives by ln K, beta and gamma after block at[r]; E and X, shape (4, nodes), start at 0.

    length, forward, lead, drop, log_lr (blocks,): updates, cumulative LR, see above, all that the LR falls, ln eta. norm = ln(Gamma(beta) / h),
    psi the digamma function of beta; gone and share, shape (nodes,), are scratch.
    """
    nodes = y.size
    f_before, n_before, drops_before, r = -1.0, -1.0, False, 0
    for b in range(at[-1] + 1):
        d, n = drop[b], length[b]
        f = forward[b] / n
        if f != f_before or n != n_before or (d != 0.0 and not drops_before):
            shares_gone(v, f, n, lead[b], gone, share, d != 0.0)
            f_before, n_before, drops_before = f, n, d != 0.0
        for i in range(nodes):
            X[0, i] += (E[0, i] - X[0, i]) * gone[i]
            X[1, i] += (E[1, i] - X[1, i]) * gone[i]
            X[2, i] += (E[2, i] - X[2, i]) * gone[i]
            X[3, i] += (E[3, i] - X[3, i]) * gone[i]
        if d != 0.0:
            log_K_here = log_K - gamma * log_lr[b]
            for i in range(nodes):
                z = y[i] - log_K_here
                u = exp_weight(z)
                w = d * exp_weight(beta * z - u - norm)
                by_log = (u - beta) * w
                by_beta = (z - psi) * w
                by_gamma = -log_lr[b] * by_log
                E[0, i] += w
                E[1, i] += by_log
                E[2, i] += by_beta
                E[3, i] += by_gamma
                X[0, i] += w * share[i]
                X[1, i] += by_log * share[i]
                X[2, i] += by_beta * share[i]
                X[3, i] += by_gamma * share[i]
        if at[r] == b:
            D, by_K, by_beta_sum, by_gamma_sum = 0.0, 0.0, 0.0, 0.0
            for i in range(nodes):
                D += X[0, i]
                by_K += X[1, i]
                by_beta_sum += X[2, i]
                by_gamma_sum += X[3, i]
            out[0, r], out[1, r], out[2, r], out[3, r] = D, by_K, by_beta_sum, by_gamma_sum
            r += 1


def nodes(beta: float, log_least: float, log_most: float, summed: float) -> tuple[np.ndarray, float]:
    """(y, spacing) for relaxation rates K_k between e^log_least and e^log_most and a run of that summed rate."""
    spacing = min(SPACING, SHARE / math.sqrt(beta))
    tail = math.log(NOTHING)
    # Slow nodes: those that hardly move in the whole run, and those of hardly any weight.
    low = max(tail - math.log(summed), log_least + (tail + math.lgamma(beta)) / beta)
    high = log_most + math.log(beta + 10.0 * math.sqrt(beta) + 30.0)
    count = max(2, math.ceil((high - low) / spacing) + 1)
    return low + spacing * np.arange(count), spacing
