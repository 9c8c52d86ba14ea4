"""Schedules written as text, as on the command line: one call with literals, never eval."""

from __future__ import annotations

from pathlib import Path

from rivervalley._common import expressions
from rivervalley._common.checks import InputError, show
from rivervalley.schedules import files
from rivervalley.schedules.registry import DECAY_SHAPES, SCHEDULES
from rivervalley.schedules.schedule import Schedule

EXAMPLE = "wsd(steps=20000, peak_lr=0.05, decay_fraction=0.1)"


def parse(text: str) -> Schedule:
    """A schedule from text such as "wsd(steps=20000, peak_lr=0.05, decay_fraction=0.1)", or from a file's path.

    A text that ends in .csv or .npy, or names a file that exists, is a path; any other is one call of a name in
    registry.SCHEDULES with numbers, texts and lists of them as arguments. Nothing is evaluated.

    Raises
    ------
    InputError
        If the text is neither a call of a known constructor with literal arguments nor the path of a file.

    Examples
    --------
    >>> parse("wsd(steps=20000, peak_lr=0.05, decay_fraction=0.1)").steps
    20000
    """
    if isinstance(text, str) and (text.strip().lower().endswith((".csv", ".npy")) or _is_file(text.strip())):
        return files.load(text.strip())
    schedule = expressions.call(text, "schedule", f"{EXAMPLE} or name a .csv or .npy file", SCHEDULES)
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a call that gives a Schedule, not {show(schedule)}")
    return schedule


def parse_help() -> str:
    """What `parse` understands, for the help of commands."""
    shapes = "\n".join(f"  {entry.name:<12} {entry.summary}" for entry in DECAY_SHAPES.values())
    return (
        "SCHEDULE is the path of a CSV or .npy file with one LR for each update, or one of these calls:\n"
        f"{SCHEDULES.help()}\n"
        f"decay_shape= of wsd, wsd_s and power, by the position u from 0 to 1 in the decay, is one of\n{shapes}"
    )


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False
