"""rivervalley watch: a run that goes on against a law."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rivervalley import read_curves
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.files import write_text
from rivervalley._common.json import dumps, plain
from rivervalley.cli.curves import add_curve_options, add_fit_options, law_of
from rivervalley.cli.main import ALARM, DONE
from rivervalley.cli.options import check_outputs, count
from rivervalley.curves import given_rates
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.files import CurveWarning
from rivervalley.curves.readers.names import parse_columns
from rivervalley.laws import Law
from rivervalley.monitoring.follow import follow
from rivervalley.monitoring.report import as_document, as_line, as_text
from rivervalley.monitoring.watch import WatchReport, watch

EXAMPLE = """examples:
  rivervalley watch law.json run.csv --schedule "wsd(steps=24000, peak_lr=3e-4, warmup_steps=2000, decay_fraction=0.2)"
  rivervalley watch law.json out/trainer_state.json --steps 24000 --plot watch.png
  rivervalley watch train.log --fit constant.csv wsd.csv --steps 24000 --follow
  rivervalley watch law.json metrics.csv --steps 24000 --follow --json >> watch.jsonl

Exit status: 0 all is well, 3 an alarm goes on at the last reading, 2 bad input. --follow reads the log again when it grew, prints
a line each time, and ends at the last step of the schedule, at --until, or with Ctrl-C."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("paths", nargs="+", metavar="LAW.json LOG", help="the law, unless --fit is given, and the run's log")
    add_fit_options(parser)
    parser.add_argument("--steps", type=count, metavar="N", help="length of the run: the last LR is kept until then")
    add_curve_options(parser)
    parser.add_argument("--follow", action="store_true", help="go on reading the log as it grows")
    parser.add_argument(
        "--every", type=float, default=10.0, metavar="SECONDS", help="with --follow: between looks (default 10)"
    )
    parser.add_argument("--until", type=count, metavar="STEP", help="with --follow: end at this step")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output; with --follow one a line")
    parser.add_argument("-o", "--output", metavar="REPORT.json", help="write the last report as JSON")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the run, the law with its interval, and the residuals")


def run(arguments: argparse.Namespace) -> int:
    """Watch once or until the end; write what was asked for, print."""
    check_outputs(arguments.output, arguments.plot)
    every = checks.real("--every", arguments.every, 0.0, open_low=True)
    if len(arguments.paths) != (1 if arguments.fit else 2):
        raise InputError("watch must be given LAW.json and LOG, or LOG and --fit with training logs")
    path, own = given_rates.split_argument(arguments.paths[-1])
    schedule = arguments.schedule or own or given_rates.beside(path)
    law, notes = _law(arguments)

    def read(where: str) -> LossCurve:
        return _read(where, arguments, schedule)

    if not arguments.follow:
        return _show(law, read(path), arguments, notes)
    status = DONE
    with _ended_by_signals():
        try:
            for curve in follow(path, read, _tell, every):
                status = _show(law, curve, arguments, [])
                planned = arguments.steps or (curve.schedule.steps if schedule else None)
                if int(curve.steps[-1]) >= (arguments.until or planned or sys.maxsize):
                    break
        except KeyboardInterrupt:
            _tell("ended")
    return status


def _law(arguments: argparse.Namespace) -> tuple[Law, list[str]]:
    """The law; --schedule and --run speak of the run that is watched, not of the logs that are fitted."""
    fitting = argparse.Namespace(**{**vars(arguments), "schedule": None, "runs": None})
    return law_of(None if arguments.fit else arguments.paths[0], fitting)


def _read(path: str, arguments: argparse.Namespace, schedule: str | dict[str, str] | None) -> LossCurve:
    """The one run that is watched."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CurveWarning)
        curves = read_curves(
            path,
            schedule,
            arguments.warmup_steps,
            columns=parse_columns(arguments.columns) if arguments.columns else None,
            runs=arguments.runs,
            batch_tokens=arguments.batch_tokens,
            duplicates=arguments.duplicates,
        )
    if len(curves) > 1:
        raise InputError(f"--run must choose one of the {len(curves)} runs, {', '.join(curve.name for curve in curves[:8])}")
    return curves[0]


def _show(law: Law, curve: LossCurve, arguments: argparse.Namespace, notes: list[str]) -> int:
    """Write and print a report; its exit status."""
    if curve.steps[-1] < curve.schedule.warmup_steps:
        _tell(f"step {int(curve.steps[-1])}: the warm-up lasts until step {curve.schedule.warmup_steps}")
        return DONE
    length = arguments.steps if arguments.steps and arguments.steps > curve.schedule.steps else None
    report = watch(law, curve, steps=length)
    document = plain(as_document(report))
    if arguments.output:
        write_text(arguments.output, dumps(document) + "\n", "--output")
    if arguments.plot:
        from rivervalley.plots.watch import draw_watch

        draw_watch(law, curve, report, arguments.plot)
    print(_printed(report, document, arguments, [*notes, *curve.notes]), flush=True)
    return ALARM if report.active_alarms else DONE


def _printed(report: WatchReport, document: object, arguments: argparse.Namespace, notes: list[str]) -> str:
    if arguments.json:
        return json.dumps(document) if arguments.follow else dumps(plain(document))
    if arguments.follow:
        return as_line(report)
    return as_text(report) + "".join(f"\nnote: {note}" for note in notes)


def _tell(sentence: str) -> None:
    print(f"rivervalley: {sentence}", file=sys.stderr, flush=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
