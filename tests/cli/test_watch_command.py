"""rivervalley watch: what it prints and writes, its exit status, and following a file that grows, is cut off or replaced."""

import json
import os
import signal
import subprocess
import sys

import pytest

import rivervalley as rv
from rivervalley.cli import main

STEPS = "24000"


@pytest.fixture(scope="module")
def law(tmp_path_factory):
    path = tmp_path_factory.mktemp("law") / "law.json"
    names = ("mpl/25M_constant_24000", "mpl/25M_wsd_20000_24000")
    rv.laws.fit([rv.datasets.load(name) for name in names]).save(path)
    return str(path)


def rows(until, factor=1.0):
    """Lines of a log of the constant run, with the losses after step 14,000 times a factor."""
    curve = rv.datasets.load("mpl/25M_constant_24000").until(until)
    lines = [
        f"{step},0.0003,{loss * (factor if step > 14_000 else 1.0):.5f}\n"
        for step, loss in zip(curve.steps.tolist(), curve.loss.tolist(), strict=True)
    ]
    return ["step,lr,loss\n", *lines]


def command(law, log, *more):
    return ["watch", law, str(log), "--warmup-steps", "2160", "--steps", STEPS, *more]


def test_a_run_that_is_well(law, tmp_path, capsys):
    log, output, plot = tmp_path / "run.csv", tmp_path / "report.json", tmp_path / "watch.svg"
    log.write_text("".join(rows(12_000)))
    assert main(command(law, log, "-o", str(output), "--plot", str(plot))) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("At step 11904 the loss is") and "Expect a final loss of" in printed and "(now)" in printed
    report = json.loads(output.read_text())
    assert report["forecast"]["step"] == 24_000 and report["alarms"] == []
    assert plot.read_text().startswith("<?xml")
    assert main(command(law, log, "--json")) == 0
    assert json.loads(capsys.readouterr().out) == report


def test_an_alarm_has_a_status_of_its_own(law, tmp_path, capsys):
    log = tmp_path / "run.csv"
    log.write_text("".join(rows(18_000, 1.05)))
    assert main(command(law, log)) == 3
    assert capsys.readouterr().out.startswith("ALARM: lasting offset since step 14")
    log.write_text("".join(rows(12_000)) + "12100,0.0003,nan\n")
    assert main(command(law, log)) == 3
    assert capsys.readouterr().out.startswith("ALARM: divergence since step 12100: the loss is nan")


def test_curves_in_place_of_a_law(tmp_path, capsys):
    for name in ("mpl/25M_constant_24000", "mpl/25M_wsd_20000_24000"):
        rv.write_curve(tmp_path / f"{name[8:11]}.csv", rv.datasets.load(name))
    log = tmp_path / "run.csv"
    log.write_text("".join(rows(12_000)))
    fit = ["--fit", str(tmp_path / "con.csv"), str(tmp_path / "wsd.csv")]
    schedule = ["--schedule", "constant(steps=24000, peak_lr=3e-4, warmup_steps=2160)"]
    assert main(["watch", str(log), *fit, *schedule]) == 0
    assert "note: equilibrium" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["watch", "run.csv"], "watch must be given LAW.json and LOG"),
        (["watch", "law.json", "run.csv", "--every", "0"], "--every must be"),
        (["watch", "law.json", "run.csv"], "law.json"),
    ],
)
def test_bad_input(words, says, capsys):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_bytes_that_are_being_written_are_left_for_later(tmp_path):
    """A number cut off in the middle is another number."""
    from rivervalley.monitoring.follow import _read_whole_lines

    log = tmp_path / "run.csv"
    log.write_text("step,lr,loss\n" + "".join(f"{n},0.1,{4 - n / 4}\n" for n in range(4)) + "4,0.1,3")
    curve = _read_whole_lines(str(log), lambda path: rv.read_curve(path, warmup_steps=0))
    assert curve.steps.tolist() == [1, 2, 3] and curve.name == "run"


class Followed:
    """`rivervalley watch --follow` in a process of its own, with what it prints."""

    def __init__(self, law, log, *more):
        words = [sys.executable, "-m", "rivervalley", *command(law, log, "--follow", "--every", "0.05", *more)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def line(self):
        return self.process.stdout.readline()

    def end(self):
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_file_that_grows_is_followed_until_a_signal(law, tmp_path, number):
    log, lines = tmp_path / "run.csv", rows(12_000)
    log.write_text("".join(lines[:50]))
    followed = Followed(law, log)
    first = followed.line()
    assert first.startswith("step ") and "inside" in first
    with log.open("a") as file:
        file.write(lines[50] + lines[51][:7])
        file.flush()
        second = followed.line()
        assert second.startswith(f"step {lines[50].split(',')[0]}: ")
        file.write(lines[51][7:])
    assert followed.line().startswith(f"step {lines[51].split(',')[0]}: ")
    os.kill(followed.process.pid, number)
    status, out, err = followed.end()
    assert (status, out, err) == (0, "", "rivervalley: ended\n")


@pytest.mark.slow
def test_a_file_that_is_missing_cut_off_and_replaced(law, tmp_path):
    log, lines = tmp_path / "run.csv", rows(12_000)
    followed = Followed(law, log, "--until", "9000", "--json")
    assert "run.csv is not there; waiting" in followed.process.stderr.readline()
    log.write_text("".join(lines[:50]))
    assert json.loads(followed.line())["standing"]["step"] == int(lines[49].split(",")[0])
    log.write_text("".join(lines[:30]))  # cut off
    assert json.loads(followed.line())["standing"]["step"] == int(lines[29].split(",")[0])
    (tmp_path / "new.csv").write_text("".join(lines))
    os.replace(tmp_path / "new.csv", log)  # rotated
    assert json.loads(followed.line())["standing"]["step"] == 11_904
    status, out, err = followed.end()
    assert (status, out) == (0, "")
    assert err.startswith("rivervalley: run.csv starts over: it ends at step")
