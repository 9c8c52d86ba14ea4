"""A plan in words: the answer in three sentences, then tables; and as a document for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from rivervalley.laws import DifferenceBand
from rivervalley.planning.forecasts import ScheduleForecast
from rivervalley.planning.plan import PEAK_MARGIN, Comparison, Plan


def headline(plan: Plan) -> list[str]:
    """What to run, what final loss to expect, and how much better that is than a cosine and a constant LR.

    Each is one sentence. A difference is said to be clear where its 90 % interval excludes 0.

    Examples
    --------
    >>> from rivervalley.laws import AnnealingLaw
    >>> from rivervalley.planning import plan
    >>> for sentence in headline(plan(AnnealingLaw(L0=2.628, A=0.43, alpha=0.55, C=0.411), 20_000, 2e-4, 0)):
    ...     print(sentence)
    Run wsd(steps=20000, peak_lr=0.0002, warmup_steps=0, decay_steps=5022, decay_shape='cosine', final_lr=0): hold the LR at its peak until step 14978, then decay over 5022 steps.
    Expect a final loss of 2.7734.
    That is 0.0671 lower than a cosine to 0, which would need 11962 more steps to get there, and 0.0552 lower than a constant LR, which would need 15927 more steps to get there.
    """  # noqa: E501
    best = plan.recommended
    interval = f" (90 % interval {best.low:.4f} to {best.high:.4f})" if best.low is not None and best.high is not None else ""
    other = [text for comparison in plan.against if (text := _against(best, comparison))]
    sentences = [f"Run {expression(best)}: {_in_words(best)}.", f"Expect a final loss of {best.loss:.4f}{interval}."]
    return [*sentences, f"That is {', and '.join(other)}."] if other else sentences


def expression(forecast: ScheduleForecast) -> str:
    """The schedule as text that `schedules.parse` and the command line take."""
    s = forecast.schedule
    common = f"steps={s.steps}, peak_lr={s.peak_lr:.6g}, warmup_steps={s.warmup_steps}"
    final = f"final_lr={s.lr[-1]:.6g}"
    if forecast.decay_steps is not None and forecast.name.startswith("wsd "):
        shape = forecast.name.split()[1].rstrip(",")
        return f"wsd({common}, decay_steps={forecast.decay_steps}, decay_shape={shape!r}, {final})"
    if forecast.name.startswith(("cosine", "linear")):
        return f"{forecast.name.split()[0]}({common}, {final})"
    return f"constant({common})"


def as_text(plan: Plan) -> str:
    """Headline, table of schedules, candidate peaks, decay now, the annealing law's own answers, cautions."""
    blocks = ["\n".join(headline(plan)), "\n".join(_schedules(plan))]
    if len(plan.peaks) > 1:
        blocks.append("\n".join(_peaks(plan)))
    blocks += ["\n".join(_decay_now(plan)), "\n".join(_own_answers(plan)), "\n".join(f"caution: {c}" for c in plan.cautions)]
    return "\n\n".join(block for block in blocks if block)


def as_document(plan: Plan) -> dict[str, object]:
    """The plan as JSON has it."""
    now = plan.decay_now
    optimum = plan.unconstrained_optimum
    return {
        "headline": headline(plan),
        "recommended": {**_row(plan.recommended), "schedule": expression(plan.recommended)},
        "against": [
            {
                "name": c.other.name,
                "loss": c.other.loss,
                "difference": None if c.difference is None else _interval(c.difference),
                "steps_saved": c.steps_saved,
            }
            for c in plan.against
        ],
        "forecasts": [_row(forecast) for forecast in plan.forecasts],
        "peaks": [
            {
                "peak_lr": peak.peak_lr,
                "schedule": expression(peak.forecast),
                "loss": peak.forecast.loss,
                "regret": None if peak.regret is None else _interval(peak.regret),
            }
            for peak in plan.peaks
        ],
        "decay_now": {name: getattr(now, name).tolist() for name in ("start", "decay_steps", "loss", "stay")},
        "unconstrained_optimum": None if optimum is None else {"loss": optimum.loss, "drop_steps": optimum.decay_steps},
        "closed_forms": plan.closed_forms,
        "cautions": list(plan.cautions),
    }


def _in_words(forecast: ScheduleForecast) -> str:
    if forecast.decay_steps is not None and forecast.decay_start is not None and forecast.decay_steps > 0:
        return f"hold the LR at its peak until step {forecast.decay_start}, then decay over {forecast.decay_steps} steps"
    falls = forecast.schedule.lr[-1] < 0.9 * forecast.schedule.peak_lr
    return "let the LR fall from the end of the warm-up on" if falls else "hold the LR at its peak to the end"


def _against(best: ScheduleForecast, comparison: Comparison) -> str:
    """How much lower the best ends than another, whether that is clear, and what it saves."""
    other = comparison.other
    if np.array_equal(other.schedule.lr, best.schedule.lr):
        return ""
    name = "a cosine to 0" if other.name.startswith("cosine") and other.schedule.lr[-1] == 0.0 else _article(other.name)
    text = f"{other.loss - best.loss:.4f} lower than {name}"
    if comparison.difference is not None:
        band = comparison.difference
        clear = "clear" if band.clear else "not clear: smaller than the error of a difference"
        text += f" (90 % interval {-band.high:.4f} to {-band.low:.4f}, {clear})"
    if comparison.steps_saved:
        return f"{text}, which would need {comparison.steps_saved} more steps to get there"
    return text if comparison.steps_saved == 0 else f"{text}, which would not get there in eight times the steps"


def _article(name: str) -> str:
    return "a constant LR" if name.startswith("constant") else f"a {name}"


def _schedules(plan: Plan) -> Iterator[str]:
    yield f"{'schedule':<26} {'decay from':>10} {'final loss':>11} {'90 % interval':>18} {'cumulative LR':>14}"
    for f in plan.forecasts:
        start = "" if f.decay_start is None else str(f.decay_start)
        interval = f"{f.low:.4f} to {f.high:.4f}" if f.low is not None and f.high is not None else ""
        mark = "" if f.kind_fitted else "  shape not fitted"
        yield f"{f.name:<26} {start:>10} {f.loss:>11.4f} {interval:>18} {f.schedule.lr.sum():>14.5g}{mark}"
    if plan.recommended.low is not None:
        yield "An interval is for one run by itself. Errors of similar schedules are correlated: differences have their own."


def _peaks(plan: Plan) -> Iterator[str]:
    yield f"{'peak LR':<12} {'best simple schedule':<26} {'final loss':>11} {'minus chosen':>15} {'90 % interval':>20}"
    for peak in plan.peaks:
        regret = f"{peak.regret.difference:+.4f}" if peak.regret else "chosen"
        interval = f"{peak.regret.low:+.4f} to {peak.regret.high:+.4f}" if peak.regret else ""
        yield f"{peak.peak_lr:<12g} {peak.forecast.name:<26} {peak.forecast.loss:>11.4f} {regret:>15} {interval:>20}"
    if plan.recommended.schedule.peak_lr != plan.peaks[0].peak_lr:
        yield f"Of peaks within {100 * PEAK_MARGIN:g} % of the lowest forecast the smallest is chosen: laws are optimistic at high peaks."
    yield "No law sees divergence coming: a high peak that was not run may fail whatever is predicted."


def _decay_now(plan: Plan) -> Iterator[str]:
    now = plan.decay_now
    if now.start.size == 0:
        yield "No decay from a constant LR gains anything under this law."
        return
    yield f"{'decay now, at step':<26} {'best length':>11} {'loss then':>11} {'without it':>13}"
    for start, length, loss, stay in zip(now.start, now.decay_steps, now.loss, now.stay, strict=True):
        yield f"{start:<26} {length:>11} {loss:>11.4f} {stay:>13.4f}"


def _own_answers(plan: Plan) -> Iterator[str]:
    optimum, closed = plan.unconstrained_optimum, plan.closed_forms
    if optimum is not None:
        yield (
            f"Left to itself this law would hold the peak and then drop to the floor for the last {optimum.decay_steps} steps "
            f"({optimum.loss:.4f}): no advice, it shows where the law leads."
        )
    if closed:
        yield (
            f"For long runs it says: a cosine beats a constant LR beyond {closed['crossing_steps']:.0f} steps; the best linear, "
            f"1-sqrt and cosine decays take {closed['linear_decay_steps']:.0f}, {closed['sqrt_decay_steps']:.0f} and "
            f"{closed['cosine_decay_steps']:.0f} steps."
        )


def _row(forecast: ScheduleForecast) -> dict[str, object]:
    return {
        "name": forecast.name,
        "loss": forecast.loss,
        "low": _finite(forecast.low),
        "high": _finite(forecast.high),
        "decay_steps": forecast.decay_steps,
        "decay_start": forecast.decay_start,
        "peak_lr": forecast.schedule.peak_lr,
        "kind_fitted": forecast.kind_fitted,
        "cumulative_lr": float(forecast.schedule.lr.sum()),
    }


def _interval(band: DifferenceBand) -> dict[str, float | bool | None]:
    return {"difference": band.difference, "low": _finite(band.low), "high": _finite(band.high), "clear": band.clear}


def _finite(value: float | None) -> float | None:
    """JSON has no infinity: null."""
    return value if value is not None and math.isfinite(value) else None
