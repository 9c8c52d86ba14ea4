"""Verdicts as people read them: a table on the terminal, a JSON document, a report in a folder."""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rivervalley._common import files
from rivervalley._common.checks import InputError
from rivervalley._common.versions import versions
from rivervalley.claims.checks import Check
from rivervalley.claims.claim import Claim, Verdict
from rivervalley.claims.kaplan.popular_summary import STATEMENTS

_FIELDS = ("id", "paper", "statement", "formula", "status", "kind", "predicted", "measured", "error", "tolerance", "passed")
_COLUMNS = f"{'claim':<7} {'what':<58} {'predicted':>11} {'measured':>11} {'error':>9} {'tolerance':>9}  verdict"
_PAPERS = {
    "AL": "The scaling law with learning-rate annealing",
    "RV": "The river-valley view of warmup-stable-decay",
    "BG": "The bigram language model",
    "KS": "Kaplan's scaling laws",
}


def table_header() -> str:
    """Heading of the table of verdicts."""
    return f"{_COLUMNS}\n{'-' * len(_COLUMNS)}"


def table_row(verdict: Verdict) -> str:
    """One line: what was measured, predicted, measured, error, tolerance, verdict."""
    what = textwrap.shorten(verdict.what or verdict.statement, 58, placeholder=" ...")
    numbers = (number(verdict.predicted), number(verdict.measured), number(verdict.error), number(verdict.tolerance))
    row = (
        f"{verdict.id:<7} {what:<58} {numbers[0]:>11} {numbers[1]:>11} {numbers[2]:>9} {numbers[3]:>9}  {verdict_word(verdict)}"
    )
    return row + (f" ({verdict.skipped})" if verdict.passed is None else "")


def number(value: float | None) -> str:
    """A number in at most 11 characters; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.5g}"


def verdict_word(verdict: Verdict) -> str:
    """holds, FAILS or skipped, with what became of the control where it was run."""
    word = {True: "holds", False: "FAILS", None: "skipped"}[verdict.passed]
    if verdict.control_failed is None:
        return word
    return word + (", control fails" if verdict.control_failed else ", CONTROL PASSES")


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line of counts, and the names of what went wrong."""
    held = sum(verdict.passed is True for verdict in verdicts)
    failed = [verdict.id for verdict in verdicts if verdict.passed is False]
    blind = [verdict.id for verdict in verdicts if verdict.control_failed is False]
    skipped = sum(verdict.passed is None for verdict in verdicts)
    ran = sum(verdict.control_failed is not None for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    lines = [f"\n{held} hold, {len(failed)} fail, {skipped} skipped, of {len(verdicts)} claims; {seconds:.0f} s of measuring."]
    if ran:
        lines.append(f"{ran - len(blind)} of {ran} controls fail, as they must.")
    if failed:
        lines.append("failed: " + ", ".join(failed))
    if blind:
        lines.append("controls that pass (the check cannot tell): " + ", ".join(blind))
    return "\n".join(lines)


def all_well(verdicts: Iterable[Verdict]) -> bool:
    """Whether no claim failed and no control passed."""
    return all(verdict.passed is not False and verdict.control_failed is not False for verdict in verdicts)


def verdicts_document(verdicts: Sequence[Verdict], seed: int) -> dict[str, Any]:
    """The JSON document of `rivervalley validate --json`: seed, versions, and a dictionary for each claim."""
    return {"seed": seed, "versions": versions(), "claims": [_as_dictionary(verdict) for verdict in verdicts]}


def claims_list(chosen: Iterable[Claim]) -> str:
    """Ids and statements, one claim a line."""
    return "\n".join(f"{claim.id:<7} [{claim.status}, {claim.kind}] {claim.statement}" for claim in chosen)


def claims_json(chosen: Iterable[Claim]) -> str:
    """Ids, papers, statements and formulas as JSON."""
    fields = ("id", "paper", "statement", "formula", "status", "kind", "note")
    return json.dumps([{name: getattr(claim, name) for name in fields} for claim in chosen], indent=2)


def prepare_folder(path: str | os.PathLike[str]) -> Path:
    """The folder of a report, made where it is missing; refused before any work where it cannot be written to."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--report must be a folder that can be made, not {str(path)!r} ({error.strerror})") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"--report must be a folder that can be written to, not {str(path)!r}")
    return folder


def write_report(folder: Path, verdicts: Sequence[Verdict], document: dict[str, Any]) -> Path:
    """Write verdicts.json and report.md; returns the path of the report."""
    files.write_text(folder / "verdicts.json", json.dumps(document, indent=2, allow_nan=False) + "\n")
    files.write_text(folder / "report.md", markdown(verdicts, document))
    return folder / "report.md"


def markdown(verdicts: Sequence[Verdict], document: dict[str, Any]) -> str:
    """The report: what came out differently from the papers first, then every claim with all its numbers."""
    made_with = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    lines = ["# Claims on trial", "", summary(verdicts).strip(), "", f"Seed {document['seed']}; {made_with}.", ""]
    noted = [verdict for verdict in verdicts if verdict.note]
    if noted:
        lines += ["## What to know of the outcome", ""]
        lines += [f"- **{verdict.id}** ({verdict_word(verdict)}): {verdict.note}" for verdict in noted]
        lines.append("")
    for group, title in _PAPERS.items():
        members = [verdict for verdict in verdicts if verdict.id.startswith(group + "-")]
        if members:
            lines += [f"## {title}", ""]
            for verdict in members:
                lines += _section(verdict)
    if any(verdict.id.startswith("KS-") for verdict in verdicts):
        lines += _statements(verdicts)
    return "\n".join(lines) + "\n"


def _section(verdict: Verdict) -> list[str]:
    lines = [
        f"### {verdict.id}: {verdict_word(verdict)}",
        "",
        verdict.statement,
        "",
        f"`{verdict.formula}` ({verdict.paper}; {verdict.status}, {verdict.kind}; {verdict.seconds:.2f} s)",
        "",
    ]
    if verdict.skipped:
        return [*lines, f"Skipped: {verdict.skipped}.", ""]
    lines += ["| what | predicted | measured | error | tolerance | |", "|---|---|---|---|---|---|"]
    return [*lines, *(_table_line(check) for check in verdict.checks), ""]


def _statements(verdicts: Sequence[Verdict]) -> list[str]:
    """A popular summary of the scaling-law paper, statement by statement, with what became of the claims that test each."""
    words = {verdict.id: verdict_word(verdict) for verdict in verdicts}
    lines = ["## A popular summary of Kaplan's laws, statement by statement", ""]
    lines += ["| | statement | verdict | what the paper says | tested by |", "|---|---|---|---|---|"]
    for one in STATEMENTS:
        tested = ", ".join(f"{name} ({words.get(name, 'not run')})" for name in one.claims) or "no experiment"
        cells = (str(one.number), one.text, one.verdict, one.exact, tested)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _table_line(check: Check) -> str:
    cells = (
        check.what.replace("|", "\\|"),
        *(number(x) for x in (check.predicted, check.measured, check.error, check.tolerance)),
    )
    return "| " + " | ".join(cells) + (" | holds |" if check.passed else " | **fails** |")


def _as_dictionary(verdict: Verdict) -> dict[str, Any]:
    entry: dict[str, Any] = {name: _json_safe(getattr(verdict, name)) for name in _FIELDS}
    entry["control_failed"] = verdict.control_failed
    entry["skipped"] = verdict.skipped
    entry["seconds"] = round(verdict.seconds, 4)
    entry["note"] = verdict.note
    entry["checks"] = [
        {name: _json_safe(getattr(check, name)) for name in ("what", "predicted", "measured", "error", "tolerance", "passed")}
        for check in verdict.checks
    ]
    return entry


def _json_safe(value: Any) -> Any:
    """JSON has no NaN and no infinity: such numbers become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
