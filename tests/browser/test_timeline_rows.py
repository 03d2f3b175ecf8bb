"""All rows of a run can be reached in the timeline, and a move never changes how much of it is seen."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

import notebook_gen as ng
from notebook_gen.views.page import page_html
from tests.browser.lab_harness import PATIENCE, NotebookPage, OpenNotebook, double_click, open_file
from tests.views.fake_run import REVIEW, traced_run

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.02, max_parallel=6)
b["n"] = ng.Integer(1, 5)
b["topic"] = ng.LLMText("Name a topic, {{ n }}.")
b["summary"] = ng.LLMText("Summarise {{ topic }}.")
b.preview(1, show=False).result()  # what is loaded at a first run's end would be an empty part of the timeline
"""
CELLS = (DECLARE, "run = b.preview(200)\nawait run", "run.live()")

TIMELINE = ".ng-timeline"
BARS = f"{TIMELINE} .barlayer .point path"
RANGE = f"document.querySelector('{TIMELINE} .ng-plot').layout.xaxis.range"
SEEN = f"""(() => {{
    const [field, words] = document.querySelectorAll("{TIMELINE} .ng-row-turns :is(input, input + span)");
    return `${{field.value}} ${{words.textContent}}`;
}})()"""


BARS_IN_FRAME = f"""document.querySelector('{TIMELINE} .ng-plot').data
    .reduce((count, {{ base }}) => count + (base?.length ?? 0), 0)"""
"""How many bars the chart has been given: those of its window."""
SETTLE = f"""async () => {{
    const plot = document.querySelector('{TIMELINE} .ng-plot'), frame = () => new Promise(requestAnimationFrame);
    const range = () => plot.layout.xaxis.range.join();
    let before;
    do {{
        before = range();
        await frame(); // what is due is drawn in it, asked for before
        await frame();
    }} while (plot._dragging || range() !== before);
}}"""


def _settle(page: Page) -> None:
    """Wait until what was done is drawn: in the next animation frame, and after plotly's own drag."""
    page.evaluate(SETTLE)


def _choose_rows(page: Page) -> None:
    page.locator(BARS).first.wait_for(state="attached")
    page.locator(f"{TIMELINE} .ng-switch").get_by_role("button", name="rows").click()
    page.locator(f"{TIMELINE} .ng-row-turns").wait_for()
    page.locator(f"{TIMELINE} .ytick", has_text="row ").first.wait_for(state="attached")


def _turn(page: Page, name: str) -> None:
    """Turn to other rows, and wait until they are there."""
    before = page.evaluate(SEEN)
    page.locator(f"{TIMELINE} .ng-row-turns").get_by_role("button", name=name).click()
    # a saved page does not let a page wait for an expression
    deadline = time.monotonic() + PATIENCE
    while page.evaluate(SEEN) == before:
        assert time.monotonic() < deadline, f"it still shows {before}"
        page.wait_for_timeout(20)


def _numbers(page: Page) -> range:
    """The rows that the heading says are seen."""
    first, last = re.findall(r"\d+", page.evaluate(SEEN))[:2]
    return range(int(first), int(last) + 1)


def _labelled_rows(page: Page) -> set[int]:
    """The rows that have labels at the left."""
    return {int(text.removeprefix("row ")) for text in page.locator(f"{TIMELINE} .ytick").all_text_contents()}


def _drag(page: Page, plot: Locator, begin: float, end: float, *, is_move: bool = False) -> None:
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * begin, box["y"] + 40)
    if is_move:
        page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 42, steps=4)
    page.mouse.up()
    if is_move:
        page.keyboard.up("Shift")


def _see_all_rows(page: Page) -> None:
    """Turn from where one is back to the first rows, then forth to the last."""
    back = []
    while page.locator(f"{TIMELINE} .ng-row-turns").get_by_role("button", name="before").is_enabled():
        back.append(_numbers(page))
        _turn(page, "before")
    forth = [_numbers(page)]
    while page.locator(f"{TIMELINE} .ng-row-turns").get_by_role("button", name="after").is_enabled():
        _turn(page, "after")
        forth.append(_numbers(page))
        assert _labelled_rows(page) <= set(forth[-1])
        assert page.locator(BARS).count() >= len(forth[-1])
    assert [row for rows in forth for row in rows] == list(range(200))
    assert {row for rows in [*back, forth[0]] for row in rows} >= set(range(back[0].stop if back else 0))


@pytest.fixture(scope="module")
def viewed_again(open_once: OpenNotebook) -> NotebookPage:
    notebook = open_once.run_cells("rows", CELLS)
    notebook.wait_for(BARS, within=notebook.cell(2))
    return notebook


@pytest.fixture
def ended(viewed_again: NotebookPage) -> Iterator[NotebookPage]:
    """The live view of a run that has ended, in the third cell; all of it is looked at, in slots."""
    timeline = viewed_again.cell(2).locator(TIMELINE)
    timeline.scroll_into_view_if_needed()
    yield viewed_again
    double_click(timeline)
    timeline.get_by_role("button", name="slots").click()
    timeline.locator(".ng-row-turns").wait_for(state="hidden")
    viewed_again.page.wait_for_function(f"{RANGE}[0] === 0")


def test_of_a_run_that_has_ended_every_row_can_be_turned_to(ended: NotebookPage) -> None:
    page = ended.page
    _choose_rows(page)
    ended.picture("newest", of=ended.cell(2).locator(TIMELINE))

    _see_all_rows(page)

    ended.picture("last", of=ended.cell(2).locator(TIMELINE))
    field = page.locator(f"{TIMELINE} .ng-row-turns input")
    field.fill("100")
    field.press("Enter")
    page.wait_for_function(f"!{SEEN}.includes('to 199')")
    assert _numbers(page)[0] == 100
    bars = page.locator(BARS)
    assert bars.count() == 2 * len(_numbers(page))
    boxes = [box for box in (bars.nth(at).bounding_box() for at in range(bars.count())) if box]
    plot = page.locator(f"{TIMELINE} .nsewdrag").bounding_box()
    assert plot is not None
    # what they took fills the chart
    assert min(box["x"] for box in boxes) < plot["x"] + plot["width"] * 0.1
    assert max(box["x"] + box["width"] for box in boxes) > plot["x"] + plot["width"] * 0.9
    ended.picture("turned", of=ended.cell(2).locator(TIMELINE))


def test_rows_that_were_turned_to_stay_while_somebody_looks_closer(ended: NotebookPage) -> None:
    page = ended.page
    _choose_rows(page)
    _turn(page, "before")
    seen, whole, bars = page.evaluate(SEEN), page.evaluate(RANGE), page.evaluate(BARS_IN_FRAME)

    _drag(page, page.locator(f"{TIMELINE} .nsewdrag").first, 0.3, 0.6)
    page.wait_for_function(f"whole => {RANGE}[0] > whole[0] + 0.01", arg=whole)
    # the window's own detail has come
    page.wait_for_function(f"bars => {BARS_IN_FRAME} < bars", arg=bars)
    assert page.evaluate(SEEN) == seen

    double_click(page.locator(TIMELINE))
    page.wait_for_function(f"whole => Math.abs({RANGE}[0] - whole[0]) < 0.001", arg=whole)
    assert page.evaluate(SEEN) == seen


def test_a_move_back_in_time_shows_the_rows_of_that_time(ended: NotebookPage) -> None:
    page = ended.page
    _choose_rows(page)
    newest, (start, end) = _numbers(page), page.evaluate(RANGE)
    assert start > 0

    # at the run's end there may be a time in which nothing has begun: it takes more than one move to leave it
    for _ in range(4):
        _drag(page, page.locator(f"{TIMELINE} .nsewdrag").first, 0.1, 0.9, is_move=True)
        _settle(page)

    page.wait_for_function(f"newest => parseInt({SEEN}) < newest", arg=newest[0])
    assert page.evaluate(f"{RANGE}[1] - {RANGE}[0]") == pytest.approx(end - start)


def test_a_move_keeps_how_much_is_seen_and_stops_where_the_run_does(ended: NotebookPage) -> None:
    page, plot = ended.page, ended.page.locator(f"{TIMELINE} .nsewdrag").first
    whole = page.evaluate(RANGE)

    for begin, end in ((0.2, 0.7), (0.7, 0.2)):
        _drag(page, plot, begin, end, is_move=True)
        _settle(page)
        assert page.evaluate(RANGE) == pytest.approx(whole)

    _drag(page, plot, 0.4, 0.6)
    page.wait_for_function(f"whole => {RANGE}[0] > whole[0] + 0.01", arg=whole)
    start, end = page.evaluate(RANGE)
    _drag(page, plot, 0.2, 0.7, is_move=True)
    _settle(page)
    moved = page.evaluate(RANGE)
    assert moved == pytest.approx([start - (end - start) / 2, end - (end - start) / 2], abs=0.02 * (end - start))
    for _ in range(4):
        _drag(page, plot, 0.1, 0.9, is_move=True)
    _settle(page)
    assert page.evaluate(RANGE) == pytest.approx([0.0, end - start])
    for _ in range(8):
        _drag(page, plot, 0.9, 0.1, is_move=True)
    _settle(page)
    assert page.evaluate(RANGE) == pytest.approx([whole[1] - (end - start), whole[1]])


def test_in_a_saved_page_every_row_can_be_turned_to(browser: Browser, tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=0.02, max_parallel=6)
    builder["topic"] = ng.LLMText("Name a topic.")
    run = builder.preview(200, show=False)
    run.result(timeout=60)

    with open_file(browser, run.save_html(tmp_path / "report.html")) as (page, console):
        _choose_rows(page)
        assert _numbers(page)[0] == 0
        _see_all_rows(page)
    assert console == []


def test_a_saved_page_that_lacks_the_last_rows_says_so_and_takes_no_number_beyond(
    browser: Browser, tmp_path: Path
) -> None:
    run = traced_run(3000)
    for row in range(3000):
        run.attempt(REVIEW, row, row * 0.01, row * 0.01 + 0.01)
    run.finish()
    (tmp_path / "report.html").write_text(page_html(run), encoding="utf-8")

    with open_file(browser, tmp_path / "report.html") as (page, console):
        _choose_rows(page)
        assert "last" not in page.evaluate(SEEN)
        field = page.locator(f"{TIMELINE} .ng-row-turns input")
        most = int(field.get_attribute("max") or -1)
        field.fill(str(most))
        field.press("Enter")

        said = f"to {most:,} of 3,000, the last in this file"
        page.locator(f"{TIMELINE} .ng-row-turns", has_text=said).wait_for()
        assert most < 2999
        assert page.locator(f"{TIMELINE} .ng-row-turns").get_by_role("button", name="after").is_disabled()
    assert console == []
