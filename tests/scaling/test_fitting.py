"""Fits of scaling laws to runs: exact recovery, the objective's least value, honest intervals, and what cannot be told."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import scaling as reference_scaling
from scipy import stats

from rivervalley._common.checks import InputError
from rivervalley.estimation.uncertainty import identify
from rivervalley.scaling import chinchilla, kaplan
from rivervalley.scaling.fitting import FORMS, Runs, ScalingFit, fit_scaling, read_runs
from rivervalley.scaling.fitting.fit import _intervals
from rivervalley.scaling.fitting.forms import design
from rivervalley.scaling.fitting.search import Solution, search
from rivervalley.scaling.fitting.spread import spread

N_GRID, D_GRID = (g.ravel() for g in np.meshgrid(np.geomspace(1e6, 1e10, 5), np.geomspace(1e8, 1e12, 5)))
S_GRID = np.tile(np.geomspace(1e3, 1e6, 5), 5)
N_OF_S = np.repeat(np.geomspace(1e6, 1e10, 5), 5)
ONE = np.geomspace(1e5, 1e10, 9)
REFIT = chinchilla.BESIROGLU


def chinchilla_runs(noise=0.0, seed=0, constants=REFIT):
    loss = chinchilla.loss_from_size_and_data(N_GRID, D_GRID, constants)
    return Runs(loss * np.exp(noise * np.random.default_rng(seed).standard_normal(loss.size)), N=N_GRID, D=D_GRID)


def warned(fit, text):
    return [sentence for sentence in fit.diagnostics["warnings"] if text in sentence]


# Exact recovery.


def exact_cases():
    joint, learning = kaplan.SIZE_DATA, kaplan.SIZE_STEPS
    for law, name, column, one in (
        ("size", "N", ONE, kaplan.SIZE),
        ("data", "D", ONE * 100, kaplan.DATA),
        ("compute", "C", ONE * 1e10, kaplan.COMPUTE),
    ):
        scale, power = FORMS[law].scales[0], FORMS[law].exponents[0]
        for offset in (0.0, 1.5):
            yield (
                law,
                Runs((one.scale / column) ** one.alpha + offset, **{name: column}),
                offset,
                {scale: one.scale, power: one.alpha},
            )
    for offset in (0.0, 0.7):
        yield (
            "size_steps",
            Runs(kaplan.loss_from_size_and_steps(N_OF_S, S_GRID) + offset, N=N_OF_S, S=S_GRID),
            offset,
            {"N_c": learning.N_c, "S_c": learning.S_c, "alpha_N": learning.alpha_N, "alpha_S": learning.alpha_S},
        )
        bare = chinchilla.Chinchilla(offset, 482.01, 2085.43, 0.3478, 0.3658, "test")
        yield (
            "chinchilla",
            chinchilla_runs(constants=bare),
            offset,
            {"A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658},
        )
    yield (
        "size_data",
        Runs(kaplan.loss_from_size_and_data(N_GRID, D_GRID), N=N_GRID, D=D_GRID),
        0.0,
        {"N_c": joint.N_c, "D_c": joint.D_c, "alpha_N": joint.alpha_N, "alpha_D": joint.alpha_D},
    )


CASES = list(exact_cases())


@pytest.mark.parametrize(("law", "runs", "offset", "truth"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_recovered_exactly(law, runs, offset, truth):
    fit = fit_scaling(runs, law, offset=offset > 0.0)
    expected = {"E": offset, **truth} if offset else truth
    assert list(fit.params) == list(expected)
    for name, value in expected.items():
        assert fit.params[name] == pytest.approx(value, rel=1e-6), name
        low, high = fit.intervals[name]
        assert low <= fit.params[name] <= high and high - low < 1e-3 * value
    assert fit.diagnostics["worst"] < 1e-8 and fit.diagnostics["objective"] < 1e-15
    columns = {name: getattr(runs, name) for name in FORMS[law].columns}
    assert np.allclose(fit.predict(**columns), runs.loss, rtol=1e-8)
    assert fit.diagnostics["warnings"] == []
    # Where the truth has no offset, a fit with one finds it to be 0 and says that the runs do not show it.
    if not offset and law != "size_data":
        free = fit_scaling(runs, law, offset=True)
        assert free.params["E"] < 1e-6
        assert fit.diagnostics["alternative"]["params"]["E"] < 1e-6


def test_with_and_without_offset_are_both_reported():
    runs = Runs((8.8e13 / ONE) ** 0.076 + 1.5, N=ONE)
    without = fit_scaling(runs, "size")
    assert "E" not in without.params
    other = without.diagnostics["alternative"]
    assert other["what"] == "with E" and other["params"]["E"] == pytest.approx(1.5, rel=1e-6)
    assert other["objective_ratio"] < 1e-6
    assert without.params["alpha_N"] < 0.06  # bent: the truth is 0.076
    assert warned(without, "with E fits better")
    with_it = fit_scaling(runs, "size", offset=True)
    assert with_it.diagnostics["alternative"]["what"] == "without E"
    assert with_it.diagnostics["alternative"]["params"]["alpha_N"] == pytest.approx(without.params["alpha_N"], rel=1e-4)


def test_an_offset_that_the_runs_do_not_show():
    rng = np.random.default_rng(1)
    runs = Runs((8.8e13 / ONE) ** 0.076 * np.exp(0.01 * rng.standard_normal(9)), N=ONE)
    fit = fit_scaling(runs, "size", offset=True)
    low, high = fit.intervals["E"]
    assert low == 0.0 and high > 0.5
    assert warned(fit, "do not show an irreducible loss") and warned(fit, "without it alpha_N is 0.07")


# The optimum.


@pytest.mark.parametrize("noise", [3e-4, 1e-2])
def test_as_good_as_scipys_robust_fit(noise):
    runs = chinchilla_runs(noise, seed=4)
    fit = fit_scaling(runs)
    params, objective = reference_scaling.chinchilla_fit(runs.N, runs.D, runs.loss)
    predicted = fit.predict(N=runs.N, D=runs.D)
    assert fit.diagnostics["objective"] == pytest.approx(
        reference_scaling.huber_sum(np.log(predicted / runs.loss), 1e-3), rel=1e-9
    )
    assert fit.diagnostics["objective"] <= objective * (1 + 1e-6)
    if noise < 1e-3:
        assert np.allclose(list(fit.params.values()), params, rtol=1e-3)


def test_least_in_every_direction_for_kaplans_joint_law():
    rng = np.random.default_rng(2)
    loss = kaplan.loss_from_size_and_data(N_GRID, D_GRID) * np.exp(0.005 * rng.standard_normal(25))
    fit = fit_scaling(Runs(loss, N=N_GRID, D=D_GRID), "size_data")
    p = fit.params

    def objective(log_shift):
        c = kaplan.SizeData(
            *(p[k] * np.exp(s) for k, s in zip(("alpha_N", "alpha_D", "N_c", "D_c"), log_shift, strict=True)), "x"
        )
        return reference_scaling.huber_sum(np.log(kaplan.loss_from_size_and_data(N_GRID, D_GRID, c) / loss), 1e-3)

    best = fit.diagnostics["objective"]
    assert objective(np.zeros(4)) == pytest.approx(best, rel=1e-9)
    for step in (1e-4, 1e-2):
        for direction in rng.standard_normal((200, 4)):
            assert objective(step * direction / np.linalg.norm(direction)) >= best * (1 - 1e-9)


def test_the_objective_is_a_sum():
    runs = chinchilla_runs(0.01, seed=3)
    once = fit_scaling(runs)
    twice = fit_scaling(Runs(np.tile(runs.loss, 2), N=np.tile(runs.N, 2), D=np.tile(runs.D, 2)))
    assert twice.diagnostics["objective"] == pytest.approx(2 * once.diagnostics["objective"], rel=1e-9)
    for name, value in once.params.items():
        assert twice.params[name] == pytest.approx(value, rel=1e-4)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.floats(-6.0, 6.0), st.floats(-1.0, 1.0))
def test_units_and_order_do_not_matter(seed, log_unit, log_loss):
    rng = np.random.default_rng(seed)
    unit, scale = 10.0**log_unit, 10.0**log_loss
    loss = ((8.8e13 / ONE) ** 0.076 + 0.5) * np.exp(0.002 * rng.standard_normal(9))
    order = rng.permutation(9)
    plain = fit_scaling(Runs(loss, N=ONE), "size")
    moved = fit_scaling(Runs(loss[order] * scale, N=ONE[order] * unit), "size")
    assert moved.params["alpha_N"] == pytest.approx(plain.params["alpha_N"], rel=1e-6)
    assert moved.params["N_c"] == pytest.approx(plain.params["N_c"] * unit * scale ** (1 / plain.params["alpha_N"]), rel=1e-3)
    assert moved.diagnostics["objective"] == pytest.approx(plain.diagnostics["objective"], rel=1e-6)


def test_outliers_do_not_bend_the_fit():
    runs = chinchilla_runs(1e-4, seed=5)
    loss = runs.loss.copy()
    loss[[3, 17]] *= [1.3, 1.2]  # two runs that diverged and came back
    fit = fit_scaling(Runs(loss, N=N_GRID, D=D_GRID))
    for name in ("E", "alpha", "beta"):
        assert fit.params[name] == pytest.approx(getattr(REFIT, name), rel=0.02)


# Slopes and intervals.


@pytest.mark.parametrize("law", FORMS)
@pytest.mark.parametrize("offset", [False, True])
def test_slopes_are_derivatives(law, offset):
    form = FORMS[law]
    if form.coupled and offset:
        pytest.skip("the form has no offset")
    columns = [N_GRID, D_GRID][: len(form.columns)]
    made = design(form, columns, offset)
    base = np.array([0.9, *(0.7, 0.4)[: len(columns)], *(0.3, 0.45)[: len(columns)]])[not offset :]
    names = int(offset)

    def at(theta):
        k = len(columns)
        return Solution(theta[0] if offset else 0.0, np.exp(theta[names : names + k]), theta[names + k :], 0.0)

    theta = base.copy()
    theta[names : names + len(columns)] = np.log(theta[names : names + len(columns)])
    _, jacobian = made.evaluate(at(theta))
    reported = made.report(at(theta))
    for j in range(theta.size):
        step = np.zeros(theta.size)
        step[j] = 1e-6
        sides = [np.log(made.evaluate(at(theta + sign * step))[0]) for sign in (1, -1)]
        assert np.allclose(jacobian[j], (sides[0] - sides[1]) / 2e-6, rtol=1e-6, atol=1e-9)
        up, down = made.report(at(theta + step)), made.report(at(theta - step))
        for one, high, low in zip(reported, up, down, strict=True):
            change = (np.log(high.value / low.value) if one.log else high.value - low.value) / 2e-6
            assert one.gradient[j] == pytest.approx(change, rel=1e-5, abs=1e-7), (one.name, j)


def test_reported_parameters_predict_what_the_search_found():
    tilt = np.linspace(0.99, 1.01, 25)
    for law, offset in (("chinchilla", True), ("size_data", False), ("size_steps", False)):
        _, runs, *_ = next(case for case in CASES if case[0] == law and (case[2] > 0) is offset)
        columns = {name: getattr(runs, name) for name in FORMS[law].columns}
        fit = fit_scaling(Runs(runs.loss * tilt, **columns), law, offset=offset)
        residuals = np.log(fit.predict(**columns) / (runs.loss * tilt))
        assert reference_scaling.huber_sum(residuals, 1e-3) == pytest.approx(fit.diagnostics["objective"], rel=1e-6)


def coverage(form, columns, loss, truth, offset, noise, delta, trials, rng):
    """How often the 95 % interval of each parameter holds the truth."""
    made = design(FORMS[form], columns, offset)
    held = dict.fromkeys(truth, 0)
    for _ in range(trials):
        log_loss = np.log(loss) + noise * rng.standard_normal(loss.size)
        best = search(made, log_loss, delta).best
        predicted, jacobian = made.evaluate(best)
        known = spread(jacobian, np.log(predicted) - log_loss, [], delta, 0.95)
        intervals, _ = _intervals(made.report(best), known)
        for name, value in truth.items():
            held[name] += intervals[name][0] <= value <= intervals[name][1]
    return held


@pytest.mark.parametrize("noise", [3e-4, 1e-2], ids=["below delta", "ten times delta"])
def test_intervals_cover(noise, monkeypatch):
    """95 % intervals over 300 worlds: true coverage was measured as 94 ... 97 %; within 91 ... 99 % at a false alarm of 1e-6.

    The control, intervals half as wide, covers 67 %.
    """
    monkeypatch.setattr("rivervalley.scaling.fitting.search.STARTS", {1: (0.08,)})  # one start finds these optima
    trials = 300
    truth = {"N_c": 8.8e13, "alpha_N": 0.076}
    sizes = np.geomspace(1e5, 1e9, 20)
    held = coverage("size", [sizes], kaplan.loss_from_size(sizes), truth, False, noise, 1e-3, trials, np.random.default_rng(9))
    low, high = stats.binom.ppf(5e-7, trials, 0.925), stats.binom.ppf(1 - 5e-7, trials, 0.98)
    for count in held.values():
        assert low <= count <= high
    assert stats.binom.ppf(1 - 5e-7, trials, 0.67) < low


def test_more_noise_makes_wider_intervals():
    widths = []
    for noise in (1e-4, 1e-3, 1e-2):
        low, high = fit_scaling(chinchilla_runs(noise, seed=7)).intervals["alpha"]
        widths.append(high - low)
    assert widths[1] > 3 * widths[0] and widths[2] > 3 * widths[1]


def test_points_along_one_curve_count_for_less():
    rng = np.random.default_rng(3)
    shift = np.repeat(0.01 * rng.standard_normal(5), 40)  # every run has an error of its own
    N, S = np.repeat(np.geomspace(1e6, 1e10, 5), 40), np.tile(np.geomspace(1e3, 1e6, 40), 5)
    runs = Runs(kaplan.loss_from_size_and_steps(N, S) * np.exp(shift), N=N, S=S)
    fit = fit_scaling(runs, "size_steps")
    assert fit.diagnostics["effective_points"] < 60
    white = kaplan.loss_from_size_and_steps(N, S) * np.exp(0.01 * rng.standard_normal(200))
    free = fit_scaling(Runs(white, N=N, S=S), "size_steps")
    assert free.diagnostics["effective_points"] > 100
    assert np.diff(fit.intervals["alpha_N"])[0] > 2 * np.diff(free.intervals["alpha_N"])[0]


# What cannot be told.


def test_runs_that_share_their_data():
    loss = chinchilla.loss_from_size_and_data(ONE, 1e10)
    fit = fit_scaling(Runs(loss, N=ONE, D=np.full(9, 1e10)))
    assert warned(fit, "all runs share D = 1e+10") and warned(fit, "beta cannot be identified")
    assert fit.diagnostics["condition_number"] == np.inf
    assert fit.diagnostics["identified"]["alpha"] and fit.params["alpha"] == pytest.approx(REFIT.alpha, rel=1e-5)
    for name in ("E", "B", "beta"):
        assert not fit.diagnostics["identified"][name]
        assert fit.intervals[name] == (0.0, np.inf)
    joint = fit_scaling(Runs(kaplan.loss_from_size_and_data(ONE, 1e10), N=ONE, D=np.full(9, 1e10)), "size_data")
    assert warned(joint, "all runs share D")


@pytest.mark.parametrize("E, B", [(1.0, 1.3), (2.3, 0.0), (0.0, 2.3)])
def test_terms_that_merge_are_not_identified_whichever_of_them_took_it_all(E, B):
    """One D in all runs: E and B share a sum in any proportion, and a search may end with either of them at 0."""
    merged = design(FORMS["chinchilla"], [ONE, np.full(9, 1e10)], True)
    _, jacobian = merged.evaluate(Solution(E, np.array([3.0, B]), np.array([0.35, 0.37]), 0.0))
    assert identify(jacobian)[0].tolist() == [False, True, False, True, False]


def test_runs_at_one_ratio_of_tokens_to_parameters():
    rng = np.random.default_rng(8)
    N = np.geomspace(1e7, 1e11, 20)
    loss = chinchilla.loss_from_size_and_data(N, 20 * N) * np.exp(0.003 * rng.standard_normal(20))
    fit = fit_scaling(Runs(loss, N=N, D=20 * N))
    assert warned(fit, "N and D are correlated") and fit.diagnostics["condition_number"] > 100
    grid = fit_scaling(chinchilla_runs(0.003))
    assert not warned(grid, "are correlated") and grid.diagnostics["condition_number"] < 50


def test_short_spans_and_few_runs():
    N = np.array([1e9, 1.5e9, 2e9, 4e9])
    fit = fit_scaling(Runs(kaplan.loss_from_size(N), N=N), "size", offset=True)
    assert warned(fit, "N spans only a factor of 4") and warned(fit, "4 losses for 3 parameters leave 1")
    exact = fit_scaling(Runs([3.0, 2.8], N=[1e8, 1e9]), "size")
    assert exact.params["alpha_N"] == pytest.approx(np.log10(3.0 / 2.8), rel=1e-6)
    assert exact.intervals["alpha_N"] == (0.0, np.inf) and exact.diagnostics["alternative"] is None
    two = fit_scaling(Runs([3.0, 2.8, 3.01], N=[1e8, 1e9, 1e8]), "size", offset=True)
    assert warned(two, "N takes 2 values, but alpha_N with E needs 3")


def test_a_term_that_the_runs_do_not_ask_for():
    loss = (1.5 + 400 * N_GRID**-0.35) * (1.0 + 1e-5 * np.log(D_GRID / 1e8))  # more data do harm
    fit = fit_scaling(Runs(loss, N=N_GRID, D=D_GRID))
    assert warned(fit, "B ended at 0") and warned(fit, "beta cannot be identified")
    assert fit.params["alpha"] == pytest.approx(0.35, rel=1e-3)
    assert np.allclose(fit.predict(N=N_GRID, D=D_GRID), loss, rtol=1e-3)
    with pytest.raises(InputError, match=r"^B must"):
        fit.constants()


# Columns, files, results.


def test_data_from_compute_and_back():
    runs = chinchilla_runs()
    fit = fit_scaling(Runs(runs.loss, N=N_GRID, C=6 * N_GRID * D_GRID))
    assert fit.params["beta"] == pytest.approx(REFIT.beta, rel=1e-6)
    assert fit.diagnostics["notes"][0] == "D was taken as C / (6 N)"
    C = np.geomspace(1e17, 1e23, 9)
    best = chinchilla.optimal_allocation(C)
    frontier = fit_scaling(Runs(best.loss, N=best.N, D=best.D), "compute", offset=True)
    assert frontier.params["alpha_C"] == pytest.approx(REFIT.alpha * REFIT.beta / (REFIT.alpha + REFIT.beta), rel=1e-6)
    assert frontier.params["E"] == pytest.approx(REFIT.E, rel=1e-6)


def test_steps_at_finite_batches():
    loss = kaplan.loss_from_size_and_steps(N_OF_S, S_GRID)
    B = np.where(np.arange(25) % 2, 5e5, 4e6)
    S = kaplan.steps_at_batch_size(S_GRID, B, kaplan.critical_batch_size(loss))
    runs = Runs(loss, N=N_OF_S, S=S, B=B)
    fit = fit_scaling(runs, "size_steps", critical_batch=kaplan.CRITICAL_BATCH)
    assert fit.params["alpha_S"] == pytest.approx(0.76, rel=1e-6) and fit.params["S_c"] == pytest.approx(2.1e3, rel=1e-6)
    raw = fit_scaling(runs, "size_steps")
    assert "pass critical_batch" in raw.diagnostics["notes"][0]
    assert raw.params["S_c"] > 1.2 * 2.1e3
    with pytest.raises(InputError, match="critical_batch must be left out for law 'size'"):
        fit_scaling(runs, "size", critical_batch=kaplan.CRITICAL_BATCH)
    with pytest.raises(InputError, match="must have B"):
        fit_scaling(Runs(loss, N=N_OF_S, S=S), "size_steps", critical_batch=kaplan.CRITICAL_BATCH)


def test_constants_go_into_the_calculators():
    own = fit_scaling(chinchilla_runs()).constants()
    assert chinchilla.optimal_allocation(5.76e23, own).N == pytest.approx(chinchilla.optimal_allocation(5.76e23).N, rel=1e-5)
    joint = fit_scaling(Runs(kaplan.loss_from_size_and_data(N_GRID, D_GRID), N=N_GRID, D=D_GRID), "size_data").constants()
    assert kaplan.overfitting(1e9, 1e10, joint) == pytest.approx(kaplan.overfitting(1e9, 1e10), rel=1e-5)
    steps = fit_scaling(Runs(kaplan.loss_from_size_and_steps(N_OF_S, S_GRID), N=N_OF_S, S=S_GRID), "size_steps").constants()
    frontier = kaplan.Frontier(steps, kaplan.CRITICAL_BATCH)
    assert kaplan.optimal_allocation(1e20, frontier).N == pytest.approx(kaplan.optimal_allocation(1e20).N, rel=1e-4)
    size = fit_scaling(Runs(kaplan.loss_from_size(ONE), N=ONE), "size").constants()
    assert size.unit == "parameters" and kaplan.loss_from_size(1e12, size) == pytest.approx(
        kaplan.loss_from_size(1e12), rel=1e-6
    )
    with pytest.raises(InputError, match="offset must be False"):
        fit_scaling(Runs(kaplan.loss_from_size(ONE) + 1, N=ONE), "size", offset=True).constants()


def test_summary_and_json():
    fit = fit_scaling(chinchilla_runs(0.005, seed=2))
    text = fit.summary()
    assert text.startswith("chinchilla: loss = E + A / N^alpha + B / D^beta") and "of 9 starts agree" in text
    assert "without E: objective" in text
    assert set(json.loads(json.dumps(fit.diagnostics))) >= {"objective", "condition_number", "warnings", "alternative"}
    assert isinstance(fit, ScalingFit)


def test_predict_takes_the_columns_of_the_law():
    fit = fit_scaling(chinchilla_runs())
    assert type(fit.predict(N=1e9, D=2e10)) is float
    assert fit.predict(N=[[1e9], [1e10]], D=[1e10, 1e11, 1e12]).shape == (2, 3)
    for columns in ({}, {"N": 1e9}, {"N": 1e9, "D": 1e10, "S": 1.0}):
        with pytest.raises(InputError, match="predict must be given N and D for law 'chinchilla'"):
            fit.predict(**columns)
    with pytest.raises(InputError, match=r"^N must"):
        fit.predict(N=-1.0, D=1e10)


def test_files(tmp_path):
    file = tmp_path / "runs.csv"
    rows = [f"{n},{d},{v}" for n, d, v in zip(N_GRID, D_GRID, chinchilla_runs().loss, strict=True)]
    file.write_text("# my runs\nn, d ,loss\n" + "\n".join(rows) + "\n")
    assert fit_scaling(file).params["alpha"] == pytest.approx(REFIT.alpha, rel=1e-6)
    runs = read_runs(file)
    assert len(runs) == 25 and runs.S is None and np.array_equal(runs.N, N_GRID)
    for text, message in (
        ("N,D\n1,2\n", "must have a column loss"),
        ("N,loss\n1e9,2\n1e8,\n", "line 3: loss must be a finite number, not blank"),
        ("N,loss\n,2\n", "line 2: N must be a finite number, not blank|line 2: n must be a finite number, not blank"),
        ("N,loss\n-1e9,2\n", "line 2: N must be above 0, not -1e"),
        ("N,loss\n1e9,0\n", "line 2: loss must be above 0, not 0"),
        ("N,loss\n1e9,many\n", "line 2: loss must be a finite number"),
        ("N,loss\n", "at least one run"),
        ("N,N,loss\n1,1,1\n", "one column n"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            read_runs(file)
    file.write_text("D,loss\n1e9,3\n1e10,2.5\n")
    with pytest.raises(InputError, match=r"runs must have N \(parameters\)"):
        fit_scaling(file, "size")
    with pytest.raises(InputError, match="cannot"):
        fit_scaling(tmp_path / "none.csv")


def test_bad_runs_and_options():
    runs = chinchilla_runs()
    with pytest.raises(InputError, match="N must have one entry for each of the 2 losses, not 3"):
        Runs([2.0, 3.0], N=[1, 2, 3])
    with pytest.raises(InputError, match="loss must hold finite numbers above 0"):
        Runs([2.0, -3.0], N=[1, 2])
    with pytest.raises(InputError, match="must not be empty"):
        Runs([])
    with pytest.raises(ValueError, match="read-only"):
        runs.N[0] = 1.0
    with pytest.raises(InputError, match="law must be one of size, data, compute, size_data, size_steps, chinchilla"):
        fit_scaling(runs, "kaplan")
    with pytest.raises(InputError, match="offset must be True, False or None"):
        fit_scaling(runs, offset="yes")
    with pytest.raises(InputError, match="offset must be False for law 'size_data'"):
        fit_scaling(runs, "size_data", offset=True)
    with pytest.raises(InputError, match="huber_delta"):
        fit_scaling(runs, huber_delta=0.0)
    with pytest.raises(InputError, match="confidence"):
        fit_scaling(runs, confidence=1.0)
    with pytest.raises(InputError, match="at least 5 losses for the 5 parameters of chinchilla, not 4"):
        fit_scaling(Runs(runs.loss[:4], N=N_GRID[:4], D=D_GRID[:4]))
    with pytest.raises(InputError, match="path must be the path of a CSV file"):
        fit_scaling(3)
