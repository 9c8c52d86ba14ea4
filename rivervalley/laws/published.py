"""Published losses that laws are checked against: the 40 values of the annealing law's own fit.

Source: the script released by the authors of arXiv 2408.11029 (Tissue, Wang and Wang). Two runs, a cosine to zero and a
constant rate, peak 2e-4, 500 steps of warm-up, 20,000 steps, validation loss in nats every 1000 steps.

The script indexes its rates 0 ... 20,000 inclusive and takes the areas at step s with rate s included. So its schedule is one
of 20,001 updates here, and its step s is read after s + 1 of them. It counts the warm-up as if at peak: warmup_area="full".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley.curves.curve import LossCurve
from rivervalley.schedules import Schedule

PEAK_LR = 2e-4
WARMUP_STEPS = 500
LAST_STEP = 20_000
WARMUP_AREA = "full"

COSINE_LOSSES = (
    3.6696358, 3.3254106, 3.1908393, 3.1158533, 3.0604768, 3.020384, 2.9880967, 2.9612265, 2.9395165, 2.9195616,
    2.9030452, 2.8881907, 2.8767889, 2.8654318, 2.8565135, 2.8489892, 2.843639, 2.8398669, 2.8380618, 2.8376071,
)  # fmt: skip
CONSTANT_LOSSES = (
    3.6714418, 3.325626, 3.1884103, 3.111947, 3.058354, 3.0211415, 2.9874816, 2.96082, 2.9406552, 2.9241402,
    2.9054413, 2.8942103, 2.8807929, 2.8702695, 2.862175, 2.8530996, 2.8448784, 2.8383856, 2.8326995, 2.8294308,
)  # fmt: skip


@dataclass(frozen=True)
class GoldenFit:
    """The optimum of the authors' objective on the 40 losses, computed independently of this package.

    `objective` is the sum of Huber losses (delta 1e-3) of log residuals; r2, mape and worst are over the 40 losses together.
    """

    L0: float
    A: float
    alpha: float
    C: float
    decay_factor: float
    objective: float
    r2: float
    mape: float
    worst: float


GOLDEN = GoldenFit(
    L0=2.6278, A=0.4297, alpha=0.5498, C=0.4108, decay_factor=0.999,
    objective=1.629e-5, r2=0.999634, mape=7.4e-4, worst=4.3e-3,
)  # fmt: skip

# Objective of the best fit at each decay factor, and its C / (1 - decay_factor).
GOLDEN_SCAN = {
    0.0: (2.45e-5, 390.0),
    0.9: (2.44e-5, 390.0),
    0.99: (2.32e-5, 392.0),
    0.995: (2.19e-5, 393.0),
    0.998: (1.89e-5, 399.0),
    0.999: (1.63e-5, 411.0),
    0.9995: (1.84e-5, 441.0),
    0.9999: (4.44e-5, 819.0),
}


def cosine_schedule(last_step: int = LAST_STEP, final_lr: float = 0.0) -> Schedule:
    """The script's cosine from the peak at step 500 to `final_lr` at `last_step`: last_step + 1 updates."""
    s = np.arange(last_step + 1)
    u = np.clip((s - WARMUP_STEPS) / (last_step - WARMUP_STEPS), 0.0, 1.0)
    return _schedule(final_lr + 0.5 * (PEAK_LR - final_lr) * (1.0 + np.cos(np.pi * u)), "cosine")


def constant_schedule(last_step: int = LAST_STEP) -> Schedule:
    """The script's constant rate: last_step + 1 updates."""
    return _schedule(np.full(last_step + 1, PEAK_LR), "constant")


def cosine() -> LossCurve:
    """The 20 losses of the cosine run.

    Examples
    --------
    >>> float(cosine().loss[-1])
    2.8376071
    """
    return LossCurve(_steps(), np.array(COSINE_LOSSES), cosine_schedule(), "cosine")


def constant() -> LossCurve:
    """The 20 losses of the run at a constant rate.

    Examples
    --------
    >>> constant().schedule.steps, int(constant().steps[0])
    (20001, 1001)
    """
    return LossCurve(_steps(), np.array(CONSTANT_LOSSES), constant_schedule(), "constant")


def _steps() -> np.ndarray:
    return np.arange(1000, LAST_STEP + 1, 1000) + 1


def _schedule(lr: np.ndarray, name: str) -> Schedule:
    lr[:WARMUP_STEPS] = PEAK_LR * np.arange(1, WARMUP_STEPS + 1) / WARMUP_STEPS
    return Schedule(lr, warmup_steps=WARMUP_STEPS, name=name)
