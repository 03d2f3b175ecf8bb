"""A run as its user sees it: in a real JupyterLab, in a real browser, on the demo endpoint."""

import re
from collections.abc import Iterator

import pytest

from tests.browser.lab_harness import NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.5, max_parallel=3)
b.seed_data("../assets/products.csv")
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of the {{ product }}.")
b["reply"] = ng.LLMText("Answer this review: {{ review }}")
b["title"] = ng.Expression("{{ product | upper }}: {{ review[:40] }}")
"""
# minutes at three calls at once: however slow the machine, it goes on while the page is looked at
LONG_RUN = "run = b.preview(1_000)"

STATE = ".ng-head .ng-state"
BARS = ".ng-timeline .barlayer .point path"
DONE_CELLS = "table.ng-table tbody td:not(.ng-number):not(.ng-pending)"
NOW = "document.querySelector('.ng-timeline .ng-plot').layout.shapes.at(-1).x0"
REPORT = ".ng-report"
# how high what is under a cell was, as long as nobody watches another
WATCH_HEIGHTS = """(cell) => {
    const heights = window.heights = [];
    const area = document.querySelectorAll(".jp-Notebook .jp-Cell")[cell].querySelector(".jp-OutputArea");
    const note = () => {
        const height = Math.round(area.getBoundingClientRect().height);
        if (height && heights.at(-1) !== height) heights.push(height);
        if (window.heights === heights && area.isConnected) requestAnimationFrame(note);
    };
    note();
}"""
# how JupyterLab renders a traceback, and what is written to standard error
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"


def _live(notebook: NotebookPage, cell: int) -> None:
    """Wait until the live view under a cell shows a run that goes on."""
    notebook.wait_for(f"{STATE}.ng-running", within=notebook.cell(cell))


def _wait_for_more(notebook: NotebookPage, selector: str, cell: int, than: int) -> None:
    notebook.page.wait_for_function(
        "([selector, cell, than]) => document.querySelectorAll('.jp-Notebook .jp-Cell')[cell]"
        ".querySelectorAll(selector).length > than",
        arg=[selector, cell, than],
    )


def _printed(notebook: NotebookPage, cell: int) -> str:
    notebook.wait_until_executed(cell)
    return notebook.outputs(cell).last.inner_text().strip()


@pytest.fixture(scope="module")
def live(open_once: OpenNotebook) -> Iterator[NotebookPage]:
    """A run that goes on, its first tasks drawn, in the second cell, and cells after it that were run meanwhile."""
    notebook = open_once.run_cells("goes-on", [DECLARE, LONG_RUN, "6 * 7", "run.is_over"])
    _live(notebook, 1)
    notebook.wait_for(BARS, within=notebook.cell(1))
    yield notebook
    notebook.interrupt()


def _wait_until_it_moves_on(notebook: NotebookPage) -> None:
    """Wait until the timeline has drawn more of the run."""
    notebook.page.wait_for_function(f"than => {NOW} > than", arg=notebook.evaluate(NOW))


def test_the_view_fills_while_other_cells_run(live: NotebookPage) -> None:
    notebook = live
    assert _printed(notebook, 2) == "42"
    assert _printed(notebook, 3) == "False"
    _wait_for_more(notebook, BARS, 1, 0)
    _wait_until_it_moves_on(notebook)
    _wait_for_more(notebook, DONE_CELLS, 1, 0)
    # its rows are few and may be full by now: they make room for newer ones
    rows = notebook.wait_for("table.ng-table tbody", within=notebook.cell(1)).inner_text()
    notebook.page.wait_for_function(
        "before => document.querySelector('.ng-live table.ng-table tbody').innerText !== before", arg=rows
    )
    notebook.picture("half-way", of=notebook.cell(1))
    assert notebook.count(f"{STATE}.ng-running") == 1


def test_a_text_that_was_opened_is_read_in_full_while_the_run_goes_on(live: NotebookPage) -> None:
    notebook = live
    cell = notebook.cell(1)
    notebook.wait_for("td summary", within=cell)

    notebook.evaluate("document.querySelector('.ng-live td summary').click()")
    whole = cell.locator("tr:has(details[open]) + .ng-whole .ng-full").first
    before = whole.inner_text()
    _wait_until_it_moves_on(notebook)

    assert whole.inner_text() == before
    assert "…" not in before
    box, room = whole.bounding_box(), notebook.wait_for(".ng-live .ng-table-pane", within=cell).bounding_box()
    assert box is not None
    assert room is not None
    assert box["x"] >= room["x"]
    assert box["width"] > 0.9 * room["width"]
    assert box["x"] + box["width"] <= room["x"] + room["width"]
    notebook.picture("opened", of=cell)

    notebook.evaluate("document.querySelector('.ng-live td summary').click()")
    notebook.page.wait_for_function("!document.querySelector('.ng-live details[open]')")
    _wait_for_more(notebook, DONE_CELLS, 1, 0)


def test_the_pause_button_lets_calls_end_and_begins_no_more_until_it_is_resumed(live: NotebookPage) -> None:
    notebook = live
    _wait_for_more(notebook, DONE_CELLS, 1, 0)

    notebook.cell(1).get_by_role("button", name="Pause").click()

    notebook.wait_for(f"{STATE}.ng-paused", within=notebook.cell(1))
    # a ring is for who came there by keyboard
    assert notebook.evaluate("getComputedStyle(document.querySelector('.ng-live .ng-pause')).outlineStyle") == "none"
    notebook.cell(1).get_by_text(re.compile(r"^0 of 3 in flight$")).wait_for()
    notebook.picture("paused", of=notebook.cell(1))
    notebook.cell(1).get_by_role("button", name="Resume").click()
    _live(notebook, 1)


def test_there_is_one_view_whether_the_run_is_assigned_or_not(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("one-view", [DECLARE, "run = b.preview(4)", "b.preview(4)", "await run"])
    notebook.wait_until_executed(3)

    assert [notebook.count(".ng-view", notebook.cell(cell)) for cell in (1, 2)] == [1, 1]


def test_the_cancel_button_stops_the_run_and_keeps_its_rows(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("cancel", [DECLARE, LONG_RUN])
    _live(notebook, 1)
    _wait_for_more(notebook, DONE_CELLS, 1, 0)
    notebook.page.evaluate(WATCH_HEIGHTS, 1)

    notebook.cell(1).get_by_role("button", name="Cancel").click()

    notebook.wait_for(f"{REPORT} {STATE}.ng-cancelled", within=notebook.cell(1))
    notebook.wait_for(f"{REPORT} .ng-note.ng-end", within=notebook.cell(1))
    heights = notebook.evaluate("window.heights")
    assert max(heights) - min(heights) <= 2, heights


def test_the_cancel_button_works_while_a_cell_awaits_the_run(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("cancel-await", [DECLARE, LONG_RUN, "await run"])
    _live(notebook, 1)
    _wait_for_more(notebook, DONE_CELLS, 1, 0)

    notebook.cell(1).get_by_role("button", name="Cancel").click()

    notebook.wait_for(f"{REPORT} {STATE}.ng-cancelled", within=notebook.cell(1))
    assert "RunCancelled" in notebook.wait_for(ERROR).inner_text()


def test_the_stop_button_of_the_toolbar_cancels_a_run_that_is_awaited(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("interrupt", [DECLARE, LONG_RUN, "run.result()"])
    _live(notebook, 1)
    _wait_for_more(notebook, DONE_CELLS, 1, 0)

    notebook.interrupt()

    notebook.wait_for(f"{REPORT} {STATE}.ng-cancelled", within=notebook.cell(1))
    notebook.wait_until_idle()


def test_a_report_takes_the_view_s_place_and_stays_in_the_saved_notebook(open_notebook: OpenNotebook) -> None:
    first = open_notebook.run_cells("report", [DECLARE, "run = b.preview(6)", "await run"])
    first.wait_for(f"{REPORT} {STATE}.ng-finished", within=first.cell(1))
    first.wait_until_idle()
    assert first.count(".ng-view", first.cell(1)) == 1
    first.save()
    path = first.path
    first.shut_down_kernel()
    first.page.close()

    again = open_notebook.look_at(path)

    report = again.wait_for(REPORT, within=again.cell(1))
    again.picture("reopened")
    assert "finished" in report.inner_text()
    assert again.count("svg.ng-dag", again.cell(1)) == 1
    assert again.count(".ng-first-rows table.ng-table tbody tr:not(.ng-whole)", again.cell(1)) == 6
    assert not re.search("model not found|Error displaying widget", again.page.content())


def test_the_views_are_readable_in_the_dark_theme(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("dark", [DECLARE, "b", "run = b.preview(6)", "await run"])
    notebook.use_theme("JupyterLab Dark")
    notebook.wait_for(REPORT)

    colors = notebook.evaluate(
        "['color', 'backgroundColor'].map(name => getComputedStyle(document.querySelector('.ng-report'))[name])"
    )

    notebook.picture("dark", of=notebook.cell(2))
    assert _luminance(colors[0]) > 0.5 > _luminance(colors[1]), colors


def _luminance(color: str) -> float:
    """How light a CSS colour is, from 0 to 1."""
    channels = [float(part) for part in re.findall(r"[\d.]+", color)[:3]]
    scale = 1.0 if color.startswith("color(") else 255.0
    return sum(share * channel for share, channel in zip((0.2126, 0.7152, 0.0722), channels, strict=True)) / scale


WIDTHS = (400, 520, 700, 900)
RULER = """
from IPython.display import HTML
HTML('<hr class="ruler" style="margin:0 -20px 0 0">')
"""


@pytest.fixture(scope="module")
def unseen(open_once: OpenNotebook) -> NotebookPage:
    """A ruler, and below it a cell for each width that begins a run: none of them is run yet."""
    runs = [f"{DECLARE.replace('seed=7', f'seed={width}')}\nrun = b.preview(4)" for width in WIDTHS]
    notebook = open_once(open_once.lab.write_notebook("heights", [RULER, *runs]))
    notebook.run_cell(0)
    return notebook


@pytest.mark.parametrize("width", WIDTHS)
def test_at_any_width_the_view_is_as_high_as_in_the_end_from_the_first_moment_on(
    unseen: NotebookPage, width: int
) -> None:
    notebook, cell = unseen, 1 + WIDTHS.index(width)
    notebook.evaluate("delete globalThis.__notebook_gen_timeline")  # as in a page that has seen no run
    notebook.page.set_viewport_size({"width": 1280, "height": 1400})
    now = notebook.wait_for("hr.ruler").bounding_box()
    assert now is not None
    notebook.page.set_viewport_size({"width": round(1280 + width - now["width"]), "height": 1400})
    notebook.page.evaluate(WATCH_HEIGHTS, cell)

    notebook.run_cell(cell)
    notebook.wait_for(REPORT, within=notebook.cell(cell))

    heights = notebook.evaluate("window.heights")
    assert max(heights) - min(heights) <= 4, heights
    notebook.picture(f"end-{width}", of=notebook.cell(cell))


OUT_OF_SIGHT = """() => {
    const view = document.querySelector(".ng-view.ng-live") ?? document.querySelector(".ng-view.ng-report");
    const area = view.closest(".jp-OutputArea-output").getBoundingClientRect(), seen = view.getBoundingClientRect();
    const every = ".ng-headline button, .ng-pill, .ng-head .ng-state, .ng-fact, .ng-side b, .lm-TabBar-tab, "
        + ".ng-row-turns > *";
    const parts = [...view.querySelectorAll(every)].filter((part) => part.offsetWidth)
        .map((part) => [part.textContent, part.getBoundingClientRect()]);
    const within = (box) => box.left >= area.left && box.right <= Math.min(area.right, seen.right) + 1;
    const head = [...view.querySelectorAll(".ng-headline button, .ng-head .ng-state, .ng-fact")];
    const touches = (one, other) => one.left < other.right && other.left < one.right
        && one.top < other.bottom && other.top < one.bottom;
    const boxes = head.map((part) => part.getBoundingClientRect());
    const bar = view.querySelector(".ng-bar").getBoundingClientRect();
    return [
        ...parts.filter(([, box]) => !within(box)).map(([words]) => `${words} is cut`),
        ...head.filter((_, at) => boxes[at].bottom > bar.top).map((part) => `${part.textContent} lies below the head`),
        ...head.flatMap((one, at) => head.slice(at + 1).map((other, more) => touches(boxes[at], boxes[at + 1 + more])
            ? `${one.textContent} lies on ${other.textContent}` : null)).filter(Boolean),
        ...[...view.querySelectorAll(".ng-fact > *, .ng-row-turns > span")]
            .filter((figure) => figure.scrollWidth > figure.clientWidth + 1)
            .map((figure) => `${figure.textContent} has no room`),
    ];
}"""


def test_in_a_narrow_cell_every_button_and_every_fact_is_seen(open_notebook: OpenNotebook) -> None:
    priced = 'b.models["default"] = ng.DemoModel(latency=0.4, max_parallel=6, price=(1.0, 2.0))'
    notebook = open_notebook.run_cells("narrow", [f"{DECLARE}\n{priced}", "run = b.preview(200)"])
    page = notebook.page
    notebook.wait_for(".ng-live .ng-fact")
    notebook.wait_for(".ng-live .ng-timeline .ng-follow")
    notebook.cell(1).get_by_role("button", name="rows", exact=True).click()
    notebook.wait_for(".ng-live .ng-row-turns:not([hidden])")
    notebook.wait_for(".ng-live .ng-fact:has-text('of about'):has-text('tokens'):has-text('$')")
    now = page.locator(".ng-live").bounding_box()
    assert now is not None

    def narrow(width: int, selector: str) -> list[str]:
        page.set_viewport_size({"width": round(1280 + width - now["width"]), "height": 1400})
        measure = f"document.querySelector('{selector}').closest('.jp-OutputArea-output').clientWidth"
        page.wait_for_function(f"Math.abs({measure} - {width}) < 3")
        notebook.picture(f"{width}{selector.removeprefix('.ng')}", of=notebook.cell(1))
        missing: list[str] = notebook.evaluate(OUT_OF_SIGHT)
        return missing

    widths = (400, 450, 520, 620)
    live = {width: narrow(width, ".ng-live") for width in widths}
    notebook.cell(1).get_by_role("button", name="Cancel").click()
    notebook.wait_for(REPORT, within=notebook.cell(1))
    over = {width: narrow(width, ".ng-report") for width in widths}

    assert [missing for missing in live.items() if missing[1]] == []
    assert [missing for missing in over.items() if missing[1]] == []


MANY = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.5, max_parallel=3)
b["topic"] = ng.Category(["a", "b"])
for at in range(1, 45):
    b[f"generated_text_{at}"] = ng.LLMText("About {{ topic }}")
b
"""


def test_where_columns_have_no_room_it_is_said_how_many_more_there_are(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("many", [MANY, "run = b.preview(100)"])
    live = notebook.cell(1)
    note = notebook.wait_for(".ng-live .ng-more", within=live)
    pane = live.locator(".ng-dag-pane")

    first = int(re.findall(r"… (\d+) more columns below", note.inner_text())[0])
    assert 5 < first < 45
    pane.evaluate("pane => pane.scrollBy(0, 60)")
    notebook.page.wait_for_function(
        "before => { const now = document.querySelector('.ng-live .ng-more').textContent.match(/\\d+/);"
        " return now && Number(now[0]) < before; }",
        arg=first,
    )
    pane.evaluate("pane => pane.scrollTo(0, 1e6)")
    notebook.page.wait_for_function("document.querySelector('.ng-live .ng-more').textContent === ''")

    notebook.wait_for(".ng-live .lm-TabBar-tab:has-text('Cells')", within=live).click()
    cells = notebook.wait_for(".ng-cells-scroll > canvas", within=live)
    notebook.page.wait_for_function("document.querySelector('.ng-cells-span').textContent.includes('more columns')")
    pitch = float(cells.evaluate("canvas => canvas.offsetHeight")) / 45
    height = float(live.locator(".ng-cells-scroll").evaluate("scroll => scroll.clientHeight"))
    assert height / pitch == pytest.approx(round(height / pitch), abs=0.02)
    said = live.locator(".ng-cells-span").inner_text()
    assert f"{45 - round(height / pitch)} more columns below" in said
    live.locator(".ng-cells-scroll").evaluate("scroll => scroll.scrollTo(0, 1e6)")
    notebook.page.wait_for_function("!document.querySelector('.ng-cells-span').textContent.includes('below')")
    notebook.picture("many", of=live)

    live.get_by_role("button", name="Cancel").click()
    notebook.wait_for(REPORT, within=live)
    assert "more columns below" in live.locator(".ng-report .ng-more").inner_text()
