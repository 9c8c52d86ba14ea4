"""What laws see of training runs: areas at the recorded steps, and the rates that lead there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray, InputError, IntArray, show
from rivervalley.curves.curve import LossCurve
from rivervalley.kernels import areas as kernels
from rivervalley.schedules import Schedule
from rivervalley.schedules.areas import WARMUP_AREAS as WARMUP_AREAS
from rivervalley.schedules.areas import counted_rates


@dataclass(frozen=True, eq=False)
class Points:
    """The recorded points of one or several runs, one after the other; R points in all.

    Attributes
    ----------
    S1 : float array, shape (R,)
        Forward area at each point, under the warm-up convention.
    forward_lr, annealing_lr : tuples of float arrays
        For each run, the rates up to its last point as the forward and the annealing area count them (`areas.counted_rates`).
    at : tuple of int arrays
        For each run, the index in its rates of the last update done at each of its points.
    size : float array, shape (R,), or None
        Parameters of each point's model, where laws ask for them.
    """

    S1: FloatArray
    forward_lr: tuple[FloatArray, ...]
    annealing_lr: tuple[FloatArray, ...]
    at: tuple[IntArray, ...]
    size: FloatArray | None = None

    @property
    def steps(self) -> FloatArray:
        """Updates done at each point, shape (R,)."""
        return np.concatenate(self.at).astype(np.float64) + 1.0

    def slices(self) -> list[slice]:
        """Where each run's points lie among all."""
        ends = np.cumsum([index.size for index in self.at]).tolist()
        return [slice(end - index.size, end) for end, index in zip(ends, self.at, strict=True)]


def points(
    schedules: Sequence[Schedule], steps: Sequence[IntArray], warmup_area: str, sizes: FloatArray | None = None
) -> Points:
    """The points at `steps` (updates done, at least 1) of each schedule, and the size of each one's model."""
    S1, forward, annealing, at = [], [], [], []
    for schedule, recorded in zip(schedules, steps, strict=True):
        end = int(recorded[-1])
        forward_lr, annealing_lr = (rates[:end] for rates in counted_rates(schedule, warmup_area))
        area = np.empty_like(forward_lr)
        kernels.forward(forward_lr, np.zeros(2), area)
        index = recorded - 1
        S1.append(area[index])
        forward.append(forward_lr)
        annealing.append(annealing_lr)
        at.append(index)
    size = None if sizes is None else np.repeat(sizes, [index.size for index in at])
    return Points(np.concatenate(S1), tuple(forward), tuple(annealing), tuple(at), size)


def after_warmup(curve: LossCurve) -> tuple[IntArray, FloatArray]:
    """Steps and losses of a curve without those before the end of its warm-up, which no law here describes."""
    kept = curve.steps >= curve.schedule.warmup_steps
    return curve.steps[kept], curve.loss[kept]


def checked_curves(curves: object) -> tuple[LossCurve, ...]:
    """`curves` as a tuple of LossCurves that can be fitted: positive losses, some of them after the warm-up."""
    if isinstance(curves, LossCurve):
        curves = [curves]
    if not isinstance(curves, Sequence) or not curves:
        raise InputError(f"curves must be a list of at least one LossCurve, not {show(curves)}")
    for curve in curves:
        if not isinstance(curve, LossCurve):
            raise InputError(f"curves must hold LossCurves only, not {show(curve)}")
        steps, loss = after_warmup(curve)
        if steps.size == 0:
            warmup = curve.schedule.warmup_steps
            raise InputError(f"curve {curve.name!r} must have losses after its warm-up of {warmup} updates, but has none")
        if loss.min() <= 0.0:
            raise InputError(
                f"curve {curve.name!r} must have positive losses, as fits go by their logarithm, not {loss.min()!r}"
            )
        if not curve.schedule.lr[: int(steps[0])].any():
            raise InputError(f"curve {curve.name!r} must have a rate above 0 before its first loss at step {int(steps[0])}")
    return tuple(curves)
