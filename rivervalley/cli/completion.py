"""Completion of commands, options and file names in a shell."""

from __future__ import annotations

import argparse
import importlib

from rivervalley._common.errors import InputError


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """What a shell must run to complete the command line of a parser; needs shtab."""
    try:
        shtab = importlib.import_module("shtab")
    except ImportError:
        raise InputError("--print-completion needs shtab: pip install 'rivervalley[completion]'") from None
    for action in _actions(parser):
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        # Metavars say what is meant: DIR, FILE.png, CURVE.csv, LOG.
        if metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif metavar == "LOG" or metavar.partition(".")[2].isalpha():
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    text: str = shtab.complete(parser, shell)
    return text


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The arguments of a parser and of its commands."""
    actions: list[argparse.Action] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            actions += [inner for sub in action.choices.values() for inner in _actions(sub)]
        else:
            actions.append(action)
    return actions
