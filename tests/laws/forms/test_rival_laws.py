"""Laws beside the annealing and the multi-power law: twins, identities, recovery, published figures, real curves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.relaxation import relaxed
from scipy.special import digamma

import rivervalley as rv
from rivervalley import schedules
from rivervalley._common.checks import InputError
from rivervalley.estimation.scores import scores
from rivervalley.laws import (
    LAWS,
    AnnealingLaw,
    ConvexBoundLaw,
    ForwardMomentumLaw,
    MultiPowerLaw,
    PoweredAnnealingLaw,
    RelaxationLaw,
    SizeLaw,
    StepsLaw,
    WeightedAnnealingLaw,
    last_iterate_bound,
    tuned_bound,
)
from rivervalley.laws.base.points import Points
from rivervalley.laws.forms.forward_momentum import momentum_area
from rivervalley.schedules import Schedule
from rivervalley.schedules.areas import annealing_area

COSINE = schedules.cosine(3000, 3e-4, final_lr=3e-5, warmup_steps=200)
CONSTANT = schedules.constant(3000, 3e-4, warmup_steps=200)
DROP = Schedule(np.concatenate([np.full(1500, 3e-4), np.full(1500, 6e-5)]), name="drop")
MADE = {
    "relaxation": RelaxationLaw(L0=2.0, A=0.5, alpha=0.5, B=400.0, relaxation=0.004, clock=0.5),
    "annealing_weighted": WeightedAnnealingLaw(L0=2.0, A=0.5, alpha=0.5, C=0.8, decay_factor=0.998, epsilon=0.15),
    "annealing_powered": PoweredAnnealingLaw(L0=2.0, A=0.5, alpha=0.5, C=0.8, decay_factor=0.998, zeta=0.9),
    "forward_momentum": ForwardMomentumLaw(L0=2.0, A=0.5, alpha=0.5, C=0.003, width=512.0),
    "convex_bound": ConvexBoundLaw(L0=2.0, a=0.5, b=80.0),
    "steps": StepsLaw(L0=2.0, A=40.0, alpha=0.5),
}
FREE = {"alpha": None, "relaxation": None}  # without the law's own priors
OPTIONS = {
    "annealing_weighted": {"decay_factor": None, "epsilon": None},
    "annealing_powered": {"decay_factor": None},
    "relaxation": {"clock": None, **FREE},
}


def curve_of(law, schedule, every=25):
    steps = np.arange(every * (1 + schedule.warmup_steps // every), schedule.steps + 1, every)
    return rv.LossCurve(steps, law.predict_at(schedule, steps), schedule, schedule.name)


def test_every_law_has_a_name_of_its_own_and_a_source():
    assert {*MADE, "annealing", "multi_power", "forward", "size"} <= LAWS.keys()
    assert all(kind.source and kind.formula.startswith("L = L0") for kind in LAWS.values())


@pytest.mark.parametrize("name", MADE)
def test_noise_free_curves_give_the_parameters_back(name):
    law = MADE[name]
    curves = [curve_of(law, s) for s in (COSINE, CONSTANT, DROP)]
    found = type(law).fit(curves, warmup_area=law.warmup_area, **OPTIONS.get(name, {}))
    for parameter, value in law.params.items():
        assert found.params[parameter] == pytest.approx(value, rel=1e-6), parameter
    ends = {key: found.diagnostics[key] for key in ("starts", "starts_agreeing")}
    assert ends["starts_agreeing"] >= 0.5 * ends["starts"]


@pytest.mark.parametrize("name", MADE)
def test_laws_come_back_from_their_files(name, tmp_path):
    law = MADE[name]
    law.save(tmp_path / "law.json")
    assert rv.laws.load(tmp_path / "law.json") == law


@pytest.mark.parametrize("name", [*MADE, "size"])
def test_slopes_are_the_derivatives_of_the_terms(name):
    law = MADE.get(name) or SizeLaw(L0=1.8, A=0.5, alpha=0.5, C=0.1, gamma=0.2, F=3.0, beta=0.2)
    if name == "forward_momentum":
        law = replace(law, width=7e-3)  # where the moments feel the size of the falls
    at = Points.of([COSINE, DROP], [np.arange(300, 3001, 100)] * 2, "included", {"sizes": np.array([25.0, 100.0])})
    evaluate = type(law).terms(at)
    values = np.array([getattr(law, one.name) for one in law.shape_parameters])
    _, slopes = evaluate(values)
    slopes = slopes.copy()
    for k, one in enumerate(law.shape_parameters):
        step = 1e-6 * max(abs(values[k]), 1e-2)
        move = np.zeros(values.size)
        move[k] = step
        above, below = evaluate(values + move)[0].copy(), evaluate(values - move)[0].copy()
        row = law.coefficients.index(one.term)
        expected = (above[row] - below[row]) / (2 * step)
        np.testing.assert_allclose(slopes[k], expected, rtol=2e-4, atol=1e-6 * np.abs(expected).max() + 1e-15)
        others = np.delete(above - below, row, axis=0)
        assert np.all(np.abs(others) < 1e-12)


# One relaxation rate on a clock.


@settings(deadline=None, max_examples=40)
@given(
    lr=st.lists(st.floats(1e-6, 1e-2), min_size=2, max_size=20),
    u=st.floats(1e-3, 3.0),
    clock=st.floats(-1.0, 2.0),
)
def test_relaxation_is_its_double_sum(lr, u, clock):
    lr = np.array(lr)
    law = RelaxationLaw(L0=1.0, A=0.0, alpha=0.5, B=1.0, relaxation=u, clock=clock)
    expected = 1.0 - relaxed(lr, u, clock)
    np.testing.assert_allclose(law.predict(Schedule(lr)), expected, atol=1e-13)


@settings(deadline=None, max_examples=40)
@given(lr=st.lists(st.floats(0.0, 1e-2), min_size=2, max_size=40), factor=st.floats(0.01, 0.999))
def test_a_clock_of_steps_is_the_annealing_area(lr, factor):
    lr = np.array([1e-2, *lr])
    law = RelaxationLaw(L0=1.0, A=0.0, alpha=0.5, B=1.0, relaxation=-np.log(factor), clock=0.0)
    expected = 1.0 - (1.0 - factor) * annealing_area(lr, factor)
    np.testing.assert_allclose(law.predict(Schedule(lr)), expected, atol=1e-13)


def test_a_clock_of_summed_rate_stops_at_rate_zero():
    lr = np.concatenate([np.full(50, 1e-3), np.full(50, 5e-4), np.zeros(100)])
    summed = RelaxationLaw(L0=1.0, A=0.0, alpha=0.5, B=100.0, relaxation=0.01, clock=1.0).predict(Schedule(lr))
    steps = RelaxationLaw(L0=1.0, A=0.0, alpha=0.5, B=100.0, relaxation=0.01, clock=0.0).predict(Schedule(lr))
    assert np.ptp(summed[100:]) == 0.0
    assert np.all(np.diff(steps[100:]) < 0.0)


@pytest.mark.slow
def test_the_multi_power_law_is_a_gamma_mixture_of_relaxations():
    """On its own clock, summed rate with gamma = 0: the mean of 1 - exp(-u x) over u ~ Gamma(beta, K)."""
    lr = schedules.cosine(400, 3e-4, final_lr=3e-5).lr
    beta, K = 2.0, 30.0
    law = MultiPowerLaw(L0=1.0, A=0.0, alpha=0.5, B=1.0, K=K, beta=beta, gamma=0.0)
    nodes, weights = np.polynomial.laguerre.laggauss(40)
    mixture = np.zeros(lr.size)
    for node, weight in zip(nodes, weights, strict=True):
        # Gamma(2) has the density u e^-u; the clock of relaxation is in units of the peak.
        mixture += weight * node * relaxed(lr, node * K * lr.max(), 1.0)
    np.testing.assert_allclose(1.0 - law.predict(Schedule(lr)), mixture, rtol=2e-4, atol=1e-9)
    assert digamma(beta) < np.log(beta)


# Forms of the annealing area.


def test_weighted_area_is_its_sum():
    lr = schedules.wsd(500, 3e-4, decay_fraction=0.4).lr
    m, area = 0.0, 0.0
    for before, now in itertools.pairwise(lr):
        m = 0.99 * m + before - now
        area += m * (now / lr.max()) ** 0.2 if now > 0 else 0.0
    law = WeightedAnnealingLaw(L0=1.0, A=0.0, alpha=0.5, C=2.0, decay_factor=0.99, epsilon=0.2)
    # The last rate is 0, which counts as 1e-12 of the peak.
    assert law.predict(Schedule(lr))[-1] == pytest.approx(1.0 - 2.0 * area, rel=1e-4)


def test_powered_area_keeps_its_sign():
    lr = np.array([1e-3, 2e-3, 2e-3, 5e-4])
    S2 = annealing_area(lr, 0.9)
    law = PoweredAnnealingLaw(L0=1.0, A=0.0, alpha=0.5, C=1.0, decay_factor=0.9, zeta=0.7)
    np.testing.assert_allclose(law.predict(Schedule(lr)), 1.0 - np.sign(S2) * np.abs(S2) ** 0.7, rtol=1e-12)


# Sizes.


def test_published_size_form_gives_the_single_fits():
    law = SizeLaw(L0=1.829, A=0.504, alpha=0.537, C=0.090, gamma=0.235, F=3.072, beta=0.195)
    for N, C, floor in ((106, 0.269, 3.066), (594, 0.404, 2.713), (1720, 0.518, 2.548)):
        one = law.at_size(N)
        assert one.C == pytest.approx(C, abs=6e-4) and one.L0 == pytest.approx(floor, abs=6e-4)


def test_sizes_are_recovered_from_several_at_once(tmp_path):
    law = SizeLaw(L0=1.8, A=0.5, alpha=0.5, C=0.1, gamma=0.2, F=3.0, beta=0.25)
    sizes = [25.0, 25.0, 100.0, 100.0, 400.0, 400.0]
    curves = [curve_of(law.at_size(N), s) for N in (25.0, 100.0, 400.0) for s in (COSINE, CONSTANT)]
    found = rv.laws.fit(curves, law="size", sizes=sizes)
    for parameter, value in law.params.items():
        assert found.params[parameter] == pytest.approx(value, rel=1e-5), parameter
    assert found.diagnostics["starts_agreeing"] == found.diagnostics["starts"]
    found.save(tmp_path / "law.json")
    assert rv.laws.load(tmp_path / "law.json") == found
    predicted = found.at_size(200.0).predict(DROP)
    np.testing.assert_allclose(predicted, law.at_size(200.0).predict(DROP), rtol=1e-6)


def test_one_size_leaves_its_terms_open():
    law = AnnealingLaw(L0=2.0, A=0.5, alpha=0.5, C=0.4)
    found = SizeLaw.fit([curve_of(law, COSINE), curve_of(law, CONSTANT)], sizes=[25, 25])
    assert not found.diagnostics["identified"]["gamma"]
    assert any("several sizes" in sentence for sentence in found.diagnostics["warnings"])


def test_sizes_are_checked():
    curves = [curve_of(AnnealingLaw(L0=2.0, A=0.5, alpha=0.5, C=0.4), COSINE)]
    for sizes in ([25, 100], [-1], [np.nan], "25"):
        with pytest.raises(InputError, match="sizes"):
            SizeLaw.fit(curves, sizes=sizes)
    law = SizeLaw(L0=1.8, A=0.5, alpha=0.5, C=0.1, F=3.0)
    with pytest.raises(InputError, match="at_size"):
        law.predict(COSINE)
    with pytest.raises(InputError, match="N must"):
        law.at_size(0)


# Adam's moments of the rate.


def test_momentum_area_is_the_loop_of_the_released_code():
    lr = schedules.cosine(300, 3e-4, final_lr=3e-5, warmup_steps=20).lr
    m = v = total = 0.0
    for i in range(1, lr.size):
        fall = (lr[i - 1] - lr[i]) * 768
        m, v = 0.9 * m + 0.1 * fall, 0.999 * v + 0.001 * fall**2
        mhat, vhat = m / (1 - 0.9 ** (i + 1)), v / (1 - 0.999 ** (i + 1))
        total += mhat / (np.sqrt(vhat * 1e5 + 1e-8) + 1e-8)
        assert momentum_area(lr, 768.0)[i] == pytest.approx(total, rel=1e-10)


def test_momentum_area_hardly_knows_the_scale_of_the_rates():
    lr = schedules.linear(1000, 3e-2).lr
    assert momentum_area(10 * lr, 1e4)[-1] == pytest.approx(momentum_area(lr, 1e4)[-1], rel=1e-3)
    assert annealing_area(10 * lr, 0.999)[-1] == pytest.approx(10 * annealing_area(lr, 0.999)[-1], rel=1e-12)


# The bound on the last iterate.


def exact_bound(lr, D=1.0, G=1.0):
    """The theorem, sums from k on added up from the end."""
    R, Q = np.cumsum(lr[::-1])[::-1], np.cumsum(lr[::-1] ** 2)[::-1]
    inside = R[1:] > 0
    last = 0.5 * np.sum((lr[:-1] / np.where(inside, R[1:], 1.0) * Q[:-1] / R[:-1])[inside])
    return D**2 * 0.5 / R[0] + G**2 * (0.5 * Q[0] / R[0] + last)


@settings(deadline=None, max_examples=40)
@given(lr=st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=120), D=st.floats(0.1, 10), G=st.floats(0.1, 10))
def test_bound_is_the_theorem(lr, D, G):
    lr = np.array(lr)
    found = last_iterate_bound(Schedule(lr), distance=D, gradient_norm=G)
    expected = [exact_bound(lr[:t], D, G) for t in range(1, lr.size + 1)]
    np.testing.assert_allclose(found, expected, rtol=2e-2 if lr.size > 68 else 1e-12)


@pytest.mark.parametrize("shape", ["constant", "wsd", "cosine", "linear"])
def test_long_bounds_lose_little_to_merging(shape):
    s = {
        "constant": schedules.constant(30_000, 0.1),
        "wsd": schedules.wsd(30_000, 0.1, decay_fraction=0.2),
        "cosine": schedules.cosine(30_000, 0.1),
        "linear": schedules.linear(30_000, 0.1),
    }[shape]
    assert last_iterate_bound(s, [s.steps])[0] == pytest.approx(exact_bound(s.lr), rel=5e-5)


@pytest.mark.parametrize(
    "s, bound, factor",
    [
        (schedules.constant(12_800, 1.0), 3.32, 0.301),
        (schedules.wsd(12_800, 1.0, decay_fraction=0.2), 2.161, 0.514),
        (schedules.cosine(12_800, 1.0), 2.060, 0.971),
        (schedules.linear(12_800, 1.0), 2.001, 1.000),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_tuned_bounds_are_the_published(s, bound, factor):
    found = tuned_bound(s)
    assert found.bound * 12_800**0.5 == pytest.approx(bound, abs=0.002)
    assert found.lr_factor * 12_800**0.5 == pytest.approx(factor, abs=0.001)
    again = tuned_bound(s, distance=3.0, gradient_norm=0.5)
    assert again.bound == pytest.approx(1.5 * found.bound) and again.lr_factor == pytest.approx(6.0 * found.lr_factor)
    assert last_iterate_bound(s.scaled(found.lr_factor), [s.steps])[0] == pytest.approx(found.bound, rel=1e-9)


@pytest.mark.parametrize("steps, bound", [(200_000, 0.004607), (400_000, 0.003257)])
def test_long_cosines_do_not_cancel(steps, bound):
    assert tuned_bound(schedules.cosine(steps, 1.0)).bound == pytest.approx(bound, abs=1e-6)


def test_constant_bound_has_its_closed_form():
    T = 500
    harmonic = np.sum(1.0 / np.arange(1, T))
    assert tuned_bound(schedules.constant(T, 1.0)).bound == pytest.approx(np.sqrt((1 + harmonic) / T), rel=1e-4)


def test_longer_cooldowns_are_better_at_tuned_rates_and_not_at_fixed_ones():
    def fraction(r):
        return schedules.wsd(400, 1.0, decay_fraction=r)

    shares = (0.02, 0.1, 0.2, 0.4, 0.6, 1.0)
    tuned = [tuned_bound(fraction(r)).bound for r in shares]
    # The published ones have a rate more at the end.
    np.testing.assert_allclose(tuned, [0.1340, 0.1161, 0.1093, 0.1038, 0.1016, 0.1006], atol=2.5e-4)
    for gamma, best in ((0.02, 0.28), (0.04, 0.80)):
        grid = np.arange(0.02, 1.0, 0.02)
        fixed = [last_iterate_bound(fraction(r).scaled(gamma), [400])[0] for r in grid]
        assert grid[int(np.argmin(fixed))] == pytest.approx(best, abs=0.05)


def test_bad_bounds_are_refused():
    s = schedules.constant(10, 0.1)
    for call, about in (
        (lambda: last_iterate_bound([0.1]), "s must"),
        (lambda: last_iterate_bound(s, [11]), "steps"),
        (lambda: last_iterate_bound(s, distance=0.0), "distance"),
        (lambda: tuned_bound(s, gradient_norm=-1.0), "gradient_norm"),
        (lambda: tuned_bound(Schedule([0.0, 0.0])), "rate above 0"),
    ):
        with pytest.raises(InputError, match=about):
            call()


# Real curves.

FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
HELD_OUT = ("constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18")


def real(size, name):
    return rv.datasets.load(f"mpl/{size}_{name}")


@pytest.mark.parametrize(
    "size, name, options, r2, mae",
    [
        ("25M", "relaxation", {"clock": 1.0, **FREE}, 0.99832, 0.00433),
        ("100M", "relaxation", {"clock": 1.0, **FREE}, 0.99766, 0.00439),
        ("25M", "relaxation", {"clock": 0.0, "warmup_area": "ramp", **FREE}, 0.99827, 0.00442),
        ("100M", "relaxation", {"clock": 0.0, "warmup_area": "ramp", **FREE}, 0.99800, 0.00438),
        ("25M", "convex_bound", {}, 0.848, 0.036),
        ("100M", "convex_bound", {}, 0.821, 0.040),
        ("25M", "forward", {}, 0.93857, 0.0246),
        ("100M", "forward", {}, 0.91549, 0.0292),
    ],
)
def test_held_out_scores_are_those_of_the_table(size, name, options, r2, mae):
    law = rv.laws.fit([real(size, one) for one in FITTED], law=name, **options)
    scores = [law.score(real(size, one)) for one in HELD_OUT]
    loose = 2e-3 if name == "convex_bound" else 2e-4
    assert np.mean([one.r2 for one in scores]) == pytest.approx(r2, abs=loose)
    assert np.mean([one.mae for one in scores]) == pytest.approx(mae, abs=5e-4 if name == "convex_bound" else 5e-5)


def test_sizes_share_a_law_on_real_curves():
    curves = [real(size, name) for size in ("25M", "100M") for name in FITTED]
    law = SizeLaw.fit(curves, sizes=[25.0] * 3 + [100.0] * 3, beta=0.195)
    assert law.gamma == pytest.approx(0.12, abs=0.05)
    assert law.diagnostics["r2"] > 0.999


def test_merging_drops_leaves_the_scores_alone():
    """Every drop by itself against blocks: the five metrics within 1e-5 (real_curves: gap-weighted blocks)."""
    law = MultiPowerLaw.fit([real("100M", name) for name in FITTED])
    for name in ("wsd_20000_24000", "cosine_72000", "wsdcon_3"):
        curve = real("100M", name)
        kept = curve.steps >= curve.schedule.warmup_steps
        steps, loss = curve.steps[kept], curve.loss[kept]
        lr = curve.schedule.lr
        S = np.cumsum(lr)
        drops = np.append(0.0, lr[:-1] - lr[1:])
        exact = law.L0 + law.A * S[steps - 1] ** -law.alpha
        safe = np.maximum(lr, 1e-9 * lr.max())
        for r, t in enumerate(steps):
            x = law.K * safe[1:t] ** -law.gamma * (S[t - 1] - S[: t - 1])
            exact[r] -= law.B * np.sum(drops[1:t] * (1.0 - (1.0 + x) ** -law.beta))
        found, whole = law.score(curve), scores(loss, exact)
        for metric in ("r2", "mae", "rmse", "mape", "worst"):
            assert getattr(found, metric) == pytest.approx(getattr(whole, metric), abs=1e-5), (name, metric)
