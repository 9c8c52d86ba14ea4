"""Each claim points to a heading of docs/theory that exists, and each section lists the claims that test it."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from rivervalley import claims

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "theory").glob("*.md"))
ID = re.compile(rf"(?:{'|'.join(claims.GROUPS)})-\w+")


def anchor(heading):
    """The anchor that GitHub and MkDocs give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def sections(page):
    """Anchor of each heading, with the claims that its section lists."""
    listed, here = {}, None
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            here = anchor(line.lstrip("#"))
            assert here not in listed, f"two headings {here} in {page.name}"
            listed[here] = set()
        elif line.startswith("Claims: "):
            listed[here].update(ID.findall(line))
    return listed


@pytest.fixture(scope="module")
def by_section():
    found = defaultdict(set)
    for claim in claims.list():
        found[claim.section].add(claim.id)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_section_lists_exactly_the_claims_that_point_to_it(page, by_section):
    for place, listed in sections(page).items():
        assert listed == by_section.get(f"docs/theory/{page.name}#{place}", set()), place


def test_every_claim_points_to_a_heading(by_section):
    headings = {f"docs/theory/{page.name}#{place}" for page in PAGES for place in sections(page)}
    assert set(by_section) <= headings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        name, _, place = target.partition("#")
        other = page.parent / name if name else page
        assert other.is_file(), target
        assert not place or place in sections(other), target
