"""All claims, and checking them by id or group."""

from __future__ import annotations

import builtins
import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rivervalley import datasets
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.processes import pool
from rivervalley.claims.claim import Claim, Setting, Verdict, judge


@dataclass(frozen=True)
class Group:
    """Claims about one body of theory: a folder whose modules each have a tuple CLAIMS, and what it is about."""

    folder: str
    title: str


GROUPS = {
    "AL": Group("annealing", "annealing law"),
    "RV": Group("river_valley", "river valley"),
    "BG": Group("bigram", "bigram language model"),
    "KS": Group("kaplan", "Kaplan's scaling laws"),
    "EQ": Group("equilibrium", "rotational equilibrium"),
}


def list(group: str | None = None) -> tuple[Claim, ...]:
    """All claims in the order of their ids, or those of one of GROUPS.

    >>> from rivervalley import claims
    >>> claims.list("AL")[0].id
    'AL-01'
    """
    order = tuple(GROUPS)
    groups = order if group is None else (checks.choice("group", group, order),)
    claims: builtins.list[Claim] = []
    for folder in (GROUPS[name].folder for name in groups):
        for module in pkgutil.iter_modules([str(Path(__file__).parent / folder)]):
            claims.extend(getattr(importlib.import_module(f"rivervalley.claims.{folder}.{module.name}"), "CLAIMS", ()))
    return tuple(sorted(claims, key=lambda claim: (order.index(claim.id[:2]), _order(claim.id))))


def _order(claim_id: str) -> tuple[int, int, str]:
    """C claims by number, then the exact statements (P)."""
    tail = claim_id[3:]
    exact = tail.startswith("P")
    digits = "".join(c for c in tail if c.isdigit())
    return int(exact), int(digits or 0), tail


def select(names: Iterable[str] = ()) -> tuple[Claim, ...]:
    """The claims of the given groups and ids; all where none is given. Refuses what does not exist."""
    wanted = builtins.list(names)
    everything = list()
    if not wanted:
        return everything
    ids = [claim.id for claim in everything]
    chosen: set[str] = set()
    for name in wanted:
        word = name.upper() if isinstance(name, str) else ""
        matches = [i for i in ids if i.upper() == word or (word in GROUPS and i.startswith(word + "-"))]
        if not matches and word in GROUPS:
            raise InputError(f"claim must be of a group that has claims, but {word} has none yet")
        if not matches:
            close = difflib.get_close_matches(word, ids, 3)
            hint = f"; did you mean {', '.join(close)}?" if close else ""
            raise InputError(f"claim must be a group ({', '.join(GROUPS)}) or the id of a claim, not {name!r}{hint}")
        chosen.update(matches)
    return tuple(claim for claim in everything if claim.id in chosen)


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
