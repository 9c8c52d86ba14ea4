"""How fast the kernels are, beside NumPy and JAX doing the same, all in one run.

The task: a river valley with 15 hills and one river coordinate, c(x) = 1 / (1 + x), SGD with noise on the hills, float64, one
thread. Figures are nanoseconds per update and coordinate, the best of several repetitions; machines are noisy, so compare
ratios, not runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.signal import lfilter
from tqdm import tqdm

from rivervalley import landscapes, schedules
from rivervalley.schedules import areas
from rivervalley.simulation.simulate import simulate

HILLS = np.geomspace(0.05, 2.0, 15)
NOISE_STD = 0.1
PEAK_LR = 0.05
TRAJECTORIES = 256
STEPS = 20_000
VOCABULARY, BIGRAM_BATCH = 256, 32
NUMPY_BATCHES = (64, 256, 1024, 4096)


@dataclass(frozen=True)
class BenchRow:
    """One figure: `value` in `unit`, and how many times longer than ours it is (1 for ours; None where not comparable)."""

    name: str
    value: float | None
    unit: str
    ratio: float | None
    note: str = ""


def run(progress: bool = False) -> list[BenchRow]:
    """Time everything; some 30 seconds. JAX is left out, with a note, where it is not installed."""
    tasks: tuple[Callable[[], list[BenchRow]], ...] = (_valley_rows, _curved_rows, _bigram_rows, _area_rows, _expected_rows)
    rows: list[BenchRow] = []
    for task in tqdm(tasks, disable=not progress, desc="bench", unit="task"):
        rows += task()
    return rows


def table(rows: Sequence[BenchRow]) -> str:
    """The rows for a terminal."""
    lines = [f"{'what':<52} {'time':>9} {'unit':<24} {'x ours':>7}  note"]
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.3g}"
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"{row.name:<52} {value:>9} {row.unit:<24} {ratio:>7}  {row.note}".rstrip())
    return "\n".join(lines)


def document(rows: Sequence[BenchRow]) -> dict[str, object]:
    """The rows as JSON has them, with versions and the task."""
    from rivervalley._common.versions import versions

    task = {"hills": HILLS.size, "river": 1, "trajectories": TRAJECTORIES, "steps": STEPS, "dtype": "float64", "threads": 1}
    return {"task": task, "versions": versions(), "rows": [asdict(row) for row in rows]}


def best_seconds(function: Callable[[], object], repetitions: int = 5) -> float:
    """Shortest of several calls, after one that compiles and warms up."""
    function()
    seconds_each = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        function()
        seconds_each.append(time.perf_counter() - begin)
    return min(seconds_each)


def _valley_rows() -> list[BenchRow]:
    unit = "ns per step, coordinate"
    valley = landscapes.RiverValley(HILLS, NOISE_STD, landscapes.PowerRiver(1.0, 1.0))
    schedule = schedules.constant(steps=STEPS, peak_lr=PEAK_LR)
    updates = STEPS * TRAJECTORIES * (HILLS.size + 1)
    seconds = best_seconds(lambda: simulate(valley, schedule, TRAJECTORIES, threads=1))
    ours = seconds / updates * 1e9
    name = "river valley, 15 hills + river, one thread"
    rows = [BenchRow(f"{name}: rivervalley", ours, unit, 1.0)]
    cpus = os.cpu_count() or 1
    if cpus > 1:
        threaded = best_seconds(lambda: simulate(valley, schedule, TRAJECTORIES, threads=cpus)) / updates * 1e9
        rows.append(BenchRow(f"river valley, {cpus} threads: rivervalley", threaded, unit, threaded / ours))
    batches = {batch: _numpy_nanoseconds(batch) for batch in NUMPY_BATCHES}
    batch, figure = min(batches.items(), key=lambda pair: pair[1])
    tried = f"best of batches {', '.join(map(str, NUMPY_BATCHES))}: {batch}"
    rows.append(BenchRow(f"{name}: NumPy", figure, unit, figure / ours, tried))
    jax, note = _jax_nanoseconds(_JAX_VALLEY)
    rows.append(BenchRow(f"{name}: JAX", jax, unit, jax / ours if jax is not None else None, note))
    return rows


def _curved_rows() -> list[BenchRow]:
    """The other valleys of as many coordinates, beside the straight one measured in turns with them."""
    river = landscapes.PowerRiver(1.0, 1.0)
    common: dict[str, Any] = {"river": river, "noise_std": NOISE_STD}
    soft, power = landscapes.SoftWall(2.0), landscapes.PowerWall(2.5)
    valleys: dict[str, landscapes.Landscape] = {
        "straight": landscapes.RiverValley(HILLS, NOISE_STD, river),
        "sheared bend": landscapes.ShearedBend(landscapes.Sine(0.5, 4.0), hills=HILLS[:-1], **common),
        "circular bend": landscapes.CircularBend(5.0, hills=HILLS[:-1], **common),
        "rotating hills": landscapes.RotatingHills((2.0, 0.5), 0.3, hills=HILLS[:-2], **common),
        "hyperbola": landscapes.Hyperbola(hills=HILLS[:-1], **common),
        "quadratic walls": landscapes.WalledValley(HILLS, **common),
        "quadratic walls, narrowing": landscapes.WalledValley(HILLS, narrowing=0.1, **common),
        "soft walls": landscapes.WalledValley(HILLS, soft, **common),
        "soft walls, narrowing": landscapes.WalledValley(HILLS, soft, narrowing=0.1, **common),
        "walls of power 2.5": landscapes.WalledValley(HILLS, power, **common),
        "walls of power 2.5, narrowing": landscapes.WalledValley(HILLS, power, narrowing=0.1, **common),
    }
    schedule = schedules.constant(steps=2000, peak_lr=PEAK_LR)
    seconds = dict.fromkeys(valleys, np.inf)
    for _ in range(8):
        for name, valley in valleys.items():
            once = best_seconds(lambda valley=valley: simulate(valley, schedule, TRAJECTORIES, threads=1), 1)  # type: ignore[misc]
            seconds[name] = min(seconds[name], once)
    updates = schedule.steps * TRAJECTORIES * (HILLS.size + 1)
    return [
        BenchRow(
            f"{name}, {HILLS.size} hills + river, one thread",
            found / updates * 1e9,
            "ns per step, coordinate",
            found / seconds["straight"],
            "times the straight valley, measured in turns",
        )
        for name, found in seconds.items()
    ]


def _numpy_nanoseconds(batch: int) -> float:
    """The same descent as a vectorised NumPy loop over `batch` trajectories."""
    steps = max(200, 2_000_000 // (16 * batch))
    rng = np.random.default_rng(0)
    contraction = 1.0 - PEAK_LR * HILLS[:, None]
    noise = np.empty((HILLS.size, batch))

    def descend() -> None:
        y, x = np.zeros((HILLS.size, batch)), np.zeros(batch)
        for _ in range(steps):
            rng.standard_normal(out=noise)
            np.multiply(noise, PEAK_LR * NOISE_STD, out=noise)
            np.multiply(y, contraction, out=y)
            np.subtract(y, noise, out=y)
            x += PEAK_LR / (1.0 + x) ** 2

    return best_seconds(descend, 3) / (steps * batch * (HILLS.size + 1)) * 1e9


def _jax_nanoseconds(program: str) -> tuple[float | None, str]:
    """What a program in JAX (lax.scan, jit, x64) takes, in a process of its own that is held to one thread."""
    environment = dict(os.environ)
    environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    environment.update(OMP_NUM_THREADS="1", JAX_PLATFORMS="cpu", JAX_ENABLE_X64="1")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 3:
        return None, "JAX is not installed: pip install 'rivervalley[bench]'"
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return None, f"JAX failed: {reason[:80]}"
    return float(json.loads(done.stdout)["nanoseconds"]), "lax.scan, jit, x64"


_JAX_VALLEY = f"""
import json, os, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
try:
    import jax, jax.numpy as jnp
except ImportError:
    sys.exit(3)
import numpy as np
hills = jnp.asarray(np.geomspace({HILLS[0]}, {HILLS[-1]}, {HILLS.size}))[:, None]
lr, noise_std, batch, steps = {PEAK_LR}, {NOISE_STD}, {TRAJECTORIES}, 2000
def step(carry, t):
    y, x, key = carry
    key, sub = jax.random.split(key)
    z = jax.random.normal(sub, y.shape)
    return (y - lr * (hills * y + noise_std * z), x + lr / (1.0 + x) ** 2, key), None
@jax.jit
def run(key):
    return jax.lax.scan(step, (jnp.zeros((hills.shape[0], batch)), jnp.zeros(batch), key), jnp.arange(steps))[0]
key = jax.random.PRNGKey(0)
jax.block_until_ready(run(key))
found = []
for _ in range(5):
    begin = time.perf_counter()
    jax.block_until_ready(run(key))
    found.append(time.perf_counter() - begin)
print(json.dumps({{"nanoseconds": min(found) / (steps * batch * (hills.shape[0] + 1)) * 1e9}}))
"""


def _bigram_rows() -> list[BenchRow]:
    """A bigram model of random laws and Zipf frequencies: nanoseconds per update and logit of the sampled rows."""
    unit = "ns per sampled logit"
    language = landscapes.dirichlet(VOCABULARY, VOCABULARY, 0.3, landscapes.zipf(VOCABULARY))
    model = landscapes.Bigram(language, BIGRAM_BATCH)
    schedule = schedules.constant(steps=5000, peak_lr=0.5)
    work = BIGRAM_BATCH * VOCABULARY
    seconds = best_seconds(lambda: simulate(model, schedule, 1, record_at=[schedule.steps], threads=1))
    ours = seconds / (schedule.steps * work) * 1e9
    name = f"bigram, V = {VOCABULARY}, B = {BIGRAM_BATCH}, one thread"
    pi, p = np.cumsum(language.pi), np.cumsum(language.transitions, axis=1)
    theta, rng, rows = np.zeros((VOCABULARY, VOCABULARY)), np.random.default_rng(0), np.arange(BIGRAM_BATCH)
    steps = 300

    def descend() -> None:
        for _ in range(steps):
            context = np.searchsorted(pi, rng.random(BIGRAM_BATCH)).clip(max=VOCABULARY - 1)
            token = (p[context] < rng.random((BIGRAM_BATCH, 1))).sum(axis=1).clip(max=VOCABULARY - 1)
            logits = theta[context]
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            weights[rows, token] -= 1.0
            np.subtract.at(theta, context, 0.5 / BIGRAM_BATCH * weights)

    theirs = best_seconds(descend, 3) / (steps * work) * 1e9
    jax, note = _jax_nanoseconds(_JAX_BIGRAM)
    return [
        BenchRow(f"{name}: rivervalley", ours, unit, 1.0, "Zipf frequencies; each sampled row once"),
        BenchRow(f"{name}: NumPy", theirs, unit, theirs / ours),
        BenchRow(f"{name}: JAX", jax, unit, jax / ours if jax is not None else None, note),
    ]


_JAX_BIGRAM = f"""
import json, os, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
try:
    import jax, jax.numpy as jnp
except ImportError:
    sys.exit(3)
import numpy as np
from rivervalley import landscapes
V, B, lr, steps = {VOCABULARY}, {BIGRAM_BATCH}, 0.5, 2000
language = landscapes.dirichlet(V, V, 0.3, landscapes.zipf(V))
pi, p, rows = jnp.asarray(np.cumsum(language.pi)), jnp.asarray(np.cumsum(language.transitions, axis=1)), jnp.arange(B)
def step(carry, t):
    theta, key = carry
    key, one, two = jax.random.split(key, 3)
    context = jnp.minimum(jnp.searchsorted(pi, jax.random.uniform(one, (B,))), V - 1)
    token = jnp.minimum((p[context] < jax.random.uniform(two, (B, 1))).sum(axis=1), V - 1)
    gradient = jax.nn.softmax(theta[context], axis=1).at[rows, token].add(-1.0)
    return (theta.at[context].add(-lr / B * gradient), key), None
@jax.jit
def run(key):
    return jax.lax.scan(step, (jnp.zeros((V, V)), key), jnp.arange(steps))[0]
key = jax.random.PRNGKey(0)
jax.block_until_ready(run(key))
found = []
for _ in range(5):
    begin = time.perf_counter()
    jax.block_until_ready(run(key))
    found.append(time.perf_counter() - begin)
print(json.dumps({{"nanoseconds": min(found) / (steps * B * V) * 1e9}}))
"""


def _area_rows() -> list[BenchRow]:
    steps, factor = 10_000_000, 0.999
    lr = schedules.cosine(steps=steps, peak_lr=1.0).lr
    ours = best_seconds(lambda: (areas.forward_area(lr), areas.annealing_area(lr, factor)), 3)

    def scipy_areas() -> None:
        np.cumsum(lr)
        drops = np.zeros_like(lr)
        np.subtract(lr[:-1], lr[1:], out=drops[1:])
        np.cumsum(lfilter([1.0], [1.0, -factor], drops))

    theirs = best_seconds(scipy_areas, 3)
    unit = "ns per step"
    return [
        BenchRow("S1 and S2 of 10^7 steps: rivervalley", ours / steps * 1e9, unit, 1.0, "compensated sums"),
        BenchRow("S1 and S2 of 10^7 steps: scipy lfilter + cumsum", theirs / steps * 1e9, unit, theirs / ours),
    ]


def _expected_rows() -> list[BenchRow]:
    valley = landscapes.RiverValley(np.geomspace(0.02, 1.0, 50), NOISE_STD)
    schedule = schedules.cosine(steps=100_000, peak_lr=0.5)
    seconds = best_seconds(lambda: valley.expected(schedule, record_every=1000), 3)
    figure = seconds / (schedule.steps * 51) * 1e9
    return [BenchRow("exact expectation, 50 hills + river: rivervalley", figure, "ns per step, coordinate", 1.0)]
