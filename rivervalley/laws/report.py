"""The report of a fit, gathered once and rendered as text or as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rivervalley._common.json import JSON, plain
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.result import FitResult, as_mapping
from rivervalley.laws.held_out import HeldOut, predict_held_out

NO_SINGLE_LAW = "No single law fits these curves; are they one configuration?"
CURVES_APART = 0.02


@dataclass(frozen=True)
class FitReport:
    """What there is to say of a fitted law and the curves that it was compared with.

    Attributes
    ----------
    law : Law
    fitted : tuple of (name, Scores)
        For each fitted curve, over its losses from the end of the warm-up on.
    held_out : tuple of HeldOut
    notes : tuple of str
        What was guessed or dropped in reading the curves.
    cautions : tuple of str
        Why predictions of held-out curves extrapolate.
    """

    law: Law
    fitted: tuple[tuple[str, Scores], ...]
    held_out: tuple[HeldOut, ...]
    notes: tuple[str, ...]
    cautions: tuple[str, ...]


def fit_report(
    law: Law, fitted: Sequence[LossCurve] = (), others: Sequence[LossCurve] = (), notes: Sequence[str] = ()
) -> FitReport:
    """Gather the report of a law fitted to the curves `fitted`, with `others` held out.

    Raises
    ------
    InputError
        If a curve has no losses after its warm-up, or the law was constructed directly and there are held-out curves.
    """
    return FitReport(
        law,
        tuple((curve.name, law.score(curve)) for curve in fitted),
        tuple(predict_held_out(law, curve) for curve in others),
        tuple(notes),
        tuple(dict.fromkeys(caution for curve in others for caution in law.cautions(curve.schedule))),
    )


def summary(law: Law) -> str:
    """Formula, parameters with intervals, quality of the fit and warnings, as lines of text.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> print(summary(AnnealingLaw(L0=2.628, A=0.429, alpha=0.55, C=0.411)))
    annealing law: L = L0 + A S1^-alpha - C S2
    warm-up: ramp
    <BLANKLINE>
    parameter                     value
    L0                            2.628
    A                             0.429
    alpha                          0.55
    C                             0.411
    decay_factor                  0.999
    """
    return as_text(fit_report(law))


def as_text(fit: FitReport) -> str:
    """Parameters with intervals, scores of every curve, final losses of held-out curves, warnings."""
    law, result = fit.law, fit.law.result
    blocks = [_heading(law), _parameters(law)]
    if fit.fitted or fit.held_out:
        blocks.append(_scores(fit))
    if fit.held_out:
        blocks.append(_ends(fit.held_out))
    if no_single_law(law):
        blocks.insert(0, [NO_SINGLE_LAW])
    last = [_quality(result)] if result else []
    last += [f"note: {text}" for text in fit.notes]
    warnings = [warning.text for warning in result.warnings] if result else []
    last += [f"warning: {text}" for text in (*warnings, *fit.cautions)]
    return "\n\n".join("\n".join(lines) for lines in [*blocks, last] if lines)


def no_single_law(law: Law) -> bool:
    """Whether the law lies apart from the middle of one of several fitted curves by more than 2 %: no misfit of one run's shape."""
    if law.result is None or len(law.result.curves) < 2:
        return False
    return max(abs(float(np.median(curve.residuals))) for curve in law.result.curves) > CURVES_APART


def as_document(fit: FitReport) -> dict[str, JSON]:
    """The report as a JSON object; numbers that are not finite are null."""
    law = fit.law
    document = plain(
        {
            "law": law.name,
            "formula": law.formula,
            "params": law.params,
            "configuration": law.configuration,
            "intervals": law.intervals,
            "warmup_area": law.warmup_area,
            "scores": {"fitted": dict(fit.fitted), "held_out": {curve.name: curve.scores for curve in fit.held_out}},
            "held_out_ends": {
                curve.name: {name: getattr(curve, name) for name in ("step", "loss", "predicted", "low", "high")}
                for curve in fit.held_out
            },
            "diagnostics": as_mapping(law.result) if law.result else {},
            "notes": fit.notes,
            "cautions": fit.cautions,
        }
    )
    assert isinstance(document, dict)
    return document


def _heading(law: Law) -> list[str]:
    lines = [f"{law.name} law: {law.formula}", f"warm-up: {law.warmup_area}"]
    if law.configuration:
        lines.append("configuration: " + ", ".join(f"{name} {value:g}" for name, value in law.configuration.items()))
    if law.result and law.result.rule:
        lines.append(f"chosen: {law.result.rule}")
    return lines


def _parameters(law: Law) -> list[str]:
    result = law.result
    lines = [
        f"{'parameter':<22} {'value':>12}" + (f"   {result.confidence:.0%} interval, if the law is right" if result else "")
    ]
    for name, value in law.params.items():
        lines.append(f"{name:<22} {value:>12.6g}" + (f"   {_status(name, result)}" if result else ""))
    for name, entry in result.combinations.items() if result else ():
        lines.append(f"{name:<22} {entry.value:>12.6g}   {entry.low:.6g} to {entry.high:.6g}")
    return lines


def _status(name: str, result: FitResult) -> str:
    """The interval of a parameter, or that it was fixed."""
    if name not in result.intervals:
        return "fixed"
    low, high = result.intervals[name]
    prior = result.priors.get(name)
    return f"{low:.6g} to {high:.6g}" + (f", regularised toward {prior.center:g}" if prior else "")


def _scores(fit: FitReport) -> list[str]:
    lines = [f"{'curve':<34} {'':<8} {'R2':>8} {'MAE':>9} {'RMSE':>9} {'mean rel':>9} {'max rel':>9}"]
    rows = [(name, "fitted", scores) for name, scores in fit.fitted]
    rows += [(curve.name, "held out", curve.scores) for curve in fit.held_out]
    for name, kind, s in rows:
        lines.append(f"{name[:34]:<34} {kind:<8} {s.r2:>8.5f} {s.mae:>9.5f} {s.rmse:>9.5f} {s.mape:>9.2%} {s.worst:>9.2%}")
    return lines


def _ends(curves: Sequence[HeldOut]) -> list[str]:
    lines = [f"{'end of held-out run':<34} {'step':>8} {'loss':>9} {'predicted':>10}   90 % band"]
    for curve in curves:
        numbers = f"{curve.step:>8} {curve.loss:>9.4f} {curve.predicted:>10.4f}   {curve.low:.4f} to {curve.high:.4f}"
        lines.append(f"{curve.name[:34]:<34} {numbers}{'' if curve.covered else '   outside'}")
    return lines


def _quality(result: FitResult) -> str:
    condition = "infinite" if math.isinf(result.condition_number) else f"{result.condition_number:.3g}"
    starts = f"{result.starts.agreeing} of {result.starts.starts} starts agree"
    return (
        f"{result.scores.points} points worth about {result.effective_points:.0f} independent ones; objective "
        f"{result.objective:.4g}; condition number {condition}; {starts}"
        f"{'' if result.converged else '; the search did not converge'}"
    )
