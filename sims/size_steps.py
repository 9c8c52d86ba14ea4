"""From model sizes to the next one: families of public runs in which everything but the size is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import rivervalley as rv
from rivervalley import laws

FAMILIES = {
    "MultiPowerLaw": ("mpl/", ""),
    "OLMo": ("olmo/", ""),
    "lr-scheduling, OpenWebText2": ("lrs/", "openwebtext2"),
    "lr-scheduling, SlimPajama": ("lrs/", "slimpajama"),
}
HIGHEST_PEAK = 2.5e-3
OTHER_BATCH = 3e8  # lr-scheduling's models from here on were trained with twice the batch
EARLY = 0.1  # of a constant run at the new size


@dataclass(frozen=True)
class SizeStep:
    """Final losses at one size from runs of all smaller ones; errors relative."""

    family: str
    fitted: tuple[float, ...]
    size: float
    errors: tuple[float, ...]
    covered: tuple[bool, ...]
    early_errors: tuple[float, ...]


def size_steps() -> Iterator[SizeStep]:
    """Every step up with at least two smaller sizes."""
    for family, (prefix, dataset) in FAMILIES.items():
        by_size = _runs(prefix, dataset)
        sizes = sorted(by_size)
        for k in range(2, len(sizes)):
            yield _step(family, {size: by_size[size] for size in sizes[:k]}, sizes[k], by_size[sizes[k]])


def _runs(prefix: str, dataset: str) -> dict[float, list[rv.LossCurve]]:
    by_size: dict[float, list[rv.LossCurve]] = {}
    for name in rv.datasets.list(prefix):
        run = rv.datasets.info(name)
        size = float(run.params or 1e6 * float(run.model.rpartition("-")[2].removesuffix("M")))
        same = prefix != "lrs/" or (
            run.dataset == dataset and run.model.startswith("llama_norm") and size < OTHER_BATCH and run.peak_lr < HIGHEST_PEAK
        )
        if same:
            by_size.setdefault(size, []).append(rv.datasets.load(name))
    return by_size


def _step(family: str, fitted: dict[float, list[rv.LossCurve]], size: float, asked: list[rv.LossCurve]) -> SizeStep:
    transfer = laws.transfer_size(fitted, size)
    ends = [transfer.law.end_loss(curve) for curve in asked]
    bands = [transfer.final_loss(curve.schedule) for curve in asked]
    early_errors: tuple[float, ...] = ()
    constants = [curve for curve in asked if curve.name.split("_")[1].startswith("const")]
    if constants:
        longest = max(constants, key=lambda curve: curve.schedule.steps)
        kept = longest.steps <= EARLY * longest.schedule.steps
        if kept.sum() >= 3 and longest.steps[kept][-1] > 2 * longest.schedule.warmup_steps:
            start = rv.LossCurve(longest.steps[kept], longest.loss[kept], longest.schedule, longest.name)
            told = laws.transfer_size(fitted, size, start)
            early_errors = tuple(told.final_loss(curve.schedule)[0] / end - 1.0 for curve, end in zip(asked, ends, strict=True))
    return SizeStep(
        family=family,
        fitted=tuple(fitted),
        size=size,
        errors=tuple(band[0] / end - 1.0 for band, end in zip(bands, ends, strict=True)),
        covered=tuple(bool(band[1] <= end <= band[2]) for band, end in zip(bands, ends, strict=True)),
        early_errors=early_errors,
    )


def rows(steps: list[SizeStep]) -> Iterator[list[str]]:
    """A table: family, sizes in millions, mean and largest error in percent, coverage, and with the beginning of a run."""
    for step in steps:
        sizes = 1e-6 * np.array(step.fitted)
        span = f"{sizes[0]:.0f}, {sizes[1]:.0f}" if sizes.size == 2 else f"{sizes[0]:.0f} to {sizes[-1]:.0f}"
        early = _mean_and_largest(step.early_errors) if step.early_errors else ""
        covered = f"{sum(step.covered)} of {len(step.covered)}"
        yield [step.family, span, f"{1e-6 * step.size:.0f}", _mean_and_largest(step.errors), covered, early]


def _mean_and_largest(errors: tuple[float, ...]) -> str:
    sizes = 100.0 * np.abs(errors)
    return f"{sizes.mean():.2f} / {sizes.max():.2f}"
