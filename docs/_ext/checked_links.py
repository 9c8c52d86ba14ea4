"""Links of the built pages are followed, without a network: every page, figure and anchor that is named must be there."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


class Page(HTMLParser):
    """The addresses that a page leads to, those that a browser loads by itself, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Collect what one tag says."""
        given = dict(attributes)
        self.anchors |= {str(given[name]) for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.targets.append(str(given["href"]))
        loads = given.get("href") if tag == "link" and given.get("rel") in ("stylesheet", "preload") else given.get("src")
        if loads:
            self.loaded.append(str(loads))


def broken_links(folder: Path) -> list[str]:
    """What is wrong with the pages of a folder: one line for each link that leads nowhere or loads from a network."""
    # Under _static lie the theme's templates, which are no pages.
    pages = {path.resolve(): Page(path) for path in folder.rglob("*.html") if "_static" not in path.parts}
    wrong = []
    for path, page in pages.items():
        wrong += [
            f"{path.relative_to(folder.resolve())} loads {address}" for address in page.loaded if urlsplit(address).netloc
        ]
        for address in [*page.targets, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            missing = not target.exists()
            lost = parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors
            if missing or lost:
                wrong.append(f"{path.relative_to(folder.resolve())}: {address}")
    return wrong


def check(app: Sphinx, failure: Exception | None) -> None:
    """Fail the build where a link is broken."""
    if failure is None and app.builder.format == "html":
        wrong = broken_links(Path(app.outdir))
        if wrong:
            raise ExtensionError("links that lead nowhere:\n  " + "\n  ".join(wrong))


def setup(app: Sphinx) -> dict[str, bool]:
    """Check when all pages are written."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
