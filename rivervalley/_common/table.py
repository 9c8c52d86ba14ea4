"""Text in columns with a header, read so that each error names the file, the line and the cell."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley._common.content import as_text, read_content
from rivervalley._common.fast_table import BLANK, fast_columns


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name, blank cells as NaN, and where each row stands in the file: its line, or its record, from 1."""

    path: str | os.PathLike[str]
    columns: Mapping[str, FloatArray]
    lines: IntArray
    unit: str = "line"

    def error(self, row: int, message: str) -> InputError:
        """An error about one row that says where it stands."""
        return InputError(f"{self.path}, {self.unit} {int(self.lines[row])}: {message}")

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


@dataclass(frozen=True, eq=False)
class Sheet:
    """Text in columns, its header read and its cells not yet.

    Attributes
    ----------
    path : path
        As error messages show it.
    header : tuple of str
        Names of the columns, without the space around them; "1", "2", ... where the file has no header.
    body : str
        All lines below the header.
    body_line : int
        The line of the file on which the body begins.
    delimiter : str
        A comma, a semicolon or a tab; "" for white space of any length.
    """

    path: str | os.PathLike[str]
    header: tuple[str, ...]
    body: str
    body_line: int
    delimiter: str

    def numbers(self, places: Mapping[str, int]) -> Table:
        """Some columns, the name of each with its place in the header. A cell that holds nan or inf counts as infinite.

        Raises
        ------
        InputError
            If a row has not the header's number of cells, or one of these cells is neither blank nor a number.
        """
        fast = fast_columns(self.body, self.delimiter, len(self.header), sorted(set(places.values())))
        if fast is not None:
            rows = next(iter(fast.values())).size
            lines = np.arange(self.body_line, self.body_line + rows, dtype=np.int64)
            return Table(self.path, {name: fast[place] for name, place in places.items()}, lines)
        numbered = list(self.rows())
        rows_at = [line for line, _ in numbered]
        columns = {name: self._numbers(name, place, numbered) for name, place in places.items()}
        return Table(self.path, columns, np.array(rows_at, dtype=np.int64))

    def texts(self, place: int) -> list[str]:
        """One column as text."""
        return [cells[place] for _, cells in self.rows()]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line of the file and stripped cells of each row that says something."""
        width = len(self.header)
        for line, row in _split(self.path, self.body, self.delimiter, self.body_line):
            if len(row) != width and (len(row) < width or any(row[width:])):
                raise InputError(f"{self.path}, line {line}: a row must have the header's {width} cells, not {len(row)}")
            yield line, row

    def _numbers(self, name: str, place: int, numbered: Sequence[tuple[int, list[str]]]) -> FloatArray:
        decimal_comma = self.delimiter == ";"
        values = np.full(len(numbered), math.nan)
        for k, (line, row) in enumerate(numbered):
            cell = row[place]
            if cell.lower() in BLANK:
                continue
            try:
                value = float(cell.replace(",", ".", 1) if decimal_comma else cell)
            except ValueError:
                raise InputError(f"{self.path}, line {line}: {name} must be a finite number, not {checks.show(cell)}") from None
            values[k] = value if math.isfinite(value) else math.inf
        return values


def read_sheet(path: str | os.PathLike[str], text: str) -> Sheet:
    """The header of a text in columns, separated by commas, tabs, semicolons or white space, whichever the header has.

    Lines that are blank or begin with # are skipped, unless the last of them names the columns of numbers that follow; spaces
    and quotes around cells are dropped.

    Raises
    ------
    InputError
        If there is no line at all.
    """
    start, line, comment = 0, 1, ""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        row = text[start:end]
        if row.strip(" \t,;") and not row.lstrip().startswith("#"):
            break
        comment = row.strip() or comment
        start, line = end + 1, line + 1
    if start >= len(text):
        raise InputError(f"{path} must hold a header and rows below it, but it is empty")
    delimiter, cells = cells_of(row)
    if not all(map(_is_number, cells)):
        return Sheet(path, tuple(cells), text[end + 1 :], line + 1, delimiter)
    # Only numbers: a comment above may name them, as numpy.savetxt writes it.
    names = [name.strip(" \t,;") for name in comment.lstrip("# ").split(delimiter or None)]
    header = names if len(names) == len(cells) else [str(k + 1) for k in range(len(cells))]
    return Sheet(path, tuple(header), text[start:], line, delimiter)


def read_table(path: str | os.PathLike[str], needed: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read the named columns of a file with a header and ignore its others.

    Columns are parted as `read_sheet` says; gzip and Zstandard files are decompressed. Names count whatever their case.

    Raises
    ------
    InputError
        If the file cannot be read or is not UTF-8 text, a needed column is missing or named twice, or a cell is neither
        blank nor a finite number.
    """
    text = as_text(path, read_content(path, "a CSV file"))
    if not text.strip():
        raise InputError(f"{path} must begin with a header that names {', '.join(needed)}, but it is empty")
    sheet = read_sheet(path, text)
    names = [name.lower() for name in sheet.header]
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(f"{path} must have a column {missing[0]}, but its header reads {checks.show(','.join(sheet.header))}")
    for name in (*needed, *optional):
        if names.count(name) > 1:
            raise InputError(f"{path} must have one column {name}, not {names.count(name)}")
    table = sheet.numbers({name: names.index(name) for name in (*needed, *optional) if name in names})
    for name, column in table.columns.items():
        infinite = np.flatnonzero(np.isinf(column))
        if infinite.size:
            raise table.error(int(infinite[0]), f"{name} must be a finite number")
    return table


def cells_of(line: str) -> tuple[str, list[str]]:
    """What parts the cells of a header, and the cells, stripped of space and quotes."""
    delimiter = max("\t;,", key=line.count)
    delimiter = delimiter if delimiter in line else ""
    return delimiter, next((cells for _, cells in _split("the header", line, delimiter, 1)), [])


def _split(path: str | os.PathLike[str], text: str, delimiter: str, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Line and stripped cells of each row that says something."""
    lines = text.split("\n")
    if not delimiter:
        rows: Iterable[list[str]] = (line.replace('"', "").split() for line in lines)
        for line, cells in enumerate(rows, first_line):
            if cells and not cells[0].startswith("#"):
                yield line, cells
        return
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                yield first_line - 1 + reader.line_num, cells
    except csv.Error as error:
        line = first_line - 1 + reader.line_num
        raise InputError(f"{path}, line {line}: not a row of text in columns ({error})") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return not cell
    return True
