"""Potentials along the river, c(x), and where gradient flow stands on them after a summed learning rate S.

Position is a function of S alone (arXiv 2410.05192 for the statement; the closed forms are derived): dx/dS = -c'(x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from scipy.special import lambertw

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray
from rivervalley.kernels import rivers as codes


class River(Protocol):
    """A potential along the river: its value, slope, and the position after a summed rate S by gradient flow."""

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        ...

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        ...

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        ...

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x after the summed rate S by gradient flow from `start`."""
        ...

    def _kernel(self) -> tuple[int, float, float]:
        """Code and two parameters, as the kernels take them."""
        ...


@final
@dataclass(frozen=True)
class LinearRiver:
    """c(x) = -slope_down * x: a steady descent without end.

    >>> float(LinearRiver(0.5).position(10.0))
    5.0
    """

    slope_down: float = 1.0

    def __post_init__(self) -> None:
        checks.real("slope_down", self.slope_down)

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        return -self.slope_down * np.asarray(x, float)

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        return np.full_like(np.asarray(x, float), -self.slope_down)

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        return np.zeros_like(np.asarray(x, float))

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = start + slope_down * S, exact for SGD too."""
        return start + self.slope_down * np.asarray(summed_lr, float)

    def _kernel(self) -> tuple[int, float, float]:
        return codes.LINEAR, float(self.slope_down), 0.0


@final
@dataclass(frozen=True)
class PowerRiver:
    """c(x) = scale * (1 + x)**-exponent for x > -1; loss ~ S**(-p/(p+2)) for exponent p.

    >>> round(float(PowerRiver(1.0, 1.0).position(9.0)), 6)
    2.036589
    """

    scale: float = 1.0
    exponent: float = 1.0

    def __post_init__(self) -> None:
        checks.real("scale", self.scale, 0.0, open_low=True)
        checks.real("exponent", self.exponent, 0.0, open_low=True)

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        return np.asarray(self.scale * (1.0 + np.asarray(x, float)) ** -self.exponent)

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        return np.asarray(-self.scale * self.exponent * (1.0 + np.asarray(x, float)) ** (-self.exponent - 1.0))

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        p = self.exponent
        return np.asarray(self.scale * p * (p + 1.0) * (1.0 + np.asarray(x, float)) ** (-p - 2.0))

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = ((p + 2) A p S + (1 + start)^(p + 2))^(1 / (p + 2)) - 1."""
        p = self.exponent
        power = (p + 2.0) * self.scale * p * np.asarray(summed_lr, float) + (1.0 + start) ** (p + 2.0)
        return np.asarray(power ** (1.0 / (p + 2.0)) - 1.0)

    def _kernel(self) -> tuple[int, float, float]:
        return codes.POWER, float(self.scale), float(self.exponent)


@final
@dataclass(frozen=True)
class ExponentialRiver:
    """c(x) = scale * exp(-rate * x); from x = 0 the loss is A / (1 + A k^2 S).

    >>> round(float(ExponentialRiver(2.0, 1.0).loss(ExponentialRiver(2.0, 1.0).position(4.5))), 12)
    0.2
    """

    scale: float = 1.0
    rate: float = 1.0

    def __post_init__(self) -> None:
        checks.real("scale", self.scale, 0.0, open_low=True)
        checks.real("rate", self.rate, 0.0, open_low=True)

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        return np.asarray(self.scale * np.exp(-self.rate * np.asarray(x, float)))

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        return np.asarray(-self.rate * self.scale * np.exp(-self.rate * np.asarray(x, float)))

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        return np.asarray(self.rate**2 * self.loss(x))

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = start + ln(1 + A k^2 e^(-k start) S) / k."""
        k = self.rate
        return np.asarray(start + np.log1p(self.scale * k * k * np.exp(-k * start) * np.asarray(summed_lr, float)) / k)

    def _kernel(self) -> tuple[int, float, float]:
        return codes.EXPONENTIAL, float(self.scale), float(self.rate)


@final
@dataclass(frozen=True)
class LogisticRiver:
    """c(x) = scale * ln(1 + exp(-rate * x)): linear far upstream, exponential far downstream.

    >>> round(float(LogisticRiver().loss(0.0)), 6)
    0.693147
    """

    scale: float = 1.0
    rate: float = 1.0

    def __post_init__(self) -> None:
        checks.real("scale", self.scale, 0.0, open_low=True)
        checks.real("rate", self.rate, 0.0, open_low=True)

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        return np.asarray(self.scale * np.logaddexp(0.0, -self.rate * np.asarray(x, float)))

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        y = self.rate * np.asarray(x, float)
        return np.asarray(-self.scale * self.rate * np.exp(-np.logaddexp(0.0, y)))

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        y = self.rate * np.asarray(x, float)
        return np.asarray(self.scale * self.rate**2 * np.exp(-np.logaddexp(0.0, y) - np.logaddexp(0.0, -y)))

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

    def _kernel(self) -> tuple[int, float, float]:
        return codes.LOGISTIC, float(self.scale), float(self.rate)


@final
@dataclass(frozen=True)
class QuadraticRiver:
    """c(x) = curvature / 2 * (x - minimum)**2: everything about it is exact, its own noise included.

    >>> float(QuadraticRiver(0.5, 2.0).loss(0.0))
    1.0
    """

    curvature: float = 0.001
    minimum: float = 1.0

    def __post_init__(self) -> None:
        checks.real("curvature", self.curvature, 0.0, open_low=True)
        checks.real("minimum", self.minimum)

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        return np.asarray(0.5 * self.curvature * (np.asarray(x, float) - self.minimum) ** 2)

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        return np.asarray(self.curvature * (np.asarray(x, float) - self.minimum))

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        return np.full_like(np.asarray(x, float), self.curvature)

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = minimum + (start - minimum) e^(-curvature S)."""
        return np.asarray(self.minimum + (start - self.minimum) * np.exp(-self.curvature * np.asarray(summed_lr, float)))

    def _kernel(self) -> tuple[int, float, float]:
        return codes.QUADRATIC, float(self.curvature), float(self.minimum)


@final
@dataclass(frozen=True)
class FlatRiver:
    """c(x) = 0: hills alone.

    >>> float(FlatRiver().loss(3.0))
    0.0
    """

    def loss(self, x: FloatArray | float) -> FloatArray:
        """c(x)."""
        return np.zeros_like(np.asarray(x, float))

    def slope(self, x: FloatArray | float) -> FloatArray:
        """c'(x)."""
        return np.zeros_like(np.asarray(x, float))

    def bend(self, x: FloatArray | float) -> FloatArray:
        """c''(x)."""
        return np.zeros_like(np.asarray(x, float))

    def position(self, summed_lr: FloatArray | float, start: float = 0.0) -> FloatArray:
        """x = start."""
        return np.full_like(np.asarray(summed_lr, float), start)

    def _kernel(self) -> tuple[int, float, float]:
        return codes.FLAT, 0.0, 0.0


RIVERS = (LinearRiver, PowerRiver, ExponentialRiver, LogisticRiver, QuadraticRiver, FlatRiver)
