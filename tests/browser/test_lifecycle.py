"""What becomes of a live view when kernels and pages come and go, or when there are several: in a real JupyterLab."""

import re
import time

import pytest

from tests.browser.lab_harness import PATIENCE, NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.4, max_parallel=3)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
b["reply"] = ng.LLMText("Answer this review: {{ review }}")
"""
# minutes at three calls at once: however slow the machine, it goes on while the page is looked at
LONG_RUN = "run = b.preview(1_000)"

FACTS = ".ng-live .ng-head[data-part='facts']"
STILL = ".ng-still"
RUNNING = ".ng-live .ng-state.ng-running"
CANCELLED = ".ng-report .ng-state.ng-cancelled"
FINISHED = ".ng-report .ng-state.ng-finished"
BARS = ".ng-live .ng-timeline .barlayer .point path"
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
BROKEN = re.compile("model not found|Error displaying widget|Loading widget", re.IGNORECASE)

# what a page knows of a view, without asking for it, after which its panes would stay open
FIND_VIEW = """
from ipywidgets.widgets.widget import _instances

run = b.preview(12)
run.result()
view = next(widget for widget in list(_instances.values()) if "ng-view" in getattr(widget, "_dom_classes", ()))
"""
COUNT_WIDGETS = """jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestCommInfo({})
    .then(({ content }) => Object.keys(content.comms).length)"""

# what a notebook would be saved with: the formats of the outputs of its third cell
IN_NOTEBOOK = """jupyterapp.shell.currentWidget.context.model.cells.get(2).toJSON()
    .outputs.map(output => Object.keys(output.data ?? {}).sort().join()).join(";")"""
IS_REPORT_IN_NOTEBOOK = f"{IN_NOTEBOOK} === 'text/html,text/plain'"
# the first output of that cell, as long as nothing is put in its place
OUTPUT = "jupyterapp.shell.currentWidget.context.model.cells.get(2).outputs.get(0)"
IS_CHANGED = "jupyterapp.shell.currentWidget.context.model.dirty"

COUNT_DONE = """cell => Number([...document.querySelectorAll('.jp-Notebook .jp-Cell')[cell]
    .querySelectorAll(".ng-live .ng-head b")].map(({ textContent }) => textContent.match(/^(\\d+) of \\d/)?.[1])
    .find(Boolean) ?? -1)"""


def _rows_done(notebook: NotebookPage, cell: int) -> int:
    """How many rows the head of a live view says are done."""
    return int(notebook.page.evaluate(COUNT_DONE, cell))


def _wait_for_rows(notebook: NotebookPage, cell: int, more_than: int) -> None:
    notebook.page.wait_for_function(f"([cell, than]) => ({COUNT_DONE})(cell) > than", arg=[cell, more_than])


def _run(open_notebook: OpenNotebook, name: str, *cells: str) -> NotebookPage:
    """A notebook whose second cell has a run that goes on, with a row done."""
    notebook = open_notebook.run_cells(name, [DECLARE, *cells])
    notebook.wait_for(RUNNING, within=notebook.cell(1))
    _wait_for_rows(notebook, 1, 0)
    return notebook


def test_an_interrupt_of_a_cell_that_awaits_the_run_cancels_it_and_puts_its_report_in_place(
    open_notebook: OpenNotebook,
) -> None:
    notebook = _run(open_notebook, "interrupt-await", LONG_RUN, "await run")

    notebook.interrupt()

    report = notebook.wait_for(CANCELLED, within=notebook.cell(1))
    notebook.wait_until_idle()
    notebook.picture("cancelled", of=notebook.cell(1))
    assert notebook.count(".ng-live") == 0
    assert report.is_visible()
    assert notebook.count("table.ng-table tbody tr", notebook.cell(1)) > 0


def test_an_interrupt_of_another_cell_leaves_the_run_alone(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "interrupt-other", LONG_RUN, "import time\nprint('here')\ntime.sleep(600)")
    notebook.outputs(2).get_by_text("here").wait_for()

    notebook.interrupt()

    notebook.wait_for(ERROR, within=notebook.cell(2))
    _wait_for_rows(notebook, 1, _rows_done(notebook, 1))
    assert notebook.count(RUNNING, notebook.cell(1)) == 1


def test_a_restart_of_the_kernel_leaves_the_last_state_and_lets_a_new_run_begin(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "restart", LONG_RUN)
    rows = _rows_done(notebook, 1)

    notebook.restart_kernel()

    notebook.wait_until_idle()
    notebook.wait_for(f"{STILL}:has-text('kernel gone')", within=notebook.cell(1))
    assert not notebook.cell(1).get_by_role("button", name="Cancel").is_visible()
    notebook.picture("left-behind", of=notebook.cell(1))
    assert notebook.count(".jp-Dialog") == 0
    assert not BROKEN.search(notebook.cell(1).inner_text())
    assert rows <= _rows_done(notebook, 1) < 1_000

    notebook.run_all()
    notebook.page.wait_for_function(f"than => ({COUNT_DONE})(1) > 0 && ({COUNT_DONE})(1) < than", arg=1_000)
    _wait_for_rows(notebook, 1, 1)
    assert notebook.count(".ng-live", notebook.cell(1)) == 1


@pytest.mark.parametrize("end", ["killed", "shut down"])
def test_a_notebook_whose_kernel_ended_during_a_run_holds_what_was_seen_last(
    open_notebook: OpenNotebook, end: str
) -> None:
    first = _run(open_notebook, end.replace(" ", "-"), LONG_RUN, "run.live()")
    first.wait_for(BARS, within=first.cell(2))

    if end == "killed":
        first.kill_kernel()
    else:
        first.shut_down_kernel()

    for cell in (1, 2):
        first.wait_for(f"{STILL}:has-text('kernel gone')", within=first.cell(cell))
    first.save()
    first.leave()
    again = open_notebook.look_at(first.path)
    for cell in (1, 2):
        still = again.wait_for(STILL, within=again.cell(cell))
        again.picture(f"still-{cell}", of=again.cell(cell))
        assert "The kernel ended while this run went on." in still.inner_text()
        assert again.count(".ng-timeline .barlayer .point path", still) > 0
        assert again.count("svg.ng-dag .ng-node", still) == 3
        assert not BROKEN.search(again.cell(cell).inner_text())


KEPT_STATES = """Object.keys(jupyterapp.shell.currentWidget.context.model
    .getMetadata("widgets")?.["application/vnd.jupyter.widget-state+json"].state ?? {}).length"""


def test_a_notebook_that_was_saved_during_a_run_whose_kernel_is_gone_says_so(open_notebook: OpenNotebook) -> None:
    first = _run(open_notebook, "saved-early", LONG_RUN, "run.live()")
    first.wait_for(RUNNING, within=first.cell(2))
    first.page.wait_for_function(f"{KEPT_STATES} === 1")
    first.save()
    first.shut_down_kernel()
    first.wait_for(STILL, within=first.cell(1))
    first.leave()  # with what was seen last unsaved

    again = open_notebook.look_at(first.path)

    for cell in (1, 2):
        said = again.wait_for(".ng-stand-in", within=again.cell(cell)).inner_text()
        assert said.startswith("This notebook was saved while the run went on, and its kernel has ended since")
        assert not BROKEN.search(again.cell(cell).inner_text())
    again.picture("stand-in")


def test_a_page_that_was_closed_and_opened_again_shows_the_run_that_went_on(open_notebook: OpenNotebook) -> None:
    first = _run(open_notebook, "closed", LONG_RUN, "(run.state, len(run.rows().dropna()))")
    first.save()
    rows = _rows_done(first, 1)
    first.leave()

    again = open_notebook(first.path)

    again.wait_for(RUNNING, within=again.cell(1))
    _wait_for_rows(again, 1, rows)
    again.wait_for(BARS, within=again.cell(1))
    again.picture("again", of=again.cell(1))
    again.cell(1).get_by_role("button", name="Cancel").click()
    again.wait_for(".ng-state.ng-cancelled", within=again.cell(1))
    assert not BROKEN.search(again.cell(1).inner_text())


def test_a_run_that_ended_while_no_page_was_open_can_be_shown_again(open_notebook: OpenNotebook) -> None:
    first = open_notebook.run_cells("ended", [DECLARE, "run = b.preview(12)", "run"])
    first.wait_for(RUNNING, within=first.cell(1))
    first.save()
    first.leave()

    again = open_notebook(first.path)
    again.wait_for(".ng-state.ng-finished", within=again.cell(1))
    again.run_cell(2)

    again.wait_for(FINISHED, within=again.cell(2))
    assert "12 of 12" in again.wait_for(".ng-report .ng-head", within=again.cell(2)).inner_text()


def test_a_page_that_was_loaded_again_keeps_the_report_of_the_run_that_ended_in_it(open_notebook: OpenNotebook) -> None:
    first = _run(open_notebook, "reloaded", LONG_RUN, "run.live()")
    first.save()
    first.reload()
    first.wait_for(RUNNING, within=first.cell(1))
    _wait_for_rows(first, 1, _rows_done(first, 1))

    first.cell(1).get_by_role("button", name="Cancel").click()
    first.wait_for(CANCELLED, within=first.cell(1))

    # who asked for the live view has it
    assert first.count(".ng-live", first.cell(2)) == 1
    first.save()
    first.shut_down_kernel()
    first.leave()
    again = open_notebook.look_at(first.path)
    report = again.wait_for(CANCELLED, within=again.cell(1))
    again.picture("reopened", of=again.cell(1))
    assert report.is_visible()
    assert not BROKEN.search(again.cell(1).inner_text())


@pytest.mark.parametrize("asked", ["when it is over", "while it goes on"])
def test_a_widget_that_was_asked_for_stays_and_is_the_report_where_there_is_no_kernel(
    open_notebook: OpenNotebook, asked: str
) -> None:
    if asked == "when it is over":
        first = open_notebook.run_cells("asked", [DECLARE, "run = b.preview(12)\nrun.result()", "run.live()"])
    else:
        first = _run(open_notebook, "asked", LONG_RUN, "run.live()")
        first.wait_for(BARS, within=first.cell(2))
        first.cell(2).get_by_role("button", name="Cancel").click()
    first.wait_for(".ng-live .ng-state:not(.ng-running)", within=first.cell(2))
    first.page.wait_for_function(IS_REPORT_IN_NOTEBOOK)

    # on the screen it is the widget, which answers
    first.cell(2).get_by_role("tab", name="Usage").click()
    first.cell(2).get_by_role("tab", name="Usage", selected=True).wait_for()
    first.cell(2).get_by_role("tab", name="Rows").click()
    first.cell(2).locator(".ng-live .ng-rows-pane tr[data-row] > :first-child").first.click()
    first.wait_for(".ng-live .ng-record-head .ng-state", within=first.cell(2))
    first.picture("asked", of=first.cell(2))
    first.save()
    first.shut_down_kernel()
    first.leave()
    again = open_notebook.look_at(first.path)
    assert again.wait_for(".ng-report", within=again.cell(2)).is_visible()
    again.picture("asked-reopened", of=again.cell(2))
    assert not BROKEN.search(again.cell(2).inner_text())


def test_a_widget_that_is_asked_for_again_comes_anew_and_nothing_else_in_the_notebook_changes(
    open_notebook: OpenNotebook,
) -> None:
    cells = [DECLARE, "run = b.preview(12)\nrun.result()", "run.live()", "'below'"]
    notebook = open_notebook.run_cells("asked-again", cells)
    page = notebook.page
    notebook.wait_until_executed(3)
    page.wait_for_function(IS_REPORT_IN_NOTEBOOK)
    notebook.cell(2).locator(".ng-live").evaluate("view => { view.isOld = true; }")
    page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 3")
    page.evaluate("jupyterapp.commands.execute('notebook:delete-cell')")
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3

    notebook.run_cell(2)

    page.wait_for_function("![...document.querySelectorAll('.ng-live')].some(view => view.isOld)")
    notebook.wait_for(".ng-live .ng-state.ng-finished", within=notebook.cell(2))
    page.wait_for_function(IS_REPORT_IN_NOTEBOOK)
    page.evaluate(f"void ({OUTPUT}.isSame = true)")
    # what was done before the report came can be undone
    page.evaluate("jupyterapp.commands.execute('notebook:undo-cell-action')")
    page.wait_for_function("document.querySelectorAll('.jp-Notebook .jp-Cell').length === 4")
    notebook.save()
    assert not notebook.evaluate(IS_CHANGED)
    # what is done in other cells changes nothing here
    notebook.run_cell(3)
    notebook.wait_for(".jp-OutputArea-output:has-text('below')", within=notebook.cell(3))
    notebook.wait_until_idle()
    notebook.save()
    assert not notebook.evaluate(IS_CHANGED)
    assert notebook.evaluate(f"{OUTPUT}.isSame && {IS_REPORT_IN_NOTEBOOK}")
    assert notebook.count(".ng-live", notebook.cell(2)) == 1


def test_a_page_that_is_opened_when_the_run_is_over_keeps_its_report(open_notebook: OpenNotebook) -> None:
    first = _run(open_notebook, "late", LONG_RUN)
    first.save()
    first.leave()
    again = open_notebook(first.path)
    again.wait_for(RUNNING, within=again.cell(1)).page.get_by_role("button", name="Cancel").click()
    again.wait_for(".ng-state.ng-cancelled", within=again.cell(1))
    again.leave()

    last = open_notebook(first.path)

    last.wait_for(CANCELLED, within=last.cell(1))
    assert last.count(".ng-live") == 0
    # a page does not wait for a promise when it waits for an expression
    deadline = time.monotonic() + PATIENCE
    while (count := last.evaluate(COUNT_WIDGETS)) > 4:
        assert time.monotonic() < deadline, f"{count} widgets are open"
        last.page.wait_for_timeout(100)
    last.leave()

    # with its panes closed
    later = open_notebook(first.path)
    later.wait_for(CANCELLED, within=later.cell(1))
    assert later.count(".ng-view", later.cell(1)) == 1
    assert not BROKEN.search(later.cell(1).inner_text())


def test_a_page_that_cannot_put_the_report_elsewhere_shows_it_in_the_view_whose_panes_are_closed(
    open_notebook: OpenNotebook,
) -> None:
    notebook = open_notebook.run_cells("in-view", [DECLARE, FIND_VIEW, "view"])
    notebook.wait_for(FINISHED, within=notebook.cell(1))

    report = notebook.wait_for(FINISHED, within=notebook.cell(2))

    notebook.picture("in-view", of=notebook.cell(2))
    assert report.is_visible()
    assert "12 of 12" in notebook.wait_for(".ng-report .ng-head", within=notebook.cell(2)).inner_text()


def test_two_runs_at_once_move_each_in_its_own_view(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "two-runs", LONG_RUN, "other = b.preview(900)")
    notebook.wait_for(RUNNING, within=notebook.cell(2))
    first, second = _rows_done(notebook, 1), _rows_done(notebook, 2)
    _wait_for_rows(notebook, 1, first)
    _wait_for_rows(notebook, 2, second)
    notebook.picture("both")

    notebook.cell(2).get_by_role("button", name="Cancel").click()

    notebook.wait_for(CANCELLED, within=notebook.cell(2))
    _wait_for_rows(notebook, 1, _rows_done(notebook, 1))
    assert notebook.count(RUNNING, notebook.cell(1)) == 1
    assert notebook.count(".ng-live") == 1


def test_two_cells_that_show_one_run_are_in_step_and_either_cancels_it(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "one-run", LONG_RUN, "run.live()")
    notebook.wait_for(BARS, within=notebook.cell(2))
    _wait_for_rows(notebook, 2, _rows_done(notebook, 2))
    facts = notebook.evaluate(f'[...document.querySelectorAll("{FACTS}")].map(head => head.textContent)')
    counts = "plot => plot.querySelectorAll('.barlayer .point').length"
    bars = notebook.evaluate(f"[...document.querySelectorAll('.ng-live .ng-plot')].map({counts})")
    notebook.picture("both")
    assert len(facts) == 2
    assert facts[0] == facts[1]
    assert bars[0] == bars[1] > 0

    notebook.cell(2).get_by_role("button", name="Cancel").click()

    notebook.wait_for(CANCELLED, within=notebook.cell(1))
    notebook.wait_for(".ng-live .ng-state.ng-cancelled", within=notebook.cell(2))
    assert not notebook.cell(2).get_by_role("button", name="Cancel").is_visible()
