"""Sample logs of one run, each written by the tool it is named for, are all read to the same curve."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import write_logs as run

import rivervalley as rv
from rivervalley.curves.given_rates import split_argument

LOGS = Path(__file__).parent / "logs"
SCHEDULE = f"wsd(steps={run.STEPS}, peak_lr={run.PEAK}, warmup_steps={run.WARMUP}, decay_steps={run.DECAY})"
EXACT, FLOAT32 = 1e-15, 2e-7


@dataclass(frozen=True)
class Sample:
    """A log, how to read it, and how precisely it holds what was logged."""

    file: str
    options: dict[str, object] = field(default_factory=dict)
    name: str = ""
    precision: float = EXACT
    lr_precision: float = EXACT
    late: int = 0  # updates by which its rates come late
    first: int = 10
    needs: str = ""


SAMPLES = [
    Sample("plain.csv"),
    Sample("pandas.csv"),
    Sample("tabs.tsv"),
    Sample("decimal_commas.csv"),
    Sample("tokens.csv", {"batch_tokens": 524_288}),
    Sample("plain.csv.gz", name="plain"),
    Sample("plain.csv.zst", name="plain", needs="zstandard"),
    Sample("polars.csv"),
    Sample("savetxt.txt"),
    Sample("pandas.parquet", needs="pyarrow"),
    Sample("two_runs.parquet", {"run": "a"}, name="a", needs="pyarrow"),
    Sample("metrics.jsonl", name="logs"),
    Sample("records.json"),
    Sample("lists.json"),
    Sample("fairseq.jsonl", lr_precision=1e-8),
    Sample("trainer_state.json", name="logs", precision=FLOAT32, late=1),
    Sample("metrics.csv", name="logs", precision=FLOAT32, first=9),
    Sample("tensorboard/lightning", name="lightning", precision=FLOAT32, lr_precision=FLOAT32, first=9, needs="tensorboard"),
    Sample("tensorboard/one", precision=FLOAT32, name="one", lr_precision=FLOAT32, needs="tensorboard"),
    Sample("tensorboard/one/events.out.tfevents.0", name="one", precision=FLOAT32, lr_precision=FLOAT32, needs="tensorboard"),
    Sample("tensorboard/two", {"run": "small"}, name="small", precision=FLOAT32, lr_precision=FLOAT32, needs="tensorboard"),
    Sample("tensorboard/tensors", name="tensors", precision=FLOAT32, lr_precision=FLOAT32, needs="tensorboard"),
    Sample("wandb_history.csv"),
    Sample("wandb_history.jsonl"),
    Sample("wandb_panel.csv", {"run": "lively-sun-1"}, name="lively-sun-1"),
    Sample("wandb_panel_loss.csv", {"run": "lively-sun-1"}, name="lively-sun-1"),
    Sample("nanogpt.log", {"schedule": SCHEDULE}),
    Sample("torchtitan.log", {"schedule": SCHEDULE}),
    Sample("megatron.log", lr_precision=1e-8),
    Sample("modded_nanogpt.txt", {"schedule": SCHEDULE}),
]


def read(sample: Sample) -> rv.LossCurve:
    """The curve of a sample, its guesses kept quiet."""
    if sample.needs:
        pytest.importorskip(sample.needs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rv.CurveWarning)
        return rv.read_curve(LOGS / sample.file, **sample.options)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_every_log_is_read_to_the_same_curve(sample):
    curve = read(sample)
    assert curve.name == (sample.name or Path(sample.file).stem)
    assert curve.steps.tolist() == list(range(sample.first, run.STEPS + 1, 10))
    np.testing.assert_allclose(curve.loss, [run.loss(n) for n in curve.steps.tolist()], rtol=sample.precision)
    known = curve.steps[curve.steps < curve.schedule.steps]
    expected = [run.lr(n - sample.late) for n in known.tolist()]
    np.testing.assert_allclose(curve.schedule.lr[known], expected, rtol=1e-12, atol=sample.lr_precision)
    given = "schedule" in sample.options or (LOGS / f"{sample.file}.schedule").exists()
    assert curve.schedule_source == ("given" if given else "interpolated")
    if given:
        np.testing.assert_allclose(curve.schedule.lr, [run.lr(n) for n in range(run.STEPS)], atol=1e-15)


def test_every_log_of_the_folder_is_read():
    files = {path.relative_to(LOGS).as_posix() for path in LOGS.rglob("*") if path.is_file()}
    seen = {file for file in files for sample in SAMPLES if file == sample.file or file.startswith(f"{sample.file}/")}
    assert files - seen == {"README.md", "wandb_panel_loss.csv.schedule"}
    assert len(SAMPLES) >= 24


@pytest.mark.parametrize(
    ("file", "names", "needs"),
    [
        ("two_runs.parquet", ["a", "b"], "pyarrow"),
        ("tensorboard/two", ["large", "small"], "tensorboard"),
        ("wandb_panel.csv", ["lively-sun-1", "true-pond-2"], ""),
    ],
)
def test_files_of_several_runs(file, names, needs):
    if needs:
        pytest.importorskip(needs)
    with pytest.warns(rv.CurveWarning):
        curves = rv.read_curves(LOGS / file)
    assert [curve.name for curve in curves] == names
    shift = abs(curves[1].loss - curves[0].loss)
    np.testing.assert_allclose(shift, 0.5, atol=1e-6)
    with pytest.warns(rv.CurveWarning):
        (only,) = rv.read_curves(LOGS / file, runs=[names[1]])
    assert only.name == names[1]
    with pytest.raises(rv.InputError, match=rf"holds 2 runs, {names[0]}, {names[1]}: choose with run='{names[0]}' or --run"):
        rv.read_curve(LOGS / file)
    with pytest.raises(rv.InputError, match=rf"run must name one run of .*, which holds {names[0]}, {names[1]}, not 'c'"):
        rv.read_curve(LOGS / file, run="c")


def test_a_file_beside_the_log_gives_each_run_its_schedule():
    first, second = rv.read_curves(LOGS / "wandb_panel_loss.csv")
    assert first.schedule == rv.schedules.parse(SCHEDULE)
    assert second.schedule == rv.schedules.constant(run.STEPS, run.PEAK)
    assert second.schedule_source == "given"
    (other,) = rv.read_curves(LOGS / "wandb_panel_loss.csv", "constant(steps=300, peak_lr=0.1)", runs=["true-pond-2"])
    assert other.schedule.steps == 300


def test_the_least_and_the_most_of_a_panel_are_passed_over(tmp_path):
    (tmp_path / "panel.csv").write_text('"Step","a - loss__MIN","a - loss__MAX","a - loss"\n"1","2","4","3"\n')
    assert rv.read_curve(tmp_path / "panel.csv", "constant(steps=1, peak_lr=0.1)").loss.tolist() == [3.0]


def test_the_summary_at_the_end_of_a_trainers_run_is_no_reading():
    curve = read(Sample("trainer_state.json"))
    assert curve.notes[0] == "the loss is its column loss, not eval_loss (--columns loss=NAME takes another)"
    evaluated = read(Sample("trainer_state.json", {"columns": {"loss": "eval_loss"}}))
    assert evaluated.steps.tolist() == [50, 100, 150, 200]


def test_data_frames_are_read_as_their_files_are():
    for library, empty in (("pandas", float("nan")), ("polars", None)):
        frames = pytest.importorskip(library)
        frame = frames.DataFrame(
            {
                "iteration": [10, 10, 20, 30],
                "optim/lr": [0.1, empty, 0.1, 0.1],
                "train/loss": [3.0, empty, empty, 2.5],
                "remark": ["a", "b", "c", "d"],
            }
        )
        with pytest.warns(rv.CurveWarning, match="the data frame: the LR"):
            curve = rv.read_curve(frame, name="frame")
        assert (curve.steps.tolist(), curve.loss.tolist(), curve.name) == ([10, 30], [3.0, 2.5], "frame")
        with pytest.raises(rv.InputError, match="column 'remark' of the data frame must hold numbers"):
            rv.read_curve(frame, columns={"loss": "remark"})
        gaps = {"step": [1, 2, 3, 4], "lr": [0.1] * 4, "loss": [3.0, None, float("nan"), 2.0]}
        with pytest.warns(rv.CurveWarning):
            curve = rv.read_curve(frames.DataFrame(gaps), warmup_steps=0)
        assert curve.steps.tolist() == [1, 4]
        # pandas does not tell what is missing from what is no number.
        assert (curve.notes[0] == "1 of its losses is nan or infinite and skipped") == (library == "polars")
        with pytest.raises(rv.InputError, match="row 4: step must be a finite number, not blank"):
            rv.read_curve(frames.DataFrame({**gaps, "step": [1, 2, 3, None]}))
        two = frames.DataFrame(
            {"run": ["x", "x", "y", "y"], "step": [1, 2, 1, 2], "lr": [0.1] * 4, "loss": [3.0, 2.0, 5.0, 4.0]}
        )
        with pytest.warns(rv.CurveWarning):
            assert [curve.loss.tolist() for curve in rv.read_curves(two, warmup_steps=0)] == [[3.0, 2.0], [5.0, 4.0]]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("run.csv", ("run.csv", None)),
        ("run.csv:cosine(steps=10, peak_lr=1e-3)", ("run.csv", "cosine(steps=10, peak_lr=1e-3)")),
        (
            "C:/logs/run.csv:wsd(steps=10, peak_lr=1, decay_steps=1)",
            ("C:/logs/run.csv", "wsd(steps=10, peak_lr=1, decay_steps=1)"),
        ),
        (f"{LOGS}/plain.csv:rates.npy", (f"{LOGS}/plain.csv", "rates.npy")),
        ("nowhere.csv:rates.npy", ("nowhere.csv:rates.npy", None)),
    ],
)
def test_a_schedule_after_the_file(text, parts):
    assert split_argument(text) == parts


def test_a_file_whose_name_has_a_colon(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "a:rates.npy"):
        (tmp_path / name).touch()
    assert split_argument("a:rates.npy") == ("a:rates.npy", None)
