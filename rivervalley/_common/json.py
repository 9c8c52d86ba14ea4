"""JSON out and in: plain values for documents that are printed, typed values for files that are read back.

JSON has no infinity and no NaN. `plain` writes null for them, which every reader understands; `exact` writes the words
"inf", "-inf" and "nan", which `decode` turns back.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from rivervalley._common.checks import InputError, show

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
T = TypeVar("T")

_WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def plain(value: object) -> JSON:
    """A value as JSON has it: dataclasses and mappings as objects, arrays and tuples as lists, numbers not finite as null.

    >>> plain({"low": np.float64(0.5), "high": float("inf"), "steps": np.array([1, 2])})
    {'low': 0.5, 'high': None, 'steps': [1, 2]}
    """
    return _encode(value, lambda number: None)


def exact(value: object) -> JSON:
    """As `plain`, with numbers that are not finite as words.

    >>> exact((1.0, float("-inf")))
    [1.0, '-inf']
    """
    return _encode(value, repr)


def _encode(value: object, word: Callable[[float], JSON]) -> JSON:
    if isinstance(value, np.ndarray):
        return _encode(value.tolist(), word)
    if isinstance(value, np.generic):
        return _encode(value.item(), word)
    if isinstance(value, float):
        return value if math.isfinite(value) else word(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _encode(getattr(value, item.name), word) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _encode(item, word) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item, word) for item in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def dumps(value: JSON, indent: int = 2) -> str:
    """JSON text, indented, with lists that hold no lists or objects on one line each.

    >>> print(dumps({"a": [1, 2], "b": {}}))
    {
      "a": [1, 2],
      "b": {}
    }
    """
    return _text(value, indent, "\n")


def _text(value: JSON, indent: int, line: str) -> str:
    deeper = line + " " * indent
    if isinstance(value, dict) and value:
        rows = [f"{json.dumps(key)}: {_text(item, indent, deeper)}" for key, item in value.items()]
        return "{" + deeper + ("," + deeper).join(rows) + line + "}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "[" + deeper + ("," + deeper).join(_text(item, indent, deeper) for item in value) + line + "]"
    return json.dumps(value, allow_nan=False)


def decode(kind: type[T], value: object, where: str) -> T:
    """The dataclass of type `kind` that `exact` wrote; its fields may be numbers, text, tuples, mappings, arrays, dataclasses.

    Parameters
    ----------
    where : str
        What the value is, for the sentence that refuses it.

    Raises
    ------
    InputError
        Where an entry is missing, unknown or of another type than the field's.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Interval:
    ...     ends: tuple[float, float]
    >>> decode(Interval, {"ends": [0, "inf"]}, "interval")
    Interval(ends=(0.0, inf))
    """
    decoded = _decode(kind, value, where)
    if not isinstance(decoded, kind):
        raise TypeError(f"{kind} is no dataclass")
    return decoded


def _decode(kind: object, value: object, where: str) -> object:
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _decode_fields(kind, value, where)
    if kind is float:
        return _number(value, where)
    if kind in (int, bool, str):
        if type(value) is not kind:
            raise InputError(f"{where} must be {_name(kind)}, not {show(value)}")
        return value
    if origin in (types.UnionType, Union):
        others = [part for part in arguments if part is not type(None)]
        return None if value is None and len(others) < len(arguments) else _decode(others[0], value, where)
    if origin is tuple:
        items = _list(value, where)
        kinds = [arguments[0]] * len(items) if arguments[-1] is Ellipsis else list(arguments)
        if len(items) != len(kinds):
            raise InputError(f"{where} must have {len(kinds)} entries, not {len(items)}")
        return tuple(_decode(part, item, f"{where}[{k}]") for k, (part, item) in enumerate(zip(kinds, items, strict=True)))
    if origin is np.ndarray:
        return _array(arguments[1], value, where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {name: _decode(arguments[1], item, f"{where}.{name}") for name, item in object_of(value, where).items()}
    raise TypeError(f"no way to read {kind} from JSON")


def _decode_fields(kind: type, value: object, where: str) -> object:
    data = object_of(value, where)
    hints = get_type_hints(kind)
    fields_by_name = {item.name: item for item in fields(kind)}
    missing = [
        name for name, item in fields_by_name.items() if name not in data and item.default is item.default_factory is MISSING
    ]
    unknown = [name for name in data if name not in fields_by_name]
    if missing or unknown:
        raise InputError(
            f"{where} must have the entries {', '.join(fields_by_name)}, but {(missing or unknown)[0]!r} is {'missing' if missing else 'unknown'}"
        )
    return kind(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in data.items()})


def object_of(value: object, where: str) -> dict[str, object]:
    """`value` where it is a JSON object.

    Raises
    ------
    InputError
        If it is none.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where} must be a JSON object, not {show(value)}")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise InputError(f"{where} must be a list, not {show(value)}")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        pass
    raise InputError(f"{where} must be a number, not {show(value)}")


def _array(dtype: object, value: object, where: str) -> np.ndarray:
    def numbers(item: object, place: str) -> object:
        if isinstance(item, list):
            return [numbers(part, f"{place}[{k}]") for k, part in enumerate(item)]
        return _number(item, place)

    nested = numbers(_list(value, where), where)
    try:
        array = np.array(nested, dtype=np.float64)
    except ValueError:
        raise InputError(f"{where} must be a list of numbers or of rows of equal length") from None
    if get_args(dtype)[0] is np.float64:
        return array
    if not bool(np.all((np.abs(array) < 2.0**53) & (array == np.floor(array)))):
        raise InputError(f"{where} must hold whole numbers")
    return array.astype(np.int64)


def _name(kind: object) -> str:
    return {int: "a whole number", bool: "true or false", str: "text"}[kind]  # type: ignore[index]
