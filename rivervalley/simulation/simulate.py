"""simulate(landscape, schedule) -> Run: many trajectories on common, counter-based noise."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, FloatArray, InputError, IntArray
from rivervalley.curves.run import Run, recorded_steps
from rivervalley.kernels.statistics import mean_and_error
from rivervalley.landscapes.base import Block, CostedLandscape, Landscape, require_members
from rivervalley.schedules import Schedule

_CHUNK_WORK = 4_000_000  # coordinate updates a block does between two looks at progress and divergence: some 10 ms
_RECORD_BYTES = 32_000_000  # losses of single trajectories held at a time
_CHECK_EVERY = 256
MOST_STATE_BYTES = 2**29  # of the coordinates of all trajectories together
_LARGEST_LOSS = 1e149  # squares of what is below, summed over 2**32 trajectories, stay finite


def simulate(
    landscape: Landscape,
    schedule: Schedule,
    trajectories: int | None = None,
    seed: int | None = None,
    record_every: int = 100,
    threads: int | None = None,
    progress: bool = False,
    *,
    initial: Run | FloatArray | None = None,
    record_at: ArrayLike | None = None,
) -> Run:
    """Run SGD on a landscape under a schedule and average the loss over independent trajectories.

    The noise of an update is a pure function of seed, trajectory, update and coordinate. So the result is the same to the
    last bit for any number of threads, trajectory 7 is the same whether 8 or 8,000 run beside it, and two schedules with
    one seed are compared on common noise. Memory grows with the recorded points, never with steps times trajectories.

    Parameters
    ----------
    landscape : Landscape
    schedule : Schedule
        The rate of every update.
    trajectories : int
        Independent runs to average over: 256, or as many as `initial` has.
    seed : int
        0 <= seed < 2**64: 0, or that of `initial`.
    record_every : int
        Record the loss after every so many updates, counted from the very first, and after the last.
    threads : int
        Worker threads: as many as there are CPUs where not given.
    progress : bool
        Show a progress bar on standard error.
    initial : Run or array of shape (trajectories, dim)
        A run to go on from: its state, update count and seed. A run cut in two is the same run to the last bit. Or
        starting points.
    record_at : array_like of int
        Update counts to record in place of `record_every`; 0 is the loss before the first update.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        For an argument that cannot be used.
    DivergenceError
        If a trajectory leaves the range of float64: names the first, and the update.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[0.5, 2.0], noise_std=0.0, river=rv.landscapes.LinearRiver(0.1))
    >>> run = rv.simulate(valley, rv.schedules.constant(steps=200, peak_lr=0.1), trajectories=2)
    >>> run.steps.tolist(), run.loss.round(6).tolist()
    ([100, 200], [-0.1, -0.2])
    """
    require_members(landscape)
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
    first, past, noise_seed, state = _start(landscape, schedule, trajectories, seed, initial)
    workers = checks.integer("threads", threads, 1) if threads is not None else _cpus()
    at = recorded_steps(first, first + schedule.steps, record_every, record_at)
    with tqdm(total=schedule.steps, disable=not progress, unit="step", unit_scale=True, desc=schedule.name) as bar:
        parts, loss, error = run_blocks(
            landscape, state, schedule.lr, first, noise_seed, at, workers, advance=lambda n: bar.update(n)
        )
    return Run(
        steps=at,
        loss=loss,
        loss_stderr=error,
        components={name: np.ascontiguousarray(parts[:, k]) for k, name in enumerate(landscape.parts)},
        state=np.ascontiguousarray(state.T),
        schedule=past,
        seed=noise_seed,
    )


def run_blocks(
    landscape: Landscape,
    state: FloatArray,
    lr: FloatArray,
    first_step: int,
    seed: int,
    record_at: IntArray,
    threads: int,
    lanes: int | None = None,
    chunk: int | None = None,
    advance: Callable[[int], object] = lambda n: None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Advance `state` (dim, trajectories) in place by lr.size updates, in blocks of lanes and chunks of steps.

    Returns the mean of each part (R, parts), the mean loss (R,) and its standard error (R,). None of them depends on
    `threads`, `lanes` or `chunk`. `advance` is told of the updates done. Chunks do not depend on `threads`, so that neither
    does what is found where a trajectory leaves the range of float64 and comes back.
    """
    dim, n = state.shape
    parts = len(landscape.parts)
    if lanes is None:
        lanes = min(landscape.lanes, max(8, -(-n // threads)))
    if chunk is None:
        work = landscape.work if isinstance(landscape, CostedLandscape) else dim * landscape.lanes
        chunk = max(_CHECK_EVERY, _CHUNK_WORK // work // _CHECK_EVERY * _CHECK_EVERY)
    most_records = max(1, _RECORD_BYTES // (8 * parts * n))
    means, total, error = np.empty((record_at.size, parts)), np.empty(record_at.size), np.empty(record_at.size)
    blocks = [slice(low, min(low + lanes, n)) for low in range(0, n, lanes)]

    def run_block(columns: slice, t0: int, t1: int, at: IntArray, out: FloatArray) -> tuple[int, int]:
        """One block through updates t0 + 1 ... t1, on copies that lie close together in memory."""
        before, w = _aligned_copy(state[:, columns]), _aligned_copy(state[:, columns])
        losses = np.zeros((at.size, parts, w.shape[1]))
        work = Block(w, lr[t0:t1], first_step + t0, np.uint64(seed), columns.start, at, losses, _CHECK_EVERY)
        step, lane = landscape.advance(work)
        if step >= 0:
            losses[:] = 0.0
            step, lane = landscape.advance(work._replace(state=before, check_every=1))
        state[:, columns] = w
        out[:, :, columns] = losses
        return step, columns.start + lane

    with ThreadPoolExecutor(max_workers=min(threads, len(blocks))) as pool:
        apply = pool.map if threads > 1 and len(blocks) > 1 else map
        t0, r0 = 0, 0
        while t0 < lr.size:
            t1 = min(t0 + chunk, lr.size)
            r1 = int(np.searchsorted(record_at, first_step + t1, side="right"))
            if r1 - r0 > most_records:
                r1 = r0 + most_records
                t1 = int(record_at[r1 - 1]) - first_step
            at = record_at[r0:r1]
            out = np.empty((at.size, parts, n))
            divergences = list(apply(lambda block: run_block(block, t0, t1, at, out), blocks))  # noqa: B023
            diverged = [pair for pair in divergences if pair[0] >= 0]
            # A comparison with NaN is false.
            if diverged or (out.size and not (out.max() < _LARGEST_LOSS and out.min() > -_LARGEST_LOSS)):
                _raise_first(diverged, at, out, lr, first_step)
            mean_and_error(out, means[r0:r1], total[r0:r1], error[r0:r1])
            advance(t1 - t0)
            t0, r0 = t1, r1
    return means, total, error


def _aligned_copy(points: FloatArray) -> FloatArray:
    """A C-contiguous copy that starts on a cache line: vectors that straddle two lines cost a quarter of the speed."""
    store = np.empty(points.size + 8)
    shift = (-store.ctypes.data % 64) // 8
    copy = store[shift : shift + points.size].reshape(points.shape)
    copy[:] = points
    return copy


def _raise_first(diverged: list[tuple[int, int]], at: IntArray, out: FloatArray, lr: FloatArray, first_step: int) -> None:
    """Tell of the first (update, trajectory) of those that diverged and of those whose recorded loss is lost."""
    places = np.argwhere(~(np.abs(out) < _LARGEST_LOSS).all(axis=1))
    lost = [(int(at[places[0, 0]]), int(places[0, 1]))] if places.size else []
    step, trajectory = min(diverged + lost)
    rate = f", where the learning rate was {lr[step - 1 - first_step]:g}" if step > first_step else ""
    why = "" if (step, trajectory) in diverged else f": its loss is not finite, or beyond {_LARGEST_LOSS:g}"
    text = f"trajectory {trajectory} diverged at update {step}{rate}{why}; lower the peak rate or the curvatures"
    raise DivergenceError(text, trajectory, step)


def _start(
    landscape: Landscape, schedule: Schedule, trajectories: int | None, seed: int | None, initial: Run | FloatArray | None
) -> tuple[int, Schedule, int, FloatArray]:
    """Update count to start from, all rates up to the end, seed, and the state as (dim, trajectories)."""
    count = None if trajectories is None else checks.integer("trajectories", trajectories, 1, 2**32)
    chosen = None if seed is None else checks.seed(seed)
    if initial is None:
        most = max(1, MOST_STATE_BYTES // (8 * landscape.dim))
        if (count or 256) > most:
            raise InputError(f"trajectories must be at most {most} for {landscape.dim} coordinates each, not {count or 256}")
        start = landscape.start(chosen or 0, 0, count or 256)
        return 0, schedule, chosen or 0, np.ascontiguousarray(start)
    if isinstance(initial, Run):
        if initial.seed is None:
            raise InputError("initial must be a run of simulate(), not an exact expectation")
        points, first, past = initial.state, initial.end_step, initial.schedule.then(schedule, initial.schedule.name)
        chosen = initial.seed if chosen is None else chosen
    else:
        points, first, past = checks.array("initial", initial, ndim=2), 0, schedule
    if points.shape[1] != landscape.dim:
        raise InputError(f"initial must have {landscape.dim} coordinates a trajectory, not {points.shape[1]}")
    if count is not None and count != points.shape[0]:
        raise InputError(f"trajectories must be that of initial ({points.shape[0]}) or left out, not {count}")
    return first, past, chosen or 0, points.T.copy(order="C")


def _cpus() -> int:
    """CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
