"""The spherical valley: hills and a river on a sphere of large dimension, whose radius weight decay and the updates set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.curves.run import Run
from rivervalley.kernels.spherical import descend_spherical
from rivervalley.landscapes.base import Block, block_lanes
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.regression.power_law import bin_modes
from rivervalley.landscapes.spherical import rules
from rivervalley.landscapes.spherical.exact import expected_run
from rivervalley.landscapes.spherical.layout import Layout, turns
from rivervalley.landscapes.valleys.rivers import FlatRiver, PowerRiver, River, check_river
from rivervalley.schedules import Schedule


@LANDSCAPES.add(
    "spherical_valley",
    "spherical_valley(stiffness=[0.5, 0.1], height=[1, 2])",
    "the direction of weights under decoupled weight decay",
)
@final
@dataclass(frozen=True, eq=False)
class SphericalValley:
    """A loss of the direction theta = W / n alone, n the rms of the weights W, in the limit of many weights.

    A gradient of such a loss is orthogonal to W and falls as 1 / n, so an update turns theta by about r = lr / n, the relative
    step. Weight decay and the updates themselves set n (kernels.norm has its recursion for every rule), and with it r: in
    equilibrium r = sqrt(2 lr wd), while in an anneal n stays where it is and r falls with the LR. The loss is

        floor + c(x) + sum_i h_i theta_i^2 / 2,    h_i = stiffness_i height_i

    with hills whose gradient has noise of standard deviation height_i (1 in the many other coordinates), and a river x, an
    angle, that turns without end: dx/dS = -c'(x) / (scale of c x river_scale) on the clock S of all turns. A hill forgets at
    r / 2 beside its own stiffness, as the sphere is compact: V = E theta^2 is (r / 2) / (stiffness + r / 2) at most 1.

    Parameters
    ----------
    stiffness : array_like, shape (d,)
        Drift over noise of each hill, above 0.
    height : float or array_like of shape (d,)
        Noise of each hill's gradient, above 0.
    multiplicity : array_like of shape (d,) or None
        How many hills each entry stands for, in `expected`; 1 where not given.
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
        c(x).
    river_scale : float
        S in which a river of scale 1 moves by its slope.
    target : float or array_like of shape (d,)
        Where hills have their bottom, in units of theta's rms: what has to be learnt. Its loss counts as "river".
    start_norm : float
        n before the first update: the standard deviation at initialisation.
    start_variance : float
        V of all hills before the first update: 0 at the bottom, 1 for weights without direction.
    forgetting : bool
        Whether hills forget at r / 2. Without, they are straight and only the norm is that of a sphere.
    stiffness_exponent : float
        The drift toward the target is stronger by (start_norm / n)^stiffness_exponent; 0 for a scale-invariant loss. The
        loss keeps its curvature, so this is no model of curvature that adapts to the LR, as at the edge of stability.
    floor : float
    rule : AdamW, DecayedSGD, Normalised, DecayedSign, Adam or Frozen
        The update rule with its weight decay; `rule.on(valley)` replaces it.

    Raises
    ------
    InputError
        If a stiffness or height is not positive and finite, or another argument cannot be used.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = SphericalValley.power_law()
    >>> warm = {"warmup_steps": 300, "peak_lr": 1e-3}
    >>> [round(float(valley.expected(s).loss[-1]), 3) for s in (
    ...     rv.schedules.constant(steps=20_000, **warm), rv.schedules.wsd(steps=20_000, decay_fraction=0.2, **warm))]
    [2.882, 2.7]
    """

    stiffness: Any
    height: Any = 1.0
    multiplicity: Any = None
    river: River = field(default_factory=lambda: PowerRiver(4.0, 2.0))
    river_scale: float = 8.5
    target: Any = 0.0
    start_norm: float = 0.02
    start_variance: float = 0.0
    forgetting: bool = True
    stiffness_exponent: float = 0.0
    floor: float = 0.0
    rule: rules.Rule = field(default_factory=rules.AdamW)
    weight: FloatArray = field(init=False, repr=False)
    layout: Layout = field(init=False, repr=False)

    def __post_init__(self) -> None:
        stiffness = checks.array("stiffness", self.stiffness, low=0.0, open_low=True, copy=True)
        height = per_hill("height", self.height, stiffness.size, 0.0, open_low=True)
        count = per_hill("multiplicity", 1.0 if self.multiplicity is None else self.multiplicity, stiffness.size, 0.0)
        target = per_hill("target", self.target, stiffness.size)
        check_river(self.river)
        if not isinstance(self.rule, rules.RULES):
            names = ", ".join(kind.__name__ for kind in rules.RULES)
            raise InputError(f"rule must be one of {names}, not {checks.show(self.rule)}")
        if not isinstance(self.forgetting, bool):
            raise InputError(f"forgetting must be True or False, not {checks.show(self.forgetting)}")
        checks.real("river_scale", self.river_scale, 0.0, open_low=True)
        checks.real("start_norm", self.start_norm, 0.0, open_low=True)
        checks.real("start_variance", self.start_variance, 0.0)
        checks.real("stiffness_exponent", self.stiffness_exponent)
        checks.real("floor", self.floor)
        for name, value in (
            ("stiffness", stiffness),
            ("height", height),
            ("multiplicity", count),
            ("target", target),
            ("weight", count * stiffness * height),
        ):
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        means = bool(np.any(target != 0.0))
        momentum = isinstance(self.rule, rules.Adam)
        object.__setattr__(self, "layout", Layout(stiffness.size, means, momentum))

    @classmethod
    def power_law(
        cls,
        count: int = 192,
        top_stiffness: float = 0.5,
        exponent: float = 2.22,
        height_exponent: float = 2.22,
        height: float = 54.0,
        signal_exponent: float | None = None,
        signal_loss: float = 4.13,
        *,
        bin_ratio: float = 1.0,
        floor: float = 2.4,
        **others: Any,
    ) -> SphericalValley:
        """Stiffness top_stiffness i^-exponent and height `height` i^-height_exponent, i = 1 ... count.

        After a step in r the hill loss relaxes as S^-beta, beta = (height_exponent - 1) / exponent. With `signal_exponent` e
        every hill has a target whose loss falls as i^-e, and no river runs beside: the signal is then learnt as
        signal_loss S^-alpha, alpha = (e - 1) / exponent, until it is forgotten. The defaults have the sizes of a small
        language model at LRs of 1e-3. Beyond the 40th, hills may be binned (`bin_ratio`, for `expected` only). `others` go to
        SphericalValley.

        >>> SphericalValley.power_law(3, 1.0, 1.0, 2.0, 8.0).height.tolist()
        [8.0, 2.0, 0.8888888888888888]
        """
        i, copies = bin_modes(checks.integer("count", count, 1), checks.real("bin_ratio", bin_ratio, 1.0, 2.0))
        b = checks.real("exponent", exponent, 0.0)
        c = checks.real("height_exponent", height_exponent, 0.0)
        stiffness = checks.real("top_stiffness", top_stiffness, 0.0, open_low=True) * i**-b
        heights = checks.real("height", height, 0.0, open_low=True) * i**-c
        if signal_exponent is not None:
            e = checks.real("signal_exponent", signal_exponent, 1.0, open_low=True)
            alpha = (e - 1.0) / checks.real("exponent", exponent, 0.0, open_low=True)
            K0 = checks.real("signal_loss", signal_loss, 0.0, open_low=True)
            first = K0 * b / gamma(alpha) * (2.0 * top_stiffness) ** alpha
            others = {"river": FlatRiver(), "target": np.sqrt(2.0 * first * i**-e / (stiffness * heights)), **others}
        return cls(stiffness, heights, copies, floor=floor, **others)

    @property
    def dim(self) -> int:
        """Rows of a trajectory: hills, means of hills with targets, river, their momenta under Adam, and n^2 with its company."""
        return self.layout.dim

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return ("river", "hill", "floor")

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(self.dim)

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories)."""
        if np.any(self.multiplicity != 1.0):
            raise InputError("multiplicity must be 1 for hills to be sampled one by one: use expected")
        return self.layout.start(self, seed, first_trajectory, trajectories)

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        where = self.layout
        carried = where.carried(block.state)
        turn = turns(self, block.lr, carried)
        k, D = rules.drift_and_diffusion(self.rule, self.stiffness, self.height)
        hills = (k, D, self.target, self.weight)
        river = self.river_arguments
        divergence: tuple[int, int] = descend_spherical(
            block, where.rows, turn, self.forgetting, hills, *river, float(self.floor)
        )
        block.state[where.scalars] = carried[: where.dim - where.scalars.start, None]
        return divergence

    def expected(
        self, schedule: Schedule, record_every: int = 100, *, initial: Run | None = None, record_at: ArrayLike | None = None
    ) -> Run:
        """The expected losses under a schedule, by the exact recursion of means and variances: O(steps x hills).

        `run.state` has one row, the means of what a trajectory holds, and `run.state_variance` its variances (under Adam
        followed by the covariances of hills with their momenta); `initial` is an earlier result of this function to go on from.

        Raises
        ------
        InputError
            If an argument cannot be used, or peak LR x weight decay is 1 or more.
        DivergenceError
            If the expected loss leaves the range of float64.
        """
        return expected_run(self, schedule, record_every, initial, record_at)

    def norms(self, schedule: Schedule) -> FloatArray:
        """n before each update and after the last, shape (steps + 1,).

        >>> import rivervalley as rv
        >>> run = SphericalValley([1.0]).norms(rv.schedules.constant(steps=40_000, peak_lr=1e-3))
        >>> print(f"{run[0]:.3f} {run[-1]:.4f}")
        0.020 0.0707
        """
        if not isinstance(schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
        return self.layout.norms(self, schedule.lr)

    @property
    def river_arguments(self) -> tuple[tuple[int, float, float], float]:
        """The river as the kernels move it, at amplitude 1 / river_scale, and the amplitude of its loss."""
        code, scale, q = self.river.kernel
        return (code, float(np.sign(scale)) / self.river_scale, q), scale

    def memory_kernel(self, clock: ArrayLike) -> FloatArray:
        """Share of a step in r that the hill loss has not yet followed after the clock S, shape of `clock`: sum h D^2 / k e^(-2 k S).

        Without forgetting and at a small r; normalised to 1 at S = 0.

        >>> round(float(SphericalValley([0.5]).memory_kernel(1.0)), 6)
        0.367879
        """
        S = np.asarray(clock, float)
        k, D = rules.drift_and_diffusion(self.rule, self.stiffness, self.height)
        share = self.weight * D * D / k
        return np.asarray(np.exp(-2.0 * np.multiply.outer(S, k)) @ (share / share.sum()))

    def stationary_hill_loss(self, relative_step: float) -> float:
        """Hill loss at a constant relative step r, in rotational equilibrium: sum of h V / 2, V = theory.sphere_variance.

        Under DecayedSGD r is lr / n^2. Under Adam it is that of AdamW, right for times beyond 1 / (1 - beta1) updates.

        >>> round(SphericalValley([1.0]).stationary_hill_loss(0.01), 6)
        0.0025
        """
        r = checks.real("relative_step", relative_step, 0.0, 1.0, open_low=True, open_high=True)
        k, D = rules.drift_and_diffusion(self.rule, self.stiffness, self.height)
        forgets = self.forgetting and not isinstance(self.rule, rules.Frozen)
        lost = r * k + (r * r / (1.0 + np.sqrt(1.0 - r * r)) if forgets else 0.0)
        return float(0.5 * self.weight @ ((r * D) ** 2 / (lost * (2.0 - lost))))

    def loss(self, state: FloatArray) -> FloatArray:
        """Loss of points given as rows as `simulate` returns them, shape (n, dim)."""
        return self.layout.loss(self, np.asarray(state, float))


def per_hill(name: str, value: ArrayLike, count: int, low: float = -np.inf, *, open_low: bool = False) -> FloatArray:
    """One number, or one for each hill, as an array of `count` entries."""
    if np.ndim(value) == 0:
        return np.full(count, checks.real(name, value, low, open_low=open_low))
    values = checks.array(name, value, low=low, open_low=open_low, copy=True)
    if values.size != count:
        raise InputError(f"{name} must be one number or one for each of the {count} hills, not {values.size} numbers")
    return values


LANDSCAPES.add(
    "power_law_spherical_valley", "power_law_spherical_valley(count=192, rule=adamw(0.1))", "that with stiffness by a power law"
)(SphericalValley.power_law)
