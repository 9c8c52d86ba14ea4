"""Family D: a valley bent into a circle, in coordinates along and across it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels.curved import CIRCLE
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.valleys._curved_base import CurvedValley, Shape, straight_hills
from rivervalley.landscapes.valleys.rivers import LinearRiver, River


@LANDSCAPES.add("circular_bend", "circular_bend(radius=5, stiffness=2)", "a floor bent into a circle")
@final
@dataclass(frozen=True, eq=False)
class CircularBend(CurvedValley):
    """L(n, s) = c(s) + stiffness / 2 * n^2 on the plane: n outward from a circle, s the length along it.

    Updates are straight lines in the plane; only the book-keeping is in n and s, so that s counts whole turns. The floor
    n = 0 is exactly invariant under gradient flow. The river, H g = lambda_min g, lies c'^2 / (lambda^2 R) outside of it,
    gradient descent runs eta c'^2 / (2 R lambda) outside, SGD eta (c'^2 + s2) / (2 R lambda), s2 the noise along.

    Parameters
    ----------
    radius : float
    stiffness : float
        lambda, the curvature across.
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
        c(s).
    hills : array_like, shape (d - 2,)
        Curvatures of further, straight hills.
    noise_std : float or array_like of shape (d - 1,)
        Of n and the straight hills, for batch size 1.
    river_noise_std : float
        Of s.
    batch_size : int
    start_hill : float or array_like of shape (d - 1,)
    start_river : float

    Examples
    --------
    >>> valley = CircularBend(radius=2.0, stiffness=5.0, river=LinearRiver(1.0))
    >>> valley.descent_offset(0.1), round(float(valley.river_point(0.0)[0]), 4)
    (0.005, 0.0194)
    >>> valley.plane([[0.0, 0.0]]).tolist()
    [[2.0, 0.0]]
    """

    radius: float = 1.0
    stiffness: float = 1.0
    river: River = field(default_factory=LinearRiver)
    hills: Any = ()
    noise_std: Any = 0.1
    river_noise_std: float = 0.0
    batch_size: int = 1
    start_hill: Any = 0.0
    start_river: float = 0.0

    def __post_init__(self) -> None:
        R = checks.real("radius", self.radius, 0.0, open_low=True)
        checks.real("stiffness", self.stiffness, 0.0, open_low=True)
        s = checks.real("start_river", self.start_river)
        straight = straight_hills(self.hills, 1)
        spread = (self.noise_std, self.river_noise_std, self.batch_size)
        self._prepare(straight, np.zeros_like(straight), *spread, np.zeros(straight.size - 1), self.start_hill, s)
        if self.start_at[0] <= -R:
            raise InputError(f"start_hill must be above -radius = {-R:g} across the bend, not {self.start_at[0]:g}")

    def _shape(self) -> Shape:
        return CIRCLE, 0, float(self.radius), 0.0, float(self.stiffness)

    def plane(self, points: ArrayLike) -> FloatArray:
        """Points (n, ..., s) as rows of plane coordinates with the circle's centre at the origin, shape (points, 2)."""
        w = self._rows(points)
        r, angle = self.radius + w[:, 0], w[:, -1] / self.radius
        return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1)

    def loss(self, points: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,)."""
        w = self._rows(points)
        return np.asarray(self.river.loss(w[:, -1]) + 0.5 * self.stiffness * w[:, 0] ** 2 + 0.5 * w**2 @ self.straight)

    def gradient(self, point: ArrayLike) -> FloatArray:
        """Gradient at one point along the axes outward, straight hills, tangent; shape (dim,)."""
        w = self._rows(point)[0]
        g = self.straight * w
        g[0] = self.stiffness * w[0]
        g[-1] = self.river.slope(w[-1]) * self.radius / (self.radius + w[0])
        return np.asarray(g)

    def hessian(self, point: ArrayLike) -> FloatArray:
        """Hessian at one point along the same axes, shape (dim, dim)."""
        w = self._rows(point)[0]
        R, r = self.radius, self.radius + w[0]
        H = np.diag(self.straight)
        H[0, 0] = self.stiffness
        H[0, -1] = H[-1, 0] = -R * float(self.river.slope(w[-1])) / r**2
        H[-1, -1] = self.stiffness * w[0] / r + (R / r) ** 2 * float(self.river.bend(w[-1]))
        return np.asarray(H)

    def coordinate_speed(self, point: FloatArray) -> FloatArray:
        """How fast each coordinate changes for a unit step along its axis: R / (R + n) for s."""
        speed = np.ones(self.dim)
        speed[-1] = self.radius / (self.radius + point[0])
        return speed

    def floor(self, along: float) -> FloatArray:
        """The point n = 0, shape (dim,)."""
        return np.append(np.zeros(self.dim - 1), checks.real("along", along))

    def river_point(self, along: float) -> FloatArray:
        """The river at s, shape (dim,): the root near n = c'^2 / (lambda^2 R) of g x H g = 0.

        With g_n = lambda n and g_t = c' R / (R + n) that is g_n g_t (H_tt - H_nn) + H_nt (g_n^2 - g_t^2) = 0.
        """
        point = self.floor(along)
        guess = float(self.river.slope(along)) ** 2 / (self.stiffness**2 * self.radius)

        def cross(n: float) -> float:
            w = np.append(np.append(n, np.zeros(self.dim - 2)), along)
            g, H = self.gradient(w), self.hessian(w)
            return float(g[0] * g[-1] * (H[-1, -1] - H[0, 0]) + H[0, -1] * (g[0] ** 2 - g[-1] ** 2))

        if guess == 0.0:
            return point
        high = guess
        while cross(0.0) * cross(high) > 0.0 and high < 100.0 * guess:
            high *= 1.2
        if cross(0.0) * cross(high) > 0.0:
            raise InputError(f"along must be where the bend has a river, not {along:g}: the slope there is too steep for it")
        point[0] = brentq(cross, 0.0, high, xtol=1e-16, rtol=1e-15)
        return point

    def descent_offset(self, lr: float, along: float | None = None) -> float:
        """Mean distance of SGD outside the floor, eta (c'^2 + s2) / (2 R lambda) for small eta; s2 = 0 for gradient descent.

        At s = `along`, or at the start.
        """
        eta = checks.real("lr", lr, 0.0)
        slope = float(self.river.slope(self.start_river if along is None else checks.real("along", along)))
        return float(eta * (slope**2 + self.noise[-1] ** 2) / (2.0 * self.radius * self.stiffness))

    def exact_descent_offset(self, lr: float) -> float:
        """The distance at which gradient descent on a linear river stays for ever, without approximation.

        Solves (R + n - eta lambda n)^2 + (eta c' R / (R + n))^2 = (R + n)^2.
        """
        eta, R = checks.real("lr", lr, 0.0, 2.0 / self.stiffness, open_high=True), self.radius
        slope = float(self.river.slope(self.start_river))

        def gain(n: float) -> float:
            return (R + n - eta * self.stiffness * n) ** 2 + (eta * slope * R / (R + n)) ** 2 - (R + n) ** 2

        return float(brentq(gain, 0.0, R, xtol=1e-16)) if slope and eta else 0.0
