"""The schedule arena: several schedules at several compute budgets on one landscape, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError, IntArray
from rivervalley.curves.run import Run
from rivervalley.landscapes.base import ExactLandscape, Landscape, require_members
from rivervalley.schedules import Schedule
from rivervalley.simulation.simulate import simulate

# One schedule that passes through every checkpoint, or a function from a budget to the schedule that ends there.
Contender = Schedule | Callable[[int], Schedule]


@dataclass(frozen=True)
class Entry:
    """One schedule at one budget.

    Attributes
    ----------
    name : str
    budget : int
        Updates of compute.
    loss, loss_stderr : float
        0 as the standard error of an exact expectation.
    summed_lr : float
        S: losses at unequal S compare more than shapes.
    steps : int
        Updates on the path to this loss; below the budget where other branches were charged.
    parts : mapping of name to float
    """

    name: str
    budget: int
    loss: float
    loss_stderr: float
    summed_lr: float
    steps: int
    parts: Mapping[str, float]


def contenders(
    checkpoints: Sequence[int], peak_lr: float, decay_fraction: float = 0.1, final_lr: float | None = None
) -> dict[str, Contender]:
    """The schedules that arXiv 2410.05192 compares, for budgets T_1 < T_2 < ..., with inverse decays.

    A decay takes a share of the elapsed steps and ends on a tenth of the peak where `final_lr` is not given.
    "wsd" leaves a trunk at the peak rate for each budget, and its branches cost nothing; "wsd, charged" pays for earlier
    branches with a shorter trunk; "oracle cosine" is a run of its own for each budget.

    >>> sorted(contenders([100, 200], 0.5))
    ['constant', 'cyclic cosine', 'oracle cosine', 'wsd', 'wsd, charged', 'wsd-s']
    """
    budgets = checks.rising_steps("checkpoints", checkpoints, low=1).tolist()
    peak = checks.real("peak_lr", peak_lr, 0.0, open_low=True)
    final = 0.1 * peak if final_lr is None else checks.real("final_lr", final_lr, 0.0, peak)

    def wsd(budget: int) -> Schedule:
        return schedules.wsd(budget, peak, decay_fraction=decay_fraction, decay_shape="inverse", final_lr=final, name="wsd")

    def charged(budget: int) -> Schedule:
        spent = sum(round(decay_fraction * earlier) for earlier in budgets if earlier < budget)
        length = round(decay_fraction * budget)
        return schedules.wsd(
            budget - spent, peak, decay_steps=length, decay_shape="inverse", final_lr=final, name="wsd, charged"
        )

    return {
        "wsd-s": schedules.wsd_s(budgets, peak, decay_fraction=decay_fraction, final_lr=final),
        "wsd": wsd,
        "wsd, charged": charged,
        "oracle cosine": lambda budget: schedules.cosine(budget, peak, final_lr=final, name="oracle cosine"),
        "cyclic cosine": schedules.cyclic_cosine(budgets, peak, final_lr=final),
        "constant": schedules.constant(budgets[-1], peak),
    }


def compare(
    landscape: Landscape,
    schedules: Mapping[str, Contender],
    checkpoints: Sequence[int],
    trajectories: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> list[Entry]:
    """Losses of several schedules at several budgets, by exact expectation or on common noise.

    Parameters
    ----------
    landscape : Landscape
    schedules : dict of name to Schedule or function
        A Schedule is read at each checkpoint on its way; a function gives the schedule that ends at a budget.
    checkpoints : rising update counts
        The budgets.
    trajectories : int
        How many to sample; the exact expectation where not given, if the landscape has one.
    seed, threads : int
        As in simulate. All schedules see the same noise, so their differences are known better than their losses.

    Raises
    ------
    InputError
        If a schedule is shorter than the last budget, or the landscape has no exact expectation and no trajectories are
        asked for.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[0.5], noise_std=0.1)
    >>> for entry in compare(valley, {"constant": rv.schedules.constant(200, 0.1)}, [100, 200]):
    ...     print(entry.name, entry.budget, round(entry.loss, 4))
    constant 100 0.3174
    constant 200 0.2537
    """
    require_members(landscape)
    budgets = checks.rising_steps("checkpoints", checkpoints, low=1)
    if not isinstance(schedules, Mapping) or not schedules:
        raise InputError(f"schedules must be a dictionary of at least one name and schedule, not {checks.show(schedules)}")
    if trajectories is None and not isinstance(landscape, ExactLandscape):
        raise InputError("trajectories must be given: this landscape has no exact expectation")
    entries: list[Entry] = []
    for name, contender in schedules.items():
        if isinstance(contender, Schedule):
            if contender.steps < budgets[-1]:
                raise InputError(f"schedule {name!r} must have at least {int(budgets[-1])} updates, not {contender.steps}")
            path = contender.until(int(budgets[-1]))
            run = _run(landscape, path, budgets, trajectories, seed, threads)
            entries += [_entry(name, run, k, int(budget), path) for k, budget in enumerate(budgets)]
        elif callable(contender):
            for budget in budgets.tolist():
                path = contender(budget)
                if not isinstance(path, Schedule):
                    raise InputError(f"schedule {name!r} must give a Schedule for a budget, not {checks.show(path)}")
                run = _run(landscape, path, np.array([path.steps]), trajectories, seed, threads)
                entries.append(_entry(name, run, 0, budget, path))
        else:
            raise InputError(f"schedule {name!r} must be a Schedule or a function from a budget to one")
    return entries


def table(entries: Sequence[Entry]) -> str:
    """The entries for a terminal: a row for each schedule, loss and S at each budget."""
    budgets = sorted({entry.budget for entry in entries})
    by_place = {(entry.name, entry.budget): entry for entry in entries}
    header = f"{'schedule':<22}" + "".join(f"{f'loss at {budget}':>24}{'S':>9}" for budget in budgets)
    lines = [header]
    for name in dict.fromkeys(entry.name for entry in entries):
        cells = []
        for budget in budgets:
            entry = by_place[name, budget]
            error = f" +- {entry.loss_stderr:.1e}" if entry.loss_stderr > 0 else ""
            cells.append(f"{f'{entry.loss:.5f}{error}':>24}{entry.summed_lr:>9.5g}")
        lines.append(f"{name:<22}" + "".join(cells))
    return "\n".join(lines)


def _run(landscape: Landscape, path: Schedule, at: IntArray, trajectories: int | None, seed: int, threads: int | None) -> Run:
    if trajectories is None and isinstance(landscape, ExactLandscape):
        return landscape.expected(path, record_at=at)
    return simulate(landscape, path, trajectories, seed, threads=threads, record_at=at)


def _entry(name: str, run: Run, k: int, budget: int, path: Schedule) -> Entry:
    steps = int(run.steps[k])
    return Entry(
        name=name,
        budget=budget,
        loss=float(run.loss[k]),
        loss_stderr=float(run.loss_stderr[k]),
        summed_lr=float(path.lr[:steps].sum()),
        steps=steps,
        parts={part: float(values[k]) for part, values in run.components.items()},
    )
