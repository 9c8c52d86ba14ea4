"""Verdicts as a page of HTML that opens from a file: formulas set as MathML, numbers, controls, figures and links."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from rivervalley.claims import links
from rivervalley.claims.checks import Check
from rivervalley.claims.claim import Claim, Verdict
from rivervalley.claims.formula import mathml
from rivervalley.claims.kaplan.popular_summary import STATEMENTS
from rivervalley.claims.registry import group_titles
from rivervalley.claims.registry import list as all_claims
from rivervalley.claims.strip import error_ratios
from rivervalley.claims.terminal import OUTCOMES, number, outcome_table

AGREES = {True: "our measurement agrees", False: "our measurement disagrees", None: "skipped"}
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --page: #fff; --soft: #6b7280; --line: #d9dde2; --good: #08703a;
  --bad: #b3261e; --card: #f7f8fa; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --page: #15181c; --soft: #a0a7b0; --line: #353b43;
  --good: #5fd08f; --bad: #ff8a80; --card: #1d2126; --link: #7db8f0; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto; max-width: 62rem;
  padding: 1rem; }
a { color: var(--link); } code { font-size: .9em; }
table { border-collapse: collapse; font-size: .85rem; } .wide { overflow-x: auto; }
td, th { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
article { border-top: 1px solid var(--line); padding: .5rem 0; }
.formula { overflow-x: auto; background: var(--card); padding: .5rem .8rem; margin: .5rem 0; }
.passes { color: var(--good); } .fails { color: var(--bad); font-weight: bold; } .soft { color: var(--soft); }
.badge { border: 1px solid var(--line); border-radius: .3rem; padding: 0 .4rem; font-size: .85rem; }
figure { margin: .6rem 0; } figure svg { max-width: 100%; height: auto; } figcaption { color: var(--soft); font-size: .85rem; }
"""


def page(verdicts: Sequence[Verdict], made_with: str) -> str:
    """The whole report as one HTML document that needs no other file and no network.

    Parameters
    ----------
    verdicts : sequence of Verdict
    made_with : str
        Seed and versions, in words.
    """
    claims_by_id = {claim.id: claim for claim in all_claims()}
    parts = ["<h1>Claims on trial</h1>", f'<p class="soft">{escape(made_with)}</p>', totals(verdicts)]
    different = [v for v in verdicts if v.outcome in ("corrected", "refuted", "open")]
    if different:
        parts.append("<h2>What came out differently</h2><ul>")
        parts += [
            f'<li><a href="#{v.id}">{v.id}</a>, <strong>{escape(v.outcome)}</strong>: {escape(v.statement)} '
            f"{escape(v.correction)}</li>"
            for v in different
        ]
        parts.append("</ul>")
    for group, title in group_titles(verdict.id for verdict in verdicts).items():
        members = [v for v in verdicts if v.id.startswith(group + "-")]
        if members:
            parts.append(f"<h2>{escape(title[0].upper() + title[1:])}</h2>")
            parts += [_article(verdict, claims_by_id.get(verdict.id)) for verdict in members]
    if any(v.id.startswith("KS-") for v in verdicts):
        parts.append(statements({v.id: v.outcome for v in verdicts}))
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Claims on trial</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def totals(verdicts: Sequence[Verdict]) -> str:
    """How many statements of each paper came out how, as a table."""
    table = outcome_table(verdicts)
    columns = [outcome for outcome in OUTCOMES if table[-1][1][outcome]]
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    rows = [
        f"<tr><td>{_with_papers(paper)}</td>"
        + "".join(f'<td class="number">{counts[column] or ""}</td>' for column in columns)
        + "</tr>"
        for paper, counts in table
    ]
    return f'<div class="wide"><table><tr><th>paper</th>{head}</tr>{"".join(rows)}</table></div>'


def claim_body(verdict: Verdict, places: Mapping[str, str]) -> str:
    """What a claim says and what came of it, as HTML without a heading.

    Parameters
    ----------
    verdict : Verdict
    places : dict of words to addresses
        Where else to look, such as {"theory": "...", "code": "..."}.
    """
    parts = [f"<p>{escape(verdict.statement)}</p>"]
    if verdict.correction:
        parts.append(f"<p><strong>What holds:</strong> {escape(verdict.correction)}</p>")
    parts.append(f'<div class="formula">{mathml(verdict.formula)}</div>')
    looks = " · ".join(f'<a href="{escape(address)}">{escape(words)}</a>' for words, address in places.items())
    source = f"{_with_papers(verdict.paper)}; {escape(verdict.status)}, {escape(verdict.kind)}"
    parts.append(f"<p>Source: {source}. {looks}</p>")
    parts.append(
        f"<p>Premise: {escape(verdict.premise)} <br>The control breaks: {escape(verdict.breaks)}{_control(verdict)}</p>"
    )
    if verdict.note:
        parts.append(f'<p class="soft">{escape(verdict.note)}</p>')
    if verdict.skipped:
        return "\n".join([*parts, f"<p>Skipped: {escape(verdict.skipped)}.</p>"])
    parts.append(_checks(verdict.checks))
    if len(verdict.checks) > 1 or verdict.control_checks:
        open_dots = "; open: the control's, whose headline must lie beyond it" if verdict.control_checks else ""
        parts.append(
            f"<figure>{error_ratios(verdict.checks, verdict.control_checks)}"
            f"<figcaption>Error over tolerance of each check: left of 1 passes{open_dots}.</figcaption></figure>"
        )
    return "\n".join(parts)


def statements(outcomes: Mapping[str, str]) -> str:
    """A popular summary of Kaplan's laws, statement by statement, with what became of the claims that test each."""
    rows = []
    for statement in STATEMENTS:
        tested = ", ".join(f"{name} ({outcomes.get(name, 'not run')})" for name in statement.claims) or "no experiment"
        cells = (str(statement.number), statement.text, statement.verdict, statement.exact, tested)
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    head = "<tr><th></th><th>statement</th><th>verdict</th><th>what the paper says</th><th>tested by</th></tr>"
    title = "<h2>A popular summary of Kaplan's laws, statement by statement</h2>"
    return f'{title}<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _article(verdict: Verdict, claim: Claim | None) -> str:
    places = {"theory": f"{links.REPOSITORY}/{verdict.section}"} if verdict.section else {}
    if claim is not None and links.code_of(claim).startswith("rivervalley/"):
        places["code"] = f"{links.REPOSITORY}/{links.code_of(claim)}"
    figure = links.figure_of(verdict.id)
    if figure is not None:
        places["figure"] = f"{links.REPOSITORY}/figures/{figure}.png"
    kind = {True: "passes", False: "fails", None: "soft"}[verdict.passed]
    badge = f'<span class="badge">{escape(verdict.outcome)}</span> <span class="{kind}">{AGREES[verdict.passed]}</span>'
    return f'<article id="{verdict.id}"><h3>{verdict.id} {badge}</h3>\n{claim_body(verdict, places)}\n</article>'


def _control(verdict: Verdict) -> str:
    if not verdict.control_checks:
        return ""
    failing = sum(not check.passed for check in verdict.control_checks)
    headline = "fails, as it must" if verdict.control_failed else "passes: no discriminating power"
    kind = "passes" if verdict.control_failed else "fails"
    count = len(verdict.control_checks)
    return f' <br>There {failing} of {count} checks fail; the control <span class="{kind}">{headline}</span>.'


def _checks(checks: Sequence[Check]) -> str:
    head = "".join(f"<th>{word}</th>" for word in ("what", "measured", "", "predicted", "error", "tolerance", "stands on", ""))
    rows = []
    for check in checks:
        numbers = [number(x) for x in (check.predicted, check.error, check.tolerance)]
        cells = [f"<td>{escape(check.what)}</td>", f'<td class="number">{number(check.measured)}</td>']
        cells += [f"<td>{check.direction}</td>", *(f'<td class="number">{text}</td>' for text in numbers)]
        word = "passes" if check.passed else "fails"
        cells += [f"<td>{escape(check.basis)}</td>", f'<td class="{word}">{word}</td>']
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _with_papers(source: str) -> str:
    addresses = links.papers(source)
    return re.sub(
        r"arXiv \d{4}\.\d{5}", lambda match: f'<a href="{addresses[match.group()]}">{match.group()}</a>', escape(source)
    )
