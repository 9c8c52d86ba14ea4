"""Logs as the commands take them: options, schedules after the file, one line of notes for each log."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.cli.curves import add_curve_options, read

LOGS = Path(__file__).parents[1] / "curves" / "logs"


def read_with(*words, logs):
    """What a command reads when it is given these options."""
    parser = argparse.ArgumentParser()
    add_curve_options(parser)
    return read([str(log) for log in logs], parser.parse_args([str(word) for word in words]))


def test_all_runs_of_all_logs_are_read():
    curves, notes = read_with("--warmup-steps", 20, logs=[LOGS / "wandb_panel.csv", LOGS / "plain.csv"])
    assert [curve.name for curve in curves] == ["lively-sun-1", "true-pond-2", "plain"]
    assert [note.split(": ")[0] for note in notes] == ["wandb_panel.csv", "plain.csv"]
    # One line for each log, with its name and not its path, and what its runs share once.
    assert notes[0].count("is interpolated") == 1
    assert "/" not in notes[0].replace("columns/", "")


def test_notes_that_not_all_runs_share_bear_their_names(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text('"Step","a - loss","b - loss"\n"10","3","nan"\n"20","2","4"\n"30","1","3"\n')
    curves, notes = read_with("--schedule", "constant(steps=30, peak_lr=0.1)", logs=[path])
    assert [len(curve) for curve in curves] == [3, 2]
    assert notes == ["panel.csv: 1 of its losses is nan or infinite and skipped (b)"]


def test_options_reach_the_reader():
    log = LOGS / "wandb_panel.csv"
    curves, _ = read_with("--run", "true-pond-2", logs=[log])
    assert [curve.name for curve in curves] == ["true-pond-2"]
    curves, _ = read_with("--run", "true-pond-2", "--run", "lively-sun-1", logs=[log])
    assert [curve.name for curve in curves] == ["true-pond-2", "lively-sun-1"]
    ((curve,), _) = read_with("--batch-tokens", 262_144, logs=[LOGS / "tokens.csv"])
    assert curve.steps[-1] == 400
    ((curve,), _) = read_with("--columns", "loss=validation lm loss", logs=[LOGS / "megatron.log"])
    assert curve.steps.tolist() == [50, 100, 150, 200]
    with pytest.raises(rv.InputError, match="duplicates must be one of"):
        read_with("--duplicates", "none", logs=[log])


def test_a_schedule_for_each_log():
    constant, cosine = "constant(steps=200, peak_lr=3e-3)", "cosine(steps=200, peak_lr=3e-3)"
    curves, notes = read_with("--schedule", constant, logs=[LOGS / "nanogpt.log", f"{LOGS / 'torchtitan.log'}:{cosine}"])
    assert [curve.schedule for curve in curves] == [rv.schedules.parse(constant), rv.schedules.parse(cosine)]
    assert [note.split(":")[0] for note in notes] == ["nanogpt.log"]


def test_curves_of_one_name_bear_their_folders(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "run.csv").write_text("step,lr,loss\n1,0.1,3\n2,0.1,2\n")
    curves, _ = read_with(logs=[tmp_path / "one" / "run.csv", tmp_path / "two" / "run.csv"])
    assert [curve.name for curve in curves] == ["one/run", "two/run"]


def fit(capsys, *words):
    status = main(["fit", *map(str, words)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_fit_reads_two_logs_without_rates_together(capsys):
    """Losses of a constant run and of its decay, each with the schedule after the file."""
    decay = "wsd(steps=200, peak_lr=3e-3, warmup_steps=20, decay_steps=40)"
    constant = "constant(steps=200, peak_lr=3e-3, warmup_steps=20)"
    status, out, _ = fit(
        capsys, f"{LOGS / 'nanogpt.log'}:{decay}", f"{LOGS / 'torchtitan.log'}:{constant}", "--law", "annealing"
    )
    assert status == 0
    assert "nanogpt" in out and "torchtitan" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([LOGS / "wandb_panel.csv", "--run", "nobody"], "run must name one run"),
        ([LOGS / "wandb_panel.csv", "--columns", "loss"], "columns must read like step=iter,lr=learning_rate,loss=val_loss"),
        ([LOGS / "nanogpt.log"], "or give the schedule, as in schedule='cosine(...)', --schedule or LOG:'cosine(...)'"),
        ([LOGS / "tokens.csv"], "counts tokens, not steps: give the tokens of an update, batch_tokens= or --batch-tokens"),
        ([LOGS / "plain.csv", "--duplicates", "last"], "duplicates must be one of keep-last, keep-first, refuse"),
        ([f"{LOGS / 'nanogpt.log'}:cosin(steps=3)"], "did you mean cosine"),
        ([LOGS / "none.csv"], "cannot (No such file or directory)"),
    ],
)
def test_bad_options_are_refused_in_one_line(capsys, words, says):
    status, out, err = fit(capsys, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert says in err


def test_notes_do_not_depend_on_the_order_of_runs():
    first, _ = read_with(logs=[LOGS / "wandb_panel.csv"])
    second, _ = read_with("--run", "true-pond-2", "--run", "lively-sun-1", logs=[LOGS / "wandb_panel.csv"])
    for curve in first:
        (same,) = [other for other in second if other.name == curve.name]
        np.testing.assert_array_equal(same.loss, curve.loss)
        assert same.notes == curve.notes
