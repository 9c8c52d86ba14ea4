"""The straight river valley: quadratic hills of any curvatures and one river coordinate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, FloatArray, InputError
from rivervalley.curves.run import Run, recorded_steps
from rivervalley.kernels.descent import DIVERGED, descend
from rivervalley.kernels.moments import quadratic_moments, river_path
from rivervalley.landscapes.base import Block, block_lanes
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.valleys.rivers import PowerRiver, QuadraticRiver, River, check_river
from rivervalley.schedules import Schedule

MOST_HILLS = 1_000_000  # made by a law in place of a list


@LANDSCAPES.add(
    "river_valley", "river_valley(hills=[0.5, 2], noise_std=0.1, river=power(1, 1))", "straight: quadratic hills beside a river"
)
@final
@dataclass(frozen=True, eq=False)
class RiverValley:
    """L(y, x) = c(x) + sum_i h_i y_i^2 / 2 under SGD with noise of standard deviation sigma_i in each coordinate.

    The river y = 0 is straight, so the loss splits exactly into "river", c(x), and "hill", the rest (the picture of
    arXiv 2410.05192). One update is w <- w - lr * (gradient + sigma * z), z standard normal.

    Parameters
    ----------
    hills : array_like, shape (d,)
        Curvatures h_i > 0.
    noise_std : float or array_like of shape (d,)
        sigma of the hills, for batch size 1.
    river : LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver or FlatRiver
    river_noise_std : float
        sigma of the river coordinate.
    batch_size : int
        Divides every noise variance.
    start_hill : float or array_like of shape (d,)
        Where the hill coordinates start; 0 is on the river.
    start_river : float
        Where the river coordinate starts.

    Raises
    ------
    InputError
        If a curvature is not positive and finite, a noise negative, or a shape wrong.

    Examples
    --------
    >>> valley = RiverValley(hills=[0.5, 2.0], noise_std=0.1)
    >>> round(valley.stationary_hill_loss(0.1), 9)
    0.000534188
    """

    hills: Any
    noise_std: Any = 0.1
    river: River = field(default_factory=PowerRiver)
    river_noise_std: float = 0.0
    batch_size: int = 1
    start_hill: Any = 0.0
    start_river: float = 0.0
    curvatures: FloatArray = field(init=False, repr=False)
    noise: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        hills = checks.array("hills", self.hills, low=0.0, open_low=True, copy=True)
        check_river(self.river)
        batch = checks.integer("batch_size", self.batch_size, 1)
        noise_std = checks.one_or_each("noise_std", self.noise_std, hills.size, "hills", 0.0)
        start_hill = checks.one_or_each("start_hill", self.start_hill, hills.size, "hills")
        river_noise = checks.real("river_noise_std", self.river_noise_std, 0.0)
        self.river.check_start(checks.real("start_river", self.start_river))
        curvatures = np.append(hills, 0.0)
        noise = np.append(noise_std, river_noise) / np.sqrt(batch)
        for name, value in (("hills", hills), ("start_hill", start_hill), ("curvatures", curvatures), ("noise", noise)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @classmethod
    def power_law(
        cls,
        count: int,
        top_curvature: float = 1.0,
        exponent: float = 1.0,
        noise_std: float = 0.1,
        noise_exponent: float = 0.0,
        **others: Any,
    ) -> RiverValley:
        """Hills h_i = top_curvature * i^-exponent, i = 1 ... count, with noise variance noise_std^2 (h_i / h_1)^noise_exponent.

        noise_exponent 0 is isotropic noise, 1 noise like the curvature (as for a cross-entropy at its optimum). There is
        no gap between hill and river in such a spectrum. `others` go to RiverValley.

        >>> RiverValley.power_law(3, 2.0, 1.0).hills.tolist()
        [2.0, 1.0, 0.6666666666666666]
        """
        count = checks.integer("count", count, 1, MOST_HILLS)
        top = checks.real("top_curvature", top_curvature, 0.0, open_low=True)
        power = checks.real("exponent", exponent)
        nu = checks.real("noise_exponent", noise_exponent)
        std = checks.real("noise_std", noise_std, 0.0)
        relative = np.arange(1, count + 1, dtype=float) ** -power
        return cls(hills=top * relative, noise_std=std * relative ** (nu / 2.0), **others)

    @property
    def dim(self) -> int:
        """Number of coordinates: the hills, then the river."""
        return int(self.curvatures.size)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return ("river", "hill")

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(self.dim)

    @property
    def max_stable_lr(self) -> float:
        """The rate 2 / max h above which the steepest hill diverges."""
        return float(2.0 / self.hills.max())

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories)."""
        return np.repeat(np.append(self.start_hill, self.start_river)[:, None], trajectories, axis=1)

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        divergence: tuple[int, int] = descend(block, self.curvatures, self.noise, self.river.kernel)
        return divergence

    def loss(self, state: FloatArray) -> FloatArray:
        """Loss of points given as rows, shape (n, dim)."""
        w = np.asarray(state, float)
        return np.asarray(self.river.loss(w[:, -1]) + 0.5 * (w[:, :-1] ** 2) @ self.hills)

    def expected(
        self,
        schedule: Schedule,
        record_every: int = 100,
        *,
        initial: Run | None = None,
        record_at: ArrayLike | None = None,
    ) -> Run:
        """The expected losses under a schedule, by the exact recursion of means and variances.

        Exact for any schedule when the river is linear or quadratic, or has no noise. `run.state` has one row, the means;
        `run.state_variance` the variances. `initial` is an earlier result of this function to go on from.

        Raises
        ------
        InputError
            If the river has noise and a curvature that changes: its mean then has no closed recursion.
        DivergenceError
            If the expected loss leaves the range of float64.
        """
        if not isinstance(schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
        if self.river_noise_std > 0.0 and not self.river.constant_bend:
            kind = type(self.river).__name__
            raise InputError(
                f"river_noise_std must be 0 for an exact expectation on a {kind}, not {self.river_noise_std:g}: "
                "its curvature changes along the way, so the mean has no closed recursion; use simulate"
            )
        if initial is not None and not isinstance(initial, Run):
            raise InputError(f"initial must be a result of expected(), not {checks.show(initial)}")
        if initial is None:
            first, past = 0, schedule
            mean, variance = np.append(self.start_hill, self.start_river), np.zeros(self.dim)
        else:
            if initial.state_variance is None:
                raise InputError("initial must be a result of expected(), not of simulate()")
            if initial.state.shape[1] != self.dim:
                raise InputError(f"initial must have {self.dim} coordinates, not {initial.state.shape[1]}")
            first, past = initial.end_step, initial.schedule.then(schedule, initial.schedule.name)
            mean, variance = initial.state[0].copy(), initial.state_variance.copy()
        at = recorded_steps(first, first + schedule.steps, record_every, record_at)
        with np.errstate(over="ignore"):
            s2 = self.noise**2
        hill = np.empty(at.size)
        quadratic_moments(mean[:-1], variance[:-1], schedule.lr, first, self.hills, s2[:-1], at, hill)
        river = np.empty(at.size)
        if isinstance(self.river, QuadraticRiver):
            centre = np.array([self.river.minimum])
            offset = mean[-1:] - centre
            curvature = np.array([self.river.curvature], dtype=float)
            quadratic_moments(offset, variance[-1:], schedule.lr, first, curvature, s2[-1:], at, river)
            mean[-1:] = offset + centre
        else:
            # Without noise, or where the gradient is constant, the mean moves as one noiseless trajectory.
            mean[-1] = river_path(float(mean[-1]), schedule.lr, first, self.river.kernel, at, river)
            if s2[-1] > 0.0:
                with np.errstate(over="ignore"):
                    variance[-1] += s2[-1] * float(np.sum(schedule.lr**2))
        for name, values in (("hill", hill), ("river", river)):
            bad = ~(np.abs(values) < DIVERGED**2)
            if bad.any():
                step = int(at[int(np.argmax(bad))])
                raise DivergenceError(
                    f"the expected {name} loss diverges (found at update {step}): the rate must stay below "
                    f"2 / max(hills) = {self.max_stable_lr:g}, and the schedule peaks at {schedule.peak_lr:g}",
                    0,
                    step,
                )
        return Run(
            steps=at,
            loss=river + hill,
            loss_stderr=np.zeros(at.size),
            components={"river": river, "hill": hill},
            state=mean[None, :],
            schedule=past,
            state_variance=variance,
        )

    def stationary_variance(self, lr: float) -> FloatArray:
        """Variance of each hill at a constant rate: eta sigma^2 / (h (2 - eta h)), shape (d,)."""
        eta = checks.real("lr", lr, 0.0, self.max_stable_lr, open_high=True)
        return np.asarray(eta * self.noise[:-1] ** 2 / (self.hills * (2.0 - eta * self.hills)))

    def stationary_hill_loss(self, lr: float) -> float:
        """Hill loss at a constant rate: sum of eta sigma^2 / (2 (2 - eta h)); eta sigma^2 / 4 a hill for small eta h."""
        return float(0.5 * self.hills @ self.stationary_variance(lr))


LANDSCAPES.add(
    "power_law_valley", "power_law_valley(count=50, exponent=1.5)", "straight hills whose curvatures follow a power law"
)(RiverValley.power_law)
