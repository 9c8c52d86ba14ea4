"""Laws by name: those of this package, and those that other installed packages offer.

A law becomes known with the decorator `register_law`. A package of one's own names its laws in its metadata,

    [project.entry-points."rivervalley.laws"]
    my_law = "my_package.my_module:MyLaw"

under the same name as the class has; it is imported when that law is first asked for. A name of this package is never replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from rivervalley._common.checks import InputError, show
from rivervalley.laws.base.law import Law

GROUP = "rivervalley.laws"
L = TypeVar("L", bound=type[Law])

_registered: dict[str, type[Law]] = {}


def register_law(law: L) -> L:
    """Class decorator: the law is known by its `name` from here on.

    Raises
    ------
    ValueError
        If another law has that name.
    """
    before = _registered.get(law.name)
    if before is not None and (before.__module__, before.__qualname__) != (law.__module__, law.__qualname__):
        raise ValueError(f"the name {law.name!r} belongs to {before.__module__}.{before.__qualname__}")
    _registered[law.name] = law
    return law


class _Laws(Mapping[str, type[Law]]):
    """All laws by name, with `-` and `_` alike; laws of other packages are imported when they are looked up."""

    def __getitem__(self, name: str) -> type[Law]:
        key = name.replace("-", "_")
        if key not in _registered:
            offered = _offered()
            if key not in offered:
                raise KeyError(name)
            _registered[key] = _loaded(offered[key])
        return _registered[key]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.replace("-", "_") in {*_registered, *_offered()}

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(_registered), **dict.fromkeys(_offered())})

    def __len__(self) -> int:
        return len({*_registered, *_offered()})


LAWS: Mapping[str, type[Law]] = _Laws()


def law_name(name: str, value: object, *others: str) -> str:
    """`value` as the name of a law, or one of the `others`; `-` and `_` are alike. `name` is the argument's.

    Raises
    ------
    InputError
        If there is no such law.

    Examples
    --------
    >>> law_name("law", "multi-power")
    'multi_power'
    """
    if isinstance(value, str) and (value in others or value in LAWS):
        return value.replace("-", "_")
    raise InputError(f"{name} must be one of {', '.join([*LAWS, *others])}, not {show(value)}")


def _offered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _loaded(entry: EntryPoint) -> type[Law]:
    """The law of another package."""
    package = entry.dist.name if entry.dist else entry.value
    try:
        law = entry.load()
    except Exception as error:  # whatever a package of someone else may raise
        raise InputError(f"law {entry.name!r} of package {package!r} cannot be imported: {error}") from error
    if not (isinstance(law, type) and issubclass(law, Law) and law.name == entry.name):
        raise InputError(f"law {entry.name!r} of package {package!r} must be a Law of that name, not {show(law)}")
    return law
