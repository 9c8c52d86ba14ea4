"""A callback for transformers.Trainer that watches the run against a law."""

from __future__ import annotations

from typing import Any

from rivervalley.integrations.recorder import Recorder, planned
from rivervalley.laws import Law
from rivervalley.monitoring.watch import WatchReport
from rivervalley.schedules import Schedule

try:
    from transformers import TrainerCallback
except ImportError:
    raise ImportError(
        "rivervalley.integrations.transformers needs transformers: pip install 'rivervalley[transformers]'"
    ) from None


class WatchCallback(TrainerCallback):  # type: ignore[misc]  # a class of another library
    """Compares every logged loss with a law; alarms and, at level INFO, a line each time go to the logger "rivervalley".

        law = rv.laws.load("law.json")
        trainer = Trainer(..., callbacks=[WatchCallback(law)])

    Parameters
    ----------
    law : Law
        Fitted to runs of this configuration, to the loss that is named.
    schedule : Schedule, optional
        The LRs of the whole run; needed where the trainer's scheduler is no LambdaLR.
    loss : str
        Which logged number: "loss", the mean since the last logging, or "eval_loss".
    stop_on_divergence : bool
        End the training when the loss diverges or is nan.

    Attributes
    ----------
    report : WatchReport or None
        The last one.
    """

    def __init__(
        self, law: Law, schedule: Schedule | None = None, loss: str = "loss", stop_on_divergence: bool = False
    ) -> None:
        self._recorder = Recorder(law, schedule)
        self._loss, self._stop = loss, stop_on_divergence

    @property
    def report(self) -> WatchReport | None:
        return self._recorder.report

    def on_train_begin(self, args: Any, state: Any, control: Any, **objects: Any) -> None:
        if self._recorder.schedule is None:
            warmup = args.get_warmup_steps(state.max_steps)
            self._recorder.schedule = planned(objects.get("lr_scheduler"), state.max_steps, warmup)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **objects: Any) -> None:
        if state.is_world_process_zero and logs and self._loss in logs:
            self._recorder.add(state.global_step, float(logs[self._loss]))
            if self._stop and self._recorder.diverged:
                control.should_training_stop = True
