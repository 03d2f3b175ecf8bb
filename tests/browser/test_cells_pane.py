"""The Cells pane of a live run, in a real browser: what can be read of it, by eye, by pointer and by keyboard."""

import re

import pytest

from tests.browser.lab_harness import NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.4, max_parallel=6)
b.seed_data("../assets/products.csv")
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of the {{ product }}.")
b["reply"] = ng.LLMText("Answer this review: {{ review }}")
b['<img src=x onerror="window.__pwn++">'] = ng.Expression("{{ product | upper }}: {{ review[:40] }}")

@b.column
def broken(review: str, stars: int) -> str:
    if stars == 2:
        raise ValueError("no <b>two</b>")
    return review
"""
RUN = "run = b.preview(200)"
PANE = ".ng-cells-pane"
CELLS = f"{PANE} .ng-cells-scroll"
CARD = f"{PANE} .ng-card"
LOOK_AGAIN = """([selector, state, than]) => {
    const said = document.querySelector(selector).getAttribute("aria-label") ?? "";
    return Number(said.match(new RegExp(`(\\\\d+) ${state}`))?.[1] ?? 0) > than;
}"""


def _open_cells(notebook: NotebookPage) -> None:
    """Choose the tab, and wait until cells are drawn."""
    notebook.wait_for(".ng-live .lm-TabBar-tab:has-text('Cells')", within=notebook.cell(1)).click()
    notebook.page.wait_for_function(LOOK_AGAIN, arg=[CELLS, "waiting", 0])


def _count(notebook: NotebookPage, state: str) -> int:
    said = notebook.wait_for(CELLS).get_attribute("aria-label") or ""
    found = re.search(rf"(\d+) {state}", said)
    return int(found[1]) if found else 0


def _point_at(notebook: NotebookPage, row: int, column: int) -> str:
    """Bring the pointer over a cell of the 200 rows and five columns, and give what its card says."""
    box = notebook.wait_for(f"{CELLS} > canvas").bounding_box()
    assert box is not None
    notebook.page.mouse.move(box["x"] + box["width"] * (row + 0.5) / 200, box["y"] + box["height"] * (column + 0.5) / 5)
    return notebook.wait_for(f"{CARD}:not([hidden])").inner_text()


def test_cells_turn_from_waiting_to_done_while_somebody_looks(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("cells", [DECLARE, RUN])
    _open_cells(notebook)
    done, waiting = _count(notebook, "done"), _count(notebook, "waiting")
    assert waiting > 0

    notebook.page.wait_for_function(LOOK_AGAIN, arg=[CELLS, "done", done + 20])
    notebook.page.wait_for_function(LOOK_AGAIN, arg=[CELLS, "failed", 0])

    assert _count(notebook, "waiting") < waiting
    assert _point_at(notebook, 0, 0).split("\n") == ["stars · row 0", "done"]
    assert _point_at(notebook, 199, 2).split("\n") == ["reply · row 199", "waiting"]
    notebook.picture("live", of=notebook.cell(1))
    notebook.use_theme("JupyterLab Dark")
    notebook.picture("dark", of=notebook.cell(1))
    notebook.use_theme("JupyterLab Light")


def test_a_cell_opens_its_record_by_pointer_and_by_keyboard(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("cells-record", [DECLARE, RUN])
    _open_cells(notebook)

    _point_at(notebook, 3, 0)
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    notebook.wait_for(".ng-inspector:not([hidden])")
    number = notebook.page.locator(".ng-inspector input")
    assert number.input_value() == "3"
    _wait_for_frame(notebook, 3)
    notebook.picture("framed", of=notebook.cell(1))
    notebook.page.keyboard.press("ArrowRight")  # to the record of the row after
    _wait_for_frame(notebook, 4)
    notebook.page.keyboard.press("Escape")
    _wait_for_frame(notebook, None)

    notebook.page.locator(CELLS).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        notebook.page.keyboard.press(key)
    card = notebook.wait_for(f"{CARD}:not([hidden])").inner_text()
    notebook.page.keyboard.press("Enter")

    wanted = card.split("\n")[0].rpartition(" ")[2]
    notebook.page.wait_for_function(
        "wanted => document.querySelector('.ng-inspector input').value === wanted", arg=wanted
    )
    assert card.startswith("review · row")


FRAMED = """([pane, wanted]) => {
    const [frame, canvas] = [".ng-cells-shown", "canvas"].map((part) => document.querySelector(`${pane} > ${part}`));
    if (frame.hidden || wanted === null) return frame.hidden && wanted === null;
    const [cell, cells] = [frame, canvas].map((part) => part.getBoundingClientRect());
    const middle = ((cell.x + cell.width / 2 - cells.x) / cells.width) * 200;
    return Math.floor(middle) === wanted && Math.abs(cell.height - cells.height) < 6;
}"""


def _wait_for_frame(notebook: NotebookPage, row: int | None) -> None:
    """Wait until one of the 200 rows has a frame around it, and no other; None: until none has."""
    notebook.page.wait_for_function(FRAMED, arg=[CELLS, row])


def test_a_failed_cell_says_why_and_text_is_text(open_notebook: OpenNotebook) -> None:
    cells = [DECLARE, RUN, "print(*run.failures().row.head(1))"]
    notebook = open_notebook.run_cells("cells-failed", cells)
    _open_cells(notebook)
    notebook.page.wait_for_function(LOOK_AGAIN, arg=[CELLS, "failed", 0])
    notebook.run_cell(2)
    notebook.wait_until_idle()
    row = int(notebook.outputs(2).last.inner_text())

    card = _point_at(notebook, row, 4)

    assert card.split("\n")[:2] == [f"broken · row {row}", "failed"]
    assert "no <b>two</b>" in card
    assert _point_at(notebook, row, 3).startswith('<img src=x onerror="window.__pwn++">')
    assert notebook.count(f"{PANE} img, {CARD} b b") == 0
    assert notebook.injected == 0


def _drag(notebook: NotebookPage, begin: float, end: float) -> None:
    """Drag over a share of the picture's width."""
    box = notebook.wait_for(f"{CELLS} > canvas").bounding_box()
    assert box is not None
    mouse, y = notebook.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + begin * box["width"], y)
    mouse.down()
    for share in (0.5, 1.0):
        mouse.move(box["x"] + (begin + share * (end - begin)) * box["width"], y)
    mouse.up()


def test_a_drag_zooms_until_each_row_can_be_seen_and_a_double_click_goes_back(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("cells-zoom", [DECLARE, "run = b.preview(20_000)"])
    _open_cells(notebook)
    span = notebook.wait_for(f"{PANE} .ng-cells-span")
    assert span.inner_text() == "50 rows a bar · drag to zoom"

    _drag(notebook, 0.005, 0.02)
    notebook.page.wait_for_function(
        # not "… rows a bar": what is exact has come
        "selector => /^rows [\\d,]+ to [\\d,]+$/.test(document.querySelector(selector).textContent)",
        arg=f"{PANE} .ng-cells-span",
    )
    assert notebook.wait_for(f"{PANE} .ng-cells-top button").is_visible()
    box = notebook.wait_for(f"{CELLS} > canvas").bounding_box()
    assert box is not None
    notebook.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 5)
    assert notebook.wait_for(f"{CARD}:not([hidden])").inner_text().startswith("stars · row ")
    notebook.picture("zoomed", of=notebook.cell(1))
    notebook.page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + 5)

    notebook.page.wait_for_function(
        "selector => document.querySelector(selector).textContent.startsWith('50 rows')", arg=f"{PANE} .ng-cells-span"
    )
    assert notebook.count(".ng-inspector:not([hidden])") == 0
