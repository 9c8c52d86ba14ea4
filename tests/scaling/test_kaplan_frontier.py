"""Kaplan's compute-optimal frontier: closed forms against brute force, and the arithmetic of the paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import scaling as reference_scaling

from rivervalley._common.checks import InputError
from rivervalley.scaling import kaplan

PF = kaplan.PF_DAY


def powers_of(alpha_N, alpha_S, alpha_B):
    steps = kaplan.SizeSteps(alpha_N, alpha_S, 6.5e13, 2.1e3, "test")
    return kaplan.frontier_powers(kaplan.Frontier(steps, kaplan.BatchLaw(2e8, alpha_B, "test")))


def test_powers_of_the_formula():
    p = powers_of(0.076, 0.76, 0.21)
    assert [round(p.loss, 4), round(p.size, 3), round(p.batch_size, 3), round(p.steps, 3), round(p.data, 3)] == [
        0.0520,
        0.684,
        0.248,
        0.068,
        0.316,
    ]
    assert p.size + p.batch_size + p.steps == pytest.approx(1.0, rel=1e-15)
    # The printed 0.054 and 0.71, and the measured 0.050 and 0.73, are not this formula's.
    assert abs(p.loss - 0.054) > 1e-3 and abs(p.size - 0.71) > 0.02


def test_levels_close_within_a_factor_of_two_of_the_measured():
    best, seen = kaplan.optimal_allocation(PF), kaplan.measured_allocation(PF)
    assert f"{kaplan.frontier_compute_scale() / PF:.1e}" == "1.5e+08"
    assert f"{best.loss:.2f} {seen.loss:.2f}" == "2.69 2.66"
    assert f"{best.N:.1e} {seen.N:.1e}" == "6.0e+08 1.3e+09"
    assert f"{best.steps:.1e} {seen.steps:.1e}" == "1.3e+04 5.4e+03"
    assert 6 * seen.N * seen.batch_size * seen.steps / PF == pytest.approx(0.975, abs=5e-4)
    assert 6 * best.N * best.batch_size * best.steps == pytest.approx(PF, rel=1e-13)


def test_growth_of_the_measured_choices():
    one, ten, billion = (kaplan.measured_allocation(k * PF) for k in (1.0, 10.0, 1e9))
    assert ten.N / one.N == pytest.approx(5.4, abs=0.05) and ten.D / one.D == pytest.approx(1.9, abs=0.05)
    grown = [billion.N / one.N, billion.batch_size / one.batch_size, billion.steps / one.steps, billion.D / one.D]
    assert np.allclose(grown, [3.7e6, 145, 1.9, 269], rtol=[0.005, 0.004, 0.03, 0.002], atol=0.0)
    assert kaplan.DATA_AT_CRITICAL_BATCH.at_one_pf_day == 2 * kaplan.MEASURED_FRONTIER.D.at_one_pf_day


def test_numeric_minimum_is_the_closed_form():
    C = np.array([1e-3, 1.0, 1e3, 1e8]) * PF
    closed, numeric = kaplan.optimal_allocation(C), kaplan.optimal_allocation_numeric(C)
    assert np.allclose(numeric.N, closed.N, rtol=1e-7)
    assert np.allclose(numeric.loss, closed.loss, rtol=1e-13)
    assert np.allclose(numeric.steps, closed.steps, rtol=1e-7) and np.allclose(numeric.D, closed.D, rtol=1e-7)
    power = np.log(numeric.N[2] / numeric.N[1]) / np.log(1e3)
    fall = -np.log(numeric.loss[2] / numeric.loss[1]) / np.log(1e3)
    gap = numeric.loss / kaplan.loss_at_infinite_data(numeric.N, kaplan.SIZE_STEPS) - 1.0
    assert (f"{power:.5f}", f"{fall:.6f}") == ("0.68121", "0.052453")
    assert np.all(np.round(gap, 5) == 0.10132)


def test_numeric_minimum_by_a_grid():
    """A twin that shares no code: the implicit equation by brentq, the minimum by a dense grid."""
    for batch in (None, 2**19):
        N, loss = reference_scaling.frontier_by_grid(10 * PF, batch or 0.0)
        best = kaplan.optimal_allocation_numeric(10 * PF, batch)
        assert best.N == pytest.approx(N, rel=2e-3)
        assert best.loss == pytest.approx(loss, rel=1e-6) and best.loss <= loss * (1 + 1e-12)


def test_exponent_at_a_fixed_batch_slides():
    # 1 / (1/alpha_N + 1/alpha_S) = 0.070 above the critical batch, alpha_C = 0.0525 below it; 0.065 ... 0.055 at 2^19.
    def local(C, batch):
        best = kaplan.optimal_allocation_numeric(np.array([0.99, 1.01]) * C * PF, batch)
        return -np.diff(np.log(best.loss))[0] / np.log(1.01 / 0.99)

    law = kaplan.SIZE_STEPS
    assert local(1.0, 1e16) == pytest.approx(1 / (1 / law.alpha_N + 1 / law.alpha_S), abs=1e-6)
    assert local(1.0, 1.0) == pytest.approx(kaplan.frontier_powers().loss, abs=1e-6)
    assert local(1e-4, 2**19) == pytest.approx(0.065, abs=1e-3) and local(10.0, 2**19) == pytest.approx(0.055, abs=1e-3)
    for days in (1e-4, 1.0, 10.0):
        crit = kaplan.critical_batch_size(kaplan.optimal_allocation_numeric(days * PF, 2**19).loss)
        between = 1 / law.alpha_N + 1 / law.alpha_S + crit / (crit + 2**19) / kaplan.CRITICAL_BATCH.alpha_B
        assert local(days, 2**19) == pytest.approx(1 / between, abs=1e-6)
    C = np.geomspace(0.1, 1.0, 9) * PF
    slope = -np.polyfit(np.log(C), np.log(kaplan.optimal_allocation_numeric(C, 2**19).loss), 1)[0]
    assert f"{slope:.4f}" == "0.0567"
    # Where the critical batch is a constant the two limits are the same.
    flat = kaplan.Frontier(law, kaplan.BatchLaw(1e6, np.inf, "constant"))
    assert kaplan.frontier_powers(flat).loss == pytest.approx(local(1.0, 1e16), abs=1e-6)
    assert kaplan.frontier_powers(flat).batch_size == 0.0


@settings(deadline=None, max_examples=50)
@given(st.floats(1e5, 1e13), st.floats(1e-5, 1e6), st.none() | st.floats(1e3, 1e9))
def test_isoflop_is_the_root_of_the_implicit_equation(N, days, batch):
    C = days * PF
    loss = kaplan.loss_from_size_and_compute(N, C, batch)
    law = kaplan.SIZE_STEPS
    crit = kaplan.critical_batch_size(loss)
    steps = C / (6 * N * (batch or crit))
    S_min = steps if batch is None else kaplan.minimum_steps(steps, batch, crit)
    assert kaplan.loss_from_size_and_steps(N, S_min) == pytest.approx(loss, rel=1e-12)
    excess = loss - kaplan.loss_at_infinite_data(N, law)
    assert kaplan.compute_for_loss_and_size(loss, N, batch) == pytest.approx(C, rel=1e-13 * loss / excess)


def test_stop_a_tenth_above_convergence():
    r = kaplan.overtraining_ratios(0.10, 0.02)
    # The paper's "7.7 times fewer steps" is 1 / 0.13; unrounded it is 7.5.
    assert (f"{r.size:.1f}", f"{r.steps:.2f}", f"{1 / r.steps:.1f}") == ("2.7", "0.13", "7.5")
    assert r.compute == pytest.approx(0.35, abs=0.006)
    assert r.compute == r.size * r.steps
    # From the law itself: at one loss, two gaps.
    law, loss = kaplan.SIZE_STEPS, 2.5
    N = [kaplan.size_for_loss(loss / (1 + f), kaplan.PowerLaw(law.alpha_N, law.N_c, "parameters", "test")) for f in (0.1, 0.02)]
    C = kaplan.compute_for_loss_and_size(loss, N)
    assert r.size == pytest.approx(N[0] / N[1], rel=1e-12) and r.compute == pytest.approx(C[0] / C[1], rel=1e-12)
    # The gap that costs least is alpha_N / alpha_S.
    gaps = np.linspace(0.02, 0.4, 3801)
    costs = kaplan.overtraining_ratios(gaps, 0.02).compute
    assert gaps[np.argmin(costs)] == pytest.approx(law.alpha_N / law.alpha_S, abs=2e-4)


def test_wrong_size():
    r = kaplan.wrong_size_ratios([0.6, 1.0, 2.2])
    assert [round(100 * (c - 1)) for c in r.compute] == [16, 0, 20]
    assert r.compute[2] - 1 == pytest.approx(0.203, abs=1e-3)
    assert 1 - r.steps[2] == pytest.approx(0.45, abs=5e-3)
    # From the law itself.
    best = kaplan.optimal_allocation(PF)
    for x, ratio in zip((0.6, 2.2), r.compute[[0, 2]], strict=True):
        assert kaplan.compute_for_loss_and_size(best.loss, x * best.N) / PF == pytest.approx(ratio, rel=1e-12)
    law = kaplan.SIZE_STEPS
    smallest = (1 + law.alpha_N / law.alpha_S) ** (-1 / law.alpha_N)
    assert kaplan.wrong_size_ratios(0.999 * smallest).compute == np.inf
    assert np.isfinite(kaplan.wrong_size_ratios(1.001 * smallest).compute)


def test_crossing_point():
    at = kaplan.crossing_point()
    assert (f"{at.C / PF:.3g}", f"{at.loss:.2f}", f"{at.N:.1e}", f"{at.D:.1e}") == ("1.12e+04", "1.67", "1.2e+12", "2.5e+11")
    assert kaplan.loss_from_data(at.D) == pytest.approx(kaplan.loss_from_compute(at.C), rel=1e-12)
    other = kaplan.crossing_point(data=kaplan.DATA_AT_CRITICAL_BATCH)
    assert (f"{other.C / PF:.1e}", f"{other.loss:.2f}") == ("1.1e+05", "1.49")
    # D ~ C^0.27 makes L(D) fall as C^-0.026 ("0.03"); avoiding overfitting would take D ~ N^0.74 ~ C^0.54.
    assert 0.095 * 0.27 == pytest.approx(0.03, abs=0.005) and 0.74 * 0.73 == pytest.approx(0.54, abs=0.001)
    with pytest.raises(InputError, match="data must grow so slowly"):
        kaplan.crossing_point(data=kaplan.Trend(2e10, 0.6, "tokens", "test"))


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf, "1", None, [1.0, -1.0]])
def test_bad_budgets(bad):
    for function in (kaplan.optimal_allocation, kaplan.measured_allocation, kaplan.optimal_allocation_numeric):
        with pytest.raises(InputError, match=r"^C must"):
            function(bad)
    with pytest.raises(InputError, match=r"^size_ratio must"):
        kaplan.wrong_size_ratios(bad)
    with pytest.raises(InputError, match=r"^gap must"):
        kaplan.overtraining_ratios(bad, 0.02)


def test_scalars_in_scalars_out():
    best = kaplan.optimal_allocation_numeric(PF, 1e5)
    assert all(type(getattr(best, name)) is float for name in ("C", "N", "batch_size", "steps", "D", "loss"))
    assert 6 * best.N * best.batch_size * best.steps == pytest.approx(PF)
    many = kaplan.optimal_allocation(np.full((2, 3), PF))
    assert many.N.shape == (2, 3)
    with pytest.raises(InputError, match="too far apart"):
        kaplan.loss_from_size_and_compute(1e-300, 1e300)
