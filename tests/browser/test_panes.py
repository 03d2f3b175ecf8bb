"""Every pane of a live view on a run that goes on: it has something to show, by keyboard too, and nothing jumps."""

import re

import pytest

from tests.browser.lab_harness import LEFT_SOON, NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.15, max_parallel=4)
b.models["judge"] = ng.DemoModel(latency=0.1, max_parallel=6)
b.seed_data("../assets/products.csv")
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of the {{ product }}.")
b["verdict"] = ng.LLMText("Judge this: {{ review }}", model="judge")

@b.column
def words(review: str, stars: int) -> int:
    if stars == 3:
        raise ValueError("three stars say nothing")
    return len(review.split())
"""
RUN = "run = b.preview(2_000)"

TAB = ".lm-TabBar-tab"
# a live view's tab, and what is in its pane once there is something to show
CONTENTS = {
    "Rows": "table.ng-table tr[data-row] td",
    "Cells": ".ng-cells-scroll > canvas",
    "Columns": ".ng-columns .progress-bar",
    "Failures": "tr[data-row]:has-text('three stars say nothing')",
    "Usage": "table.ng-table td",
}
# heights of everything under a cell, as often as the page lays it out; the frame before the widgets counts too
WATCH_HEIGHT = """cell => {
    const area = document.querySelectorAll('.jp-Notebook .jp-Cell')[cell].querySelector('.jp-OutputArea');
    window.heights = [];
    const look = () => {
        const output = area.querySelector('.jp-OutputArea-output');
        const heights = window.heights, height = output ? Math.round(area.getBoundingClientRect().height) : 0;
        if (height && heights.at(-1) !== height) heights.push(height);
        if (area.isConnected) requestAnimationFrame(look);
    };
    look();
}"""


def _press_until(notebook: NotebookPage, key: str, condition: str) -> None:
    """Press a key until something is true of the element that has the focus."""
    for _ in range(40):
        if notebook.evaluate(f"(focused => {condition})(document.activeElement)"):
            return
        notebook.page.keyboard.press(key)
    raise AssertionError(f"{key} never leads to where {condition}")


def test_every_tab_is_reached_by_keyboard_and_shows_something_of_a_run_that_goes_on(
    open_notebook: OpenNotebook,
) -> None:
    notebook = open_notebook.run_cells("panes", [DECLARE, RUN])
    view = notebook.wait_for(".ng-live:has(.ng-state.ng-running)", within=notebook.cell(1))
    notebook.wait_for(".ng-has-failures", within=notebook.cell(1))
    assert notebook.count("svg.ng-dag .ng-node", view) == 5
    notebook.wait_for(".ng-timeline .barlayer .point path", within=view)
    names = [re.sub(r"[\d,. ]+$", "", title) for title in view.get_by_role("tab").all_inner_texts()]
    assert {"Rows", "Cells", "Failures"} <= set(names)

    view.get_by_role("button", name="Cancel").focus()
    _press_until(notebook, "Tab", "focused.closest('.lm-TabBar-tab') !== null")
    for name in names:
        _press_until(notebook, "ArrowRight", f"focused.textContent.startsWith('{name}')")
        notebook.page.keyboard.press("Enter")
        notebook.wait_for(f"{TAB}.lm-mod-current:has-text('{name}')", within=view)

        view.locator(f".widget-tab-contents {CONTENTS[name]} >> visible=true").first.wait_for()
        notebook.picture(name.lower(), of=notebook.cell(1))


def test_nothing_under_the_cell_changes_its_height_until_the_run_is_over(open_notebook: OpenNotebook) -> None:
    run = f"{RUN.replace('2_000', '300')}\n{LEFT_SOON}"
    notebook = open_notebook(open_notebook.lab.write_notebook("heights", [DECLARE, run]))
    notebook.run_cell(0)
    notebook.wait_until_executed(0)
    notebook.page.evaluate(WATCH_HEIGHT, 1)

    notebook.run_cell(1)
    notebook.wait_for(".ng-live .ng-has-failures", within=notebook.cell(1))
    # it is not over before every pane was shown, however slow the machine
    notebook.cell(1).get_by_role("button", name="Pause").click()
    for name in ("Cells", "Columns", "Failures", "Rows"):
        notebook.cell(1).get_by_role("tab", name=name).click()
    notebook.cell(1).get_by_role("button", name="Resume").click()
    notebook.look_away()
    live = notebook.evaluate("window.heights")
    notebook.wait_for(".ng-report .ng-finished", within=notebook.cell(1))
    whole = notebook.evaluate("window.heights")

    assert len(live) == 1, live
    assert whole[: len(live)] == live
    # the report has the view's height, and what it says of its folds
    assert abs(whole[-1] - live[0]) <= 4, whole
