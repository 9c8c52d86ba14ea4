"""A fitted law in words and a table, for people."""

from __future__ import annotations

import math

from rivervalley.laws.base.law import Law


def summary(law: Law) -> str:
    """Formula, parameters with intervals, quality of the fit and warnings, as lines of text.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> print(summary(AnnealingLaw(L0=2.628, A=0.429, alpha=0.55, C=0.411)))
    annealing law: L = L0 + A S1^-alpha - C S2 (warm-up: ramp)
      L0            2.628
      A             0.429
      alpha         0.55
      C             0.411
      decay_factor  0.999
    """
    lines = [f"{law.name} law: {law.formula} (warm-up: {law.warmup_area})"]
    known = law.diagnostics
    fixed = known.get("fixed", {})
    combined = known.get("combinations", {})
    width = max(len(name) for name in [*law.params, *combined])
    for name, value in law.params.items():
        lines.append(f"  {name:<{width}}  {value:.5g}" + _extent(law.intervals.get(name), name in fixed))
        if name in known.get("priors", {}):
            lines[-1] += f"  drawn to {known['priors'][name][0]:g}"
    for name, entry in combined.items():
        lines.append(f"  {name:<{width}}  {entry['value']:.5g}" + _extent((entry["low"], entry["high"]), False))
    if known:
        lines.append(
            f"  fitted to {known['points']} losses (worth {known['effective_points']:.0f} independent ones) of "
            f"{len(known['curves'])} curve(s); intervals at {known['confidence']:.0%}, if the law is right"
        )
        lines.append(
            f"  R2 {known['r2']:.5f}, mean relative error {known['mape']:.3%}, worst {known['worst']:.3%}; objective "
            f"{known['objective']:.4g}, {known['starts_agreeing']} of {known['starts']} starts agree; condition number "
            f"{_number(known['condition_number'])}"
        )
        lines += [f"  warning: {sentence}" for sentence in known["warnings"]]
    return "\n".join(lines)


def _extent(interval: tuple[float, float] | None, fixed: bool) -> str:
    if fixed:
        return "  (fixed)"
    return "" if interval is None else f"  [{_number(interval[0])}, {_number(interval[1])}]"


def _number(value: float | None) -> str:
    return "inf" if value is None or math.isinf(value) else f"{value:.5g}"
