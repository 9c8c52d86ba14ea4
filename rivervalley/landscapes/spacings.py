"""Evenly spaced numbers for curvatures, as a text names them."""

from __future__ import annotations

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray
from rivervalley.landscapes.registry import NUMBERS

MOST_NUMBERS = 10_000
LARGEST_END = 1e300  # so that the distance between two ends is finite


@NUMBERS.add("geomspace", "geomspace(0.05, 2, 15)", "15 numbers in a geometric sequence from 0.05 to 2")
def geomspace(low: float, high: float, count: int) -> FloatArray:
    """Numbers in a geometric sequence, both ends included, shape (count,).

    >>> geomspace(1.0, 100.0, 3).round(9).tolist()
    [1.0, 10.0, 100.0]
    """
    low = checks.real("geomspace's low", low, 0.0, open_low=True)
    high = checks.real("geomspace's high", high, 0.0, open_low=True)
    return np.geomspace(low, high, checks.integer("geomspace's count", count, 1, MOST_NUMBERS))


@NUMBERS.add("linspace", "linspace(0.1, 2, 15)", "15 evenly spaced numbers from 0.1 to 2")
def linspace(low: float, high: float, count: int) -> FloatArray:
    """Evenly spaced numbers, both ends included, shape (count,).

    >>> linspace(0.0, 1.0, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    low = checks.real("linspace's low", low, -LARGEST_END, LARGEST_END)
    high = checks.real("linspace's high", high, -LARGEST_END, LARGEST_END)
    return np.linspace(low, high, checks.integer("linspace's count", count, 1, MOST_NUMBERS))
