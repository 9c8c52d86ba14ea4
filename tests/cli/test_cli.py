"""The command line as a user meets it: output, files, exit status, one line for bad input."""

import dataclasses
import json

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.cli.main import COMMANDS
from rivervalley.laws import published

VALLEY = "river_valley(hills=geomspace(0.05, 2, 5), noise_std=0.1, river=power(1, 1))"
WSD = "wsd(steps=2000, peak_lr=0.3, warmup_steps=50, decay_fraction=0.2)"


def run(capsys, *words):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def curves(tmp_path):
    paths = []
    for curve in (published.cosine(), published.constant()):
        path = tmp_path / f"{curve.name}.csv"
        rv.write_curve(path, curve)
        paths.append(path)
    return paths


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_an_example(capsys, command):
    status, out, _ = run(capsys, *([command] if command else []), "--help")
    assert status == 0
    assert "usage: rivervalley" in out
    assert command is None or f"rivervalley {command}" in out.split("examples:")[1]


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"rivervalley {rv.__version__}\n")


def test_simulate_writes_a_curve_that_fit_reads(capsys, tmp_path):
    status, out, _ = run(
        capsys, "simulate", VALLEY, WSD, "-o", tmp_path / "run.csv", "--plot", tmp_path / "run.png", "--seed", 3
    )
    assert status == 0
    assert "final loss" in out
    back = rv.read_curve(tmp_path / "run.csv")
    again = rv.simulate(rv.landscapes.parse(VALLEY), rv.schedules.parse(WSD), seed=3)
    assert np.array_equal(back.loss, again.loss)
    assert back.schedule == again.schedule
    assert (tmp_path / "run.png").read_bytes()[:4] == b"\x89PNG"


def test_simulate_expected(capsys):
    status, out, _ = run(capsys, "simulate", VALLEY, WSD, "--expected")
    assert status == 0
    assert f"{rv.landscapes.parse(VALLEY).expected(rv.schedules.parse(WSD)).loss[-1]:.6g}" in out


@pytest.mark.slow
def test_compare_with_one_trajectory_has_no_standard_error(capsys):
    words = ("compare", VALLEY, "--checkpoints", "100,200", "--peak-lr", "0.1", "--trajectories", "1")
    status, out, _ = run(capsys, *words, "--json")
    assert status == 0 and {entry["loss_stderr"] for entry in json.loads(out)} == {None}
    assert run(capsys, *words)[0] == 0


@pytest.mark.slow
def test_fit_then_predict(capsys, tmp_path, curves):
    law_file = tmp_path / "law.json"
    status, out, _ = run(capsys, "fit", *curves, "--warmup-area", "full", "-o", law_file, "--plot", tmp_path / "fit.svg")
    assert status == 0
    assert "0.549846" in out and "R2" in out
    law = rv.laws.load(law_file)
    assert law.params["alpha"] == pytest.approx(0.5498, abs=5e-4)
    text = "cosine(steps=60000, peak_lr=2e-4, warmup_steps=500)"
    status, out, err = run(capsys, "predict", law_file, text, "-o", tmp_path / "p.csv", "--plot", tmp_path / "p.png")
    assert (status, err) == (0, "")
    loss = law.predict(rv.schedules.parse(text))
    assert f"{loss[-1]:.4f}" in out
    assert rv.read_curve(tmp_path / "p.csv").loss[-1] == loss[-1]


def test_a_fitted_law_predicts_with_a_band(capsys, tmp_path, curves):
    run(capsys, "fit", *curves, "--warmup-area", "full", "-o", tmp_path / "law.json")
    text = "wsd(steps=20000, peak_lr=2e-4, warmup_steps=500, decay_fraction=0.2)"
    band = rv.laws.predict_band(rv.laws.load(tmp_path / "law.json"), rv.schedules.parse(text), confidence=0.5)
    status, out, _ = run(capsys, "predict", tmp_path / "law.json", text, "--confidence", "0.5", "--plot", tmp_path / "p.png")
    assert status == 0
    assert "50% band" in out and f"{band.low[0]:.4f} to {band.high[0]:.4f}" in out
    assert run(capsys, "predict", tmp_path / "law.json", text, "--confidence", "1.5")[0] == 2


@pytest.mark.slow
def test_fit_says_where_held_out_runs_end(capsys, tmp_path, curves):
    _, out, _ = run(capsys, "fit", curves[0], "--holdout", curves[1], "--law", "auto", "--plot", tmp_path / "fit.png")
    assert "end of held-out run" in out and "90 % band" in out
    document = json.loads(run(capsys, "fit", curves[0], "--holdout", curves[1], "--json")[1])
    (end,) = document["held_out_ends"].values()
    assert end["low"] < end["predicted"] < end["high"]


@pytest.mark.slow
def test_fit_compares_laws(capsys, curves):
    status, out, _ = run(capsys, "fit", curves[0], "--holdout", curves[1], "--law", "annealing,forward,steps")
    assert status == 0
    assert out.count("held out") == 3 and out.index("annealing") < out.index("steps")
    rows = json.loads(run(capsys, "fit", *curves, "--law", "all", "--json")[1])
    assert {row["law"].split(" ")[0] for row in rows} == {"auto", *rv.laws.LAWS} - {"size"}
    assert all(row["held_out"] is None and row["fitted"]["r2"] <= 1.0 for row in rows)
    for words in (["--law", "annealing,steps", "-o", "x.json"], ["--law", "annealing,nope"], ["--law", "size"]):
        status, _, err = run(capsys, "fit", *curves, *words)
        assert status == 2 and err.count("\n") == 1


def test_fit_json_is_one_document(capsys, curves):
    status, out, _ = run(capsys, "fit", curves[0], "--holdout", curves[1], "--json", "--decay-factor", "free")
    found = json.loads(out)
    assert status == 0
    assert set(found["scores"]) == {"fitted", "held_out"}
    assert found["params"].keys() == {"L0", "A", "alpha", "C", "decay_factor"}


def test_predict_warns_of_another_peak(capsys, tmp_path, curves):
    run(capsys, "fit", *curves, "-o", tmp_path / "law.json")
    _, _, err = run(capsys, "predict", tmp_path / "law.json", "constant(steps=1000, peak_lr=1e-3)")
    assert "peak LR" in err


def test_validate_prints_verdicts(capsys):
    status, out, _ = run(capsys, "validate", "AL-06", "RV-P04", "--controls")
    assert status == 0
    assert "AL-06   corrected                  agrees    fails" in out
    assert "2 agree, 0 disagree, 0 skipped, of 2 claims" in out and "Controls: 2 of 2 fail" in out
    assert "arXiv 2408.11029  1 corrected" in out and "arXiv 2410.05192  1 derived here" in out


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_validate_fits_the_terminal(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = run(capsys, "validate", "AL-06", "AL-07", "RV-P02", "--controls")
    assert max(len(line) for line in out.splitlines()) <= width


@pytest.mark.slow
def test_validate_power_multiplies_trajectories(capsys):
    def tolerance(power):
        _, out, _ = run(capsys, "validate", "RV-09", "--quick", "--json", "--power", power)
        return json.loads(out)["claims"][0]["tolerance"]

    assert tolerance(4) < 0.7 * tolerance(1)
    status, _, err = run(capsys, "validate", "RV-09", "--power", 0)
    assert status == 2 and "--power" in err and err.count("\n") == 1


def test_validate_json_is_one_document_of_the_stated_form(capsys):
    status, out, _ = run(capsys, "validate", "AL-06", "RV-P02", "--json", "--seed", 7, "--controls")
    document = json.loads(out)
    assert status == 0
    assert document["seed"] == 7
    assert {"seed", "versions", "claims"} == set(document)
    stated = "id paper statement formula status kind predicted measured error tolerance passed control_failed skipped seconds"
    for claim in document["claims"]:
        assert set(stated.split()) <= set(claim)
        assert claim["passed"] is True and claim["control_failed"] is True and claim["skipped"] is None


@pytest.mark.slow
def test_validate_in_processes_gives_the_same_verdicts(capsys):
    def numbers(workers):
        _, out, _ = run(capsys, "validate", "RV-08", "RV-P02", "--quick", "--json", "--workers", workers)
        return [(c["id"], c["measured"], c["passed"]) for c in json.loads(out)["claims"]]

    assert numbers(1) == numbers(2)


def test_validate_fails_with_status_1(capsys, monkeypatch):
    from rivervalley.claims import checks, registry

    right = next(one for one in rv.claims.list("AL") if one.id == "AL-06")
    off = [checks.near("a number", 1, 2)]
    wrong = dataclasses.replace(right, id="AL-99", measure=lambda s: off, control=lambda s: off)
    monkeypatch.setitem(registry._registered, "AL-99", wrong)
    status, out, _ = run(capsys, "validate", "AL-99")
    assert status == 1
    assert "AL-99   open                       DISAGREES" in out
    assert "AL-99 disagrees:\n  a number: 2, near 1" in out


def test_validate_refuses_a_folder_of_curves_that_is_none(capsys, tmp_path):
    status, out, err = run(capsys, "validate", "AL-06", "--curves", tmp_path)
    assert (status, out) == (2, "") and str(tmp_path) in err


def test_validate_measures_claims_on_real_curves_anywhere(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "validate", "AL-03b", "--json")
    (claim,) = json.loads(out)["claims"]
    assert (status, claim["skipped"], claim["passed"]) == (0, None, True)


def test_validate_report(capsys, tmp_path):
    run(capsys, "validate", "AL-06", "AL-07", "--report", tmp_path / "out")
    report = (tmp_path / "out" / "report.md").read_text()
    assert "### AL-07: confirmed within the model; our measurement agrees" in report
    assert "| what | measured | | predicted or bound |" in report and "The control breaks: " in report
    assert "statement by statement" not in report
    assert len(json.loads((tmp_path / "out" / "verdicts.json").read_text())["claims"]) == 2


def test_validate_report_maps_the_statements_of_the_summary(capsys, tmp_path):
    run(capsys, "validate", "KS-P03", "--quick", "--report", tmp_path / "out")
    report = (tmp_path / "out" / "report.md").read_text()
    assert "KS-15 (not run), KS-P03 (arithmetic)" in report and "no experiment" in report


def test_validate_list(capsys):
    _, out, _ = run(capsys, "validate", "AL", "--list")
    assert out.splitlines()[0].startswith("AL-01")
    assert len(out.splitlines()) == len(rv.claims.list("AL"))


BAD = [
    ((), "the following arguments are required: COMMAND"),
    (("nonsense",), "invalid choice"),
    (("simulate", "x(", WSD), "landscape must read like"),
    (("simulate", VALLEY, "wds(steps=3)"), "did you mean wsd"),
    (("simulate", VALLEY, "wsd(steps=10, peak_lr=1, decay_steps=20)"), "at most steps"),
    (("simulate", VALLEY, WSD, "--seed", "1.5"), "--seed: must be an integer"),
    (("simulate", VALLEY, WSD, "--trajectories", "0"), "must be an integer of at least 1"),
    (("simulate", VALLEY, WSD, "-o", "/nowhere/x.csv"), "--output must lie in a folder that exists"),
    (("simulate", VALLEY, WSD, "--plot", "x.unknown"), "must end in one of"),
    (("simulate", VALLEY, "constant(steps=5000, peak_lr=3)"), "diverged at update"),
    (("fit", "nowhere.csv"), "nowhere.csv"),
    (("fit", "nowhere.csv", "--law", "anealing"), "--law must be one of"),
    (("fit", "nowhere.csv", "--warmup-area", "half"), "--warmup-area must be one of"),
    (("predict", "nowhere.json", WSD), "nowhere.json"),
    (("validate", "XX-01"), "claim must be a group"),
    (("validate", "--curves", "/nowhere"), "curves must be a folder"),
    (("validate", "--workers", "0"), "--workers must be"),
]


@pytest.mark.parametrize("words, message", BAD, ids=[message for _, message in BAD])
def test_bad_input_is_one_line_and_status_2(capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1 and message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
