"""Schedules stored as a few pieces each, exact for every update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from rivervalley._common.checks import FloatArray, InputError
from rivervalley.schedules import Schedule

SHAPES = ("const", "linear", "cosine", "exp", "sqrt")


@final
@dataclass(frozen=True)
class Piece:
    """Rates lr[start:end] of a schedule of `total_steps` updates, with u = (n - ref) / div for start <= n < end:

    const lr0; linear lr0 + (lr1 - lr0) u; cosine lr1 + (lr0 - lr1) (1 + cos(pi u)) / 2; exp lr0^(1 - u) lr1^u;
    sqrt lr0 + (lr1 - lr0) sqrt(u).
    """

    total_steps: int
    start: int
    end: int
    shape: str
    lr0: float
    lr1: float
    ref: float
    div: float

    def rates(self) -> FloatArray:
        """lr[start:end]."""
        u: FloatArray = (np.arange(self.start, self.end, dtype=np.float64) - self.ref) / self.div
        rates: FloatArray
        match self.shape:
            case "const":
                rates = np.full(u.size, self.lr0)
            case "linear":
                rates = self.lr0 + (self.lr1 - self.lr0) * u
            case "cosine":
                rates = self.lr1 + (self.lr0 - self.lr1) * (1 + np.cos(np.pi * u)) / 2
            case "exp":
                rates = self.lr0 ** (1 - u) * self.lr1**u
            case _:
                rates = self.lr0 + (self.lr1 - self.lr0) * np.sqrt(u)
        return rates


def read_pieces(rows: Iterable[Mapping[str, str]]) -> dict[str, tuple[Piece, ...]]:
    """The pieces of each schedule, from the rows of a schedules.csv, by schedule_id."""
    pieces: dict[str, list[Piece]] = {}
    for row in rows:
        if row["shape"] not in SHAPES:
            raise InputError(f"shape of schedule {row['schedule_id']} must be one of {', '.join(SHAPES)}, not {row['shape']!r}")
        total, start, end = (int(row[key]) for key in ("total_steps", "start", "end"))
        lr0, lr1, ref, div = (float(row[key]) for key in ("lr0", "lr1", "ref", "div"))
        pieces.setdefault(row["schedule_id"], []).append(Piece(total, start, end, row["shape"], lr0, lr1, ref, div))
    return {name: tuple(parts) for name, parts in pieces.items()}


def build(pieces: tuple[Piece, ...], warm: bool, name: str) -> Schedule:
    """The schedule of some pieces. Where it has a warm-up, that ends with the first update at the peak.

    >>> build((Piece(4, 0, 2, "linear", 0.0, 0.2, -1, 2), Piece(4, 2, 4, "const", 0.2, 0.2, 0, 1)), True, "short").lr.tolist()
    [0.1, 0.2, 0.2, 0.2]
    """
    lr = np.full(pieces[0].total_steps, np.nan)
    for piece in pieces:
        lr[piece.start : piece.end] = piece.rates()
    warmup_steps = int(np.argmax(lr >= lr.max() * (1 - 1e-12))) + 1 if warm else 0
    return Schedule(lr, warmup_steps, name)
