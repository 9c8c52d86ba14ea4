"""What a trajectory of a spherical valley holds, row by row, and the turns of its updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import norm as kernels
from rivervalley.kernels.noise import START, fill_normals
from rivervalley.landscapes.spherical import rules

if TYPE_CHECKING:
    from rivervalley.landscapes.spherical.valley import SphericalValley


@dataclass(frozen=True)
class Layout:
    """Rows of a state: deviations of hills, means of hills with targets, the river; their momenta; n^2 and what goes with it."""

    hills: int
    means: bool
    momentum: bool

    @property
    def rows(self) -> int:
        """Rows of coordinates; under Adam as many momenta follow."""
        return self.hills * (2 if self.means else 1) + 1

    @property
    def dim(self) -> int:
        """All rows."""
        return 2 * self.rows + 6 if self.momentum else self.rows + 1

    @property
    def scalars(self) -> slice:
        """n^2 and, under Adam, v, M, q and the powers of beta1 and beta2 (kernels.norm): the same in all trajectories."""
        return slice(self.dim - (6 if self.momentum else 1), self.dim)

    def first_scalars(self, start_norm: float) -> FloatArray:
        """n^2, v, M, q, beta1^0 and beta2^0 before the first update."""
        return np.array([start_norm**2, 0.0, 0.0, 0.0, 1.0, 1.0])

    def carried(self, state: FloatArray) -> FloatArray:
        """n^2 and its company of a block, shape (6,)."""
        rows = state[self.scalars]
        if np.any(rows != rows[:, :1]):
            raise InputError("initial must have the same norm in all trajectories: it is that of infinitely many weights")
        out = self.first_scalars(1.0)
        out[: rows.shape[0]] = rows[:, 0]
        return out

    def start(self, valley: SphericalValley, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories)."""
        state = np.zeros((self.dim, trajectories))
        if valley.start_variance > 0.0:
            hills = state[: self.hills]
            fill_normals(np.uint64(seed), first_trajectory, 0, START, hills)
            hills *= np.sqrt(valley.start_variance)
        first = self.first_scalars(valley.start_norm)
        state[self.scalars] = first[: self.dim - self.scalars.start, None]
        return state

    def norms(self, valley: SphericalValley, lr: FloatArray) -> FloatArray:
        """n before each update and after the last, shape (steps + 1,)."""
        keep = turns(valley, lr, self.first_scalars(valley.start_norm)).keep
        growth = (1.0 - lr * valley.rule.weight_decay) / keep
        return np.asarray(valley.start_norm * np.concatenate([[1.0], np.cumprod(growth)]))

    def loss(self, valley: SphericalValley, points: FloatArray) -> FloatArray:
        """Loss of points given as rows, shape (n, dim)."""
        theta = points[:, : self.hills]
        if self.means:
            theta = theta + points[:, self.hills : 2 * self.hills]
        hill = 0.5 * ((theta - valley.target) ** 2) @ valley.weight
        return np.asarray(valley.floor + valley.river.loss(points[:, self.rows - 1]) + hill)


def turns(valley: SphericalValley, lr: FloatArray, carried: FloatArray) -> kernels.Turns:
    """The turns of these updates; `carried` (6,) moves on in place."""
    rules.check_lr(valley.rule, lr)
    rule = rules.norm_rule(valley.rule)
    gain = np.empty(lr.size if valley.layout.momentum else 0)
    out = kernels.Turns(np.empty(lr.size), np.empty(lr.size), gain, np.empty(lr.size), rule.beta1)
    kernels.turns(rule, lr, float(valley.start_norm), float(valley.stiffness_exponent), carried, out)
    return out
