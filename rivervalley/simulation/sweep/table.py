"""The results of a sweep as one table."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.files import replacing, write_text
from rivervalley.simulation.sweep.jobs import RESULTS, Job, Value
from rivervalley.simulation.sweep.store import Row

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class SweepTable:
    """A row for each finished run of a sweep, in the order asked for.

    Attributes
    ----------
    columns : tuple of str
        The names of the sweep's lists; then run, status ("done" or "diverged: ..."), end_step, sum_lr, loss, loss_stderr and
        the parts of the loss as loss_NAME.
    rows : tuple of mappings
        Values by column; None where a run has none.

    Examples
    --------
    >>> import rivervalley as rv
    >>> table = rv.sweep("river_valley(hills=[1.0], noise_std={sigma})", "constant(steps=100, peak_lr=0.1)",
    ...                  grid={"sigma": [0.0, 0.1]}, expected=True)
    >>> len(table), table["sigma"].tolist(), table["loss"].round(4).tolist()
    (2, [0.0, 0.1], [0.3171, 0.3174])
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Value | None], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Value | None]]:
        return iter(self.rows)

    def __getitem__(self, column: str) -> np.ndarray:
        """A column as an array: of numbers, with NaN where there is none, or of objects."""
        checks.choice("column", column, self.columns)
        cells = [row[column] for row in self.rows]
        if all(cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool)) for cell in cells):
            return np.array([np.nan if cell is None else cell for cell in cells])
        filled = np.empty(len(cells), dtype=object)
        filled[:] = cells
        return filled

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame; needs pandas."""
        try:
            import pandas
        except ImportError:
            raise InputError("to_pandas needs pandas, which is not installed: pip install pandas") from None
        return pandas.DataFrame(list(self.rows), columns=list(self.columns))

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table as a CSV file, whole or not at all."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(path, text.getvalue())

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table as a Parquet file, whole or not at all; needs pyarrow."""
        check_parquet()
        import pyarrow
        from pyarrow import parquet

        columns = {name: _parquet_column([row[name] for row in self.rows]) for name in self.columns}
        with replacing(path) as temporary:
            parquet.write_table(pyarrow.table(columns), temporary)


def check_parquet() -> None:
    """Refuse to go on where Parquet files cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise InputError("a Parquet file needs pyarrow, which is not installed: pip install pyarrow") from None


def _parquet_column(cells: Sequence[Value | None]) -> list[Value | None]:
    """Cells of one type: those of a column that mixes others than numbers, or holds lists, as texts."""
    types = {type(cell) for cell in cells if cell is not None}
    if len(types) < 2 and list not in types:
        return list(cells)
    if types == {int, float}:
        return [None if cell is None else float(cell) for cell in cells if not isinstance(cell, (str, list))]
    return [None if cell is None else str(cell) for cell in cells]


def table_of(asked: Sequence[Job], results: Sequence[tuple[Job, Row]]) -> SweepTable:
    """The table of finished runs, with a column for each list of the sweep whether or not a run has finished that uses it."""
    rows = [{**dict(job.values), **row} for job, row in results]
    named = list(dict.fromkeys(name for job in asked for name, _ in job.values))
    parts = list(dict.fromkeys(name for row in rows for name in row if name not in (*named, *RESULTS)))
    columns = (*named, *RESULTS, *parts)
    return SweepTable(columns, tuple({name: row.get(name) for name in columns} for row in rows))
