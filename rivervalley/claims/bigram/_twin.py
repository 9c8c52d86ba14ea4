"""The bigram model a second time, in plain NumPy: one row of logits at a time, sampled visit by visit from its own generator.

Claims compare the package's kernels and closed forms with these, so that neither side shares code with the other.
Legend: pi frequency of a context, p its law, k likely names of V tokens, S cumulative LR, m margin of likely over impossible.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import logsumexp, xlogy

from rivervalley._common.checks import FloatArray

REPLICAS = 8_192


def cross_entropy(theta: FloatArray, laws: FloatArray, pi: FloatArray) -> float:
    """Loss of one table of logits, shape (K, V)."""
    return float(pi @ (logsumexp(theta, axis=1) - np.sum(laws * theta, axis=1)))


def entropy(law: ArrayLike) -> float:
    """-sum p ln p."""
    p = np.asarray(law, float)
    return float(-np.sum(xlogy(p, p)))


def row(
    law: ArrayLike, pi: float, lr: FloatArray, at: Sequence[int], seed: int, replicas: int = REPLICAS, fixed_last: bool = False
) -> FloatArray:
    """Excess of one context at batch size 1 after `at` updates, shape (len(at), replicas): only its visits are simulated.

    Visits come with gaps of a geometric law; each moves the row by eta (e_token - q). `fixed_last` keeps the last logit at 0.
    """
    p = np.asarray(law, float)
    rng = np.random.default_rng([seed, 20241005])
    theta, clock = np.zeros((replicas, p.size)), np.zeros(replicas, dtype=np.int64)
    out = np.zeros((len(at), replicas))
    ends = np.asarray(at)
    seen = np.zeros(replicas, dtype=np.int64)  # how many of `at` each replica has passed
    cumulative = np.cumsum(p)
    while np.any(seen < ends.size):
        following = clock + rng.geometric(pi, replicas)
        excess = logsumexp(theta, axis=1) - theta @ p - entropy(p)
        for k, end in enumerate(ends):
            passed = (seen == k) & (following > end)
            out[k, passed] = excess[passed]
            seen[passed] += 1
        clock = following
        eta = np.where(clock <= lr.size, lr[np.minimum(clock, lr.size) - 1], 0.0)
        q = np.exp(theta - logsumexp(theta, axis=1, keepdims=True))
        token = np.minimum(np.searchsorted(cumulative, rng.random(replicas), side="right"), p.size - 1)
        move = -q
        move[np.arange(replicas), token] += 1.0
        if fixed_last:
            move[:, -1] = 0.0
        theta += eta[:, None] * move
    return out


def batch_row(law: ArrayLike, pi: float, batch: int, eta: float, steps: int, seed: int, replicas: int = 2_048) -> FloatArray:
    """Excess of one context after `steps` updates on batches of which a binomial number is of this context; shape (replicas,)."""
    p = np.asarray(law, float)
    rng = np.random.default_rng([seed, 20241006])
    theta = np.zeros((replicas, p.size))
    for _step in range(steps):
        q = np.exp(theta - logsumexp(theta, axis=1, keepdims=True))
        visits = rng.binomial(batch, pi, replicas)
        theta += eta / batch * (rng.multinomial(visits, p) - visits[:, None] * q)
    return np.asarray(logsumexp(theta, axis=1) - theta @ p - entropy(p))


def stationary_excess(law: ArrayLike, pi: float, batch: int, eta: float) -> float:
    """1/2 tr(J V), V the stationary covariance of the linearised row, solved mode by mode of J = diag p - p p^T.

    A batch has n ~ Binomial(B, pi) samples of the context: the step multiplies a mode by 1 - eta j n / B and adds noise of
    variance eta^2 j n / B^2. E n = B pi and E n^2 = B pi (1 - pi + B pi) make V eta (2 - eta j E n^2 / (B^2 pi)) = eta^2 / B.
    """
    p = np.asarray(law, float)
    j = np.linalg.eigvalsh(np.diag(p) - np.outer(p, p))
    j = j[j > 1e-12]
    mean, square = batch * pi, batch * pi * (1.0 - pi + batch * pi)
    V = (eta**2 * j * mean / batch**2) / (2.0 * eta * j * mean / batch - eta**2 * j**2 * square / batch**2)
    return float(0.5 * j @ V)


def leak(k: int, vocabulary: int, pi: float, S: float) -> float:
    """Excess from the names that never occur after k equally likely ones under gradient flow: k e^m + (V - k) m = k + pi V S / k.

    For k = 1 the excess of a deterministic context.
    """
    rest = vocabulary - k

    def lacking(m: float) -> float:
        return float(k * np.exp(m) + rest * m - k - pi * vocabulary * S / k)

    m = float(brentq(lacking, 0.0, 60.0, xtol=1e-13))
    return float(np.log1p(rest / k * np.exp(-m)))


def linearised(lr: FloatArray, pi: float, j: float, modes: int) -> FloatArray:
    """Excess of `modes` modes of curvature j in a row after each update at batch size 1."""
    v, out = 0.0, np.empty(lr.size)
    for t, eta in enumerate(lr.tolist()):
        v += pi * (-2.0 * eta * j * v + eta * eta * (j * j * v + j))
        out[t] = 0.5 * modes * j * v
    return out
