"""Every claim holds and every control fails. Each is measured once in the suite, and at a seed that no other test takes."""

import json

import pytest

import rivervalley as rv
from rivervalley.claims.report import verdicts_document

SEED = 2**63 + 11  # beyond what fits a signed integer
FULL_LENGTH = {"KS", "EQ"}  # groups whose claims without sampling are measured at full length


def measured(claim):
    return pytest.param(claim, id=claim.id, marks=() if claim.kind == "exact" else pytest.mark.slow)


@pytest.mark.parametrize("claim", [measured(claim) for claim in rv.claims.list()])
def test_the_claim_holds_and_its_control_fails(claim):
    quick = claim.kind == "statistical" or claim.id[:2] not in FULL_LENGTH
    verdict = rv.claims.check(claim.id, seed=SEED, quick=quick, control=True)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert verdict.passed, [check for check in verdict.checks if not check.passed]
    assert verdict.control_failed and not verdict.control_checks[0].passed
    document = json.loads(json.dumps(verdicts_document([verdict], SEED), allow_nan=False))
    assert document["claims"][0]["passed"] is True
