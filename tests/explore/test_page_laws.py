"""What the page computes, in a real browser, against the package: laws, intervals, differences, steps saved, the valley."""

import itertools

import numpy as np
import pytest
from explore.browser import opened
from explore.test_mixture import LAWS, disagreement, fitted

import rivervalley as rv
from rivervalley import laws
from rivervalley._common.json import plain
from rivervalley.explore.mixture import DRAGGED_SLACK, page_law

USUAL = {"steps": 3000, "peak": 1e-3, "warmup": 100}
EVALUATE = """([law, kinds, slack, usual]) => kinds.map((kind) => {
    const s = rv.schedules.checked(kind, usual), run = rv.schedules.build(s);
    const steps = rv.schedules.places(run.pieces, 320);
    const found = rv.law.evaluate(law, run, steps.map((n) => n - 1), slack);
    return {text: s.kind === 'knots' ? null : rv.copy.call(s), warmup: s.warmup, lr: Array.from(run.lr),
            steps: Array.from(steps), loss: Array.from(found.loss)};
})"""
BAND = """([page, kind, usual]) => {
    const run = rv.schedules.build(rv.schedules.checked(kind, usual));
    Object.assign(run, rv.predict.unusual(run));
    const predicted = rv.predict.curve(page, run, rv.schedules.places(run.pieces, 320));
    return {lr: Array.from(run.lr), warmup: run.warmup, end: rv.predict.end(run, rv.predict.curve(page, run, Int32Array.of(run.lr.length))),
            steps: Array.from(predicted.steps), low: Array.from(predicted.low), high: Array.from(predicted.high),
            ...rv.predict.cautions(page, run, predicted)};
}"""


def random_schedule(rng, steps=(700, 4000), peaks=(2e-4, 4e-3)):
    """A schedule as the page holds it, of any kind."""
    length = int(rng.integers(*steps))
    peak = float(np.exp(rng.uniform(*np.log(peaks))))
    kind = str(rng.choice(["constant", "cosine", "linear", "wsd", "wsd_s", "knots"]))
    s = {"kind": kind, "steps": length, "peak": peak, "warmup": int(rng.integers(0, length // 8))}
    s["final"] = float(rng.choice([0.0, 0.1 * peak, 0.5 * peak]))
    s["decay"] = int(rng.integers(1, length))
    s["shape"] = str(rng.choice(["linear", "cosine", "sqrt", "inverse", "exponential", "square"]))
    s["cycles"], s["fraction"] = int(rng.integers(2, 6)), float(rng.uniform(0.05, 0.5))
    places = np.sort(rng.choice(length, 4, replace=False)).tolist()
    s["knots"] = [[int(n), float(rng.uniform(0.0, peak))] for n in places] + [[length, 0.0]]
    return s


@pytest.fixture(scope="module")
def tab(browser, page):
    with opened(browser, page) as found:
        yield found


@pytest.mark.slow
def test_every_law_agrees_with_python_on_50_random_schedules(tab):
    rng = np.random.default_rng(5)
    kinds = [random_schedule(rng) for _ in range(50)]
    worst = {}
    for law in LAWS:
        for found in tab.evaluate(EVALUATE, [plain(page_law(law)), kinds, None, USUAL]):
            schedule = rv.schedules.from_lr(found["lr"], warmup_steps=found["warmup"])
            if found["text"] is not None:
                constructed = rv.schedules.parse(found["text"])
                assert constructed.warmup_steps == schedule.warmup_steps
                assert np.abs(constructed.lr - schedule.lr).max() < 1e-14 * schedule.peak_lr
            steps = np.array(found["steps"])
            with np.errstate(divide="ignore"):
                places = asked(law, schedule, steps)
                expected = law.predict_at(schedule, places)[np.searchsorted(places, steps)]
            loss = np.array([np.nan if value is None else value for value in found["loss"]], dtype=float)
            known = np.isfinite(expected)
            assert known.sum() > 100
            error = disagreement(loss[known], expected[known])
            worst[law.name] = max(worst.get(law.name, 0.0), error)
            assert error < 1e-9, f"{law.name} on {found['text']}: off by {error:.2g}"
    print({name: f"{error:.1e}" for name, error in worst.items()})  # noqa: T201


@pytest.mark.slow
def test_a_wrong_number_is_noticed(tab):
    rng = np.random.default_rng(6)
    law = LAWS[0]
    form = plain(page_law(law))
    form["mixtures"][0]["nodes"][0] *= 1.0 + 1e-6
    found = tab.evaluate(EVALUATE, [form, [random_schedule(rng) | {"kind": "cosine"}], None, USUAL])[0]
    schedule = rv.schedules.from_lr(found["lr"], warmup_steps=found["warmup"])
    assert np.abs(np.array(found["loss"]) - law.predict_at(schedule, found["steps"])).max() > 1e-9


@pytest.mark.slow
def test_what_thinning_costs_the_multi_power_law_while_a_knot_is_dragged(tab):
    rng = np.random.default_rng(7)
    kinds = [random_schedule(rng, steps=(20_000, 60_000)) for _ in range(10)]
    form = plain(page_law(LAWS[6]))
    exact = tab.evaluate(EVALUATE, [form, kinds, 0, USUAL])
    thinned = tab.evaluate(EVALUATE, [form, kinds, DRAGGED_SLACK, USUAL])
    costs = [np.abs(np.array(a["loss"]) - np.array(b["loss"])).max() for a, b in zip(exact, thinned, strict=True)]
    print(f"thinning changes losses by at most {max(costs):.1e} nats")  # noqa: T201
    assert 0.0 < max(costs) < 1e-4


def asked(law, schedule, steps):
    """The page's steps; for laws that merge updates between readings all of them, so that Python merges nothing."""
    return np.arange(1, schedule.steps + 1) if law.name in ("relaxation", "multi_power") else steps


@pytest.mark.slow
def test_intervals_and_differences_are_those_of_python(tab):
    from rivervalley.explore.page import page_data

    rng = np.random.default_rng(8)
    for law in fitted():
        data = plain(page_data(law, runs=[]))
        usual = {"steps": 24_000, "peak": 3e-4, "warmup": 2160}
        kinds = [random_schedule(rng, (2_000, 9_000), (1e-4, 1e-3)) for _ in range(5)]
        kinds.append(
            {"kind": "knots", "steps": 9000, "knots": [[200, 3e-4], [3000, 0.0], [4000, 0.0], [6000, 4e-4], [9000, 1e-4]]}
        )
        kinds.append({"kind": "wsd", "steps": 200_000, "peak": 3e-4, "warmup": 2000, "decay": 40_000, "final": 0.0})
        ends = []
        for kind in kinds:
            found = tab.evaluate(BAND, [data, kind, usual])
            schedule = rv.schedules.from_lr(found["lr"], warmup_steps=found["warmup"])
            if found["unsupported"]:
                assert law.unsupported(schedule) is not None
                continue
            steps, after = np.array(found["steps"]), np.array(found["steps"]) >= schedule.warmup_steps
            band = laws.predict_band(law, schedule, asked(law, schedule, steps))
            at = np.searchsorted(band.steps, steps)
            for edge in ("low", "high"):
                values = np.array([np.inf if value is None else value for value in found[edge]])[after]
                expected = getattr(band, edge)[at][after]
                both = np.isfinite(values)
                assert np.array_equal(both, np.isfinite(expected))
                error = disagreement(values[both], expected[both])
                assert error < 1e-6, f"{law.name}: {edge} under {kind['kind']} off by {error:.1e}"
            assert len(found["cautions"]) == len(law.cautions(schedule))
            ends.append((schedule, found["end"]))
        for (s1, first), (s2, second) in itertools.pairwise(ends):
            value = tab.evaluate("(x) => rv.predict.difference(...x)", [data["interval"], first, second])
            band = laws.difference_band(law, s1, s2)
            merged = {"multi_power": 2e-3, "relaxation": 1e-5}.get(
                law.name, 0.0
            )  # at one point alone Python merges drops long past
            assert value["value"] == pytest.approx(band.difference, abs=1e-9 + merged)
            assert value["reach"] == pytest.approx(band.high - band.difference, abs=1e-6 + merged)


@pytest.mark.slow
def test_steps_saved_are_those_that_a_constant_lr_takes(tab, law):
    wide = laws.EquilibriumLaw(**{**law.params, **law.configuration, "B": 0.02 * law.params["B"]})
    for chosen in (wide, LAWS[0], LAWS[3], LAWS[6]):
        loss, at_end, reached = tab.evaluate(
            """(law) => {
                const usual = {steps: 6000, peak: 1e-3, warmup: 200};
                const run = rv.schedules.build(rv.schedules.checked({kind: 'wsd', decay: 600, final: 5e-4}, usual));
                const loss = rv.law.evaluate(law, run, Int32Array.of(5999)).loss[0];
                const constant = rv.predict.constant(law, 1e-3, 200, 6000);
                return [loss, constant.at_end, rv.predict.reaches(constant, loss)];
            }""",
            plain(page_law(chosen)),
        )
        there = rv.schedules.constant(6000, 1e-3, warmup_steps=200)
        assert at_end == pytest.approx(chosen.predict(there)[-1], abs=1e-5)
        assert abs(reached - 6000) > 50
        after = rv.schedules.constant(round(reached), 1e-3, warmup_steps=200)
        assert chosen.predict_at(after, [round(reached)])[0] == pytest.approx(loss, abs=2e-5)


@pytest.mark.slow
def test_losses_in_the_valley_are_the_exact_expectations(tab):
    from rivervalley.explore.valley import example_valley, page_valley

    rng = np.random.default_rng(9)
    valley = example_valley(3000)
    data = plain(page_valley(valley, 1e-3))
    for kind in [random_schedule(rng, peaks=(2e-4, 2e-3)) for _ in range(10)]:
        found = tab.evaluate(
            """([valley, kind, usual]) => {
                const run = rv.schedules.build(rv.schedules.checked(kind, usual)), at = rv.schedules.places(run.pieces, 100).map((n) => n - 1);
                const {river, hill} = rv.valley.expected(valley, run.lr, valley.lr_times, 1, at);
                return {lr: Array.from(run.lr), at: Array.from(at), river: Array.from(river), hill: Array.from(hill)};
            }""",
            [data, kind, USUAL],
        )
        schedule = rv.schedules.from_lr(found["lr"]).scaled(data["lr_times"])
        run = valley.expected(schedule, record_at=np.array(found["at"]) + 1)
        for part in ("river", "hill"):
            assert np.allclose(found[part], run.components[part], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_points_move_with_the_means_and_variances_of_sgd(tab):
    """Each of 200 statistics is normal to good accuracy; beyond 6 standard errors one in 1e6 sets of points would fail."""
    from rivervalley.explore.valley import example_valley, page_valley

    points, valley = 20_000, example_valley(3000)
    data = plain(page_valley(valley, 1e-3))
    lr = rv.schedules.wsd(3000, 1e-3, warmup_steps=100, decay_steps=900).lr
    frames = np.linspace(0, 2999, 50).astype(int)
    x, y = tab.evaluate(
        """([valley, lr, frames, points]) => {
            const {x, y} = rv.valley.cloud(valley, lr, valley.lr_times, 1, frames, points);
            return [x, y].map((axis) => axis.map((values) => {
                const mean = values.reduce((a, b) => a + b, 0) / points;
                return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / (points - 1)];
            }));
        }""",
        [data, lr.tolist(), frames.tolist(), points],
    )
    for found, mode in ((x, data["modes"][-1]), (y, data["modes"][data["shown"]])):
        mean, variance = mode["start"], 0.0
        for t, eta in enumerate(lr * data["lr_times"]):
            keep = 1.0 - eta * mode["curvature"]
            mean = mode["centre"] + keep * (mean - mode["centre"])
            variance = keep**2 * variance + (eta * mode["noise_std"]) ** 2
            if t in frames:
                its_mean, its_variance = found[int(np.searchsorted(frames, t))]
                assert abs(its_mean - mean) < 6.0 * np.sqrt(variance / points)
                assert abs(its_variance / variance - 1.0) < 6.0 * np.sqrt(2.0 / points)
