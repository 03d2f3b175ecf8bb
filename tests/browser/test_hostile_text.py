"""Text from a model, a file or a user's error is shown as text: nobody executes it, wherever it stands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.hostile_endpoint import hostile_endpoint
from tests.browser.lab_harness import NotebookPage, OpenNotebook, open_file
from tests.views.hostile import HOSTILE

pytestmark = pytest.mark.browser

# Every text is the name of a column, a value of seed data, an answer, reasoning, an error, and part of a prompt; every
# third is the name of a model. Neither Arrow nor JSON holds lone surrogates, so those come from the endpoint alone.
DECLARE = """
import pandas as pd
import notebook_gen as ng

HOSTILE = {hostile!r}
VALUES = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
NAMES = [text for text in VALUES if text.strip()]

b = ng.DatasetBuilder(seed=7)
pd.DataFrame({{"text": VALUES, "other text": VALUES[::-1], "number": range(len(VALUES))}}).to_csv({file!r}, index=False)
b.seed_data({file!r})
for at, name in enumerate(NAMES):
    if at % 3 == 0:
        b.models[name] = ng.Model(name, base_url={url!r}, max_parallel=2)
        b[name] = ng.LLMText(
            "Say {{{{ text }}}}", system="Be {{{{ text }}}}", model=name,
            side_outputs=["reasoning", "messages"] if at == 0 else [],
        )
    elif at % 3 == 1:
        b[name] = ng.Category(VALUES)
    else:
        b[name] = ng.Expression("{{{{ text }}}}")

@b.column(name="fails <b>often</b>", inputs=["number", "text"])
def fails(values):
    if values["number"] % 3 == 2:
        raise ValueError(HOSTILE[values["number"]])
    return HOSTILE[values["number"]]
"""
# the same where a value may be a picture: its place, its data, its name
PICTURES = """
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
)
ATTACKS = [
    PNG,
    PNG + '" onerror="window.__pwn++" alt="hostile',
    PNG.replace("png", 'png" onload="window.__pwn++'),
    "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9IndpbmRvdy5fX3B3bisrIi8+",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19wd24rKzwvc2NyaXB0Pg==",
    "https://hostile.invalid/picture.png",
    'https://hostile.invalid/" onerror="window.__pwn++',
]

@b.column(inputs=["number"])
def picture(values):
    return ATTACKS[values["number"] % len(ATTACKS)]

@b.column(inputs=["number"])
def file(values):
    import base64
    data = base64.b64decode(PNG.partition(",")[2])
    return {"bytes": data, "path": HOSTILE[values["number"]].encode("utf-8", "replace").decode()}
"""
FILE = "<img src=x onerror=window.__pwn=1>.csv"
TABLE = "table.ng-table"
RECORD = ".ng-inspected"
LOUD = "<script>window.__pwn = 1</script>"

# what nobody draws: elements that execute or fetch, and attributes that do
FOREIGN = """() => [...document.querySelectorAll(".ng-view *, .ng-table *, .ng-dag *")].flatMap(element => {
    const isForeign = ["script", "iframe", "object", "embed", "math", "mjx-container", "form", "base", "meta",
        "link", "a", "video", "audio", "animate", "foreignobject", "use", "template"].includes(element.localName);
    const attributes = [...element.attributes].filter(({ name, value }) =>
        /^on/i.test(name) || (/href|src|action/.test(name) && /^\\s*javascript:/i.test(value))
        || (name === "style" && /hostile/.test(value)));
    // of a picture, nothing but its data may come from a value: neither where it is nor what it is called
    const isPicture = element.localName === "img";
    const isOwnData = /^data:image\\/(svg\\+xml|png|jpeg|gif|webp);base64,[\\w+\\/=]+$/;
    const isFetching = isPicture && !isOwnData.test(element.getAttribute("src"));
    const isCalled = isPicture && !/^(DAG|timeline|cells|(png|jpeg|gif|webp) image, [\\d.]+ k?B)$/.test(element.alt);
    return isForeign || isFetching || isCalled || attributes.length ? [element.outerHTML.slice(0, 200)] : [];
})"""

# what is hovered over in a table
CELLS = [(f"{TABLE} tr:not(.ng-whole) td", 6), (f"{TABLE} th", 6)]
PLACES = """([selector, most]) => [...document.querySelectorAll(selector)].slice(0, most)
    .map(element => element.getBoundingClientRect()).filter(({ width }) => width > 0)
    .map(({ left, top, width, height }) => [left + Math.min(width, 200) / 2, top + height / 2])"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with hostile_endpoint() as url:
        yield url


def _declare(endpoint: str, file: str = FILE) -> str:
    return DECLARE.format(hostile=HOSTILE, url=endpoint, file=file)


def _hover_over_everything(page: Page) -> None:
    """Bring up every card and tooltip that the view has, as far as it is in sight."""
    _hover_over(page, [(".ng-timeline .barlayer .point path", 10), (".ng-node", 6), *CELLS])


def _hover_over(page: Page, places: list[tuple[str, int]]) -> None:
    """Bring up the cards and tooltips of the first of some elements."""
    for selector, most in places:
        # places, not elements: what is hovered over may be drawn anew at any moment
        for x, y in page.evaluate(PLACES, [selector, most]):
            page.mouse.move(x, y)


def _hover_over_cells(notebook: NotebookPage) -> None:
    """Bring up the cards of cells all over the canvas."""
    box = notebook.wait_for(".ng-cells-scroll > canvas").bounding_box()
    assert box is not None
    for step in range(12):
        x, y = (step * 5 % 12 + 0.5) / 12, (step + 0.5) / 12
        notebook.page.mouse.move(box["x"] + x * min(box["width"], 700), box["y"] + y * min(box["height"], 200))


def _is_untouched(notebook: NotebookPage) -> bool:
    assert notebook.injected == 0
    assert notebook.dialogs == []
    assert notebook.fetched == []
    assert notebook.evaluate(FOREIGN) == []
    return True


def test_the_watch_notices_each_way_of_executing_and_fetching(browser: Browser, tmp_path: Path) -> None:
    page_of_attacks = tmp_path / "attacks.html"
    page_of_attacks.write_text("<body></body>")

    with open_file(browser, page_of_attacks) as (page, _console):
        noticed = []
        for text in HOSTILE:
            page.evaluate("window.__pwn = 0")
            page.evaluate(
                "text => document.body.innerHTML = `<div class='ng-view'>${text}</div>`",
                text.encode("utf-8", "replace").decode(),
            )
            page.evaluate("new Promise(resolve => setTimeout(resolve))")
            noticed.append(bool(page.evaluate("window.__pwn")) or page.evaluate(FOREIGN) != [])

    # the others attack JSON, TeX, terminals or the eye
    assert sum(noticed) > 30


def test_a_live_run_shows_hostile_text_and_executes_none(open_notebook: OpenNotebook, endpoint: str) -> None:
    run = f"run = b.preview({120 * len(HOSTILE)})"  # goes on for as long as it is looked at
    notebook = open_notebook.run_cells("hostile", [_declare(endpoint), "b", run])
    cell = notebook.cell(2)
    notebook.wait_for(".ng-live .ng-state.ng-running", within=cell)
    notebook.wait_for(".ng-live tr[data-row]", within=cell)
    cell.get_by_role("tab", name=re.compile(r"Failures\s*\d")).wait_for()
    # it lives on: what is hovered over and clicked stays where it is, and every pane is drawn as before
    cell.get_by_role("button", name="Pause").click()
    notebook.wait_for(".ng-live .ng-state.ng-paused", within=cell)

    _hover_over_everything(notebook.page)
    notebook.picture("live", of=cell)
    for name in cell.get_by_role("tab").all_inner_texts():
        cell.get_by_role("tab", name=name.split()[0]).click()
        notebook.picture(name.split()[0], of=cell)
        if name.startswith("Cells"):
            _hover_over_cells(notebook)
        _hover_over(notebook.page, CELLS)  # the rest is as before
    cell.get_by_role("tab", name="Rows").click()
    cell.locator(".ng-rows-pane tr[data-row] .ng-number").last.click()  # it is done; the first are in progress
    notebook.wait_for(f"{RECORD} .ng-message", within=cell)
    assert notebook.count(".ng-live") == 1
    assert _is_untouched(notebook)
    for _ in range(3):
        notebook.page.get_by_role("button", name="Previous").press("Enter")
    assert _is_untouched(notebook)

    cell.get_by_role("button", name="Close").click()  # the report waits until nobody reads a record
    cell.get_by_role("button", name="Cancel").click()
    notebook.wait_for(".ng-report", within=cell)
    notebook.picture("report")
    assert LOUD in notebook.wait_for(".ng-report", within=cell).inner_text()
    _hover_over_everything(notebook.page)
    assert _is_untouched(notebook)


@pytest.mark.parametrize("pane", ["Rows", "Failures"])
def test_what_a_notebook_keeps_of_a_run_whose_kernel_ended_executes_nothing(
    open_notebook: OpenNotebook, endpoint: str, pane: str
) -> None:
    run = f"run = b.preview({120 * len(HOSTILE)})"
    first = open_notebook.run_cells(f"hostile-{pane}", [_declare(endpoint), run])
    cell = first.cell(1)
    first.wait_for(".ng-live tr[data-row]", within=cell)
    cell.get_by_role("tab", name=re.compile(r"Failures\s*\d")).wait_for()
    cell.get_by_role("button", name="Pause").click()
    cell.get_by_role("tab", name=re.compile(pane)).click()
    first.page.get_by_text("window.__pwn").first.wait_for()

    first.restart_kernel()

    assert "window.__pwn" in first.wait_for(".ng-still", within=cell).inner_text()
    assert _is_untouched(first)
    first.save()
    first.leave()
    again = open_notebook.look_at(first.path)
    assert "window.__pwn" in again.wait_for(".ng-still", within=again.cell(1)).inner_text()
    again.picture("still", of=again.cell(1))
    assert _is_untouched(again)


def test_what_may_be_a_picture_is_one_of_ours_or_text(open_notebook: OpenNotebook) -> None:
    declare = f"""
import pandas as pd
import notebook_gen as ng
HOSTILE = {HOSTILE!r}
b = ng.DatasetBuilder(seed=7)
b.seed_data(pd.DataFrame({{"number": range(len(HOSTILE))}}))
"""
    notebook = open_notebook.run_cells("hostile-pictures", [declare + PICTURES, "run = b.preview(14)", "run.live()"])
    live = notebook.cell(2)
    notebook.wait_for(".ng-live .ng-rows-pane img.ng-thumbnail", within=live)
    live.get_by_role("button", name="in order").click()
    for _ in range(2):
        notebook.wait_for(".ng-live tr[data-row]", within=live)
        assert _is_untouched(notebook)
        live.get_by_role("button", name="The page after").click()
    notebook.wait_for("tr[data-row='13'] .ng-number", within=live).click()
    notebook.wait_for(".ng-inspected img.ng-image", within=live)
    notebook.picture("live", of=live)
    notebook.wait_for(".ng-report img.ng-thumbnail", within=notebook.cell(1))

    assert _is_untouched(notebook)


def test_rows_failures_dag_and_charts_show_hostile_text_and_execute_none(
    open_notebook: OpenNotebook, endpoint: str
) -> None:
    cells = [
        # a longer table than pandas shows in full would hide what is looked for
        _declare(endpoint) + PICTURES + "pd.options.display.max_rows = 500",
        f"run = b.preview({len(HOSTILE)}, show=False); dataset = await run",
        "dataset",
        "dataset.failures()",
        "b",
        "b.dot()",
        "run.record(0)",
        "run.record(2)",
        "run.gantt()",
        "run.rows()",
        "run.usage()",
    ]
    notebook = open_notebook.run_cells("hostile-static", cells)
    notebook.wait_until_executed(len(cells) - 1)

    _hover_over_everything(notebook.page)
    box = notebook.wait_for(".js-plotly-plot .nsewdrag", within=notebook.cell(8)).bounding_box()
    assert box is not None
    for step in range(30):
        notebook.page.mouse.move(box["x"] + box["width"] * step / 30, box["y"] + box["height"] * (step % 9 + 0.5) / 9)
    notebook.picture("page")
    assert notebook.count("img.ng-thumbnail", notebook.cell(2)) > 0
    assert notebook.count("img.ng-image", notebook.cell(6)) > 0
    # which of them is where goes by the order of answers
    for shown in (2, 3, 7):
        assert "window.__pwn" in notebook.cell(shown).inner_text(), shown
    assert "<img src=x onerror" in notebook.cell(4).inner_text()
    assert _is_untouched(notebook)


def test_what_ends_a_run_and_where_it_writes_may_be_hostile(open_notebook: OpenNotebook) -> None:
    cells = [
        f"import notebook_gen as ng\nHOSTILE = {HOSTILE!r}\nLOUD = {LOUD!r}",
        """
b = ng.DatasetBuilder(seed=1)
b.models["default"] = ng.DemoModel(latency=0.01)
b["x"] = ng.LLMText("Say something.")

@b.processor("post_batch", name=LOUD)
def fail(frame):
    raise ValueError(" ".join(HOSTILE))

failing = b.create(4, "<img src=x onerror=window.__pwn=1>", overwrite=True)
""",
    ]
    notebook = open_notebook.run_cells("hostile-end", cells)
    notebook.wait_for(".ng-report .ng-failed", within=notebook.cell(1))
    notebook.picture("failed", of=notebook.cell(1))
    assert LOUD in notebook.cell(1).inner_text()
    assert _is_untouched(notebook)


def test_a_saved_report_with_hostile_text_executes_none_when_it_is_opened(
    open_notebook: OpenNotebook, endpoint: str
) -> None:
    first = open_notebook.run_cells("hostile-saved", [_declare(endpoint), "run = b.preview(20)", "await run"])
    first.wait_for(".ng-report", within=first.cell(1))
    first.wait_until_idle()
    first.save()

    again = open_notebook(first.path)

    again.wait_for(".ng-report")
    assert LOUD in again.wait_for(".ng-report").inner_text()
    assert _is_untouched(again)


def test_a_page_that_was_saved_shows_hostile_text_and_executes_none(
    browser: Browser, endpoint: str, tmp_path: Path
) -> None:
    namespace: dict[str, Any] = {}
    exec(_declare(endpoint, str(tmp_path / FILE)) + PICTURES, namespace)  # noqa: S102  # what the notebooks of other tests execute
    run = namespace["b"].preview(len(HOSTILE), show=False)
    run.result()
    path = run.save_html(tmp_path / f"{HOSTILE[2]}.html")

    with open_file(browser, path) as (page, console):
        _hover_over_everything(page)
        for number in page.locator("tr[data-row] .ng-number").all()[:12]:
            number.click()
            page.locator(RECORD).locator(".ng-record-head").first.wait_for()
        assert page.evaluate("window.__pwn") == 0
        assert page.evaluate(FOREIGN) == []
        # were anything not escaped, it would not be run either
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwn++\">')")
        page.wait_for_function("[...document.images].at(-1).complete")
        assert page.evaluate("window.__pwn") == 0
    assert all("Content Security Policy" in line for line in console)
