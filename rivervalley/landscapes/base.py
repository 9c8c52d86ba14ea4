"""What a landscape offers to the engine."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.curves.run import Run
from rivervalley.kernels.block import Block as Block
from rivervalley.schedules import Schedule

L1_BYTES = 32_768  # what a block of trajectories may fill: the usual first-level cache


def block_lanes(dim: int) -> int:
    """Trajectories to a block whose coordinates stay in the first-level cache: a multiple of 8 between 8 and 256."""
    return min(256, max(8, L1_BYTES // (8 * dim) // 8 * 8))


@runtime_checkable
class Landscape(Protocol):
    """A loss surface with gradient noise: whatever has these five members can be simulated, in plain Python too.

    Attributes
    ----------
    dim : int
        Number of coordinates of a trajectory.
    parts : tuple of str
        Names of the parts of the loss, which add up to it.
    lanes : int
        How many trajectories a block holds at the most: `block_lanes(dim)` for kernels that vectorise over them.

    Notes
    -----
    The engine promises blocks of at most `lanes` trajectories, each with memory of its own, and calls `advance` from several
    threads at once. A landscape promises that what happens to a trajectory depends on seed, trajectory number, update and its
    own coordinates alone, never on its neighbours in the block or on where a run is cut into blocks: then runs have the same
    bytes for any number of threads, and resume exactly. `rivervalley.kernels.noise` has normals that are a pure function of
    these numbers.

    Examples
    --------
    A bowl with noise from a generator of its own for every trajectory and update:

    >>> import numpy as np
    >>> import rivervalley as rv
    >>> class Bowl:
    ...     dim, parts, lanes = 2, ("loss",), 8
    ...     def start(self, seed, first_trajectory, trajectories):
    ...         return np.ones((2, trajectories))
    ...     def advance(self, block):
    ...         w, recorded = block.state, dict(zip(block.record_at.tolist(), block.out))
    ...         for done in range(block.first_step, block.first_step + block.lr.size + 1):
    ...             if done in recorded:
    ...                 recorded[done][0] = 0.5 * (w**2).sum(axis=0)
    ...             if done < block.first_step + block.lr.size:
    ...                 for lane in range(w.shape[1]):
    ...                     key = [int(block.seed), block.first_trajectory + lane, done]
    ...                     noise = 0.1 * np.random.default_rng(key).standard_normal(2)
    ...                     w[:, lane] -= block.lr[done - block.first_step] * (w[:, lane] + noise)
    ...         return -1, -1
    >>> run = rv.simulate(Bowl(), rv.schedules.constant(steps=50, peak_lr=0.2), trajectories=4, record_at=[0, 50])
    >>> float(run.loss[0]), bool(run.loss[1] < 0.01)
    (1.0, True)
    """

    @property
    def dim(self) -> int: ...

    @property
    def parts(self) -> tuple[str, ...]: ...

    @property
    def lanes(self) -> int: ...

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories), of trajectories numbered from `first_trajectory`."""
        ...

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block: advance block.state and fill block.out, both in place; see `Block`.

        Returns (update, lane) of the first divergence that was found, the update counted from the very first of the run, or
        (-1, -1). The rest of a block in which there is one does not matter: the engine runs it again from the state before,
        with check_every=1, to find the place.
        """
        ...


def require_members(landscape: object) -> None:
    """Refuse what is no landscape, with the names of the members that it lacks."""
    needed = ("dim", "parts", "lanes", "start", "advance")
    missing = [name for name in needed if not hasattr(landscape, name)]
    if len(missing) == len(needed):
        raise InputError(f"landscape must be a landscape of rivervalley.landscapes, not {checks.show(landscape)}")
    if missing:
        raise InputError(f"landscape must have {', '.join(needed)}, but {checks.show(landscape)} has no {', '.join(missing)}")
    if isinstance(landscape, type):
        raise InputError(f"landscape must be a landscape of rivervalley.landscapes, not {checks.show(landscape)}")


@runtime_checkable
class ExactLandscape(Landscape, Protocol):
    """A landscape whose expected loss is known exactly under any schedule."""

    def expected(
        self, schedule: Schedule, record_every: int = 100, *, initial: Run | None = None, record_at: ArrayLike | None = None
    ) -> Run:
        """The expectation of what `simulate` samples, as a Run with loss_stderr 0.

        `run.state` (1, n) and `run.state_variance` (n,) hold means and variances after the last update, from which `initial`,
        an earlier result of this method, is resumed. Raises InputError where this landscape has no exact expectation after
        all, and DivergenceError where the expectation leaves the range of float64.
        """
        ...


@runtime_checkable
class CostedLandscape(Landscape, Protocol):
    """A landscape that knows what an update of a block costs, where that is not dim times lanes."""

    @property
    def work(self) -> int:
        """The cost, in updates of one coordinate of a straight valley: how often progress is shown depends on it."""
        ...
