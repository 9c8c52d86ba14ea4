"""rivervalley sweep: every combination of some settings, simulated."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.cli.options import count
from rivervalley.simulation.sweep import Status, read_sweep, run_sweep, status

EXAMPLE = """examples:
  rivervalley sweep sweep.toml -o out
  rivervalley sweep sweep.toml -o out --shard 3/100        one task of an array job; the folder is shared
  rivervalley sweep sweep.toml -o out --dask tcp://head:8786

where sweep.toml reads
  landscape = "river_valley(hills=geomspace(0.05, 2, 15), noise_std=0.1, river=power(1, 1))"
  schedule = "wsd(steps={steps}, peak_lr={peak_lr}, decay_fraction={decay})"
  trajectories = 256
  [grid]
  steps = [2000, 8000]
  peak_lr = [0.1, 0.2, 0.4]
  decay = [0.05, 0.1, 0.2]
  seed = [0, 1]

Landscapes and schedules are those of `rivervalley simulate --help`. `expected = true` takes exact expectations.
`landscape` and `schedule` may be lists of whole calls, and values may hold names in braces themselves. Lists under [zip]
go together, first with first; those under [grid] are combined in all ways.
out/results.csv gets a row for each run, out/runs/ the loss curves."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("sweep", metavar="SWEEP.toml", help="what to run")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder for the results; finished runs are kept")
    parser.add_argument("--workers", type=count, metavar="N", help="processes (default: one for each CPU)")
    parser.add_argument("--shard", metavar="I/N", help="do every N-th run from the I-th on, I from 0")
    parser.add_argument("--status", action="store_true", help="say how many runs are finished and what is left; run none")
    parser.add_argument("--parquet", action="store_true", help="write results.parquet too; needs pyarrow")
    parser.add_argument("--dask", metavar="ADDRESS", help="use this Dask scheduler instead of processes")


def run(arguments: argparse.Namespace) -> int:
    """Run what is not there yet and say where the results are."""
    jobs, shard = read_sweep(arguments.sweep), _shard(arguments.shard)
    if arguments.status:
        print(_progress(status(jobs, arguments.output, shard)))
        return 0
    table = run_sweep(
        jobs,
        arguments.output,
        workers=arguments.workers,
        shard=shard,
        dask=arguments.dask,
        progress=sys.stderr.isatty(),
        parquet=arguments.parquet,
    )
    diverged = sum(row["status"] != "done" for row in table)
    told = f" ({diverged} diverged)" if diverged else ""
    print(f"{len(table)} of {len(jobs)} runs finished{told}; results in {Path(arguments.output) / 'results.csv'}")
    return 0


def _progress(stands: Status) -> str:
    told = f"{stands.finished} of {stands.asked} runs finished"
    if stands.diverged:
        told += f" ({stands.diverged} diverged)"
    if stands.seconds_left is not None and stands.finished < stands.asked:
        told += f"; about {timedelta(seconds=round(stands.seconds_left))} of computing left for one process"
    return told


def _shard(text: str | None) -> tuple[int, int]:
    if text is None:
        return 0, 1
    try:
        share, of = (int(word) for word in text.split("/"))
    except ValueError:
        raise InputError(f"--shard must be I/N, such as 3/100, not {checks.show(text)}") from None
    return share, of
