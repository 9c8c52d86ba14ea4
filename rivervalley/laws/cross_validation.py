"""Cross-validation on one's own curves: leave one out, and how sharply they determine the decay factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import checked_curves
from rivervalley.laws.forms.annealing import AnnealingLaw
from rivervalley.laws.held_out import HeldOut, predict_held_out

FACTORS = (0.0, 0.9, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)


@dataclass(frozen=True)
class CrossValidation:
    """How a law does on one's own curves.

    Attributes
    ----------
    left_out : tuple of HeldOut
        Each curve predicted from the others; empty for fewer than three curves.
    decay_factor_profile : mapping of float to float
        As `decay_factor_profile` gives it; empty for other laws than the annealing law.
    """

    left_out: tuple[HeldOut, ...]
    decay_factor_profile: Mapping[float, float]


def cross_validate(law: Law, curves: Sequence[LossCurve]) -> CrossValidation:
    """Fit the law anew to all curves but one in turn, with what it was fitted with: what was fixed, priors, configuration.

    Parameters
    ----------
    law : Law
        Fitted to `curves`.
    curves : list of LossCurves

    Raises
    ------
    InputError
        If the law was constructed directly, or a curve cannot be fitted.
    """
    if law.result is None:
        raise InputError("law must be fitted to curves to be cross-validated, not constructed directly")
    options: dict[str, Any] = {"warmup_area": law.warmup_area, **law.configuration, **law.result.fixed}
    for name, prior in law.result.priors.items():
        options |= {name: prior.center, f"{name}_strength": prior.strength}
    left_out = leave_one_out(curves, type(law), **options) if len(curves) >= 3 else ()
    annealing = isinstance(law, AnnealingLaw)
    return CrossValidation(left_out, decay_factor_profile(curves, warmup_area=law.warmup_area) if annealing else {})


def leave_one_out(curves: Sequence[LossCurve], law: type[Law], **options: Any) -> tuple[HeldOut, ...]:
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
    >>> [f"{curve.scores.mape:.4f}" for curve in leave_one_out(curves, AnnealingLaw)]
    ['0.0000', '0.0000', '0.0000']
    """
    chosen = checked_curves(curves)
    if len(chosen) < 3:
        raise InputError(f"curves must be at least 3 for one to be left out, not {len(chosen)}")
    folds = []
    for k, curve in enumerate(chosen):
        others = [other for j, other in enumerate(chosen) if j != k]
        folds.append(predict_held_out(law.fit(others, **options), curve))
    return tuple(folds)


def decay_factor_profile(
    curves: LossCurve | Sequence[LossCurve], factors: Sequence[float] = FACTORS, **options: Any
) -> dict[float, float]:
    """Objective of the annealing law with the decay factor fixed at each value, over the least of them.

    A flat profile means that the decay factor is hardly identifiable from these curves: C / (1 - decay_factor) is.

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
    objectives = {x: _objective(AnnealingLaw.fit(curves, decay_factor=x, **options)) for x in values}
    least = max(min(objectives.values()), 1e-300)
    return {x: objective / least for x, objective in objectives.items()}


def _objective(law: Law) -> float:
    assert law.result is not None
    return law.result.objective
