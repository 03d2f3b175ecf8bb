"""The Rows pane of a live run, in a real browser: the newest rows, pages in order, pictures and JSON in cells."""

from collections.abc import Iterator

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

b = ng.DatasetBuilder(seed=7, settings=ng.RunSettings(row_group_size=3_000))
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
LONG_RUN = "run = b.preview(3_000)"
IN_GROUPS = DECLARE.replace("row_group_size=3_000", "row_group_size=25")
PANE = ".ng-live .ng-rows-pane"
NUMBERS = f"{PANE} tr[data-row]"
ROWS_DONE = """Number([...document.querySelectorAll(".ng-live .ng-head b")]
    .map(({ textContent }) => textContent.match(/^([\\d,]+) of \\d/)?.[1]).find(Boolean)?.replace(",", "") ?? -1)"""


@pytest.fixture(scope="module")
def of_one_group(open_once: OpenNotebook) -> NotebookPage:
    notebook = open_once.run_cells("rows", [DECLARE, LONG_RUN])
    notebook.wait_for(f"{PANE} img")
    return notebook


@pytest.fixture(scope="module")
def of_many_groups(open_once: OpenNotebook) -> NotebookPage:
    notebook = open_once.run_cells("rows-groups", [IN_GROUPS, LONG_RUN])
    notebook.wait_for(f"{PANE} img")
    return notebook


@pytest.fixture
def live(of_one_group: NotebookPage) -> Iterator[NotebookPage]:
    """A long run of one row group that has shown its first rows, in the second cell; the newest rows are shown."""
    of_one_group.page.bring_to_front()
    yield of_one_group
    record = of_one_group.page.locator(".ng-inspector").get_by_role("button", name="Close")
    if record.is_visible():
        record.click()
        record.wait_for(state="hidden")  # what stands below it moves up
    of_one_group.page.get_by_role("button", name="newest first").click()


def _wait_for_rows(notebook: NotebookPage, first: int) -> None:
    """Wait until six rows in order are shown, from one on."""
    notebook.page.wait_for_function(
        "([selector, first]) => Array.from(document.querySelectorAll(selector), row => Number(row.dataset.row))"
        ".join() === Array.from({ length: 6 }, (_, at) => first + at).join()",
        arg=[NUMBERS, first],
    )


def test_pages_of_rows_are_turned_by_pointer_and_by_keyboard(live: NotebookPage) -> None:
    notebook = live
    page = notebook.page
    view = notebook.wait_for(".ng-live")
    before = view.bounding_box()

    page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)
    page.get_by_role("button", name="The page after").click()
    _wait_for_rows(notebook, 6)
    page.get_by_label("First row of the page").press("Control+a")
    page.keyboard.type("2994")
    page.keyboard.press("Enter")
    _wait_for_rows(notebook, 2994)
    notebook.picture("last", of=notebook.cell(1))
    page.get_by_role("button", name="The page before").focus()
    page.keyboard.press("Enter")
    _wait_for_rows(notebook, 2988)
    page.get_by_role("button", name="newest first").click()
    page.wait_for_function(f"!document.querySelector('{NUMBERS}[data-row=\"2988\"]')")

    after = view.bounding_box()
    assert before is not None
    assert after is not None
    assert before["height"] == after["height"]


def test_a_row_in_order_opens_its_record_with_its_picture_and_json(live: NotebookPage) -> None:
    notebook = live
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


def test_another_page_comes_although_a_text_of_this_one_is_open(live: NotebookPage) -> None:
    notebook = live
    notebook.page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)
    notebook.wait_for(f"{PANE} td summary").focus()
    notebook.page.keyboard.press("Enter")
    notebook.wait_for(f"{PANE} tr:has(details[open]) + .ng-whole .ng-full")

    notebook.page.get_by_role("button", name="The page after").click()

    _wait_for_rows(notebook, 6)
    assert notebook.count(f"{PANE} details[open]") == 0


def test_row_groups_are_turned_like_pages_and_begin_with_their_first_row(of_many_groups: NotebookPage) -> None:
    notebook, page = of_many_groups, of_many_groups.page
    page.bring_to_front()
    page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)

    page.get_by_role("button", name="The row group after").click()
    _wait_for_rows(notebook, 25)
    assert page.get_by_label("Row group", exact=True).input_value() == "1"
    assert "of 120" in notebook.wait_for(f"{PANE} .ng-pagers").inner_text()
    page.get_by_role("button", name="The page after").click()
    _wait_for_rows(notebook, 31)
    page.get_by_role("button", name="The row group before").click()
    _wait_for_rows(notebook, 25)
    page.get_by_label("Row group", exact=True).fill("119")
    page.keyboard.press("Enter")
    _wait_for_rows(notebook, 2975)
    notebook.picture("last", of=notebook.cell(1))
    assert page.get_by_role("button", name="The row group after").is_disabled()


def test_a_run_of_one_row_group_offers_no_others(live: NotebookPage) -> None:
    notebook = live
    notebook.page.get_by_role("button", name="in order").click()
    _wait_for_rows(notebook, 0)

    assert notebook.page.get_by_label("First row of the page").is_visible()
    assert not notebook.page.get_by_label("Row group", exact=True).is_visible()


def test_a_number_stays_while_somebody_types_it_and_rows_come(live: NotebookPage) -> None:
    page = live.page
    page.wait_for_function(f"{ROWS_DONE} > 5")  # the first page's are made: only rows to come change any more
    coming = page.evaluate(ROWS_DONE) + 60
    page.get_by_role("button", name="in order").click()
    field = page.get_by_label("First row of the page")
    field.fill(str(coming))
    field.press("Enter")
    _wait_for_rows(live, coming)

    field.press("Control+a")
    page.keyboard.type("99")
    page.evaluate("html => { window.before = html; }", live.wait_for(f"{PANE} .ng-table-pane").inner_html())
    page.wait_for_function(f"document.querySelector('{PANE} .ng-table-pane').innerHTML !== window.before")

    assert field.input_value() == "99"
    field.press("Enter")
    _wait_for_rows(live, 99)


# of what is drawn again and again, in one go
MIDDLE_OF = """selector => {
    const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
    return [x + width / 2, y + height / 2];
}"""
ROW_AT = "([x, y]) => Number(document.elementFromPoint(x, y).closest('tr[data-row]').dataset.row)"


def _wait_for_more_rows(notebook: NotebookPage, count: int) -> None:
    """Wait until the head of the view says that so many more rows are done."""
    done = notebook.page.evaluate(ROWS_DONE)
    notebook.page.wait_for_function(f"least => {ROWS_DONE} >= least", arg=done + count)


def test_the_newest_rows_stay_under_the_pointer_and_a_click_opens_the_one_that_is_seen(live: NotebookPage) -> None:
    notebook, page = live, live.page
    page.wait_for_function(f"{ROWS_DONE} > 6")
    view = notebook.wait_for(".ng-live").bounding_box()
    at = page.evaluate(MIDDLE_OF, f"{NUMBERS} td.ng-number")
    page.mouse.move(*at)
    words = page.get_by_text("newer rows wait while you point here")
    words.wait_for()
    seen = page.evaluate(ROW_AT, at)

    _wait_for_more_rows(notebook, 9)  # more than a page of them
    notebook.picture("waiting", of=notebook.cell(1))
    assert page.evaluate(ROW_AT, at) == seen
    assert notebook.wait_for(".ng-live").bounding_box() == view

    page.mouse.down()
    _wait_for_more_rows(notebook, 3)
    page.mouse.up()
    notebook.wait_for(".ng-inspector:not([hidden]) .ng-inspected")
    assert f"row {seen}" in notebook.wait_for(".ng-inspector .ng-record-head").inner_text().lower()

    notebook.look_away()
    page.wait_for_function(f"row => !document.querySelector('{NUMBERS}[data-row=\"' + row + '\"]')", arg=seen)
    assert not words.is_visible()


# what a tap leaves behind: this browser tells of a finger, but only the mouse makes it match ":hover". Marks what is
# tapped on, and gives whether the mouse is there
TAP = """([x, y]) => {
    const row = document.elementFromPoint(x, y).closest("tr");
    row.classList.add("tapped");
    for (const name of ["pointerover", "pointerdown", "pointerup", "pointerout"]) {
        row.dispatchEvent(new PointerEvent(name, { pointerType: "touch", bubbles: true }));
    }
    return row.matches(":hover");
}"""


def test_a_finger_that_was_lifted_does_not_hold_the_newest_rows(live: NotebookPage) -> None:
    notebook, page = live, live.page
    page.wait_for_function(f"{ROWS_DONE} > 6")
    notebook.wait_for(".ng-live").bounding_box()
    at = page.evaluate(MIDDLE_OF, f"{NUMBERS} td.ng-number")
    page.mouse.move(*at)
    words = page.get_by_text("newer rows wait while you point here")
    words.wait_for()

    assert page.evaluate(TAP, at)

    # drawn anew; what comes under the resting mouse by that is pointed at again
    page.wait_for_function("() => !document.querySelector('.tapped')")
    page.mouse.move(at[0] + 3, at[1])  # a mouse is there as well
    words.wait_for()
    notebook.look_away()


BOXES = """([bar, tabs]) => {
    const shown = [...document.querySelectorAll(bar)].filter(element => element.offsetWidth);
    const box = element => element.getBoundingClientRect().toJSON();
    return [shown.map(box), [...document.querySelectorAll(tabs)].map(box), box(document.querySelector(".ng-live"))];
}"""


# with room for a scroll bar, which this browser hides
WHOLE_ROWS = """([pane, rows, count]) => {
    const bottom = document.querySelector(pane).getBoundingClientRect().bottom - 11;
    const boxes = [...document.querySelectorAll(rows)].map(row => row.getBoundingClientRect());
    const heights = new Set(boxes.map(box => Math.round(box.height)));
    return boxes.filter(box => box.bottom <= bottom).length === count && heights.size === 1;
}"""


@pytest.mark.parametrize("shown", ["of_one_group", "of_many_groups"])
def test_in_a_narrow_window_nothing_of_the_pages_touches_the_tabs(request: pytest.FixtureRequest, shown: str) -> None:
    notebook: NotebookPage = request.getfixturevalue(shown)
    page = notebook.page
    page.bring_to_front()  # pictures of a page behind another take seconds
    now = page.locator(".ng-live").bounding_box()
    assert now is not None
    around = 1280 - now["width"]

    for width in (400, 450, 520, 570, 620, 700, 900):
        page.set_viewport_size({"width": round(width + around), "height": 1400})
        page.wait_for_function(f"Math.abs(document.querySelector('.ng-live').offsetWidth - {width}) < 3")
        for order in ("newest first", "in order"):
            page.get_by_role("button", name=order).click()
            bars, tabs, view = page.evaluate(
                BOXES, [f"{PANE} .ng-pager, {PANE} .ng-choice, .ng-live .ng-stop", ".ng-live .lm-TabBar-tab"]
            )
            notebook.picture(f"{width}-{order}", of=notebook.cell(1))
            assert [box for box in bars if box["left"] < view["left"] or box["right"] > view["right"] - 16] == []
            # each row of the page is seen whole
            page.wait_for_function(WHOLE_ROWS, arg=[f"{PANE} .ng-table-pane", NUMBERS, 6])
            assert [
                (bar, tab)
                for bar in bars
                for tab in tabs
                if bar["left"] < tab["right"] + 8 and tab["top"] < bar["bottom"] and bar["top"] < tab["bottom"]
            ] == []
    page.set_viewport_size({"width": 1280, "height": 1400})
