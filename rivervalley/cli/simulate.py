"""rivervalley simulate: a landscape and a schedule give a loss curve."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from rivervalley import landscapes, schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.log_file import write_log
from rivervalley.cli.options import add_seed, check_outputs, count
from rivervalley.curves.run import Run
from rivervalley.simulation import simulate

EXAMPLE = (
    """examples:
  rivervalley simulate "river_valley(hills=geomspace(0.05, 2, 15), noise_std=0.1, river=power(1, 1))" \\
      "wsd(steps=20000, peak_lr=0.5, decay_fraction=0.1)" -o run.csv --plot run.png
  rivervalley simulate "river_valley(hills=[0.5, 2.0])" "cosine(steps=5000, peak_lr=0.5)" --expected
  rivervalley simulate "sheared_bend(bend=sine(0.5, 6), stiffness=2, river=linear(0.02), noise_std=0.3)" \\
      "wsd(steps=4000, peak_lr=0.3, decay_fraction=0.2)" --plot bend.png
  rivervalley simulate "bigram(text('README.md', tokens='character'), batch_size=16)" \\
      "wsd(steps=20000, peak_lr=2, decay_fraction=0.2)" --trajectories 4 --plot bigram.png
  rivervalley simulate "power_law_spherical_valley(rule=adamw(0.1))" \\
      "wsd(steps=20000, peak_lr=1e-3, warmup_steps=300, decay_fraction=0.2)" --expected

"""
    + landscapes.parse_help()
    + "\n\n"
    + schedules.parse_help()
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("landscape", metavar="LANDSCAPE", help="the loss surface, as a call")
    parser.add_argument("schedule", metavar="SCHEDULE", help="the learning rates, as a call or a file")
    add_seed(parser)
    parser.add_argument("--trajectories", type=count, default=256, metavar="N", help="independent runs to average (256)")
    parser.add_argument("--record-every", type=count, default=100, metavar="K", help="record every K updates (100)")
    parser.add_argument("--threads", type=count, metavar="N", help="worker threads (default: one for each CPU)")
    parser.add_argument("--expected", action="store_true", help="the exact expectation instead of sampled trajectories")
    parser.add_argument("-o", "--output", metavar="FILE.csv", help="write step,lr,loss,loss_stderr and the parts of the loss")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the curve and its parts (.png, .svg or .pdf)")


def run(arguments: argparse.Namespace) -> int:
    """Simulate, write what was asked for, print a summary."""
    landscape = landscapes.parse(arguments.landscape)
    schedule = schedules.parse(arguments.schedule)
    check_outputs(arguments.output, arguments.plot)
    if arguments.expected:
        if not isinstance(landscape, landscapes.ExactLandscape):
            raise InputError(
                f"--expected must go with a landscape that has an exact expectation, not {checks.show(arguments.landscape)}"
            )
        result: Run = landscape.expected(schedule, arguments.record_every)
    else:
        result = simulate(
            landscape,
            schedule,
            arguments.trajectories,
            arguments.seed,
            arguments.record_every,
            arguments.threads,
            progress=sys.stderr.isatty(),
        )
    if arguments.output:
        write_csv(arguments.output, result)
    if arguments.plot:
        draw(result, arguments.plot)
    print(summary(result))
    return 0


def summary(result: Run) -> str:
    """Final loss, its parts, and the cumulative LR."""
    error = f" +- {result.loss_stderr[-1]:.2g} (standard error)" if result.loss_stderr[-1] > 0 else ""
    parts = ", ".join(f"{name} {values[-1]:.6g}" for name, values in result.components.items())
    return (
        f"{result.schedule.name}: {result.end_step} updates, cumulative LR {result.schedule.lr.sum():.6g}\n"
        f"final loss {result.loss[-1]:.6g}{error}; {parts}"
    )


def write_csv(path: str, result: Run) -> None:
    """step,lr,loss,loss_stderr and the parts, as read_curve reads them: lr is the rate of the update after `step` ones.

    Every update has a row, so that the file holds the whole schedule; losses stand where they were recorded.
    """
    columns = {"loss": result.loss, "loss_stderr": result.loss_stderr}
    columns |= {name.replace(" ", "_"): values for name, values in result.components.items()}
    write_log(path, result.schedule.lr, result.schedule.warmup_steps, result.steps, columns, name="--output")


def draw(result: Run, path: str) -> None:
    """Loss and LR against steps."""
    from rivervalley import plots

    with plots.style():
        figure, (top, bottom) = plots.figure(2, 1, figsize=(7.2, 5.4), sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        plots.plot_run(result, top)
        top.set(xlabel="", title=f"Loss under {result.schedule.name}: mean of {result.trajectories} trajectories")
        if np.all(result.loss > 0):
            top.set_yscale("log")
        top.legend()
        bottom.plot(np.arange(1, result.schedule.steps + 1), result.schedule.lr, **plots.look(result.schedule))
        plots.step_axis(bottom).set_ylabel("LR")
        plots.save(figure, path)
