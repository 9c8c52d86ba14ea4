"""Updates that are nearly alike, merged into blocks.

Legend: eta the LR of each update, d_t = eta_{t-1} - eta_t its drop, d_0 = 0. Within a block the drops are taken as equal, and
so are the LRs: a constant LR is merged without error. The drops of a block differ by so little that at most `drop_tolerance`
of all that the LR moves is displaced, by less than the block's length; the LRs by less than `lr_tolerance` of the largest.
"""

from __future__ import annotations

from rivervalley.kernels._compile import kernel


@kernel
def merge(eta_forward, eta, at, drop_tolerance, lr_tolerance, end):
    """The last update index of each block into `end`, shape (steps,); returns how many there are. Each of `at` ends a block."""
    moved = 0.0
    for t in range(1, eta.size):
        moved += abs(eta[t - 1] - eta[t])
    allowed = drop_tolerance * moved
    count, r, n = 0, 0, 0
    least = most = low = high = low_forward = high_forward = 0.0
    for t in range(at[-1] + 1):
        d = eta[t - 1] - eta[t] if t > 0 else 0.0
        fits = n > 0 and not (r < at.size and at[r] == t - 1)
        if fits:
            range_of_drops = max(most, d) - min(least, d)
            range_of_lr = max(high, eta[t]) - min(low, eta[t])
            range_forward = max(high_forward, eta_forward[t]) - min(low_forward, eta_forward[t])
            fits = (
                range_of_drops * (n + 1) <= allowed
                and range_of_lr <= lr_tolerance * max(high, eta[t])
                and range_forward <= lr_tolerance * max(high_forward, eta_forward[t])
            )
        if n > 0 and r < at.size and at[r] == t - 1:
            r += 1
        if fits:
            n += 1
            least, most = min(least, d), max(most, d)
            low, high = min(low, eta[t]), max(high, eta[t])
            low_forward, high_forward = min(low_forward, eta_forward[t]), max(high_forward, eta_forward[t])
        else:
            if n > 0:
                end[count] = t - 1
                count += 1
            n = 1
            least = most = d
            low = high = eta[t]
            low_forward = high_forward = eta_forward[t]
    end[count] = at[-1]
    return count + 1
