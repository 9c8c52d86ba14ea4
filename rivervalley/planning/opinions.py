"""A plan under other laws: what each expects of the recommended schedule, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rivervalley.laws import Law
from rivervalley.planning.forecasts import end_loss, forecast
from rivervalley.planning.plan import Plan


@dataclass(frozen=True)
class Opinion:
    """What another law says of a plan's schedules.

    Attributes
    ----------
    law : str
    loss : float
        Of the recommended schedule.
    low, high : float or None
        Its 90 % prediction interval; None for a law constructed directly.
    others : tuple of float
        Losses of the schedules that the plan compares with, in its order.
    agrees : bool
        Whether its loss lies within the plan's interval and no other schedule ends lower under it than the recommended one.
    """

    law: str
    loss: float
    low: float | None
    high: float | None
    others: tuple[float, ...]
    agrees: bool


def opinions(plan: Plan, laws: Sequence[Law]) -> tuple[Opinion, ...]:
    """The opinion of each law on a plan.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> from rivervalley.planning import plan
    >>> law = AnnealingLaw(L0=2.628, A=0.43, alpha=0.55, C=0.411)
    >>> opinions(plan(law, 20_000, 2e-4, 0), [law])[0].agrees
    True
    """
    rows = []
    for law in laws:
        own = forecast(law, plan.recommended.schedule)
        others = tuple(end_loss(law, comparison.other.schedule) for comparison in plan.against)
        low, high = plan.recommended.low, plan.recommended.high
        inside = low is None or high is None or low <= own.loss <= high
        rows.append(Opinion(law.name, own.loss, own.low, own.high, others, inside and own.loss <= min(others)))
    return tuple(rows)


def disagreement(plan: Plan, rows: Sequence[Opinion]) -> str:
    """One sentence on whether other laws agree with a plan, and if not, where."""
    apart = [row for row in rows if not row.agrees]
    if not apart:
        names = " and ".join(row.law for row in rows)
        return f"The law{'s' if len(rows) > 1 else ''} {names} agree{'' if len(rows) > 1 else 's'} within that interval."
    texts = []
    for row in apart:
        text = f"{row.law} expects {row.loss:.4f} ({row.loss - plan.recommended.loss:+.4f})"
        lower = [c.other.name for c, loss in zip(plan.against, row.others, strict=True) if loss < row.loss]
        texts.append(text + (f" and prefers {' and '.join(lower)}" if lower else ""))
    return f"Laws disagree: {'; '.join(texts)}."


def table(plan: Plan, rows: Sequence[Opinion]) -> str:
    """Final losses of the recommended schedule and of those it is compared with, a row for each law."""
    names = [comparison.other.name for comparison in plan.against]
    lines = [f"{'under the law':<18} {'recommended':>11} {'90 % interval':>18}" + "".join(f" {name:>12}" for name in names)]
    for row in rows:
        interval = f"{row.low:.4f} to {row.high:.4f}" if row.low is not None and row.high is not None else ""
        losses = "".join(f" {loss:>12.4f}" for loss in row.others)
        lines.append(f"{row.law:<18} {row.loss:>11.4f} {interval:>18}{losses}")
    return "\n".join(lines)
