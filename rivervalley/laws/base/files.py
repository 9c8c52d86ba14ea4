"""Files of laws: versioned JSON that holds a law and the whole result of its fit."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rivervalley._common.checks import InputError, show
from rivervalley._common.files import write_text
from rivervalley._common.json import decode, dumps, exact, object_of
from rivervalley.laws.base.result import FitResult

FILE_FORMAT = "rivervalley law 2"


@dataclass(frozen=True, eq=False)
class LawDocument:
    """The content of a law's file: the law's name, its numbers, and the result of its fit (None if constructed directly)."""

    law: str
    params: Mapping[str, float]
    configuration: Mapping[str, float]
    warmup_area: str
    result: FitResult | None


def write_law_file(path: str | os.PathLike[str], document: LawDocument) -> None:
    """Write a law's file.

    Raises
    ------
    InputError
        If the path cannot be written to.
    """
    content = exact(document)
    assert isinstance(content, dict)
    write_text(path, dumps({"format": FILE_FORMAT, **content}) + "\n")


def read_law_file(path: str | os.PathLike[str]) -> LawDocument:
    """Read a law's file.

    Raises
    ------
    InputError
        If the file cannot be read or does not hold what `write_law_file` writes.
    """
    data = dict(object_of(_parsed(Path(path)), f"path must be a law's JSON file, but the content of {str(path)!r}"))
    if data.get("format") != FILE_FORMAT:
        raise InputError(f"path must be a law's file of format {FILE_FORMAT!r}, but {str(path)!r} {_other(data.get('format'))}")
    del data["format"]
    try:
        document = decode(LawDocument, data, "the law")
    except (InputError, RecursionError) as error:
        raise InputError(f"path must be a law's file as save writes it, but in {str(path)!r} {_reason(error)}") from None
    if document.result is not None and dict(document.params) != dict(document.result.params):
        raise InputError(f"path must be a law's file as save writes it, but in {str(path)!r} params and result.params differ")
    return document


def _parsed(path: Path) -> object:
    if path.exists() and not path.is_file():
        raise InputError(f"path must be a law's file, but {str(path)!r} is a folder, a device or a pipe")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"path must be a law's file that can be read, but {str(path)!r}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InputError(f"path must be a law's JSON file, but {str(path)!r} is no JSON that can be read") from None


def _other(found: object) -> str:
    if isinstance(found, str) and found.startswith("rivervalley law "):
        return f"is of format {show(found)}, of another version: fit the law again"
    return "is none"


def _reason(error: Exception) -> str:
    return "lists are nested too deeply" if isinstance(error, RecursionError) else str(error)
