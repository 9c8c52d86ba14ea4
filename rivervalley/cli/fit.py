"""rivervalley fit: a law fitted to training curves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from rivervalley import laws
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.curves import add_configuration_options, add_curve_options, configuration, read
from rivervalley.cli.options import check_outputs
from rivervalley.curves.curve import LossCurve
from rivervalley.laws import ComparedLaw, CrossValidation, Law
from rivervalley.laws.report import as_document, as_text
from rivervalley.schedules.areas import WARMUP_AREAS

EXAMPLE = """examples:
  rivervalley fit constant.csv cosine.csv --warmup-steps 500 -o law.json
  rivervalley fit run.csv --schedule "cosine(steps=24000, peak_lr=3e-4, warmup_steps=2000)"
  rivervalley fit constant.csv cosine.csv --holdout wsd.csv --plot fit.png
  rivervalley fit runs/*.csv --holdout wsd.csv --law all        a table: which law predicts best

Give runs of one configuration under different schedules: one that decays is needed, a constant LR alone does not tell
noise from progress. Say how long the warm-up was where the file does not show it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("curves", nargs="+", metavar="LOG", help="training curves to fit, all of one configuration")
    parser.add_argument(
        "--law",
        metavar="LAW",
        help=f"auto (default) or {', '.join(laws.LAWS)}; several, comma-separated, or all, for a table of them",
    )
    parser.add_argument("--holdout", nargs="+", default=[], metavar="LOG", help="curves to score and not to fit")
    parser.add_argument(
        "--cross-validate",
        action="store_true",
        help="also predict each curve from the others (three or more), and for the annealing law profile the decay factor",
    )
    add_configuration_options(parser)
    add_curve_options(parser)
    parser.add_argument(
        "--warmup-area", metavar="RULE", help=f"how warm-up enters S1 and S2: {', '.join(WARMUP_AREAS)} (default: the law's)"
    )
    parser.add_argument(
        "--decay-factor",
        metavar="X",
        help="lambda of the annealing area: a number below 1, or 'free' to fit it (default 0.999)",
    )
    parser.add_argument("-o", "--output", metavar="LAW.json", help="write the law, for rivervalley predict and plan")
    parser.add_argument("--plot", metavar="FILE.png", help="draw curves, fits and residuals (.png, .svg or .pdf)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Fit, print the report, write what was asked for."""
    check_outputs(arguments.output, arguments.plot)
    names = _laws(arguments.law or _default_law(arguments))
    _check_options(names, arguments)
    options: dict[str, Any] = {}
    if arguments.warmup_area is not None:
        options["warmup_area"] = checks.choice("--warmup-area", arguments.warmup_area, WARMUP_AREAS)
    if arguments.decay_factor is not None:
        options["decay_factor"] = _decay_factor(arguments.decay_factor)
    fitted, notes = read(arguments.curves, arguments)
    others, more = read(arguments.holdout, arguments)
    options |= configuration(arguments, names[0], len(fitted))
    if len(names) > 1:
        if options or arguments.output or arguments.plot:
            raise InputError("options of a law, --output and --plot must go with a single law")
        progress = tqdm(names, desc="fit", unit="law", disable=not sys.stderr.isatty(), leave=False)
        rows = laws.compare_laws(fitted, others, progress)
        print(dumps(plain(rows)) if arguments.json else laws_as_text(rows))
        return 0
    law = laws.fit(fitted, law=names[0], **options)
    fit = laws.fit_report(law, fitted, others, [*notes, *more])
    validation = laws.cross_validate(law, fitted) if arguments.cross_validate else None
    if arguments.output:
        law.save(arguments.output)
    if arguments.plot:
        draw(law, fitted, others, arguments.plot)
    if arguments.json:
        print(dumps(as_document(fit) | ({"cross_validation": plain(validation)} if validation else {})))
    else:
        print(as_text(fit) + ("\n" + cross_validation_as_text(validation) if validation else ""))
    return 0


def _default_law(arguments: argparse.Namespace) -> str:
    """The annealing law where an option of its own is given, otherwise auto."""
    return "auto" if arguments.decay_factor is None and arguments.warmup_area is None else "annealing"


def _laws(text: str) -> list[str]:
    if text == "all":
        return list(laws.comparable_laws())
    return [laws.law_name("--law", name, "auto") for name in text.split(",")]


def _check_options(names: Sequence[str], arguments: argparse.Namespace) -> None:
    """Refuse what the laws asked for do not take, before any file is read."""
    for name in names:
        law = laws.LAWS.get(name)  # None for auto
        if law is not None and law.per_curve:
            raise InputError(f"--law {name} must be used from Python, where {law.per_curve[0]} of the curves can be given")
        shapes = {parameter.name for parameter in law.shape_parameters} if law is not None else set()
        if arguments.decay_factor is not None and "decay_factor" not in shapes:
            raise InputError(f"--decay-factor must be left out for the law {name!r}, which has none")


def laws_as_text(rows: Sequence[ComparedLaw]) -> str:
    """The table of laws, best first."""
    columns = f"{'R2':>9} {'MAE':>9} {'RMSE':>9} {'mean rel':>9} {'max rel':>9}"
    lines = [f"{'law':<24} {'free':>4}  {'curves':<8} {columns}"]
    for row in rows:
        for kind, scores in (("fitted", row.fitted), ("held out", row.held_out)):
            if scores is None:
                continue
            label, free = (row.law, row.parameters) if kind == "fitted" else ("", "")
            numbers = f"{scores.r2:>9.5f} {scores.mae:>9.5f} {scores.rmse:>9.5f} {scores.mape:>9.3%} {scores.worst:>9.3%}"
            lines.append(f"{label:<24} {free:>4}  {kind:<8} {numbers}")
    return "\n".join(
        [*lines, "", "Means over curves, the best first. Laws that fit better with more parameters may predict worse."]
    )


def cross_validation_as_text(validation: CrossValidation) -> str:
    """Each curve predicted from the others, and the profile of the decay factor, for a terminal."""
    lines = [""]
    if validation.left_out:
        lines.append(
            f"{'predicted from the other curves':<34} {'R2':>8} {'mean rel':>9} {'end':>9} {'predicted':>10}   90 % band"
        )
    for curve in validation.left_out:
        lines.append(
            f"{curve.name[:34]:<34} {curve.scores.r2:>8.5f} {curve.scores.mape:>9.2%} {curve.loss:>9.4f} "
            f"{curve.predicted:>10.4f}   {curve.low:.4f} to {curve.high:.4f}"
        )
    if validation.decay_factor_profile:
        ratios = ", ".join(f"{x:g}: {ratio:.2f}" for x, ratio in validation.decay_factor_profile.items())
        lines.append(f"objective over the least, by decay factor: {ratios}")
    if len(lines) == 1:
        lines.append("no cross-validation: give three curves or more, or fit the annealing law")
    return "\n".join(lines)


def draw(law: Law, fitted: Sequence[LossCurve], others: Sequence[LossCurve], path: str) -> None:
    """Curves with the law's lines, and residuals below."""
    from rivervalley import plots

    with plots.style():
        figure, axes = plots.figure(2, 1, figsize=(7.2, 6.0), sharex=True, gridspec_kw={"height_ratios": (3, 1.3)})
        plots.plot_fit(law, fitted, others, axes)
        plots.save(figure, path)


def _decay_factor(text: str) -> float | None:
    if text == "free":
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--decay-factor must be a number below 1 or 'free', not {checks.show(text)}") from None
