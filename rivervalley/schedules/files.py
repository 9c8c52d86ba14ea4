"""Schedules from arrays, functions and files."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.schedules.export import needed
from rivervalley.schedules.registry import SCHEDULES
from rivervalley.schedules.schedule import MAX_STEPS, Schedule


@SCHEDULES.add("from_lr", "from_lr([0.1, 0.1, 0.05])", "the LR of every update")
def from_lr(lr: ArrayLike, warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from its rates, one for each update.

    >>> from_lr([0.1, 0.2, 0.1], warmup_steps=2).steps
    3
    """
    return Schedule(lr, warmup_steps, name or "schedule")  # type: ignore[arg-type]


def from_function(function: Callable[[int], float], steps: int, warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule whose rate of update t + 1 is function(t), t = 0 ... steps - 1.

    >>> from_function(lambda t: 0.1 / (1 + t), steps=2).lr.tolist()
    [0.1, 0.05]
    """
    if not callable(function):
        raise InputError(f"function must be callable with an update count, not {checks.show(function)}")
    steps = checks.integer("steps", steps, 1, MAX_STEPS)
    lr = [_number(function(t), t) for t in range(steps)]
    return Schedule(np.array(lr), warmup_steps, name or str(getattr(function, "__name__", "schedule")))


@SCHEDULES.add("from_csv", 'from_csv("run.csv", warmup_steps=200)', "the column lr of a file, a row for each update")
def from_csv(path: str | os.PathLike[str], warmup_steps: int | None = None, name: str | None = None) -> Schedule:
    """A schedule from a CSV file with a column `lr` and one row for each update.

    Where there is a column `step` too, it must count 0, 1, 2, ...: the row of step n holds the rate of the update after
    n others. A loss curve with rows only every k steps is read with rivervalley.read_curve instead. Where there are columns
    `step` and `loss`, the file is the log of a run, whose last row comes after the last update: its rate is left out. A
    column `warmup_steps` stands in for the argument; other columns are ignored.

    Raises
    ------
    InputError
        If the file cannot be read, has no column `lr`, a cell that is no number, or steps with gaps.
    """
    file = _existing(path)
    header, rows = _rows(file)
    if "lr" not in header:
        raise InputError(f"{file} must have a column lr, but its columns are {', '.join(header) or 'none'}")
    if not rows:
        raise InputError(f"{file} must have at least one row below its header")
    lr = [_cell(file, row, header, "lr", number) for number, row in enumerate(rows)]
    if "step" in header:
        for number, row in enumerate(rows):
            if _cell(file, row, header, "step", number) != number:
                raise InputError(
                    f"{file} must have a row for each update, counted 0, 1, 2, ...; "
                    f"row {number + 1} has step {row[header.index('step')]}"
                )
        if "loss" in header and len(lr) < 2:
            raise InputError(f"{file} must reach beyond step 0: the last row of a run's log comes after its last update")
        lr = lr[:-1] if "loss" in header else lr
    if warmup_steps is None:
        warmup_steps = _logged_warmup(file, header, rows)
    return Schedule(np.array(lr), warmup_steps, name or file.stem)


@SCHEDULES.add("from_npy", 'from_npy("lr.npy")', "an array of a file")
def from_npy(path: str | os.PathLike[str], warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from a .npy file with a one-dimensional array of rates."""
    file = _existing(path)
    try:
        lr = np.load(file, allow_pickle=False)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError):
        lr = None
    if not isinstance(lr, np.ndarray):
        raise InputError(f"{file} must be a .npy file with an array of numbers")
    return Schedule(lr, warmup_steps, name or file.stem)


def load(path: str | os.PathLike[str], warmup_steps: int | None = None, name: str | None = None) -> Schedule:
    """A schedule from a file: .npy by from_npy, anything else by from_csv."""
    file = _existing(path)
    if file.suffix.lower() == ".npy":
        return from_npy(file, 0 if warmup_steps is None else warmup_steps, name)
    return from_csv(file, warmup_steps, name)


def write_csv(path: str | os.PathLike[str], schedule: Schedule) -> None:
    """Write a schedule as `Schedule.to_csv` does."""
    if not isinstance(schedule, Schedule):
        raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
    schedule.to_csv(path)


def from_optax(schedule: Callable[[Any], Any], steps: int, warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from an optax schedule, or any other function from an update count to a rate: schedule(t), t = 0, 1, ...

    optax counts updates from 0, as here. It computes in float32 unless JAX is told otherwise, so rates carry about seven
    digits. All counts are evaluated at once by jax.vmap where the function can be traced, else one by one.
    """
    if not callable(schedule):
        raise InputError(
            f"schedule must be an optax schedule or another function of the update count, not {checks.show(schedule)}"
        )
    steps = checks.integer("steps", steps, 1, MAX_STEPS)
    try:
        import jax

        # Not schedule(counts): optax's interpolated schedules take an array of counts for something else.
        values = np.asarray(jax.vmap(schedule)(jax.numpy.arange(steps)), dtype=float)
    except Exception:  # no JAX, or a function that it cannot trace
        values = np.empty(0)
    if values.shape != (steps,):
        values = np.array([_number(schedule(t), t) for t in range(steps)])
    return Schedule(values, warmup_steps, name or "optax")


def from_torch(
    factory: Callable[[Any], Any], steps: int, base_lr: float = 1.0, warmup_steps: int = 0, name: str | None = None
) -> Schedule:
    """A schedule from a PyTorch LR scheduler, stepped on a dummy parameter.

    Parameters
    ----------
    factory : function from an optimizer to a scheduler
        Such as `lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=1000)`.
    steps : int
    base_lr : float
        Rate of the dummy SGD optimizer that the factory is given.

    Raises
    ------
    InputError
        If torch is not installed, or the factory gives no scheduler, or one that cannot make so many steps.
    """
    if not callable(factory):
        raise InputError(f"factory must be callable with an optimizer, not {checks.show(factory)}")
    steps = checks.integer("steps", steps, 1, MAX_STEPS)
    base_lr = checks.real("base_lr", base_lr, 0.0)
    torch = needed("torch", "from_torch", "PyTorch")
    # Momentum, because some schedulers move it too and refuse an optimizer without.
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base_lr, momentum=0.9)
    scheduler = factory(optimizer)
    if not hasattr(scheduler, "step"):
        raise InputError(f"factory must give a learning-rate scheduler, not {checks.show(scheduler)}")
    lr = np.empty(steps)
    for t in range(steps):
        lr[t] = float(optimizer.param_groups[0]["lr"])
        if t + 1 == steps:
            break
        optimizer.step()
        try:
            scheduler.step()
        except Exception as error:
            raise InputError(f"the scheduler must make {steps} steps, but failed at step {t + 1}: {error}") from error
    return Schedule(lr, warmup_steps, name or type(scheduler).__name__)


def _number(value: Any, t: int) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"the function must give a number for every update, not {checks.show(value)} for {t}") from None


def _existing(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"the schedule's path must be text or a path, not {checks.show(path)}")
    file = Path(path)
    if not file.is_file():
        raise InputError(f"the schedule's path must name a file, but there is none at {str(path)!r}")
    return file


def _rows(file: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file, without those that are blank or begin with #."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = (line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#"))
        rows = list(csv.reader(lines))
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{file} must be a CSV file in UTF-8, but is not ({error.reason})") from None
    except csv.Error as error:
        raise InputError(f"{file} must be a CSV file, but is not ({error})") from None
    return ([cell.strip().lower() for cell in rows[0]], rows[1:]) if rows else ([], [])


def _logged_warmup(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The one value of the column warmup_steps; 0 where there is no such column."""
    if "warmup_steps" not in header:
        return 0
    values = {_cell(file, row, header, "warmup_steps", number) for number, row in enumerate(rows)}
    value = values.pop()
    if values or not (value.is_integer() and value >= 0):
        raise InputError(f"{file}: column warmup_steps must hold one whole number, the same in every row")
    return int(value)


def _cell(file: Path, row: Sequence[str], header: Sequence[str], column: str, number: int) -> float:
    place = header.index(column)
    text = row[place].strip() if place < len(row) else ""
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{file}: column {column} must hold numbers, but row {number + 1} has {checks.show(text)}") from None
