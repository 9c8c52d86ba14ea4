"""Several laws on the same curves: which fits best, and which predicts best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores
from rivervalley.laws.auto import fit_auto
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.points import checked_curves
from rivervalley.laws.base.registry import LAWS, law_name


@dataclass(frozen=True)
class ComparedLaw:
    """A law beside others.

    Attributes
    ----------
    law : str
        Its name; for "auto" with the one that was picked in brackets.
    parameters : int
        How many were fitted.
    fitted, held_out : Scores, or None where there is no such curve
        Plain means over curves; `points` are all together.
    """

    law: str
    parameters: int
    fitted: Scores | None
    held_out: Scores | None


def compare_laws(fitted: Sequence[LossCurve], held_out: Sequence[LossCurve], names: Iterable[str]) -> list[ComparedLaw]:
    """Fit each law to the curves `fitted` and score it on them and on those held out; the best mean relative error first.

    Parameters
    ----------
    fitted, held_out : lists of LossCurves
    names : iterable of str
        Of laws that need no more than curves, or "auto".

    Raises
    ------
    InputError
        As the laws' `fit` and `Law.score`.

    Examples
    --------
    >>> from rivervalley.laws import published
    >>> table = compare_laws([published.cosine(), published.constant()], [], ["steps", "annealing"])
    >>> [row.law for row in table]
    ['annealing', 'steps']
    """
    chosen = checked_curves(fitted)
    rows = []
    for name in names:
        key = law_name("law", name, "auto")
        law: Law = fit_auto(chosen) if key == "auto" else LAWS[key].fit(chosen)
        label = f"auto ({law.name})" if key == "auto" else law.name
        rows.append(ComparedLaw(label, len(law.intervals), _means(law, chosen), _means(law, held_out)))
    return sorted(rows, key=_error)


def comparable_laws() -> tuple[str, ...]:
    """The laws that can be fitted to curves alone, and "auto"."""
    alone = [
        name for name, law in LAWS.items() if not law.per_curve and all(x.default is not None for x in law.configuration_fields)
    ]
    return ("auto", *alone)


def _means(law: Law, curves: Sequence[LossCurve]) -> Scores | None:
    if not curves:
        return None
    scores = [law.score(curve) for curve in curves]
    means = {
        name: float(np.mean([getattr(score, name) for score in scores])) for name in ("r2", "mae", "rmse", "mape", "worst")
    }
    return Scores(**means, points=sum(score.points for score in scores))


def _error(row: ComparedLaw) -> float:
    scores = row.held_out or row.fitted
    assert scores is not None
    return scores.mape
