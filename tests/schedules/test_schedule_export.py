"""Schedules handed to the training libraries: the real ones where they are installed, and back again."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import rivervalley as rv
from rivervalley import schedules

SCHEDULES = [
    schedules.wsd(60, 0.3, warmup_steps=7, decay_steps=20, decay_shape="sqrt"),
    schedules.cosine(25, 1e-3, final_lr=1e-4),
    rv.Schedule([0.1, 0.0, 0.3]),
    rv.Schedule([0.7]),
]
named = pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)


def optimizer_of(torch, lr=0.123, groups=1):
    parameters = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)]
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9)


@pytest.mark.slow
@named
@pytest.mark.parametrize("groups", [1, 3])
def test_torch_gets_every_lr_to_the_last_bit(schedule, groups):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    optimizer = optimizer_of(torch, groups=groups)
    scheduler = schedule.to_torch(optimizer)
    assert isinstance(scheduler, torch.optim.lr_scheduler.LambdaLR)
    for rate in schedule.lr.tolist():
        assert [group["lr"] for group in optimizer.param_groups] == [rate] * groups
        optimizer.step()
        scheduler.step()
    for _ in range(2):  # beyond the end the last stays
        assert optimizer.param_groups[0]["lr"] == schedule.lr[-1]
        optimizer.step()
        scheduler.step()


@named
def test_there_and_back_through_torch(schedule):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    again = schedules.from_torch(schedule.to_torch, schedule.steps, warmup_steps=schedule.warmup_steps)
    assert again == schedule


def test_a_torch_scheduler_resumes_from_its_state():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    schedule = SCHEDULES[0]
    optimizer = optimizer_of(torch)
    scheduler = schedule.to_torch(optimizer)
    for _ in range(30):
        optimizer.step()
        scheduler.step()
    saved = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
    assert len(str(saved["scheduler"])) < 1000, "the LRs themselves are not in the state"
    optimizer = optimizer_of(torch)
    scheduler = schedule.to_torch(optimizer)
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    assert optimizer.param_groups[0]["lr"] == schedule.lr[30]
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == schedule.lr[31]


def test_torch_keeps_an_lr_that_is_a_tensor():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=torch.tensor(0.5, dtype=torch.float64))
    scheduler, held = SCHEDULES[0].to_torch(optimizer), optimizer.param_groups[0]["lr"]
    for rate in SCHEDULES[0].lr.tolist():
        assert optimizer.param_groups[0]["lr"] is held and float(held) == rate
        optimizer.step()
        scheduler.step()


def test_what_torch_cannot_take_is_refused():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    optimizer = optimizer_of(torch, groups=2)
    optimizer.param_groups[1]["lr"] = 0.5
    with pytest.raises(rv.InputError, match=r"same LR in all parameter groups, .* not 0\.123, 0\.5"):
        SCHEDULES[0].to_torch(optimizer)
    with pytest.raises(rv.InputError, match="optimizer must be a PyTorch optimizer, not 3"):
        SCHEDULES[0].to_torch(3)


@pytest.mark.slow
@named
def test_optax_gets_every_lr_and_is_traced(schedule):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    rate = schedule.to_optax()
    expected = schedule.lr.astype(np.float32)
    assert np.array_equal([rate(t) for t in range(schedule.steps)], expected)
    assert np.array_equal(jax.jit(jax.vmap(rate))(jax.numpy.arange(schedule.steps)), expected)
    assert float(jax.jit(rate)(schedule.steps + 5)) == expected[-1]
    assert np.array_equal(schedules.from_optax(rate, schedule.steps).lr, expected.astype(float))


def test_optax_trains_by_it():
    optax = pytest.importorskip("optax", reason="optax is not installed")
    import jax.numpy as jnp

    schedule = SCHEDULES[1]
    descent = optax.sgd(learning_rate=schedule.to_optax())
    weights = jnp.zeros(1)
    state = descent.init(weights)
    for rate in schedule.lr:
        updates, state = descent.update(jnp.ones(1), state)
        assert float(updates[0]) == pytest.approx(-rate, rel=1e-6, abs=1e-12)


@pytest.mark.slow
def test_a_transformers_trainer_trains_by_it(tmp_path, monkeypatch):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    # The folder tests/datasets is on the path, and passes for a library of that name.
    monkeypatch.setattr("transformers.trainer.is_datasets_available", lambda: False)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x, labels=None):
            return {"loss": ((self.weight - x) ** 2).mean(), "logits": x}

    class Watch(transformers.TrainerCallback):
        seen = ()

        def on_step_begin(self, args, state, control, optimizer=None, **kwargs):
            self.seen += (optimizer.param_groups[0]["lr"],)

    schedule, watch, model = SCHEDULES[1], Watch(), Model()
    trainer = transformers.Trainer(
        model,
        transformers.TrainingArguments(
            str(tmp_path),
            max_steps=schedule.steps,
            per_device_train_batch_size=1,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=[{"x": torch.ones(1), "labels": torch.ones(1)}] * 4,
        optimizers=schedule.to_transformers(torch.optim.SGD(model.parameters(), lr=0.5)),
        callbacks=[watch],
    )
    trainer.train()
    assert watch.seen == tuple(schedule.lr.tolist())


@pytest.mark.parametrize(
    "module, call, words",
    [
        ("torch", lambda s: s.to_torch(None), "to_torch needs PyTorch, which is not installed: pip install torch"),
        ("torch", lambda s: s.to_transformers(None), "to_torch needs PyTorch"),
        ("jax.numpy", lambda s: s.to_optax(), "to_optax needs JAX, which is not installed: pip install jax"),
    ],
)
def test_what_is_missing_is_said(monkeypatch, module, call, words):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(rv.InputError, match=words):
        call(SCHEDULES[0])


def test_no_library_is_imported_before_it_is_asked_for():
    present = [name for name in ("torch", "jax", "optax", "transformers") if importlib.util.find_spec(name)]
    program = "import sys, rivervalley.schedules; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program, *present], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
