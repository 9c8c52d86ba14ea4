"""Formulas of the pages as MathML, which browsers set themselves: the site loads nothing from a network."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def mathml(latex: str, display: str, node: nodes.Node) -> str:
    """MathML of LaTeX; a command that is not understood is a warning, and so an error of the build."""
    written = convert(latex, display=display)
    if "\\" in written:
        logger.warning("no MathML for %r", latex, location=node)
    return written


def inline(translator: object, node: nodes.Element) -> None:
    """A formula within a line."""
    translator.body.append(mathml(node.astext(), "inline", node))
    raise nodes.SkipNode


def block(translator: object, node: nodes.Element) -> None:
    """A formula on lines of its own; rows are separated by a double backslash."""
    translator.body.append(f"<div>{mathml(node.astext(), 'block', node)}</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
