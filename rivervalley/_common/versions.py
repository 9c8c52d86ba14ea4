"""Versions of what the numbers depend on."""

from __future__ import annotations

import importlib
import platform
from importlib import metadata


def own_version() -> str:
    """The version of rivervalley. It stands in the package itself, which no file of it may import."""
    version: str = importlib.import_module("rivervalley").__version__
    return version


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    installed = {"python": platform.python_version(), "rivervalley": own_version()}
    for name in ("numpy", "numba", "scipy"):
        installed[name] = metadata.version(name)
    return installed
