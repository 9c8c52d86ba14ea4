"""Landscapes that other installed packages offer."""

import sys

import pytest

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.landscapes.registry import LANDSCAPES

MODULE = '''
import numpy as np

class Bowl:
    """L = stiffness / 2 |w|^2, without noise, in plain Python."""

    parts, lanes = ("loss",), 8

    def __init__(self, dim, stiffness=1.0):
        self.dim, self.stiffness = dim, stiffness

    def start(self, seed, first_trajectory, trajectories):
        return np.ones((self.dim, trajectories))

    def advance(self, block):
        w, k = block.state, 0
        for done in range(block.first_step, block.first_step + block.lr.size + 1):
            if k < block.record_at.size and block.record_at[k] == done:
                block.out[k, 0] = 0.5 * self.stiffness * (w**2).sum(axis=0)
                k += 1
            if done < block.first_step + block.lr.size:
                w *= 1.0 - self.stiffness * block.lr[done - block.first_step]
        return -1, -1
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A small package as an installer leaves it: a module and its metadata, in a folder on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def package(module, text, *entries):
        monkeypatch.delitem(sys.modules, module, raising=False)
        (folder / f"{module}.py").write_text(text)
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[rivervalley.landscapes]\n" + "".join(f"{line}\n" for line in entries))

    return package


def test_a_landscape_of_another_package_is_known_everywhere_and_imported_when_asked_for(install, monkeypatch, capsys):
    install("own_bowls", MODULE, "bowl = own_bowls:Bowl")
    assert "bowl" in LANDSCAPES and list(LANDSCAPES)[-1] == "bowl" and len(LANDSCAPES) == len(list(LANDSCAPES))
    monkeypatch.delitem(sys.modules, "rivervalley.cli.simulate", raising=False)  # its help is made at its first import
    assert main(["simulate", "--help"]) == 0
    assert "  bowl(...)" in (shown := capsys.readouterr().out) and "of the package own_bowls" in shown
    with pytest.raises(rv.InputError, match="did you mean bowl"):
        rv.landscapes.parse("bow(3)")
    assert "own_bowls" not in sys.modules, "its name is known without importing it"
    bowl = rv.landscapes.parse("bowl(3, stiffness=0.5)")
    assert "own_bowls" in sys.modules
    run = rv.simulate(bowl, rv.schedules.constant(10, 0.2), trajectories=20, record_at=[0, 10])
    assert run.loss.tolist() == pytest.approx([0.75, 0.75 * 0.9**20], rel=1e-14)
    assert main(["simulate", "bowl(2)", "constant(steps=5, peak_lr=0.1)"]) == 0
    with pytest.raises(rv.InputError, match=r"bowl: missing a required argument: 'dim'; its arguments are dim, stiffness=1\.0"):
        rv.landscapes.parse("bowl()")


@pytest.mark.parametrize(
    "text, call, words",
    [
        (
            "raise RuntimeError('no licence')",
            "broken()",
            "landscape 'broken' of package 'own_broken' cannot be imported: no licence",
        ),
        ("x = 1", "broken()", "cannot be imported"),
        ("Bowl = 1", "broken()", "must be callable, not 1"),
        ("Bowl = list", "broken()", r"landscape must be a call that gives a landscape, not \[\]"),
    ],
)
def test_a_broken_package_is_named_and_harms_no_other_landscape(install, capsys, text, call, words):
    install("own_broken", text, "broken = own_broken:Bowl")
    with pytest.raises(rv.InputError, match=words):
        rv.landscapes.parse(call)
    assert rv.landscapes.parse("hyperbola()").dim == 2
    assert main(["simulate", "--help"]) == 0


def test_a_package_cannot_replace_a_landscape(install):
    install("own_valley", "x = 1", "river_valley = own_valley:x")
    assert isinstance(rv.landscapes.parse("river_valley(hills=[1])"), rv.landscapes.RiverValley)
    assert list(LANDSCAPES).count("river_valley") == 1


def test_two_landscapes_cannot_have_one_name():
    with pytest.raises(ValueError, match="the landscape 'hyperbola' is there already"):
        LANDSCAPES.add("hyperbola", "", "")
