"""The README: short, its example prints what it says, its table is that of the stored verdicts, its links lead somewhere."""

import re
import sys
from pathlib import Path

import pytest

from rivervalley import claims
from rivervalley.claims.report import read_verdicts
from rivervalley.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "docs"))


def test_it_is_short():
    assert len(README.splitlines()) < 120


@pytest.mark.slow
def test_ten_lines_print_what_stands_below_them(capsys):
    code, printed = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL).groups()
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_the_table_of_statements_is_that_of_the_stored_verdicts():
    from readme_table import TABLE, table

    assert TABLE.search(README).group() == table(), "python docs/readme_table.py writes it anew"


def test_stored_verdicts_agree_with_the_registry():
    rulings = {claim.id: claim.ruling for claim in claims.list()}
    for verdict in read_verdicts(ROOT / "docs" / "verdicts.json"):
        assert verdict.passed is not False and verdict.control_failed is not False, verdict.id
        if verdict.passed:
            assert verdict.outcome == rulings[verdict.id], f"{verdict.id}: measure the claims anew for docs/verdicts.json"


def test_every_command_is_named():
    row = next(line for line in README.splitlines() if line.startswith("| Commands |"))
    assert set(re.findall(r"`(\w+)`", row)) == set(COMMANDS)


def test_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    assert targets
    for target in targets:
        assert target.startswith("http") or (ROOT / target).exists(), target
