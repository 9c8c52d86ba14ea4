"""Many runs: every combination of some lists of settings, in processes of this machine or on a Dask cluster."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import os
import string
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rivervalley import landscapes, schedules
from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, InputError
from rivervalley._common.files import write_text
from rivervalley._common.json import dumps, plain
from rivervalley._common.processes import pool
from rivervalley.curves.files import write_curve
from rivervalley.curves.run import Run
from rivervalley.landscapes.base import ExactLandscape
from rivervalley.simulation.simulate import simulate

_KEYS = ("landscape", "schedule", "trajectories", "seed", "record_every", "expected", "grid")
_RESULTS = ("run", "status", "end_step", "sum_lr", "loss", "loss_stderr")
MOST_RUNS = 1_000_000


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
    values : tuple of (name, value)
        What this run has of the sweep's lists.
    """

    landscape: str
    schedule: str
    trajectories: int = 256
    seed: int = 0
    record_every: int = 100
    expected: bool = False
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def id(self) -> str:
        """Name of the run: a hash of all that its result depends on."""
        content = {name: value for name, value in asdict(self).items() if name != "values"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_sweep(path: str | os.PathLike[str]) -> list[Job]:
    """The runs that a TOML file asks for: every combination of the lists in its table `grid`.

    A name in braces in `landscape` or `schedule` stands for a value of the grid; `trajectories`, `seed` and `record_every`
    may be in the grid too.

        landscape = "river_valley(hills=[0.5, 2.0], noise_std=0.1)"
        schedule = "wsd(steps={steps}, peak_lr={peak_lr}, decay_fraction=0.1)"
        trajectories = 256
        [grid]
        steps = [1000, 4000]
        peak_lr = [0.1, 0.3]

    Raises
    ------
    InputError
        If the file cannot be read, a key is unknown, missing or of the wrong type, a list is empty or too long, a name in
        braces is not in the grid or one of the grid is used nowhere, or a landscape or schedule cannot be made.
    """
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise InputError(f"path must be a TOML file that can be read, but {str(path)!r} cannot ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"path must be a TOML file, but {str(path)!r} is none ({error})") from None
    return jobs(data, str(path))


def jobs(data: Mapping[str, Any], origin: str = "data") -> list[Job]:
    """The runs that a mapping asks for, keys as in the file of `read_sweep`.

    >>> two = jobs({"landscape": "river_valley(hills=[1.0])", "schedule": "constant(steps={n}, peak_lr=0.1)",
    ...             "grid": {"n": [100, 200]}})
    >>> [job.schedule for job in two]
    ['constant(steps=100, peak_lr=0.1)', 'constant(steps=200, peak_lr=0.1)']
    """
    for key in data:
        if key not in _KEYS:
            raise InputError(f"{origin} must have keys among {', '.join(_KEYS)}, not {key!r}")
    for key in ("landscape", "schedule"):
        if not isinstance(data.get(key), str):
            raise InputError(f"{origin} must have {key} as a text, such as {_example(key)}, not {checks.show(data.get(key))}")
    grid = _grid(data.get("grid", {}), data, origin)
    fixed = {key: data[key] for key in ("trajectories", "seed", "record_every") if key in data}
    made: dict[str, Job] = {}
    for values in itertools.product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        numbers = {
            **fixed,
            **{name: value for name, value in chosen.items() if name in ("trajectories", "seed", "record_every")},
        }
        job = Job(
            data["landscape"].format(**chosen),
            data["schedule"].format(**chosen),
            checks.integer("trajectories", numbers.get("trajectories", 256), 1),
            checks.seed(numbers.get("seed", 0)),
            checks.integer("record_every", numbers.get("record_every", 100), 1),
            _boolean("expected", data.get("expected", False), origin),
            tuple(chosen.items()),
        )
        made.setdefault(job.id, job)
    for landscape in sorted({job.landscape for job in made.values()}):
        valley = landscapes.parse(landscape)
        if data.get("expected", False) and not isinstance(valley, ExactLandscape):
            raise InputError(f"expected must be left out for {landscape!r}, which has no exact expectation")
    for schedule in sorted({job.schedule for job in made.values()}):
        schedules.parse(schedule)
    return list(made.values())


def _example(key: str) -> str:
    return '"river_valley(hills=[1.0])"' if key == "landscape" else '"constant(steps=1000, peak_lr={peak_lr})"'


def _boolean(name: str, value: Any, origin: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{origin} must have {name} true or false, not {checks.show(value)}")
    return value


def _grid(grid: Any, data: Mapping[str, Any], origin: str) -> dict[str, list[Any]]:
    """The lists of the grid, each used somewhere, with every name in braces among them."""
    if not isinstance(grid, Mapping):
        raise InputError(f"{origin} must have grid as a table of lists, not {checks.show(grid)}")
    total = 1
    for name, values in grid.items():
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise InputError(f"{origin} must have grid.{name} as a list of values, not {checks.show(values)}")
        if name in _RESULTS or name.startswith("loss_"):
            raise InputError(f"{origin} must not have grid.{name}: it is a column of the results")
        total *= len(values)
    if total > MOST_RUNS:
        raise InputError(f"{origin} must ask for at most {MOST_RUNS:,} runs, not {total:,}")
    named = set()
    for key in ("landscape", "schedule"):
        try:
            named |= {name for _, name, _, _ in string.Formatter().parse(data[key]) if name is not None}
        except ValueError as error:
            raise InputError(f"{origin} must have {key} with whole pairs of braces, not {data[key]!r} ({error})") from None
    unknown = sorted(named - grid.keys())
    if unknown:
        raise InputError(f"{origin} must have grid.{unknown[0]}, which {{{unknown[0]}}} stands for")
    idle = sorted(grid.keys() - named - {"trajectories", "seed", "record_every"})
    if idle:
        raise InputError(f"{origin} must use grid.{idle[0]}: write {{{idle[0]}}} in the landscape or the schedule")
    return {name: list(values) for name, values in grid.items()}


def run_sweep(
    todo: Iterable[Job],
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    shard: tuple[int, int] = (0, 1),
    dask: str | None = None,
    progress: bool = False,
) -> Path:
    """Do the runs, each into a file of its own, and join their ends in results.csv.

    Runs that the folder holds already are not done again, so an interrupted sweep goes on where it stopped, and several
    machines may share one: with `shard=(i, n)` this one does every n-th run from the i-th (from 0) on. A run that diverges
    is a row that says so.

    Parameters
    ----------
    todo : iterable of Job
    folder : path
        Gets runs/ID.csv (step,lr,loss) and runs/ID.json for each run, and results.csv, a row for each finished run.
    workers : int, optional
        Processes; one for each CPU if not given. 1 stays in this process.
    shard : (int, int)
    dask : str, optional
        Address of a Dask scheduler to use instead; needs rivervalley there, and `pip install 'rivervalley[dask]'` here.
    progress : bool
        Whether to show a bar on standard error.

    Returns
    -------
    Path
        Of results.csv.

    Raises
    ------
    InputError
        If an argument cannot be used or the folder cannot be written to.
    """
    share, of = (checks.integer(name, value, 0) for name, value in zip(("shard[0]", "shard[1]"), shard, strict=True))
    if share >= of:
        raise InputError(f"shard must be (i, n) with 0 <= i < n, not ({share}, {of})")
    chosen = list(todo)
    runs = Path(folder) / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"folder must be one that can be made, not {str(folder)!r} ({error.strerror})") from None
    checks.writable("folder", runs / "x")
    mine = [job for job in chosen[share::of] if not (runs / f"{job.id}.json").is_file()]
    processes = checks.integer("workers", workers, 1) if workers is not None else os.cpu_count() or 1
    from tqdm import tqdm

    done = _on_dask(mine, runs, dask) if dask else _in_processes(mine, runs, min(processes, max(1, len(mine))))
    for _ in tqdm(done, total=len(mine), unit="run", disable=not progress):
        pass
    return _join(chosen, Path(folder))


def _do(job: Job, runs: str) -> str:
    """One run into its files; the .json comes last and marks it as finished."""
    folder = Path(runs)
    landscape, schedule = landscapes.parse(job.landscape), schedules.parse(job.schedule)
    row: dict[str, Any] = {"run": job.id, "end_step": schedule.steps, "sum_lr": float(schedule.lr.sum())}
    try:
        result: Run = (
            landscape.expected(schedule, job.record_every)
            if job.expected and isinstance(landscape, ExactLandscape)
            else simulate(landscape, schedule, job.trajectories, job.seed, job.record_every, threads=1)
        )
    except DivergenceError as error:
        row |= {"status": f"diverged: {error}"}
    else:
        write_curve(folder / f"{job.id}.csv", result.curve())
        row |= {"status": "done", "loss": float(result.loss[-1]), "loss_stderr": float(result.loss_stderr[-1])}
        row |= {f"loss_{name}".replace(" ", "_"): float(values[-1]) for name, values in result.components.items()}
    write_text(folder / f"{job.id}.json", dumps(plain({"job": job, "result": row})) + "\n")
    return job.id


def _in_processes(todo: Sequence[Job], runs: Path, processes: int) -> Iterator[str]:
    if processes == 1 or len(todo) < 2:
        for job in todo:
            yield _do(job, str(runs))
        return
    # The first run compiles the kernels, so that the processes find them in the cache.
    yield _do(todo[0], str(runs))
    with pool(processes) as workers:
        for future in as_completed([workers.submit(_do, job, str(runs)) for job in todo[1:]]):
            yield future.result()


def _on_dask(todo: Sequence[Job], runs: Path, address: str) -> Iterator[str]:
    try:
        from distributed import Client
        from distributed import as_completed as dask_completed
    except ImportError:
        raise InputError("dask must be left out where distributed is missing: pip install 'rivervalley[dask]'") from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"dask must be the address of a scheduler that answers, not {address!r} ({error})") from None
    with client:
        futures = client.map(_do, todo, runs=str(runs.resolve()), key=[job.id for job in todo], pure=False)
        for future in dask_completed(futures):
            yield future.result()


def _join(chosen: Sequence[Job], folder: Path) -> Path:
    """results.csv from the files of all finished runs, in the order asked for."""
    rows = []
    for job in chosen:
        file = folder / "runs" / f"{job.id}.json"
        if file.is_file():
            rows.append({**dict(job.values), **json.loads(file.read_text(encoding="utf-8"))["result"]})
    named = list(dict.fromkeys(name for job in chosen for name, _ in job.values))
    parts = list(dict.fromkeys(name for row in rows for name in row if name not in (*named, *_RESULTS)))
    text = io.StringIO()
    table = csv.DictWriter(text, [*named, *_RESULTS, *parts], restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(folder / "results.csv", text.getvalue(), "folder")
    return folder / "results.csv"
