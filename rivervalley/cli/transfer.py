"""rivervalley transfer: final losses at another model size, from runs of two or more sizes."""

from __future__ import annotations

import argparse
import sys

from rivervalley import schedules
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.curves import add_curve_options, read
from rivervalley.cli.options import check_outputs, count
from rivervalley.laws import SizeTransfer, transfer_size
from rivervalley.schedules import Schedule

EXAMPLE = """examples:
  rivervalley transfer --size 190e6 small/*.csv --size 370e6 middle/*.csv --to 1.28e9 --steps 16000 --peak-lr 5e-4
  rivervalley transfer --size 25e6 a.csv b.csv --size 100e6 c.csv d.csv --to 400e6 --early start.csv \\
      --for "wsd(steps=24000, peak_lr=3e-4, warmup_steps=2000, decay_fraction=0.2)" -o law400M.json

Sizes are numbers of parameters. Each needs a run that decays, all of one data set, tokenizer, batch size and AdamW configuration.
The beginning of a run at the new size (--early) tells what the sizes alone cannot. The law that -o writes works with plan and
predict, without intervals."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--size", nargs="+", action="append", required=True, metavar=("N", "LOG"), help="parameters, and the logs of that size"
    )
    parser.add_argument("--to", type=float, required=True, metavar="N", help="parameters of the model to be predicted")
    parser.add_argument("--early", metavar="LOG", help="the beginning of a run at that size, before its LR decays")
    parser.add_argument("--weight-decay", type=float, default=0.1, metavar="X", help="AdamW's, of all runs (default 0.1)")
    parser.add_argument("--init-std", type=float, default=0.02, metavar="X", help="of the initial weights (default 0.02)")
    parser.add_argument("--steps", type=count, metavar="N", help="length of the run to be predicted")
    parser.add_argument("--peak-lr", type=float, metavar="X", help="its peak LR (default: that of the largest size)")
    parser.add_argument(
        "--for", dest="asked", action="append", metavar="SCHEDULE", help="predict this schedule (may be repeated)"
    )
    add_curve_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")
    parser.add_argument("-o", "--output", metavar="LAW.json", help="write the law expected at that size")


def run(arguments: argparse.Namespace) -> int:
    """Fit each size, carry the law over, print final losses."""
    check_outputs(arguments.output, None)
    if arguments.steps is None and not arguments.asked:
        raise InputError("--steps must be given, or --for with a schedule: of which run is the final loss asked?")
    asked = [schedules.parse(text) for text in arguments.asked or ()]
    curves, notes = {}, []
    for size, *logs in arguments.size:
        number = _number(size)
        if not logs:
            raise InputError(f"--size {size} must be followed by the logs of that size")
        if number in curves:
            raise InputError(f"--size must name each size once, with all its logs, not {size} twice")
        curves[number], said = read(logs, arguments)
        notes += said
    early = None
    if arguments.early is not None:
        (early, *more), said = read([arguments.early], arguments)
        notes += said
        if more:
            raise InputError(f"--early must hold one run, not {1 + len(more)}; --run picks one")
    transfer = transfer_size(curves, arguments.to, early, arguments.weight_decay, arguments.init_std)
    rows = [*_usual(arguments, transfer), *asked]
    if arguments.output:
        transfer.law.save(arguments.output)
    if arguments.json:
        print(dumps(plain(_document(transfer, rows))))
        return 0
    for note in (*notes, *transfer.cautions):
        print(f"rivervalley: note: {note}", file=sys.stderr)
    print(_text(transfer, rows))
    return 0


def _number(text: str) -> float:
    try:
        return checks.real("--size", float(text), 0.0, open_low=True)
    except ValueError:
        raise InputError(
            f"--size must begin with a number of parameters, as in --size 190e6 a.csv, not {checks.show(text)}"
        ) from None


def _usual(arguments: argparse.Namespace, transfer: SizeTransfer) -> list[Schedule]:
    """Constant, cosine, linear and WSD with a decay of a fifth, of the length asked for."""
    if arguments.steps is None:
        return []
    steps, results = arguments.steps, [law.result for law in transfer.fits.values()]
    largest = results[-1]
    assert largest is not None
    peak = largest.peak_lr[1] if arguments.peak_lr is None else checks.real("--peak-lr", arguments.peak_lr, 0.0, open_low=True)
    warm = arguments.warmup_steps
    if warm is None:
        warm = min(max(curve.warmup_steps for curve in largest.curves), steps // 2)
    return [
        schedules.constant(steps, peak, warmup_steps=warm),
        schedules.cosine(steps, peak, warmup_steps=warm),
        schedules.linear(steps, peak, warmup_steps=warm),
        schedules.wsd(steps, peak, warmup_steps=warm, decay_fraction=0.2),
    ]


def _text(transfer: SizeTransfer, rows: list[Schedule]) -> str:
    law = transfer.law
    lines = [f"{'parameters':>12} {'L0':>8} {'A':>8} {'B':>8}"]
    for size, fitted in transfer.fits.items():
        lines.append(f"{size:>12.4g} {fitted.L0:>8.4f} {fitted.A:>8.4f} {fitted.B:>8.4f}   fitted")
    origin = "from the other sizes" if transfer.offset is None else f"L0 moved by {transfer.offset:+.4f} by the run's beginning"
    lines.append(f"{transfer.size:>12.4g} {law.L0:>8.4f} {law.A:>8.4f} {law.B:>8.4f}   expected: {origin}")
    width = max(len(schedule.name) for schedule in rows)
    lines += ["", f"{'schedule':<{width}} {'steps':>8} {'peak LR':>9} {'final loss':>11} {'90 % interval':>18}"]
    for schedule in rows:
        loss, low, high = transfer.final_loss(schedule)
        interval = f"{low:.4f} to {high:.4f}"
        lines.append(f"{schedule.name:<{width}} {schedule.steps:>8} {schedule.peak_lr:>9.3g} {loss:>11.4f} {interval:>18}")
    return "\n".join(lines)


def _document(transfer: SizeTransfer, rows: list[Schedule]) -> dict[str, object]:
    finals = []
    for schedule in rows:
        loss, low, high = transfer.final_loss(schedule)
        finals.append(
            {
                "name": schedule.name,
                "steps": schedule.steps,
                "peak_lr": schedule.peak_lr,
                "loss": loss,
                "low": low,
                "high": high,
            }
        )
    return {
        "size": transfer.size,
        "law": {**transfer.law.params, **transfer.law.configuration},
        "fits": [{"size": size, **law.params} for size, law in transfer.fits.items()],
        "offset": transfer.offset,
        "sd": transfer.sd,
        "forecasts": finals,
        "cautions": list(transfer.cautions),
    }
