"""The runs that come with the package: index and schedules as CSV files, losses as whole numbers in one compressed archive."""

from __future__ import annotations

import builtins
import csv
import os
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, IntArray
from rivervalley.curves.curve import LossCurve
from rivervalley.datasets.folder import read_folder
from rivervalley.datasets.pieces import read_pieces
from rivervalley.datasets.runs import Collection, RunInfo, read_index

TABLES = (
    "gemstones/cooldowns",
    "nanogpt/seed_spread",
    "nanogpt/2024-12-04_ValueEmbed.seeds",
    "nanogpt/2024-12-10_MFUTweaks.seeds",
    "nanogpt/2025-09-27_BF16CE.seeds",
    "nanogpt/2026-05-09_contra_soft_muon.seeds",
)


def list(prefix: str = "") -> builtins.list[str]:
    """Names of the runs that begin with `prefix`: "mpl/", "lrs/", "olmo/", "nanogpt/" or "gemstones/" for one source.

    Raises
    ------
    InputError
        If `prefix` is no text.

    Examples
    --------
    >>> list("mpl/25M_cosine")
    ['mpl/25M_cosine_24000', 'mpl/25M_cosine_72000']
    """
    return collection().names(prefix)


def info(name: str) -> RunInfo:
    """What is known about a run: model, source, peak LR, weight decay where documented, which losses it has.

    Raises
    ------
    InputError
        If there is no run of that name.

    Examples
    --------
    >>> info("olmo/1B_wsd_1xC").weight_decay
    0.1
    """
    return collection().info(name)


def load(name: str, loss: str | None = None) -> LossCurve:
    """The loss curve of a run, in nats per token, with the rate of every update.

    Losses have the digits that were published, none is left out but those at step 0, before the first update. A warm-up ends
    with the first update at the peak.

    Parameters
    ----------
    name : str
        One of `list()`.
    loss : str, optional
        Which loss where a run has several: one of `info(name).losses`, the first if not given.

    Raises
    ------
    InputError
        If there is no run or no loss of that name.

    Examples
    --------
    >>> load("mpl/25M_cosine_24000")
    LossCurve('25M_cosine_24000', 171 losses, steps 2160 to 23920 of 24000)
    """
    return collection().load(name, loss)


def table(name: str) -> dict[str, NDArray[np.float64] | NDArray[np.str_]]:
    """A table beside the runs, one of `TABLES`, by column; blank cells are NaN.

    "gemstones/cooldowns" has the losses before and after linear cooldowns of the constant runs, "nanogpt/SCRIPT.seeds" the
    losses of all runs of one script, "nanogpt/seed_spread" their standard deviations.

    Raises
    ------
    InputError
        If there is no table of that name.

    Examples
    --------
    >>> table("gemstones/cooldowns")["loss_end"][:2].tolist()
    [3.511018, 3.418596]
    """
    rows = _rows(f"{checks.choice('name', name, TABLES)}.csv")
    return {column: _column([row[column] for row in rows]) for column in rows[0]}


def collection(folder: str | os.PathLike[str] | None = None) -> Collection:
    """All the runs that come with the package; or those of a folder in the same form, before it is packed.

    Such a folder holds index.csv, schedules.csv and a file RUN.csv with columns step,lr,loss for each run. Beside it there may
    be RUN.train.csv with the training loss, and RUN.all.csv with a column for each of several losses.

    Raises
    ------
    InputError
        If the folder has no index.csv and schedules.csv, or they are not as they should be.

    Examples
    --------
    >>> collection().load("mpl/25M_cosine_24000").schedule.warmup_steps
    2160
    """
    return _shipped() if folder is None else read_folder(folder)


@cache
def _shipped() -> Collection:
    series = {(row["name"], row["loss"]): row for row in _rows("series.csv")}
    losses: dict[str, builtins.list[str]] = {}
    for name, loss in series:
        losses.setdefault(name, []).append(loss)
    runs = read_index(_rows("index.csv"), lambda name: tuple(losses[name]))
    return Collection(runs, read_pieces(_rows("schedules.csv")), lambda name, loss: _readings(series[name, loss]))


def _readings(row: Mapping[str, str]) -> tuple[IntArray, FloatArray]:
    """Steps and losses of one series: running sums, the losses in units of their last decimal."""
    steps, losses = _archive()
    first, rows = int(row["first"]), int(row["rows"])
    here = slice(first, first + rows)
    return np.cumsum(steps[here], dtype=np.int64), np.cumsum(losses[here], dtype=np.int64) / 10.0 ** int(row["decimals"])


@cache
def _archive() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """From one reading of a series to the next, the first from 0: the rise of the step and of the loss."""
    with resources.files("rivervalley.datasets").joinpath("data/losses.npz").open("rb") as file, np.load(file) as archive:
        return archive["step_changes"], archive["loss_changes"]


def _rows(file: str) -> builtins.list[dict[str, str]]:
    text = resources.files("rivervalley.datasets").joinpath("data", *file.split("/")).read_text(encoding="utf-8")
    return builtins.list(csv.DictReader(text.splitlines()))


def _column(cells: builtins.list[str]) -> NDArray[np.float64] | NDArray[np.str_]:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return np.array(cells)
