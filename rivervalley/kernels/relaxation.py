"""The annealing that has been realised, on a clock between steps and summed rate.

Legend: d_k = eta_{k-1} - eta_k the drops of the rate, tau the clock, which moves by x_t = (eta_t / peak)^p at update t, k the
rate of relaxation on it, w_t = exp(-k x_t). Of a drop exp(-k (tau_t - tau_{k-1})) is still to come after update t. What is to
come in all, u_t = w_t (u_{t-1} + d_t); what has come, eta_0 - eta_t - u_t.
"""

from __future__ import annotations

from rivervalley.kernels._compile import kernel
from rivervalley.kernels.elementary import exp


@kernel
def realised(lr, log_share, k, p, x, w, at, out):
    """out (3, R): what has come after update index at[r], and its derivatives by k and by p.

    log_share (steps,): ln(eta / peak), -inf where the rate is 0; x and w (steps,) are scratch memory.
    """
    for t in range(lr.size):
        # For p below 0 the clock races at low rates; at a million an update nothing is left to come anyway.
        x[t] = min(exp(p * log_share[t]), 1e6) if p != 0.0 else 1.0
    for t in range(lr.size):
        w[t] = exp(-k * x[t])
    to_come, by_k, by_p = 0.0, 0.0, 0.0
    before, r = lr[0], 0
    for t in range(lr.size):
        to_come = w[t] * (to_come + before - lr[t])
        by_k = w[t] * by_k - x[t] * to_come
        by_p *= w[t]
        if log_share[t] > -1e300:
            by_p -= k * x[t] * log_share[t] * to_come
        before = lr[t]
        while r < at.size and at[r] == t:
            out[0, r] = lr[0] - lr[t] - to_come
            out[1, r] = -by_k
            out[2, r] = -by_p
            r += 1
