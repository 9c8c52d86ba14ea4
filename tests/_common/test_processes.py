"""Processes that share work: one thread of linear algebra in each, and an environment left as it was."""

import os

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
