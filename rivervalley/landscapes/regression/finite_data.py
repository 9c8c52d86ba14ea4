"""A finite data set: repeated passes of minibatch SGD, and gradient flow on it in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.kernels.noise import GRADIENT, fill_words
from rivervalley.kernels.power_law import sampled_data
from rivervalley.landscapes.base import Block
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.regression.spectral import SpectralRegression

_NUMBERS = 10**9


@LANDSCAPES.add(
    "finite_data", "finite_data(power_law(size=64), samples=256)", "power_law or random_features on a finite data set"
)
@final
@dataclass(frozen=True, eq=False)
class FiniteData:
    """A model of rivervalley.landscapes that sees only `samples` different samples, over and over; the loss is the test loss.

    Every trajectory has a data set of its own: sample s is a pure function of (seed, trajectory, s). The first pass takes
    the samples in the order in which the model without this limit would, so that one epoch is fresh data to the last bit;
    every later pass is shuffled anew.

    Parameters
    ----------
    model : PowerLaw or RandomFeatures
        Its batch size is that of the passes.
    samples : int
        D.

    Raises
    ------
    InputError
        If `model` is no such landscape or `samples` not a positive integer.

    Examples
    --------
    >>> from rivervalley.landscapes import PowerLaw
    >>> data = FiniteData(PowerLaw(size=16), samples=256)
    >>> round(data.converged_excess, 6)
    0.525267
    >>> data.gradient_flow([0.0, 100.0], datasets=3, seed=0).shape
    (3, 2)
    """

    model: SpectralRegression
    samples: int

    def __post_init__(self) -> None:
        if not isinstance(self.model, SpectralRegression):
            raise InputError(f"model must be a PowerLaw or RandomFeatures landscape, not {checks.show(self.model)}")
        checks.integer("samples", self.samples, 1, _NUMBERS)

    @property
    def dim(self) -> int:
        """Number of trained coordinates."""
        return self.model.dim

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return self.model.parts

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return self.model.lanes

    @property
    def converged_excess(self) -> float:
        """Expected excess test loss when the training loss has converged, for D > N + 1: floor + R N / (D - N - 1).

        R = label variance + floor: the squared error that no training takes away (derived, exact for Gaussian features).
        Infinite for N - 1 <= D <= N + 1; refused below, where it depends on the spectrum.
        """
        n, d = self.dim, self.samples
        if d < n - 1:
            raise InputError(f"samples must be at least the model's size less one ({n - 1}) for a closed form, not {d}")
        error = self.model.floor + self.model.label_variance
        return float(self.model.floor + error * n / (d - n - 1)) if d > n + 1 else np.inf

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories)."""
        return self.model.start(seed, first_trajectory, trajectories)

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        batch = self.model.samples_per_step
        order = self.order(int(block.seed), block.first_step * batch, block.lr.size * batch)
        return self.model._descend(block, order)

    def order(self, seed: int, first: int, count: int) -> IntArray:
        """Which samples are drawn at the places first ... first + count - 1 of the endless stream, shape (count,)."""
        d = self.samples
        epochs = range(first // d, (first + count - 1) // d + 1)
        stream = np.concatenate([self._epoch(seed, epoch) for epoch in epochs])
        start = first - epochs[0] * d
        return np.ascontiguousarray(stream[start : start + count])

    def _epoch(self, seed: int, epoch: int) -> IntArray:
        if epoch == 0:
            return np.arange(self.samples, dtype=np.int64)
        words = np.empty((self.samples, 1), dtype=np.uint64)
        fill_words(np.uint64(seed), 0, np.uint64(epoch), GRADIENT, words)
        return np.argsort(words[:, 0], kind="stable").astype(np.int64)

    def data(self, seed: int, trajectory: int) -> tuple[FloatArray, FloatArray]:
        """Features (samples, dim) and labels (samples,) of a trajectory: those that `simulate` uses."""
        scale, target = self.model._single_modes
        x, z = np.empty((self.samples, self.dim)), np.empty(self.samples)
        sampled_data(np.uint64(checks.seed(seed)), trajectory, scale, x, z)
        return x, x @ target + np.sqrt(self.model.floor + self.model.label_variance) * z

    def gradient_flow(self, summed_lr: ArrayLike, datasets: int = 1, seed: int = 0) -> FloatArray:
        """Excess test loss of full-batch gradient flow after the cumulative LR, shape (datasets, len(summed_lr)).

        w(t) = sum_k (1 - e^(-mu_k t)) / mu_k v_k v_k' X'y / D over the eigenvectors of X'X / D, from w = 0. Data set i is
        that of trajectory i of `simulate` with the same seed.
        """
        t = checks.array("summed_lr", summed_lr, low=0.0)
        count = checks.integer("datasets", datasets, 1)
        scale, target = self.model._single_modes
        if self.dim * self.samples > 2 * 10**8:
            raise InputError(f"samples times the model's size must be at most 2e8, not {self.dim * self.samples:.3g}")
        out = np.empty((count, t.size))
        for i in range(count):
            x, y = self.data(seed, i)
            modes, value = _decompose(x, y)
            mu, pull = value
            with np.errstate(divide="ignore", invalid="ignore"):
                grown = np.where(mu[:, None] > 0.0, -np.expm1(-np.multiply.outer(mu, t)) / mu[:, None], t[None, :])
            w = modes @ (pull[:, None] * grown)
            out[i] = self.model.floor + (scale**2) @ (w - target[:, None]) ** 2
        return out


def _decompose(x: FloatArray, y: FloatArray) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Eigenvectors v_k (dim, K) of X'X / D, its eigenvalues mu_k and v_k'X'y / D, from the smaller of the two Gram matrices."""
    d, n = x.shape
    if d > n:
        mu, v = np.linalg.eigh(x.T @ x / d)
        return v, (np.maximum(mu, 0.0), v.T @ (x.T @ y) / d)
    mu, u = np.linalg.eigh(x @ x.T / d)
    mu = np.maximum(mu, 1e-14 * mu[-1])
    # v_k = X'u_k / sqrt(D mu_k), so v_k'X'y / D = sqrt(mu_k / D) u_k'y.
    return (x.T @ u) / np.sqrt(d * mu), (mu, np.sqrt(mu / d) * (u.T @ y))
