"""Schedules written as text, as on the command line: one call with literals, never eval."""

from __future__ import annotations

import ast
import difflib
import inspect
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.schedules import constructors, cyclic, files
from rivervalley.schedules.schedule import Schedule

NAMES: Mapping[str, Callable[..., Schedule]] = {
    "constant": constructors.constant,
    "cosine": constructors.cosine,
    "linear": constructors.linear,
    "exponential": constructors.exponential,
    "inverse_sqrt": constructors.inverse_sqrt,
    "multi_step": constructors.multi_step,
    "wsd": constructors.wsd,
    "wsd_s": cyclic.wsd_s,
    "cyclic_cosine": cyclic.cyclic_cosine,
    "from_lr": files.from_lr,
    "from_csv": files.from_csv,
    "from_npy": files.from_npy,
}


def parse(text: str) -> Schedule:
    """A schedule from text such as "wsd(steps=20000, peak_lr=0.05, decay_fraction=0.1)", or from a file's path.

    A text that ends in .csv or .npy, or names a file that exists, is a path; any other is one call of a constructor, from_lr,
    from_csv or from_npy, with numbers, texts and lists of them as arguments. Nothing is evaluated.

    Raises
    ------
    InputError
        If the text is neither a call of a known constructor with literal arguments nor the path of a file.

    Examples
    --------
    >>> parse("wsd(steps=20000, peak_lr=0.05, decay_fraction=0.1)").steps
    20000
    """
    if not isinstance(text, str):
        raise InputError(f"schedule must be text, not {checks.show(text)}")
    text = text.strip()
    if text.lower().endswith((".csv", ".npy")) or _is_file(text):
        return files.load(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise InputError(
            "schedule must read like wsd(steps=20000, peak_lr=0.05, decay_fraction=0.1) or name a .csv or .npy file, "
            f"not {checks.show(text)}"
        )
    name = call.func.id
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"schedule must be one of {', '.join(NAMES)}, not {checks.show(name)}{hint}")
    try:
        positional = [ast.literal_eval(argument) for argument in call.args]
        named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg is not None}
        if len(named) != len(call.keywords):
            raise ValueError
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise InputError(f"arguments of {name} must be numbers, text or lists of them, in {checks.show(text)}") from None
    signature = inspect.signature(NAMES[name])
    by_place = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(positional) > len(by_place):
        raise InputError(
            f"{name} takes only {' and '.join(by_place)} without a name, not {len(positional)} values; write the others as "
            f"name=value: {', '.join(key for key in signature.parameters if key not in by_place)}"
        )
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        wrong = [key for key in named if key not in signature.parameters]
        close = difflib.get_close_matches(wrong[0], signature.parameters, 1) if wrong else []
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"{name}: {error}{hint}; its arguments are {', '.join(signature.parameters)}") from None
    return NAMES[name](*positional, **named)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False
