"""Doing the runs of a sweep: in this process, in several of this machine, or on a Dask cluster."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, InputError
from rivervalley._common.errors import WorkerError
from rivervalley._common.processes import pool
from rivervalley.landscapes.base import ExactLandscape
from rivervalley.simulation.simulate import simulate
from rivervalley.simulation.sweep import store
from rivervalley.simulation.sweep.identity import named_files, versions
from rivervalley.simulation.sweep.jobs import Job, jobs, parsed_landscape, parsed_schedule
from rivervalley.simulation.sweep.store import Outcome, Row
from rivervalley.simulation.sweep.table import SweepTable, check_parquet, table_of

# Processes take seconds to start: what is done before that needs none.
ALONE_SECONDS = 1.0


@dataclass(frozen=True)
class Status:
    """Where a sweep stands: how many runs are asked for, finished, diverged among these; about how many seconds are left."""

    asked: int
    finished: int
    diverged: int
    seconds_left: float | None


def sweep(
    landscape: str | Sequence[str],
    schedule: str | Sequence[str],
    *,
    grid: Mapping[str, Sequence[object]] | None = None,
    zip: Mapping[str, Sequence[object]] | Sequence[Mapping[str, Sequence[object]]] = (),
    trajectories: int = 256,
    seed: int = 0,
    record_every: int = 100,
    expected: bool = False,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> SweepTable:
    """Simulate every combination of some settings.

    A script that uses several processes must hold its call under `if __name__ == "__main__":`, as they import it.

    Parameters
    ----------
    landscape, schedule : str or list of str
        As `landscapes.parse` and `schedules.parse` read them, with names in braces for values of the lists, which may hold
        names in braces themselves.
    grid : mapping of name to list
        Every combination of these values is run; trajectories, seed, record_every and expected may be among them.
    zip : mapping of name to list, or list of such mappings
        Lists whose values go together, first with first, combined with those of `grid`.
    trajectories, seed, record_every : int
        As in `simulate`.
    expected : bool
        Exact expectations in place of sampled trajectories: a thousand take about a second.
    folder : path, optional
        Where each finished run is kept with its curve, so that a sweep that was stopped goes on; see `run_sweep`. Without
        it nothing is written.
    workers : int, optional
        Processes; one for each CPU if not given. 1 stays in this process.
    dask : str, optional
        Address of a Dask scheduler to use instead.
    progress : bool
        Whether to show a bar, with the time left, on standard error.

    Raises
    ------
    InputError
        If an argument cannot be used: before anything is run.
    WorkerError
        If a process or the Dask cluster is lost.

    Examples
    --------
    >>> import rivervalley as rv
    >>> table = rv.sweep("river_valley(hills=[{h}], noise_std=0.1)", "{shape}(steps=200, peak_lr={lr})",
    ...                  grid={"shape": ["constant", "linear"], "lr": [0.1, 0.2]}, zip={"h": [0.5, 1.0]}, expected=True)
    >>> len(table), table.columns[:3], table["loss"].round(3).tolist()[:3]
    (8, ('shape', 'lr', 'h'), [0.254, 0.254, 0.202])
    """
    data: dict[str, object] = {"landscape": landscape, "schedule": schedule, "grid": {} if grid is None else grid, "zip": zip}
    settings = {"trajectories": trajectories, "seed": seed, "record_every": record_every, "expected": expected}
    return run_sweep(jobs(data | settings, "sweep"), folder, workers=workers, dask=dask, progress=progress)


def run_sweep(
    todo: Iterable[Job],
    folder: str | os.PathLike[str] | None,
    *,
    workers: int | None = None,
    shard: tuple[int, int] = (0, 1),
    dask: str | None = None,
    progress: bool = False,
    parquet: bool = False,
) -> SweepTable:
    """Do the runs, each into files of its own, and join their ends in results.csv.

    Runs that the folder holds already, whole and by the same versions of rivervalley, numpy and numba, are not done again. So
    an interrupted sweep goes on where it stopped, and several machines may share one: with `shard=(i, n)` this one does every
    n-th run from the i-th (from 0) on. A run that diverges is a row that says so.

    Parameters
    ----------
    todo : iterable of Job
    folder : path or None
        Gets runs/ID.csv (step,lr,loss) and runs/ID.json for each run, and results.csv, a row for each finished run.
    workers, dask, progress
        As in `sweep`.
    shard : (int, int)
    parquet : bool
        Whether to write results.parquet too; needs pyarrow.

    Raises
    ------
    InputError
        If an argument cannot be used or the folder cannot be written to.
    WorkerError
        If a process or the Dask cluster is lost.
    """
    asked = list(todo)
    mine = _shard(asked, shard)
    processes = checks.integer("workers", workers, 1) if workers is not None else _cpus()
    if dask is not None and (not isinstance(dask, str) or not dask.strip()):
        raise InputError(f"dask must be the address of a scheduler, such as tcp://head:8786, not {checks.show(dask)}")
    if parquet:
        check_parquet()
    place = None if folder is None else store.prepare(folder)
    finished: dict[str, Row] = {}
    if place is not None:
        held = ((job, store.load(place, job)) for job in asked)
        finished = {job.id: outcome.row for job, outcome in held if outcome is not None}
    left = [job for job in mine if job.id not in finished]
    if dask is not None:
        from rivervalley.simulation.sweep.dask import on_dask

        done = _saved(on_dask(left, dask), place)
    else:
        done = _in_processes(left, place, processes)
    with tqdm(total=sum(job.work for job in left), unit="update", unit_scale=True, disable=not progress) as bar:
        for number, (job, row) in enumerate(done, 1):
            finished[job.id] = row
            bar.set_postfix_str(f"{number} of {len(left)} runs", refresh=False)
            bar.update(job.work)
    table = table_of(asked, [(job, finished[job.id]) for job in asked if job.id in finished])
    if place is not None:
        table.write_csv(place / "results.csv")
        if parquet:
            table.write_parquet(place / "results.parquet")
    return table


def status(todo: Iterable[Job], folder: str | os.PathLike[str], shard: tuple[int, int] = (0, 1)) -> Status:
    """Where a sweep stands; nothing is run. The time left is that of one process, by the work that took so long before."""
    mine = _shard(list(todo), shard)
    pairs = [(job, store.load(Path(folder), job)) for job in mine]
    done = [(job, outcome) for job, outcome in pairs if outcome is not None]
    left = sum(job.work for job, outcome in pairs if outcome is None)
    spent, work = math.fsum(outcome.seconds for _, outcome in done), sum(job.work for job, _ in done)
    diverged = sum(outcome.row["status"] != "done" for _, outcome in done)
    return Status(len(mine), len(done), diverged, left * spent / work if work else None)


def compute(job: Job) -> Outcome:
    """One run, on whatever machine."""
    _check_same(job)
    begin = time.perf_counter()
    landscape, schedule = parsed_landscape(job.landscape), parsed_schedule(job.schedule)
    row: Row = {"run": job.id, "end_step": schedule.steps, "sum_lr": float(schedule.lr.sum())}
    try:
        if job.expected and isinstance(landscape, ExactLandscape):
            result = landscape.expected(schedule, job.record_every)
        else:
            result = simulate(landscape, schedule, job.trajectories, job.seed, job.record_every, threads=1)
    except DivergenceError as error:
        return Outcome(row | {"status": f"diverged: {error}"}, None, time.perf_counter() - begin)
    row |= {"status": "done", "loss": _finite(result.loss[-1]), "loss_stderr": _finite(result.loss_stderr[-1])}
    row |= {f"loss_{name}".replace(" ", "_"): _finite(values[-1]) for name, values in result.components.items()}
    return Outcome(row, result.curve(), time.perf_counter() - begin)


def _finite(value: float) -> float | None:
    """One trajectory has no standard error."""
    return float(value) if math.isfinite(value) else None


def _check_same(job: Job) -> None:
    """Whether this process would do what was asked for: workers may be other machines."""
    here = versions()
    if job.versions != here:
        theirs, ours = (" ".join(f"{name} {version}" for name, version in some) for some in (here, job.versions))
        raise WorkerError(f"a worker has {theirs}, but the sweep was asked for with {ours}")
    if job.files != named_files(job.landscape, job.schedule):
        names = ", ".join(name for name, _ in job.files)
        raise WorkerError(f"a file that the sweep names has changed since, or is another one at a worker: {names}")


def _in_processes(todo: Sequence[Job], folder: Path | None, processes: int) -> Iterator[tuple[Job, Row]]:
    """The first runs in this process, which also compiles the kernels for the others."""
    begin = time.perf_counter()
    for number, job in enumerate(todo):
        if number > 0 and processes > 1 and len(todo) - number > 1 and time.perf_counter() - begin > ALONE_SECONDS:
            break
        yield job, _do(job, folder)
    else:
        return
    with pool(min(processes, len(todo) - number)) as workers:
        futures = {workers.submit(_do, job, folder): job for job in todo[number:]}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _do(job: Job, folder: Path | None) -> Row:
    outcome = compute(job)
    if folder is not None:
        store.save(folder, job, outcome)
    return outcome.row


def _saved(outcomes: Iterable[tuple[Job, Outcome]], folder: Path | None) -> Iterator[tuple[Job, Row]]:
    for job, outcome in outcomes:
        if folder is not None:
            store.save(folder, job, outcome)
        yield job, outcome.row


def _shard(asked: Sequence[Job], shard: tuple[int, int]) -> Sequence[Job]:
    if not isinstance(shard, (tuple, list)) or len(shard) != 2:
        raise InputError(f"shard must be a pair (i, n), not {checks.show(shard)}")
    share, of = (checks.integer(f"shard[{k}]", value, 0) for k, value in enumerate(shard))
    if share >= of:
        raise InputError(f"shard must be (i, n) with 0 <= i < n, not ({share}, {of})")
    return asked[share::of]


def _cpus() -> int:
    """CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
