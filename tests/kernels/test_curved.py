"""The kernel of bent, walled and turning valleys against its twins, and the engine's promises on it."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from reference import bends as twin
from reference import rivers

import rivervalley as rv
from rivervalley.kernels import bends
from rivervalley.kernels.block import Block
from rivervalley.kernels.descent import DIVERGED
from rivervalley.landscapes import (
    CircularBend,
    Hyperbola,
    Parabola,
    PowerWall,
    QuadraticWall,
    RotatingHills,
    ShearedBend,
    Sine,
    SoftWall,
    WalledValley,
)
from rivervalley.simulation.simulate import run_blocks

RIVERS = [
    rv.landscapes.LinearRiver(0.3),
    rv.landscapes.PowerRiver(2.0, 0.7),
    rv.landscapes.ExponentialRiver(1.5, 0.8),
    rv.landscapes.LogisticRiver(1.2, 0.9),
    rv.landscapes.QuadraticRiver(0.4, 2.0),
    rv.landscapes.FlatRiver(),
]
SCHEDULE = rv.schedules.wsd(steps=12, peak_lr=0.3, warmup_steps=3, decay_steps=4)
STEEP = [0.4, 1.5, 0.9]


def sheared(river, hills=(), **options):
    valley = ShearedBend(Sine(0.7, 3.0), 1.3, river, hills, **options)
    k = 2 * math.pi / 3.0
    gradient = twin.sheared(
        lambda x: 0.7 * math.sin(k * x), lambda x: 0.7 * k * math.cos(k * x), 1.3, rivers.slope(river), np.array(hills)
    )
    return valley, gradient, {}


def parabola(river, hills=(), **options):
    valley = ShearedBend(Parabola(-1.7), 1.3, river, hills, **options)
    return valley, twin.sheared(lambda x: -x * x / 3.4, lambda x: -x / 1.7, 1.3, rivers.slope(river), np.array(hills)), {}


def circle(river, hills=(), **options):
    valley = CircularBend(1.5, 1.2, river, hills, **options)
    return valley, twin.circle(1.5, 1.2, rivers.slope(river), np.array(hills)), {"land": twin.land_on_circle(1.5)}


def rotating(river, hills=(), **options):
    valley = RotatingHills((1.4, 0.3), 0.8, river, hills, **options)
    return valley, twin.rotating(1.4, 0.3, 0.8, rivers.slope(river), np.array(hills)), {}


def hyperbola(river, hills=(), **options):
    return Hyperbola(river, hills, **options), twin.hyperbola(rivers.slope(river), np.array(hills)), {}


def walled(wall, height, slope, narrowing=0.0):
    def make(river, hills=(), **options):
        steep = STEEP + list(hills)
        valley = WalledValley(steep, wall, narrowing, river, **options)
        return valley, twin.walled(height, slope, narrowing, rivers.slope(river), steep), {}

    return make


def power(p):
    return PowerWall(p), lambda y: abs(y) ** p / p, lambda y: math.copysign(abs(y) ** (p - 1.0), y) if y else 0.0


QUADRATIC = QuadraticWall(), lambda y: 0.5 * y * y, lambda y: y
SOFT = SoftWall(2.5), lambda y: math.log(math.cosh(2.5 * y)) / 6.25, lambda y: math.tanh(2.5 * y) / 2.5
FAMILIES = {
    "sine": sheared,
    "parabola": parabola,
    "circle": circle,
    "rotating": rotating,
    "hyperbola": hyperbola,
    "quadratic walls": walled(*QUADRATIC),
    "narrowing": walled(*QUADRATIC, 0.6),
    "soft walls": walled(*SOFT),
    "soft, narrowing": walled(*SOFT, 0.6),
    "soft, opening": walled(*SOFT, -0.4),
    **{f"power {p}": walled(*power(p)) for p in (1.0, 1.3, 2.0, 2.5, 3.0, 4.0)},
    **{f"power {p}, narrowing": walled(*power(p), 0.6) for p in (1.0, 1.5, 3.0, 4.0, 5.5)},
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("river_noise", [0.0, 0.05])
@pytest.mark.parametrize("hills", [(), (0.5,), (0.2, 0.9, 1.1)])
def test_states_and_losses_are_those_of_the_twin(name, river_noise, hills):
    river = RIVERS[(len(name) + len(hills)) % len(RIVERS)]
    valley, gradient, options = FAMILIES[name](
        river, hills, noise_std=0.15, river_noise_std=river_noise, start_hill=0.3, start_river=0.8
    )
    run = rv.simulate(valley, SCHEDULE, trajectories=3, seed=11, record_at=[0, 12], threads=1)
    states = twin.noisy_steps(gradient, valley.noise, valley.start_at, SCHEDULE.lr, 11, 3, **options)
    assert np.allclose(run.state, states, rtol=1e-12, atol=1e-13)
    for k, points in ((0, valley.start_at[None, :]), (1, states)):
        along = np.mean([rivers.loss(river)(x) for x in points[:, -1]])
        assert run.components["river"][k] == pytest.approx(along, rel=1e-12, abs=1e-13)
        assert run.components["hill"][k] == pytest.approx(valley.loss(points).mean() - along, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("river", RIVERS, ids=lambda river: type(river).__name__)
def test_every_river_carries_every_family(river):
    for name in ("sine", "circle", "rotating", "hyperbola", "soft, narrowing"):
        valley, gradient, options = FAMILIES[name](river, noise_std=0.1, start_hill=0.2, start_river=0.4)
        run = rv.simulate(valley, SCHEDULE, trajectories=2, seed=3, threads=1)
        states = twin.noisy_steps(gradient, valley.noise, valley.start_at, SCHEDULE.lr, 3, 2, **options)
        assert np.allclose(run.state, states, rtol=1e-12, atol=1e-13), name


LONG = rv.schedules.wsd(steps=400, peak_lr=0.2, warmup_steps=20, decay_fraction=0.3)


@pytest.mark.parametrize("name", FAMILIES)
def test_same_bytes_for_any_blocks_chunks_and_threads(name):
    valley, _, _ = FAMILIES[name](RIVERS[1], noise_std=0.1, river_noise_std=0.02, start_river=0.5)
    at = np.unique(np.append(np.arange(7, 401, 7), 400))
    results = []
    for cut in ((64, 400, 1), (9, 23, 3), (1, 256, 2), (40, 1, 1)):
        state = np.ascontiguousarray(valley.start(0, 0, 41))
        results.append((*run_blocks(valley, state, LONG.lr, 0, 9, at, cut[2], lanes=cut[0], chunk=cut[1]), state))
    for other in results[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(results[0], other, strict=True))


@given(name=st.sampled_from(sorted(FAMILIES)), cut=st.integers(1, 399))
def test_a_run_cut_in_two_is_the_same_run(name, cut):
    valley, _, _ = FAMILIES[name](RIVERS[0], (0.5,), noise_std=0.1, start_river=0.5)
    whole = rv.simulate(valley, LONG, trajectories=5, seed=4, record_every=50)
    first = rv.simulate(valley, LONG.until(cut), trajectories=5, seed=4, record_every=50)
    second = rv.simulate(valley, LONG.after(cut), initial=first, record_every=50)
    assert second.state.tobytes() == whole.state.tobytes()
    assert np.array_equal(second.loss, whole.loss[whole.steps > cut])


@pytest.mark.slow
def test_divergence_is_found_at_the_same_place_whatever_the_chunks():
    valley = WalledValley([3.0], noise_std=0.0, start_hill=1.0)  # twice as high each update
    found = []
    for chunk in (256, 512, 37):
        with pytest.raises(rv.DivergenceError, match="trajectory 0 diverged") as error:
            run_blocks(valley, valley.start(0, 0, 3), np.ones(2000), 0, 0, np.array([2000]), 1, chunk=chunk)
        found.append(error.value.step)
    assert found == [math.ceil(math.log2(DIVERGED))] * 3


@pytest.mark.parametrize("first, every", [(0, 64), (200, 64), (200, 128), (1000, 7)])
def test_divergence_is_looked_for_at_multiples_counted_from_the_first_update(first, every):
    valley = WalledValley([5.0], noise_std=0.0, start_hill=1.0)  # four times as high each update
    state = np.ascontiguousarray(valley.start(0, 0, 1))
    nothing = np.empty(0, np.int64), np.empty((0, 2, 1))
    beyond = first + math.ceil(math.log(DIVERGED, 4.0))
    found = -(-beyond // every) * every
    assert valley.advance(Block(state, np.ones(400), first, np.uint64(0), 0, *nothing, every)) == (found, 0)


PROGRAM = """
import hashlib
from rivervalley import landscapes as rl, schedules, simulate
digest = hashlib.sha256()
for valley in (rl.ShearedBend(river_noise_std=0.02), rl.CircularBend(), rl.RotatingHills((1.0, 0.3)), rl.Hyperbola(),
               rl.WalledValley([1.0, 0.3, 0.2], rl.SoftWall(2.0), 0.3), rl.WalledValley([1.0, 0.3, 0.2], rl.PowerWall(2.5), 0.3)):
    run = simulate(valley, schedules.wsd(steps=300, peak_lr=0.3, decay_fraction=0.3), trajectories=37, seed=2, threads=1)
    digest.update(run.state.tobytes() + run.loss.tobytes())
found = digest.hexdigest()
"""


@pytest.mark.slow
def test_same_bytes_on_a_generic_cpu(tmp_path):
    here: dict[str, str] = {}
    exec(PROGRAM, here)
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "RIVERVALLEY_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM + "print(found)"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == here["found"]


@njit(error_model="numpy")
def angles(along, outward, out):
    for i in range(out.size):
        out[i] = bends.angle(along[i], outward[i])


@njit(error_model="numpy")
def waves(turns, s, c):
    for i in range(turns.size):
        s[i], c[i] = bends.sin_cos(turns[i])


def test_angle_is_atan2():
    rng = np.random.default_rng(0)
    along, outward = rng.normal(size=(2, 100_000)) * 10.0 ** rng.uniform(-12, 12, (2, 100_000))
    along[:8] = [0.0, 0.0, 1.0, -1.0, 1.0, -1.0, 0.0, 1e-300]
    outward[:8] = [1.0, -1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 1.0]
    out = np.empty(along.size)
    angles(along, outward, out)
    truth = np.arctan2(along, outward)
    assert np.all(np.abs(out - truth) <= 3 * np.spacing(np.abs(truth)))


def test_sine_and_cosine_of_many_turns():
    turns = np.random.default_rng(1).uniform(-1e6, 1e6, 50_000)
    s, c = np.empty_like(turns), np.empty_like(turns)
    waves(turns, s, c)
    angle = 2.0 * np.pi * (turns - np.rint(turns))
    assert np.abs(s - np.sin(angle)).max() < 2e-15
    assert np.abs(c - np.cos(angle)).max() < 2e-15
