"""Which reader a source is for: told by its content, so that a wrong suffix does no harm."""

from __future__ import annotations

import os
import re
from pathlib import Path

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.content import as_text, read_content
from rivervalley._common.table import cells_of
from rivervalley.curves.readers import columnar, tensorboard
from rivervalley.curves.readers.delimited import delimited_logs
from rivervalley.curves.readers.json_logs import json_logs
from rivervalley.curves.readers.log import Log
from rivervalley.curves.readers.names import RUN_COLUMNS, STEPS, TOKENS, words
from rivervalley.curves.readers.text_logs import is_text_log, text_logs

_AXES = {*STEPS, *TOKENS, *RUN_COLUMNS, "epoch"}


def logs_of(source: object) -> list[Log]:
    """The runs of a log file, a folder of TensorBoard events, or a data frame.

    Raises
    ------
    InputError
        If it cannot be read, or is not what it seems to be.
    """
    if columnar.is_frame(source):
        return columnar.frame_logs(source)
    if not isinstance(source, (str, os.PathLike)):
        raise InputError(f"source must be a log's path or a data frame, not {checks.show(source)}")
    path = Path(source)
    if os.path.isdir(path) or (tensorboard.MARK in path.name and os.path.isfile(path)):
        return tensorboard.event_logs(path)
    data = read_content(path, "a log")
    if data.startswith(columnar.PARQUET):
        return columnar.parquet_logs(path)
    text = as_text(path, data)
    if re.match(r"\s*(\{|\[\s*[\[{\]])", text):
        return json_logs(path, text)
    if not _has_header(text) and is_text_log(text):
        return text_logs(path, text)
    return delimited_logs(path, text)


def _has_header(text: str) -> bool:
    """Whether the first line names the columns of a table."""
    first = next((line for line in text[:100_000].split("\n") if line.strip() and not line.startswith("#")), "")
    delimiter, cells = cells_of(first)
    named = sum(words(cell) in _AXES or "loss" in words(cell) or words(cell) == "lr" for cell in cells)
    return named >= (1 if delimiter else 2) and not is_text_log(first)
