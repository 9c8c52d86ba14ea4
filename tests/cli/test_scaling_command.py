"""rivervalley scaling: the table of laws, and laws fitted to a file of runs."""

import json

import numpy as np
import pytest

from rivervalley.cli import main
from rivervalley.scaling import chinchilla, kaplan


def run(capsys, *words):
    status = main(["scaling", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def runs(tmp_path):
    N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 1e9, 4), np.geomspace(1e9, 1e11, 4)))
    loss = chinchilla.loss_from_size_and_data(N, D)
    path = tmp_path / "runs.csv"
    rows = (f"{n!r},{d!r},{value!r}" for n, d, value in zip(N.tolist(), D.tolist(), loss.tolist(), strict=True))
    path.write_text("\n".join(["N,D,loss", *rows]) + "\n")
    return path


def test_table_says_what_the_calculators_say(capsys):
    status, out, err = run(capsys, "-C", "10PFd", "--json")
    assert (status, err) == (0, "")
    rows = {(row["law"], row["quantity"]): row for row in json.loads(out)["laws"]}
    budget = 10 * kaplan.PF_DAY
    assert rows["Kaplan, measured frontier", "N, best size"]["value"] == kaplan.measured_allocation(budget).N
    best = chinchilla.optimal_allocation(budget)
    assert rows["Chinchilla, refit", "N, best size"]["value"] == pytest.approx(best.N, rel=1e-12)


def test_amounts_may_have_suffixes(capsys):
    assert run(capsys, "-N", "7B", "-D", "1.4T") == run(capsys, "-N", "7e9", "-D", "1.4e12")
    status, out, _ = run(capsys, "--size", "1e9", "--loss", "1.7")
    assert status == 0
    assert "unreachable" in out


def test_fit_recovers_and_stands_beside_the_published(capsys, runs, tmp_path):
    status, out, _ = run(capsys, "--fit", runs, "-N", "1e9", "-D", "2e10", "--json", "--plot", tmp_path / "fit.png")
    document = json.loads(out)
    assert status == 0
    for name, value in {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}.items():
        assert document["fit"]["params"][name] == pytest.approx(value, rel=1e-6)
    assert document["predicted_loss"] == pytest.approx(float(chinchilla.loss_from_size_and_data(1e9, 2e10)), rel=1e-7)
    own, refit = (
        {row["quantity"]: row["value"] for row in document["laws"] if row["law"] == law}
        for law in ("Chinchilla, your runs", "Chinchilla, refit")
    )
    assert own.keys() == refit.keys() and own
    for quantity, value in refit.items():
        assert own[quantity] == pytest.approx(value, rel=1e-4), quantity
    assert (tmp_path / "fit.png").read_bytes()[:4] == b"\x89PNG"


def test_fit_of_another_law_and_its_warnings(capsys, runs):
    status, out, _ = run(capsys, "--fit", runs, "--law", "size", "--offset", "yes", "-N", "1e8")
    assert status == 0
    assert "size: loss = E + (N_c / N)^alpha_N" in out
    assert "predicted loss:" in out


@pytest.mark.slow
def test_figure_of_the_laws(capsys, tmp_path):
    status, _, _ = run(capsys, "-N", "7e9", "-D", "1e12", "--loss", "2.2", "--plot", tmp_path / "laws.svg")
    assert status == 0
    assert b"<svg" in (tmp_path / "laws.svg").read_bytes()


@pytest.mark.parametrize(
    "words, about",
    [
        ([], "must be given"),
        (["-N", "-3"], "positive number"),
        (["-N", "nan"], "positive number"),
        (["-N", "7Q"], "7Q"),
        (["-N", "1e9", "-D", "1e9", "-C", "1e20"], "must not all be given"),
        (["-N", "1e9", "--law", "size"], "--fit"),
        (["--fit", "nowhere.csv"], "nowhere.csv"),
        (["-N", "1e9", "--plot", "nowhere/x.png"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence(capsys, words, about):
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert about in err and err.count("\n") == 1 and err.startswith("rivervalley")


def test_bad_runs_name_file_line_and_column(capsys, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("N,D,loss\n1e8,1e9,3.0\n1e8,-1,3.0\n")
    status, _, err = run(capsys, "--fit", path)
    assert status == 2
    assert "line 3" in err and "D must be above 0" in err
    path.write_text("N,loss\n1e8,3.0\n1e9,2.5\n")
    status, _, err = run(capsys, "--fit", path)
    assert status == 2 and "runs must have D" in err
