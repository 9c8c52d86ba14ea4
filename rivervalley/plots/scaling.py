"""The figures of `rivervalley scaling`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.plots import base
from rivervalley.plots.look import ticks
from rivervalley.scaling import chinchilla, kaplan
from rivervalley.scaling._arguments import Value
from rivervalley.scaling.fitting import FORMS, Runs, ScalingFit
from rivervalley.scaling.table import CHINCHILLAS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNITS = {"N": "parameters $N$", "D": "tokens $D$", "C": "compute $C$ (flop)", "S": "steps $S$"}
# How each family is drawn, and the runs it was fitted to: arXiv 2001.08361, section 2 (its compute: eight decades up to 10
# PF-days); arXiv 2203.15556, section 1 and figure 3.
_KAPLAN, _HOFFMANN, _BESIROGLU = ("C0", "-"), ("C1", "-."), ("C2", "--")
_FITTED = {
    "Kaplan": {"N": (768.0, 1.5e9), "D": (2.2e7, 2.3e10), "C": (8.64e12, 8.64e20)},
    "Chinchilla": {"N": (7e7, 1.6e10), "D": (5e9, 5e11), "C": (6e18, 3e21)},
}


def draw_laws(asked: dict[str, float], path: str) -> None:
    """Loss against size, data and compute, and the best size for a budget; what was asked for is marked."""
    if {"N", "D"} <= asked.keys():
        asked = {**asked, "C": float(kaplan.training_flop(asked["N"], asked["D"]))}
    with base.style():
        figure, axes = base.figure(2, 2, figsize=(11.0, 8.0))
        panels = dict(zip(("N", "D", "C", "best"), axes.ravel(), strict=True))
        for name, low, high in (("N", 1e6, 1e12), ("D", 1e8, 1e13), ("C", 1e17, 1e26)):
            x = np.geomspace(min(low, asked.get(name, low) / 3), max(high, asked.get(name, high) * 3), 200)
            for label, loss in _losses(name, x).items():
                _draw(panels[name], name, label, x, np.asarray(loss))
            panels[name].set(xlabel=_UNITS[name], ylabel="loss (nats per token)", xscale="log", yscale="log")
            ticks(panels[name].yaxis, [1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0])
            panels[name].legend(fontsize=8)
        panels["N"].set_title("Size alone limits")
        panels["D"].set_title("Data alone limit")
        panels["C"].set_title("Compute limits, best size")
        budgets = np.geomspace(1e17, max(1e26, asked.get("C", 0.0) * 3), 200)
        _draw(panels["best"], "C", "Kaplan, measured frontier", budgets, np.asarray(kaplan.measured_allocation(budgets).N))
        for label, constants in CHINCHILLAS.items():
            _draw(panels["best"], "C", label, budgets, np.asarray(chinchilla.optimal_allocation(budgets, constants).N))
        panels["best"].set(xlabel=_UNITS["C"], ylabel=_UNITS["N"], xscale="log", yscale="log", title="Best size for a budget")
        panels["best"].legend(fontsize=8)
        _mark(panels, asked)
        figure.suptitle("Thick: within the runs each law was fitted to. Thin: beyond them. Grey: what was asked.", fontsize=10)
        base.save(figure, path)


def _losses(name: str, x: FloatArray) -> Mapping[str, Value]:
    if name == "N":
        losses = {"Kaplan": kaplan.loss_from_size(x)}
        return losses | {label: c.E + c.A * x**-c.alpha for label, c in CHINCHILLAS.items()}
    if name == "D":
        losses = {"Kaplan": kaplan.loss_from_data(x)}
        return losses | {label: c.E + c.B * x**-c.beta for label, c in CHINCHILLAS.items()}
    losses = {"Kaplan": kaplan.loss_from_compute(x)}
    return losses | {label: chinchilla.optimal_allocation(x, c).loss for label, c in CHINCHILLAS.items()}


def _draw(axis: Axes, name: str, label: str, x: FloatArray, y: FloatArray) -> None:
    """A law's line: thin, and thick over the range of the runs that it was fitted to."""
    color, line = _KAPLAN if label.startswith("Kaplan") else _HOFFMANN if label.endswith("printed") else _BESIROGLU
    axis.plot(x, y, color=color, ls=line, lw=0.8)
    low, high = _FITTED[label.split(",")[0]][name]
    inside = (x >= low) & (x <= high)
    axis.plot(x[inside], y[inside], color=color, ls=line, lw=2.6, label=label)


def _mark(panels: Mapping[str, Axes], asked: dict[str, float]) -> None:
    marks: list[tuple[Callable[..., object], float]] = [
        (panels[name].axvline, asked[name]) for name in ("N", "D", "C") if name in asked
    ]
    if "loss" in asked:
        marks += [(panels[name].axhline, asked["loss"]) for name in ("N", "D", "C")]
    if "C" in asked:
        marks.append((panels["best"].axvline, asked["C"]))
    if "N" in asked:
        marks.append((panels["best"].axhline, asked["N"]))
    for line, value in marks:
        line(value, color="0.4", lw=1.0, ls=":")


def draw_fit(fitted: ScalingFit, runs: Runs, path: str) -> None:
    """Losses and the fitted law against each of its columns, a decade beyond the fitted range, and relative residuals."""
    names = FORMS[fitted.law].columns
    columns = {name: runs.column(name)[0] for name in names}
    predicted = np.asarray(fitted.predict(**columns))
    with base.style():
        figure, axes = base.figure(1, len(names) + 1, figsize=(4.6 * (len(names) + 1), 4.4))
        for axis, name in zip(axes[:-1], names, strict=True):
            low, high = columns[name].min(), columns[name].max()
            axis.axvspan(low, high, color="0.5", alpha=0.12, lw=0, label="fitted range")
            x = np.geomspace(low / 3.0, high * 10.0, 200)
            others = [other for other in names if other != name]
            for group in np.unique(columns[others[0]]) if others else [None]:
                rest = {others[0]: np.full(x.size, group)} if others else {}
                line = np.asarray(fitted.predict(**{name: x, **rest}))
                axis.plot(x, line, color="0.6", lw=1.0, ls="--")
                inside = (x >= low) & (x <= high)
                axis.plot(x[inside], line[inside], color="0.45", lw=1.2)
            axis.plot(columns[name], runs.loss, "o", ms=4, label="runs")
            axis.plot([], [], color="0.45", lw=1.2, label="fitted law" + (f", one line for each {others[0]}" if others else ""))
            axis.set(xlabel=_UNITS[name], ylabel="loss", xscale="log", yscale="log", title=f"Loss against {name}")
            if runs.loss.max() < 10.0 * runs.loss.min():
                axis.yaxis.set_major_formatter("{x:g}")
                axis.yaxis.set_minor_formatter("{x:g}")
            axis.legend(fontsize=8)
        residual = 100.0 * (runs.loss / predicted - 1.0)
        axes[-1].axhline(0.0, color="0.5", lw=1.0)
        axes[-1].plot(predicted, residual, "o", ms=4)
        error = fitted.diagnostics["mape"]
        axes[-1].set(xlabel="fitted loss", ylabel="loss above the fit (%)", title=f"Mean relative error {error:.2%}")
        base.save(figure, path)
