"""What the claims on scaling laws are made of, and the table of statements."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rivervalley import claims
from rivervalley.claims.kaplan._fits import joint_fit, log_fit, norm_fit, slope, vertex
from rivervalley.claims.kaplan.critical_batch import critical_batch, noise_scales
from rivervalley.claims.kaplan.lr_schedules import LENGTHS, equal_area_schedules
from rivervalley.claims.kaplan.popular_summary import CORRECTIONS, STATEMENTS
from rivervalley.landscapes import PowerLaw
from rivervalley.scaling import gradient_noise

BY_ID = {claim.id: claim for claim in claims.list("KS")}


def test_every_numbered_claim_is_there():
    numbered = [f"KS-{k:02d}" for k in range(1, 24)] + ["KS-12b", "KS-19b"]
    assert set(numbered) <= set(BY_ID)
    assert len(BY_ID) == len(claims.list("KS"))


def test_every_statement_names_claims_that_exist_or_says_why_none():
    assert [s.number for s in STATEMENTS] == list(range(1, 20))
    for statement in STATEMENTS:
        assert set(statement.claims) <= set(BY_ID), statement.number
        assert statement.claims or "no experiment" in statement.exact
        assert statement.verdict in ("correct", "corrected", "opinion")
    assert [s.number for s in CORRECTIONS] == [4, 5]
    assert "4.66" in CORRECTIONS[1].exact and "diminishing" in CORRECTIONS[0].exact


def test_claims_name_their_source():
    for claim in BY_ID.values():
        assert re.search(r"arXiv \d{4}\.\d{5}", claim.paper), claim.id


def test_slopes_vertices_and_fits_recover_what_was_put_in():
    x = np.geomspace(1, 1e3, 30)
    assert slope(x, 3.0 * x**-0.7) == pytest.approx(-0.7)
    at, low = vertex(x, (np.log(x) - 2.0) ** 2 + 5.0)
    assert at == pytest.approx(np.exp(2.0)) and low == pytest.approx(5.0)
    assert vertex(x, x)[0] == x[0]
    sizes, t = np.geomspace(10, 1e4, 6), np.geomspace(5, 500, 8)
    size, steps = 2.0 * sizes[:, None] ** -0.4, 3.0 * t[None, :] ** -0.6
    found, rms = joint_fit(sizes, t, size + steps, (1.0, 0.5, 1.0, 0.5))
    np.testing.assert_allclose(found, (2.0, 0.4, 3.0, 0.6), rtol=1e-5)
    assert rms < 1e-7
    found, _ = norm_fit(sizes, t, (size**3 + steps**3) ** (1 / 3), (1.0, 0.5, 1.0, 0.5, 2.0))
    np.testing.assert_allclose(found, (2.0, 0.4, 3.0, 0.6, 3.0), rtol=1e-4)
    found, _ = log_fit(lambda p: p[0] * x ** -p[1], (1.0, 1.0), 5.0 * x**-0.3)
    np.testing.assert_allclose(found, (5.0, 0.3), rtol=1e-6)


def test_equal_area_schedules_have_equal_areas_and_unequal_lengths():
    made = equal_area_schedules(100.0)
    assert set(made) == set(LENGTHS)
    np.testing.assert_allclose([s.lr.sum() for s in made.values()], 100.0, rtol=1e-12)
    lengths = [s.steps for s in made.values()]
    assert max(lengths) == 9 * min(lengths)
    assert np.ptp([s.lr.sum() for s in equal_area_schedules(100.0, equal=False).values()]) > 20.0


def test_noise_scales_are_those_of_the_calculators():
    model = PowerLaw(20, 1.5, 1.5, label_noise_std=0.7)
    t = 5.0
    simple, weighted, excess = (float(x[0]) for x in noise_scales(model, np.array([t])))
    lam = model.eigenvalues
    d = -np.sqrt(model.signal / lam) * np.exp(-lam * t)
    gradient = lam * d
    error = float(lam @ d**2) + model.floor + 0.49
    covariance = error * np.diag(lam) + np.outer(gradient, gradient)
    assert excess == pytest.approx(error - 0.49)
    assert simple == pytest.approx(gradient_noise.simple_noise_scale(gradient, covariance), rel=1e-12)
    assert weighted == pytest.approx(gradient_noise.noise_scale(gradient, covariance, np.diag(lam)), rel=1e-12)


def test_critical_batch_is_constant_without_label_noise():
    low, high = critical_batch(1.5, 2.0, 0.0, np.array([0.01, 0.2]))
    assert low == pytest.approx(high) and low == pytest.approx(7.02, abs=0.01)
