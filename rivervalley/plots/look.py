"""One visual language: a schedule, a part of the loss or a sequence looks the same in every figure, in grey as well.

Colours differ in hue for most kinds of colour vision and each comes with a line style, so a figure printed in grey still
tells its lines apart. Everything is read when drawing, so that ink and muted lines follow a dark style.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rivervalley._common import checks
from rivervalley.schedules import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Line = dict[str, Any]
LineStyle = str | tuple[float, tuple[float, ...]]

INK = "ink"  # stands for the style's text colour
# A name is looked up by the first of these words that it contains: longer words come before those they contain.
SCHEDULES: dict[str, tuple[str, LineStyle]] = {
    "cyclic cosine": ("#8C564B", (0, (5, 1, 1, 1, 1, 1))),
    "wsd-s": ("#CC79A7", (0, (6, 1.5, 1, 1.5))),
    "wsd": ("#0072B2", "-"),
    "constant": (INK, (0, (5, 1.2, 1.2, 1.2))),
    "cosine": ("#D55E00", "--"),
    "linear": ("#009E73", (0, (2, 1))),
    "multi-step": ("#E69F00", (0, (8, 2))),
    "exponential": ("#AA3377", (0, (1, 1))),
    "inverse sqrt": ("#999999", (0, (4, 1, 1, 1, 1, 1))),
    "inverse": ("#56B4E9", "-"),
    "sqrt": ("#882255", (0, (3, 1, 1, 1))),
    "square": ("#117733", (0, (3, 1, 1, 1, 1, 1, 1, 1))),
}
PARTS: dict[str, tuple[str, LineStyle]] = {"river": ("#2A9BD6", "-"), "hill": ("#9C6B30", (0, (4, 1.2)))}


def look(what: str | Schedule) -> Line:
    """Colour and line style of a schedule, a decay shape or a part of the loss, by its name; empty where it has none.

    Parameters
    ----------
    what : Schedule or str
        Such as a schedule named "WSD, 20 % linear", "cosine", "sqrt" or "river".

    Returns
    -------
    dict
        Options of `Axes.plot`: "color" and "linestyle".

    Examples
    --------
    >>> look("WSD, a fifth") == look("wsd 20% linear")
    True
    >>> look("cosine to 0")["color"]
    '#D55E00'
    >>> look("run 17")
    {}
    """
    name = (what.name if isinstance(what, Schedule) else what).lower().replace("_", "-")
    for table in (PARTS, SCHEDULES):
        for word, (color, linestyle) in table.items():
            if word in name or word.replace(" ", "-") in name:
                return {"color": ink() if color == INK else color, "linestyle": linestyle}
    return {}


def ink() -> str:
    """The style's colour of text: for references and measured points."""
    import matplotlib

    return str(matplotlib.rcParams["text.color"])


def muted(**options: Any) -> Line:
    """A thin dotted grey line: limits, borders and guides that a label or the caption names."""
    return {"color": "0.55", "linestyle": ":", "linewidth": 1.0, **options}


def reference(**options: Any) -> Line:
    """A thin dashed line in ink: a formula beside what was simulated."""
    return {"color": ink(), "linestyle": "--", "linewidth": 1.0, **options}


def sequence(count: int) -> list[tuple[float, ...]]:
    """Colours of an ordered quantity such as size or length: from dark to light, monotone in grey.

    >>> len(sequence(3))
    3
    """
    from matplotlib import colormaps

    number = checks.integer("count", count, 1)
    return [tuple(map(float, color)) for color in colormaps["viridis"](np.linspace(0.0, 0.85, number))]


def step_axis(ax: Axes, label: str = "step") -> Axes:
    """Name the horizontal axis "step", with few ticks and thousands separators where it is linear."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel(label)
    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        thousands(ax.xaxis)
    return ax


def thousands(axis: Axis) -> None:
    """Whole numbers with thousands separators on an axis."""
    axis.set_major_formatter("{x:,.0f}")


def ticks(axis: Axis, values: list[float], labels: str = "{:g}") -> None:
    """These ticks and no minor labels: for a log axis over less than two decades. `labels` formats a value."""
    from matplotlib.ticker import NullFormatter

    axis.set_ticks(values, [labels.format(value) for value in values])
    axis.set_minor_formatter(NullFormatter())
