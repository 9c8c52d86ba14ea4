"""How the searches from several starts compare: where they disagree, the objective has more than one optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AGREEMENT = 1e-3  # of the least objective
# Objectives are compared with that of residuals of this size, below which a fit is exact.
EXACT_RESIDUAL = 1e-9


@dataclass(frozen=True)
class StartAgreement:
    """How the searches ended.

    Attributes
    ----------
    starts : int
        How many searches there were.
    agreeing : int
        How many ended within 0.1 % of the least objective.
    spread : float
        Largest objective / least - 1.
    """

    starts: int
    agreeing: int
    spread: float


def start_agreement(objectives: Sequence[float], least: float, points: int) -> StartAgreement:
    """The agreement of searches that ended with these objectives, over `points` losses; `least` is the best known objective.

    >>> start_agreement([1.0, 1.0005, 2.0], least=1.0, points=10)
    StartAgreement(starts=3, agreeing=2, spread=1.0)
    """
    floor = 0.5 * points * EXACT_RESIDUAL**2
    ratios = np.maximum(objectives, floor) / max(least, floor)
    return StartAgreement(int(ratios.size), int(np.sum(ratios <= 1.0 + AGREEMENT)), float(ratios.max() - 1.0))
