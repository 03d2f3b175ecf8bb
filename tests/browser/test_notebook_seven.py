"""A run in Notebook 7: the same live view and report as in JupyterLab."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.browser.lab_harness import LabServer, NotebookServer, OpenNotebook

pytestmark = pytest.mark.browser

DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.3, max_parallel=3)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
b
"""
# what the third cell would be saved with
FORMATS = """jupyterapp.shell.currentWidget.context.model.cells.get(2).toJSON()
    .outputs.map(output => Object.keys(output.data ?? {}).sort().join()).join(";")"""


@pytest.fixture(scope="module")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A Notebook 7 server; pages are opened with it in place of JupyterLab."""
    if find_spec("notebook") is None:
        reason = "Notebook 7 is not installed; it comes with the extra 'test'"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("notebook")
    with NotebookServer(folder, copies=[]) as server:
        (server.root / "notebooks").mkdir()
        yield server


def test_a_run_is_watched_in_notebook_7_and_its_report_stays(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook.run_cells("seven", [DECLARE, "run = b.preview(60)", "len(run.result())"])

    notebook.wait_for("svg.ng-dag", within=notebook.cell(0))
    notebook.wait_for(".ng-live .ng-state.ng-running", within=notebook.cell(1))
    notebook.wait_for(".ng-live .ng-timeline .barlayer .point path", within=notebook.cell(1))
    notebook.picture("live")
    notebook.wait_for(".ng-report .ng-state.ng-finished", within=notebook.cell(1))
    notebook.wait_until_executed(2)
    assert notebook.outputs(2).last.inner_text().strip() == "60"
    notebook.picture("report")
    assert notebook.fetched == []


def test_a_widget_that_was_asked_for_in_notebook_7_is_the_report_where_there_is_no_kernel(
    open_notebook: OpenNotebook,
) -> None:
    notebook = open_notebook.run_cells("seven-asked", [DECLARE, "run = b.preview(12)\nrun.result()", "run.live()"])
    notebook.wait_for(".ng-live .ng-state.ng-finished", within=notebook.cell(2))
    notebook.page.wait_for_function(f"{FORMATS} === 'text/html,text/plain'")

    # on the screen it is the widget, which answers
    notebook.cell(2).get_by_role("tab", name="Usage").click()
    notebook.cell(2).get_by_role("tab", name="Usage", selected=True).wait_for()
    notebook.save()
    notebook.shut_down_kernel()
    notebook.leave()
    again = open_notebook.look_at(notebook.path)
    assert again.wait_for(".ng-report", within=again.cell(2)).is_visible()
    again.picture("asked-reopened")
    assert "model not found" not in again.cell(2).inner_text()
