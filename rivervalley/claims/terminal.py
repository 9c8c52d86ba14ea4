"""Verdicts as lines on a terminal: the ruling on the source's statement first, then what became of our measurement."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from rivervalley.claims.checks import Check
from rivervalley.claims.claim import RULINGS, Claim, Verdict

_ID, _RULING, _OURS = 7, 26, 9
_LEAST_ROOM = 60  # columns for the headline; where there are fewer it gets a line of its own
OUTCOMES = (*RULINGS, "open", "not judged")


def table_header(width: int, controls: bool = False) -> str:
    """Heading of the table of verdicts, for a terminal of so many columns."""
    control = f"{'control':<8} " if controls else ""
    heading = f"{'claim':<{_ID}} {'the statement is':<{_RULING}} {'measured':<{_OURS}} {control}"
    return f"{heading}{'headline' if width - len(heading) > _LEAST_ROOM else ''}".rstrip() + "\n" + "-" * width


def table_row(verdict: Verdict, width: int) -> str:
    """Ruling on the statement, whether our measurement agrees, what was measured against what: one line, two if narrow."""
    ours = {True: "agrees", False: "DISAGREES", None: "skipped"}[verdict.passed]
    start = f"{verdict.id:<{_ID}} {verdict.outcome:<{_RULING}} {ours:<{_OURS}} "
    if verdict.control_failed is not None:
        start += f"{'fails' if verdict.control_failed else 'PASSES':<8} "
    shown = verdict.shown
    numbers = verdict.skipped or "" if shown is None else comparison(shown)
    what = verdict.statement if shown is None else shown.what
    if width - len(start) <= _LEAST_ROOM:
        start = f"{start.rstrip()}\n{'':<{_ID}} "
    room = width - len(start.rpartition("\n")[2])
    text = f"{textwrap.shorten(what, max(room - len(numbers) - 2, 8), placeholder=' ...')}: {numbers}"
    return start + textwrap.shorten(text, room, placeholder=" ...")


def comparison(check: Check) -> str:
    """Measured against predicted, with the direction and the tolerance: "0.0212, near 0.0213 +- 0.0004"."""
    text = f"{number(check.measured)}, {check.direction} {number(check.predicted)}"
    if check.tolerance == 0.0:
        return text
    sign = {"near": "+-", "at most": "+", "at least": "-"}[check.direction]
    return f"{text} {sign} {check.tolerance:.2g}"


def number(value: float | None) -> str:
    """A number in at most 11 characters; a dash where there is none."""
    return "-" if value is None else f"{value:.5g}"


def outcome_table(verdicts: Sequence[Verdict]) -> list[tuple[str, Counter[str]]]:
    """How many statements of each paper came out how, in the order in which the papers come; the total last."""
    papers: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        papers.setdefault(paper_of(verdict), Counter())[verdict.outcome] += 1
    return [*papers.items(), ("all", sum(papers.values(), Counter()))]


def paper_of(verdict: Verdict) -> str:
    """The paper whose statement it is: its first arXiv number, else all that is said of the source."""
    found = re.search(r"arXiv \d{4}\.\d{5}", verdict.paper)
    return found.group() if found else verdict.paper


def totals(verdicts: Sequence[Verdict], width: int) -> str:
    """What became of the statements, by paper: one line each, wrapped where the terminal is narrow."""
    lines = []
    for paper, counts in outcome_table(verdicts):
        parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
        lines.append(textwrap.fill(f"{paper:<17} {parts}", width, subsequent_indent=" " * 18))
    return "\n".join(lines)


def summary(verdicts: Sequence[Verdict], width: int = 100) -> str:
    """Totals by paper, one line on our measurements, and what went wrong, check by check."""
    agree = sum(verdict.passed is True for verdict in verdicts)
    failed = [verdict for verdict in verdicts if verdict.passed is False]
    blind = [verdict.id for verdict in verdicts if verdict.control_failed is False]
    skipped = sum(verdict.passed is None for verdict in verdicts)
    ran = sum(verdict.control_failed is not None for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    counts = (
        f"{agree} agree, {len(failed)} disagree, {skipped} skipped, of {len(verdicts)} claims; {seconds:.0f} s of measuring."
    )
    lines = ["", "The statements:", totals(verdicts, width), "", textwrap.fill(f"Our measurements: {counts}", width)]
    if ran:
        lines.append(f"Controls: {ran - len(blind)} of {ran} fail, as they must.")
    for verdict in failed:
        lines.append(f"{verdict.id} disagrees:")
        lines += [f"  {check.what}: {comparison(check)}" for check in verdict.checks if not check.passed]
    if blind:
        lines.append("without discriminating power (the control passes): " + ", ".join(blind))
    return "\n".join(lines)


def all_well(verdicts: Iterable[Verdict]) -> bool:
    """Whether no claim failed and no control passed."""
    return all(verdict.passed is not False and verdict.control_failed is not False for verdict in verdicts)


def claims_list(chosen: Iterable[Claim]) -> str:
    """Ids, rulings and statements, one claim a line."""
    return "\n".join(f"{claim.id:<{_ID}} [{claim.status}; {claim.ruling}] {claim.statement}" for claim in chosen)
