"""Pack a folder of public curves into the files of rivervalley/datasets/data: python tests/pack_curves.py FOLDER [DATA]."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rivervalley.datasets.shipped import TABLES

DATA = Path(__file__).parents[1] / "rivervalley" / "datasets" / "data"


def series_of(folder: Path, file: str) -> Iterator[tuple[str, list[int], list[str]]]:
    """Name of each loss of a run, its steps, and its losses as they are written."""
    for suffix in (".all.csv", ".csv", ".train.csv"):
        path = folder / file.replace(".csv", suffix)
        if not path.is_file() or (suffix == ".csv" and path.with_suffix(".all.csv").is_file()):
            continue
        with open(path, newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        steps = [int(row["step"]) for row in rows]
        if suffix == ".all.csv":
            for column in [name for name in rows[0] if name != "step"]:
                yield column, steps, [row[column] for row in rows]
        else:
            plain = "published" if file.startswith("mpl/") else "validation"
            yield ("train" if suffix == ".train.csv" else plain), steps, [row["loss"] for row in rows]


def as_whole_numbers(losses: list[str]) -> tuple[int, np.ndarray]:
    """Decimals of the longest, and all losses in units of the last decimal; division gives back each float to the last bit."""
    decimals = max(len(text.partition(".")[2]) for text in losses)
    whole = np.array([int(text.replace(".", "") + "0" * (decimals - len(text.partition(".")[2]))) for text in losses])
    assert np.array_equal(whole / 10.0**decimals, [float(text) for text in losses])
    return decimals, whole


def pack(folder: Path, data: Path) -> None:
    """Write index.csv, schedules.csv, series.csv, losses.npz and the tables."""
    with open(folder / "index.csv", newline="", encoding="utf-8") as lines:
        index = list(csv.DictReader(lines))
    series, step_changes, loss_changes, first = ["name,loss,first,rows,decimals"], [], [], 0
    for row in index:
        for loss, steps, texts in series_of(folder, row["file"]):
            decimals, whole = as_whole_numbers(texts)
            series.append(f"{row['file'].removesuffix('.csv')},{loss},{first},{len(steps)},{decimals}")
            step_changes.append(np.diff(steps, prepend=0))
            loss_changes.append(np.diff(whole, prepend=0))
            first += len(steps)
    data.mkdir(parents=True, exist_ok=True)
    arrays = [np.concatenate(changes).astype(np.int32) for changes in (step_changes, loss_changes)]
    np.savez_compressed(data / "losses.npz", step_changes=arrays[0], loss_changes=arrays[1])
    (data / "series.csv").write_text("\n".join(series) + "\n", encoding="utf-8")
    for file in ("index.csv", "schedules.csv", *(f"{name}.csv" for name in TABLES)):
        (data / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / file, data / file)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else DATA)
