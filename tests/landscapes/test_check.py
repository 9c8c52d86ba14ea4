"""check(landscape): the built-in landscapes pass; each broken promise is named."""

import numba
import numpy as np
import pytest

import rivervalley as rv
from rivervalley.landscapes.registry import LANDSCAPES


class Bowl:
    """L = |w|^2 / 2 with noise of its own for every trajectory and update."""

    dim, parts, lanes = 2, ("loss",), 8

    def start(self, seed, first_trajectory, trajectories):
        return np.repeat(1.0 + 0.1 * np.arange(first_trajectory, first_trajectory + trajectories)[None], 2, axis=0)

    def loss(self, points):
        return 0.5 * (points**2).sum(axis=1)

    def gradient(self, point):
        return point

    def key(self, block, lane, done):
        return [int(block.seed), block.first_trajectory + lane, done]

    def record(self, block, row):
        block.out[row, 0] = self.loss(block.state.T)

    def advance(self, block):
        rows, last = {count: row for row, count in enumerate(block.record_at.tolist())}, block.first_step + block.lr.size
        for done in range(block.first_step, last + 1):
            if done in rows:
                self.record(block, rows[done])
            if done < last:
                for lane in range(block.state.shape[1]):
                    noise = 0.1 * np.random.default_rng(self.key(block, lane, done)).standard_normal(2)
                    block.state[:, lane] -= block.lr[done - block.first_step] * (block.state[:, lane] + noise)
        return -1, -1


def test_a_bowl_passes():
    verified = ("members", "start", "records", "blocks", "threads", "cuts", "parts", "gradient")
    assert rv.landscapes.check(Bowl()) == verified


@pytest.mark.slow
@pytest.mark.parametrize("name", list(LANDSCAPES))
def test_built_in_landscapes_pass(name):
    assert "cuts" in rv.landscapes.check(rv.landscapes.parse(LANDSCAPES[name].example), lr=0.002)


class Shared(Bowl):
    def key(self, block, lane, done):
        return [int(block.seed), lane, done]


class Restarted(Bowl):
    def key(self, block, lane, done):
        return [int(block.seed), block.first_trajectory + lane, done - block.first_step]


class Silent(Bowl):
    def record(self, block, row):
        if row:
            super().record(block, row)


class Doubled(Bowl):
    def record(self, block, row):
        block.out[row, 0] = 2.0 * self.loss(block.state.T)


class Uphill(Bowl):
    def gradient(self, point):
        return np.array([point[0], -point[1]])


class Moved(Bowl):
    def start(self, seed, first_trajectory, trajectories):
        return np.repeat(np.arange(float(trajectories))[None], 2, axis=0)


class Flat(Bowl):
    def start(self, seed, first_trajectory, trajectories):
        return np.ones((trajectories, 2))


class Named(Bowl):
    parts = "loss"


class Escaping(Bowl):
    def advance(self, block):
        return 5, 0


class Nothing(Bowl):
    def advance(self, block):
        super().advance(block)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Shared, "depend on its neighbours: blocks of 1 trajectories"),
        (Restarted, r"depend on where a run is cut: resumed after \(1,\)"),
        (Silent, "part 'loss' of trajectory 0 at update 0 is NaN or left out"),
        (
            Doubled,
            "landscape.parts must add up to landscape.loss, but at the start of trajectory 0 they give 2.0 and the loss is 1.0",
        ),
        (Uphill, "landscape.gradient must be the slope of landscape.loss, but coordinate 1 has -1.0"),
        (Moved, "landscape.start must not depend on the block"),
        (Flat, r"landscape.start must give a float64 array of shape \(dim, trajectories\) = \(2, 11\)"),
        (Named, "landscape.parts must be a tuple of different names, not 'loss'"),
        (Escaping, "does not diverge, but it does at update 5"),
        (Nothing, r"landscape.advance must return \(update, lane\), or \(-1, -1\), not None"),
    ],
)
def test_a_broken_promise_is_named(kind, message):
    with pytest.raises(rv.InputError, match=message):
        rv.landscapes.check(kind())


def test_missing_members_are_named():
    class Half:
        dim, parts, lanes = 1, ("loss",), 8

    schedule = rv.schedules.constant(steps=3, peak_lr=0.1)
    for call in (rv.landscapes.check, lambda half: rv.simulate(half, schedule)):
        with pytest.raises(
            rv.InputError, match=r"landscape must have dim, parts, lanes, start, advance, but .* has no start, advance"
        ):
            call(Half())
        with pytest.raises(rv.InputError, match=r"landscape must be a landscape of rivervalley\.landscapes, not 3"):
            call(3)
        with pytest.raises(rv.InputError, match=r"landscape must be a landscape of rivervalley\.landscapes, not <class"):
            call(Bowl)


def test_a_compiled_gradient_that_fills_is_checked():
    loss = numba.njit(lambda w: 0.5 * w[0] ** 2 + w[1])

    @numba.njit
    def right(w, out):
        out[0], out[1] = w[0], 1.0

    @numba.njit
    def wrong(w, out):
        out[0], out[1] = w[0], 1.001

    assert rv.landscapes.check(rv.landscapes.Custom(loss, right, 2, start=1.0))[-1] == "gradient"
    with pytest.raises(rv.InputError, match=r"coordinate 1 has 1\.001"):
        rv.landscapes.check(rv.landscapes.Custom(loss, wrong, 2, start=1.0))
