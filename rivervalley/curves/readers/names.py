"""Which column of a log is the step, which the LR and which the loss: by what was said, else by the names in use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.curves.readers.log import Log

ROLES = ("step", "tokens", "lr", "loss")
"""What a column may be said to be."""

STEPS = (
    "step", "steps", "global step", "trainer global step", "train global step", "iteration", "iterations", "iter", "iters",
    "iter num", "train step", "train steps", "training step", "train iter", "train iteration", "optimizer step", "opt step",
    "update", "updates", "num updates", "train num updates", "n updates", "batch idx",
)  # fmt: skip
"""Names of the update count, in words; the first that a log has is taken."""

OWN_COUNTER = "_step"
"""Weights & Biases counts calls of its logger in this column: taken where there is no other."""

TOKENS = (
    "tokens", "num tokens", "n tokens", "ntokens", "total tokens", "tokens seen", "ntokens seen", "train tokens", "consumed tokens",
    "throughput total tokens", "train total tokens", "num input tokens seen", "train num input tokens seen", "perf total tokens",
)  # fmt: skip

RUN_COLUMNS = ("run", "run name", "run id", "wandb run", "experiment", "experiment name")
"""Columns that name the run of each row, in words."""

_LOSSES = ("loss", "nll", "xent", "ce", "crossentropy")
_NO_LOSSES = (
    "scale", "scaler", "max", "min", "std", "stderr", "var", "aux", "router", "balance", "balancing", "z", "ppl", "perplexity",
    "grad", "best",
)  # fmt: skip


def words(name: str) -> str:
    """A column's name in lower case, its words separated by one space.

    >>> words("trainer/global_step"), words("lr-AdamW/pg1")
    ('trainer global step', 'lr adamw pg1')
    """
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))


def check_columns(columns: Mapping[str, str] | None) -> Mapping[str, str]:
    """What the user said of columns: names by role."""
    if columns is None:
        return {}
    if not isinstance(columns, Mapping) or not all(isinstance(name, str) and name for name in columns.values()):
        raise InputError(f"columns must name columns by role, as in {{'loss': 'val_loss'}}, not {checks.show(columns)}")
    for role in columns:
        if role not in ROLES:
            raise InputError(f"columns must be for {', '.join(ROLES)}, not {checks.show(role)}")
    return columns


def parse_columns(text: str) -> dict[str, str]:
    """Columns as they are typed: step=iter,lr=learning_rate,loss=val_loss.

    >>> parse_columns("step=iter,loss=val, smoothed")
    {'step': 'iter', 'loss': 'val, smoothed'}
    """
    columns: dict[str, str] = {}
    for part in re.split(rf",(?=\s*(?:{'|'.join(ROLES)})\s*=)", text):
        role, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals or role not in ROLES or not name or role in columns:
            raise InputError(f"columns must read like step=iter,lr=learning_rate,loss=val_loss, not {checks.show(text)}")
        columns[role] = name
    return columns


def named(log: Log, role: str, name: str) -> str:
    """The column of a log that the user named: letter for letter, else whatever its case and marks."""
    for match in (str, str.lower, words):
        fits = [column for column in log.names if match(column) == match(name)]
        if len(fits) == 1:
            return fits[0]
    close = difflib.get_close_matches(name, log.names, 3) or log.names
    raise InputError(f"{log.source} must have the column {role}={checks.show(name)}, but it has {_listed(close)}")


def run_names(columns: Iterable[str]) -> list[str]:
    """Columns that name the run of each row."""
    return [column for column in columns if words(column) in RUN_COLUMNS]


def step_names(log: Log) -> list[str]:
    """Columns that may be the step, the likeliest first."""
    by_words: dict[str, str] = {}
    for column in log.names:
        if column.lower() != OWN_COUNTER:
            by_words.setdefault(words(column), column)
    likely = [by_words[name] for name in STEPS if name in by_words]
    return likely + [column for column in log.names if column.lower() == OWN_COUNTER]


def token_names(log: Log) -> list[str]:
    """Columns that may count tokens, the likeliest first."""
    return sorted((column for column in log.names if words(column) in TOKENS), key=lambda column: TOKENS.index(words(column)))


def lr_names(log: Log) -> list[str]:
    """Columns that may be the LR; only one where a name says nothing but that."""
    fits = [column for column in log.names if re.search(r"\blr\b|\blearning rate\b|\blearningrate\b", words(column))]
    plain = [column for column in fits if words(column) in ("lr", "learning rate", "learningrate")]
    return plain[:1] if len(plain) == 1 else fits


def loss_names(log: Log) -> list[str]:
    """Columns that may be the loss, one that is called nothing but that first."""
    fits = [column for column in log.names if any(word in _LOSSES for word in words(column).split())]
    likely = [column for column in fits if not any(word in _NO_LOSSES for word in words(column).split())]
    return sorted(likely or fits, key=lambda column: not is_plain_loss(column))


def is_plain_loss(column: str) -> bool:
    """Whether a column is called nothing but the loss, as the training loss is in many a log."""
    return words(column) in ("loss", "lm loss")


def missing(log: Log, role: str, cure: str = "") -> InputError:
    """No column can be that."""
    what = {"step": "a column step", "lr": "a column lr", "loss": "a column loss"}[role]
    return InputError(f"{log.source} must have {what}, but it has {_listed(log.names)}; {choose(role)}{cure}")


def ambiguous(log: Log, role: str, names: Sequence[str]) -> InputError:
    """Several columns could be that."""
    return InputError(
        f"{Path(log.source).name} has {len(names)} columns that may be the {role}: {_listed(names)}; {choose(role, names[0])}"
    )


def choose(role: str, name: str = "NAME") -> str:
    """How to say which column it is."""
    option = f"{role}={name}"
    return f"choose with columns={{{role!r}: {name!r}}} or --columns {option if ' ' not in option else repr(option)}"


def _listed(names: Sequence[str]) -> str:
    shown = [checks.show(name)[1:-1] for name in names[:12]]
    return (", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")) or "none"
