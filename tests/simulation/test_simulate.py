"""The engine's promises: same bytes however it is cut, exact expectations, divergence with a name, modest memory."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import rivervalley as rv
from rivervalley.simulation.simulate import run_blocks

VALLEY = rv.landscapes.RiverValley(np.geomspace(0.05, 2.0, 7), noise_std=0.1, river_noise_std=0.02)
SCHEDULE = rv.schedules.wsd(steps=700, peak_lr=0.5, warmup_steps=50, decay_fraction=0.3)


def same_bytes(a, b):
    return (
        a.steps.tobytes() == b.steps.tobytes()
        and a.loss.tobytes() == b.loss.tobytes()
        and a.loss_stderr.tobytes() == b.loss_stderr.tobytes()
        and a.state.tobytes() == b.state.tobytes()
        and all(a.components[name].tobytes() == b.components[name].tobytes() for name in a.components)
    )


@pytest.mark.parametrize("threads", [2, 7])
def test_same_bytes_for_any_number_of_threads(threads):
    one = rv.simulate(VALLEY, SCHEDULE, trajectories=301, seed=5, threads=1)
    assert same_bytes(one, rv.simulate(VALLEY, SCHEDULE, trajectories=301, seed=5, threads=threads))


@pytest.mark.slow
@given(
    lanes=st.integers(1, 90),
    chunk=st.integers(1, 800),
    threads=st.integers(1, 4),
    every=st.sampled_from([1, 7, 100, 700, 10_000]),
)
def test_same_bytes_for_any_blocks_and_chunks(lanes, chunk, threads, every):
    at = np.unique(np.append(np.arange(every, 701, every), 700))
    results = []
    for cut in ({"lanes": 64, "chunk": 700, "threads": 1}, {"lanes": lanes, "chunk": chunk, "threads": threads}):
        state = np.ascontiguousarray(VALLEY.start(0, 0, 70))
        results.append((*run_blocks(VALLEY, state, SCHEDULE.lr, 0, 9, at, **cut), state))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*results, strict=True))


def test_few_records_at_a_time_change_nothing(monkeypatch):
    whole = rv.simulate(VALLEY, SCHEDULE, trajectories=40, record_every=3)
    monkeypatch.setattr(sys.modules["rivervalley.simulation.simulate"], "_RECORD_BYTES", 8 * 2 * 40 * 2)
    assert same_bytes(whole, rv.simulate(VALLEY, SCHEDULE, trajectories=40, record_every=3))


@pytest.mark.parametrize("alone", [1, 5, 64, 130])
def test_a_trajectory_is_the_same_alone_or_in_company(alone):
    together = rv.simulate(VALLEY, SCHEDULE, trajectories=200, seed=1)
    assert np.array_equal(rv.simulate(VALLEY, SCHEDULE, trajectories=alone, seed=1).state, together.state[:alone])


@pytest.mark.slow
@given(cut=st.integers(1, 699))
def test_a_run_cut_in_two_is_the_same_run(cut):
    whole = rv.simulate(VALLEY, SCHEDULE, trajectories=20, seed=4, record_every=50)
    first = rv.simulate(VALLEY, SCHEDULE.until(cut), trajectories=20, seed=4, record_every=50)
    second = rv.simulate(VALLEY, SCHEDULE.after(cut), initial=first, record_every=50)
    assert second.state.tobytes() == whole.state.tobytes()
    assert second.schedule == whole.schedule
    late = whole.steps > cut
    assert np.array_equal(second.steps, whole.steps[late])
    assert np.array_equal(second.loss, whole.loss[late])
    early = first.steps % 50 == 0
    assert np.array_equal(first.loss[early], whole.loss[: early.sum()])


PROGRAM = """
import hashlib, numpy as np, rivervalley as rv
digest = hashlib.sha256()
for river in (rv.landscapes.PowerRiver(1.0, 0.7), rv.landscapes.LogisticRiver(), rv.landscapes.QuadraticRiver()):
    valley = rv.landscapes.RiverValley(np.geomspace(0.05, 2.0, 7), noise_std=0.1, river=river, river_noise_std=0.02)
    schedule = rv.schedules.wsd(steps=300, peak_lr=0.5, decay_fraction=0.3)
    run = rv.simulate(valley, schedule, trajectories=37, seed=2, threads=1)
    digest.update(run.state.tobytes() + run.loss.tobytes())
print(digest.hexdigest())
"""


def run_elsewhere(program, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_same_bytes_on_a_generic_cpu(tmp_path):
    here = run_elsewhere(PROGRAM)
    assert run_elsewhere(PROGRAM, NUMBA_CPU_NAME="generic", RIVERVALLEY_CACHE_DIR=str(tmp_path)) == here


def agrees_with_expected(valley, expected_valley, schedule, trajectories=512, seed=12):
    run = rv.simulate(valley, schedule, trajectories=trajectories, seed=seed, record_every=100)
    exact = expected_valley.expected(schedule, record_every=100)
    limit = stats.norm.isf(1e-6 / 2 / run.steps.size)
    return bool(np.all(np.abs(run.loss - exact.loss) <= limit * run.loss_stderr))


EVERY_CONSTRUCTOR = [
    "constant(steps=1500, peak_lr=0.4, warmup_steps=100)",
    "cosine(steps=1500, peak_lr=0.4)",
    "linear(steps=1500, peak_lr=0.4)",
    "exponential(steps=1500, peak_lr=0.4, final_lr=0.001)",
    "inverse_sqrt(steps=1500, peak_lr=0.4, warmup_steps=100)",
    "multi_step(steps=1500, peak_lr=0.4)",
    *(f"wsd(steps=1500, peak_lr=0.4, decay_fraction=0.2, final_lr=0.01, decay_shape='{s}')" for s in rv.schedules.SHAPES),
    "wsd_s(checkpoints=[400, 800, 1500], peak_lr=0.4)",
    "cyclic_cosine(checkpoints=[400, 800, 1500], peak_lr=0.4)",
]


@pytest.mark.parametrize("text", EVERY_CONSTRUCTOR)
def test_means_agree_with_the_exact_expectation(text):
    valley = rv.landscapes.RiverValley(
        np.geomspace(0.05, 2.0, 15), 0.1, rv.landscapes.QuadraticRiver(0.002, 5.0), river_noise_std=0.05, start_hill=0.2
    )
    assert agrees_with_expected(valley, valley, rv.schedules.parse(text))


def test_the_check_notices_noise_scaled_by_two_percent():
    # 2048 trajectories, 60 hills: the hill loss, up by 4 %, lies many standard errors off.
    hills = np.geomspace(0.05, 2.0, 60)
    right = rv.landscapes.RiverValley(hills, 0.1)
    wrong = rv.landscapes.RiverValley(hills, 0.102)
    schedule = rv.schedules.constant(steps=1500, peak_lr=0.4)
    assert agrees_with_expected(right, right, schedule, 2048)
    assert not agrees_with_expected(wrong, right, schedule, 2048)


@given(c=st.floats(0.1, 10.0))
def test_scaling_curvature_rate_and_noise_together_leaves_the_path(c):
    """h -> c h, eta -> eta / c, sigma -> c sigma: the same path, the loss times c."""
    a = rv.landscapes.RiverValley([0.3, 1.1], 0.1, rv.landscapes.FlatRiver(), start_hill=1.0)
    b = rv.landscapes.RiverValley(np.array([0.3, 1.1]) * c, 0.1 * c, rv.landscapes.FlatRiver(), start_hill=1.0)
    schedule = rv.schedules.cosine(steps=50, peak_lr=0.5)
    one = rv.simulate(a, schedule, trajectories=4)
    two = rv.simulate(b, schedule.scaled(1.0 / c), trajectories=4)
    assert np.allclose(one.state, two.state, rtol=1e-9, atol=1e-12)
    assert np.allclose(one.loss * c, two.loss, rtol=1e-9)


@pytest.mark.parametrize("threads, trajectories", [(1, 50), (2, 50), (2, 400)])
def test_divergence_names_trajectory_and_step(threads, trajectories):
    valley = rv.landscapes.RiverValley([0.5, 2.0], 0.1)
    schedule = rv.schedules.constant(steps=2000, peak_lr=1.4)
    with pytest.raises(rv.DivergenceError, match=r"trajectory \d+ diverged at update \d+") as caught:
        rv.simulate(valley, schedule, trajectories=trajectories, threads=threads)
    step, trajectory = caught.value.step, caught.value.trajectory
    before = rv.simulate(valley, schedule.until(step - 1), trajectories=trajectories)
    assert np.abs(before.state).max() < 1e100
    after = rv.landscapes.RiverValley([0.5, 2.0], 0.1)
    with pytest.raises(rv.DivergenceError) as again:
        rv.simulate(after, schedule.until(step), trajectories=trajectories)
    assert (again.value.step, again.value.trajectory) == (step, trajectory)


def test_leaving_the_domain_of_a_power_river_is_divergence():
    valley = rv.landscapes.RiverValley([1.0], 0.1, rv.landscapes.PowerRiver(), river_noise_std=50.0)
    with pytest.raises(rv.DivergenceError):
        rv.simulate(valley, rv.schedules.constant(steps=200, peak_lr=0.5), trajectories=8)


def test_recorded_steps():
    assert rv.simulate(VALLEY, SCHEDULE, trajectories=2, record_every=300).steps.tolist() == [300, 600, 700]
    assert rv.simulate(VALLEY, SCHEDULE, trajectories=2, record_every=1000).steps.tolist() == [700]
    run = rv.simulate(VALLEY, SCHEDULE, trajectories=2, record_at=[0, 3, 700])
    assert run.steps.tolist() == [0, 3, 700]
    assert run.loss[0] == 1.0
    assert run.curve().steps.tolist() == [3, 700]


def test_components_add_up():
    run = rv.simulate(VALLEY, SCHEDULE, trajectories=30)
    assert np.allclose(sum(run.components.values()), run.loss, rtol=1e-14)
    assert set(run.components) == {"river", "hill"}


def test_common_noise_pairs_schedules():
    """Two schedules that part at update 400 are the same run up to there, and stay correlated after."""
    a = rv.simulate(VALLEY, SCHEDULE, trajectories=3, record_at=[400])
    b = rv.simulate(
        VALLEY, SCHEDULE.branch(400, rv.schedules.constant(steps=300, peak_lr=0.1)), trajectories=3, record_at=[400]
    )
    assert a.loss[0] == b.loss[0]


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"trajectories": 0}, "trajectories must be an integer"),
        ({"trajectories": 2.5}, "trajectories must be an integer"),
        ({"seed": 1.5}, "seed must be an integer between 0 and"),
        ({"seed": True}, "seed must be"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**64}, "seed must be"),
        ({"record_every": 0}, "record_every must be"),
        ({"threads": 0}, "threads must be"),
        ({"record_at": []}, "record_at must not be empty"),
        ({"record_at": [3, 2]}, "record_at must rise"),
        ({"record_at": [701]}, "record_at must lie between"),
        ({"initial": np.zeros((3, 2))}, "initial must have 8 coordinates"),
        ({"initial": np.full((3, 8), np.nan)}, "initial must hold finite"),
        ({"initial": np.zeros((3, 8)), "trajectories": 4}, "trajectories must be that of initial"),
        ({"schedule": [0.1]}, "schedule must be a Schedule"),
        ({"landscape": 3}, "landscape must be a landscape"),
    ],
)
def test_bad_input_is_refused(bad, words):
    arguments = {"landscape": VALLEY, "schedule": SCHEDULE, **bad}
    with pytest.raises(rv.InputError, match=words):
        rv.simulate(**arguments)


def test_an_expectation_is_no_start_for_a_simulation():
    exact = rv.landscapes.RiverValley([1.0], 0.1).expected(SCHEDULE)
    with pytest.raises(rv.InputError, match="not an exact expectation"):
        rv.simulate(rv.landscapes.RiverValley([1.0], 0.1), SCHEDULE, initial=exact)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells a process its peak memory since exec")
def test_a_million_steps_take_little_memory():
    # VmHWM, since ru_maxrss starts from the size of the process that forked this one.
    program = """
import re, numpy as np, rivervalley as rv
valley = rv.landscapes.RiverValley(np.geomspace(0.05, 2.0, 15), 0.1)
run = rv.simulate(valley, rv.schedules.cosine(steps=1_000_000, peak_lr=0.1), trajectories=64, record_every=1000)
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""
    assert float(run_elsewhere(program)) < 300.0
