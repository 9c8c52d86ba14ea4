"""The page itself: one HTML file with everything in it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from bokeh.embed import file_html
from bokeh.resources import Resources
from jinja2 import Template

from rivervalley import datasets
from rivervalley._common import checks, files
from rivervalley._common.checks import InputError
from rivervalley._common.json import plain
from rivervalley.explore.figures import document
from rivervalley.explore.interval import Interval, Unsupported, page_interval, page_unsupported
from rivervalley.explore.mixture import DRAGGED_SLACK, PageLaw, page_law
from rivervalley.explore.runs import PageRun, kin, page_runs
from rivervalley.explore.valley import PageValley, example_valley, page_valley
from rivervalley.laws import EquilibriumLaw, Law

SCRIPTS = ("format", "law", "schedules", "predict", "valley", "copy", "state", "charts", "controls", "panels", "app")
FITTED = ("lrs/sp_124M_const_lr0.001_T50000", "lrs/sp_124M_wsd-linear0.2_lr0.001_T50000")
MOST_RUNS = 120


@dataclass(frozen=True)
class Usual:
    """The run that the page starts with: length, peak LR and warm-up."""

    steps: int
    peak: float
    warmup: int


@dataclass(frozen=True)
class PageData:
    """All that the page's scripts go by."""

    law: PageLaw
    interval: Interval | None
    unsupported: Unsupported
    transfers: bool
    highest_peak: float | None
    reference_peak: float
    dragged_slack: float
    usual: Usual
    runs: tuple[PageRun, ...]
    valley: PageValley


def example_law() -> EquilibriumLaw:
    """The law of pages without one of their own: fitted to a constant LR and a WSD run of 124M parameters, at peak LR 1e-3."""
    info = datasets.info(FITTED[0])
    assert info.weight_decay is not None and info.init_std is not None
    return EquilibriumLaw.fit([datasets.load(name) for name in FITTED], weight_decay=info.weight_decay, init_std=info.init_std)


def page_data(law: Law, runs: Sequence[str] | None = None) -> PageData:
    """What the page holds of a law.

    Parameters
    ----------
    law : Law
        Of the mixture family.
    runs : list of str, optional
        Names of public runs to be revealed; if not given those that share model and data with the fitted curves, up to 120.

    Raises
    ------
    InputError
        If the page cannot evaluate the law, or there is no run of one of the names.
    """
    form = page_law(law)
    usual = _usual(law)
    high = law.peak_lr[1] if law.peak_lr else None
    return PageData(
        law=form,
        interval=page_interval(law),
        unsupported=page_unsupported(law),
        transfers=law.transfers,
        highest_peak=None if high is None else high * (2.02 if law.transfers else 1.01),
        reference_peak=usual.peak,
        dragged_slack=DRAGGED_SLACK,
        usual=usual,
        runs=tuple(page_runs(law, kin(law)[:MOST_RUNS] if runs is None else runs)),
        valley=page_valley(example_valley(usual.steps), usual.peak),
    )


def explorer_html(law: Law | None = None, runs: Sequence[str] | None = None) -> str:
    """The explorer page of a law as one HTML document that needs nothing else.

    Parameters
    ----------
    law : Law, optional
        Of the mixture family; if not given the equilibrium law fitted to public runs.
    runs : list of str, optional
        Names of public runs (`rv.datasets.list`) that can be revealed.

    Raises
    ------
    InputError
        As `page_data`.
    """
    chosen = example_law() if law is None else law
    if not isinstance(chosen, Law):
        raise InputError(f"law must be a law, not {checks.show(law)}")
    data = page_data(chosen, runs)
    confidence = data.interval.confidence if data.interval else None
    variables = {
        "style": _static("style.css"),
        "scripts": "const rv = {};\n" + "\n".join(_static(f"{name}.js") for name in SCRIPTS),
        "data": json.dumps(plain(data), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "summary": _summary(chosen),
        "progress_name": "cumulative relative step" if data.law.norm else "cumulative LR",
        "annealing_name": "Hill noise" if data.law.norm else "Annealing term",
        "interval_name": f"{confidence:.0%} interval" if confidence else "",
        "hills": len(data.valley.modes) - 1,
        "lr_times": f"{data.valley.lr_times:.3g}",
        "footer": _footer(chosen),
    }
    return str(
        file_html(
            document(data.valley, data.highest_peak),
            Resources(mode="inline", minified=True),
            "rivervalley explorer",
            template=Template(_static("page.html")),
            template_variables=variables,
        )
    )


def write_explorer(path: str | os.PathLike[str], law: Law | None = None, runs: Sequence[str] | None = None) -> None:
    """Write the explorer page, whole or not at all; arguments and errors as `explorer_html`."""
    checks.writable("path", path)
    files.write_text(path, explorer_html(law, runs))


def _static(name: str) -> str:
    return resources.files("rivervalley.explore").joinpath("static", name).read_text(encoding="utf-8")


def _usual(law: Law) -> Usual:
    """That of the longest fitted curve, in round numbers; 50,000 updates at 1e-3 where there is none."""
    if law.result is None:
        return Usual(50_000, 1e-3, 500)
    longest = max(law.result.curves, key=lambda curve: int(curve.steps[-1]))
    return Usual(longest.schedule_steps, longest.peak_lr, int(float(f"{longest.warmup_steps:.2g}")))


def _summary(law: Law) -> str:
    name = law.name.replace("_", "-").capitalize()
    if law.result is None or law.peak_lr is None:
        return f"{name} law, not fitted: no intervals"
    low, high = law.peak_lr
    peaks = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    count = len(law.result.curves)
    return f"{name} law, fitted to {count} run{'s' if count > 1 else ''} at peak LR {peaks}"


def _footer(law: Law) -> str:
    fitted = f"Fitted to {', '.join(curve.name for curve in law.result.curves)}. " if law.result else ""
    return f"{law.formula}. {fitted}Source: {law.source}. Made with rivervalley; charts by Bokeh."
