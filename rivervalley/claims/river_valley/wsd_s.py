"""Claims of the river-valley view (arXiv 2410.05192) on whole schedules: decay shapes, WSD-S against WSD and cosine.

Legend: eta the peak rate, S the summed rate, T_k the checkpoints, r = peak / final rate.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rivervalley import schedules, theory
from rivervalley.claims.checks import Check, at_least, near, worst
from rivervalley.claims.claim import Claim
from rivervalley.landscapes import FlatRiver, PowerRiver, RiverValley
from rivervalley.planning.optimal import optimal_cooldown, stationary
from rivervalley.schedules import Schedule
from rivervalley.schedules.shapes import decay
from rivervalley.simulation.compare import Contender, compare, contenders

PAPER = "arXiv 2410.05192"
_claim = partial(Claim, paper=PAPER)

ETA = 0.5
HILLS = np.geomspace(0.02, 1.0, 50)
BUDGETS = [2500, 5000, 10_000]

# Final hill losses after decays of 50, 200 and 1000 steps, stable loss 6.714 (sigma = 1).
_SHAPES = ("inverse", "linear", "cosine", "sqrt", "exponential")
_TABLE = {
    50: {0.1: (2.757, 3.094, 3.156, 2.789, 2.810), 0.01: (4.483, 3.095, 3.339, 2.846, 3.224)},
    200: {0.1: (1.368, 1.822, 1.735, 1.534, 1.486), 0.01: (2.510, 1.720, 1.812, 1.435, 1.550)},
    1000: {0.1: (0.725, 1.030, 0.870, 0.880, 0.814), 0.01: (0.706, 0.777, 0.687, 0.582, 0.430)},
}
_OPTIMUM = {50: 2.673, 200: 1.296, 1000: 0.381}


def _shapes(noise_scale: float) -> list[Check]:
    valley = RiverValley(HILLS, noise_scale, FlatRiver())
    stable = stationary(valley, ETA)
    checks = [near("stable hill loss", 6.714, valley.stationary_hill_loss(ETA), 5e-4)]
    for steps, floors in _TABLE.items():
        best = optimal_cooldown(valley, steps, ETA)
        checks.append(near(f"optimum over all rates, {steps} steps", _OPTIMUM[steps], best.loss, 6e-4))
        for floor, stated in floors.items():
            # The table's rates are those of the middles of the steps, (k + 1/2) / D, where our schedules take (k + 1) / D.
            at = (np.arange(steps) + 0.5) / steps
            losses = []
            for shape in _SHAPES:
                lr = decay(steps, ETA, floor * ETA, shape, positions=at)
                losses.append(valley.expected(Schedule(lr), steps, initial=stable).loss[-1])
            # Stated to three digits after the point: half a unit of the last, and a little.
            checks.append(worst(f"{steps} steps to {floor:g} of the rate, five shapes", stated, losses, 6e-4))
            checks.append(at_least(f"best shape - optimum, {steps} steps", 0.0, min(losses) - best.loss))
    return checks


def _arena(noise_std: float) -> list[Check]:
    valley = RiverValley(HILLS, noise_std, PowerRiver())
    found = {(e.name, e.budget): e for e in compare(valley, contenders(BUDGETS, ETA), BUDGETS)}
    last = BUDGETS[-1]

    def loss(name: str, budget: int = last) -> float:
        return found[name, budget].loss

    # 0.1 % allows for the table's rates in the middle of a step, and its river by gradient flow.
    stated = {
        "wsd-s": (0.09028, 0.07066, 0.05698),
        "wsd": (0.09028, 0.06993, 0.05611),
        "wsd, charged": (0.09028, 0.07091, 0.05730),
        "oracle cosine": (0.09263, 0.07546, 0.06223),
        "cyclic cosine": (0.09263, 0.07643, 0.06260),
        "constant": (0.19864, 0.18537, 0.17483),
    }
    checks = [
        worst(f"losses of {name}", values, [loss(name, budget) for budget in BUDGETS], relative=1e-3)
        for name, values in stated.items()
    ]
    checks += [
        at_least("WSD at equal total compute - WSD-S", 0.0, loss("wsd, charged") - loss("wsd-s")),
        at_least("WSD-S - WSD with free branches", 0.0, loss("wsd-s") - loss("wsd")),
        at_least("oracle cosine - WSD-S", 0.0, loss("oracle cosine") - loss("wsd-s")),
        near("first checkpoints coincide", loss("wsd", 2500), loss("wsd-s", 2500), relative=1e-12),
        at_least("stable plateau / decayed loss", 2.0, loss("constant") / loss("wsd-s")),
    ]
    edge = found["wsd-s", last].summed_lr - found["wsd, charged", last].summed_lr
    reused = 0.1 * ETA * sum(BUDGETS[:-1]) * np.log(10.0) / 9.0
    sums = [found["wsd-s", budget].summed_lr for budget in BUDGETS]
    # The closed forms are integrals; a sum differs by at most half a drop of the rate for each decay.
    half = 0.5 * ETA
    checks += [
        worst("S of WSD-S at each checkpoint", theory.wsd_s_summed_lr(BUDGETS, ETA), sums, 3 * half),
        near("S that WSD-S keeps over WSD: re-used decay progress", reused, edge, 2 * half),
    ]
    return checks


def _matched_cosine(boost: float) -> list[Check]:
    """A cosine whose peak is raised to WSD-S's summed rate: wins the shortest budget, loses the longest."""
    valley = RiverValley(HILLS, np.sqrt(0.02), PowerRiver())
    shown: dict[str, Contender] = {
        "wsd-s": schedules.wsd_s(BUDGETS, ETA),
        "cosine": lambda budget: schedules.cosine(budget, boost * ETA, final_lr=0.1 * boost * ETA),
    }
    found = {(e.name, e.budget): e for e in compare(valley, shown, BUDGETS)}
    ratio = found["cosine", BUDGETS[-1]].summed_lr / found["wsd-s", BUDGETS[-1]].summed_lr
    gap = [found["cosine", budget].loss - found["wsd-s", budget].loss for budget in BUDGETS]
    return [
        near("S of the raised cosine / S of WSD-S", 1.0, ratio, 0.06),
        at_least("WSD-S - raised cosine at the shortest budget", 0.0, -gap[0]),
        at_least("raised cosine - WSD-S at the longest budget", 0.0, gap[-1]),
    ]


CLAIMS = (
    _claim(
        id="RV-17",
        section="docs/theory/river_valley.md#75-shapes-floors-and-lengths",
        ruling="derived here",
        premise="50 hills of curvature 0.02 to 1, stationary at the start; no river.",
        breaks="the noise: 2 % stronger",
        statement="An inverse decay to a tenth is near the optimum in short windows; lower floors pay only in longer ones.",
        formula="final hill loss on 50 hills against the optimum over all rates: 2.673 (50 steps), 1.296 (200), .381 (1000)",
        status="derived",
        kind="exact",
        measure=lambda setting: _shapes(1.0),
        control=lambda setting: _shapes(1.02),
        note="Too low a floor hurts the inverse decay in short windows: it collapses too early.",
    ),
    _claim(
        id="RV-24",
        section="docs/theory/river_valley.md#8-whole-schedules",
        ruling="corrected",
        premise="A river (1 + x)^-1 with 50 hills; inverse decays over a tenth of the budget.",
        breaks="the noise: none",
        correction="WSD-S loses to WSD whose side branches cost nothing; at equal total compute it wins by the re-used decay progress.",
        statement="WSD-S beats WSD at equal total compute, and cosine at every budget; WSD with free branches beats WSD-S.",
        formula="S(WSD-S) - S(WSD, charged) = 0.1 eta sum_{k<K} T_k ln r / (r - 1)",
        status="derived",
        kind="asymptotic",
        measure=lambda setting: _arena(np.sqrt(0.02)),
        control=lambda setting: _arena(0.0),
        note="The edge of WSD-S over WSD is the re-used decay progress, small by construction.",
    ),
    _claim(
        id="RV-25",
        section="docs/theory/river_valley.md#8-whole-schedules",
        ruling="derived here",
        premise="The landscape of RV-24.",
        breaks="the equal cumulative LR: equal peaks instead",
        statement="At equal summed rate a cosine with a raised peak wins the shortest budget and loses the longest.",
        formula="cosine at 1.5 eta: S within 6 % of WSD-S at 10,000 steps",
        status="derived",
        kind="exact",
        measure=lambda setting: _matched_cosine(1.5),
        control=lambda setting: _matched_cosine(1.0),
        note="The average rate confounds such comparisons: S belongs next to every loss.",
    ),
)
