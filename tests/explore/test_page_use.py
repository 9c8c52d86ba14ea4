"""The page in use, in a real browser: dragged, by keyboard, from its URL, on a phone, in the dark, and what it gives away."""

import math
import sys
import types

import numpy as np
import pytest
from explore.browser import opened, settled

import rivervalley as rv

pytestmark = pytest.mark.slow
WSD = "#schedule=wsd(steps=20000, peak_lr=0.001, decay_steps=4000, decay_shape='linear', final_lr=0.0, warmup_steps=300)"
KNOT_PLACE = """(k) => {
    const figure = rv.charts.model('schedule'), {n, lr} = rv.schedules.handles(rv.app.state.schedule)[k];
    const frame = Bokeh.index.find_one(figure).frame.bbox, place = document.querySelector('.drag').getBoundingClientRect();
    return [place.x + frame.left + (frame.width * n) / figure.x_range.end,
            place.y + frame.top + frame.height * (1 - lr / figure.y_range.end)];
}"""


def schedule(tab):
    return tab.evaluate("rv.app.state.schedule")


def test_a_knot_is_dragged_and_everything_follows(browser, page, law):
    with opened(browser, page, WSD) as tab:
        x, y = tab.evaluate(KNOT_PLACE, 1)
        before = tab.evaluate("rv.app.stats.updates")
        tab.mouse.move(x, y)
        tab.mouse.down()
        for k in range(1, 11):
            tab.mouse.move(x - 20 * k, y)
        tab.mouse.up()
        assert tab.evaluate("rv.app.stats.updates") > before + 3
        s = schedule(settled(tab))
        assert s["decay"] > 7000 and s["peak"] == pytest.approx(1e-3, rel=0.05)
        text = tab.evaluate("rv.copy.call(rv.app.state.schedule)")
        assert text in tab.evaluate("decodeURIComponent(location.hash).replaceAll('+', ' ')")
        expected = law.predict_at(rv.schedules.parse(text), tab.evaluate("Array.from(rv.app.result.predicted.steps)"))[-1]
        assert float(tab.locator("#final-loss").inner_text()) == pytest.approx(expected, abs=6e-5)
        low, high = (float(word) for word in tab.locator("#final-interval").inner_text().split(" to "))
        assert low < expected < high


def test_a_peak_beyond_the_law_is_told(browser, page):
    with opened(browser, page, WSD) as tab:
        assert tab.locator("#cautions").is_hidden()
        x, y = tab.evaluate(KNOT_PLACE, 0)
        tab.locator("#field-peak").fill("0.0025")
        tab.locator("#field-peak").press("Enter")
        settled(tab)
        assert "more than twice the highest fitted 1e-3" in tab.locator("#cautions").inner_text()
        x, y = tab.evaluate(KNOT_PLACE, 0)
        tab.mouse.move(x, y)
        tab.mouse.down()
        tab.mouse.move(x, y + 45, steps=4)
        tab.mouse.move(x, y + 90, steps=4)
        tab.mouse.up()
        settled(tab)
        assert schedule(tab)["peak"] < 0.002 and tab.locator("#cautions").is_hidden()


def test_every_control_by_keyboard_alone(browser, page):
    with opened(browser, page, WSD) as tab:
        button = tab.locator("#knots button").nth(1)
        button.focus()
        for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowLeft", "ArrowDown"):
            tab.keyboard.press(key)
        s = schedule(settled(tab))
        assert s["decay"] == 4000 + 12 * 100 and s["peak"] == pytest.approx(0.99e-3)
        assert "Knot 2 of 3: step 14800" in button.get_attribute("aria-label")
        tab.locator("input[name=kind][value=cosine]").focus()
        tab.keyboard.press("Space")
        assert schedule(settled(tab))["kind"] == "cosine"
        tab.locator("#pin").focus()
        tab.keyboard.press("Enter")
        tab.locator("#edit-knots").focus()
        tab.keyboard.press("Enter")
        count = len(schedule(settled(tab))["knots"])
        tab.locator("#add-knot").focus()
        tab.keyboard.press("Enter")
        assert len(schedule(settled(tab))["knots"]) == count + 1
        tab.locator("#knots button").nth(2).focus()
        tab.keyboard.press("Delete")
        assert len(schedule(settled(tab))["knots"]) == count
        tab.locator("#tab-curve").focus()
        tab.keyboard.press("ArrowRight")
        assert tab.locator("#panel-valley").is_visible() and tab.locator("#panel-curve").is_hidden()
        tab.locator("#time").focus()
        before = tab.locator("#time-step").inner_text()
        tab.keyboard.press("ArrowLeft")
        assert tab.locator("#time-step").inner_text() != before


def test_the_state_comes_back_from_the_url(browser, page):
    with opened(browser, page) as tab:
        for kind in ("constant", "linear", "wsd_s", "knots"):
            tab.locator(f"input[name=kind][value={kind}]").check(force=True)
            settled(tab)
            tab.locator("#pin").click()
        tab.locator("#tab-valley").click()
        settled(tab)
        fragment = tab.evaluate("location.hash")
        state = "JSON.stringify([rv.app.state.schedule, rv.app.state.pins.map((pin) => pin.schedule), rv.app.state.tab])"
        before, shown = tab.evaluate(state), tab.locator("#pinned-rows").text_content()
        assert tab.locator("#pin").is_disabled()
    with opened(browser, page, fragment) as tab:
        assert tab.evaluate(state) == before
        tab.locator("#tab-curve").click()
        assert tab.locator("#pinned-rows").text_content() == shown


@pytest.mark.parametrize(
    "fragment",
    [
        "#schedule=wsd(steps=1e99, peak_lr=-3, decay_steps=nan)",
        "#schedule=<img src=x onerror=alert(1)>&pin=nothing&pin=wsd()&tab=../..&lr_times=-1",
        "#schedule=knots(steps=[5,3,5],lr=[0,0,0])&noise_times=1e9",
        "#schedule=run:no/such&" + "pin=cosine(steps=9)&" * 50,
        "#%E0%A4%A",
    ],
)
def test_a_spoiled_fragment_does_no_harm(browser, page, fragment):
    with opened(browser, page, fragment) as tab:
        s = schedule(tab)
        assert s["steps"] >= 50 and s["peak"] > 0.0 and len(tab.evaluate("rv.app.state.pins")) <= 4
        assert math.isfinite(tab.evaluate("rv.app.result.predicted.loss.at(-1)"))


def stubs(monkeypatch):
    """Enough of torch and optax for their schedules to be asked, where they are not installed."""
    jnp = types.ModuleType("jax.numpy")
    for name in ("select", "clip", "cos", "sqrt", "pi"):
        setattr(jnp, name, getattr(np, name))
    jax = types.ModuleType("jax")
    jax.numpy = jnp
    scheduler = types.SimpleNamespace(LambdaLR=lambda optimizer, function: function)
    torch = types.ModuleType("torch")
    torch.optim = types.SimpleNamespace(AdamW=lambda parameters, lr: lr, lr_scheduler=scheduler)
    optax = types.ModuleType("optax")
    optax.adamw = lambda learning_rate: learning_rate
    for module in (jax, jnp, torch, optax):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_the_code_that_is_copied_gives_the_schedule(browser, page, monkeypatch, tmp_path):
    stubs(monkeypatch)
    kinds = ["constant", "cosine", "linear", "wsd_s", "knots"]
    kinds = [{"kind": kind, "steps": 2000, "warmup": 90} for kind in kinds] + [
        {"kind": "wsd", "steps": 3000, "decay": 700, "shape": shape, "final": 1e-5, "warmup": warmup}
        for shape, warmup in zip(
            ("linear", "cosine", "sqrt", "inverse", "exponential", "square"), (0, 1, 2, 9, 90, 400), strict=True
        )
    ]
    with opened(browser, page) as tab:
        for kind in kinds:
            texts = tab.evaluate(
                """(kind) => {
                    const s = rv.schedules.checked(kind, rv.app.page.usual), built = rv.schedules.build(s);
                    const code = (language) => rv.panels.code(language, s, built);
                    return {lr: Array.from(built.lr), warmup: s.warmup, ...Object.fromEntries(
                        ['rivervalley', 'torch', 'optax', 'csv'].map((name) => [name, code(name)]))};
                }""",
                kind,
            )
            lr = np.array(texts["lr"])
            found = {}
            exec(texts["rivervalley"], found)
            assert np.abs(found["s"].lr - lr).max() < 1e-14 and found["s"].warmup_steps == texts["warmup"]
            (tmp_path / "lr.csv").write_text(texts["csv"])
            read = rv.schedules.from_csv(tmp_path / "lr.csv")
            assert np.array_equal(read.lr, lr) and read.warmup_steps == texts["warmup"]
            for language in ("torch", "optax"):
                found = {"model": types.SimpleNamespace(parameters=list)}
                exec(texts[language], found)
                rates = [float(found["lr"](t)) for t in range(lr.size)]
                assert np.abs(np.array(rates) - lr).max() < 1e-11 * lr.max(), f"{language}: {kind}"


def test_copy_fills_the_clipboard(browser, page):
    with opened(browser, page, WSD, permissions=["clipboard-read", "clipboard-write"]) as tab:
        settled(tab)
        tab.locator("#copy").click()
        tab.wait_for_function("document.getElementById('copy').textContent === 'Copied'")
        assert "rv.schedules.wsd(steps=20000" in tab.evaluate("navigator.clipboard.readText()")


def test_a_real_run_is_revealed_after_the_guess(browser, page, law):
    name = "lrs/sp_124M_cos0_lr0.001_T50000"
    curve = rv.datasets.load(name)
    with opened(browser, page) as tab:
        assert tab.locator("#reveal").is_disabled()
        tab.locator("#run").select_option(name)
        settled(tab)
        assert tab.evaluate("rv.charts.model('measured').data.x.length") == 0
        lr = np.array(tab.evaluate("Array.from(rv.schedules.build(rv.app.state.schedule).lr)"))
        assert np.abs(lr - curve.schedule.lr).max() < 1e-15
        tab.locator("#guess").fill("2.95")
        tab.locator("#reveal").click()
        tab.locator("#reveal-result").wait_for()
        text = tab.locator("#reveal-result").inner_text()
        assert f"Measured at the end: {law.end_loss(curve):.4f}" in text and "Your guess 2.9500" in text
        assert tab.evaluate("rv.charts.model('measured').data.x.length") > 50
        tab.locator("#reveal").click()
        tab.locator("#reveal-result").wait_for(state="hidden")


def test_the_points_in_the_valley_move(browser, page):
    with opened(browser, page, WSD + "&tab=valley") as tab:
        settled(tab)
        tab.locator("#play").click()
        tab.wait_for_function(
            "Number(document.getElementById('time').value) > 3 && Number(document.getElementById('time').value) < 140"
        )
        first = tab.evaluate("Array.from(rv.charts.model('cloud').data.x)")
        tab.wait_for_timeout(300)
        assert tab.evaluate("Array.from(rv.charts.model('cloud').data.x)") != first
        tab.locator("#play").click()
        tab.locator("#field-peak").fill("0.02")
        tab.locator("#field-peak").press("Enter")
        settled(tab)
        assert "The hills diverge" in tab.locator("#valley-note").inner_text()


def test_on_a_phone_nothing_is_cut_off_and_knots_follow_a_finger(browser, page):
    phone = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    context = browser.new_context(**phone)
    tab = context.new_page()
    tab.goto(page.as_uri() + WSD)
    tab.wait_for_function("typeof rv !== 'undefined' && rv.app.stats.updates > 0")
    settled(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    tab.locator(".drag").scroll_into_view_if_needed()
    x, y = tab.evaluate(KNOT_PLACE, 1)
    client = context.new_cdp_session(tab)

    def touch(kind, *points):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]})

    touch("touchStart", (x, y))
    for k in range(1, 9):
        touch("touchMove", (x - 8 * k, y))
    touch("touchEnd")
    assert schedule(settled(tab))["decay"] > 6000
    context.close()


def test_light_and_dark(browser, page):
    label = "rv.charts.model('loss').below[0].major_label_text_color"
    colours = set()
    for scheme in ("light", "dark"):
        with opened(browser, page, color_scheme=scheme) as tab:
            colours.add((tab.evaluate(label), tab.evaluate("getComputedStyle(document.body).backgroundColor")))
            if scheme == "light":
                for _ in range(2):
                    tab.locator("#theme").click()
                assert tab.locator("#theme").inner_text() == "Theme: dark"
                other = (tab.evaluate(label), tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2 and other in colours
