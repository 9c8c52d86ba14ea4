"""How far each check, and each of its control's, lies from its tolerance: a strip of dots as an <svg> element.

Written directly, in the page's own colours: a report has hundreds of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from rivervalley.claims.checks import Check

LEAST, MOST = -3, 3  # decades of the error ratio; what lies beyond is drawn at the edge
MOST_DRAWN = 12  # checks
_NAMES, _WIDTH, _ROW = 330, 700, 18  # pixels: of the names, of all, of a check


def error_ratios(checks: Sequence[Check], control_checks: Sequence[Check] = ()) -> str:
    """Error over tolerance of each check (filled) and of the control's (open) on a log axis.

    Examples
    --------
    >>> error_ratios([])[:4]
    '<svg'
    """
    shown = checks[:MOST_DRAWN]
    bottom = _ROW * max(len(shown), 1)
    parts = [_axis(bottom)]
    for row, check in enumerate(shown):
        y = _ROW * (row + 0.5)
        kind = "passes" if check.passed else "fails"
        parts.append(f'<text x="{_NAMES - 12}" y="{y + 4}" text-anchor="end">{escape(_short(check.what))}</text>')
        parts.append(f'<circle class="{kind}" cx="{_place(check):.1f}" cy="{y}" r="4" fill="currentColor"/>')
    for place, check in zip(_rows(checks, control_checks), control_checks, strict=True):
        if place is not None and place < len(shown):
            x, y = _place(check), _ROW * (place + 0.5)
            parts.append(f'<path d="M{x:.1f} {y - 6}l6 6l-6 6l-6 -6z" fill="none" stroke="currentColor"/>')
    return (
        f'<svg role="img" aria-label="error over tolerance of each check" viewBox="0 0 {_WIDTH} {bottom + 34}" '
        f'width="{_WIDTH}" font-size="12" fill="currentColor">{"".join(parts)}</svg>'
    )


def _axis(bottom: int) -> str:
    parts = [f'<path d="M{_x(LEAST) - 8} {bottom}H{_x(MOST) + 8}" stroke="currentColor"/>']
    for decade in range(LEAST, MOST + 1):
        x, strong = _x(decade), decade == 0
        opacity = 0.9 if strong else 0.15
        parts.append(f'<path d="M{x} 0V{bottom}" stroke="currentColor" opacity="{opacity}"/>')
        power = str(decade).replace("-", "−")
        label = "1" if strong else f'10<tspan dy="-4" font-size="9">{power}</tspan>'
        parts.append(f'<text x="{x}" y="{bottom + 15}" text-anchor="middle">{label}</text>')
    middle = (_x(LEAST) + _x(MOST)) / 2
    return "".join([*parts, f'<text x="{middle}" y="{bottom + 30}" text-anchor="middle">error / tolerance</text>'])


def _x(decade: float) -> float:
    return _NAMES + (_WIDTH - _NAMES - 20) * (decade - LEAST) / (MOST - LEAST)


def _place(check: Check) -> float:
    ratio = check.error_ratio
    if not math.isfinite(ratio):
        return _x(MOST)
    return _x(min(max(math.log10(ratio), LEAST), MOST)) if ratio > 0.0 else _x(LEAST)


def _rows(checks: Sequence[Check], control_checks: Sequence[Check]) -> list[int | None]:
    """The row of each check of the control: its place where there are as many, else that of the check of its name."""
    if len(checks) == len(control_checks):
        return list(range(len(checks)))
    names = [check.what for check in checks]
    return [names.index(check.what) if check.what in names else None for check in control_checks]


def _short(text: str, length: int = 52) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
