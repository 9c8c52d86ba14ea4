"""Processes that share work."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """That many processes; work that was not begun is dropped at the end.

    They are spawned, for a forked one would inherit the locks of this process's threads. Linear algebra gets one thread in
    each unless the environment says otherwise: several in every process wait for one another.
    """
    executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    added = [name for name in _THREADS if name not in os.environ]
    try:
        # Each submission spawns a process as long as none is idle; it takes the environment along before it loads NumPy.
        os.environ.update(dict.fromkeys(added, "1"))
        for _ in range(workers):
            executor.submit(os.getpid)
    finally:
        for name in added:
            del os.environ[name]
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)
