"""The Rows pane of a live run, in a real browser: the newest rows, pages in order, pictures and JSON in cells."""

import pytest

from tests.browser.lab_harness import NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import struct, zlib
import notebook_gen as ng

def png(size, color):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress((b"\\0" + color * size) * size))
    return b"\\x89PNG\\r\\n\\x1a\\n" + header + pixels + chunk(b"IEND", b"")

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.5, max_parallel=3)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")

@b.column
def cover(stars: int) -> bytes:
    return png(40, bytes([40 * stars, 90, 120]))

@b.column
def facts(stars: int) -> dict:
    return {"stars": stars, "html": "<img src=x onerror='window.__pwn++'>"}
"""
# minutes at three calls at once: however slow the machine, it goes on while the page is looked at
LONG_RUN = "run = b.preview(1_000)"
PANE = ".ng-live .ng-rows-pane"
NUMBERS = f"{PANE} tr[data-row]"


def _open(open_notebook: OpenNotebook, name: str) -> NotebookPage:
    notebook = open_notebook.run_cells(name, [DECLARE, LONG_RUN])
    notebook.wait_for(f"{PANE} img")
    return notebook


def _wait_for_rows(notebook: NotebookPage, first: int) -> None:
    """Wait until six rows in order are shown, from one on."""
    notebook.page.wait_for_function(
        "([selector, first]) => Array.from(document.querySelectorAll(selector), row => Number(row.dataset.row))"
        ".join() === Array.from({ length: 6 }, (_, at) => first + at).join()",
        arg=[NUMBERS, first],
    )


def test_pages_of_rows_are_turned_by_pointer_and_by_keyboard(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, "rows")
    page = notebook.page
    view = notebook.wait_for(".ng-live")
    before = view.bounding_box()

    page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)
    page.get_by_role("button", name="The page after").click()
    _wait_for_rows(notebook, 6)
    page.get_by_label("First row of the page").fill("994")
    page.keyboard.press("Enter")
    _wait_for_rows(notebook, 994)
    notebook.picture("last", of=notebook.cell(1))
    page.get_by_role("button", name="The page before").focus()
    page.keyboard.press("Enter")
    _wait_for_rows(notebook, 988)
    page.get_by_role("button", name="newest first").click()
    page.wait_for_function(f"!document.querySelector('{NUMBERS}[data-row=\"988\"]')")

    after = view.bounding_box()
    assert before is not None
    assert after is not None
    assert before["height"] == after["height"]


def test_a_row_in_order_opens_its_record_with_its_picture_and_json(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, "rows-record")
    notebook.page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)
    notebook.page.wait_for_function(f"document.querySelectorAll('{PANE} img').length === 6")

    notebook.page.locator(f"{NUMBERS}[data-row='2'] td.ng-number").click()

    record = notebook.wait_for(".ng-inspector:not([hidden])")
    picture = notebook.wait_for(".ng-inspected img")
    notebook.picture("record", of=notebook.cell(1))
    assert picture.evaluate("image => [image.complete, image.naturalWidth]") == [True, 40]
    assert '"stars":' in notebook.wait_for(".ng-inspected .ng-mono", within=record).inner_text()
    thumbnail = notebook.wait_for(f"{PANE} img").bounding_box()
    assert thumbnail is not None
    assert thumbnail["height"] <= 24
    assert notebook.injected == 0


def test_another_page_comes_although_a_text_of_this_one_is_open(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, "rows-open")
    notebook.page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)
    notebook.wait_for(f"{PANE} td summary").focus()
    notebook.page.keyboard.press("Enter")
    notebook.wait_for(f"{PANE} tr:has(details[open]) + .ng-whole .ng-full")

    notebook.page.get_by_role("button", name="The page after").click()

    _wait_for_rows(notebook, 6)
    assert notebook.count(f"{PANE} details[open]") == 0
