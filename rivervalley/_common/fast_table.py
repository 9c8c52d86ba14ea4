"""Columns of numbers out of long text at once, where every row is as it should be; else None, and each row is looked at."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from rivervalley._common.checks import FloatArray

FAST_FROM = 1 << 16
"""Shorter text is read row by row: that takes a blink, and says what is wrong in which line."""

BLANK = frozenset(("", "null", "none", "na", "n/a"))
"""Cells that hold nothing, in lower case."""

_NUMERIC = b"0123456789+-.eE \t\n"


def fast_columns(body: str, delimiter: str, width: int, places: Sequence[int]) -> dict[int, FloatArray] | None:
    """Columns of a text by their place, blank cells as NaN and those of nan or inf as infinite; None where in doubt."""
    if len(body) < FAST_FROM or delimiter == ";":  # semicolons may go with decimal commas
        return None
    data = body.rstrip("\n").encode() + b"\n"
    columns = _by_arrow(data, delimiter, width, places) if delimiter else None
    if columns is None:
        columns = _by_numpy(data, delimiter.encode(), width, places)
    if columns is None or next(iter(columns.values())).size != data.count(b"\n"):
        return None
    # A row with nothing in any of these columns may be a blank one.
    if np.all([np.isnan(column) for column in columns.values()], axis=0).any():
        return None
    return columns


def _by_arrow(data: bytes, delimiter: str, width: int, places: Sequence[int]) -> dict[int, FloatArray] | None:
    try:
        import pyarrow
        from pyarrow import csv
    except ImportError:
        return None
    names = [str(place) for place in range(width)]
    wanted = [names[place] for place in places]
    try:
        table = csv.read_csv(
            pyarrow.py_buffer(data),
            csv.ReadOptions(column_names=names),
            csv.ParseOptions(delimiter=delimiter),
            csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pyarrow.float64()),
                include_columns=wanted,
                null_values=["", "null", "NULL", "None", "NA", "N/A"],
                quoted_strings_can_be_null=True,
            ),
        )
    except pyarrow.ArrowException:
        return None
    columns = {}
    for place in places:
        cells = table[str(place)].combine_chunks()
        values: FloatArray = np.array(cells.to_numpy(zero_copy_only=False), dtype=np.float64)
        values[~np.isfinite(values)] = np.inf
        values[cells.is_null().to_numpy(zero_copy_only=False)] = np.nan
        columns[place] = values
    return columns


def _by_numpy(data: bytes, delimiter: bytes, width: int, places: Sequence[int]) -> dict[int, FloatArray] | None:
    """By numpy.loadtxt, where the text holds nothing but numbers and blank cells."""
    if data.translate(None, _NUMERIC + delimiter) or not _even(data, delimiter, width):
        return None
    if delimiter:
        for left, right in ((delimiter, delimiter), (delimiter, delimiter), (b"\n", delimiter), (delimiter, b"\n")):
            if left + right in data:
                data = data.replace(left + right, left + b"nan" + right)
        data = b"nan" + data if data.startswith(delimiter) else data
    try:
        text = io.StringIO(data.decode())
        values = np.loadtxt(text, delimiter=delimiter.decode() or None, usecols=places, comments=None, ndmin=2)
    except ValueError:
        return None
    values[np.isinf(values)] = np.inf
    return {place: np.ascontiguousarray(values[:, k]) for k, place in enumerate(places)}


def _even(data: bytes, delimiter: bytes, width: int) -> bool:
    """Whether each line has `width` cells: loadtxt does not look at cells beyond those that it is asked for."""
    if not delimiter:
        return all(len(line.split()) == width for line in data.splitlines())
    codes = np.frombuffer(data, dtype=np.uint8)
    marks = codes[(codes == ord(delimiter)) | (codes == ord("\n"))]
    return bool(np.all(np.diff(np.flatnonzero(marks == ord("\n")), prepend=-1) == width))
