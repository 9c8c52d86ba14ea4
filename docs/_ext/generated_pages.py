"""Pages written from the package: claims with their last verdicts, the gallery's scripts with their captions, the API."""

from __future__ import annotations

import inspect
import re
import shutil
from dataclasses import replace
from pathlib import Path

from sphinx.application import Sphinx

import rivervalley as rv
from rivervalley import claims
from rivervalley.claims import html, links, report
from rivervalley.claims.claim import Claim, Verdict
from rivervalley.claims.registry import GROUPS

DOCS = Path(__file__).resolve().parent.parent
ROOT = DOCS.parent
OUT = DOCS / "_generated"
VERDICTS = DOCS / "verdicts.json"
THEORY = {"AL": "annealing", "RV": "river_valley", "BG": "bigram", "KS": "kaplan", "EQ": "equilibrium_landscape"}
MODULES = (
    "schedules",
    "areas",
    "landscapes",
    "laws",
    "planning",
    "datasets",
    "scaling",
    "theory",
    "claims",
    "explore",
    "plots",
)
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def write(path: Path, text: str) -> None:
    """Write a page where it differs, so that unchanged pages are not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def raw(markup: str) -> str:
    """HTML as a block of a Markdown page."""
    return f'````{{raw}} html\n<div class="claim">\n{markup}\n</div>\n````\n'


def claim_pages() -> None:
    """One page for each group of claims: statement, verdict, numbers, control, links."""
    known = claims.list()
    stored = {verdict.id: verdict for verdict in report.read_verdicts(VERDICTS)}
    verdicts = {claim.id: current(claim, stored[claim.id]) for claim in known if claim.id in stored}
    for group, about in GROUPS.items():
        lines = [
            f"# Claims: {about.title}",
            "",
            f"What was measured of every statement; the [theory](../../theory/{THEORY[group]}.md)",
        ]
        lines += [f"says where each comes from. `rivervalley validate {group}` measures them anew.", ""]
        for claim in known:
            if claim.id.startswith(group + "-"):
                lines += section(claim, verdicts.get(claim.id))
        write(OUT / "claims" / f"{group}.md", "\n".join(lines))
    judged = [verdicts[claim.id] for claim in known if claim.id in verdicts]
    outcomes = {verdict.id: verdict.outcome for verdict in judged}
    lines = [
        "# Claims on trial",
        "",
        "What became of the papers' statements when they were last measured.",
        "",
        raw(html.totals(judged)),
    ]
    lines += ["```{toctree}\n:maxdepth: 1\n", *GROUPS, "```", "", "## A popular summary of Kaplan's laws", ""]
    lines.append(raw(html.statements(outcomes).split("</h2>", 1)[1]))
    write(OUT / "claims" / "index.md", "\n".join(lines))


def current(claim: Claim, verdict: Verdict) -> Verdict:
    """A stored verdict's numbers with what the claim says now."""
    words = ("paper", "section", "statement", "formula", "status", "kind", "premise", "breaks", "correction", "note")
    return replace(verdict, **{name: getattr(claim, name) for name in words})


def section(claim: Claim, verdict: Verdict | None) -> list[str]:
    """A claim under a heading that other pages link to."""
    head = [f"({claim.id.lower()})=", ""]
    page, _, place = claim.section.removeprefix("docs/").partition("#")
    places = f"[Theory](../../{page}#{place})"
    figure = links.figure_of(claim.id)
    if figure is not None:
        places += f" · [figure](../gallery/{figure}.rst)"
    if links.code_of(claim).startswith("rivervalley/"):
        places += f" · [code]({links.REPOSITORY}/{links.code_of(claim)})"
    if verdict is None:
        return [*head, f"## {claim.id}: not measured yet", "", claim.statement.replace("*", r"\*"), "", places, ""]
    title = f"## {claim.id}: {verdict.outcome}, {html.AGREES[verdict.passed]}"
    return [*head, title, "", places, "", raw(html.claim_body(verdict, {}))]


def gallery() -> None:
    """Copies of the scripts of sims/ whose headings have the figures and captions of figures/."""
    source = OUT / "gallery_source"
    shutil.rmtree(source, ignore_errors=True)
    captions = dict(SECTION.findall((ROOT / "figures" / "README.md").read_text(encoding="utf-8")))
    write(
        source / "GALLERY_HEADER.rst",
        "Gallery\n=======\n\nEvery figure by a short script on the public API, with a caption from its run.\n",
    )
    for name, text in captions.items():
        picture = re.search(r"\]\(([^)]+)\)", text)[1]
        caption = math_roles(text.split(")\n", 1)[1].strip())
        script = (ROOT / "sims" / f"{name}.py").read_text(encoding="utf-8")
        about, rest = script.split('"""', 2)[1:]
        title = name.replace("_", " ").capitalize()
        heading = f"{title}\n{'=' * len(title)}\n\n{about.strip()}\n\n.. figure:: /../figures/{picture}\n   :alt: {title}\n\n   {caption}\n"
        thumbnail = f"# sphinx_gallery_thumbnail_path = '../figures/{picture}'\n"
        write(source / f"{name}.py", f'r"""\n{heading}"""\n{thumbnail}{rest.lstrip()}')


def math_roles(text: str) -> str:
    """Formulas between dollars as reStructuredText has them."""
    return re.sub(r"\$([^$]+)\$", lambda match: f"\\ :math:`{match[1]}`\\ ", " ".join(text.split()))


def api() -> None:
    """One page for each public module: what it offers, in the words of the docstrings."""
    taken: set[int] = set()
    for name in MODULES:
        module = getattr(rv, name)
        lines = [name, "=" * len(name), "", (inspect.getdoc(module) or "").split("\n\n")[0], ""]
        for public in sorted(vars(module)):
            thing = getattr(module, public)
            if not belongs(thing, public, module.__name__) or id(thing) in taken:
                continue
            taken.add(id(thing))
            kind = "autoclass" if inspect.isclass(thing) else "autofunction"
            lines += [f".. {kind}:: {module.__name__}.{public}", *(["   :members:"] if kind == "autoclass" else []), ""]
        write(OUT / "api" / f"{name}.rst", "\n".join(lines))
    lines = ["rivervalley", "===========", "", "What ``import rivervalley as rv`` gives beside its modules.", ""]
    for public in rv.__all__:
        thing = getattr(rv, public)
        if not inspect.ismodule(thing) and id(thing) not in taken:
            lines += [f".. {'autoclass' if inspect.isclass(thing) else 'autofunction'}:: rivervalley.{public}", ""]
    write(OUT / "api" / "rivervalley.rst", "\n".join(lines))
    names = ["rivervalley", *MODULES]
    write(
        OUT / "api" / "index.rst", "API\n===\n\n.. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {name}\n" for name in names)
    )


def belongs(thing: object, public: str, module: str) -> bool:
    """Whether a name of a module is one of its documented functions and classes, not what it imports for itself."""
    if public.startswith("_") or not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return False
    package = module.rpartition(".")[0] if module.count(".") > 1 else module
    return thing.__module__.startswith(package) and bool(inspect.getdoc(thing))


def generate(app: Sphinx) -> None:
    """Write all of it before anything is read."""
    claim_pages()
    gallery()
    api()


# The gallery is read when the builder starts, by a handler of its own: what it reads must be there before.
def setup(app: Sphinx) -> dict[str, bool]:
    """Generate as soon as the extension is loaded."""
    generate(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
