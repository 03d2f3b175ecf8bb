"""A view that somebody is at work in when the run ends stays as it is, until it is left alone: in a real JupyterLab."""

import json
import re
import time
from typing import Any

import pytest

from tests.browser.lab_harness import PATIENCE, NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

# minutes at three calls at once: however slow the machine, it goes on while the page is looked at
LONG_RUN = """
import notebook_gen as ng
from notebook_gen.views.presence import Patience

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.5, max_parallel=3)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
run = b.preview(3_000)
"""
PRESENCE = "run._display._first.presence"
# of the three times, the one that a test waits for is short
NEVER = 100_000
LEFT = 1
LEFT_SOON = f"{PRESENCE}.patience = Patience(touched=20, left={LEFT}, busy={NEVER})"
BUSY_SOON = f"{PRESENCE}.patience = Patience(touched=20, left=1, busy=3)"

DRAGGED_FOR = 600  # ms; the page says what it sees before a drag is over
# from now on, the page hears nothing of what a browser may or may not tell of a pointer that rests
STILL = """() => {
  window.still = new AbortController();
  for (const name of ["pointermove", "pointerout", "click", "focusin", "focusout"]) {
    addEventListener(name, (event) => event.stopPropagation(), { capture: true, signal: still.signal });
  }
}"""

BARS = ".ng-live .ng-timeline .barlayer .point path"
ROW_NUMBER = ".ng-live .ng-table-pane tr[data-row] > :first-child"
ENDED = ".ng-live .ng-state.ng-cancelled"
REPORT = ".ng-report .ng-state.ng-cancelled"
WIDGET = "application/vnd.jupyter.widget-view+json"
BROKEN = re.compile("model not found|Error displaying widget|Loading widget", re.IGNORECASE)

# gives what an expression is in the kernel, as it writes it
ASK = """async (expression) => {
  const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
  const asked = { code: "", silent: true, user_expressions: { asked: expression } };
  const { content } = await kernel.requestExecute(asked).done;
  return content.user_expressions.asked.data["text/plain"];
}"""
# what a notebook would be saved with: the outputs of its last cell
IN_NOTEBOOK = """[...jupyterapp.shell.currentWidget.context.model.cells].at(-1).toJSON()
    .outputs.map(output => Object.keys(output.data ?? {}).sort().join())"""
# from now on, where the outputs of the last cell begin in the window, and how high they are, each time that is drawn
WATCH = """() => {
  window.places = [];
  const area = [...document.querySelectorAll(".jp-Cell .jp-OutputArea")].at(-1);
  const look = () => {
    const { top, height } = area.getBoundingClientRect();
    places.push([Math.round(top), Math.round(height)]);
    if (area.isConnected) requestAnimationFrame(look);
  };
  look();
}"""


def _run(open_notebook: OpenNotebook, name: str, *above: str) -> NotebookPage:
    """A notebook whose last cell has a run that goes on, with nobody there."""
    notebook = open_notebook.run_cells(name, [*above, LONG_RUN])
    notebook.wait_for(BARS)
    notebook.look_away()
    return notebook


def _ask(notebook: NotebookPage, expression: str) -> str:
    return str(notebook.page.evaluate(ASK, expression))


def _wait_until(notebook: NotebookPage, expression: str, said: str = "True") -> None:
    """Wait until an expression is something in the kernel, as it writes it."""
    # a page does not wait for a promise when it waits for an expression
    deadline = time.monotonic() + PATIENCE
    while (last := _ask(notebook, expression)) != said:
        assert time.monotonic() < deadline, f"{expression} is {last}"
        notebook.page.wait_for_timeout(50)


def _wait_until_heard(notebook: NotebookPage, *, busy: bool) -> None:
    """Wait until the kernel knows whether somebody is busy in the view, or has just touched it."""
    _wait_until(notebook, f"{PRESENCE}.seconds_left(is_reading=False) > 0", str(busy))


def _wait_for_clock(notebook: NotebookPage, *, seconds: float) -> None:
    """Wait until the clock by which presence is measured shows so many seconds from when it knew of the run's end."""
    _wait_until(notebook, f"{PRESENCE}._clock() - {PRESENCE}._ended > {seconds}")


def _end_run(notebook: NotebookPage) -> None:
    """Cancel the run, without anything being done in the page."""
    _ask(notebook, "run.cancel()")


def _zoom(notebook: NotebookPage) -> None:
    """Zoom as slowly as a hand does; the pointer stays where that ends."""
    box = notebook.wait_for(".ng-live .ng-plot .nsewdrag").bounding_box()
    assert box is not None
    mouse = notebook.page.mouse
    mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=4)
    notebook.page.wait_for_timeout(DRAGGED_FOR)
    notebook.evaluate(STILL)
    mouse.up()
    notebook.wait_for(".ng-live .ng-zoomed")
    _wait_until(notebook, f"any(sign.is_busy for sign in {PRESENCE}._signs.values())")
    notebook.evaluate("window.still.abort()")


def _wait_for_report_in_notebook(notebook: NotebookPage) -> None:
    notebook.page.wait_for_function(f"({IN_NOTEBOOK})[0] === 'text/html,text/plain'")


def _saved(opener: OpenNotebook, notebook: NotebookPage) -> list[dict[str, Any]]:
    saved = json.loads((opener.lab.root / notebook.path).read_text())
    return [output["data"] for output in saved["cells"][-1]["outputs"]]


def test_a_view_that_is_zoomed_when_the_run_ends_stays_while_the_notebook_has_the_report(
    open_notebook: OpenNotebook,
) -> None:
    notebook = _run(open_notebook, "zoomed")
    _zoom(notebook)
    notebook.look_away()
    _wait_until_heard(notebook, busy=True)
    plot = notebook.page.locator(".ng-live .ng-plot")
    plot.evaluate("plot => { plot.wasThere = true; }")
    height = notebook.height_of_outputs(0)

    _end_run(notebook)
    notebook.wait_for(ENDED)
    _wait_for_report_in_notebook(notebook)

    assert plot.evaluate("plot => plot.wasThere")
    assert notebook.wait_for(".ng-live .ng-note.ng-end").is_visible()
    assert notebook.height_of_outputs(0) == pytest.approx(height, abs=1)
    assert notebook.count(".ng-view") == 1
    notebook.wait_for(".ng-live .ng-zoomed")
    # it still answers
    notebook.page.locator(ROW_NUMBER).first.click()
    notebook.wait_for(".ng-live .ng-record-head .ng-state")
    notebook.picture("held")
    notebook.save()
    [data] = _saved(open_notebook, notebook)
    assert sorted(data) == ["text/html", "text/plain"]
    assert "ng-report" in "".join(data["text/html"])
    notebook.shut_down_kernel()
    notebook.wait_for(REPORT)
    assert notebook.count(".ng-view") == 1
    notebook.leave()

    again = open_notebook.look_at(notebook.path)
    assert again.wait_for(REPORT).is_visible()
    assert not BROKEN.search(again.cell(0).inner_text())


def test_the_report_takes_the_place_of_a_view_that_is_left_alone_and_nothing_moves(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "left", "# a line\n" * 80)
    tab = notebook.page.get_by_role("tab", name="Usage")
    tab.click()
    _wait_until_heard(notebook, busy=True)
    _ask(notebook, f"exec({LEFT_SOON!r})")
    _end_run(notebook)
    notebook.wait_for(ENDED)
    _wait_for_report_in_notebook(notebook)
    # as long as the pointer is in the view, nothing happens however much time passes
    _wait_for_clock(notebook, seconds=LEFT + 1)
    assert tab.is_visible()
    notebook.page.evaluate(WATCH)

    notebook.look_away()

    notebook.wait_for(REPORT)
    assert notebook.count(".ng-view") == 1
    notebook.page.wait_for_function("places.length > 60")
    tops, heights = (set(seen) for seen in zip(*notebook.evaluate("places"), strict=True))
    notebook.picture("left")
    assert len(tops) == 1
    # only the line that says how it ended stands inside of the report, and below the view
    assert max(heights) - min(heights) < 30
    notebook.save()
    assert [sorted(data) for data in _saved(open_notebook, notebook)] == [["text/html", "text/plain"]]


def test_a_zoom_that_somebody_has_left_behind_keeps_a_view_for_longer_but_not_for_ever(
    open_notebook: OpenNotebook,
) -> None:
    notebook = _run(open_notebook, "left-zoomed")
    _zoom(notebook)
    notebook.look_away()
    _wait_until_heard(notebook, busy=True)
    _ask(notebook, f"exec({BUSY_SOON!r})")

    _end_run(notebook)
    _wait_for_report_in_notebook(notebook)
    assert notebook.count(".ng-live .ng-zoomed") == 1

    notebook.wait_for(REPORT)
    assert notebook.count(".ng-view") == 1


def test_a_view_that_nobody_is_at_work_in_gives_way_at_once(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "untouched")
    notebook.page.locator(".ng-live .ng-dag-pane [data-node]").last.click()
    notebook.page.keyboard.press("Escape")
    notebook.look_away()
    # as if it were long ago
    _ask(notebook, f"exec('{PRESENCE}.patience = Patience(touched=0, left={NEVER}, busy={NEVER})')")
    _wait_until_heard(notebook, busy=False)

    _end_run(notebook)

    notebook.wait_for(REPORT)
    assert notebook.count(".ng-view") == 1


def test_who_cancels_the_run_in_its_view_sees_the_report_at_once(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "cancelled")
    _ask(notebook, f"exec('{PRESENCE}.patience = Patience(left={NEVER}, busy={NEVER})')")
    notebook.page.get_by_role("tab", name="Usage").click()
    _wait_until_heard(notebook, busy=True)

    notebook.page.get_by_role("button", name="Cancel").click()

    notebook.wait_for(REPORT)


def test_a_page_that_is_opened_beside_another_takes_nothing_from_it(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "beside")
    notebook.save()
    _zoom(notebook)
    notebook.look_away()
    _wait_until_heard(notebook, busy=True)
    pages = f"len({PRESENCE}._signs)"
    assert _ask(notebook, pages) == "1"

    other = open_notebook.look_at(notebook.path)
    other.wait_for(BARS)
    _wait_until(notebook, pages, "2")
    _end_run(notebook)
    notebook.wait_for(ENDED)
    _wait_for_report_in_notebook(notebook)

    assert notebook.count(".ng-live .ng-zoomed") == 1


def test_who_loads_the_page_again_leaves_nothing_behind_that_keeps_the_view(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "left-by-reload")
    notebook.save()
    _ask(notebook, f"exec('{PRESENCE}.patience = Patience(touched=0, left={NEVER}, busy={NEVER})')")
    _zoom(notebook)
    notebook.look_away()
    _wait_until_heard(notebook, busy=True)

    notebook.evaluate("void (WebSocket.prototype.send = () => {})")  # a browser may lose a page's last word
    notebook.reload()
    notebook.wait_for(BARS)
    _wait_until_heard(notebook, busy=False)


def test_a_page_that_was_loaded_again_is_at_work_in_the_view_as_the_first_was(open_notebook: OpenNotebook) -> None:
    notebook = _run(open_notebook, "reloaded")
    notebook.save()
    notebook.reload()
    notebook.wait_for(BARS)
    notebook.page.locator(".ng-live .ng-dag-pane [data-node]").last.click()
    notebook.wait_for(".ng-live .ng-picked")
    _wait_until_heard(notebook, busy=True)
    _ask(notebook, f"exec({LEFT_SOON!r})")

    _end_run(notebook)
    notebook.wait_for(ENDED)
    _wait_for_report_in_notebook(notebook)
    assert notebook.count(".ng-live .ng-picked") > 0

    notebook.page.keyboard.press("Escape")
    notebook.look_away()
    notebook.wait_for(REPORT)
    assert notebook.count(".ng-view") == 1
