"""Logs that are columns already: Parquet files, and data frames of pandas or polars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley._common.files import MOST_BYTES
from rivervalley._common.table import Table
from rivervalley.curves.readers.log import Log, Source, split_by_run
from rivervalley.curves.readers.names import run_names

PARQUET = b"PAR1"
"""How a Parquet file begins."""


class DataFrame(Protocol):
    """Named columns, each taken by its name: what pandas and polars have in common."""

    @property
    def columns(self) -> Any:
        """Names."""

    def __getitem__(self, name: Any, /) -> Any:
        """One column."""


def is_frame(source: object) -> bool:
    """Whether it looks like a data frame."""
    return hasattr(source, "columns") and hasattr(source, "__getitem__") and not isinstance(source, type)


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
                raise InputError(f"path must be a log that holds at most {MOST_BYTES >> 20} MB, but {str(path)!r} holds more")
            table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        why = checks.show(str(error))
        raise InputError(f"{path} must be a whole Parquet file, but cannot be read ({why})") from None
    return _logs(path, table.column_names, lambda name: _of_arrow(table[name]), lambda name: table[name].to_pylist())


def frame_logs(frame: Any) -> list[Log]:
    """The runs of a data frame of pandas or polars."""
    names = [name for name in frame.columns if isinstance(name, str)]
    return _logs("the data frame", names, lambda name: _of_frame(frame[name]), lambda name: list(frame[name]))


Cells = tuple[NDArray[Any], NDArray[np.bool_]]
"""The cells of a column, and which of them are missing."""


def _logs(
    source: Source, names: Sequence[str], cells: Callable[[str], Cells], texts: Callable[[str], list[object]]
) -> list[Log]:
    repeated = next((name for name in names if list(names).count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{source} must have one column {repeated}, not {list(names).count(repeated)}")

    def read(wanted: Sequence[str]) -> Table:
        columns = {name: _floats(source, name, cells) for name in wanted}
        rows = next(iter(columns.values())).size
        return Table(source, columns, np.arange(1, rows + 1), "row")

    log = Log(source, "", tuple(names), read)
    naming = run_names(names)
    if not naming:
        return [log]
    return split_by_run(log, naming[0], ["" if text is None else str(text) for text in texts(naming[0])])


def _of_arrow(column: Any) -> Cells:
    return column.to_numpy(), column.is_null().to_numpy()


def _of_frame(column: Any) -> Cells:
    """Cells of a series; pandas does not tell NaN from missing."""
    if hasattr(column, "isna"):
        return column.astype("float64").to_numpy(), column.isna().to_numpy()
    return column.to_numpy(), column.is_null().to_numpy()


def _floats(source: Source, name: str, cells: Callable[[str], Cells]) -> FloatArray:
    """Numbers of a column: NaN where a cell is missing, infinite where it holds nan or inf."""
    try:
        values, missing = cells(name)
        numbers: FloatArray = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"column {checks.show(name)} of {source} must hold numbers") from None
    numbers[~np.isfinite(numbers)] = np.inf
    numbers[missing] = np.nan
    return numbers
