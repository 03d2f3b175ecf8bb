"""A run that was saved as a file, as somebody sees it who was sent it: a browser, no kernel, no network."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import notebook_gen as ng
from notebook_gen.views.page import page_html
from tests.browser.lab_harness import double_click, open_file
from tests.views.fake_run import REVIEW, traced_run

pytestmark = pytest.mark.browser

LAST_TICK = "[...document.querySelectorAll('.xtick')].at(-1).textContent"
FIRST_SHOWN = "document.querySelector('.ng-plot').layout.xaxis.range[0]"
BARS = ".ng-timeline .barlayer .point path"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a run of 30 rows, a third of them dropped."""
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=0.05, max_parallel=3)
    builder["n"] = ng.Integer(1, 5)
    builder["review"] = ng.LLMText("Write a review of {{ n }} lamps.", system="You are brief.")
    builder["twice"] = ng.Expression("{{ review }} {{ review }}")

    @builder.column
    def words(n: int, review: str) -> int:
        if n == 3:
            raise ValueError("not three")
        return len(review.split())

    run = builder.preview(30, show=False)
    run.result(timeout=60)
    return run.save_html(tmp_path_factory.mktemp("saved") / "report.html")


def test_a_saved_page_draws_its_timeline_and_leads_from_a_bar_to_its_record(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        bar = page.locator(BARS).first
        bar.hover(force=True)
        card = page.locator(".ng-card b").inner_text()
        page.mouse.down()
        page.mouse.up()

        row = int(card.rpartition("row ")[2])
        record = page.locator(".ng-inspector")
        record.get_by_text(f"row {row}", exact=True).wait_for()
        assert "You are brief." in record.inner_text()
        record.get_by_role("button", name="Next").click()
        record.get_by_text(f"row {row + 1}", exact=True).wait_for()
        # its row is marked wherever it is shown
        page.locator(f".ng-rows tr.ng-opened[data-row='{row + 1}']").wait_for()
        page.locator(".ng-cells-shown:not([hidden])").wait_for()
        said = page.locator(".ng-cells-legend").inner_text().split()
        assert {"done", "failed"} <= set(said) <= {"done", "failed", "dropped"}
        assert page.locator(".ng-opened").count() == 1
        if "NOTEBOOK_GEN_SCREENSHOTS" in os.environ:
            page.screenshot(path=Path(os.environ["NOTEBOOK_GEN_SCREENSHOTS"]) / "saved-page.png", full_page=True)
    assert console == []


def test_a_text_that_is_opened_is_shown_alone(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        row = page.locator(".ng-rows tr[data-row='0']")
        shown = page.locator(".ng-rows .ng-full:visible")
        row.locator("summary").nth(1).click()

        shown.first.wait_for()
        assert [text.split("\n")[0] for text in shown.all_inner_texts()] == ["twice"]
        row.locator("summary").nth(0).click()
        shown.nth(1).wait_for()
        assert [text.split("\n")[0] for text in shown.all_inner_texts()] == ["review", "twice"]
    assert console == []


OUTSIDE = """() => {
    const view = document.querySelector(".ng-view").getBoundingClientRect();
    const parts = [...document.querySelectorAll(".ng-section > *, .ng-row-turns > *, .ng-fact")];
    const shown = parts.filter((part) => part.offsetWidth && part.className !== "ng-space");
    const outside = shown.filter((part) => part.getBoundingClientRect().right > view.right - 8);
    return [document.documentElement.scrollWidth > innerWidth, outside.map((part) => part.textContent)];
}"""


def test_nothing_of_a_saved_page_is_out_of_a_narrow_window(browser: Browser, tmp_path: Path) -> None:
    run = traced_run(400)
    for row in range(400):
        run.attempt(REVIEW, row, row * 0.01, row * 0.01 + 0.01)
    run.finish()
    (tmp_path / "report.html").write_text(page_html(run), encoding="utf-8")

    with open_file(browser, tmp_path / "report.html") as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        page.get_by_role("button", name="rows", exact=True).click()
        page.locator(".ng-timeline .ng-row-turns").wait_for()
        for width in (420, 500, 620, 700, 860):
            page.set_viewport_size({"width": width, "height": 1400})
            page.wait_for_function(f"document.querySelector('.ng-view').offsetWidth <= {width}")
            assert page.evaluate(OUTSIDE) == [False, []], width
            if "NOTEBOOK_GEN_SCREENSHOTS" in os.environ:
                page.screenshot(path=Path(os.environ["NOTEBOOK_GEN_SCREENSHOTS"]) / f"saved-page-{width}.png")
    assert console == []


def test_a_saved_page_zooms_in_and_out_again(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        before = page.locator(".xtick").last.text_content()
        box = page.locator(".ng-plot .nsewdrag").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20, steps=4)
        page.mouse.up()
        page.wait_for_function(f"before => {LAST_TICK} !== before", arg=before)

        double_click(page.locator(".ng-timeline"))

        page.wait_for_function(f"before => {LAST_TICK} === before", arg=before)
    assert console == []


def _range(page: Page) -> list[float]:
    shown: list[float] = page.evaluate("document.querySelector('.ng-plot').layout.xaxis.range")
    return shown


def _drag(page: Page, *, begin: float, end: float) -> None:
    box = page.locator(".ng-plot .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * begin, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 20, steps=6)
    page.mouse.up()


def test_a_saved_page_moves_what_it_has_zoomed_into_and_goes_back_by_its_button(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        whole = _range(page)
        seconds = whole[1] - whole[0]
        back = page.get_by_role("button", name="whole run")
        back.wait_for(state="hidden")

        _drag(page, begin=0.5, end=0.7)
        back.wait_for()
        zoomed = _range(page)
        page.keyboard.down("Shift")
        _drag(page, begin=0.2, end=0.7)
        page.keyboard.up("Shift")
        page.wait_for_function(f"before => {FIRST_SHOWN} < before - 1e-6", arg=zoomed[0])
        moved = _range(page)
        back.click()
        page.wait_for_function(f"before => {FIRST_SHOWN} === before", arg=whole[0])

        assert zoomed == pytest.approx([whole[0] + 0.5 * seconds, whole[0] + 0.7 * seconds], abs=0.02 * seconds)
        assert moved == pytest.approx([edge - 0.1 * seconds for edge in zoomed], abs=0.02 * seconds)
        assert _range(page) == whole
        back.wait_for(state="hidden")
    assert console == []


@pytest.mark.parametrize("kind", ["rows", "columns"])
def test_a_saved_page_shows_other_lanes_of_the_whole_run_and_zooms_into_them(
    browser: Browser, saved: Path, kind: str
) -> None:
    with open_file(browser, saved) as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        _drag(page, begin=0.5, end=0.7)
        page.get_by_role("button", name="whole run").wait_for()

        page.locator(".ng-timeline .ng-switch").get_by_role("button", name=kind).click()
        page.get_by_role("button", name="whole run").wait_for(state="hidden")
        page.wait_for_function(f"{FIRST_SHOWN} < 0.1 || {kind!r} === 'rows'")
        whole = _range(page)
        _drag(page, begin=0.25, end=0.5)
        page.get_by_role("button", name="whole run").wait_for()

        seconds = whole[1] - whole[0]
        expected = [whole[0] + 0.25 * seconds, whole[0] + 0.5 * seconds]
        assert _range(page) == pytest.approx(expected, abs=0.02 * seconds)
        double_click(page.locator(".ng-timeline"))
        page.wait_for_function(f"before => {FIRST_SHOWN} === before", arg=whole[0])
    assert console == []


def test_a_failure_and_a_row_lead_to_their_records_by_keyboard(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        record = page.locator(".ng-inspector")
        page.locator("tr[data-row]:has-text('not three')").first.focus()
        page.keyboard.press("Enter")
        record.get_by_text("dropped", exact=True).first.wait_for()
        assert "ValueError: not three" in record.inner_text()

        record.get_by_role("button", name="Close").press("Enter")

        record.wait_for(state="hidden")
    assert console == []


def test_a_record_takes_the_keys_while_it_is_open_and_gives_them_back(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        record, failure = page.locator(".ng-inspector"), page.locator("tr[data-row]:has-text('not three')").first
        row = int(failure.get_attribute("data-row") or -1)
        for is_by_key in (False, True):
            if is_by_key:
                failure.press("Enter")
            else:
                failure.click()
            record.get_by_text(f"row {row}", exact=True).wait_for()
            page.keyboard.press("ArrowRight")
            record.get_by_text(f"row {row + 1}", exact=True).wait_for()
            page.keyboard.press("ArrowLeft")
            record.get_by_text(f"row {row}", exact=True).wait_for()
            page.keyboard.press("Escape")
            record.wait_for(state="hidden")
            assert failure.evaluate("failure => failure === document.activeElement")
    assert console == []


def test_a_bar_and_a_cell_open_a_record_that_takes_the_keys(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, console):
        record = page.locator(".ng-inspector")
        for place in (page.locator(BARS).first, page.locator(".ng-cells-scroll canvas").first):
            place.hover(force=True)
            page.mouse.down()
            page.mouse.up()
            record.wait_for()
            page.keyboard.press("Escape")
            record.wait_for(state="hidden")
    assert console == []


@pytest.mark.parametrize("kind", ["slots", "rows"])
def test_a_saved_page_never_shows_more_than_the_run(browser: Browser, saved: Path, kind: str) -> None:
    with open_file(browser, saved) as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        page.locator(".ng-timeline .ng-switch").get_by_role("button", name=kind).click()
        page.locator(".ng-switch button.ng-on", has_text=kind).wait_for()
        _drag(page, begin=0.5, end=0.7)
        page.get_by_role("button", name="whole run").wait_for()
        whole = page.evaluate("document.querySelector('.ng-plot').layout.xaxis.range")

        page.keyboard.down("Control")
        for _ in range(8):
            page.mouse.wheel(0, 400)
        page.keyboard.up("Control")

        page.get_by_role("button", name="whole run").wait_for(state="hidden")
        assert _range(page)[1] - _range(page)[0] > 2 * (whole[1] - whole[0])
        ended: float = page.evaluate("JSON.parse(document.getElementById('ng-data').textContent).timeline.clock.now")
        assert _range(page)[0] >= 0
        assert _range(page)[1] <= ended + 1e-6
    assert console == []


def test_the_timeline_says_how_to_look_closer_at_a_run_that_is_over(browser: Browser, saved: Path) -> None:
    with open_file(browser, saved) as (page, _):
        title = page.locator(".ng-timeline .ng-section b").get_attribute("title") or ""

        for gesture in ("drag to zoom", "Ctrl and scroll", "Shift and drag to move", "double-click for the whole run"):
            assert gesture in title


def test_without_scripts_a_saved_page_still_shows_its_timeline_and_its_rows(browser: Browser, saved: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(saved.as_uri())

        assert page.locator("svg.ng-dag").is_visible()
        assert page.locator("#ng-timeline svg").first.is_visible()
        assert page.locator("table.ng-table tbody tr").first.is_visible()
    finally:
        context.close()
