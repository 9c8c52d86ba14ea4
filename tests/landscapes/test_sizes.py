"""Sizes that no machine holds are refused in one sentence, before memory is asked for."""

import tracemalloc

import pytest

import rivervalley as rv


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bigram(cities([1000000000, 1000000000]))", "contexts times vocabulary must be at most 134,217,728"),
        ("bigram(cities([2, 2]), frequencies=zipf(1000000000000))", "count must be an integer between 1 and 10000000"),
        ("bigram(dirichlet(1000000, 1000000))", "contexts times vocabulary must be at most 134,217,728"),
        ("power_law_valley(count=1000000000000)", "count must be an integer between 1 and 1000000, not 1000000000000"),
        ("power_law(size=1000000000000, bin_ratio=1.0000000001)", "bin_ratio must give at most 1000000 bins"),
        ("river_valley(hills=geomspace(1, 2, 1000000000))", "count must be an integer between 1 and 10000"),
        ("river_valley(hills=linspace(-1e308, 1e308, 3))", "linspace's low must be a finite number of at least -1e[+]300"),
    ],
)
def test_a_landscape_too_large_is_refused(text, message):
    tracemalloc.start()
    try:
        with pytest.raises(rv.InputError, match=message):
            rv.landscapes.parse(text)
        assert tracemalloc.get_traced_memory()[1] < 2e6
    finally:
        tracemalloc.stop()


def test_more_trajectories_than_memory_holds_are_refused():
    valley = rv.landscapes.RiverValley([0.5])
    with pytest.raises(rv.InputError, match="trajectories must be at most 33554432 for 2 coordinates each, not 4294967296"):
        rv.simulate(valley, rv.schedules.constant(steps=3, peak_lr=0.1), trajectories=2**32)


def test_steep_frequencies_stay_finite():
    with pytest.raises(rv.InputError, match="exponent must be a finite number"):
        rv.landscapes.zipf(1000, 1e6)
    assert rv.landscapes.zipf(1000, 80.0).sum() == pytest.approx(1.0)
