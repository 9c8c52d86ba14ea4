"""The catalogue of faults: every text stands where it says, every claim has its faults, and the runner tells notice from miss."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from faults.catalogue import FAULTS
from faults.fault import Fault
from faults.run import choose, line, try_fault
from rivervalley import claims

ROOT = Path(__file__).parents[2] / "rivervalley"
NOTICED = Fault("R* of 15", "scaling/corrections.py", "REPEAT_HALF_LIFE = 15.4", "REPEAT_HALF_LIFE = 15.0", ("KS-26",))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_text_of_a_fault_stands_in_its_file_once(fault):
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1
    assert fault.old != fault.new
    assert set(fault.claims) <= {claim.id for claim in claims.list()}


def test_names_are_unique():
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1


@pytest.mark.parametrize("group", ["RV", "BG", "KS", "EQ"])
def test_every_claim_has_at_least_three_faults(group):
    times = Counter(claim for fault in FAULTS for claim in fault.claims)
    # EQ-R: laws on real runs, whose faults are those of the readers and of fits.
    asked = [claim.id for claim in claims.list(group) if not claim.id.startswith("EQ-R")]
    few = {claim: times[claim] for claim in asked if times[claim] < 3}
    assert not few


def test_a_sample_is_the_same_for_a_seed_and_another_for_another():
    assert choose(share=0.1, seed=1) == choose(share=0.1, seed=1) != choose(share=0.1, seed=2)
    assert all(not fault.compiled for fault in choose(kernels="no"))


@pytest.mark.slow
def test_the_runner_tells_a_noticed_fault_from_a_missed_one():
    outcome = try_fault(NOTICED)
    assert outcome.well and "noticed by KS-26" in line(outcome)
    harmless = replace(NOTICED, new="REPEAT_HALF_LIFE = 15.40")
    outcome = try_fault(harmless)
    assert not outcome.well and "MISSED by KS-26" in line(outcome)
    absent = replace(NOTICED, old="no such text")
    assert "0 places" in try_fault(absent).error
