"""Geodesics of the noise metric: closed forms of one hill, gap and power-law spectra."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from rivervalley import InputError
from rivervalley.theory import geodesic as forms

GAP = np.geomspace(0.02, 1.0, 24)


@given(h=st.floats(0.01, 10.0), s=st.floats(0.01, 1.0), u=st.floats(0.0, 30.0))
def test_length_of_one_hill(h, s, u):
    exact = s / np.sqrt(2.0 * h) * -np.expm1(-h * u)
    assert float(forms.geodesic_length(u, [h], s)) == pytest.approx(exact, rel=1e-7, abs=1e-13)


def test_length_of_many_hills_by_quadrature():
    std = GAP**0.25
    for u in (0.3, 40.0):
        exact = quad(lambda v: float(np.sqrt(np.sum(0.5 * GAP * std**2 * np.exp(-2.0 * GAP * v)))), 0.0, u)[0]
        assert float(forms.geodesic_length(u, GAP, std)) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("cap, descent, tail", [(0.5, 0.01, 57.1), (0.5, 0.02, 23.5), (0.1, 0.01, 100.0)])
def test_one_hill_beside_a_steady_river(cap, descent, tail):
    path = forms.geodesic([0.2], 0.3, lambda S: -(descent**2) * S, 1000, cap)
    assert float(forms.one_hill_tail_steps(0.2, 0.3, descent**2, cap)) == pytest.approx(tail, abs=0.05)
    assert path.tail_steps == pytest.approx(tail, abs=0.05)
    lr = forms.geodesic_lr(path, [0.2], 0.3)
    decay = lr[-int(tail) :]
    # 1 / LR falls on a straight line of slope h, and begins at the cap.
    assert np.allclose(np.diff(1.0 / decay), 0.2, rtol=0.02)
    assert decay[0] > 0.9 * cap and lr[0] == pytest.approx(cap, rel=1e-12)


def test_descent_equals_the_price_of_cumulative_lr():
    """At the best S, -dc/dS = cap (K(u_c) + K(S)), or 2 C^2 / LR at the start where the cap is never reached."""
    for cap, steps in ((0.3, 3000), (3.0, 300)):
        path = forms.geodesic(GAP, 0.2, lambda S: (1.0 + S) ** -0.5, steps, cap)
        descent = 0.5 * (1.0 + path.summed_lr) ** -1.5
        at_tail, at_start = forms.noise_metric([path.tail_summed_lr, path.summed_lr], GAP, 0.2)
        price = cap * (at_tail + at_start) if path.tail_steps < steps else 2.0 * path.speed * np.sqrt(at_start)
        assert price == pytest.approx(descent, rel=2e-4)


def test_no_schedule_of_the_continuous_problem_is_better():
    path = forms.geodesic(GAP, 0.2, lambda S: (1.0 + S) ** -0.5, 3000, 0.3)
    lr = forms.geodesic_lr(path, GAP, 0.2)

    def loss(rates):
        to_come = np.cumsum(rates[::-1])[::-1] - 0.5 * rates
        return float(rates**2 @ forms.noise_metric(to_come, GAP, 0.2) + (1.0 + rates.sum()) ** -0.5)

    assert loss(lr) == pytest.approx(path.loss, rel=1e-5)
    for share in (0.05, 0.3, 0.6, 1.0):
        tail = np.clip(np.arange(3000, 0, -1) / (3000 * share), 0.0, 1.0)
        assert loss(0.3 * tail) > path.loss
    for factor in (0.8, 0.95, 1.05):
        assert loss(np.minimum(lr * factor, 0.3)) > path.loss


def test_gap_closed_forms_are_the_long_run_limit():
    """The digest's c(S) + 2 phi sqrt(cap descent) for c = (1 + 3 S)^(-1/3), at 10k, 40k and 160k updates."""
    limit = float(forms.geodesic_length(1e5, GAP, 3e-4**0.5))
    errors = []
    for steps, theory, played in ((10_000, 0.041143, 0.040913), (40_000, 0.025780, 0.025728), (160_000, 0.016185, 0.016174)):
        S = 0.5 * steps
        descent = (1.0 + 3.0 * S) ** (-4.0 / 3.0)
        assert (1.0 + 3.0 * S) ** (-1.0 / 3.0) + float(forms.gap_excess(limit, descent, 0.5)) == pytest.approx(theory, abs=1e-6)
        path = forms.geodesic(GAP, 3e-4**0.5, lambda S: (1.0 + 3.0 * S) ** (-1.0 / 3.0), steps, 0.5)
        assert path.loss == pytest.approx(played, rel=2e-4)
        errors.append(float(forms.gap_decay_number(limit, descent, steps, 0.5)) / path.decay_number - 1.0)
    assert errors[0] > errors[1] > errors[2] > 0.0


@pytest.mark.parametrize("power, ratio, alpha", [(3.0, 1.0130, 1 / 3), (1.5, 1.0295, 1 / 3)])
def test_linear_decay_on_a_power_law_spectrum(power, ratio, alpha):
    gamma = 1.0 - 1.0 / power
    hills = float(forms.power_tail_ratio(1.0, gamma))
    assert float(forms.tuned_loss_ratio(hills, gamma, alpha)) == pytest.approx(ratio, abs=5e-5)
    assert float(forms.power_tail_exponent(gamma)) == pytest.approx((power - 1.0) / (power + 1.0))


@given(gamma=st.floats(0.0, 1.8))
def test_the_best_power_has_ratio_one_and_no_other_less(gamma):
    best = float(forms.power_tail_exponent(gamma))
    assert float(forms.power_tail_ratio(best, gamma)) == pytest.approx(1.0, rel=1e-9)
    assert np.all(forms.power_tail_ratio(np.linspace(0.0, 12.0, 50), gamma) >= 1.0 - 1e-12)
    assert np.isinf(forms.power_tail_ratio(0.0, 1.0))


def test_shape_of_the_tail_on_evenly_spread_hills_is_linear():
    """gamma = 1: below the cap the LR falls in proportion to the updates left."""
    hills = np.geomspace(1e-7, 1.0, 200)
    path = forms.geodesic(hills, 0.03, lambda S: (1.0 + S) ** -0.33, 20_000, 2.0)
    lr = forms.geodesic_lr(path, hills, 0.03)
    kept = (np.cumsum(lr[::-1])[::-1] > 1000.0) & (lr < 1.99)
    left = np.arange(20_000, 0, -1)[kept]
    assert kept.mean() > 0.6
    assert np.polyfit(np.log(left), np.log(lr[kept]), 1)[0] == pytest.approx(1.0, abs=0.01)


def test_without_noise_the_cap_all_the_way():
    path = forms.geodesic(GAP, 0.0, lambda S: 1.0 / (1.0 + S), 100, 0.4)
    assert path.decay_number == 0.0 and path.loss == pytest.approx(1.0 / 41.0)
    assert forms.geodesic_lr(path, GAP, 0.0) == pytest.approx(np.full(100, 0.4))


def test_bad_input():
    with pytest.raises(InputError, match="gamma must be below 2"):
        forms.power_tail_exponent(2.0)
    with pytest.raises(InputError, match="cap"):
        forms.geodesic(GAP, 0.1, lambda S: -S, 100, 0.0)
    with pytest.raises(InputError, match="curvature"):
        forms.noise_metric(1.0, [-1.0], 0.1)
