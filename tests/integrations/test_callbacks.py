"""The callbacks in tiny training runs of the real libraries: what they saw is what the run was, and nan stops it."""

import logging
import warnings

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.integrations.recorder import Recorder, planned

STEPS, WARMUP, PEAK = 60, 5, 3e-4
SCHEDULE = rv.schedules.wsd(STEPS, PEAK, warmup_steps=WARMUP, decay_steps=20)


@pytest.fixture(scope="module")
def law():
    """Fitted to two exact curves of the annealing law."""
    truth = rv.laws.AnnealingLaw(L0=2.6, A=0.05, alpha=0.5, C=0.4)
    curves = []
    for s in (SCHEDULE, rv.schedules.constant(STEPS, PEAK, warmup_steps=WARMUP)):
        steps = np.arange(WARMUP + 1, STEPS + 1)
        curves.append(rv.LossCurve(steps, truth.predict_at(s, steps), s))
    return rv.laws.AnnealingLaw.fit(curves)


def losses(law, broken_at=None):
    """The law's losses by step, nan from some step on."""
    values = law.predict(SCHEDULE)
    values[~np.isfinite(values)] = 10.0
    if broken_at is not None:
        values[broken_at - 1 :] = np.nan
    return values


def test_the_recorder(law, caplog):
    recorder = Recorder(law, SCHEDULE)
    values = losses(law, broken_at=40)
    with caplog.at_level(logging.WARNING, logger="rivervalley"):
        for step in range(1, 45):
            recorder.add(step, float(values[step - 1]))
    assert recorder.diverged and [record.getMessage() for record in caplog.records] == [
        "ALARM: divergence since step 40: the loss is nan or infinite"
    ]
    recorder.add(30, float(values[29]))  # resumed from a checkpoint
    assert not recorder.diverged and recorder.report.standing.step == 30
    with pytest.raises(rv.InputError, match="schedule must be given"):
        Recorder(law, None).add(10, 3.0)
    with pytest.raises(rv.InputError, match="law must be a fitted law"):
        Recorder(3, SCHEDULE)


def module(torch, law, broken_at=None):
    """A model of one weight whose loss at its n-th training call is the law's after n updates."""
    values = losses(law, broken_at)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return {"loss": float(values[self.calls - 1]) + 0.0 * self.weight.sum()}

    return Model()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("broken_at", [None, 40])
def test_transformers(law, tmp_path, broken_at, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("accelerate", reason="accelerate, which transformers trains with, is not installed")
    # The folder tests/datasets is taken for the library of that name.
    monkeypatch.setattr("transformers.trainer.is_datasets_available", lambda: False)
    from rivervalley.integrations.transformers import WatchCallback

    model = module(torch, law, broken_at)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    arguments = transformers.TrainingArguments(
        str(tmp_path), max_steps=STEPS, warmup_steps=WARMUP, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True,
        disable_tqdm=True, per_device_train_batch_size=1, max_grad_norm=0.0, logging_nan_inf_filter=False, label_names=["x"],
    )  # fmt: skip
    callback = WatchCallback(law, stop_on_divergence=True)
    transformers.Trainer(
        model, arguments, train_dataset=[{"x": torch.zeros(1)}] * 8, optimizers=SCHEDULE.to_transformers(optimizer),
        callbacks=[callback],
    ).train()  # fmt: skip
    assert np.array_equal(callback.report.schedule.lr, SCHEDULE.lr) and callback.report.schedule.warmup_steps == WARMUP
    if broken_at is None:
        assert callback.report.standing.step == STEPS and callback.report.active_alarms == ()
        assert callback.report.standing.loss == pytest.approx(float(law.predict(SCHEDULE)[-1]), rel=1e-3)
    else:
        assert model.calls == broken_at
        assert [alarm.kind for alarm in callback.report.active_alarms] == ["not finite"]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("broken_at", [None, 40])
def test_lightning(law, tmp_path, broken_at):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("lightning", reason="Lightning is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lightning.pytorch import LightningModule, Trainer

        from rivervalley.integrations.lightning import WatchCallback

    inner = module(torch, law, broken_at)

    class Module(LightningModule):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def training_step(self, batch, index):
            value = self.inner(batch)["loss"]
            self.log("train_loss", value)
            return value

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": SCHEDULE.to_torch(optimizer), "interval": "step"},
            }

    callback = WatchCallback(law, warmup_steps=WARMUP, stop_on_divergence=True)
    Trainer(
        max_steps=STEPS, accelerator="cpu", logger=False, callbacks=[callback], log_every_n_steps=1, enable_progress_bar=False,
        enable_checkpointing=False, enable_model_summary=False, default_root_dir=tmp_path,
    ).fit(Module(), torch.utils.data.DataLoader(torch.zeros(STEPS, 1)))  # fmt: skip
    assert np.array_equal(callback.report.schedule.lr, SCHEDULE.lr)
    if broken_at is None:
        assert callback.report.standing.step == STEPS and callback.report.active_alarms == ()
    else:
        assert inner.calls == broken_at
        assert [alarm.kind for alarm in callback.report.active_alarms] == ["not finite"]


def test_schedulers_that_do_not_tell():
    assert planned(object(), 10, 0) is None
    assert planned(None, 10, 0) is None
