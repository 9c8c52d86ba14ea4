"""The system's chromium, headless, with the explorer page in it; tests are skipped where there is none."""

import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium():
    """Path of the system's browser."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    return path


@contextmanager
def opened(browser, path, fragment="", **options):
    """The page in a tab of its own; afterwards nothing may have been logged as an error, and nothing requested from outside."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    tab = context.new_page()
    wrong = []
    tab.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else wrong.append(request.url)
    )
    tab.goto(path.as_uri() + fragment)
    tab.wait_for_function("typeof rv !== 'undefined' && rv.app.stats.updates > 0")
    try:
        yield tab
        assert wrong == []
    finally:
        context.close()


def settled(tab):
    """Wait until what is written to the URL's fragment is what is shown."""
    tab.wait_for_function("location.hash === rv.state.write(rv.app.state)")
    return tab
