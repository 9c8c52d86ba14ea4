"""The laws, one idea to a file. A law that is added here as a file is found without being named elsewhere."""

from __future__ import annotations

import importlib
import pkgutil


def import_all() -> None:
    """Import every module of this package, so that its laws register themselves."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
