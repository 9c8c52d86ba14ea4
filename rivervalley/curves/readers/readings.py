"""Losses and learning rates of a run, each on its own steps, out of the columns of its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley._common.table import Table
from rivervalley.curves.readers import names
from rivervalley.curves.readers.log import Log, without_blank_rows
from rivervalley.schedules.schedule import MAX_STEPS

BoolArray = NDArray[np.bool_]
DUPLICATES = ("keep-last", "keep-first", "refuse")


@final
@dataclass(frozen=True, eq=False)
class Readings:
    """What a run's log says, in the order of steps.

    Attributes
    ----------
    loss_steps, loss, lr_steps, lr : arrays
        Update counts and the losses read there; update counts n and lr[n], the rate of update n + 1. Either may be empty.
    last_step : int
        The highest step of any row.
    warmup : array
        Values of the file's column warmup_steps.
    notes : tuple of str
        What was dropped or chosen, a clause each.
    nonfinite_steps : int array
        Rising update counts at which the loss was nan or infinite.
    """

    loss_steps: IntArray
    loss: FloatArray
    lr_steps: IntArray
    lr: FloatArray
    last_step: int
    warmup: FloatArray
    notes: tuple[str, ...]
    nonfinite_steps: IntArray


@final
@dataclass(frozen=True)
class Choices:
    """What the user said about a log: columns by role, tokens of an update, which of repeated readings count."""

    columns: Mapping[str, str]
    batch_tokens: int | None = None
    duplicates: str = "keep-last"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", names.check_columns(self.columns))
        if self.batch_tokens is not None:
            checks.integer("batch_tokens", self.batch_tokens, 1)
        checks.choice("duplicates", self.duplicates, DUPLICATES)


def readings(log: Log, choices: Choices, needs_lr: bool, needs_loss: bool = True) -> Readings:
    """The losses and rates of a run; a log without the one or the other is refused where that is needed."""
    notes: list[str] = []
    losses = _loss_columns(log, choices, needs_loss, notes)
    rates = _lr_columns(log, choices, needs_lr)
    counter, counters = _counters(log, choices)
    warmups = [name for name in log.names if names.words(name) == "warmup steps"][:1]
    table = without_blank_rows(log.read(list(dict.fromkeys([*counters, *rates, *losses, *warmups]))))
    if table.lines.size == 0:
        raise InputError(f"{log.source} must hold at least one row below its header, but it has none")
    empty = np.full(table.lines.size, np.nan)
    loss = table[losses[0]] if losses else empty
    lr_name = _one_lr(log, table, rates, needs_lr)
    lr = table[lr_name] if lr_name else empty
    read = ~np.isnan(loss) | ~np.isnan(lr)
    column = next((name for name in counters if not np.isnan(table[name][read]).any()), counters[0])
    steps = _updates(table, column, choices.batch_tokens if counter == "tokens" else None, read, notes)
    negative = np.flatnonzero(lr < 0)
    if negative.size:
        raise table.error(int(negative[0]), f"lr must be at least 0, not {float(lr[negative[0]])!r}")
    kept: list[tuple[IntArray, FloatArray]] = []
    for what, values in (("losses", loss), ("learning rates", lr)):
        infinite = int(np.count_nonzero(np.isinf(values)))
        if infinite:
            notes.append(f"{infinite} of its {what} {'are' if infinite > 1 else 'is'} nan or infinite and skipped")
        kept.append(_in_order(table, steps, values, choices.duplicates))
    repeated = int(np.count_nonzero(np.isfinite(loss)) + np.count_nonzero(np.isfinite(lr))) - sum(v.size for _, v in kept)
    if repeated:
        which = "later" if choices.duplicates == "keep-last" else "earlier"
        notes.append(f"{repeated} readings that were repeated, as in a resumed run, are dropped for the {which} ones")
    warmup = table[warmups[0]] if warmups else np.empty(0)
    return Readings(*kept[0], *kept[1], int(steps[read].max(initial=0)), warmup, tuple(notes), np.unique(steps[np.isinf(loss)]))


def _loss_columns(log: Log, choices: Choices, needed: bool, notes: list[str]) -> list[str]:
    """The one column of the loss; none where there is none and none is needed."""
    if "loss" in choices.columns:
        return [names.named(log, "loss", choices.columns["loss"])]
    columns = names.loss_names(log) if needed else []
    if not columns and needed:
        raise names.missing(log, "loss")
    if len(columns) > 1:
        if not names.is_plain_loss(columns[0]) or names.is_plain_loss(columns[1]):
            raise names.ambiguous(log, "loss", columns)
        others = ", ".join(columns[1:4]) + (" and more" if len(columns) > 4 else "")
        notes.append(f"the loss is its column {columns[0]}, not {others} (--columns loss=NAME takes another)")
    return columns[:1]


def _lr_columns(log: Log, choices: Choices, needed: bool) -> list[str]:
    """Columns that may be the LR."""
    if "lr" in choices.columns:
        return [names.named(log, "lr", choices.columns["lr"])]
    columns = names.lr_names(log)
    if not columns and needed:
        raise names.missing(log, "lr", ", or give the schedule, as in schedule='cosine(...)', --schedule or LOG:'cosine(...)'")
    return columns


def _one_lr(log: Log, table: Table, candidates: Sequence[str], needed: bool) -> str | None:
    """The one LR, or the first of several that never differ; None where they do and none is needed."""
    filled = [name for name in candidates if not np.isnan(table[name]).all()]
    for name in filled[1:]:
        both = ~np.isnan(table[filled[0]]) & ~np.isnan(table[name])
        if not both.any() or not np.array_equal(table[filled[0]][both], table[name][both]):
            if needed:
                raise names.ambiguous(log, "lr", filled)
            return None
    return filled[0] if filled else None


def _counters(log: Log, choices: Choices) -> tuple[str, list[str]]:
    """Whether rows are counted in updates or tokens, and the columns that may count them."""
    if "step" in choices.columns:
        return "step", [names.named(log, "step", choices.columns["step"])]
    if "tokens" in choices.columns:
        tokens = [names.named(log, "tokens", choices.columns["tokens"])]
    else:
        tokens = names.token_names(log)[:1]
    steps = names.step_names(log)
    if choices.batch_tokens is not None and tokens:
        return "tokens", tokens
    if steps and "tokens" not in choices.columns:
        return "step", steps
    if tokens:
        raise InputError(
            f"{log.source} counts {tokens[0]}, not steps: give the tokens of an update, batch_tokens= or --batch-tokens"
        )
    raise names.missing(log, "step")


def _updates(table: Table, column: str, batch_tokens: int | None, read: BoolArray, notes: list[str]) -> IntArray:
    """Update counts of all rows, out of tokens where those of an update are given; rows with no reading may be blank."""
    values = np.where(np.isnan(table[column]) & ~read, 0.0, table[column])
    blank = np.flatnonzero(np.isnan(values))
    if blank.size:
        raise table.error(int(blank[0]), f"{column} must be a finite number, not blank")
    if batch_tokens is not None:
        counts = values / batch_tokens
        values = np.round(counts)
        off = np.max(np.abs(counts - values), where=np.isfinite(values), initial=0.0)
        if off > 0.01:
            notes.append(f"{column} are no whole multiples of {batch_tokens}: steps are rounded, by up to {off:.2g}")
    bad = np.flatnonzero((values != np.floor(values)) | (values < 0) | (values > MAX_STEPS))
    if bad.size:
        shown = float(table[column][bad[0]])
        raise table.error(int(bad[0]), f"{column} must be a whole number between 0 and {MAX_STEPS}, not {shown:.17g}")
    return values.astype(np.int64)


def _in_order(table: Table, steps: IntArray, values: FloatArray, duplicates: str) -> tuple[IntArray, FloatArray]:
    """Steps and values where there are finite ones, rising; a log that goes back to an earlier step continues from there."""
    rows = np.flatnonzero(np.isfinite(values))
    steps, values = steps[rows], values[rows]
    back = np.flatnonzero(np.diff(steps) <= 0)
    if not back.size:
        return steps, values
    k = int(back[0])
    if duplicates == "refuse":
        raise table.error(int(rows[k + 1]), f"step must rise from row to row, but {steps[k + 1]} follows {steps[k]}")
    if duplicates == "keep-last":
        following = np.minimum.accumulate(steps[::-1])[::-1]
        kept = np.append(steps[:-1] < following[1:], True)
    else:
        before = np.maximum.accumulate(steps)
        kept = np.append(True, steps[1:] > before[:-1])
    falls = int(np.count_nonzero(np.diff(steps) < 0))
    if np.count_nonzero(kept) < kept.size / 2 and falls > 100:
        raise InputError(f"{table.path} must be in the order of its steps, but they go back {falls} times; sort it by step")
    return steps[kept], values[kept]
