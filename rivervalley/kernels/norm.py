"""The turn of every update on a sphere whose radius weight decay and the updates set, for large dimension, and its adjoint.

Legend: eta the LR, wd the weight decay, a = 1 - eta wd, n the rms of the weights W before an update and n' after it,
theta = W / n. A gradient that is orthogonal to W turns theta: theta' = keep theta - turn u, u of rms 1 in each coordinate.

    WALK      n'^2 = a^2 n^2 + eta^2          keep = a n / n'   turn = eta / n'          updates of rms 1: AdamW, sign
    SGD       n'^2 = a^2 n^2 + eta^2 / n^2    keep = a n / n'   turn = eta / (n n')      gradients of rms 1 / n
    FROZEN    n' = n                          keep = 1          turn = eta / n           not scale invariant
    MOMENTUM  keep = a n / n'   turn = e / n'   gain = (1 - b1) G                        Adam with b1, b2

Hills whose stiffness goes as (reference / n)^power are pulled by pull = turn (reference / n)^power, under MOMENTUM by gain
times that; pull is turn, or gain, at power 0.

G = min(1 / n, clip) is the rms of the clipped gradient. Momentum m <- b1 m + (1 - b1) gradient, v <- b2 v + (1 - b2) G^2,
e = eta / ((1 - b1^t) sqrt(v / (1 - b2^t))). With M = E m^2 and q = E W m a coordinate,
n'^2 = a^2 n^2 - 2 a e b1 q + e^2 M', q' = a b1 q - e M', M' = b1^2 M + (1 - b1)^2 G^2.
`carried` = (n^2, v, M, q, b1^t, b2^t), of which all rules but MOMENTUM use the first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.elementary import exp, log
from rivervalley.kernels.relative_step import next_square

WALK, SGD, FROZEN, MOMENTUM = 0, 1, 2, 3


class Turns(NamedTuple):
    """Factors of each update, shape (steps,) each; gain is empty without momentum."""

    keep: NDArray[np.float64]
    turn: NDArray[np.float64]
    gain: NDArray[np.float64]
    pull: NDArray[np.float64]
    beta1: float


class NormRule(NamedTuple):
    """What sets the norm: code, weight decay, b1, b2 and the bound on the rms of the gradient."""

    code: int
    weight_decay: float
    beta1: float
    beta2: float
    clip: float


@device
def stiffening(n2, reference, power):
    """(reference / n)^power."""
    return 1.0 if power == 0.0 else exp(0.5 * power * log(reference * reference / n2))


@kernel
def turns(norm_rule, lr, reference, power, carried, out):
    """Fill `out`, Turns, for lr.size updates under a NormRule; `carried` (6,) moves on in place."""
    rule, wd, b1, b2, clip = norm_rule
    keep, turn, gain, pull, _ = out
    n2, v, M, q, p1, p2 = carried[0], carried[1], carried[2], carried[3], carried[4], carried[5]
    for t in range(lr.size):
        eta = lr[t]
        a = 1.0 - eta * wd
        if rule == FROZEN:
            keep[t] = 1.0
            turn[t] = eta / math.sqrt(n2)
            pull[t] = turn[t] * stiffening(n2, reference, power)
            continue
        if rule == WALK:
            step = eta
            after = next_square(n2, eta, wd)
        elif rule == SGD:
            step = eta / math.sqrt(n2)
            after = a * a * n2 + step * step
        else:
            p1 *= b1
            p2 *= b2
            G = min(1.0 / math.sqrt(n2), clip)
            v = b2 * v + (1.0 - b2) * G * G
            M = b1 * b1 * M + (1.0 - b1) * (1.0 - b1) * G * G
            step = eta / ((1.0 - p1) * math.sqrt(v / (1.0 - p2)))
            after = a * a * n2 - 2.0 * a * step * b1 * q + step * step * M
            q = a * b1 * q - step * M
            gain[t] = (1.0 - b1) * G
        keep[t] = a * math.sqrt(n2 / after)
        turn[t] = step / math.sqrt(after)
        pull[t] = (gain[t] if rule == MOMENTUM else turn[t]) * stiffening(n2, reference, power)
        n2 = after
    carried[0], carried[1], carried[2], carried[3], carried[4], carried[5] = n2, v, M, q, p1, p2


@kernel
def turns_adjoint(norm_rule, lr, reference, power, n2, derivatives, gradient):
    """From derivatives by keep, turn and pull (3, steps) those by every LR, added to gradient; all rules but MOMENTUM.

    n2 (steps + 1,) holds n^2 before each update and after the last.
    """
    rule, wd = norm_rule[0], norm_rule[1]
    d_keep, d_turn, d_pull = derivatives[0], derivatives[1], derivatives[2]
    carry = 0.0  # derivative by n^2 after the update
    for b in range(lr.size):
        t = lr.size - 1 - b
        eta, u, after = lr[t], n2[t], n2[t + 1]
        stiffer = stiffening(u, reference, power)
        by_turn = d_turn[t] + stiffer * d_pull[t]
        if rule == FROZEN:
            gradient[t] += by_turn / math.sqrt(u)
            continue
        a = 1.0 - eta * wd
        ratio = math.sqrt(u / after)
        unit = 1.0 / math.sqrt(after if rule == WALK else u * after)  # turn = eta unit
        by_keep = d_keep[t] * ratio
        carry -= 0.5 * (by_keep * a + by_turn * eta * unit) / after
        gradient[t] += by_turn * unit - by_keep * wd + carry * (2.0 * eta / (1.0 if rule == WALK else u) - 2.0 * a * wd * u)
        by_square = 0.5 * (by_keep * a - power * d_pull[t] * stiffer * eta * unit) / u
        if rule == SGD:
            by_square -= 0.5 * by_turn * eta * unit / u + carry * eta * eta / (u * u)
        carry = a * a * carry + by_square
