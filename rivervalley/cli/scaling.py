"""rivervalley scaling: what the scaling laws say about a size, data, compute or loss, and laws fitted to one's own runs."""

from __future__ import annotations

import argparse
import math

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import JSON, dumps, plain
from rivervalley.cli.options import check_outputs
from rivervalley.scaling import chinchilla, kaplan
from rivervalley.scaling.fitting import FORMS, ScalingFit, fit_scaling, read_runs
from rivervalley.scaling.table import CORPORA, RANGES, ScalingRow, scaling_table

EXAMPLE = """examples:
  rivervalley scaling -N 7B -D 1.4T             what each law expects of this run, and how far it is from the best
  rivervalley scaling -C 5.76e23 --plot c.png   best size, data and loss for a budget (flop, or PF-days: 10PFd)
  rivervalley scaling --loss 2.3 --json         what a loss takes
  rivervalley scaling --fit runs.csv --law chinchilla -C 1e21
                                                a law fitted to your runs, beside the published ones

The file of --fit has a column loss and any of N, D, S, C, B (parameters, tokens, steps, flop, tokens in a batch), a run in
each row. Kaplan's N leaves embeddings out, Chinchilla's counts them. Constants are used as whole sets, never mixed."""

_SUFFIXES = {"k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12, "PFd": kaplan.PF_DAY}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("-N", "--size", type=amount, metavar="N", help="parameters: 7e9 or 7B")
    parser.add_argument("-D", "--data", type=amount, metavar="D", help="training tokens: 1.4e12 or 1.4T")
    parser.add_argument("-C", "--compute", type=amount, metavar="C", help="flop: 5.76e23, or PF-days: 6667PFd")
    parser.add_argument("--loss", type=amount, metavar="L", help="nats per token")
    parser.add_argument("--fit", metavar="RUNS.csv", help="fit a law to these runs")
    parser.add_argument("--law", default="chinchilla", metavar="LAW", help=f"with --fit: {', '.join(FORMS)} (chinchilla)")
    parser.add_argument(
        "--offset",
        choices=("yes", "no"),
        help="with --fit: whether an irreducible loss is fitted too (default: as the law was published)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the laws, or the fit with its residuals (.png, .svg, .pdf)")


def amount(text: str) -> float:
    """A positive number typed with or without a suffix: 7B, 1.4T, 10PFd."""
    for suffix, factor in _SUFFIXES.items():
        if text.endswith(suffix):
            text, scale = text.removesuffix(suffix), factor
            break
    else:
        scale = 1.0
    try:
        return checks.real("value", float(text) * scale, 0.0, open_low=True)
    except ValueError:
        suffixes = ", ".join(_SUFFIXES)
        raise argparse.ArgumentTypeError(
            f"must be a positive number, with {suffixes} behind it or nothing, not {checks.show(text)}"
        ) from None


def run(arguments: argparse.Namespace) -> int:
    """Fit where asked, print the table, draw."""
    check_outputs(None, arguments.plot)
    given = {"N": arguments.size, "D": arguments.data, "C": arguments.compute, "loss": arguments.loss}
    asked = {name: value for name, value in given.items() if value is not None}
    if not asked and not arguments.fit:
        raise InputError("one of -N, -D, -C, --loss and --fit must be given")
    if not arguments.fit and (arguments.offset or arguments.law != "chinchilla"):
        raise InputError("--law and --offset must be left out without --fit")
    fitted = _fitted(arguments) if arguments.fit else None
    own = fitted.constants() if fitted is not None and fitted.law == "chinchilla" and _complete(fitted) else None
    rows = scaling_table(**asked, fitted=own if isinstance(own, chinchilla.Chinchilla) else None) if asked else []
    predicted = _predicted(fitted, asked)
    if arguments.plot:
        from rivervalley.plots import scaling

        if fitted is not None:
            scaling.draw_fit(fitted, read_runs(arguments.fit), arguments.plot)
        else:
            scaling.draw_laws(asked, arguments.plot)
    if arguments.json:
        print(dumps(as_document(rows, fitted, predicted)))
    else:
        print(as_text(rows, fitted, predicted))
    return 0


def _fitted(arguments: argparse.Namespace) -> ScalingFit:
    offset = None if arguments.offset is None else arguments.offset == "yes"
    return fit_scaling(arguments.fit, checks.choice("--law", arguments.law, FORMS), offset=offset)


def _complete(fitted: ScalingFit) -> bool:
    return min(fitted.params["A"], fitted.params["B"]) > 0.0


def _predicted(fitted: ScalingFit | None, asked: dict[str, float]) -> float | None:
    """The fitted law's loss where its columns are given."""
    if fitted is None:
        return None
    columns = FORMS[fitted.law].columns
    return float(fitted.predict(**{name: asked[name] for name in columns})) if set(columns) <= asked.keys() else None


def as_document(rows: list[ScalingRow], fitted: ScalingFit | None, predicted: float | None) -> JSON:
    """What --json prints; infinite numbers are null."""
    return {
        "fit": plain(fitted),
        "predicted_loss": predicted,
        "laws": plain(rows),
        "corpora": dict(CORPORA),
    }


def as_text(rows: list[ScalingRow], fitted: ScalingFit | None, predicted: float | None) -> str:
    """The fit, then what each law says, law by law."""
    parts = []
    if fitted is not None:
        parts.append(fitted.summary())
    if predicted is not None:
        parts.append(f"predicted loss: {predicted:.4f}")
    by_law: dict[str, list[ScalingRow]] = {}
    for row in rows:
        by_law.setdefault(f"{row.law} ({row.source})", []).append(row)
    width = max((len(row.quantity) for row in rows), default=0)
    for law, mine in by_law.items():
        parts.append("\n".join([law, *(f"  {row.quantity:<{width}}  {_shown(row)}" for row in mine)]))
    if rows:
        parts.append(_foot(rows))
    return "\n\n".join(parts)


def _shown(row: ScalingRow) -> str:
    """Value, interval and note of a row."""
    words = show(row.value, row.unit)
    if row.low is not None and row.high is not None:
        words += f"  (90 %: {row.low:.3g} to {row.high:.3g})"
    return f"{words}  [extrapolated]" if row.note else words


def _foot(rows: list[ScalingRow]) -> str:
    """What the losses are of, and what the intervals leave out."""
    laws = {name: text for name, text in CORPORA.items() if any(row.law.startswith(name) for row in rows)}
    lines = [f"{name}: nats per token of {text}." for name, text in laws.items()]
    lines.append("Losses under different tokenizers or on different corpora cannot be compared.")
    for name in laws:
        if any(row.note and row.law.startswith(name) for row in rows):
            fitted = ", ".join(f"{symbol} {r.low:.2g} to {r.high:.2g}" for symbol, r in RANGES[name].items())
            lines.append(f"[extrapolated]: outside what {name}'s law was fitted to, {fitted}.")
    ends = [row.note.split("; ")[-1] for row in rows if "contradict" in row.note]
    if ends:
        lines.append(f"{ends[0][0].upper()}{ends[0][1:]}.")
    if any(row.low is not None for row in rows):
        lines.append(
            "Intervals take the refit's printed errors as independent: their correlations are not published, so they are too wide."
        )
    return "\n".join(lines)


def show(value: float, unit: str) -> str:
    """A number as people write it, with its unit: 7.2e+10 parameters."""
    if math.isinf(value):
        return "unreachable"
    return f"{value:.4g} {unit}".rstrip()
