"""What the claims on rotational equilibrium are made of."""

import numpy as np
import pytest

from rivervalley.claims.equilibrium._runs import final_loss, states, usual, valley
from rivervalley.claims.equilibrium.schedules import best_peak, closed_loss, flip_peak
from rivervalley.landscapes import Sphere
from rivervalley.simulation.simulate import simulate


def test_states_on_the_way_are_those_of_one_run():
    sphere, schedule = Sphere(32, [1.0, 0.3]), usual("wsd", 400, 2e-3)
    paths = states(sphere, schedule, [3, 170, 400], 5, 9)
    for at, state in zip((3, 170, 400), paths, strict=True):
        assert state.tobytes() == simulate(sphere, schedule.until(at), 5, 9).state.tobytes()


@pytest.mark.parametrize("kind", ["const", "cos10", "cos0", "wsd"])
def test_the_closed_form_is_the_recursion_to_second_order(kind):
    landscape = valley(forgetting=False)
    schedule = usual(kind, 10_000, 1e-3)
    exact = final_loss(landscape, schedule)
    orders = [abs(closed_loss(landscape, schedule, order, steps_of_river=True) - exact) for order in (1, 2)]
    assert orders[1] < 1e-5 and orders[1] < 0.2 * orders[0] + 2e-6


def test_flips_and_best_peaks_of_the_theory():
    landscape = valley(forgetting=False)
    assert flip_peak(landscape, "cos0", 20_000) == pytest.approx(1.70e-3, rel=5e-3)
    assert flip_peak(valley(), "cos0", 20_000) == pytest.approx(2.34e-3, rel=5e-3)
    assert np.isnan(flip_peak(landscape, "cos10", 20_000))
    spectrum = valley(spectrum=True)
    assert flip_peak(spectrum, "cos0", 20_000) == pytest.approx(3.5e-4, rel=0.01)
    assert flip_peak(spectrum, "cos10", 20_000) == pytest.approx(2.9e-4, rel=0.01)
    assert best_peak(spectrum, "wsd", 20_000) * 0.1 * 20_000 == pytest.approx(0.57, abs=0.005)
