"""Update rules beside plain SGD on the straight valley.

A rule makes a landscape of a RiverValley: `simulate(Momentum(0.9).on(valley), schedule)`. What the rule remembers, the
momentum or the average, stands in the state after the coordinates, so runs resume with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import rules as codes
from rivervalley.landscapes.base import Block, block_lanes
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.valleys.river_valley import RiverValley

_NONE = np.empty(0)


@final
@dataclass(frozen=True)
class Momentum:
    """m <- beta m + (1 - beta) g, w <- w - lr m: momentum in EMA form, started at 0.

    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[1.0], noise_std=0.1)
    >>> Momentum(0.9).on(valley).dim
    4
    """

    beta: float = 0.9

    def __post_init__(self) -> None:
        checks.real("beta", self.beta, 0.0, 1.0, open_high=True)

    def on(self, valley: RiverValley) -> RuledValley:
        """The valley under this rule."""
        return RuledValley(valley, self)


@final
@dataclass(frozen=True)
class Sign:
    """w <- w - lr sign(g) in every coordinate: sign-SGD, the limit of Adam without memory."""

    def on(self, valley: RiverValley) -> RuledValley:
        """The valley under this rule."""
        return RuledValley(valley, self)


@final
@dataclass(frozen=True)
class Project:
    """w <- w - lr P g, P the projection on the "hills" (Dom-SGD of arXiv 2405.16002) or the "river" (Bulk-SGD)."""

    onto: str

    def __post_init__(self) -> None:
        checks.choice("onto", self.onto, ("hills", "river"))

    def on(self, valley: RiverValley) -> RuledValley:
        """The valley under this rule."""
        return RuledValley(valley, self)


@final
@dataclass(frozen=True, eq=False)
class Average:
    """Plain SGD whose loss is taken at an average of its iterates.

    Parameters
    ----------
    start_step : int
        Iterates from update start_step + 1 on count; before, the average is the last iterate.
    weights : array_like, shape (n,)
        Weights of these iterates in turn, the first above 0; further iterates do not count. All alike where not given.
    decay : float
        In place of weights, an exponential moving average with this factor.

    Examples
    --------
    >>> Average(weights=[0.2, 0.8]).mix(0, 3).tolist()
    [1.0, 0.8, 0.0]
    """

    start_step: int = 0
    weights: Any = None
    decay: float | None = None

    def __post_init__(self) -> None:
        checks.integer("start_step", self.start_step, 0)
        if self.weights is not None and self.decay is not None:
            raise InputError("weights and decay cannot both be given")
        if self.decay is not None:
            checks.real("decay", self.decay, 0.0, 1.0, open_high=True)
        if self.weights is not None:
            weights = checks.array("weights", self.weights, low=0.0, copy=True)
            if weights[0] == 0.0:
                raise InputError("weights must start with a weight above 0")
            weights.setflags(write=False)
            object.__setattr__(self, "weights", weights)

    def mix(self, first_step: int, steps: int) -> FloatArray:
        """Share by which the average moves to the iterate after each of the updates, shape (steps,)."""
        k = np.arange(first_step, first_step + steps) - self.start_step  # 0 for the first iterate that counts
        out = np.ones(steps)
        if self.decay is not None:
            out[k > 0] = 1.0 - self.decay
        elif self.weights is None:
            out[k > 0] = 1.0 / (k[k > 0] + 1.0)
        else:
            share = self.weights / np.cumsum(self.weights)
            inside = (k > 0) & (k < share.size)
            out[inside] = share[k[inside]]
            out[k >= share.size] = 0.0
        return out

    def on(self, valley: RiverValley) -> RuledValley:
        """The valley under this rule."""
        return RuledValley(valley, self)


Rule = Momentum | Sign | Project | Average


def merged_gradient_weights(weights: ArrayLike) -> FloatArray:
    """w_i = sum_{j >= i} c_j: merging iterates sum c_j theta_j equals theta_0 - sum w_i (lr g)_i for the same gradients.

    c_0 belongs to theta_0, so entry i - 1 is the weight of update i; shape (len(weights) - 1,). So averaging emulates a
    decay of the rate (arXiv 2507.17634), with gradients taken at the undecayed points.

    >>> merged_gradient_weights([0.25, 0.25, 0.5]).tolist()
    [0.75, 0.5]
    """
    c = checks.array("weights", weights)
    return np.asarray(np.cumsum(c[::-1])[::-1][1:])


@final
@dataclass(frozen=True, eq=False)
class RuledValley:
    """A straight valley under a rule: a landscape for `simulate`. state[:, :valley.dim] are the coordinates."""

    valley: RiverValley
    rule: Rule

    def __post_init__(self) -> None:
        if not isinstance(self.valley, RiverValley):
            raise InputError(f"valley must be a RiverValley, not {checks.show(self.valley)}")
        if not isinstance(self.rule, (Momentum, Sign, Project, Average)):
            raise InputError(f"rule must be a Momentum, Sign, Project or Average, not {checks.show(self.rule)}")

    @property
    def dim(self) -> int:
        """Coordinates of the valley, twice for a rule with memory."""
        return self.valley.dim * (2 if isinstance(self.rule, (Momentum, Average)) else 1)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return self.valley.parts

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(self.dim + self.valley.dim)

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories): momentum 0, the average at the start itself."""
        w = self.valley.start(seed, first_trajectory, trajectories)
        if isinstance(self.rule, Momentum):
            return np.concatenate([w, np.zeros_like(w)])
        return np.concatenate([w, w]) if isinstance(self.rule, Average) else w

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        rule, valley = self.rule, self.valley
        mask = np.ones(valley.dim)
        mix, beta, code = _NONE, 0.0, codes.SIGN
        if isinstance(rule, Momentum):
            beta, code = float(rule.beta), codes.MOMENTUM
        elif isinstance(rule, Project):
            code = codes.PROJECT
            mask[slice(None, -1) if rule.onto == "river" else slice(-1, None)] = 0.0
        elif isinstance(rule, Average):
            code, mix = codes.AVERAGE, rule.mix(block.first_step, block.lr.size)
        divergence: tuple[int, int] = codes.descend_rule(
            block, valley.curvatures, valley.noise, valley.river.kernel, code, beta, mask, mix
        )
        return divergence


@LANDSCAPES.add("momentum", "momentum(river_valley(hills=[0.5, 2]), beta=0.9)", "a straight valley under momentum")
def momentum(valley: RiverValley, beta: float = 0.9) -> RuledValley:
    """A straight valley under `Momentum`."""
    return Momentum(beta).on(valley)


@LANDSCAPES.add("sign", "sign(river_valley(hills=[0.5, 2]))", "a straight valley under sign-SGD")
def sign(valley: RiverValley) -> RuledValley:
    """A straight valley under `Sign`."""
    return Sign().on(valley)


@LANDSCAPES.add(
    "project", 'project(river_valley(hills=[0.5, 2]), onto="hills")', 'a straight valley, updates of "hills" or "river" alone'
)
def project(valley: RiverValley, onto: str) -> RuledValley:
    """A straight valley under `Project`."""
    return Project(onto).on(valley)


@LANDSCAPES.add(
    "average", "average(river_valley(hills=[0.5, 2]), decay=0.99)", "a straight valley, the loss at an average of the iterates"
)
def average(
    valley: RiverValley, start_step: int = 0, weights: ArrayLike | None = None, decay: float | None = None
) -> RuledValley:
    """A straight valley under `Average`."""
    return Average(start_step, weights, decay).on(valley)
