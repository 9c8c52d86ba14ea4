"""Rivers from their definition and flows, on surfaces whose answers are known without the package."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley.theory import find_river, gradient_flow, projected_flow, river_residual, split


@dataclass(frozen=True)
class Tilted:
    """An exact quadratic turned by an angle: its river is the flat axis through the minimum at the origin."""

    angle: float
    curvatures: tuple[float, ...] = (4.0, 0.1)

    @property
    def dim(self):
        return len(self.curvatures)

    @property
    def axes(self):
        """Rows: the principal axes, the flattest last; turned in the plane of first and last coordinate."""
        R = np.eye(self.dim)
        R[0, 0] = R[-1, -1] = np.cos(self.angle)
        R[0, -1], R[-1, 0] = np.sin(self.angle), -np.sin(self.angle)
        return R

    def loss(self, points):
        return 0.5 * ((np.atleast_2d(points) @ self.axes.T) ** 2) @ np.array(self.curvatures)

    def gradient(self, point):
        return self.hessian(point) @ point

    def hessian(self, point):
        return self.axes.T @ np.diag(self.curvatures) @ self.axes

    def floor(self, along):
        return np.append(np.zeros(self.dim - 1), along)

    def coordinate_speed(self, point):
        return np.ones(self.dim)

    def on_river(self, along):
        return self.axes[-1] * along / self.axes[-1, -1]


angles = st.floats(-0.4, 0.4)


@example(angle=5e-324, along=1.0)
@given(angle=angles, along=st.floats(0.2, 2.0))
def test_the_river_of_a_tilted_quadratic(angle, along):
    surface = Tilted(angle)
    found = find_river(surface, along, reach=2.0)
    assert np.allclose(found, surface.on_river(along), atol=1e-9)
    assert river_residual(surface, found) < 1e-9


@given(angle=angles, along=st.floats(0.2, 2.0))
def test_the_river_in_four_dimensions(angle, along):
    surface = Tilted(angle, (4.0, 1.0, 2.5, 0.1))
    assert np.allclose(find_river(surface, along), surface.on_river(along), atol=1e-6)


def test_the_steep_axis_is_no_river():
    """The gradient is an eigenvector there too, but of the larger eigenvalue."""
    surface = Tilted(0.3)
    steep = surface.axes[0]
    assert river_residual(surface, steep) == pytest.approx(3.9, rel=1e-12)


@given(angle=angles, y=st.floats(-1.0, 1.0), x=st.floats(0.3, 2.0))
def test_gradient_flow_of_a_quadratic(angle, y, x):
    surface = Tilted(angle)
    times = np.array([0.0, 2.0, 0.5, 2.0])  # in any order, with repetition
    start = surface.axes @ np.array([y, x])
    exact = (start * np.exp(-np.multiply.outer(times, [4.0, 0.1]))) @ surface.axes
    assert np.allclose(gradient_flow(surface, [y, x], times), exact, atol=1e-8)


@given(angle=angles, y=st.floats(-1.0, 1.0), x=st.floats(0.3, 2.0))
def test_projected_flow_drops_the_hill_part_and_nothing_else(angle, y, x):
    surface = Tilted(angle)
    along = (surface.axes @ np.array([y, x]))[-1]
    assert np.allclose(projected_flow(surface, [y, x]), along * surface.axes[-1], atol=1e-6)
    parts = split(surface, [y, x])
    assert parts.river == pytest.approx(0.05 * along**2, abs=1e-8)
    assert parts.river + parts.hill == pytest.approx(float(surface.loss([y, x])[0]), rel=1e-12)


def test_no_flow_for_no_time():
    assert np.array_equal(gradient_flow(Tilted(0.1), [0.3, 0.4], [0.0, 0.0]), [[0.3, 0.4]] * 2)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda s: find_river(s, np.nan), "along must be"),
        (lambda s: find_river(s, 1.0, -1.0), "reach must be"),
        (lambda s: find_river(s, 1.0, 1e-3), "along must be where a river lies within 0.001 of the floor"),
        (lambda s: gradient_flow(s, [1.0], [1.0]), "point must have 2 coordinates, not 1"),
        (lambda s: gradient_flow(s, [1.0, np.nan], [1.0]), "point must hold"),
        (lambda s: gradient_flow(s, [1.0, 1.0], []), "times must not be empty"),
        (lambda s: projected_flow(s, [1.0, 1.0, 1.0]), "point must have 2"),
        (lambda s: split(s, [np.inf, 1.0]), "point must hold"),
        (lambda s: river_residual(s, [1.0]), "point must have 2"),
    ],
)
def test_bad_arguments_are_refused(make, words):
    with pytest.raises(rv.InputError, match=words):
        make(Tilted(0.3))
