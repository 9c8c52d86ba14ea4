"""The claim frame: checks, verdicts, controls, skipping."""

import math

import numpy as np
import pytest
from scipy import stats

import rivervalley as rv
from rivervalley.claims import checks, registry
from rivervalley.claims import claim as frame


def a_claim(measure, control=lambda setting: [checks.near("off", 1.0, 2.0)]):
    return frame.Claim(
        id="AL-99",
        paper="none",
        section="docs/theory/annealing.md#1-the-law",
        statement="a statement",
        formula="x = 1",
        status="derived",
        kind="exact",
        ruling="derived here",
        premise="a premise",
        breaks="all of it",
        measure=measure,
        control=control,
    )


def test_near_takes_the_larger_of_both_tolerances():
    assert checks.near("x", 2.0, 2.1, absolute=0.05, relative=0.06).tolerance == pytest.approx(0.12)
    assert checks.near("x", 2.0, 2.1, absolute=0.05).passed is False
    assert checks.near("x", -2.0, -2.1, relative=0.06).passed is True


@pytest.mark.parametrize("make", [checks.near, checks.at_most, checks.at_least])
def test_nan_never_passes(make):
    check = make("x", 1.0, math.nan)
    assert not check.passed
    assert check.error_ratio == math.inf


def test_bounds():
    assert checks.at_most("x", 1.0, 0.9).passed
    assert not checks.at_most("x", 1.0, 1.0001).passed
    assert checks.at_most("x", 1.0, 1.0001, slack=0.001).passed
    assert checks.at_least("x", 1.0, 1.1).passed
    assert not checks.at_least("x", 1.0, 0.999).passed


def test_worst_names_the_entry_furthest_over_its_tolerance():
    check = checks.worst("x", [1.0, 10.0, 100.0], [1.5, 10.0, 101.0], relative=0.02)
    assert (check.predicted, check.measured, check.passed) == (1.0, 1.5, False)
    assert not checks.worst("x", [1.0, 1.0], [1.0, math.nan], relative=0.5).passed
    assert checks.worst("x", [1.0, 2.0], [1.0, 2.0]).passed


def test_agreement_has_the_false_alarm_rate_it_states(monkeypatch):
    """At a stated rate of 5 % a claim, 4000 true claims of 20 entries fail about 200 times: binomial band at 1e-6."""
    rng = np.random.default_rng(7)
    samples = rng.standard_normal((4000, 20))
    monkeypatch.setattr(checks, "FALSE_ALARM", 0.05)
    failed = sum(not checks.agreement("x", 0.0, row, 1.0).passed for row in samples)
    low, high = stats.binom.interval(1 - 1e-6, 4000, 1 - (1 - 0.05 / 20) ** 20)
    assert low <= failed <= high


def test_agreement_allows_for_a_stated_bias_only():
    assert checks.agreement("x", 100.0, 100.9, 0.0, bias=0.01).passed
    assert not checks.agreement("x", 100.0, 101.1, 0.0, bias=0.01).passed
    assert not checks.agreement("x", 1.0, math.nan, 1.0).passed


def test_judge_shows_the_headline_of_a_claim_that_agrees_though_another_check_is_nearer_to_its_tolerance():
    verdict = frame.judge(
        a_claim(lambda s: [checks.near("a", 1.0, 1.0, 0.1), checks.near("b", 1.0, 1.09, 0.1)]), frame.Setting()
    )
    assert (verdict.passed, verdict.shown.what, verdict.outcome) == (True, "a", "derived here")


def test_judge_shows_the_check_that_fails_worst():
    verdict = frame.judge(
        a_claim(lambda s: [checks.near("a", 1.0, 1.0, 0.1), checks.near("b", 1.0, 1.2, 0.1), checks.near("c", 1.0, 1.11, 0.1)]),
        frame.Setting(),
        True,
    )
    assert (verdict.passed, verdict.shown.what, verdict.control_failed, verdict.outcome) == (False, "b", True, "open")
    assert verdict.error == pytest.approx(0.2)


def test_judge_tells_a_control_whose_headline_passes():
    good, bad = checks.near("a", 1.0, 1.0, 0.1), checks.near("b", 1.0, 2.0, 0.1)
    assert frame.judge(a_claim(lambda s: [good], lambda s: [good]), frame.Setting(), True).control_failed is False
    assert frame.judge(a_claim(lambda s: [good], lambda s: [bad, good]), frame.Setting(), True).control_failed is True
    assert frame.judge(a_claim(lambda s: [good], lambda s: [good, bad]), frame.Setting(), True).control_failed is False
    assert frame.judge(a_claim(lambda s: [good], lambda s: [bad]), frame.Setting()).control_failed is None


def test_judge_says_why_it_skipped():
    def measure(setting):
        raise frame.Skip("no such machine")

    verdict = frame.judge(a_claim(measure), frame.Setting())
    assert verdict.passed is None
    assert verdict.skipped == "no such machine"
    assert verdict.predicted is None
    assert verdict.outcome == "not judged"


def test_real_curves_come_with_the_package():
    assert frame.Setting().real_curves().load("mpl/25M_cosine_24000").schedule.steps == 24_000


def test_a_claim_that_measures_nothing_does_not_pass():
    verdict = frame.judge(a_claim(lambda s: []), frame.Setting())
    assert verdict.passed is None
    assert verdict.skipped == "the claim measured nothing"


def test_ids_are_unique_and_well_formed():
    ids = [claim.id for claim in rv.claims.list()]
    assert len(ids) == len(set(ids))
    assert all(i[:2] in rv.claims.GROUPS and i[2] == "-" for i in ids)


def test_claims_say_what_they_are():
    for claim in rv.claims.list():
        assert claim.statement.endswith("."), claim.id
        assert claim.formula and claim.paper, claim.id
        assert claim.status in ("read", "derived", "remembered"), claim.id
        assert claim.kind in ("exact", "asymptotic", "statistical"), claim.id
        assert claim.ruling in frame.RULINGS and claim.premise.endswith(".") and claim.breaks, claim.id
        assert bool(claim.correction) == (claim.ruling in ("corrected", "refuted")), claim.id


def test_select_by_group_and_id():
    chosen = registry.select(["rv", "al-01"])
    assert {claim.id[:2] for claim in chosen} == {"AL", "RV"}
    assert [claim.id for claim in chosen if claim.id.startswith("AL")] == ["AL-01"]


def test_select_refuses_what_does_not_exist():
    with pytest.raises(rv.InputError, match=r"AL-999.*did you mean"):
        registry.select(["AL-999"])


@pytest.mark.parametrize("seed", [1.5, -1, True, "x", 2**64])
def test_check_refuses_bad_seeds(seed):
    with pytest.raises(rv.InputError, match="seed"):
        rv.claims.check("AL-06", seed=seed)


def test_check_refuses_a_group_and_a_folder_without_curves(tmp_path):
    with pytest.raises(rv.InputError, match="one claim"):
        rv.claims.check("AL")
    with pytest.raises(rv.InputError, match=r"index\.csv"):
        rv.claims.check("AL-06", curves=tmp_path)


def test_power_multiplies_trajectories():
    assert frame.Setting(power=8).trajectories(100) == 800
    assert frame.Setting(quick=True, power=2).trajectories(4096) == 2 * 512
    with pytest.raises(rv.InputError, match="power"):
        rv.claims.check("AL-06", power=0)
