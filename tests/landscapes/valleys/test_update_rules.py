"""Update rules beside plain SGD: their twins, resuming, what averages and projections mean."""

import numpy as np
import pytest
from reference.rules import descend

import rivervalley as rv
from rivervalley._common.checks import DivergenceError, InputError
from rivervalley.landscapes import Landscape, PowerRiver, RiverValley
from rivervalley.landscapes.valleys.update_rules import Average, Momentum, Project, RuledValley, Sign, merged_gradient_weights
from rivervalley.simulation.simulate import run_blocks

VALLEY = RiverValley([0.3, 1.0, 2.0, 0.7, 1.5], [0.2, 0.0, 0.1, 0.3, 0.1], PowerRiver(1.0, 1.0), 0.05, start_hill=0.5)
LR = np.linspace(0.4, 0.05, 60)
RULES = [Momentum(0.9), Momentum(0.0), Sign(), Project("hills"), Project("river"), Average(20), Average(decay=0.95)]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rules_are_their_twins(rule):
    ruled = rule.on(VALLEY)
    assert isinstance(ruled, Landscape)
    run = rv.simulate(ruled, rv.schedules.Schedule(LR), 4, seed=7, record_at=[60])
    dim = VALLEY.dim
    for trajectory in range(4):
        match rule:
            case Momentum():
                w, memory = descend(VALLEY, LR, 7, trajectory, "momentum", rule.beta)
            case Sign():
                w, memory = descend(VALLEY, LR, 7, trajectory, "sign")
            case Project():
                mask = np.append(np.ones(dim - 1), 0.0) if rule.onto == "hills" else np.append(np.zeros(dim - 1), 1.0)
                w, memory = descend(VALLEY, LR, 7, trajectory, "project", mask=mask)
            case _:
                w, memory = descend(VALLEY, LR, 7, trajectory, "average", mix=rule.mix(0, 60))
        np.testing.assert_allclose(run.state[trajectory, :dim], w, rtol=1e-12, atol=1e-14)
        if run.state.shape[1] > dim:
            np.testing.assert_allclose(run.state[trajectory, dim:], memory, rtol=1e-12, atol=1e-14)


def test_momentum_without_memory_is_plain_descent():
    s = rv.schedules.Schedule(LR)
    plain = rv.simulate(VALLEY, s, 8, seed=3)
    ruled = rv.simulate(Momentum(0.0).on(VALLEY), s, 8, seed=3)
    np.testing.assert_allclose(ruled.state[:, : VALLEY.dim], plain.state, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_bytes_do_not_depend_on_blocks_threads_chunks_or_cuts(rule):
    ruled, at = rule.on(VALLEY), np.array([0, 33, 60])
    whole = np.ascontiguousarray(ruled.start(5, 0, 11))
    means = run_blocks(ruled, whole, LR, 0, 5, at, threads=1)
    for threads, lanes, chunk in ((2, 3, 7), (1, 11, 60)):
        state = np.ascontiguousarray(ruled.start(5, 0, 11))
        again = run_blocks(ruled, state, LR, 0, 5, at, threads=threads, lanes=lanes, chunk=chunk)
        assert state.tobytes() == whole.tobytes()
        assert all(one.tobytes() == two.tobytes() for one, two in zip(means, again, strict=True))
    first = rv.simulate(ruled, rv.schedules.Schedule(LR[:25]), 11, seed=5)
    second = rv.simulate(ruled, rv.schedules.Schedule(LR[25:]), initial=first)
    assert second.state.T.tobytes() == whole.tobytes()


def test_averages_are_the_means_of_their_iterates():
    s = rv.schedules.Schedule(LR)
    iterates = [rv.simulate(VALLEY, s.until(t), 3, seed=1, record_every=t).state for t in range(1, 61)]

    def averaged(rule):
        return rv.simulate(rule.on(VALLEY), s, 3, seed=1).state[:, VALLEY.dim :]

    np.testing.assert_allclose(averaged(Average(40)), np.mean(iterates[40:], axis=0), rtol=1e-11, atol=1e-13)
    weights = np.random.default_rng(0).random(12)
    expected = np.tensordot(weights / weights.sum(), iterates[30:42], axes=1)
    np.testing.assert_allclose(averaged(Average(30, weights=weights)), expected, rtol=1e-11, atol=1e-13)
    moving = iterates[10]
    for point in iterates[11:]:
        moving = 0.9 * moving + 0.1 * point
    np.testing.assert_allclose(averaged(Average(10, decay=0.9)), moving, rtol=1e-11, atol=1e-13)


def test_the_loss_of_an_average_is_taken_there():
    run = rv.simulate(Average(40).on(VALLEY), rv.schedules.Schedule(LR), 5, seed=1, record_at=[60])
    assert run.loss[0] == pytest.approx(VALLEY.loss(run.state[:, VALLEY.dim :]).mean(), rel=1e-12)


def test_projections_leave_the_rest_where_it_is():
    s = rv.schedules.Schedule(LR)
    hills, river = (rv.simulate(Project(onto).on(VALLEY), s, 3, seed=1).state for onto in ("hills", "river"))
    plain = rv.simulate(VALLEY, s, 3, seed=1).state
    assert np.all(hills[:, -1] == VALLEY.start_river) and np.all(river[:, :-1] == 0.5)
    np.testing.assert_allclose(hills[:, :-1], plain[:, :-1], rtol=1e-12)
    np.testing.assert_allclose(river[:, -1], plain[:, -1], rtol=1e-12)


def test_merging_is_a_reweighing_of_gradients():
    rng = np.random.default_rng(2)
    gradients, weights = rng.standard_normal((9, 4)), rng.dirichlet(np.ones(10))
    theta = np.concatenate([np.ones((1, 4)), 1.0 - np.cumsum(gradients, axis=0)])
    np.testing.assert_allclose(weights @ theta, theta[0] - merged_gradient_weights(weights) @ gradients, atol=1e-14)


def test_divergence_is_told():
    with pytest.raises(DivergenceError, match="diverged at update"):
        rv.simulate(Momentum(0.5).on(VALLEY), rv.schedules.constant(2000, 5.0), 2)


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: Momentum(1.0), "beta"),
        (lambda: Momentum(-0.1), "beta"),
        (lambda: Project("valley"), "onto"),
        (lambda: Average(-1), "start_step"),
        (lambda: Average(weights=[0.0, 1.0]), "weights"),
        (lambda: Average(weights=[1.0, -1.0]), "weights"),
        (lambda: Average(weights=[1.0], decay=0.5), "weights and decay"),
        (lambda: Average(decay=1.0), "decay"),
        (lambda: RuledValley("valley", Sign()), "valley"),
        (lambda: RuledValley(VALLEY, "sign"), "rule"),
        (lambda: merged_gradient_weights([np.nan]), "weights"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()
