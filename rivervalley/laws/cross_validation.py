"""Trials of a law on one's own curves: leave one out, and how sharply they tell the decay factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import checked_curves
from rivervalley.laws.forms.annealing import AnnealingLaw
from rivervalley.laws.prediction_band import predict_band

FACTORS = (0.0, 0.9, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)


@dataclass(frozen=True)
class LeftOut:
    """How a curve was predicted from the others.

    Attributes
    ----------
    name : str
    scores : Scores
    loss, predicted, low, high : float
        Its loss at the end (`Law.end_loss`), the prediction of it, and the 90 % band.
    """

    name: str
    scores: Scores
    loss: float
    predicted: float
    low: float
    high: float


def leave_one_out(curves: Sequence[LossCurve], law: type[Law], **options: Any) -> tuple[LeftOut, ...]:
    """Each curve predicted by the law fitted to all the others.

    Parameters
    ----------
    curves : list of at least 3 LossCurves
    law : type
        A law of `laws`, such as AnnealingLaw.
    options
        Of the law's own `fit`.

    Raises
    ------
    InputError
        If there are fewer than 3 curves, and as the law's `fit`.

    Examples
    --------
    >>> from rivervalley.schedules import constant, cosine, linear
    >>> law, steps = AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=0.41), range(200, 5001, 100)
    >>> shapes = [constant(5000, 2e-4), cosine(5000, 2e-4), linear(5000, 2e-4)]
    >>> curves = [LossCurve(steps, law.predict_at(s, steps), s) for s in shapes]
    >>> [f"{one.scores.mape:.4f}" for one in leave_one_out(curves, AnnealingLaw)]
    ['0.0000', '0.0000', '0.0000']
    """
    chosen = checked_curves(curves)
    if len(chosen) < 3:
        raise InputError(f"curves must be at least 3 for one to be left out, not {len(chosen)}")
    found = []
    for k, curve in enumerate(chosen):
        fitted = law.fit([other for j, other in enumerate(chosen) if j != k], **options)
        band = predict_band(fitted, curve.schedule, [int(curve.steps[-1])])
        ends = (fitted.end_loss(curve), float(band.loss[0]), float(band.low[0]), float(band.high[0]))
        found.append(LeftOut(curve.name, fitted.score(curve), *ends))
    return tuple(found)


def decay_factor_profile(
    curves: LossCurve | Sequence[LossCurve], factors: Sequence[float] = FACTORS, **options: Any
) -> dict[float, float]:
    """Objective of the annealing law with the decay factor held at each value, over the least of them.

    A flat profile means that these curves hardly tell it: C / (1 - decay_factor) is what they tell.

    Parameters
    ----------
    curves : LossCurve or list of LossCurve
    factors : sequence of float, within [0, 1)
    options
        Of AnnealingLaw.fit, without decay_factor.

    Raises
    ------
    InputError
        As AnnealingLaw.fit.

    Examples
    --------
    >>> from rivervalley.laws import published
    >>> profile = decay_factor_profile([published.cosine(), published.constant()], (0.9, 0.999), warmup_area="full")
    >>> {factor: round(ratio, 2) for factor, ratio in profile.items()}
    {0.9: 1.49, 0.999: 1.0}
    """
    values = checks.array("factors", factors, low=0.0).tolist()
    found = {x: _objective(AnnealingLaw.fit(curves, decay_factor=x, **options)) for x in values}
    least = max(min(found.values()), 1e-300)
    return {x: value / least for x, value in found.items()}


def _objective(law: Law) -> float:
    assert law.result is not None
    return law.result.objective
