"""Every law on public runs, fitted to what a practitioner has: final losses, intervals and order of runs.

Writes docs/benchmark.md, with every number taken from the run.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from benchmark_page import page
from practitioner_sets import FitSet, fit_sets
from published_split import SPLIT_SIZES, Split, published_split
from size_steps import size_steps
from tqdm import tqdm

import rivervalley as rv
from rivervalley import laws

EXAMPLE = """example:
  python sims/law_benchmark.py --laws auto,annealing --out /tmp/benchmark.md"""


@dataclass(frozen=True)
class Forecast:
    """One run that was not fitted, under a fitted law; losses in nats."""

    run: str
    peak_lr: float
    steps: int
    loss: float
    predicted: float
    r2: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Relative to the loss."""
        return self.predicted / self.loss - 1.0

    @property
    def covered(self) -> bool:
        return self.low <= self.loss <= self.high

    @property
    def half_width(self) -> float:
        """Of the 90 % interval, relative to the loss."""
        return 0.5 * (self.high - self.low) / self.loss


@dataclass(frozen=True)
class Outcome:
    """A fit set under one law: the seconds of the fit and the forecasts."""

    law: str
    fit_set: FitSet
    seconds: float
    forecasts: tuple[Forecast, ...]


@cache
def curve(name: str) -> rv.LossCurve:
    return rv.datasets.load(name)


def fit(name: str, runs: Sequence[str]) -> laws.Law:
    """Fit a law to public runs, with the weight decay that their source documents."""
    info = rv.datasets.info(runs[0])
    options: dict[str, object] = {}
    if name in ("auto", "equilibrium"):
        options["weight_decay"] = info.weight_decay
    if name == "equilibrium":
        options["relative_lr"] = info.relative_lr
    return laws.fit([curve(run) for run in runs], law=name, **options)


def measure(job: tuple[FitSet, str]) -> Outcome:
    """Fit one law to one set and predict its other runs."""
    fit_set, name = job
    asked = [curve(run) for run in fit_set.held_out]
    start = time.perf_counter()
    law = fit(name, fit_set.fitted)
    seconds = time.perf_counter() - start
    forecasts = []
    for held_out in asked:
        seen = laws.predict_held_out(law, held_out)
        forecasts.append(
            Forecast(
                run=held_out.name,
                peak_lr=held_out.schedule.peak_lr,
                steps=held_out.schedule.steps,
                loss=seen.loss,
                predicted=seen.predicted,
                r2=seen.scores.r2,
                low=seen.low,
                high=seen.high,
            )
        )
    return Outcome(name, fit_set, seconds, tuple(forecasts))


def split(job: tuple[str, str]) -> Split:
    """The published split of one model size under one law."""
    size, name = job
    return published_split(size, name, lambda runs: fit(name, runs))


def run(names: Sequence[str], processes: int) -> tuple[list[Outcome], list[Split]]:
    """All laws on all sets and on the published split."""
    warm(names)  # kernels are compiled once, before the processes start
    jobs = [(fit_set, name) for fit_set in fit_sets() for name in names]
    splits = [(size, name) for size in SPLIT_SIZES for name in names]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        outcomes = list(tqdm(pool.map(measure, jobs, chunksize=3 * len(names)), total=len(jobs), desc="fits", unit="fit"))
        return outcomes, list(pool.map(split, splits))


def warm(names: Sequence[str]) -> None:
    """Compile what fits of these laws need."""
    for name in names:
        laws.predict_held_out(fit(name, ["mpl/25M_wsd_20000_24000"]), curve("mpl/25M_cosine_24000"))


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laws", default=",".join(laws.comparable_laws()), help="comma-separated names (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    parser.add_argument("--out", type=Path, default=root / "docs" / "benchmark.md", metavar="FILE", help="default %(default)s")
    arguments = parser.parse_args()
    names = [laws.law_name("--laws", name, "auto") for name in arguments.laws.split(",")]
    start = time.perf_counter()
    outcomes, splits = run(names, arguments.processes)
    text = page(outcomes, splits, list(size_steps()), time.perf_counter() - start, arguments.processes)
    arguments.out.write_text(text, encoding="utf-8")
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
