"""What laws see of training runs: areas at the recorded steps, the LRs that lead there, and the runs' configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np

from rivervalley._common.checks import FloatArray, InputError, IntArray, show
from rivervalley.curves.curve import LossCurve
from rivervalley.kernels import areas as kernels
from rivervalley.schedules import Schedule
from rivervalley.schedules.areas import WARMUP_AREAS as WARMUP_AREAS
from rivervalley.schedules.areas import counted_rates

MERGING = 1e-5


@dataclass(frozen=True, eq=False)
class Points:
    """The recorded points of one or several runs, one after the other; R points in all.

    Attributes
    ----------
    S1 : float array, shape (R,)
        Forward area at each point, under the warm-up convention.
    forward_lr, annealing_lr : tuples of float arrays
        For each run, the LRs up to its last point as the forward and the annealing area count them (`areas.counted_rates`).
    index : tuple of int arrays
        For each run, the index in its LRs of the last update done at each of its points.
    lr : tuple of float arrays
        For each run, the LRs up to its last point as they are.
    per_curve : mapping of name to float array, shape (R,)
        At each point, the number that a law asks for of its curve, such as the size of its model.
    configuration : mapping of name to float
        Numbers that all runs have in common, such as their weight decay, where a law asks for them.
    merging : float
        How much of what the LR moves may be displaced where updates are merged (`updates.merged_updates`).
    """

    S1: FloatArray
    forward_lr: tuple[FloatArray, ...]
    annealing_lr: tuple[FloatArray, ...]
    index: tuple[IntArray, ...]
    lr: tuple[FloatArray, ...]
    per_curve: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    configuration: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    merging: float = MERGING

    @classmethod
    def of(
        cls,
        schedules: Sequence[Schedule],
        steps: Sequence[IntArray],
        warmup_area: str,
        per_curve: Mapping[str, FloatArray] = MappingProxyType({}),
        configuration: Mapping[str, float] = MappingProxyType({}),
        merging: float = MERGING,
    ) -> Self:
        """The points at `steps` (updates done, at least 1) of each schedule; `per_curve` has a number for each of these."""
        S1, forward, annealing, index, rates = [], [], [], [], []
        for schedule, recorded in zip(schedules, steps, strict=True):
            end = int(recorded[-1])
            forward_lr, annealing_lr = (lr[:end] for lr in counted_rates(schedule, warmup_area))
            area = np.empty_like(forward_lr)
            kernels.forward(forward_lr, np.zeros(2), area)
            last = recorded - 1
            S1.append(area[last])
            forward.append(forward_lr)
            annealing.append(annealing_lr)
            index.append(last)
            rates.append(schedule.lr[:end])
        counts = [last.size for last in index]
        repeated = {name: np.repeat(values, counts) for name, values in per_curve.items()}
        return cls(
            np.concatenate(S1),
            tuple(forward),
            tuple(annealing),
            tuple(index),
            tuple(rates),
            repeated,
            dict(configuration),
            merging,
        )

    @property
    def steps(self) -> FloatArray:
        """Updates done at each point, shape (R,)."""
        return np.concatenate(self.index).astype(np.float64) + 1.0

    def of_run(self, name: str, run: int) -> float:
        """The configuration's number for one run: its own where curves differ, otherwise the common one."""
        if name in self.per_curve:
            return float(self.per_curve[name][self.slices()[run].start])
        return self.configuration[name]

    def slices(self) -> list[slice]:
        """Where each run's points lie among all."""
        ends = np.cumsum([last.size for last in self.index]).tolist()
        return [slice(end - last.size, end) for end, last in zip(ends, self.index, strict=True)]


def readings(curve: LossCurve, first_step: int | None = None) -> tuple[IntArray, FloatArray]:
    """Steps and losses of a curve from that update count on, the end of its warm-up if not given; no law describes those before."""
    kept = curve.steps >= (curve.schedule.warmup_steps if first_step is None else first_step)
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
        steps, loss = readings(curve)
        if steps.size == 0:
            first = curve.schedule.warmup_steps
            raise InputError(f"curve {curve.name!r} must have losses after its warm-up, from step {first} on, but has none")
        if loss.min() <= 0.0:
            raise InputError(
                f"curve {curve.name!r} must have positive losses, as fits go by their logarithm, not {loss.min()!r}"
            )
        if not curve.schedule.lr[: int(steps[0])].any():
            raise InputError(f"curve {curve.name!r} must have an LR above 0 before its first loss at step {int(steps[0])}")
    return tuple(curves)
