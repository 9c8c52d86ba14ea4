"""What a claim is, how its checks are judged, and what comes out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

FALSE_ALARM = 1e-6  # chance that a true statistical claim fails for a seed

Status = Literal["read", "derived", "remembered"]
Kind = Literal["exact", "asymptotic", "statistical"]


class Skip(Exception):  # noqa: N818 - it ends a measurement, it is no error
    """A claim cannot be measured here. The message says why, as in "no folder of real curves was given"."""


@dataclass(frozen=True)
class Setting:
    """Under what conditions claims are measured.

    Attributes
    ----------
    seed : int
        Seed of all noise. A true claim passes for any.
    quick : bool
        Fewer trajectories, and tolerances as much wider as their standard errors are.
    curves : Path or None
        Folder of real training curves, for the claims that need them.
    """

    seed: int = 0
    quick: bool = False
    curves: Path | None = None

    def trajectories(self, full: int, quick: int | None = None) -> int:
        """`full`, or an eighth of it (or the number given) in quick mode."""
        return (quick or max(64, full // 8)) if self.quick else full

    def real_curves(self) -> Path:
        """The folder of real curves; raises Skip where none was given."""
        if self.curves is None:
            raise Skip("no folder of real training curves was given or found")
        return self.curves


@dataclass(frozen=True)
class Check:
    """One number against its prediction: passed where error <= tolerance. NaN never passes."""

    what: str
    predicted: float
    measured: float
    error: float
    tolerance: float

    def __post_init__(self) -> None:
        for name in ("predicted", "measured", "error", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance

    @property
    def strain(self) -> float:
        """Error over tolerance: above 1 fails. Infinite for NaN, or for any error where none is allowed."""
        if not math.isfinite(self.error):
            return math.inf
        if self.tolerance > 0.0:
            return self.error / self.tolerance
        return 0.0 if self.error <= 0.0 else math.inf


def near(what: str, predicted: float, measured: float, absolute: float = 0.0, relative: float = 0.0) -> Check:
    """|measured - predicted| against an absolute tolerance or one relative to the prediction, whichever is larger."""
    error = abs(float(measured) - float(predicted))
    return Check(what, float(predicted), float(measured), error, max(absolute, relative * abs(float(predicted))))


def at_most(what: str, bound: float, measured: float, slack: float = 0.0) -> Check:
    """measured <= bound, within `slack`."""
    return Check(what, float(bound), float(measured), _excess(measured - bound), slack)


def at_least(what: str, bound: float, measured: float, slack: float = 0.0) -> Check:
    """measured >= bound, within `slack`."""
    return Check(what, float(bound), float(measured), _excess(bound - measured), slack)


def _excess(x: float) -> float:
    return math.nan if math.isnan(x) else max(0.0, float(x))


def worst(what: str, predicted: ArrayLike, measured: ArrayLike, absolute: float = 0.0, relative: float = 0.0) -> Check:
    """The entry of two arrays that is worst against its tolerance."""
    p, m = np.broadcast_arrays(np.asarray(predicted, float), np.asarray(measured, float))
    p, m = p.ravel(), m.ravel()
    allowed = np.maximum(absolute, relative * np.abs(p))
    with np.errstate(divide="ignore", invalid="ignore"):
        strain = np.where(np.isfinite(m), np.abs(m - p) / np.where(allowed > 0, allowed, 1e-300), np.inf)
    k = int(np.argmax(strain))
    return near(f"{what} (worst of {p.size})" if p.size > 1 else what, p[k], m[k], absolute, relative)


def agreement(
    what: str,
    predicted: ArrayLike,
    mean: ArrayLike,
    standard_error: ArrayLike,
    bias: float = 0.0,
    false_alarm: float = FALSE_ALARM,
) -> Check:
    """Sampled means against predictions at a stated false-alarm rate.

    The tolerance of each entry is z * standard error + bias * |prediction|, with z from `false_alarm` shared among the
    entries (Bonferroni: right whatever their correlation). `bias` is a known relative error of the prediction itself.
    The check returned is that of the worst entry.
    """
    p, m, s = (np.ravel(a) for a in np.broadcast_arrays(*(np.asarray(x, float) for x in (predicted, mean, standard_error))))
    z = float(stats.norm.isf(false_alarm / 2.0 / p.size))
    allowed = z * s + bias * np.abs(p)
    error = np.abs(m - p)
    strain = np.where(np.isfinite(error), error / np.where(allowed > 0, allowed, 1e-300), np.inf)
    k = int(np.argmax(strain))
    label = f"{what} (worst of {p.size}, z = {z:.2f})" if p.size > 1 else f"{what} (z = {z:.2f})"
    return Check(label, float(p[k]), float(m[k]), float(error[k]), float(allowed[k]))


Measure = Callable[[Setting], Sequence[Check]]


@dataclass(frozen=True)
class Claim:
    """A statement of a paper as an executable check.

    Attributes
    ----------
    id : str
        AL-, RV-, BG- or KS- and a number.
    paper : str
        Where it is made: arXiv number and place.
    statement, formula : str
        One sentence; the formula that is checked.
    status : "read", "derived" or "remembered"
        Read in a source, derived and verified by us, or only remembered: the last is never the paper's word.
    kind : "exact", "asymptotic" or "statistical"
    measure : function of a Setting returning checks
        All must pass.
    control : function of a Setting returning checks
        The same checks in a world where the premise is broken. At least one must fail.
    note : str
        What to know of the outcome: a corrected form, a limit of the claim.
    """

    id: str
    paper: str
    statement: str
    formula: str
    status: Status
    kind: Kind
    measure: Measure
    control: Measure
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of a claim. The numbers are those of its worst check; `checks` has all.

    `passed` is None where the claim was skipped, with the reason in `skipped`. `control_failed` is True where the control
    failed as it must, False where it passed (so the check cannot tell), None where it was not run.
    """

    id: str
    paper: str
    statement: str
    formula: str
    status: str
    kind: str
    predicted: float | None
    measured: float | None
    error: float | None
    tolerance: float | None
    passed: bool | None
    control_failed: bool | None
    skipped: str | None
    seconds: float
    note: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def what(self) -> str:
        """Which number the verdict shows."""
        return max(self.checks, key=lambda check: check.strain).what if self.checks else ""


def judge(claim: Claim, setting: Setting, controls: bool = False) -> Verdict:
    """Measure a claim, and its control where asked."""
    begin = time.perf_counter()
    checks: tuple[Check, ...] = ()
    skipped = None
    control_failed = None
    try:
        checks = tuple(claim.measure(setting))
        if controls:
            control_failed = any(not check.passed for check in claim.control(setting))
    except Skip as reason:
        skipped = str(reason)
    shown = max(checks, key=lambda check: check.strain) if checks and skipped is None else None
    return Verdict(
        id=claim.id,
        paper=claim.paper,
        statement=claim.statement,
        formula=claim.formula,
        status=claim.status,
        kind=claim.kind,
        predicted=shown.predicted if shown else None,
        measured=shown.measured if shown else None,
        error=shown.error if shown else None,
        tolerance=shown.tolerance if shown else None,
        passed=all(check.passed for check in checks) if shown else None,
        control_failed=control_failed,
        skipped=skipped if shown is None and skipped else (None if shown else "the claim measured nothing"),
        seconds=time.perf_counter() - begin,
        note=claim.note,
        checks=checks,
    )
