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
Ruling = Literal[
    "confirmed", "confirmed within the model", "corrected", "refuted", "derived here", "arithmetic", "not testable here"
]

RULINGS: dict[Ruling, str] = {
    "confirmed": "the source's statement holds as it stands",
    "confirmed within the model": "it holds in the simulated model, whose premises are stated",
    "corrected": "it holds in another form, which is stated",
    "refuted": "it does not hold; what holds instead is stated",
    "derived here": "the source does not say it; it follows from the source's setting and was measured",
    "arithmetic": "a consequence of printed numbers alone: nothing is simulated",
    "not testable here": "outside what can be simulated; the nearest analogue is measured",
}


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
    power : int
        Multiplies the trajectories of every sampled claim; tolerances shrink as standard errors do.
    """

    seed: int = 0
    quick: bool = False
    curves: Path | None = None
    power: int = 1

    def trajectories(self, full: int, quick: int | None = None) -> int:
        """`full`, or an eighth of it (or the number given) in quick mode, times the power."""
        return self.power * ((quick or max(64, full // 8)) if self.quick else full)

    def real_curves(self) -> datasets.Collection:
        """Real training runs by name: those of rivervalley.datasets, or of the folder that was given."""
        return datasets.collection(self.curves)


Measure = Callable[[Setting], Sequence[Check]]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement of a paper as an executable check.

    Attributes
    ----------
    id : str
        Group and number, such as AL-09.
    paper : str
        Where it is made: arXiv number and place.
    section : str
        Heading of docs/theory that it tests, as "docs/theory/annealing.md#4-the-delay".
    statement, formula : str
        One sentence; the formula that is checked.
    status : "read", "derived" or "remembered"
        Read in a source, derived and verified by us, or only remembered: the last is never the paper's word.
    kind : "exact", "asymptotic" or "statistical"
    ruling : Ruling
        What becomes of the source's statement where our measurement agrees; see RULINGS.
    premise : str
        What the statement rests on.
    breaks : str
        Which part of the premise the control breaks.
    measure : function of a Setting returning checks
        All must pass. The first is the headline: what the statement says, in one number.
    control : function of a Setting returning checks
        The same checks in a world where the premise is broken. The headline must fail.
    correction : str
        What holds instead, for a ruling of "corrected" or "refuted".
    note : str
        What else to know of the outcome.
    """

    id: str
    paper: str
    section: str
    statement: str
    formula: str
    status: Status
    kind: Kind
    ruling: Ruling
    premise: str
    breaks: str
    measure: Measure
    control: Measure
    correction: str = ""
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of a claim: of our measurement (`passed`) and of the source's statement (`ruling`).

    The numbers are those of the headline check or, where the claim fails, of the check that fails worst; `checks` has all.
    `passed` is None where the claim was skipped, with the reason in `skipped`. `control_failed` is True where the control's
    headline failed as it must, False where it passed (so the claim has no discriminating power), None where the control was
    not run; `control_checks` are then those of the control.
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
    section: str = ""
    ruling: str = ""
    premise: str = ""
    breaks: str = ""
    correction: str = ""
    control_checks: tuple[Check, ...] = ()

    @property
    def shown(self) -> Check | None:
        """The check whose numbers the verdict has."""
        return shown_check(self.checks) if self.passed is not None else None

    @property
    def outcome(self) -> str:
        """The ruling on the source's statement; "open" where our measurement disagrees, "not judged" where it was skipped."""
        return {True: self.ruling, False: "open", None: "not judged"}[self.passed]


def shown_check(checks: Sequence[Check]) -> Check | None:
    """The headline where all checks pass, else the one that fails worst; None where there are none."""
    if not checks:
        return None
    failing = [check for check in checks if not check.passed]
    return max(failing, key=lambda check: check.error_ratio) if failing else checks[0]


def judge(claim: Claim, setting: Setting, controls: bool = False) -> Verdict:
    """Measure a claim, and its control where asked."""
    begin = time.perf_counter()
    checks: tuple[Check, ...] = ()
    broken: tuple[Check, ...] = ()
    skipped = None
    try:
        checks = tuple(claim.measure(setting))
        if controls:
            broken = tuple(claim.control(setting))
        skipped = None if checks else "the claim measured nothing"
    except Skip as reason:
        skipped = str(reason)
    shown = None if skipped else shown_check(checks)
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
        control_failed=not broken[0].passed if broken and not skipped else None,
        skipped=skipped,
        seconds=time.perf_counter() - begin,
        note=claim.note,
        checks=checks,
        section=claim.section,
        ruling=claim.ruling,
        premise=claim.premise,
        breaks=claim.breaks,
        correction=claim.correction,
        control_checks=broken,
    )
