"""Makes the pictures in assets/: `python -m tests.browser.screenshots`, or with the folder to write to.

What is in them is what a user sees: a real JupyterLab, a real run on the demo endpoint, and a run that was saved.
"""

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as PageTimeoutError

import notebook_gen as ng
from tests.browser.lab_harness import LabServer, NotebookPage, OpenNotebook, launch_browser, window_of

WIDTHS: Final = (900, 1400)
"""Pixels of the view itself: a notebook beside a file browser, and one that has a screen to itself."""
THEMES: Final = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
LARGEST: Final = 300_000
"""Bytes of a picture."""

_REPOSITORY = Path(__file__).parents[2]
_DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.8, max_parallel=6)
b.models["judge"] = ng.DemoModel(latency=0.5, max_parallel=3, faults=ng.DemoFaults(capacity=2))
b.seed_data("{products}", shuffle=True)
b["stars"] = ng.Integer(1, 5)
b["tone"] = ng.Category(["dry", "warm", "furious"], weights=[2, 2, 1])
b["review"] = ng.LLMText("Write a {{{{ tone }}}} {{{{ stars }}}}-star review of the {{{{ product }}}}.")
b["verdict"] = ng.LLMText("Judge this review: {{{{ review }}}}", model="judge")
b["title"] = ng.Expression("{{{{ product | upper }}}}: {{{{ review[:40] }}}}")

@b.column
def words(review: str) -> int:
    count = len(review.split())
    if count > 60:
        raise ValueError(f"a review of {{count}} words is too long")
    return count
"""
_ROWS = 200
_TRIES = 10
_ROWS_SEEN = 40  # enough to see how it goes, with enough still to come
_HALF_WAY = """than => [...document.querySelectorAll(".ng-live .ng-head b")]
    .some(({ textContent }) => Number(textContent.match(/^(\\d+) of \\d+/)?.[1] ?? 0) >= than)"""


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_REPOSITORY / "assets")
    folder = parser.parse_args().folder
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not on PATH; install it")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(launch_browser(chromium))
        copies = [_REPOSITORY / "notebooks", _REPOSITORY / "assets"]
        lab = stack.enter_context(LabServer(scratch / "lab", copies=copies))
        _picture_notebook(OpenNotebook(lab, window_of(browser), scratch, "screenshots"), folder)
        _picture_page(browser, scratch, folder)
    for path in sorted(folder.glob("*.png")):
        size = path.stat().st_size
        print(f"{path}: {size:,} bytes{' (too large)' if size > LARGEST else ''}")  # noqa: T201  # a script


def _picture_notebook(opener: OpenNotebook, folder: Path) -> None:
    """Picture the live view half-way, then its report: in every theme, at every width."""
    notebook = opener.run_cells(
        "screenshots", [_DECLARE.format(products="../assets/products.csv"), f"run = b.preview({_ROWS})"]
    )
    notebook.page.wait_for_function(_HALF_WAY, arg=_ROWS_SEEN)
    notebook.wait_for(".ng-live .ng-timeline .barlayer .point")
    _picture_all(notebook, folder, "live-view", ".ng-live")
    notebook.cell(1).get_by_role("button", name="Cancel").click()
    notebook.wait_for(".ng-report")
    notebook.wait_until_idle()
    _picture_all(notebook, folder, "report", ".ng-report")
    opener.close()


def _picture_all(notebook: NotebookPage, folder: Path, name: str, selector: str) -> None:
    for theme, theme_name in THEMES.items():
        notebook.use_theme(theme_name)
        for width in WIDTHS:
            _set_width(notebook, selector, width)
            suffix = "" if (theme, width) == ("light", WIDTHS[0]) else f"-{theme}-{width}"
            shown = notebook.page.locator(selector).first
            shown.scroll_into_view_if_needed()
            shown.screenshot(path=folder / f"{name}{suffix}.png")


def _set_width(notebook: NotebookPage, selector: str, width: int) -> None:
    """Make the window as wide as it has to be for the view to have a width, and wait until it has."""
    measure = f"document.querySelector('{selector}').getBoundingClientRect().width"
    is_as_wide = f"Math.abs({measure} - {width}) < 2"
    for _ in range(_TRIES):
        size = notebook.page.viewport_size or {"width": 1280, "height": 1400}
        missing = width - float(notebook.evaluate(measure))
        notebook.page.set_viewport_size({"width": round(size["width"] + missing), "height": size["height"]})
        # Lab may give its side bar another width meanwhile
        with suppress(PageTimeoutError):
            notebook.page.wait_for_function(is_as_wide, timeout=3_000)
            break
    else:
        raise RuntimeError(f"the view does not become {width} pixels wide")
    # whoever draws for a width has drawn for this one
    notebook.page.wait_for_function(
        "new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 300, true)))"
    )


def _picture_page(browser: Browser, scratch: Path, folder: Path) -> None:
    """Picture the page that `Run.save_html` writes."""
    namespace: dict[str, ng.DatasetBuilder] = {}
    exec(_DECLARE.format(products=_REPOSITORY / "assets" / "products.csv"), namespace)  # noqa: S102  # as in a notebook
    run = namespace["b"].preview(48, show=False)
    run.result()
    path = run.save_html(scratch / "run.html")
    page = browser.new_page(viewport={"width": 1132, "height": 1400}, offline=True)
    page.goto(path.as_uri())
    page.locator(".ng-timeline .barlayer .point").first.wait_for(state="attached")
    page.screenshot(path=folder / "saved-page.png")
    page.close()


if __name__ == "__main__":
    main()
