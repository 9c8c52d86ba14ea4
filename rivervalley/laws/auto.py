"""Which law to fit: a written rule that looks at the given curves alone, never at those to be predicted.

1. The equilibrium law, which transfers across peak LRs and decay lengths: left out source by source on public runs, it misses
   held-out final losses by a half to a tenth of what any other law here does, whatever was fitted. LRs of more than 0.1 are
   taken as relative ones, with an unknown peak.
2. Unless it misfits the given curves clearly: its residuals are above 0.2 % and twice those of the law of rules 3 and 4. Then
   these are not curves of AdamW with such a configuration, as those of SGD on a landscape are not.
3. Where a curve shows the loss relax on its own, after a sudden drop of the LR by more than half that then holds, the
   multi-power law with gamma fixed at 1/2 and beta regularised toward 2.
4. Otherwise the annealing law with its published decay factor, 0.999, and warm-up included in S1 and S2.

What the rule was chosen on and what it reaches is in docs/calibration.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rivervalley.curves.curve import LossCurve
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import checked_curves
from rivervalley.laws.forms.annealing import AnnealingLaw
from rivervalley.laws.forms.equilibrium import EquilibriumLaw
from rivervalley.laws.forms.multi_power import MultiPowerLaw

LARGEST_ABSOLUTE_LR = 0.1  # of AdamW; larger ones are shares of an unknown peak
CLEAR_MISFIT, MISFIT_RATIO = 0.002, 2.0
BETA_STRENGTH = 100.0  # see docs/calibration.md; in units of huber_delta^2
SUDDEN_DROP_PARTS = 50  # a drop is sudden where it takes less than one part in so many of the run
LR_LEFT_BY_DROP = 0.5  # at most, as a share: shallower drops say little of how fast annealing acts at low LRs
LOSSES_AFTER_DROP = 10  # read while the LR stays within a tenth


def fit_auto(
    curves: LossCurve | Sequence[LossCurve],
    *,
    weight_decay: float | Sequence[float] | None = None,
    init_std: float | Sequence[float] | None = None,
) -> Law:
    """Fit the law that the rule of this module picks; `law.result.rule` says which and why.

    `weight_decay` and `init_std` are as in EquilibriumLaw.fit.

    Raises
    ------
    InputError
        As EquilibriumLaw.fit.

    Examples
    --------
    >>> from rivervalley.laws import published
    >>> fit_auto([published.cosine(), published.constant()]).name
    'equilibrium'
    """
    chosen = checked_curves(curves)
    relative = max(curve.schedule.peak_lr for curve in chosen) > LARGEST_ABSOLUTE_LR
    law: Law = EquilibriumLaw.fit(chosen, weight_decay=weight_decay, init_std=init_std, relative_lr=relative)
    why = "equilibrium: it transfers across peak LRs and decay lengths, and fits these curves"
    misfit = _misfit(law)
    if misfit > CLEAR_MISFIT:
        rival, reason = fit_rival(chosen)
        if misfit > MISFIT_RATIO * _misfit(rival):
            law, why = rival, f"{rival.name}: the equilibrium law misfits these curves by {100 * misfit:.2g} %, and {reason}"
    assert law.result is not None
    return replace(law, result=replace(law.result, rule=why))


def fit_rival(curves: Sequence[LossCurve]) -> tuple[Law, str]:
    """The best of the laws on the cumulative LR for these curves, by rules 3 and 4, and why."""
    showing = [curve.name for curve in curves if shows_relaxation(curve)]
    if showing:
        law: Law = MultiPowerLaw.fit(curves, beta_strength=BETA_STRENGTH)
        return law, f"{showing[0]!r} shows the loss relax after a sudden drop of the LR"
    return AnnealingLaw.fit(curves, warmup_area="included"), "no curve shows the loss relax after a sudden drop of the LR"


def _misfit(law: Law) -> float:
    """Root of the mean squared residual of a fitted law, outliers cut at 2 %."""
    assert law.result is not None
    residuals = np.concatenate([curve.residuals for curve in law.result.curves])
    return float(np.sqrt(np.mean(np.minimum(np.abs(residuals), 0.02) ** 2)))


def shows_relaxation(curve: LossCurve) -> bool:
    """Whether the LR drops suddenly by more than half and then holds, at least as long, while ten losses are read.

    >>> from rivervalley.schedules import multi_step
    >>> shows_relaxation(LossCurve(range(100, 1001, 10), [1.0] * 91, multi_step(1000, 0.1)))
    True
    """
    lr = curve.schedule.lr[max(curve.schedule.warmup_steps - 1, 0) : int(curve.steps[-1])]
    width = max(1, lr.size // SUDDEN_DROP_PARTS)
    if lr.size <= width:
        return False
    for place in np.flatnonzero((lr[width:] < LR_LEFT_BY_DROP * lr[:-width]) & (lr[width:] > 0.0)):
        after = lr[place + width :]
        steady = np.abs(after - after[0]) <= 0.1 * after[0]
        length = int(np.argmin(steady)) if not steady.all() else steady.size
        if length < width:  # the tail of a slow anneal passes low LRs quickly
            continue
        first = max(curve.schedule.warmup_steps - 1, 0) + int(place) + width
        if np.count_nonzero((curve.steps > first) & (curve.steps <= first + length)) >= LOSSES_AFTER_DROP:
            return True
    return False
