"""Training runs that scaling laws are fitted to: final losses with sizes, data, steps or compute, one row each."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley._common.table import read_table
from rivervalley.scaling.kaplan.constants import FLOP_PER_PARAMETER_TOKEN

COLUMNS = {
    "N": "parameters",
    "D": "tokens",
    "S": "optimiser steps",
    "C": "flop",
    "B": "tokens in a batch",
}


@dataclass(frozen=True, eq=False, repr=False)
class Runs:
    """Losses of R training runs, or of points along them, and what they were reached with.

    Parameters
    ----------
    loss : array_like, shape (R,)
        Above 0. One unit throughout: nats per token, say.
    N, D, S, C, B : array_like, shape (R,), optional
        Parameters, tokens, optimiser steps, flop and tokens in a batch; above 0. Count embeddings or leave them out, but
        alike in all rows: it changes the exponents. Which are needed depends on the law.

    Raises
    ------
    InputError
        If shapes differ or an entry is not positive and finite.

    Examples
    --------
    >>> Runs(loss=[3.0, 2.8], N=[1e8, 1e9])
    Runs(2 losses from 2.8 to 3, with N)
    """

    loss: FloatArray
    N: FloatArray | None = None
    D: FloatArray | None = None
    S: FloatArray | None = None
    C: FloatArray | None = None
    B: FloatArray | None = None

    def __post_init__(self) -> None:
        loss = checks.array("loss", self.loss, low=0.0, open_low=True, copy=True)
        loss.setflags(write=False)
        object.__setattr__(self, "loss", loss)
        for name in COLUMNS:
            value = getattr(self, name)
            if value is None:
                continue
            column = checks.array(name, value, low=0.0, open_low=True, copy=True)
            if column.size != loss.size:
                raise InputError(f"{name} must have one entry for each of the {loss.size} losses, not {column.size}")
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return int(self.loss.size)

    def __repr__(self) -> str:
        held = ", ".join(name for name in COLUMNS if getattr(self, name) is not None)
        return f"Runs({len(self)} losses from {self.loss.min():g} to {self.loss.max():g}, with {held or 'nothing else'})"

    def column(self, name: str) -> tuple[FloatArray, str]:
        """A column by name, and a note where it was worked out from others by C = 6 N D; empty where it was given.

        Raises
        ------
        InputError
            If it is neither there nor follows from others.
        """
        checks.choice("name", name, COLUMNS)
        given: FloatArray | None = getattr(self, name)
        if given is not None:
            return given, ""
        if name == "D" and self.N is not None and self.C is not None:
            return self.C / (FLOP_PER_PARAMETER_TOKEN * self.N), "D was taken as C / (6 N)"
        if name == "C" and self.N is not None and self.D is not None:
            return FLOP_PER_PARAMETER_TOKEN * self.N * self.D, "C was taken as 6 N D"
        raise InputError(f"runs must have {name} ({COLUMNS[name]}), but {self!r} lacks it")


def read_runs(path: str | os.PathLike[str]) -> Runs:
    """Read runs from a CSV file with a column loss and any of N, D, S, C and B; other columns are ignored.

    Raises
    ------
    InputError
        If the file cannot be read, has no column loss, or a cell is blank or not a positive number; the message names the
        file, the line and the column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "runs.csv"
    ...     _ = file.write_text("name,N,D,loss\\nsmall,1e8,2e9,3.4\\nlarge,1e9,2e10,2.7\\n")
    ...     read_runs(file)
    Runs(2 losses from 2.7 to 3.4, with N, D)
    """
    table = read_table(path, ("loss",), tuple(name.lower() for name in COLUMNS))
    columns: dict[str, FloatArray] = {}
    for name in ("loss", *COLUMNS):
        key = name.lower()
        if key not in table:
            continue
        values = table.filled(key)
        bad = np.flatnonzero(values <= 0.0)
        if bad.size:
            raise table.error(int(bad[0]), f"{name} must be above 0, not {values[bad[0]]:g}")
        columns[name] = values
    if not columns["loss"].size:
        raise InputError(f"{table.path} must hold at least one run below its header")
    return Runs(**columns)
