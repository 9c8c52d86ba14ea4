"""Checks of what users pass in: each refuses with one sentence that names the argument, its value and what is allowed."""

from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rivervalley._common.errors import DivergenceError as DivergenceError
from rivervalley._common.errors import InputError as InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def show(value: object) -> str:
    """A value as an error message quotes it: short, on one line."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, int) and abs(value) >= 10**80:
        return "an integer of more than 80 digits"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def integer(name: str, value: object, low: int | None = None, high: int | None = None) -> int:
    """`value` as an int within [low, high]; bool, float and text are refused."""
    allowed = "an integer"
    if low is not None and high is not None:
        allowed += f" between {low} and {high}"
    elif low is not None:
        allowed += f" of at least {low}"
    elif high is not None:
        allowed += f" of at most {high}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, SupportsIndex):
        raise InputError(f"{name} must be {allowed}, not {show(value)}")
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{name} must be {allowed}, not {show(value)}") from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise InputError(f"{name} must be {allowed}, not {show(number)}")
    return number


def seed(value: object) -> int:
    """A seed of the noise generator: an integer from 0 to 2**64 - 1."""
    try:
        return integer("seed", value, 0, 2**64 - 1)
    except InputError:
        raise InputError(f"seed must be an integer between 0 and 2**64 - 1, not {show(value)}") from None


def real(
    name: str,
    value: object,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """`value` as a finite float within [low, high] (or open at either end)."""
    words = ["a finite number"]
    if low > -math.inf:
        words.append(f"above {low:g}" if open_low else f"of at least {low:g}")
    if high < math.inf:
        words.append(f"below {high:g}" if open_high else f"of at most {high:g}")
    allowed = words[0] + " " + " and ".join(words[1:]) if len(words) > 1 else words[0]
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InputError(f"{name} must be {allowed}, not {show(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise InputError(f"{name} must be {allowed}, not {show(value)}") from None
    bad = not math.isfinite(number) or number < low or number > high
    if bad or (open_low and number == low) or (open_high and number == high):
        raise InputError(f"{name} must be {allowed}, not {number!r}")
    return number


def array(
    name: str,
    value: object,
    *,
    ndim: int = 1,
    low: float = -math.inf,
    open_low: bool = False,
    empty: bool = False,
    copy: bool = False,
) -> FloatArray:
    """`value` as a C-contiguous float64 array with finite entries, `ndim` dimensions and entries of at least `low`."""
    try:
        raw = np.asarray(value)
    except ValueError:
        raise InputError(f"{name} must be an array of {ndim} dimension(s), not {show(value)}") from None
    if raw.size and (raw.dtype.kind not in "iuf"):
        raise InputError(f"{name} must hold real numbers, not {show(value)}")
    if raw.ndim != ndim:
        raise InputError(f"{name} must have {ndim} dimension(s), not {raw.ndim} (shape {raw.shape})")
    if raw.size == 0 and not empty:
        raise InputError(f"{name} must not be empty")
    if np.ma.is_masked(value):
        raise InputError(f"{name} must hold a number in every place, but some are masked")
    with np.errstate(over="ignore"):
        out: FloatArray = np.array(raw, dtype=np.float64, order="C") if copy else np.ascontiguousarray(raw, dtype=np.float64)
    bad = ~np.isfinite(out) | (out < low)
    if open_low:
        bad |= out == low
    if bad.any():
        place = int(np.argmax(bad.ravel()))
        bound = "" if low == -math.inf else f" {'above' if open_low else 'of at least'} {low:g}"
        raise InputError(f"{name} must hold finite numbers{bound}, but entry {place} is {float(out.ravel()[place])!r}")
    return out


def one_or_each(
    name: str, value: ArrayLike, count: int, each: str, low: float = -math.inf, *, open_low: bool = False
) -> FloatArray:
    """One number, or one for each of `count` things called `each`: as a float64 array of `count` entries."""
    try:
        single = np.ndim(value) == 0
    except ValueError:  # lists of unequal lengths within
        single = False
    if single:
        return np.full(count, real(name, value, low, open_low=open_low))
    values = array(name, value, low=low, open_low=open_low, copy=True)
    if values.size != count:
        raise InputError(f"{name} must be one number or one for each of the {count} {each}, not {values.size} numbers")
    return values


def rising_steps(name: str, value: object, low: int = 0) -> IntArray:
    """`value` as a one-dimensional int64 array of strictly rising update counts of at least `low`."""
    try:
        raw = np.asarray(value)
    except ValueError:
        raise InputError(f"{name} must be a list of whole numbers, not {show(value)}") from None
    if raw.ndim != 1:
        raise InputError(f"{name} must have 1 dimension, not {raw.ndim} (shape {raw.shape})")
    if raw.size == 0:
        raise InputError(f"{name} must not be empty")
    if raw.dtype.kind == "f" and bool(np.all((np.abs(raw) < 2.0**53) & (raw == np.floor(raw)))):
        raw = raw.astype(np.int64)
    if raw.dtype.kind not in "iu":
        raise InputError(f"{name} must hold whole numbers of updates, not {show(value)}")
    if raw.dtype.kind == "u" and int(raw.max()) >= 2**63:
        raise InputError(f"{name} must hold whole numbers below 2**63, not {int(raw.max())}")
    out = np.ascontiguousarray(raw, dtype=np.int64)
    if out[0] < low:
        raise InputError(f"{name} must start at {low} or later, not {int(out[0])}")
    drops = np.flatnonzero(np.diff(out) <= 0)
    if drops.size:
        k = int(drops[0])
        raise InputError(f"{name} must rise strictly, but entry {k + 1} is {int(out[k + 1])} after {int(out[k])}")
    return out


def choice(name: str, value: object, allowed: Iterable[str]) -> str:
    """`value` where it is one of the allowed words."""
    words = list(allowed)
    if not isinstance(value, str) or value not in words:
        raise InputError(f"{name} must be one of {', '.join(words)}, not {show(value)}")
    return value


def writable(name: str, path: str | os.PathLike[str]) -> Path:
    """`path` where a file can be written: its folder exists and can be written to, and it is no folder itself."""
    if not isinstance(path, (str, os.PathLike)) or "\0" in str(path):
        raise InputError(f"{name} must be a file's path, not {show(path)}")
    target = Path(path)
    folder = target.parent
    try:
        os.lstat(target)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # said better below
    except OSError as error:
        raise InputError(f"{name} must be a file's path, not {show(os.fspath(path))} ({error.strerror})") from None
    if target.is_dir():
        raise InputError(f"{name} must be a file's path, but {str(target)!r} is a folder")
    if target.exists() and not target.is_file():
        raise InputError(f"{name} must be an ordinary file's path, but {str(target)!r} is a device or a pipe")
    if not folder.is_dir():
        raise InputError(f"{name} must lie in a folder that exists, but {str(folder)!r} does not")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{name} must lie in a folder that can be written to, but {str(folder)!r} cannot")
    return target
