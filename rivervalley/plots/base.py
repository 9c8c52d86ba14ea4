"""Figures of schedules, runs, laws and predictions. Every function takes and returns Axes; none shows or saves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from rivervalley._common import checks, files
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.run import Run
from rivervalley.laws import Law, predict_band
from rivervalley.schedules import Schedule, areas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@contextmanager
def style() -> Iterator[None]:
    """The project's matplotlib style for the length of a with-block: colour-blind-safe colours, light grid, no box.

    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["axes.spines.top"]
    False
    """
    import matplotlib.style

    with (
        resources.as_file(resources.files("rivervalley.plots") / "rivervalley.mplstyle") as path,
        matplotlib.style.context(path),
    ):
        yield


def figure(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A Figure of its own, drawn without a screen, and its Axes (an array where there are several)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    subplots = {key: options.pop(key) for key in ("sharex", "sharey", "gridspec_kw", "squeeze") if key in options}
    made = Figure(**options)
    FigureCanvasAgg(made)
    return made, made.subplots(rows, columns, **subplots)


def check_path(path: str | os.PathLike[str], name: str = "the plot's path") -> None:
    """Refuse a path that no figure can be written to: its folder, or its suffix (.png, .svg, .pdf, ...)."""
    from matplotlib.backend_bases import FigureCanvasBase

    suffix = os.path.splitext(path)[1].lstrip(".").lower()
    known = FigureCanvasBase.get_supported_filetypes()
    if suffix not in known:
        raise InputError(f"{name} must end in one of {', '.join(sorted(known))}, not {str(path)!r}")
    checks.writable(name, path)


def save(made: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file, whole or not at all; the suffix (.png, .svg, .pdf) picks the format."""
    check_path(path)
    with files.replacing(path, "the plot's path") as temporary:
        made.savefig(temporary, metadata={"Software": None} if str(path).lower().endswith(".png") else None)


def plot_schedules(schedules: Sequence[Schedule], axes: Sequence[Axes], decay_factor: float = 0.999) -> Sequence[Axes]:
    """Learning rate, forward area S1 and annealing area S2 of each schedule, on three Axes."""
    for schedule in schedules:
        steps = np.arange(1, schedule.steps + 1)
        thin = slice(None, None, max(1, schedule.steps // 2000))
        for ax, values in zip(
            axes, (schedule.lr, areas.forward_area(schedule), areas.annealing_area(schedule, decay_factor)), strict=True
        ):
            ax.plot(steps[thin], values[thin], label=schedule.name)
    for ax, label in zip(axes, ("learning rate", "forward area S1", "annealing area S2"), strict=True):
        ax.set(xlabel="step", ylabel=label)
    return axes


def plot_run(run: Run, ax: Axes, parts: bool = True, label: str | None = None) -> Axes:
    """Mean loss with a band of two standard errors and, where asked, the parts that add up to it."""
    name = label or run.schedule.name
    (line,) = ax.plot(run.steps, run.loss, label=name)
    error = np.nan_to_num(run.loss_stderr)
    if np.any(error > 0):
        ax.fill_between(run.steps, run.loss - 2 * error, run.loss + 2 * error, color=line.get_color(), alpha=0.2, lw=0)
    if parts and len(run.components) > 1:
        for style_of_line, (part, values) in zip(("--", ":", "-."), run.components.items(), strict=False):
            ax.plot(run.steps, values, style_of_line, color=line.get_color(), lw=1.0, label=f"{name}: {part}")
    ax.set(xlabel="step", ylabel="loss")
    return ax


def plot_curve(curve: LossCurve, ax: Axes, **options: Any) -> Axes:
    """Losses of a curve against its steps."""
    ax.plot(curve.steps, curve.loss, **{"label": curve.name, "lw": 1.0, **options})
    ax.set(xlabel="step", ylabel="loss")
    return ax


def plot_fit(law: Law, fitted: Sequence[LossCurve], held: Sequence[LossCurve], axes: Sequence[Axes]) -> Sequence[Axes]:
    """Measured losses (dots), the law's lines (held-out curves dashed, with 90 % bands) and, below, relative residuals."""
    top, bottom = axes
    lowest, highest = np.inf, -np.inf
    for kind, curves in (("fitted", fitted), ("held out", held)):
        for curve in curves:
            steps = curve.steps[curve.steps >= curve.schedule.warmup_steps]
            if steps.size == 0:
                continue
            loss = curve.loss[-steps.size :]
            predicted = law.predict_at(curve.schedule, steps)
            (dots,) = top.plot(steps, loss, ".", ms=2.5, alpha=0.6, label=f"{curve.name} ({kind})")
            top.plot(steps, predicted, "-" if kind == "fitted" else "--", color=dots.get_color(), lw=1.2)
            bottom.plot(steps, 100.0 * (predicted / loss - 1.0), color=dots.get_color(), lw=0.8)
            if kind == "held out" and law.result is not None:
                band = predict_band(law, curve.schedule, steps[:: max(1, steps.size // 150)])
                top.fill_between(band.steps, band.low, band.high, color=dots.get_color(), alpha=0.15, lw=0)
            later = loss[loss.size // 20 :]
            lowest, highest = min(lowest, later.min()), max(highest, later.max())
    top.set(ylabel="loss", title=f"{law.name} law (lines) and losses (dots)")
    top.set_ylim(lowest - 0.05 * (highest - lowest), highest + 0.05 * (highest - lowest))
    top.legend()
    bottom.axhline(0.0, color="0.3", lw=0.8)
    bottom.set(xlabel="step", ylabel="prediction off, %")
    return axes
