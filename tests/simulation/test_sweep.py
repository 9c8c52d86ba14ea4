"""Sweeps: what is asked for, what is written, and that they go on where they stopped."""

import csv
import datetime
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import rivervalley as rv
from rivervalley._common.errors import InputError, WorkerError
from rivervalley.cli import main
from rivervalley.simulation.sweep import identity, jobs, read_sweep, run_sweep, status

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


def rows(folder):
    with open(folder / "results.csv", newline="") as file:
        return list(csv.DictReader(file))


def run(todo, folder, **options):
    """The rows of results.csv after running a sweep."""
    table = run_sweep(todo, folder, **{"workers": 1, **options})
    assert len(table) == len(rows(folder))
    return rows(folder)


def test_every_combination_once(sweep):
    found = read_sweep(sweep)
    assert len(found) == 8 == len({job.id for job in found})
    assert found[1].schedule == "wsd(steps=200, peak_lr=0.1, decay_fraction=0.1)"
    assert [job.seed for job in found[:2]] == [0, 5]
    assert read_sweep(sweep) == found


def test_rows_are_the_runs(sweep, tmp_path):
    found = read_sweep(sweep)
    table = run(found, tmp_path / "out")
    assert len(table) == 8
    for job, row in zip(found, table, strict=True):
        alone = rv.simulate(rv.landscapes.parse(job.landscape), rv.schedules.parse(job.schedule), 8, job.seed, 100)
        assert float(row["loss"]) == alone.loss[-1]
        assert float(row["loss_hill"]) == alone.components["hill"][-1]
        assert (row["status"], int(row["end_step"]), float(row["peak_lr"])) == (
            "done",
            alone.end_step,
            dict(job.values)["peak_lr"],
        )
        curve = rv.read_curve(tmp_path / "out" / "runs" / f"{job.id}.csv")
        assert curve.loss.tolist() == alone.loss.tolist()


@pytest.mark.slow
def test_shards_and_processes_give_the_same_table(sweep, tmp_path, monkeypatch):
    monkeypatch.setattr("rivervalley.simulation.sweep.run.ALONE_SECONDS", 0.0)
    found = read_sweep(sweep)
    whole = run(found, tmp_path / "whole")
    assert len(run(found, tmp_path / "out", shard=(1, 3))) == 3
    assert run(found, tmp_path / "out", workers=2) == whole


def test_finished_runs_are_not_done_again(sweep, tmp_path):
    found = read_sweep(sweep)
    run(found[:3], tmp_path)
    times = {path.name: os.stat(path).st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert len(run(found, tmp_path)) == 8
    assert all(os.stat(tmp_path / "runs" / name).st_mtime_ns == when for name, when in times.items())


def small(**change):
    """Two quick runs."""
    return {
        "landscape": "river_valley(hills=[1.0], noise_std=0.1)",
        "schedule": "constant(steps={n}, peak_lr=0.1)",
        "trajectories": 2,
        "grid": {"n": [10, 20]},
    } | change


@pytest.mark.parametrize(
    "damage",
    [
        lambda record, curve: record.write_text("garbage"),
        lambda record, curve: record.write_bytes(b"\xff\xfe"),
        lambda record, curve: record.write_text("[" * 100_000),
        lambda record, curve: record.write_text("[]"),
        lambda record, curve: record.write_text("{}"),
        lambda record, curve: record.write_text(record.read_text().replace('"loss": ', '"loss": 1')),
        lambda record, curve: record.write_text(record.read_text()[:-20]),
        lambda record, curve: curve.unlink(),
        lambda record, curve: curve.write_text(curve.read_text().replace("0.1", "0.2", 1)),
    ],
)
def test_what_is_damaged_is_done_again(tmp_path, damage):
    found = jobs(small())
    whole = run(found, tmp_path)
    record, curve = (tmp_path / "runs" / f"{found[0].id}.{suffix}" for suffix in ("json", "csv"))
    before = curve.read_bytes()
    damage(record, curve)
    assert run(found, tmp_path) == whole
    assert curve.read_bytes() == before and status(found, tmp_path).finished == 2


def test_a_record_of_another_run_does_not_count(tmp_path):
    found = jobs(small())
    whole = run(found, tmp_path)
    first, second = (tmp_path / "runs" / f"{job.id}.json" for job in found)
    shutil.copy(second, first)
    assert run(found, tmp_path) == whole


@pytest.mark.parametrize("text", ["from_csv('{file}')", "{file}"])
def test_a_file_that_changed_is_read_again(tmp_path, text):
    file = tmp_path / "lr.csv"
    data = small(schedule=text.replace("{file}", str(file)), grid={})
    file.write_text("step,lr\n0,0.1\n1,0.1\n")
    first = run(jobs(data), tmp_path)
    file.write_text("step,lr\n0,0.3\n1,0.3\n")
    os.utime(file, (1, 1))
    second = run(jobs(data), tmp_path)
    assert first[0]["sum_lr"] == "0.2" and second[0]["sum_lr"] == "0.6"


def test_a_file_that_changes_while_the_sweep_runs_is_noticed(tmp_path):
    file = tmp_path / "lr.csv"
    file.write_text("step,lr\n0,0.1\n1,0.1\n")
    found = jobs(small(schedule=str(file), grid={}))
    file.write_text("step,lr\n0,0.3\n1,0.3\n")
    os.utime(file, (1, 1))
    with pytest.raises(WorkerError, match="has changed"):
        run_sweep(found, None)


def test_another_version_runs_all_again(tmp_path, monkeypatch):
    run(jobs(small()), tmp_path)
    monkeypatch.setattr(rv, "__version__", "99")
    identity.versions.cache_clear()
    try:
        assert status(jobs(small()), tmp_path).finished == 0
        assert dict(jobs(small())[0].versions)["rivervalley"] == "99"
    finally:
        identity.versions.cache_clear()


def test_a_worker_of_another_version_is_refused():
    other = replace(jobs(small())[0], versions=(("rivervalley", "0"),))
    with pytest.raises(WorkerError, match="asked for with rivervalley 0"):
        run_sweep([other], None)


def test_divergence_is_a_row(tmp_path):
    data = {**tomllib.loads(TEXT), "grid": {"steps": [200], "peak_lr": [0.1, 3.0]}}
    good, bad = run(jobs(data), tmp_path)
    assert good["status"] == "done" and bad["status"].startswith("diverged: ") and bad["loss"] == ""
    assert status(jobs(data), tmp_path).diverged == 1


def test_one_trajectory_has_no_standard_error(tmp_path):
    found = jobs(small(trajectories=1))
    table = run_sweep(found, tmp_path, workers=1)
    assert table.rows[0]["loss_stderr"] is None and np.isnan(table["loss_stderr"]).all()
    assert json.loads((tmp_path / "runs" / f"{found[0].id}.json").read_text())["result"]["loss_stderr"] is None
    assert run_sweep(found, tmp_path) == table


def test_exact_expectations(tmp_path):
    data = {**tomllib.loads(TEXT), "expected": True}
    first = run(jobs(data)[:1], tmp_path)[0]
    valley = rv.landscapes.parse(data["landscape"])
    assert float(first["loss"]) == valley.expected(rv.schedules.wsd(steps=200, peak_lr=0.1, decay_fraction=0.1)).loss[-1]
    assert float(first["loss_stderr"]) == 0.0


def test_values_hold_values_and_whole_calls_are_lists(tmp_path):
    """A cosine has no decay: its runs are not repeated for each, and its rows have none."""
    data = {
        "landscape": ["river_valley(hills={hills})", "power_law_valley(count=3)"],
        "schedule": ["wsd(steps={steps}, peak_lr=0.1, {decay})", "cosine(steps={steps}, peak_lr=0.1)"],
        "expected": True,
        "grid": {"steps": [20], "decay": ["decay_steps={length}", "decay_fraction=0.25"], "length": [2, 10]},
        "zip": {"hills": [[0.5, 2.0], "geomspace(0.1, 1, {count})"], "count": [3, 4]},
    }
    found = jobs(data)
    schedules = [job.schedule for job in found if job.landscape == "power_law_valley(count=3)"]
    assert schedules == [
        "wsd(steps=20, peak_lr=0.1, decay_steps=2)",
        "wsd(steps=20, peak_lr=0.1, decay_steps=10)",
        "wsd(steps=20, peak_lr=0.1, decay_fraction=0.25)",
        "cosine(steps=20, peak_lr=0.1)",
    ]
    valleys = list(dict.fromkeys(job.landscape for job in found))
    assert valleys[:2] == ["river_valley(hills=[0.5, 2.0])", "river_valley(hills=geomspace(0.1, 1, 4))"]
    assert len(found) == 12
    last = run(found, tmp_path)[-1]
    assert (last["schedule"], last["decay"], last["length"], last["hills"], last["steps"]) == (
        data["schedule"][1],
        "",
        "",
        "",
        "20",
    )


def test_lists_that_go_together():
    data = small(
        zip=[{"a": [1.0, 2.0], "b": [0.1, 0.2]}, {"c": [5, 6]}], landscape="river_valley(hills=[{a}, {c}], noise_std={b})"
    )
    pairs = [(dict(job.values)["a"], dict(job.values)["b"], dict(job.values)["c"]) for job in jobs(data)]
    assert len(pairs) == 8 and set(pairs) == {(1.0, 0.1, 5), (1.0, 0.1, 6), (2.0, 0.2, 5), (2.0, 0.2, 6)}


def test_from_python_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = rv.sweep(
        "river_valley(hills=[1.0], noise_std=0.1)",
        "constant(steps=50, peak_lr={lr})",
        grid={"lr": np.array([0.1, 0.2]), "seed": range(3), "expected": [True, False]},
        trajectories=4,
    )
    # Exact expectations know no seed, but it is what they were asked for.
    assert len(table) == 12 and table["lr"].tolist() == [0.1] * 6 + [0.2] * 6
    alone = rv.simulate(rv.landscapes.RiverValley([1.0], 0.1), rv.schedules.constant(50, 0.2), trajectories=4, seed=2)
    assert table.rows[-1]["loss"] == alone.loss[-1] and list(table)[-1]["expected"] is False
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="column must be one of"):
        table["rate"]


def test_the_table_in_other_forms(tmp_path):
    pandas, parquet = pytest.importorskip("pandas"), pytest.importorskip("pyarrow.parquet")
    data = small(
        grid={"n": [10, 20], "hills": [[1.0], "linspace(1, 2, 3)"], "x": [1, 0.5]},
        landscape="river_valley(hills={hills}, noise_std={x})",
    )
    table = run_sweep(jobs(data), tmp_path, workers=1, parquet=True)
    read = parquet.read_table(tmp_path / "results.parquet").to_pydict()
    assert read["loss"] == table["loss"].tolist() and read["n"] == [10] * 4 + [20] * 4
    assert read["hills"][:2] == ["[1.0]", "[1.0]"] and read["x"][:2] == [1.0, 0.5]
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and frame["loss"].tolist() == table["loss"].tolist()


@pytest.mark.slow
def test_a_thousand_exact_runs_take_about_a_second():
    """In processor time, with what a first run compiles left out."""
    some = {"grid": {"steps": [2000], "lr": [0.1]}, "expected": True}
    texts = (
        "river_valley(hills=geomspace(0.05, 2, 15), noise_std=0.1, river=power(1, 1))",
        "cosine(steps={steps}, peak_lr={lr})",
    )
    rv.sweep(*texts, **some)
    some["grid"] = {"steps": [1000 + k for k in range(40)], "lr": [0.01 * k for k in range(1, 26)]}
    begin = time.process_time()
    assert len(rv.sweep(*texts, **some, workers=1)) == 1000
    assert time.process_time() - begin < 5.0


@pytest.mark.slow
def test_an_interrupted_sweep_goes_on_to_the_same_bytes(tmp_path):
    """Killed in the middle of its runs, with two processes; then resumed."""
    data = small(schedule="constant(steps={n}, peak_lr=0.1)", trajectories=256, grid={"n": [5_000 + k for k in range(30)]})
    whole = run(jobs(data), tmp_path / "whole")
    (tmp_path / "sweep.toml").write_text(
        f"landscape = '{data['landscape']}'\nschedule = '{data['schedule']}'\n[grid]\nn = {data['grid']['n']}\n"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "rivervalley", "sweep", tmp_path / "sweep.toml", "-o", out, "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and status(jobs(data), out).finished < 3:
            time.sleep(0.02)
        process.kill()
    assert 3 <= status(jobs(data), out).finished < 30
    assert run(jobs(data), out) == whole
    assert {path.name for path in (out / "runs").glob("[!.]*")} == {
        path.name for path in (tmp_path / "whole" / "runs").iterdir()
    }


@pytest.mark.parametrize("address", ["nonsense://nowhere:1", "tls://127.0.0.1:1", "tcp://127.0.0.1:1", "", " ", 3])
def test_a_dask_scheduler_that_does_not_answer_is_one_sentence(tmp_path, address, monkeypatch, capfd):
    monkeypatch.setattr("rivervalley.simulation.sweep.dask.CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match="dask must be"):
        run_sweep(jobs(small()), tmp_path, dask=address)
    assert capfd.readouterr().err == ""


def test_dask_that_is_not_installed_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="pip install"):
        run_sweep(jobs(small()), tmp_path, dask="tcp://127.0.0.1:1")


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.mark.slow
def test_on_a_dask_cluster(sweep, tmp_path, cluster):
    """Its workers need not see the folder: what they compute is written here. A later sweep asks them again."""
    found = read_sweep(sweep)
    here = run(found, tmp_path / "here")
    for name in ("one", "two"):
        assert run(found, tmp_path / name, dask=cluster.scheduler_address) == here
        assert len(list((tmp_path / name / "runs").iterdir())) == 16


LONG = {
    "schedule": "constant(steps={n}, peak_lr=0.1)",
    "trajectories": 10_000,
    "grid": {"n": [2_000_000, 2_000_001, 2_000_002]},
}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["scheduler", "workers"])
def test_a_dask_cluster_that_is_lost_is_one_sentence(tmp_path, monkeypatch, capfd, what):
    """The scheduler or all workers killed in the middle of a run."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("rivervalley.simulation.sweep.dask.NO_WORKERS_SECONDS", 2.0)
    scheduler = start_dask(["scheduler", "--port", "0", "--no-dashboard"], "Scheduler at:")
    worker = start_dask(["worker", scheduler.address, "--nthreads", "1", "--no-dashboard", "--no-nanny"], "Registered to")
    capfd.readouterr()
    timer = threading.Timer(3.0, (scheduler if what == "scheduler" else worker).process.kill)
    timer.start()
    try:
        with pytest.raises(WorkerError, match="start the sweep again"):
            run_sweep(jobs(small(**LONG)), tmp_path, dask=scheduler.address)
    finally:
        for one in (scheduler, worker):
            one.process.kill()
            one.process.wait()
            one.process.stderr.close()
    assert "Traceback" not in capfd.readouterr().err


def start_dask(words, ready):
    """A process of a cluster, once it has said that it is ready; its address where it told one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if ready in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return SimpleNamespace(process=process, address=line.split()[-1])
    raise AssertionError("Dask did not start")


@pytest.mark.parametrize(
    "change, about",
    [
        ({"landscap": "x"}, "landscap"),
        ({"landscape": 3}, "landscape"),
        ({"landscape": []}, "landscape"),
        ({"schedule": [3]}, "schedule"),
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
        ({"trajectories": 2**32 + 1}, "trajectories"),
        ({"grid": {"steps": [100], "peak_lr": [0.1], "trajectories": [2**33]}}, "trajectories"),
        ({"grid": {"steps": [datetime.date(2020, 1, 1)], "peak_lr": [0.1]}}, "grid.steps"),
        ({"grid": {"steps": [100], "peak_lr": [float("nan")]}}, "grid.peak_lr"),
        ({"grid": {"steps": [10**200], "peak_lr": [0.1]}}, "grid.steps"),
        ({"grid": {"steps": [{"a": 1}], "peak_lr": [0.1]}}, "grid.steps"),
        ({"schedule": "constant(steps={steps:d}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "constant(steps={0}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "constant(steps={}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "constant(steps={steps:{peak_lr}}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "constant(steps={steps:>3000000000}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "constant(steps={steps!r}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "constant(steps={steps.real}, peak_lr={peak_lr})"}, "braces"),
        ({"schedule": "[" * 50_000}, "schedule"),
        ({"landscape": "(" * 50_000}, "landscape"),
        ({"schedule": "x\0y"}, "schedule"),
        ({"grid": {"steps": ["{peak_lr}"], "peak_lr": ["{steps}"]}}, "leads back to itself"),
        ({"zip": {"steps": [100, 200]}}, "one list steps"),
        ({"zip": {"a": [1, 2], "b": [1]}}, "a has 2, b has 1"),
        ({"zip": {}}, "zip"),
        ({"zip": [3]}, "zip"),
        ({"grid": {"steps": [100], "peak_lr": [0.1], "landscape": ["x"]}}, "landscape"),
        ({"landscape": "sheared_bend()", "expected": True}, "no exact expectation"),
    ],
)
def test_bad_sweeps_are_refused(change, about):
    with pytest.raises(InputError, match=about):
        jobs({**tomllib.loads(TEXT), **change})


def test_the_command(sweep, tmp_path, capsys):
    words = ["sweep", str(sweep), "-o", str(tmp_path / "out"), "--workers", "1", "--shard", "0/4"]
    assert main(words) == 0
    assert "2 of 8 runs finished" in capsys.readouterr().out
    assert len(rows(tmp_path / "out")) == 2
    assert main([*words[:4], "--status"]) == 0
    assert capsys.readouterr().out.startswith("2 of 8 runs finished; about 0:00:0")
    assert main([*words[:4], "--status", "--shard", "0/4"]) == 0
    assert capsys.readouterr().out == "2 of 2 runs finished\n"
    assert main(["sweep", str(sweep), "-o", str(tmp_path / "none"), "--status"]) == 0
    assert capsys.readouterr().out == "0 of 8 runs finished\n" and not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words, about",
    [
        (["nowhere.toml", "-o", "out"], "nowhere.toml"),
        (["{sweep}", "-o", "/proc/nowhere"], "folder"),
        (["{sweep}", "-o", "{out}", "--shard", "4/4"], "shard"),
        (["{sweep}", "-o", "{out}", "--shard", "x"], "--shard"),
        (["{sweep}", "-o", "{out}", "--workers", "0"], "--workers"),
        (["{sweep}", "-o", "{out}", "--dask", ""], "dask"),
        (["a\0b", "-o", "{out}"], "null"),
        (["{sweep}", "-o", "a\0b"], "folder"),
        (["{deep}", "-o", "{out}"], "nested too deeply"),
        (["{digits}", "-o", "{out}"], "TOML"),
        (["/dev/zero", "-o", "{out}"], "a pipe or a device"),
    ],
)
def test_the_command_refuses_in_one_sentence(sweep, tmp_path, capsys, words, about):
    (tmp_path / "deep.toml").write_text("a = " + "[" * 50_000)
    (tmp_path / "digits.toml").write_text("a = " + "9" * 5_000)
    paths = {"sweep": sweep, "out": tmp_path / "out", "deep": tmp_path / "deep.toml", "digits": tmp_path / "digits.toml"}
    words = [word.format(**paths) for word in words]
    assert main(["sweep", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and about in err
