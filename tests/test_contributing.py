"""CONTRIBUTING.md does what it says: each of its pages is applied to a copy of the package and used there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

import rivervalley as rv

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = dict(re.findall(r"^## Add an? ([\w ]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
KINDS = ("schedule", "decay shape", "river", "landscape", "law", "claim")


class Change(NamedTuple):
    """Lines of one file to replace by others; a new file where there are none to replace."""

    path: str
    old: str
    new: str


def changes(page):
    """What a page adds: new files are Python blocks that begin with their path, changes are diffs."""
    for language, text in BLOCK.findall(page.partition("Use it")[0]):
        if language == "python":
            first, _, rest = text.partition("\n")
            yield Change(first.removeprefix("# "), "", rest)
            continue
        assert language == "diff", language
        for part in re.split(r"^--- a/", text, flags=re.MULTILINE)[1:]:
            header, *hunks = re.split(r"^@@\n", part, flags=re.MULTILINE)
            old_path, new_path = header.splitlines()
            assert new_path == f"+++ b/{old_path}"
            for hunk in hunks:
                lines = [(line[:1] or " ", line[1:] + "\n") for line in hunk.splitlines()]
                assert {sign for sign, _ in lines} <= set(" +-")
                kept, added = ("".join(text for sign, text in lines if sign in signs) for signs in (" -", " +"))
                yield Change(old_path, kept, added)


def apply(change, root):
    path = root / change.path
    if not change.old:
        assert not path.exists(), f"{change.path} is there already"
        path.write_text(change.new, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    assert text.count(change.old) == 1, f"{change.path} must have once:\n{change.old}"
    path.write_text(text.replace(change.old, change.new), encoding="utf-8")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Copies of the package, its documents and settings, by the kind that was added. All pages are applied to one copy, so that
    they do not get in each other's way, but for the river's, whose change of a kernel would have all the others compile again."""
    copies = {}
    for pages in (("river",), tuple(kind for kind in KINDS if kind != "river")):
        root = tmp_path_factory.mktemp("copy")
        shutil.copytree(ROOT / "rivervalley", root / "rivervalley", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "docs", root / "docs")
        shutil.copy(ROOT / "pyproject.toml", root)
        for kind in pages:
            copies[kind] = root
            for change in changes(PAGES[kind]):
                apply(change, root)
    return copies


def sources(kind):
    return sorted({change.path for change in changes(PAGES[kind]) if change.path.endswith(".py")})


def run(package, folder, *command):
    return subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(package), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_there_is_a_page_for_each_and_each_touches_at_most_two_files():
    assert tuple(PAGES) == KINDS
    for kind, page in PAGES.items():
        assert 1 <= len({change.path for change in changes(page)}) <= 2, kind


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_page_adds_is_used_as_it_says(packages, kind, tmp_path):
    package = packages[kind]
    used = BLOCK.findall(PAGES[kind].partition("Use it")[2])
    assert [language for language, _ in used] == ["python", ""]
    names = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in sources(kind)]
    examples = (
        f"import doctest, importlib\nassert not any(doctest.testmod(importlib.import_module(m)).failed for m in {names})\n"
    )
    (tmp_path / "use.py").write_text(used[0][1] + examples, encoding="utf-8")
    done = run(package, tmp_path, "use.py")
    assert done.returncode == 0, done.stderr
    for line in used[1][1].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "rivervalley"
        done = run(package, tmp_path, "-m", "rivervalley", *arguments)
        assert done.returncode == 0 and done.stdout, line + done.stderr


@pytest.mark.slow
def test_the_new_names_stand_in_the_help_texts(packages, tmp_path):
    package = packages["law"]
    shown = run(package, tmp_path, "-m", "rivervalley", "simulate", "--help").stdout
    for name in ("halving(", "smoothstep", "bowl("):
        assert name in shown, name
    assert "logarithmic" in run(package, tmp_path, "-m", "rivervalley", "fit", "--help").stdout
    assert "RV-90" in run(package, tmp_path, "-m", "rivervalley", "validate", "--list", "RV").stdout
    assert "quartic(" in run(packages["river"], tmp_path, "-m", "rivervalley", "simulate", "--help").stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_pages_code_is_formatted_and_linted_as_the_package_is(packages, kind):
    for check in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", *check, *sources(kind)]
        done = subprocess.run(command, cwd=packages[kind], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_entry_points_are_those_that_are_read():
    (text,) = (text for language, text in BLOCK.findall(PAGE) if language == "toml")
    groups = tomllib.loads(text)["project"]["entry-points"]
    from rivervalley.claims.registry import ENTRY_POINTS
    from rivervalley.landscapes.registry import LANDSCAPES
    from rivervalley.laws.base.registry import GROUP

    assert set(groups) == {ENTRY_POINTS, LANDSCAPES.group, GROUP}


def test_the_commands_of_the_first_page_exist():
    first = PAGE.partition("## Add")[0]
    assert 'pytest -m "not slow"' in first and (ROOT / ".ci" / "run").is_file() and rv.__version__
