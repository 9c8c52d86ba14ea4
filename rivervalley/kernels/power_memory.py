"""The response of hill noise with a power-law memory to changes of its drive, and how it depends on the memory's constants.

Legend: change[j] of the drive at clock begin[j], reading r at clock now[r], which has seen the changes before seen[r];
N = sum change (1 - (1 + u x)^-beta), x = now - begin; rows of out: N, dN / d ln u, dN / d ln beta.
"""

from __future__ import annotations

from rivervalley.kernels._compile import kernel
from rivervalley.kernels.elementary import exp, log


@kernel
def power_response(change, begin, now, seen, u, beta, out):
    """Fill out (3, readings); seen (readings,) rises."""
    noise, by_u, by_beta = out[0], out[1], out[2]
    for r in range(now.size):
        noise[r], by_u[r], by_beta[r] = 0.0, 0.0, 0.0
    first = 0
    for j in range(change.size):
        while first < seen.size and seen[first] <= j:
            first += 1
        size, start = change[j], begin[j]
        for r in range(first, now.size):
            ux = u * max(now[r] - start, 0.0)
            depth = log(1.0 + ux)
            left = size * exp(-beta * depth)
            noise[r] += size - left
            by_u[r] += beta * (ux / (1.0 + ux)) * left
            by_beta[r] += beta * depth * left
