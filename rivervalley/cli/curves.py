"""Training curves as the commands read them: options that say how, and what was guessed or dropped in doing so."""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rivervalley import laws, read_curves
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.files import CurveWarning
from rivervalley.curves.given_rates import split_argument
from rivervalley.curves.readers.names import parse_columns
from rivervalley.curves.readers.readings import DUPLICATES
from rivervalley.laws import Law
from rivervalley.laws.report import NO_SINGLE_LAW, no_single_law

LOGS = """LOG is a file of CSV, JSON Lines, trainer_state.json, Parquet or text as trainers print it, or a folder of TensorBoard
events; all runs of it are read. LOG:SCHEDULE, as in run.csv:"cosine(steps=24000, peak_lr=3e-4)", gives the rates of a log that
holds none, as a file LOG.schedule beside it does."""


def add_curve_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that reads curves."""
    group = parser.add_argument_group("how logs are read", LOGS)
    group.add_argument("--schedule", metavar="SCHEDULE", help="the rates of all the curves, where the logs do not hold each")
    group.add_argument("--warmup-steps", type=int, metavar="N", help="length of the warm-up of all the curves")
    group.add_argument(
        "--columns",
        metavar="ROLE=NAME,...",
        help="which column is which where names do not tell, as in step=iter,lr=learning_rate,loss=val_loss",
    )
    group.add_argument(
        "--run", dest="runs", action="append", metavar="NAME", help="take this run of logs that hold several (may be repeated)"
    )
    group.add_argument("--batch-tokens", type=int, metavar="N", help="tokens of an update, for logs that count tokens")
    group.add_argument(
        "--duplicates",
        default="keep-last",
        metavar="WHICH",
        help=f"readings of a step that a resumed run repeats: {', '.join(DUPLICATES)} (default keep-last)",
    )


def add_configuration_options(parser: argparse.ArgumentParser) -> None:
    """What the equilibrium law, and so --law auto, goes by beside the schedule."""
    parser.add_argument(
        "--weight-decay",
        metavar="X[,Y,...]",
        help="AdamW's weight decay, of all curves or of each (default: 0.1, or what fits clearly better)",
    )
    parser.add_argument(
        "--init-std",
        metavar="X[,Y,...]",
        help="standard deviation of the initial weights, of all curves or of each (default 0.02)",
    )


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that take a law or fit one first: --fit, --law and the configuration."""
    parser.add_argument("--fit", nargs="+", metavar="LOG", help="in place of LAW.json: fit these training logs first")
    parser.add_argument(
        "--law",
        dest="kind",
        default="auto",
        metavar="NAME",
        help="with --fit: the law to fit (default auto); plan takes several, comma-separated, the first to plan with and the others for comparison",
    )
    add_configuration_options(parser)


def law_of(path: str | None, arguments: argparse.Namespace) -> tuple[Law, list[str]]:
    """The law of a file, or fitted to the logs that --fit names; and notes on how."""
    if (path is None) == (arguments.fit is None):
        raise InputError(f"{arguments.command} must be given either LAW.json or --fit with training logs")
    if path is not None:
        return laws.load(path), []
    curves, notes = read(arguments.fit, arguments)
    kind = laws.law_name("--law", arguments.kind, "auto")
    law = laws.fit(curves, law=kind, **configuration(arguments, kind, len(curves)))
    doubts = [] if law.result is None else [warning.text for warning in law.result.warnings]
    rule = [law.result.rule] if law.result is not None and law.result.rule else []
    apart = [NO_SINGLE_LAW] if no_single_law(law) else []
    return law, [*apart, *rule, *notes, *doubts]


def configuration(arguments: argparse.Namespace, law: str, curves: int) -> dict[str, float | list[float]]:
    """The options of a fit that `add_configuration_options` reads; refused for a law that does not take them."""
    options: dict[str, float | list[float]] = {}
    for name in ("weight_decay", "init_std"):
        text = getattr(arguments, name)
        if text is None:
            continue
        flag = "--" + name.replace("_", "-")
        if law not in ("auto", "equilibrium"):
            raise InputError(f"{flag} must be left out for the law {law!r}, which does not depend on it")
        try:
            numbers = [float(word) for word in text.split(",")]
        except ValueError:
            raise InputError(
                f"{flag} must be a number, or comma-separated numbers, one for each curve, not {checks.show(text)}"
            ) from None
        if len(numbers) not in (1, curves):
            raise InputError(f"{flag} must be one number or {curves}, one for each curve, not {len(numbers)}")
        options[name] = numbers[0] if len(numbers) == 1 else numbers
    return options


def read(logs: Sequence[str], arguments: argparse.Namespace) -> tuple[list[LossCurve], list[str]]:
    """The curves of some logs, and for each log a line on what was guessed or dropped in reading it.

    Curves of one name get that of their folder before it.
    """
    options: dict[str, Any] = {
        "warmup_steps": arguments.warmup_steps,
        "columns": parse_columns(arguments.columns) if arguments.columns else None,
        "runs": arguments.runs,
        "batch_tokens": arguments.batch_tokens,
        "duplicates": arguments.duplicates,
    }
    curves: list[LossCurve] = []
    places: list[str] = []
    notes: list[str] = []
    for log in logs:
        path, own = split_argument(log)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", CurveWarning)
            found = read_curves(path, own or arguments.schedule, **options)
        left_out = [str(entry.message) for entry in caught if "left out" in str(entry.message)]
        curves += found
        places += [path] * len(found)
        notes += [*left_out, *_note(Path(path).name, {curve.name: curve.notes for curve in found})]
    counts = Counter(curve.name for curve in curves)
    named = [
        replace(curve, name=f"{Path(place).absolute().parent.name}/{curve.name}") if counts[curve.name] > 1 else curve
        for curve, place in zip(curves, places, strict=True)
    ]
    return named, notes


def _note(file: str, notes: Mapping[str, Sequence[str]]) -> list[str]:
    """All notes on a file as one line; those that not all of its runs share, with the runs' names."""
    runs: dict[str, list[str]] = {}
    for run, texts in notes.items():
        for text in texts:
            runs.setdefault(text, []).append(run)
    texts = [text if len(names) == len(notes) else f"{text} ({', '.join(names)})" for text, names in runs.items()]
    return [f"{file}: {'; '.join(texts)}"] if texts else []
