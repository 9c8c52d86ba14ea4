"""What each scaling law says for a given size, data, compute or loss, as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
        Infinite where no amount is enough.
    """

    law: str
    quantity: str
    value: float
    unit: str
    source: str


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
    >>> for row in scaling_table(N=1e9, D=2e10)[:3]:
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
    for name, rows_of in (("N", _of_size), ("D", _of_data), ("C", _of_compute), ("loss", _of_loss)):
        if name in values:
            rows += rows_of(values[name], sets)
    if len(values.keys() & {"N", "D", "C"}) == 2:
        rows += _of_run(*_run(values), sets)
    if {"N", "loss"} <= values.keys():
        rows += _of_loss_and_size(values["loss"], values["N"], sets)
    if {"D", "loss"} <= values.keys():
        rows += _of_loss_and_data(values["loss"], values["D"], sets)
    return rows


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
    for law, constants in sets.items():
        D = chinchilla.optimal_data_for_size(N, constants)
        yield _row(law, "D, for which N is the best size", D, "tokens", constants.source)
        yield _row(law, "C, for which N is the best size", kaplan.training_flop(N, D), "flop", constants.source)
        yield _row(
            law, "loss, at N and its best D", chinchilla.loss_from_size_and_data(N, D, constants), "nats", constants.source
        )


def _of_data(D: float, sets: Sets) -> Iterator[ScalingRow]:
    yield _row("Kaplan, data", "loss, large model stopped early", kaplan.loss_from_data(D), "nats", kaplan.DATA.source)
    largest = (D / 5e3) ** (1.0 / 0.74)
    yield _row(
        "Kaplan, data rule", "N, up to which overfitting stays below 2 %", largest, "parameters", f"{kaplan.PAPER}, eq. 4.4"
    )
    for law, constants in sets.items():
        N = chinchilla.optimal_size_for_data(D, constants)
        yield _row(law, "N, the best size for D", N, "parameters", constants.source)
        yield _row(law, "C, for both", kaplan.training_flop(N, D), "flop", constants.source)
        yield _row(
            law, "loss, at D and its best N", chinchilla.loss_from_size_and_data(N, D, constants), "nats", constants.source
        )


def _of_compute(C: float, sets: Sets) -> Iterator[ScalingRow]:
    fixed = kaplan.COMPUTE_FIXED_BATCH
    naive = kaplan.loss_from_compute(C, fixed)
    measured, closed = kaplan.measured_allocation(C), kaplan.optimal_allocation(C)
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
    for law, constants in sets.items():
        best_of = chinchilla.optimal_allocation(C, constants)
        yield _row(law, "loss, best for C", best_of.loss, "nats", constants.source)
        yield _row(law, "N, best size", best_of.N, "parameters", constants.source)
        yield _row(law, "D, best data", best_of.D, "tokens", constants.source)


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
        yield _row(law, "loss, of this run", loss, "nats", constants.source)
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
        D = chinchilla.data_for_loss_and_size(loss, N, constants)
        yield _row(law, "D, for this loss at N", D, "tokens", constants.source)


def _of_loss_and_data(loss: float, D: float, sets: Sets) -> Iterator[ScalingRow]:
    joint = kaplan.SIZE_DATA.source
    yield _row("Kaplan, size and data", "N, for this loss on D", kaplan.size_for_loss_and_data(loss, D), "parameters", joint)
    for law, constants in sets.items():
        N = chinchilla.size_for_loss_and_data(loss, D, constants)
        yield _row(law, "N, for this loss on D", N, "parameters", constants.source)
