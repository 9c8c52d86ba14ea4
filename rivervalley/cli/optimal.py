"""rivervalley optimal: the LRs with the least expected final loss on a landscape."""

from __future__ import annotations

import argparse

from rivervalley import landscapes, schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.options import check_outputs, count
from rivervalley.landscapes import RiverValley, SphericalValley
from rivervalley.planning.optimal import Optimum, optimal_schedule
from rivervalley.schedules import Schedule

EXAMPLE = """examples:
  rivervalley optimal "river_valley(hills=[0.2, 1.0], noise_std=0.1, river=power(1, 1))" --steps 400 --peak-lr 0.5
  rivervalley optimal "power_law_spherical_valley(count=40, rule=adamw(0.1))" --steps 4000 --peak-lr 4e-3 -o best.csv
  rivervalley optimal "river_valley(hills=[0.5, 2.0], noise_std=0.1)" --steps 1000 --json

On a straight or a spherical valley the expected final loss and its derivative by every LR are exact. On a spherical valley the
norm of the weights is planned too: the schedule is the best under weight decay. It may be one of several local optima.

""" + landscapes.parse_help()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("landscape", metavar="LANDSCAPE", help="a straight or a spherical valley, as a call")
    parser.add_argument("--steps", type=count, required=True, metavar="N", help="length of the run in updates")
    parser.add_argument(
        "--peak-lr", type=float, metavar="X", help="cap on the LR (default on a straight valley: where it diverges)"
    )
    parser.add_argument("--final-lr", type=float, default=0.0, metavar="X", help="floor under the LR (default 0)")
    parser.add_argument(
        "--max-evaluations", type=count, default=2_000, metavar="N", help="losses with derivatives to compute at most (2000)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")
    parser.add_argument("-o", "--output", metavar="LR.csv", help="write the LRs, one row an update")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the LRs (.png, .svg or .pdf)")


def run(arguments: argparse.Namespace) -> int:
    """Search, write what was asked for, print the optimum beside the usual schedules."""
    valley = landscapes.parse(arguments.landscape)
    if not isinstance(valley, RiverValley | SphericalValley):
        raise InputError(f"landscape must be a straight or a spherical valley, not {checks.show(arguments.landscape)}")
    check_outputs(arguments.output, arguments.plot)
    best = optimal_schedule(
        valley,
        arguments.steps,
        arguments.peak_lr,
        final_lr=arguments.final_lr,
        max_evaluations=arguments.max_evaluations,
    )
    usual = _usual(valley, best.schedule, arguments.peak_lr)
    if arguments.output:
        schedules.write_csv(arguments.output, best.schedule)
    if arguments.plot:
        _draw(best.schedule, arguments.plot)
    if arguments.json:
        print(dumps(plain(_document(best, usual))))
    else:
        print(_text(best, usual))
    return 0


def _usual(valley: RiverValley | SphericalValley, best: Schedule, peak_lr: float | None) -> dict[str, float]:
    """Final losses of constant, cosine and WSD with the same cap."""
    peak = best.peak_lr if peak_lr is None else peak_lr
    others = {
        "constant": schedules.constant(best.steps, peak),
        "cosine to 0": schedules.cosine(best.steps, peak, final_lr=0.0),
        "WSD, last 20 % linear to 0": schedules.wsd(best.steps, peak, decay_fraction=0.2),
    }
    return {name: float(valley.expected(s, record_at=[s.steps]).loss[0]) for name, s in others.items()}


def _document(best: Optimum, usual: dict[str, float]) -> dict[str, object]:
    return {
        "loss": sum(best.components.values()),
        "parts": dict(best.components),
        "steps": best.schedule.steps,
        "peak_lr": best.schedule.peak_lr,
        "sum_lr": float(best.schedule.lr.sum()),
        "share_at_peak": best.share_at_peak,
        "slope": best.slope,
        "evaluations": best.evaluations,
        "converged": best.converged,
        "others": usual,
    }


def _text(best: Optimum, usual: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {value:.6g}" for name, value in best.components.items())
    lines = [
        f"final loss {sum(best.components.values()):.6g}; {parts}",
        f"LR at its cap for {best.share_at_peak:.1%} of {best.schedule.steps} updates, peak {best.schedule.peak_lr:.4g}",
    ]
    lines += [f"{name} with that cap: {loss:.6g}" for name, loss in usual.items()]
    if not best.converged:
        lines.append(f"not converged after {best.evaluations} evaluations ({best.message}); raise --max-evaluations")
    return "\n".join(lines)


def _draw(schedule: Schedule, path: str) -> None:
    from rivervalley import plots

    with plots.style():
        figure, ax = plots.figure(1, 1, figsize=(7.0, 3.6))
        ax.plot(range(1, schedule.steps + 1), schedule.lr)
        ax.set(xlabel="step", ylabel="learning rate", title="The schedule with the least expected final loss")
        plots.save(figure, path)
