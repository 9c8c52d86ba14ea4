"""Schedules that the user gives for a log: as an argument, on the command line after the file, or in a file beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rivervalley import schedules
from rivervalley._common import checks, files
from rivervalley._common.checks import InputError
from rivervalley.curves.readers.find import logs_of
from rivervalley.curves.readers.log import Log
from rivervalley.schedules import Schedule

SUFFIX = ".schedule"
"""Added to a log's whole name: run.csv.schedule says which rates run.csv was trained at."""


def given(schedule: Schedule | str | os.PathLike[str], warmup: int | None) -> Schedule:
    """The schedule that was given, or that of the text or the file that was named."""
    if isinstance(schedule, os.PathLike):
        schedule = schedules.load(schedule)
    elif isinstance(schedule, str):
        schedule = schedules.parse(schedule)
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a Schedule, its text or a file's path, not {checks.show(schedule)}")
    if warmup is None or warmup == schedule.warmup_steps:
        return schedule
    if schedule.warmup_steps:
        raise InputError(f"warmup_steps must be the given schedule's {schedule.warmup_steps} or left out, not {warmup}")
    return replace(schedule, warmup_steps=warmup)


def logged_elsewhere(schedule: object, run: str) -> Log | None:
    """The log that `schedule` names, where it holds rates but not that of every update, as an exported panel of the LR does."""
    if not isinstance(schedule, (str, os.PathLike)) or not os.path.isfile(schedule) or Path(schedule).suffix.lower() == ".npy":
        return None
    try:
        schedules.load(schedule)
    except InputError:
        logs = logs_of(schedule)
    else:
        return None
    fits = [log for log in logs if log.run == run] or (logs if len(logs) == 1 else [])
    if not fits:
        held = ", ".join(log.run for log in logs[:8])
        raise InputError(
            f"{os.fspath(schedule)} must hold the rates of run {run or 'without a name'}, but it holds those of {held}"
        )
    return fits[0]


def of_run(schedule: object, run: str) -> Any:
    """Out of schedules by the names of runs, that of one; any other is for all runs."""
    return schedule.get(run) if isinstance(schedule, Mapping) else schedule


def beside(source: object) -> str | dict[str, str] | None:
    """What stands in the file beside a log, if there is one: a schedule, or a line RUN: SCHEDULE for each run.

    A schedule is written as on the command line; a path in it starts from the folder of the log.
    """
    if not isinstance(source, (str, os.PathLike)):
        return None
    sidecar = Path(f"{os.fspath(source).rstrip('/')}{SUFFIX}")
    if not sidecar.is_file():
        return None
    text = files.read_text(sidecar, "a schedule")
    lines = [line.strip() for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) == 1 and not _names_a_run(lines[0]):
        return _from_folder(sidecar, lines[0])
    by_run: dict[str, str] = {}
    for line in lines:
        run, colon, expression = line.partition(": ")
        if not colon or not expression.strip():
            raise InputError(f"{sidecar} must hold one schedule, or lines RUN: SCHEDULE, not {checks.show(line)}")
        by_run[run.strip()] = _from_folder(sidecar, expression.strip())
    if not by_run:
        raise InputError(f"{sidecar} must hold one schedule, or lines RUN: SCHEDULE, but it is empty")
    return by_run


def split_argument(text: str) -> tuple[str, str | None]:
    """FILE and SCHEDULE of an argument FILE:SCHEDULE; None where there is no schedule.

    >>> split_argument("run.csv:cosine(steps=100, peak_lr=0.1)")
    ('run.csv', 'cosine(steps=100, peak_lr=0.1)')
    """
    if os.path.exists(text):
        return text, None
    for place in (k for k, character in enumerate(text) if character == ":"):
        file, schedule = text[:place], text[place + 1 :].strip()
        if schedule and (os.path.exists(file) or re.match(r"[a-z_]+\(", schedule)):
            return file, schedule
    return text, None


def _names_a_run(line: str) -> bool:
    """Whether a line reads RUN: SCHEDULE."""
    head, colon, _ = line.partition(": ")
    return bool(colon) and "(" not in head


def _from_folder(sidecar: Path, expression: str) -> str:
    """A path of a .csv or .npy file starts from the sidecar's folder."""
    return str(sidecar.parent / expression) if expression.lower().endswith((".csv", ".npy")) else expression
