"""check(landscape): does a landscape of one's own keep what the engine needs of it?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
from numba.core.dispatcher import Dispatcher

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.landscapes.base import Block, Landscape, require_members

_STEPS = 40
_TRAJECTORIES = 11
_LR = 0.01
_RECORD_AT = np.array([0, 1, 7, 20, 21, _STEPS])
_RELATIVE = 1e-9  # rounding of a sum of parts
_DIFFERENCE = 1e-5  # step of the central differences, relative to 1 + |w|
_SLOPE = 1e-5  # their error, relative to the largest slope: rounding of about 1e-16 / 1e-5 and curvature of about 1e-10


def check(landscape: object, lr: float = _LR, seed: int = 0) -> tuple[str, ...]:
    """Verify the promises of `Landscape` on a short run, and the gradient where the landscape shows one.

    Parameters
    ----------
    landscape : object
        With the members `dim, parts, lanes, start, advance`. Where it also has `loss(points)`, the parts must add up to
        it: points are rows (n, dim) and losses (n,), or it is a numba function of one point. Where it has `gradient(point)`
        or `gradient(point, out)` besides, that must agree with central differences of the loss.
    lr : float
        The LR of the run: 40 updates of 11 trajectories, which must not diverge.
    seed : int

    Returns
    -------
    tuple of str
        What was verified: "members", "start", "records", "blocks", "threads", "cuts" and, where there is a loss and a
        gradient, "parts" and "gradient".

    Raises
    ------
    InputError
        Names the first member that is missing or promise that is broken.

    Examples
    --------
    >>> import numba, rivervalley as rv
    >>> bowl = rv.landscapes.Custom(numba.njit(lambda w: 0.5 * w[0] ** 2), numba.njit(lambda w: w), dim=1, noise_std=0.1)
    >>> rv.landscapes.check(bowl)
    ('members', 'start', 'records', 'blocks', 'threads', 'cuts', 'parts', 'gradient')
    """
    lr, seed = checks.real("lr", lr, 0.0), checks.seed(seed)
    require_members(landscape)
    surface = cast(Landscape, landscape)
    _check_members(surface)
    start = _check_start(surface, seed)
    run = _Runs(surface, start, np.full(_STEPS, lr), seed)
    whole = run.advanced(_TRAJECTORIES, (), 1)
    _check_records(surface, whole)
    for lanes in (1, 4):
        _same(whole, run.advanced(lanes, (), 1), f"depend on its neighbours: blocks of {lanes} trajectories give another run")
    _same(whole, run.advanced(1, (), 4), "depend on threads: advance called from 4 threads gives another run")
    for cuts in ((1,), (7, 20)):
        _same(
            whole,
            run.advanced(_TRAJECTORIES, cuts, 1),
            f"depend on where a run is cut: resumed after {cuts}, it is another run",
        )
    verified = ("members", "start", "records", "blocks", "threads", "cuts")
    loss = getattr(landscape, "loss", None)
    if not callable(loss):
        return verified
    _check_parts(loss, start, whole[0][0])
    gradient = getattr(landscape, "gradient", None)
    if not callable(gradient):
        return (*verified, "parts")
    speed = getattr(landscape, "coordinate_speed", lambda w: np.ones(w.size))
    _check_gradient(loss, gradient, speed, start, whole[1])
    return (*verified, "parts", "gradient")


_Outcome = tuple[FloatArray, FloatArray]  # recorded parts (records, parts, trajectories), state (dim, trajectories)


class _Runs:
    """The same run, in blocks and cuts of choice."""

    def __init__(self, landscape: Landscape, start: FloatArray, lr: FloatArray, seed: int) -> None:
        self.landscape, self.start, self.lr, self.seed = landscape, start, lr, seed

    def advanced(self, lanes: int, cuts: Sequence[int], threads: int) -> _Outcome:
        """Records and final state; a record that the landscape leaves out is NaN."""
        width = min(lanes, self.landscape.lanes)
        out = np.full((_RECORD_AT.size, len(self.landscape.parts), _TRAJECTORIES), np.nan)
        state = self.start.copy()
        with ThreadPoolExecutor(threads) as pool:
            for t0, t1 in zip((0, *cuts), (*cuts, _STEPS), strict=True):
                for block in [
                    pool.submit(self._block, state, out, slice(low, low + width), t0, t1)
                    for low in range(0, _TRAJECTORIES, width)
                ]:
                    block.result()
        return out, state

    def _block(self, state: FloatArray, out: FloatArray, columns: slice, t0: int, t1: int) -> None:
        w = np.ascontiguousarray(state[:, columns]).copy()
        rows = np.flatnonzero((_RECORD_AT > t0) & (_RECORD_AT <= t1) | (_RECORD_AT == 0) & (t0 == 0))
        losses = np.full((rows.size, out.shape[1], w.shape[1]), np.nan)
        block = Block(w, self.lr[t0:t1], t0, np.uint64(self.seed), columns.start, _RECORD_AT[rows], losses, 1)
        result = self.landscape.advance(block)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise InputError(f"landscape.advance must return (update, lane), or (-1, -1), not {checks.show(result)}")
        if result[0] >= 0:
            raise InputError(f"lr must be one at which the landscape does not diverge, but it does at update {result[0]}")
        state[:, columns] = w
        out[rows, :, columns] = losses


def _check_members(landscape: Landscape) -> None:
    checks.integer("landscape.dim", landscape.dim, 1)
    checks.integer("landscape.lanes", landscape.lanes, 1)
    parts = landscape.parts
    if not (
        isinstance(parts, tuple) and parts and all(isinstance(part, str) for part in parts) and len(set(parts)) == len(parts)
    ):
        raise InputError(f"landscape.parts must be a tuple of different names, not {checks.show(parts)}")
    for name in ("start", "advance"):
        if not callable(getattr(landscape, name)):
            raise InputError(f"landscape.{name} must be a method, not {checks.show(getattr(landscape, name))}")


def _check_start(landscape: Landscape, seed: int) -> FloatArray:
    start = landscape.start(seed, 0, _TRAJECTORIES)
    shape = (landscape.dim, _TRAJECTORIES)
    if not (isinstance(start, np.ndarray) and start.shape == shape and start.dtype == np.float64):
        raise InputError(
            f"landscape.start must give a float64 array of shape (dim, trajectories) = {shape}, not {checks.show(start)}"
        )
    if not np.isfinite(start).all():
        raise InputError("landscape.start must give finite numbers")
    if not np.array_equal(landscape.start(seed, 3, 2), start[:, 3:5]):
        raise InputError(
            "landscape.start must not depend on the block: trajectories 3 and 4 start elsewhere when asked for alone"
        )
    return np.ascontiguousarray(start)


def _check_records(landscape: Landscape, whole: _Outcome) -> None:
    out, state = whole
    missing = np.argwhere(np.isnan(out))
    if missing.size:
        row, part, lane = missing[0].tolist()
        where = f"part {landscape.parts[part]!r} of trajectory {lane} at update {_RECORD_AT[row]}"
        raise InputError(
            f"landscape.advance must fill block.out at every count of block.record_at, but {where} is NaN or left out"
        )
    if not (np.isfinite(out).all() and np.isfinite(state).all()):
        raise InputError("landscape.advance must report a divergence, but returned (-1, -1) with numbers that are not finite")


def _same(whole: _Outcome, other: _Outcome, what: str) -> None:
    if any(a.tobytes() != b.tobytes() for a, b in zip(whole, other, strict=True)):
        raise InputError(f"landscape.advance must not let a trajectory {what}")


def _loss_at(loss: Callable[[FloatArray], object], w: FloatArray) -> float:
    """The loss of one point, by a function of rows or, compiled, of one point."""
    if isinstance(loss, Dispatcher):
        return float(np.asarray(loss(w.copy())))
    values = np.asarray(loss(w[None].copy()))
    if values.shape != (1,):
        raise InputError(
            f"landscape.loss must give one number for each row of its argument, not shape {values.shape} for one row"
        )
    return float(values[0])


def _check_parts(loss: Callable[[FloatArray], object], start: FloatArray, recorded: FloatArray) -> None:
    for lane in range(_TRAJECTORIES):
        value, parts = _loss_at(loss, start[:, lane]), recorded[:, lane]
        if not abs(value - parts.sum()) <= _RELATIVE * max(abs(value), float(np.abs(parts).sum())):
            raise InputError(
                f"landscape.parts must add up to landscape.loss, but at the start of trajectory {lane} "
                f"they give {float(parts.sum())!r} and the loss is {value!r}"
            )


def _check_gradient(
    loss: Callable[[FloatArray], object],
    gradient: Callable[..., object],
    speed: Callable[[FloatArray], FloatArray],
    *states: FloatArray,
) -> None:
    """Against central differences, at the first and the last point of trajectory 0; `speed` where coordinates are curved."""
    for state in states:
        w = state[:, 0].copy()
        slope = _slope(gradient, w)
        if slope.shape != w.shape:
            raise InputError(f"landscape.gradient must give an array of shape {w.shape}, not {slope.shape}")
        steps = np.diag(_DIFFERENCE * (1.0 + np.abs(w)))
        measured = speed(w) * np.array(
            [(_loss_at(loss, w + step) - _loss_at(loss, w - step)) / (2.0 * step.max()) for step in steps]
        )
        scale = max(float(np.abs(measured).max()), float(np.abs(slope).max()), abs(_loss_at(loss, w)))
        worst = int(np.argmax(np.abs(measured - slope)))
        if not abs(measured[worst] - slope[worst]) <= _SLOPE * scale:
            raise InputError(
                f"landscape.gradient must be the slope of landscape.loss, but coordinate {worst} has {float(slope[worst])!r} "
                f"where differences of the loss give {float(measured[worst])!r}"
            )


def _slope(gradient: Callable[..., object], w: FloatArray) -> FloatArray:
    """The gradient at one point, by a function of one point, of a point and a place to fill, or of rows."""
    if len(inspect.signature(getattr(gradient, "py_func", gradient)).parameters) == 2:
        out = np.full(w.size, np.nan)
        gradient(w.copy(), out)
        return out
    try:
        slope = np.asarray(gradient(w.copy()), dtype=np.float64)
    except InputError:  # takes rows alone
        slope = np.asarray(gradient(w[None].copy()), dtype=np.float64)
    return slope[0] if slope.shape == (1, w.size) else slope
