"""Verdicts as documents: the JSON of the command line, and a report in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rivervalley._common import files
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, exact
from rivervalley._common.versions import versions
from rivervalley.claims import html
from rivervalley.claims.checks import Check
from rivervalley.claims.claim import RULINGS, Claim, Verdict
from rivervalley.claims.kaplan.popular_summary import STATEMENTS
from rivervalley.claims.links import REPOSITORY
from rivervalley.claims.registry import group_titles
from rivervalley.claims.terminal import OUTCOMES, number, outcome_table, summary

Json = dict[str, object]

_FIELDS = ("id", "paper", "statement", "formula", "status", "kind", "predicted", "measured", "error", "tolerance", "passed")
_CHECK_FIELDS = ("what", "direction", "predicted", "measured", "error", "tolerance", "basis", "passed")
_STATUS = {
    "read": "the statement was read in a source",
    "derived": "it was derived and verified here from the source's setting",
    "remembered": "it was recalled and not re-read: never the paper's word",
}
_KINDS = {
    "exact": "an identity, up to rounding or to the digits stated",
    "asymptotic": "true in a limit; tolerances bound what is left of it",
    "statistical": "sampled; tolerances are standard errors at a false-alarm rate of one in a million a check",
}


def verdicts_document(verdicts: Sequence[Verdict], seed: int) -> Json:
    """The JSON document of `rivervalley validate --json`: seed, versions, and a dictionary for each claim."""
    return {"seed": seed, "versions": versions(), "claims": [_as_dictionary(verdict) for verdict in verdicts]}


def claims_json(chosen: Iterable[Claim]) -> str:
    """What the claims say, as JSON."""
    fields = (
        *("id", "paper", "section", "statement", "formula", "status", "kind", "ruling"),
        *("premise", "breaks", "correction", "note"),
    )
    return dumps(exact([{name: getattr(claim, name) for name in fields} for claim in chosen]))


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


def write_report(folder: Path, verdicts: Sequence[Verdict], document: Json) -> Path:
    """Write verdicts.json, report.md and report.html; returns the path of the page."""
    files.write_text(folder / "verdicts.json", dumps(exact(document)) + "\n")
    files.write_text(folder / "report.md", markdown(verdicts, document))
    files.write_text(folder / "report.html", html.page(verdicts, made_with(document)))
    return folder / "report.html"


def read_verdicts(path: str | os.PathLike[str]) -> list[Verdict]:
    """The verdicts of a file verdicts.json.

    Raises
    ------
    InputError
        If the file cannot be read, or is not the document of `rivervalley validate --json`.
    """
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8"))["claims"]
        return [_from_dictionary(entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"path must be a document of rivervalley validate --json, not {str(path)!r} ({error})") from None


def made_with(document: Json) -> str:
    """Seed and versions, in words."""
    used = document["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in used.items()) if isinstance(used, dict) else ""
    return f"Seed {document['seed']}; {listed}."


def markdown(verdicts: Sequence[Verdict], document: Json) -> str:
    """The report: totals by paper, what came out differently from the papers, then every claim with all its checks."""
    lines = ["# Claims on trial", "", made_with(document), "", *_totals(verdicts), ""]
    lines += ["```", summary(verdicts).strip(), "```", "", *_legend()]
    different = [verdict for verdict in verdicts if verdict.outcome in ("corrected", "refuted", "open")]
    if different:
        lines += ["## What came out differently", ""]
        lines += [f"- **{verdict.id}**, {verdict.outcome}: {verdict.statement} {verdict.correction}" for verdict in different]
        lines.append("")
    for group, title in group_titles(verdict.id for verdict in verdicts).items():
        members = [verdict for verdict in verdicts if verdict.id.startswith(group + "-")]
        if members:
            lines += [f"## {title[0].upper()}{title[1:]}", ""]
            for verdict in members:
                lines += _section(verdict)
    if any(verdict.id.startswith("KS-") for verdict in verdicts):
        lines += _statements(verdicts)
    return "\n".join(lines) + "\n"


def _totals(verdicts: Sequence[Verdict]) -> list[str]:
    table = outcome_table(verdicts)
    columns = [outcome for outcome in OUTCOMES if table[-1][1][outcome]]
    lines = ["| paper | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return [*lines, *(f"| {paper} | " + " | ".join(str(counts[c] or "") for c in columns) + " |" for paper, counts in table)]


def _legend() -> list[str]:
    lines = ["## How to read this", ""]
    for title, words in (("The statement is", RULINGS), ("Status", _STATUS), ("Kind", _KINDS)):
        lines += [f"- {title} *{word}*: {meaning}." for word, meaning in words.items()]
    return [*lines, ""]


def _section(verdict: Verdict) -> list[str]:
    agrees = {True: "our measurement agrees", False: "our measurement **disagrees**", None: "skipped"}[verdict.passed]
    lines = [f"### {verdict.id}: {verdict.outcome}; {agrees}", "", verdict.statement, ""]
    if verdict.correction:
        lines += [f"What holds: {verdict.correction}", ""]
    lines += [f"- Formula: `{verdict.formula}`"]
    lines += [f"- Source: {verdict.paper}; {verdict.status}, {verdict.kind}; [theory]({REPOSITORY}/{verdict.section})"]
    lines += [f"- Premise: {verdict.premise}", f"- The control breaks: {verdict.breaks}"]
    if verdict.control_checks:
        failing = [check for check in verdict.control_checks if not check.passed]
        seen = f"{len(failing)} of {len(verdict.control_checks)} checks fail there"
        lines.append(f"- Control: {seen}; the headline {'fails' if verdict.control_failed else '**passes**'}.")
    if verdict.note:
        lines.append(f"- {verdict.note}")
    lines.append("")
    if verdict.skipped:
        return [*lines, f"Skipped: {verdict.skipped}.", ""]
    lines += [
        "| what | measured | | predicted or bound | error | tolerance | stands on | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return [*lines, *(_table_line(check) for check in verdict.checks), ""]


def _statements(verdicts: Sequence[Verdict]) -> list[str]:
    """A popular summary of the scaling-law paper, statement by statement, with what became of the claims that test each."""
    words = {verdict.id: verdict.outcome for verdict in verdicts}
    lines = ["## A popular summary of Kaplan's laws, statement by statement", ""]
    lines += ["| | statement | verdict | what the paper says | tested by |", "|---|---|---|---|---|"]
    for statement in STATEMENTS:
        tested = ", ".join(f"{name} ({words.get(name, 'not run')})" for name in statement.claims) or "no experiment"
        cells = (str(statement.number), statement.text, statement.verdict, statement.exact, tested)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _table_line(check: Check) -> str:
    cells = (
        check.what.replace("|", "\\|"),
        number(check.measured),
        check.direction,
        *(number(x) for x in (check.predicted, check.error, check.tolerance)),
        check.basis.replace("|", "\\|"),
    )
    return "| " + " | ".join(cells) + (" | passes |" if check.passed else " | **fails** |")


def _as_dictionary(verdict: Verdict) -> Json:
    entry: Json = {name: exact(getattr(verdict, name)) for name in _FIELDS}
    entry["control_failed"] = verdict.control_failed
    entry["skipped"] = verdict.skipped
    entry["seconds"] = round(verdict.seconds, 4)
    shown = verdict.shown
    entry["what"] = shown.what if shown else None
    entry["direction"] = shown.direction if shown else None
    entry["ruling"] = verdict.outcome
    for name in ("correction", "section", "premise", "breaks", "note"):
        entry[name] = getattr(verdict, name)
    entry["checks"] = [_check(check) for check in verdict.checks]
    entry["control_checks"] = [_check(check) for check in verdict.control_checks]
    return entry


def _from_dictionary(entry: dict[str, Any]) -> Verdict:
    fields: dict[str, Any] = {name: entry[name] for name in (*_FIELDS, "control_failed", "skipped", "seconds", "ruling")}
    fields |= {name: entry[name] for name in ("correction", "section", "premise", "breaks", "note")}
    fields |= {name: tuple(_check_from(check) for check in entry[name]) for name in ("checks", "control_checks")}
    return Verdict(**fields)


def _check_from(entry: dict[str, Any]) -> Check:
    return Check(**{name: _number(entry[name]) for name in _CHECK_FIELDS if name != "passed"})


def _number(value: object) -> Any:
    """A number of a document: Check reads those that are words, such as "inf"; null, as printed documents have it, is NaN."""
    return float("nan") if value is None else value


def _check(check: Check) -> Json:
    return {name: exact(getattr(check, name)) for name in _CHECK_FIELDS}
