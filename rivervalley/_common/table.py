"""CSV files with a header and columns of numbers, read so that each error names the file, the line and the cell."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rivervalley._common import checks, files
from rivervalley._common.checks import FloatArray, InputError, IntArray


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name, blank cells as NaN, and the line of the file (from 1) on which each row stands."""

    path: Path
    columns: dict[str, FloatArray]
    lines: IntArray

    def error(self, row: int, message: str) -> InputError:
        """An error about one row that says where it stands."""
        return InputError(f"{self.path}, line {int(self.lines[row])}: {message}")

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> FloatArray:
        return self.columns[name]

    def filled(self, name: str) -> FloatArray:
        """A column that must not have blank cells."""
        blank = np.flatnonzero(np.isnan(self.columns[name]))
        if blank.size:
            raise self.error(int(blank[0]), f"{name} must be a finite number, not blank")
        return self.columns[name]


def read_table(path: str | os.PathLike[str], needed: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read the named columns of a CSV file and ignore its others.

    Lines that are blank or begin with # are skipped; spaces, a byte-order mark and any line ending are accepted. Names in
    the header count whatever their case.

    Raises
    ------
    InputError
        If the file cannot be read or is not UTF-8 text, a needed column is missing or named twice, or a cell is neither
        blank nor a finite number.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path must be a CSV file's path, not {checks.show(path)}")
    file = Path(path)
    rows = _rows(file)
    try:
        _, header = next(rows)
    except StopIteration:
        raise InputError(f"{file} must begin with a header that names {', '.join(needed)}, but it is empty") from None
    names = [cell.lower() for cell in header]
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(f"{file} must have a column {missing[0]}, but its header reads {checks.show(','.join(header))}")
    for name in (*needed, *optional):
        if names.count(name) > 1:
            raise InputError(f"{file} must have one column {name}, not {names.count(name)}")
    lines: list[int] = []
    cells: list[list[str]] = []
    for line, row in rows:
        if len(row) != len(names) and (len(row) < len(names) or any(row[len(names) :])):
            raise InputError(f"{file}, line {line}: a row must have the header's {len(names)} cells, not {len(row)}")
        lines.append(line)
        cells.append(row)
    places = {name: names.index(name) for name in (*needed, *optional) if name in names}
    columns = {name: _numbers(file, name, [row[k] for row in cells], lines) for name, k in places.items()}
    return Table(file, columns, np.array(lines, dtype=np.int64))


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and stripped cells of each row that says something."""
    text = files.read_text(file, "a CSV file")
    reader = csv.reader(text.split("\n"))
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{file}, line {reader.line_num}: not a row of a CSV file ({error})") from None


def _numbers(file: Path, name: str, cells: list[str], lines: list[int]) -> FloatArray:
    """Cells as floats, NaN where blank."""
    values = np.full(len(cells), math.nan)
    for k, cell in enumerate(cells):
        if not cell:
            continue
        try:
            values[k] = float(cell)
        except ValueError:
            values[k] = math.inf
        if not math.isfinite(values[k]):
            raise InputError(f"{file}, line {lines[k]}: {name} must be a finite number, not {checks.show(cell)}")
    return values
