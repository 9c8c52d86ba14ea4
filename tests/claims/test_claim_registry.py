"""Claims register themselves, and other installed packages offer more."""

import json
import sys

import pytest

import rivervalley as rv
from rivervalley.claims import registry
from rivervalley.cli import main

MODULE = """
from rivervalley.claims.checks import near
from rivervalley.claims.registry import register_claim

@register_claim(
    id="MY-02",
    paper="a package of one's own",
    section="",
    statement="A constant LR sums to steps times the peak.",
    formula="S1 = n eta",
    status="derived",
    kind="exact",
    ruling="arithmetic",
    premise="A constant LR.",
    breaks="the constant LR: twice as large",
    control=lambda setting: [near("S1", 1.0, 2.0)],
)
def constant_area(setting):
    return [near("S1", 1.0, 1.0)]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A small package as an installer leaves it; claims that tests register are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    registry.claim_ids()
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))

    def package(module, text, *entries):
        monkeypatch.delitem(sys.modules, module, raising=False)
        (folder / f"{module}.py").write_text(text)
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[rivervalley.claims]\n" + "".join(f"{line}\n" for line in entries))

    return package


def test_a_claim_of_another_package_is_known_everywhere_and_imported_when_asked_for(install, capsys, tmp_path):
    install("own_claims", MODULE, "MY-02 = own_claims:constant_area")
    assert registry.claim_ids()[-1] == "MY-02"
    assert rv.claims.select(["KS-01"])[0].id == "KS-01" and "own_claims" not in sys.modules, "known without importing it"
    assert main(["validate", "my", "--controls", "--json", "--workers", "1", "--report", str(tmp_path / "out")]) == 0
    assert "own_claims" in sys.modules
    (verdict,) = json.loads(capsys.readouterr().out)["claims"]
    assert verdict["id"] == "MY-02" and verdict["passed"] is True and verdict["control_failed"] is True
    assert "## Claims MY of other packages" in (tmp_path / "out" / "report.md").read_text()
    assert [claim.id for claim in rv.claims.list("MY")] == ["MY-02"] and rv.claims.list()[-1].id == "MY-02"
    assert rv.claims.check("MY-02").ruling == "arithmetic"
    with pytest.raises(rv.InputError, match=r"a group \(.*EQ, MY\).*did you mean MY-02"):
        rv.claims.select(["MY-03"])


@pytest.mark.parametrize(
    "text, words",
    [
        ("raise RuntimeError('no licence')", "cannot be imported: no licence"),
        ("x = 1", "cannot be imported"),
        ("constant_area = 1", "must be a Claim of that id, not 1"),
        (MODULE, "must be a Claim of that id"),
    ],
)
def test_a_broken_package_is_named_and_harms_no_other_claim(install, text, words):
    install("own_broken", text, "MY-01 = own_broken:constant_area")
    with pytest.raises(rv.InputError, match=f"claim 'MY-01' of package 'own_broken' {words}"):
        rv.claims.list()
    assert rv.claims.check("KS-P01").passed


def test_a_package_cannot_replace_a_claim(install):
    install("own_first", "x = 1", "AL-01 = own_first:x")
    assert rv.claims.list("AL")[0].paper.startswith("arXiv") and registry.claim_ids().count("AL-01") == 1


def test_ids_are_taken_once_and_well_formed(install):
    fields = {name: getattr(rv.claims.list("AL")[0], name) for name in registry.Claim.__dataclass_fields__}
    measure = fields.pop("measure")
    with pytest.raises(ValueError, match="the claim 'AL-01' is there already"):
        rv.claims.register_claim(**fields)(lambda setting: [])
    with pytest.raises(ValueError, match="id must be two capital letters"):
        rv.claims.register_claim(**fields | {"id": "al-1"})(measure)
    with pytest.raises(rv.InputError, match="group must be one of AL"):
        rv.claims.list("XX")
