"""What a simulation gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.display import as_html, data_frame, span
from rivervalley.schedules import Schedule

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """Mean losses of a simulated ensemble, or its exact expectation, at the recorded update counts.

    Attributes
    ----------
    steps : int array, shape (R,)
        Recorded update counts. A run that went on from another counts from that one's start.
    loss, loss_stderr : float arrays, shape (R,)
        Mean over trajectories and the standard error of that mean (0 for an exact expectation).
    components : mapping of name to float array, shape (R,)
        The landscape's own parts of the loss, such as "river" and "hill"; they add up to `loss`.
    state : float array, shape (trajectories, dim)
        Where each trajectory stood after the last update; the mean where the run is an exact expectation.
    schedule : Schedule
        All rates since the first update, those of the runs it went on from included.
    seed : int or None
        The seed of the noise; None for an exact expectation.
    state_variance : float array, shape (dim,), or None
        For an exact expectation, the variance of each coordinate after the last update.
    """

    steps: IntArray
    loss: FloatArray
    loss_stderr: FloatArray
    components: Mapping[str, FloatArray]
    state: FloatArray
    schedule: Schedule
    seed: int | None = None
    state_variance: FloatArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("steps", "loss", "loss_stderr", "state"):
            getattr(self, name).setflags(write=False)
        for part in self.components.values():
            part.setflags(write=False)
        object.__setattr__(self, "components", MappingProxyType(dict(self.components)))

    def __repr__(self) -> str:
        kind = "exact expectation" if self.seed is None else f"{self.trajectories} trajectories"
        return f"Run({self.schedule.name!r}, {kind}, {self.steps.size} losses, {span(self.steps, self.loss)})"

    def _repr_html_(self) -> str:
        rows = {
            "losses": f"{self.steps.size}, {span(self.steps, self.loss)}",
            "parts at the end": ", ".join(f"{name} {part[-1]:.4g}" for name, part in self.components.items()),
            "trajectories": "exact expectation" if self.seed is None else f"{self.trajectories}, seed {self.seed}",
            "schedule": f"{self.schedule.steps} updates, peak LR {self.schedule.peak_lr:g}",
        }
        return as_html(self.schedule.name, rows, self.steps, self.loss)

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas data frame with columns step, loss and loss_stderr, and one for each part of the loss.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        return data_frame({"step": self.steps, "loss": self.loss, "loss_stderr": self.loss_stderr, **self.components})

    @property
    def end_step(self) -> int:
        """Updates done in all, those of the runs it went on from included."""
        return self.schedule.steps

    @property
    def trajectories(self) -> int:
        """How many trajectories ran side by side."""
        return int(self.state.shape[0])

    def curve(self, name: str | None = None) -> LossCurve:
        """The mean loss as a LossCurve, without the loss before the first update where that was recorded.

        Its `loss_stderr` is the run's, or None where the run has a single trajectory and so no standard error.
        """
        after = self.steps > 0
        if not after.any():
            raise InputError("the run recorded no loss after its first update, so it has no curve")
        stderr = self.loss_stderr[after]
        return LossCurve(
            self.steps[after],
            self.loss[after],
            self.schedule,
            name or self.schedule.name,
            loss_stderr=stderr if np.isfinite(stderr).all() else None,
        )


def recorded_steps(start: int, end: int, record_every: int | None, record_at: object = None) -> IntArray:
    """The update counts in (start, end] to record: every multiple of `record_every`, and the last; or those of `record_at`."""
    if record_at is not None:
        at = checks.rising_steps("record_at", record_at, low=start)
        if at[-1] > end:
            raise InputError(f"record_at must lie between {start} and {end}, but it ends at {int(at[-1])}")
        return at
    every = checks.integer("record_every", record_every, 1)
    at = np.arange((start // every + 1) * every, end + 1, every, dtype=np.int64)
    if at.size == 0 or at[-1] != end:
        at = np.append(at, np.int64(end))
    return at
