"""The explorer page of the public law, and the system's browser to open it in."""

import pytest
from explore.browser import chromium


@pytest.fixture(scope="session")
def browser():
    path = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def law():
    pytest.importorskip("bokeh", reason="Bokeh is not installed")
    from rivervalley.explore import page

    return page.example_law()


@pytest.fixture(scope="session")
def page(tmp_path_factory, law):
    from rivervalley import explore

    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    explore.write_explorer(path, law)
    return path
