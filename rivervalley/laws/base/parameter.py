"""What a law declares about its parameters and what it needs to know of the runs."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ShapeParameter:
    """A parameter that shapes one term of a law: where fits look for it, and what they take it to be unless told otherwise.

    Attributes
    ----------
    name, term : str
        The parameter, and the coefficient of the term that it shapes.
    low, high : float
        Where fits look for it. A law constructed directly may also have it down to 0.
    starts : tuple of float
        Where searches may begin; a law's starts are all combinations of those of its free parameters.
    scale : {"natural", "log", "memory"}
        The scale that fits search on: the parameter itself, its logarithm, or for a decay factor log(1 / (1 - value)).
    default : float, optional
        The value that it is fixed at, or regularised toward.
    fixed : bool
        Whether fits fix it at `default`.
    strength : float
        Above 0, fits regularise it toward `default`: they add strength / 2 x (distance)^2 to the objective in units of
        huber_delta^2, with the distance on the scale that they search on.
    """

    name: str
    term: str
    low: float
    high: float
    starts: tuple[float, ...]
    scale: str = "natural"
    default: float | None = None
    fixed: bool = False
    strength: float = 0.0

    def __post_init__(self) -> None:
        if (self.fixed or self.strength > 0.0) and self.default is None:
            raise ValueError(f"{self.name} must have a default to be fixed at or regularised toward")

    def to_working(self, value: float) -> float:
        """The value on the scale that fits search on."""
        if self.scale == "log":
            return math.log(value)
        if self.scale == "memory":
            return -math.log1p(-value)
        return value

    def from_working(self, working: float) -> tuple[float, float]:
        """The value at a place on that scale, and its slope there.

        >>> ShapeParameter("alpha", "A", 0.01, 10.0, (0.5,), "log").from_working(0.0)
        (1.0, 1.0)
        """
        if self.scale == "log":
            return math.exp(working), math.exp(working)
        if self.scale == "memory":
            return -math.expm1(-working), math.exp(-working)
        return float(working), 1.0

    def clipped(self, working: float) -> float:
        """The value at a place on that scale, within the bounds: going there and back may leave one by a rounding error."""
        return min(max(self.from_working(working)[0], self.low), self.high)


@dataclass(frozen=True)
class ConfigurationField:
    """A number of the runs' configuration, such as their weight decay, that a law needs and does not fit.

    Attributes
    ----------
    name : str
        A field of the law and an option of its `fit`.
    low, high : float
        Its range.
    default : float, optional
        What it is where `fit` is not told; without one it must be told.
    """

    name: str
    low: float
    high: float
    default: float | None = None
