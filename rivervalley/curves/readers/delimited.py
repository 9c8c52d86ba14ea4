"""Logs in columns of text: CSV and its kin, exports of Weights & Biases among them, one run or several to a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rivervalley._common.checks import InputError
from rivervalley._common.table import Sheet, read_sheet
from rivervalley.curves.readers.log import Log, Source, split_by_run
from rivervalley.curves.readers.names import run_names

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
    log = _log(sheet, "", places)
    naming = run_names(places)
    return split_by_run(log, naming[0], sheet.texts(places[naming[0]])) if naming else [log]


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
