"""Public training curves that some tests read, where their folder is found: RIVERVALLEY_CURVES, or ../shared/curves."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rivervalley.schedules import Schedule


def find_curves_folder() -> Path | None:
    """The folder that holds index.csv and schedules.csv, or None."""
    named = os.environ.get("RIVERVALLEY_CURVES")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "curves"
    return folder if (folder / "index.csv").is_file() and (folder / "schedules.csv").is_file() else None


CURVES = find_curves_folder()
needs_curves = pytest.mark.skipif(
    CURVES is None, reason="no folder of public training curves: set RIVERVALLEY_CURVES, or put it at ../shared/curves"
)


def _rows(file: str) -> list[dict[str, str]]:
    if CURVES is None:
        pytest.skip("no folder of public training curves")
    with open(CURVES / file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@cache
def index() -> tuple[dict[str, str], ...]:
    """One row of index.csv for each run: file, model, schedule_id, warmup_steps, split, ..."""
    return tuple(_rows("index.csv"))


@cache
def schedule(schedule_id: str) -> Schedule:
    """The exact rates of a schedule, from its pieces. Its warm-up ends with the first update at the peak."""
    pieces = [row for row in _rows("schedules.csv") if row["schedule_id"] == schedule_id]
    if not pieces:
        raise KeyError(schedule_id)
    lr = np.full(int(pieces[0]["total_steps"]), np.nan)
    for piece in pieces:
        start, end = int(piece["start"]), int(piece["end"])
        lr0, lr1 = float(piece["lr0"]), float(piece["lr1"])
        u = (np.arange(start, end) - float(piece["ref"])) / float(piece["div"])
        match piece["shape"]:
            case "const":
                lr[start:end] = lr0
            case "linear":
                lr[start:end] = lr0 + (lr1 - lr0) * u
            case "cosine":
                lr[start:end] = lr1 + (lr0 - lr1) * (1 + np.cos(np.pi * u)) / 2
            case "exp":
                lr[start:end] = lr0 ** (1 - u) * lr1**u
            case "sqrt":
                lr[start:end] = lr0 + (lr1 - lr0) * np.sqrt(u)
            case shape:
                raise ValueError(f"unknown shape {shape}")
    # Warm-up lines that reach the peak at u = 1 do so with the first update of the next piece.
    return Schedule(lr, warmup_steps=int(np.argmax(lr >= lr.max() * (1 - 1e-12))) + 1, name=schedule_id)


def run_schedule(file: str) -> Schedule:
    """The schedule of one run file, such as mpl/25M_cosine_24000.csv; the name of a .train.csv file works too."""
    for row in index():
        if row["file"] in (file, file.replace(".train.csv", ".csv")):
            return schedule(row["schedule_id"])
    raise KeyError(file)


def columns(file: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(step, lr, loss) of a run file as it stands."""
    if CURVES is None:
        pytest.skip("no folder of public training curves")
    step, lr, loss = np.loadtxt(CURVES / file, delimiter=",", skiprows=1, unpack=True, ndmin=2)
    return step.astype(np.int64), lr, loss
