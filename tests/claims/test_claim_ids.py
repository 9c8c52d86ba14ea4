"""No claim of the theory is missing, and each says where it is from."""

import pytest

from rivervalley import claims

NUMBERED = {
    "AL": {f"AL-{k:02d}" for k in range(1, 31)} | {"AL-03b", "AL-11b", "AL-22b"},
    "RV": {f"RV-{k:02d}" for k in (*range(1, 18), *range(24, 37))} | {f"RV-P{k:02d}" for k in range(1, 13)},
    "BG": {f"BG-{k}" for k in (11, 12, 14, *range(18, 27), "P01")},
    "EQ": {f"EQ-{k:02d}" for k in range(1, 19)} | {f"EQ-R{k:02d}" for k in range(1, 8)},
    "KS": {f"KS-{k:02d}" for k in range(1, 27)} | {"KS-12b", "KS-19b"} | {f"KS-P{k:02d}" for k in range(1, 8)},
}


@pytest.mark.parametrize("group", NUMBERED)
def test_every_numbered_claim_is_there_and_no_other(group):
    assert {claim.id for claim in claims.select([group])} == NUMBERED[group]


def test_every_claim_names_its_source_and_says_what_it_is_in_a_sentence():
    for claim in claims.list():
        assert claim.paper and claim.formula and claim.statement.endswith("."), claim.id
