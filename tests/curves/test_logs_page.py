"""The samples on the page about logs are read by the command that stands below each."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from rivervalley.cli.curves import add_curve_options, read

PAGE = Path(__file__).parents[2] / "docs" / "logs.md"


def blocks(heading):
    """Indented blocks of a section, without their indent."""
    section = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(f"{heading}\n")]
    return [
        re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in re.findall(r"(?:^    .*\n)+", text, flags=re.MULTILINE)
    ]


@pytest.mark.parametrize(
    ("heading", "steps"),
    [
        ("Weights & Biases: a history", [10, 20]),
        ("JSON Lines", [10, 20, 30]),
        ("nanoGPT", [250]),
        ("torchtitan", [10, 20]),
        ("Megatron-LM", [260]),
    ],
)
def test_a_sample_and_its_command(tmp_path, monkeypatch, heading, steps):
    sample, command = blocks(heading)[:2]
    parser = argparse.ArgumentParser()
    parser.add_argument("curves", nargs="+")
    add_curve_options(parser)
    arguments = parser.parse_args(shlex.split(command)[2:])
    monkeypatch.chdir(tmp_path)
    (tmp_path / arguments.curves[0].split(":")[0]).write_text(sample)
    ((curve,), _) = read(arguments.curves, arguments)
    assert curve.steps.tolist() == steps


def test_columns_of_three_kinds(tmp_path):
    lines = blocks("CSV, TSV, semicolons, white space")[0].splitlines()
    for k, name in enumerate(("run.csv", "run.txt", "table.txt")):
        (tmp_path / name).write_text("\n".join(re.split(r"\s{3,}", line)[k] for line in lines))
        curves, _ = read([str(tmp_path / name)], options())
        assert [curve.loss.tolist() for curve in curves] == [[4.1114, 4.0342]]


def options():
    parser = argparse.ArgumentParser()
    add_curve_options(parser)
    return parser.parse_args(["--warmup-steps", "2160"])
