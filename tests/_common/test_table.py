"""Text in columns: read at once or row by row, the numbers and the refusals are the same."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley._common import fast_table
from rivervalley._common.checks import InputError
from rivervalley._common.table import cells_of, read_sheet, read_table

WAYS = ("arrow", "numpy", "rows")


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Each way of reading, whatever the length of the text."""
    choose(request.param, monkeypatch)
    return request.param


def choose(name, monkeypatch):
    monkeypatch.setattr(fast_table, "FAST_FROM", 10**12 if name == "rows" else 0)
    if name == "arrow":
        pytest.importorskip("pyarrow")
    if name == "numpy":
        monkeypatch.setitem(sys.modules, "pyarrow", None)


def columns(text, places):
    table = read_sheet("t.csv", text).numbers(places)
    return {name: table[name].tolist() for name in places}, table.lines.tolist()


@pytest.mark.parametrize("mark", [",", "\t", ";", " "])
def test_numbers_and_their_lines(way, mark):
    text = "step,lr,loss\n1,0.1,3.25\n20,1e-3,-2\n300,.5,4.\n".replace(",", mark)
    numbers, lines = columns(text, {"loss": 2, "step": 0})
    assert numbers == {"loss": [3.25, -2.0, 4.0], "step": [1.0, 20.0, 300.0]}
    assert lines == [2, 3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,,3\n2,5,\n,,7\n",
        "a,b,c\n1,,3\n,,\n2,5,\n,,7",
        "# made by hand\n\na,b,c\n1,null,3\n2,5,None\n\n# half way\n,NA,7\n",
        '"a","b","c"\n"1","","3"\n"2","5",""\n"","","7"\n',
        " a , b,c\n 1 , ,3\n2, 5,\n,,7\n\n",
        "a,b,c\n1,,3,\n2,5,,\n,,7,\n",
    ],
)
def test_blank_cells_and_lines(way, text):
    numbers, _ = columns(text, {"a": 0, "b": 1, "c": 2})
    for name, expected in (("a", [1, 2, np.nan]), ("b", [np.nan, 5, np.nan]), ("c", [3, np.nan, 7])):
        np.testing.assert_array_equal(numbers[name], expected)


def test_what_is_no_number_counts_as_infinite_and_blank_as_nan(way):
    numbers, _ = columns("a,b\n1,nan\n2,inf\n3,-Infinity\n4,\n5,1e999\n6,NaN\n", {"a": 0, "b": 1})
    np.testing.assert_array_equal(numbers["b"], [np.inf, np.inf, np.inf, np.nan, np.inf, np.inf])


def test_text_in_other_columns_does_no_harm(way):
    numbers, _ = columns('a,note,b\n1,"x, y",2\n3,nan,4\n5,"say ""z""",6\n', {"a": 0, "b": 2})
    assert numbers == {"a": [1.0, 3.0, 5.0], "b": [2.0, 4.0, 6.0]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n3,x\n", "t.csv, line 3: b must be a finite number, not 'x'"),
        ("a,b\n1,2\n3\n", "t.csv, line 3: a row must have the header's 2 cells, not 1"),
        ("a,b\n1,2\n3,4,5\n", "t.csv, line 3: a row must have the header's 2 cells, not 3"),
        ("a,b\n1,2\n\n3,4,5\n6\n", "t.csv, line 4: a row must have the header's 2 cells, not 3"),
        ("a,b\n1,2\n3,4 5\n", "t.csv, line 3: b must be a finite number, not '4 5'"),
        ("a\tb\n1\t2\n3\t4,5\n", "t.csv, line 3: b must be a finite number, not '4,5'"),
    ],
)
def test_the_line_of_what_is_wrong(way, text, says):
    with pytest.raises(InputError) as caught:
        columns(text, {"a": 0, "b": 1})
    assert str(caught.value) == says


cells = st.sampled_from(["1", "2.5", "-3e-4", "+0.1", "", " 7", "nan", "inf", "x", "1e5 ", "0.1,", '"4"', "1_0", "5."])


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(cells, min_size=2, max_size=3), min_size=1, max_size=6), st.sampled_from(["\n", "\n\n"]))
def test_all_ways_agree(rows, end):
    text = "a,b\n" + end.join(",".join(row) for row in rows)
    results = []
    for name in WAYS:
        with pytest.MonkeyPatch.context() as patch:
            choose(name, patch)
            try:
                numbers, lines = columns(text, {"a": 0, "b": 1})
                results.append((repr(numbers), lines))
            except InputError as error:
                results.append(str(error))
    assert results[0] == results[1] == results[2]


def test_headers():
    assert cells_of("step;lr;loss") == (";", ["step", "lr", "loss"])
    assert cells_of('"a, b - loss"\t"c"') == ("\t", ["a, b - loss", "c"])
    assert cells_of("step lr   loss") == ("", ["step", "lr", "loss"])
    assert read_sheet("t", "# step, lr\n1,2\n").header == ("step", "lr")
    assert read_sheet("t", "# remarks of three words\n1,2\n").header == ("1", "2")
    for empty in ("", "\n \n", "# remark\n"):
        with pytest.raises(InputError, match="t must hold a header and rows below it"):
            read_sheet("t", empty)


def test_a_table_of_named_columns(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("N,loss,remark\n1,2,x\n3,4,y\n")
    table = read_table(path, ("loss",), ("n", "d"))
    assert table.columns.keys() == {"loss", "n"}
    path.write_text("N,loss\n1,2\n3,nan\n")
    with pytest.raises(InputError, match="line 3: loss must be a finite number"):
        read_table(path, ("loss",))


def log_of_a_million_rows(path):
    loss = 3.0 + np.random.default_rng(2).standard_normal(10**6)
    path.write_text("step,lr,loss\n" + "".join(f"{n},0.0003,{x!r}\n" for n, x in enumerate(loss.tolist())))
    return loss


def least_seconds(function, tries=4):
    """Processor time, which other programs lengthen less than they do the time on the wall."""
    taken = []
    for _ in range(tries):
        start = time.process_time()
        result = function()
        taken.append(time.process_time() - start)
    return min(taken), result


@pytest.mark.slow
def test_a_million_rows_take_a_moment(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow.csv")
    path = tmp_path / "run.csv"
    loss = log_of_a_million_rows(path)
    seconds, curve = least_seconds(lambda: rv.read_curve(path, warmup_steps=0))
    np.testing.assert_array_equal(curve.loss, loss[1:])
    assert curve.schedule_source == "every step"
    assert seconds < 3.0  # some 0.4 s; row by row it is 6: a guard, no benchmark
    # Without pyarrow numpy.loadtxt does it; what is done around it costs less than it does.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    seconds, curve = least_seconds(lambda: rv.read_curve(path, warmup_steps=0))
    np.testing.assert_array_equal(curve.loss, loss[1:])
    assert seconds < 4 * least_seconds(lambda: np.loadtxt(path, delimiter=",", skiprows=1))[0]
