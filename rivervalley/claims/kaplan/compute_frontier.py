"""Claims of compute-optimal training (arXiv 2001.08361, section 6 and appendix B): which size, steps and batch a budget buys.

Legend: C = N B S, compute without the factor 6; alpha_N = b - 1, alpha_S = (b - 1) / a.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.kaplan import _twin
from rivervalley.claims.kaplan._fits import KAPLAN, SETS, slope, vertex
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import PowerLaw
from rivervalley.landscapes.regression.constant_rate import ConstantRate
from rivervalley.scaling import kaplan

_claim = partial(Claim, paper=KAPLAN, status="derived", kind="asymptotic")


# KS-09: at a fixed batch size and rate.


def _frontier(sizes: FloatArray, loss: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Best size and loss at each budget, from loss[N, C]."""
    size, best = np.array([vertex(sizes, np.log(loss[:, k])) for k in range(loss.shape[1])]).T
    return size, np.exp(best)


def _powers(
    label: str, sizes: FloatArray, loss: FloatArray, budgets: FloatArray, size_power: float, loss_power: float
) -> list[Check]:
    size, best = _frontier(sizes, loss)
    return [
        near(f"power of the best size in C, {label}", size_power, slope(budgets, size), relative=0.01),
        near(f"power of the loss in C, {label}", -loss_power, slope(budgets, best), relative=0.01),
    ]


def _optimal(_: Setting, lr_power: float = 0.0) -> list[Check]:
    """With lr_power above 0 larger models train at a lower LR, N^-lr_power."""
    checks = []
    budgets = np.geomspace(3e3, 3e6, 7)
    sizes = np.unique(np.geomspace(4, 3000, 80).round())
    for a, b in (*SETS, (1.2, 1.6), (2.0, 1.5)):
        loss = np.array([PowerLaw(int(n), a, b).gradient_flow(budgets / n ** (1.0 + lr_power)) for n in sizes])
        checks += _powers(f"noiseless, a = {a}, b = {b}", sizes, loss, budgets, 1.0 / (1.0 + a), (b - 1.0) / (1.0 + a))
    if lr_power == 0.0:
        checks += _independent_powers() + _noisy_powers()
    return checks


def _independent_powers() -> list[Check]:
    checks = []
    budgets, sizes = np.geomspace(1e6, 1e10, 7), np.unique(np.geomspace(10, 1e9, 200).round())
    for size_power, steps_power, a in ((0.076, 0.76, 1.5), (0.34, 0.5, 1.4), (0.5, 1.0, 1.5), (0.75, 0.5, 1.3)):
        loss = np.array(
            [
                PowerLaw.size_independent(int(n), size_power, steps_power, a, modes=10**9).gradient_flow(budgets / n)
                for n in sizes
            ]
        )
        both = size_power + steps_power
        label = f"size-independent spectrum, alpha_N = {size_power:g}, alpha_S = {steps_power:g}"
        checks += _powers(label, sizes, loss, budgets, steps_power / both, size_power * steps_power / both)
    return checks


def _noisy_powers() -> list[Check]:
    """The exact expectation of SGD at batch size 16 and a constant LR."""
    checks = []
    at = np.array([10, 100, 1000])
    written = _twin.moments(1.5, 2.0, 64, np.full(1000, 0.5), 16, 0.3)[at - 1]
    solved = PowerLaw(64, 1.5, 2.0, 0.3**0.5, 16).constant_rate(0.5).excess(at)
    checks.append(
        worst(
            "the package's solution at a constant LR, recursion written out",
            written,
            solved,
            relative=1e-6,
            basis="bins of modes",
        )
    )
    budgets, sizes = np.geomspace(1e5, 3e7, 6), np.unique(np.geomspace(6, 1500, 40).round())
    for a, b in SETS:
        loss = np.array(
            [PowerLaw(int(n), a, b, bin_ratio=1.3).constant_rate(0.5, 16).excess(budgets / (16 * n)) for n in sizes]
        )
        checks += _powers(f"SGD, B = 16, a = {a}, b = {b}", sizes, loss, budgets, 1.0 / (1.0 + a), (b - 1.0) / (1.0 + a))
    return checks


# KS-10: with the batch size chosen too.


def _with_batch(a: float, b: float, budgets: FloatArray, label_variance: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Best size, batch size and loss at each budget, SGD at the largest rate 1 / lambda_1 with label noise.

    The loss depends on rate and batch by their ratio alone once t = eta S is given, so that the rate need not be searched.
    """
    sizes, batches = np.unique(np.geomspace(4, 40_000, 24).round()), np.geomspace(2, 200_000, 20)
    loss = np.full((sizes.size, batches.size, budgets.size), np.inf)
    for i, n in enumerate(sizes):
        m = PowerLaw(int(n), a, b, label_noise_std=label_variance**0.5, bin_ratio=1.5)
        for k, batch in enumerate(batches):
            solved = ConstantRate.solve(m.eigenvalues, m.signal, m.multiplicity, m.floor, m.label_variance, 1.0, batch)
            if solved.nu.min() > 0.0:
                loss[i, k] = np.log(solved.excess(budgets / (n * batch)))
    found = []
    for c in range(budgets.size):
        rows = np.array([vertex(batches, loss[i, :, c]) for i in range(sizes.size)])
        size, best = vertex(sizes, rows[:, 1])
        found.append((size, np.exp(np.interp(np.log(size), np.log(sizes), np.log(rows[:, 0]))), np.exp(best)))
    size, batch, best = np.array(found).T
    return size, batch, best


def _frontier_of(size_power: float, steps_power: float) -> kaplan.Frontier:
    """The paper's frontier with other exponents and alpha_B = 1."""
    steps = replace(kaplan.SIZE_STEPS, alpha_N=size_power, alpha_S=steps_power)
    return replace(kaplan.FRONTIER, size_steps=steps, batch=replace(kaplan.CRITICAL_BATCH, alpha_B=1.0))


def _composition(setting: Setting, label_variance: float = 1.0) -> list[Check]:
    at = np.array([1, 30, 300])
    written = _twin.moments(1.5, 2.0, 40, np.full(300, 1.0), 40, 1.0)[at - 1]
    solved = ConstantRate.solve(
        np.arange(1.0, 41.0) ** -1.5,
        np.arange(1.0, 41.0) ** -2.0,
        np.ones(40),
        _twin.floor(2.0, 40),
        1.0,
        1.0,
        40,
    )
    checks = []
    budgets = np.geomspace(1e8, 1e13, 6)
    for a, b in SETS[:2] if setting.quick else SETS:
        size, batch, loss = _with_batch(a, b, budgets, label_variance)
        law = kaplan.frontier_powers(_frontier_of(b - 1.0, (b - 1.0) / a))
        steps = budgets / (size * batch)
        for what, power, values, allowed in (
            ("loss", -law.loss, loss, 0.02),
            ("best size", law.size, size, 0.03),
            ("best steps", law.steps, steps, 0.04),
            ("best batch size", law.batch_size, batch, 0.08),
        ):
            checks.append(near(f"power of the {what} in C, a = {a}, b = {b}", power, slope(budgets, values), relative=allowed))
    return [
        *checks,
        worst("SGD at a constant LR with label noise, recursion written out", written, solved.excess(at), relative=1e-8),
    ]


register_claims(
    _claim(
        id="KS-09",
        section="docs/theory/kaplan.md#6-compute-optimal-training",
        ruling="confirmed within the model",
        premise="Fixed batch size and LR.",
        breaks="the fixed LR: it falls as N^-0.5",
        statement="At a fixed batch size the compute-optimal size, steps and loss are power laws of the budget.",
        formula="N ~ C^(alpha_S / (alpha_N + alpha_S)), L ~ C^(-1 / (1/alpha_N + 1/alpha_S))",
        measure=_optimal,
        control=partial(_optimal, lr_power=0.5),
        note="The same powers in both worlds, though the laws in N and S differ.",
    ),
    _claim(
        id="KS-10",
        section="docs/theory/kaplan.md#6-compute-optimal-training",
        ruling="confirmed within the model",
        premise="Constant LR, tuned, with label noise.",
        breaks="the label noise: none",
        statement="With the batch size chosen too, the exponents of size, steps and batch add up in inverses.",
        formula="1/alpha_C = 1/alpha_N + 1/alpha_S + 1/alpha_B; N, S, B ~ C^(alpha_C / alpha_N, _S, _B)",
        measure=_composition,
        control=partial(_composition, label_variance=0.0),
        note="alpha_B = 1 in the excess loss for a tuned constant rate and label noise. Without label noise (the control) the "
        "critical batch does not grow and the composition loses its third term.",
    ),
)
