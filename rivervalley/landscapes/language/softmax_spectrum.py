"""Eigenvalues of diag q - q q^T, the curvature of softmax cross-entropy at the prediction q.

They interlace with the entries of q: with those sorted, q_1 >= q_2 >= ..., eigenvalue k lies between q_(k+1) and q_k, and each
simple one is a root of 1 - sum q_j^2 / (q_j - x) = 0.
"""

from __future__ import annotations

import numpy as np

from rivervalley._common.checks import FloatArray

_ROWS = 64  # blocks diagonalised at a time
_HALVINGS = 60


def eigenvalues(q: FloatArray) -> FloatArray:
    """All eigenvalues for each row of q, shape (rows, n), falling along it; rounding below 0 is taken as 0.

    >>> eigenvalues(np.full((1, 4), 0.25)).round(4).tolist()
    [[0.25, 0.25, 0.25, 0.0]]
    """
    out = np.empty(q.shape)
    for low in range(0, q.shape[0], _ROWS):
        part = q[low : low + _ROWS]
        blocks = -part[:, :, None] * part[:, None, :]
        diagonal = np.arange(q.shape[1])
        blocks[:, diagonal, diagonal] += part
        out[low : low + _ROWS] = np.linalg.eigvalsh(blocks)[:, ::-1]
    tiny = 1e-15 * q.max(axis=1, keepdims=True, initial=0.0)
    return np.asarray(np.where(out > tiny, out, 0.0))


def top_eigenvalues(q: FloatArray) -> FloatArray:
    """The largest eigenvalue for each row of q, shape (rows,), by bisection between its two largest entries.

    >>> top_eigenvalues(np.array([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])).round(4).tolist()
    [0.25, 0.0]
    """
    if q.shape[1] == 1:
        return np.asarray(q[:, 0] * (1.0 - q[:, 0]))
    order = np.argpartition(-q, 1, axis=1)[:, :2]
    two = np.take_along_axis(q, order, axis=1)
    low, high = two.min(axis=1), two.max(axis=1)
    # Below the root the secular function 1 - sum q^2 / (q - x), with q_1 alone above x, is positive.
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        gap = q - middle[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            value = 1.0 - np.where(q > 0.0, q * q / gap, 0.0).sum(axis=1)
        below = value > 0.0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))
