"""Arguments of the scaling-law calculators: positive numbers or arrays of them that broadcast, floats back for floats."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

P = ParamSpec("P")
R = TypeVar("R")

# What calculators take and what they give: a float for floats, an array of the broadcast shape otherwise.
Numbers = ArrayLike
Value = float | FloatArray


def calculator(function: Callable[P, R]) -> Callable[P, R]:
    """Return floats for arrays of no dimension, and infinity or 0 without a warning where a result leaves float64."""

    @functools.wraps(function)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> R:
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            result = function(*args, **kwargs)
        if is_dataclass(result) and not isinstance(result, type):
            return replace(result, **{item.name: _plain(getattr(result, item.name)) for item in fields(result)})
        return cast(R, _plain(result))

    return quiet


def _plain(value: object) -> object:
    return float(value) if isinstance(value, (np.ndarray, np.floating)) and np.ndim(value) == 0 else value


def numbers(name: str, value: ArrayLike, low: float = 0.0, *, open_low: bool = True) -> FloatArray:
    """A finite number above `low`, or an array of them of any shape, as float64 in the same shape."""
    if np.ndim(value) == 0:
        return np.asarray(checks.real(name, value, low, open_low=open_low))
    flat = checks.array(name, np.ravel(value), low=low, open_low=open_low)
    return flat.reshape(np.shape(value))


def together(**values: ArrayLike) -> list[FloatArray]:
    """Several arguments by name, each checked as `numbers` does, broadcast against each other."""
    checked = [numbers(name, value) for name, value in values.items()]
    try:
        return list(np.broadcast_arrays(*checked))
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in checked)
        raise InputError(f"{', '.join(values)} must have shapes that broadcast, not {shapes}") from None


def constants_of(kind: type[R], name: str, value: object) -> R:
    """A set of constants of the right kind; those of another table or another law are refused."""
    if not isinstance(value, kind):
        raise InputError(f"{name} must be a {kind.__name__}, not {checks.show(value)}")
    return value


def check_constants(constants: DataclassInstance, *, infinite: tuple[str, ...] = (), zero: tuple[str, ...] = ()) -> None:
    """Every float field of a frozen set of constants as a float above 0; those named may also be infinite, or 0."""
    for item in fields(constants):
        if item.type != "float":
            continue
        value = getattr(constants, item.name)
        if not (item.name in infinite and value == np.inf):
            value = checks.real(item.name, value, 0.0, open_low=item.name not in zero)
        object.__setattr__(constants, item.name, float(value))
