"""rivervalley sweep: every combination of some settings, simulated."""

from __future__ import annotations

import argparse
import sys

from rivervalley._common.checks import InputError
from rivervalley.cli.options import count
from rivervalley.simulation.sweep import read_sweep, run_sweep

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
out/results.csv gets a row for each run, out/runs/ the loss curves."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("sweep", metavar="SWEEP.toml", help="what to run")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder for the results; finished runs are kept")
    parser.add_argument("--workers", type=count, metavar="N", help="processes (default: one for each CPU)")
    parser.add_argument("--shard", metavar="I/N", help="do every N-th run from the I-th on, I from 0")
    parser.add_argument("--dask", metavar="ADDRESS", help="use this Dask scheduler instead of processes")


def run(arguments: argparse.Namespace) -> int:
    """Run what is not there yet and say where the results are."""
    jobs = read_sweep(arguments.sweep)
    results = run_sweep(
        jobs,
        arguments.output,
        workers=arguments.workers,
        shard=_shard(arguments.shard),
        dask=arguments.dask,
        progress=sys.stderr.isatty(),
    )
    rows = len(results.read_text(encoding="utf-8").splitlines()) - 1
    print(f"{rows} of {len(jobs)} runs finished; results in {results}")
    return 0


def _shard(text: str | None) -> tuple[int, int]:
    if text is None:
        return 0, 1
    try:
        share, of = (int(word) for word in text.split("/"))
    except ValueError:
        raise InputError(f"--shard must be I/N, such as 3/100, not {text!r}") from None
    return share, of
