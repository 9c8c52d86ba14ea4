"""Parsing of the command line and its exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, TextIO

from rivervalley._common.errors import DivergenceError, InputError, WorkerError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

DONE, FAILED, BAD_INPUT, ALARM, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 130, 141

# What each command does in one line. A command is a module of this package with EXAMPLE, add_arguments(parser) and
# run(arguments) -> exit status, which writes files before it prints. Only the module of the command asked for is imported.
COMMANDS = {
    "validate": "Measure the claims of the papers and judge them (the main job).",
    "simulate": "Run SGD on a landscape under a schedule; write the mean loss curve.",
    "fit": "Fit a law to training curves, read from the logs of runs.",
    "predict": "Predict the loss under a schedule with a law that was fitted before.",
    "plan": "Choose a schedule with a fitted law: its peak and shape, when to start the decay, what loss to expect.",
    "transfer": "Predict final losses at another model size from runs of two or more sizes.",
    "watch": "Compare a run that goes on with a law: where it stands, what loss it will reach, alarms.",
    "explore": "Write a page in which a law answers for schedules that are drawn by hand, beside a river valley.",
    "compare": "Compare WSD, WSD-S, cosine, constant and schedules of your own at several compute budgets.",
    "optimal": "Find the LRs with the least expected final loss on a straight or a spherical valley.",
    "sweep": "Simulate every combination of some settings, on all CPUs or a Dask cluster; goes on where it was stopped.",
    "scaling": "What Kaplan's and Chinchilla's scaling laws say, and the same laws fitted to runs of your own.",
    "bench": "Time the kernels beside NumPy and, where it is installed, JAX, all in one run.",
}


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {_brief(message)}; see {self.prog} --help\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # argparse itself would not say that nobody reads.
        if message:
            (file or sys.stderr).write(message)


class _PrintCompletion(argparse.Action):
    """Print the completion of the whole command line for a shell, and end."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> NoReturn:
        from rivervalley.cli import completion

        print(completion.script(build_parser(), str(values)))
        parser.exit(DONE)


def build_parser(commands: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The parser of all commands, with the arguments of those given."""
    from rivervalley import __version__

    parser = _Parser(
        prog="rivervalley",
        description="Learning-rate theory put on trial: simulate, fit, predict, plan, and check the claims of papers.",
        epilog="Each command has a --help with an example. The main job: rivervalley validate",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rivervalley {__version__}")
    parser.add_argument(
        "--print-completion",
        choices=("bash", "zsh"),
        action=_PrintCompletion,
        help="print what your shell must run to complete commands and options, as in "
        'eval "$(rivervalley --print-completion bash)"',
    )
    choices = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, summary in COMMANDS.items():
        sub = choices.add_parser(name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in commands:
            module = importlib.import_module(f"rivervalley.cli.{name}")
            module.add_arguments(sub)
            sub.epilog = module.EXAMPLE
            sub.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status.

    0 done, 1 a claim failed, 2 bad input or a failure of the system (one line on standard error), 3 an alarm of watch
    that goes on, 130 interrupted, 141 where
    the reader of standard output went away, as `| head` does.
    """
    _open_closed_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(words)
        # Here and not at exit, where Python would complain in words of its own.
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
        return READER_GONE
    except (InputError, DivergenceError, WorkerError) as error:
        return _complain(str(error))
    except MemoryError as error:
        return _complain(f"not enough memory: {error}" if str(error) else "not enough memory")
    except OSError as error:
        _discard(sys.stdout)
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    return status


def _run(words: Sequence[str]) -> int:
    wanted = next((word for word in words if word in COMMANDS), None)
    try:
        arguments = build_parser([wanted] if wanted else []).parse_args(words)
        return int(arguments.run(arguments))
    except SystemExit as leaving:  # argparse: --help, --version, bad input
        return int(leaving.code or 0)


def _brief(message: str) -> str:
    """A complaint of argparse, which quotes whole what was typed: words of at most 80 letters, 500 in all, on one line."""
    text = " ".join(word if len(word) <= 80 else word[:77] + "..." for word in message.split())
    return text if len(text) <= 500 else text[:497] + "..."


def _complain(message: str) -> int:
    try:
        print("rivervalley: " + " ".join(message.split()), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)
    return BAD_INPUT


def _open_closed_streams() -> None:
    """Let output that was closed by the caller (`2>&-`) go nowhere, and no name fail for a letter that it cannot encode."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process lives
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _discard(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, so that Python does not fail on it at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError:  # a stream without a file behind it
        return
