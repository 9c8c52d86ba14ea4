"""The explorer: one self-contained HTML page in which a law is asked about schedules that are drawn by hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rivervalley._common.checks import InputError

if TYPE_CHECKING:
    from rivervalley.laws import Law


def explorer_html(law: Law | None = None, runs: Sequence[str] | None = None) -> str:
    """The page as text: see `explore.page.explorer_html`. InputError where Bokeh is not installed."""
    _need_bokeh()
    from rivervalley.explore import page

    return page.explorer_html(law, runs)


def write_explorer(path: str | os.PathLike[str], law: Law | None = None, runs: Sequence[str] | None = None) -> None:
    """Write the page to a file: see `explore.page.write_explorer`. InputError where Bokeh is not installed."""
    _need_bokeh()
    from rivervalley.explore import page

    page.write_explorer(path, law, runs)


def _need_bokeh() -> None:
    try:
        import bokeh  # noqa: F401
    except ImportError:
        raise InputError(
            "explore needs Bokeh 3.4 or later, which is not installed: pip install 'rivervalley[explore]'"
        ) from None
