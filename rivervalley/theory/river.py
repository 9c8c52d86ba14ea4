"""The river of a loss surface from its definition, and flows on it.

A river (arXiv 2410.05192, section 3) is a curve on which the gradient points along the Hessian's eigenvector of the smallest
eigenvalue: H g = lambda_min g. These functions find it numerically on any surface that offers loss, gradient and hessian, as
a second method beside the closed forms of the landscapes; `gradient_flow` is the reference for gradient descent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, least_squares

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError


class Surface(Protocol):
    """A loss surface with derivatives; gradient and hessian are along orthonormal axes at the point."""

    @property
    def dim(self) -> int: ...

    def loss(self, points: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,)."""
        ...

    def gradient(self, point: ArrayLike) -> FloatArray:
        """Gradient at one point, shape (dim,)."""
        ...

    def hessian(self, point: ArrayLike) -> FloatArray:
        """Hessian at one point, shape (dim, dim)."""
        ...

    def floor(self, along: float) -> FloatArray:
        """The point of the valley floor at this river coordinate, shape (dim,)."""
        ...

    def coordinate_speed(self, point: FloatArray) -> FloatArray:
        """How fast each coordinate changes for a unit step along its axis, shape (dim,)."""
        ...


@dataclass(frozen=True)
class Split:
    """The loss of a point: that of the river below it, which the projected flow reaches, and the hill loss above that."""

    river: float
    hill: float
    foot: FloatArray


def river_residual(surface: Surface, point: ArrayLike) -> float:
    """|H g - lambda_min g| / |g|: 0 on the river, and where there is no gradient. Has the unit of a curvature.

    >>> import rivervalley as rv
    >>> valley = rv.landscapes.ShearedBend(river=rv.landscapes.LinearRiver(0.1))
    >>> river_residual(valley, valley.river_point(2.0)) < 1e-12
    True
    """
    return float(np.linalg.norm(_residual(surface, _point(surface, point))))


def _residual(surface: Surface, point: FloatArray) -> FloatArray:
    g, H = surface.gradient(point), surface.hessian(point)
    size = float(np.linalg.norm(g))
    return np.asarray((H @ g - np.linalg.eigvalsh(H)[0] * g) / size if size else g)


def find_river(surface: Surface, along: float, reach: float = 0.5) -> FloatArray:
    """The river's point at the river coordinate `along`, from the definition alone, shape (dim,).

    In two dimensions a root of the cross product of g and H g, bracketed within `reach` of the floor; in more, least squares
    on the hyperplane of that river coordinate. A point without gradient counts as river.

    Raises
    ------
    InputError
        If no point of the river lies within reach of the floor.
    """
    x, width = checks.real("along", along), checks.real("reach", reach, 0.0, open_low=True)
    centre = surface.floor(x)
    if surface.dim > 2:
        solution = least_squares(
            lambda y: _residual(surface, np.append(y, x)), centre[:-1], xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac"
        )
        if np.linalg.norm(solution.fun) < 1e-7:
            return np.append(solution.x, x)
        raise InputError(f"along must be where there is a river near the floor, not {x:g}: the definition has no root")

    def cross(y: float) -> float:
        g, H = surface.gradient(np.array([y, x])), surface.hessian(np.array([y, x]))
        Hg = H @ g
        return float(g[0] * Hg[1] - g[1] * Hg[0])

    # Geometrically growing offsets to either side: the nearest root that belongs to the smaller eigenvalue.
    offsets = np.concatenate([[0.0], width * np.geomspace(1e-6, 1.0, 120)])
    roots = []
    for side in (1.0, -1.0):
        with np.errstate(all="ignore"):  # the reach may touch a point without derivatives, such as a bend's centre
            values = [cross(centre[0] + side * o) for o in offsets]
        for k in range(offsets.size - 1):
            # Signs, not values: the product of two tiny ones is 0.
            if values[k] == 0.0 or np.sign(values[k]) * np.sign(values[k + 1]) < 0.0:
                ends = centre[0] + side * offsets[k], centre[0] + side * offsets[k + 1]
                y = ends[0] if values[k] == 0.0 else float(brentq(cross, *ends, xtol=1e-15, rtol=1e-15))
                roots.append(np.array([y, x]))
    roots = [w for w in roots if river_residual(surface, w) < 1e-6 * np.linalg.norm(surface.hessian(w))]
    if not roots:
        raise InputError(
            f"along must be where a river lies within {width:g} of the floor, not {x:g}: the definition has no root"
        )
    return min(roots, key=lambda w: abs(w[0] - centre[0]))


def gradient_flow(surface: Surface, start: ArrayLike, times: ArrayLike, tolerance: float = 1e-11) -> FloatArray:
    """Points of dw/dS = -grad L from `start` after the cumulative LR `times`, shape (len(times), dim).

    What gradient descent with small rates follows; by scipy's solve_ivp (LSODA, which takes stiff walls).
    """
    at = checks.array("times", times, low=0.0)
    w0 = _point(surface, start)

    def velocity(_: float, w: FloatArray) -> FloatArray:
        return -surface.coordinate_speed(w) * surface.gradient(w)

    if at.max() == 0.0:
        return np.repeat(w0[None, :], at.size, axis=0)
    order = np.unique(at)
    solution = solve_ivp(velocity, (0.0, float(at.max())), w0, "LSODA", order, rtol=tolerance, atol=tolerance)
    if not solution.success:
        raise ArithmeticError(f"gradient flow could not be followed to {at.max():g}: {solution.message}")
    return np.asarray(solution.y.T[np.searchsorted(order, at)])


def projected_flow(surface: Surface, point: ArrayLike, tolerance: float = 1e-9) -> FloatArray:
    """Where dw/dt = -(I - v v^T) grad L ends, v the flattest direction: the foot of a point on the river, shape (dim,).

    It descends the hills alone. Stops where the hill part of the gradient is below `tolerance` of that at the start.
    """
    w = _point(surface, point)

    def hill_gradient(w: FloatArray) -> FloatArray:
        g = surface.gradient(w)
        v = np.linalg.eigh(surface.hessian(w))[1][:, 0]
        return np.asarray(g - v * (v @ g))

    small = tolerance * max(float(np.linalg.norm(hill_gradient(w))), 1e-12)
    for _ in range(60):
        if np.linalg.norm(hill_gradient(w)) <= small:
            break
        gap = float(np.linalg.eigvalsh(surface.hessian(w))[1])
        span = 5.0 / max(gap, 1e-6)
        solution = solve_ivp(
            lambda _, u: -surface.coordinate_speed(u) * hill_gradient(u), (0.0, span), w, "LSODA", rtol=1e-10, atol=1e-13
        )
        w = solution.y[:, -1]
    return np.asarray(w)


def split(surface: Surface, point: ArrayLike) -> Split:
    """River and hill part of a point's loss by the projected flow (arXiv 2410.05192, section 3)."""
    w = _point(surface, point)
    foot = projected_flow(surface, w)
    river = float(surface.loss(foot[None, :])[0])
    return Split(river, float(surface.loss(w[None, :])[0]) - river, foot)


def _point(surface: Surface, point: ArrayLike) -> FloatArray:
    w = checks.array("point", point, copy=True)
    if w.size != surface.dim:
        raise InputError(f"point must have {surface.dim} coordinates, not {w.size}")
    return w
