"""The figure of a claim's verdict: how far each check and each of its control's lies from its tolerance."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from typing import Protocol

from rivervalley.plots import base
from rivervalley.plots.look import muted

LEAST, MOST = 1e-3, 1e3  # error ratios beyond are drawn at the edge
MOST_DRAWN = 12  # checks
# Ids that every figure has and nothing refers to: several figures stand on one page.
_UNUSED = re.compile(r' id="(?:figure|axes|patch|line2d|matplotlib\.axis|text|xtick|ytick)_\d+"')


class Checked(Protocol):
    """What is drawn of a check."""

    @property
    def what(self) -> str:
        """The number, in words."""

    @property
    def error_ratio(self) -> float:
        """Error over tolerance."""


def error_ratios(checks: Sequence[Checked], control_checks: Sequence[Checked] = ()) -> str:
    """Error over tolerance of each check, and of the control's, on a log axis: an <svg> element.

    Examples
    --------
    >>> error_ratios([])[:4]
    '<svg'
    """
    import matplotlib

    shown = list(checks)[:MOST_DRAWN]
    places = _rows(checks, control_checks)
    with base.style(), matplotlib.rc_context({"svg.fonttype": "none", "axes.grid.axis": "x"}):
        figure, ax = base.figure(figsize=(7.2, 0.62 + 0.24 * max(len(shown), 1)))
        ax.axvline(1.0, **muted(linestyle="-"))
        for row, check in enumerate(shown):
            ax.plot(_place(check), row, "o", ms=5, color="#0072B2" if check.error_ratio <= 1.0 else "#D55E00")
        for place, check in zip(places, control_checks, strict=True):
            if place is not None and place < len(shown):
                ax.plot(_place(check), place, "D", ms=6, mfc="none", color="#555555")
        ax.set_yticks(range(len(shown)), [_short(check.what) for check in shown], fontsize=8)
        ax.set(xscale="log", xlim=(0.6 * LEAST, 1.6 * MOST), ylim=(len(shown) - 0.4, -0.6))
        ax.set_xlabel("error / tolerance", fontsize=8)
        ax.tick_params(axis="x", labelsize=8)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    return _UNUSED.sub("", text[text.index("<svg") :]).strip()


def _rows(checks: Sequence[Checked], control_checks: Sequence[Checked]) -> list[int | None]:
    """The row of each check of the control: its place where there are as many, else that of the check of its name."""
    if len(checks) == len(control_checks):
        return list(range(len(checks)))
    names = [check.what for check in checks]
    return [names.index(check.what) if check.what in names else None for check in control_checks]


def _place(check: Checked) -> float:
    ratio = check.error_ratio
    return MOST if not math.isfinite(ratio) else min(max(ratio, LEAST), MOST)


def _short(text: str, length: int = 60) -> str:
    """The text in at most so many characters, with signs that matplotlib would read as mathematics made harmless."""
    plain = text.replace("$", r"\$")
    return plain if len(plain) <= length else plain[: length - 1].rstrip() + "…"
