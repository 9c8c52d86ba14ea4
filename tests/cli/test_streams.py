"""Output that nobody reads, or that cannot be written: files first, one line at most, and no success before the work is done."""

import contextlib
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from rivervalley.claims import registry
from rivervalley.cli import main

SIMULATE = ["simulate", "river_valley(hills=[1.0])", "constant(steps=100, peak_lr=0.1)", "--trajectories", "2"]


@pytest.fixture(params=[1, -1], ids=["line by line", "buffered"])
def run_unread(request):
    """Runs a command with standard output as a pipe whose reader has gone."""

    def run(*words):
        reader, writer = os.pipe()
        os.close(reader)
        # To close it at the end must not fail either, as at exit.
        with os.fdopen(writer, "w", buffering=request.param) as stream, contextlib.redirect_stdout(stream):
            return main([str(word) for word in words])

    return run


def test_files_are_written_before_anything_is_printed(run_unread, tmp_path, capfd):
    file, plot = tmp_path / "run.csv", tmp_path / "run.png"
    assert run_unread(*SIMULATE, "-o", file, "--plot", plot) == 141
    assert len(file.read_text().splitlines()) == 102 and plot.stat().st_size > 1000
    assert capfd.readouterr().err == ""


def test_validate_stops_and_is_no_success(run_unread, monkeypatch, capfd):
    measured = []
    (model,) = registry.select(["AL-07"])

    def stub(name):
        def measure(setting):
            measured.append(name)
            return []

        return replace(model, id=name, measure=measure, control=measure)

    monkeypatch.setattr(registry, "list", lambda group=None: tuple(stub(f"AL-{k}") for k in range(90, 94)))
    assert run_unread("validate", "--workers", 1) == 141
    assert len(measured) < 4
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["simulate", "--help"]])
def test_help_to_nobody_says_nothing(run_unread, words, capfd):
    assert run_unread(*words) == 141
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["--version"]) == 2
    assert capsys.readouterr().err == "rivervalley: No space left on device\n"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_streams_closed_from_the_start_go_nowhere(monkeypatch, tmp_path, name):
    monkeypatch.setattr(sys, name, None)
    assert main([*SIMULATE, "-o", str(tmp_path / "run.csv")]) == 0
    assert main(["simulate", "nonsense()", "constant(steps=100, peak_lr=0.1)"]) == 2
    getattr(sys, name).close()


def test_letters_that_the_terminal_lacks_are_no_failure(monkeypatch, tmp_path, capsys):
    with open(tmp_path / "out.txt", "w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert main(["simulate", "valley(∂)", "constant(steps=100, peak_lr=0.1)"]) == 2
    assert "\\u2202" in (tmp_path / "out.txt").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_same_in_a_shell(tmp_path, unbuffered):
    """As in `rivervalley ... | true` and with 2>&-: nothing is said at exit either."""
    command = [sys.executable, "-m", "rivervalley", *SIMULATE, "-o", "run.csv"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered, "PYTHONPATH": os.pathsep.join(sys.path)}
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment, cwd=tmp_path, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"") and (tmp_path / "run.csv").is_file()
    shell = ["sh", "-c", '"$@" 2>&-', "sh", *command]
    assert subprocess.run(shell, stdout=subprocess.DEVNULL, env=environment, cwd=tmp_path, check=False).returncode == 0
