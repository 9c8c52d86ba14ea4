"""Files of laws: everything comes back, older formats and damaged files are refused in one sentence."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rivervalley as rv
from rivervalley._common.checks import InputError
from rivervalley._common.json import exact
from rivervalley.cli import main
from rivervalley.laws import AnnealingLaw, MultiPowerLaw, load, predict_band, published


@pytest.fixture(scope="module")
def law():
    return AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full", decay_factor=None)


@pytest.fixture(scope="module")
def saved(law, tmp_path_factory):
    path = tmp_path_factory.mktemp("laws") / "law.json"
    law.save(path)
    return path


@pytest.mark.parametrize(
    "fit",
    [
        lambda: AnnealingLaw.fit([published.cosine(), published.constant()], warmup_area="full"),
        lambda: AnnealingLaw.fit(published.constant(), decay_factor=None),  # infinite intervals
        lambda: MultiPowerLaw.fit([published.cosine(), published.constant()], beta_strength=100.0),
        lambda: rv.laws.fit([published.cosine(), published.constant()], law="auto"),
    ],
)
def test_the_whole_result_comes_back(fit, tmp_path):
    law = fit()
    law.save(tmp_path / "law.json")
    back = load(tmp_path / "law.json")
    assert back == law and exact(back.result) == exact(law.result)
    assert back.result.rule == law.result.rule and back.diagnostics == law.diagnostics
    s = rv.schedules.wsd(20_000, 2e-4, warmup_steps=500, decay_fraction=0.2)
    one, two = predict_band(back, s), predict_band(law, s)
    assert (one.low[0], one.high[0]) == (two.low[0], two.high[0])


def refused(path, capsys):
    """The sentence that `load` and the command refuse a file with."""
    with pytest.raises(InputError) as error:
        load(path)
    sentence = str(error.value)
    assert "\n" not in sentence and len(sentence) < 600
    assert main(["predict", str(path), "constant(steps=10, peak_lr=2e-4)"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and sentence in printed.err
    return sentence


def test_an_older_format_is_named(tmp_path, capsys):
    (tmp_path / "law.json").write_text('{"format": "rivervalley law 1", "law": "annealing", "params": {}}')
    assert "is of format 'rivervalley law 1', of another version: fit the law again" in refused(tmp_path / "law.json", capsys)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"format": "rivervalley law 2", "law": ' + "[" * 900 + "]" * 900 + "}", "path must be a law's"),
        ("1" * 5000, "is no JSON"),
        ("[1]", "must be a JSON object"),
        ("{}", "is none"),
        ('{"format": 2}', "is none"),
        ('{"format": "rivervalley law 2"}', "'law' is missing"),
    ],
    ids=["empty", "deep", "nested", "digits", "list", "object", "number", "bare"],
)
def test_what_is_no_law_is_refused(text, words, tmp_path, capsys):
    (tmp_path / "law.json").write_text(text)
    assert words in refused(tmp_path / "law.json", capsys)


def test_folders_and_devices_are_refused(tmp_path, capsys):
    assert "a folder, a device or a pipe" in refused(tmp_path, capsys)
    assert "a folder, a device or a pipe" in refused("/dev/zero", capsys)


@pytest.mark.parametrize(
    "path, value, words",
    [
        (("law",), "anealing", "must be one of"),
        (("params", "alpha"), int("9" * 400), "the law.params.alpha must be a number"),
        (("params", "alpha"), -1.0, "params and result.params differ"),
        (("params",), {"alpha": 1.0}, "params and result.params differ"),
        (("warmup_area",), "half", "warmup_area must be one of"),
        (("result", "covariance"), [[1.0]], "covariance must have shape"),
        (("result", "hessian"), [[1.0], [2.0, 3.0]], "rows of equal length"),
        (("result", "identified"), [True], "identified must have"),
        (("result", "names"), ["L0"], "covariance must have shape"),
        (("result", "curves"), [], "at least one curve"),
        (("result", "curves"), None, "must be a list"),
        (("result", "peak_lr"), [1.0], "must have 2 entries"),
        (("result", "starts", "agreeing"), 1.5, "must be a whole number"),
        (("result", "warnings"), [{"code": "x"}], "'text' is missing"),
        (("result", "objective"), {}, "must be a number"),
    ],
)
def test_wrong_entries_are_named(saved, path, value, words, tmp_path, capsys):
    data = json.loads(saved.read_text())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (tmp_path / "law.json").write_text(json.dumps(data))
    assert words in refused(tmp_path / "law.json", capsys)


JUNK = st.sampled_from([None, True, -1, 10**400, 1e308, "", "nan", "inf", [], [[]], {}, {"a": 1}, [1, "x"], "annealing"])


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_entry_replaced_by_junk_is_read_or_refused(saved, data, tmp_path_factory):
    content = json.loads(saved.read_text())
    place = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(JUNK)
            break
        place = inner
    path = tmp_path_factory.getbasetemp() / "junk.json"
    path.write_text(json.dumps(content))
    try:
        law = load(path)
    except InputError as error:
        assert "\n" not in str(error)
        return
    with np.errstate(all="ignore"):
        if law.result is not None:
            predict_band(law, rv.schedules.constant(100, 2e-4))
        rv.laws.summary(law)
