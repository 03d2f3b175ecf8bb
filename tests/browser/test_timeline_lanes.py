"""The timeline's lanes, its hover card and its window, as a user sees them: in a JupyterLab, and in a saved page."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

import notebook_gen as ng
from tests.browser.lab_harness import NotebookPage, OpenNotebook, double_click, open_file

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(
    latency=0.7, max_parallel=10, faults=ng.DemoFaults(server_error=0.05, capacity=7, retry_after=0.6)
)
b.models["judge"] = ng.DemoModel(latency=0.5, max_parallel=4)
b.seed_data("../assets/products.csv")
b["topic"] = ng.LLMText("Name a topic for the {{ product }}.")
b["summary"] = ng.LLMText("Summarise {{ topic }}.")
b["trivia"] = ng.LLMText("Trivia about {{ topic }}.")
b["score"] = ng.LLMText("Judge {{ summary }}", model="judge")
"""
# minutes: however slow the machine, it goes on while the page is looked at
LONG_RUN = "run = b.preview(3_000)"

TIMELINE = ".ng-timeline"
BARS = f"{TIMELINE} .barlayer .point path"
PRESSED = f"{TIMELINE} .ng-switch button[aria-pressed=true]"
FOLLOWS = f"{TIMELINE} .ng-follow[aria-pressed=true]"

PLOT = f"{TIMELINE} .ng-plot"
NOW = f"document.querySelector({PLOT!r}).layout.shapes.at(-1).x0"
# the share of the axis that lies ahead of now
ROOM = f"""(() => {{
    const {{ layout }} = document.querySelector({PLOT!r}), [from, to] = layout.xaxis.range;
    return (to - layout.shapes.at(-1).x0) / (to - from);
}})()"""
# where the curves of what waits and of what is in flight end
BANDS = (
    f"document.querySelector({PLOT!r}).data.filter(trace => trace.line?.shape === 'hv').map(trace => trace.x.at(-1))"
)


def _labels(place: Locator) -> list[str]:
    return [text.strip() for text in place.locator(f"{TIMELINE} .ytick").all_text_contents()]


def _choose_lanes(page: Page, place: Locator, kind: str) -> None:
    """Choose lanes by keyboard, and wait until their names are there."""
    expected = {"slots": "default", "rows": "row ", "columns": "topic"}[kind]
    place.locator(f"{TIMELINE} .ng-switch").get_by_role("button", name=kind).press("Enter")
    place.locator(f"{PRESSED}:has-text('{kind}')").wait_for()
    page.wait_for_function(
        "expected => [...document.querySelectorAll('.ng-timeline .ytick')]"
        ".some(tick => tick.textContent.startsWith(expected))",
        arg=expected,
    )


def _drag(page: Page, plot: Locator, *, begin: float, end: float) -> None:
    """Drag over a part of the chart, from one share of its width to another."""
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * begin, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 42, steps=4)
    page.mouse.up()


@pytest.fixture(scope="module")
def long_run(open_once: OpenNotebook) -> Iterator[NotebookPage]:
    notebook = open_once.run_cells("timeline", [DECLARE, LONG_RUN])
    notebook.wait_for(BARS, within=notebook.cell(1))
    notebook.page.wait_for_function(f"document.querySelectorAll({BARS!r}).length > 20")
    yield notebook
    notebook.interrupt()


@pytest.fixture
def live(long_run: NotebookPage) -> Iterator[NotebookPage]:
    """A long run that has drawn its first bars, in the second cell; all of it is looked at, in slots."""
    yield long_run
    cell = long_run.cell(1)
    resume = cell.get_by_role("button", name="Resume")
    if resume.is_visible():
        resume.click()
    double_click(cell.locator(TIMELINE))
    cell.locator(FOLLOWS).wait_for()
    _choose_lanes(long_run.page, cell, "slots")


def test_lanes_are_slots_rows_or_columns_as_somebody_chooses_by_keyboard(live: NotebookPage) -> None:
    cell = live.cell(1)
    assert _labels(cell)[0].startswith("default")
    before = cell.locator(TIMELINE).bounding_box()
    assert before is not None

    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        live.use_theme(theme)
        for kind in ("rows", "columns", "slots"):
            _choose_lanes(live.page, cell, kind)
            live.picture(f"{kind}-{theme.split()[1]}", of=cell.locator(TIMELINE))
            assert live.count(PRESSED, cell) == 1
            assert live.count(BARS, cell) > 0

    live.use_theme("JupyterLab Light")
    after = cell.locator(TIMELINE).bounding_box()
    assert after is not None
    # Lab gives its side bar another width when it comes to it
    assert after["height"] == before["height"]


@pytest.mark.parametrize("kind", ["slots", "rows", "columns"])
def test_whoever_points_at_a_bar_reads_what_it_was_in_all_lanes(live: NotebookPage, kind: str) -> None:
    cell = live.cell(1)
    _choose_lanes(live.page, cell, kind)
    bar = cell.locator(BARS).first

    bar.hover(force=True)

    card = cell.locator(f"{TIMELINE} .ng-card")
    card.wait_for()
    assert re.search(r"(topic|summary|trivia|score) · row \d+", card.inner_text())
    assert re.search(r"(s|ms) in flight.*waited .* for a slot", card.inner_text())
    live.picture("card", of=cell.locator(TIMELINE))


def test_looking_at_a_part_stops_following_until_it_is_switched_on_again(live: NotebookPage) -> None:
    cell = live.cell(1)
    cell.locator(FOLLOWS).wait_for()

    _drag(live.page, cell.locator(f"{TIMELINE} .nsewdrag").first, begin=0.1, end=0.4)

    cell.locator(f"{TIMELINE} .ng-follow[aria-pressed=false]").wait_for()
    stands = cell.locator(f"{TIMELINE} .xtick").all_text_contents()
    live.picture("zoomed", of=cell.locator(TIMELINE))
    cell.locator(f"{TIMELINE} .ng-follow").click()
    cell.locator(FOLLOWS).wait_for()
    live.page.wait_for_function(
        "before => [...document.querySelectorAll('.ng-timeline .xtick')].at(-1).textContent !== before", arg=stands[-1]
    )


def test_a_part_of_a_run_that_goes_on_can_be_left_for_the_whole_run(live: NotebookPage) -> None:
    cell, page = live.cell(1), live.page
    whole = cell.locator(TIMELINE).get_by_role("button", name="whole run")
    cell.locator(FOLLOWS).wait_for()
    assert whole.is_hidden()
    choice = cell.locator(f"{TIMELINE} .ng-switch").bounding_box()

    _drag(page, cell.locator(f"{TIMELINE} .nsewdrag").first, begin=0.2, end=0.4)

    whole.wait_for()
    assert cell.locator(f"{TIMELINE} .ng-switch").bounding_box() == choice
    live.picture("a way back", of=cell.locator(TIMELINE))
    whole.click()
    cell.locator(FOLLOWS).wait_for()
    whole.wait_for(state="hidden")
    page.wait_for_function(f"document.querySelector({PLOT!r}).layout.xaxis.range[0] === 0")


def test_whoever_has_only_a_keyboard_zooms_moves_and_goes_back(live: NotebookPage) -> None:
    cell, page = live.cell(1), live.page
    stage, seen = cell.locator(f"{TIMELINE} .ng-stage"), f"document.querySelector({PLOT!r}).layout.xaxis.range"
    begin = f"{seen}[0]"

    stage.focus()
    page.keyboard.press("+")

    page.wait_for_function(f"{begin} > 0")
    cell.locator(f"{TIMELINE} .ng-follow[aria-pressed=false]").wait_for()
    live.picture("by keyboard", of=cell.locator(TIMELINE))
    first, last = page.evaluate(seen)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{begin} < {first}")
    before, after = page.evaluate(seen)
    assert after - before == pytest.approx(last - first)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{begin} > {before}")
    page.keyboard.press("-")
    page.wait_for_function(f"{seen}[1] - {begin} > {last - first + 0.1}")
    page.keyboard.press("+")
    page.keyboard.press("0")
    cell.locator(FOLLOWS).wait_for()
    page.wait_for_function(f"{begin} === 0")
    # the keys were no commands of JupyterLab: no cell was added or left
    assert page.evaluate("document.activeElement.classList.contains('ng-stage')")


def _rooms(page: Page, *, seconds: float) -> list[float]:
    """The room ahead of now, as now goes on."""
    begun, rooms = page.evaluate(NOW), []
    while page.evaluate(NOW) < begun + seconds:
        rooms.append(page.evaluate(ROOM))
        page.wait_for_function(f"before => {NOW} > before", arg=page.evaluate(NOW))
    return rooms


def test_some_of_the_axis_lies_ahead_of_now_whoever_follows_or_pauses_until_the_run_has_ended(
    live: NotebookPage,
) -> None:
    cell, page = live.cell(1), live.page
    for kind in ("rows", "columns", "slots"):
        _choose_lanes(page, cell, kind)
        rooms = _rooms(page, seconds=2.0)
        assert 0.11 <= min(rooms) <= max(rooms) <= 0.31, kind
    live.picture("room", of=cell.locator(TIMELINE))

    _drag(page, cell.locator(f"{TIMELINE} .nsewdrag").first, begin=0.1, end=0.4)
    cell.locator(f"{TIMELINE} .ng-follow[aria-pressed=false]").wait_for()
    cell.locator(f"{TIMELINE} .ng-follow").click()
    cell.locator(FOLLOWS).wait_for()
    page.wait_for_function(f"Math.abs({ROOM} - 0.15) < 0.01")
    assert all(room == pytest.approx(0.15, abs=0.01) for room in _rooms(page, seconds=1.0))

    cell.get_by_role("button", name="Pause").click()
    page.wait_for_function(f"document.querySelector({PLOT!r}).textContent.includes('paused')")
    assert max(_rooms(page, seconds=2.0)) <= 0.31


def test_while_a_run_is_paused_time_goes_on_and_the_pause_is_marked(live: NotebookPage) -> None:
    cell = live.cell(1)
    cell.get_by_role("button", name="Pause").click()

    live.page.wait_for_function(f"document.querySelector({PLOT!r}).textContent.includes('paused')")
    begun = live.page.evaluate(NOW)
    live.page.wait_for_function(f"begun => {NOW} > begun + 3", arg=begun)

    now, bands = live.page.evaluate(f"[{NOW}, {BANDS}]")
    assert bands
    assert bands == pytest.approx([now] * len(bands), abs=0.01)
    live.picture("paused", of=cell.locator(TIMELINE))


def test_whoever_follows_a_part_of_the_run_sees_its_end(long_run: NotebookPage) -> None:
    cell, page = long_run.cell(1), long_run.page
    _drag(page, cell.locator(f"{TIMELINE} .nsewdrag").first, begin=0.1, end=0.3)
    cell.locator(f"{TIMELINE} .ng-follow[aria-pressed=false]").wait_for()
    cell.locator(f"{TIMELINE} .ng-follow").click()
    cell.locator(FOLLOWS).wait_for()
    now = page.evaluate(NOW)

    cell.get_by_role("button", name="Cancel").click()

    # the timeline knows that the run is over
    cell.locator(f"{TIMELINE} .ng-follow").wait_for(state="hidden")
    assert cell.locator(TIMELINE).get_by_role("button", name="whole run").is_visible()
    assert page.evaluate(f"document.querySelector({PLOT!r}).layout.xaxis.range[1]") >= now
    long_run.picture("followed", of=cell.locator(TIMELINE))


MANY_MODELS = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
for number in range(25):
    b.models[f"writer {number}"] = ng.DemoModel(latency=4, max_parallel=3)
    b[f"text {number}"] = ng.LLMText(f"Write {number}.", model=f"writer {number}")
"""
# of each label: its upper and lower edge, what it says to who points at it, and whether the pointer finds it
POINTED_LABELS = f"""[...document.querySelectorAll("{TIMELINE} .ytick text")].map((label) => {{
    const box = label.getBoundingClientRect();
    const found = document.elementFromPoint(box.x + box.width / 2, box.y + 5);
    return [box.top, box.bottom, label.querySelector("title")?.textContent ?? "", label.contains(found)];
}}).sort((one, other) => one[0] - other[0])"""
CURVES = (
    f"document.querySelector({PLOT!r}).data.filter(trace => trace.line?.shape === 'hv').map(trace => trace.fillcolor)"
)


def test_many_models_can_be_told_apart_and_name_themselves_to_who_points_at_them(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("models", [MANY_MODELS, "run = b.preview(300)"])
    notebook.wait_for(BARS, within=notebook.cell(1))
    notebook.page.wait_for_function(f"document.querySelectorAll({BARS!r}).length > 100")
    notebook.cell(1).locator(TIMELINE).scroll_into_view_if_needed()
    labels = notebook.page.evaluate(POINTED_LABELS)

    assert all(above[1] <= below[0] + 2 for above, below in pairwise(labels))
    assert ", ".join(title for _, _, title, _ in labels[:-2] if title).startswith("writer 0, writer 1")
    assert labels[-1][2].startswith("from below: writer ")
    assert all(is_found for *_, is_found in labels)
    waiting, *curves = notebook.page.evaluate(CURVES)
    assert len({waiting, *curves}) == len(curves) + 1 == 7
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.use_theme(theme)
        notebook.picture(f"many-{theme.split()[1]}", of=notebook.cell(1).locator(TIMELINE))
    notebook.interrupt()


def test_a_saved_page_has_all_lanes_too(browser: Browser, tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=0.02, max_parallel=3)
    builder["n"] = ng.Integer(1, 5)
    builder["topic"] = ng.LLMText("Name a topic, {{ n }}.")
    run = builder.preview(12, show=False)
    run.result(timeout=60)
    saved = run.save_html(tmp_path / "report.html")

    with open_file(browser, saved) as (page, console):
        page.locator(BARS).first.wait_for(state="attached")
        for kind in ("rows", "columns", "slots"):
            _choose_lanes(page, page.locator("body"), kind)
            assert page.locator(BARS).count() == 12
        page.locator(f"{TIMELINE} .ng-follow").wait_for(state="hidden")
        _drag(page, page.locator(f"{TIMELINE} .nsewdrag").first, begin=0.3, end=0.6)
    assert console == []
