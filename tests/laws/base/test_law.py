"""What all laws share: terms and their slopes, the optimiser, uncertainty, reports, files, and how a law is added."""

import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import laws as reference_laws
from scipy.optimize import minimize

from rivervalley import LossCurve, datasets
from rivervalley._common.checks import InputError
from rivervalley.estimation.scores import end_residual
from rivervalley.estimation.variable_projection import Problem, descend, huber
from rivervalley.laws import LAWS, AnnealingLaw, Law, ShapeParameter, load, published, summary
from rivervalley.laws.base import fit
from rivervalley.laws.base.diagnostics import log_jacobian
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.terms import ALPHA
from rivervalley.schedules import Schedule
from rivervalley.schedules.areas import both_areas

TRUTH = AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=20.0, decay_factor=0.98)


def three_schedules(steps=2000, peak=2e-3, warmup=50):
    """Constant, cosine to a tenth and a step down to 0.3, with a linear warm-up."""
    u = np.arange(1, steps + 1) / steps
    shapes = {"constant": np.ones(steps), "cosine": 0.55 + 0.45 * np.cos(np.pi * u), "step": np.where(u < 0.5, 1.0, 0.3)}
    made = []
    for name, shape in shapes.items():
        lr = peak * shape
        lr[:warmup] = peak * np.arange(1, warmup + 1) / warmup
        made.append(Schedule(lr, warmup, name))
    return made


def curves_of(law, schedules, every=40, noise=0.0, rng=None):
    made = []
    for s in schedules:
        steps = np.arange(every, s.steps + 1, every)
        loss = law.predict_at(s, steps)
        if noise:
            loss = loss * (1.0 + noise * rng.standard_normal(steps.size))
        made.append(LossCurve(steps, loss, s, s.name))
    return made


def _points_of(curves):
    return Points.of([curve.schedule for curve in curves], [curve.steps for curve in curves], "ramp")


# The formula.


@pytest.mark.parametrize("warmup_area", ["ramp", "included", "full"])
def test_predictions_are_the_double_sum(warmup_area):
    rng = np.random.default_rng(3)
    lr = np.concatenate([0.1 * np.arange(1, 6) / 5, rng.uniform(0.01, 0.1, 25)])
    law = replace(TRUTH, C=0.7, decay_factor=0.8, warmup_area=warmup_area)
    slow = reference_laws.annealing_loss(lr, 5, warmup_area, **law.params)
    assert np.allclose(law.predict(Schedule(lr, 5)), slow, rtol=1e-13)


# The law of sizes has a test of its own: it needs sizes.
@pytest.mark.parametrize("kind", [kind for kind in LAWS.values() if not kind.per_curve], ids=lambda kind: kind.name)
def test_slopes_are_the_derivatives_of_the_terms(kind):
    s = three_schedules()[2]
    points = Points.of([s], [np.arange(60, 2001, 97)], "ramp")
    configuration = {item.name: item.default for item in kind.configuration_fields}
    points = replace(points, configuration=configuration)
    usual = {"alpha": 0.47, "decay_factor": 0.97, "width": 7e-3}  # where the moments of falls this small are felt
    place = np.array([usual.get(parameter.name, parameter.starts[0]) for parameter in kind.shape_parameters])
    evaluate = kind.terms(points)
    slopes = evaluate(place)[1].copy()
    for j, parameter in enumerate(kind.shape_parameters):
        k = kind.coefficients.index(parameter.term)
        step = 1e-6 * (1.0 - place[j] if parameter.scale == "memory" else place[j] or 1.0)
        sides = []
        for sign in (1.0, -1.0):
            moved = place.copy()
            moved[j] += sign * step
            sides.append(evaluate(moved)[0].copy())
        difference = (sides[0] - sides[1]) / (2.0 * step)
        assert np.allclose(difference[k], slopes[j], rtol=1e-6, atol=1e-8 * np.abs(slopes[j]).max())
        others = np.delete(difference, k, axis=0)
        assert not others.any(), "a shape parameter shapes one term only"


@pytest.mark.parametrize("scale", ["natural", "log", "memory"])
def test_working_scales_go_there_and_back(scale):
    parameter = ShapeParameter("x", "A", 0.01, 0.99, (0.5,), scale)
    for value in (0.01, 0.3, 0.99):
        working = parameter.to_working(value)
        back, slope = parameter.from_working(working)
        assert back == pytest.approx(value, rel=1e-14)
        numeric = (parameter.from_working(working + 1e-6)[0] - parameter.from_working(working - 1e-6)[0]) / 2e-6
        assert slope == pytest.approx(numeric, rel=1e-8)


def test_where_no_rate_came_yet_the_loss_is_infinite():
    loss = TRUTH.predict(Schedule([0.0, 0.0, 0.1], 2))
    assert np.isposinf(loss[:2]).all() and np.isfinite(loss[2])


# The optimiser.


def test_huber_is_a_sum():
    assert huber(np.array([0.0, 0.5, -0.5, 2.0, -3.0]), 1.0) == pytest.approx(0.125 + 0.125 + 1.5 + 2.5)


@pytest.mark.slow
def test_the_authors_protocol_ends_at_our_optimum():
    """54 starts of the released script with scipy's L-BFGS-B agree with our starts, whose coefficients are solved for."""
    law = AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full")
    S1, S2, loss = [], [], []
    for curve in (published.cosine(), published.constant()):
        areas = both_areas(curve.schedule, 0.999, warmup_area="full")
        S1.append(areas.S1[curve.steps - 1])
        S2.append(areas.S2[curve.steps - 1])
        loss.append(curve.loss)
    theirs, objective = reference_laws.authors_protocol(*map(np.concatenate, (S1, S2, loss)))
    assert np.allclose([law.L0, law.A, law.C, law.alpha], theirs, atol=1e-4)
    ours = law.diagnostics["objective"]
    assert ours <= objective and objective == pytest.approx(ours, rel=1e-4)


@given(seed=st.integers(0, 2**32 - 1), free=st.booleans())
@settings(max_examples=4, deadline=None)
def test_noisy_fits_are_optima_that_another_optimiser_cannot_better(seed, free):
    rng = np.random.default_rng(seed)
    curves = curves_of(TRUTH, three_schedules(), 100, 2e-3, rng)
    law = AnnealingLaw.fit(curves, decay_factor=None if free else 0.98)
    loss = np.concatenate([curve.loss for curve in curves])

    def objective(p):
        trial = AnnealingLaw(*(np.exp(p[:4])), 1.0 - np.exp(p[4]))
        predicted = np.concatenate([trial.predict_at(curve.schedule, curve.steps) for curve in curves])
        return huber(np.log(predicted) - np.log(loss), 1e-3) / 1e-6

    names, jacobian, predicted = log_jacobian(law, _points_of(curves), ["alpha", "decay_factor"] if free else ["alpha"])
    pulls = jacobian * np.clip(np.log(predicted) - np.log(loss), -1e-3, 1e-3)
    assert names[:3] == ["L0", "A", "C"]
    assert np.all(np.abs(pulls.sum(axis=1)) < 1e-6 * np.abs(pulls).sum(axis=1)), "the gradient vanishes"

    start = np.log([law.L0, law.A, law.alpha, law.C, 1.0 - law.decay_factor])
    assert objective(start) * 1e-6 == pytest.approx(law.diagnostics["objective"], rel=1e-9)
    moving = slice(0, 5 if free else 4)

    def part(q):
        p = start.copy()
        p[moving] = q
        return objective(p)

    simplex = start[moving] + 1e-3 * np.vstack([np.zeros(moving.stop), rng.standard_normal((moving.stop,) * 2)])
    found = minimize(part, start[moving], method="Nelder-Mead", options={"maxfev": 300, "initial_simplex": simplex})
    assert objective(start) * (1.0 - 1e-9) <= found.fun <= objective(start) * (1.0 + 1e-3)


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32 - 1),
    alpha=st.floats(0.25, 1.0),
    memory=st.floats(10.0, 300.0),
    share=st.floats(0.05, 0.4),
    log_peak=st.floats(-5.0, 0.0),
    warmup_area=st.sampled_from(["ramp", "full"]),
)
@settings(max_examples=5, deadline=None)
def test_noise_free_curves_are_recovered_from_every_start(seed, alpha, memory, share, log_peak, warmup_area):
    peak = 10.0**log_peak
    truth = AnnealingLaw(
        L0=1.0 + 2.0 * np.random.default_rng(seed).random(),
        A=(200 * peak) ** alpha,
        alpha=alpha,
        C=share / (peak * memory),
        decay_factor=1.0 - 1.0 / memory,
        warmup_area=warmup_area,
    )
    curves = curves_of(truth, three_schedules(peak=peak))
    for free in (False, True):
        law = AnnealingLaw.fit(curves, decay_factor=None if free else truth.decay_factor, warmup_area=warmup_area)
        for name, value in truth.params.items():
            assert law.params[name] == pytest.approx(value, rel=1e-6)
        assert law.diagnostics["start_spread"] < 1e-3
        assert law.diagnostics["starts_agreeing"] == law.diagnostics["starts"]
        for name, (low, high) in law.intervals.items():
            assert low <= law.params[name] <= high


def test_scales_of_rate_and_loss_carry_over_to_the_parameters():
    """Invariant I22 of the fit: rates times c give A c^alpha and C / c; the log objective makes losses times k give k each."""
    rng = np.random.default_rng(11)
    curves = curves_of(TRUTH, three_schedules(), noise=1e-3, rng=rng)
    law = AnnealingLaw.fit(curves)
    c, k = 37.0, 0.2
    moved = [LossCurve(x.steps, k * x.loss, Schedule(c * x.schedule.lr, x.schedule.warmup_steps), x.name) for x in curves]
    other = AnnealingLaw.fit(moved)
    assert other.diagnostics["objective"] == pytest.approx(law.diagnostics["objective"], rel=1e-9)
    wanted = [k * law.L0, k * law.A * c**law.alpha, law.alpha, k * law.C / c]
    assert np.allclose([other.L0, other.A, other.alpha, other.C], wanted, rtol=1e-5)
    assert other.diagnostics["condition_number"] > 0


def test_outliers_pull_less_than_least_squares_would_let_them():
    rng = np.random.default_rng(2)
    curves = curves_of(TRUTH, three_schedules(), noise=3e-4, rng=rng)
    spoiled = []
    for curve in curves:
        loss = curve.loss.copy()
        loss[::10] *= 1.2
        spoiled.append(LossCurve(curve.steps, loss, curve.schedule, curve.name))
    robust = AnnealingLaw.fit(spoiled, decay_factor=0.98)
    squares = AnnealingLaw.fit(spoiled, decay_factor=0.98, huber_delta=1.0)
    s = three_schedules()[0]
    truth = TRUTH.predict(s)[-1]
    assert abs(robust.predict(s)[-1] / truth - 1) < 1e-3 < 1e-2 < abs(squares.predict(s)[-1] / truth - 1)


def test_a_coefficient_that_would_be_negative_ends_at_zero_and_says_so():
    s = three_schedules()
    upside = [
        LossCurve(c.steps, c.loss + 2.0 * 20.0 * both_areas(c.schedule, 0.98).S2[c.steps - 1], c.schedule, c.name)
        for c in curves_of(TRUTH, s)
    ]
    law = AnnealingLaw.fit(upside, decay_factor=0.98)
    assert law.C == 0.0 and law.intervals["C"][0] == 0.0
    assert any(text.startswith("C ended at its bound 0") for text in law.diagnostics["warnings"])


def test_search_starts_where_terms_vanish_or_coincide():
    """alpha = 1e-9 makes the forward term the constant: the optimiser still ends, with finite values."""
    X = np.geomspace(0.1, 10.0, 50)

    def terms(phi):
        return np.stack([np.ones(50), X ** -phi[0], np.zeros(50)]), (-np.log(X) * X ** -phi[0])[None]

    loss = 2.0 + X**-0.5
    problem = Problem(terms, np.array([1]), np.log(loss), 1e-3, np.array([0.0]), np.array([10.0]))
    found = descend(problem, np.array([1e-9]))
    assert np.isfinite(found.objective) and found.coefficients[2] == 0.0
    assert np.allclose(descend(problem, np.array([0.3]), 1e-13).coefficients, [2.0, 1.0, 0.0], rtol=1e-8)


def test_the_end_of_a_curve_is_averaged_as_far_as_its_noise_asks():
    rng = np.random.default_rng(11)
    quiet = 1e-4 * rng.standard_normal(1000)
    assert end_residual(quiet) == quiet[-1]
    noisy = 0.005 * rng.standard_normal(1000)
    assert end_residual(noisy) == pytest.approx(noisy[-25:].mean(), abs=1e-3)  # (0.005 / 0.001)^2 of them
    loud = rng.standard_normal(1000)
    assert end_residual(loud) == pytest.approx(loud[-50:].mean())
    assert end_residual(np.array([0.3])) == 0.3

    s = three_schedules()[1]
    steps = np.arange(100, s.steps + 1)
    clean = TRUTH.predict_at(s, steps)
    assert TRUTH.end_loss(LossCurve(steps, 1.01 * clean, s)) == pytest.approx(1.01 * clean[-1])
    noise = 0.05 * rng.standard_normal(steps.size)
    averaged = TRUTH.end_loss(LossCurve(steps, clean * np.exp(noise), s))
    assert np.log(averaged / clean[-1]) == pytest.approx(noise[-95:].mean(), abs=1e-9)
    with pytest.raises(InputError, match="curve must be a LossCurve"):
        TRUTH.end_loss(clean)


def test_many_losses_are_searched_on_few_and_fitted_to_all(monkeypatch):
    curves = curves_of(TRUTH, three_schedules(), every=1, noise=0.02, rng=np.random.default_rng(4))
    assert sum(len(curve) for curve in curves) > 2 * fit.SEARCHED
    quick = AnnealingLaw.fit(curves, decay_factor=None)
    monkeypatch.setattr(fit, "SEARCHED", 10**9)
    whole = AnnealingLaw.fit(curves, decay_factor=None)
    assert quick.diagnostics["objective"] == pytest.approx(whole.diagnostics["objective"], rel=1e-9)
    assert quick.diagnostics["starts_agreeing"] == quick.diagnostics["starts"] == whole.diagnostics["starts"]
    for name, value in whole.params.items():
        assert quick.params[name] == pytest.approx(value, rel=1e-4)
    assert quick.diagnostics["points"] == whole.diagnostics["points"] > 2 * 2000


# Reports.


def test_a_constant_rate_alone_leaves_the_annealing_term_open_and_the_rest_sound(tmp_path):
    law = AnnealingLaw.fit(curves_of(TRUTH, three_schedules()[:1]), decay_factor=None)
    known = law.diagnostics
    assert known["identified"] == {"L0": True, "A": True, "C": False, "alpha": True, "decay_factor": False}
    assert law.alpha == pytest.approx(TRUTH.alpha, rel=1e-6) and law.intervals["C"] == (0.0, np.inf)
    assert any("add one whose LR comes down" in text for text in known["warnings"])
    assert known["combinations"]["C/(1-decay_factor)"]["high"] == np.inf
    law.save(tmp_path / "law.json")
    assert json.loads((tmp_path / "law.json").read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert load(tmp_path / "law.json").intervals["C"] == (0.0, np.inf)
    assert "0 to inf" in summary(law) and "warning: C is not identifiable" in summary(law)


def test_weak_identification_is_named_and_goes_away_with_a_constant_rate():
    weak = [
        text for text in AnnealingLaw.fit(published.cosine(), warmup_area="full").diagnostics["warnings"] if "weakly" in text
    ]
    assert len(weak) == 1 and weak[0].startswith("C is weakly identified")
    both = AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full")
    assert both.diagnostics["warnings"] == []
    free = AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full", decay_factor=None)
    assert not any("weakly" in text for text in free.diagnostics["warnings"])
    assert free.diagnostics["correlations"]["decay_factor,C"] < -0.9, "C and the decay factor are nearly interchangeable"
    assert 391 < free.diagnostics["combinations"]["C/(1-decay_factor)"]["value"] < 441


def test_losses_of_the_warmup_are_left_out_of_fits_and_scores():
    s = three_schedules(warmup=200)
    whole = curves_of(TRUTH, s, 40)
    spoiled = []
    for curve in whole:
        loss = curve.loss.copy()
        loss[curve.steps < 200] = 11.0
        spoiled.append(LossCurve(curve.steps, loss, curve.schedule, curve.name))
    law = AnnealingLaw.fit(spoiled, decay_factor=0.98)
    assert law.params == pytest.approx(TRUTH.params, rel=1e-6)
    assert law.diagnostics["warmup_points_left_out"] == 3 * 4
    assert law.score(spoiled[0]).points == law.diagnostics["curves"][0]["points"] == 46
    with pytest.raises(InputError, match="after its warm-up"):
        AnnealingLaw.fit(LossCurve([10, 20], [3.0, 2.9], s[0]))


def test_unequal_peaks_and_unstated_warmups_are_named():
    a, b, _ = curves_of(TRUTH, three_schedules())
    double = LossCurve(b.steps, b.loss, Schedule(2.0 * b.schedule.lr, b.schedule.warmup_steps), "double")
    unstated = LossCurve(b.steps, b.loss, Schedule(b.schedule.lr), "unstated")
    assert any("peak LRs range from" in text for text in AnnealingLaw.fit([a, double]).diagnostics["warnings"])
    assert any("states no warm-up" in text for text in AnnealingLaw.fit([a, unstated]).diagnostics["warnings"])
    law = AnnealingLaw.fit([a, double])
    assert "fitted 0.002 to 0.004" in law.cautions(Schedule(3.0 * a.schedule.lr, 50))[0]
    assert "fitted 0.002:" in AnnealingLaw.fit([a, b]).cautions(double.schedule)[0]
    assert law.peak_lr == (a.schedule.peak_lr, double.schedule.peak_lr)


def test_scores_are_those_of_their_definitions():
    s = Schedule(np.full(4, 0.1))
    law = AnnealingLaw(L0=2.0, A=0.0, alpha=1.0, C=0.0)
    found = law.score(LossCurve([1, 2, 4], [1.0, 2.0, 4.0], s))
    assert found.mae == pytest.approx(1.0) and found.rmse == pytest.approx(np.sqrt(5 / 3)) and found.points == 3
    assert found.mape == pytest.approx((1.0 + 0.0 + 0.5) / 3) and found.worst == pytest.approx(1.0)
    assert found.r2 == pytest.approx(1 - 5 / (14 / 3))
    assert np.isnan(law.score(LossCurve([1], [2.0], s)).r2)


def test_losses_that_have_no_logarithm_are_refused():
    s = three_schedules()[0]
    with pytest.raises(InputError, match="must have positive losses"):
        AnnealingLaw.fit(LossCurve(np.arange(100, 2001, 100), np.linspace(1.0, 0.0, 20), s))
    with pytest.raises(InputError, match="LR above 0"):
        AnnealingLaw.fit(LossCurve(np.arange(1, 11), np.ones(10), Schedule(np.r_[np.zeros(5), np.ones(5)])))


# How a law is added: the parameters, the terms, and nothing else.


@dataclass(frozen=True)
class StepLaw(Law):
    """L = L0 + A steps^-alpha, as of Chinchilla (arXiv 2203.15556) for one model."""

    L0: float
    A: float
    alpha: float

    name: ClassVar[str] = "own"
    formula: ClassVar[str] = "L = L0 + A s^-alpha"
    source: ClassVar[str] = "test"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (ALPHA,)

    @staticmethod
    def terms(points):
        steps = np.concatenate(points.index) + 1.0

        def evaluate(shape):
            power = steps ** -shape[0]
            return np.stack([np.ones_like(power), power]), (-np.log(steps) * power)[None]

        return evaluate


def test_a_new_law_needs_its_terms_only(tmp_path):
    s = three_schedules()[1]
    truth = StepLaw(L0=1.5, A=4.0, alpha=0.35)
    curve = curves_of(truth, [s])[0]
    law = StepLaw.fit(curve)
    assert np.allclose([*law.params.values()], [1.5, 4.0, 0.35], rtol=1e-8)
    assert law.score(curve).worst < 1e-9 and law.intervals.keys() == law.params.keys()
    law.save(tmp_path / "law.json")
    assert StepLaw.load(tmp_path / "law.json") == law
    with pytest.raises(InputError, match="law in the file must be one of"):
        load(tmp_path / "law.json")
    fixed = StepLaw.fit(curve, alpha=0.35)
    assert fixed.result.starts.starts == 1 and "alpha" not in fixed.intervals and "0.35   fixed" in summary(fixed)


def test_a_class_without_terms_is_no_law():
    with pytest.raises(TypeError, match="abstract"):
        Law()


# Real training curves: the table of fits on the multi-power law's split (arXiv 2503.12811), mean over six held-out curves.

FIT = ("cosine_24000", "constant_24000", "wsdcon_9")
HELD_OUT = ("constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18")


def real(size, name):
    """A curve of that repository, whose code counts the update that follows a reading in its areas."""
    curve = datasets.load(f"mpl/{size}_{name}")
    kept = curve.steps < curve.schedule.steps
    return LossCurve(curve.steps[kept] + 1, curve.loss[kept], curve.schedule, curve.name)


@pytest.mark.parametrize(
    "size, free, warmup_area, objective, decay_factor, r2, mae, rmse, mape, worst",
    [
        ("25M", False, "ramp", 2.019e-4, 0.999, 0.99793, 0.00477, 0.00622, 0.00141, 0.00542),
        ("25M", True, "ramp", 1.798e-4, 0.9981, 0.99827, 0.00442, 0.00552, 0.00130, 0.00474),
        ("25M", True, "included", 2.075e-4, 0.9957, 0.99801, 0.00466, 0.00612, 0.00136, 0.00592),
        ("100M", False, "ramp", 1.241e-4, 0.999, 0.99779, 0.00467, 0.00666, 0.00153, 0.00718),
        ("100M", True, "ramp", 0.833e-4, 0.9983, 0.99800, 0.00438, 0.00627, 0.00144, 0.00699),
        ("100M", True, "included", 1.012e-4, 0.9984, 0.99866, 0.00381, 0.00533, 0.00124, 0.00598),
    ],
)
def test_table_of_held_out_scores(size, free, warmup_area, objective, decay_factor, r2, mae, rmse, mape, worst):
    law = AnnealingLaw.fit([real(size, n) for n in FIT], decay_factor=None if free else 0.999, warmup_area=warmup_area)
    assert law.decay_factor == pytest.approx(decay_factor, abs=1e-4)
    assert law.diagnostics["objective"] == pytest.approx(objective, rel=3e-3)
    assert law.diagnostics["start_spread"] < 1e-3, "all starts agree"
    found = [law.score(real(size, name)) for name in HELD_OUT]
    for name, wanted, close in (
        ("r2", r2, 2e-5),
        ("mae", mae, 2e-5),
        ("rmse", rmse, 2e-5),
        ("mape", mape, 1e-5),
        ("worst", worst, 2e-5),
    ):
        assert np.mean([getattr(score, name) for score in found]) == pytest.approx(wanted, abs=close), name


@pytest.mark.parametrize("size", ["25M", "100M"])
def test_two_curves_predict_the_decay_run_within_a_quarter_percent(size):
    law = AnnealingLaw.fit([real(size, "cosine_24000"), real(size, "constant_24000")])
    assert law.score(real(size, "wsd_20000_24000")).mape < 0.0025
    assert law.cautions(real(size, "wsd_20000_24000").schedule) == []


def test_a_search_that_stopped_at_its_limit_is_reported(monkeypatch):
    curves = curves_of(TRUTH, three_schedules(), noise=1e-3, rng=np.random.default_rng(0))
    whole = AnnealingLaw.fit(curves)
    assert whole.result.converged and not any(w.code == "not_converged" for w in whole.result.warnings)
    monkeypatch.setattr(fit, "descend", partial(fit.descend, max_iterations=1))
    law = AnnealingLaw.fit(curves)
    assert not law.result.converged and law.diagnostics["converged"] is False
    (warning,) = (w for w in law.result.warnings if w.code == "not_converged")
    assert "limit of 1 iterations" in warning.text and warning.text in law.diagnostics["warnings"]
    assert "warning: the search stopped at its limit" in summary(law)


NINE = ("cosine_24000", "constant_24000", "wsdcon_9", *HELD_OUT)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LAWS if not LAWS[name].per_curve])
def test_a_fit_to_nine_curves_is_quick(name):
    """Some 0.03 to 0.15 s of one core; the bound allows for a machine that is busy with other things."""
    law = LAWS[name]
    configuration = {item.name: item.default for item in law.configuration_fields if item.default is not None}
    if len(configuration) < len(law.configuration_fields):
        pytest.skip("the law must be told its configuration")
    curves = [datasets.load(f"mpl/25M_{curve}").thin(200) for curve in NINE]
    law.fit(curves[:1], **configuration)  # compiles
    taken = []
    for _ in range(3):
        begin = time.process_time()
        law.fit(curves, **configuration)
        taken.append(time.process_time() - begin)
    assert min(taken) < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("law", [AnnealingLaw, LAWS["relaxation"], LAWS["multi_power"]], ids=lambda law: law.name)
def test_the_chosen_starts_find_what_all_of_them_do(law, monkeypatch):
    for files in (("wsd_20000_24000",), ("cosine_24000", "wsdcon_9")):
        curves = [datasets.load(f"mpl/100M_{file}").thin(40) for file in files]
        free = dict.fromkeys((parameter.name for parameter in law.shape_parameters[1:]), None)
        quick = law.fit(curves, **free)
        with monkeypatch.context() as patch:
            patch.setattr(fit, "SEARCHES", 1000)
            patch.setattr(fit, "ALIKE", 1000)
            patch.setattr(fit, "SEARCHED", 10**9)
            patch.setattr(fit, "SEARCH_MERGING", fit.MERGING)
            patch.setattr(fit, "SEARCH_TOLERANCE", 1e-8)
            whole = law.fit(curves, **free)
        assert whole.result.starts.starts > 50 > quick.result.starts.starts
        assert quick.result.objective == pytest.approx(whole.result.objective, rel=1e-3)
