"""The page of a report: well-formed, self-contained, with what the claims say and every number; documents read back."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rivervalley as rv
from rivervalley import claims
from rivervalley._common.json import dumps, exact
from rivervalley.claims import links, report
from rivervalley.claims.checks import near
from rivervalley.claims.strip import error_ratios

ROOT = Path(__file__).parents[2]
VOID = {"meta", "br", "path", "circle", "img"}


class Balanced(HTMLParser):
    """Tags that are opened and closed in order; addresses of everything that a browser would load by itself."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.ids = [], [], set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.loads += [attributes[name] for name in ("src", "data") if name in attributes]
        if tag == "link":
            self.loads.append(attributes["href"])
        if attributes.get("id"):
            self.ids.add(attributes["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def verdicts():
    return [claims.check(name, quick=True, control=True) for name in ("AL-06", "AL-18", "KS-P03")]


@pytest.fixture(scope="module")
def written(verdicts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    document = report.verdicts_document(verdicts, 0)
    assert report.write_report(folder, verdicts, document) == folder / "report.html"
    return folder


def test_the_page_is_well_formed_and_loads_nothing(written, verdicts):
    text = (written / "report.html").read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(text)
    assert parser.open == [] and parser.loads == []
    assert "@import" not in text and "url(http" not in text
    assert {verdict.id for verdict in verdicts} <= parser.ids


def test_the_page_has_statement_formula_numbers_control_and_links(written, verdicts):
    text = (written / "report.html").read_text(encoding="utf-8")
    article = text.split('<article id="AL-18">')[1].split("</article>")[0]
    assert "<math>" in article and "What holds:" in article and "The control breaks:" in article
    assert "fails, as it must" in article and "<svg" in article and "https://arxiv.org/abs/2408.11029" in article
    assert f"{links.REPOSITORY}/docs/theory/annealing.md#61-zero-lr" in article
    verdict = next(v for v in verdicts if v.id == "AL-18")
    for check in verdict.checks:
        assert f"{check.measured:.5g}" in article and check.direction in article


def test_a_document_is_read_back_as_it_was(written, verdicts):
    assert report.read_verdicts(written / "verdicts.json") == [
        verdict if verdict.seconds == round(verdict.seconds, 4) else rounded(verdict) for verdict in verdicts
    ]


def rounded(verdict):
    from dataclasses import replace

    return replace(verdict, seconds=round(verdict.seconds, 4))


def test_what_is_no_document_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(dumps(exact({"claims": [{"id": "AL-06"}]})))
    with pytest.raises(rv.InputError, match="path must be a document of rivervalley validate --json"):
        report.read_verdicts(path)


def test_figures_and_code_of_claims_exist():
    ids = {claim.id for claim in claims.list()}
    for name, shown in links.FIGURES.items():
        assert (ROOT / "figures" / f"{name}.png").is_file(), name
        assert set(shown) <= ids, (name, set(shown) - ids)
    for claim in claims.list():
        assert (ROOT / links.code_of(claim)).is_file(), claim.id


def test_dots_stand_where_errors_are_and_the_controls_beyond_the_tolerance():
    good, bad = near("good", 1.0, 1.05, 0.1), near("bad < $x$", 1.0, 2.0, 0.1)
    svg = error_ratios([good, bad], [near("good", 1.0, 9.0, 0.1)])
    dots = re.findall(r'<circle class="(\w+)" cx="([\d.]+)"', svg)
    assert [kind for kind, _ in dots] == ["passes", "fails"]
    at_tolerance = error_ratios([near("even", 1.0, 1.1, 0.1 + 1e-12)])
    (_, border), *_ = re.findall(r'<circle class="(\w+)" cx="([\d.]+)"', at_tolerance)
    assert float(dots[0][1]) < float(border) < float(dots[1][1])
    (control,) = re.findall(r'<path d="M([\d.]+) [-\d.]+l6 6', svg)
    assert float(control) > float(border)
    ElementTree.fromstring(svg)
