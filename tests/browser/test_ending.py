"""What ended a run, in a live view that is still looked at: however much it is, nothing moves for it."""

import pytest

from tests.browser.lab_harness import OpenNotebook

pytestmark = pytest.mark.browser

FAIL = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b["stars"] = ng.Integer(1, 5)
b["title"] = ng.Expression("{{ stars }} stars")

@b.processor("post_batch")
def strict(rows):
    raise ValueError("the rows are not what they were expected to be, " * 9 + "and so it ends")

run = b.preview(40, show=True)
try:
    run.result()
except ng.RunError:
    pass
"""
NOTE = ".ng-live details.ng-end"


def test_what_ended_a_run_takes_one_line_or_three_in_a_narrow_view_until_it_is_opened(
    open_notebook: OpenNotebook,
) -> None:
    notebook = open_notebook.run_cells("ending", [FAIL, "run.live()"])
    page, view = notebook.page, notebook.wait_for(".ng-live", within=notebook.cell(1))
    note = notebook.wait_for(NOTE)
    now = view.bounding_box()
    assert now is not None

    def look(width: int) -> tuple[int, int, bool]:
        """Lines of the note, how much higher the view is when it is opened, and whether all is read then."""
        page.set_viewport_size({"width": round(1280 + width - now["width"]), "height": 1400})
        page.wait_for_function(f"Math.abs(document.querySelector('.ng-live').clientWidth - {width}) < 5")
        lines = round((note.evaluate("note => note.clientHeight") - 11) / 17)
        before = view.evaluate("view => view.offsetHeight")
        notebook.picture(f"closed-{width}", of=notebook.cell(1))
        note.locator("summary").click()
        higher = view.evaluate("view => view.offsetHeight") - before
        notebook.picture(f"opened-{width}", of=notebook.cell(1))
        is_whole = note.locator("span").evaluate("span => span.scrollHeight <= span.clientHeight + 1")
        note.locator("summary").click()
        return lines, higher, is_whole

    assert look(900) == (1, 0, True)
    assert look(480) == (3, 0, True)
