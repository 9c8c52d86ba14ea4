"""What is taken out of a log's columns: which of them, on which steps, what is dropped and said."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley._common.checks import InputError
from rivervalley.curves.readers.log import Records
from rivervalley.curves.readers.names import loss_names, lr_names, parse_columns, step_names
from rivervalley.curves.readers.readings import Choices, readings


def log(*rows):
    """A log of rows that are dicts of numbers."""
    records = Records("run.log", "row")
    for number, row in enumerate(rows, 1):
        records.add(number, row)
    return records.log()


def named(*names):
    """A log with columns of these names."""
    return log(dict.fromkeys(names, 1.0))


@pytest.fixture
def read(tmp_path):
    """A function that reads the text of a file, its guesses kept quiet."""

    def curve(text, **options):
        path = tmp_path / "run.csv"
        path.write_text(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rv.CurveWarning)
            return rv.read_curve(path, **options)

    return curve


# Columns ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "step", "lr", "loss"),
    [
        (("step", "lr", "loss"), "step", "lr", "loss"),
        (("iter", "Learning Rate", "val_loss"), "iter", "Learning Rate", "val_loss"),
        (("_step", "_runtime", "train/loss", "train/learning_rate", "train/global_step"), "train/global_step", "train/learning_rate", "train/loss"),
        (("_step", "optim/learning_rate_group0", "train/CrossEntropyLoss", "eval/ce loss"), "_step", "optim/learning_rate_group0", "eval/ce loss"),
        (("global_step", "lr-AdamW/pg1", "loss/train"), "global_step", "lr-AdamW/pg1", "loss/train"),
        (("iteration", "learning rate", "lm loss", "loss scale", "grad norm"), "iteration", "learning rate", "lm loss"),
        (("step", "lr", "loss_metrics/global_avg_loss", "loss_metrics/global_max_loss"), "step", "lr", "loss_metrics/global_avg_loss"),
        (("trainer/global_step", "lr", "train_loss", "aux_loss", "z_loss"), "trainer/global_step", "lr", "train_loss"),
        (("num_updates", "train_lr", "nll"), "num_updates", "train_lr", "nll"),
    ],
)  # fmt: skip
def test_names_in_use(names, step, lr, loss):
    assert step_names(named(*names))[0] == step
    assert lr_names(named(*names)) == [lr]
    assert loss_names(named(*names)) == [loss]


def test_a_column_called_nothing_but_the_loss_is_taken_and_the_others_said(read):
    curve = read("step,lr,val_loss,loss\n1,0.1,4,3\n2,0.1,3,2\n", warmup_steps=0)
    assert curve.loss.tolist() == [3.0, 2.0]
    assert curve.notes[0] == "the loss is its column loss, not val_loss (--columns loss=NAME takes another)"
    assert read("step,lr,val_loss,loss\n1,0.1,4,3\n", columns={"loss": "VAL LOSS"}).loss.tolist() == [4.0]


def test_columns_that_are_said(read):
    assert parse_columns("step=n, lr=rate,loss=value") == {"step": "n", "lr": "rate", "loss": "value"}
    for wrong in ("n", "step=", "loss=a,loss=b", "colour=a", "=a", ""):
        with pytest.raises(InputError, match="columns must read like step=iter"):
            parse_columns(wrong)
    curve = read("n,rate,value\n1,0.1,3\n2,0.1,2\n", columns=parse_columns("step=n,lr=rate,loss=value"), warmup_steps=0)
    assert curve.loss.tolist() == [3.0, 2.0]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"loss": "los"}, "must have the column loss='los', but it has loss"),
        ({"loss": ""}, "columns must name columns by role"),
        ({"colour": "loss"}, "columns must be for step, tokens, lr, loss, not 'colour'"),
        (["loss"], "columns must name columns by role"),
    ],
)
def test_columns_that_cannot_be(read, columns, says):
    with pytest.raises(InputError, match=says):
        read("step,lr,loss\n1,0.1,3\n", columns=columns)


def test_columns_of_a_file_without_names(read):
    text = "1 0.1 3.0\n2 0.1 2.5\n"
    with pytest.raises(InputError, match="must have a column loss, but it has 1, 2, 3"):
        read(text)
    assert read(text, columns={"step": "1", "lr": "2", "loss": "3"}).loss.tolist() == [3.0, 2.5]


def test_several_rates_that_are_one(read):
    assert read("step,lr_0,lr_1,loss\n1,0.1,0.1,3\n2,0.2,0.2,2\n", warmup_steps=0).schedule.lr.tolist() == [0.1, 0.1]
    with pytest.raises(InputError, match=r"has 2 columns that may be the lr: lr_0, lr_1; .*--columns lr=lr_0"):
        read("step,lr_0,lr_1,loss\n1,0.1,0.1,3\n2,0.2,0.3,2\n")
    given = read("step,lr_0,lr_1,loss\n1,0.1,0.1,3\n2,0.2,0.3,2\n", schedule="constant(steps=2, peak_lr=0.1)")
    assert given.schedule_source == "given"


def test_the_counter_that_all_readings_have(read):
    """Weights & Biases leaves the trainer's step blank in rows that another part of the program logged."""
    text = "_step,train/global_step,lr,loss\n0,10,0.1,3\n1,,,\n2,20,0.1,2\n"
    assert read(text, warmup_steps=0).steps.tolist() == [10, 20]
    text = "_step,global_step,lr,loss\n5,10,0.1,3\n6,,0.1,2.5\n7,20,0.1,2\n"
    assert read(text, warmup_steps=0).steps.tolist() == [5, 6, 7]


# Steps ------------------------------------------------------------------------------------------------------------------


def test_losses_and_rates_on_steps_of_their_own(read):
    curve = read("step,lr,loss\n0,0.4,\n3,,3\n4,0.2,\n6,,2\n", warmup_steps=0)
    assert curve.steps.tolist() == [3, 6]
    np.testing.assert_allclose(curve.schedule.lr, [0.4, 0.35, 0.3, 0.25, 0.2, 0.2], rtol=1e-14)


def test_rates_that_end_before_the_losses_are_said(read):
    curve = read("step,lr,loss\n0,0.4,\n1,0.4,3\n2,,3\n9,,2\n", warmup_steps=0)
    assert curve.schedule.lr.tolist() == [0.4] * 9
    assert curve.notes[-1] == "the LR after the last one logged, at step 1, is taken as 0.4"
    assert curve.schedule_source == "interpolated"


def test_tokens_in_place_of_steps(read):
    text = "tokens,lr,loss\n1000,0.1,3\n2000,0.1,2\n"
    assert read(text, batch_tokens=100, warmup_steps=0).steps.tolist() == [10, 20]
    curve = read(text, batch_tokens=300, warmup_steps=0)
    assert curve.steps.tolist() == [3, 7]
    assert curve.notes[0] == "tokens are no whole multiples of 300: steps are rounded, by up to 0.33"
    assert read("n,lr,loss\n1000,0.1,3\n", columns={"tokens": "n"}, batch_tokens=100).steps.tolist() == [10]
    both = "step,tokens,lr,loss\n1,1000,0.1,3\n"
    assert read(both).steps.tolist() == [1]
    assert read(both, batch_tokens=100).steps.tolist() == [10]
    for wrong in (0, -5, 1.5, "8"):
        with pytest.raises(InputError, match="batch_tokens must be an integer of at least 1"):
            read(text, batch_tokens=wrong)


RESUMED = "step,lr,loss\n1,0.1,9\n2,0.1,8\n3,0.1,7\n2,0.2,6\n4,0.2,5\n"


@pytest.mark.parametrize(
    ("duplicates", "steps", "loss"),
    [("keep-last", [1, 2, 4], [9.0, 6.0, 5.0]), ("keep-first", [1, 2, 3, 4], [9.0, 8.0, 7.0, 5.0])],
)
def test_a_resumed_run(read, duplicates, steps, loss):
    curve = read(RESUMED, duplicates=duplicates, warmup_steps=0)
    assert (curve.steps.tolist(), curve.loss.tolist()) == (steps, loss)
    which, count = ("later", 4) if duplicates == "keep-last" else ("earlier", 2)
    assert f"{count} readings that were repeated, as in a resumed run, are dropped for the {which} ones" in curve.notes


def test_a_resumed_run_can_be_refused(read):
    with pytest.raises(InputError, match="line 5: step must rise from row to row, but 2 follows 3"):
        read(RESUMED, duplicates="refuse")
    with pytest.raises(InputError, match="duplicates must be one of keep-last, keep-first, refuse, not 'last'"):
        read(RESUMED, duplicates="last")
    assert len(read("step,lr,loss\n1,0.1,9\n2,0.1,8\n", duplicates="refuse", warmup_steps=0)) == 2


def test_the_same_line_of_several_processes(read):
    text = "".join(f"step: {n} loss: {10 - n / 100:.4f} lr: 0.1\n" * 8 for n in range(1, 301))
    curve = read(text, warmup_steps=0)
    assert curve.steps.tolist() == list(range(1, 301))


def test_a_log_in_no_order_is_refused(read):
    steps = np.random.default_rng(3).permutation(1000) + 1
    with pytest.raises(InputError, match="must be in the order of its steps, but they go back"):
        read("step,lr,loss\n" + "".join(f"{n},0.1,3\n" for n in steps))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_readings_that_are_kept(steps):
    """By the definition: with keep-last a reading stays if the log never comes back to its step or below it."""
    rows = [{"step": float(n), "loss": float(k)} for k, n in enumerate(steps)]
    for duplicates, stays in (
        ("keep-last", lambda k: all(later > steps[k] for later in steps[k + 1 :])),
        ("keep-first", lambda k: all(earlier < steps[k] for earlier in steps[:k])),
    ):
        kept = readings(log(*rows), Choices({}, duplicates=duplicates), needs_lr=False)
        expected = [k for k in range(len(steps)) if stays(k)]
        assert kept.loss.tolist() == expected
        assert kept.loss_steps.tolist() == [steps[k] for k in expected]


def test_what_is_no_number_is_skipped_and_counted(read):
    text = "step,lr,loss\n1,0.1,nan\n2,0.1,3\n3,inf,NaN\n4,0.1,-Infinity\n5,0.1,2\n6,0.1,null\n"
    curve = read(text, warmup_steps=0)
    assert curve.steps.tolist() == [2, 5]
    assert curve.notes[:2] == (
        "3 of its losses are nan or infinite and skipped",
        "1 of its learning rates is nan or infinite and skipped",
    )


# Curves of one loss, or of one value ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["step,lr,loss\n10,0.1,3\n", "step,lr,loss\n0,0.1,\n10,0.1,3\n", "step,lr,loss\n1,0.1,3\n2,0.1,3\n9,0.1,3\n"]
)
def test_curves_that_say_little_are_curves(read, text, tmp_path):
    curve = read(text, warmup_steps=0)
    assert set(curve.loss.tolist()) == {3.0}
    assert curve.thin(2).steps[-1] == curve.steps[-1]
    assert repr(curve).startswith("LossCurve('run', ")
    rv.write_curve(tmp_path / "again.csv", curve)
    again = rv.read_curve(tmp_path / "again.csv")
    assert (again.steps.tolist(), again.schedule) == (curve.steps.tolist(), curve.schedule)


# Rates from elsewhere ---------------------------------------------------------------------------------------------------


def test_rates_of_another_log(tmp_path):
    loss, rate = tmp_path / "loss.csv", tmp_path / "lr.csv"
    loss.write_text('"Step","a - loss","b - loss"\n"10","3","5"\n"20","2","4"\n')
    rate.write_text('"Step","a - lr","b - lr"\n"0","0.1","0.4"\n"10","0.1","0.4"\n"20","0.05","0.2"\n')
    with pytest.warns(rv.CurveWarning, match=r"loss\.csv, run [ab]: the LR between its rows"):
        first, second = rv.read_curves(loss, rate, warmup_steps=0)
    np.testing.assert_allclose(first.schedule.lr, [0.1] * 11 + [0.1 - 0.005 * k for k in range(1, 10)], rtol=1e-12)
    np.testing.assert_allclose(second.schedule.lr, 4 * first.schedule.lr, rtol=1e-12)
    assert first.schedule_source == "interpolated"
    rate.write_text('"Step","c - lr","d - lr"\n"0","0.1","0.4"\n')
    with pytest.raises(InputError, match=r"lr\.csv must hold the rates of run a, but it holds those of c, d"):
        rv.read_curves(loss, rate)
    rate.write_text("step,lr\n" + "".join(f"{n},{0.1}\n" for n in range(20)))
    assert [curve.schedule_source for curve in rv.read_curves(loss, rate)] == ["given", "given"]


def test_schedules_by_run(tmp_path):
    path = tmp_path / "loss.csv"
    path.write_text('"Step","a - loss","b - loss"\n"10","3","5"\n"20","2","4"\n')
    schedules = {"a": "constant(steps=20, peak_lr=0.1)", "b": rv.schedules.linear(steps=20, peak_lr=0.1)}
    first, second = rv.read_curves(path, schedules)
    assert (first.schedule.lr[-1], second.schedule.lr[-1]) == (0.1, 0.0)
    with pytest.raises(InputError, match="must have a column lr"):
        rv.read_curves(path, {"a": schedules["a"]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must hold one schedule, or lines RUN: SCHEDULE, but it is empty"),
        ("constant(steps=20, peak_lr=0.1)\nlinear(steps=20, peak_lr=0.1)\n", "not 'constant"),
        ("konstant(steps=20, peak_lr=0.1)", "did you mean constant"),
        ("constant(steps=10, peak_lr=0.1)", "within the schedule's 10 updates, not at 20"),
    ],
)
def test_a_file_beside_the_log_that_is_wrong(tmp_path, text, says):
    path = tmp_path / "loss.csv"
    path.write_text("step,loss\n10,3\n20,2\n")
    (tmp_path / "loss.csv.schedule").write_text(text)
    with pytest.raises(InputError, match=says):
        rv.read_curve(path)


def test_a_file_beside_the_log_may_name_a_file_there(tmp_path, monkeypatch):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "loss.csv").write_text("step,loss\n10,3\n20,2\n")
    (folder / "loss.csv.schedule").write_text("# as it was\nrates.npy\n")
    np.save(folder / "rates.npy", np.full(20, 0.3))
    monkeypatch.chdir(tmp_path)
    assert rv.read_curve("runs/loss.csv").schedule.lr.tolist() == [0.3] * 20


def test_a_run_without_losses_is_left_out_and_said(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text('"Step","a - loss","b - loss"\n"10","3",""\n"20","2",""\n')
    schedule = "constant(steps=20, peak_lr=0.1)"
    with pytest.warns(rv.CurveWarning, match=r"panel\.csv, run b: it has no loss after its first update, and is left out"):
        (curve,) = rv.read_curves(path, schedule)
    assert curve.name == "a"
    with pytest.raises(InputError, match="run b, must hold a loss after the first update"):
        rv.read_curves(path, schedule, runs=["b"])
