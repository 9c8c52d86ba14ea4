"""Updates merged into blocks where they are nearly alike, for laws whose terms are carried from update to update."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray, IntArray
from rivervalley.kernels.updates import merge
from rivervalley.laws.base.points import Points

TINY = 1e-9  # of the largest LR: below it an LR counts as this share where its logarithm is needed


@dataclass(frozen=True, eq=False)
class Updates:
    """The updates of one run in blocks, up to its last point.

    Attributes
    ----------
    length : float array, shape (blocks,)
        How many updates each block has.
    forward : float array, shape (blocks,)
        Cumulative LR of each, as the forward area counts it.
    lead : float array, shape (blocks,)
        The cumulative LR that is still to come in a block after each of its updates' drops, in the mean, over what it would
        be if all its LRs were alike; 1 where they are.
    drop : float array, shape (blocks,)
        How far the LR falls in each, as the annealing area counts it.
    share : float array, shape (blocks,)
        Mean LR of each over the largest LR of the run, as the annealing area counts it.
    peak : float
        That largest LR.
    index : int array
        The block that ends with each of the run's points.
    """

    length: FloatArray
    forward: FloatArray
    lead: FloatArray
    drop: FloatArray
    share: FloatArray
    peak: float
    index: IntArray

    def log_lr(self) -> FloatArray:
        """Logarithm of the mean LR of each block; an LR of 0 counts as a tiny share of the largest."""
        return np.log(np.maximum(self.share, TINY) * self.peak)


def merged_updates(points: Points) -> tuple[Updates, ...]:
    """The updates of each run, merged as far as `points.merging` allows; where it is 0, a constant LR alone is merged."""
    runs = zip(points.forward_lr, points.annealing_lr, points.index, strict=True)
    return tuple(
        _merged(np.ascontiguousarray(forward), np.ascontiguousarray(lr), at, points.merging) for forward, lr, at in runs
    )


def _merged(forward: FloatArray, lr: FloatArray, at: IntArray, merging: float) -> Updates:
    end = np.empty(lr.size, dtype=np.int64)
    end = end[: merge(forward, lr, np.ascontiguousarray(at), merging, merging**0.25, end)]
    start = np.append(0, end[:-1] + 1)
    length = np.diff(end, prepend=-1).astype(np.float64)
    peak = max(float(lr.max()), 1e-300)
    summed = np.add.reduceat(forward, start)
    # Update i = 1 ... n of a block counts for the drops of the first i.
    counted = np.add.reduceat(forward * np.arange(1.0, forward.size + 1.0), start) - start * summed
    alike = 0.5 * summed * (length + 1.0)
    return Updates(
        length=length,
        forward=summed,
        lead=np.divide(counted, alike, out=np.ones_like(alike), where=(alike > 0.0) & (length > 1.0)),
        drop=-np.diff(lr[end], prepend=lr[0]),
        share=np.add.reduceat(lr, start) / length / peak,
        peak=peak,
        index=np.searchsorted(end, at),
    )
