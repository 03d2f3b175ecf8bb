"""Every notebook of the project in a real JupyterLab: run, saved, and opened again without a kernel."""

import re
from pathlib import Path

import pytest

from tests.browser.lab_harness import NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb"))

ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'], .jp-mod-error"
# a figure that was saved is an image until its cell is run again
PICTURES = ".jp-OutputArea-output :is(svg.ng-dag, .ng-timeline svg, .js-plotly-plot, img)"
HAVE_RUN = """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")]
    .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"""
# where a figure's title ends and its legend begins, in pixels from the figure's top
TITLES = """() => [...document.querySelectorAll(".js-plotly-plot")].map(figure => {
    const [title, legend] = [".gtitle", ".legend"].map(name => figure.querySelector(name)?.getBoundingClientRect());
    return title && legend ? legend.top - title.bottom : 0;
})"""


def _illustrated(notebook: NotebookPage) -> list[int]:
    """The cells with pictures under them."""
    cells = range(notebook.count(".jp-Notebook .jp-Cell"))
    return [cell for cell in cells if notebook.count(PICTURES, notebook.cell(cell))]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_and_keeps_its_pictures_when_it_is_opened_without_a_kernel(
    open_notebook: OpenNotebook, name: str
) -> None:
    first = open_notebook(f"notebooks/{name}")
    first.page.set_default_timeout(180_000)
    first.run_all()
    first.wait_for(".ng-live .ng-state.ng-running")
    first.page.wait_for_function(HAVE_RUN)
    first.wait_until_idle()
    # views of runs that nobody awaits go on
    first.page.wait_for_function("document.querySelectorAll('.ng-live').length === 0")
    assert first.page.locator(ERROR).all_inner_texts() == []
    assert first.count(".ng-report") > 0
    illustrated, gaps = _illustrated(first), first.evaluate(TITLES)
    first.picture("run")
    first.save()
    first.shut_down_kernel()
    first.leave()

    again = open_notebook.look_at(f"notebooks/{name}")

    for cell in illustrated:
        again.wait_for(PICTURES, within=again.cell(cell))
    again.picture("reopened")
    assert illustrated != []
    assert [gap for gap in gaps if gap < 0] == []
    assert again.page.locator(ERROR).count() == 0
    assert not re.search("model not found|Error displaying widget|Loading widget", again.page.content())
