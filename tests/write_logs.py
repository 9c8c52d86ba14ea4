"""Write the sample logs of tests/curves/logs with the tools that people log with: python tests/write_logs.py [FOLDER].

Needs torch, transformers, accelerate, lightning, tensorboard, wandb, pandas, polars, pyarrow and zstandard, but not this package.
Every log is of the same training run: `loss(n)` after n updates, `lr(n)` for update n + 1. What each tool needs to log just that
is done here; how it writes it down is its own doing.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

STEPS, PEAK, WARMUP, DECAY = 200, 3e-3, 20, 40
EVERY = range(10, STEPS + 1, 10)
LOGS = Path(__file__).parent / "curves" / "logs"


def lr(n: int) -> float:
    """Linear warm-up, constant, linear decay to zero: the rate of update n + 1."""
    if n < WARMUP:
        return PEAK * (n + 1) / WARMUP
    return PEAK * min(1.0, (STEPS - 1 - n) / DECAY) if n < STEPS else 0.0


def loss(n: int) -> float:
    """Loss after n updates: four decimals, so that every format can hold it."""
    return round(2.0 + 6.0 / (n + 4) ** 0.5 - 0.2 * max(0, n - (STEPS - DECAY)) / DECAY, 4)


def columns() -> None:
    """Text in columns, as pandas, polars, numpy and people write it."""
    import pandas as pd
    import polars as pl
    import zstandard

    frame = pd.DataFrame({"step": list(EVERY), "lr": [lr(n) for n in EVERY], "loss": [loss(n) for n in EVERY]})
    frame.to_csv(LOGS / "pandas.csv")
    frame.to_csv(LOGS / "tabs.tsv", sep="\t", index=False)
    frame.to_csv(LOGS / "decimal_commas.csv", sep=";", decimal=",", index=False)
    plain = frame.to_csv(index=False).encode()
    (LOGS / "plain.csv").write_bytes(plain)
    (LOGS / "plain.csv.gz").write_bytes(gzip.compress(plain, mtime=0))
    (LOGS / "plain.csv.zst").write_bytes(zstandard.compress(plain))
    np.savetxt(LOGS / "savetxt.txt", frame.to_numpy(), header="step lr loss")
    pl.from_pandas(frame.rename(columns={"step": "iteration", "lr": "learning_rate", "loss": "train_loss"})).write_csv(
        LOGS / "polars.csv"
    )
    tokens = frame.assign(tokens=frame["step"] * 524_288).drop(columns="step")
    tokens.to_csv(LOGS / "tokens.csv", index=False)
    frame.to_parquet(LOGS / "pandas.parquet", index=False)
    two = pl.concat(
        [
            pl.from_pandas(frame).with_columns(run=pl.lit(name), loss=pl.col("loss") + shift)
            for name, shift in (("a", 0.0), ("b", 0.5))
        ]
    )
    two.write_parquet(LOGS / "two_runs.parquet")


def json_records() -> None:
    """JSON Lines and their kin, as `json` writes them."""
    records = [{"step": n, "optim": {"lr": lr(n)}, "loss": loss(n), "tokens": n * 524_288} for n in EVERY]
    (LOGS / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    # fairseq writes numbers as texts, the validation among the records.
    fairseq = [{"epoch": 1, "num_updates": str(n), "lr": f"{lr(n):.6g}", "loss": f"{loss(n):.4f}", "wall": "12"} for n in EVERY]
    (LOGS / "fairseq.jsonl").write_text("".join(json.dumps(record) + "\n" for record in fairseq))
    lists = {"iter": list(EVERY), "lr": [lr(n) for n in EVERY], "loss": [loss(n) for n in EVERY], "model": "tiny"}
    (LOGS / "lists.json").write_text(json.dumps(lists))
    (LOGS / "records.json").write_text(json.dumps(records, indent=1))


def text() -> None:
    """Lines as nanoGPT, torchtitan, Megatron-LM and modded-nanogpt print them: their own format strings."""
    lines = [
        "tokens per iteration will be: 524,288",
        "number of parameters: 10.65M",
        f"step 0: train loss {loss(0):.4f}, val loss {loss(0):.4f}",
    ]
    for n in EVERY:
        if n % 50 == 0:
            lines.append(f"step {n}: train loss {loss(n):.4f}, val loss {loss(n) + 0.02:.4f}")
            lines.append("saving checkpoint to out")
        lines.append(f"iter {n}: loss {loss(n):.4f}, time {163.86:.2f}ms, mfu {11.03:.2f}%")
    (LOGS / "nanogpt.log").write_text("\n".join(lines) + "\n")

    red, green, orange, turquoise, blue, cyan, magenta, reset = (
        f"\x1b[{code}m" for code in (31, 32, "38;5;208", 36, 34, 36, 35, 0)
    )
    head = "[rank0]:[titan] 2025-06-05 22:54:21,465 - root - INFO - "
    lines = [head + "Starting job: Llama 3 debug", head + "Training starts at step 1"]
    for n in EVERY:
        lines.append(
            f"{head}{red}step: {n:2}  {green}loss: {loss(n):7.4f}  {orange}grad_norm: {0.5183:7.4f}  "
            f"{turquoise}memory: {9.46:5.2f}GiB({64.99:.2f}%)  {blue}tps: {7334:,}  {cyan}tflops: {0.52:,.2f}  {magenta}mfu: {0.17:.2f}%{reset}"
        )
    (LOGS / "torchtitan.log").write_text("\n".join(lines) + "\n")

    lines = ["using world size: 8, data-parallel size: 8", "  lr .............................................. 0.003"]
    for n in EVERY:
        lines.append(
            f" [2025-12-19 10:49:15] iteration {n:8d}/{STEPS:8d} | consumed samples: {n * 128:12d} | elapsed time per iteration (ms): {6045.3:.1f} |"
            f" learning rate: {lr(n):.6E} | global batch size: {128:5d} | lm loss: {loss(n):.6E} | loss scale: {1.0:.1f} |"
            f" grad norm: {1.234:.3f} | number of skipped iterations: {0:3d} | number of nan iterations: {0:3d} |"
        )
        if n % 50 == 0:
            lines += [
                "-" * 80,
                f" validation loss at iteration {n} | lm loss value: {loss(n) + 0.02:.6E} | lm loss PPL: {12.0:.6E} | ",
                "-" * 80,
            ]
    (LOGS / "megatron.log").write_text("\n".join(lines) + "\n")

    lines = [
        "import os",
        "=" * 100,
        "Running Python 3.12.7",
        f"step:0/{STEPS} val_loss:{loss(0):.4f} train_time:0ms step_avg:nanms",
    ]
    for n in range(1, STEPS + 1):
        lines.append(f"step:{n}/{STEPS} train_time:{n * 33}ms step_avg:33.10ms")
        if n in EVERY:
            lines.append(f"step:{n}/{STEPS} val_loss:{loss(n):.4f} train_time:{n * 33}ms step_avg:33.10ms")
    (LOGS / "modded_nanogpt.txt").write_text("\n".join(lines) + "\n")


def tensorboard() -> None:
    """Event files of torch.utils.tensorboard (plain numbers), two runs of it, and of tensorboard's own writer (tensors)."""
    from tensorboard.summary import Writer
    from torch.utils.tensorboard import SummaryWriter

    for run, shift in (("", 0.0), ("two/small", 0.0), ("two/large", 0.5)):
        with SummaryWriter(LOGS / "tensorboard" / run if run else LOGS / "tensorboard" / "one") as writer:
            for n in EVERY:
                writer.add_scalar("train/loss", loss(n) + shift, n)
                writer.add_scalar("train/lr", lr(n), n)
    writer = Writer(str(LOGS / "tensorboard" / "tensors"))
    for n in EVERY:
        writer.add_scalar("loss", loss(n), n)
        writer.add_scalar("learning_rate", lr(n), n)
    writer.close()


def leveldb_records(log: bytes) -> list[bytes]:
    """Records of a log in LevelDB's format, which offline runs are kept in: pieces with a checksum, a length and a type."""
    records, place = [b""], 0
    while place + 7 <= len(log):
        room = 32768 - (place + 7) % 32768  # blocks count from the start of the file, 7 bytes before
        if room < 7:
            place += room
            continue
        size, kind = int.from_bytes(log[place + 4 : place + 6], "little"), log[place + 6]
        records[-1] += log[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # a whole record, or the last piece of one
            records.append(b"")
    return records[:-1]


def wandb() -> None:
    """A history as Run.history() gives it from an offline run's own records, and panels in the form of the site's export."""
    import pandas as pd
    import wandb
    from wandb.proto import wandb_internal_pb2

    with tempfile.TemporaryDirectory() as folder:
        run = wandb.init(
            project="samples", mode="offline", dir=folder, settings=wandb.Settings(x_disable_stats=True, silent=True)
        )
        for n in EVERY:
            run.log({"train/loss": loss(n), "train/learning_rate": lr(n), "train/global_step": n, "train/epoch": n / 100})
            if n % 50 == 0:
                run.log({"eval/runtime": 1.5, "train/global_step": n})
        run.finish()
        wandb.teardown()
        rows = []
        for data in leveldb_records(next(Path(folder).rglob("*.wandb")).read_bytes()[7:]):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "history":
                items = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
                rows.append({key: value for key, value in items.items() if not isinstance(value, dict)})
    for row in rows:  # the moment of writing is not to change the file
        row["_timestamp"], row["_runtime"] = 1.75e9 + row["_step"], float(row["_step"])
    frame = pd.DataFrame(rows)
    frame.to_csv(LOGS / "wandb_history.csv")
    (LOGS / "wandb_history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def panel(axis: str, runs: dict[str, dict[str, list[float]]]) -> str:
        names = [
            f"{run} - {metric}{end}" for run, metrics in runs.items() for metric in metrics for end in ("", "__MIN", "__MAX")
        ]
        lines = [",".join(f'"{name}"' for name in (axis, *names))]
        for k, n in enumerate(EVERY):
            cells = [str(values[k]) for metrics in runs.values() for values in metrics.values() for _ in range(3)]
            lines.append(",".join(f'"{cell}"' for cell in (n, *cells)))
        return "\n".join(lines) + "\n"

    losses = {name: [loss(n) + shift for n in EVERY] for name, shift in (("lively-sun-1", 0.0), ("true-pond-2", 0.5))}
    rates = [lr(n) for n in EVERY]
    both = {run: {"train/loss": values, "train/learning_rate": rates} for run, values in losses.items()}
    (LOGS / "wandb_panel.csv").write_text(panel("Step", both))
    alone = {run: {"_step": [3 * n for n in EVERY], "train/loss": values} for run, values in losses.items()}
    (LOGS / "wandb_panel_loss.csv").write_text(panel("train/global_step", alone))
    schedule = f"wsd(steps={STEPS}, peak_lr={PEAK}, warmup_steps={WARMUP}, decay_steps={DECAY})"
    (LOGS / "wandb_panel_loss.csv.schedule").write_text(
        f"lively-sun-1: {schedule}\ntrue-pond-2: constant(steps={STEPS}, peak_lr={PEAK})\n"
    )


def transformers() -> None:
    """trainer_state.json of a transformers.Trainer whose model has the losses of this file."""
    import torch
    from transformers import Trainer, TrainingArguments

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.calls = 0

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            # What is logged is the mean over ten updates: all ten have the loss that belongs to the step logged.
            self.calls += self.training
            step = -(-self.calls // 10) * 10
            return {"loss": loss(step) + (0.0 if self.training else 0.02) + 0.0 * self.weight.sum()}

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, max_steps=STEPS, logging_steps=10, save_strategy="no", eval_strategy="steps", eval_steps=50, report_to=[], label_names=["x"],
            per_device_train_batch_size=1, use_cpu=True, disable_tqdm=True, max_grad_norm=0.0,
        )  # fmt: skip
        data = [{"x": torch.zeros(1)}] * 8
        trainer = Trainer(model, arguments, train_dataset=data, eval_dataset=data, optimizers=(optimizer, scheduler))
        trainer.train()
        trainer.state.save_to_json(str(LOGS / "trainer_state.json"))


def lightning() -> None:
    """metrics.csv and event files of a lightning.Trainer whose module has the losses of this file."""
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
            value = loss(self.global_step) + 0.0 * self.weight.sum()
            self.log("train_loss", value)
            return value

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
            scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            max_steps=STEPS, accelerator="cpu", logger=[CSVLogger(folder, "csv"), TensorBoardLogger(folder, "events")],
            callbacks=[LearningRateMonitor("step")], log_every_n_steps=10, enable_progress_bar=False, enable_checkpointing=False,
            enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(Module(), torch.utils.data.DataLoader(torch.zeros(STEPS, 1)))
        shutil.copyfile(next(Path(folder).rglob("metrics.csv")), LOGS / "metrics.csv")
        (LOGS / "tensorboard" / "lightning").mkdir(parents=True, exist_ok=True)
        shutil.copy(next(Path(folder).rglob("*tfevents*")), LOGS / "tensorboard" / "lightning")


if __name__ == "__main__":
    LOGS = Path(sys.argv[1]) if len(sys.argv) > 1 else LOGS
    LOGS.mkdir(exist_ok=True)
    for write in (columns, json_records, text, tensorboard, wandb, transformers, lightning):
        write()
    for events in LOGS.rglob("*tfevents*"):  # the name tells the time and the machine
        events.rename(events.with_name("events.out.tfevents.0"))
