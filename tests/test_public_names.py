"""Every public name can be had, first of all names, in a fresh process."""

import subprocess
import sys

import pytest

import rivervalley as rv


@pytest.mark.parametrize("name", sorted(rv.__all__))
def test_name_alone(name):
    code = f"import rivervalley as rv; assert rv.{name} is rv.{name}; assert {name!r} in dir(rv)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rv.nothing  # noqa: B018
