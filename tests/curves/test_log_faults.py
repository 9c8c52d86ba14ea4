"""Corrupted logs: each is refused in one sentence, through the command line with status 2, or read; nothing else happens."""

from __future__ import annotations

import gzip
import json
import os
import re
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley._common import files
from rivervalley.cli import main

LOGS = Path(__file__).parent / "logs"
TEXTS = (
    "plain.csv", "pandas.csv", "tabs.tsv", "polars.csv", "savetxt.txt", "metrics.csv", "wandb_history.csv", "wandb_panel.csv",
    "wandb_panel_loss.csv", "metrics.jsonl", "records.json", "lists.json", "fairseq.jsonl", "wandb_history.jsonl", "trainer_state.json",
    "nanogpt.log", "torchtitan.log", "megatron.log", "modded_nanogpt.txt", "decimal_commas.csv",
)  # fmt: skip
BINARIES = {
    "plain.csv.gz": "",
    "plain.csv.zst": "zstandard",
    "pandas.parquet": "pyarrow",
    "two_runs.parquet": "pyarrow",
    "tensorboard/one/events.out.tfevents.0": "tensorboard",
    "tensorboard/tensors/events.out.tfevents.0": "tensorboard",
    "tensorboard/lightning/events.out.tfevents.0": "tensorboard",
}
NUMBER = re.compile(r"(?<![\w.])-?\d+[.,]\d+(?:[eE][-+]?\d+)?(?![\w.])")


def _renamed(word: str, text: str) -> str:
    return re.sub(word, "colour", text, flags=re.IGNORECASE)


# What befalls a file of text, so that no curve can come of it.
FAULTS = {
    "empty": lambda text: b"",
    "blank lines": lambda text: b"\n \n\t\n",
    "bytes of no text": lambda text: bytes(range(256)) * 4,
    "UTF-16": lambda text: text.encode("utf-16"),
    "half of the first line": lambda text: text[: text.index("\n") // 2 if "\n" in text else len(text) // 2].encode(),
    "no column is the loss": lambda text: _renamed("loss", text).encode(),
    "no column is the step": lambda text: _renamed(r"iterations?|iter\b|global_step|_step|step|num_updates", text).encode(),
    "all numbers are words": lambda text: re.sub(r"\d[\d.,]*(?:e-?\d+)?", "many", text, flags=re.IGNORECASE).encode(),
    "no number is finite": lambda text: NUMBER.sub("nan" if "{" not in text[:1] else "NaN", text).encode(),
    "an HTML page": lambda text: b"<!DOCTYPE html>\n<html><body>404: not found</body></html>\n",
    "a letter": lambda text: b"Dear all,\n\nplease find the curves attached.\nRegards\n",
}
SCHEDULE = "wsd(steps=200, peak_lr=3e-3, warmup_steps=20, decay_steps=40)"


def refusal(path: Path, **options: object) -> str:
    """The message of the InputError that reading it ends in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rv.CurveWarning)
        with pytest.raises(rv.InputError) as caught:
            rv.read_curves(path, **options)
    return str(caught.value)


def check(path: Path, capsys: pytest.CaptureFixture[str], schedule: str | None = None) -> None:
    """One sentence from Python, the same and status 2 from the command line."""
    message = refusal(path, schedule=schedule)
    assert "\n" not in message
    assert 20 < len(message) < 500
    assert main(["fit", str(path), *(["--schedule", schedule] if schedule else [])]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    assert " ".join(message.split()) in printed.err


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_spoiled_text_is_refused(name, fault, tmp_path, capsys):
    text = (LOGS / name).read_text(encoding="utf-8")
    path = tmp_path / name
    path.write_bytes(FAULTS[fault](text))
    check(path, capsys, SCHEDULE if name.endswith((".log", ".txt")) and name != "savetxt.txt" else None)


# An event file of a run that goes on may end anywhere: what is whole of it is read.
CUTS = [(name, kept) for name in BINARIES for kept in (3, 20, 0.5, -1) if "tfevents" not in name or kept in (3, 20)]


@pytest.mark.parametrize(("name", "kept"), CUTS)
def test_a_binary_file_that_is_cut_off_is_refused(name, kept, tmp_path, capsys):
    if BINARIES[name]:
        pytest.importorskip(BINARIES[name])
    data = (LOGS / name).read_bytes()
    path = tmp_path / Path(name).name
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    check(path, capsys)


def test_there_are_two_hundred_of_them():
    assert len(TEXTS) * len(FAULTS) >= 200


# Rows that cannot be, each with its place ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", '{"step": 1, "lr": 0.1, "loss": 3}\n{"step": 2, "lr": 0.1, "loss": 2', "a.jsonl, line 2: not a JSON object"),
        ("a.jsonl", '{"step": 1, "lr": 0.1, "loss": 3}\n[2]\n', "line 2: must be a JSON object, not [2]"),
        ("a.jsonl", '{"step": 1.5, "lr": 0.1, "loss": 3}\n', "record 1: step must be a whole number"),
        ("a.jsonl", '{"step": 1, "lr": -0.1, "loss": 3}\n{"step": 2}\n', "line 1: lr must be at least 0, not -0.1"),
        ("a.json", '{"step": [1, 2], "loss": [3.0]}', "lists of one length"),
        ("a.json", '[{"step": 1}, 3]', "must be a list of JSON objects"),
        ("a.json", "[" * 100_000, "must be JSON with numbers of common length and little nesting"),
        ("a.jsonl", '{"a": ' * 20 + "1" + "}" * 20 + "\n{}\n", "line 1: must be nested at most 8 deep"),
        ("a.json", '{"step": 1' + "0" * 5_000 + "}", "JSON with numbers of common length"),
        ("a.json", '{"log_history": [{"step": 1, "loss": 1}, 4]}', "must be a list of JSON objects"),
        ("a.log", "iter 10: loss 3.0000, lr 1e-3\niter 2000000000: loss 3.0\n", "a.log, line 2: step must be a whole number"),
        ("a.tsv", "step\tlr\tloss\n1\t0.1\t3\n2\tx\t3\n", "a.tsv, line 3: lr must be a finite number, not 'x'"),
        ("a.txt", "step lr loss\n1 0.1 3\n2 0.1\n", "line 3: a row must have the header's 3 cells, not 2"),
        ("a.csv", "run,step,lr,loss\na,1,0.1,3\nb,1,0.1,3\nb,1.5,0.1,3\n", "line 4: step must be a whole number"),
        ("a.csv", '"Step","a - loss","a - lr"\n"1","3","x"\n', "line 2: lr must be a finite number, not 'x'"),
        ("a.csv", "tokens,lr,loss\n1000,0.1,3\n", "counts tokens, not steps: give the tokens of an update"),
        ("a.csv", "step,lr,train_loss,val_loss\n1,0.1,3,4\n", "a.csv has 2 columns that may be the loss: train_loss, val_loss; choose with"),
        ("a.csv", "step,lr_a,lr_b,loss\n1,0.1,0.2,4\n", "a.csv has 2 columns that may be the lr: lr_a, lr_b; choose with columns="),
        ("a.csv", "step,loss\n1,3\n", "or give the schedule"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_text(content)
    message = refusal(path)
    assert says in message
    assert "\n" not in message


def test_pipes_devices_and_large_files_are_refused_unread(tmp_path, monkeypatch, capsys):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/zero")):
        assert "a pipe or a device" in refusal(path)
        assert main(["fit", str(path)]) == 2
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    (tmp_path / "large.csv").write_text("step,lr,loss\n" * 1000)
    assert "larger than" in refusal(tmp_path / "large.csv")


def test_a_small_file_that_swells_is_refused(tmp_path, monkeypatch):
    from rivervalley._common import content

    zstandard = pytest.importorskip("zstandard")
    monkeypatch.setattr(content, "MOST_BYTES", 1 << 20)
    swollen = b"step,lr,loss\n" + b" " * (256 << 20)
    (tmp_path / "run.csv.gz").write_bytes(gzip.compress(swollen, 1))
    (tmp_path / "run.csv.zst").write_bytes(zstandard.compress(swollen))
    for name in ("run.csv.gz", "run.csv.zst"):
        tracemalloc.start()
        assert "holds at most 1 MB" in refusal(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
        tracemalloc.stop()


def test_a_compressed_file_must_be_whole(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    text = (LOGS / "megatron.log").read_bytes()
    for name, data, kind in (("a.gz", gzip.compress(text), "gzip"), ("a.zst", zstandard.compress(text), "Zstandard")):
        (tmp_path / name).write_bytes(data[:-1])
        assert f"must be a whole {kind} file, but cannot be decompressed" in refusal(tmp_path / name)
        (tmp_path / name).write_bytes(data + data)  # two members, as of files that were put together
        with pytest.warns(rv.CurveWarning):
            assert len(rv.read_curve(tmp_path / name)) == 20


# Whatever else befalls them ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*TEXTS, *BINARIES])
def test_logs_with_some_bytes_changed_are_read_or_refused(tmp_path_factory, name):
    if BINARIES.get(name):
        pytest.importorskip(BINARIES[name])
    data = (LOGS / name).read_bytes()
    path = tmp_path_factory.mktemp("fuzz") / Path(name).name
    byte = st.sampled_from(b'0129.,+-eE \n\r\t#"{}[]:/|\x00\xffa')

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.tuples(st.integers(0, len(data) - 1), byte), max_size=5), st.integers(0, len(data)), st.booleans())
    def spoil(changes, end, cut):
        content = bytearray(data)
        for place, value in changes:
            content[place] = value
        path.write_bytes(content[:end] if cut else content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", rv.CurveWarning)
            try:
                curves = rv.read_curves(path, warmup_steps=0)
            except rv.InputError as error:
                assert "\n" not in str(error)
            else:
                assert all(np.all(np.isfinite(curve.loss)) and np.all(curve.schedule.lr >= 0) for curve in curves)

    spoil()


records = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["step", "loss", "lr", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(st.lists(records, max_size=4), st.booleans())
def test_any_json_is_read_or_refused(tmp_path_factory, documents, lines):
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text("\n".join(map(json.dumps, documents)) if lines else json.dumps(documents))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rv.CurveWarning)
        try:
            rv.read_curves(path)
        except rv.InputError as error:
            assert "\n" not in str(error)
