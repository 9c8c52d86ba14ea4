"""What the scaling-law paper (arXiv 2001.08361) says about its own constants, checked as arithmetic on `scaling.kaplan`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from rivervalley.claims.checks import Check, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.kaplan._fits import KAPLAN, slope
from rivervalley.claims.registry import register_claims
from rivervalley.scaling import kaplan
from rivervalley.scaling.kaplan import FRONTIER, PF_DAY, Frontier, Trend

_claim = partial(Claim, status="read", kind="exact")


def _data_rule(_: Setting, times: float = 5.0) -> list[Check]:
    size = np.geomspace(1e6, 1e11, 6)
    grown = kaplan.data_rule(8.0 * size) / kaplan.data_rule(size)
    needed = kaplan.data_against_overfitting(size)
    return [
        worst("data for 8 times the size, over that for the size", times, grown, relative=0.1),
        worst(
            "printed rule over the exact one for a relative 2 %, 5519 N^0.738",
            1.0,
            kaplan.data_rule(size) / needed,
            relative=0.15,
        ),
        worst("overfitting there", 0.02, kaplan.overfitting(size, needed), relative=1e-9),
        worst("the rule, 5e3 N^0.74", 5e3 * size**0.74, kaplan.data_rule(size), relative=1e-12),
        worst(
            "the exact one, from Table 2",
            1.8e13 * (size / 6.4e13) ** (0.076 / 0.103) / (1.02 ** (1 / 0.103) - 1.0),
            needed,
            relative=1e-9,
        ),
    ]


def _doubling(data: kaplan.PowerLaw, _: Setting) -> list[Check]:
    """`data` is the law in D."""
    batches = kaplan.critical_batch_size(3.0 * (1.0 - 0.135)), kaplan.critical_batch_size(3.0)
    return [
        near("loss after doubling D", 0.936, float(kaplan.loss_ratio(2.0, data)), 5e-4, basis="digits"),
        near("loss after doubling N", 0.949, float(kaplan.loss_ratio(2.0, kaplan.SIZE)), 5e-4, basis="digits"),
        near("loss after doubling C_min", 0.966, float(kaplan.loss_ratio(2.0, kaplan.COMPUTE)), 5e-4, basis="digits"),
        worst(
            "the three, from the printed exponents",
            [2.0**-0.095, 2.0**-0.076, 2.0**-0.050],
            [float(kaplan.loss_ratio(2.0, law)) for law in (kaplan.DATA, kaplan.SIZE, kaplan.COMPUTE)],
            relative=1e-12,
        ),
        near(
            "critical batch size after a fall of the loss by 13.5 %",
            0.865 ** (-1 / 0.21),
            float(batches[0] / batches[1]),
            relative=1e-12,
        ),
    ]


def _composed(_: Setting, constants: Frontier | None = None) -> list[Check]:
    budgets = np.geomspace(0.01, 100.0, 5) * PF_DAY
    allocation = kaplan.optimal_allocation_numeric(budgets)
    law = kaplan.frontier_powers(FRONTIER if constants is None else constants)
    stop = FRONTIER.size_steps.alpha_N / FRONTIER.size_steps.alpha_S
    over = np.asarray(allocation.loss) / np.asarray(kaplan.loss_at_infinite_data(allocation.N, kaplan.SIZE_STEPS)) - 1.0
    return [
        near("power of the loss in C: minimised against composed", law.loss, -slope(budgets, allocation.loss), relative=1e-4),
        near("power of the best size in C", law.size, slope(budgets, allocation.N), relative=1e-4),
        near("power of the best batch size in C", law.batch_size, slope(budgets, allocation.batch_size), relative=1e-4),
        near("power of the best steps in C", law.steps, slope(budgets, allocation.steps), relative=1e-4),
        worst("loss over the converged loss, less 1", stop, over, relative=1e-4),
        near("powers of size, batch and steps add up to", 1.0, law.size + law.batch_size + law.steps, absolute=1e-12),
    ]


def _wasteful(_: Setting, constants: Frontier = FRONTIER) -> list[Check]:
    early = kaplan.overtraining_ratios(0.10, 0.02, constants)
    wrong = kaplan.wrong_size_ratios(np.array([0.6, 2.2]), constants)
    return [
        near("compute, stopping at 10 % over 2 %", 0.35, float(early.compute), 0.005, basis="digits as printed"),
        near("size", 2.7, float(early.size), 0.05, basis="digits as printed"),
        near("steps", 0.13, float(early.steps), 0.005, basis="digits as printed"),
        worst(
            "the three, from the printed exponents",
            [
                (1.1 / 1.02) ** (1 / 0.077),
                (11.0 / 51.0) ** (1 / 0.76),
                (1.1 / 1.02) ** (1 / 0.077) * (11.0 / 51.0) ** (1 / 0.76),
            ],
            [float(early.size), float(early.steps), float(early.compute)],
            relative=1e-12,
        ),
        worst(
            "compute at 0.6 and 2.2 times the best size, from the printed exponents",
            [x * (1.0 + 0.76 / 0.077 * (1.0 - x**-0.077)) ** (-1 / 0.76) for x in (0.6, 2.2)],
            wrong.compute,
            relative=1e-12,
        ),
        at_most("compute at 0.6 and 2.2 times the best size", 1.2, float(np.max(wrong.compute)), slack=0.005),
    ]


def _contradiction(_: Setting, data: Trend = kaplan.MEASURED_FRONTIER.D) -> list[Check]:
    at = kaplan.crossing_point(data=data)
    return [
        near("PF-days where the laws meet", 1e4, at.C / PF_DAY, relative=0.15),
        near("loss there, nats per token", 1.7, at.loss, absolute=0.05),
        near("parameters there", 1e12, at.N, relative=0.25),
        near("log10 of the tokens there", 12.0, float(np.log10(at.D)), absolute=1.0),
    ]


_NO_BATCH = replace(FRONTIER, batch=replace(FRONTIER.batch, alpha_B=1e6))
_EQUAL = replace(FRONTIER, size_steps=replace(FRONTIER.size_steps, alpha_S=0.5))

register_claims(
    _claim(
        id="KS-P03",
        section="docs/theory/kaplan.md#1-the-laws-and-their-constants",
        ruling="arithmetic",
        premise="The printed constants of Table 2.",
        breaks="the multiple: six, as a summary prints",
        paper=f"{KAPLAN}, eq 4.4",
        statement="Eight times the model size needs only about five times the data.",
        formula="D >= 5e3 N^0.74; 8^0.74 = 4.66",
        measure=_data_rule,
        control=partial(_data_rule, times=6.0),
        note="Corrected: a summary of the paper prints six, which the control shows to be outside its own formula.",
    ),
    _claim(
        id="KS-P04",
        section="docs/theory/kaplan.md#1-the-laws-and-their-constants",
        ruling="arithmetic",
        premise="The printed exponents.",
        breaks="the table: alpha_D of Table 2, 0.103, in place of Table 5",
        paper=f"{KAPLAN}, eqs 1.1-1.4",
        statement="What doubling each resource does to the loss, and which loss doubles the critical batch size.",
        formula="2^-0.076, 2^-0.095, 2^-0.050; B_crit doubles for every 13 % decrease in loss",
        measure=partial(_doubling, kaplan.DATA),
        control=partial(_doubling, replace(kaplan.DATA, alpha=kaplan.SIZE_DATA.alpha_D)),
    ),
    _claim(
        id="KS-P05",
        section="docs/theory/kaplan.md#6-compute-optimal-training",
        ruling="arithmetic",
        premise="The printed constants of Table 3.",
        breaks="the critical batch: constant",
        paper=f"{KAPLAN}, appendix B",
        statement="Minimising the joint law at fixed compute gives the composed exponents and stops at alpha_N / alpha_S.",
        formula="1/alpha_C = 1/alpha_N + 1/alpha_S + 1/alpha_B",
        measure=_composed,
        control=partial(_composed, constants=_NO_BATCH),
        note="0.0525 and N ~ C^0.68 follow from the constants; the paper prints 0.054 and 0.71, and measured 0.050 and 0.73.",
    ),
    _claim(
        id="KS-P06",
        section="docs/theory/kaplan.md#6-compute-optimal-training",
        ruling="arithmetic",
        premise="The printed constants of Table 3.",
        breaks="the exponent of steps: 0.5",
        paper=f"{KAPLAN}, appendix B.3-B.4",
        statement="Training to convergence wastes compute; sizes from 0.6 to 2.2 times the best cost a fifth more at most.",
        formula="N x 2.7, S x 0.13, C x 0.35 for stopping 10 % rather than 2 % above the converged loss",
        measure=_wasteful,
        control=partial(_wasteful, constants=_EQUAL),
    ),
    _claim(
        id="KS-P07",
        section="docs/theory/kaplan.md#6-compute-optimal-training",
        ruling="arithmetic",
        premise="The printed constants of Tables 5 and 6.",
        breaks="the data trend: eq. 6.7 in place of Table 6",
        paper=f"{KAPLAN}, eqs 6.6-6.8",
        statement="The laws contradict each other near 10^4 PF-days and 10^12 parameters, so they must fail before.",
        formula="L(D(C)) = L(C_min)",
        measure=_contradiction,
        control=partial(_contradiction, data=kaplan.DATA_AT_CRITICAL_BATCH),
        note="The printed point follows from D = 2e10 C^0.27; with eq 6.7's 4e10 C^0.26 (the control) it lies ten times further.",
    ),
)
