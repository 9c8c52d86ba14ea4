"""rivervalley plan: which schedule, which decay, what loss to expect."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from rivervalley import laws, schedules
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.options import check_outputs, count
from rivervalley.planning.plan import Plan, plan

EXAMPLE = """examples:
  rivervalley plan law.json --steps 24000 --peak-lr 3e-4 --warmup-steps 2000
  rivervalley plan law.json --steps 72000 --peak-lr 3e-4 --final-lr 3e-5 -o best.csv --plot plan.png
  rivervalley plan law.json --steps 40000 --peak-lr 3e-4 --checkpoints 10000,20000,40000 --json

The peak LR is taken as given and never optimised: this law is not known to transfer across peak LRs, and the annealing law
falls without limit as all LRs grow."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("law", metavar="LAW.json", help="a law written by rivervalley fit -o")
    parser.add_argument("--steps", type=count, required=True, metavar="N", help="length of the run, warm-up included")
    parser.add_argument(
        "--peak-lr", type=float, required=True, metavar="X", help="peak rate: the one that the law was fitted at"
    )
    parser.add_argument("--warmup-steps", type=int, default=0, metavar="N", help="length of the warm-up (default 0)")
    parser.add_argument("--final-lr", type=float, default=0.0, metavar="X", help="floor of all decays (default 0)")
    parser.add_argument(
        "--checkpoints", metavar="N,N,...", help="also WSD-S with a decay before each of these updates and the end"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")
    parser.add_argument("-o", "--output", metavar="LR.csv", help="write the rates of the best schedule, one row an update")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the best schedules and what a decay would give now")


def run(arguments: argparse.Namespace) -> int:
    """Plan, print, write what was asked for."""
    check_outputs(arguments.output, arguments.plot)
    law = laws.load(arguments.law)
    made = plan(
        law,
        arguments.steps,
        arguments.peak_lr,
        arguments.warmup_steps,
        arguments.final_lr,
        _checkpoints(arguments.checkpoints),
        progress=sys.stderr.isatty(),
    )
    if arguments.output:
        schedules.write_csv(arguments.output, made.options[0].schedule)
    if arguments.plot:
        draw(made, arguments.plot)
    print(dumps(plain(as_document(made))) if arguments.json else as_text(made))
    return 0


def as_text(made: Plan) -> str:
    """Tables: schedules, decay now, the law's own answers."""
    lines = [f"{'schedule':<28} {'decay steps':>11} {'final loss':>11} {'90 % band':>18} {'sum of rates':>13}"]
    for option in made.options:
        length = str(option.decay_steps) if option.decay_steps is not None else ""
        band = f"{option.low:.4f} to {option.high:.4f}" if option.low is not None and option.high is not None else ""
        lines.append(f"{option.name:<28} {length:>11} {option.loss:>11.4f} {band:>18} {option.schedule.lr.sum():>13.5g}")
    if made.options[0].low is not None:
        lines.append(
            "A band is for one run by itself; differences between schedules are known better, as their errors are correlated."
        )
    lines += ["", f"{'decay now, at step':<28} {'best length':>11} {'loss then':>11} {'without it':>13}"]
    now = made.decay_now
    for row in zip(now.start.tolist(), now.decay_steps.tolist(), now.loss.tolist(), now.stay.tolist(), strict=True):
        lines.append(f"{row[0]:<28} {row[1]:>11} {row[2]:>11.4f} {row[3]:>13.4f}")
    extreme = made.extreme
    lines += [
        "",
        f"The law's own extreme, the peak and then a drop for {extreme.decay_steps} updates: {extreme.loss:.4f}.",
        "No advice: it shows where the law leads when nothing else is asked for.",
    ]
    if made.closed_forms:
        said = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in made.closed_forms.items())
        lines.append(f"Closed forms for long runs: {said}.")
    lines.append("The peak LR is taken as given: the law is not known to transfer to another one.")
    return "\n".join([*lines, *(f"caution: {text}" for text in made.cautions)])


def as_document(made: Plan) -> dict[str, object]:
    """The plan as JSON has it."""
    now = made.decay_now
    return {
        "options": [
            {
                "name": o.name,
                "loss": o.loss,
                "low": o.low,
                "high": o.high,
                "decay_steps": o.decay_steps,
                "sum_of_rates": float(o.schedule.lr.sum()),
            }
            for o in made.options
        ],
        "decay_now": {name: getattr(now, name) for name in ("start", "decay_steps", "loss", "stay")},
        "extreme": {"loss": made.extreme.loss, "drop_steps": made.extreme.decay_steps},
        "closed_forms": made.closed_forms,
        "cautions": made.cautions,
    }


def draw(made: Plan, path: str) -> None:
    """Rates of the best, of the constant and of the cosine; and what a decay would give at each moment."""
    from rivervalley import plots

    shown = [
        made.optimised,
        made.best_decay[0],
        *(o for o in made.options if o.name in ("constant", "cosine", "wsd 20% linear", "wsd-s")),
    ]
    with plots.style():
        made_figure, (left, right) = plots.figure(1, 2, figsize=(11.0, 4.0))
        for option in shown:
            steps = np.arange(1, option.schedule.steps + 1)
            left.plot(steps, option.schedule.lr, label=f"{option.name}: {option.loss:.4f}")
        left.set(xlabel="step", ylabel="learning rate", title="Schedules and their predicted final losses")
        left.legend()
        now = made.decay_now
        right.plot(now.start + now.decay_steps, now.stay, label="staying at the peak")
        right.plot(now.start + now.decay_steps, now.loss, label="after a linear decay of the best length")
        right.set(xlabel="step at which the decay ends", ylabel="predicted loss", title="What a decay would give")
        right.legend()
        plots.save(made_figure, path)


def _checkpoints(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--checkpoints must be update counts comma-separated, such as 10000,20000, not {text!r}") from None
