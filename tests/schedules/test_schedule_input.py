"""Whatever comes in: constructors, text and files give a schedule or one clear sentence."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley import InputError, schedules
from rivervalley.schedules import Schedule
from rivervalley.schedules.registry import SCHEDULES

CONSTRUCTORS = sorted(set(SCHEDULES) - {"from_csv", "from_npy"})
KEYWORDS = {
    "constant": ["steps", "peak_lr", "final_lr", "warmup_steps", "name"],
    "cosine": ["steps", "peak_lr", "final_lr", "warmup_steps", "name"],
    "linear": ["steps", "peak_lr", "final_lr", "warmup_steps", "name"],
    "exponential": ["steps", "peak_lr", "final_lr", "warmup_steps", "name"],
    "inverse_sqrt": ["steps", "peak_lr", "final_lr", "warmup_steps", "timescale"],
    "multi_step": ["steps", "peak_lr", "final_lr", "warmup_steps", "boundaries", "factors"],
    "power": ["steps", "peak_lr", "amplitude", "exponent", "warmup_steps", "decay_steps", "decay_fraction", "final_lr"],
    "wsd": [
        "steps",
        "peak_lr",
        "warmup_steps",
        "decay_steps",
        "decay_fraction",
        "decay_shape",
        "final_lr",
        "power",
        "convention",
    ],
    "wsd_s": ["checkpoints", "peak_lr", "decay_fraction", "decay_of", "decay_shape", "final_lr", "warmup_steps", "power"],
    "cyclic_cosine": ["checkpoints", "peak_lr", "final_lr", "warmup_steps"],
    "from_lr": ["lr", "warmup_steps", "name"],
}
words = st.sampled_from(["elapsed", "cycle", "transformers", "torchtitan-0.1", *schedules.SHAPES, "", "x"])
numbers = st.one_of(
    st.integers(-3, 60),
    st.floats(0.0, 1.5),
    st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e-310, 1.7e308, 10**30, 2**63, -(2**70), 1j]),
)
simple = st.one_of(numbers, words, st.none(), st.booleans(), st.binary(max_size=2))
anything = st.one_of(
    simple, st.lists(simple, max_size=4), st.lists(st.lists(numbers, max_size=2), max_size=3), st.tuples(simple)
)


@pytest.mark.slow
@settings(max_examples=600)
@given(data=st.data(), which=st.sampled_from(CONSTRUCTORS))
def test_constructors_give_a_schedule_or_refuse(data, which):
    good = {"steps": 40, "peak_lr": 0.1, "checkpoints": [20, 40], "lr": [0.1, 0.2], "final_lr": 0.01, "amplitude": 0.5}
    if which == "constant":
        del good["final_lr"]
    arguments = {key: value for key, value in good.items() if key in KEYWORDS[which]}
    for key in data.draw(st.lists(st.sampled_from(KEYWORDS[which]), min_size=1, max_size=3, unique=True)):
        arguments[key] = data.draw(anything, label=key)
    try:
        s = getattr(schedules, which)(**arguments)
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(s, Schedule)
    assert np.all(np.isfinite(s.lr)) and np.all(s.lr >= 0)
    # What text says is what the call says, where the values are literals that Python writes as it reads them.
    text = f"{which}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
    if "nan" not in text and "inf" not in text.replace("inverse", ""):
        assert schedules.parse(text) == s


@pytest.mark.slow
@given(text=st.text(max_size=40) | st.text("wsd(),=[]{}'*0123.einf \\\n-", max_size=60).map(lambda tail: "wsd(" + tail))
def test_text_gives_a_schedule_or_is_refused(text):
    try:
        assert isinstance(schedules.parse(text), Schedule)
    except InputError as error:
        assert "\n" not in str(error)


def test_no_text_is_run(tmp_path):
    mark = tmp_path / "mark"
    for text in (
        f"wsd(steps=open({str(mark)!r}, 'w').write('x'), peak_lr=1, decay_steps=0)",
        f"open({str(mark)!r}, 'w')",
        f"[wsd(10, 1) for x in [open({str(mark)!r}, 'w')]]",
        f"wsd.__globals__['open']({str(mark)!r}, 'w')",
    ):
        with pytest.raises(InputError):
            schedules.parse(text)
    assert not mark.exists()


@pytest.mark.parametrize(
    "text, words",
    [
        ("wsd(steps=10, peak_lr=1, decay_step=3)", "did you mean decay_steps.*its arguments are steps, peak_lr"),
        ("wsd(" + "[" * 5000, "must read like"),
        ("multi_step(10, 1, boundaries=5)", "boundaries must be a list"),
        ("multi_step(10, 1, boundaries=[5], factors=[2.0])", "factors must be .* at most 1"),
        ("wsd_s([[1, 2], [3]], 1)", "checkpoints must be a list of update counts"),
        ("wsd_s([1000000000000], 1)", "checkpoints must be at most"),
        ("constant(10**15, 1)", "must be numbers"),
        ("constant(1000000000000000, 1)", "steps must be an integer between 1 and 100000000"),
        ("wsd(4, 1.0, decay_fraction=0.1)", "at least one update"),
        ("wsd_s([4, 400], 1.0)", "at least one update"),
        ("wsd(10, 1.0, decay_steps=5, power=3.0)", "power must be left out"),
        ("wsd_s([10], 1.0, power=3.0)", "power must be left out"),
        ("cosine(5, 1.0, warmup_steps=5)", "warmup_steps must be below steps"),
    ],
)
def test_more_text_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        schedules.parse(text)


def test_a_path_is_a_path_whatever_it_looks_like(tmp_path):
    for name in ("run (1).csv", "UPPER.CSV", "no suffix"):
        (tmp_path / name).write_text("lr\n0.1\n0.2\n")
        assert schedules.parse(f"  {tmp_path / name} ").lr.tolist() == [0.1, 0.2]
    path = str(tmp_path / "run (1).csv")
    assert schedules.parse(f"from_csv({path!r}, warmup_steps=2)").warmup_steps == 2


def test_the_log_of_a_run_ends_with_its_last_update(tmp_path):
    s = schedules.wsd(20, 0.1, warmup_steps=5, decay_steps=5)
    curve = rv.LossCurve([5, 20], [3.0, 2.0], s)
    rv.write_curve(tmp_path / "run.csv", curve)
    assert schedules.load(tmp_path / "run.csv") == s


def test_the_warmup_of_a_file(tmp_path):
    path = tmp_path / "lr.csv"
    path.write_text("lr,warmup_steps\n0.1,2\n0.2,2\n0.2,2\n")
    assert schedules.load(path).warmup_steps == 2
    assert schedules.load(path, warmup_steps=1).warmup_steps == 1
    for column in ("1\n2", "0.5\n0.5", "-1\n-1", "nan\nnan"):
        first, second = column.split("\n")
        path.write_text(f"lr,warmup_steps\n0.1,{first}\n0.2,{second}\n")
        with pytest.raises(InputError, match="column warmup_steps must hold one whole number"):
            schedules.load(path)


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.csv", b"lr\n\xff\n", "UTF-8"),
        ("a.csv", b"lr\n0.1\x00\n", "must hold numbers"),
        ("a.csv", b"", "must have a column lr"),
        ("a.csv", b"step,lr,loss\n0,0.1,3\n", "beyond step 0"),
        ("a.csv", b"lr\n" + b'"' + b"1" * 200_000 + b'"\n', "must be a CSV file"),
        ("a.npy", b"", "must be a .npy file"),
        ("a.npy", b"\x93NUMPY\x01\x00", "must be a .npy file"),
        ("a.npy", b"hello", "must be a .npy file"),
    ],
)
def test_broken_files_are_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        schedules.load(tmp_path / name)


@pytest.mark.parametrize("array", [np.ones((2, 2)), np.array([1.0, np.nan]), np.array(["a"]), np.array([{}], dtype=object)])
def test_broken_arrays_are_refused(tmp_path, array):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(InputError):
        schedules.load(tmp_path / "a.npy")


@pytest.mark.parametrize("path", [5, None, ["a.csv"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(InputError, match="path must be text or a path"):
        schedules.load(path)


def test_any_kind_of_numbers():
    for lr in (
        np.array([1, 2], dtype=np.int32),
        np.array([1, 2], dtype=">f4"),
        np.array([1, 0, 2, 0], dtype=np.float64)[::2],
        (1, 2),
    ):
        assert Schedule(lr) == Schedule([1.0, 2.0])


def test_equal_schedules_have_equal_hashes():
    assert Schedule([-0.0, 1.0]) == Schedule([0.0, 1.0])
    assert hash(Schedule([-0.0, 1.0])) == hash(Schedule([0.0, 1.0]))


def test_copies_stay_read_only():
    s = Schedule([0.1, 0.2], 1, "s")
    for twin in (pickle.loads(pickle.dumps(s)), copy.copy(s), copy.deepcopy(s)):
        assert twin == s and twin.name == "s" and not twin.lr.flags.writeable


def test_scaled():
    s = schedules.wsd(100, 0.1, warmup_steps=10, decay_steps=20)
    assert s.scaled(2.0).peak_lr == 0.2 and s.scaled(2.0).warmup_steps == 10
    for factor in (-1.0, math.nan, math.inf, "2"):
        with pytest.raises(InputError, match="factor must be"):
            s.scaled(factor)
    with pytest.raises(InputError, match="factor must keep the rates finite"):
        Schedule([1e300]).scaled(1e300)


@given(
    cycles=st.lists(st.integers(20, 500), min_size=1, max_size=4),
    ratio=st.floats(0.01, 0.9),
    fraction=st.floats(0.1, 0.4),
)
def test_wsd_s_sum_to_the_order_of_one_over_the_decay(cycles, ratio, fraction):
    """The integral of each decay, less (peak - final)/2 for the side on which the sum samples it (Euler-Maclaurin)."""
    s = schedules.wsd_s(np.cumsum(cycles), 1.0, decay_fraction=fraction, decay_of="cycle", final_lr=ratio)
    r, total, correction = 1.0 / ratio, 0.0, 0.0
    for steps in cycles:
        D = round(fraction * steps)
        total += steps - D + D * math.log(r) / (r - 1.0) - 0.5 * (1.0 - ratio)
        # Next term: (f'(D) - f'(0))/12 with f' = -(r - 1)/D (1 + (r - 1) u)^-2, and room for those after it.
        correction += ((r - 1.0) / D) * (1.0 - 1.0 / r**2) / 12.0
    assert abs(s.lr.sum() - total) <= 1.01 * correction + 1e-9
