"""Curves and runs in notebooks and as data frames."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.schedules import Schedule

SCHEDULE = Schedule([0.1, 0.1, 0.05, 0.02], name="<decay> & more")


def run(record_every=1):
    valley = rv.landscapes.RiverValley(hills=[1.0], noise_std=0.1)
    return rv.simulate(valley, SCHEDULE, trajectories=8, seed=3, record_every=record_every)


@pytest.mark.parametrize("losses", [[2.5], [2.5, 2.5, 2.5], [3.0, 2.0], [-1.0, -2.0, 5.0, 1.0]])
def test_any_curve_can_be_shown(losses):
    curve = rv.LossCurve(np.arange(1, len(losses) + 1), losses, SCHEDULE, "a < b", notes=("x & y",))
    page = ElementTree.fromstring(curve._repr_html_())
    text = " ".join(page.itertext())
    assert "a < b" in text
    assert "x & y" in text
    assert f"{losses[0]:.4f} at step 1" in text
    lines = page.findall(".//polyline")
    assert len(lines) == (len(losses) > 1)
    for line in lines:
        points = np.array([point.split(",") for point in line.get("points").split()], dtype=float)
        assert len(points) == len(losses)
        assert np.all((points >= 0) & (points <= (240, 48)))
        # The highest loss is drawn highest, at the least y.
        assert losses[int(np.argmin(points[:, 1]))] == max(losses)


def test_a_long_curve_is_a_short_page():
    curve = rv.LossCurve(np.arange(1, 100_001), np.linspace(4, 3, 100_000), Schedule(np.full(100_000, 0.1)))
    assert len(curve._repr_html_()) < 4_000


def test_a_run_in_words():
    short = run(4)
    assert repr(short).startswith("Run('<decay> & more', 8 trajectories, 1 losses, ")
    assert "at step 4" in repr(short)
    expected = rv.landscapes.RiverValley(hills=[1.0], noise_std=0.1).expected(SCHEDULE, record_every=1)
    assert "exact expectation, 4 losses" in repr(expected)
    text = " ".join(ElementTree.fromstring(expected._repr_html_()).itertext())
    assert "river" in text and "hill" in text and "<decay> & more" in text


def test_data_frames():
    pytest.importorskip("pandas")
    curve = rv.LossCurve([1, 4], [2.0, 1.5], SCHEDULE)
    frame = curve.to_dataframe()
    assert frame.to_dict("list") == {"step": [1, 4], "lr": [0.1, 0.02], "loss": [2.0, 1.5]}
    back = rv.read_curve(frame, schedule=SCHEDULE)
    assert (back.steps.tolist(), back.loss.tolist()) == ([1, 4], [2.0, 1.5])
    made = run()
    assert list(made.curve().to_dataframe().columns) == ["step", "lr", "loss", "loss_stderr"]
    frame = made.to_dataframe()
    assert list(frame.columns) == ["step", "loss", "loss_stderr", *made.components]
    np.testing.assert_array_equal(frame["loss"], made.loss)


def test_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(rv.InputError, match=r"needs pandas: pip install 'rivervalley\[dataframe\]'"):
        rv.LossCurve([1], [2.0], SCHEDULE).to_dataframe()
