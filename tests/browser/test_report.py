"""The report of a run, as somebody sees it in a page that runs no scripts."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import notebook_gen as ng
from notebook_gen.views.report import report_html
from tests.browser.lab_harness import open_file

pytestmark = pytest.mark.browser

PRODUCTS = Path(__file__).parents[2] / "assets" / "products.csv"
WIDTHS = (440, 620, 900)
CUT_FOR_GOOD = """() => [...document.querySelectorAll(".ng-first-rows td")]
    .filter((cell) => !cell.querySelector("summary") && cell.scrollWidth > cell.clientWidth && !cell.title)
    .map((cell) => cell.textContent)"""
HIGH_TEXTS = """() => [...document.querySelectorAll(".ng-first-rows td, .ng-first-rows summary")]
    .filter((cell) => {
        const text = document.createRange();
        text.selectNodeContents(cell);
        return text.getBoundingClientRect().height > 1.6 * parseFloat(getComputedStyle(cell).fontSize);
    }).map((cell) => cell.textContent)"""
CUT_FIGURES = """() => [...document.querySelectorAll(".ng-usage .ng-figure")]
    .filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"""
COSTS_OUT_OF_SIGHT = """() => {
    const room = document.querySelector(".ng-usage").closest(".ng-scroll").getBoundingClientRect();
    return [...document.querySelectorAll(".ng-usage tr > :last-child")]
        .filter((cell) => cell.getBoundingClientRect().right > room.right + 1).map((cell) => cell.textContent);
}"""
OUT_OF_SIGHT = """() => {
    const table = document.querySelector(".ng-first-rows table");
    const { right } = table.parentElement.getBoundingClientRect();
    const made = [...table.querySelectorAll("th:has(.ng-dot)")];
    return made.filter((head) => head.getBoundingClientRect().right > right + 0.5).map((head) => head.textContent);
}"""
HEIGHTS = """() => [...new Set([...document.querySelectorAll(".ng-first-rows tr:not(.ng-whole)")]
    .map((row) => row.offsetHeight))]"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run of 30 rows with seed data and long texts, a third of its rows dropped."""
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=0.02, max_parallel=4)
    builder.models["judge"] = ng.DemoModel(latency=0.02, max_parallel=4, price=(0.15, 0.6))
    builder.seed_data(PRODUCTS)
    builder["n"] = ng.Integer(1, 5)
    for name in ("review", "reply", "answer"):
        builder[name] = ng.LLMText("Write {{ n }} lines on the {{ product }}.")
    builder["verdict"] = ng.LLMText("Judge: {{ review }}", model="judge")

    @builder.column
    def words(n: int, review: str) -> int:
        if n == 3:
            raise ValueError("not three")
        return len(review.split())

    run = builder.preview(30, show=False)
    run.result(timeout=60)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(f"<!doctype html><meta charset='utf-8'>{report_html(run._source)}", encoding="utf-8")
    return path


def test_each_text_of_a_report_is_one_line_and_can_be_read_whole_where_it_is_cut(
    browser: Browser, report: Path
) -> None:
    with open_file(browser, report) as (page, console):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1400})
            assert page.evaluate(CUT_FOR_GOOD) == [], width
            assert page.evaluate(HIGH_TEXTS) == [], width
            assert page.evaluate(HEIGHTS) == [28], width
        assert page.locator(".ng-first-rows summary").count() > 40
    assert console == []


def test_all_that_is_made_is_in_sight_where_there_is_some_room_and_all_columns_where_there_is_more(
    browser: Browser, report: Path
) -> None:
    with open_file(browser, report) as (page, _):
        out_of_sight = {}
        for width in (440, 900, 1400):
            page.set_viewport_size({"width": width, "height": 1400})
            out_of_sight[width] = page.evaluate(OUT_OF_SIGHT)
        room = page.locator(".ng-first-rows .ng-scroll")
        assert room.evaluate("room => room.scrollWidth <= room.clientWidth")

    assert out_of_sight[440][-1:] == ["words"]
    assert "n" not in out_of_sight[440]
    assert [out_of_sight[width] for width in (900, 1400)] == [[], []]


def test_the_titles_of_folds_stay_where_they_are_whichever_is_open(browser: Browser, report: Path) -> None:
    with open_file(browser, report) as (page, console):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1400})
            closed = _titles(page)
            assert [name for name, _ in closed] == ["Records", "Cells", "Failures", "Usage"]
            assert len({top for _, (_, top) in closed}) == 1
            for name, _ in closed:
                title = page.locator(".ng-fold > summary").filter(has_text=name)
                title.click()
                assert _titles(page) == closed, (width, name)
                title.click()
    assert console == []


def test_what_models_cost_is_seen_however_narrow_the_page_is_and_no_figure_is_cut(
    browser: Browser, report: Path
) -> None:
    with open_file(browser, report) as (page, console):
        page.locator(".ng-fold > summary").filter(has_text="Usage").click()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1400})
            assert page.evaluate(CUT_FIGURES) == [], width
            assert page.evaluate(COSTS_OUT_OF_SIGHT) == [], width
    assert console == []


def test_what_ended_a_run_is_said_in_full_however_narrow_the_page_is(browser: Browser, tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=0.1, max_parallel=2)
    builder["topic"] = ng.LLMText("Name a topic.")
    run = builder.create(200, tmp_path / "topics", show=False)
    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result(timeout=60)
    path = tmp_path / "report.html"
    path.write_text(f"<!doctype html><meta charset='utf-8'>{report_html(run._source)}", encoding="utf-8")

    with open_file(browser, path) as (page, console):
        end = page.locator(".ng-end")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1400})
            assert end.evaluate("line => line.scrollWidth <= line.clientWidth"), width
    assert console == []


def _titles(page: Page) -> list[tuple[str, tuple[float, float]]]:
    """The names of the folds, and where each begins."""
    found: list[tuple[str, tuple[float, float]]] = []
    for title in page.locator(".ng-fold > summary > b").all():
        box = title.bounding_box()
        assert box is not None
        found.append((title.inner_text(), (box["x"], box["y"])))
    return found
