"""Statements of papers as executable checks, each with a control that must fail."""

from rivervalley.claims.checks import Check as Check
from rivervalley.claims.claim import Claim as Claim
from rivervalley.claims.claim import Setting as Setting
from rivervalley.claims.claim import Verdict as Verdict
from rivervalley.claims.registry import GROUPS as GROUPS
from rivervalley.claims.registry import check as check
from rivervalley.claims.registry import check_all as check_all
from rivervalley.claims.registry import list as list
from rivervalley.claims.registry import register_claim as register_claim
from rivervalley.claims.registry import register_claims as register_claims
from rivervalley.claims.registry import select as select
