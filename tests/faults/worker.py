"""Measures claims with one fault in place: reads a job from standard input as JSON, prints what became of each claim.

The package is imported from where it stands; the one faulty module is compiled from its changed source, on disk nothing
changes. The parent gives faults in kernels a folder of compiled code of their own.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


class FaultyLoader(SourceFileLoader):
    """Compiles a module from its source with one text replaced."""

    def __init__(self, name: str, path: str, old: str, new: str) -> None:
        super().__init__(name, path)
        self.change = (old, new)

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path).decode()
        found = source.count(self.change[0])
        if found != 1:
            raise SystemExit(f"{self.path} has {found} places that read {self.change[0]!r}, not 1")
        return compile(source.replace(*self.change), self.path, "exec", dont_inherit=True)


class FaultyFinder(MetaPathFinder):
    """Finds one module with its fault in place, and leaves all others to Python."""

    def __init__(self, module: str, old: str, new: str) -> None:
        self.module, self.change = module, (old, new)
        self.used = False

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        sound = PathFinder.find_spec(fullname, path)
        assert sound is not None and sound.origin is not None, fullname
        self.used = True
        return importlib.util.spec_from_file_location(
            fullname,
            sound.origin,
            loader=FaultyLoader(fullname, sound.origin, *self.change),
            submodule_search_locations=sound.submodule_search_locations,
        )


def measure(claim_ids: Sequence[str], seed: int) -> dict[str, list[str]]:
    """For each claim the checks that fail, or the error that it raises."""
    from rivervalley import claims

    failing = {}
    for claim_id in claim_ids:
        try:
            verdict = claims.check(claim_id, seed=seed)
            failing[claim_id] = [check.what for check in verdict.checks if not check.passed]
        except Exception as error:  # a fault may break anything
            failing[claim_id] = [f"raises {type(error).__name__}: {error}"[:200]]
    return failing


if __name__ == "__main__":
    job = json.load(sys.stdin)
    finder = FaultyFinder(job["module"], job["old"], job["new"])
    sys.meta_path.insert(0, finder)
    outcome = measure(job["claims"], job["seed"])
    if not finder.used:
        raise SystemExit(f"no claim imports {job['module']}")
    print(json.dumps(outcome))
