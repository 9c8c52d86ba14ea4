"""One report of a fit, as text and as JSON; laws beside each other; held-out curves from one set of points."""

import json

import numpy as np
import pytest

import rivervalley as rv
from rivervalley._common.checks import InputError
from rivervalley._common.json import dumps
from rivervalley.cli import main
from rivervalley.laws import AnnealingLaw, compare_laws, fit_report, predict_band, predict_held_out, published
from rivervalley.laws.base.points import Points
from rivervalley.laws.report import as_document, as_text


@pytest.fixture(scope="module")
def law():
    return AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full")


def wsd_curve(law):
    s = rv.schedules.wsd(20_000, 2e-4, warmup_steps=500, decay_fraction=0.2)
    steps = np.arange(1000, 20_001, 1000)
    return rv.LossCurve(steps, 1.001 * law.predict_at(s, steps), s, "wsd")


def test_text_and_document_say_the_same(law):
    fit = fit_report(law, [published.cosine()], [wsd_curve(law)], ["a note"])
    text, document = as_text(fit), json.loads(dumps(as_document(fit)))
    assert document["params"] == law.params and document["diagnostics"]["objective"] == law.result.objective
    end = document["held_out_ends"]["wsd"]
    assert f"{end['predicted']:.4f}   {end['low']:.4f} to {end['high']:.4f}" in text
    assert document["scores"]["held_out"]["wsd"]["mape"] == pytest.approx(0.001 / 1.001)
    assert any(line.startswith("wsd ") and line.endswith("0.10%     0.10%") for line in text.splitlines())
    assert "note: a note" in text and document["notes"] == ["a note"]
    for name, value in document["params"].items():
        assert any(line.startswith(name) and f"{value:.6g}" in line for line in text.splitlines())
    assert "decay_factor                  0.999   fixed" in text


def test_a_held_out_curve_is_what_score_band_and_end_loss_say_each(law):
    curve = wsd_curve(law)
    found = predict_held_out(law, curve)
    band = predict_band(law, curve.schedule)
    assert (found.predicted, found.low, found.high) == (band.loss[0], band.low[0], band.high[0])
    assert found.scores == law.score(curve) and found.loss == law.end_loss(curve) and found.step == 20_000
    assert found.covered and not predict_held_out(law, rv.LossCurve(curve.steps, 1.1 * curve.loss, curve.schedule)).covered
    with pytest.raises(InputError, match="constructed directly"):
        predict_held_out(AnnealingLaw(L0=1.0, A=1.0, alpha=0.5, C=0.1), curve)


def test_a_prediction_computes_its_points_and_its_terms_once(law, monkeypatch):
    counted = {"points": 0, "terms": 0}
    of, terms = Points.of, AnnealingLaw.terms

    def count_points(*arguments, **options):
        counted["points"] += 1
        return of(*arguments, **options)

    def count_terms(points):
        counted["terms"] += 1
        return terms(points)

    monkeypatch.setattr(Points, "of", count_points)
    monkeypatch.setattr(AnnealingLaw, "terms", staticmethod(count_terms))
    predict_band(law, published.cosine_schedule(), [1000, 20_001])
    assert counted == {"points": 1, "terms": 1}
    predict_held_out(law, published.cosine())
    assert counted == {"points": 2, "terms": 2}


def test_laws_are_compared_by_what_they_predict(law):
    fitted, held = [published.cosine(), published.constant()], [wsd_curve(law)]
    rows = compare_laws(fitted, held, ["steps", "annealing", "auto"])
    assert rows[-1].law == "steps" and {row.law for row in rows} == {"steps", "annealing", "auto (equilibrium)"}
    (annealing,) = (row for row in rows if row.law == "annealing")
    direct = AnnealingLaw.fit(fitted)
    assert annealing.held_out == direct.score(held[0]) and annealing.parameters == 4
    assert annealing.fitted.mape == pytest.approx(np.mean([direct.score(curve).mape for curve in fitted]))
    assert annealing.fitted.points == 40
    assert compare_laws(fitted, [], ["steps"])[0].held_out is None


@pytest.mark.parametrize("schedule", ["from_lr([0.0])", "from_lr([0.0, 0.0, 0.0])"])
def test_a_schedule_without_an_lr_above_zero_is_refused(law, schedule, tmp_path, capsys):
    law.save(tmp_path / "law.json")
    assert main(["predict", str(tmp_path / "law.json"), schedule]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "must have an LR above 0" in captured.err


def test_a_run_of_one_update_is_predicted_and_drawn(law, tmp_path, capsys):
    law.save(tmp_path / "law.json")
    words = ["predict", str(tmp_path / "law.json"), "constant(steps=1, peak_lr=2e-4)", "--plot", str(tmp_path / "x.png")]
    assert main(words) == 0
    assert (tmp_path / "x.png").is_file() and "         1 " in capsys.readouterr().out


def test_where_no_lr_came_yet_the_band_is_open_and_says_why(law):
    s = rv.schedules.from_lr([0.0, 2e-4, 2e-4])
    band = predict_band(law, s, [1, 3])
    assert (band.low[0], band.high[0]) == (0.0, np.inf) and np.isfinite(band.high[1])
    assert any("at step 1: the LR was 0 until then" in caution for caution in band.cautions)


def test_curves_of_two_sizes_are_said_to_be_no_one_configuration():
    from rivervalley.laws.report import NO_SINGLE_LAW

    curves = [rv.datasets.load(f"mpl/{name}") for name in ("25M_constant_24000", "400M_cosine_24000", "25M_cosine_24000")]
    for chosen, apart in ((curves[:2], True), (curves[::2], False), (curves[:1], False)):
        text = as_text(fit_report(rv.laws.fit(chosen, law="annealing"), chosen))
        assert text.startswith(NO_SINGLE_LAW) == apart


def test_a_law_in_a_notebook(law):
    page = law._repr_html_()
    assert page.startswith("<div><strong>annealing law</strong><table><tr><th>formula</th>") and page.endswith("</table></div>")
    assert all(f"<th>{name}</th><td>{value:.5g}, " in page for name, value in law.params.items() if name in law.intervals)
    assert "fitted to" in page and "fitted to" not in AnnealingLaw(L0=2.6, A=0.4, alpha=0.5, C=0.4)._repr_html_()
