"""A JupyterLab to look at, and a browser to look with."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.lab_harness import LabServer, OpenNotebook, describe, launch_browser, window_of

REPOSITORY = Path(__file__).parents[2]
PICTURES = Path(os.environ["NOTEBOOK_GEN_SCREENSHOTS"]) if "NOTEBOOK_GEN_SCREENSHOTS" in os.environ else None
WINDOW = pytest.StashKey[BrowserContext]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have those tests of a file come last that share a notebook: its run goes on, and costs what others could use."""
    files = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(key=lambda item: (files[item.path], "open_once" in getattr(item, "fixturenames", ())))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a test that failed, or could not begin, what the pages show that are open then."""
    report = yield
    window = item.config.stash.get(WINDOW, None)
    if call.when != "teardown" and report.failed and window is not None:
        report.sections += [("page", describe(page)) for page in window.pages]
    return report


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab over copies of notebooks/ and assets/, with settings of its own."""
    with LabServer(tmp_path_factory.mktemp("lab"), copies=[REPOSITORY / "notebooks", REPOSITORY / "assets"]) as server:
        yield server


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium; ended with this folder's tests, because its event loop keeps others off this thread."""
    with launch_browser(chromium) as running:
        yield running


@pytest.fixture(scope="package")
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Where notebooks are opened."""
    window = window_of(browser)
    request.config.stash[WINDOW] = window
    yield window
    del request.config.stash[WINDOW]


@pytest.fixture(scope="package")
def spare_pages(window: BrowserContext) -> list[Page]:
    """Pages of JupyterLab that show nothing, for the next notebooks."""
    return []


@pytest.fixture
def open_notebook(
    lab: LabServer, window: BrowserContext, spare_pages: list[Page], request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Opens notebooks, each in a page of its own; what the pages' consoles said is checked at the end."""
    opener = OpenNotebook(lab, window, PICTURES, request.node.name, spare_pages)
    failed = request.session.testsfailed
    yield opener
    opener.close(is_well=request.session.testsfailed == failed)


@pytest.fixture(scope="module")
def open_once(
    lab: LabServer, window: BrowserContext, spare_pages: list[Page], request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Opens notebooks that several tests of a module look at, one after the other: a page and a kernel take seconds."""
    opener = OpenNotebook(lab, window, PICTURES, Path(request.node.name).stem, spare_pages)
    failed = request.session.testsfailed
    yield opener
    opener.close(is_well=request.session.testsfailed == failed)
