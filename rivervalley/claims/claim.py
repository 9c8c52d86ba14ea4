"""What a claim is, how it is judged, and what comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rivervalley import datasets
from rivervalley.claims.checks import Check

Status = Literal["read", "derived", "remembered"]
Kind = Literal["exact", "asymptotic", "statistical"]


class Skip(Exception):  # noqa: N818 - it ends a measurement, it is no error
    """A claim cannot be measured here. The message says why, as in "needs JAX"."""


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
        Folder of real training curves to take in place of those of rivervalley.datasets.
    """

    seed: int = 0
    quick: bool = False
    curves: Path | None = None

    def trajectories(self, full: int, quick: int | None = None) -> int:
        """`full`, or an eighth of it (or the number given) in quick mode."""
        return (quick or max(64, full // 8)) if self.quick else full

    def real_curves(self) -> datasets.Collection:
        """Real training runs by name: those of rivervalley.datasets, or of the folder that was given."""
        return datasets.collection(self.curves)


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
