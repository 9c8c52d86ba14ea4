"""A plan from what a practitioner has, a constant run and one early decay, against the runs that were really made."""

import pytest

import rivervalley as rv
from rivervalley.planning.plan import plan
from rivervalley.planning.report import headline

STEPS = 50_000


@pytest.fixture(scope="module")
def advice():
    pair = [rv.datasets.load(f"lrs/sp_124M_{run}") for run in ("const_lr0.001_T50000", "wsd-linear0.1_lr0.001_T15000")]
    return plan(rv.laws.fit(pair, weight_decay=0.1), STEPS, [5e-4, 1e-3, 2e-3])


@pytest.fixture(scope="module")
def finals():
    """Final losses of all runs of 50,000 steps, by peak LR and name of the schedule."""
    names = [name for name in rv.datasets.list("lrs/sp_124M") if rv.datasets.info(name).total_steps == STEPS]
    return {(rv.datasets.info(n).peak_lr, n.split("_")[2]): float(rv.datasets.load(n).loss[-1]) for n in names}


def test_the_peak_that_is_chosen_holds_a_run_within_a_thousandth_of_the_best(advice, finals):
    chosen = advice.recommended.schedule.peak_lr
    assert min(loss for (peak, _), loss in finals.items() if peak == chosen) < min(finals.values()) * 1.001


def test_real_runs_lie_within_the_intervals_of_their_forecasts(advice, finals):
    peak = advice.recommended.schedule.peak_lr
    runs = {"cosine": "cos0", "wsd 20% linear": "wsd-linear0.2", "wsd 60% linear": "wsd-linear0.6"}
    forecasts = {forecast.name: forecast for forecast in advice.forecasts}
    for name, run in runs.items():
        assert forecasts[name].low < finals[peak, run] < forecasts[name].high, name


def test_the_headline_says_what_the_runs_confirm(advice, finals):
    """Long decays win at the chosen peak, against a constant LR clearly and against a cosine by less than one can tell."""
    run, _, gain = headline(advice)
    assert run.startswith(f"Run wsd(steps={STEPS}, peak_lr={advice.recommended.schedule.peak_lr:g}")
    assert advice.recommended.decay_steps > 0.3 * STEPS
    cosine, constant = (comparison.difference for comparison in advice.against)
    assert "not clear" in gain and not cosine.clear and constant.clear
    peak = advice.recommended.schedule.peak_lr
    assert abs(finals[peak, "wsd-linear0.6"] - finals[peak, "cos0"]) < 0.004
    assert finals[peak, "wsd-linear0.2"] > finals[peak, "wsd-linear0.6"] + 0.004
