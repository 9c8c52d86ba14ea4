"""Calls written as text, as on the command line: known names with literals as arguments, never eval.

call     = name "(" arguments ")", or a name alone for a call without arguments
argument = number, text, True, False, None, a list of arguments, or a call of a name that may stand as an argument
"""

from __future__ import annotations

import ast
import difflib
import inspect
import warnings
from collections.abc import Iterable, Sequence

from rivervalley._common.checks import InputError, show
from rivervalley._common.registry import Entry, Registry, find

DEEPEST = 40  # calls, lists and signs within each other
LONGEST = 1_000_000  # entries of a list


def call(
    text: str, what: str, example: str, makers: Registry, parts: Sequence[Registry] = (), longest: int = LONGEST
) -> object:
    """What the call that a text is gives.

    Parameters
    ----------
    text : str
    what : str
        What messages call the text, such as "landscape".
    example : str
        A call that is right, for messages.
    makers : Registry
        The names that may be called.
    parts : sequence of Registry
        The names that may be called in an argument.
    longest : int
        The most entries that a list may have.

    Raises
    ------
    InputError
        If the text is no such call, or an argument does not fit.

    Examples
    --------
    >>> names = Registry("number")
    >>> _ = names.add("double", "double(2)", "twice a number")(lambda x: 2 * x)
    >>> call("double(double(-3))", "number", "double(2)", names, [names])
    -12
    """
    if not isinstance(text, str):
        raise InputError(f"{what} must be text, not {show(text)}")
    tree = _tree(text.strip())
    if isinstance(tree, ast.Name):
        tree = ast.Call(func=tree, args=[], keywords=[])
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise InputError(f"{what} must read like {example}, not {show(text)}")
    if _depth(tree) > DEEPEST:
        raise InputError(f"{what} must have at most {DEEPEST} brackets and signs within each other, which {show(text)} exceeds")
    return _Reader(parts, longest).call(tree, what, [makers])


def _tree(text: str) -> ast.expr | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _depth(tree: ast.AST) -> int:
    """Levels of the tree that are calls, lists and signs; counted level by level, for a deep tree exhausts the stack."""
    depth, level = 0, [tree]
    while level and depth <= DEEPEST:
        depth += any(isinstance(node, (ast.Call, ast.List, ast.Tuple, ast.UnaryOp)) for node in level)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


class _Reader:
    """Values of the nodes of one text."""

    def __init__(self, parts: Sequence[Registry], longest: int) -> None:
        self.parts = parts
        self.longest = longest

    def call(self, node: ast.Call, what: str, registries: Iterable[Registry]) -> object:
        entry = find(node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func), what, registries)
        positional = [self.value(argument, entry.name) for argument in node.args]
        named: dict[str, object] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise InputError(f"arguments of {entry.name} must be written out, without * or **")
            if keyword.arg in named:
                raise InputError(f"{entry.name} must get {keyword.arg} once, not twice")
            named[keyword.arg] = self.value(keyword.value, entry.name)
        _check_arguments(entry, positional, named)
        try:
            return entry.make(*positional, **named)
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(f"{entry.name}: {error}") from None

    def value(self, node: ast.expr, where: str) -> object:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            number = self.value(node.operand, where)
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                return -number if isinstance(node.op, ast.USub) else number
        if isinstance(node, (ast.List, ast.Tuple)):
            if len(node.elts) > self.longest:
                raise InputError(f"a list in {where} must have at most {self.longest} entries, not {len(node.elts)}")
            return [self.value(element, where) for element in node.elts]
        if isinstance(node, ast.Call) and self.parts:
            return self.call(node, f"an argument of {where}", self.parts)
        if isinstance(node, ast.Starred):
            raise InputError(f"arguments of {where} must be written out, without * or **")
        calls = " or known calls" if self.parts else ""
        raise InputError(f"arguments of {where} must be numbers, text, lists of them{calls}, not {show(ast.unparse(node))}")


def _check_arguments(entry: Entry, positional: Sequence[object], named: dict[str, object]) -> None:
    """Refuse arguments that the maker does not take, in words that say which it takes."""
    signature = entry.signature
    parameters = signature.parameters.values()
    by_place = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if len(positional) > len(by_place) and by_name and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise InputError(
            f"{entry.name} takes only {' and '.join(by_place) or 'arguments'} without a name, not {len(positional)} values; "
            f"write the others as name=value: {', '.join(by_name)}"
        )
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        wrong = [key for key in named if key not in signature.parameters]
        close = difflib.get_close_matches(wrong[0], signature.parameters, 1) if wrong else []
        hint = f" (did you mean {close[0]}?)" if close else ""
        allowed = ", ".join(_plain(signature)) or "none"
        raise InputError(f"{entry.name}: {error}{hint}; its arguments are {allowed}") from None


def _plain(signature: inspect.Signature) -> list[str]:
    """Parameters as name or name=default, without types."""
    return [
        p.name if p.default is p.empty or "factory" in repr(p.default) else f"{p.name}={p.default}"
        for p in signature.parameters.values()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
