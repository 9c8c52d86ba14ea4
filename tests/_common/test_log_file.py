"""The log of a run as a CSV file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley._common.log_file import write_log

LR = np.array([0.1, 1.0 / 3.0, 1e-300])


def test_rows_are_those_that_the_reader_expects(tmp_path):
    file = tmp_path / "run.csv"
    write_log(file, LR, 1, np.array([0, 2, 3]), {"loss": np.array([9.0, np.nan, 0.1]), "hill": np.array([1.0, np.inf, 2.0])})
    assert file.read_text() == (
        "step,lr,loss,hill,warmup_steps\n0,0.1,9.0,1.0,1\n1,0.3333333333333333,,,1\n2,1e-300,,,1\n3,1e-300,0.1,2.0,1\n"
    )
    write_log(file, LR)
    assert file.read_text() == "step,lr\n0,0.1\n1,0.3333333333333333\n2,1e-300\n"
    write_log(file, LR, 0, np.array([2]), {"loss": np.array([0.5])}, every_rate=False)
    assert file.read_text() == "step,lr,loss\n2,1e-300,0.5\n"


@given(lr=st.lists(st.floats(0.0, 1e300), min_size=1, max_size=20), warmup=st.integers(0, 20))
def test_a_schedule_comes_back_to_the_last_bit(lr, warmup, tmp_path_factory):
    file = tmp_path_factory.mktemp("schedule") / "lr.csv"
    schedule = rv.Schedule(lr, min(warmup, len(lr)))
    schedule.to_csv(file)
    assert rv.schedules.from_csv(file) == schedule == rv.schedules.load(file)


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(rv.InputError, match="path must lie in a folder that exists"):
        rv.schedules.constant(3, 0.1).to_csv(tmp_path / "nowhere" / "lr.csv")
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        write_log(tmp_path / "x.csv", LR, 0, np.array([1, 2]), {"loss": np.array([1.0])})
    assert list(tmp_path.iterdir()) == []
