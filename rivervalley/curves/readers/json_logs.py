"""Logs as JSON: a line or an element for each record, columns as lists, and the trainer_state.json of Hugging Face."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping

from rivervalley._common.checks import InputError, show
from rivervalley._common.json import JSON
from rivervalley.curves.readers.log import Log, Records, Source
from rivervalley.curves.readers.names import run_names

Record = Mapping[str, JSON]

_DEEPEST = 8
_SUMMARY = ("train_loss", "train_runtime", "total_flos")
"""What transformers.Trainer adds at the end of a run, a mean over all of it."""


def json_logs(source: Source, text: str) -> list[Log]:
    """The runs of a JSON document or of JSON Lines.

    Names of nested objects are joined by /. Numbers may be written as texts; other texts, lists and nulls are passed over. A
    member such as "run" that names the run of each record parts them into runs.
    """
    document = _whole(source, text)
    if document is None:
        return _logs(source, "line", _lines(source, text))
    if not isinstance(document, dict):
        return _logs(source, "record", _elements(source, document))
    history = document.get("log_history")
    if isinstance(history, list):
        return _logs(source, "entry of log_history", _trainer_records(source, history))
    return _logs(source, "record", enumerate(_transposed(source, document), 1))


def _whole(source: Source, text: str) -> JSON:
    """The document, or None where each line is one of its own."""
    first = text.split("\n", 1)[0].strip()
    try:
        if isinstance(json.loads(first), dict) and text.strip() != first:
            return None
    except (ValueError, RecursionError):
        pass
    try:
        document: JSON = json.loads(text)
        return document
    except json.JSONDecodeError as error:
        if first.startswith("{") and first.endswith("}"):
            return None
        raise InputError(f"{source}, line {error.lineno}: not JSON ({error.msg})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{source} must be JSON with numbers of common length and little nesting, but is not") from None


def _lines(source: Source, text: str) -> Iterator[tuple[int, Record]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{source}, line {number}: not a JSON object ({error.msg})") from None
        except (ValueError, RecursionError):
            raise InputError(f"{source}, line {number}: not JSON with common numbers and little nesting") from None
        if not isinstance(record, dict):
            raise InputError(f"{source}, line {number}: must be a JSON object, not {show(record)}")
        yield number, record


def _elements(source: Source, document: JSON) -> Iterator[tuple[int, Record]]:
    records = document if isinstance(document, list) else []
    objects = [record for record in records if isinstance(record, dict)]
    if not isinstance(document, list) or len(objects) < len(records):
        raise InputError(
            f"{source} must be a list of JSON objects, JSON Lines or a trainer_state.json, but is {show(document)}"
        )
    yield from enumerate(objects, 1)


def _trainer_records(source: Source, history: list[JSON]) -> Iterator[tuple[int, Record]]:
    """All entries but the summary at the end of a run."""
    for number, record in _elements(source, history):
        if not all(name in record for name in _SUMMARY):
            yield number, record


def _transposed(source: Source, document: Record) -> list[dict[str, JSON]]:
    """Records out of an object of lists, all of one length; an object without lists is a record itself."""
    columns = {name: values for name, values in document.items() if isinstance(values, list)}
    if not columns:
        return [dict(document)]
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise InputError(f"{source} must hold records, or lists of one length, but it is an object of {show(list(document))}")
    return [{name: values[k] for name, values in columns.items()} for k in range(lengths.pop())]


def _logs(source: Source, unit: str, records: Iterable[tuple[int, Record]]) -> list[Log]:
    runs: dict[str, Records] = {}
    for number, record in records:
        names = (record[name] for name in run_names(record))
        run = next((name for name in names if isinstance(name, str)), "")
        runs.setdefault(run, Records(source, unit, run)).add(number, dict(_numbers(source, unit, number, record)))
    if not runs:
        raise InputError(f"{source} must hold at least one record, but it has none")
    if len(runs) > 1:
        runs.pop("", None)  # lines of configuration before the first record of a run
    return [gathered.log() for gathered in runs.values()]


def _numbers(
    source: Source, unit: str, number: int, record: Record, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, float]]:
    """Names and numbers of a record."""
    if depth > _DEEPEST:
        raise InputError(f"{source}, {unit} {number}: must be nested at most {_DEEPEST} deep")
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            yield from _numbers(source, unit, number, value, f"{name}/", depth + 1)
        elif isinstance(value, (int, float, str)) and not isinstance(value, bool):
            numeric = _float(value)
            if numeric is not None:
                yield name, numeric


def _float(value: float | str) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:
        return None
