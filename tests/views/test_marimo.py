"""In marimo: pictures under the cell that waits."""

from types import ModuleType, SimpleNamespace
from typing import Any

from notebook_gen.events import RowsDone, RunFinished
from notebook_gen.views.marimo import MarimoView
from tests.views.fake_run import REVIEW, traced_run


def _marimo(shown: list[str]) -> ModuleType:
    """What marimo has for a cell's output; it notes what is shown."""
    module: Any = ModuleType("marimo")
    module.Html = str
    module.output = SimpleNamespace(replace=shown.append)
    return module  # type: ignore[no-any-return]  # Any only to be filled


def test_while_a_cell_waits_a_picture_is_drawn_once_a_second_and_in_the_end_the_whole_report() -> None:
    shown: list[str] = []
    run = traced_run()
    view = MarimoView(run, _marimo(shown))
    run.drop(3, REVIEW, "the answer is <b>empty</b>", "raise max_tokens")

    view.start()
    for now in (0.0, 0.2, 0.4, 0.9, 1.1, 1.3):
        run.now = now
        view.update()
    run.publish(RowsDone(1.4, 0, 39), RunFinished(1.5, "finished", None))
    view.stop()

    first, second, last = shown
    assert "the answer is &lt;b&gt;empty&lt;/b&gt;; raise max_tokens (row 3)" in first
    assert "0:01" in second
    assert all("<script" not in picture and len(picture) < 64_000 for picture in (first, second))
    assert "Timeline" in last
