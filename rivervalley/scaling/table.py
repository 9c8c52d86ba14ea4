"""What each scaling law says for a given size, data, compute or loss, as rows.

The single laws of Kaplan et al. (Table 5) and the joint ones (Tables 2, 3) were fitted apart and contradict each other by a
few percent. So a single law is left out where the joint one answers, and the law at a fixed batch where it promises less loss
than the best choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.scaling import chinchilla, corrections, kaplan
from rivervalley.scaling.kaplan.counts import LARGEST_SIZE_WITH_LEARNING_RATE

Sets = Mapping[str, chinchilla.Chinchilla]
CHINCHILLAS: Sets = {"Chinchilla, refit": chinchilla.BESIROGLU, "Chinchilla, as printed": chinchilla.HOFFMANN}


@dataclass(frozen=True)
class ScalingRow:
    """One value that one law gives.

    Attributes
    ----------
    law, quantity, unit, source : str
        `quantity` begins with the symbol: "N, best size". Kaplan's N leaves embeddings out, Chinchilla's counts them.
    value : float
        Infinite where the loss is unreachable.
    low, high : float or None
        90 % interval from the printed errors of the constants, where there are any. They are taken as independent, for the
        correlations are not published; the true interval is narrower.
    note : str
        "extrapolated: ..." where an input lies outside what the law was fitted to; empty otherwise.
    """

    law: str
    quantity: str
    value: float
    unit: str
    source: str
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class FittedRange:
    """What a law was fitted to: the smallest and largest of a quantity."""

    low: float
    high: float
    source: str


# Kaplan et al., section 1.2 and appendix A: N from 768 to 1.5e9, D from 2.2e7 to 2.3e10 tokens; the largest model for 2.5e5
# steps of 2^19 tokens is 1.2e21 flop, and C_min spans eight decades. Hoffmann et al., abstract: 70M to 16B, 5B to 500B tokens.
_KAPLAN_RANGES = {
    "N": FittedRange(768.0, 1.5e9, kaplan.PAPER),
    "D": FittedRange(2.2e7, 2.3e10, kaplan.PAPER),
    "C": FittedRange(1.2e13, 1.2e21, kaplan.PAPER),
}
_CHINCHILLA_RANGES = {
    "N": FittedRange(7e7, 1.6e10, "arXiv 2203.15556"),
    "D": FittedRange(5e9, 5e11, "arXiv 2203.15556"),
    "C": FittedRange(6.0 * 7e7 * 5e9, 6.0 * 1.6e10 * 5e11, "arXiv 2203.15556"),
}
RANGES = {"Kaplan": _KAPLAN_RANGES, "Chinchilla": _CHINCHILLA_RANGES}
"""What the published laws were fitted to, by symbol."""

_Z90 = 1.6448536269514722

CORPORA = {
    "Kaplan": "WebText2, GPT-2's byte-pair encoding of 50,257 tokens",
    "Chinchilla": "MassiveText, a SentencePiece vocabulary of 32,000",
}
"""Corpus and tokenizer of the published losses: nats per token of different tokenizers cannot be compared."""


def scaling_table(
    N: float | None = None,
    D: float | None = None,
    C: float | None = None,
    loss: float | None = None,
    *,
    fitted: chinchilla.Chinchilla | None = None,
) -> list[ScalingRow]:
    """What each law says for what is given, together and one by one.

    Parameters
    ----------
    N, D, C : float, optional
        Parameters, training tokens and flop; at most two of the three, for the third is tied to them by C = 6 N D.
    loss : float, optional
        Nats per token.
    fitted : Chinchilla, optional
        Constants fitted to one's own runs, which then stand beside the published ones.

    Returns
    -------
    list of ScalingRow

    Raises
    ------
    InputError
        If nothing is given, or N, D and C all are, or a value is not positive and finite.

    Examples
    --------
    >>> for row in scaling_table(N=1e9)[:3]:
    ...     print(f"{row.law}: {row.quantity} = {row.value:.3g} {row.unit}")
    Kaplan, size: loss, converged on enough data = 2.38 nats
    Kaplan, data rule: D, to keep overfitting below 2 % = 2.29e+10 tokens
    Kaplan, learning rate: peak rate of Adam = 0.000348 per step
    """
    given = {"N": N, "D": D, "C": C, "loss": loss}
    values = {name: checks.real(name, value, 0.0, open_low=True) for name, value in given.items() if value is not None}
    if not values:
        raise InputError("N, D, C or loss must be given for the laws to say something about it")
    if {"N", "D", "C"} <= values.keys():
        raise InputError("N, D and C must not all be given: C = 6 N D gives the third from two")
    sets = CHINCHILLAS if fitted is None else {"Chinchilla, your runs": fitted, **CHINCHILLAS}
    rows: list[ScalingRow] = []
    run = _run(values) if len(values.keys() & {"N", "D", "C"}) == 2 else None
    for name, rows_of in (("N", _of_size), ("D", _of_data), ("C", _of_compute), ("loss", _of_loss)):
        if name in values:
            rows += rows_of(values[name], sets)
    if run is not None:
        rows = [row for row in rows if row.quantity not in _SINGLE_LOSSES] + list(_of_run(*run, sets))
    if {"N", "loss"} <= values.keys():
        rows += _of_loss_and_size(values["loss"], values["N"], sets)
    if {"D", "loss"} <= values.keys():
        rows += _of_loss_and_data(values["loss"], values["D"], sets)
    inputs = values if run is None else dict(zip("NDC", run, strict=True))
    return [_marked(row, inputs) for row in rows]


_SINGLE_LOSSES = ("loss, converged on enough data", "loss, large model stopped early")


def _marked(row: ScalingRow, inputs: dict[str, float]) -> ScalingRow:
    """With a note where an input, or the size, data or compute that the row gives, is outside what the law was fitted to."""
    ranges = _CHINCHILLA_RANGES if row.law.startswith("Chinchilla,") else _KAPLAN_RANGES if row.law.startswith("Kaplan") else {}
    if row.law == "Chinchilla, your runs":
        return row
    given = {name: value for name, value in inputs.items() if name in ranges}
    symbol = row.quantity.split(",")[0].removesuffix("_min")
    if symbol in ranges and row.unit in ("parameters", "tokens", "flop") and math.isfinite(row.value):
        given[symbol] = row.value
    outside = [
        f"{name} {value:.3g} outside {ranges[name].low:.2g} to {ranges[name].high:.2g}"
        for name, value in given.items()
        if not ranges[name].low <= value <= ranges[name].high
    ]
    note = f"extrapolated: {'; '.join(outside)}" if outside else ""
    if row.law.startswith("Kaplan") and given.get("C", 0.0) > _LAWS_END:
        note += f"; beyond {_LAWS_END / kaplan.PF_DAY:.2g} PF-days the laws contradict each other (eqs. 6.6-6.8)"
    return replace(row, note=note)


_LAWS_END = kaplan.crossing_point().C


def _within(
    law: chinchilla.Chinchilla, quantity: Callable[[chinchilla.Chinchilla], ArrayLike]
) -> tuple[float | None, float | None]:
    """90 % interval of a positive quantity from the refit's printed errors: linear in its logarithm, constants independent."""
    if law is not chinchilla.BESIROGLU:
        return None, None
    value = float(np.asarray(quantity(law)))
    if not 0.0 < value < math.inf:
        return None, None
    square = 0.0
    for name, error in chinchilla.BESIROGLU_ERRORS.items():
        step = 1e-4 * getattr(law, name)
        up, down = (float(np.asarray(quantity(replace(law, **{name: getattr(law, name) + s * step})))) for s in (1.0, -1.0))
        if not (0.0 < up < math.inf and 0.0 < down < math.inf):
            return None, None
        square += (math.log(up / down) / (2.0 * step) * error) ** 2
    spread = math.exp(_Z90 * math.sqrt(square))
    return value / spread, value * spread


def _run(values: dict[str, float]) -> tuple[float, float, float]:
    """N, D and C from two of them."""
    factor = kaplan.FLOP_PER_PARAMETER_TOKEN
    if "C" not in values:
        return values["N"], values["D"], factor * values["N"] * values["D"]
    if "N" in values:
        return values["N"], values["C"] / (factor * values["N"]), values["C"]
    return values["C"] / (factor * values["D"]), values["D"], values["C"]


def _row(law: str, quantity: str, value: ArrayLike, unit: str, source: str) -> ScalingRow:
    return ScalingRow(law, quantity, float(np.asarray(value)), unit, source)


def _chinchilla_row(
    law: str, quantity: str, unit: str, constants: chinchilla.Chinchilla, of: Callable[[chinchilla.Chinchilla], ArrayLike]
) -> ScalingRow:
    """A row of one of Chinchilla's sets of constants, with its interval where their errors are printed."""
    low, high = _within(constants, of)
    return ScalingRow(law, quantity, float(np.asarray(of(constants))), unit, constants.source, low, high)


def _of_size(N: float, sets: Sets) -> Iterator[ScalingRow]:
    yield _row("Kaplan, size", "loss, converged on enough data", kaplan.loss_from_size(N), "nats", kaplan.SIZE.source)
    yield _row(
        "Kaplan, data rule", "D, to keep overfitting below 2 %", kaplan.data_rule(N), "tokens", f"{kaplan.PAPER}, eq. 4.4"
    )
    if N < LARGEST_SIZE_WITH_LEARNING_RATE:
        rate = kaplan.learning_rate_for_size(N)
        yield _row("Kaplan, learning rate", "peak rate of Adam", rate, "per step", f"{kaplan.PAPER}, appendix D.6")
    yield _row(
        "Pearce-Song",
        "N with embeddings, if N leaves them out",
        corrections.total_size(N),
        "parameters",
        "arXiv 2406.12907",
    )
    for law, c in sets.items():
        yield _chinchilla_row(
            law, "D, for which N is the best size", "tokens", c, lambda k: chinchilla.optimal_data_for_size(N, k)
        )
        ratio = np.asarray(chinchilla.optimal_data_for_size(N, c)) / N
        yield _row(law, "D / N, at the best D", ratio, "tokens per parameter", c.source)
        yield _chinchilla_row(
            law,
            "C, for which N is the best size",
            "flop",
            c,
            lambda k: kaplan.training_flop(N, chinchilla.optimal_data_for_size(N, k)),
        )
        yield _chinchilla_row(
            law,
            "loss, at N and its best D",
            "nats",
            c,
            lambda k: chinchilla.loss_from_size_and_data(N, chinchilla.optimal_data_for_size(N, k), k),
        )


def _of_data(D: float, sets: Sets) -> Iterator[ScalingRow]:
    yield _row("Kaplan, data", "loss, large model stopped early", kaplan.loss_from_data(D), "nats", kaplan.DATA.source)
    largest = (D / 5e3) ** (1.0 / 0.74)
    yield _row(
        "Kaplan, data rule", "N, up to which overfitting stays below 2 %", largest, "parameters", f"{kaplan.PAPER}, eq. 4.4"
    )
    for law, c in sets.items():
        yield _chinchilla_row(law, "N, the best size for D", "parameters", c, lambda k: chinchilla.optimal_size_for_data(D, k))
        ratio = D / np.asarray(chinchilla.optimal_size_for_data(D, c))
        yield _row(law, "D / N, at the best N", ratio, "tokens per parameter", c.source)
        yield _chinchilla_row(
            law, "C, for both", "flop", c, lambda k: kaplan.training_flop(chinchilla.optimal_size_for_data(D, k), D)
        )
        yield _chinchilla_row(
            law,
            "loss, at D and its best N",
            "nats",
            c,
            lambda k: chinchilla.loss_from_size_and_data(chinchilla.optimal_size_for_data(D, k), D, k),
        )


def _of_compute(C: float, sets: Sets) -> Iterator[ScalingRow]:
    fixed = kaplan.COMPUTE_FIXED_BATCH
    naive = kaplan.loss_from_compute(C, fixed)
    measured, closed = kaplan.measured_allocation(C), kaplan.optimal_allocation(C)
    if np.asarray(naive) > np.asarray(measured.loss):  # below, two fits made apart cross
        yield _row("Kaplan, compute, naive", "loss, batches of 2^19 tokens", naive, "nats", fixed.source)
    for law, best, source, loss_source in (
        ("Kaplan, measured frontier", measured, kaplan.MEASURED_FRONTIER.source, kaplan.COMPUTE.source),
        ("Kaplan, frontier of L(N, S)", closed, f"{kaplan.PAPER}, appendix B, Table 3", f"{kaplan.PAPER}, appendix B"),
    ):
        yield _row(law, "loss, best for C_min", best.loss, "nats", loss_source)
        yield _row(law, "N, best size", best.N, "parameters", source)
        yield _row(law, "B, critical batch size: stay far below", best.batch_size, "tokens", source)
        yield _row(law, "S_min, fewest steps", best.steps, "steps", source)
        yield _row(law, "D, tokens read at small batches", best.D, "tokens", source)
        yield _row(law, "D / N, there", np.asarray(best.D) / np.asarray(best.N), "tokens per parameter", source)
    for law, c in sets.items():
        yield _chinchilla_row(law, "loss, best for C", "nats", c, lambda k: chinchilla.optimal_allocation(C, k).loss)
        yield _chinchilla_row(law, "N, best size", "parameters", c, lambda k: chinchilla.optimal_allocation(C, k).N)
        yield _chinchilla_row(law, "D, best data", "tokens", c, lambda k: chinchilla.optimal_allocation(C, k).D)
        best_of = chinchilla.optimal_allocation(C, c)
        yield _row(
            law, "D / N, at the best of both", np.asarray(best_of.D) / np.asarray(best_of.N), "tokens per parameter", c.source
        )


def _of_loss(loss: float, sets: Sets) -> Iterator[ScalingRow]:
    yield _row("Kaplan, size", "N, converged on enough data", kaplan.size_for_loss(loss), "parameters", kaplan.SIZE.source)
    yield _row("Kaplan, data", "D, large model stopped early", kaplan.data_for_loss(loss), "tokens", kaplan.DATA.source)
    yield _row("Kaplan, compute", "C_min, best size", kaplan.compute_for_loss(loss), "flop", kaplan.COMPUTE.source)
    crit = kaplan.CRITICAL_BATCH
    yield _row("Kaplan, batch", "B, critical batch size", kaplan.critical_batch_size(loss), "tokens", crit.source)
    for law, constants in sets.items():
        C = chinchilla.compute_for_loss(loss, constants)
        reached = isinstance(C, float) and math.isfinite(C)
        best = chinchilla.optimal_allocation(C, constants) if reached else None
        yield _row(law, "C, least compute", C, "flop", constants.source)
        yield _row(law, "N, best size for this loss", best.N if best else math.inf, "parameters", constants.source)
        yield _row(law, "D, best data for this loss", best.D if best else math.inf, "tokens", constants.source)
        if best:
            ratio = np.asarray(best.D) / np.asarray(best.N)
            yield _row(law, "D / N, at the best for this loss", ratio, "tokens per parameter", constants.source)


def _of_run(N: float, D: float, C: float, sets: Sets) -> Iterator[ScalingRow]:
    joint, steps = kaplan.SIZE_DATA.source, f"{kaplan.PAPER}, appendix B, Table 3"
    yield _row("C = 6 N D", "C", C, "flop", f"{kaplan.PAPER}, section 2.1")
    yield _row("C = 6 N D", "D / N", D / N, "tokens per parameter", f"{kaplan.PAPER}, section 2.1")
    yield _row("Kaplan, size and data", "loss, stopped early", kaplan.loss_from_size_and_data(N, D), "nats", joint)
    yield _row("Kaplan, size and data", "overfitting, loss over that of endless data - 1", kaplan.overfitting(N, D), "", joint)
    bound = kaplan.early_stopping_bound(N, D)
    yield _row("Kaplan, size and data", "S_min, before the test loss turns", bound, "steps", f"{kaplan.PAPER}, eq. 5.7")
    by_steps = kaplan.loss_from_size_and_compute(N, C)
    yield _row("Kaplan, size and steps", "loss, C spent at small batches", by_steps, "nats", steps)
    ratio = N / np.asarray(kaplan.optimal_allocation(C).N)
    yield _row("Kaplan, size and steps", "N over the best size for C", ratio, "", steps)
    for law, constants in sets.items():
        loss = chinchilla.loss_from_size_and_data(N, D, constants)
        yield _chinchilla_row(
            law, "loss, of this run", "nats", constants, lambda k: chinchilla.loss_from_size_and_data(N, D, k)
        )
        best = chinchilla.optimal_allocation(C, constants)
        yield _row(law, "N over the best size for C", N / np.asarray(best.N), "", constants.source)
        least = np.asarray(chinchilla.compute_for_loss(loss, constants))
        yield _row(law, "C over the least that reaches this loss", C / least, "", constants.source)


def _of_loss_and_size(loss: float, N: float, sets: Sets) -> Iterator[ScalingRow]:
    joint, steps = kaplan.SIZE_DATA.source, kaplan.SIZE_STEPS.source
    yield _row("Kaplan, size and data", "D, for this loss at N", kaplan.data_for_loss_and_size(loss, N), "tokens", joint)
    yield _row("Kaplan, size and steps", "S_min, for this loss at N", kaplan.steps_for_loss_and_size(loss, N), "steps", steps)
    yield _row("Kaplan, size and steps", "C_min, for this loss at N", kaplan.compute_for_loss_and_size(loss, N), "flop", steps)
    for law, constants in sets.items():
        yield _chinchilla_row(
            law, "D, for this loss at N", "tokens", constants, lambda k: chinchilla.data_for_loss_and_size(loss, N, k)
        )


def _of_loss_and_data(loss: float, D: float, sets: Sets) -> Iterator[ScalingRow]:
    joint = kaplan.SIZE_DATA.source
    yield _row("Kaplan, size and data", "N, for this loss on D", kaplan.size_for_loss_and_data(loss, D), "parameters", joint)
    for law, constants in sets.items():
        yield _chinchilla_row(
            law, "N, for this loss on D", "parameters", constants, lambda k: chinchilla.size_for_loss_and_data(loss, D, k)
        )
