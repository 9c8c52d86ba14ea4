"""How quick the page is, measured in the browser and printed (`pytest -s`). What is asserted is only that it answers at all:
figures of a busy machine say little."""

import pytest
from explore.browser import opened
from explore.test_page_use import KNOT_PLACE

from rivervalley import laws

pytestmark = pytest.mark.slow
LONG = "#schedule=wsd(steps=100000, peak_lr={peak}, decay_steps=20000, decay_shape='linear', final_lr=0.0, warmup_steps=300)"
DRAG = """([x, y, seconds]) => new Promise((done) => {
    const target = Bokeh.index.find_one(rv.charts.model('schedule')).canvas_view.events_el, begun = performance.now();
    const first = rv.app.stats.updates;
    let k = 0;
    const move = () => {
        k++;
        const place = {clientX: x - 100 - 80 * ((k % 100) / 100), clientY: y + 10 + 20 * ((k % 37) / 37)};
        target.dispatchEvent(new PointerEvent('pointermove', {pointerId: 1, bubbles: true, composed: true, cancelable: true,
            buttons: 1, pointerType: 'mouse', isPrimary: true, ...place}));
        const spent = performance.now() - begun;
        if (spent < 1000 * seconds) requestAnimationFrame(move);
        else done((rv.app.stats.updates - first) / (spent / 1000));
    };
    move();
})"""


def updates_a_second(tab):
    """Of dragging a knot: each takes the law, the interval, all numbers and the charts along. The best of three goes."""
    x, y = tab.evaluate(KNOT_PLACE, 1)
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x - 10, y + 5, steps=3)
    rates = [tab.evaluate(DRAG, [x, y, 3]) for _ in range(3)]
    tab.mouse.up()
    return max(rates)


def test_first_paint(browser, page):
    with opened(browser, page) as tab:
        painted = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        drawn = tab.evaluate("rv.app.stats.first")
    print(f"first paint after {painted:.0f} ms, prediction drawn after {drawn:.0f} ms, {page.stat().st_size / 1e6:.2f} MB")  # noqa: T201
    assert page.stat().st_size < 2.5e6
    assert 0.0 < painted <= drawn < 60_000.0


def test_dragging_a_schedule_of_100_000_steps(browser, page, tmp_path):
    from rivervalley import explore

    other = tmp_path / "multi_power.html"
    explore.write_explorer(other, laws.MultiPowerLaw(L0=3.0, A=0.52, alpha=0.51, B=300.0, K=2.0, beta=2.0, gamma=0.5))
    rates = {}
    for name, path in (("equilibrium", page), ("multi_power", other)):
        with opened(browser, path, LONG.format(peak=0.001)) as tab:
            rates[name] = updates_a_second(tab)
    told = ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
    print(f"updates a second while a knot of 100,000 steps is dragged: {told}")  # noqa: T201
    assert min(rates.values()) > 1.0
