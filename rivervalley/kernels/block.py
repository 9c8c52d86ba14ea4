"""A block of trajectories and the updates to run on it: what the engine hands to a landscape, and a landscape to its kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Block(NamedTuple):
    """Updates first_step + 1 ... first_step + lr.size of trajectories first_trajectory ... first_trajectory + lanes - 1.

    Attributes
    ----------
    state : float array, shape (dim, lanes), C-contiguous
        The coordinates, a column for each trajectory. Advanced in place.
    lr : float array, shape (steps,)
        The rate of each update.
    first_step : int
        Updates done before.
    seed : np.uint64
        Seed of the noise, the same for all blocks of a run.
    first_trajectory : int
        Number of the first column, counted over all blocks.
    record_at : int array, shape (records,)
        Rising update counts in [first_step, first_step + steps] at which the loss is recorded; that at first_step is the
        loss before the first of these updates.
    out : float array, shape (records, parts, lanes), C-contiguous
        Gets the parts of the loss at `record_at`.
    check_every : int
        Divergence is looked for after the updates whose number is a multiple of this, and after the last.
    """

    state: NDArray[np.float64]
    lr: NDArray[np.float64]
    first_step: int
    seed: np.uint64
    first_trajectory: int
    record_at: NDArray[np.int64]
    out: NDArray[np.float64]
    check_every: int
