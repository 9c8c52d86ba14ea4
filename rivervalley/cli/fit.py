"""rivervalley fit: a law fitted to training curves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from tqdm import tqdm

from rivervalley import laws
from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps, plain
from rivervalley.cli.curves import add_curve_options, read
from rivervalley.cli.options import check_outputs
from rivervalley.curves.curve import LossCurve
from rivervalley.laws import Law
from rivervalley.schedules.areas import WARMUP_AREAS

EXAMPLE = """examples:
  rivervalley fit constant.csv cosine.csv --warmup-steps 500 -o law.json
  rivervalley fit run.csv --schedule "cosine(steps=24000, peak_lr=3e-4, warmup_steps=2000)"
  rivervalley fit constant.csv cosine.csv --holdout wsd.csv --plot fit.png
  rivervalley fit runs/*.csv --holdout wsd.csv --law all        a table: which law predicts best

Give runs of one configuration under different schedules: a constant rate and a cosine identify the annealing law, a
constant rate alone cannot. Say how long the warm-up was where the file does not show it: the exponent depends on it."""

_METRICS = ("r2", "mae", "rmse", "mape", "worst")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("curves", nargs="+", metavar="LOG", help="training curves to fit, all of one configuration")
    parser.add_argument(
        "--law",
        default="annealing",
        metavar="LAW",
        help=f"{', '.join(laws.LAWS)}, or auto (default annealing); several parted by commas, or all, for a table of them",
    )
    parser.add_argument("--holdout", nargs="+", default=[], metavar="LOG", help="curves to score and not to fit")
    parser.add_argument(
        "--trials",
        action="store_true",
        help="also predict each curve from the others (three or more), and for the annealing law profile the decay factor",
    )
    add_curve_options(parser)
    parser.add_argument(
        "--warmup-area", metavar="RULE", help=f"what the warm-up counts for: {', '.join(WARMUP_AREAS)} (default: the law's)"
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
    names = _laws(arguments.law)
    _check_options(names, arguments)
    options: dict[str, Any] = {}
    if arguments.warmup_area is not None:
        options["warmup_area"] = checks.choice("--warmup-area", arguments.warmup_area, WARMUP_AREAS)
    if arguments.decay_factor is not None:
        options["decay_factor"] = _decay_factor(arguments.decay_factor)
    fitted, notes = read(arguments.curves, arguments)
    held, more = read(arguments.holdout, arguments)
    if len(names) > 1:
        if options or arguments.output or arguments.plot:
            raise InputError("--warmup-area, --decay-factor, --output and --plot must go with a single law")
        found = compare_laws(fitted, held, names)
        print(dumps(plain(found)) if arguments.json else laws_as_text(found))
        return 0
    law = laws.fit(fitted, law=names[0], **options)
    if arguments.output:
        law.save(arguments.output)
    if arguments.plot:
        draw(law, fitted, held, arguments.plot)
    if arguments.json:
        document = as_document(law, fitted, held)
        if arguments.trials:
            document["trials"] = trials(law, fitted)
        print(dumps(plain(document)))
    else:
        print(as_text(law, fitted, held, [*notes, *more]))
        if arguments.trials:
            print(trials_as_text(trials(law, fitted)))
    return 0


def _laws(text: str) -> list[str]:
    if text == "all":
        return ["auto", *(name for name, law in laws.LAWS.items() if not law.per_curve)]
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


def compare_laws(fitted: Sequence[LossCurve], held: Sequence[LossCurve], names: Sequence[str]) -> list[dict[str, Any]]:
    """For each law the plain mean over curves of R2, MAE, RMSE, mean and worst relative error, fitted and held out apart."""
    rows = []
    for name in tqdm(names, desc="fit", unit="law", disable=not sys.stderr.isatty(), leave=False):
        law = laws.fit(fitted, law=name)
        row: dict[str, Any] = {"law": name if name != "auto" else f"auto ({law.name})", "parameters": len(law.intervals)}
        for kind, curves in (("fitted", fitted), ("held", held)):
            scores = [law.score(curve) for curve in curves]
            means = {key: float(np.mean([getattr(one, key) for one in scores])) for key in _METRICS} if scores else None
            row[kind] = means
        rows.append(row)
    key = "held" if held else "fitted"
    return sorted(rows, key=lambda row: row[key]["mape"])


def laws_as_text(rows: Sequence[dict[str, Any]]) -> str:
    """The table of laws, best first."""
    columns = f"{'R2':>9} {'MAE':>9} {'RMSE':>9} {'mean rel':>9} {'worst rel':>9}"
    lines = [f"{'law':<24} {'free':>4}  {'curves':<7} {columns}"]
    for row in rows:
        for kind in ("fitted", "held"):
            if row[kind] is None:
                continue
            r2, mae, rmse, mape, worst = (row[kind][key] for key in _METRICS)
            label, free = (row["law"], row["parameters"]) if kind == "fitted" else ("", "")
            numbers = f"{r2:>9.5f} {mae:>9.5f} {rmse:>9.5f} {mape:>9.3%} {worst:>9.3%}"
            lines.append(f"{label:<24} {free:>4}  {kind:<7} {numbers}")
    return "\n".join(
        [*lines, "", "Means over curves, the best first. Laws that fit better with more parameters may predict worse."]
    )


def as_text(law: Law, fitted: Sequence[LossCurve], held: Sequence[LossCurve], notes: Sequence[str]) -> str:
    """Parameters with intervals, scores of every curve, warnings."""
    found = law.diagnostics
    lines = [f"{law.name} law: {law.formula}", f"warm-up counted as: {law.warmup_area}"]
    lines += [f"chosen: {found['auto']}", ""] if "auto" in found else [""]
    lines.append(f"{'parameter':<22} {'value':>12}   {found['confidence']:.0%} interval, if the law is right")
    for name, value in law.params.items():
        interval = law.intervals.get(name)
        lines.append(f"{name:<22} {value:>12.6g}   " + (f"{interval[0]:.6g} to {interval[1]:.6g}" if interval else "held"))
        if name in found["priors"]:
            lines[-1] += f", drawn to {found['priors'][name][0]:g}"
    for name, entry in found["combinations"].items():
        lines.append(f"{name:<22} {entry['value']:>12.6g}   {entry['low']:.6g} to {entry['high']:.6g}")
    lines += ["", f"{'curve':<34} {'':<7} {'R2':>8} {'MAE':>9} {'RMSE':>9} {'mean rel':>9} {'worst rel':>9}"]
    for kind, curves in (("fitted", fitted), ("held", held)):
        for curve in curves:
            s = law.score(curve)
            lines.append(
                f"{curve.name[:34]:<34} {kind:<7} {s.r2:>8.5f} {s.mae:>9.5f} {s.rmse:>9.5f} {s.mape:>9.2%} {s.worst:>9.2%}"
            )
    if held:
        lines += ["", f"{'end of held-out run':<34} {'step':>8} {'loss':>9} {'predicted':>10}   90 % band"]
        for curve in held:
            band = laws.predict_band(law, curve.schedule, [int(curve.steps[-1])])
            end = law.end_loss(curve)
            inside = "" if band.low[0] <= end <= band.high[0] else "   outside"
            lines.append(
                f"{curve.name[:34]:<34} {int(curve.steps[-1]):>8} {end:>9.4f} {band.loss[0]:>10.4f}   "
                f"{band.low[0]:.4f} to {band.high[0]:.4f}{inside}"
            )
    lines += [
        "",
        f"{found['points']} points worth about {found['effective_points']:.0f} independent ones; condition number "
        f"{found['condition_number']:.3g}; {found['starts_agreeing']} of {found['starts']} starts agree",
    ]
    cautions = [caution for curve in held for caution in law.cautions(curve.schedule)]
    lines += [f"note: {text}" for text in notes] + [
        f"warning: {text}" for text in [*found["warnings"], *dict.fromkeys(cautions)]
    ]
    return "\n".join(lines)


def trials(law: Law, fitted: Sequence[LossCurve]) -> dict[str, Any]:
    """Each curve predicted from the others, and the profile of the annealing law's decay factor."""
    held = {name: law.params[name] for name in law.diagnostics["fixed"]}
    options: dict[str, Any] = {"warmup_area": law.warmup_area, **held}
    for name, (center, strength) in law.diagnostics["priors"].items():
        options |= {name: center, f"{name}_strength": strength}
    found: dict[str, Any] = {"left_out": [], "decay_factor_profile": {}}
    if len(fitted) >= 3:
        found["left_out"] = [asdict(one) for one in laws.leave_one_out(fitted, type(law), **options)]
    if isinstance(law, laws.AnnealingLaw):
        found["decay_factor_profile"] = laws.decay_factor_profile(fitted, warmup_area=law.warmup_area)
    return found


def trials_as_text(found: dict[str, Any]) -> str:
    """The trials for a terminal."""
    lines = [""]
    if found["left_out"]:
        lines.append(
            f"{'predicted from the other curves':<34} {'R2':>8} {'mean rel':>9} {'end':>9} {'predicted':>10}   90 % band"
        )
    for one in found["left_out"]:
        lines.append(
            f"{one['name'][:34]:<34} {one['scores']['r2']:>8.5f} {one['scores']['mape']:>9.2%} {one['loss']:>9.4f} "
            f"{one['predicted']:>10.4f}   {one['low']:.4f} to {one['high']:.4f}"
        )
    if found["decay_factor_profile"]:
        said = ", ".join(f"{x:g}: {ratio:.2f}" for x, ratio in found["decay_factor_profile"].items())
        lines.append(f"objective over the least, by decay factor: {said}")
    if len(lines) == 1:
        lines.append("no trials: give three curves or more, or fit the annealing law")
    return "\n".join(lines)


def as_document(law: Law, fitted: Sequence[LossCurve], held: Sequence[LossCurve]) -> dict[str, Any]:
    """The fit as JSON has it."""
    ends = {}
    for curve in held:
        band = laws.predict_band(law, curve.schedule, [int(curve.steps[-1])])
        numbers = {"loss": law.end_loss(curve), "predicted": float(band.loss[0])}
        ends[curve.name] = numbers | {"low": float(band.low[0]), "high": float(band.high[0])}
    scores = {kind: {c.name: asdict(law.score(c)) for c in curves} for kind, curves in (("fitted", fitted), ("held", held))}
    return {
        "law": law.name,
        "formula": law.formula,
        "params": law.params,
        "intervals": law.intervals,
        "warmup_area": law.warmup_area,
        "scores": scores,
        "held_out_ends": ends,
        "diagnostics": law.diagnostics,
    }


def draw(law: Law, fitted: Sequence[LossCurve], held: Sequence[LossCurve], path: str) -> None:
    """Curves with the law's lines, and residuals below."""
    from rivervalley import plots

    with plots.style():
        made, axes = plots.figure(2, 1, figsize=(7.2, 6.0), sharex=True, gridspec_kw={"height_ratios": (3, 1.3)})
        plots.plot_fit(law, fitted, held, axes)
        plots.save(made, path)


def _decay_factor(text: str) -> float | None:
    if text == "free":
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--decay-factor must be a number below 1 or 'free', not {text!r}") from None
