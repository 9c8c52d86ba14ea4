"""rivervalley bench: nanoseconds per step and coordinate."""

from __future__ import annotations

import argparse

from rivervalley import bench
from rivervalley._common.json import dumps, plain

EXAMPLE = """examples:
  rivervalley bench
  rivervalley bench --json > bench.json

JAX is timed where it is installed (pip install 'rivervalley[bench]')."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Time everything and print the rows."""
    rows = bench.run(progress=True)
    print(dumps(plain(bench.document(rows))) if arguments.json else bench.table(rows))
    return 0
