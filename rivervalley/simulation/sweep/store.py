"""The folder of a sweep: a record and a curve for each finished run, and the table of all.

A record is a JSON file with a SHA-256 of what it says and of its curve. One that does not parse, does not hold its own hash,
is of another run or lacks its curve counts as not there: that run is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.files import write_text
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.files import write_curve
from rivervalley.simulation.sweep.jobs import Job

Row: TypeAlias = "dict[str, int | float | str | None]"


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its row, without the values of the grid; its curve, None where it diverged; the seconds taken."""

    row: Row
    curve: LossCurve | None
    seconds: float


def prepare(folder: str | os.PathLike[str]) -> Path:
    """The folder's path, made and found writable."""
    if not isinstance(folder, (str, os.PathLike)):
        raise InputError(f"folder must be a path, not {checks.show(folder)}")
    runs = Path(folder) / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"folder must be one that can be made, not {checks.show(str(folder))} ({error})") from None
    checks.writable("folder", runs / "x")
    return Path(folder)


def save(folder: Path, job: Job, outcome: Outcome) -> None:
    """Write the curve, then the record that marks the run as finished."""
    curve, record = _places(folder, job)
    held = None
    if outcome.curve is not None:
        write_curve(curve, outcome.curve)
        held = _hash(curve.read_bytes())
    body = {"job": job.content, "result": outcome.row, "seconds": round(outcome.seconds, 3), "curve_sha256": held}
    write_text(record, json.dumps({"sha256": _body_hash(body), **body}, indent=1, allow_nan=False) + "\n")


def load(folder: Path, job: Job) -> Outcome | None:
    """The row and seconds of a finished run; None where it is to be done."""
    curve, record = _places(folder, job)
    try:
        body = json.loads(record.read_bytes())
        whole = body.pop("sha256") == _body_hash(body) and body["job"] == job.content
        if not whole or (body["curve_sha256"] is not None and _hash(curve.read_bytes()) != body["curve_sha256"]):
            return None
        return Outcome(dict(body["result"]), None, float(body["seconds"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _places(folder: Path, job: Job) -> tuple[Path, Path]:
    return folder / "runs" / f"{job.id}.csv", folder / "runs" / f"{job.id}.json"


def _body_hash(body: Mapping[str, object]) -> str:
    return _hash(json.dumps(body, sort_keys=True).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
