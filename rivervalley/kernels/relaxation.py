"""The annealing that has been realised, on a clock between steps and cumulative LR, carried over blocks of updates.

Legend: d_k = eta_{k-1} - eta_k the drops of the LR, tau the clock, which moves by x_t = (eta_t / peak)^p at update t, k the
relaxation per unit of it. Of a drop exp(-k (tau_t - tau_{k-1})) is still to come after update t. What is to come in all,
u_t = e^(-k x_t) (u_{t-1} + d_t); what has come, eta_0 - eta_t - u_t.

A block of n updates has n equal drops d, so that with the mean x of its LR

    u_n = e^(-n k x) u_0 + d s,    s = e^-y + ... + e^(-n y),

where y = k x if all LRs are alike, else y = k x lead^p, so that the clock after the block's drops is right in the mean.
"""

from __future__ import annotations

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import exp

SMALL = 3e-4  # of n y: below it the sums are taken from their series, which is then exact to 1e-12


@device
def geometric(y, n, left):
    """s = sum of e^(-i y), i = 1 ... n, and ds/dy, where left = e^(-n y)."""
    if n == 1.0:
        return left, -left
    if n * y < SMALL:
        squares, cubes = n * (n + 1.0) * (2.0 * n + 1.0) / 6.0, (0.5 * n * (n + 1.0)) ** 2
        first = 0.5 * n * (n + 1.0)
        return n - y * (first - y * (0.5 * squares - y * cubes / 6.0)), -first + y * (squares - 0.5 * y * cubes)
    share = 1.0 / (exp(y) - 1.0)
    s = share * (1.0 - left)
    return s, share * n * left - s * (1.0 + share)


@kernel
def realised(length, drop, log_share, log_lead, k, p, at, out):
    """out (3, R): what has come after block at[r], and its derivatives by k and by p.

    length, drop, log_share and log_lead (blocks,): updates, all that the LR falls, ln(eta / peak), -inf where the LR is 0,
    and ln(lead).
    """
    to_come, by_k, by_p = 0.0, 0.0, 0.0
    fallen, r = 0.0, 0
    for b in range(length.size):
        n = length[b]
        # For p below 0 the clock races at low LRs; at a million an update nothing is left to come anyway.
        x = min(exp(p * log_share[b]), 1e6) if p != 0.0 else 1.0
        left, each = exp(-n * k * x), drop[b] / n
        lead = exp(p * log_lead[b]) if n > 1.0 else 1.0
        y = k * x * lead
        s, slope = geometric(y, n, exp(-n * y))
        by_x = each * slope * k * lead - n * k * left * to_come
        by_k = left * by_k + (each * slope * lead - n * left * to_come) * x
        by_p = left * by_p + each * slope * y * log_lead[b]
        if log_share[b] > -1e300:
            by_p += by_x * x * log_share[b]
        to_come = left * to_come + each * s
        fallen += drop[b]
        while r < at.size and at[r] == b:
            out[0, r] = fallen - to_come
            out[1, r] = -by_k
            out[2, r] = -by_p
            r += 1
