"""Leave one curve out, and the profile of the decay factor."""

import json

import numpy as np
import pytest

import rivervalley as rv
from rivervalley import schedules
from rivervalley._common.checks import InputError
from rivervalley.cli import main
from rivervalley.laws import AnnealingLaw, ForwardLaw, decay_factor_profile, leave_one_out, predict_band, published

LAW = AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=0.41)
STEPS = np.arange(500, 8001, 100)


def made(noise=0.0):
    rng = np.random.default_rng(0)
    shapes = [schedules.constant(8000, 2e-4), schedules.cosine(8000, 2e-4), schedules.wsd(8000, 2e-4, decay_fraction=0.3)]
    return [rv.LossCurve(STEPS, LAW.predict_at(s, STEPS) * np.exp(noise * rng.standard_normal(STEPS.size)), s) for s in shapes]


def test_each_curve_is_predicted_from_the_others():
    curves = made(5e-4)
    found = leave_one_out(curves, AnnealingLaw)
    assert [one.name for one in found] == [curve.name for curve in curves]
    others = AnnealingLaw.fit(curves[1:])
    band = predict_band(others, curves[0].schedule, [8000])
    assert found[0].scores == others.score(curves[0])
    assert (found[0].predicted, found[0].low, found[0].high) == (band.loss[0], band.low[0], band.high[0])
    assert found[0].loss == curves[0].loss[-1]
    blind = leave_one_out(curves, ForwardLaw)
    assert max(one.scores.mape for one in found) < 2e-3 < max(one.scores.mape for one in blind)


def test_the_profile_is_that_of_fits():
    curves = [published.cosine(), published.constant()]
    found = decay_factor_profile(curves, (0.0, 0.99, 0.999), warmup_area="full")
    objective = [AnnealingLaw.fit(curves, decay_factor=x, warmup_area="full").diagnostics["objective"] for x in found]
    np.testing.assert_allclose(list(found.values()), np.array(objective) / min(objective), rtol=1e-9)
    assert min(found, key=found.get) == 0.999


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="at least 3"):
        leave_one_out(made()[:2], AnnealingLaw)
    with pytest.raises(InputError, match="factors"):
        decay_factor_profile(made(), [-0.1])
    with pytest.raises(InputError, match="decay_factor"):
        decay_factor_profile(made(), [1.0])


def test_the_command(tmp_path, capsys):
    paths = []
    for k, curve in enumerate(made(5e-4)):
        paths.append(str(tmp_path / f"{k}.csv"))
        rv.write_curve(paths[-1], curve)
    assert main(["fit", *paths, "--cross-validate", "--law", "annealing"]) == 0
    out = capsys.readouterr().out
    assert "predicted from the other curves" in out and "by decay factor" in out
    assert main(["fit", *paths, "--cross-validate", "--json", "--law", "forward"]) == 0
    found = json.loads(capsys.readouterr().out)["cross_validation"]
    assert len(found["left_out"]) == 3 and found["decay_factor_profile"] == {}
    assert main(["fit", paths[0], "--cross-validate", "--law", "forward"]) == 0
    assert "no cross-validation" in capsys.readouterr().out
