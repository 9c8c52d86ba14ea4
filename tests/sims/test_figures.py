"""The simulations: their figures and captions are there, and their options do what they say."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIMS = sorted(path for path in (ROOT / "sims").glob("*.py") if "from common import" in path.read_text(encoding="utf-8"))
README = (ROOT / "figures" / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL))


def run(name, *arguments):
    command = [sys.executable, str(ROOT / "sims" / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_simulation_has_a_section_and_no_other_figure_lies_about():
    names = {path.stem for path in SIMS}
    assert set(SECTIONS) == names
    drawn = {path.name for path in (ROOT / "figures").iterdir()} - {"README.md", "decaying_cloud.mp4"}
    assert drawn == {re.search(r"\]\(([^)]+)\)", text).group(1) for text in SECTIONS.values()}
    assert {Path(name).stem for name in drawn} == names


@pytest.mark.parametrize("name", SECTIONS)
def test_a_caption_is_two_sentences_with_numbers_of_the_run(name):
    caption = SECTIONS[name].split(")\n", 1)[1].strip()
    assert len(re.findall(r"[.!?](?=\s+[A-Z]|$)", caption)) == 2, caption
    assert re.search(r"\d", caption)
    assert not re.search(r"\bnan\b|\d%|\binf\b", caption)


@pytest.mark.parametrize("path", SIMS, ids=lambda path: path.stem)
def test_a_simulation_uses_public_names_and_offers_its_quantities(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "options"]
    assert len(called) == 1 and called[0].keywords, "no quantities"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rivervalley"):
            assert not any(part.startswith("_") for part in [*node.module.split("."), *(n.name for n in node.names)])


def test_a_figure_can_be_drawn_in_other_sizes_formats_and_styles(tmp_path):
    plain = run("schedules_and_areas", "--out", tmp_path)
    assert plain.returncode == 0, plain.stderr
    other = run(
        "schedules_and_areas", "--out", tmp_path, "--format", "svg", "--style", "dark", "--steps", 8000, "--peak-lr", 0.1
    )
    assert other.returncode == 0, other.stderr
    assert (tmp_path / "schedules_and_areas.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    caption = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "(schedules_and_areas.svg)" in caption and caption.count("## ") == 1
    assert "cumulative LR of 695.00" in caption  # 0.1 (8000 - 500 / 2 - 1600 / 2), plus half a step of warm-up


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--peak-lr", "-1"], "peak_lr must be"),
        (["--steps", "many"], "invalid int value"),
        (["--format", "bmp"], "invalid choice"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(tmp_path, arguments, message):
    refused = run("schedules_and_areas", "--out", tmp_path, *arguments)
    assert refused.returncode == 2
    assert message in refused.stderr.splitlines()[-1] and "Traceback" not in refused.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_simulation_gives_the_caption_it_has_in_figures(tmp_path):
    drawn = run("published_losses", "--out", tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    fresh = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert SECTIONS["published_losses"].strip() in fresh
