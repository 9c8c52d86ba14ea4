"""Sweeps: what is asked for, what is written, and that they go on where they stopped."""

import csv
import os
import tomllib

import pytest

import rivervalley as rv
from rivervalley._common.checks import InputError
from rivervalley.cli import main
from rivervalley.simulation.sweep import jobs, read_sweep, run_sweep

TEXT = """
landscape = "river_valley(hills=[0.5, 2.0], noise_std=0.1)"
schedule = "wsd(steps={steps}, peak_lr={peak_lr}, decay_fraction=0.1)"
trajectories = 8
[grid]
steps = [200, 400]
peak_lr = [0.1, 0.3]
seed = [0, 5]
"""


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(TEXT)
    return path


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_every_combination_once(sweep):
    found = read_sweep(sweep)
    assert len(found) == 8 == len({job.id for job in found})
    assert found[1].schedule == "wsd(steps=200, peak_lr=0.1, decay_fraction=0.1)"
    assert [job.seed for job in found[:2]] == [0, 5]
    assert read_sweep(sweep) == found


def test_rows_are_the_runs(sweep, tmp_path):
    found = read_sweep(sweep)
    table = rows(run_sweep(found, tmp_path / "out", workers=1))
    assert len(table) == 8
    for job, row in zip(found, table, strict=True):
        run = rv.simulate(rv.landscapes.parse(job.landscape), rv.schedules.parse(job.schedule), 8, job.seed, 100)
        assert float(row["loss"]) == run.loss[-1]
        assert float(row["loss_hill"]) == run.components["hill"][-1]
        assert (row["status"], int(row["end_step"]), float(row["peak_lr"])) == (
            "done",
            run.end_step,
            dict(job.values)["peak_lr"],
        )
        curve = rv.read_curve(tmp_path / "out" / "runs" / f"{job.id}.csv")
        assert curve.loss.tolist() == run.loss.tolist()


def test_shards_and_processes_give_the_same_table(sweep, tmp_path):
    found = read_sweep(sweep)
    whole = run_sweep(found, tmp_path / "whole", workers=1).read_bytes()
    assert len(rows(run_sweep(found, tmp_path / "out", workers=1, shard=(1, 3)))) == 3
    assert run_sweep(found, tmp_path / "out", workers=2).read_bytes() == whole


def test_finished_runs_are_not_done_again(sweep, tmp_path):
    found = read_sweep(sweep)
    run_sweep(found[:3], tmp_path, workers=1)
    times = {path.name: os.stat(path).st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert len(rows(run_sweep(found, tmp_path, workers=1))) == 8
    assert all(os.stat(tmp_path / "runs" / name).st_mtime_ns == when for name, when in times.items())


def test_divergence_is_a_row(tmp_path):
    data = {**tomllib.loads(TEXT), "grid": {"steps": [200], "peak_lr": [0.1, 3.0]}}
    good, bad = rows(run_sweep(jobs(data), tmp_path, workers=1))
    assert good["status"] == "done" and bad["status"].startswith("diverged: ") and bad["loss"] == ""


def test_exact_expectations(tmp_path):
    data = {**tomllib.loads(TEXT), "expected": True}
    first = rows(run_sweep(jobs(data)[:1], tmp_path, workers=1))[0]
    valley = rv.landscapes.parse(data["landscape"])
    assert float(first["loss"]) == valley.expected(rv.schedules.wsd(steps=200, peak_lr=0.1, decay_fraction=0.1)).loss[-1]
    assert float(first["loss_stderr"]) == 0.0


def test_dask_without_distributed_or_scheduler_is_one_sentence(sweep, tmp_path):
    with pytest.raises(InputError, match="dask must be"):
        run_sweep(read_sweep(sweep), tmp_path, dask="nonsense://nowhere:1")


def test_on_a_dask_cluster(sweep, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        table = run_sweep(read_sweep(sweep), tmp_path / "dask", dask=cluster.scheduler_address).read_bytes()
    assert table == run_sweep(read_sweep(sweep), tmp_path / "here", workers=1).read_bytes()


@pytest.mark.parametrize(
    "change, about",
    [
        ({"landscap": "x"}, "landscap"),
        ({"landscape": 3}, "landscape"),
        ({"schedule": "constant(steps={steps}, peak_lr={peak_lr}"}, "schedule"),
        ({"schedule": "constant(steps={steps}, peak_lr={rate})"}, "grid.rate"),
        ({"schedule": "constant(steps={steps}, peak_lr=0.1)"}, "grid.peak_lr"),
        ({"schedule": "constant(steps={steps}, peak_lr={peak_lr"}, "braces"),
        ({"grid": {"steps": [], "peak_lr": [1]}}, "grid.steps"),
        ({"grid": {"steps": 100, "peak_lr": [1]}}, "grid.steps"),
        ({"grid": {"steps": [1] * 2000, "peak_lr": [1] * 2000}}, "at most"),
        ({"grid": {"steps": [100], "peak_lr": [-1.0]}}, "peak_lr"),
        ({"grid": {"steps": [100], "peak_lr": [0.1], "loss": [1]}}, "column"),
        ({"trajectories": 0}, "trajectories"),
        ({"trajectories": "many"}, "trajectories"),
        ({"expected": "yes"}, "expected"),
    ],
)
def test_bad_sweeps_are_refused(change, about):
    with pytest.raises(InputError, match=about):
        jobs({**tomllib.loads(TEXT), **change})


def test_the_command(sweep, tmp_path, capsys):
    words = ["sweep", str(sweep), "-o", str(tmp_path / "out"), "--workers", "1", "--shard", "0/4"]
    assert main(words) == 0
    assert "2 of 8 runs finished" in capsys.readouterr().out
    assert len(rows(tmp_path / "out" / "results.csv")) == 2


@pytest.mark.parametrize(
    "words, about",
    [
        (["nowhere.toml", "-o", "out"], "nowhere.toml"),
        (["{sweep}", "-o", "/proc/nowhere"], "folder"),
        (["{sweep}", "-o", "{out}", "--shard", "4/4"], "shard"),
        (["{sweep}", "-o", "{out}", "--shard", "x"], "--shard"),
        (["{sweep}", "-o", "{out}", "--workers", "0"], "--workers"),
    ],
)
def test_the_command_refuses_in_one_sentence(sweep, tmp_path, capsys, words, about):
    words = [word.format(sweep=sweep, out=tmp_path / "out") for word in words]
    assert main(["sweep", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and about in err
