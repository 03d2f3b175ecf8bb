"""A notebook that somebody sent: JupyterLab does not trust it, and drops stylesheets and what is drawn in place."""

import json
import uuid

import pytest

from tests.browser.lab_harness import OpenNotebook

pytestmark = pytest.mark.browser

CELLS = (
    """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.02)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
b
""",
    "run = b.preview(6)\nawait run",
    "ng.views.cells(run)",
)
LOADED = "() => [...document.querySelectorAll('.jp-OutputArea img')].filter(image => image.naturalWidth > 50).length"

ROWS_SEEN = """(() => {
    const box = document.querySelector(".ng-first-rows"), end = box.getBoundingClientRect().bottom;
    return [...box.querySelectorAll("tr")].filter((row) => {
        const { bottom, height } = row.getBoundingClientRect();
        return height && bottom <= end + 1;
    }).length - 1;
})()"""


def test_a_notebook_that_is_not_trusted_shows_each_picture_as_an_image(open_notebook: OpenNotebook) -> None:
    first = open_notebook.run_cells("trusted", CELLS)
    first.wait_for(".ng-report .ng-state.ng-finished")
    first.wait_until_executed(2)
    assert first.page.locator(".jp-OutputArea img:visible").count() == 0
    first.save()
    written = open_notebook.lab.root / first.path
    # the server signs what it has run: another cell, and it has not
    notebook = json.loads(written.read_text())
    notebook["cells"][0]["source"] += "# sent\n"
    sent = written.with_name(f"sent-{uuid.uuid4().hex[:6]}.ipynb")
    sent.write_text(json.dumps(notebook))

    again = open_notebook.look_at(sent.relative_to(open_notebook.lab.root).as_posix())

    again.page.wait_for_function(f"({LOADED})() === 5")
    assert again.page.locator(".jp-OutputArea img:visible").evaluate_all("all => all.map(image => image.alt)") == [
        "DAG",
        "DAG",
        "timeline",
        "cells",
    ]
    assert again.page.locator(".ng-drawn:visible").count() == 0
    assert again.page.evaluate(ROWS_SEEN) >= 4
    for theme in ("Dark", "Light"):
        again.use_theme(f"JupyterLab {theme}")
        again.picture(f"untrusted-{theme}")
