"""Landscapes written as text, as on the command line: calls of known names with literals, never eval."""

from __future__ import annotations

import ast
import difflib
import inspect
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.landscapes.base import Landscape
from rivervalley.landscapes.language.language import cities, dirichlet, zipf
from rivervalley.landscapes.language.model import Bigram
from rivervalley.landscapes.language.text import from_text
from rivervalley.landscapes.spherical import rules
from rivervalley.landscapes.spherical.sphere import Sphere
from rivervalley.landscapes.spherical.valley import SphericalValley
from rivervalley.landscapes.valleys.circular_bend import CircularBend
from rivervalley.landscapes.valleys.river_valley import RiverValley
from rivervalley.landscapes.valleys.rivers import (
    ExponentialRiver,
    FlatRiver,
    LinearRiver,
    LogisticRiver,
    PowerRiver,
    QuadraticRiver,
)
from rivervalley.landscapes.valleys.rotating_hills import Hyperbola, RotatingHills
from rivervalley.landscapes.valleys.sheared_bend import Parabola, ShearedBend, Sine
from rivervalley.landscapes.valleys.walled_valley import PowerWall, QuadraticWall, SoftWall, WalledValley

LANDSCAPES: Mapping[str, Callable[..., Any]] = {
    "river_valley": RiverValley,
    "power_law_valley": RiverValley.power_law,
    "sheared_bend": ShearedBend,
    "circular_bend": CircularBend,
    "rotating_hills": RotatingHills,
    "walled_valley": WalledValley,
    "hyperbola": Hyperbola,
    "bigram": Bigram,
    "spherical_valley": SphericalValley,
    "power_law_spherical_valley": SphericalValley.power_law,
    "sphere": Sphere,
}

# What may stand as an argument: rivers, courses, walls, languages, and spacings of curvatures.
_PARTS: Mapping[str, Callable[..., Any]] = {
    "linear": LinearRiver,
    "power": PowerRiver,
    "exponential": ExponentialRiver,
    "logistic": LogisticRiver,
    "quadratic": QuadraticRiver,
    "flat": FlatRiver,
    "sine": Sine,
    "parabola": Parabola,
    "quadratic_wall": QuadraticWall,
    "soft_wall": SoftWall,
    "power_wall": PowerWall,
    "adamw": rules.AdamW,
    "adam": rules.Adam,
    "sgd": rules.DecayedSGD,
    "normalised": rules.Normalised,
    "sign": rules.DecayedSign,
    "frozen": rules.Frozen,
    "cities": cities,
    "dirichlet": dirichlet,
    "text": from_text,
    "zipf": zipf,
    "geomspace": np.geomspace,
    "linspace": np.linspace,
}

_LONGEST = 10_000  # numbers in one list or spacing


def parse(text: str) -> Landscape:
    """A landscape from text such as "river_valley(hills=geomspace(0.05, 2, 15), noise_std=0.1, river=power(1, 1))".

    Rivers are linear, power, exponential, logistic, quadratic and flat; curvatures may be a list, geomspace(low, high, count)
    or linspace(low, high, count). The course of a sheared_bend is sine(amplitude, wavelength) or parabola(radius), the walls
    of a walled_valley are quadratic_wall(), soft_wall(sharpness) or power_wall(power). Languages of bigram(LANGUAGE,
    batch_size=8) are cities, dirichlet and text: see those of rivervalley.landscapes, where text is from_text. Rules of a
    spherical_valley or sphere are adamw, adam, sgd, normalised, sign and frozen. Nothing is evaluated but these calls and
    literals.

    Raises
    ------
    InputError
        If the text is no such call, or an argument does not fit.

    Examples
    --------
    >>> parse("river_valley(hills=[0.5, 2.0], noise_std=0.1)").dim
    3
    >>> parse("walled_valley(hills=[1.0], wall=soft_wall(2.0), narrowing=0.3, river=linear(0.01))").narrowing
    0.3
    """
    if not isinstance(text, str):
        raise InputError(f"landscape must be text, not {checks.show(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InputError(f"landscape must read like river_valley(hills=[0.5, 2.0], noise_std=0.1), not {text!r}") from None
    if isinstance(tree, ast.Name):
        tree = ast.Call(func=tree, args=[], keywords=[])
    if not isinstance(tree, ast.Call):
        raise InputError(f"landscape must be one of {', '.join(LANDSCAPES)}, with its arguments in brackets, not {text!r}")
    made = _call(tree, LANDSCAPES, "landscape")
    if not isinstance(made, Landscape):
        raise InputError(f"landscape must be one of {', '.join(LANDSCAPES)}, not {text!r}")
    return made


def _call(node: ast.Call, known: Mapping[str, Callable[..., Any]], what: str) -> Any:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"{what} must be one of {', '.join(known)}, not {name!r}{hint}")
    function = known[name]
    if any(keyword.arg is None for keyword in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args):
        raise InputError(f"arguments of {name} must be written out, without * or **")
    positional = [_value(argument, name) for argument in node.args]
    named = {str(keyword.arg): _value(keyword.value, name) for keyword in node.keywords}
    if function in (np.geomspace, np.linspace):
        return _spacing(name, function, positional, named)
    signature = inspect.signature(function)
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        allowed = ", ".join(str(parameter) for parameter in _plain(signature))
        raise InputError(f"{name}: {error}; its arguments are {allowed}") from None
    try:
        return function(*positional, **named)
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}") from None


def _plain(signature: inspect.Signature) -> list[str]:
    """Parameters as name or name=default, without types."""
    return [
        p.name if p.default is p.empty or "factory" in repr(p.default) else f"{p.name}={p.default}"
        for p in signature.parameters.values()
        if p.kind is not p.VAR_KEYWORD
    ]


def _spacing(name: str, function: Callable[..., Any], positional: list[Any], named: dict[str, Any]) -> Any:
    if named or len(positional) != 3:
        raise InputError(f"{name} must have three numbers: low, high, count")
    low = checks.real(f"{name}'s low", positional[0])
    high = checks.real(f"{name}'s high", positional[1])
    count = checks.integer(f"{name}'s count", positional[2], 1, _LONGEST)
    if name == "geomspace" and not (low > 0 and high > 0):
        raise InputError(f"geomspace must run between positive numbers, not {low:g} and {high:g}")
    return function(low, high, count)


def _value(node: ast.expr, where: str) -> Any:
    if isinstance(node, ast.Call):
        return _call(node, _PARTS, f"an argument of {where}")
    if isinstance(node, (ast.List, ast.Tuple)):
        if len(node.elts) > _LONGEST:
            raise InputError(f"a list in {where} must have at most {_LONGEST} entries, not {len(node.elts)}")
        return [_value(element, where) for element in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        sign = operator.neg if isinstance(node.op, ast.USub) else operator.pos
        inner = _value(node.operand, where)
        if isinstance(inner, (int, float)) and not isinstance(inner, bool):
            return sign(inner)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bool)):
        return node.value
    raise InputError(f"arguments of {where} must be numbers, lists, text or known calls, not {ast.unparse(node)!r}")
