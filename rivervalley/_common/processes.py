"""Processes that share work."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection

from rivervalley._common.errors import WorkerError

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """That many processes, which end with the block: at once where it is left by an error or an interrupt, or this one dies.

    They are spawned, for a forked one would inherit the locks of this process's threads. Linear algebra gets one thread in
    each unless the environment says otherwise: several in every process wait for one another. Ctrl-C is for this process
    alone.

    Raises
    ------
    WorkerError
        If a process ends before its work does.
    """
    context = multiprocessing.get_context("spawn")
    # Nothing is ever sent: the workers end where the pipe does, which the system closes whatever this process dies of.
    watched, alive = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with, initargs=(watched,))
    try:
        _spawn(executor, workers)
        yield executor
    except BrokenProcessPool:
        raise WorkerError("a worker process died before its work was done; was there enough memory for all of them?") from None
    except BaseException:
        alive.close()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        alive.close()
        watched.close()


def _spawn(executor: ProcessPoolExecutor, workers: int) -> None:
    """Start all processes: each submission does so as long as none is idle. They take the environment along."""
    added = [name for name in _THREADS if name not in os.environ]
    before = _hold_interrupts()
    try:
        os.environ.update(dict.fromkeys(added, "1"))
        for _ in range(workers):
            executor.submit(os.getpid)
    finally:
        for name in added:
            del os.environ[name]
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hold_interrupts() -> set[int] | None:
    """Block Ctrl-C in this thread, a mask that spawned processes keep; the mask before, or None where there is no such thing."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})}


def _end_with(watched: Connection) -> None:
    """End this process when the other end of the pipe is closed."""

    def wait() -> None:
        watched.poll(None)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
