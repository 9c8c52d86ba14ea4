"""Processes that share work: their threads, an environment left as it was, and that none outlives the one it works for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rivervalley._common.errors import WorkerError
from rivervalley._common.processes import pool

NAME = "OPENBLAS_NUM_THREADS"


def test_each_process_has_one_thread_of_linear_algebra(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    with pool(2) as processes:
        assert NAME not in os.environ
        assert set(processes.map(os.getenv, [NAME] * 20)) == {"1"}


def test_what_the_environment_says_stands(monkeypatch):
    monkeypatch.setenv(NAME, "3")
    with pool(1) as processes:
        assert processes.submit(os.getenv, NAME).result() == "3"
    assert os.environ[NAME] == "3"


def test_a_worker_that_dies_is_one_error():
    with pytest.raises(WorkerError, match="a worker process died"), pool(1) as processes:
        processes.submit(os._exit, 1).result()


def test_work_that_is_under_way_does_not_hold_up_an_error():
    begin = time.monotonic()
    with pytest.raises(ZeroDivisionError), pool(1) as processes:
        processes.submit(time.sleep, 120)
        raise ZeroDivisionError
    assert time.monotonic() - begin < 60


PROGRAM = """
import sys, time
from rivervalley._common.processes import pool
if __name__ == "__main__":
    try:
        with pool(3) as processes:  # one of them idle
            running = [processes.submit(time.sleep, 300) for _ in range(2)]
            time.sleep(0.5)
            print(*processes._processes, flush=True)
            running[0].result()
    except KeyboardInterrupt:
        sys.exit(130)
"""


def alive(process_id):
    """Whether a process runs; one that has ended may still be listed until its parent asks."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_no_worker_outlives_its_parent(tmp_path, number):
    """Ctrl-C goes to all processes of a terminal; here too, and the workers say nothing of it."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        workers = [int(word) for word in parent.stdout.readline().split()]
        try:
            assert len(workers) == 3 and all(alive(worker) for worker in workers)
            (os.killpg if number == signal.SIGINT else os.kill)(parent.pid, number)
            assert parent.wait(30) == (130 if number == signal.SIGINT else -number)
            end = time.monotonic() + 30
            while any(alive(worker) for worker in workers) and time.monotonic() < end:
                time.sleep(0.05)
            assert not any(alive(worker) for worker in workers)
            assert "Traceback" not in parent.stderr.read()
        finally:
            for worker in filter(alive, workers):
                os.kill(worker, signal.SIGKILL)
