"""Every claim holds and every control fails, at a fixed seed and at another."""

import json

import pytest

import rivervalley as rv
from rivervalley.claims.report import verdicts_document

IDS = [claim.id for claim in rv.claims.list()]


@pytest.mark.parametrize("claim_id", IDS)
def test_the_claim_holds_and_its_control_fails(claim_id):
    verdict = rv.claims.check(claim_id, seed=2, quick=True, control=True)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert verdict.passed, [check for check in verdict.checks if not check.passed]
    assert verdict.control_failed
    document = json.loads(json.dumps(verdicts_document([verdict], 2), allow_nan=False))
    assert document["claims"][0]["passed"] is True


@pytest.mark.parametrize("claim_id", [claim.id for claim in rv.claims.list() if claim.kind == "statistical"])
def test_statistical_claims_hold_at_another_seed(claim_id):
    verdict = rv.claims.check(claim_id, seed=2**63 + 11, quick=True)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert verdict.passed, [check for check in verdict.checks if not check.passed]
