"""A callback for lightning.Trainer that watches the run against a law."""

from __future__ import annotations

from typing import Any

from rivervalley.integrations.recorder import Recorder, planned
from rivervalley.laws import Law
from rivervalley.monitoring.watch import WatchReport
from rivervalley.schedules import Schedule

try:
    from lightning.pytorch import Callback
except ImportError:
    raise ImportError("rivervalley.integrations.lightning needs lightning: pip install 'rivervalley[lightning]'") from None


class WatchCallback(Callback):  # type: ignore[misc]  # a class of another library
    """Compares the logged training loss with a law; alarms and, at level INFO, a line each time go to the logger "rivervalley".

        law = rv.laws.load("law.json")
        trainer = Trainer(..., callbacks=[WatchCallback(law, warmup_steps=500)])

    Parameters
    ----------
    law : Law
        Fitted to runs of this configuration, to the loss that is named.
    schedule : Schedule, optional
        The LRs of the whole run; needed where the scheduler is no LambdaLR that steps with every update.
    loss : str
        What the module logs it as.
    warmup_steps : int
        Of the schedule, where it is taken from the scheduler.
    stop_on_divergence : bool
        End the training when the loss diverges or is nan.

    Attributes
    ----------
    report : WatchReport or None
        The last one.
    """

    def __init__(
        self,
        law: Law,
        schedule: Schedule | None = None,
        loss: str = "train_loss",
        warmup_steps: int = 0,
        stop_on_divergence: bool = False,
    ) -> None:
        super().__init__()
        self._recorder = Recorder(law, schedule)
        self._loss, self._warmup, self._stop = loss, warmup_steps, stop_on_divergence

    @property
    def report(self) -> WatchReport | None:
        return self._recorder.report

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        configs = trainer.lr_scheduler_configs
        if self._recorder.schedule is None and configs and configs[0].interval == "step":
            steps = int(trainer.estimated_stepping_batches)
            self._recorder.schedule = planned(configs[0].scheduler, steps, self._warmup)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        value = trainer.callback_metrics.get(self._loss)
        if trainer.is_global_zero and value is not None and trainer.global_step % trainer.log_every_n_steps == 0:
            self._recorder.add(int(trainer.global_step), float(value))
            if self._stop and self._recorder.diverged:
                trainer.should_stop = True
