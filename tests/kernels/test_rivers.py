"""The potentials along the river: against the C library, against each other, and as the landscapes show them."""

import numpy as np
import pytest
from reference import rivers as reference

import rivervalley as rv
from rivervalley.kernels import rivers as kernels
from rivervalley.landscapes.valleys.rivers import River

RIVERS = [
    rv.landscapes.LinearRiver(0.3),
    rv.landscapes.PowerRiver(2.0, 0.7),
    rv.landscapes.ExponentialRiver(1.5, 0.8),
    rv.landscapes.LogisticRiver(1.2, 0.9),
    rv.landscapes.LogisticRiver(0.7, 3.0),
    rv.landscapes.QuadraticRiver(0.4, 2.0),
    rv.landscapes.FlatRiver(),
]
X = np.concatenate([np.linspace(-0.99, 6.0, 141), [0.0, 1e-300, 12.5, 40.0, 200.0]])


@pytest.mark.parametrize("river", RIVERS, ids=repr)
def test_value_slope_and_bend_are_those_of_the_c_library(river):
    ours = np.array([river.loss(X), river.slope(X), river.bend(X)]).T
    assert np.allclose(ours, [reference.potential(river, x) for x in X], rtol=2e-14, atol=1e-300)


@pytest.mark.parametrize("river", RIVERS, ids=repr)
def test_every_way_of_asking_gives_the_same_bytes(river):
    """Alone or among others, a point has the same value: the loops are made from one function."""
    for name in ("loss", "slope", "bend"):
        alone = [float(getattr(river, name)(x)) for x in X]
        assert getattr(river, name)(X).tobytes() == np.array(alone).tobytes()
        assert getattr(river, name)(X[:144].reshape(12, 12).T).tobytes() == np.array(alone[:144]).reshape(12, 12).T.tobytes()


def test_logistic_keeps_its_digits_at_both_ends():
    river = rv.landscapes.LogisticRiver(1.0, 1.0)
    for x, c, slope, bend in (
        (-1000.0, 1000.0, -1.0, 0.0),
        (30.0, 9.357622968839299e-14, -9.357622968839299e-14, 9.357622968838423e-14),
        (-30.0, 30.00000000000009357622968840175, -0.99999999999990642377031160701, 9.357622968838423e-14),
    ):
        assert [float(f(x)) for f in (river.loss, river.slope, river.bend)] == pytest.approx([c, slope, bend], rel=3e-15)


def test_every_potential_of_the_kernels_has_a_class():
    codes = sorted(river.kernel[0] for river in (kind() for kind in River.__subclasses__()))
    assert codes == list(range(len(kernels.POTENTIALS)))


def test_beyond_the_end_of_a_power_river_there_is_no_value():
    river = rv.landscapes.PowerRiver(1.0, 1.0)
    assert np.isnan([river.loss(-1.0), river.slope(-1.5), river.bend(-2.0)]).all()
