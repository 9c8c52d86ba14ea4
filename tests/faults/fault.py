"""A small deliberate error in the code, and the claims that must notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One exact change of text in one file of the package.

    Attributes
    ----------
    name : str
        In a few words, unique.
    file : str
        Below rivervalley/, such as "theory/hills.py".
    old, new : str
        `old` must stand in the file exactly once.
    claims : tuple of str
        Each of these must disagree, or raise, with the fault in place.
    missed : str
        For a fault that no claim is expected to notice: why. Such faults are listed, not demanded.
    """

    name: str
    file: str
    old: str
    new: str
    claims: tuple[str, ...]
    missed: str = ""

    @property
    def module(self) -> str:
        """Dotted name of the module that it changes."""
        path = self.file.removesuffix(".py").removesuffix("/__init__")
        return "rivervalley." + path.replace("/", ".")

    @property
    def compiled(self) -> bool:
        """Whether it changes a kernel, so that compiled code must not be shared with the sound package."""
        return self.file.startswith("kernels/")
