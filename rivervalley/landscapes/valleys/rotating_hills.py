"""Families F and I: hills that turn about a straight river, and the hyperbola of two multiplied weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_discrete_lyapunov

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels.curved import HYPERBOLA, ROTATING
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.valleys._curved_base import CurvedValley, Shape, straight_hills
from rivervalley.landscapes.valleys.rivers import LinearRiver, LogisticRiver, River


@LANDSCAPES.add("rotating_hills", "rotating_hills(turning=[1, 0.2], turn_rate=0.1)", "two hills that turn about the river")
@final
@dataclass(frozen=True, eq=False)
class RotatingHills(CurvedValley):
    """L = c(x) + y^T A(x) y / 2 with A = R diag(h1, h2) R^T turned by the angle turn_rate * x, and straight hills beside.

    y = 0 is the river. Isotropic noise feels nothing of the turning; noise that is stronger along one fixed axis meets a
    mean force along the river, see `mean_force`.

    Parameters
    ----------
    turning : pair of floats
        Curvatures (h1, h2) of the two hills that turn.
    turn_rate : float
        Radians per unit of x.
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
    hills : array_like, shape (d - 3,)
        Curvatures of further, straight hills.
    noise_std : float or array_like of shape (d - 1,)
        Of the fixed axes across, for batch size 1.
    river_noise_std : float
    batch_size : int
    start_hill : float or array_like of shape (d - 1,)
    start_river : float

    Examples
    --------
    >>> valley = RotatingHills((1.0, 0.2), turn_rate=0.5, river=LinearRiver(0.02), noise_std=0.3)
    >>> round(valley.mean_force(0.1), 12)
    0.02
    """

    turning: tuple[float, float]
    turn_rate: float = 0.1
    river: River = field(default_factory=LinearRiver)
    hills: Any = ()
    noise_std: Any = 0.1
    river_noise_std: float = 0.0
    batch_size: int = 1
    start_hill: Any = 0.0
    start_river: float = 0.0

    def __post_init__(self) -> None:
        pair = checks.array("turning", np.atleast_1d(self.turning), low=0.0, open_low=True)
        if pair.size != 2:
            raise InputError(f"turning must be the curvatures of two hills, not {pair.size} numbers")
        checks.real("turn_rate", self.turn_rate)
        x = checks.real("start_river", self.start_river)
        straight = straight_hills(self.hills, 2)
        spread = (self.noise_std, self.river_noise_std, self.batch_size)
        self._prepare(straight, np.zeros_like(straight), *spread, np.zeros(straight.size - 1), self.start_hill, x)

    def _shape(self) -> Shape:
        return ROTATING, 0, float(self.turning[0]), float(self.turning[1]), float(self.turn_rate)

    def matrix(self, along: float, derivative: int = 0) -> FloatArray:
        """A(x), or its first or second derivative by x; shape (2, 2)."""
        h1, h2 = self.turning
        angle, rate = 2.0 * self.turn_rate * along, 2.0 * self.turn_rate
        c, s = [(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle)), (-np.cos(angle), -np.sin(angle))][derivative]
        turned = 0.5 * (h1 - h2) * rate**derivative * np.array([[c, s], [s, -c]])
        return np.asarray(turned + (0.5 * (h1 + h2) * np.eye(2) if derivative == 0 else 0.0))

    def loss(self, points: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,)."""
        w = self._rows(points)
        turned = np.array([0.5 * row[:2] @ self.matrix(row[-1]) @ row[:2] for row in w])
        return np.asarray(self.river.loss(w[:, -1]) + turned + 0.5 * w**2 @ self.straight)

    def gradient(self, point: ArrayLike) -> FloatArray:
        """Gradient at one point, shape (dim,)."""
        w = self._rows(point)[0]
        g = self.straight * w
        g[:2] = self.matrix(w[-1]) @ w[:2]
        g[-1] = float(self.river.slope(w[-1])) + 0.5 * w[:2] @ self.matrix(w[-1], 1) @ w[:2]
        return np.asarray(g)

    def hessian(self, point: ArrayLike) -> FloatArray:
        """Hessian at one point, shape (dim, dim)."""
        w = self._rows(point)[0]
        H = np.diag(self.straight)
        H[:2, :2] = self.matrix(w[-1])
        H[:2, -1] = H[-1, :2] = self.matrix(w[-1], 1) @ w[:2]
        H[-1, -1] = float(self.river.bend(w[-1])) + 0.5 * w[:2] @ self.matrix(w[-1], 2) @ w[:2]
        return np.asarray(H)

    def floor(self, along: float) -> FloatArray:
        """The point y = 0, shape (dim,)."""
        return np.append(np.zeros(self.dim - 1), checks.real("along", along))

    def river_point(self, along: float) -> FloatArray:
        """The river at x: y = 0 exactly, by symmetry."""
        return self.floor(along)

    def mean_force(self, lr: float, along: float = 0.0) -> float:
        """Mean force on x, -c' - tr(A' V) / 2 with V the covariance at that x: V = (I - eta A) V (I - eta A) + eta^2 Sigma.

        The hills are taken as stationary at each x: slow turning.
        """
        eta = checks.real("lr", lr, 0.0, 2.0 / max(self.turning), open_low=True, open_high=True)
        x = checks.real("along", along)
        M = np.eye(2) - eta * self.matrix(x)
        V = solve_discrete_lyapunov(M, eta**2 * np.diag(self.noise[:2] ** 2))
        return float(-self.river.slope(x) - 0.5 * np.trace(self.matrix(x, 1) @ V))


@LANDSCAPES.add("hyperbola", "hyperbola()", "two weights whose product matters")
@final
@dataclass(frozen=True, eq=False)
class Hyperbola(CurvedValley):
    """L(w2, w1) = c(w1) + (w1 w2 - 1)^2 / 2: two weights whose product matters, and a gentle slope along the first.

    The floor w1 w2 = 1 bends, and flattens as w1 grows; the sharpness on it is w1^2 + w2^2. "river" is c(w1), "hill" the rest.
    The product's loss is the toy of arXiv 2507.09846; its sloping term is not taken from there.

    Parameters
    ----------
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
        c(w1).
    hills : array_like, shape (d - 2,)
        Curvatures of further, straight hills.
    noise_std : float or array_like of shape (d - 1,)
        Of w2 and the straight hills, for batch size 1.
    river_noise_std : float
        Of w1.
    batch_size : int
    start_hill : float or array_like of shape (d - 1,)
        Distance of the start from the floor, w2 - 1 / w1.
    start_river : float
        w1 at the start, not 0.

    Examples
    --------
    >>> Hyperbola(start_river=2.0).floor(2.0).tolist()
    [0.5, 2.0]
    """

    river: River = field(default_factory=LogisticRiver)
    hills: Any = ()
    noise_std: Any = 0.1
    river_noise_std: float = 0.0
    batch_size: int = 1
    start_hill: Any = 0.0
    start_river: float = 1.0

    def __post_init__(self) -> None:
        x = checks.real("start_river", self.start_river)
        if x == 0.0:
            raise InputError("start_river must not be 0: the hyperbola has no floor there")
        straight = straight_hills(self.hills, 1)
        floor = np.zeros(straight.size - 1)
        floor[0] = 1.0 / x
        spread = (self.noise_std, self.river_noise_std, self.batch_size)
        self._prepare(straight, np.zeros_like(straight), *spread, floor, self.start_hill, x)

    def _shape(self) -> Shape:
        return HYPERBOLA, 0, 0.0, 0.0, 0.0

    def loss(self, points: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,)."""
        w = self._rows(points)
        return np.asarray(self.river.loss(w[:, -1]) + 0.5 * (w[:, 0] * w[:, -1] - 1.0) ** 2 + 0.5 * w**2 @ self.straight)

    def gradient(self, point: ArrayLike) -> FloatArray:
        """Gradient at one point, shape (dim,)."""
        w = self._rows(point)[0]
        excess = w[0] * w[-1] - 1.0
        g = self.straight * w
        g[0], g[-1] = excess * w[-1], self.river.slope(w[-1]) + excess * w[0]
        return np.asarray(g)

    def hessian(self, point: ArrayLike) -> FloatArray:
        """Hessian at one point, shape (dim, dim)."""
        w = self._rows(point)[0]
        H = np.diag(self.straight)
        H[0, 0], H[-1, -1] = w[-1] ** 2, w[0] ** 2 + float(self.river.bend(w[-1]))
        H[0, -1] = H[-1, 0] = 2.0 * w[0] * w[-1] - 1.0
        return np.asarray(H)

    def floor(self, along: float) -> FloatArray:
        """The point w2 = 1 / w1, shape (dim,)."""
        if checks.real("along", along) == 0.0:
            raise InputError("along must not be 0: the hyperbola has no floor there")
        w = np.zeros(self.dim)
        w[0], w[-1] = 1.0 / along, along
        return w

    def slow_point(self, along: float) -> FloatArray:
        """The curve that gradient flow runs on, to first order in c', shape (dim,).

        The excess e = w1 w2 - 1 changes by -(w1^2 + w2^2) e - c' w2, so it settles at e = -c' w2 / (w1^2 + w2^2).
        """
        w = self.floor(along)
        excess = -float(self.river.slope(along)) * w[0] / (along**2 + w[0] ** 2)
        w[0] = (1.0 + excess) / along
        return w
