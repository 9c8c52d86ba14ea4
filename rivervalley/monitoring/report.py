"""A watch report in words, and as a document for JSON."""

from __future__ import annotations

import math
from dataclasses import asdict

from rivervalley.monitoring.alarms import Alarm
from rivervalley.monitoring.watch import WatchReport


def as_line(report: WatchReport) -> str:
    """One line: step, loss, distance from the law, final forecast, alarms that go on."""
    now, end = report.standing, report.forecast
    away = 100.0 * (now.loss / now.expected - 1.0)
    text = f"step {now.step}: loss {now.loss:.4f}, {away:+.2f} % from the law, {_inside(report)}"
    if end is not None:
        text += f"; final loss {end.loss:.4f} ({end.low:.4f} to {end.high:.4f}) at step {end.step}"
    return "; ".join([text, *(f"ALARM {sentence(alarm)}" for alarm in report.active_alarms)])


def as_text(report: WatchReport) -> str:
    """Alarms first, then where the run stands, the final loss, decays, what is over, cautions."""
    now, end = report.standing, report.forecast
    lines = [f"ALARM: {sentence(alarm)}." for alarm in report.active_alarms]
    lines.append(
        f"At step {now.step} the loss is {now.loss:.4f} (mean of {now.readings} readings from step {now.first_step} on), where the law "
        f"expects {now.expected:.4f} (90 % interval {now.low:.4f} to {now.high:.4f}): {_inside(report)}."
    )
    if end is not None:
        lines.append(
            f"Expect a final loss of {end.loss:.4f} at step {end.step} (90 % interval {end.low:.4f} to {end.high:.4f}); the law alone, "
            f"before this run, says {end.law_loss:.4f} ({end.law_low:.4f} to {end.law_high:.4f})."
        )
    if report.decays:
        lines += ["", f"{'linear decay from step':<22} {'steps':>8} {'ends at':>9} {'loss then':>10} {'without it':>11}"]
        for option in report.decays:
            start = f"{option.start} (now)" if option is report.decays[0] else str(option.start)
            lines.append(f"{start:<22} {option.decay_steps:>8} {option.end:>9} {option.loss:>10.4f} {option.without:>11.4f}")
    lines += [f"over: {sentence(alarm)}" for alarm in report.alarms if not alarm.active]
    lines += [f"caution: {caution}" for caution in report.cautions]
    return "\n".join(lines)


def as_document(report: WatchReport) -> dict[str, object]:
    """The report as JSON has it; it has no infinity: null."""
    return {
        "name": report.name,
        "standing": {**asdict(report.standing), "inside": report.standing.inside},
        "forecast": None if report.forecast is None else {k: _finite(v) for k, v in asdict(report.forecast).items()},
        "decays": [asdict(option) for option in report.decays],
        "alarms": [{**asdict(alarm), "size": _finite(alarm.size), "active": alarm.active} for alarm in report.alarms],
        "cautions": list(report.cautions),
    }


def sentence(alarm: Alarm) -> str:
    """What happened, from when to when.

    >>> sentence(Alarm("offset", 3000, None, 0.031))
    'lasting offset since step 3000: the loss changed its level by +3.1 %, as after a change of data or batch size'
    """
    when = f"since step {alarm.first_step}" if alarm.active else f"from step {alarm.first_step} to {alarm.last_step}"
    size = f"{100.0 * alarm.size:+.2g} %"
    if alarm.kind == "spike":
        return f"spike {when}: the loss is up to {size} above its level before"
    if alarm.kind == "divergence":
        return f"divergence {when}: the loss rises, by now {size} above its level before"
    if alarm.kind == "offset":
        return f"lasting offset {when}: the loss changed its level by {size}, as after a change of data or batch size"
    if alarm.kind == "not finite":
        return f"divergence {when}: the loss is nan or infinite"
    return f"off forecast {when}: the loss is {size} from the law, outside its 99 % band"


def _inside(report: WatchReport) -> str:
    return "inside" if report.standing.inside else "OUTSIDE"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
