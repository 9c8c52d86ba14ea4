"""TensorBoard event files, through the library tensorboard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rivervalley._common.checks import InputError
from rivervalley.curves.readers.log import Log, Records

MARK = "tfevents"
"""Part of the name of every event file."""

_MOST_BYTES = 4 << 30  # they are read event by event, and may hold images beside the scalars
_MAX_FILES = 1_000
_MAX_FOLDERS = 10_000


def event_logs(path: Path) -> list[Log]:
    """The runs of an event file, or of a folder: each folder below it with event files is a run, named by its path there."""
    if path.is_file():
        return [_run(path, "", [path])]
    runs: dict[str, list[Path]] = {}
    count = 0
    for folders, (place, _, files) in enumerate(os.walk(path)):
        events = sorted(Path(place) / file for file in files if MARK in file)
        count += len(events)
        if count > _MAX_FILES or folders > _MAX_FOLDERS:
            raise InputError(
                f"path must be a folder of at most {_MAX_FILES} event files, but {str(path)!r} has more; name one of its folders"
            )
        if events:
            run = os.path.relpath(place, path)
            runs["" if run == "." else run] = events
    if not runs:
        raise InputError(
            f"path must be a file, or a folder with TensorBoard event files (*{MARK}*), but {str(path)!r} has none"
        )
    return [_run(path, run, events) for run, events in sorted(runs.items())]


def _run(source: Path, run: str, files: list[Path]) -> Log:
    """All scalars of some event files, one file after the other as a resumed run writes them."""
    gathered = Records(source, "event", run)
    for file in files:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            raise InputError(f"path must be an ordinary event file of at most {_MOST_BYTES >> 30} GB, but {str(file)!r} is not")
        for event in _events(file):
            scalars = {value.tag: number for value in event.summary.value if (number := _scalar(value)) is not None}
            if scalars:
                gathered.add(len(gathered.lines) + 1, {**scalars, "step": float(event.step)})
    if not gathered.lines:
        raise InputError(f"{files[0]} must hold scalars, but it has none that can be read")
    return gathered.log()


def _events(file: Path) -> Iterator[Any]:
    try:
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    except ImportError:
        raise InputError(
            f"{file} is a TensorBoard event file: reading it needs pip install 'rivervalley[tensorboard]'"
        ) from None
    from google.protobuf.message import DecodeError

    try:
        yield from LegacyEventFileLoader(str(file)).Load()
    except DecodeError:
        raise InputError(f"{file} must be a whole TensorBoard event file, but it has a record that cannot be read") from None


def _scalar(value: Any) -> float | None:
    """The number of a summary, whichever way it is stored; None where it is an image, a histogram or text."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind != "tensor":
        return None
    from tensorboard.util import tensor_util

    array = tensor_util.make_ndarray(value.tensor)
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiu" else None
