"""Linear regression on Gaussian features, seen in the eigenbasis of their covariance: all that its spectra share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, FloatArray, InputError, IntArray
from rivervalley.curves.run import Run, recorded_steps
from rivervalley.kernels.power_law import regression_moments, regression_sgd
from rivervalley.landscapes.base import Block, block_lanes
from rivervalley.landscapes.regression.constant_rate import ConstantRate
from rivervalley.schedules import Schedule

PARTS = ("trained", "floor", "label noise")
MOST_SAMPLED = 100_000  # coordinates beyond which features are not sampled one by one
_FRESH = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class SpectralRegression:
    """Base of PowerLaw and RandomFeatures: y = sum_j x_j w*_j + noise, x_j ~ N(0, lambda_j), trained by minibatch SGD from 0.

    The loss is the mean squared error. It splits exactly into "trained", sum of lambda_j (w_j - w*_j)^2, "floor", what the
    model cannot represent, and "label noise". For Gaussian features the untrained part acts exactly as more label noise.

    Attributes
    ----------
    eigenvalues, signal, multiplicity : float arrays, shape (bins,)
        lambda_j, c_j = lambda_j w*_j^2, and for how many modes the entry stands (`bin_modes` of power_law).
    floor : float
        Loss above the label noise when all that can be trained has been.
    label_variance : float
        label_noise_std squared.
    """

    eigenvalues: FloatArray = field(init=False, repr=False)
    signal: FloatArray = field(init=False, repr=False)
    multiplicity: FloatArray = field(init=False, repr=False)
    floor: float = field(init=False, repr=False)
    label_variance: float = field(init=False, repr=False)
    samples_per_step: int = field(init=False, repr=False)

    def _fix(
        self,
        eigenvalues: FloatArray,
        signal: FloatArray,
        multiplicity: FloatArray,
        floor: float,
        noise: ArrayLike,
        batch: ArrayLike,
    ) -> None:
        std = checks.real("label_noise_std", noise, 0.0)
        size = checks.integer("batch_size", batch, 1)
        for name, value in (("eigenvalues", eigenvalues), ("signal", signal), ("multiplicity", multiplicity)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "floor", float(floor))
        object.__setattr__(self, "label_variance", std * std)
        object.__setattr__(self, "samples_per_step", size)

    @cached_property
    def _single_modes(self) -> tuple[FloatArray, FloatArray]:
        """sqrt(lambda_j) and w*_j of every mode by itself."""
        raise NotImplementedError

    @property
    def dim(self) -> int:
        """Number of trained coordinates."""
        return round(float(self.multiplicity.sum()))

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return PARTS

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(3 * self.dim)

    @property
    def trace(self) -> float:
        """Sum of the eigenvalues of the trained modes."""
        return float(self.multiplicity @ self.eigenvalues)

    @property
    def max_stable_lr(self) -> float:
        """The rate above which SGD diverges in mean square: sum of eta lambda / (B (2 - eta lambda (1 + 1/B))) = 1."""
        return max_stable_lr(self.eigenvalues, self.multiplicity, self.samples_per_step)

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories): all zero."""
        if self.dim > MOST_SAMPLED:
            raise InputError(
                f"the landscape must have at most {MOST_SAMPLED} trained coordinates for its features to be sampled, not "
                f"{self.dim}: use expected, which bins them"
            )
        return np.zeros((self.dim, trajectories))

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        return self._descend(block, _FRESH)

    def _descend(self, block: Block, order: IntArray) -> tuple[int, int]:
        """Updates on fresh samples, or on those with the numbers `order`, shape (steps * batch,)."""
        scale, target = self._single_modes
        divergence: tuple[int, int] = regression_sgd(
            block, target, scale, self.floor, self.label_variance, self.samples_per_step, order
        )
        return divergence

    def loss(self, state: FloatArray) -> FloatArray:
        """Loss of points given as rows, shape (n, dim)."""
        scale, target = self._single_modes
        return np.asarray(((np.asarray(state, float) - target) ** 2) @ scale**2 + self.floor + self.label_variance)

    def excess(self, run: Run) -> FloatArray:
        """The loss of a run above the label noise, shape (R,): what power laws are fitted to."""
        return np.asarray(run.components["trained"] + run.components["floor"])

    def expected(
        self, schedule: Schedule, record_every: int = 100, *, initial: Run | None = None, record_at: ArrayLike | None = None
    ) -> Run:
        """The expected loss of minibatch SGD under a schedule, by the exact recursion of second moments.

        Each bin stands for its modes. `run.state` (1, bins) has the means and `run.state_variance` the variances of a
        weight of each bin; `initial` is an earlier result of this function to go on from.

        Raises
        ------
        InputError
            If an argument cannot be used.
        DivergenceError
            If the expected loss leaves the range of float64.
        """
        if not isinstance(schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
        target = np.sqrt(self.signal / self.eigenvalues)
        first, past = 0, schedule
        d, variance = -target, np.zeros(target.size)
        if initial is not None:
            if initial.state_variance is None or initial.state.shape != (1, target.size):
                raise InputError(f"initial must be a result of expected() of a landscape with {target.size} bins")
            first, past = initial.end_step, initial.schedule.then(schedule, initial.schedule.name)
            d, variance = initial.state[0] - target, initial.state_variance
        m = variance + d * d
        at = recorded_steps(first, first + schedule.steps, record_every, record_at)
        trained = np.empty(at.size)
        frozen = self.floor + self.label_variance
        regression_moments(
            m, d, schedule.lr, first, self.eigenvalues, self.multiplicity, frozen, self.samples_per_step, at, trained
        )
        bad = ~(np.abs(trained) < 1e200)
        if bad.any():
            step = int(at[int(np.argmax(bad))])
            raise DivergenceError(
                f"the expected loss diverges (found at update {step}): at batch size {self.samples_per_step} a constant rate "
                f"must stay below {self.max_stable_lr:g}, and the schedule peaks at {schedule.peak_lr:g}",
                0,
                step,
            )
        parts = {
            "trained": trained,
            "floor": np.full(at.size, self.floor),
            "label noise": np.full(at.size, self.label_variance),
        }
        return Run(
            steps=at,
            loss=trained + frozen,
            loss_stderr=np.zeros(at.size),
            components=parts,
            state=(d + target)[None, :],
            schedule=past,
            state_variance=np.maximum(m - d * d, 0.0),
        )

    def constant_rate(self, lr: float, batch_size: int | None = None) -> ConstantRate:
        """The expected loss at a constant rate in closed form: after any number of updates at once."""
        size = self.samples_per_step if batch_size is None else checks.integer("batch_size", batch_size, 1)
        limit = max_stable_lr(self.eigenvalues, self.multiplicity, size)
        eta = checks.real("lr", lr, 0.0, limit, open_low=True, open_high=True)
        return ConstantRate.solve(self.eigenvalues, self.signal, self.multiplicity, self.floor, self.label_variance, eta, size)

    def gradient_flow(self, summed_lr: ArrayLike) -> FloatArray:
        """Excess loss of noiseless training after the cumulative LR t: floor + sum of c_j exp(-2 lambda_j t), shape of t."""
        t = np.asarray(summed_lr, float)
        decay = np.exp(-2.0 * np.multiply.outer(t, self.eigenvalues))
        return np.asarray(self.floor + decay @ (self.multiplicity * self.signal))

    def open_loop(self, schedule: Schedule) -> float:
        """Excess loss after a schedule, with the gradient noise of the noiseless path's loss (derived; functional scaling law).

        floor + sum c e^(-2 lambda T) + 1/B sum_s eta_s^2 R(t_s) sum lambda^2 e^(-2 lambda (T - t_s)), with t the cumulative LR
        and R the squared error of gradient flow. What it leaves out is the noise that the noise itself brings about.
        """
        t = np.cumsum(schedule.lr)
        weight = schedule.lr**2 * (self.gradient_flow(t - schedule.lr) + self.label_variance) / self.samples_per_step
        kernel = np.zeros(t.size)
        for start in range(0, t.size, 4096):
            left = t[-1] - t[start : start + 4096]
            kernel[start : start + 4096] = np.exp(-2.0 * np.multiply.outer(left, self.eigenvalues)) @ (
                self.multiplicity * self.eigenvalues**2
            )
        return float(self.gradient_flow(t[-1]) + weight @ kernel)


def max_stable_lr(eigenvalues: FloatArray, multiplicity: FloatArray, batch_size: int) -> float:
    """The rate eta at which sum of n eta lambda / (B (2 - eta lambda (1 + 1/B))) = 1."""
    top = 2.0 / (eigenvalues.max() * (1.0 + 1.0 / batch_size))

    def load(fraction: float) -> float:
        x = fraction * top * eigenvalues
        return float(multiplicity @ (x / (batch_size * (2.0 - x * (1.0 + 1.0 / batch_size))))) - 1.0

    return float(top * brentq(load, 1e-12, 1.0 - 1e-12, xtol=1e-14))
