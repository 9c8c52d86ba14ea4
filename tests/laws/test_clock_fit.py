"""Exponents of the norm, recovered from curves that have them."""

import numpy as np
import pytest

import rivervalley as rv
from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.laws.clock_fit import ClockFit, fit_clock

AT = np.arange(500, 6001, 250)
TRUE = {"L0": 2.4, "A": 0.5, "alpha": 0.5, "B": 0.8, "u": 0.2, "beta": 0.5, "rms": 0.0, "objective": 0.0}


def schedules(peak):
    options = {"steps": 6000, "peak_lr": peak, "warmup_steps": 100}
    return [
        rv.schedules.constant(**options),
        rv.schedules.cosine(**options, final_lr=0.1 * peak),
        rv.schedules.wsd(**options, decay_fraction=0.3),
    ]


def made(p, g, peaks=(5e-4, 1e-3, 2e-3), norm=True, decay=0.3):
    law = ClockFit(**TRUE, noise_exponent=p, memory_exponent=g, weight_decay=decay, init_std=0.02, norm=norm)
    return [LossCurve(AT, law.predict_at(s, AT), s) for peak in peaks for s in schedules(peak)]


@pytest.mark.slow
@pytest.mark.parametrize("p, g", [(1.0, 1.0), (0.8, 1.5), (0.9, 2.0)])
def test_exponents_are_recovered(p, g):
    fit = fit_clock(made(p, g), weight_decay=0.3, strength=1e-6)
    assert fit.noise_exponent == pytest.approx(p, abs=2e-3) and fit.memory_exponent == pytest.approx(g, abs=2e-2)
    assert fit.beta == pytest.approx(0.5, rel=0.02) and fit.rms < 1e-6


def test_fixed_exponents_stay_and_wrong_ones_misfit():
    curves = made(0.9, 2.0)
    right, wrong = (fit_clock(curves, weight_decay=0.3, memory_exponent=g, noise_exponent=0.9, beta=0.5) for g in (2.0, 1.0))
    assert (right.memory_exponent, right.noise_exponent, right.beta) == (2.0, 0.9, 0.5)
    assert wrong.objective > 100.0 * right.objective and wrong.rms > 1e-4


def test_without_a_norm_the_weight_decay_does_not_count():
    curves = made(1.0, 1.0, peaks=(1e-3,), norm=False)
    fits = [fit_clock(curves, weight_decay=wd, memory_exponent=1.0, norm=False, strength=1e-6) for wd in (0.0, 0.3)]
    assert fits[0].rms < 1e-5 and fits[0].rms == pytest.approx(fits[1].rms)


def test_the_noise_of_one_constant_run_is_a_power_of_the_clock():
    """From 0, at a constant LR and a settled norm: N = e^p (1 - (1 + u tau)^-beta), whatever the grid."""
    law = ClockFit(**TRUE, noise_exponent=0.8, memory_exponent=1.5, weight_decay=0.1, init_std=0.02, norm=False)
    s = rv.schedules.constant(steps=6000, peak_lr=2e-3)
    tau = AT * 2.0
    exact = 2.4 + 0.5 * (tau / 1000.0) ** -0.5 + 0.8 * 2.0**0.8 * (1.0 - (1.0 + 0.2 * tau) ** -0.5)
    np.testing.assert_allclose(law.predict_at(s, AT), exact, rtol=1e-10)


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: fit_clock([]), "curves must be a list"),
        (lambda: fit_clock(made(1.0, 1.0)[0]), "curves must be a list"),
        (lambda: fit_clock(made(1.0, 1.0), memory_exponent=9.0), "g must be"),
        (lambda: fit_clock(made(1.0, 1.0), weight_decay=-1.0), "weight_decay"),
        (lambda: fit_clock(made(1.0, 1.0), huber_delta=0.0), "huber_delta"),
        (lambda: fit_clock(made(1.0, 1.0), from_step=10_000), "readings from update 10000 on"),
        (lambda: fit_clock(made(1.0, 1.0)).predict_at(schedules(1e-3)[0], [7000]), "steps must end at 6000"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()
