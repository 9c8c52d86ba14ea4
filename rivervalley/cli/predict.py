"""rivervalley predict: the loss that a fitted law expects under another schedule."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from rivervalley import laws, schedules
from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley._common.log_file import write_log
from rivervalley.cli.options import check_outputs
from rivervalley.laws import Band, Law
from rivervalley.schedules import Schedule

EXAMPLE = """examples:
  rivervalley predict law.json "wsd(steps=24000, peak_lr=3e-4, warmup_steps=2000, decay_fraction=0.2)"
  rivervalley predict law.json "cosine(steps=72000, peak_lr=3e-4, warmup_steps=2000)" -o cosine.csv --plot cosine.png
  rivervalley predict law.json my_rates.npy --warmup-steps 2000"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("law", metavar="LAW.json", help="a law written by rivervalley fit -o")
    parser.add_argument("schedule", metavar="SCHEDULE", help="the learning rates, as a call or a .csv or .npy file")
    parser.add_argument("--warmup-steps", type=int, metavar="N", help="length of the warm-up, where the schedule is a file")
    parser.add_argument(
        "--confidence", type=float, default=0.9, metavar="X", help="of the band, for a fitted law (default 0.9)"
    )
    parser.add_argument("-o", "--output", metavar="CURVE.csv", help="write step,lr,loss after every update")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the predicted curve (.png, .svg or .pdf)")


def run(arguments: argparse.Namespace) -> int:
    """Predict, print a table, write what was asked for."""
    check_outputs(arguments.output, arguments.plot)
    law = laws.load(arguments.law)
    schedule = schedules.parse(arguments.schedule)
    if arguments.warmup_steps is not None:
        schedule = Schedule(schedule.lr, arguments.warmup_steps, schedule.name)
    level = checks.real("--confidence", arguments.confidence, 0.0, 1.0, open_low=True, open_high=True)
    loss = law.predict(schedule)
    if not np.isfinite(loss[-1]):
        raise InputError("SCHEDULE must have an LR above 0: the law predicts no finite loss without one")
    places = _places(schedule, 11)
    places = places[1:] if places.size > 1 else places
    band = None if law.result is None else laws.predict_band(law, schedule, places, level)
    if arguments.output:
        steps = np.arange(1, schedule.steps + 1)
        write_log(arguments.output, schedule.lr, schedule.warmup_steps, steps, {"loss": loss}, name="--output")
    if arguments.plot:
        steps = _places(schedule, 200)
        shown = None if law.result is None else laws.predict_band(law, schedule, steps, level)
        draw(law, schedule, loss, shown, arguments.plot)
    for caution in law.cautions(schedule) if band is None else band.cautions:
        print(f"rivervalley: caution: {caution}", file=sys.stderr)
    print(table(law, schedule, loss, places, band))
    return 0


def _places(schedule: Schedule, count: int) -> IntArray:
    """Rising update counts spread over the run after its warm-up."""
    start = max(schedule.warmup_steps, 1)
    return np.unique(np.linspace(start, schedule.steps, count).round().astype(np.int64))


def table(law: Law, schedule: Schedule, loss: FloatArray, places: IntArray, band: Band | None) -> str:
    """Predicted losses at some places of the run, with their band where the law was fitted."""
    heading = "" if band is None else f"   {band.confidence:.0%} band"
    lines = [f"{law.name} law, {schedule.name}", f"{'step':>10} {'lr':>12} {'loss':>10}{heading}"]
    if band is None:
        lines += [f"{n:>10} {schedule.lr[n - 1]:>12.4g} {loss[n - 1]:>10.4f}" for n in places.tolist()]
        return "\n".join(lines)
    rows = zip(band.steps.tolist(), band.loss.tolist(), band.low.tolist(), band.high.tolist(), strict=True)
    lines += [f"{n:>10} {schedule.lr[n - 1]:>12.4g} {x:>10.4f}   {low:.4f} to {high:.4f}" for n, x, low, high in rows]
    return "\n".join(lines)


def draw(law: Law, schedule: Schedule, loss: FloatArray, band: Band | None, path: str) -> None:
    """Predicted loss and LR against steps."""
    from rivervalley import plots

    start = max(schedule.warmup_steps, 1)
    steps = np.arange(start, schedule.steps + 1)
    with plots.style():
        figure, (top, bottom) = plots.figure(2, 1, figsize=(7.2, 5.4), sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        top.plot(steps, loss[start - 1 :], label=f"{law.name.replace('_', ' ')} law", **plots.look(schedule))
        if band is not None:
            top.fill_between(band.steps, band.low, band.high, alpha=0.2, lw=0, label=f"{band.confidence:.0%} interval")
        inside = loss[start - 1 + steps.size // 50 :]
        top.set(ylabel="predicted loss (nats)", title=f"Predicted loss under {schedule.name}: {loss[-1]:.4f} at the end")
        if np.ptp(inside) > 0.0:
            top.set_ylim(inside.min() - 0.05 * np.ptp(inside), inside.max() + 0.05 * np.ptp(inside))
        top.legend()
        bottom.plot(np.arange(1, schedule.steps + 1), schedule.lr, **plots.look(schedule))
        plots.step_axis(bottom).set_ylabel("LR")
        plots.save(figure, path)
