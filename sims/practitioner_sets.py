"""Curves as a practitioner has them and the runs that he asks about: sets of public runs, for the benchmark of laws."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import rivervalley as rv
from rivervalley.datasets import RunInfo

SOURCES = {"mpl": "MultiPowerLaw", "lrs": "lr-scheduling", "olmo": "OLMo", "nanogpt": "modded-nanogpt"}
KINDS = (
    "constant + cosine",
    "constant + early decay",
    "one WSD",
    "two cosines",
    "one cosine",
    "short runs",
    "one peak to others",
    "another seed",
)
DIVERGED = 4.9e-3  # peak LRs from here on broke down on lr-scheduling
LONGER = 3.0  # "short runs" are asked about runs at least this many times as long


@dataclass(frozen=True)
class FitSet:
    """What was run, and what is asked about: names of `rv.datasets`. "one peak to others" asks about the fitted peak too."""

    kind: str
    source: str
    group: str
    fitted: tuple[str, ...]
    held_out: tuple[str, ...]


def fit_sets() -> list[FitSet]:
    """All sets, from all public runs with absolute LRs and repeated scripts of one source."""
    groups: dict[tuple[str, str, str], dict[float, list[RunInfo]]] = defaultdict(lambda: defaultdict(list))
    for name in rv.datasets.list():
        run = rv.datasets.info(name)
        source = name.partition("/")[0]
        if source in SOURCES and (run.relative_lr or run.peak_lr < DIVERGED):
            groups[source, run.model, run.dataset][run.peak_lr].append(run)
    sets = []
    for (source, model, _), by_peak in groups.items():
        for peak, runs in by_peak.items():
            group = f"{model} {peak:g}"
            for kind, fitted, asked in _at_one_peak(runs, source):
                held_out = tuple(run.name for run in asked if run not in fitted)
                if held_out:
                    sets.append(FitSet(kind, source, group, tuple(run.name for run in fitted), held_out))
            few = _of_each_shape(runs)
            if len(few) > 1 and len(by_peak) > 1:
                names = tuple(run.name for run in few)
                others = tuple(run.name for its in by_peak.values() for run in its if not _repeated(run) and run not in few)
                sets.append(FitSet("one peak to others", source, group, names, others))
    return sets


class HasSteps(Protocol):
    """Anything about one run that knows how long it is."""

    @property
    def steps(self) -> int: ...


F = TypeVar("F", bound=HasSteps)


def same_length(forecasts: Iterable[F]) -> list[list[F]]:
    """Groups of two or more runs of equal length."""
    by_length: dict[int, list[F]] = defaultdict(list)
    for forecast in forecasts:
        by_length[forecast.steps].append(forecast)
    return [group for group in by_length.values() if len(group) > 1]


def shape(run: RunInfo) -> str:
    """constant, cosine, step (a drop that then holds) or wsd."""
    if run.schedule.startswith("wsdcon"):
        return "step"
    for prefix, name in (("const", "constant"), ("cos", "cosine")):
        if run.schedule.startswith(prefix):
            return name
    return "wsd"


def _repeated(run: RunInfo) -> bool:
    return "rerun" in run.name or "repeat" in run.name


def _by_shape(runs: Sequence[RunInfo]) -> dict[str, list[RunInfo]]:
    shapes: dict[str, list[RunInfo]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.total_steps):
        if not _repeated(run):
            shapes[shape(run)].append(run)
    return shapes


def _at_one_peak(runs: Sequence[RunInfo], source: str) -> Iterator[tuple[str, list[RunInfo], Sequence[RunInfo]]]:
    """(kind, fitted, asked about) from the runs of one model at one peak LR."""
    if source == "nanogpt":
        yield "another seed", [runs[0]], runs
        return
    shapes = _by_shape(runs)
    constants, cosines, decays, steps = (shapes[name] for name in ("constant", "cosine", "wsd", "step"))
    for cosine in _ends(cosines):
        if constants:
            yield "constant + cosine", [constants[-1], cosine], runs
    for decay in decays[:2]:
        if constants:
            # The constant run stops where the next decay would: a practitioner's goes on for a while, not tenfold.
            yield "constant + early decay", [_nearest(constants, 3 * decay.total_steps), decay], runs
    for step in steps:
        if constants:
            yield "constant + early decay", [constants[0], step], runs
    for decay in {run.name: run for run in (*decays[:1], *decays[len(decays) // 2 : len(decays) // 2 + 1])}.values():
        yield "one WSD", [decay], runs
    for cosine in cosines[1:2] if len(cosines) == 2 else [*cosines[1:2], *cosines[-1:]]:
        yield "two cosines", [cosines[0], cosine], runs
    for cosine in _ends(cosines):
        yield "one cosine", [cosine], runs
    longest = max(run.total_steps for run in runs)
    short = [run for run in runs if not _repeated(run) and LONGER * run.total_steps <= longest]
    if 2 <= len(short) <= 8 and any(shape(run) != "constant" for run in short):
        bound = LONGER * max(run.total_steps for run in short)
        yield "short runs", short, [run for run in runs if run.total_steps >= bound]


def _of_each_shape(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """The longest constant run and cosine and a WSD of middle length, as far as they were run."""
    shapes = _by_shape(runs)
    decays = shapes["wsd"]
    return [*shapes["constant"][-1:], *shapes["cosine"][-1:], *decays[len(decays) // 2 :][:1]]


def _ends(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """The shortest and the longest, once if they are the same."""
    return list(runs[:1]) if len(runs) == 1 else [*runs[:1], *runs[-1:]] if runs else []


def _nearest(runs: Sequence[RunInfo], steps: int) -> RunInfo:
    """The longest of at most that many steps, the shortest if all are longer."""
    fitting = [run for run in runs if run.total_steps <= steps]
    return fitting[-1] if fitting else runs[0]
