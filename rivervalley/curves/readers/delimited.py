"""Logs in columns of text: CSV and its kin, exports of Weights & Biases among them, one run or several to a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from rivervalley._common.checks import InputError
from rivervalley._common.table import Sheet, Table, read_sheet
from rivervalley.curves.readers.log import Log, Source
from rivervalley.curves.readers.names import words

RUN_COLUMNS = ("run", "run name", "run id", "wandb run", "experiment", "experiment name")
"""Columns that name the run of each row, in words."""

_PANEL = re.compile(r"(?P<run>.+) - (?P<metric>\S.*?)(?P<extreme>__(?:MIN|MAX))?")


def delimited_logs(source: Source, text: str) -> list[Log]:
    """The runs of a text in columns.

    A panel that Weights & Biases exports has columns "RUN - METRIC" (and their __MIN and __MAX, which repeat it) beside the
    one of its x axis. A column that names the run of each row, such as "run", parts a table into runs.
    """
    sheet = read_sheet(source, text)
    panel = _panel(sheet.header)
    if panel:
        shared, runs = panel
        return [_log(sheet, run, {**shared, **places}) for run, places in runs.items()]
    places = _places(sheet)
    naming = [name for name in places if words(name) in RUN_COLUMNS]
    if naming:
        return split_by_run(_log(sheet, "", places), naming[0], lambda: sheet.texts(places[naming[0]]))
    return [_log(sheet, "", places)]


def split_by_run(log: Log, column: str, texts: Callable[[], Iterable[str]]) -> list[Log]:
    """The runs of a log whose `texts` name the run of each row."""
    run_of = np.array(list(texts()))
    names = tuple(name for name in log.names if name != column)
    return [Log(log.source, run, names, _only(log, run_of == run)) for run in dict.fromkeys(run_of.tolist()) if run]


def _only(log: Log, chosen: np.ndarray) -> Callable[[Sequence[str]], Table]:
    def read(names: Sequence[str]) -> Table:
        table = log.read(names)
        return Table(table.path, {name: table[name][chosen] for name in names}, table.lines[chosen], table.unit)

    return read


def _log(sheet: Sheet, run: str, places: dict[str, int]) -> Log:
    return Log(sheet.path, run, tuple(places), lambda names: sheet.numbers({name: places[name] for name in names}))


def _places(sheet: Sheet) -> dict[str, int]:
    """Where each named column stands; a name may stand there once."""
    places: dict[str, int] = {}
    for place, name in enumerate(sheet.header):
        if name in places:
            raise InputError(f"{sheet.path} must have one column {name}, not {sheet.header.count(name)}")
        if name:
            places[name] = place
    return places


def _panel(header: Sequence[str]) -> tuple[dict[str, int], dict[str, dict[str, int]]] | None:
    """Columns that all runs share, and those of each run, where the header is that of a panel."""
    shared: dict[str, int] = {}
    runs: dict[str, dict[str, int]] = {}
    for place, name in enumerate(header):
        match = _PANEL.fullmatch(name)
        if match is None:
            shared.setdefault(name, place)
        elif match["extreme"] is None:
            runs.setdefault(match["run"], {}).setdefault(match["metric"], place)
    return (shared, runs) if runs else None
