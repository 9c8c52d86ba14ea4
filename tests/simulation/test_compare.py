"""The arena: what it compares, by expectation and by sampling; its command."""

import json

import numpy as np
import pytest
from scipy import stats

import rivervalley as rv
from rivervalley.cli import main
from rivervalley.simulation.compare import compare, contenders

VALLEY = rv.landscapes.RiverValley(np.geomspace(0.05, 1.0, 12), 0.14)
BUDGETS = [500, 1000, 2000]


def by_place(entries):
    return {(entry.name, entry.budget): entry for entry in entries}


def test_entries_are_the_runs_own_losses():
    found = by_place(compare(VALLEY, contenders(BUDGETS, 0.5), BUDGETS))
    assert len(found) == 6 * 3
    s = rv.schedules.wsd_s(BUDGETS, 0.5)
    run = VALLEY.expected(s, record_at=BUDGETS)
    for k, budget in enumerate(BUDGETS):
        entry = found["wsd-s", budget]
        assert entry.loss == run.loss[k]
        assert entry.parts["hill"] == run.components["hill"][k]
        assert entry.summed_lr == pytest.approx(s.lr[:budget].sum())
        own = VALLEY.expected(rv.schedules.cosine(budget, 0.5, final_lr=0.05))
        assert found["oracle cosine", budget].loss == own.loss[-1]


def test_charged_branches_shorten_the_trunk():
    found = by_place(compare(VALLEY, contenders(BUDGETS, 0.5), BUDGETS))
    assert [found["wsd, charged", budget].steps for budget in BUDGETS] == [500, 950, 1850]
    assert [found["wsd", budget].steps for budget in BUDGETS] == BUDGETS
    assert found["wsd, charged", 500].loss == found["wsd", 500].loss == found["wsd-s", 500].loss


def test_samples_agree_with_expectations():
    exact = compare(VALLEY, contenders(BUDGETS, 0.5), BUDGETS)
    sampled = compare(VALLEY, contenders(BUDGETS, 0.5), BUDGETS, trajectories=512, seed=3)
    limit = stats.norm.isf(1e-6 / 2 / len(exact))
    for a, b in zip(exact, sampled, strict=True):
        assert abs(a.loss - b.loss) < limit * b.loss_stderr
        assert a.loss_stderr == 0.0


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"schedules": {}}, "at least one"),
        ({"schedules": {"short": rv.schedules.constant(10, 0.1)}}, "'short' must have at least 2000 updates"),
        ({"schedules": {"odd": 3}}, "must be a Schedule or a function"),
        ({"schedules": {"odd": lambda budget: budget}}, "must give a Schedule"),
        ({"checkpoints": [5, 4]}, "checkpoints must rise"),
        ({"landscape": 3}, "landscape must be"),
    ],
)
def test_bad_input_is_refused(bad, words):
    arguments = {"landscape": VALLEY, "schedules": contenders(BUDGETS, 0.5), "checkpoints": BUDGETS, **bad}
    with pytest.raises(rv.InputError, match=words):
        compare(**arguments)


def test_the_command(capsys):
    words = ["compare", "river_valley(hills=[0.5, 1.0])", "--checkpoints", "100,200", "--peak-lr", "0.4"]
    assert main([*words, "--schedule", "linear(steps=200, peak_lr=0.4)"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["schedule", "loss", "at", "100", "S", "loss", "at", "200", "S"]
    assert any(line.startswith("linear ") for line in out.splitlines())
    assert main([*words, "--json", "--trajectories", "8"]) == 0
    assert {entry["budget"] for entry in json.loads(capsys.readouterr().out)} == {100, 200}
    assert main(["compare", "river_valley(hills=[0.5])", "--checkpoints", "a", "--peak-lr", "0.4"]) == 2
    assert "--checkpoints must be" in capsys.readouterr().err
