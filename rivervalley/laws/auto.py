"""Which law to fit: a written rule that looks at the given curves alone, never at those to be predicted.

1. Warm-up enters S1 and S2 as "included", rises as negative drops: on public curves no other convention is better
   throughout, and across peak LRs it is much better.
2. Where a curve shows the loss relax on its own, after a sudden drop of the LR by more than half that then holds, the
   multi-power law is fitted with gamma fixed at 1/2 and beta regularised toward 2: such a curve shows how fast annealing
   acts at a low LR, and the mixture of relaxation rates then predicts better than the annealing law's single one.
3. Otherwise the annealing law with its published decay factor, 0.999: slow anneals do not show how fast annealing acts, and
   freer laws fit them better and predict worse.

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
from rivervalley.laws.forms.multi_power import MultiPowerLaw

BETA_STRENGTH = 100.0  # see docs/calibration.md; in units of huber_delta^2
SUDDEN_DROP_PARTS = 50  # a drop is sudden where it takes less than one part in so many of the run
LR_LEFT_BY_DROP = 0.5  # at most, as a share: shallower drops say little of how fast annealing acts at low LRs
LOSSES_AFTER_DROP = 10  # read while the LR stays within a tenth


def fit_auto(curves: LossCurve | Sequence[LossCurve]) -> Law:
    """Fit the law that the rule of this module picks; `law.result.rule` says which and why.

    Raises
    ------
    InputError
        As AnnealingLaw.fit.

    Examples
    --------
    >>> from rivervalley.laws import published
    >>> fit_auto([published.cosine(), published.constant()]).name
    'annealing'
    """
    chosen = checked_curves(curves)
    showing = [curve.name for curve in chosen if shows_relaxation(curve)]
    law: Law
    if showing:
        law = MultiPowerLaw.fit(chosen, beta_strength=BETA_STRENGTH)
        why = f"multi_power: {showing[0]!r} shows the loss relax after a sudden drop of the LR"
    else:
        law = AnnealingLaw.fit(chosen, warmup_area="included")
        why = "annealing: no curve shows the loss relax after a sudden drop of the LR"
    assert law.result is not None
    return replace(law, result=replace(law.result, rule=why))


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
