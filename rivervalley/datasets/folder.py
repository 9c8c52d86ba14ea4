"""Runs in a folder of CSV files: the form that the package's own curves had before they were packed."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from rivervalley._common.checks import FloatArray, InputError, IntArray, show
from rivervalley.datasets.pieces import read_pieces
from rivervalley.datasets.runs import Collection, read_index


def read_folder(path: str | os.PathLike[str]) -> Collection:
    """The runs of a folder that holds index.csv, schedules.csv and a CSV file step,lr,loss for each run."""
    if not isinstance(path, (str, os.PathLike)) or not all(
        (Path(path) / file).is_file() for file in ("index.csv", "schedules.csv")
    ):
        raise InputError(f"curves must be a folder of training curves with index.csv and schedules.csv, not {show(str(path))}")
    place = Path(path)
    try:
        runs = read_index(_rows(place / "index.csv"), lambda name: _losses(place, name))
        pieces = read_pieces(_rows(place / "schedules.csv"))
    except (KeyError, ValueError) as error:
        raise InputError(
            f"curves must be a folder of training curves, but those in {str(place)!r} cannot be read ({error})"
        ) from None
    return Collection(runs, pieces, lambda name, loss: _readings(place, name, loss))


def _rows(file: Path) -> list[dict[str, str]]:
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _losses(place: Path, name: str) -> tuple[str, ...]:
    if (place / f"{name}.all.csv").is_file():
        with open(place / f"{name}.all.csv", encoding="utf-8") as lines:
            return tuple(lines.readline().strip().split(",")[1:])
    if (place / f"{name}.train.csv").is_file():
        return ("validation", "train")
    return ("published",) if name.startswith("mpl/") else ("validation",)


def _readings(place: Path, name: str, loss: str) -> tuple[IntArray, FloatArray]:
    file = place / f"{name}.all.csv"
    if not file.is_file():
        file, loss = (place / f"{name}.train.csv" if loss == "train" else place / f"{name}.csv"), "loss"
    rows = _rows(file)
    try:
        steps = np.array([int(row["step"]) for row in rows], dtype=np.int64)
        return steps, np.array([float(row[loss]) for row in rows])
    except (KeyError, ValueError) as error:
        raise InputError(f"{file} must have numbers in its columns step and {loss} ({error})") from None
