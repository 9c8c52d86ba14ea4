"""Write the README's table of what came of each paper's statements from docs/verdicts.json: python docs/readme_table.py.

The verdicts are those of `rivervalley validate --controls --report DIR`; DIR/verdicts.json takes the place of docs/verdicts.json.
"""

import re
from pathlib import Path

from rivervalley.claims.report import read_verdicts
from rivervalley.claims.terminal import OUTCOMES, outcome_table

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
TABLE = re.compile(r"(?<=<!-- verdicts -->\n).*?(?=<!-- end of verdicts -->)", re.DOTALL)
TITLES = {
    "arXiv 2408.11029": "[annealing law](docs/theory/annealing.md)",
    "arXiv 2410.05192": "[river valley](docs/theory/river_valley.md)",
    "arXiv 2001.08361": "[Kaplan's scaling laws](docs/theory/kaplan.md)",
    "arXiv 2305.17212": "[rotational equilibrium](docs/theory/equilibrium_landscape.md)",
    "arXiv 2505.07796": "annealing law, continual pre-training",
}
SHORT = {"confirmed within the model": "within the model", "not testable here": "not testable"}


def table() -> str:
    """The table in Markdown; papers with few statements share a row."""
    papers = outcome_table(read_verdicts(HERE / "verdicts.json"))
    columns = [outcome for outcome in OUTCOMES if papers[-1][1][outcome]]
    rows = [(f"{TITLES[paper]}, {paper}", counts) for paper, counts in papers if paper in TITLES]
    others = [counts for paper, counts in papers[:-1] if paper not in TITLES]
    rows += [(f"{len(others)} other sources", sum(others[1:], others[0])), ("**all**", papers[-1][1])]
    lines = ["| statements of | " + " | ".join(SHORT.get(c, c) for c in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += ["| " + title + " | " + " | ".join(str(counts[c] or "") for c in columns) + " |" for title, counts in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: table(), README.read_text(encoding="utf-8")), encoding="utf-8")
