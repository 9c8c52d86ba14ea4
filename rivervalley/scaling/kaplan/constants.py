"""The constants of Kaplan et al. (arXiv 2001.08361), each set as its table prints it.

The tables differ: N_c is 8.8e13 in Table 5, 6.4e13 in Table 2 and 6.5e13 in Table 3, because each was fitted together with
other constants. A set is used whole. Scale constants depend on tokenizer and vocabulary; the exponents are the content.

N counts non-embedding parameters, D and B tokens, S optimiser steps, C flop; losses are nats per token.
"""

# ruff: noqa: N815 - fields carry the paper's symbols
from __future__ import annotations

from dataclasses import dataclass

from rivervalley.scaling._arguments import check_constants

PF_DAY = 8.64e19  # flop of a petaflop-day
FLOP_PER_PARAMETER_TOKEN = 6.0  # C = 6 N D: forward and backward pass (section 2.1)

PAPER = "arXiv 2001.08361"


@dataclass(frozen=True)
class PowerLaw:
    """loss = (scale / x)^alpha, with the scale in the unit of x."""

    alpha: float
    scale: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        check_constants(self)


@dataclass(frozen=True)
class Trend:
    """A measured best choice: value = at_one_pf_day * (C_min / PF-day)^power."""

    at_one_pf_day: float
    power: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        check_constants(self)


@dataclass(frozen=True)
class BatchLaw:
    """B_crit = B_star / loss^(1 / alpha_B); alpha_B = inf makes it a constant. B_star in tokens."""

    B_star: float
    alpha_B: float
    source: str

    def __post_init__(self) -> None:
        check_constants(self, infinite=("alpha_B",))


@dataclass(frozen=True)
class SizeData:
    """loss(N, D) = [(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D (eq. 1.5)."""

    alpha_N: float
    alpha_D: float
    N_c: float
    D_c: float
    source: str

    def __post_init__(self) -> None:
        check_constants(self)


@dataclass(frozen=True)
class SizeSteps:
    """loss(N, S_min) = (N_c / N)^alpha_N + (S_c / S_min)^alpha_S (eq. 1.6)."""

    alpha_N: float
    alpha_S: float
    N_c: float
    S_c: float
    source: str

    def __post_init__(self) -> None:
        check_constants(self)


@dataclass(frozen=True)
class Frontier:
    """What the compute-optimal frontier follows from (appendix B): a law of size and steps and one of the critical batch.

    `flop_factor` is flop per parameter and token; 1 where compute is counted as N * B * S.
    """

    size_steps: SizeSteps
    batch: BatchLaw
    flop_factor: float = FLOP_PER_PARAMETER_TOKEN

    def __post_init__(self) -> None:
        check_constants(self)


@dataclass(frozen=True)
class MeasuredFrontier:
    """Fitted best choices against C_min; `batch_size` is a bound from above, `S_min` one from below."""

    N: Trend
    batch_size: Trend
    S_min: Trend
    D: Trend
    source: str


# Table 5: one resource limits, the others do not.
SIZE = PowerLaw(0.076, 8.8e13, "parameters", f"{PAPER}, eq. 1.1, Table 5")
DATA = PowerLaw(0.095, 5.4e13, "tokens", f"{PAPER}, eq. 1.2, Table 5")
COMPUTE_FIXED_BATCH = PowerLaw(0.057, 1.6e7 * PF_DAY, "flop", f"{PAPER}, Table 5, batches of 2^19 tokens: not optimal")
COMPUTE = PowerLaw(0.050, 3.1e8 * PF_DAY, "flop", f"{PAPER}, eq. 1.3, Table 5")

CRITICAL_BATCH = BatchLaw(2e8, 0.21, f"{PAPER}, eq. 1.4")
CRITICAL_BATCH_TABLE_5 = BatchLaw(2.1e8, 0.21, f"{PAPER}, Table 5")

SIZE_DATA = SizeData(0.076, 0.103, 6.4e13, 1.8e13, f"{PAPER}, Table 2")
SIZE_STEPS = SizeSteps(0.077, 0.76, 6.5e13, 2.1e3, f"{PAPER}, Table 3")

FRONTIER = Frontier(SIZE_STEPS, CRITICAL_BATCH)

TABLE_6 = f"{PAPER}, Table 6"
MEASURED_FRONTIER = MeasuredFrontier(
    N=Trend(1.3e9, 0.73, "parameters", TABLE_6),
    batch_size=Trend(2.0e6, 0.24, "tokens", TABLE_6),
    S_min=Trend(5.4e3, 0.03, "steps", TABLE_6),
    D=Trend(2e10, 0.27, "tokens", TABLE_6),
    source=TABLE_6,
)
# Twice the data of Table 6: what training at the critical batch size reads.
DATA_AT_CRITICAL_BATCH = Trend(4e10, 0.26, "tokens", f"{PAPER}, eq. 6.7")

FIXED_BATCH_TOKENS = 2**19  # 512 sequences of 1024 tokens, the batch of the paper's runs
SEED_SPREAD = 0.02  # spread of the loss between seeds (eq. 4.4), taken as relative here
