"""From model sizes to another: exact on curves that the law made, calibrated on public runs, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.laws import EquilibriumLaw, transfer_size
from rivervalley.laws.size_transfer import EARLY_SD, SIZE_SD

T, PEAK, WARM = 20_000, 5e-4, 300
SCHEDULES = (
    rv.schedules.constant(T, PEAK, warmup_steps=WARM),
    rv.schedules.wsd(T, PEAK, warmup_steps=WARM, decay_fraction=0.2),
)
TARGET = 8e8


def law_of(size):
    """A law whose constants are exactly those that the transfer assumes."""
    return EquilibriumLaw(
        L0=1.7 + 60.0 * size**-0.2, A=0.1 * size**0.08, alpha=0.54, B=0.2 * size**0.06, D=0.0, u=0.40, beta=0.32
    )


def curves_of(law, schedules=SCHEDULES, end=T):
    steps = np.arange(WARM + 100, end + 1, 100)
    return [rv.LossCurve(steps, law.predict_at(s, steps), s, s.name) for s in schedules]


@pytest.mark.parametrize("sizes", [(1e8, 3e8), (5e7, 1e8, 3e8)])
def test_curves_of_the_law_are_continued_exactly(sizes):
    transfer = transfer_size({size: curves_of(law_of(size)) for size in sizes}, TARGET)
    truth = law_of(TARGET)
    for name in ("L0", "A", "B"):
        assert getattr(transfer.law, name) == pytest.approx(getattr(truth, name), rel=1e-5)
    loss, low, high = transfer.final_loss(SCHEDULES[1])
    assert loss == pytest.approx(truth.predict_at(SCHEDULES[1], [T])[0], rel=1e-6)
    assert np.log(high / low) / 2 == pytest.approx(2.015 * SIZE_SD, rel=1e-3)


def test_the_beginning_of_a_run_tells_what_sizes_do_not():
    """The new size has another data set: L0 is off by .1, and the first tenth of a constant run says so."""
    other = replace(law_of(TARGET), L0=law_of(TARGET).L0 + 0.1)
    (early,) = curves_of(other, SCHEDULES[:1], T // 10)
    fitted = {size: curves_of(law_of(size)) for size in (1e8, 3e8)}
    blind, told = transfer_size(fitted, TARGET), transfer_size(fitted, TARGET, early)
    end = other.predict_at(SCHEDULES[1], [T])[0]
    assert blind.final_loss(SCHEDULES[1])[0] < end - 0.09
    assert told.offset == pytest.approx(0.1, abs=1e-5) and told.sd == EARLY_SD
    assert told.final_loss(SCHEDULES[1])[0] == pytest.approx(end, abs=1e-5)


def test_the_decay_of_an_early_run_is_not_read():
    law = law_of(TARGET)
    (run,) = curves_of(law, SCHEDULES[1:])
    spoiled = rv.LossCurve(run.steps, np.where(run.steps > 0.85 * T, 9.0, run.loss), run.schedule, "spoiled")
    fitted = {size: curves_of(law_of(size)) for size in (1e8, 3e8)}
    assert transfer_size(fitted, TARGET, spoiled).offset == pytest.approx(0.0, abs=1e-4)


def real(*names):
    return [rv.datasets.load(name) for name in names]


FAMILIES = [
    ({25e6: "mpl/25M", 100e6: "mpl/100M"}, 400e6, "mpl/400M", ("constant_24000", "cosine_24000", "wsdcon_9")),
    (
        {190.4e6: "olmo/190M", 371.3e6: "olmo/370M"},
        1279e6,
        "olmo/1B",
        ("constant_10xC", "wsd_1xC", "cosine_1xC", "wsd_5xC", "cosine_5xC"),
    ),
]


@pytest.mark.parametrize("small, size, large, runs", FAMILIES)
def test_real_runs_of_a_third_size_lie_within_the_interval(small, size, large, runs):
    fitted = {number: real(*(f"{prefix}_{run}" for run in runs)) for number, prefix in small.items()}
    transfer = transfer_size(fitted, size)
    for run in runs[1:]:
        (curve,) = real(f"{large}_{run}")
        loss, low, high = transfer.final_loss(curve.schedule)
        assert low < transfer.law.end_loss(curve) < high
        assert abs(loss / transfer.law.end_loss(curve) - 1.0) < 0.007
    assert not transfer.cautions


def test_a_size_far_away_has_a_wider_interval_and_a_caution():
    fitted = {size: curves_of(law_of(size)) for size in (1e8, 3e8)}
    far = transfer_size(fitted, 4.8e9)
    assert far.sd == pytest.approx(2 * SIZE_SD) and "more than 4 times" in far.cautions[0]


@pytest.mark.parametrize(
    "curves, size, early, message",
    [
        ({1e8: SCHEDULES}, TARGET, None, "two or more model sizes"),
        (None, TARGET, None, "two or more model sizes"),
        ({1e8: "good", -1.0: "good"}, TARGET, None, "curves .a size. must be"),
        ({1e8: "good", 3e8: "good"}, 0.0, None, "size must be"),
        ({1e8: "good", 3e8: "constant"}, TARGET, None, "must hold a run that decays"),
        ({1e8: "good", 3e8: "good"}, TARGET, "short", "early must have at least 3 readings"),
    ],
)
def test_bad_input_is_refused(curves, size, early, message):
    good = curves_of(law_of(1e8))
    flat = EquilibriumLaw(L0=2.0, A=0.5, alpha=0.54, B=0.0)
    known = {"good": good, "constant": curves_of(flat, SCHEDULES[:1]), "short": curves_of(law_of(1e8), SCHEDULES[:1], 500)[0]}
    if curves is not None:
        curves = {key: known.get(value, value) if isinstance(value, str) else list(value) for key, value in curves.items()}
    with pytest.raises(rv.InputError, match=message):
        transfer_size(curves, size, known.get(early))


def written(folder, name, curve):
    path = folder / name
    rows = [f"{n},{curve.schedule.lr[min(n, T) - 1]},{loss}" for n, loss in zip(curve.steps, curve.loss, strict=True)]
    path.write_text("step,lr,loss\n" + "\n".join(rows) + "\n")
    return (
        f"{path}:{'constant' if curve.schedule is SCHEDULES[0] else 'wsd'}(steps={T}, peak_lr={PEAK}, warmup_steps={WARM}"
        + (")" if curve.schedule is SCHEDULES[0] else ", decay_fraction=0.2)")
    )


def test_the_command_prints_writes_and_refuses(tmp_path, capsys):
    words = ["transfer"]
    for size in (1e8, 3e8):
        logs = [written(tmp_path, f"{size:g}_{k}.csv", curve) for k, curve in enumerate(curves_of(law_of(size)))]
        words += ["--size", f"{size:g}", *logs]
    words += ["--to", "8e8", "--steps", str(T), "--peak-lr", str(PEAK), "--warmup-steps", str(WARM)]
    assert main([*words, "--json", "-o", str(tmp_path / "law.json")]) == 0
    document = json.loads(capsys.readouterr().out)
    end = document["forecasts"][3]
    assert end["loss"] == pytest.approx(law_of(TARGET).predict_at(SCHEDULES[1], [T])[0], rel=1e-5)
    assert rv.laws.load(tmp_path / "law.json").L0 == pytest.approx(law_of(TARGET).L0, rel=1e-5)
    assert main(words) == 0
    assert "expected: from the other sizes" in capsys.readouterr().out
    assert main(["transfer", "--size", "1e8", "--to", "8e8", "--steps", "100"]) == 2
    assert "must be followed by the logs" in capsys.readouterr().err
    assert main([*words[:4], "--to", "8e8"]) == 2
    assert "--steps must be given" in capsys.readouterr().err
