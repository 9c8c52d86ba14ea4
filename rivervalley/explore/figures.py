"""The page's Bokeh figures, empty: the page's scripts fill their sources by name. Colours come from the style sheet."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from bokeh import events
from bokeh.document import Document
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    HoverTool,
    Range1d,
)
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure

from rivervalley.explore.valley import PEAK, PageValley

PINS = 4
Dash: TypeAlias = Literal["solid", "dashed", "dotted", "dotdash"] | list[int]
DASHES: tuple[Dash, ...] = ("dashed", "dotted", "dotdash", [12, 3])
TICKS = {"steps": "return rv.format.steps(tick)", "lr": "return rv.format.lr(tick)"}


def document(valley: PageValley, highest_peak: float | None) -> Document:
    """A document with the figures schedule, loss, annealing_part, progress_part, valley_loss and valley_map."""
    page = Document()
    parts = (_part("annealing", 190, "nats", "solid"), _part("progress", 190, "S", "dashed"))
    for plot in (_schedule(highest_peak), _loss(), *parts, _valley_loss(), _valley_map(valley)):
        page.add_root(plot)
    page.js_on_event(events.DocumentReady, CustomJS(code="rv.app.start(cb_obj.document || Bokeh.documents[0])"))
    return page


def _figure(
    name: str, height: int, x_label: str, y_label: str, x_range: Range1d | None = None, y_range: Range1d | None = None
) -> figure:
    """A figure without toolbar, whose ranges the page's scripts set."""
    plot = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        x_axis_label=x_label,
        y_axis_label=y_label,
        x_range=x_range or Range1d(start=0.0, end=1.0),
        y_range=y_range or Range1d(start=0.0, end=1.0),
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_right=14,
        min_border_left=64,
    )
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.axis_label_text_font_size = "12.5px"
    plot.axis.major_label_text_font_size = "12px"
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_standoff = 6
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=5)
    if x_label == "step":
        plot.xaxis.formatter = CustomJSTickFormatter(code=TICKS["steps"])
    return plot


def _source(name: str, *columns: str) -> ColumnDataSource:
    return ColumnDataSource({column: [] for column in ("x", "y", *columns)}, name=name)


def _line(plot: figure, name: str, dash: Dash = "solid", width: float = 2.2) -> None:
    plot.line("x", "y", source=_source(name), name=f"{name}_line", line_dash=dash, line_width=width, line_join="round")


def _now(plot: figure, name: str) -> None:
    plot.add_layout(Span(name=name, location=0, dimension="height", line_width=1.5, line_dash="dotted", visible=False))


def _schedule(highest_peak: float | None) -> figure:
    """LR of every schedule, and the knots; double as high as the highest peak that the law supports is shaded."""
    plot = _figure("schedule", 210, "step", "LR")
    plot.yaxis.formatter = CustomJSTickFormatter(code=TICKS["lr"])
    plot.add_layout(
        BoxAnnotation(
            name="unknown_peaks",
            bottom=highest_peak if highest_peak is not None else 1e300,
            fill_alpha=0.12,
            line_color=None,
            level="underlay",
        )
    )
    for k in range(PINS):
        _line(plot, f"lr_pin_{k}", DASHES[k], 1.8)
    _line(plot, "lr")
    plot.scatter(
        "x",
        "y",
        size="size",
        source=_source("knots", "size"),
        name="knot_marks",
        line_width=2.5,
        fill_alpha=1.0,
        level="overlay",
    )
    _now(plot, "now_schedule")
    for event, action in (
        (events.PanStart, "grab"),
        (events.Pan, "drag"),
        (events.PanEnd, "drop"),
        (events.DoubleTap, "addKnot"),
    ):
        plot.js_on_event(event, CustomJS(code=f"rv.app.{action}(cb_obj)"))
    return plot


def _loss() -> figure:
    """Predicted losses with the interval of the current one, and the losses of a real run."""
    plot = _figure("loss", 330, "step", "loss")
    current = _source("loss_line", "low", "high")
    plot.varea("x", "low", "high", source=current, name="loss_band", fill_alpha=0.2)
    plot.scatter("x", "y", source=_source("measured"), name="measured_marks", size=4, fill_alpha=0.75, line_alpha=0.0)
    for k in range(PINS):
        _line(plot, f"loss_pin_{k}", DASHES[k], 1.8)
    mean = plot.line("x", "y", source=current, name="loss_mean", line_width=2.4, line_join="round")
    tooltips = [("step", "@x{0,0}"), ("loss", "@y{0.0000}"), ("interval", "@low{0.0000} to @high{0.0000}")]
    plot.add_tools(HoverTool(renderers=[mean], mode="vline", tooltips=tooltips, attachment="horizontal"))
    return plot


def _part(name: str, height: int, y_label: str, dash: Dash) -> figure:
    """One part of the law's prediction."""
    plot = _figure(f"{name}_part", height, "step", y_label)
    _line(plot, name, dash)
    return plot


def _valley_loss() -> figure:
    """Expected loss of the river, of the hills, and of both."""
    plot = _figure("valley_loss", 300, "step", "expected loss")
    _line(plot, "valley_total", "dotted")
    _line(plot, "river", "dashed")
    _line(plot, "hill")
    _now(plot, "now_valley")
    return plot


def _valley_map(valley: PageValley) -> figure:
    """Contours of the loss along the river and across one hill, with the points and the path of their mean."""
    river, hill = valley.modes[-1], valley.modes[valley.shown]
    spread = 6.0 * _stationary_std(hill.curvature, hill.noise_std, PEAK)
    x = np.linspace(river.start - 0.15 * river.centre, 1.45 * river.centre, 90)
    y = np.linspace(-spread, spread, 61)
    loss = 0.5 * river.curvature * (x - river.centre) ** 2 + 0.5 * hill.curvature * y[:, None] ** 2
    plot = _figure(
        "valley_map",
        300,
        "along the river",
        "across a hill",
        x_range=Range1d(start=x[0], end=x[-1]),
        y_range=Range1d(start=y[0], end=y[-1]),
    )
    plot.contour(x, y, loss, levels=np.linspace(0.0, loss.max(), 16)[1:], line_color="#8796a5", line_alpha=0.45)
    plot.scatter("x", "y", source=_source("cloud"), name="cloud_marks", size=5, fill_alpha=0.55, line_alpha=0.0)
    _line(plot, "path", width=2.5)
    return plot


def _stationary_std(curvature: float, noise_std: float, lr: float) -> float:
    """Of a hill at a constant LR."""
    return float(np.sqrt(lr * noise_std**2 / (curvature * (2.0 - lr * curvature))))
