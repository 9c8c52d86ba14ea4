"""The page of the benchmark of laws: tables from the forecasts, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from practitioner_sets import KINDS, SOURCES, same_length
from published_split import PUBLISHED, Split
from scipy.stats import kendalltau
from size_steps import SizeStep, rows

import rivervalley as rv
from rivervalley.planning.plan import HIGHEST, PEAK_MARGIN

if TYPE_CHECKING:
    from law_benchmark import Forecast, Outcome

APART = 0.004  # nats between final losses of two runs whose order a law must tell
OTHERS, SEEDS = "one peak to others", "another seed"

HEAD = """# Laws of loss curves on public runs

Every law of this package, fitted to what a practitioner has, against runs that it did not see. Written by
`python sims/law_benchmark.py` ({fits:,} fits, {forecasts:,} forecasts, {seconds:.0f} s on {processes} processes); runs are those of
`rv.datasets`. Errors are those of the final loss (`Law.end_loss`), relative, in percent; a mean is over forecasts.

The equilibrium law's constants and priors were chosen on the first three sources (docs/calibration.md): its numbers are not blind.
Two runs of one configuration end about 0.05 to 0.1 % apart.
"""


def page(
    outcomes: Sequence[Outcome], splits: Sequence[Split], steps: Sequence[SizeStep], seconds: float, processes: int
) -> str:
    """The whole page."""
    names = list(dict.fromkeys(outcome.law for outcome in outcomes))
    parts = [
        HEAD.format(
            fits=len(outcomes), forecasts=sum(len(o.forecasts) for o in outcomes), seconds=seconds, processes=processes
        ),
        "## By what was fitted\n\nMean / largest error in percent, at the fitted peak LR but in the last column but one.\n",
        _table(["law", *KINDS], (_errors(name, outcomes, KINDS, _kind) for name in names)),
        "\n## By source\n\nMean / largest error in percent at the fitted peak LR.\n",
        _table(["law", *SOURCES.values()], (_errors(name, _at_peak(outcomes), SOURCES, _source) for name in names)),
        "\n## Whole curves, intervals, order, time\n\n" + ORDER.format(apart=APART),
        _table(["law", "R²", "covered", "half-width", "pairs right", "Kendall tau", "fit, ms"], _qualities(names, outcomes)),
        "\n## Coverage of the 90 % interval by source and fit set: the law that `auto` takes\n",
        _table(["source", *KINDS], _coverage("auto" if "auto" in names else names[0], outcomes)),
        "\n## One peak LR to others\n\n" + PEAKS,
        _table(["law", *(f"{away:+d}" for away in DOUBLINGS)], _by_doublings(names, outcomes)),
        "\n## Choosing schedule and peak\n\n" + CHOICE.format(highest=HIGHEST, margin=100 * PEAK_MARGIN, apart=APART),
        _table(["law", "choices", "mean regret", "largest regret", "pairs right"], _choices(names, outcomes)),
        "\n## The published split\n\n" + SPLIT,
        _table(["law", "25M", "100M"], _splits(splits)),
        "\n## Two sizes to a third\n\n" + SIZES,
        _table(["family", "fitted, M", "size, M", "error", "covered", "with a tenth of a constant run"], rows(list(steps))),
        "",
    ]
    return "\n".join(parts)


ORDER = """R² is the median over runs, of all readings after the warm-up. "Covered" is the share of final losses within the 90 % prediction
interval, whose mean half-width in percent stands beside it. Pairs are those of held-out runs of equal length at the fitted peak,
more than {apart} nats apart: the share whose order is told right. Kendall's tau is the mean over groups of three or more such runs.
Time is the median of a fit.
"""
PEAKS = """Mean / largest error in percent (share covered by the 90 % interval) by how many doublings, rounded, the run's peak LR lies
above the fitted one (lr-scheduling).
Laws on the cumulative LR are not known to transfer; they are shown so that one sees why. No law sees divergence coming: peaks of
5e-3, which broke down, are left out.
"""
CHOICE = """Among real runs of equal length at peaks up to {highest:g} times the fitted one, what is the final loss of the run that a plan
chooses minus that of the best run, in nats? A plan takes the lowest peak within {margin:g} % of the best forecast. For fits of
constant, cosine and WSD, as far as they were run, at one peak. Pairs are those of runs at any peaks, more than {apart} nats apart.
"""
SPLIT = """Cosine, constant and a step drop fitted, six other runs predicted, scored over all readings after the warm-up as in
arXiv 2503.12811: R² / mean error / largest error, means over the six. Two runs of one configuration give R² .9994 to .9996.
"""
SIZES = """Final losses at the next model size from all smaller ones of a family (`laws.transfer_size`), mean / largest error in percent, and
how many lie within the 90 % interval; the last column with the first tenth of a constant run at that size, where there is one
that is longer than twice its warm-up by then.
"""
DOUBLINGS = (-4, -3, -2, -1, 1, 2, 3, 4)


def _kind(outcome: Outcome) -> str:
    return outcome.fit_set.kind


def _source(outcome: Outcome) -> str:
    return outcome.fit_set.source


def _at_peak(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.fit_set.kind != OTHERS]


def _asked(outcome: Outcome) -> Iterator[Forecast]:
    """The forecasts that a set is scored on: of other peaks where it is about these."""
    peak = rv.datasets.info(outcome.fit_set.fitted[0]).peak_lr
    for forecast in outcome.forecasts:
        if outcome.fit_set.kind != OTHERS or forecast.peak_lr != peak:
            yield forecast


def _mean_and_largest(errors: Sequence[float]) -> str:
    sizes = 100.0 * np.abs(errors)
    return f"{sizes.mean():.2f} / {sizes.max():.1f}" if sizes.size else ""


def _errors(name: str, outcomes: Iterable[Outcome], columns: Iterable[str], of: Callable[[Outcome], str]) -> list[str]:
    own = [outcome for outcome in outcomes if outcome.law == name]
    cells = [[f.error for outcome in own if of(outcome) == column for f in _asked(outcome)] for column in columns]
    return [name, *(_mean_and_largest(cell) for cell in cells)]


def _qualities(names: Iterable[str], outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    for name in names:
        own = [outcome for outcome in _at_peak(outcomes) if outcome.law == name]
        forecasts = [forecast for outcome in own for forecast in outcome.forecasts]
        widths = [forecast.half_width for forecast in forecasts if np.isfinite(forecast.half_width)]
        pairs, taus = _order(own)
        yield [
            name,
            f"{np.median([f.r2 for f in forecasts]):.4f}",
            f"{np.mean([f.covered for f in forecasts]):.2f}",
            f"{100 * np.mean(widths):.2f}",
            f"{np.mean(pairs):.3f}",
            f"{np.mean(taus):.3f}",
            f"{1000 * np.median([outcome.seconds for outcome in own]):.0f}",
        ]


def _order(outcomes: Iterable[Outcome]) -> tuple[list[bool], list[float]]:
    """Whether each pair of runs is told in the right order, and Kendall's tau of each group."""
    pairs, taus = [], []
    for outcome in outcomes:
        if outcome.fit_set.kind == SEEDS:
            continue
        for group in same_length(outcome.forecasts):
            for a, b in combinations(group, 2):
                if abs(a.loss - b.loss) > APART:
                    pairs.append((a.loss < b.loss) == (a.predicted < b.predicted))
            if len(group) > 2:
                tau = float(kendalltau([f.loss for f in group], [f.predicted for f in group]).statistic)
                taus.append(tau if np.isfinite(tau) else 0.0)  # undefined where all forecasts are the same
    return pairs, taus


def _coverage(name: str, outcomes: Iterable[Outcome]) -> Iterator[list[str]]:
    own = [outcome for outcome in outcomes if outcome.law == name]
    for source, label in SOURCES.items():
        row = [label]
        for kind in KINDS:
            cell = [f for o in own if (o.fit_set.source, o.fit_set.kind) == (source, kind) for f in _asked(o)]
            width = 100 * np.mean([f.half_width for f in cell]) if cell else 0.0
            row.append(f"{np.mean([f.covered for f in cell]):.2f} of {len(cell)} (±{width:.2f} %)" if cell else "")
        yield row


def _by_doublings(names: Iterable[str], outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    for name in names:
        cells: dict[int, list[Forecast]] = {away: [] for away in DOUBLINGS}
        for outcome in outcomes:
            if outcome.law == name and outcome.fit_set.kind == OTHERS:
                peak = rv.datasets.info(outcome.fit_set.fitted[0]).peak_lr
                for forecast in _asked(outcome):
                    cells[round(np.log2(forecast.peak_lr / peak))].append(forecast)
        yield [name, *(_with_coverage(cell) for cell in cells.values())]


def _with_coverage(cell: Sequence[Forecast]) -> str:
    if not cell:
        return ""
    return f"{_mean_and_largest([f.error for f in cell])} ({np.mean([f.covered for f in cell]):.2f} of {len(cell)})"


def _choices(names: Iterable[str], outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    for name in names:
        regrets, own = [], [o for o in outcomes if o.law == name and o.fit_set.kind == OTHERS]
        for outcome in own:
            peak = rv.datasets.info(outcome.fit_set.fitted[0]).peak_lr
            allowed = [f for f in outcome.forecasts if f.peak_lr <= 1.01 * HIGHEST * peak]
            regrets += [_regret(group) for group in same_length(allowed) if len({f.peak_lr for f in group}) > 1]
        if regrets:
            right = f"{np.mean(_order(own)[0]):.3f} of {len(_order(own)[0])}"
            yield [name, str(len(regrets)), f"{np.mean(regrets):.4f}", f"{max(regrets):.4f}", right]


def _regret(group: Sequence[Forecast]) -> float:
    """Final loss of the run that a plan would choose minus the lowest of all."""
    enough = (1.0 + PEAK_MARGIN) * min(f.predicted for f in group)
    peak = min(f.peak_lr for f in group if f.predicted <= enough)
    chosen = min((f for f in group if f.peak_lr == peak), key=lambda f: f.predicted)
    return chosen.loss - min(f.loss for f in group)


def _splits(splits: Sequence[Split]) -> Iterator[list[str]]:
    rows: dict[str, dict[str, str]] = {}
    for split in (*PUBLISHED, *splits):
        text = f"{split.r2:.5f} / {split.mean_error:.5f} / {split.worst_error:.4f}"
        rows.setdefault(split.law, {})[split.size] = text
    for law, cells in rows.items():
        yield [law, cells.get("25M", ""), cells.get("100M", "")]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
