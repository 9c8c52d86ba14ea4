"""rivervalley compare: several schedules at several budgets on one landscape."""

from __future__ import annotations

import argparse

from rivervalley import landscapes, schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.options import add_seed, count
from rivervalley.simulation.compare import Contender, compare, contenders, table

EXAMPLE = """examples:
  rivervalley compare "river_valley(hills=geomspace(0.02, 1, 50), noise_std=0.14)" \\
      --checkpoints 2500,5000,10000 --peak-lr 0.5
  rivervalley compare "river_valley(hills=[0.5, 2.0])" --checkpoints 1000,4000 --peak-lr 0.4 \\
      --schedule "linear(steps=4000, peak_lr=0.4)" --trajectories 256 --json
  rivervalley compare "walled_valley(hills=[1, 1], narrowing=0.2, river=linear(0.01), noise_std=0.5)" \\
      --checkpoints 1000,4000 --peak-lr 0.1 --trajectories 1000
  rivervalley compare "power_law_spherical_valley(rule=adamw(0.1))" --checkpoints 5000,20000 --peak-lr 1e-3

A schedule of your own is read at each checkpoint on its way. S is the cumulative LR up to there: a loss at more S is no win
of the shape alone. Straight and spherical valleys and some models of regression and language have exact expectations; others
need --trajectories.

""" + landscapes.parse_help()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("landscape", metavar="LANDSCAPE", help="the loss surface, as a call")
    parser.add_argument("--checkpoints", required=True, metavar="N,N,...", help="compute budgets in updates, rising")
    parser.add_argument("--peak-lr", type=float, required=True, metavar="X", help="peak rate of the standard schedules")
    parser.add_argument("--final-lr", type=float, metavar="X", help="last rate of the standard decays (a tenth of the peak)")
    parser.add_argument("--decay-fraction", type=float, default=0.1, metavar="X", help="share of the elapsed steps (0.1)")
    parser.add_argument("--schedule", action="append", default=[], metavar="SCHEDULE", help="one of your own; may be repeated")
    parser.add_argument("--trajectories", type=count, metavar="N", help="sample this many (default: the exact expectation)")
    add_seed(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Compare and print the table."""
    landscape = landscapes.parse(arguments.landscape)
    if arguments.trajectories is None and not isinstance(landscape, landscapes.ExactLandscape):
        raise InputError("--trajectories must be given: this landscape has no exact expectation")
    try:
        budgets = [int(word) for word in arguments.checkpoints.split(",")]
    except ValueError:
        raise InputError(
            f"--checkpoints must be comma-separated update counts, not {checks.show(arguments.checkpoints)}"
        ) from None
    shown: dict[str, Contender] = contenders(budgets, arguments.peak_lr, arguments.decay_fraction, arguments.final_lr)
    for text in arguments.schedule:
        own = schedules.parse(text)
        name = own.name if own.name not in shown else text
        shown[name] = own
    entries = compare(landscape, shown, budgets, arguments.trajectories, arguments.seed)
    if arguments.json:
        print(dumps(plain(entries)))
    else:
        print(table(entries))
    return 0
