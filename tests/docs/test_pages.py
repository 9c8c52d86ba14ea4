"""The pages of the site: every law and group of claims has its place, examples run, stored verdicts belong to claims."""

import re
import sys
from pathlib import Path

import pytest

from rivervalley import claims, laws
from rivervalley.claims import report
from rivervalley.claims.registry import GROUPS

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
EXAMPLES = [
    pytest.param(block, id=f"{path.stem}-{k}")
    for path in sorted(DOCS.glob("**/*.md"))
    if "_generated" not in path.parts
    for k, block in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
]


def test_every_law_has_a_section_with_formula_source_identification_and_failures():
    text = (DOCS / "laws.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    for name in laws.LAWS:
        about = next((part for part in sections if re.search(rf"\b{name}\b", part.split("\n", 1)[0])), None)
        assert about is not None, name
        assert "$$" in about and "**Source:**" in about and "identifies" in about and "fail" in about, name


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example, capsys):
    exec(compile(example, "example", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_stored_verdicts_are_of_claims_and_of_every_group():
    stored = {verdict.id for verdict in report.read_verdicts(DOCS / "verdicts.json")}
    known = {claim.id for claim in claims.list()}
    assert stored <= known, stored - known
    assert {name[:2] for name in stored} == set(GROUPS)


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    pytest.importorskip("sphinx", reason="the site needs the extra docs")
    from checked_links import broken_links

    (tmp_path / "a.html").write_text('<h1 id="top">a</h1><a href="b.html#there">b</a><a href="https://example.org">x</a>')
    (tmp_path / "b.html").write_text('<p id="there"></p><a href="a.html#top">a</a><img src="none.png"><a href="#lost">c</a>')
    assert sorted(broken_links(tmp_path)) == ["b.html: #lost", "b.html: none.png"]
    (tmp_path / "b.html").write_text('<script src="https://cdn.example.org/x.js"></script>')
    assert sorted(broken_links(tmp_path)) == ["a.html: b.html#there", "b.html loads https://cdn.example.org/x.js"]


def test_formulas_become_mathml_without_leftovers():
    pytest.importorskip("latex2mathml", reason="the site needs the extra docs")
    from latex2mathml.converter import convert

    for path in DOCS.glob("**/*.md"):
        text = path.read_text(encoding="utf-8")
        for latex in [] if "_generated" in path.parts else re.findall(r"(?<!\$)\$([^$\n]+)\$(?!\$)", text):
            assert "\\" not in convert(latex), (path.name, latex)
