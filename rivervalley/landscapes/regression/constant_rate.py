"""Minibatch SGD at a constant rate, solved: the recursion of second moments is a diagonal plus a rank-one matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray


@dataclass(frozen=True, eq=False)
class ConstantRate:
    """The expected excess loss at a constant rate: limit + sum of weight_k (1 - nu_k)^steps, exact for any step count.

    With x_j = sqrt(n_j) m_j the recursion m <- m ((1 - eta lambda)^2 + (eta lambda)^2 / B) + eta^2 lambda R / B is
    symmetric, x <- (1 - M) x + b, so one eigendecomposition gives every later loss (derived).

    Attributes
    ----------
    lr : float
    batch_size : int
    limit : float
        Excess loss after infinitely many updates, floor included.
    nu, weight : float arrays, shape (bins,)
    """

    lr: float
    batch_size: int
    limit: float
    nu: FloatArray
    weight: FloatArray

    @classmethod
    def solve(
        cls,
        eigenvalues: FloatArray,
        signal: FloatArray,
        multiplicity: FloatArray,
        floor: float,
        label_variance: float,
        lr: float,
        batch_size: int,
    ) -> ConstantRate:
        """Decompose the recursion; `lr` must be below the stability limit."""
        root = np.sqrt(multiplicity)
        z = root * eigenvalues
        x = lr * eigenvalues
        matrix = -(lr**2 / batch_size) * np.multiply.outer(z, z)
        # 1 minus the multiplier, so that slow modes keep their digits.
        matrix[np.diag_indices_from(matrix)] += 2.0 * x - x * x * (1.0 + 1.0 / batch_size)
        nu, vectors = np.linalg.eigh(matrix)
        start = vectors.T @ (root * signal / eigenvalues)
        end = vectors.T @ (z * (lr**2 / batch_size) * (floor + label_variance)) / nu
        seen = vectors.T @ z
        return cls(lr, batch_size, float(floor + seen @ end), nu, seen * (start - end))

    def excess(self, steps: ArrayLike) -> FloatArray:
        """Expected loss above the label noise after `steps` updates (any shape, need not be whole numbers)."""
        t = np.asarray(steps, float)
        decay = np.exp(np.multiply.outer(t, np.log1p(-np.minimum(self.nu, 1.0 - 1e-16))))
        return np.asarray(self.limit + decay @ self.weight)

    def steps_to(self, excess: float) -> float:
        """Updates until the expected excess loss is down to `excess`, as a real number; infinite where it never is."""
        target = checks.real("excess", excess, 0.0, open_low=True)
        if self.limit >= target:
            return np.inf
        if float(self.excess(0.0)) <= target:
            return 0.0
        grid = np.concatenate(([0.0], np.geomspace(1.0, 40.0 / self.nu.min(), 200)))
        at = int(np.argmax(self.excess(grid) <= target))
        low, high = grid[at - 1], grid[at]
        for _ in range(6):
            inner = np.linspace(low, high, 33)
            at = int(np.argmax(self.excess(inner) <= target))
            low, high = inner[max(at - 1, 0)], inner[at]
        return float(high)
