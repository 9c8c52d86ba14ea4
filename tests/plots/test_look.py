"""One visual language: what a name looks like, in colour and in grey, and what a fit's figure shows."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import rivervalley as rv
from rivervalley import plots
from rivervalley.plots.look import SCHEDULES


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("wsd 20% linear", "WSD"),
        ("WSD-S", "wsd_s"),
        ("cyclic cosine", "cyclic_cosine"),
        ("cosine to a tenth", "cosine"),
        ("multi_step", "multi-step 8-1-1"),
        ("inverse sqrt", "inverse_sqrt"),
        ("oracle cosine, peak × 1.5", "cosine"),
    ],
)
def test_names_of_one_kind_of_schedule_look_alike(name, same):
    assert plots.look(name) == plots.look(same) != {}


def test_a_schedule_looks_like_its_name_and_a_stranger_like_nothing():
    assert plots.look(rv.schedules.wsd(100, 0.1, decay_fraction=0.2)) == plots.look("WSD")
    assert plots.look(rv.schedules.from_lr([0.1, 0.2], name="run 3")) == {}


def luminance(color):
    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


def test_lines_differ_in_grey_by_luminance_or_style():
    looks = [plots.look(name) for name in SCHEDULES]
    for one, other in itertools.combinations(looks, 2):
        assert one["linestyle"] != other["linestyle"] or abs(luminance(one["color"]) - luminance(other["color"])) > 0.1, (
            one,
            other,
        )


def test_a_sequence_is_monotone_in_grey():
    assert np.all(np.diff([luminance(color) for color in plots.sequence(9)]) > 0.0)


@pytest.mark.parametrize("name", plots.STYLES)
def test_ink_stands_out_from_the_ground_of_every_style(name):
    with plots.style(name):
        ground = luminance(matplotlib.rcParams["axes.facecolor"])
        assert abs(luminance(plots.ink()) - ground) > 0.6
        for color in matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]:
            assert abs(luminance(color) - ground) > 0.2


def test_an_unknown_style_is_refused():
    with pytest.raises(rv.InputError, match="style must be one of paper, slide, dark, not 'fancy'"), plots.style("fancy"):
        pass


def test_the_step_axis_has_thousands_separators():
    figure, ax = plots.figure()
    ax.plot([0, 20_000], [0, 1])
    plots.step_axis(ax)
    figure.draw_without_rendering()
    assert "10,000" in [label.get_text() for label in ax.get_xticklabels()]


def test_two_drawings_of_a_figure_are_the_same_bytes(tmp_path):
    for suffix in ("png", "svg"):
        for name in ("first", "second"):
            with plots.style():
                figure, ax = plots.figure()
                ax.plot([0.0, 1.0], [1.0, 2.0], **plots.look("cosine"))
                plots.save(figure, tmp_path / f"{name}.{suffix}")
        assert (tmp_path / f"first.{suffix}").read_bytes() == (tmp_path / f"second.{suffix}").read_bytes()
