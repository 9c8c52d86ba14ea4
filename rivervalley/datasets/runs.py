"""Runs by name: what is known about each, its losses and the rate of every update."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import final

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.curve import LossCurve
from rivervalley.datasets.pieces import Piece, build
from rivervalley.schedules import Schedule


@final
@dataclass(frozen=True)
class RunInfo:
    """What is known about a training run.

    Attributes
    ----------
    name : str
        Source and run, such as "mpl/25M_cosine_24000".
    source, source_file : str
        GitHub repository and the file there.
    model, dataset, schedule : str
        Model and its size, training data, shape of the schedule.
    params : int or None
        Number of parameters, where told.
    peak_lr : float
        Highest LR; 1 where `relative_lr`.
    relative_lr : bool
        Whether rates are known up to a factor only. They can be compared within one model, not between models.
    warmup_steps, total_steps : int
        Updates of the warm-up (0 where there is none or it is not told) and of the run.
    weight_decay, init_std : float or None
        Decoupled weight decay and standard deviation of the initial weights, where documented.
    losses : tuple of str
        Names of the losses that were read, the one that `load` takes by itself first.
    loss_kind : str
        How the first of them was read.
    split : str
        "fit" or "heldout": the source's own division where it has one.
    branch_of, branch_step : str or None, int or None
        The run whose readings up to that step stand in for this one's, where the source stores only the decay.
    """

    name: str
    source: str
    source_file: str
    model: str
    dataset: str
    schedule: str
    schedule_id: str
    params: int | None
    peak_lr: float
    relative_lr: bool
    warmup_steps: int
    total_steps: int
    weight_decay: float | None
    init_std: float | None
    losses: tuple[str, ...]
    loss_kind: str
    split: str
    branch_of: str | None
    branch_step: int | None


Readings = Callable[[str, str], tuple[IntArray, FloatArray]]
"""From the name of a run and of a loss to the update counts and the losses read there."""


@final
@dataclass(frozen=True, eq=False)
class Collection:
    """Runs with their schedules; `readings` gives the losses of one of them."""

    runs: Mapping[str, RunInfo]
    pieces: Mapping[str, tuple[Piece, ...]]
    readings: Readings

    def names(self, prefix: str = "") -> list[str]:
        """Names of the runs that begin with `prefix`."""
        if not isinstance(prefix, str):
            raise InputError(f"prefix must be text, not {checks.show(prefix)}")
        return [name for name in self.runs if name.startswith(prefix)]

    def info(self, name: str) -> RunInfo:
        """What is known about a run."""
        if not isinstance(name, str) or name not in self.runs:
            raise InputError(f"name must be that of a run, not {checks.show(name)}{self._hint(name)}")
        return self.runs[name]

    def schedule(self, name: str) -> Schedule:
        """The rate of every update of a run. A warm-up ends with the first update at the peak."""
        run = self.info(name)
        return build(self.pieces[run.schedule_id], run.warmup_steps > 0, run.schedule_id)

    def load(self, name: str, loss: str | None = None) -> LossCurve:
        """The loss curve of a run; `loss` is one of its info's `losses`, the first if not given."""
        run = self.info(name)
        kind = run.losses[0] if loss is None else checks.choice("loss", loss, run.losses)
        steps, values = self.readings(name, kind)
        after = steps > 0
        return LossCurve(steps[after], values[after], self.schedule(name), name.rpartition("/")[2])

    def _hint(self, name: object) -> str:
        close = difflib.get_close_matches(str(name), self.runs, 3)
        return f"; did you mean {', '.join(close)}?" if close else f"; there are {len(self.runs)}, which list() names"


def read_index(rows: Iterable[Mapping[str, str]], losses: Callable[[str], tuple[str, ...]]) -> dict[str, RunInfo]:
    """Runs by name, from the rows of an index.csv; `losses` tells which losses a run has."""
    runs = {}
    for row in rows:
        name = row["file"].removesuffix(".csv")
        family = name.partition("/")[0]
        weight_decay, init_std = _DOCUMENTED.get(family, (None, None))
        runs[name] = RunInfo(
            name=name,
            source=row["source"],
            source_file=row["source_file"],
            model=row["model"],
            dataset=row["dataset"],
            schedule=row["schedule"],
            schedule_id=row["schedule_id"],
            params=int(row["params"]) if row["params"] else None,
            peak_lr=float(row["peak_lr"]),
            relative_lr=family in _RELATIVE,
            warmup_steps=int(row["warmup_steps"]),
            total_steps=int(row["total_steps"]),
            weight_decay=weight_decay,
            init_std=init_std,
            losses=losses(name),
            loss_kind=row["loss_kind"],
            split=row["split"],
            branch_of=f"{family}/{row['branch_of']}" if row["branch_of"] else None,
            branch_step=int(row["branch_step"]) if row["branch_step"] else None,
        )
    return runs


# Weight decay and standard deviation of the initial weights, where the source documents them: the defaults of the code that
# trained the runs of lr-scheduling (epfml/schedules-and-scaling, src/config/base.py), and OLMo's ladder.py and peteish models.
_DOCUMENTED = {"lrs": (0.1, 0.02), "olmo": (0.1, 0.02)}
_RELATIVE = ("nanogpt", "gemstones")
