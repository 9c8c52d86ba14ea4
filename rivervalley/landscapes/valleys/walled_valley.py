"""Families E and H: straight valleys with walls of any profile, which may close in or open along the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import curved
from rivervalley.kernels import walls as codes
from rivervalley.landscapes.registry import LANDSCAPES, WALLS
from rivervalley.landscapes.valleys._curved_base import CurvedValley, Shape
from rivervalley.landscapes.valleys.rivers import LinearRiver, River


@WALLS.add("quadratic_wall", "quadratic_wall()", "y^2 / 2")
@final
@dataclass(frozen=True)
class QuadraticWall:
    """W(y) = y^2 / 2."""

    def height(self, y: ArrayLike) -> FloatArray:
        """W(y)."""
        return np.asarray(0.5 * np.asarray(y, float) ** 2)

    def slope(self, y: ArrayLike) -> FloatArray:
        """W'(y)."""
        return np.asarray(y, float)

    def bend(self, y: ArrayLike) -> FloatArray:
        """W''(y)."""
        return np.ones_like(np.asarray(y, float))

    def _kernel(self) -> tuple[int, float]:
        return codes.QUADRATIC_WALL, 0.0


@WALLS.add("soft_wall", "soft_wall(2)", "ln cosh(k y) / k^2")
@final
@dataclass(frozen=True)
class SoftWall:
    """W(y) = ln cosh(k y) / k^2: quadratic within 1 / sharpness, linear beyond. Oscillations at the edge stay bounded.

    >>> round(float(SoftWall(2.0).slope(100.0)), 6)
    0.5
    """

    sharpness: float = 1.0

    def __post_init__(self) -> None:
        checks.real("sharpness", self.sharpness, 0.0, open_low=True)

    def height(self, y: ArrayLike) -> FloatArray:
        """W(y)."""
        u = self.sharpness * np.abs(np.asarray(y, float))
        # ln cosh u loses its digits where u is small; there u^2 / 2 - u^4 / 12.
        far = u + np.log1p(np.exp(-2.0 * u)) - np.log(2.0)
        return np.asarray(np.where(u < 1e-3, u * u * (0.5 - u * u / 12.0), far) / self.sharpness**2)

    def slope(self, y: ArrayLike) -> FloatArray:
        """W'(y)."""
        return np.asarray(np.tanh(self.sharpness * np.asarray(y, float)) / self.sharpness)

    def bend(self, y: ArrayLike) -> FloatArray:
        """W''(y)."""
        return np.asarray(1.0 - np.tanh(self.sharpness * np.asarray(y, float)) ** 2)

    def _kernel(self) -> tuple[int, float]:
        return codes.SOFT_WALL, float(self.sharpness)


@WALLS.add("power_wall", "power_wall(4)", "|y|^p / p")
@final
@dataclass(frozen=True)
class PowerWall:
    """W(y) = |y|^p / p for p >= 1.

    >>> float(PowerWall(4.0).height(2.0))
    4.0
    """

    power: float = 4.0

    def __post_init__(self) -> None:
        checks.real("power", self.power, 1.0)

    def height(self, y: ArrayLike) -> FloatArray:
        """W(y)."""
        return np.asarray(np.abs(np.asarray(y, float)) ** self.power / self.power)

    def slope(self, y: ArrayLike) -> FloatArray:
        """W'(y)."""
        return np.asarray(np.sign(y) * np.abs(np.asarray(y, float)) ** (self.power - 1.0))

    def bend(self, y: ArrayLike) -> FloatArray:
        """W''(y)."""
        return np.asarray((self.power - 1.0) * np.abs(np.asarray(y, float)) ** (self.power - 2.0))

    def _kernel(self) -> tuple[int, float]:
        return codes.POWER_WALL, float(self.power)


Wall = QuadraticWall | SoftWall | PowerWall


@LANDSCAPES.add("walled_valley", "walled_valley(hills=[1], wall=soft_wall(2), narrowing=0.3)", "walls that may close in")
@final
@dataclass(frozen=True, eq=False)
class WalledValley(CurvedValley):
    """L(y, x) = c(x) + e^(narrowing x) sum_i h_i W(y_i): straight, with walls W that may close in along the way.

    y = 0 is the river. The hill loss pulls on the river: SGD bouncing between walls that close in is held back, and above
    the rate `blocking_lr` driven upstream (arXiv 2505.10559 calls it an entropic force). Without noise, gradient descent
    stops where the walls reach the edge of stability, `stopping_point`; quadratic walls blow up there, soft ones do not.

    Parameters
    ----------
    hills : array_like, shape (d - 1,)
        Steepness h_i > 0 of the walls at x = 0.
    wall : QuadraticWall, SoftWall or PowerWall
    narrowing : float
        kappa: above 0 the valley narrows as x grows, below 0 it opens.
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
    noise_std : float or array_like of shape (d - 1,)
        Across the valley, for batch size 1.
    river_noise_std : float
    batch_size : int
    start_hill : float or array_like of shape (d - 1,)
    start_river : float

    Examples
    --------
    >>> valley = WalledValley([1.0], narrowing=0.5, river=LinearRiver(0.01), noise_std=1.0)
    >>> valley.blocking_lr()
    0.08
    """

    hills: Any
    wall: Wall = field(default_factory=QuadraticWall)
    narrowing: float = 0.0
    river: River = field(default_factory=LinearRiver)
    noise_std: Any = 0.1
    river_noise_std: float = 0.0
    batch_size: int = 1
    start_hill: Any = 0.0
    start_river: float = 0.0

    def __post_init__(self) -> None:
        hills = checks.array("hills", self.hills, low=0.0, open_low=True, copy=True)
        if not isinstance(self.wall, (QuadraticWall, SoftWall, PowerWall)):
            raise InputError(f"wall must be a QuadraticWall, SoftWall or PowerWall, not {checks.show(self.wall)}")
        checks.real("narrowing", self.narrowing)
        x = checks.real("start_river", self.start_river)
        spread = (self.noise_std, self.river_noise_std, self.batch_size)
        steep = np.append(hills, 0.0)
        self._prepare(np.zeros_like(steep), steep, *spread, np.zeros(hills.size), self.start_hill, x)

    def _shape(self) -> Shape:
        code, k = self.wall._kernel()
        return curved.WALLS, code, k, float(self.narrowing), 0.0

    def loss(self, points: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,)."""
        w = self._rows(points)
        hill = np.exp(self.narrowing * w[:, -1]) * (self.wall.height(w[:, :-1]) @ self.steep[:-1])
        return np.asarray(self.river.loss(w[:, -1]) + hill)

    def gradient(self, point: ArrayLike) -> FloatArray:
        """Gradient at one point, shape (dim,)."""
        w = self._rows(point)[0]
        h, grown = self.steep[:-1], np.exp(self.narrowing * w[-1])
        along = self.river.slope(w[-1]) + self.narrowing * grown * (h @ self.wall.height(w[:-1]))
        return np.append(h * grown * self.wall.slope(w[:-1]), along)

    def hessian(self, point: ArrayLike) -> FloatArray:
        """Hessian at one point, shape (dim, dim)."""
        w = self._rows(point)[0]
        h, grown, kappa = self.steep[:-1], np.exp(self.narrowing * w[-1]), self.narrowing
        corner = float(self.river.bend(w[-1]) + kappa**2 * grown * (h @ self.wall.height(w[:-1])))
        H = np.diag(np.append(h * grown * self.wall.bend(w[:-1]), corner))
        H[-1, :-1] = H[:-1, -1] = kappa * grown * h * self.wall.slope(w[:-1])
        return np.asarray(H)

    def floor(self, along: float) -> FloatArray:
        """The point y = 0, shape (dim,)."""
        return np.append(np.zeros(self.dim - 1), checks.real("along", along))

    def river_point(self, along: float) -> FloatArray:
        """The river at x: y = 0 exactly, by symmetry."""
        return self.floor(along)

    def mean_force(self, lr: float, along: float = 0.0) -> float:
        """Mean force on x, -c' - kappa/2 sum eta s2_i / (2 - eta a_i) with a_i = h_i e^(kappa x); quadratic walls.

        The hills are taken as stationary at each x: slow narrowing, kappa |dx/dS| << 2 a.
        """
        eta, a = self._edge(lr, along)
        noise = float(np.sum(eta * self.noise[:-1] ** 2 / (2.0 - eta * a)))
        return float(-self.river.slope(along) - 0.5 * self.narrowing * noise)

    def effective_potential(self, lr: float, along: float = 0.0) -> float:
        """F = c + eta/4 sum s2_i ln(a_i / (2 - eta a_i)), whose descent the mean of x is; quadratic walls."""
        eta, a = self._edge(lr, along)
        entropy = float(np.sum(self.noise[:-1] ** 2 * np.log(a / (2.0 - eta * a))))
        return float(self.river.loss(along) + 0.25 * eta * entropy)

    def blocking_lr(self, along: float = 0.0) -> float:
        """eta* = 4 |c'| / (kappa sum s2_i): at it progress stops, beyond it goes upstream; it is fastest at half of it.

        For eta a << 1. Infinite where the valley does not narrow downstream.
        """
        force = -float(self.river.slope(checks.real("along", along)))
        pull = self.narrowing * float(np.sum(self.noise[:-1] ** 2))
        return float(4.0 * force / pull) if force * pull > 0.0 else np.inf

    def stopping_point(self, lr: float) -> float:
        """x = ln(2 / (eta max h)) / kappa, where the steepest wall reaches the edge of stability, 2 / eta.

        Noise-free gradient descent stops there, in a 2-cycle of y^2 = 2 |c'| / a' that cancels the river's slope.
        """
        eta = checks.real("lr", lr, 0.0, open_low=True)
        if self.narrowing == 0.0:
            raise InputError("narrowing must not be 0 for a stopping point: the walls never reach the edge of stability")
        return float(np.log(2.0 / (eta * self.steep.max())) / self.narrowing)

    def _edge(self, lr: float, along: float) -> tuple[float, FloatArray]:
        if not isinstance(self.wall, QuadraticWall):
            raise InputError(f"wall must be a QuadraticWall for this formula, not a {type(self.wall).__name__}")
        a = self.steep[:-1] * np.exp(self.narrowing * checks.real("along", along))
        return checks.real("lr", lr, 0.0, 2.0 / float(a.max()), open_high=True), a
