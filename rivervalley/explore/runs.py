"""Real runs that the page can reveal: those of rv.datasets that share model and data with the fitted ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rivervalley import datasets
from rivervalley.datasets.pieces import Piece
from rivervalley.datasets.runs import RunInfo
from rivervalley.laws import Law

MOST_READINGS = 240


@dataclass(frozen=True)
class PagePiece:
    """LRs lr[start:end] of a schedule, as datasets.pieces.Piece has them."""

    start: int
    end: int
    shape: str
    lr0: float
    lr1: float
    ref: float
    div: float


@dataclass(frozen=True)
class PageRun:
    """A run as the page holds it.

    Attributes
    ----------
    name, label : str
    fitted : bool
        Whether the law was fitted to it.
    steps, warmup : int
    peak : float
    pieces : tuple of PagePiece
    at, loss : tuples
        Losses, at most 240 of them, and the update counts they were read at.
    end_loss : float
        At the end, as `law.end_loss` averages it.
    """

    name: str
    label: str
    fitted: bool
    steps: int
    warmup: int
    peak: float
    pieces: tuple[PagePiece, ...]
    at: tuple[int, ...]
    loss: tuple[float, ...]
    end_loss: float


def kin(law: Law) -> list[str]:
    """Names of the public runs that share source, model and data with the curves that the law was fitted to.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> law = AnnealingLaw.fit([datasets.load("mpl/25M_cosine_24000"), datasets.load("mpl/25M_constant_24000")])
    >>> kin(law)[0]
    'mpl/25M_constant_24000'
    """
    fitted = _fitted(law)
    families = {_family(datasets.info(name)) for name in datasets.list() if name.rpartition("/")[2] in fitted}
    return [name for name in datasets.list() if _family(datasets.info(name)) in families]


def page_runs(law: Law, names: Iterable[str]) -> list[PageRun]:
    """The named runs, by peak LR and name.

    Raises
    ------
    InputError
        If there is no run of one of the names.
    """
    runs = [_page_run(law, name) for name in names]
    return sorted(runs, key=lambda run: (run.peak, run.label))


def _fitted(law: Law) -> set[str]:
    return {curve.name for curve in law.result.curves} if law.result else set()


def _family(info: RunInfo) -> tuple[str, str, str]:
    """Runs of one source, model and data set; lr-scheduling's names tell two data sets and two sizes of one model apart."""
    folder, _, run = info.name.partition("/")
    return folder, f"{info.model} {info.params}", "_".join(run.split("_")[:2]) if folder == "lrs" else info.dataset


def _page_run(law: Law, name: str) -> PageRun:
    info, curve = datasets.info(name), datasets.load(name)
    chosen = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), MOST_READINGS)).round().astype(int))
    short = name.rpartition("/")[2]
    return PageRun(
        name=name,
        label=short,
        fitted=short in _fitted(law),
        steps=curve.schedule.steps,
        warmup=curve.schedule.warmup_steps,
        peak=curve.schedule.peak_lr,
        pieces=tuple(_page_piece(piece) for piece in datasets.collection().pieces[info.schedule_id]),
        at=tuple(curve.steps[chosen].tolist()),
        loss=tuple(curve.loss[chosen].tolist()),
        end_loss=law.end_loss(curve),
    )


def _page_piece(piece: Piece) -> PagePiece:
    return PagePiece(piece.start, piece.end, piece.shape, piece.lr0, piece.lr1, piece.ref, piece.div)
