"""Text from a model, a file or a user's error is shown as text: nobody executes it, wherever it stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.hostile_endpoint import ANSWER, ATTACKS, hostile_endpoint
from tests.browser.lab_harness import NotebookPage, OpenNotebook, open_file

pytestmark = pytest.mark.browser

DECLARE = """
import pandas as pd
import notebook_gen as ng

ATTACKS, ANSWER = {attacks!r}, {answer!r}
b = ng.DatasetBuilder(seed=7)
b.models[ATTACKS[1]] = ng.Model(ATTACKS[0], base_url={url!r}, max_parallel=2)
b.seed_data(pd.DataFrame({{"seed " + ATTACKS[0]: [ANSWER] * 8, "number": range(8)}}))
b["answer"] = ng.LLMText("Say something", model=ATTACKS[1])
b['<img src=x onerror="window.__pwn++">'] = ng.Expression("{{{{ answer }}}}")
b['|{{<b>"\\\\N'] = ng.Category([ANSWER, ATTACKS[2]])

@b.column
def failing(number: int, answer: str) -> str:
    if number % 3 == 2:
        raise ValueError(ANSWER)
    return answer
"""
TABLE = "table.ng-table"
RECORD = ".ng-inspected"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with hostile_endpoint() as url:
        yield url


def _declare(endpoint: str) -> str:
    return DECLARE.format(attacks=ATTACKS, answer=ANSWER, url=endpoint)


def _hover_over_everything(notebook: NotebookPage) -> None:
    """Bring up every card and tooltip that the view has."""
    for selector in (".ng-timeline .barlayer .point path", ".ng-node", f"{TABLE} tr:not(.ng-whole) td", f"{TABLE} th"):
        for found in notebook.page.locator(selector).all()[:6]:
            found.hover(force=True, timeout=5000)


def test_a_live_run_shows_hostile_text_and_executes_none(open_notebook: OpenNotebook, endpoint: str) -> None:
    # long enough to be looked at: 60 calls of 0.4 s, two at once
    notebook = open_notebook.run_cells("hostile", [_declare(endpoint), "b", "run = b.preview(60)"])
    cell = notebook.cell(2)
    notebook.wait_for(".ng-state.ng-running", within=cell)
    notebook.wait_for(f"{TABLE} td:has-text('<script>window')", within=cell)

    _hover_over_everything(notebook)
    notebook.page.locator("tr[data-row] .ng-number").first.click()
    notebook.wait_for(f"{RECORD} .ng-message:has-text('Say something')", within=cell)
    notebook.picture("live", of=cell)
    assert "<script>window.__pwn++</script>" in notebook.wait_for(RECORD, within=cell).inner_text()

    notebook.wait_for(".ng-report", within=cell)
    notebook.picture("report")
    assert "<script>window.__pwn++</script>" in notebook.wait_for(TABLE, within=cell).inner_text()
    assert notebook.count(".ng-view script, .ng-view iframe, .ng-view a, .ng-view img[onerror]") == 0
    assert notebook.injected == 0


def test_rows_failures_and_dag_show_hostile_text_and_execute_none(open_notebook: OpenNotebook, endpoint: str) -> None:
    cells = [
        _declare(endpoint),
        "dataset = await b.preview(8, show=False)",
        "dataset",
        "dataset.failures()",
        "b",
        "b.dot()",
        "run = b.preview(8, show=False); run.result()",
        "run.record(0)",
        "run.record(2)",
    ]
    notebook = open_notebook.run_cells("hostile-static", cells)
    notebook.wait_until_executed(8)

    notebook.picture("page")
    assert "<script>window.__pwn++</script>" in notebook.cell(2).inner_text()
    assert "<script>window.__pwn++</script>" in notebook.cell(3).inner_text()
    assert "<img src=x onerror" in notebook.cell(4).inner_text()
    assert "<script>window.__pwn++</script>" in notebook.cell(7).inner_text()
    assert "ValueError: <script>" in notebook.cell(8).inner_text()
    assert notebook.injected == 0


def test_a_saved_report_with_hostile_text_executes_none_when_it_is_opened(
    open_notebook: OpenNotebook, endpoint: str
) -> None:
    first = open_notebook.run_cells("hostile-saved", [_declare(endpoint), "run = b.preview(4)", "await run"])
    first.wait_for(".ng-report", within=first.cell(1))
    first.wait_until_idle()
    first.save()

    again = open_notebook(first.path)

    again.wait_for(".ng-report")
    assert "<script>window.__pwn++</script>" in again.wait_for(TABLE).inner_text()
    assert again.injected == 0


def test_a_page_that_was_saved_shows_hostile_text_and_executes_none(
    browser: Browser, endpoint: str, tmp_path: Path
) -> None:
    namespace: dict[str, Any] = {}
    exec(_declare(endpoint), namespace)  # noqa: S102  # what the notebooks of the other tests execute
    run = namespace["b"].preview(8, show=False)
    run.result()
    path = run.save_html(tmp_path / "report.html")

    with open_file(browser, path) as (page, console):
        page.locator(".ng-timeline .barlayer .point path").first.hover(force=True)
        page.locator("tr[data-row='0'] .ng-number").first.click()
        record = page.locator(RECORD)
        record.get_by_text("Say something").first.wait_for()
        assert "<script>window.__pwn++</script>" in record.inner_text()
        assert page.evaluate("window.__pwn") == 0
        # were anything not escaped, it would not be run either
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwn++\">')")
        page.wait_for_function("[...document.images].at(-1).complete")
        assert page.evaluate("window.__pwn") == 0
    assert all("Content Security Policy" in line for line in console)
