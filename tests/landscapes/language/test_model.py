"""The bigram language model: exact truths, its twin, its sampling, its theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.bigram import descend, loss, step_moments
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.special import log_softmax

import rivervalley as rv
from rivervalley._common.checks import DivergenceError, InputError
from rivervalley.kernels.bigram import alias_table, sampled_pairs
from rivervalley.landscapes import Bigram, Landscape, Language, cities, dirichlet, zipf
from rivervalley.landscapes.language import softmax_spectrum
from rivervalley.simulation.simulate import run_blocks

SMALL = dirichlet(5, 7, 0.5, zipf(5), seed=3)


def some_state(model, seed=0, scale=2.0, points=3):
    return scale * np.random.default_rng(seed).standard_normal((points, model.dim))


def test_it_is_a_landscape():
    assert isinstance(Bigram(SMALL), Landscape)


@pytest.mark.parametrize("vocabulary", [2, 3, 64, 100, 256])
def test_loss_at_zero_logits_is_log_of_the_vocabulary(vocabulary):
    model = Bigram(dirichlet(9, vocabulary, 0.3, zipf(9)))
    run = rv.simulate(model, rv.schedules.constant(steps=1, peak_lr=0.1), 2, record_at=[0])
    assert run.loss[0] == pytest.approx(np.log(vocabulary), abs=1e-12)
    assert model.loss(np.zeros((1, model.dim)))[0] == pytest.approx(np.log(vocabulary), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    contexts=st.integers(1, 6),
    vocabulary=st.integers(2, 150),
    concentration=st.floats(0.01, 10.0),
    scale=st.floats(0.0, 300.0),
    seed=st.integers(0, 2**32),
)
def test_loss_is_that_of_scipy_and_never_below_the_floor(contexts, vocabulary, concentration, scale, seed):
    language = dirichlet(contexts, vocabulary, concentration, zipf(contexts), seed)
    model = Bigram(language)
    state = some_state(model, seed, scale)
    found = model.loss(state)
    assert np.all(found >= language.entropy)
    for value, point in zip(found, state, strict=True):
        assert value == pytest.approx(loss(language, point.reshape(model.shape)), rel=1e-12, abs=1e-12)
    assert np.all(model.excess(np.log(language.transitions + 1e-300).reshape(1, -1)) < 1e-12)


def test_logits_far_apart_do_not_overflow():
    language = Language([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    model = Bigram(language)
    for gap in (500.0, 1000.0, 1e6):
        state = np.array([[0.0, gap, -gap, -gap, gap, 0.0]])
        expected = loss(language, state.reshape(2, 3))
        assert model.loss(state)[0] == pytest.approx(expected, rel=1e-13)


def test_gradient_against_finite_differences():
    for fixed in (False, True):
        model = Bigram(SMALL, reference_logit=fixed)
        state = some_state(model, 1)[:1]
        gradient = model.gradient(state)[0]
        step = 1e-5
        for k in range(model.dim):
            move = np.zeros(model.dim)
            move[k] = step
            slope = (model.loss(state + move)[0] - model.loss(state - move)[0]) / (2 * step)
            held = fixed and k % model.shape[1] == model.shape[1] - 1
            assert gradient[k] == pytest.approx(0.0 if held else slope, abs=1e-9)
    rows = Bigram(SMALL).gradient(state).reshape(SMALL.transitions.shape)
    np.testing.assert_allclose(rows.sum(axis=1), 0.0, atol=1e-15)


def test_hessian_against_finite_differences_of_the_gradient():
    model = Bigram(SMALL)
    state = some_state(model, 2)[0]
    V = model.shape[1]
    for context in range(model.shape[0]):
        block = model.hessian_block(context, state)
        for j in range(V):
            move = np.zeros(model.dim)
            move[context * V + j] = 1e-6
            column = (model.gradient([state + move]) - model.gradient([state - move]))[0].reshape(model.shape) / 2e-6
            np.testing.assert_allclose(column[context], block[j], atol=1e-9)
            assert np.all(np.delete(column, context, axis=0) == 0.0)


def test_hessian_at_the_optimum_is_the_covariance_of_one_sample():
    model = Bigram(SMALL)
    for c in range(SMALL.contexts):
        only = Language(SMALL.transitions[c : c + 1])
        _, covariance = step_moments(only, np.log(only.transitions), 1)
        np.testing.assert_allclose(model.hessian_block(c) / SMALL.pi[c], covariance, atol=1e-15)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), fixed=st.booleans())
def test_spectrum_is_that_of_the_blocks(seed, fixed):
    language = dirichlet(4, 6, 0.4, zipf(4), seed)
    model = Bigram(language, reference_logit=fixed)
    state = some_state(model, seed)[0]
    for at in (None, state):
        blocks = [model.hessian_block(c, at) for c in range(4)]
        values = np.array([np.linalg.eigvalsh(block)[::-1] for block in blocks])
        np.testing.assert_allclose(model.spectrum(at), values, atol=1e-15)
        np.testing.assert_allclose(model.top_eigenvalues(at), values[:, 0], atol=1e-15)
        np.testing.assert_allclose(model.traces(at), values.sum(axis=1), atol=1e-15)


def test_eigenvalues_interlace_with_probabilities():
    q = np.random.default_rng(5).dirichlet(np.full(9, 0.5), size=50)
    sorted_q = -np.sort(-q, axis=1)
    found = softmax_spectrum.eigenvalues(q)
    assert np.all(found <= sorted_q + 1e-15)
    assert np.all(found[:, :-1] >= sorted_q[:, 1:] - 1e-15)
    np.testing.assert_allclose(found[:, -1], 0.0, atol=1e-15)


def test_relabelling_permutes_everything():
    rng = np.random.default_rng(7)
    rows, columns = rng.permutation(SMALL.contexts), rng.permutation(SMALL.vocabulary)
    other = Language(SMALL.transitions[np.ix_(rows, columns)], SMALL.pi[rows])
    state = some_state(Bigram(SMALL), 4)
    moved = state.reshape(-1, *SMALL.transitions.shape)[:, rows][:, :, columns].reshape(state.shape)
    one, two = Bigram(SMALL), Bigram(other)
    assert other.entropy == pytest.approx(SMALL.entropy, rel=1e-14)
    np.testing.assert_allclose(two.loss(moved), one.loss(state), rtol=1e-14)
    np.testing.assert_allclose(two.excess(moved), one.excess(state)[:, rows], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(two.traces(), one.traces()[rows], rtol=1e-13)
    np.testing.assert_allclose(two.stationary_excess(0.3), one.stationary_excess(0.3)[rows], rtol=1e-12)
    gradient = one.gradient(state).reshape(-1, *SMALL.transitions.shape)[:, rows][:, :, columns]
    np.testing.assert_allclose(two.gradient(moved).reshape(gradient.shape), gradient, atol=1e-16)


@pytest.mark.parametrize("vocabulary, batch, fixed", [(4, 1, False), (4, 9, True), (70, 5, False), (130, 40, True)])
def test_descent_is_that_of_its_twin(vocabulary, batch, fixed):
    language = dirichlet(6, vocabulary, 0.5, zipf(6), seed=1)
    model = Bigram(language, batch, fixed)
    lr = np.linspace(2.0, 0.0, 60)
    run = rv.simulate(model, rv.schedules.Schedule(lr), 3, seed=11, record_at=[60])
    *_, context_table, token_table = model._tables
    for trajectory in range(3):
        pairs = np.empty((60, batch, 2), dtype=np.int64)
        sampled_pairs(11, trajectory, 0, batch, context_table, token_table, pairs)
        theta = descend(model, pairs, lr, fixed)
        np.testing.assert_allclose(run.state[trajectory].reshape(model.shape), theta, atol=1e-12)
    assert run.loss[0] == pytest.approx(np.mean([loss(language, point.reshape(model.shape)) for point in run.state]), rel=1e-13)
    assert sum(part[0] for part in run.components.values()) == pytest.approx(run.loss[0], rel=1e-14)
    if fixed:
        assert np.all(run.state.reshape(3, *model.shape)[:, :, -1] == 0.0)


def test_parts_are_contexts_of_low_and_of_high_entropy():
    model = Bigram(cities([1, 1, 4, 4], frequencies=[4, 3, 2, 1]))
    run = rv.simulate(model, rv.schedules.constant(steps=50, peak_lr=0.5), 4, record_at=[50])
    excess = model.excess(run.state).mean(axis=0) * model.language.pi
    assert run.components["low entropy"][0] == pytest.approx(excess[:2].sum(), rel=1e-12)
    assert run.components["high entropy"][0] == pytest.approx(excess[2:].sum(), rel=1e-12)
    assert run.components["floor"][0] == model.language.entropy
    assert Bigram(SMALL, entropy_split=100.0).high.sum() == 0
    assert Bigram(cities([4, 4])).high.all()


@pytest.mark.slow
def test_bytes_do_not_depend_on_blocks_threads_chunks_or_cuts():
    model = Bigram(SMALL, 3)
    lr = np.linspace(1.0, 0.1, 700)
    at = np.array([0, 250, 700])
    whole = np.zeros((model.dim, 5))
    means = run_blocks(model, whole, lr, 0, 9, at, threads=1)
    for threads, lanes, chunk in ((2, 1, 100), (1, 5, 700), (3, 2, 333)):
        state = np.zeros((model.dim, 5))
        again = run_blocks(model, state, lr, 0, 9, at, threads=threads, lanes=lanes, chunk=chunk)
        assert state.tobytes() == whole.tobytes()
        assert all(one.tobytes() == two.tobytes() for one, two in zip(means, again, strict=True))
    first = rv.simulate(model, rv.schedules.Schedule(lr[:300]), 5, seed=9)
    second = rv.simulate(model, rv.schedules.Schedule(lr[300:]), initial=first)
    assert second.state.tobytes() == np.ascontiguousarray(whole.T).tobytes()


@pytest.mark.slow
def test_one_step_has_the_mean_and_covariance_of_all_pairs():
    language = Language([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], [2.0, 1.0])
    trajectories, rate = 200_000, 0.5
    start = np.array([0.3, -0.4, 0.1, 1.0, 0.0, -1.0])
    for batch in (1, 4):
        model = Bigram(language, batch)
        initial = np.tile(start, (trajectories, 1))
        run = rv.simulate(model, rv.schedules.constant(steps=1, peak_lr=rate), seed=2, initial=initial, record_at=[1])
        gradients = (start - run.state) / rate
        mean, covariance = step_moments(language, start.reshape(2, 3), batch)
        np.testing.assert_allclose(mean, model.gradient(start[None])[0], atol=1e-15)
        # 6 means and 21 covariances, each within 6 standard errors: a false alarm in 10^7 suites.
        error = np.sqrt(np.diag(covariance) / trajectories)
        assert np.all(np.abs(gradients.mean(axis=0) - mean) < 6 * error)
        centred = gradients - mean
        products = centred[:, :, None] * centred[:, None, :]
        spread = products.std(axis=0) / np.sqrt(trajectories)
        assert np.all(np.abs(products.mean(axis=0) - covariance) < 6 * spread)
        wrong, _ = step_moments(Language(language.transitions, [1.0, 1.0]), start.reshape(2, 3), batch)
        assert np.any(np.abs(gradients.mean(axis=0) - wrong) > 6 * error)


@settings(deadline=None, max_examples=50)
@given(n=st.integers(1, 300), concentration=st.floats(0.001, 100.0), seed=st.integers(0, 2**32))
def test_alias_tables_hold_their_law(n, concentration, seed):
    p = np.random.default_rng(seed).dirichlet(np.full(n, concentration), size=2)
    p = np.nan_to_num(p, nan=1.0 / n)
    p /= p.sum(axis=1, keepdims=True)
    table = np.empty(p.shape, dtype=np.uint64)
    alias_table(p, table)
    stay = (table >> np.uint64(32)).astype(float) / 2.0**32
    alias = (table & np.uint64(0xFFFFFFFF)).astype(int)
    found = np.zeros(p.shape)
    for r in range(2):
        np.add.at(found[r], np.arange(n), stay[r] / n)
        np.add.at(found[r], alias[r], (1.0 - stay[r]) / n)
    np.testing.assert_allclose(found, p, atol=1e-9)
    assert np.all(found[p == 0.0] < 1e-9)


def test_pairs_are_drawn_by_the_law():
    model = Bigram(SMALL, 50)
    *_, context_table, token_table = model._tables
    pairs = np.empty((20_000, 50, 2), dtype=np.int64)
    sampled_pairs(3, 1, 0, 50, context_table, token_table, pairs)
    counts = np.zeros(model.shape)
    np.add.at(counts, (pairs[..., 0].ravel(), pairs[..., 1].ravel()), 1)
    chances = SMALL.pi[:, None] * SMALL.transitions
    kept = chances * counts.sum() > 5
    assert stats.chisquare(counts[kept], chances[kept] / chances[kept].sum() * counts[kept].sum()).pvalue > 1e-6
    bent = chances * np.where(np.arange(SMALL.vocabulary) % 2, 1.01, 0.99)
    assert stats.chisquare(counts[kept], bent[kept] / bent[kept].sum() * counts[kept].sum()).pvalue < 1e-6
    # Neighbouring places of a batch know nothing of each other.
    first, second = pairs[:, 0::2, 0].ravel(), pairs[:, 1::2, 0].ravel()
    table = np.zeros((5, 5))
    np.add.at(table, (first, second), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-6


def test_stationary_excess_of_equally_likely_tokens():
    model = Bigram(cities([1, 2, 4], vocabulary=4))
    eta = 0.4
    expected = [0.0, 0.5 * 0.5 * eta / (2 - eta * 0.5), 0.5 * 3 * 0.25 * eta / (2 - eta * 0.25)]
    np.testing.assert_allclose(model.stationary_excess(eta), expected, rtol=1e-12)
    small = 1e-4
    p = model.language.transitions
    np.testing.assert_allclose(model.stationary_excess(small), small / 4 * (1 - (p**2).sum(axis=1)), rtol=1e-4)
    assert model.stationary_excess(4.5).tolist()[1:] == [np.inf, pytest.approx(0.5 * 0.75 * 4.5 / (2 - 4.5 / 4))]


def test_stationary_variance_solves_the_linearised_recursion():
    """E of dtheta dtheta^T under dtheta <- dtheta - eta (J dtheta + noise), J and noise of the sampled rows."""
    p = np.array([0.5, 0.3, 0.2])
    H = np.diag(p) - np.outer(p, p)
    for pi, batch, eta in ((1.0, 1, 0.7), (0.25, 4, 0.5)):
        language = Language([p, [0.6, 0.2, 0.2]], [pi, 1.0 - pi]) if pi < 1 else Language([p])
        # n of the batch's pairs are of this context: E n = B pi, E n^2 = B pi (1 - pi) + (B pi)^2.
        n1, n2 = batch * pi, batch * pi * (1 - pi) + (batch * pi) ** 2
        M = np.zeros((3, 3))
        for _ in range(4000):
            M = M - eta / batch * n1 * (H @ M + M @ H) + (eta / batch) ** 2 * (n2 * H @ M @ H + n1 * H)
        assert Bigram(language, batch).stationary_excess(eta)[0] == pytest.approx(0.5 * np.trace(H @ M), rel=1e-9)


@pytest.mark.parametrize("names, fixed", [([1, 1, 3], False), ([1, 2], True)])
def test_deterministic_excess_is_gradient_flow(names, fixed):
    model = Bigram(cities(names, frequencies=np.arange(1, len(names) + 1)), reference_logit=fixed)
    ends = np.array([0.0, 3.0, 40.0, 400.0])
    flow = solve_ivp(
        lambda t, w: -model.gradient(w[None])[0], (0.0, 400.0), np.zeros(model.dim), t_eval=ends, rtol=1e-10, atol=1e-12
    )
    expected = model.deterministic_excess(ends)
    certain = np.flatnonzero(np.array(names) == 1)
    np.testing.assert_allclose(model.excess(flow.y.T)[:, certain], expected[:, certain], rtol=1e-6)
    assert np.all(np.isnan(np.delete(expected, certain, axis=1)))


def test_divergence_is_told():
    state = np.zeros((1, Bigram(SMALL).dim))
    with pytest.raises(DivergenceError):
        rv.simulate(Bigram(SMALL), rv.schedules.constant(steps=300, peak_lr=1e307), initial=state)


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: Bigram([[1.0, 0.0]]), "language"),
        (lambda: Bigram(SMALL, 0), "batch_size"),
        (lambda: Bigram(SMALL, 1.5), "batch_size"),
        (lambda: Bigram(SMALL, 1, 1), "reference_logit"),
        (lambda: Bigram(SMALL, entropy_split=-1.0), "entropy_split"),
        (lambda: Bigram(SMALL).loss(np.zeros((1, 3))), "state"),
        (lambda: Bigram(SMALL).loss(np.full((1, 35), np.nan)), "state"),
        (lambda: Bigram(SMALL).hessian_block(5), "context"),
        (lambda: Bigram(SMALL).traces(np.zeros((2, 35))), "state"),
        (lambda: Bigram(SMALL).stationary_excess(-1.0), "lr"),
        (lambda: Bigram(SMALL).deterministic_excess([-1.0]), "lr_sum"),
        (lambda: Bigram(SMALL, reference_logit=True).deterministic_excess([1.0]), "reference_logit"),
        (lambda: Bigram(dirichlet(1000, 1000)).start(0, 0, 1000), "trajectories"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()


def test_it_reads_from_the_command_line():
    model = rv.landscapes.parse("bigram(cities([1, 1, 4, 4], frequencies=zipf(4)), batch_size=8)")
    assert (model.batch_size, model.shape) == (8, (4, 4))
    assert rv.landscapes.parse("bigram(dirichlet(8, 5, 0.1, seed=2))").language.vocabulary == 5
    with pytest.raises(InputError, match="language"):
        rv.landscapes.parse("bigram([1, 2])")
    with pytest.raises(InputError, match="nowhere"):
        rv.landscapes.parse("bigram(text('nowhere.txt'))")


def test_predictions_are_the_softmax():
    model = Bigram(SMALL)
    state = some_state(model)[0]
    q = np.exp(log_softmax(state.reshape(model.shape), axis=1))
    np.testing.assert_allclose(model.traces(state), SMALL.pi * (q - q**2).sum(axis=1), rtol=1e-13)
