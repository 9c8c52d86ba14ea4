"""The losses of a run as callbacks hear of them, watched against a law."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.laws import Law
from rivervalley.monitoring.report import as_line, sentence
from rivervalley.monitoring.watch import WatchReport, watch
from rivervalley.schedules import Schedule

LOGGER = logging.getLogger("rivervalley")


class Recorder:
    """Losses so far; says once on the logger "rivervalley" what each alarm is.

    Attributes
    ----------
    report : WatchReport or None
        The last one; None during the warm-up.
    """

    def __init__(self, law: Law, schedule: Schedule | None) -> None:
        if not isinstance(law, Law) or law.result is None:
            raise InputError(f"law must be a fitted law, not {checks.show(law)}")
        if schedule is not None and not isinstance(schedule, Schedule):
            raise InputError(f"schedule must be a Schedule, not {checks.show(schedule)}")
        self.law, self.schedule = law, schedule
        self.losses: dict[int, float] = {}
        self.report: WatchReport | None = None
        self._said: set[tuple[str, int]] = set()

    def add(self, step: int, loss: float) -> WatchReport | None:
        """The loss after `step` updates; readings of a run that was resumed from an earlier step take the place of later ones."""
        if self.schedule is None:
            raise InputError("schedule must be given, as the trainer's own LR scheduler does not tell the LRs to come")
        self.losses = {n: value for n, value in self.losses.items() if n < step} | {step: loss}
        finite = {n: value for n, value in self.losses.items() if math.isfinite(value) and n >= self.schedule.warmup_steps}
        if not finite or not 1 <= step <= self.schedule.steps:
            return self.report
        lost = np.array([n for n, value in self.losses.items() if not math.isfinite(value)], dtype=np.int64)
        curve = LossCurve(np.array(list(finite)), np.array(list(finite.values())), self.schedule, "run", nonfinite_steps=lost)
        self.report = watch(self.law, curve)
        for alarm in self.report.active_alarms:
            if (alarm.kind, alarm.first_step) not in self._said:
                self._said.add((alarm.kind, alarm.first_step))
                LOGGER.warning("ALARM: %s", sentence(alarm))
        LOGGER.info(as_line(self.report))
        return self.report

    @property
    def diverged(self) -> bool:
        """Whether the loss diverges or is not finite."""
        active = () if self.report is None else self.report.active_alarms
        return any(alarm.kind in ("divergence", "not finite") for alarm in active)


def planned(scheduler: Any, steps: int, warmup_steps: int) -> Schedule | None:
    """The LRs of a whole run from PyTorch's LambdaLR, which tells those to come; None of another scheduler."""
    inner = getattr(scheduler, "scheduler", scheduler)  # accelerate wraps it
    factors, bases = getattr(inner, "lr_lambdas", None), getattr(inner, "base_lrs", None)
    if not factors or not bases or steps < 1:
        return None
    lr = np.array([float(bases[0]) * float(factors[0](t)) for t in range(steps)])
    return Schedule(lr, min(warmup_steps, steps), "trainer")
