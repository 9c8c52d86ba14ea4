"""All claims, and checking them by id or group.

A claim becomes known by `register_claim`, the decorator of the function that measures it, or, where several claims are measured
by one function, by `register_claims`. A package of one's own offers claims by their ids in its metadata,

    [project.entry-points."rivervalley.claims"]
    MY-01 = "my_package.my_module:my_claim"

and each is imported when it is first asked for. A claim of this package is never replaced.
"""

from __future__ import annotations

import builtins
import difflib
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from rivervalley import datasets
from rivervalley._common import checks
from rivervalley._common.checks import InputError, show
from rivervalley._common.processes import pool
from rivervalley.claims.claim import Claim, Kind, Measure, Ruling, Setting, Status, Verdict, judge

ENTRY_POINTS = "rivervalley.claims"
ID = re.compile(r"[A-Z]{2}-\w+")


@dataclass(frozen=True)
class Group:
    """Claims about one body of theory: a folder whose modules register them, and what it is about."""

    folder: str
    title: str


GROUPS = {
    "AL": Group("annealing", "annealing law"),
    "RV": Group("river_valley", "river valley"),
    "BG": Group("bigram", "bigram language model"),
    "KS": Group("kaplan", "Kaplan's scaling laws"),
    "EQ": Group("equilibrium", "rotational equilibrium"),
}


_registered: dict[str, Claim] = {}


def register_claims(*claims: Claim) -> None:
    """Make claims known by their ids.

    Raises
    ------
    ValueError
        If an id is taken by another claim, or is not two capital letters, a hyphen and more.
    """
    for claim in claims:
        before = _registered.get(claim.id)
        if before is not None and before is not claim:
            raise ValueError(f"the claim {claim.id!r} is there already")
        if not ID.fullmatch(claim.id):
            raise ValueError(f"id must be two capital letters, a hyphen and a number, such as AL-09, not {claim.id!r}")
        _registered[claim.id] = claim


def register_claim(
    *,
    id: str,
    paper: str,
    section: str,
    statement: str,
    formula: str,
    status: Status,
    kind: Kind,
    ruling: Ruling,
    premise: str,
    breaks: str,
    control: Measure,
    correction: str = "",
    note: str = "",
) -> Callable[[Measure], Claim]:
    """Decorator: the function measures the claim that these fields of `Claim` describe, which takes its place.

    Raises
    ------
    ValueError
        As `register_claims`.
    """

    def registered(measure: Measure) -> Claim:
        claim = Claim(
            id=id,
            paper=paper,
            section=section,
            statement=statement,
            formula=formula,
            status=status,
            kind=kind,
            ruling=ruling,
            premise=premise,
            breaks=breaks,
            measure=measure,
            control=control,
            correction=correction,
            note=note,
        )
        register_claims(claim)
        return claim

    return registered


def list(group: str | None = None) -> tuple[Claim, ...]:
    """All claims in the order of their ids, or those of one group; those of other packages last.

    Raises
    ------
    InputError
        If there is no such group, or the claim of another package cannot be imported.

    Examples
    --------
    >>> from rivervalley import claims
    >>> claims.list("AL")[0].id
    'AL-01'
    """
    ids = claim_ids()
    if group is not None:
        group = checks.choice("group", group, tuple(group_titles(ids)))
    return tuple(_claim(claim_id) for claim_id in ids if group is None or _group(claim_id) == group)


def claim_ids() -> tuple[str, ...]:
    """The ids of all claims in their order; those of other packages are listed without importing them."""
    _import_groups()
    ids = {*_registered, *_offered()}
    order = builtins.list(group_titles(ids))
    return tuple(sorted(ids, key=lambda claim_id: (order.index(_group(claim_id)), *_number(claim_id))))


def group_titles(ids: Iterable[str]) -> dict[str, str]:
    """What each group is about, by its two letters: GROUPS, then those of the ids that belong to none of them."""
    titles = {name: group.title for name, group in GROUPS.items()}
    others = sorted({_group(claim_id) for claim_id in ids} - set(titles))
    return titles | {name: f"claims {name} of other packages" for name in others}


def _group(claim_id: str) -> str:
    return claim_id.partition("-")[0]


def _number(claim_id: str) -> tuple[int, int, str]:
    """Order within a group: claims by number, then those with a letter: exact statements (P), real runs (R)."""
    tail = claim_id.partition("-")[2]
    digits = "".join(c for c in tail if c.isdigit())
    return int(not tail[:1].isdigit()), int(digits or 0), tail


@cache
def _import_groups() -> None:
    """Import the modules of all groups, which register their claims."""
    for group in GROUPS.values():
        for module in pkgutil.iter_modules([str(Path(__file__).parent / group.folder)]):
            importlib.import_module(f"rivervalley.claims.{group.folder}.{module.name}")


def _offered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _claim(claim_id: str) -> Claim:
    if claim_id not in _registered:
        register_claims(_loaded(_offered()[claim_id]))
    return _registered[claim_id]


def _loaded(point: EntryPoint) -> Claim:
    """The claim of another package."""
    package = point.dist.name if point.dist else point.value
    try:
        claim = point.load()
    except Exception as error:  # whatever a package of someone else may raise
        raise InputError(f"claim {point.name!r} of package {package!r} cannot be imported: {error}") from error
    if not (isinstance(claim, Claim) and claim.id == point.name and ID.fullmatch(claim.id)):
        raise InputError(f"claim {point.name!r} of package {package!r} must be a Claim of that id, not {show(claim)}")
    return claim


def select(names: Iterable[str] = ()) -> tuple[Claim, ...]:
    """The claims of the given groups and ids; all where none is given.

    Raises
    ------
    InputError
        If a name is neither, or the claim of another package cannot be imported.
    """
    ids, wanted = claim_ids(), builtins.list(names)
    groups = group_titles(ids)
    chosen = set() if wanted else set(ids)
    for name in wanted:
        word = name.upper() if isinstance(name, str) else ""
        matches = [i for i in ids if i.upper() == word or (word in groups and _group(i) == word)]
        if not matches:
            close = difflib.get_close_matches(word, ids, 3)
            hint = f"; did you mean {', '.join(close)}?" if close else ""
            raise InputError(f"claim must be a group ({', '.join(groups)}) or the id of a claim, not {name!r}{hint}")
        chosen.update(matches)
    return tuple(_claim(claim_id) for claim_id in ids if claim_id in chosen)


def check(
    claim_id: str,
    seed: int = 0,
    *,
    quick: bool = False,
    curves: str | Path | None = None,
    control: bool = False,
    power: int = 1,
) -> Verdict:
    """Measure one claim.

    Parameters
    ----------
    claim_id : str
        Such as "AL-09".
    seed : int
    quick : bool
        Fewer trajectories and accordingly wider tolerances.
    curves : path
        Folder of real training curves.
    control : bool
        Also run the control, which must fail.
    power : int
        Multiplies the trajectories.

    Raises
    ------
    InputError
        If there is no such claim, or an argument cannot be used.
    """
    chosen = select([claim_id])
    if len(chosen) != 1:
        raise InputError(f"claim_id must name one claim, not the group {claim_id!r}")
    return judge(chosen[0], setting(seed, quick, curves, power), control)


def check_all(
    names: Iterable[str] = (),
    seed: int = 0,
    *,
    quick: bool = False,
    curves: str | Path | None = None,
    controls: bool = False,
    workers: int = 1,
    power: int = 1,
) -> Iterator[Verdict]:
    """Verdicts of the given groups and ids (all where none is given), in their order, as they are measured.

    With `workers` above 1 the claims are shared among that many processes; the verdicts are the same.
    """
    ids = [claim.id for claim in select(names)]
    where = setting(seed, quick, curves, power)
    workers = min(checks.integer("workers", workers, 1), max(1, len(ids)))
    return _verdicts(ids, where, controls, workers)


def _verdicts(ids: builtins.list[str], where: Setting, controls: bool, workers: int) -> Iterator[Verdict]:
    if workers == 1:
        for claim_id in ids:
            yield _judge(claim_id, where, controls)
        return
    with pool(workers) as processes:
        futures = [processes.submit(_judge, claim_id, where, controls) for claim_id in ids]
        for future in futures:
            yield future.result()


def _judge(claim_id: str, where: Setting, controls: bool) -> Verdict:
    return judge(select([claim_id])[0], where, controls)


def setting(seed: int = 0, quick: bool = False, curves: str | Path | None = None, power: int = 1) -> Setting:
    """A checked Setting."""
    datasets.collection(curves)  # refuses a folder that is none of curves
    folder = None if curves is None else Path(curves)
    return Setting(checks.seed(seed), bool(quick), folder, checks.integer("power", power, 1, 1024))
