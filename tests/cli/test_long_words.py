"""Error lines stay short, whatever was typed; a schedule of one update can be drawn."""

import pytest

import rivervalley as rv
from rivervalley.cli import main

LONG = "x" * 2000
VALLEY, CONSTANT = "river_valley(hills=[0.5])", "constant(steps=3, peak_lr=0.1)"


@pytest.fixture(scope="module")
def law_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("law") / "law.json"
    rv.laws.fit([rv.laws.published.cosine(), rv.laws.published.constant()], law="annealing").save(path)
    return str(path)


@pytest.mark.parametrize(
    "words",
    [
        (LONG,),
        ("plan", "LAW", "--steps", "100", "--peak-lr", LONG),
        ("plan", "LAW", "--steps", LONG, "--peak-lr", "0.1"),
        ("plan", "LAW", "--steps", "100", "--peak-lr", "0.1 " * 500),
        ("predict", "LAW", LONG),
        ("predict", "LAW", CONSTANT, "--confidence", LONG),
        ("predict", "LAW", CONSTANT, "--nothing", LONG),
        ("predict", "LAW", CONSTANT, *["x"] * 1000),
        ("simulate", LONG, CONSTANT),
        ("simulate", VALLEY, CONSTANT, "--seed", LONG),
        ("simulate", VALLEY, CONSTANT, "--trajectories", LONG),
        ("compare", VALLEY, "--peak-lr", "0.1", "--checkpoints", LONG),
        ("optimal", LONG, "--steps", "10"),
        ("fit", "nowhere.csv", "--law", LONG),
        ("fit", "nowhere.csv", "--decay-factor", LONG),
        ("scaling", "-N", LONG),
        ("sweep", "nowhere.toml", "-o", ".", "--shard", LONG),
    ],
)
def test_what_was_typed_is_quoted_short(capsys, law_file, words):
    status = main([law_file if word == "LAW" else word for word in words])
    out, err = capsys.readouterr()
    assert status == 2
    assert not out
    assert err.count("\n") == 1 and len(err) < 700
    assert "x" * 100 not in err


def test_a_prediction_of_one_update_is_drawn_then_printed(capsys, tmp_path, law_file):
    curve, plot = tmp_path / "p.csv", tmp_path / "p.png"
    one = "constant(steps=1, peak_lr=2e-4)"
    assert main(["predict", law_file, one, "-o", str(curve), "--plot", str(plot)]) == 0
    assert len(curve.read_text().splitlines()) == 3  # header, before and after the update
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["predict", law_file, one, "-o", str(curve), "--plot", str(tmp_path / "p.nothing")]) == 2
    assert not capsys.readouterr().out
