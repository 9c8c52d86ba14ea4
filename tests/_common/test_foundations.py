"""Checks, atomic files, runs, figures, compiled-code cache."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rivervalley as rv
from rivervalley import plots
from rivervalley._common import checks, files


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.bool_(True), [1]])
def test_integer_refuses_what_is_none(value):
    with pytest.raises(rv.InputError, match="n must be an integer of at least 0, not"):
        checks.integer("n", value, 0)


def test_integer_takes_numpy_integers():
    assert checks.integer("n", np.int32(3), 0, 3) == 3
    with pytest.raises(rv.InputError, match="between 0 and 2, not 3"):
        checks.integer("n", np.int64(3), 0, 2)


@pytest.mark.parametrize("value", [True, "1", None, np.nan, np.inf, -np.inf, 1j, [1.0]])
def test_real_refuses_what_is_none(value):
    with pytest.raises(rv.InputError, match="x must be a finite number"):
        checks.real("x", value)


def test_open_ends():
    assert checks.real("x", 0.0, 0.0) == 0.0
    with pytest.raises(rv.InputError, match=r"above 0, not 0\.0"):
        checks.real("x", 0.0, 0.0, open_low=True)
    with pytest.raises(rv.InputError, match=r"below 1, not 1\.0"):
        checks.real("x", 1, 0.0, 1.0, open_high=True)


@pytest.mark.parametrize(
    "make", [lambda a: a.astype(">f8"), lambda a: a[::2], lambda a: a.astype(np.float32), np.asfortranarray]
)
def test_array_takes_any_layout(make):
    source = np.arange(6, dtype=float)
    out = checks.array("a", make(source))
    assert out.dtype == np.float64 and out.flags.c_contiguous
    assert np.array_equal(out, make(source))


def test_array_does_not_write_to_what_it_is_given():
    source = np.arange(3.0)
    copy = checks.array("a", source, copy=True)
    copy[0] = 9.0
    assert source[0] == 0.0


def test_steps_may_be_whole_floats():
    assert checks.rising_steps("s", [1.0, 2.0]).dtype == np.int64
    with pytest.raises(rv.InputError, match="whole numbers"):
        checks.rising_steps("s", [1.5, 2.0])


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_new_files_have_the_usual_permissions(tmp_path):
    files.write_text(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


@pytest.mark.parametrize("path, words", [("nowhere/a.txt", "folder that exists"), (".", "is a folder")])
def test_unwritable_paths_are_refused(path, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(rv.InputError, match=words):
        files.write_text(path, "x")


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    program = f"""
import os
from rivervalley._common import files
with files.replacing({str(path)!r}) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert path.read_text() == "old"


def test_names_as_long_as_the_system_allows(tmp_path):
    for name in ("x" * 251 + ".csv", "a." + "x" * 253, "ü" * 120 + ".png"):
        files.write_text(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"
    with pytest.raises(rv.InputError, match="File name too long"):
        checks.writable("path", tmp_path / ("x" * 256))


def test_only_ordinary_files_of_some_size_are_read(tmp_path):
    text = tmp_path / "a.txt"
    text.write_bytes(b"\xef\xbb\xbfx")
    assert files.read_text(text, "a text") == "x"
    text.write_bytes(b"\xff")
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "large", "wb") as file:
        file.truncate(files.MOST_BYTES + 1)
    for path, words in (
        (text, "UTF-8"),
        (tmp_path, "it is a folder"),
        (tmp_path / "pipe", "it is a pipe or a device"),
        ("/dev/zero", "it is a pipe or a device"),
        (tmp_path / "large", "larger than 256 MB"),
        (tmp_path / "none", "No such file"),
        ("a\0b", "null"),
        (None, "path of a text"),
    ):
        with pytest.raises(rv.InputError, match=words):
            files.read_text(path, "a text")


def test_a_divergence_comes_whole_from_another_process():
    error = pickle.loads(pickle.dumps(rv.DivergenceError("trajectory 3 diverged", 3, 7)))
    assert (str(error), error.trajectory, error.step) == ("trajectory 3 diverged", 3, 7)


def test_runs_are_read_only():
    run = rv.simulate(rv.landscapes.RiverValley([1.0]), rv.schedules.constant(10, 0.1), trajectories=3)
    with pytest.raises(ValueError, match="read-only"):
        run.loss[0] = 1.0
    with pytest.raises(TypeError):
        run.components["river"] = run.loss
    assert (run.end_step, run.trajectories) == (10, 3)
    assert run.curve().schedule == run.schedule


def test_a_run_without_losses_after_the_start_has_no_curve():
    run = rv.simulate(rv.landscapes.RiverValley([1.0]), rv.schedules.constant(10, 0.1), trajectories=3, record_at=[0])
    with pytest.raises(rv.InputError, match="no curve"):
        run.curve()


def test_figures_carry_the_data():
    run = rv.simulate(rv.landscapes.RiverValley([1.0]), rv.schedules.constant(1000, 0.1), trajectories=8)
    _, ax = plots.figure()
    plots.plot_run(run, ax)
    lines = {line.get_label(): line for line in ax.lines}
    assert np.array_equal(lines["constant"].get_ydata(), run.loss)
    assert np.array_equal(lines["constant: river"].get_ydata(), run.components["river"])
    _, axes = plots.figure(1, 3)
    plots.plot_schedules([run.schedule], axes)
    assert np.allclose(axes[1].lines[0].get_ydata()[-1], 100.0)


def test_the_style_does_not_outlive_its_block():
    import matplotlib

    before = dict(matplotlib.rcParams)
    with plots.style():
        assert matplotlib.rcParams["axes.grid"] is True
    assert dict(matplotlib.rcParams) == before


CALLED = """
from rivervalley.kernels._compile import device

@device
def slope(x):
    return 2.0 * x
"""
ENTRY = """
import numba
from rivervalley.kernels._compile import CACHE_FOLDER, kernel
from rivervalley.kernels.called import slope

@kernel
def descend(x):
    return x - 0.25 * slope(x)

assert not numba.config.CACHE_DIR, numba.config.CACHE_DIR
print(CACHE_FOLDER, descend(1.0), sum(descend.stats.cache_hits.values()), sep="|")
"""


@pytest.fixture
def tiny_package(tmp_path):
    """A kernel that calls another file's function, compiled and cached as ours are."""
    kernels = tmp_path / "rivervalley" / "kernels"
    kernels.mkdir(parents=True)
    (tmp_path / "rivervalley" / "__init__.py").touch()  # a folder without one would give way to an installed rivervalley
    source = Path(rv.__file__).parent / "kernels" / "_compile.py"
    for name, text in (("__init__", ""), ("_compile", source.read_text()), ("called", CALLED), ("entry", ENTRY)):
        (kernels / f"{name}.py").write_text(text)
    return tmp_path


def run_tiny(folder, cache):
    """Cache folder, result, kernels found in the cache."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "RIVERVALLEY_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-m", "rivervalley.kernels.entry"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("|")


def test_an_edit_of_a_called_function_is_not_missed_by_the_cache(tiny_package):
    cache = tiny_package / "cache"
    first = run_tiny(tiny_package, cache)
    assert first[1:] == ["0.5", "0"] and list(Path(first[0]).rglob("*.nbc"))
    assert run_tiny(tiny_package, cache) == [first[0], "0.5", "1"]
    called = tiny_package / "rivervalley" / "kernels" / "called.py"
    called.write_text(CALLED.replace("2.0", "1.0"))
    second = run_tiny(tiny_package, cache)
    assert second[1:] == ["0.75", "0"] and second[0] != first[0]


def test_without_a_cache_everything_still_runs(tiny_package):
    assert run_tiny(tiny_package, "off") == ["None", "0.5", "0"]
    blocked = tiny_package / "file"
    blocked.write_text("")
    assert run_tiny(tiny_package, blocked / "cache") == ["None", "0.5", "0"]
