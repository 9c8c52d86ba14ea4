"""The rms of AdamW's weights under decoupled weight decay, the two clocks that follow from it, and averages on the second.

    eta    LR of an update          wd    weight decay          n    rms of the weights before an update, n_0 the init std
    n'^2 = (1 - eta wd)^2 n^2 + eta^2      decay and a random walk of unit updates
    r = eta / n                            relative step
    x = (eta / REF) (WIDTH / n)^q          what an update does to the signal, S = REF sum x
    d = (eta / REF) (WIDTH / n)^g          what it does to the memory, tau = sum d
    m' = m + (x^p - m)(1 - exp(-v d))      hill noise: an exponential average of x^p on tau for each rate of relaxation v

REF and WIDTH are handy units, 1e-3 and 0.02: at that LR and that rms one update is one unit of either clock.
"""

from __future__ import annotations

import math

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import exp, log

REF, WIDTH = 1e-3, 0.02


@device
def next_square(square, eta, wd):
    """n^2 after an update."""
    keep = 1.0 - eta * wd
    return keep * keep * square + eta * eta


@device
def power(x, p):
    """x^p for x >= 0 and p > 0."""
    return exp(p * log(x)) if x > 0.0 else 0.0


@kernel
def norms(lr, wd, init_std, n):
    """n[t], the rms before update t; n has one entry more than lr, the last after the last update."""
    square = init_std * init_std
    n[0] = init_std
    for t in range(lr.size):
        square = next_square(square, lr[t], wd)
        n[t + 1] = math.sqrt(square)


@kernel
def clocks(lr, n, q, g, x, d, S, tau):
    """x and d of every update, and S and tau after it; the sums are compensated."""
    for t in range(lr.size):
        wide = log(WIDTH / n[t])
        x[t] = lr[t] / REF * exp(q * wide)
        d[t] = lr[t] / REF * exp(g * wide)
    s, s_low, total, low = 0.0, 0.0, 0.0, 0.0
    for t in range(lr.size):
        y = REF * x[t] - s_low
        new = s + y
        s_low = (new - s) - y
        s = new
        y = d[t] - low
        new = total + y
        low = (new - total) - y
        total = new
        S[t] = s
        tau[t] = total


@kernel
def averages(x, d, p, v, mix, at, slack, longest, m, out):
    """out[:, r] = mix @ m after update index at[r]: m, shape (v.size,), the averages of x^p for every v, starts as given.

    Updates are taken in blocks over which x moves by at most the share `slack` and which hold at most `longest` updates; in
    a block the target x^p runs straight along tau, through the updates' own staircase. With slack 0 every block in which x
    moves is one update, which is the recursion itself; where x stays the same a block of any length is exact.
    """
    t, r = 0, 0
    while r < at.size:
        first = t
        total = d[t]
        low, high = x[t], x[t]
        t += 1
        while t <= at[r] and t - first < longest:
            now = x[t]
            bottom, top = min(low, now), max(high, now)
            if top - bottom > slack * top:
                break
            low, high = bottom, top
            total += d[t]
            t += 1
        count = t - first
        begin = power(x[first], p)
        end = power(x[t - 1], p) if count > 1 else begin
        half = 0.5 * (end - begin) / (count - 1) if count > 1 else 0.0
        begin -= half
        end += half
        for k in range(v.size):
            z = v[k] * total
            stay = exp(-z)
            # Mean of exp(-z s) over s in (0, 1); the series where 1 - exp(-z) would cancel.
            mean = (1.0 - stay) / z if z > 1e-4 else 1.0 - z * (0.5 - z / 6.0)
            m[k] = stay * m[k] + (end - stay * begin) - (end - begin) * mean
        if t - 1 == at[r]:
            for i in range(mix.shape[0]):
                total = 0.0
                for k in range(v.size):
                    total += mix[i, k] * m[k]
                out[i, r] = total
            r += 1
