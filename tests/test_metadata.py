"""One version number, and metadata that say what is there."""

import re
import tomllib
from pathlib import Path

import pytest

import rivervalley as rv

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_there_is_one_version_number(project):
    assert "version" not in project["project"] and project["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "rivervalley.__version__"
    }
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == rv.__version__


def test_extras_that_messages_name_exist(project):
    extras = project["project"]["optional-dependencies"].keys()
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rivervalley").rglob("*.py"))
    named = set(re.findall(r"rivervalley\[(\w+)\]", sources + (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named and named <= extras
