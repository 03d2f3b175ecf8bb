"""A live view shows itself at once, keeps up, ends as a report; what goes wrong in it is shown under it."""

import gc
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest
from ipywidgets.widgets.widget import _instances

from notebook_gen.engine.snapshots import RowView
from notebook_gen.views import measures
from notebook_gen.views.dag import dag_svg
from notebook_gen.views.head import count_side_lines
from notebook_gen.views.live import LiveDisplay
from notebook_gen.views.outputs import Bundle
from notebook_gen.views.presence import Patience
from notebook_gen.views.root import Keeper
from tests.views.fake_run import REVIEW, FakeRun, traced_run

_PATIENCE = 20.0


class _Place:
    """A notebook whose cells the test counts."""

    def __init__(self) -> None:
        self.cell = 1
        self.cells: dict[int, Bundle] = {}
        self.updates: list[Bundle] = []

    def is_here(self) -> bool:
        return self.cell in self.cells

    def show(self, bundle: Bundle) -> None:
        self.cells[self.cell] = bundle

    def update(self, bundle: Bundle) -> None:
        self.updates.append(bundle)
        self.cells = dict.fromkeys(self.cells, bundle)

    @property
    def html(self) -> str:
        [html] = {str(bundle.get("text/html", "")) for bundle in self.cells.values()}
        return html


class _Broken(FakeRun):
    """A run whose rows cannot be looked at."""

    def newest_rows(self, _count: int) -> list[RowView]:
        raise ValueError("no <rows> today")


class _Shown:
    """A view that is kept up to date until the test ends it."""

    def __init__(self, run: FakeRun, kept_for: float = _PATIENCE, *, is_compact: bool = False) -> None:
        self.run = run
        self.place = _Place()
        self.display = LiveDisplay(run, self.place, kept_for, is_compact=is_compact)
        self.display.show_again()
        self.first = dict(self.place.cells)
        self.display.start()

    def end(self) -> None:
        self.run.finish()
        self.display.close()
        assert self.display.wait(_PATIENCE)


@pytest.fixture
def shown() -> Iterator[_Shown]:
    view = _Shown(traced_run())
    yield view
    view.end()


def _broken_run() -> FakeRun:
    run = traced_run()
    return _Broken(run.graph, trace=run.trace)


def _panes(display: LiveDisplay) -> str:
    """The HTML of all panes of the widget."""
    assert display.widget is not None
    return "".join(getattr(pane, "html", "") for pane in display.widget.children)


def _count_widgets() -> int:
    """How many widgets there are in this process."""
    return len(_instances)  # what has a name for it goes through them one by one, while threads make and close some


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline


def test_a_frame_of_the_final_height_is_shown_before_anything_else(shown: _Shown) -> None:
    [bundle] = shown.first.values()

    assert "starting" in str(bundle["text/html"])
    assert bundle["text/plain"] == "preview of 40 rows"


def test_the_frame_has_the_parts_of_the_view_each_as_high_as_it_will_be(shown: _Shown) -> None:
    [bundle] = shown.first.values()
    html = str(bundle["text/html"])

    drawn = dag_svg(shown.run.graph, progress=shown.run.progress, max_width=measures.DAG_WIDTH)
    assert drawn.partition(">")[0] in html
    assert html.count("break-inside:avoid") == count_side_lines(shown.run)
    heights = [int(height) for height in re.findall(r"(?<!line-)(?:min-)?height:(\d+)px", html)]
    edges = 2
    below, top = heights[-1], measures.top_height(shown.run)
    assert heights[0] + top + below + edges == measures.view_height(shown.run)
    assert f"min-height:{top}px" in html


def test_widgets_take_the_frame_s_place(shown: _Shown) -> None:
    assert shown.display.widget is not None

    assert "application/vnd.jupyter.widget-view+json" in shown.place.updates[0]


def test_a_run_is_shown_once_under_each_cell(shown: _Shown) -> None:
    shown.display.show_again()
    assert len(shown.place.cells) == 1

    shown.place.cell = 2
    shown.display.show_again()

    assert len(shown.place.cells) == 2


def test_a_run_is_here_in_the_cells_it_is_shown_under(shown: _Shown) -> None:
    assert shown.display.is_here()

    shown.place.cell = 2

    assert not shown.display.is_here()


def test_a_report_takes_the_widgets_place_in_every_cell_and_in_later_ones() -> None:
    view = _Shown(traced_run())
    view.place.cell = 2
    view.display.show_again()

    view.end()
    view.place.cell = 3
    view.display.show_again()

    assert len(view.place.cells) == 3
    assert "ng-report" in view.place.html
    assert view.display.widget is not None


def test_when_the_report_has_taken_their_place_the_panes_are_closed_and_can_be_had_again() -> None:
    before = _count_widgets()
    view = _Shown(traced_run(), kept_for=0.05)
    _wait_until(lambda: _count_widgets() > before + 40)

    view.end()
    _wait_until(lambda: _count_widgets() <= before + 4)

    again = view.display.widget
    assert again is not None
    assert [type(part).__name__ for part in again.children][:3] == ["Label", "HBox", "Pane"]
    assert "finished" in again.children[1].children[0].parts["facts"]
    assert _count_widgets() > before + 40


def test_a_compact_view_and_its_report_have_a_head_and_a_graph_and_are_no_higher() -> None:
    before = _count_widgets()
    view = _Shown(traced_run(), kept_for=0.05, is_compact=True)
    _wait_until(lambda: _count_widgets() > before + 40)
    height = measures.view_height(view.run, is_compact=True)
    panes = _panes(view.display)

    view.end()

    assert height < 260
    assert "ng-dag" in panes
    assert (
        sum(int(height) for height in re.findall(r"(?<!line-)(?:min-)?height:(\d+)px", str(view.first))[:2]) <= height
    )
    for part in ("ng-timeline", "ng-table"):
        assert part not in panes + re.sub(r"<style>.*?</style>", "", view.place.html, flags=re.DOTALL)
    assert f"min-height:{height}px" in view.place.html
    assert view.display.widget is not None


def test_all_widgets_of_a_compact_view_are_closed_when_its_report_has_taken_its_place() -> None:
    before = _count_widgets()
    view = _Shown(traced_run(), kept_for=0.05, is_compact=True)
    _wait_until(lambda: _count_widgets() > before + 40)

    view.end()

    _wait_until(lambda: _count_widgets() <= before + 4)


def test_a_widget_that_is_asked_for_when_the_run_is_over_shows_the_report_where_there_are_no_widgets() -> None:
    view = _Shown(traced_run())
    widget = view.display.widget
    assert widget is not None
    assert "text/html" not in widget._repr_mimebundle_()

    view.end()

    bundle = widget._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert "ng-report" in bundle["text/html"]
    assert "VBox" not in bundle["text/plain"]


def test_panes_that_somebody_shows_elsewhere_stay_open() -> None:
    view = _Shown(traced_run(), kept_for=0.05)
    widget = view.display.widget
    assert widget is not None
    parts = widget.children

    view.end()
    # the panes would be closed by this view's timer
    _wait_until(lambda: not any(getattr(thread, "interval", None) == 0.05 for thread in threading.enumerate()))

    assert widget.children == parts
    assert all(part.comm is not None for part in parts)


def test_a_report_waits_until_the_record_that_somebody_reads_is_closed() -> None:
    view = _Shown(traced_run())
    assert view.display.widget is not None
    [inspector] = [part for part in view.display.widget.children if part.has_trait("record")]
    inspector._handle_custom_msg({"record": 3}, [])
    _wait_until(lambda: "row" in inspector.record)

    view.end()
    assert "ng-report" not in view.place.html

    inspector._handle_custom_msg({"record": None}, [])
    _wait_until(lambda: "ng-report" in view.place.html)
    assert inspector.record == {}


def _keeper_of(display: LiveDisplay) -> Keeper:
    """What pages know of a view whose widget somebody asks for."""
    root = display.widget
    assert root is not None
    keepers = (widget for widget in list(_instances.values()) if isinstance(widget, Keeper))
    [keeper] = [keeper for keeper in keepers if keeper.place["root"] == root.model_id]
    return keeper


def test_pages_are_told_of_each_output_that_is_made_of_the_widget_and_when_its_run_is_over() -> None:
    view = _Shown(traced_run())
    keeper = _keeper_of(view.display)
    before = keeper.shown
    view.end()
    assert keeper.is_over

    widget = view.display.widget
    assert widget is not None
    bundles = [widget._repr_mimebundle_() for _ in range(2)]

    assert keeper.shown == before + 2
    assert all("ng-report" in str(bundle["text/html"]) for bundle in bundles)


def test_a_report_waits_until_nobody_is_at_work_in_the_view() -> None:
    view = _Shown(traced_run())
    keeper = _keeper_of(view.display)
    keeper._handle_custom_msg({"presence": {"page": "one", "busy": True, "touched": 0}}, [])

    view.end()
    assert keeper.is_held
    assert "ng-report" not in view.place.html

    view.display.presence.patience = Patience(left=0)
    keeper._handle_custom_msg({"presence": {"page": "one", "busy": False, "touched": 100}}, [])
    _wait_until(lambda: "ng-report" in view.place.html)
    assert keeper.is_over


def test_closing_a_view_of_a_run_that_goes_on_does_nothing(shown: _Shown) -> None:
    shown.display.close()

    assert not shown.display.wait(0)


def test_a_view_that_leaves_while_its_run_goes_on_shows_nothing_more() -> None:
    view = _Shown(traced_run())
    assert view.display.widget is not None
    updates = len(view.place.updates)

    view.display.leave(_PATIENCE)
    view.end()

    assert len(view.place.updates) == updates


def test_the_pause_button_pauses_the_run_and_then_resumes_it(shown: _Shown) -> None:
    assert shown.display.widget is not None
    pause = shown.display.widget.children[1].children[1]

    states = []
    for _ in range(2):
        pause.click()
        states.append(shown.run.progress.state)

    assert states == ["paused", "running"]


def test_the_cancel_button_cancels_the_run(shown: _Shown) -> None:
    assert shown.display.widget is not None
    headline = shown.display.widget.children[1]

    headline.children[2].click()

    assert shown.run.is_cancelled


def test_the_cancel_button_offers_to_give_up_what_has_not_returned(shown: _Shown) -> None:
    assert shown.display.widget is not None
    button = shown.display.widget.children[1].children[2]
    assert (button.description, button.disabled) == ("Cancel", False)

    shown.run.gives_up_at = shown.run.now + 5.0
    _wait_until(lambda: button.disabled)
    shown.run.gives_up_at = shown.run.now
    _wait_until(lambda: not button.disabled)

    assert button.description == "Give up"
    assert "has not returned" in button.tooltip


def test_the_buttons_of_a_run_that_is_over_are_gone_but_not_those_of_one_that_waits_for_its_cancel(
    shown: _Shown,
) -> None:
    assert shown.display.widget is not None
    pause, cancel = shown.display.widget.children[1].children[1:]

    shown.run.gives_up_at = shown.run.now + 5.0
    _wait_until(lambda: cancel.disabled)
    before = [button.layout.visibility for button in (pause, cancel)]
    shown.end()

    assert before == [None, None]
    assert [button.layout.visibility for button in (pause, cancel)] == ["hidden", "hidden"]


def test_what_fails_in_a_view_is_shown_under_it_and_stays_there_when_the_run_is_over() -> None:
    view = _Shown(_broken_run())
    assert "no &lt;rows&gt; today" in _panes(view.display)

    view.end()

    assert "no &lt;rows&gt; today" in _panes(view.display)
    assert "ng-report" in view.place.html
    assert "no &lt;rows&gt; today" in view.place.html


def test_a_view_that_cannot_even_begin_says_so_and_the_run_is_reported_all_the_same() -> None:
    class Nowhere(FakeRun):
        @property
        def title(self) -> str:
            raise OSError("no title")

        @title.setter
        def title(self, _title: str) -> None: ...

    view = _Shown(Nowhere(traced_run().graph))

    [bundle] = view.first.values()
    assert bundle["text/plain"] == "The live view failed; the run goes on. OSError: no title"
    view.run.finish()
    assert view.display.wait(_PATIENCE)


def test_a_report_that_cannot_be_made_leaves_the_widgets_in_place() -> None:
    class NoRows(FakeRun):
        def first_rows(self, _count: int) -> list[RowView]:
            raise OSError("the disk is gone")

    view = _Shown(NoRows(traced_run().graph))

    view.end()

    [bundle] = view.place.cells.values()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "the disk is gone" in _panes(view.display)


def test_the_view_can_be_pumped_by_whoever_waits(shown: _Shown) -> None:
    assert shown.display.widget is not None

    for row in range(20):
        shown.run.attempt(REVIEW, row, row * 1.0, row + 1.0)
        shown.display.pump()


def test_a_run_that_nobody_holds_is_forgotten_although_its_widgets_live() -> None:
    view = _Shown(traced_run())
    view.end()
    widget, run = view.display.widget, weakref.ref(view.run)
    assert widget is not None

    del view
    gc.collect()

    assert run() is None
    widget.children[1].children[1].click()


def test_until_the_page_has_its_scripts_the_view_says_that_it_is_loading(shown: _Shown) -> None:
    assert shown.display.widget is not None
    assert shown.display.widget.children[0].value == "The live view is loading …"
