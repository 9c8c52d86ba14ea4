"""Schedules from arrays, functions and files."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rivervalley import _checks, _files
from rivervalley._checks import InputError
from rivervalley.schedules.schedule import Schedule


def from_lr(lr: ArrayLike, warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from its rates, one for each update.

    >>> from_lr([0.1, 0.2, 0.1], warmup_steps=2).steps
    3
    """
    return Schedule(np.asarray(lr), warmup_steps, name or "schedule")


def from_function(function: Callable[[int], float], steps: int, warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule whose rate of update t + 1 is function(t), t = 0 ... steps - 1.

    >>> from_function(lambda t: 0.1 / (1 + t), steps=2).lr.tolist()
    [0.1, 0.05]
    """
    if not callable(function):
        raise InputError(f"function must be callable with an update count, not {_checks.show(function)}")
    steps = _checks.integer("steps", steps, 1)
    lr = [_number(function(t), t) for t in range(steps)]
    return Schedule(np.array(lr), warmup_steps, name or getattr(function, "__name__", "schedule"))


def from_csv(path: str | os.PathLike[str], warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from a CSV file with a column `lr` and one row for each update.

    Where there is a column `step` too, it must count 0, 1, 2, ...: the row of step n holds the rate of the update after
    n others. A loss curve with rows only every k steps is read with rivervalley.read_curve instead.

    Raises
    ------
    InputError
        If the file is missing, has no column `lr`, a cell that is no number, or steps with gaps.
    """
    file = _existing(path)
    with file.open(newline="", encoding="utf-8-sig") as handle:
        rows = csv.reader(line for line in handle if line.strip() and not line.lstrip().startswith("#"))
        header = [cell.strip() for cell in next(rows, [])]
        if "lr" not in header:
            raise InputError(f"{file} must have a column lr, but its columns are {', '.join(header) or 'none'}")
        lr = []
        for number, row in enumerate(rows):
            lr.append(_cell(file, row, header, "lr", number))
            if "step" in header and _cell(file, row, header, "step", number) != number:
                raise InputError(
                    f"{file} must have a row for each update, counted 0, 1, 2, ...; "
                    f"row {number} has step {row[header.index('step')]}"
                )
    if not lr:
        raise InputError(f"{file} must have at least one row below its header")
    return Schedule(np.array(lr), warmup_steps, name or file.stem)


def from_npy(path: str | os.PathLike[str], warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from a .npy file with a one-dimensional array of rates."""
    file = _existing(path)
    try:
        lr = np.load(file, allow_pickle=False)
    except (ValueError, EOFError):
        raise InputError(f"{file} must be a .npy file with an array of numbers") from None
    return Schedule(lr, warmup_steps, name or file.stem)


def load(path: str | os.PathLike[str], warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from a file: .npy by from_npy, anything else by from_csv."""
    read = from_npy if Path(path).suffix == ".npy" else from_csv
    return read(path, warmup_steps, name)


def write_csv(path: str | os.PathLike[str], schedule: Schedule) -> None:
    """Write step,lr rows that from_csv reads back to the last bit; whole or not at all."""
    rows = "".join(f"{t},{rate!r}\n" for t, rate in enumerate(schedule.lr.tolist()))
    _files.write_text(path, "step,lr\n" + rows)


def from_optax(schedule: Callable[[Any], Any], steps: int, warmup_steps: int = 0, name: str | None = None) -> Schedule:
    """A schedule from an optax schedule, or any other function from an update count to a rate: schedule(t), t = 0, 1, ...

    optax counts updates from 0, as here. It computes in float32 unless JAX is told otherwise, so rates carry about seven
    digits.
    """
    if not callable(schedule):
        raise InputError(
            f"schedule must be an optax schedule or another function of the update count, not {_checks.show(schedule)}"
        )
    steps = _checks.integer("steps", steps, 1)
    try:
        values = np.asarray(schedule(np.arange(steps)), dtype=float)
    except Exception:  # a plain Python function need not take arrays
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
        If torch is not installed, or the factory gives no scheduler.
    """
    try:
        import torch
    except ImportError:
        raise InputError("from_torch needs PyTorch, which is not installed: pip install torch") from None
    steps = _checks.integer("steps", steps, 1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=_checks.real("base_lr", base_lr, 0.0))
    scheduler = factory(optimizer)
    if not hasattr(scheduler, "step"):
        raise InputError(f"factory must give a learning-rate scheduler, not {_checks.show(scheduler)}")
    lr = []
    for _ in range(steps):
        lr.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return Schedule(np.array(lr), warmup_steps, name or type(scheduler).__name__)


def _number(value: Any, t: int) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"the function must give a number for every update, not {_checks.show(value)} for {t}") from None


def _existing(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    if not file.is_file():
        raise InputError(f"the schedule's path must name a file, but there is none at {str(path)!r}")
    return file


def _cell(file: Path, row: Sequence[str], header: Sequence[str], column: str, number: int) -> float:
    place = header.index(column)
    text = row[place].strip() if place < len(row) else ""
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{file}: column {column} must hold numbers, but row {number + 1} has {text!r}") from None
