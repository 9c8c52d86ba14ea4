"""Ids of claims in the pages become links to what was measured of them."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

from rivervalley import claims

LINE = re.compile(r"^Claims: .*$", re.MULTILINE)
IDS = re.compile(r"\b[A-Z]{2}-\w+\b")


def link_claims(app: Sphinx, page: str, source: list[str]) -> None:
    """Link the ids in the lines "Claims: AL-04, AL-26." that end the sections of the theory."""
    if not page.startswith("theory/"):
        return
    known = {claim.id for claim in claims.list()}

    def link(match: re.Match[str]) -> str:
        return f"[{match.group()}](#{match.group().lower()})" if match.group() in known else match.group()

    source[0] = LINE.sub(lambda line: IDS.sub(link, line.group()), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at every page as it is read."""
    app.connect("source-read", link_claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
