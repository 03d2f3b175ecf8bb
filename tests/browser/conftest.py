"""A JupyterLab to look at, and a browser to look with."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab_harness import LabServer, OpenNotebook, launch_browser

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab over copies of notebooks/ and assets/, with settings of its own."""
    with LabServer(tmp_path_factory.mktemp("lab"), copies=[REPOSITORY / "notebooks", REPOSITORY / "assets"]) as server:
        yield server


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium; ended with its module, because its event loop keeps others from running on this thread."""
    with launch_browser(chromium) as running:
        yield running


@pytest.fixture
def open_notebook(
    lab: LabServer, browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[OpenNotebook]:
    """Opens notebooks, each in a page of its own; what the pages' consoles said is checked at the end."""
    pictures = Path(os.environ.get("NOTEBOOK_GEN_SCREENSHOTS", tmp_path))
    opener = OpenNotebook(lab, browser, pictures, request.node.name)
    yield opener
    opener.close()
