"""The geodesic schedule against the optimum by adjoint and the digest's figures."""

import time

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.planning import decay_number, geodesic_schedule, optimal_schedule
from rivervalley.theory import geodesic as forms

GAP, WIDE = np.geomspace(0.02, 1.0, 24), np.geomspace(1e-4, 1.0, 32)
FISHER = np.arange(1.0, 257.0) ** -1.5
POWER, EXPONENTIAL = rv.landscapes.PowerRiver(1, 1), rv.landscapes.ExponentialRiver(1, 1)

# hills, noise variance, river, steps, q, loss by the theory, loss played
CELLS = {
    "A": (GAP, 1e-3, POWER, 5_000, 0.0569, 0.033675, 0.033665),
    "B": (GAP, 3e-2, POWER, 5_000, 0.2790, 0.040518, 0.040505),
    "C": (WIDE, 3e-2, POWER, 20_000, 1.0, 0.059522, 0.059518),
    "D": (GAP, 3e-4, EXPONENTIAL, 5_000, 0.2639, 0.000185, 0.000185),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_figures(cell):
    hills, s2, river, steps, q, theory, played = cell
    valley = rv.landscapes.RiverValley(hills, s2**0.5, river)
    best = geodesic_schedule(valley, steps, 1.95)
    assert best.decay_number == pytest.approx(q, abs=6e-4)
    assert decay_number(valley, steps, 1.95) == best.decay_number
    assert best.path.loss == pytest.approx(theory, abs=6e-7)
    assert best.loss == pytest.approx(played, abs=6e-7)
    assert best.loss == pytest.approx(valley.expected(best.schedule).loss[-1], rel=1e-10)
    assert best.schedule.steps == steps and best.schedule.lr.max() <= 1.95


WORLDS = [
    (hills, std, river, start)
    for hills, std in ((GAP, 0.01), (GAP, 0.1), (WIDE, 0.1), (FISHER, 0.1 * FISHER**0.5))
    for river, start in ((POWER, 0.0), (rv.landscapes.PowerRiver(1, 0.5), 0.5), (rv.landscapes.LogisticRiver(), 0.0))
]


@pytest.mark.slow
@pytest.mark.parametrize("hills, std, river, start", WORLDS)
def test_within_a_thousandth_of_the_optimum(hills, std, river, start):
    valley = rv.landscapes.RiverValley(hills, std, river, start_hill=start)
    best = geodesic_schedule(valley, 1000, 1.5)
    optimum = optimal_schedule(valley, 1000, 1.5, guess=best.schedule)
    assert 1.0 - 1e-9 <= best.loss / optimum.loss <= 1.001


def test_noisy_quadratic_river_counts_as_a_hill():
    river = rv.landscapes.QuadraticRiver(0.002, 2.0)
    valley = rv.landscapes.RiverValley([0.1, 1.0], 0.1, river, river_noise_std=0.05)
    best = geodesic_schedule(valley, 2000, 1.0)
    assert best.loss / optimal_schedule(valley, 2000, 1.0, guess=best.schedule).loss <= 1.001
    quiet = rv.landscapes.RiverValley([0.1, 1.0], 0.1, river)
    assert best.decay_number > decay_number(quiet, 2000, 1.0)


@pytest.mark.parametrize("name, least", [("A", 1.003), ("B", 1.03), ("D", 1.08)])
def test_a_wrong_metric_is_seen(name, least):
    """Control: curvatures doubled in K."""
    hills, s2, river, steps, *_, played = CELLS[name]
    valley = rv.landscapes.RiverValley(hills, s2**0.5, river)
    path = forms.geodesic(2.0 * hills, s2**0.5, lambda S: river.loss(river.position(S)), steps, 1.95)
    doubled = rv.Schedule(forms.geodesic_lr(path, 2.0 * hills, s2**0.5))
    assert valley.expected(doubled).loss[-1] / played > least


def test_milliseconds():
    valley = rv.landscapes.RiverValley(GAP, 0.1, POWER)
    geodesic_schedule(valley, 5000)
    begin = time.process_time()
    for _ in range(5):
        geodesic_schedule(valley, 5000)
    assert (time.process_time() - begin) / 5 < 0.1


def test_bad_input():
    valley = rv.landscapes.RiverValley(GAP, 0.1, POWER, river_noise_std=0.1)
    with pytest.raises(rv.InputError, match="river_noise_std"):
        geodesic_schedule(valley, 100)
    with pytest.raises(rv.InputError, match="peak_lr"):
        geodesic_schedule(rv.landscapes.RiverValley(GAP), 100, 0.0)
