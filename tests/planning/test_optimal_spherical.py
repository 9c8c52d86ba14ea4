"""Optimal schedules on spherical valleys, where the norm of the weights is part of what is planned."""

import numpy as np
import pytest

import rivervalley as rv
from rivervalley._common.checks import InputError
from rivervalley.landscapes import FlatRiver, SphericalValley, rules
from rivervalley.planning.optimal import loss_and_gradient

VALLEY = SphericalValley([1.0, 0.2, 0.05], [2.0, 1.0, 0.5], target=[0.0, 0.3, 0.5], start_norm=0.1, floor=1.5)


@pytest.mark.parametrize("rule", [rules.AdamW(0.3), rules.DecayedSGD(0.3), rules.Frozen()], ids=str)
@pytest.mark.parametrize("count_river", [True, False])
def test_gradient_against_finite_differences(rule, count_river):
    valley, lr = rule.on(VALLEY), np.random.default_rng(0).uniform(1e-3, 8e-3, 25)
    loss, gradient = loss_and_gradient(valley, lr, count_river=count_river)
    run = valley.expected(rv.Schedule(lr))
    assert loss == pytest.approx(run.loss[-1] - 1.5 if count_river else run.components["hill"][-1], rel=1e-12)
    for i in (0, 12, 24):
        step = 1e-7 * np.eye(25)[i]
        up, down = (loss_and_gradient(valley, x, count_river=count_river)[0] for x in (lr + step, lr - step))
        assert gradient[i] == pytest.approx((up - down) / 2e-7, rel=1e-5)


def test_no_shape_beats_the_optimal_schedule():
    peak, steps = 8e-3, 600
    best = rv.optimal_schedule(VALLEY, steps, peak)
    exact = VALLEY.expected(best.schedule)
    assert best.converged and best.loss == pytest.approx(exact.loss[-1], rel=1e-10)
    assert best.components == pytest.approx({name: values[-1] for name, values in exact.components.items()}, rel=1e-10)
    assert best.schedule.lr.max() <= peak * (1.0 + 1e-12)
    for share in (0.1, 0.3, 0.5, 0.8):
        for warmup in (0, 30):
            other = rv.schedules.wsd(steps=steps, peak_lr=peak, warmup_steps=warmup, decay_fraction=share)
            assert best.loss < VALLEY.expected(other).loss[-1]
    assert best.loss < VALLEY.expected(rv.schedules.cosine(steps=steps, peak_lr=peak)).loss[-1]


def test_a_warm_up_is_part_of_the_optimum_because_the_norm_is_small_at_first():
    """On fresh weights the best LRs rise before they fall; on weights whose norm stays put they do not."""
    steps, cap = 2000, 8e-3
    valley = SphericalValley.power_law(40)
    grown = rv.optimal_schedule(valley, steps, cap).schedule.lr
    fixed = rv.optimal_schedule(rules.Frozen().on(valley), steps, cap).schedule.lr
    assert grown[0] < 0.5 * grown.max() and int(np.argmax(grown)) > steps // 20
    assert fixed[0] > 0.98 * fixed.max()


def test_a_run_goes_on_from_an_earlier_one():
    before = VALLEY.expected(rv.schedules.constant(steps=300, peak_lr=4e-3))
    best = rv.optimal_schedule(VALLEY, 100, 4e-3, initial=before)
    assert best.loss == pytest.approx(VALLEY.expected(best.schedule, initial=before).loss[-1], rel=1e-10)
    assert best.loss < VALLEY.expected(rv.schedules.linear(steps=100, peak_lr=4e-3), initial=before).loss[-1]


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: rv.optimal_schedule(VALLEY, 10), "peak_lr must be given"),
        (lambda: rv.optimal_schedule(rules.Adam().on(VALLEY), 10, 1e-3), "without momentum"),
        (lambda: rv.optimal_schedule(VALLEY, 10, 20.0), "weight_decay must be below"),
        (lambda: rv.optimal_schedule(VALLEY, 10, 1e-3, initial=SphericalValley([1.0], river=FlatRiver())), "initial"),
        (lambda: loss_and_gradient(3, [0.1]), "valley must be a RiverValley or SphericalValley"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()
