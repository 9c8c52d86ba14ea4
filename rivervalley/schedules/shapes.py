"""Shapes of a decay: how far the rate has come down at position u of the decay, 0 < u <= 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import shapes as kernels

SHAPES = ("linear", "cosine", "sqrt", "inverse", "exponential", "power", "square")
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
    shape = checks.choice("decay_shape", shape, SHAPES)
    if final_lr > start_lr:
        raise InputError(f"final_lr must be at most the rate the decay starts from ({start_lr:g}), not {final_lr:g}")
    if shape in ("inverse", "exponential") and steps > 0 and not final_lr > start_lr / LARGEST_RATIO:
        raise InputError(f"final_lr must be above 0 for a decay_shape of {shape!r}, not {final_lr:g}")
    if steps == 0:
        return np.empty(0)
    u = np.arange(1, steps + 1) / steps if positions is None else positions
    if shape == "inverse":
        lr = start_lr / (1.0 + (start_lr / final_lr - 1.0) * u)
    elif shape == "exponential":
        lr = start_lr * _filled(kernels.geometric, u, start_lr / final_lr)
    else:
        lr = final_lr + (start_lr - final_lr) * _fall(u, shape, power)
    lr = np.clip(lr, final_lr, start_lr)
    lr[u >= 1.0] = final_lr
    return lr


def check_power(shape: str, power: float) -> None:
    """Refuse a `power` that is no number, or is given to a shape that has none."""
    power = checks.real("power", power, 0.0, open_low=True)
    if shape != "power" and power != 1.0:
        raise InputError(f"power must be left out unless decay_shape is 'power', but is {checks.show(power)}")


def _fall(u: FloatArray, shape: str, power: float) -> FloatArray:
    """g(u): 1 at u = 0 and 0 at u = 1."""
    if shape == "linear":
        return 1.0 - u
    if shape == "cosine":
        return _filled(kernels.half_cosine, u)
    if shape == "sqrt":
        return 1.0 - np.sqrt(u)
    if shape == "square":
        return 1.0 - u * u
    return _filled(kernels.power, u, checks.real("power", power, 0.0, open_low=True))


def _filled(kernel: Callable[..., None], u: FloatArray, *parameters: float) -> FloatArray:
    out = np.empty_like(u)
    kernel(u, *parameters, out)
    return out


def warmup(steps: int, peak_lr: float) -> FloatArray:
    """A linear warm-up, peak * (t + 1) / steps, so that its last rate is the peak; shape (steps,)."""
    return peak_lr * (np.arange(1, steps + 1) / max(steps, 1))
