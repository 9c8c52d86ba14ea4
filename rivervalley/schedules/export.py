"""Schedules for the training libraries. Each library is imported when its function is called, never before."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import InputError

if TYPE_CHECKING:
    from rivervalley.schedules.schedule import Schedule


def to_torch(schedule: Schedule, optimizer: Any) -> Any:
    """A LambdaLR that gives every parameter group of a PyTorch optimizer the LRs of a schedule; see `Schedule.to_torch`."""
    torch = needed("torch", "to_torch", "PyTorch")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise InputError(f"optimizer must be a PyTorch optimizer, not {checks.show(optimizer)}")
    groups = optimizer.param_groups
    if any(float(group["lr"]) != float(groups[0]["lr"]) for group in groups):
        rates = ", ".join(f"{float(group['lr']):g}" for group in groups)
        raise InputError(f"optimizer must have the same LR in all parameter groups, which get the schedule's, not {rates}")
    # LambdaLR multiplies `initial_lr` by what the function returns: with 1 the LRs are exact.
    for group in groups:
        group["initial_lr"] = 1.0
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(1.0)
        else:
            group["lr"] = 1.0
    lr, last = schedule.lr, schedule.steps - 1
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: float(lr[min(step, last)]))


def to_transformers(schedule: Schedule, optimizer: Any) -> tuple[Any, Any]:
    """(optimizer, scheduler) for the `optimizers` of a transformers Trainer; see `Schedule.to_transformers`."""
    return optimizer, to_torch(schedule, optimizer)


def to_optax(schedule: Schedule) -> Callable[[Any], Any]:
    """A function from an update count to the LR, for optax and for jax.jit; see `Schedule.to_optax`."""
    jnp = needed("jax.numpy", "to_optax", "JAX", "jax")
    lr = jnp.asarray(np.asarray(schedule.lr))
    last = schedule.steps - 1

    def rate(count: Any) -> Any:
        return lr[jnp.clip(count, 0, last)]

    return rate


def needed(module: str, function: str, library: str, package: str | None = None) -> Any:
    """A module of another library, or an InputError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f"{function} needs {library}, which is not installed: pip install {package or module}") from None
