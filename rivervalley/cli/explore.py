"""rivervalley explore: a page in which a law is asked about schedules that are drawn by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

from rivervalley import explore, laws
from rivervalley._common import checks

EXAMPLE = """examples:
  rivervalley explore                                    the equilibrium law, fitted to public runs
  rivervalley explore law.json -o explorer.html          a law of your own, written by rivervalley fit -o
  rivervalley explore law.json --run mpl/25M_cosine_72000

The page opens from the file, without a server or a network. It needs Bokeh here (pip install 'rivervalley[explore]'), and
nothing where it is read. It takes laws of the mixture family: annealing, relaxation, multi_power, equilibrium, forward, steps."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "law", nargs="?", metavar="LAW.json", help="a law written by rivervalley fit -o (default: a public one)"
    )
    parser.add_argument(
        "-o", "--output", default="explorer.html", metavar="PAGE.html", help="where to write the page (default explorer.html)"
    )
    parser.add_argument(
        "--run",
        action="append",
        dest="runs",
        metavar="NAME",
        help="a public run that the page can reveal; may be repeated (default: those of the fitted model and data)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and say what is in it."""
    path = checks.writable("--output", arguments.output)
    law = laws.load(arguments.law) if arguments.law else None
    explore.write_explorer(path, law, arguments.runs)
    size = Path(path).stat().st_size / 1e6
    print(f"{path}: {size:.2f} MB, open it in a browser")
    return 0
