"""Things by name, as they may be called in a text: filled by a decorator where each is defined.

Parsers, help texts and error messages read these registries, so that a new schedule, river or landscape is known to all of
them at once. A registry with a group also knows what other installed packages offer under that entry point group; such a
package is imported when its name is first asked for, and never replaces a name of this one.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from rivervalley._common.checks import InputError, show

Maker = Callable[..., object]
F = TypeVar("F", bound=Maker)


@dataclass(frozen=True)
class Entry:
    """What a name stands for.

    Attributes
    ----------
    name : str
    make : callable
        Gets the arguments of the call.
    example : str
        A call, as help texts show it.
    summary : str
        What it makes, in a few words.
    """

    name: str
    make: Maker
    example: str
    summary: str

    @property
    def signature(self) -> inspect.Signature:
        """Of what makes it."""
        return inspect.signature(self.make)


class Registry(Mapping[str, Entry]):
    """The names of one kind of thing, in the order in which they were added, those of other packages last.

    Parameters
    ----------
    kind : str
        What the things are, as messages call them.
    group : str, optional
        The entry point group under which other packages offer more of them.

    Examples
    --------
    >>> shapes = Registry("shape")
    >>> @shapes.add("square", "square(2)", "four equal sides")
    ... def square(side): ...
    >>> shapes["square"].summary, list(shapes)
    ('four equal sides', ['square'])
    """

    def __init__(self, kind: str, group: str | None = None) -> None:
        self.kind = kind
        self.group = group
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, example: str, summary: str) -> Callable[[F], F]:
        """Decorator: what it is applied to is known by `name` from here on.

        Raises
        ------
        ValueError
            If the name is taken.
        """
        if name in self._entries:
            raise ValueError(f"the {self.kind} {name!r} is there already")

        def known(make: F) -> F:
            self._entries[name] = Entry(name, make, example, summary)
            return make

        return known

    def __getitem__(self, name: str) -> Entry:
        if name in self._entries:
            return self._entries[name]
        return self._loaded(self._offered()[name])

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._offered()

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._entries), **dict.fromkeys(self._offered())})

    def __len__(self) -> int:
        return len({*self._entries, *self._offered()})

    def help(self, width: int = 62) -> str:
        """A line for each: the example, and what it makes. Names of other packages are listed without importing them."""
        lines = [_line(entry.example, entry.summary, width) for entry in self._entries.values()]
        others = (point for name, point in self._offered().items() if name not in self._entries)
        lines += [_line(f"{point.name}(...)", f"of the package {_package(point)}", width) for point in others]
        return "\n".join(lines)

    def _offered(self) -> dict[str, EntryPoint]:
        return {} if self.group is None else {point.name: point for point in entry_points(group=self.group)}

    def _loaded(self, point: EntryPoint) -> Entry:
        try:
            make = point.load()
        except Exception as error:  # whatever a package of someone else may raise
            raise InputError(
                f"{self.kind} {point.name!r} of package {_package(point)!r} cannot be imported: {error}"
            ) from error
        if not callable(make):
            raise InputError(f"{self.kind} {point.name!r} of package {_package(point)!r} must be callable, not {show(make)}")
        return Entry(point.name, make, f"{point.name}(...)", f"of the package {_package(point)}")


def find(name: str, what: str, registries: Iterable[Registry]) -> Entry:
    """What a name stands for in the first of the registries that knows it.

    Raises
    ------
    InputError
        If none does, with the nearest name; `what` says what the name should have been.
    """
    names: list[str] = []
    for registry in registries:
        if name in registry:
            return registry[name]
        names += registry
    close = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InputError(f"{what} must be one of {', '.join(names)}, not {show(name)}{hint}")


def _line(example: str, summary: str, width: int) -> str:
    return f"  {example:<{width}}  {summary}" if len(example) <= width else f"  {example}\n  {'':<{width}}  {summary}"


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
