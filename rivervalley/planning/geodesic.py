"""The geodesic schedule: the best schedule of a straight valley to within some thousandths, in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray
from rivervalley.landscapes import QuadraticRiver, RiverValley
from rivervalley.planning.final_loss import check_straight, final_loss
from rivervalley.schedules import Schedule
from rivervalley.theory.geodesic import Geodesic, geodesic, geodesic_lr


@dataclass(frozen=True, eq=False)
class GeodesicSchedule:
    """A geodesic schedule, and what it reaches.

    Attributes
    ----------
    schedule : Schedule
    loss : float
        Its exact expected loss after the last update.
    path : Geodesic
        The path that it follows; `path.loss` is that loss by the theory.
    """

    schedule: Schedule
    loss: float
    path: Geodesic

    @property
    def decay_number(self) -> float:
        """q, the best share of the updates for the decay: near 0 WSD wins, towards 1 a decay from the start."""
        return self.path.decay_number


def geodesic_schedule(valley: RiverValley, steps: int, peak_lr: float | None = None) -> GeodesicSchedule:
    """The schedule along which LR x sqrt(K) is constant once it has left the cap (`theory.geodesic`).

    It holds where eta c'' stays far below 1 along the river; `optimal_schedule` has no such premise and takes seconds.

    Parameters
    ----------
    valley : RiverValley
        Its river must have no noise unless it is linear, quadratic or flat.
    steps : int
    peak_lr : float
        The cap on every LR. Where not given, just under the LR at which the steepest hill diverges.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(np.geomspace(0.02, 1, 24), 1e-3**0.5, rv.landscapes.PowerRiver(1, 1))
    >>> best = geodesic_schedule(valley, steps=5000, peak_lr=1.95)
    >>> round(best.loss, 5), round(best.decay_number, 3)
    (0.03366, 0.057)
    """
    path, hills, noise = _path(valley, steps, peak_lr)
    schedule = Schedule(geodesic_lr(path, hills, noise), name="geodesic")
    loss, _ = final_loss(valley, path.steps, None, True).full(schedule.lr)
    return GeodesicSchedule(schedule, float(loss), path)


def decay_number(valley: RiverValley, steps: int, peak_lr: float | None = None) -> float:
    """q of a valley without making the schedule; arguments as `geodesic_schedule`.

    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley([0.1], 0.1, rv.landscapes.PowerRiver(1, 1))
    >>> round(decay_number(valley, steps=20_000, peak_lr=0.3), 4)
    0.0123
    """
    return _path(valley, steps, peak_lr)[0].decay_number


def _path(valley: RiverValley, steps: int, peak_lr: float | None) -> tuple[Geodesic, FloatArray, FloatArray]:
    """The geodesic of a valley, with the curvatures and noises of its hills, to which a noisy quadratic river counts."""
    check_straight(valley)
    n = checks.integer("steps", steps, 1)
    cap = 0.999 * valley.max_stable_lr if peak_lr is None else checks.real("peak_lr", peak_lr, 0.0, open_low=True)
    hills, noise, offset = valley.hills, valley.noise[:-1], np.full(valley.hills.size, valley.start_hill, float)
    if isinstance(valley.river, QuadraticRiver):
        hills, noise, offset = np.append(hills, valley.river.curvature), valley.noise, np.append(offset, 0.0)
    offset_loss, offset_curvature = 0.5 * (hills * offset**2)[offset != 0.0], hills[offset != 0.0]

    def rest(S: FloatArray) -> FloatArray:
        river = valley.river.loss(valley.river.position(S, valley.start_river))
        return np.asarray(river + np.exp(-2.0 * np.multiply.outer(S, offset_curvature)) @ offset_loss)

    return geodesic(hills, noise, rest, n, cap), hills, noise
