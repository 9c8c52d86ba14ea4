"""The path of a coordinate without noise: the same bytes as the descent of one trajectory."""

import numpy as np
import pytest

from rivervalley.kernels.descent import descend
from rivervalley.kernels.moments import river_path
from rivervalley.landscapes import ExponentialRiver, FlatRiver, LinearRiver, LogisticRiver, PowerRiver, QuadraticRiver
from rivervalley.landscapes.base import Block

RIVERS = [LinearRiver(0.3), PowerRiver(1.0, 0.7), ExponentialRiver(), LogisticRiver(), QuadraticRiver(1.0, 2.0), FlatRiver()]


@pytest.mark.parametrize("river", RIVERS, ids=lambda river: type(river).__name__)
def test_path_is_that_of_one_trajectory(river):
    lr = 0.2 * np.random.default_rng(0).random(500)
    at = np.array([100, 107, 350, 600])
    x, out, none = np.array([[0.5]]), np.full((at.size, 2, 1), np.nan), np.zeros(1)
    descend(Block(x, lr, 100, np.uint64(0), 0, at, out, lr.size), none, none, river.kernel)
    loss = np.full(at.size, np.nan)
    assert river_path(0.5, lr, 100, river.kernel, at, loss) == x[0, 0]
    assert np.array_equal(loss, out[:, 0, 0])


def test_path_on_a_slope_and_in_a_bowl():
    lr, at = np.full(10, 0.1), np.array([0, 10])
    loss = np.empty(2)
    assert river_path(0.0, lr, 0, LinearRiver(2.0).kernel, at, loss) == pytest.approx(2.0)
    assert loss.tolist() == pytest.approx([0.0, -4.0])
    assert river_path(3.0, lr, 0, QuadraticRiver(1.0, 2.0).kernel, at, loss) == pytest.approx(2.0 + 0.9**10)
    assert loss.tolist() == pytest.approx([0.5, 0.5 * 0.9**20])
