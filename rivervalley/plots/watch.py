"""The figure of `rivervalley watch`."""

from __future__ import annotations

import numpy as np

from rivervalley.curves.curve import LossCurve
from rivervalley.laws import Law, predict_band
from rivervalley.laws.base.law import recorded
from rivervalley.monitoring.watch import WatchReport
from rivervalley.plots import base


def draw_watch(law: Law, curve: LossCurve, report: WatchReport, path: str) -> None:
    """Losses with the law's 90 % interval and the final forecast, and residuals with alarms below."""
    steps, losses = recorded(curve)
    places = np.unique(np.linspace(max(report.schedule.warmup_steps, 1), report.schedule.steps, 200).round().astype(np.int64))
    band = predict_band(law, report.schedule, places)
    with base.style():
        picture, (top, bottom) = base.figure(2, 1, figsize=(7.2, 5.4), sharex=True, gridspec_kw={"height_ratios": (3, 1.3)})
        top.plot(steps, losses, ".", ms=2, label=curve.name)
        top.plot(places, band.loss, label=f"{law.name} law")
        top.fill_between(places, band.low, band.high, alpha=0.2, lw=0, label="90 % interval")
        end = report.forecast
        if end is not None:
            reach = [[end.loss - end.low], [end.high - end.loss]]
            top.errorbar([end.step], [end.loss], yerr=reach, fmt="o", capsize=3, label=f"final loss {end.loss:.4f}")
        inside = losses[steps.size // 20 :]
        low, high = min(inside.min(), band.low.min()), inside.max()
        top.set(ylabel="loss", ylim=(low - 0.05 * (high - low), high + 0.05 * (high - low)))
        top.legend()
        bottom.plot(steps, 100.0 * (losses / law.predict_at(report.schedule, steps) - 1.0), lw=0.8)
        for alarm in report.alarms:
            last = report.standing.step if alarm.last_step is None else alarm.last_step
            bottom.axvspan(alarm.first_step, max(last, alarm.first_step + 1), color="tab:red", alpha=0.2)
        bottom.set(xlabel="step", ylabel="from the law (%)")
        base.save(picture, path)
