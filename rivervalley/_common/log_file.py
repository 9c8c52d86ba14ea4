"""The one writer of step,lr,loss: what a run did, as a CSV file that reads back to the last bit."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from rivervalley._common.checks import FloatArray, IntArray
from rivervalley._common.files import replacing


def write_log(
    path: str | os.PathLike[str],
    lr: FloatArray,
    warmup_steps: int = 0,
    steps: IntArray | None = None,
    columns: Mapping[str, FloatArray] | None = None,
    *,
    every_rate: bool = True,
    name: str = "path",
) -> None:
    """Write the log of a run: columns step and lr, those given, and warmup_steps where there is a warm-up.

    Parameters
    ----------
    path : path
        Written whole or not at all.
    lr : float array, shape (n,)
        The row of step s holds the LR of the update after s others. A log with `columns` ends with a row after the last
        update, whose LR is the last again; one without has a row for each update.
    warmup_steps : int
    steps : int array, shape (R,)
        Rising update counts in [0, n] at which `columns` were read; elsewhere, and where they are not finite, cells are blank.
    columns : mapping of name to float array, shape (R,)
    every_rate : bool
        False leaves out the rows without readings.
    name : str
        What messages call the path.
    """
    rates = map(repr, [*lr.tolist(), float(lr[-1])] if columns else lr.tolist())
    readings = {} if steps is None else dict(zip(steps.tolist(), zip(*_cells(columns), strict=True), strict=True))
    blank = ("",) * len(columns or ())
    header, end = ["step", "lr", *(columns or ())], (str(warmup_steps),) if warmup_steps else ()
    with replacing(path, name) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write(",".join([*header, *(["warmup_steps"] if warmup_steps else [])]) + "\n")
        for step, rate in enumerate(rates):
            if every_rate or step in readings:
                file.write(",".join((str(step), rate, *readings.get(step, blank), *end)) + "\n")


def _cells(columns: Mapping[str, FloatArray] | None) -> list[list[str]]:
    """The numbers of each column as text that reads back to the last bit."""
    return [[repr(value) if math.isfinite(value) else "" for value in column.tolist()] for column in (columns or {}).values()]
