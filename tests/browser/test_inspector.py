"""The inspector: a click in the live view shows a record, in a real browser."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator

from tests.browser.lab_harness import LEFT_SOON, NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.5, max_parallel=3)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.", system="You are brief.")

@b.column
def words(review: str) -> int:
    if len(review) % 3 == 0:
        raise ValueError("not today")
    return len(review.split())
"""
# minutes at three calls at once: however slow the machine, it goes on while the page is looked at
LONG_RUN = "run = b.preview(1_000, settings=ng.RunSettings(row_group_size=50, max_open_rows=100))"
INSPECTOR = ".ng-inspector"
SHOWN_ROW = f"{INSPECTOR} .ng-record-head .ng-state b"
ROW_NUMBER = ".ng-live .ng-table-pane tr[data-row] > :first-child"
BARS = ".ng-timeline .barlayer .point path"
# what a notebook would be saved with: the outputs of a cell
IN_NOTEBOOK = """cell => jupyterapp.shell.currentWidget.context.model.cells.get(cell).toJSON()
    .outputs.map(output => output.data ?? {})"""


@pytest.fixture(scope="module")
def long_run(open_once: OpenNotebook) -> NotebookPage:
    notebook = open_once.run_cells("inspector", [DECLARE, LONG_RUN])
    notebook.wait_for(BARS, within=notebook.cell(1))
    notebook.wait_for(".ng-table-pane tr[data-row]", within=notebook.cell(1))
    assert not notebook.page.locator(INSPECTOR).is_visible()
    return notebook


@pytest.fixture
def live(long_run: NotebookPage) -> Iterator[NotebookPage]:
    """A run that goes on, with a first row done and no record shown, in the second cell."""
    yield long_run
    close = long_run.page.locator(INSPECTOR).get_by_role("button", name="Close")
    if close.is_visible():
        close.click()
    long_run.page.locator(INSPECTOR).wait_for(state="hidden")
    long_run.page.get_by_role("tab", name="Rows", exact=True).click()


def _saved(opener: OpenNotebook, notebook: NotebookPage, cell: int) -> list[dict[str, Any]]:
    """What the outputs of a cell hold in the notebook's file, by MIME type."""
    saved = json.loads((opener.lab.root / notebook.path).read_text())
    return [output["data"] for output in saved["cells"][cell]["outputs"]]


def _wait_for_row(notebook: NotebookPage, row: int) -> None:
    notebook.page.wait_for_function(
        "([selector, words]) => document.querySelector(selector)?.textContent === words", arg=[SHOWN_ROW, f"row {row}"]
    )


def _overlap(mark: Locator, bar: Locator) -> float:
    """How much of a bar's length lies under a mark."""
    (one, other) = (place.bounding_box() for place in (mark, bar))
    assert one is not None
    assert other is not None
    end = min(one["x"] + one["width"], other["x"] + other["width"])
    return (end - max(one["x"], other["x"])) / other["width"]


def _is_at_the_top(column: str, record: Locator) -> bool:
    """Whether a column begins below the head of a record, or the record is scrolled to its end."""
    page, head = record.locator(".ng-inspected"), record.locator(".ng-record-head")
    made = record.locator(".ng-cell", has=record.page.locator(".ng-cell-name b").get_by_text(column, exact=True)).first
    (one, other, room) = (place.bounding_box() for place in (made, head, page))
    assert one is not None
    assert other is not None
    assert room is not None
    end = other["y"] + other["height"]
    is_at_end: bool = page.evaluate("page => page.scrollTop + page.clientHeight >= page.scrollHeight - 1")
    return abs(one["y"] - end) < 3 or (is_at_end and end - 3 < one["y"] < room["y"] + room["height"])


def test_a_click_on_a_bar_shows_the_record_of_its_row_and_next_the_one_after(live: NotebookPage) -> None:
    notebook = live
    # the window stands still: the bar that is clicked on is the one that was pointed at
    notebook.page.locator(".ng-follow").click()
    notebook.wait_for(".ng-follow[aria-pressed=false]")

    notebook.page.locator(BARS).first.hover(force=True)
    card = notebook.wait_for(".ng-timeline .ng-card b").inner_text()
    notebook.page.mouse.down()
    notebook.page.mouse.up()

    row = int(card.rpartition("row ")[2])
    _wait_for_row(notebook, row)
    record = notebook.page.locator(INSPECTOR)
    assert "You are brief." in record.inner_text()
    assert "-star review of a kettle." in record.inner_text()
    marked = notebook.wait_for(".ng-looked", within=notebook.cell(1))
    assert _overlap(marked, notebook.page.locator(BARS).first) > 0.8
    column = card.partition(" · ")[0]
    assert _is_at_the_top(column, record)
    notebook.picture("bar", of=notebook.cell(1))
    record.get_by_role("button", name="Next").click()
    _wait_for_row(notebook, row + 1)
    marked.wait_for(state="hidden")
    record.get_by_role("button", name="Previous").click()
    _wait_for_row(notebook, row)


def test_the_keyboard_reaches_any_record(live: NotebookPage) -> None:
    notebook = live
    notebook.page.get_by_role("tab", name="Rows", exact=True).focus()
    for _ in range(10):
        # from there on the rows wait for whoever is there by keyboard: focus() alone does not say so
        notebook.page.keyboard.press("Tab")
        if notebook.evaluate("document.activeElement.matches('.ng-table-pane tr[data-row]')"):
            break
    notebook.page.keyboard.press("Enter")
    record = notebook.page.locator(INSPECTOR)
    record.wait_for()  # what it showed last is in the page all the time

    number = record.get_by_role("spinbutton")
    number.press("Control+a")
    notebook.page.keyboard.type("1")
    number.press("Enter")
    _wait_for_row(notebook, 1)
    number.press("Control+a")
    notebook.page.keyboard.type("999")
    number.press("Enter")

    record.get_by_text("row 999 was not begun yet").wait_for()
    record.get_by_role("button", name="Close").press("Enter")
    record.wait_for(state="hidden")


def test_a_failure_leads_to_the_record_of_its_row(live: NotebookPage) -> None:
    notebook = live
    notebook.page.get_by_role("tab", name="Failures").click()

    failure = notebook.page.locator("tr[data-row]:has-text('not today')")
    failure.first.click()

    _wait_for_row(notebook, int(failure.first.get_attribute("data-row") or -1))
    record = notebook.page.locator(INSPECTOR)
    record.get_by_text("dropped", exact=True).first.wait_for()
    notebook.picture("failure", of=notebook.cell(1))
    assert "ValueError: not today" in record.inner_text()
    assert "You are brief." in record.inner_text()


def test_a_record_takes_the_keys_while_it_is_open_and_gives_them_back(live: NotebookPage) -> None:
    notebook = live
    notebook.page.get_by_role("tab", name="Failures").click()
    failure = notebook.page.locator("tr[data-row]:has-text('not today')").first
    row = int(failure.get_attribute("data-row") or -1)
    failure.focus()
    notebook.page.keyboard.press("Enter")
    _wait_for_row(notebook, row)
    notebook.page.wait_for_function("document.activeElement.matches('.ng-inspected')")

    notebook.page.keyboard.press("ArrowRight")
    _wait_for_row(notebook, row + 1)
    notebook.page.keyboard.press("ArrowLeft")
    _wait_for_row(notebook, row)
    notebook.page.keyboard.press("Escape")

    notebook.page.locator(INSPECTOR).wait_for(state="hidden")
    assert notebook.evaluate("document.activeElement.dataset.row") == str(row)


def test_the_view_of_a_run_that_is_over_is_brought_back_and_still_answers_clicks(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("over", [DECLARE, "run = b.preview(4)", "await run", "run.live()"])
    row = notebook.wait_for(".ng-table-pane tr[data-row]", within=notebook.cell(3))

    row.focus()
    notebook.page.keyboard.press("Enter")

    shown = notebook.wait_for(SHOWN_ROW, within=notebook.cell(3))
    notebook.cell(3).get_by_role("tab", name="Usage").click()
    notebook.picture("over", of=notebook.cell(3))
    assert not notebook.cell(3).get_by_role("button", name="Cancel").is_visible()
    assert shown.inner_text() == f"row {row.get_attribute('data-row')}"


def test_a_notebook_that_is_saved_while_a_record_is_read_holds_the_report(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("read", [DECLARE, f"{LONG_RUN}\n{LEFT_SOON}"])
    live = notebook.cell(1)
    notebook.wait_for(ROW_NUMBER, within=live).click()
    notebook.wait_for(SHOWN_ROW, within=live)
    page = live.locator(".ng-inspected")
    page.evaluate("page => { page.wasThere = true; }")

    # a click would take the keys from the record
    live.get_by_role("button", name="Cancel").evaluate("button => button.click()")
    notebook.wait_for(".ng-live .ng-state.ng-cancelled", within=live)
    notebook.page.wait_for_function(f"({IN_NOTEBOOK})(1).some(data => data['text/html']?.includes('ng-report'))")

    assert page.is_visible()
    assert page.evaluate("page => [page.wasThere, page === document.activeElement]") == [True, True]
    assert notebook.count(".ng-view", live) == 1
    notebook.picture("read", of=live)
    notebook.save()
    assert [sorted(data) for data in _saved(open_notebook, notebook, 1)] == [["text/html", "text/plain"]]

    live.locator(INSPECTOR).get_by_role("button", name="Close").click()
    live.locator(INSPECTOR).wait_for(state="hidden")
    assert notebook.count(".ng-live", live) == 1
    notebook.look_away()
    notebook.wait_for(".ng-report .ng-state.ng-cancelled", within=live)
    assert notebook.count(".ng-view", live) == 1
    notebook.save()
    assert [sorted(data) for data in _saved(open_notebook, notebook, 1)] == [["text/html", "text/plain"]]


MANY = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.1, max_parallel=3)
b["topic"] = ng.Category(["a", "b"])
for at in range(6):
    b[f"text_{at}"] = ng.LLMText("About {{ topic }}", system="You are brief.")
run = b.preview(6)
"""


def test_what_was_clicked_on_begins_below_the_head_of_the_record(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("places", [MANY, "await run", "run.live()"])
    live, page = notebook.cell(2), notebook.page
    record = live.locator(INSPECTOR)
    notebook.wait_for(BARS, within=live)

    live.locator(BARS).first.hover(force=True)
    column = notebook.wait_for(".ng-timeline .ng-card b", within=live).inner_text().partition(" · ")[0]
    page.mouse.down()
    page.mouse.up()
    notebook.wait_for(SHOWN_ROW, within=live)
    assert _is_at_the_top(column, record)
    notebook.picture("bar", of=live)

    live.get_by_role("tab", name="Cells", exact=True).click()
    canvas = notebook.wait_for(".ng-cells-scroll > canvas", within=live)
    columns = live.locator(".ng-cells-labels > div").evaluate_all("labels => labels.map(({ title }) => title)")
    lane = float(canvas.evaluate("canvas => canvas.offsetHeight")) / len(columns)
    for row, column in ((2, "text_3"), (2, "text_1"), (3, "text_4")):
        canvas.click(position={"x": 32 * (row + 0.5), "y": lane * (columns.index(column) + 0.5)})
        _wait_for_row(notebook, row)
        assert _is_at_the_top(column, record), (row, column)
    notebook.picture("cell", of=live)


def test_escape_anywhere_in_the_view_closes_the_record_before_it_lets_go_of_a_pick(live: NotebookPage) -> None:
    notebook, page = live, live.page
    record = page.locator(INSPECTOR)
    elsewhere = {
        "lanes": page.locator(".ng-switch").get_by_role("button", name="rows"),
        "tab": page.get_by_role("tab", name="Rows", exact=True),
        "node": page.locator(".ng-dag-pane [data-node]", has_text="review").first,
    }
    page.locator(ROW_NUMBER).first.wait_for()

    for name, place in elsewhere.items():
        page.locator(ROW_NUMBER).first.click()
        record.wait_for()
        place.click()
        page.keyboard.press("Escape")
        record.wait_for(state="hidden")
        assert notebook.count(".ng-dag-pane .ng-picked") == (1 if name == "node" else 0)

    page.locator(ROW_NUMBER).first.click()
    page.wait_for_function("document.activeElement.matches('.ng-inspected')")
    page.keyboard.press("Escape")
    record.wait_for(state="hidden")
    page.wait_for_function("document.activeElement.matches('tr[data-row], [role=tab]')")
    assert notebook.count(".ng-dag-pane .ng-picked") == 1
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('.ng-dag-pane .ng-picked')")
    page.locator(".ng-switch").get_by_role("button", name="slots").click()


SCROLLED = "document.querySelector('.jp-WindowedPanel-outer').scrollTop"


def test_who_closes_a_record_is_scrolled_back_to_where_it_was_opened(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("scrolled", [MANY, "await run", "run.live()"])
    live, page = notebook.cell(2), notebook.page
    page.set_viewport_size({"width": 1280, "height": 900})
    notebook.wait_for(BARS, within=live)
    live.locator(BARS).first.hover(force=True)
    begun = page.evaluate(SCROLLED)

    page.mouse.down()
    page.mouse.up()
    notebook.wait_for(SHOWN_ROW, within=live)
    page.wait_for_function(f"begun => {SCROLLED} > begun + 100", arg=begun)
    page.keyboard.press("Escape")

    live.locator(INSPECTOR).wait_for(state="hidden")
    page.wait_for_function(f"begun => {SCROLLED} === begun", arg=begun)
