"""Options that several commands share."""

from __future__ import annotations

import argparse

from rivervalley._common import checks
from rivervalley._common.checks import InputError


def add_seed(parser: argparse.ArgumentParser) -> None:
    """--seed N."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the noise, 0 to 2**64 - 1 (default 0)")


def seed(text: str) -> int:
    """A seed typed on the command line."""
    return _typed(text, "seed", 0, 2**64 - 1, "an integer between 0 and 2**64 - 1")


def count(text: str) -> int:
    """A number of things typed on the command line: at least 1."""
    return _typed(text, "value", 1, None, "an integer of at least 1")


def check_outputs(output: str | None, plot: str | None) -> None:
    """Refuse --output and --plot paths that cannot be written, before any work."""
    if output:
        checks.writable("--output", output)
    if plot:
        from rivervalley import plots

        plots.check_path(plot, "--plot")


def _typed(text: str, name: str, low: int, high: int | None, allowed: str) -> int:
    try:
        return checks.integer(name, int(text), low, high)
    except (ValueError, InputError):
        raise argparse.ArgumentTypeError(f"must be {allowed}, not {checks.show(text)}") from None
