"""Loss curves and their files: what is read, what is rebuilt and said, what is refused."""

from __future__ import annotations

import dataclasses
import os
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rivervalley import CurveWarning, LossCurve, datasets, read_curve, schedules, write_curve
from rivervalley._common.checks import InputError
from rivervalley.schedules import Schedule

SCHEDULE = Schedule([0.1, 0.2, 0.3, 0.3, 0.2, 0.1], warmup_steps=3, name="short")


@pytest.fixture
def file(tmp_path):
    """A function that writes text or bytes to run.csv and gives its path."""

    def write(content, name="run.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read_quietly(*arguments, **options):
    """read_curve, and the text of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        curve = read_curve(*arguments, **options)
    assert all(entry.category is CurveWarning for entry in caught)
    return curve, [str(entry.message) for entry in caught]


# The value --------------------------------------------------------------------------------------------------------------


def test_a_curve_keeps_read_only_copies():
    steps, loss = np.array([1, 6]), np.array([3.0, 2.0])
    curve = LossCurve(steps, loss, SCHEDULE)
    steps[0], loss[0] = 5, 0.0
    assert curve.steps.tolist() == [1, 6]
    assert curve.loss.tolist() == [3.0, 2.0]
    for part in (curve.steps, curve.loss):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        curve.name = "other"


def test_slices_keep_the_schedule_and_the_notes():
    curve = LossCurve([1, 2, 4, 6], [4.0, 3.0, 2.0, 1.0], SCHEDULE, "c", "interpolated", ("a note",))
    assert curve.until(4).steps.tolist() == [1, 2, 4]
    assert curve.until(3).loss.tolist() == [4.0, 3.0]
    assert curve.after(4).loss.tolist() == [1.0]
    assert curve.after(0).steps.tolist() == [1, 2, 4, 6]
    for part in (curve.until(4), curve.after(1), curve.thin(2)):
        assert (part.schedule, part.name, part.schedule_source, part.notes) == (SCHEDULE, "c", "interpolated", ("a note",))


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(2, 50))
def test_thinning_keeps_both_ends_and_spreads_the_rest(losses, rows):
    curve = LossCurve(np.arange(1, losses + 1), np.linspace(3, 2, losses), Schedule(np.full(losses, 0.1)))
    thin = curve.thin(rows)
    assert len(thin) == min(rows, losses)
    assert (thin.steps[0], thin.steps[-1]) == (1, losses)
    gaps = np.diff(thin.steps)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": [2, 2]}, "steps must rise strictly"),
        ({"steps": [0, 2]}, "steps must start at 1"),
        ({"steps": [1, 7]}, "within the schedule's 6 updates, not at 7"),
        ({"steps": []}, "steps must not be empty"),
        ({"steps": [1.5, 2]}, "whole numbers"),
        ({"loss": [1.0]}, "loss must have one entry for each of the 2 steps, not 1"),
        ({"loss": [1.0, np.nan]}, "loss must hold finite numbers"),
        ({"schedule": [0.1]}, "schedule must be a Schedule"),
        ({"name": 3}, "name must be text"),
        ({"schedule_source": "guessed"}, "schedule_source must be one of given, every step, interpolated"),
    ],
)
def test_a_curve_that_does_not_fit_is_refused(change, says):
    fields = {"steps": [1, 2], "loss": [2.0, 1.0], "schedule": SCHEDULE} | change
    with pytest.raises(InputError, match=says):
        LossCurve(**fields)


def test_a_slice_without_losses_is_refused():
    curve = LossCurve([2, 4], [2.0, 1.0], SCHEDULE)
    for bad in (lambda: curve.until(1), lambda: curve.after(4), lambda: curve.thin(1), lambda: curve.until(2.0)):
        with pytest.raises(InputError, match=r"^(step|rows) must"):
            bad()


# Reading ----------------------------------------------------------------------------------------------------------------


def test_a_log_of_every_update(file):
    path = file("step,lr,loss\n0,0.3,9\n1,0.3,4\n2,0.2,3\n3,0.1,2.5\n")
    curve = read_curve(path)  # a warning would be an error here
    assert curve.steps.tolist() == [1, 2, 3]
    assert curve.loss.tolist() == [4.0, 3.0, 2.5]
    assert curve.schedule.lr.tolist() == [0.3, 0.3, 0.2]  # the last row's rate belongs to no update
    assert (curve.schedule_source, curve.name, curve.schedule.name) == ("every step", "run", "run")
    assert curve.notes == ("the loss at step 0, before the first update, is dropped",)


@pytest.mark.parametrize(
    "content",
    [
        "step,lr,loss\r\n0,0.3,9\r\n1,0.3,4\r\n2,0.2,3\r\n",
        "step,lr,loss\r0,0.3,9\r1,0.3,4\r2,0.2,3",
        b"\xef\xbb\xbfstep,lr,loss\n0,0.3,9\n1,0.3,4\n2,0.2,3\n",
        "# my run\n\nstep,lr,loss\n\n0,0.3,9\n  \n# half way\n1,0.3,4\n,,\n2,0.2,3\n\n",
        " Step , LR,\tLoss\n 0 , 0.3 , 9\n1,3e-1,4.0\n2.0,+0.2,3\n",
        "epoch,loss,step,lr,remark\n0,9,0,0.3,x\n0,4,1,0.3,\n0,3,2,0.2,nan\n",
        '"step","lr","loss"\n"0","0.3","9"\n"1","0.3","4"\n"2","0.2","3"\n',
        "step,lr,loss\n0,0.3,9,\n1,0.3,4,,\n2,0.2,3\n",
    ],
    ids=["crlf", "cr", "bom", "blank lines and comments", "spaces and case", "extra columns", "quotes", "trailing commas"],
)
def test_the_same_file_in_other_dress(file, content):
    curve = read_curve(file(content))
    assert curve.steps.tolist() == [1, 2]
    assert curve.loss.tolist() == [4.0, 3.0]
    assert curve.schedule.lr.tolist() == [0.3, 0.3]


def test_a_row_without_a_loss_gives_its_rate(file):
    curve = read_curve(file("step,lr,loss\n0,0.3,\n1,0.2,\n2,0.1,3\n3,0.1,\n4,0.1,\n"))
    assert curve.steps.tolist() == [2]
    assert curve.schedule.lr.tolist() == [0.3, 0.2, 0.1, 0.1]
    assert curve.notes == ()


def test_rates_between_rows_are_interpolated_and_said(file):
    path = file("step,lr,loss\n0,0.4,9\n4,0.4,4\n8,0.2,3\n10,0.0,2\n")
    curve, said = read_quietly(path)
    np.testing.assert_allclose(curve.schedule.lr, [0.4, 0.4, 0.4, 0.4, 0.4, 0.35, 0.3, 0.25, 0.2, 0.1], rtol=1e-14)
    assert curve.schedule_source == "interpolated"
    assert len(said) == 1
    assert "run.csv" in said[0]
    assert "up to 4 updates apart, is interpolated" in said[0]
    assert any("interpolated" in note for note in curve.notes)


def test_the_warning_points_at_the_caller(file):
    with pytest.warns(CurveWarning) as caught:
        read_curve(file("step,lr,loss\n0,0.4,9\n4,0.4,4\n"))
    assert caught[0].filename == __file__


def test_rates_before_the_first_row_are_held_and_said_where_no_warm_up_is_known(file):
    path = file("step,lr,loss\n3,0.4,9\n4,0.4,4\n5,0.2,3\n")
    curve, said = read_quietly(path)
    assert curve.schedule.lr.tolist() == [0.4] * 5
    assert curve.schedule_source == "interpolated"
    assert curve.schedule.warmup_steps == 0
    assert len(said) == 1
    assert "before its first row, at step 3, is taken as 0.4; give warmup_steps=" in said[0]


def test_rates_before_the_first_row_follow_the_warm_up(file):
    path = file("step,lr,loss\n6,0.4,9\n7,0.4,4\n8,0.2,3\n")
    curve, said = read_quietly(path, warmup_steps=4)
    np.testing.assert_allclose(curve.schedule.lr, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4, 0.4], rtol=1e-14)
    assert curve.schedule.warmup_steps == 4
    assert len(said) == 1
    assert "is taken as a linear warm-up of 4 updates" in said[0]
    without, said = read_quietly(path, warmup_steps=0)
    assert without.schedule.lr.tolist() == [0.4] * 8
    assert len(said) == 1
    assert "give warmup_steps" not in said[0]


def test_rows_within_the_warm_up_bend_it_at_its_end(file):
    path = file("step,lr,loss\n0,0.1,9\n2,0.3,8\n6,0.5,7\n8,0.5,6\n")
    curve, said = read_quietly(path, warmup_steps=5)
    np.testing.assert_allclose(curve.schedule.lr, [0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5], rtol=1e-14)
    assert len(said) == 1


def test_a_row_at_the_end_of_the_warm_up_needs_no_bend(file):
    curve, _ = read_quietly(file("step,lr,loss\n0,0.1,9\n4,0.5,8\n8,0.1,7\n"), warmup_steps=5)
    np.testing.assert_allclose(curve.schedule.lr, [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2], rtol=1e-14)


@pytest.mark.parametrize("first", [1, 2, 4, 5, 9])
@pytest.mark.parametrize("warmup", [1, 2, 5, 8])
def test_a_linear_warm_up_is_rebuilt_from_any_first_row(file, first, warmup):
    exact = schedules.wsd(steps=20, peak_lr=0.8, warmup_steps=warmup, decay_steps=0)
    rows = [f"{n},{float(exact.lr[min(n, 19)])!r},3" for n in range(first, 21)]
    curve, _ = read_quietly(file("step,lr,loss\n" + "\n".join(rows)), warmup_steps=warmup)
    np.testing.assert_allclose(curve.schedule.lr, exact.lr, rtol=1e-14)


def test_rising_rates_without_a_known_warm_up_are_said(file):
    path = file("step,lr,loss\n0,0.1,9\n1,0.2,8\n2,0.3,7\n3,0.3,6\n")
    curve, said = read_quietly(path)
    assert curve.schedule_source == "every step"
    assert len(said) == 1
    assert "rises at first" in said[0]
    assert read_curve(path, warmup_steps=3).schedule == Schedule([0.1, 0.2, 0.3], 3)
    assert read_curve(path, warmup_steps=0).schedule == Schedule([0.1, 0.2, 0.3])


def test_a_given_schedule_is_used_as_it_is(file):
    curve = read_curve(file("step,loss\n2,4\n4,3\n"), schedule=SCHEDULE)
    assert curve.schedule is SCHEDULE
    assert (curve.schedule_source, curve.steps.tolist()) == ("given", [2, 4])
    agreeing = read_curve(file("step,lr,loss\n2,0.3,4\n4,,3\n6,0,2\n"), schedule=SCHEDULE)
    assert agreeing.steps.tolist() == [2, 4, 6]


@pytest.mark.parametrize("name", ["rates.csv", "rates.npy"])
def test_a_schedule_of_its_own_file(file, tmp_path, name):
    if name.endswith("npy"):
        np.save(tmp_path / name, SCHEDULE.lr)
    else:
        schedules.write_csv(tmp_path / name, SCHEDULE)
    path = file("step,loss\n2,4\n6,3\n")
    curve = read_curve(path, schedule=tmp_path / name, warmup_steps=3)
    assert curve.schedule == SCHEDULE
    assert curve.schedule_source == "given"
    # An array has no place for the warm-up.
    alone = Schedule(SCHEDULE.lr) if name.endswith("npy") else SCHEDULE
    assert read_curve(path, schedule=str(tmp_path / name)).schedule == alone


def test_rates_logged_after_the_update_or_rounded_agree_with_the_schedule(file):
    read_curve(file("step,lr,loss\n1,0.1,4\n3,0.30001,3\n5,0.2,2\n"), schedule=SCHEDULE)


def test_rates_that_contradict_the_schedule_are_said(file):
    curve, said = read_quietly(file("step,lr,loss\n2,0.3,4\n4,0.25,3\n"), schedule=SCHEDULE)
    assert curve.schedule is SCHEDULE
    assert len(said) == 1
    assert "its lr at step 4 is 0.25, where the given schedule, which is used, has 0.2" in said[0]


def test_a_warm_up_column_stands_in_for_the_argument(file):
    path = file("step,lr,loss,warmup_steps\n0,0.1,9,2\n1,0.2,8,\n2,0.2,7,2\n")
    assert read_curve(path).schedule.warmup_steps == 2
    assert read_curve(path, warmup_steps=1).schedule.warmup_steps == 1
    with pytest.raises(InputError, match="column warmup_steps must hold one whole number"):
        read_curve(file("step,lr,loss,warmup_steps\n0,0.1,9,2\n1,0.2,8,1\n"))


# Writing ----------------------------------------------------------------------------------------------------------------


@st.composite
def curves(draw):
    total = draw(st.integers(1, 30))
    rate = st.floats(0, 1e3)
    lr = draw(st.lists(rate, min_size=total, max_size=total))
    steps = sorted(draw(st.sets(st.integers(1, total), min_size=1)))
    loss = draw(st.lists(st.floats(-1e300, 1e300), min_size=len(steps), max_size=len(steps)))
    return LossCurve(steps, loss, Schedule(lr, draw(st.integers(0, total))), "run")


@settings(deadline=None)
@given(curves())
def test_a_written_curve_reads_back_to_the_last_bit(tmp_path_factory, curve):
    path = tmp_path_factory.getbasetemp() / "run.csv"
    write_curve(path, curve)
    back, said = read_quietly(path)
    np.testing.assert_array_equal(back.steps, curve.steps)
    np.testing.assert_array_equal(back.loss, curve.loss)
    assert back.schedule == curve.schedule
    assert (back.schedule_source, back.name) == ("every step", curve.name)
    assert all("rises at first" in text for text in said)
    # Without the rates between, and the schedule given: the same.
    write_curve(path, curve, every_rate=False)
    back = read_curve(path, schedule=curve.schedule)
    np.testing.assert_array_equal(back.steps, curve.steps)
    np.testing.assert_array_equal(back.loss, curve.loss)


def test_what_is_written(tmp_path):
    curve = LossCurve([2, 3], [4.5, 0.1], Schedule([0.1, 0.2, 0.2, 0.05], warmup_steps=2))
    write_curve(tmp_path / "a.csv", curve)
    assert (tmp_path / "a.csv").read_text() == (
        "step,lr,loss,warmup_steps\n0,0.1,,2\n1,0.2,,2\n2,0.2,4.5,2\n3,0.05,0.1,2\n4,0.05,,2\n"
    )
    write_curve(tmp_path / "b.csv", LossCurve([1, 2], [4.5, 0.1], Schedule([0.2, 0.1])), every_rate=False)
    assert (tmp_path / "b.csv").read_text() == "step,lr,loss\n1,0.1,4.5\n2,0.1,0.1\n"
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "b.csv"]


def test_where_nothing_can_be_written(tmp_path):
    curve = LossCurve([1], [1.0], Schedule([0.1]))
    with pytest.raises(InputError, match="folder that exists"):
        write_curve(tmp_path / "none" / "run.csv", curve)
    with pytest.raises(InputError, match="is a folder"):
        write_curve(tmp_path, curve)
    with pytest.raises(InputError, match="curve must be a LossCurve"):
        write_curve(tmp_path / "run.csv", [1.0])
    assert os.listdir(tmp_path) == []


def test_ten_thousand_rows_are_read_and_written_in_a_blink(tmp_path):
    n = 10_000
    curve = LossCurve(np.arange(1, n + 1), np.linspace(4, 3, n), Schedule(np.linspace(0.1, 0, n)))
    start = time.process_time()
    write_curve(tmp_path / "run.csv", curve)
    read_curve(tmp_path / "run.csv")
    assert time.process_time() - start < 1.0  # about 0.05 s


# Bad files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "must hold a header and rows below it, but it is empty"),
        ("\n# nothing\n", "it is empty"),
        ("step,lr,loss\n", "at least one row"),
        (
            "step,loss\n1,2\n",
            "must have a column lr, but it has step, loss; choose with columns={'lr': 'NAME'} or --columns lr=NAME, or give",
        ),
        ("epoch;lr;loss\n1;2;3\n", "must have a column step, but it has epoch, lr, loss"),
        ("1,0.1,3\n2,0.1,3\n", "must have a column loss, but it has 1, 2, 3"),
        ("step,lr,loss,loss\n1,2,3,4\n", "must have one column loss, not 2"),
        ("step,lr,loss\n1,0.1,3\n\n2,fast,3\n", "line 4: lr must be a finite number, not 'fast'"),
        ("step,lr,loss\n1,0.1,nan\n2,0.1,inf\n", "must hold a loss after the first update"),
        ("step,lr,loss\n1,inf,3\n", "must hold a learning rate in its column lr"),
        ("step,lr,loss\nnan,0.1,3\n", "line 2: step must be a whole number"),
        ("step,lr,loss\n1,-0.1,3\n", "line 2: lr must be at least 0, not -0.1"),
        ("step,lr,loss\n1,,3\n", "must hold a learning rate in its column lr"),
        ("step,lr,loss\n,0.1,3\n", "line 2: step must be a finite number, not blank"),
        ("step,lr,loss\n1.5,0.1,3\n", "line 2: step must be a whole number between 0 and 100000000, not 1.5"),
        ("step,lr,loss\n-1,0.1,3\n", "line 2: step must be a whole number"),
        ("step,lr,loss\n1e12,0.1,3\n", "line 2: step must be a whole number"),
        ("step,lr,loss\n1,0.1\n", "line 2: a row must have the header's 3 cells, not 2"),
        ("step,lr,loss\n1,0.1,3,4\n", "line 2: a row must have the header's 3 cells, not 4"),
        ("step,lr,loss\n0,0.1,3\n", "must reach beyond step 0"),
        ("step,lr,loss\n0,0.1,3\n1,0.1,\n", "must hold a loss after the first update"),
        (b"step,lr,loss\n1,0.1,\xff\n", "in UTF-8"),
        (b"\x93NUMPY\x01\x00", "in UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(file, content, says):
    path = file(content)
    with pytest.raises(InputError) as caught:
        read_quietly(path)
    assert says in str(caught.value)
    assert "run.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.csv", "a\0b"):
        with pytest.raises(InputError, match="path must be a log that can be read"):
            read_curve(path)
    with pytest.raises(InputError, match="or a folder with TensorBoard event files"):
        read_curve(tmp_path)
    with pytest.raises(InputError, match="source must be a log's path or a data frame, not 3"):
        read_curve(3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"warmup_steps": -1}, "warmup_steps must be an integer of at least 0"),
        ({"warmup_steps": 2.0}, "warmup_steps must be an integer"),
        ({"warmup_steps": 7}, "warmup_steps must be at most the 6 updates of"),
        ({"schedule": [0.1] * 6}, "schedule must be a Schedule, its text or a file's path"),
        ({"schedule": Schedule([0.3] * 3)}, "within the schedule's 3 updates, not at 6"),
        ({"schedule": SCHEDULE, "warmup_steps": 2}, "warmup_steps must be the given schedule's 3 or left out, not 2"),
        ({"schedule": Schedule([0.3] * 6), "warmup_steps": 7}, "warmup_steps must be at most"),
        ({"schedule": "nowhere.csv"}, "nowhere.csv"),
        ({"name": 3}, "name must be text"),
    ],
)
def test_bad_arguments_are_refused(file, options, says):
    with pytest.raises(InputError, match=says):
        read_quietly(file("step,lr,loss\n3,0.3,4\n6,0.3,3\n"), **options)


GOOD = b"step,lr,loss\n0,0.1,9\n10,0.2,4\n20,0.1,3.5\n30,0,3.1\n"


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet='0123456789.,+-eE \n\r\t#"lrsteponaifx', max_size=120)), st.booleans()
)
def test_any_file_is_read_or_refused(tmp_path_factory, noise, headed):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    noise = noise.encode() if isinstance(noise, str) else noise
    path.write_bytes(b"step,lr,loss\n" + noise if headed else noise)
    try:
        curve, _ = read_quietly(path, warmup_steps=0)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert np.all(np.isfinite(curve.schedule.lr))


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.sampled_from(b'0129.,+-eE \n\r#"\x00\xff')), max_size=4), st.data())
def test_a_good_file_with_some_bytes_changed_is_read_or_refused(tmp_path_factory, changes, data):
    content = bytearray(GOOD)
    for place, byte in changes:
        content[place] = byte
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    warmup = data.draw(st.one_of(st.none(), st.integers(0, 40)))
    try:
        curve, said = read_quietly(path, warmup_steps=warmup)
    except InputError:
        assert changes or warmup > 30
    else:
        assert len(curve.notes) >= len(said)
        assert curve.steps[-1] <= curve.schedule.steps


# Real runs --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def public(tmp_path):
    """A function that writes the readings of a run of rv.datasets as a log: step, lr[step] and loss."""

    def write(name, loss=None):
        curve = datasets.load(name, loss)
        path = tmp_path / "public.csv"
        write_curve(path, curve, every_rate=False)
        # No column warmup_steps, which a log would not have.
        rows = [line.split(",")[:3] for line in path.read_text().splitlines()]
        path.write_text("".join(",".join(row) + "\n" for row in rows))
        return path, curve

    return write


@pytest.mark.slow
@pytest.mark.parametrize("family", ["mpl", "lrs", "olmo", "nanogpt", "gemstones"])
def test_every_public_run_is_read_with_its_schedule(public, family):
    names = datasets.list(f"{family}/")
    assert names
    for name in names:
        path, exact = public(name, datasets.info(name).losses[-1])
        curve = read_curve(path, schedule=exact.schedule)  # a warning would be an error here
        np.testing.assert_array_equal(curve.steps, exact.steps)
        np.testing.assert_array_equal(curve.loss, exact.loss)
        assert curve.schedule == exact.schedule
        assert curve.notes == ()


@pytest.mark.slow
def test_public_runs_read_without_their_schedules_are_interpolated_within_their_rows(public):
    for name in datasets.list():
        path, curve = public(name)
        exact, warmup = curve.schedule.lr, curve.schedule.warmup_steps
        read, said = read_quietly(path, warmup_steps=warmup)
        assert read.schedule_source == "interpolated"
        assert any("interpolated" in text for text in said)
        exact = exact[: read.schedule.steps]
        steps = curve.steps[curve.steps < exact.size]
        np.testing.assert_allclose(read.schedule.lr[steps], exact[steps], rtol=1e-12)
        # Between two known rates the true ones fall or rise, so that their area leaves that under the chord by at most half
        # the rectangle. Each warm-up here is known at its end, where it is taken as linear from 0.
        known = {int(n): exact[n] for n in steps} | ({warmup - 1: exact[warmup - 1]} if warmup else {})
        known[-1] = 0.0 if warmup else exact[0]
        known[exact.size - 1] = exact[-1]
        places = np.array(sorted(known))
        bound = 0.5 * np.sum((np.diff(places) + 1) * np.abs(np.diff([known[place] for place in places.tolist()])))
        off = abs(read.schedule.lr.sum() - exact.sum())
        assert off <= bound + 1e-9 * exact.sum()
        assert off < 0.005 * exact.sum()
