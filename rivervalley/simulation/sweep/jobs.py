"""What a sweep runs: every combination of some lists of settings, checked before any of them is run."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from rivervalley import landscapes, schedules
from rivervalley._common import checks, files
from rivervalley._common.checks import InputError
from rivervalley.landscapes.base import ExactLandscape, Landscape
from rivervalley.schedules import Schedule
from rivervalley.simulation.sweep.identity import named_files, versions

Value: TypeAlias = "bool | int | float | str | list[Value]"

SETTINGS = ("trajectories", "seed", "record_every", "expected")
RESULTS = ("run", "status", "end_step", "sum_lr", "loss", "loss_stderr")
MOST_RUNS = 100_000
DEEPEST = 20
LARGEST = 1e100

_TEXTS = ("landscape", "schedule")
_EXAMPLES = {
    "landscape": '"river_valley(hills=[1.0])"',
    "schedule": '"constant(steps=1000, peak_lr={peak_lr})"',
}
_BRACES = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Job:
    """One run of a sweep.

    Attributes
    ----------
    landscape, schedule : str
        Calls, as `landscapes.parse` and `schedules.parse` read them.
    trajectories, seed, record_every : int
    expected : bool
        The exact expectation in place of sampled trajectories.
    files : tuple of (path, SHA-256)
        The files that the texts name, with their content.
    versions : tuple of (name, version)
        Those that the bytes of a run depend on.
    values : tuple of (name, value)
        What this run has of the sweep's lists.
    work : float
        Updates of single coordinates: what it costs, roughly.
    """

    landscape: str
    schedule: str
    trajectories: int = 256
    seed: int = 0
    record_every: int = 100
    expected: bool = False
    files: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Value], ...] = field(default=(), compare=False)
    work: float = field(default=0.0, compare=False)

    @property
    def content(self) -> dict[str, object]:
        """All that the result depends on."""
        names = ("landscape", "schedule", *SETTINGS)
        return {name: getattr(self, name) for name in names} | {"files": dict(self.files), "versions": dict(self.versions)}

    @property
    def id(self) -> str:
        """Name of the run: a hash of its content."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()[:16]


def read_sweep(path: str | os.PathLike[str]) -> list[Job]:
    """The runs that a TOML file asks for: every combination of the lists in its table `grid`.

    A name in braces in `landscape` or `schedule` stands for a value of the grid, which may be a text with names in braces
    itself. `landscape` and `schedule` may be lists of texts; `trajectories`, `seed`, `record_every` and `expected` may be in
    the grid too. The lists of a table `zip` go together, first with first; several of them are written [[zip]].

        landscape = "river_valley(hills={hills}, noise_std={noise})"
        schedule = ["wsd(steps={steps}, peak_lr={peak_lr}, decay_fraction={decay})", "cosine(steps={steps}, peak_lr={peak_lr})"]
        trajectories = 256
        [grid]
        steps = [1000, 4000]
        peak_lr = [0.1, 0.3]
        decay = [0.1, 0.2]
        [zip]
        hills = ["[0.5, 2.0]", "geomspace(0.05, 2, 15)"]
        noise = [0.1, 0.05]

    A value that a run does not use is left blank in its row, and such runs are not repeated: here a cosine has no decay.

    Raises
    ------
    InputError
        If the file cannot be read, a key is unknown, missing or of the wrong type, a list is empty or too long, a name in
        braces is not in the grid or one of the grid is used nowhere, or a landscape or schedule cannot be made.
    """
    text = files.read_text(path, "a TOML file")
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also integers of thousands of digits
        what = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"path must be a TOML file, but {str(path)!r} is none ({what})") from None
    return jobs(data, str(path))


def jobs(data: Mapping[str, object], origin: str = "data") -> list[Job]:
    """The runs that a mapping asks for, keys as in the file of `read_sweep`.

    >>> two = jobs({"landscape": "river_valley(hills=[1.0])", "schedule": "constant(steps={n}, peak_lr=0.1)",
    ...             "grid": {"n": [100, 200]}})
    >>> [job.schedule for job in two]
    ['constant(steps=100, peak_lr=0.1)', 'constant(steps=200, peak_lr=0.1)']
    """
    allowed = (*_TEXTS, *SETTINGS, "grid", "zip")
    for key in data:
        if key not in allowed:
            raise InputError(f"{origin} must have keys among {', '.join(allowed)}, not {checks.show(key)}")
    axes = [*_texts(data, origin), *_grid(data.get("grid", {}), origin), *_zipped(data.get("zip", ()), origin)]
    _check_axes(axes, origin)
    fixed = {name: data[name] for name in SETTINGS if name in data}
    fixed |= {name: data[name] for name in _TEXTS if isinstance(data[name], str)}
    chosen: dict[str, Job] = {}
    used: set[str] = set()
    for parts in itertools.product(*axes):
        values: dict[str, Value] = {name: value for part in parts for name, value in part.items()}
        job, names = _job(fixed, values, origin)
        used |= names
        chosen.setdefault(job.id, job)
    idle = [name for axis in axes for name in axis[0] if name not in used]
    if idle:
        raise InputError(f"{origin} must use grid.{idle[0]}: write {{{idle[0]}}} in the landscape or the schedule")
    return list(chosen.values())


def _texts(data: Mapping[str, object], origin: str) -> Iterator[list[dict[str, Value]]]:
    """Axes of whole landscapes and schedules, where they are lists."""
    for key in _TEXTS:
        given = data.get(key)
        if isinstance(given, str):
            continue
        if not isinstance(given, (list, tuple)) or not given or not all(isinstance(text, str) for text in given):
            example = _EXAMPLES[key]
            raise InputError(
                f"{origin} must have {key} as a text or list of texts, such as {example}, not {checks.show(given)}"
            )
        yield [{key: text} for text in given]


def _grid(grid: object, origin: str) -> Iterator[list[dict[str, Value]]]:
    if not isinstance(grid, Mapping):
        raise InputError(f"{origin} must have grid as a table of lists, not {checks.show(grid)}")
    for name, given in grid.items():
        yield [{str(name): value} for value in _values(f"grid.{name}", given, origin)]


def _zipped(groups: object, origin: str) -> Iterator[list[dict[str, Value]]]:
    """Axes of several names each, whose lists go together."""
    for group in groups if isinstance(groups, (list, tuple)) else [groups]:
        if not isinstance(group, Mapping) or not group:
            raise InputError(f"{origin} must have zip as a table of lists or a list of such tables, not {checks.show(group)}")
        lists = {str(name): _values(f"zip.{name}", given, origin) for name, given in group.items()}
        lengths = {name: len(values) for name, values in lists.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise InputError(f"{origin} must have lists of one length in zip, but {told}")
        yield [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _values(name: str, given: object, origin: str) -> list[Value]:
    if isinstance(given, np.ndarray) and given.ndim == 1:
        given = given.tolist()
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)) or not given:
        raise InputError(f"{origin} must have {name} as a list of values, not {checks.show(given)}")
    return [_value(name, value, origin) for value in given]


def _value(name: str, value: object, origin: str) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, str)) or (isinstance(value, (int, float)) and -LARGEST < value < LARGEST):
        return value
    if isinstance(value, (list, tuple)):
        return [_value(name, entry, origin) for entry in value]
    raise InputError(
        f"{origin} must have finite numbers, texts, true or false, or lists of them in {name}, not {checks.show(value)}"
    )


def _check_axes(axes: Sequence[Sequence[Mapping[str, Value]]], origin: str) -> None:
    total = 1
    names: set[str] = set()
    for axis in axes:
        total *= len(axis)
        for name in axis[0]:
            if name in RESULTS or name.startswith("loss_") or (name in _TEXTS and axis[0].keys() != {name}):
                raise InputError(f"{origin} must not have {name} in grid or zip: it is a column of the results")
            if name in names:
                raise InputError(f"{origin} must have one list {name}, not two")
            names.add(name)
    if total > MOST_RUNS:
        raise InputError(f"{origin} must ask for at most {MOST_RUNS:,} runs, not {total:,}")


def _job(fixed: Mapping[str, object], values: Mapping[str, Value], origin: str) -> tuple[Job, set[str]]:
    """The run with some of the sweep's values, and the names of those that it uses."""
    used = {name for name in (*_TEXTS, *SETTINGS) if name in values}
    given = {**fixed, **{name: values[name] for name in used}}
    landscape, schedule = (_expanded(str(given[key]), values, used, origin) for key in _TEXTS)
    trajectories = checks.integer("trajectories", given.get("trajectories", 256), 1, 2**32)
    expected = given.get("expected", False)
    if not isinstance(expected, bool):
        raise InputError(f"{origin} must have expected true or false, not {checks.show(expected)}")
    updates = float(parsed_landscape(landscape).dim) * _steps(schedule)
    if expected:
        _check_expected(landscape)
    job = Job(
        landscape,
        schedule,
        trajectories,
        seed=checks.seed(given.get("seed", 0)),
        record_every=checks.integer("record_every", given.get("record_every", 100), 1),
        expected=expected,
        files=named_files(landscape, schedule),
        versions=versions(),
        values=tuple((name, value) for name, value in values.items() if name in used),
        work=updates * (1 if expected else trajectories),
    )
    return job, used


def _expanded(text: str, values: Mapping[str, Value], used: set[str], origin: str, trail: tuple[str, ...] = ()) -> str:
    """`text` with values in place of names in braces, and in the values too; adds the names to `used`."""
    stray = _BRACES.sub("", text)
    if "{" in stray or "}" in stray:
        raise InputError(f"{origin} must have whole pairs of braces with a name in each, not {checks.show(text)}")

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name in trail or len(trail) >= DEEPEST:
            raise InputError(f"{origin} must have values that end: {{{name}}} leads back to itself")
        if name not in values:
            raise InputError(f"{origin} must have grid.{name}, which {{{name}}} stands for")
        used.add(name)
        value = values[name]
        return _expanded(value, values, used, origin, (*trail, name)) if isinstance(value, str) else _written(value)

    return _BRACES.sub(put, text)


def _written(value: Value) -> str:
    """A value as parsers read it."""
    if isinstance(value, list):
        return "[" + ", ".join(repr(entry) if isinstance(entry, str) else _written(entry) for entry in value) + "]"
    return str(value)


@lru_cache(maxsize=64)
def parsed_landscape(text: str) -> Landscape:
    """The landscape of a text, not made again for each run."""
    return landscapes.parse(text)


def parsed_schedule(text: str) -> Schedule:
    """The schedule of a text."""
    return schedules.parse(text)


@lru_cache(maxsize=1024)
def _steps(text: str) -> int:
    return parsed_schedule(text).steps


@lru_cache(maxsize=64)
def _check_expected(text: str) -> None:
    landscape = parsed_landscape(text)
    if not isinstance(landscape, ExactLandscape):
        raise InputError(f"expected must be left out for {checks.show(text)}, which has no exact expectation")
    landscape.expected(schedules.constant(steps=1, peak_lr=1e-9))  # refused by some landscapes for some of their settings
