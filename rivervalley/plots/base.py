"""Figures of schedules, runs, laws and predictions. Every function takes and returns Axes; none shows or saves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from rivervalley._common import checks, files
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.run import Run
from rivervalley.laws import Law, predict_band
from rivervalley.plots.look import ink, look, muted, step_axis
from rivervalley.schedules import Schedule, areas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# What would make two drawings of one figure differ.
_DATELESS: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}

STYLES = ("paper", "slide", "dark")


@contextmanager
def style(name: str = "paper") -> Iterator[None]:
    """The project's matplotlib style for the length of a with-block: colour-blind-safe colours, light grid, no box.

    Parameters
    ----------
    name : "paper", "slide" or "dark"
        "slide" has larger letters and thicker lines, "dark" light lines on a dark ground.

    Raises
    ------
    InputError
        If there is no such style.

    Examples
    --------
    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["axes.spines.top"]
    False
    """
    import matplotlib.style

    sheets = ["rivervalley"] if checks.choice("style", name, STYLES) == "paper" else ["rivervalley", name]
    folder = resources.files("rivervalley.plots")
    with ExitStack() as stack:
        paths = [stack.enter_context(resources.as_file(folder / f"{sheet}.mplstyle")) for sheet in sheets]
        stack.enter_context(matplotlib.style.context(paths))
        yield


def figure(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A Figure of its own, drawn without a screen, and its Axes (an array where there are several)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    subplots = {key: options.pop(key) for key in ("sharex", "sharey", "gridspec_kw", "squeeze") if key in options}
    canvas = Figure(**options)
    FigureCanvasAgg(canvas)
    return canvas, canvas.subplots(rows, columns, **subplots)


def check_path(path: str | os.PathLike[str], name: str = "the plot's path") -> None:
    """Refuse a path that no figure can be written to: its folder, or its suffix (.png, .svg, .pdf, ...)."""
    from matplotlib.backend_bases import FigureCanvasBase

    suffix = os.path.splitext(path)[1].lstrip(".").lower()
    formats = FigureCanvasBase.get_supported_filetypes()
    if suffix not in formats:
        raise InputError(f"{name} must end in one of {', '.join(sorted(formats))}, not {str(path)!r}")
    checks.writable(name, path)


def save(made: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file, whole or not at all; the suffix (.png, .svg, .pdf) picks the format."""
    check_path(path)
    with files.replacing(path, "the plot's path") as temporary:
        made.savefig(temporary, metadata=_DATELESS.get(os.path.splitext(path)[1].lower()))


def plot_schedules(schedules: Sequence[Schedule], axes: Sequence[Axes], decay_factor: float = 0.999) -> Sequence[Axes]:
    """LR, cumulative LR S1 and annealing area S2 of each schedule, on three Axes."""
    for schedule in schedules:
        steps = np.arange(1, schedule.steps + 1)
        thin = slice(None, None, max(1, schedule.steps // 2000))
        for ax, values in zip(
            axes, (schedule.lr, areas.forward_area(schedule), areas.annealing_area(schedule, decay_factor)), strict=True
        ):
            ax.plot(steps[thin], values[thin], label=schedule.name, **look(schedule))
    for ax, label in zip(axes, ("LR", "cumulative LR $S_1$", "annealing area $S_2$"), strict=True):
        step_axis(ax).set_ylabel(label)
    return axes


def plot_run(run: Run, ax: Axes, parts: bool = True, label: str | None = None) -> Axes:
    """Mean loss with a band of two standard errors and, where asked, the parts that add up to it."""
    name = label or run.schedule.name
    (line,) = ax.plot(run.steps, run.loss, label=name, **look(name))
    error = np.nan_to_num(run.loss_stderr)
    if np.any(error > 0):
        ax.fill_between(run.steps, run.loss - 2 * error, run.loss + 2 * error, color=line.get_color(), alpha=0.2, lw=0)
    if parts and len(run.components) > 1:
        for part, values in run.components.items():
            ax.plot(run.steps, values, lw=1.0, label=f"{name}: {part}", **look(part))
    step_axis(ax).set_ylabel("loss")
    return ax


def plot_curve(curve: LossCurve, ax: Axes, **options: Any) -> Axes:
    """Losses of a curve against its steps."""
    ax.plot(curve.steps, curve.loss, **{"label": curve.name, "lw": 1.0, **look(curve.name), **options})
    step_axis(ax).set_ylabel("loss (nats)")
    return ax


def plot_fit(law: Law, fitted: Sequence[LossCurve], held: Sequence[LossCurve], axes: Sequence[Axes]) -> Sequence[Axes]:
    """Measured losses (dots), the law's lines (held-out curves with 90 % bands) and, below, relative residuals.

    The dots are thinned to at most 150 a curve and drawn under the lines, so that neither hides the other.
    """
    top, bottom = axes
    lowest, highest = np.inf, -np.inf
    colors = _colors([*fitted, *held])
    for kind, curves in (("fitted", fitted), ("held out", held)):
        for curve in curves:
            steps = curve.steps[curve.steps >= curve.schedule.warmup_steps]
            if steps.size == 0:
                continue
            loss = curve.loss[-steps.size :]
            predicted = law.predict_at(curve.schedule, steps)
            color = next(colors)
            thin = slice(None, None, max(1, steps.size // 150))
            line = "-" if kind == "fitted" else "--"
            top.plot(steps[thin], loss[thin], "o", ms=2.6, alpha=0.45, mew=0, color=color)
            top.plot(steps, predicted, line, color=color, lw=1.3, label=f"{curve.name} ({kind})")
            bottom.plot(steps, 100.0 * (predicted / loss - 1.0), line, color=color, lw=0.8)
            if kind == "held out" and law.result is not None:
                band = predict_band(law, curve.schedule, steps[thin])
                top.fill_between(band.steps, band.low, band.high, color=color, alpha=0.15, lw=0)
            later = loss[loss.size // 20 :]
            lowest, highest = min(lowest, later.min()), max(highest, later.max())
    top.set(ylabel="loss (nats)", title=f"{law.name.replace('_', ' ').capitalize()} law (lines) and losses (dots)")
    top.set_ylim(lowest - 0.05 * (highest - lowest), highest + 0.05 * (highest - lowest))
    top.legend()
    bottom.axhline(0.0, **muted(color=ink()))
    step_axis(bottom).set_ylabel("predicted / measured − 1 (%)")
    return axes


def _colors(curves: Sequence[LossCurve]) -> Iterator[str]:
    """A colour for each curve: its schedule's, or the next of the cycle that is not taken yet."""
    from matplotlib.colors import to_hex

    taken: set[str] = set()
    for curve in curves:
        own = look(curve.name).get("color") or look(curve.schedule).get("color")
        spare = (f"C{k}" for k in range(8))
        color = str(own) if own and to_hex(str(own)) not in taken else next((c for c in spare if to_hex(c) not in taken), "C0")
        taken.add(to_hex(color))
        yield color
