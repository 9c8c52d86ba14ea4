"""The literal sphere in R^m, for the verification of what holds in the limit of many weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import sphere as kernels
from rivervalley.kernels.noise import START, fill_normals
from rivervalley.landscapes.base import Block, block_lanes
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.spherical import rules
from rivervalley.landscapes.spherical.valley import per_hill
from rivervalley.landscapes.valleys.rivers import FlatRiver, River, check_river

_CODES = {
    rules.AdamW: kernels.KNOWN,
    rules.DecayedSGD: kernels.SGD,
    rules.Normalised: kernels.NORMALISED,
    rules.DecayedSign: kernels.SIGN,
    rules.Adam: kernels.ADAM,
}


@LANDSCAPES.add("sphere", "sphere(weights=1024, stiffness=[1], rule=sgd(0.1))", "hills on a sphere, in all its weights")
@final
@dataclass(frozen=True, eq=False)
class Sphere:
    """Descent in R^m of a loss of theta = W / n alone, n = |W| / sqrt(m): c(phi) + sum_i h_i (theta_i - target_i)^2 / 2.

    The gradient of every minibatch is that of the first d coordinates, the hills, h_i = stiffness_i height_i with noise
    height_i, and pure noise of standard deviation 1 in the others, all projected orthogonally to W. Every coordinate is
    simulated: a run costs weights x steps x trajectories. SphericalValley is the limit of many weights.

    Parameters
    ----------
    weights : int
        m, at least d and the river's coordinates.
    stiffness, height, target : array_like of shape (d,), or one number for the last two
        As in SphericalValley.
    river : one of the rivers
        c(phi) runs along the angle phi of a plane of its own, without noise.
    river_radius : float
        rho, the plane's radius in units of theta's rms: phi moves by dphi/dS = -c'(phi) / rho^2.
    radius_stiffness : float
        Stiffness (and, its noise being 1, curvature) of the hill that holds the radius. 0 for a straight river in one coordinate,
        phi = theta / rho, which forgets as hills do.
    start_norm : float
        n before the first update.
    start_variance : float
        Variance of the hills' theta before it.
    stiffness_exponent : float
        Hills are stiffer by (start_norm / n)^stiffness_exponent.
    scale_invariant : bool
        Whether the gradient is projected. Where not, noise has a part along W.
    rule : AdamW, DecayedSGD, Normalised, DecayedSign or Adam

    Raises
    ------
    InputError
        If there are too few weights, or another argument cannot be used.

    Examples
    --------
    The angle by which an update turns W in equilibrium has a cosine of 1 - lr wd:

    >>> import numpy as np, rivervalley as rv
    >>> from rivervalley.landscapes.rules import Normalised
    >>> sphere = Sphere(64, start_norm=0.5, rule=Normalised(0.1))
    >>> one = rv.simulate(sphere, rv.schedules.constant(steps=400, peak_lr=0.5), trajectories=1)
    >>> two = rv.simulate(sphere, rv.schedules.constant(steps=1, peak_lr=0.5), initial=one)
    >>> a, b = one.state[0, :64], two.state[0, :64]
    >>> round(float(a @ b / np.sqrt((a @ a) * (b @ b))), 6)
    0.95
    """

    weights: int = 1024
    stiffness: Any = ()
    height: Any = 1.0
    target: Any = 0.0
    river: River = field(default_factory=FlatRiver)
    river_radius: float = 6.0
    radius_stiffness: float = 2.0
    start_norm: float = 0.02
    start_variance: float = 0.0
    stiffness_exponent: float = 0.0
    scale_invariant: bool = True
    rule: rules.Rule = field(default_factory=rules.AdamW)
    curvatures: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        stiffness = checks.array("stiffness", self.stiffness, low=0.0, open_low=True, empty=True, copy=True)
        height = per_hill("height", self.height, stiffness.size, 0.0, open_low=True)
        target = per_hill("target", self.target, stiffness.size)
        check_river(self.river)
        if type(self.rule) not in _CODES:
            names = ", ".join(kind.__name__ for kind in _CODES)
            raise InputError(f"rule must be one of {names}, not {checks.show(self.rule)}")
        radius = checks.real("river_radius", self.river_radius, 0.0, open_low=True)
        held = checks.real("radius_stiffness", self.radius_stiffness, 0.0) > 0.0
        flat = isinstance(self.river, FlatRiver)
        least = stiffness.size + (0 if flat else 2 if held else 1)
        weights = checks.integer("weights", self.weights, max(2, least + 1))
        if held and not flat and radius**2 >= weights:
            raise InputError(
                f"river_radius must be below sqrt(weights) = {weights**0.5:g}, the length of theta, not {radius:g}"
            )
        checks.real("start_norm", self.start_norm, 0.0, open_low=True)
        checks.real("start_variance", self.start_variance, 0.0)
        checks.real("stiffness_exponent", self.stiffness_exponent)
        for name, value in (
            ("stiffness", stiffness),
            ("height", height),
            ("target", target),
            ("curvatures", stiffness * height),
        ):
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:
        """Rows of a trajectory: the weights, under Adam their two moments, and the river's angle."""
        return self.weights * (3 if isinstance(self.rule, rules.Adam) else 1) + 1

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return ("river", "hill")

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(2 * self.dim)

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories): random directions of the norm at start, the river at 0."""
        state = np.zeros((self.dim, trajectories))
        W = state[: self.weights]
        fill_normals(np.uint64(seed), first_trajectory, 0, START, W)
        d, flat = self.stiffness.size, isinstance(self.river, FlatRiver)
        held = 0 if flat else 2 if self.radius_stiffness > 0.0 else 1
        W[:d] *= np.sqrt(self.start_variance)
        W[d : d + held] = 0.0
        if held == 2:
            W[d] = self.river_radius
        placed = (W[: d + held] ** 2).sum(axis=0)
        if np.any(placed >= self.weights):
            raise InputError("start_variance must leave room for the other weights: theta has rms 1")
        free = W[d + held :]
        free *= np.sqrt((self.weights - placed) / (free**2).sum(axis=0))
        W *= self.start_norm
        return state

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        rules.check_lr(self.rule, block.lr)
        divergence: tuple[int, int] = kernels.descend_sphere(
            block,
            self.weights,
            _CODES[type(self.rule)],
            rules.norm_rule(self.rule),
            (self.curvatures, self.height, self.target),
            (float(self.start_norm), float(self.stiffness_exponent)),
            bool(self.scale_invariant),
            self.river.kernel,
            (float(self.river_radius), 0.0 if isinstance(self.river, FlatRiver) else float(self.radius_stiffness)),
        )
        return divergence

    def norms(self, state: FloatArray) -> FloatArray:
        """n of points given as rows, shape (n,)."""
        W = np.asarray(state, float)[:, : self.weights]
        return np.asarray(np.sqrt(np.mean(W**2, axis=1)))

    def directions(self, state: FloatArray) -> FloatArray:
        """theta = W / n of points given as rows, shape (n, weights)."""
        return np.asarray(np.asarray(state, float)[:, : self.weights] / self.norms(state)[:, None])

    def loss(self, state: FloatArray) -> FloatArray:
        """Loss of points given as rows, shape (n, dim)."""
        points, d = np.asarray(state, float), self.stiffness.size
        theta = self.directions(points)
        loss = 0.5 * ((theta[:, :d] - self.target) ** 2) @ self.curvatures
        if isinstance(self.river, FlatRiver):
            return np.asarray(loss)
        if self.radius_stiffness == 0.0:
            return np.asarray(loss + self.river.loss(theta[:, d] / self.river_radius))
        radius = np.hypot(theta[:, d], theta[:, d + 1])
        held = 0.5 * self.radius_stiffness * (radius - self.river_radius) ** 2
        return np.asarray(loss + held + self.river.loss(points[:, -1]))
