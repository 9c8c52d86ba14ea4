"""rivervalley validate: the claims of the papers, measured."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from tqdm import tqdm

from rivervalley import claims
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.claims import report, terminal
from rivervalley.cli.options import add_seed, count

EXAMPLE = f"""examples:
  rivervalley validate                      every claim
  rivervalley validate AL RV-09 --seed 7    the annealing law's claims and one of the river valley's
  rivervalley validate --quick --controls   fewer trajectories; also run the controls, which must fail
  rivervalley validate --power 8            eight times the trajectories, accordingly tighter tolerances
  rivervalley validate --report out         also write out/report.html, report.md, verdicts.json

groups: {", ".join(f"{name} {group.title}" for name, group in claims.GROUPS.items())}.
The table says what becomes of the source's statement, then whether our measurement agrees with its prediction.
Exit status 0 when every measurement agrees (and every control that was run fails, as it must), else 1."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "claims", nargs="*", metavar="CLAIM", help=f"a group ({' '.join(claims.GROUPS)}) or a claim's id; all if none is given"
    )
    add_seed(parser)
    parser.add_argument("--quick", action="store_true", help="fewer trajectories, accordingly wider tolerances")
    parser.add_argument(
        "--power", type=count, default=1, metavar="K", help="multiply the trajectories by K; standard errors shrink (default 1)"
    )
    parser.add_argument("--controls", action="store_true", help="also run each claim's control, which must fail")
    parser.add_argument("--list", action="store_true", help="list the claims instead of measuring them")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")
    parser.add_argument("--report", metavar="DIR", help="also write a report to this folder: a page, its text, the numbers")
    parser.add_argument(
        "--curves",
        metavar="DIR",
        help="folder of real training curves with an index.csv, in place of those that come with the package",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes to measure in (default: one for each CPU)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write; returns the exit status."""
    chosen = claims.select(arguments.claims)
    folder = report.prepare_folder(arguments.report) if arguments.report else None
    if arguments.list:
        print(report.claims_json(chosen) if arguments.json else terminal.claims_list(chosen))
        return 0
    workers = _workers(arguments.workers, len(chosen))
    verdicts = []
    stream = claims.check_all(
        [claim.id for claim in chosen],
        arguments.seed,
        quick=arguments.quick,
        curves=arguments.curves,
        controls=arguments.controls,
        workers=workers,
        power=arguments.power,
    )
    width = shutil.get_terminal_size((120, 24)).columns
    if not arguments.json:
        print(terminal.table_header(width, arguments.controls))
    with tqdm(total=len(chosen), disable=not sys.stderr.isatty(), unit="claim", leave=False) as bar:
        for verdict in stream:
            verdicts.append(verdict)
            if not arguments.json:
                with tqdm.external_write_mode(file=sys.stdout):
                    print(terminal.table_row(verdict, width), flush=True)
            bar.set_postfix_str(verdict.id)
            bar.update()
    document = report.verdicts_document(verdicts, arguments.seed)
    if arguments.json:
        print(dumps(plain(document)))
    else:
        print(terminal.summary(verdicts, width))
    if folder is not None:
        written = report.write_report(folder, verdicts, document)
        print(f"report written to {written}", file=sys.stderr)
    return 0 if terminal.all_well(verdicts) else 1


def _workers(asked: int | None, count: int) -> int:
    if asked is not None and asked < 1:
        raise InputError(f"--workers must be an integer of at least 1, not {asked}")
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    # A process of its own costs a second or two to start: not worth it for a few claims.
    return asked if asked is not None else (cpus if count > 4 else 1)
