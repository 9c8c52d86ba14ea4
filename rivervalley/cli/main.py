"""Parsing of the command line and its exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rivervalley._common.checks import DivergenceError, InputError

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

# Each command is a module of this package with SUMMARY, EXAMPLE, add_arguments(parser) and run(arguments) -> exit status.
COMMANDS = ("validate", "simulate", "fit", "predict", "plan", "compare", "sweep", "scaling", "bench")


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when done, 1 when a claim failed, 2 for bad input (one line on standard error)."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _Parser(
        prog="rivervalley",
        description="Learning-rate theory put on trial: simulate, fit, predict, plan, and check the claims of papers.",
        epilog="Each command has a --help with an example. The main job: rivervalley validate",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rivervalley {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    wanted = next((word for word in words if word in COMMANDS), None)
    for name in COMMANDS:
        module = importlib.import_module(f"rivervalley.cli.{name}")
        sub = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=module.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if wanted in (None, name):
            module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    try:
        arguments = parser.parse_args(words)
        return int(arguments.run(arguments))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except (InputError, DivergenceError) as error:
        return _complain(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if isinstance(error, BrokenPipeError):
            # The reader went away, as `| head` does; keep Python from complaining at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        return _complain(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        print("rivervalley: interrupted", file=sys.stderr)
        return INTERRUPTED


def _complain(message: str) -> int:
    print("rivervalley: " + " ".join(message.split()), file=sys.stderr)
    return BAD_INPUT


def _version() -> str:
    import rivervalley

    return rivervalley.__version__
