"""Runs of the package watched as they went on: forecasts cover, false alarms are rare, what goes wrong is said."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.monitoring.report import as_document, as_line, as_text

FITS = {
    "mpl/25M": ("mpl/25M_constant_24000", "mpl/25M_wsd_20000_24000"),
    "mpl/100M": ("mpl/100M_constant_24000", "mpl/100M_wsd_20000_24000"),
    "lrs/sp_124M": ("lrs/sp_124M_wsd-linear0.2_lr0.001_T25000", "lrs/sp_124M_cos0_lr0.001_T50000"),
    "olmo/190M": ("olmo/190M_wsd_1xC", "olmo/190M_cosine_5xC"),
}


@cache
def law(family="mpl/25M"):
    names = [name for name in FITS[family] if name in rv.datasets.list()]
    return rv.laws.fit([rv.datasets.load(name) for name in names])


def watched(family):
    """Runs of the configuration, at the fitted peak LRs, that were not fitted."""
    peaks = {rv.datasets.info(name).peak_lr for name in FITS[family] if name in rv.datasets.list()}
    names = [name for name in rv.datasets.list(family + "_") if rv.datasets.info(name).peak_lr in peaks]
    return [rv.datasets.load(name) for name in names if name not in FITS[family]]


@pytest.mark.slow
def test_real_runs_raise_hardly_any_alarm_and_end_where_forecast():
    """Watched at 40, 70 and 100 % of the run; changes of the run itself, and final losses within nominal 90 % intervals."""
    runs, changed, off, covered, alone, forecasts = 0, [], [], 0, 0, 0
    for family in FITS:
        fitted = law(family)
        for curve in watched(family):
            runs += 1
            end = fitted.end_loss(curve)
            report = rv.watch(fitted, curve)
            changed += [curve.name for alarm in report.alarms if alarm.kind != "off forecast"][:1]
            off += [curve.name for alarm in report.alarms if alarm.kind == "off forecast"]
            for share in (0.4, 0.7):
                early = rv.watch(fitted, curve.until(round(share * curve.schedule.steps))).forecast
                forecasts += 1
                covered += early.low <= end <= early.high
                alone += early.law_low <= end <= early.law_high
    assert runs >= 40
    assert len(changed) <= 0.05 * runs, changed
    assert len(off) <= 0.1 * runs, off
    assert covered >= 0.85 * forecasts, (covered, alone, forecasts)


def test_the_law_itself_is_inside_and_stays_there():
    """A run that is the law to the last digit, and one with an offset that the intervals know of."""
    fitted, base = law(), rv.datasets.load("mpl/25M_cosine_24000")
    steps = base.steps[base.steps >= 4000]
    exact = rv.LossCurve(steps, fitted.predict_at(base.schedule, steps), base.schedule)
    report = rv.watch(fitted, exact.until(12_000))
    assert report.standing.inside and report.alarms == ()
    assert report.forecast.loss == pytest.approx(report.forecast.law_loss, rel=1e-12)
    higher = rv.watch(fitted, replace(exact, loss=exact.loss * 1.001).until(12_000)).forecast
    # Part of an offset is noise and passes, part is the run's own and stays.
    assert higher.law_loss < higher.loss < 1.001 * higher.law_loss
    assert higher.high - higher.low <= higher.law_high - higher.law_low


def test_a_change_of_data_is_an_alarm_and_moves_the_forecast():
    curve = rv.datasets.load("mpl/25M_constant_24000")
    worse = replace(curve, loss=curve.loss * np.where(curve.steps >= 14_000, 1.03, 1.0)).until(18_000)
    report = rv.watch(law(), worse)
    (alarm,) = report.active_alarms
    assert alarm.kind == "offset" and abs(alarm.first_step - 14_000) < 300
    assert report.forecast.loss > 1.01 * report.forecast.law_loss
    assert as_text(report).startswith("ALARM: lasting offset since step") and "ALARM lasting offset" in as_line(report)


def test_a_loss_of_nan_is_an_alarm_while_it_is_the_last():
    curve = rv.datasets.load("mpl/25M_constant_24000").until(12_000)
    report = rv.watch(law(), replace(curve, nonfinite_steps=np.array([12_010, 12_020])))
    assert [alarm.kind for alarm in report.active_alarms] == ["not finite"]
    assert as_document(report)["alarms"][0]["size"] is None
    assert rv.watch(law(), replace(curve, nonfinite_steps=np.array([9_000]))).alarms == ()


def test_another_run_is_off_forecast():
    curve = rv.datasets.load("mpl/25M_cosine_24000").until(12_000)
    report = rv.watch(law(), replace(curve, loss=curve.loss * 1.04))
    assert [alarm.kind for alarm in report.active_alarms] == ["off forecast"] and not report.standing.inside


def test_decays_now_and_later():
    curve = rv.datasets.load("mpl/25M_wsdld_20000_24000")
    options = rv.watch(law(), curve.until(12_000)).decays
    assert options[0].start == int(curve.until(12_000).steps[-1])
    assert np.all(np.diff([option.start for option in options]) > 0)
    assert all(option.loss < option.without for option in options)
    assert np.all(np.diff([option.loss for option in options]) < 0)
    assert rv.watch(law(), curve.until(23_000)).decays == ()  # the LR has left its peak


def test_what_remains_of_the_schedule():
    curve = rv.datasets.load("mpl/25M_constant_24000").until(12_000)
    short = replace(curve, schedule=curve.schedule.until(12_000))
    assert rv.watch(law(), short, steps=24_000).forecast == rv.watch(law(), curve).forecast
    assert rv.watch(law(), short, curve.schedule).forecast == rv.watch(law(), curve).forecast
    done = rv.datasets.load("mpl/25M_constant_24000")
    last = int(done.steps[-1])
    assert rv.watch(law(), replace(done, schedule=done.schedule.until(last))).forecast is None


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"curve": 3}, "curve must be a LossCurve"),
        ({"schedule": rv.schedules.constant(100, 0.1)}, "schedule must reach the last reading"),
        ({"schedule": "x"}, "schedule must be a Schedule"),
        ({"steps": 100}, "steps must be"),
        ({"law": rv.laws.AnnealingLaw(L0=2.6, A=0.4, alpha=0.5, C=0.4)}, "law must be fitted"),
    ],
)
def test_bad_input(bad, words):
    curve = rv.datasets.load("mpl/25M_constant_24000").until(12_000)
    with pytest.raises(rv.InputError, match=words):
        rv.watch(**{"law": law(), "curve": curve, **bad})
