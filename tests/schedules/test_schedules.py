"""Schedules: hand-written tables, properties, other libraries' conventions, text, files, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley import schedules
from rivervalley.schedules import SHAPES, Schedule
from rivervalley.schedules.shapes import decay

rates = st.floats(1e-6, 10.0, allow_subnormal=False)


def test_wsd_by_hand():
    s = schedules.wsd(steps=10, peak_lr=1.0, warmup_steps=4, decay_steps=4, final_lr=0.2)
    assert np.allclose(s.lr, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2])
    assert (s.steps, s.peak_lr, s.warmup_steps) == (10, 1.0, 4)


@pytest.mark.parametrize(
    "shape, table",
    [
        ("linear", [0.75, 0.5, 0.25, 0.0]),
        ("cosine", [0.853553, 0.5, 0.146447, 0.0]),
        ("sqrt", [0.5, 1 - math.sqrt(0.5), 1 - math.sqrt(0.75), 0.0]),
        ("square", [0.9375, 0.75, 0.4375, 0.0]),
    ],
)
def test_shapes_by_hand(shape, table):
    assert np.allclose(decay(4, 1.0, 0.0, shape), table, atol=1e-6)


def test_shapes_with_a_floor_by_hand():
    assert np.allclose(decay(2, 1.0, 0.25, "exponential"), [0.5, 0.25])
    assert np.allclose(decay(3, 1.0, 0.25, "inverse"), [1 / 2, 1 / 3, 1 / 4])
    assert np.allclose(decay(2, 1.0, 0.0, "power", power=3.0), [0.125, 0.0])


@given(shape=st.sampled_from(SHAPES), steps=st.integers(1, 300), peak=rates, floor=st.floats(0.001, 1.0))
def test_a_decay_falls_to_its_floor_exactly(shape, steps, peak, floor):
    lr = decay(steps, peak, floor * peak, shape, 2.0)
    assert lr.size == steps
    assert lr[-1] == floor * peak
    assert np.all(np.diff(lr) <= 0)
    assert np.all((lr <= peak) & (lr >= floor * peak))


@given(
    steps=st.integers(1, 400),
    warmup=st.integers(0, 400),
    cooldown=st.integers(0, 400),
    peak=rates,
    shape=st.sampled_from(SHAPES),
)
def test_wsd_fits_or_is_refused(steps, warmup, cooldown, peak, shape):
    arguments = {"steps": steps, "peak_lr": peak, "warmup_steps": warmup, "decay_steps": cooldown, "decay_shape": shape}
    if warmup + cooldown > steps:
        with pytest.raises(rv.InputError, match="steps"):
            schedules.wsd(**arguments, final_lr=0.1 * peak)
        return
    s = schedules.wsd(**arguments, final_lr=0.1 * peak)
    assert s.steps == steps
    assert np.all(s.lr[warmup : steps - cooldown] == peak)
    if warmup:
        assert s.lr[warmup - 1] == pytest.approx(peak, rel=1e-15)
        assert np.allclose(np.diff(s.lr[:warmup]), peak / warmup)
    if cooldown:
        assert s.lr[-1] == 0.1 * peak


def test_wsd_without_decay_is_constant():
    assert schedules.wsd(steps=50, peak_lr=0.1, warmup_steps=5, decay_steps=0) == schedules.constant(50, 0.1, warmup_steps=5)


@given(
    ends=st.lists(st.integers(1, 500), min_size=1, max_size=4, unique=True).map(sorted),
    fraction=st.floats(0.0, 0.4),
    of=st.sampled_from(["elapsed", "cycle"]),
)
def test_wsd_s_ends_every_cycle_on_its_floor(ends, fraction, of):
    try:
        s = schedules.wsd_s(ends, 1.0, decay_fraction=fraction, decay_of=of, final_lr=0.1)
    except rv.InputError as error:
        assert "does not fit" in str(error)
        return
    start = 0
    for end in ends:
        length = round(fraction * (end if of == "elapsed" else end - start))
        assert np.all(s.lr[start : end - length] == 1.0)
        if length:
            assert s.lr[end - 1] == 0.1
        start = end


def test_wsd_s_with_one_checkpoint_is_wsd():
    one = schedules.wsd_s([1000], 0.5, decay_fraction=0.1, final_lr=0.05, warmup_steps=20)
    two = schedules.wsd(1000, 0.5, warmup_steps=20, decay_fraction=0.1, decay_shape="inverse", final_lr=0.05)
    assert one == two


def test_wsd_s_summed_rate_is_the_closed_form():
    """S = eta [T_K - 0.1 sum T_k (1 - ln r / (r - 1))] (arXiv 2410.05192, decay of elapsed steps), up to one update a decay."""
    s = schedules.wsd_s([2500, 5000, 10_000], 0.5, decay_fraction=0.1, final_lr=0.05)
    closed = 0.5 * (10_000 - 0.1 * 17_500 * (1 - math.log(10) / 9))
    assert abs(s.lr.sum() - closed) < 3 * 0.5
    assert round(closed) == 4349


def test_cyclic_cosine_restarts_at_every_checkpoint():
    s = schedules.cyclic_cosine([100, 300], 1.0, final_lr=0.1, warmup_steps=10)
    assert s.lr[99] == 0.1 and s.lr[299] == 0.1
    assert s.lr[100] > 0.99
    assert s.lr[199] == pytest.approx(0.55, abs=1e-12)


@pytest.mark.parametrize(
    "convention, expected",
    [
        ("rivervalley", [0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]),
        ("transformers", [0.0, 0.5, 1.0, 1.0, 0.75, 0.5, 0.25]),
        ("torchtitan", [1 / 3, 2 / 3, 1.0, 0.8, 0.6, 0.4, 0.2]),
    ],
)
def test_conventions_of_other_libraries_by_hand(convention, expected):
    s = schedules.wsd(steps=7, peak_lr=1.0, warmup_steps=2, decay_steps=4, convention=convention)
    assert np.allclose(s.lr, expected)


@pytest.mark.parametrize(
    "steps, warmup, cooldown, table",
    [
        (200, 10, 20, (9.44, 10.43, 9.94)),
        (2000, 100, 200, (93.24, 94.15, 93.68)),
        (20_000, 1000, 2000, (567.60, 568.03, 567.75)),
    ],
)
def test_conventions_move_the_annealing_area(steps, warmup, cooldown, table):
    """The area of the decay alone, from the first rate after the warm-up on, measured with those libraries' own formulas."""
    for convention, area in zip(("transformers", "rivervalley", "torchtitan"), table, strict=True):
        s = schedules.wsd(steps, 1.0, warmup_steps=warmup, decay_steps=cooldown, convention=convention)
        assert rv.areas.annealing_area(s.lr[warmup:])[-1] == pytest.approx(area, abs=0.006)


def test_multi_step_is_8_1_1():
    lr = schedules.multi_step(steps=100, peak_lr=1.0).lr
    assert np.allclose(lr, np.repeat([1.0, 10**-0.5, 0.1], [80, 10, 10]))
    lr = schedules.multi_step(steps=10, peak_lr=2.0, boundaries=[4, 6], factors=[0.5, 0.1]).lr
    assert np.allclose(lr, np.repeat([2.0, 1.0, 0.2], [4, 2, 4]))


def test_power_is_the_smaller_of_peak_and_power_law():
    s = schedules.power(steps=1000, peak_lr=0.3, amplitude=2.0, exponent=-0.5, warmup_steps=10, decay_steps=100, final_lr=0.01)
    n = np.arange(1, 1001)
    law = np.minimum(0.3, 2.0 / np.sqrt(n))
    law[:10] = law[9] * n[:10] / 10
    law[900:] = law[899] + (0.01 - law[899]) * np.arange(1, 101) / 100
    assert np.allclose(s.lr, law, rtol=1e-14)
    assert s.warmup_steps == 10 and s.lr[-1] == 0.01
    # The LR of a longer run is the same until the decay.
    longer = schedules.power(steps=5000, peak_lr=0.3, amplitude=2.0, exponent=-0.5, warmup_steps=10)
    assert np.array_equal(longer.lr[:900], s.lr[:900])
    # In tokens: beta a (T n)^b for batch size beta and T tokens an update.
    tokens = schedules.power(100, 0.02, amplitude=512 * 4.6 * (512 * 4096.0) ** -0.51)
    assert tokens.lr[-1] == pytest.approx(min(0.02, 512 * 4.6 * (512 * 4096.0 * 100) ** -0.51), rel=1e-13)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"amplitude": 0.0}, "amplitude must be a finite number above 0"),
        ({"amplitude": 1.0, "exponent": 0.5}, "exponent must be"),
        ({"amplitude": 1.0, "decay_steps": 60, "warmup_steps": 60}, "must be at most steps"),
        ({"amplitude": 1e-6, "final_lr": 0.1, "decay_steps": 5}, "final_lr must be at most"),
        ({"amplitude": 1.0, "decay_steps": 5, "decay_fraction": 0.1}, "power needs one of decay_steps and decay_fraction"),
    ],
)
def test_a_bad_power_schedule_is_refused(arguments, words):
    with pytest.raises(rv.InputError, match=words):
        schedules.power(100, 1.0, **arguments)


def test_cycles_may_have_peaks_of_their_own():
    ends, peaks = [40, 100, 130], [1.0, 0.5, 0.8]
    s = schedules.wsd_s(ends, peaks, decay_fraction=0.1, decay_of="cycle", warmup_steps=5)
    for before, end, peak in zip([0, *ends], ends, peaks, strict=False):
        assert s.lr[before + 5 if before == 0 else before] == peak
        assert s.lr[end - 1] == 0.1 * peak
    assert s.lr[4] == 1.0 and s.peak_lr == 1.0
    s = schedules.cyclic_cosine(ends, peaks, final_lr=0.0, warmup_steps=5)
    single = [schedules.cosine(n, p).lr for n, p in zip([35, 60, 30], peaks, strict=True)]
    assert np.array_equal(s.lr[5:], np.concatenate(single))
    for make in (schedules.wsd_s, schedules.cyclic_cosine):
        assert make(ends, [0.7] * 3) == make(ends, 0.7)
        for wrong, words in (
            ([1.0, 0.5], "one number or one for each of the 3 checkpoints, not 2"),
            ([1.0, 0.5, 0.0], "peak_lr must hold finite numbers above 0"),
            ([], "peak_lr must not be empty"),
        ):
            with pytest.raises(rv.InputError, match=words):
                make(ends, wrong)
        with pytest.raises(rv.InputError, match="final_lr must be at most peak_lr"):
            make(ends, peaks, final_lr=0.6)


def test_then_names_both():
    a, b = schedules.constant(3, 0.1), schedules.cosine(3, 0.1)
    assert a.then(b).name == "constant, then cosine"
    assert a.then(b, "mine").name == "mine"


def test_inverse_sqrt():
    s = schedules.inverse_sqrt(steps=400, peak_lr=1.0, warmup_steps=100)
    assert s.lr[99] == 1.0
    assert s.lr[399] == pytest.approx(0.5)
    assert schedules.inverse_sqrt(steps=400, peak_lr=1.0, final_lr=0.7, timescale=1).lr.min() == 0.7


lists = st.lists(rates, min_size=1, max_size=30)


@given(a=lists, b=lists, c=lists)
def test_then_is_associative_and_undone_by_until_and_after(a, b, c):
    a, b, c = Schedule(a, min(2, len(a))), Schedule(b), Schedule(c, 1)
    assert a.then(b).then(c) == a.then(b.then(c))
    assert a.then(b).until(a.steps) == a
    assert a.then(b).after(a.steps) == b


@given(a=lists, cut=st.integers(1, 29))
def test_a_branch_onto_the_trunk_is_the_trunk(a, cut):
    trunk = Schedule(a, min(3, len(a)))
    if cut < trunk.steps:
        assert trunk.branch(cut, trunk.after(cut)) == trunk


def test_a_warmup_counts_on_where_it_is_all_there_is():
    up = Schedule([0.1, 0.2], 2)
    assert up.then(Schedule([0.3, 0.3], 1)).warmup_steps == 3
    assert Schedule([0.3, 0.3]).then(up).warmup_steps == 0


def test_schedules_are_values():
    source = np.array([0.1, 0.2])
    s = Schedule(source)
    source[0] = 5.0
    assert s.lr[0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        s.lr[0] = 1.0
    assert s == Schedule([0.1, 0.2]) and hash(s) == hash(Schedule([0.1, 0.2]))
    assert s != Schedule([0.1, 0.2], 1)


@pytest.mark.parametrize(
    "text",
    [
        "constant(steps=10, peak_lr=0.1)",
        "wsd(steps=100, peak_lr=0.05, decay_fraction=0.1, decay_shape='sqrt')",
        "wsd_s(checkpoints=[50, 100], peak_lr=0.5)",
        "cyclic_cosine([50, 100], 0.5, final_lr=1e-3)",
        "multi_step(steps=10, peak_lr=1, boundaries=(4, 6), factors=[0.5, 0.1])",
    ],
)
def test_text_is_the_call(text):
    assert schedules.parse(text) == eval(text, vars(schedules))


@pytest.mark.parametrize(
    "text, words",
    [
        ("wds(steps=10, peak_lr=1)", "did you mean wsd"),
        ("wsd(steps=10)", "missing a required argument: 'peak_lr'"),
        ("wsd(steps=10, peak_lr=1, decay=3)", "unexpected keyword argument 'decay'"),
        ("wsd(steps=10, peak_lr=1)", "wsd needs decay_steps or decay_fraction"),
        ("wsd(steps=10, peak_lr=1, decay_steps=2, decay_fraction=0.1)", "not both"),
        ("cosine(1000, 0.5, 0.05)", "cosine takes only steps and peak_lr without a name"),
        ("wsd(1000, 0.5, 0.05)", "wsd takes only steps and peak_lr without a name"),
        ("inverse_sqrt(10, 1, timescale=1" + 30 * "0" + ")", "timescale must be an integer between 1 and 10"),
        ("wsd(steps=10, peak_lr=x, decay_steps=2)", "must be numbers, text, lists of them"),
        ("wsd(steps=10, peak_lr=__import__('os'), decay_steps=2)", "must be numbers, text, lists of them"),
        ("wsd(**{'steps': 10})", "must be written out"),
        ("wsd(steps=10, steps=10, peak_lr=1)", "wsd must get steps once"),
        ("wsd(10, 1, decay_steps=" + 300 * "-" + "3)", "at most 40 brackets and signs"),
        ("wsd(10, 1, decay_steps=" + 100_000 * "-" + "3)", "must read like"),
        ("wsd(10, 1, decay_steps=" + 60 * "[" + "3" + 60 * "]" + ")", "at most 40 brackets"),
        ("wsd(10, 1, decay_steps=[*[3]])", "without \\* or"),
        ("wsd(10, 1, decay_steps=3j)", "decay_steps must be an integer of at least 0, not 3j"),
        ("wsd(steps=10, peak_lr=1, decay_steps=2", "must read like"),
        ("(lambda: 3)()", "must read like"),
        ("nowhere.csv", "there is none"),
        ("", "must read like"),
    ],
)
def test_text_is_refused(text, words):
    with pytest.raises(rv.InputError, match=words):
        schedules.parse(text)


@given(a=lists)
def test_files_give_back_the_rates_to_the_last_bit(a, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rates")
    schedules.write_csv(folder / "lr.csv", Schedule(a))
    np.save(folder / "lr.npy", np.array(a))
    assert np.array_equal(schedules.load(folder / "lr.csv").lr, a)
    assert np.array_equal(schedules.load(folder / "lr.npy").lr, a)


@pytest.mark.parametrize(
    "content, words",
    [
        ("step,rate\n0,1\n", "must have a column lr"),
        ("step,lr\n", "at least one row"),
        ("step,lr\n0,0.1\n2,0.1\n", "row for each update"),
        ("step,lr\n0,abc\n", "must hold numbers"),
        ("lr\n-1\n", "lr must hold finite numbers"),
        ("lr\nnan\n", "lr must hold finite numbers"),
    ],
)
def test_bad_files_are_refused(content, words, tmp_path):
    path = tmp_path / "lr.csv"
    path.write_text(content)
    with pytest.raises(rv.InputError, match=words):
        schedules.from_csv(path)


def test_from_function():
    assert schedules.from_function(lambda t: 1.0 / (1 + t), 3).lr.tolist() == [1.0, 0.5, 1.0 / 3.0]
    with pytest.raises(rv.InputError, match="must give a number"):
        schedules.from_function(lambda t: "x", 3)


def test_from_optax():
    optax = pytest.importorskip("optax", reason="optax is not installed")
    theirs = optax.cosine_decay_schedule(init_value=0.1, decay_steps=100, alpha=0.1)
    s = schedules.from_optax(theirs, 101)
    u = np.arange(101) / 100
    assert np.allclose(s.lr, 0.1 * (0.9 * 0.5 * (1 + np.cos(np.pi * u)) + 0.1), rtol=1e-5)
    joined = optax.join_schedules([optax.linear_schedule(0.0, 1.0, 10), optax.constant_schedule(1.0)], [10])
    assert np.allclose(schedules.from_optax(joined, 20).lr, np.minimum(np.arange(20) / 10, 1.0), rtol=1e-6)


def test_from_optax_takes_any_function_of_the_count():
    assert schedules.from_optax(lambda count: 0.1 if count < 2 else 0.05, 3).lr.tolist() == [0.1, 0.1, 0.05]


def test_from_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    s = schedules.from_torch(lambda o: torch.optim.lr_scheduler.StepLR(o, 2, gamma=0.1), 5, base_lr=1.0)
    assert np.allclose(s.lr, [1.0, 1.0, 0.1, 0.1, 0.01])


def test_from_torch_says_what_is_missing(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(rv.InputError, match="needs PyTorch"):
        schedules.from_torch(lambda o: None, 3)


BAD = [
    (lambda: Schedule([]), "lr must not be empty"),
    (lambda: Schedule([[0.1]]), "lr must have 1 dimension"),
    (lambda: Schedule([0.1, np.nan]), "lr must hold finite numbers"),
    (lambda: Schedule([0.1, np.inf]), "lr must hold finite numbers"),
    (lambda: Schedule([0.1, -0.1]), "lr must hold finite numbers of at least 0"),
    (lambda: Schedule(["a"]), "lr must hold real numbers"),
    (lambda: Schedule([0.1], 2), "warmup_steps must be at most"),
    (lambda: Schedule([0.1], 0.5), "warmup_steps must be an integer"),
    (lambda: schedules.constant(0, 0.1), "steps must be"),
    (lambda: schedules.constant(10.0, 0.1), "steps must be"),
    (lambda: schedules.constant(True, 0.1), "steps must be"),
    (lambda: schedules.constant(10, 0.0), "peak_lr must be"),
    (lambda: schedules.constant(10, np.nan), "peak_lr must be"),
    (lambda: schedules.constant(10, "x"), "peak_lr must be"),
    (lambda: schedules.constant(10, 0.1, final_lr=0.05), "final_lr must be left out"),
    (lambda: schedules.constant(10, 0.1, warmup_steps=11), "warmup_steps must be at most"),
    (lambda: schedules.cosine(10, 0.1, final_lr=0.2), "final_lr must be at most"),
    (lambda: schedules.cosine(10, 0.1, final_lr=-0.1), "final_lr must be"),
    (lambda: schedules.exponential(10, 0.1, final_lr=0.0), "final_lr must be above 0"),
    (lambda: schedules.wsd(10, 0.1, decay_steps=5, decay_shape="sqare"), "decay_shape must be one of"),
    (lambda: schedules.wsd(10, 0.1, decay_fraction=1.5), "decay_fraction must be"),
    (lambda: schedules.wsd(10, 0.1, decay_steps=5, convention="hf"), "convention must be one of"),
    (lambda: schedules.wsd(10, 0.1, decay_steps=5, decay_shape="inverse"), "final_lr must be above 0"),
    (lambda: schedules.wsd_s([], 0.1), "checkpoints must not be empty"),
    (lambda: schedules.wsd_s([10, 5], 0.1), "checkpoints must rise"),
    (lambda: schedules.wsd_s([100, 105], 0.1), "does not fit"),
    (lambda: schedules.wsd_s([100], 0.1, decay_of="total"), "decay_of must be one of"),
    (lambda: schedules.cyclic_cosine([10], 0.1, warmup_steps=10), "warmup_steps must end before"),
    (lambda: schedules.multi_step(10, 0.1, boundaries=[5, 5]), "boundaries must rise"),
    (lambda: schedules.multi_step(10, 0.1, boundaries=[5], factors=[0.1, 0.2]), "factors must have one entry"),
    (lambda: Schedule([0.1]).then([0.1]), "other must be a Schedule"),
    (lambda: Schedule([0.1]).until(2), "step must be"),
    (lambda: Schedule([0.1]).after(1), "step must be"),
]


@pytest.mark.parametrize("make, words", BAD, ids=[words for _, words in BAD])
def test_bad_input_is_refused(make, words):
    with pytest.raises(rv.InputError, match=words):
        make()


def test_ten_million_steps_are_no_trouble():
    s = schedules.wsd(steps=10_000_000, peak_lr=0.1, warmup_steps=1000, decay_fraction=0.2, decay_shape="cosine")
    assert s.lr.nbytes == 80_000_000


def test_only_length_and_peak_go_by_place():
    """What stands third differs from schedule to schedule, so none takes it without a name."""
    for name in ("constant", "cosine", "linear", "exponential", "inverse_sqrt", "multi_step", "wsd"):
        with pytest.raises(TypeError, match="positional argument"):
            getattr(schedules, name)(100, 0.5, 0.1)
    for name in ("wsd_s", "cyclic_cosine"):
        with pytest.raises(TypeError, match="positional argument"):
            getattr(schedules, name)([50, 100], 0.5, 0.1)


@pytest.mark.parametrize("power", [np.ones(3), "2", None, True, -1.0])
def test_a_power_that_is_no_number_is_refused(power):
    with pytest.raises(rv.InputError, match="power must be a finite number above 0"):
        schedules.wsd(10, 0.1, decay_steps=3, power=power)
