"""Family C: a valley whose floor is a curve y = f(x)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import bends as codes
from rivervalley.kernels.curved import SHEARED
from rivervalley.landscapes.registry import BENDS, LANDSCAPES
from rivervalley.landscapes.valleys._curved_base import CurvedValley, Shape, straight_hills
from rivervalley.landscapes.valleys.rivers import LinearRiver, River


@BENDS.add("parabola", "parabola(2)", "x^2 / (2 R)")
@final
@dataclass(frozen=True)
class Parabola:
    """f(x) = x^2 / (2 radius): bends with that radius at x = 0.

    >>> float(Parabola(2.0).height(2.0))
    1.0
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        if checks.real("radius", self.radius) == 0.0:
            raise InputError("radius must not be 0")

    def height(self, x: ArrayLike) -> FloatArray:
        """f(x)."""
        return np.asarray(np.asarray(x, float) ** 2 / (2.0 * self.radius))

    def slope(self, x: ArrayLike) -> FloatArray:
        """f'(x)."""
        return np.asarray(np.asarray(x, float) / self.radius)

    def bend(self, x: ArrayLike) -> FloatArray:
        """f''(x)."""
        return np.full_like(np.asarray(x, float), 1.0 / self.radius)

    def _kernel(self) -> tuple[int, float, float]:
        return codes.PARABOLA, float(self.radius), 0.0


@BENDS.add("sine", "sine(1, 6)", "a sine of that amplitude and wavelength")
@final
@dataclass(frozen=True)
class Sine:
    """f(x) = amplitude * sin(2 pi x / wavelength): a winding river.

    >>> round(float(Sine(0.5, 4.0).height(1.0)), 12)
    0.5
    """

    amplitude: float = 1.0
    wavelength: float = 6.0

    def __post_init__(self) -> None:
        checks.real("amplitude", self.amplitude)
        checks.real("wavelength", self.wavelength, 0.0, open_low=True)

    @property
    def _wave_number(self) -> float:
        return float(2.0 * np.pi / self.wavelength)

    def height(self, x: ArrayLike) -> FloatArray:
        """f(x)."""
        return np.asarray(self.amplitude * np.sin(self._wave_number * np.asarray(x, float)))

    def slope(self, x: ArrayLike) -> FloatArray:
        """f'(x)."""
        return np.asarray(self.amplitude * self._wave_number * np.cos(self._wave_number * np.asarray(x, float)))

    def bend(self, x: ArrayLike) -> FloatArray:
        """f''(x)."""
        return np.asarray(-(self._wave_number**2) * self.height(x))

    def _kernel(self) -> tuple[int, float, float]:
        return codes.SINE, float(self.amplitude), float(self.wavelength)


@LANDSCAPES.add("sheared_bend", "sheared_bend(bend=sine(1, 6), stiffness=2)", "a floor y = f(x)")
@final
@dataclass(frozen=True, eq=False)
class ShearedBend(CurvedValley):
    """L(y, x) = c(x) + stiffness / 2 * (y - f(x))^2, and straight hills beside it.

    The floor y = f(x) is not the river, though it is often taken for it: gradient flow runs on the slow curve, shifted
    against the floor by f' c' / (stiffness (1 + f'^2)), and the river in the sense H g = lambda_min g lies at a second-order
    distance from that. "river" is c(x), "hill" the rest of the loss.

    Parameters
    ----------
    bend : Parabola or Sine
        The floor's course f(x).
    stiffness : float
        lambda, the curvature across the valley at fixed x. The local sharpness is lambda (1 + f'^2).
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
    hills : array_like, shape (d - 2,)
        Curvatures of further, straight hills.
    noise_std : float or array_like of shape (d - 1,)
        Of y and the straight hills, for batch size 1.
    river_noise_std : float
    batch_size : int
    start_hill : float or array_like of shape (d - 1,)
        Distance of the start from the floor.
    start_river : float

    Examples
    --------
    >>> valley = ShearedBend(Parabola(4.0), stiffness=2.0, river=LinearRiver(0.1))
    >>> valley.floor(2.0).tolist(), valley.slow_point(2.0).round(6).tolist()
    ([0.5, 2.0], [0.48, 2.0])
    """

    bend: Parabola | Sine = field(default_factory=Sine)
    stiffness: float = 1.0
    river: River = field(default_factory=LinearRiver)
    hills: Any = ()
    noise_std: Any = 0.1
    river_noise_std: float = 0.0
    batch_size: int = 1
    start_hill: Any = 0.0
    start_river: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.bend, (Parabola, Sine)):
            raise InputError(f"bend must be a Parabola or a Sine, not {checks.show(self.bend)}")
        checks.real("stiffness", self.stiffness, 0.0, open_low=True)
        x = checks.real("start_river", self.start_river)
        straight = straight_hills(self.hills, 1)
        floor = np.zeros(straight.size - 1)
        floor[0] = self.bend.height(x)
        spread = (self.noise_std, self.river_noise_std, self.batch_size)
        self._prepare(straight, np.zeros_like(straight), *spread, floor, self.start_hill, x)

    def _shape(self) -> Shape:
        code, a, b = self.bend._kernel()
        return SHEARED, code, a, b, float(self.stiffness)

    def loss(self, points: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,)."""
        w = self._rows(points)
        above = w[:, 0] - self.bend.height(w[:, -1])
        return np.asarray(self.river.loss(w[:, -1]) + 0.5 * self.stiffness * above**2 + 0.5 * w**2 @ self.straight)

    def gradient(self, point: ArrayLike) -> FloatArray:
        """Gradient at one point, shape (dim,)."""
        w = self._rows(point)[0]
        push = self.stiffness * (w[0] - self.bend.height(w[-1]))
        g = self.straight * w
        g[0] = push
        g[-1] = self.river.slope(w[-1]) - push * self.bend.slope(w[-1])
        return np.asarray(g)

    def hessian(self, point: ArrayLike) -> FloatArray:
        """Hessian at one point, shape (dim, dim)."""
        w = self._rows(point)[0]
        lam, f1, f2 = self.stiffness, float(self.bend.slope(w[-1])), float(self.bend.bend(w[-1]))
        above = w[0] - float(self.bend.height(w[-1]))
        H = np.diag(self.straight)
        H[0, 0] = lam
        H[0, -1] = H[-1, 0] = -lam * f1
        H[-1, -1] = float(self.river.bend(w[-1])) + lam * f1**2 - lam * above * f2
        return np.asarray(H)

    def floor(self, along: float) -> FloatArray:
        """The point y = f(x), shape (dim,)."""
        w = np.zeros(self.dim)
        w[0], w[-1] = self.bend.height(checks.real("along", along)), along
        return w

    def slow_point(self, along: float) -> FloatArray:
        """The curve that gradient flow runs on, y = f + f' c' / (lambda (1 + f'^2)), to first order in 1 / lambda."""
        w = self.floor(along)
        f1 = float(self.bend.slope(along))
        w[0] += f1 * float(self.river.slope(along)) / (self.stiffness * (1.0 + f1 * f1))
        return w

    def river_point(self, along: float) -> FloatArray:
        """The river at x, shape (dim,): the root of g x H g = 0, a cubic in y - f(x), that has the smaller eigenvalue.

        Exact, where the flattest direction is not one of the straight hills. The floor, where c has no slope.
        """
        floor = self.floor(along)
        lam, f1, f2 = self.stiffness, float(self.bend.slope(along)), float(self.bend.bend(along))
        c1, c2 = float(self.river.slope(along)), float(self.river.bend(along))
        if c1 == 0.0:
            return floor
        # Polynomials in u = y - f, lowest power first.
        gy, gx = np.array([0.0, lam]), np.array([c1, -lam * f1])
        hxx = np.array([c2 + lam * f1 * f1, -lam * f2])
        Hg_x = polynomial.polyadd(polynomial.polymul(hxx, gx), -lam * f1 * gy)
        Hg_y = polynomial.polyadd(-lam * f1 * gx, lam * gy)
        cross = polynomial.polysub(polynomial.polymul(gy, Hg_x), polynomial.polymul(gx, Hg_y))
        # At turning points of the course the highest powers vanish but for rounding, which would spoil the other roots.
        size = np.abs(cross) * (abs(c1) / lam) ** np.arange(cross.size)
        roots = polynomial.polyroots(cross[: np.flatnonzero(size > 1e-12 * size.max())[-1] + 1])
        best, least = floor, np.inf
        for u in sorted(roots[np.abs(roots.imag) < 1e-9 * (1.0 + np.abs(roots.real))].real, key=abs):
            u -= polynomial.polyval(u, cross) / polynomial.polyval(u, polynomial.polyder(cross))
            point = floor.copy()
            point[0] += u
            g, H = self.gradient(point), self.hessian(point)
            corner = np.ix_([0, -1], [0, -1])
            low, high = np.linalg.eigvalsh(H[corner])
            off = float(np.linalg.norm(H[corner] @ g[[0, -1]] - low * g[[0, -1]])) / (high * np.linalg.norm(g))
            if off < 1e-7:
                return point
            if off < least:
                best, least = point, off
        raise InputError(f"along must be where the valley has a river, not {along:g} (nearest candidate at y = {best[0]:g})")

    def tracking_error(self, along: float) -> float:
        """Distance of gradient flow from the river, kappa (dc/ds)^2 / (lambda (1 + f'^2))^2, kappa the floor's curvature.

        Of second order in 1 / lambda, while the distance from the floor is of first order in these coordinates.
        """
        x = checks.real("along", along)
        f1, f2 = float(self.bend.slope(x)), float(self.bend.bend(x))
        stretch = 1.0 + f1 * f1
        kappa = abs(f2) / stretch**1.5
        speed = float(self.river.slope(x)) / np.sqrt(stretch)
        return float(kappa * speed**2 / (self.stiffness * stretch) ** 2)
