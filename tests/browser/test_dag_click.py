"""Columns that somebody picks in the graph of a run, by pointer and keyboard: in a JupyterLab, and in a saved page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

import notebook_gen as ng
from tests.browser.lab_harness import NotebookPage, OpenNotebook, open_file

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.4, max_parallel=6)
b.models["judge"] = ng.DemoModel(latency=0.3, max_parallel=3)
b.seed_data("../assets/products.csv")
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of the {{ product }}.")
b["verdict"] = ng.LLMText("Judge this review: {{ review }}", model="judge")
b["title"] = ng.Expression("{{ product | upper }}: {{ review[:40] }}")
b["teaser"] = ng.Expression("{{ review[:80] }}")
b["footer"] = ng.Expression("{{ verdict[:80] }}")

@b.column(outputs=["first_word", "last_word"])
def words(verdict: str) -> dict:
    return {"first_word": verdict.split()[0], "last_word": verdict.split()[-1]}
"""
# minutes: however slow the machine, it goes on while the page is looked at
LONG_RUN = "run = b.preview(4_000)"

BARS = ".ng-timeline .barlayer .point path"
PRESSED = ".ng-node[aria-pressed=true]"
MARKED = "th.ng-picked"
FRAME = ".ng-cells-picked:not([hidden])"
DONE_CELLS = "table.ng-table tbody td:not(.ng-number):not(.ng-pending)"

STRONG = f"""() => {{
    const bars = [...document.querySelectorAll({BARS!r})];
    const strong = bars.filter((bar) => Number(bar.style.fillOpacity || 1) > 0.3);
    return {{ all: bars.length, strong: strong.length, colors: [...new Set(strong.map((bar) => bar.style.fill))] }};
}}"""
ONE_COLOUR_IS_STRONG = f"""() => {{
    const {{ all, strong, colors }} = ({STRONG})();
    return strong > 0 && strong < all && colors.length === 1;
}}"""
NOW = "document.querySelector('.ng-timeline .ng-plot').layout.shapes.at(-1).x0"
ALL_ARE_STRONG = f"() => {{ const {{ all, strong }} = ({STRONG})(); return all > 0 && all === strong; }}"


def _node(place: Locator, name: str) -> Locator:
    return place.locator(f".ng-node:has(.ng-node-name:text-is('{name}'))")


def _marked(place: Locator) -> list[str]:
    """The columns of the table of rows that are marked."""
    return [text.strip() for text in place.locator(MARKED).all_text_contents()]


def _wait_until_in_sight(page: Page, first: int | None = None) -> None:
    """Wait until marked columns are within the table's pane: all of them, or the first of them."""
    page.wait_for_function(
        f"""first => [...document.querySelectorAll({MARKED!r})].slice(0, first ?? undefined).every((head) => {{
            const own = head.getBoundingClientRect();
            const room = head.closest(".ng-scroll").getBoundingClientRect();
            return own.left >= room.left - 1 && own.right <= room.right + 1;
        }})""",
        arg=first,
    )


@pytest.fixture(scope="module")
def long_run(open_once: OpenNotebook) -> Iterator[NotebookPage]:
    notebook = open_once.run_cells("pick", [DECLARE, LONG_RUN])
    notebook.wait_for(BARS, within=notebook.cell(1))
    notebook.page.wait_for_function(f"({STRONG})().colors.length > 1")
    notebook.page.wait_for_function(f"document.querySelectorAll({DONE_CELLS!r}).length > 20")
    yield notebook
    notebook.interrupt()


@pytest.fixture
def live(long_run: NotebookPage) -> Iterator[NotebookPage]:
    """A long run that has drawn bars of both models and some rows, in the second cell; nothing is picked."""
    yield long_run
    long_run.page.set_viewport_size({"width": 1280, "height": 1400})
    for picked in long_run.page.locator(PRESSED).all():
        picked.click()
    long_run.page.wait_for_function(ALL_ARE_STRONG)


def _wait_for_more(notebook: NotebookPage) -> None:
    """Wait until the run has drawn more than there is."""
    notebook.page.wait_for_function(f"than => {NOW} > than", arg=notebook.evaluate(NOW))


def test_a_click_on_a_column_picks_it_in_every_pane_until_a_second_click(live: NotebookPage) -> None:
    page, cell = live.page, live.cell(1)
    height = live.height_of_outputs(1)
    review = _node(cell, "review")
    assert review.get_attribute("aria-pressed") == "false"

    review.click()

    page.wait_for_function(ONE_COLOUR_IS_STRONG)
    assert live.count(PRESSED, cell) == 1
    assert _marked(cell) == ["review"]
    assert "review in full colour" in cell.locator(".ng-timeline .ng-section").inner_text()
    live.picture("picked", of=cell)
    _wait_for_more(live)  # it survives what is drawn while the run goes on
    assert page.evaluate(ONE_COLOUR_IS_STRONG)
    assert _marked(cell) == ["review"]
    assert live.height_of_outputs(1) == height

    _node(cell, "verdict").click()
    page.wait_for_function(ONE_COLOUR_IS_STRONG)
    assert _marked(cell) == ["verdict"]
    assert live.count(PRESSED, cell) == 1

    _node(cell, "verdict").click()
    page.wait_for_function(ALL_ARE_STRONG)
    assert (live.count(PRESSED, cell), _marked(cell)) == (0, [])
    assert live.height_of_outputs(1) == height


def test_a_column_out_of_sight_comes_into_sight_with_all_that_its_node_makes(live: NotebookPage) -> None:
    page, cell = live.page, live.cell(1)
    page.set_viewport_size({"width": 1000, "height": 1400})
    # in one step: between two, the table may be drawn anew
    table = "document.querySelectorAll('.jp-Notebook .jp-Cell')[1].querySelector('.ng-rows-pane .ng-scroll')"

    _node(cell, "words").click()

    assert _marked(cell) == ["first_word", "last_word"]
    _wait_until_in_sight(page)
    # whoever scrolls away is not pulled back
    page.evaluate(f"{table}.scrollLeft = 0")
    _wait_for_more(live)
    assert page.evaluate(f"{table}.scrollLeft") == 0
    # of seed data, which may be wider than the pane, the first column
    _node(cell, "products").click()
    assert len(_marked(cell)) > 1
    _wait_until_in_sight(page, first=1)
    cell.locator(".ng-timeline .ng-section", has_text="makes no calls").wait_for()
    page.wait_for_function(ALL_ARE_STRONG)


def test_what_is_picked_has_a_frame_among_the_cells_also_when_they_are_opened_later(live: NotebookPage) -> None:
    page, cell = live.page, live.cell(1)
    tabs = cell.locator(".lm-TabBar-tab")
    _node(cell, "verdict").click()

    tabs.filter(has_text="Cells").click()

    frame = cell.locator(FRAME)
    frame.wait_for()
    label = cell.locator(".ng-cells-labels > div:has-text('verdict')").bounding_box()
    box = frame.bounding_box()
    assert label is not None
    assert box is not None
    assert abs(box["y"] + box["height"] / 2 - label["y"] - label["height"] / 2) < 3
    live.picture("cells", of=cell)
    page.keyboard.press("Escape")
    frame.wait_for(state="hidden")
    _node(cell, "words").click()
    tabs.filter(has_text="Rows").click()
    page.wait_for_function(f"document.querySelectorAll({MARKED!r}).length === 2")
    _wait_until_in_sight(page)


def test_columns_are_reached_and_picked_by_keyboard(live: NotebookPage) -> None:
    page, cell = live.page, live.cell(1)
    review = _node(cell, "review")
    assert review.get_attribute("role") == "button"
    assert (review.get_attribute("aria-label") or "").startswith("review: LLM text · default, ")
    active = live.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex")

    _node(cell, "stars").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''").startswith("review:"):
            break
    page.keyboard.press("Space")
    page.wait_for_function(ONE_COLOUR_IS_STRONG)
    assert review.get_attribute("aria-pressed") == "true"
    live.picture("focused", of=cell)

    page.keyboard.press("Enter")
    page.wait_for_function(ALL_ARE_STRONG)
    page.keyboard.press("Enter")
    page.wait_for_function(ONE_COLOUR_IS_STRONG)
    page.keyboard.press("Escape")
    page.wait_for_function(ALL_ARE_STRONG)
    assert live.count(PRESSED, cell) == 0
    # JupyterLab has taken no key for its own: no cell was run, entered or left
    assert live.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex") == active
    assert live.evaluate("window.jupyterapp.shell.currentWidget.content.mode") == "command"


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_what_is_picked_is_marked_by_more_than_a_colour(live: NotebookPage, theme: str) -> None:
    cell = live.cell(1)
    live.use_theme(f"JupyterLab {theme}")

    def look(name: str) -> tuple[float, str]:
        width = _node(cell, name).locator(".ng-node-border").evaluate("edge => getComputedStyle(edge).strokeWidth")
        line = _node(cell, name).locator(".ng-node-name").evaluate("text => getComputedStyle(text).textDecorationLine")
        return float(width.removesuffix("px")), str(line)

    _node(cell, "review").click()
    cell.locator(PRESSED).wait_for()

    assert look("review")[0] >= 2 * look("verdict")[0]
    assert (look("review")[1], look("verdict")[1]) == ("underline", "none")
    live.picture(theme, of=cell)
    live.use_theme("JupyterLab Light")


def test_two_views_of_one_run_are_picked_in_apart(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("pick-twice", [DECLARE, LONG_RUN, "run"])
    first, second = notebook.cell(1), notebook.cell(2)
    for cell in (first, second):
        notebook.wait_for(".ng-node[aria-pressed]", within=cell)
        notebook.wait_for("th[data-maker]", within=cell)

    _node(second, "review").click()

    assert (_marked(first), _marked(second)) == ([], ["review"])
    assert notebook.count(PRESSED, first) == 0
    notebook.interrupt()


def test_a_saved_page_picks_in_all_its_panes(browser: Browser, tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=0.02, max_parallel=3)
    builder["n"] = ng.Integer(1, 5)
    builder["topic"] = ng.LLMText("Name a topic, {{ n }}.")
    builder["essay"] = ng.LLMText("Write about {{ topic }}.")
    run = builder.preview(12, show=False)
    run.result(timeout=60)
    saved = run.save_html(tmp_path / "report.html")

    with open_file(browser, saved) as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        body = page.locator("body")

        _node(body, "topic").click()

        page.wait_for_function(ONE_COLOUR_IS_STRONG)
        page.locator(FRAME).wait_for()
        assert (_marked(body), page.locator(PRESSED).count()) == (["topic"], 1)
        page.keyboard.press("Escape")
        page.wait_for_function(ALL_ARE_STRONG)
        page.locator(FRAME).wait_for(state="hidden")
        assert (_marked(body), page.locator(PRESSED).count()) == ([], 0)
    assert console == []
