"""The split that the multi-power law's authors published: three runs fitted, six predicted, scored over all their readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

import rivervalley as rv

SPLIT_SIZES = ("25M", "100M")
FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
HELD_OUT = ("constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18")


@dataclass(frozen=True)
class Split:
    """Means over the six held-out runs: R², mean relative error and the largest one of each run."""

    size: str
    law: str
    r2: float
    mean_error: float
    worst_error: float


# arXiv 2503.12811, table of results: R², PredE, WorstE.
PUBLISHED = (
    Split("25M", "multi-power, as published", 0.9988, 0.00110, 0.0041),
    Split("100M", "multi-power, as published", 0.9983, 0.00142, 0.0058),
)


def published_split(size: str, name: str, fit: Callable[[Sequence[str]], rv.laws.Law]) -> Split:
    """Fit to the three runs of a model size and score the other six."""
    law = fit([f"mpl/{size}_{run}" for run in FITTED])
    scores = [law.score(rv.datasets.load(f"mpl/{size}_{run}")) for run in HELD_OUT]
    r2, mape, worst = (float(np.mean([getattr(score, key) for score in scores])) for key in ("r2", "mape", "worst"))
    return Split(size, name, r2, mape, worst)
