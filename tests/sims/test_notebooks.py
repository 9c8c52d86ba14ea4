"""The notebooks run from top to bottom, and give what the library gives."""

import importlib.util
from pathlib import Path

import pytest

import rivervalley as rv

pytest.importorskip("marimo", reason="the notebooks need the extra notebooks")

FOLDER = Path(__file__).parents[2] / "sims" / "notebooks"


def run(name):
    """The variables of a notebook after all its cells have run."""
    spec = importlib.util.spec_from_file_location(f"notebook_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, defined = module.app.run()
    return defined


def test_every_notebook_is_tested_here():
    assert {path.stem for path in FOLDER.glob("*.py")} == {"river_valley", "log_to_plan", "claims"}


@pytest.mark.slow
def test_the_river_valley_runs_live():
    defined = run("river_valley")
    assert defined["best"] == "WSD" and len(defined["runs"]) == 3
    for name, end in defined["ends"].items():
        assert abs(end / defined["exact"][name] - 1.0) < 0.05


@pytest.mark.slow
def test_a_log_becomes_a_plan():
    defined = run("log_to_plan")
    curves = [rv.datasets.load(f"mpl/100M_{name}") for name in ("constant_24000", "wsd_20000_24000")]
    law = rv.laws.fit(curves, weight_decay=0.1)
    assert defined["law"].params == law.params
    assert defined["plan"].recommended.loss < min(c.other.loss for c in defined["plan"].against)


@pytest.mark.slow
def test_a_claim_is_measured_with_its_control():
    verdict = run("claims")["verdict"]
    assert verdict.id == "AL-18" and verdict.passed and verdict.control_failed
