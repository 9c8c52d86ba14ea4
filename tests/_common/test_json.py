"""JSON out and in: what is written comes back, and what is damaged is refused in one sentence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley._common.json import decode, dumps, exact, plain


@dataclass(frozen=True, eq=False)
class Inner:
    steps: IntArray
    ends: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Outer:
    name: str
    count: int
    flag: bool
    value: float
    matrix: FloatArray
    inner: tuple[Inner, ...]
    by_name: Mapping[str, tuple[float, ...]]
    optional: str | None = None


numbers = st.floats(allow_nan=False)
outers = st.builds(
    Outer,
    name=st.text(max_size=5),
    count=st.integers(-(2**70), 2**70),
    flag=st.booleans(),
    value=numbers,
    matrix=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=3).map(np.array),
    inner=st.lists(
        st.builds(
            Inner,
            st.lists(st.integers(0, 2**50), max_size=3).map(lambda x: np.array(x, dtype=np.int64)),
            st.tuples(numbers, numbers),
        ),
        max_size=2,
    ).map(tuple),
    by_name=st.dictionaries(st.text(max_size=3), st.lists(numbers, max_size=2).map(tuple), max_size=2),
    optional=st.none() | st.text(max_size=3),
)


@given(outers)
def test_what_is_written_comes_back_to_the_last_digit(outer):
    text = dumps(exact(outer))
    back = decode(Outer, json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON")), "the file")
    assert exact(back) == exact(outer)
    assert back.matrix.dtype == np.float64 and back.matrix.shape == outer.matrix.shape
    assert all(one.steps.dtype == np.int64 for one in back.inner)


def test_documents_have_null_for_numbers_that_are_not_finite_and_no_types_of_numpy():
    value = {"a": np.float64("nan"), "b": (np.int64(2), -np.inf), "c": Path("x.csv"), "d": np.bool_(True), "e": [np.eye(2)]}
    assert plain(value) == {"a": None, "b": [2, None], "c": "x.csv", "d": True, "e": [[[1.0, 0.0], [0.0, 1.0]]]}
    assert dumps(plain(value)).count("\n") == 11
    with pytest.raises(TypeError, match="no JSON for set"):
        plain({"a": {1}})


GOOD = Outer("x", 1, True, 1.5, np.eye(2), (Inner(np.array([1, 2]), (0.0, 1.0)),), {"a": (1.0,)})


@pytest.mark.parametrize(
    "entry, value, words",
    [
        ("name", 1, "the file.name must be text, not 1"),
        ("count", 1.0, "the file.count must be a whole number"),
        ("count", True, "the file.count must be a whole number"),
        ("flag", "yes", "the file.flag must be true or false"),
        ("value", "1.5", "the file.value must be a number"),
        ("value", True, "the file.value must be a number"),
        ("value", None, "the file.value must be a number"),
        ("value", 10**400, "the file.value must be a number, not an integer of more than 80 digits"),
        ("matrix", 3.0, "the file.matrix must be a list"),
        ("matrix", [[1.0, 2.0], [3.0]], "rows of equal length"),
        ("matrix", [[1.0, "x"]], r"the file.matrix\[0\]\[1\] must be a number"),
        ("inner", [{"steps": [0.5], "ends": [0, 1]}], r"the file.inner\[0\].steps must hold whole numbers"),
        ("inner", [{"steps": [1], "ends": [0]}], "must have 2 entries, not 1"),
        ("inner", [{"steps": [1]}], "'ends' is missing"),
        ("inner", [{"steps": [1], "ends": [0, 1], "more": 1}], "'more' is unknown"),
        ("inner", {}, "the file.inner must be a list"),
        ("by_name", [], "the file.by_name must be a JSON object"),
        ("by_name", {"a": [None]}, r"the file.by_name.a\[0\] must be a number"),
    ],
)
def test_what_is_damaged_is_refused_in_one_sentence(entry, value, words):
    data = exact(GOOD)
    data[entry] = value
    with pytest.raises(InputError, match=words) as refused:
        decode(Outer, data, "the file")
    assert "\n" not in str(refused.value)


def test_entries_with_a_default_may_be_missing():
    data = exact(GOOD)
    del data["optional"]
    assert decode(Outer, data, "the file").optional is None
