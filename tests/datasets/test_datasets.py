"""The curves that come with the package: complete, to the published digits, with exact rates."""

import hashlib

import numpy as np
import pack_curves
import pytest
import shared_curves

import rivervalley as rv
from rivervalley import datasets
from rivervalley.datasets.pieces import Piece, build
from rivervalley.datasets.shipped import TABLES

NAMES = datasets.list()


def test_every_run_of_the_index_is_there():
    assert len(NAMES) == len(set(NAMES)) == sum(len(datasets.list(f"{family}/")) for family in FAMILIES)
    for name in NAMES:
        run, curve = datasets.info(name), datasets.load(name)
        assert curve.name == name.split("/")[1]
        assert curve.schedule.steps == run.total_steps
        assert curve.schedule.peak_lr == pytest.approx(run.peak_lr, rel=1e-12)
        assert curve.schedule_source == "given"
        # The source may count a warm-up's updates up to the last one below the peak.
        assert curve.schedule.warmup_steps - run.warmup_steps in ((0, 1) if run.warmup_steps else (0,))


FAMILIES = {
    "mpl": "thu-yao-01-luo/MultiPowerLaw",
    "lrs": "fabian-sp/lr-scheduling",
    "olmo": "allenai/OLMo",
    "nanogpt": "KellerJordan/modded-nanogpt",
    "gemstones": "mcleish7/gemstone-scaling-laws",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_notice_names_every_source_and_its_licence(family):
    from importlib import resources

    notice = (resources.files("rivervalley.datasets") / "data" / "NOTICE").read_text(encoding="utf-8")
    assert {datasets.info(name).source for name in datasets.list(f"{family}/")} == {FAMILIES[family]}
    entry = notice[notice.index(f"{family}/ ") :].split("\n\n")[0]
    assert FAMILIES[family] in entry
    assert "at commit " in entry
    assert "Copyright" in entry
    assert ("MIT License" in entry) != ("Apache License 2.0" in entry)


def test_published_readings():
    """Numbers as the sources print them."""
    curve = datasets.load("mpl/25M_cosine_24000")
    assert (curve.steps[0], curve.loss[0], curve.schedule.lr[2160]) == (2160, 4.1114, 0.0003)
    curve = datasets.load("lrs/owt2_166M_const_lr0.0005_T30000")
    assert (curve.steps[:2].tolist(), curve.loss[:2].tolist()) == ([200, 400], [5.488797, 4.767591])
    assert curve.schedule.lr[0] == 5e-6
    curve = datasets.load("olmo/1B_cosine_1xC", "pile")
    assert (curve.steps[0], curve.loss[0]) == (200, 6.4672)
    assert datasets.table("nanogpt/seed_spread")["sd_end"][0] == 0.004062


def test_a_run_with_several_losses():
    assert datasets.info("lrs/owt2_166M_const_lr0.0005_T30000").losses == ("validation", "train")
    assert datasets.info("olmo/1B_cosine_1xC").losses[0] == "c4_en"
    one, other = (datasets.load("lrs/owt2_166M_const_lr0.0005_T30000", kind) for kind in ("validation", "train"))
    assert len(other) > 3 * len(one)
    assert one.schedule == other.schedule
    with pytest.raises(rv.InputError, match="loss must be one of validation, train, not 'test'"):
        datasets.load("lrs/owt2_166M_const_lr0.0005_T30000", "test")


def test_what_is_not_there_is_refused():
    with pytest.raises(
        rv.InputError, match=r"name must be that of a run, not 'mpl/25M_cosine'; did you mean mpl/25M_cosine_\d+"
    ):
        datasets.load("mpl/25M_cosine")
    for wrong in ("", 3, None):
        with pytest.raises(rv.InputError, match="which list\\(\\) names"):
            datasets.info(wrong)
    with pytest.raises(rv.InputError, match="prefix must be text"):
        datasets.list(3)
    with pytest.raises(rv.InputError, match="name must be one of gemstones/cooldowns"):
        datasets.table("mpl")


def test_branches_share_the_readings_of_their_trunk():
    branches = [run for run in map(datasets.info, NAMES) if run.branch_of in NAMES and run.name.startswith(("lrs", "olmo"))]
    assert branches
    for run in branches:
        branch, trunk = (datasets.load(name).until(run.branch_step - 1) for name in (run.name, run.branch_of))
        shared = np.isin(branch.steps, trunk.steps)
        np.testing.assert_array_equal(branch.loss[shared], trunk.loss[np.isin(trunk.steps, branch.steps)])
        assert shared.mean() > 0.9


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("const", [2.0, 2.0, 2.0]),
        ("linear", [2.0, 1.25, 0.5]),
        ("cosine", [2.0, 1.25, 0.5]),
        ("exp", [2.0, 1.0, 0.5]),
        ("sqrt", [2.0, 2.0 - 1.5 * 0.5**0.5, 0.5]),
    ],
)
def test_shapes_of_pieces(shape, expected):
    lr = build((Piece(3, 0, 3, shape, 2.0, 0.5, 0.0, 2.0),), False, shape).lr
    np.testing.assert_allclose(lr, expected, rtol=1e-15)


def test_tables_have_their_columns():
    for name in TABLES:
        columns = datasets.table(name)
        assert len({column.size for column in columns.values()}) == 1
        assert all(np.isfinite(column).any() for column in columns.values() if column.dtype.kind == "f")
    cooldowns = datasets.table("gemstones/cooldowns")
    assert cooldowns["shape"].dtype.kind == "U"
    assert np.all(cooldowns["loss_end"] < cooldowns["loss_begin"])
    for script in ("2024-12-04_ValueEmbed", "2024-12-10_MFUTweaks", "2025-09-27_BF16CE"):
        seeds, run = datasets.table(f"nanogpt/{script}.seeds"), datasets.load(f"nanogpt/{script}_1")
        kind = datasets.info(f"nanogpt/{script}_1").loss_kind
        np.testing.assert_array_equal(seeds[kind.split("(")[1].split()[0]][1:], run.loss)


def test_the_data_weigh_less_than_a_megabyte_and_a_half():
    files = [path for path in pack_curves.DATA.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_500_000


# Against the folder that was packed -------------------------------------------------------------------------------------


@shared_curves.needs_curves
def test_every_series_is_that_of_the_folder_to_the_last_bit():
    ours, theirs = datasets.collection(), datasets.collection(shared_curves.CURVES)
    assert ours.names() == theirs.names()
    for name in NAMES:
        assert ours.info(name) == theirs.info(name)
        for loss in ours.info(name).losses:
            for one, other in zip(ours.readings(name, loss), theirs.readings(name, loss), strict=True):
                np.testing.assert_array_equal(one, other)
        assert ours.schedule(name) == theirs.schedule(name)


@shared_curves.needs_curves
def test_rates_are_those_that_the_sources_logged():
    for name in NAMES:
        steps, lr, loss = shared_curves.columns(f"{name}.csv")
        schedule = datasets.collection().schedule(name)
        inside = steps < schedule.steps
        np.testing.assert_allclose(schedule.lr[steps[inside]], lr[inside], rtol=1e-12, atol=1e-12 * schedule.peak_lr)
        np.testing.assert_array_equal(datasets.load(name).loss, loss[steps > 0])
    for path in shared_curves.CURVES.glob("mpl/*.lr.npy"):
        name = next(name for name in NAMES if name.endswith("_" + path.name.removesuffix(".lr.npy")))
        np.testing.assert_allclose(datasets.load(name).schedule.lr, np.load(path), rtol=1e-14)


@shared_curves.needs_curves
def test_packing_the_folder_again_gives_the_same_files(tmp_path):
    pack_curves.pack(shared_curves.CURVES, tmp_path)
    for path in (path for path in tmp_path.rglob("*") if path.suffix == ".csv"):
        shipped = pack_curves.DATA / path.relative_to(tmp_path)
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(shipped.read_bytes()).digest(), path.name
    with np.load(tmp_path / "losses.npz") as again, np.load(pack_curves.DATA / "losses.npz") as shipped:
        for key in ("step_changes", "loss_changes"):
            np.testing.assert_array_equal(again[key], shipped[key])


def test_a_folder_that_is_none_of_curves(tmp_path):
    with pytest.raises(rv.InputError, match=r"index\.csv and schedules\.csv"):
        datasets.collection(tmp_path)
    (tmp_path / "index.csv").write_text("file,source\nx,y\n")
    (tmp_path / "schedules.csv").write_text("schedule_id\n")
    with pytest.raises(rv.InputError, match="cannot be read"):
        datasets.collection(tmp_path)
