"""The page as a file: what it holds, what it never asks for, what it refuses; and its command."""

import json
import re
import sys

import numpy as np
import pytest

import rivervalley as rv
from rivervalley import explore, laws
from rivervalley._common.checks import InputError
from rivervalley.cli import main
from rivervalley.explore.interval import page_interval
from rivervalley.laws.base.calibration import estimates_variance

bokeh = pytest.importorskip("bokeh", reason="Bokeh is not installed")
LAW = laws.AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=0.41)


@pytest.fixture(scope="module")
def html():
    return explore.explorer_html(LAW)


def test_the_page_holds_everything_and_asks_for_nothing(html):
    assert len(html.encode()) < 2.5e6
    outside = [
        found for found in re.findall(r"<(?:script|link|img|iframe)[^>]*>", html.split("page-data")[0]) if "://" in found
    ]
    assert outside == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1)
    assert "default-src 'none'" in policy and "connect-src" not in policy and "http" not in policy
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', html, re.S).group(1))
    assert data["law"]["offset"] == 2.6 and data["interval"] is None and data["runs"] == []


def test_names_from_outside_do_not_become_markup():
    curves = [rv.datasets.load(f"mpl/25M_{name}") for name in ("cosine_24000", "constant_24000")]
    spoiled = [rv.LossCurve(c.steps, c.loss, c.schedule, name="</script><b onclick=x>") for c in curves]
    assert "<b onclick" not in explore.explorer_html(laws.AnnealingLaw.fit(spoiled))


def test_runs_of_the_fitted_model_are_offered():
    from rivervalley.explore import page

    curves = [rv.datasets.load(f"mpl/25M_{name}") for name in ("cosine_24000", "constant_24000")]
    law = laws.AnnealingLaw.fit(curves)
    runs = page.page_data(law).runs
    assert {run.name for run in runs} == set(rv.datasets.list("mpl/25M_"))
    assert {run.label for run in runs if run.fitted} == {"25M_cosine_24000", "25M_constant_24000"}
    for run in runs:
        assert run.end_loss == law.end_loss(rv.datasets.load(run.name)) and len(run.at) == len(run.loss) <= 240
    assert [run.name for run in page.page_data(law, ["mpl/100M_cosine_72000"]).runs] == ["mpl/100M_cosine_72000"]


def test_the_intervals_matrix_gives_the_variance_of_the_estimates():
    rng = np.random.default_rng(3)
    curves = [rv.datasets.load(f"mpl/25M_{name}") for name in ("cosine_24000", "constant_24000")]
    for law in (laws.AnnealingLaw.fit(curves, decay_factor=None), laws.EquilibriumLaw.fit(curves, weight_decay=0.1)):
        interval = page_interval(law)
        scale = 1.0 / np.sqrt(np.maximum(np.diag(interval.covariance), 1e-300))
        gradients = rng.normal(size=(len(law.result.names), 30)) * scale[:, None]
        found = np.einsum("ir,ij,jr->r", gradients, interval.covariance, gradients)
        expected = estimates_variance(law.result, law.calibration, gradients)
        assert np.allclose(found, expected, rtol=1e-7)


def test_what_cannot_be_shown_is_refused(tmp_path):
    with pytest.raises(InputError, match="law must be one of annealing"):
        explore.explorer_html(laws.ConvexBoundLaw(L0=2.0, a=1.0, b=1.0))
    with pytest.raises(InputError, match="name must be that of a run, not 'mpl/nothing'"):
        explore.explorer_html(LAW, runs=["mpl/nothing"])
    with pytest.raises(InputError, match="law must be a law, not 3"):
        explore.explorer_html(3)
    with pytest.raises(InputError, match="path must lie in a folder that exists"):
        explore.write_explorer(tmp_path / "no" / "page.html", LAW)


def test_without_bokeh_one_sentence_says_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    assert main(["explore", "-o", str(tmp_path / "page.html")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "pip install 'rivervalley[explore]'" in err
    assert list(tmp_path.iterdir()) == []


def test_the_command(capsys, tmp_path):
    LAW.save(tmp_path / "law.json")
    path = tmp_path / "page.html"
    assert main(["explore", str(tmp_path / "law.json"), "-o", str(path), "--run", "mpl/25M_cosine_24000"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and str(path) in out
    assert "25M_cosine_24000" in path.read_text(encoding="utf-8")
    for words in (["missing.json"], [str(tmp_path / "law.json"), "--run", "none"]):
        assert main(["explore", *words, "-o", str(tmp_path / "other.html")]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "other.html").exists()
