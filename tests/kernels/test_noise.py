"""The generator against its published answers; the normals against the normal law. False alarms: 1e-6 a test."""

import numpy as np
import pytest
from reference import descent as reference
from scipy import stats

from rivervalley.kernels import noise

ALPHA = 1e-6
SEED = 20240601


def words(*values):
    return np.array(values, dtype=np.uint64)


def sample(seed=SEED, coordinates=16, lanes=4096, steps=60, scale=1.0):
    out = np.empty((steps, coordinates, lanes))
    for step in range(steps):
        noise.fill_normals(np.uint64(seed), 0, step, noise.GRADIENT, out[step])
    return scale * out


@pytest.mark.parametrize(
    "counter, key, answer",
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_published_known_answers(counter, key, answer):
    assert " ".join(f"{int(w):08x}" for w in noise.known_answer(words(*counter), words(*key))) == answer
    assert " ".join(f"{w:08x}" for w in reference.philox4x32(counter, key)) == answer


@pytest.mark.parametrize("seed", [0, 1, 2**32 + 5, 2**64 - 1])
@pytest.mark.parametrize("step", [0, 7, 2**32 + 3])
def test_normals_are_those_of_the_twin(seed, step):
    out = np.empty((10, 9))
    noise.fill_normals(np.uint64(seed), 3, step, noise.GRADIENT, out)
    twin = [[reference.normal(seed, 3 + lane, step, j) for lane in range(9)] for j in range(10)]
    assert np.allclose(out, twin, rtol=1e-13, atol=1e-14)


def test_streams_differ():
    a, b = np.empty((4, 8)), np.empty((4, 8))
    noise.fill_normals(np.uint64(1), 0, 0, noise.GRADIENT, a)
    noise.fill_normals(np.uint64(1), 0, 0, noise.START, b)
    assert not np.any(a == b)
    assert np.allclose(b, [[reference.normal(1, lane, 0, j, stream=1) for lane in range(8)] for j in range(4)])


def moments_fit(z):
    """Whether the first six moments lie within their two-sided bands."""
    n = z.size
    limit = stats.norm.isf(ALPHA / 12)
    exact = {1: 0.0, 2: 1.0, 3: 0.0, 4: 3.0, 5: 0.0, 6: 15.0}
    spread = {1: 1.0, 2: 2.0, 3: 15.0, 4: 96.0, 5: 945.0, 6: 10170.0}
    return all(abs(np.mean(z**k) - exact[k]) < limit * np.sqrt(spread[k] / n) for k in exact)


def test_moments():
    assert moments_fit(sample())


def test_moments_notice_a_scale_of_1_003():
    assert not moments_fit(sample(scale=1.003))


@pytest.mark.slow
@pytest.mark.parametrize("bound", [3.0, 4.0, 5.0])
def test_tails_have_the_right_count(bound):
    z = sample(steps=200)
    for count in (np.sum(z > bound), np.sum(z < -bound)):
        assert stats.binomtest(int(count), z.size, stats.norm.sf(bound)).pvalue > ALPHA / 2


def goodness_of_fit(z):
    """p-value of a chi-square over 200 equally likely cells."""
    counts = np.bincount((stats.norm.cdf(z.ravel()) * 200).astype(int), minlength=200)
    return stats.chisquare(counts).pvalue


def test_goodness_of_fit():
    assert goodness_of_fit(sample()) > ALPHA


def test_goodness_of_fit_notices_a_shift_of_a_hundredth():
    assert goodness_of_fit(sample() + 0.01) < ALPHA


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("power", [1, 2])
def test_neighbours_are_uncorrelated(axis, power):
    """Neighbouring steps, coordinates and trajectories, and their squares."""
    z = sample() ** power
    z = (z - z.mean()) / z.std()
    a, b = np.take(z, range(z.shape[axis] - 1), axis), np.take(z, range(1, z.shape[axis]), axis)
    assert abs(np.mean(a * b)) * np.sqrt(a.size) < stats.norm.isf(ALPHA / 2)


def test_neighbouring_seeds_are_uncorrelated():
    a, b = sample(seed=5), sample(seed=6)
    assert abs(np.mean(a * b)) * np.sqrt(a.size) < stats.norm.isf(ALPHA / 2)


def test_nothing_repeats():
    a, b = np.empty((64, 64), np.uint64), np.empty((64, 64), np.uint64)
    noise.fill_words(np.uint64(1), 0, 0, noise.GRADIENT, a)
    noise.fill_words(np.uint64(1), 0, 1, noise.GRADIENT, b)
    # Of 8192 words of 32 bits about 0.008 pairs agree by chance; three would be a one in 1e7 event.
    assert np.unique(np.concatenate([a.ravel(), b.ravel()])).size >= 2 * a.size - 2
