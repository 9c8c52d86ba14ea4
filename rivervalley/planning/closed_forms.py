"""The annealing law's own answers for long runs (derived from the formula of arXiv 2408.11029)."""

from __future__ import annotations

import math

from scipy.optimize import brentq

from rivervalley import schedules
from rivervalley.laws import AnnealingLaw, Law
from rivervalley.planning.forecasts import end_loss


def closed_forms(law: AnnealingLaw, steps: int, peak_lr: float, warmup_steps: int = 0) -> dict[str, float]:
    """The annealing law's own answers, asymptotic in the length of the run.

    crossing_steps : runs longer than this end lower with a cosine to 0 than with a constant LR
    drop_steps : updates at LR 0 in the law's own unconstrained optimum, ln(C S1^(alpha+1) / (alpha A)) / -ln lambda
    linear_decay_steps, sqrt_decay_steps, cosine_decay_steps : best decay lengths

    Empty where C or A is 0.
    """
    A, C, alpha, keep = law.A, law.C, law.alpha, law.decay_factor
    if min(A, C, alpha, keep) <= 0.0:
        return {}
    memory = 1.0 / (1.0 - keep)
    S1 = peak_lr * (steps - 0.5 * warmup_steps)
    worth = C * S1 ** (alpha + 1.0) / (alpha * A)
    return {
        "crossing_steps": (A * (2.0**alpha - 1.0) / (memory * C * peak_lr)) ** (1.0 / alpha) / peak_lr,
        "drop_steps": max(0.0, math.log(worth) / -math.log(keep)),
        "linear_decay_steps": memory * math.sqrt(2.0 * worth),
        "sqrt_decay_steps": memory * math.sqrt(0.75 * worth),
        "cosine_decay_steps": memory * (2.0 * math.pi**2 * worth) ** (1.0 / 3.0),
    }


def crossing(law: Law, peak_lr: float, warmup_steps: int = 0, longest: int = 2_000_000) -> float:
    """Length of run beyond which a cosine to 0 ends lower than a constant LR, by the law itself; NaN where there is none."""

    def gap(total: float) -> float:
        steps = round(total)
        flat = schedules.constant(steps, peak_lr, warmup_steps=warmup_steps)
        return end_loss(law, schedules.cosine(steps, peak_lr, final_lr=0.0, warmup_steps=warmup_steps)) - end_loss(law, flat)

    low = max(4.0 * warmup_steps, 500.0)
    return float(brentq(gap, low, longest, xtol=1.0)) if gap(low) * gap(longest) < 0.0 else math.nan
