"""What fits may be asked for, and what a law can declare: priors, configuration, weights, the first reading."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from rivervalley import LossCurve
from rivervalley._common.checks import InputError
from rivervalley.laws import LAWS, AnnealingLaw, ConfigurationField, Law, MultiPowerLaw, ShapeParameter, SizeLaw, StepsLaw
from rivervalley.laws.base.options import COMMON, fit_options, option_names
from rivervalley.schedules import constant, cosine

TRUTH = AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=20.0, decay_factor=0.98)


def curves(noise=0.0, warmup=50):
    rng = np.random.default_rng(1)
    made = []
    for s in (constant(2000, 2e-3, warmup_steps=warmup), cosine(2000, 2e-3, warmup_steps=warmup)):
        steps = np.arange(40, 2001, 40)
        made.append(LossCurve(steps, TRUTH.predict_at(s, steps) * np.exp(noise * rng.standard_normal(steps.size)), s, s.name))
    return made


def test_a_number_fixes_none_frees_and_silence_is_the_law_s_own_choice():
    assert AnnealingLaw.fit(curves()).result.fixed == {"decay_factor": 0.999}
    assert AnnealingLaw.fit(curves(), decay_factor=0.98, alpha=0.5).result.fixed == {"decay_factor": 0.98, "alpha": 0.5}
    free = AnnealingLaw.fit(curves(), decay_factor=None)
    assert free.result.fixed == {} and free.decay_factor == pytest.approx(0.98, rel=1e-6)


@pytest.mark.parametrize("name", [name for name, law in LAWS.items() if not law.per_curve])
def test_every_shape_parameter_of_every_law_can_be_fixed(name):
    law = LAWS[name]
    values = {parameter.name: parameter.starts[0] for parameter in law.shape_parameters}
    configuration = {item.name: item.default or item.high for item in law.configuration_fields}
    fitted = law.fit(curves(1e-3), **values, **configuration)
    assert dict(fitted.result.fixed) == values and fitted.result.names == law.coefficients
    assert fitted.result.starts.starts == 1 and fitted.result.converged


def test_a_strength_regularises_on_the_scale_of_the_search():
    noisy = curves(1e-3)
    fixed, free = AnnealingLaw.fit(noisy, alpha=0.8, decay_factor=0.98), AnnealingLaw.fit(noisy, decay_factor=0.98)
    drawn = [AnnealingLaw.fit(noisy, alpha=0.8, alpha_strength=s, decay_factor=0.98) for s in (1e-3, 30.0, 1e8)]
    assert drawn[0].alpha == pytest.approx(free.alpha, rel=1e-4) and drawn[2].alpha == pytest.approx(fixed.alpha, rel=1e-4)
    assert free.alpha < drawn[1].alpha < 0.8
    assert drawn[1].result.priors["alpha"].center == 0.8 and drawn[1].result.priors["alpha"].strength == 30.0


@pytest.mark.parametrize(
    "law, options, words",
    [
        (AnnealingLaw, {"clock": 1.0}, "clock must be left out for the annealing law, whose options are alpha, decay_factor"),
        (StepsLaw, {"decay_factor": 0.9}, "decay_factor must be left out for the steps law"),
        (AnnealingLaw, {"C_strength": 1.0}, "C_strength must be left out"),
        (AnnealingLaw, {"sizes": [1.0]}, "sizes must be left out"),
        (AnnealingLaw, {"alpha": 11.0}, "alpha must be a finite number of at least 0.001 and of at most 10, not 11.0"),
        (AnnealingLaw, {"alpha_strength": 1.0}, "alpha must be a number where alpha_strength is given"),
        (MultiPowerLaw, {"gamma": None, "gamma_strength": 1.0}, "gamma must be a number where gamma_strength is given"),
        (AnnealingLaw, {"decay_factor_strength": -1.0}, "decay_factor_strength must be"),
        (SizeLaw, {}, "sizes must be given for the size law"),
        (SizeLaw, {"sizes": [1.0]}, "sizes must have one entry for each of the 2 curves, not 1"),
    ],
)
def test_unknown_missing_and_impossible_options_are_refused_by_name(law, options, words):
    with pytest.raises(InputError, match=words):
        law.fit(curves(), **options)


def test_options_are_listed():
    assert option_names(AnnealingLaw) == ("alpha", "decay_factor", *COMMON)
    assert option_names(SizeLaw) == ("alpha", "decay_factor", "gamma", "beta", "sizes", *COMMON)


# What a law can declare beside parameters and terms.


@dataclass(frozen=True)
class LateLaw(Law):
    """L = L0 + A (s / unit)^-alpha, with the unit configured, alpha regularised toward 0.5 and late readings weighing more."""

    L0: float
    A: float
    alpha: float
    unit: float = 10.0

    name: ClassVar[str] = "late"
    formula: ClassVar[str] = "L = L0 + A (s / unit)^-alpha"
    source: ClassVar[str] = "test"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        ShapeParameter("alpha", "A", 0.05, 2.0, starts=(0.3, 0.9), scale="log", default=0.5, strength=100.0),
    )
    configuration_fields: ClassVar[tuple[ConfigurationField, ...]] = (ConfigurationField("unit", 1.0, 1e6),)
    weights_grow: ClassVar[bool] = True

    @classmethod
    def first_step(cls, schedule, configuration):
        return 3 * schedule.warmup_steps

    @staticmethod
    def terms(points):
        x = points.steps / points.configuration["unit"]

        def evaluate(shape):
            power = x ** -shape[0]
            return np.stack([np.ones(x.size), power]), (-np.log(x) * power)[None]

        return evaluate


def test_a_law_may_ask_for_its_configuration_and_keeps_it(tmp_path):
    made = curves(warmup=100)
    with pytest.raises(InputError, match="unit must be given for the late law"):
        LateLaw.fit(made)
    with pytest.raises(InputError, match="unit must be a finite number of at least 1"):
        LateLaw.fit(made, unit=0.5)
    law = LateLaw.fit(made, unit=50.0)
    assert law.configuration == {"unit": 50.0} and "unit=50" in str(law) and "unit" not in law.params
    other = LateLaw.fit(made, unit=100.0)
    assert other.A * 100.0**other.alpha == pytest.approx(law.A * 50.0**law.alpha, rel=1e-5)
    law.save(tmp_path / "law.json")
    assert LateLaw.load(tmp_path / "law.json") == law
    s = made[0].schedule
    assert (
        LateLaw.load(tmp_path / "law.json").predict(s)[-1]
        == law.predict(s)[-1]
        == pytest.approx(law.L0 + law.A * 40.0**-law.alpha)
    )


def test_a_law_may_leave_out_the_readings_before_some_warmups():
    law = LateLaw.fit(curves(warmup=100), unit=50.0)
    assert all(curve.steps[0] == 320 for curve in law.result.curves)
    assert law.result.readings_left_out == 2 * 7
    assert law.score(curves(warmup=100)[0]).points == 48, "scores are over all readings after the warm-up, for every law"
    with pytest.raises(InputError, match="from step 2100 on, where the late law begins to hold"):
        LateLaw.fit(curves(warmup=700), unit=50.0)


def test_a_law_may_let_late_readings_weigh_more():
    """The same fit with every reading repeated as often as it weighs: here 1 and 3 of 3."""
    s = constant(300, 1e-3)
    loss = np.array([3.0, 2.9, 2.7, 2.72])
    curve = LossCurve([60, 100, 200, 300], loss, s)
    law = LateLaw.fit(curve, unit=10.0, huber_delta=0.5, alpha=0.5)
    columns = np.stack([np.ones(4), (curve.steps / 10.0) ** -0.5])

    def objective(c):
        return np.sum(curve.steps * np.log(c @ columns / loss) ** 2)

    best = objective(np.array([law.L0, law.A]))
    for move in ([1e-3, 0.0], [0.0, 1e-3], [1e-3, -1e-3]):
        assert objective(np.array([law.L0, law.A]) + move) > best < objective(np.array([law.L0, law.A]) - move)
    weights = curve.steps / np.mean(curve.steps)
    assert law.result.objective == pytest.approx(0.5 * best / np.mean(curve.steps), rel=1e-9)
    jacobian = columns / (np.array([law.L0, law.A]) @ columns)
    np.testing.assert_allclose(law.result.hessian, (jacobian * weights) @ jacobian.T / 0.25, rtol=1e-9)


def test_a_law_s_own_prior_keeps_its_starts_and_can_be_taken_off():
    made = curves(1e-3, warmup=100)
    law = LateLaw.fit(made, unit=50.0)
    assert law.result.starts.starts == 2 and law.result.priors["alpha"].strength == 100.0
    free = LateLaw.fit(made, unit=50.0, alpha=None)
    assert free.result.priors == {} and abs(law.alpha - 0.5) < abs(free.alpha - 0.5)
    own = LateLaw.fit(made, unit=50.0, alpha=0.7, alpha_strength=1e6)
    assert own.result.starts.starts == 1 and own.alpha == pytest.approx(0.7, rel=1e-3)
    # The Hessian has the prior's part: strength / alpha^2 in the natural unit.
    extra = law.result.hessian[2, 2] - _without_prior(law, made)[2, 2]
    assert extra == pytest.approx(100.0 / law.alpha**2, rel=1e-6)


def _without_prior(law, made):
    options = fit_options(LateLaw, [1.0, 1.0], None, 1e-3, 0.95, {"unit": 50.0, "alpha": None})
    from rivervalley.laws.base.fit import fit_law

    free = fit_law(LateLaw, made, options).result
    assert free.priors == {}
    from rivervalley.laws.base.diagnostics import log_jacobian
    from rivervalley.laws.base.points import Points

    steps = [curve.steps for curve in law.result.curves]
    points = Points.of([curve.schedule for curve in made], steps, law.warmup_area, configuration=law.configuration)
    _, jacobian, _ = log_jacobian(law, points, ["alpha"])
    weights = np.concatenate([one / one[-1] for one in steps])
    return (jacobian * weights / weights.mean()) @ jacobian.T / 1e-6


def test_a_default_that_is_needed_must_be_declared():
    with pytest.raises(ValueError, match="must have a default"):
        ShapeParameter("x", "A", 0.0, 1.0, (0.5,), fixed=True)
