"""rivervalley predict: the loss that a fitted law expects under another schedule."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from rivervalley import _files, laws, schedules
from rivervalley.cli.options import check_outputs
from rivervalley.laws import Law
from rivervalley.schedules import Schedule

SUMMARY = "Predict the loss under a schedule with a law that was fitted before."
EXAMPLE = """examples:
  rivervalley predict law.json "wsd(steps=24000, peak_lr=3e-4, warmup_steps=2000, decay_fraction=0.2)"
  rivervalley predict law.json "cosine(steps=72000, peak_lr=3e-4, warmup_steps=2000)" -o cosine.csv --plot cosine.png
  rivervalley predict law.json my_rates.npy --warmup-steps 2000"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("law", metavar="LAW.json", help="a law written by rivervalley fit -o")
    parser.add_argument("schedule", metavar="SCHEDULE", help="the learning rates, as a call or a .csv or .npy file")
    parser.add_argument("--warmup-steps", type=int, metavar="N", help="length of the warm-up, where the schedule is a file")
    parser.add_argument("-o", "--output", metavar="CURVE.csv", help="write step,lr,loss after every update")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the predicted curve (.png, .svg or .pdf)")


def run(arguments: argparse.Namespace) -> int:
    """Predict, print a table, write what was asked for."""
    check_outputs(arguments.output, arguments.plot)
    law = laws.load(arguments.law)
    schedule = schedules.parse(arguments.schedule)
    if arguments.warmup_steps is not None:
        schedule = Schedule(schedule.lr, arguments.warmup_steps, schedule.name)
    loss = law.predict(schedule)
    for caution in law.cautions(schedule):
        print(f"rivervalley: caution: {caution}", file=sys.stderr)
    print(table(law, schedule, loss))
    if arguments.output:
        _files.write_text(arguments.output, as_csv(schedule, loss), "--output")
    if arguments.plot:
        draw(law, schedule, loss, arguments.plot)
    return 0


def table(law: Law, schedule: Schedule, loss: np.ndarray) -> str:
    """Predicted losses at ten places of the run."""
    start = max(schedule.warmup_steps, 1)
    places = np.unique(np.linspace(start, schedule.steps, 11).round().astype(int))[1:] if schedule.steps > 1 else np.array([1])
    lines = [f"{law.name} law, {schedule.name}", f"{'step':>10} {'lr':>12} {'loss':>10}"]
    lines += [f"{step:>10} {schedule.lr[step - 1]:>12.4g} {loss[step - 1]:>10.4f}" for step in places.tolist()]
    return "\n".join(lines)


def as_csv(schedule: Schedule, loss: np.ndarray) -> str:
    """step,lr,loss with lr the rate of the next update, as read_curve reads it; infinite losses are left blank."""
    following = np.append(schedule.lr, schedule.lr[-1]).tolist()
    texts = [""] + [repr(value) if np.isfinite(value) else "" for value in loss.tolist()]
    warm = schedule.warmup_steps
    head, tail = ("step,lr,loss,warmup_steps\n", f",{warm}\n") if warm else ("step,lr,loss\n", "\n")
    return head + "".join(f"{t},{rate!r},{text}{tail}" for t, (rate, text) in enumerate(zip(following, texts, strict=True)))


def draw(law: Law, schedule: Schedule, loss: np.ndarray, path: str) -> None:
    """Predicted loss and rate against steps."""
    from rivervalley import plots

    start = max(schedule.warmup_steps, 1)
    steps = np.arange(start, schedule.steps + 1)
    with plots.style():
        made, (top, bottom) = plots.figure(2, 1, figsize=(7.2, 5.4), sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        top.plot(steps, loss[start - 1 :], label=f"{law.name} law")
        inside = loss[start - 1 + steps.size // 50 :]
        top.set(ylabel="predicted loss", title=f"Predicted loss under {schedule.name}: {loss[-1]:.4f} at the end")
        top.set_ylim(inside.min() - 0.05 * np.ptp(inside), inside.max() + 0.05 * np.ptp(inside))
        top.legend()
        bottom.plot(np.arange(1, schedule.steps + 1), schedule.lr, color="0.3")
        bottom.set(xlabel="step", ylabel="learning rate")
        plots.save(made, path)
