"""The log of a run that goes on, read again whenever it changed, and never in the middle of a line."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rivervalley._common.checks import InputError
from rivervalley._common.files import read_bytes
from rivervalley.curves.curve import LossCurve

WHOLE = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"{\n", b"[")
"""How files begin that are written at once: gzip, Zstandard, Parquet, JSON documents."""


def follow(path: str, read: Callable[[str], LossCurve], tell: Callable[[str], None], every: float) -> Iterator[LossCurve]:
    """The curve of a log, whenever it has a new reading; ends with the caller.

    Parameters
    ----------
    path : str
        The log, which may not be there yet, be cut off, or be replaced by another file: it is read from its beginning.
    read : function of a path
        Reads the one run that is followed.
    tell : function of a sentence
        Told why nothing comes, once for each reason.
    every : float
        Seconds between looks.

    Raises
    ------
    InputError
        If the log is there and cannot be read at the first look.
    """
    seen: tuple[tuple[int, int, int], ...] = ()
    last, said, begun = (0, 0), "", False
    while True:
        state = _state(path)
        if state and state != seen:
            try:
                curve = _read_whole_lines(path, read)
            except InputError as error:
                if not begun and not _unfinished(path):
                    raise
                said = _once(f"{Path(path).name} cannot be read yet: {error}", said, tell)
            else:
                here = (int(curve.steps[-1]), int(curve.nonfinite_steps.max(initial=0)))
                if here[0] < last[0]:
                    tell(f"{Path(path).name} starts over: it ends at step {here[0]}, and ended at {last[0]}")
                if here != last:
                    yield curve
                last, said, begun = here, "", True
            seen = state
        elif not state:
            said = _once(f"{path} is not there; waiting", said, tell)
            seen = ()
        time.sleep(every)


def _state(path: str) -> tuple[tuple[int, int, int], ...]:
    """What tells that a file, or one of a folder's, has changed; empty where there is none."""
    try:
        files = sorted(Path(path).rglob("*")) if os.path.isdir(path) else [Path(path)]
        stats = [file.stat() for file in files]
    except OSError:
        return ()
    return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats)


def _read_whole_lines(path: str, read: Callable[[str], LossCurve]) -> LossCurve:
    """The curve without the line that is being written."""
    if os.path.isdir(path):
        return read(path)
    data = read_bytes(path, "a log")
    if data.endswith(b"\n") or data.startswith(WHOLE) or b"\n" not in data:
        return read(path)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / (Path(path).absolute().parent.name or "log") / Path(path).name
        copy.parent.mkdir()
        copy.write_bytes(data[: data.rindex(b"\n") + 1])
        shutil.copystat(path, copy)
        return read(str(copy))


def _unfinished(path: str) -> bool:
    """Whether a log has at most its header so far."""
    return not os.path.isdir(path) and os.path.getsize(path) < 4096 and read_bytes(path, "a log").count(b"\n") < 3


def _once(sentence: str, said: str, tell: Callable[[str], None]) -> str:
    if sentence != said:
        tell(sentence)
    return sentence
