"""Shapes of a decay: how far the rate has come down at position u of the decay, 0 < u <= 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import shapes as kernels
from rivervalley.schedules.registry import DECAY_SHAPES

LARGEST_RATIO = 1e300  # of first to final rate, where a shape needs their ratio


def decay(
    steps: int, start_lr: float, final_lr: float, shape: str = "linear", power: float = 1.0, positions: FloatArray | None = None
) -> FloatArray:
    """The rates of a decay of `steps` updates from `start_lr`, exclusive, to `final_lr`, inclusive; shape (steps,).

    With u = (k + 1) / steps for k = 0 ... steps - 1 the rate is final + (start - final) g(u), where g is

    * linear: 1 - u;  cosine: (1 + cos pi u) / 2;  sqrt: 1 - sqrt(u), the 1-sqrt cooldown of arXiv 2405.18392
    * square: 1 - u^2;  power: (1 - u)^power

    and for two shapes the interpolation is of another function of the rate:

    * inverse: 1/rate is linear in u (the decay of WSD-S, arXiv 2410.05192);  exponential: log(rate) is linear in u.

    Raises
    ------
    InputError
        If `shape` is unknown, `final_lr` exceeds `start_lr`, or is 0 for inverse or exponential.

    Notes
    -----
    Cosine, exponential and power are computed by kernels of our own: NumPy's differ between CPUs in the last bit.

    Examples
    --------
    >>> decay(4, 1.0, 0.0).tolist()
    [0.75, 0.5, 0.25, 0.0]
    """
    shape = checks.choice("decay_shape", shape, DECAY_SHAPES)
    if final_lr > start_lr:
        raise InputError(f"final_lr must be at most the rate the decay starts from ({start_lr:g}), not {final_lr:g}")
    if steps == 0:
        return np.empty(0)
    u = np.arange(1, steps + 1) / steps if positions is None else positions
    rates: FloatArray = np.asarray(DECAY_SHAPES[shape].make(u, start_lr, final_lr, power))
    lr: FloatArray = np.clip(rates, final_lr, start_lr)
    lr[u >= 1.0] = final_lr
    lr[u <= 0.0] = start_lr
    return lr


def power_law(n: FloatArray, amplitude: float, exponent: float) -> FloatArray:
    """amplitude * n^exponent for n > 0, shape of n, by kernels of our own."""
    return np.asarray(amplitude * _filled(kernels.power_law, n, exponent))


def check_power(shape: str, power: float) -> None:
    """Refuse a `power` that is no number, or is given to a shape that has none."""
    power = checks.real("power", power, 0.0, open_low=True)
    if shape != "power" and power != 1.0:
        raise InputError(f"power must be left out unless decay_shape is 'power', but is {checks.show(power)}")


def warmup(steps: int, peak_lr: float) -> FloatArray:
    """A linear warm-up, peak * (t + 1) / steps, so that its last rate is the peak; shape (steps,)."""
    return peak_lr * (np.arange(1, steps + 1) / max(steps, 1))


@DECAY_SHAPES.add("linear", "linear", "1 - u")
def _linear(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return final + (start - final) * (1.0 - u)


@DECAY_SHAPES.add("cosine", "cosine", "(1 + cos pi u) / 2")
def _cosine(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return final + (start - final) * _filled(kernels.half_cosine, u)


@DECAY_SHAPES.add("sqrt", "sqrt", "1 - sqrt(u)")
def _sqrt(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return final + (start - final) * (1.0 - np.sqrt(u))


@DECAY_SHAPES.add("inverse", "inverse", "1/rate linear in u")
def _inverse(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return start / (1.0 + (_ratio("inverse", start, final) - 1.0) * u)


@DECAY_SHAPES.add("exponential", "exponential", "log(rate) linear in u")
def _exponential(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return start * _filled(kernels.geometric, u, _ratio("exponential", start, final))


@DECAY_SHAPES.add("power", "power", "(1 - u)^power")
def _power(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return final + (start - final) * _filled(kernels.power, u, checks.real("power", power, 0.0, open_low=True))


@DECAY_SHAPES.add("square", "square", "1 - u^2")
def _square(u: FloatArray, start: float, final: float, power: float) -> FloatArray:
    return final + (start - final) * (1.0 - u * u)


def _ratio(shape: str, start: float, final: float) -> float:
    """Of first to final rate, refused where that is infinite."""
    if not final > start / LARGEST_RATIO:
        raise InputError(f"final_lr must be above 0 for a decay_shape of {shape!r}, not {final:g}")
    return start / final


def _filled(kernel: Callable[..., None], u: FloatArray, *parameters: float) -> FloatArray:
    out = np.empty_like(u)
    kernel(u, *parameters, out)
    return out


SHAPES = tuple(DECAY_SHAPES)
