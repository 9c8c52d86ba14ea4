"""What the bytes of a run depend on beside its settings: the files that they name, and versions."""

from __future__ import annotations

import ast
import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numba
import numpy as np

from rivervalley._common.versions import own_version


def named_files(*texts: str) -> tuple[tuple[str, str], ...]:
    """The files that are named in calls, or are a text themselves, with the SHA-256 of what they hold."""
    words = sorted({word for text in texts for word in _words(text) if _is_file(word)})
    return tuple((word, _content_hash(word, os.stat(word).st_mtime_ns)) for word in words)


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[str, ...]:
    """A text itself, and the texts that its calls have as arguments."""
    try:
        nodes = ast.walk(ast.parse(text.strip(), mode="eval"))
        words = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        words = []
    return (text.strip(), *words)


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=64)
def _content_hash(path: str, modified: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1)
def versions() -> tuple[tuple[str, str], ...]:
    """Versions of what the bytes of a run depend on."""
    return ("rivervalley", own_version()), ("numpy", np.__version__), ("numba", numba.__version__)
