"""What valleys that bend, narrow or turn share: their rows, their noise, and how the engine runs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels.curved import descend_curved
from rivervalley.landscapes.base import Block, block_lanes
from rivervalley.landscapes.valleys.rivers import River, check_river

Shape = tuple[int, int, float, float, float]  # family, shape and three parameters, as kernels.curved takes them


class CurvedValley:
    """Base of the curved valleys. Coordinates are those across first, straight hills next, the one along the river last."""

    river: River
    straight: FloatArray  # (dim,) curvatures of straight hills, 0 elsewhere
    steep: FloatArray  # (dim,) factors of walls, 0 elsewhere
    noise: FloatArray  # (dim,) standard deviation of the gradient noise
    start_at: FloatArray  # (dim,)

    def _shape(self) -> Shape:
        raise NotImplementedError

    def _prepare(
        self,
        straight: FloatArray,
        steep: FloatArray,
        noise_std: ArrayLike,
        river_noise_std: float,
        batch_size: int,
        floor: FloatArray,
        start_hill: ArrayLike,
        start_river: float,
    ) -> None:
        """Check what all families share and keep it as arrays with an entry for each coordinate."""
        check_river(self.river)
        self.river.check_start(start_river)
        hills = straight.size - 1
        across = "coordinates across"
        noise = checks.one_or_each("noise_std", noise_std, hills, across, 0.0)
        noise = np.append(noise, checks.real("river_noise_std", river_noise_std, 0.0))
        start = np.append(floor + checks.one_or_each("start_hill", start_hill, hills, across), start_river)
        values = {
            "straight": straight,
            "steep": steep,
            "noise": noise / np.sqrt(checks.integer("batch_size", batch_size, 1)),
            "start_at": start,
        }
        for name, value in values.items():
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:
        """Number of coordinates of a trajectory."""
        return int(self.straight.size)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss: c(x), and the rest."""
        return ("river", "hill")

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(self.dim)

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories)."""
        return np.repeat(self.start_at[:, None], trajectories, axis=1)

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        divergence: tuple[int, int] = descend_curved(
            block, self.straight, self.steep, self.noise, self._shape(), self.river.kernel
        )
        return divergence

    def coordinate_speed(self, point: FloatArray) -> FloatArray:
        """How fast each coordinate changes for a unit step along its axis, shape (dim,)."""
        return np.ones(self.dim)

    def _rows(self, points: ArrayLike) -> FloatArray:
        """Points as rows, shape (n, dim)."""
        w = checks.array("points", np.atleast_2d(np.asarray(points, float)), ndim=2)
        if w.shape[1] != self.dim:
            raise InputError(f"points must have {self.dim} coordinates, not {w.shape[1]}")
        return w


def straight_hills(value: ArrayLike, own: int) -> FloatArray:
    """Curvatures of all coordinates: `own` zeros for the family's own, those given, a zero for the river."""
    given = checks.array("hills", value, low=0.0, open_low=True, empty=True) if np.size(value) else np.empty(0)
    return np.concatenate([np.zeros(own), given, np.zeros(1)])
