"""rivervalley plan: which schedule, which peak, when to decay, what loss to expect."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.curves import add_curve_options, add_fit_options, law_of
from rivervalley.cli.options import check_outputs, count
from rivervalley.laws import Law
from rivervalley.planning.opinions import Opinion, disagreement, opinions, table
from rivervalley.planning.plan import HIGHEST, Plan, plan
from rivervalley.planning.report import as_document, as_text

EXAMPLE = """examples:
  rivervalley plan law.json --steps 24000 --peak-lr 3e-4
  rivervalley plan law.json --steps 72000 --peak-lr 3e-4,6e-4,1e-3 -o best.csv --plot plan.png
  rivervalley plan --fit constant.csv wsd.csv --weight-decay 0.1 --warmup-steps 2000 --steps 48000
  rivervalley plan --fit constant.csv wsd.csv --law equilibrium,multi-power,annealing --steps 48000
  rivervalley plan law.json --steps 40000 --checkpoints 10000,20000,40000 --json

The answer comes first, in three sentences. The peak LR is chosen among several (comma-separated, or LOW:HIGH) where the law
transfers across peaks, and never above twice the highest that ran: no law sees divergence coming."""

GRID = 7  # peaks tried in a range LOW:HIGH


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("law", nargs="?", metavar="LAW.json", help="a law written by rivervalley fit -o")
    add_fit_options(parser)
    parser.add_argument("--steps", type=count, required=True, metavar="N", help="length of the run, warm-up included")
    parser.add_argument(
        "--peak-lr", metavar="X[,Y,...]", help="peak LR, candidates, or a range LOW:HIGH (default: the highest fitted)"
    )
    add_curve_options(parser)
    parser.add_argument("--final-lr", type=float, default=0.0, metavar="X", help="floor of all decays (default 0)")
    parser.add_argument(
        "--checkpoints", metavar="N,N,...", help="also WSD-S with a decay before each of these updates and the end"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")
    parser.add_argument("-o", "--output", metavar="LR.csv", help="write the LRs of the recommended schedule, one row an update")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the best schedules and what a decay would give now")


def run(arguments: argparse.Namespace) -> int:
    """Plan, write what was asked for, print."""
    check_outputs(arguments.output, arguments.plot)
    law, notes, others = _laws(arguments)
    advice = plan(
        law,
        arguments.steps,
        _peaks(arguments.peak_lr, law),
        arguments.warmup_steps,
        arguments.final_lr,
        _numbers("--checkpoints", arguments.checkpoints),
        progress=sys.stderr.isatty(),
    )
    views = opinions(advice, [law, *others]) if others else ()
    if arguments.output:
        schedules.write_csv(arguments.output, advice.recommended.schedule)
    if arguments.plot:
        from rivervalley.plots.plan import draw_plan

        draw_plan(advice, arguments.plot)
    if arguments.json:
        print(dumps(plain(as_document(advice) | ({"laws": views} if views else {}))))
    else:
        print(_text(advice, views) + "".join(f"\nnote: {note}" for note in notes))
    return 0


def _laws(arguments: argparse.Namespace) -> tuple[Law, list[str], list[Law]]:
    """The law to plan with, notes on how it came, and the others that --law names."""
    first, *others = arguments.kind.split(",")
    law, notes = law_of(arguments.law, argparse.Namespace(**{**vars(arguments), "kind": first}))
    if others and arguments.fit is None:
        raise InputError("--law must be left out, or name one law, where LAW.json is given: several laws need --fit")
    rest = []
    for name in others:
        theirs = {} if name in ("auto", "equilibrium") else {"weight_decay": None, "init_std": None}
        rest.append(law_of(None, argparse.Namespace(**{**vars(arguments), "kind": name, **theirs}))[0])
    return law, notes, rest


def _text(advice: Plan, views: Sequence[Opinion]) -> str:
    """The plan, and after its headline what other laws say."""
    if not views:
        return as_text(advice)
    head, _, rest = as_text(advice).partition("\n\n")
    return f"{head}\n{disagreement(advice, views[1:])}\n\n{table(advice, views)}\n\n{rest}"


def _peaks(text: str | None, law: Law) -> list[float] | None:
    """Candidate peaks: comma-separated numbers, or a range from which a few are taken."""
    if text is None:
        return None
    if ":" not in text:
        return _floats(text.split(","), text)
    ends = _floats(text.split(":"), text)
    if len(ends) != 2 or not 0.0 < ends[0] < ends[1]:
        raise InputError(f"--peak-lr must be numbers separated by commas, or a range LOW:HIGH, not {checks.show(text)}")
    high = min(ends[1], HIGHEST * law.peak_lr[1]) if law.peak_lr is not None else ends[1]
    return [float(f"{peak:.3g}") for peak in np.geomspace(ends[0], max(high, ends[0]), GRID)]


def _floats(words: list[str], text: str) -> list[float]:
    try:
        return [checks.real("--peak-lr", float(word), 0.0, open_low=True) for word in words]
    except ValueError:
        raise InputError(
            f"--peak-lr must be numbers separated by commas, or a range LOW:HIGH, not {checks.show(text)}"
        ) from None


def _numbers(name: str, text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"{name} must be comma-separated update counts, not {checks.show(text)}") from None
