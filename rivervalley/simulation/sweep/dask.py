"""The runs of a sweep on a Dask cluster: computed there, written here, and no silence where it is lost."""

from __future__ import annotations

import gc
import importlib
import logging
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from rivervalley._common.checks import InputError, show
from rivervalley._common.errors import WorkerError
from rivervalley.simulation.sweep import run
from rivervalley.simulation.sweep.jobs import Job
from rivervalley.simulation.sweep.store import Outcome

CONNECT_SECONDS = 10
# A cluster may still be starting its workers.
NO_WORKERS_SECONDS = 120.0
LOOK_SECONDS = 1.0


class Future(Protocol):
    """What is used of Dask's."""

    key: str
    status: str

    def add_done_callback(self, function: Callable[[Future], object], /) -> None: ...
    def result(self) -> Outcome: ...
    def exception(self) -> BaseException: ...


class Client(Protocol):
    """What is used of Dask's."""

    status: str

    def map(self, function: Callable[[Job], Outcome], jobs: list[Job], /, *, key: list[str], pure: bool) -> list[Future]: ...
    def scheduler_info(self) -> Mapping[str, Mapping[str, object]]: ...
    def close(self, *, timeout: float) -> None: ...


def on_dask(todo: Sequence[Job], address: str) -> Iterator[tuple[Job, Outcome]]:
    """The outcomes of runs, as they finish."""
    with _quiet(), _client(address) as client:
        done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        sweep = uuid.uuid4().hex  # the scheduler holds results by key, those of other sweeps too
        by_key = {f"{job.id}-{sweep}": job for job in todo}
        futures = client.map(run.compute, list(todo), key=list(by_key), pure=False)  # kept: Dask forgets what nobody holds
        for future in futures:
            future.add_done_callback(done.put)
        last_seen = time.monotonic()
        left = len(by_key)
        while left:
            try:
                future = done.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                last_seen = _look(client, address, last_seen)
                continue
            yield by_key[future.key], _outcome(future, address)
            left -= 1


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise InputError("dask must be left out where distributed is missing: pip install 'rivervalley[dask]'") from None
    client: Client | None = None
    try:
        client = distributed.Client(address, timeout=f"{CONNECT_SECONDS}s")
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
    if client is None:
        gc.collect()  # what is left of the client stops its thread when it is collected, and waits for ever if that does it
        raise InputError(f"dask must be the address of a scheduler that answers, not {show(address)} ({reason})")
    try:
        yield client
    finally:
        client.close(timeout=2)


def _look(client: Client, address: str, last_seen: float) -> float:
    """When a worker was last seen; refuses to wait for ever."""
    if client.status != "running":
        raise _lost(f"the Dask scheduler at {address} is gone")
    if client.scheduler_info()["workers"]:
        return time.monotonic()
    if time.monotonic() - last_seen > NO_WORKERS_SECONDS:
        raise _lost(f"the Dask scheduler at {address} has had no worker for {NO_WORKERS_SECONDS:g} s")
    return last_seen


def _outcome(future: Future, address: str) -> Outcome:
    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise _lost(f"the Dask scheduler at {address} is gone")
    error = future.exception()
    if isinstance(error, (InputError, WorkerError)):
        raise error
    raise _lost(f"a run failed on the Dask cluster at {address} ({type(error).__name__}: {error})")


def _lost(what: str) -> WorkerError:
    return WorkerError(f"{what}; finished runs are kept: start the sweep again to go on")


@contextmanager
def _quiet() -> Iterator[None]:
    """No messages of Dask's own: what matters of them is said in one sentence."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
