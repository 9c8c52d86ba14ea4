"""A user's own loss and gradient, compiled into the same engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels.descent import first_diverged
from rivervalley.kernels.noise import four_normals
from rivervalley.landscapes.base import Block, block_lanes

_U = np.uint64


@final
@dataclass(frozen=True, eq=False)
class Custom:
    """A landscape of your own: njit functions for the loss and its gradient.

    Parameters
    ----------
    loss : njit function of w, an array of shape (dim,), returning a float
    gradient : njit function
        Either gradient(w) returning an array of shape (dim,), or gradient(w, out) filling `out`, which is faster.
    dim : int
    noise_std : float or array_like of shape (dim,)
        Standard deviation of the gradient noise in each coordinate.
    start : float or array_like of shape (dim,)
        Where trajectories start.

    Raises
    ------
    InputError
        If a function is not compiled by numba, or does not fit an array of shape (dim,).

    Notes
    -----
    Functions passed to a kernel cannot be cached on disk, so a Custom landscape compiles anew in every process. The
    results are reproducible to the last bit as far as the functions are.

    Examples
    --------
    >>> import numba, rivervalley as rv
    >>> loss = numba.njit(lambda w: 0.5 * (w[0] ** 2 + w[1] ** 2))
    >>> gradient = numba.njit(lambda w: w)
    >>> bowl = rv.landscapes.Custom(loss, gradient, dim=2, start=1.0)
    >>> run = rv.simulate(bowl, rv.schedules.constant(steps=10, peak_lr=0.5), trajectories=1, record_every=5)
    >>> run.loss.tolist()
    [0.0009765625, 9.5367431640625e-07]
    """

    loss: Callable[..., Any]
    gradient: Callable[..., Any]
    dim: int
    noise_std: Any = 0.0
    start_at: FloatArray = field(init=False, repr=False)
    noise: FloatArray = field(init=False, repr=False)
    _advance: Any = field(init=False, repr=False)

    def __init__(
        self,
        loss: Callable[..., Any],
        gradient: Callable[..., Any],
        dim: int,
        noise_std: Any = 0.0,
        start: Any = 0.0,
    ) -> None:
        dim = checks.integer("dim", dim, 1)
        for name, function in (("loss", loss), ("gradient", gradient)):
            if not isinstance(function, Dispatcher):
                raise InputError(f"{name} must be a function compiled with numba.njit, not {checks.show(function)}")
        noise = checks.one_or_each("noise_std", noise_std, dim, "coordinates", 0.0)
        start_at = checks.one_or_each("start", start, dim, "coordinates")
        _try_out(loss, gradient, start_at)
        for name, value in (
            ("loss", loss),
            ("gradient", gradient),
            ("dim", dim),
            ("noise_std", noise_std),
            ("start_at", start_at),
            ("noise", noise),
            ("_advance", _compile(loss, gradient, _arguments(gradient) == 2)),
        ):
            object.__setattr__(self, name, value)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss: only the loss itself is known."""
        return ("loss",)

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds at the most."""
        return block_lanes(self.dim)

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories)."""
        return np.repeat(self.start_at[:, None], trajectories, axis=1)

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        points = np.ascontiguousarray(block.state.T)
        divergence: tuple[int, int] = self._advance(block, points, self.noise)
        block.state[:] = points.T
        return divergence


def _arguments(function: Any) -> int:
    return int(function.py_func.__code__.co_argcount)


def _try_out(loss: Any, gradient: Any, start: FloatArray) -> None:
    """Call both functions once, so that what does not fit is told before any work starts."""
    if _arguments(loss) != 1:
        raise InputError(f"loss must take one argument, the point w, not {_arguments(loss)}")
    if _arguments(gradient) not in (1, 2):
        raise InputError(f"gradient must take w, or w and out, not {_arguments(gradient)} arguments")
    try:
        value = loss(start.copy())
        filled = np.full(start.size, np.nan)
        slope = gradient(start.copy()) if _arguments(gradient) == 1 else gradient(start.copy(), filled)
    except (NumbaError, TypeError, IndexError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"loss and gradient must work on a float64 array of shape ({start.size},): {reason[:300]}") from None
    if np.ndim(value) != 0:
        raise InputError(f"loss must return one number, not {checks.show(value)}")
    slope = filled if _arguments(gradient) == 2 else slope
    if np.shape(slope) != start.shape:
        raise InputError(f"gradient must give an array of shape ({start.size},), not {np.shape(slope)}")


def _compile(loss: Any, gradient: Any, in_place: bool) -> Any:
    """The descent kernel closed over the user's functions: one trajectory after the other."""

    @njit(error_model="numpy")
    def slope(w: Any, out: Any) -> None:
        if in_place:
            gradient(w, out)
        else:
            out[:] = gradient(w)

    @njit(nogil=True, error_model="numpy")
    def advance(block: Any, points: Any, sigma: Any) -> Any:
        _, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
        lanes, dim = points.shape
        noisy = np.any(sigma > 0.0)
        g = np.empty(dim)
        z = np.zeros(-(-dim // 4) * 4)
        found_step, found_lane = -1, -1
        for lane in range(lanes):
            w = points[lane]
            k = 0
            if record_at.size > 0 and record_at[0] == first_step:
                out[0, 0, lane] = loss(w)
                k = 1
            for t in range(lr.size):
                slope(w, g)
                if noisy:
                    for j in range(0, dim, 4):
                        z[j], z[j + 1], z[j + 2], z[j + 3] = four_normals(
                            seed, _U(first_trajectory + lane), _U(first_step + t), _U(j >> 2)
                        )
                for j in range(dim):
                    w[j] -= lr[t] * (g[j] + sigma[j] * z[j])
                done = first_step + t + 1
                if (done % check_every == 0 or t + 1 == lr.size) and first_diverged(w.reshape(dim, 1)) >= 0:
                    if found_step < 0 or done < found_step:
                        found_step, found_lane = done, lane
                    break
                if k < record_at.size and record_at[k] == done:
                    out[k, 0, lane] = loss(w)
                    k += 1
        return found_step, found_lane

    return advance
