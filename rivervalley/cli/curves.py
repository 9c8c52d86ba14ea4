"""Training curves as the commands read them: options that say how, and what was guessed or dropped in doing so."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence

from rivervalley import read_curve, schedules
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.files import CurveWarning


def add_curve_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that reads curves."""
    parser.add_argument("--schedule", metavar="SCHEDULE", help="the rates of all the curves, where the files do not hold each")
    parser.add_argument("--warmup-steps", type=int, metavar="N", help="length of the warm-up of all the curves")


def read(paths: Sequence[str], arguments: argparse.Namespace) -> tuple[list[LossCurve], list[str]]:
    """The curves of some files, and what was guessed or dropped in reading them."""
    rates = schedules.parse(arguments.schedule) if arguments.schedule else None
    curves: list[LossCurve] = []
    notes: list[str] = []
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CurveWarning)
            curve = read_curve(path, schedule=rates, warmup_steps=arguments.warmup_steps)
        curves.append(curve)
        notes += [f"{path}: {note}" for note in curve.notes]
    return curves, notes
