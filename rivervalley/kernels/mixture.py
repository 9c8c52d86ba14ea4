"""The loss drop of the multi-power law at many points: a mixture of relaxations, each carried on from update to update.

Legend: d_k = eta_{k-1} - eta_k the drops of the rate, x = K_k (S(t) - S(k-1)) with K_k = K eta_k^-gamma, f_t the update's own
summed rate, y_i the nodes and v_i = e^(y_i) their rates of relaxation.

(1 + x)^-beta is the mean of e^(-u x) over u of a gamma distribution. With v = u K_k all drops share the rates v and differ
in weights, so that a node's part of D(t) = sum over k <= t of d_k (1 - (1 + x)^-beta) is moved on by one factor:

    E_i += d_k w(v_i / K_k) at a drop,    X_i += (E_i - X_i) (1 - e^(-v_i f_t)) at an update,    D = sum X_i,

with w(u) = h u^beta e^-u / Gamma(beta) for nodes h apart in ln v. The trapezoidal rule is off by some |Gamma(beta + 2 pi i / h)|
/ Gamma(beta), under 1e-9 of a drop for the h taken. Time is updates x nodes, however many points there are.
"""

from __future__ import annotations

import math

import numpy as np

from rivervalley.kernels._compile import kernel
from rivervalley.kernels.elementary import exp_weight

SPACING, SHARE = 0.3, 0.65  # of the nodes: at most the one, and the other share of the gamma distribution's width in ln u
NOTHING = 1e-11  # what ends of the nodes may leave out


@kernel
def mixture_drops(at, forward, drop, log_rate, y, v, log_K, beta, gamma, norm, psi, E, X, gone, out):
    """out[:, r]: D and its derivatives by ln K, beta and gamma after update index at[r]; E and X, shape (4, nodes), start at 0.

    norm = ln(Gamma(beta) / h), psi the digamma function of beta; gone, shape (nodes,), is scratch memory.
    """
    n = y.size
    before, r = -1.0, 0
    for t in range(at[-1] + 1):
        d = drop[t]
        if d != 0.0:
            rate = log_rate[t]
            log_rate_of_one = log_K - gamma * rate
            for i in range(n):
                z = y[i] - log_rate_of_one
                u = exp_weight(z)
                w = d * exp_weight(beta * z - u - norm)
                by_log = (u - beta) * w
                E[0, i] += w
                E[1, i] += by_log
                E[2, i] += (z - psi) * w
                E[3, i] -= rate * by_log
        f = forward[t]
        if f != before:
            for i in range(n):
                gone[i] = 1.0 - exp_weight(-v[i] * f)
            before = f
        for i in range(n):
            X[0, i] += (E[0, i] - X[0, i]) * gone[i]
            X[1, i] += (E[1, i] - X[1, i]) * gone[i]
            X[2, i] += (E[2, i] - X[2, i]) * gone[i]
            X[3, i] += (E[3, i] - X[3, i]) * gone[i]
        if at[r] == t:
            D, by_K, by_beta, by_gamma = 0.0, 0.0, 0.0, 0.0
            for i in range(n):
                D += X[0, i]
                by_K += X[1, i]
                by_beta += X[2, i]
                by_gamma += X[3, i]
            out[0, r], out[1, r], out[2, r], out[3, r] = D, by_K, by_beta, by_gamma
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
