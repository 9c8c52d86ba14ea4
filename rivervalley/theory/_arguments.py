"""Checks shared by the closed forms: numbers or arrays of numbers, kept in their shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError


def numbers(name: str, value: ArrayLike, low: float = -np.inf, open_low: bool = False) -> FloatArray:
    """A finite number, or an array of them of any shape, as float64."""
    if np.ndim(value) == 0:
        return np.asarray(checks.real(name, value, low, open_low=open_low))
    shape = np.shape(value)
    return checks.array(name, np.ravel(value), low=low, open_low=open_low).reshape(shape)


def positive(name: str, value: ArrayLike) -> FloatArray:
    """Numbers above zero."""
    return numbers(name, value, 0.0, open_low=True)


def stable(lr: FloatArray, curvature: FloatArray, limit: float | FloatArray = 2.0) -> FloatArray:
    """eta * h, refused where it reaches the stability limit."""
    product: FloatArray = np.asarray(lr * curvature)
    if bool(np.any(product >= limit)):
        bound = float(np.min(limit))
        raise InputError(f"lr times curvature must be below {bound:g}, where SGD diverges, not {float(np.max(product)):g}")
    return product
