"""Laws by name, and laws of packages of one's own."""

import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest

from rivervalley import laws
from rivervalley._common.checks import InputError
from rivervalley.cli import main
from rivervalley.laws import LAWS, AnnealingLaw, ForwardLaw, published, register_law

MODULE = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rivervalley.laws import Law, ShapeParameter, register_law

@register_law
@dataclass(frozen=True)
class LogLaw(Law):
    """L = L0 + A / ln(2 + s)^alpha."""

    L0: float
    A: float
    alpha: float

    name: ClassVar[str] = "logarithmic"
    formula: ClassVar[str] = "L = L0 + A / ln(2 + s)^alpha"
    source: ClassVar[str] = "a package of one's own"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (ShapeParameter("alpha", "A", 0.01, 20.0, (0.5, 2.0), "log"),)

    @staticmethod
    def terms(points):
        x = np.log(2.0 + points.steps)

        def evaluate(shape):
            power = x ** -shape[0]
            return np.stack([np.ones(x.size), power]), (-np.log(x) * power)[None]

        return evaluate
'''


def install(folder, module, text, entries):
    """A small package as an installer leaves it: a module and its metadata."""
    (folder / f"{module}.py").write_text(text)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rivervalley.laws]\n" + "".join(f"{line}\n" for line in entries))


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path; laws that tests register are forgotten afterwards."""
    from rivervalley.laws.base import registry

    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    return folder


def test_a_law_of_an_installed_package_is_known_everywhere_and_imported_when_asked_for(site, tmp_path, capsys, monkeypatch):
    install(site, "own_laws", MODULE, ["logarithmic = own_laws:LogLaw"])
    monkeypatch.delitem(sys.modules, "own_laws", raising=False)
    assert "logarithmic" in LAWS and "logarithmic" in list(LAWS) and len(LAWS) == len(list(LAWS))
    assert "own_laws" not in sys.modules, "its name is known without importing it"
    law = laws.fit([published.cosine(), published.constant()], law="logarithmic")
    assert "own_laws" in sys.modules and law.name == "logarithmic" and LAWS["logarithmic"] is type(law)
    law.save(tmp_path / "law.json")
    assert laws.load(tmp_path / "law.json") == law
    assert main(["predict", str(tmp_path / "law.json"), "constant(steps=20000, peak_lr=2e-4)"]) == 0
    assert "logarithmic law" in capsys.readouterr().out
    assert main(["fit", "--help"]) == 0 and "logarithmic" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text, entry, words",
    [
        ("raise RuntimeError('no license')", "broken = own_broken:Law", "cannot be imported: no license"),
        ("x = 1", "broken = own_broken:Law", "cannot be imported"),
        ("x = 1", "broken = own_broken:x", "must be a Law of that name, not 1"),
        ("from rivervalley.laws import ForwardLaw", "broken = own_broken:ForwardLaw", "must be a Law of that name"),
    ],
)
def test_a_broken_package_is_named_and_harms_no_other_law(site, monkeypatch, text, entry, words):
    install(site, "own_broken", text, [entry])
    monkeypatch.delitem(sys.modules, "own_broken", raising=False)
    with pytest.raises(InputError, match=f"law 'broken' of package 'own_broken' {words}"):
        laws.fit([published.constant()], law="broken")
    assert laws.fit([published.constant()], law="forward").name == "forward"


def test_a_package_cannot_replace_a_law(site, monkeypatch):
    install(site, "own_annealing", "x = 1", ["annealing = own_annealing:x"])
    assert LAWS["annealing"] is AnnealingLaw


def test_two_laws_cannot_have_one_name(site):
    @dataclass(frozen=True)
    class Other(ForwardLaw):
        name: ClassVar[str] = "forward"

    with pytest.raises(ValueError, match="the name 'forward' belongs to"):
        register_law(Other)
    assert register_law(ForwardLaw) is ForwardLaw


def test_names_may_be_written_with_hyphens(tmp_path, capsys):
    curves = [published.cosine(), published.constant()]
    assert laws.fit(curves, law="multi-power").name == "multi_power"
    assert LAWS["annealing-weighted"] is LAWS["annealing_weighted"] and "multi-power" in LAWS
    with pytest.raises(InputError, match=r"law must be one of annealing, .*auto, not 'multi power'"):
        laws.fit(curves, law="multi power")
    with pytest.raises(KeyError):
        LAWS["nothing"]


def test_the_help_names_every_law(capsys):
    assert main(["fit", "--help"]) == 0
    text = "".join(capsys.readouterr().out.split())
    assert all(name in text for name in LAWS)
