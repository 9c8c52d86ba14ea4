"""Potentials along the river, c(x), and where gradient flow stands on them after a cumulative LR S.

Position is a function of S alone (arXiv 2410.05192 for the statement; the closed forms are derived): dx/dS = -c'(x). The
potentials themselves and their derivatives are those of kernels.rivers, the same to the last bit as in simulations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from scipy.special import lambertw

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import rivers as codes
from rivervalley.landscapes.registry import RIVERS


class River:
    """Base of the potentials along the river: value, slope and bend, and the position after a cumulative LR S.

    Attributes
    ----------
    lowest : float
        Where the potential ends: x must lie above.
    constant_bend : bool
        Whether c'' is the same everywhere, so that the mean of a noisy river coordinate has an exact recursion.
    """

    lowest: ClassVar[float] = -math.inf
    constant_bend: ClassVar[bool] = False

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        raise NotImplementedError

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x), shape of x."""
        return self._values(0, x)

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x), shape of x."""
        return self._values(1, x)

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x), shape of x."""
        return self._values(2, x)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x after the cumulative LR S by gradient flow from `start`, shape of S."""
        raise NotImplementedError

    def check_start(self, start: float) -> None:
        """Refuse a starting point where the potential is not defined."""
        if start <= self.lowest:
            raise InputError(f"start_river must be above {self.lowest:g} on a {type(self).__name__}, not {start}")

    def _values(self, derivative: int, x: FloatArray | float) -> FloatArray:
        points = np.array(x, dtype=np.float64, order="C")
        out = np.empty(points.shape)
        codes.river_values(self.kernel, derivative, points.reshape(-1), out.reshape(-1))
        return out


@RIVERS.add("linear", "linear(0.01)", "-p x")
@final
@dataclass(frozen=True)
class LinearRiver(River):
    """c(x) = -slope_down * x: a steady descent without end.

    >>> float(LinearRiver(0.5).position(10.0))
    5.0
    """

    slope_down: float = 1.0
    constant_bend: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.real("slope_down", self.slope_down)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = start + slope_down * S, exact for SGD too."""
        return start + self.slope_down * np.asarray(summed_lr, float)

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        return codes.LINEAR, float(self.slope_down), 0.0


@RIVERS.add("power", "power(1, 1)", "A (1 + x)^-p")
@final
@dataclass(frozen=True)
class PowerRiver(River):
    """c(x) = scale * (1 + x)**-exponent for x > -1; loss ~ S**(-p/(p+2)) for exponent p.

    >>> round(float(PowerRiver(1.0, 1.0).position(9.0)), 6)
    2.036589
    """

    scale: float = 1.0
    exponent: float = 1.0
    lowest: ClassVar[float] = -1.0

    def __post_init__(self) -> None:
        checks.real("scale", self.scale, 0.0, open_low=True)
        checks.real("exponent", self.exponent, 0.0, open_low=True)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = ((p + 2) A p S + (1 + start)^(p + 2))^(1 / (p + 2)) - 1."""
        p = self.exponent
        power = (p + 2.0) * self.scale * p * np.asarray(summed_lr, float) + (1.0 + start) ** (p + 2.0)
        return np.asarray(power ** (1.0 / (p + 2.0)) - 1.0)

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        return codes.POWER, float(self.scale), float(self.exponent)


@RIVERS.add("exponential", "exponential(1, 1)", "A e^(-k x)")
@final
@dataclass(frozen=True)
class ExponentialRiver(River):
    """c(x) = scale * exp(-rate * x); from x = 0 the loss is A / (1 + A k^2 S).

    >>> round(float(ExponentialRiver(2.0, 1.0).loss(ExponentialRiver(2.0, 1.0).position(4.5))), 12)
    0.2
    """

    scale: float = 1.0
    rate: float = 1.0

    def __post_init__(self) -> None:
        checks.real("scale", self.scale, 0.0, open_low=True)
        checks.real("rate", self.rate, 0.0, open_low=True)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = start + ln(1 + A k^2 e^(-k start) S) / k."""
        k = self.rate
        return np.asarray(start + np.log1p(self.scale * k * k * np.exp(-k * start) * np.asarray(summed_lr, float)) / k)

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        return codes.EXPONENTIAL, float(self.scale), float(self.rate)


@RIVERS.add("logistic", "logistic(1, 1)", "A ln(1 + e^(-k x))")
@final
@dataclass(frozen=True)
class LogisticRiver(River):
    """c(x) = scale * ln(1 + exp(-rate * x)): linear far upstream, exponential far downstream.

    >>> round(float(LogisticRiver().loss(0.0)), 6)
    0.693147
    """

    scale: float = 1.0
    rate: float = 1.0

    def __post_init__(self) -> None:
        checks.real("scale", self.scale, 0.0, open_low=True)
        checks.real("rate", self.rate, 0.0, open_low=True)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """The root of y + e^y = y0 + e^y0 + A k^2 S with y = k x, by Lambert's W."""
        y0 = self.rate * start
        right = y0 + np.exp(y0) + self.scale * self.rate**2 * np.asarray(summed_lr, float)
        # y = right - W(e^right); W by its own equation in logarithms, since e^right overflows on long runs.
        small = np.real(lambertw(np.exp(np.minimum(right, 300.0))))
        log_w = np.log(np.maximum(right, 1.0))
        for _ in range(50):
            log_w = log_w - (np.exp(log_w) + log_w - right) / (np.exp(log_w) + 1.0)
        return np.asarray((right - np.where(right < 300.0, small, np.exp(log_w))) / self.rate)

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        return codes.LOGISTIC, float(self.scale), float(self.rate)


@RIVERS.add("quadratic", "quadratic(0.001, 1)", "h/2 (x - m)^2")
@final
@dataclass(frozen=True)
class QuadraticRiver(River):
    """c(x) = curvature / 2 * (x - minimum)**2: everything about it is exact, its own noise included.

    >>> float(QuadraticRiver(0.5, 2.0).loss(0.0))
    1.0
    """

    curvature: float = 0.001
    minimum: float = 1.0
    constant_bend: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.real("curvature", self.curvature, 0.0, open_low=True)
        checks.real("minimum", self.minimum)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = minimum + (start - minimum) e^(-curvature S)."""
        return np.asarray(self.minimum + (start - self.minimum) * np.exp(-self.curvature * np.asarray(summed_lr, float)))

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        return codes.QUADRATIC, float(self.curvature), float(self.minimum)


@RIVERS.add("flat", "flat()", "0")
@final
@dataclass(frozen=True)
class FlatRiver(River):
    """c(x) = 0: hills alone.

    >>> float(FlatRiver().loss(3.0))
    0.0
    """

    constant_bend: ClassVar[bool] = True

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = start."""
        return np.full_like(np.asarray(summed_lr, float), start)

    @property
    def kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        return codes.FLAT, 0.0, 0.0


def check_river(value: object) -> None:
    """Refuse what is no river."""
    if not isinstance(value, River):
        names = ", ".join(kind.__name__ for kind in River.__subclasses__())
        raise InputError(f"river must be one of {names}, not {checks.show(value)}")
