"""Docstrings write absolute values with bars, which reStructuredText would take for substitutions."""

from __future__ import annotations

from sphinx.application import Sphinx


def escape_bars(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Escape the bars of every line that is no example."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[k] = line.replace("|", r"\|")


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at every docstring."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", escape_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
