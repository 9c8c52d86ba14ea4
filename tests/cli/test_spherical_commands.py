"""Spherical valleys and spheres on the command line and in sweeps: named, run, and what they say of what they cannot do."""

import csv
import json
import tomllib

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.landscapes import Sphere, SphericalValley, rules
from rivervalley.simulation.sweep import jobs, run_sweep

VALLEY = "power_law_spherical_valley(count=30, rule=adamw(0.1))"
WSD = "wsd(steps=400, peak_lr=0.002, warmup_steps=20, decay_fraction=0.2)"
LANDSCAPE = SphericalValley.power_law(30, rule=rules.AdamW(0.1))


def run(capsys, *words):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def schedule(**changes):
    return rv.schedules.wsd(**{"steps": 400, "peak_lr": 0.002, "warmup_steps": 20, "decay_fraction": 0.2, **changes})


def test_simulate_by_expectation_and_by_sampling(capsys, tmp_path):
    status, out, _ = run(capsys, "simulate", VALLEY, WSD, "--expected", "-o", tmp_path / "run.csv")
    exact = LANDSCAPE.expected(schedule())
    assert status == 0 and f"final loss {exact.loss[-1]:.6g};" in out
    np.testing.assert_allclose(rv.read_curve(tmp_path / "run.csv").loss[-1], exact.loss[-1], rtol=1e-9)
    sphere = "sphere(weights=40, stiffness=[1, 0.5], rule=sign(0.1))"
    status, out, _ = run(capsys, "simulate", sphere, WSD, "--trajectories", 4, "--seed", 3)
    sampled = rv.simulate(Sphere(40, [1.0, 0.5], rule=rules.DecayedSign(0.1)), schedule(), trajectories=4, seed=3)
    assert status == 0 and f"final loss {sampled.loss[-1]:.6g} +-" in out


def test_compare_takes_the_exact_expectation(capsys):
    words = ("compare", VALLEY, "--checkpoints", "100,400", "--peak-lr", "0.002", "--schedule", WSD, "--json")
    status, out, _ = run(capsys, *words)
    own = {entry["budget"]: entry["loss"] for entry in json.loads(out) if entry["name"] == schedule().name}
    assert status == 0
    assert own == {100: LANDSCAPE.expected(schedule(), record_at=[100]).loss[0], 400: LANDSCAPE.expected(schedule()).loss[-1]}


def test_compare_on_a_sphere_needs_trajectories(capsys):
    sphere = ("compare", "sphere(weights=20, stiffness=[1])", "--checkpoints", "50", "--peak-lr", "0.002")
    status, out, err = run(capsys, *sphere)
    assert (status, out) == (2, "") and "--trajectories must be given" in err
    status, out, _ = run(capsys, *sphere, "--trajectories", 2)
    assert status == 0 and "oracle cosine" in out


def test_sweeps_over_rules(tmp_path):
    text = """
    landscape = "power_law_spherical_valley(count=30, rule={rule})"
    schedule = "wsd(steps=400, peak_lr={peak_lr}, warmup_steps=20, decay_fraction=0.2)"
    expected = true
    [grid]
    rule = ["adamw(0.1)", "adamw(0.0)", "sgd(0.1)", "frozen()", "adam(0.9, 0.99, 0.1)"]
    peak_lr = [0.0001, 0.0002]
    """
    run_sweep(jobs(tomllib.loads(text)), tmp_path, workers=1)
    with open(tmp_path / "results.csv", newline="") as file:
        table = list(csv.DictReader(file))
    rules_of = (rules.AdamW(0.1), rules.AdamW(0.0), rules.DecayedSGD(0.1), rules.Frozen(), rules.Adam(0.9, 0.99, 0.1))
    expected = [
        SphericalValley.power_law(30, rule=rule).expected(schedule(peak_lr=peak)).loss[-1]
        for rule in rules_of
        for peak in (1e-4, 2e-4)
        if not isinstance(rule, rules.DecayedSGD)
    ]
    done = [float(row["loss"]) for row in table if "sgd" not in row["rule"]]
    assert done == expected
    assert len(table) == 10 and {row["status"] for row in table if "sgd" in row["rule"]} <= {"done", "diverged"}


def test_optimal_writes_the_schedule_that_it_found(capsys, tmp_path):
    path = tmp_path / "best.csv"
    status, out, _ = run(capsys, "optimal", VALLEY, "--steps", 120, "--peak-lr", "0.002", "-o", path, "--json")
    told = json.loads(out)
    best = rv.schedules.from_csv(path)
    assert status == 0 and told["converged"] and best.steps == 120 and best.lr.max() <= 0.002
    assert LANDSCAPE.expected(best, record_at=[120]).loss[0] == pytest.approx(told["loss"], rel=1e-12)
    assert told["loss"] < min(told["others"].values())
    cosine = rv.schedules.cosine(120, 0.002, final_lr=0.0)
    assert told["others"]["cosine to 0"] == LANDSCAPE.expected(cosine, record_at=[120]).loss[0]
    assert sum(told["parts"].values()) == pytest.approx(told["loss"], rel=1e-12)


def test_optimal_in_words(capsys, tmp_path):
    plot = tmp_path / "best.svg"
    words = ("optimal", "river_valley(hills=[0.5, 2.0], noise_std=0.1)", "--steps", 40, "--peak-lr", 0.5, "--plot", plot)
    status, out, _ = run(capsys, *words)
    assert status == 0 and out.startswith("final loss ") and "WSD, last 20 % linear to 0 with that cap" in out
    assert plot.read_text().startswith("<?xml") and "not converged" not in out
    assert "raise --max-evaluations" in run(capsys, *words, "--max-evaluations", 2)[1]


BAD = [
    (("sphere(weights=20, stiffness=[1])", "--steps", "10", "--peak-lr", "1e-3"), "straight or a spherical valley"),
    ((VALLEY, "--steps", "10"), "peak_lr must be given"),
    (("spherical_valley(stiffness=[1], rule=adam(0.9, 0.99))", "--steps", "10", "--peak-lr", "1e-3"), "without momentum"),
    ((VALLEY, "--steps", "10", "--peak-lr", "1e-3", "-o", "/nowhere/x.csv"), "--output must lie in a folder that exists"),
    ((VALLEY, "--steps", "0", "--peak-lr", "1e-3"), "--steps: must be an integer of at least 1"),
]


@pytest.mark.parametrize("words, message", BAD, ids=[message for _, message in BAD])
def test_optimal_refuses_in_one_line(capsys, words, message):
    status, out, err = run(capsys, "optimal", *words)
    assert (status, out) == (2, "") and err.count("\n") == 1 and message in err
