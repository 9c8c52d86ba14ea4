"""The log of one run as columns of numbers under the names that the logger gave them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from rivervalley._common.checks import FloatArray
from rivervalley._common.table import Table

Source = str | os.PathLike[str]


@final
@dataclass(frozen=True, eq=False)
class Log:
    """One run: names of its columns, and their numbers on demand.

    Attributes
    ----------
    source : path
        As error messages show it.
    run : str
        The run's name where the file tells it, else "".
    names : tuple of str
        Columns that may hold numbers, in the file's order.
    read : function of names
        A Table of the columns asked for, on common rows; blank cells are NaN, and what was logged as nan or inf is infinite.
    """

    source: Source
    run: str
    names: tuple[str, ...]
    read: Callable[[Sequence[str]], Table]

    @property
    def label(self) -> str:
        """Source and run, for messages."""
        return f"{self.source}, run {self.run}," if self.run else str(self.source)


@final
@dataclass
class Records:
    """Rows that name the numbers they hold, gathered one after the other: JSON objects, events, lines of text."""

    source: Source
    unit: str
    run: str = ""
    lines: list[int] = field(default_factory=list)
    series: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)

    def add(self, line: int, numbers: Mapping[str, float]) -> None:
        """One row that stands on `line`."""
        row = len(self.lines)
        self.lines.append(line)
        for name, number in numbers.items():
            rows, values = self.series.setdefault(name, ([], []))
            rows.append(row)
            values.append(number if math.isfinite(number) else math.inf)

    def log(self) -> Log:
        """What was gathered."""
        return Log(self.source, self.run, tuple(self.series), self._table)

    def _table(self, names: Sequence[str]) -> Table:
        lines = np.array(self.lines, dtype=np.int64)
        return Table(self.source, {name: self._column(name) for name in names}, lines, self.unit)

    def _column(self, name: str) -> FloatArray:
        column = np.full(len(self.lines), np.nan)
        rows, values = self.series[name]
        column[rows] = values
        return column


def split_by_run(log: Log, column: str, run_of: Sequence[str]) -> list[Log]:
    """The runs of a log, in the order in which they begin; `run_of` is what `column` says of each row."""
    runs = np.array(run_of)
    names = tuple(name for name in log.names if name != column)
    return [Log(log.source, run, names, _only(log, runs == run)) for run in dict.fromkeys(run_of) if run]


def _only(log: Log, chosen: NDArray[np.bool_]) -> Callable[[Sequence[str]], Table]:
    def read(names: Sequence[str]) -> Table:
        table = log.read(names)
        return Table(table.path, {name: table[name][chosen] for name in names}, table.lines[chosen], table.unit)

    return read


def without_blank_rows(table: Table) -> Table:
    """The rows that hold something in one of the columns."""
    full = ~np.all([np.isnan(column) for column in table.columns.values()], axis=0)
    if full.all():
        return table
    return Table(table.path, {name: column[full] for name, column in table.columns.items()}, table.lines[full], table.unit)
