"""What every landscape offers to `simulate`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rivervalley._common.checks import FloatArray, IntArray

L1_BYTES = 32_768  # what a block of trajectories may fill: the usual first-level cache


def block_lanes(dim: int) -> int:
    """Trajectories to a block whose coordinates stay in the first-level cache: a multiple of 8 between 8 and 256."""
    return min(256, max(8, L1_BYTES // (8 * dim) // 8 * 8))


@runtime_checkable
class Landscape(Protocol):
    """A loss surface with gradient noise.

    Attributes
    ----------
    dim : int
        Number of coordinates of a trajectory.
    parts : tuple of str
        Names of the parts of the loss, which add up to it.
    lanes : int
        How many trajectories a block holds at the most.
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

    def advance(
        self,
        state: FloatArray,
        lr: FloatArray,
        first_step: int,
        seed: int,
        first_trajectory: int,
        record_at: IntArray,
        out: FloatArray,
        check_every: int,
    ) -> tuple[int, int]:
        """Run lr.size updates on a block, in place.

        state (dim, lanes) and out (records, parts, lanes) are C-contiguous; record_at holds rising update counts in
        [first_step, first_step + lr.size]. The noise is a pure function of seed, trajectory, update and coordinate.
        Divergence is looked for at multiples of `check_every` and at the end; returns (update, lane) of what was found, or
        (-1, -1).
        """
        ...
