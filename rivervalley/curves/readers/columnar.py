"""Logs that are columns already: Parquet files, and data frames of pandas or polars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley._common.files import MOST_BYTES
from rivervalley._common.table import Table
from rivervalley.curves.readers.delimited import RUN_COLUMNS, split_by_run
from rivervalley.curves.readers.log import Log, Source
from rivervalley.curves.readers.names import words

PARQUET = b"PAR1"


class DataFrame(Protocol):
    """Named columns, each taken by its name: what pandas and polars have in common."""

    @property
    def columns(self) -> Any:
        """Names."""

    def __getitem__(self, name: Any, /) -> Any:
        """One column."""


def parquet_logs(path: Path) -> list[Log]:
    """The runs of a Parquet file; needs pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise InputError(f"{path} is a Parquet file: reading it needs pip install 'rivervalley[parquet]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            size = sum(file.metadata.row_group(k).total_byte_size for k in range(file.metadata.num_row_groups))
            if size > MOST_BYTES:
                raise InputError(f"path must be a file of at most {MOST_BYTES >> 20} MB, but {str(path)!r} holds {size}")
            table = file.read()
            texts = [
                field.name
                for field in table.schema
                if pyarrow.types.is_string(field.type) or pyarrow.types.is_large_string(field.type)
            ]
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            f"{path} must be a whole Parquet file, but cannot be read ({' '.join(str(error).split())[:80]})"
        ) from None
    return _logs(
        path, table.column_names, lambda name: _arrow_numbers(table[name]), lambda name: table[name].to_pylist(), texts
    )


def frame_logs(frame: Any) -> list[Log]:
    """The runs of a data frame of pandas or polars, or of anything with `columns` that can be taken by name."""
    names = [name for name in frame.columns if isinstance(name, str)]
    texts = [name for name in names if words(name) in RUN_COLUMNS]
    return _logs("the data frame", names, lambda name: _frame_numbers(frame[name]), lambda name: list(frame[name]), texts)


def is_frame(source: Any) -> bool:
    """Whether it looks like a data frame."""
    return hasattr(source, "columns") and hasattr(source, "__getitem__") and not isinstance(source, type)


def _logs(
    source: Source,
    names: Sequence[str],
    numbers: Callable[[str], Any],
    texts: Callable[[str], list[Any]],
    text_names: Sequence[str],
) -> list[Log]:
    def read(wanted: Sequence[str]) -> Table:
        columns = {name: _floats(source, name, numbers(name)) for name in wanted}
        rows = next(iter(columns.values())).size
        return Table(source, columns, np.arange(1, rows + 1), "row")

    repeated = [name for name in names if list(names).count(name) > 1]
    if repeated:
        raise InputError(f"{source} must have one column {repeated[0]}, not {list(names).count(repeated[0])}")
    log = Log(source, "", tuple(names), read)
    naming = [name for name in text_names if words(name) in RUN_COLUMNS]
    if not naming:
        return [log]
    return split_by_run(log, naming[0], lambda: ("" if text is None else str(text) for text in texts(naming[0])))


def _arrow_numbers(column: Any) -> Any:
    return column.to_pylist() if column.null_count or column.num_chunks > 1 else column.to_numpy()


def _frame_numbers(column: Any) -> Any:
    """What the numbers are in: a numpy array, or a list with None where a cell is missing."""
    return column.to_list() if hasattr(column, "null_count") and column.null_count() else column.to_numpy()


def _floats(source: Source, name: str, values: Any) -> FloatArray:
    """Floats of a column; missing cells are NaN, and where the library tells NaN from missing, NaN counts as infinite."""
    if isinstance(values, list):
        values = [math.nan if value is None else value for value in values]
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"column {checks.show(name)} of {source} must hold numbers") from None
