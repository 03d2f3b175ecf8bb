"""The widgets of a live view: panes that stream, and Jupyter's own around them.

Panes show HTML that Python made and escaped, or numbers; what they show are traits, so that a page that is loaded
again has it at once. Whatever a page sends may arrive on any thread, or never. Imported only when a view is shown.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, TypeVar, Unpack

import anywidget
import ipywidgets
import traitlets

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views import measures
from notebook_gen.views.cells import CellsFrame, cells_script
from notebook_gen.views.feeds import CancelOffer, ColumnFigures, Numbers, PaneName, RowsPage
from notebook_gen.views.inspector import Inspected
from notebook_gen.views.palette import made_nodes, node_colors
from notebook_gen.views.root import hear_while_cells_run
from notebook_gen.views.source import RunSource
from notebook_gen.views.stylesheet import read_static, stylesheet
from notebook_gen.views.text import escape, one_line
from notebook_gen.views.timeline import TimelineTraits, timeline_script

W = TypeVar("W", bound=ipywidgets.DOMWidget)

_PAUSE: Final = "Begin no more calls; those in flight go on"
_RESUME: Final = "Go on"
_CANCEL: Final = "Stop the run; finished rows stay"
_GIVE_UP: Final = "Leave behind the callback or processor that has not returned; what is written stays"
_NO_COLUMNS: Final = (
    '<p class="ng-empty">Each column that is made will stand here with its progress; this run has seed data alone.</p>'
)

TABS: Final = ("Rows", "Cells", "Columns", "Failures", "Usage")
_FAILURES = TABS.index("Failures")


class Pane(anywidget.AnyWidget):
    """A pane of HTML; see static/pane.js."""

    _esm = read_static("put.js", "pick.js", "pane.js")

    html = traitlets.Unicode("").tag(sync=True)
    parts = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Dict().tag(sync=True)


class StyledPane(Pane):
    """A pane that brings the stylesheet of the whole view, which one of its panes has to."""

    _css = stylesheet("live", "cells", "record")


class RowsPane(anywidget.AnyWidget):
    """A page of rows; see static/rows.js."""

    _esm = read_static("put.js", "pick.js", "look.js", "pager.js", "rows.js")

    page = traitlets.Dict().tag(sync=True)


class TimelinePane(anywidget.AnyWidget):
    """The timeline; see static/timeline.js."""

    _esm = timeline_script()

    template = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    clock = traitlets.Dict().tag(sync=True)
    picture = traitlets.Unicode("").tag(sync=True)


class CellsPane(anywidget.AnyWidget):
    """The state of every cell; see static/cells.js."""

    _esm = cells_script()

    frame = traitlets.Dict().tag(sync=True)
    part = traitlets.Dict().tag(sync=True)


class InspectorPane(anywidget.AnyWidget):
    """The inspector of one record; see static/record.js."""

    _esm = read_static("put.js", "pick.js", "look.js", "record.js")

    record = traitlets.Dict().tag(sync=True)


class LiveWidgets:
    """All widgets of one live view, by name: what a `Publisher` writes to.

    Args:
        source: the run.
        on_pause: called when the button that pauses or resumes is clicked, on any thread.
        on_cancel: called when the button that cancels is clicked, on any thread.
        on_message: called with what a page says, on any thread.

    Attributes:
        parts: the widgets to show, from top to bottom.
        compact_parts: those of them that a compact view shows.
    """

    def __init__(
        self,
        source: RunSource,
        *,
        on_pause: Callable[[], None],
        on_cancel: Callable[[], None],
        on_message: Callable[[Mapping[str, object]], None],
    ) -> None:
        head = StyledPane(html='<div class="ng-head" data-part="facts"></div>')
        self._panes: dict[PaneName, Pane] = {
            "head": head,
            "top": Pane(),
            "failures": _with_class(Pane(), "ng-table-pane"),
            "usage": _with_class(Pane(), "ng-table-pane"),
            "notice": Pane(),
            "trouble": Pane(),
        }
        panes = self._panes
        self._pause = _with_class(ipywidgets.Button(description="Pause", tooltip=_PAUSE), "ng-pause")
        self._pause.on_click(lambda _button: on_pause())
        self._cancel = _with_class(ipywidgets.Button(description="Cancel", tooltip=_CANCEL), "ng-stop")
        self._cancel.on_click(lambda _button: on_cancel())
        # its script is the last to be there, and says only then how high it is
        height = measures.SECTION + measures.timeline_height(source)
        self._timeline = TimelinePane(layout=ipywidgets.Layout(min_height=f"{height}px"))
        self._inspector = InspectorPane()
        self._rows = RowsPane()
        self._cells = CellsPane()
        speakers = (self._timeline, self._inspector, self._rows, self._cells, panes["failures"])
        for speaking in speakers:
            speaking.on_msg(lambda _pane, content, _buffers: on_message(content))
        self._columns = _Columns(source.graph, source.progress.rows)
        tabs = [self._rows, self._cells, self._columns.root, panes["failures"], panes["usage"]]
        self._tabs = ipywidgets.Tab(tabs, titles=TABS, selected_index=0)
        headline = _with_class(ipywidgets.HBox([head, self._pause, self._cancel]), "ng-headline")
        # the page may have to fetch the scripts of all other parts first; with them comes the style that hides it
        starting = _with_class(ipywidgets.Label("The live view is loading …"), "ng-starting")
        notes = [panes["notice"], panes["trouble"]]
        self.parts = [starting, headline, panes["top"], self._timeline, self._tabs, self._inspector, *notes]
        self.compact_parts = [starting, headline, panes["top"], *notes]
        for widget in (self._pause, self._cancel, *speakers, *panes.values()):
            hear_while_cells_run(widget)

    def show_html(self, pane: PaneName, html: str) -> None:
        """Fill a pane."""
        self._panes[pane].html = html

    def show_parts(self, pane: PaneName, parts: Mapping[str, str]) -> None:
        """Fill the elements of a pane that have a `data-part`: of "head" or "top"."""
        self._panes[pane].parts = dict(parts)

    def show_numbers(self, numbers: Numbers) -> None:
        """Bring the DAG and the run's bar up to date."""
        self._panes["top"].numbers = dict(numbers)

    def show_timeline(self, **traits: Unpack[TimelineTraits]) -> None:
        """Set some traits of the timeline, in this order."""
        for name, value in traits.items():
            setattr(self._timeline, name, value)

    def show_record(self, inspected: Inspected) -> None:
        """Show a record in the inspector; an empty one closes it."""
        self._inspector.record = dict(inspected)

    def show_rows(self, page: RowsPage) -> None:
        """Show a page of rows."""
        self._rows.page = dict(page)

    def show_cells(self, frame: CellsFrame) -> None:
        """Show the states of all cells."""
        self._cells.frame = dict(frame)

    def show_part_of_cells(self, frame: CellsFrame) -> None:
        """Show the states of the cells that somebody looks at."""
        self._cells.part = dict(frame)

    def show_columns(self, figures: ColumnFigures) -> None:
        """Bring the progress of each column up to date."""
        self._columns.show(figures)

    def show_failure_count(self, count: int) -> None:
        """Write how many failures there are into the title of their tab."""
        title = f"{TABS[_FAILURES]} {count}" if count else TABS[_FAILURES]
        self._tabs.titles = (*TABS[:_FAILURES], title, *TABS[_FAILURES + 1 :])
        if count:
            self._tabs.add_class("ng-has-failures")

    def show_state(self, state: str) -> None:
        """Offer to resume a run that is paused, else to pause it; one that is cancelled can do neither."""
        self._pause.disabled = state == "cancelling"
        if self._pause.disabled:
            return  # with the word it has, which may be another's width
        is_paused = state == "paused"
        self._pause.description = "Resume" if is_paused else "Pause"
        self._pause.tooltip = _RESUME if is_paused else _PAUSE

    def show_cancel(self, offer: CancelOffer) -> None:
        """Offer to cancel the run, or to give up what has not returned since; in between, neither."""
        self._cancel.disabled = offer == "wait"
        self._cancel.description = "Give up" if offer == "give up" else "Cancel"
        self._cancel.tooltip = _GIVE_UP if offer == "give up" else _CANCEL

    def finish(self) -> None:
        """Take the buttons away, as there is nothing to cancel any more, and send everything again.

        A widget does not send what it thinks the page knows, and some of that may never have arrived.
        """
        for button in (self._pause, self._cancel):
            button.disabled = True
            button.layout.visibility = "hidden"  # what stands beside it stays where it is
        for pane in self._panes.values():
            pane.send_state({"html", "parts", "numbers"})
        self._inspector.send_state({"record"})
        self._rows.send_state({"page"})
        self._cells.send_state({"frame", "part"})
        self._timeline.send_state({"template", "frame", "detail", "clock", "picture"})
        self._columns.send_again()

    def send_plotly(self) -> None:
        """Send plotly.js to the page."""
        self._timeline.send({"plotly": "here"}, buffers=[compressed_plotly()])


class _Columns:
    """A line for each column that is made: its name, a progress bar in its colour, figures."""

    def __init__(self, graph: ExecutionGraph, rows: int) -> None:
        self._made = made_nodes(graph)
        colors = node_colors(graph)
        names = "".join(
            f'<div class="ng-line"><i class="ng-dot ng-c{colors[index]}"></i>'
            f"{escape(one_line(graph.nodes[index].name, 80))}</div>"
            for index in self._made
        )
        layout = ipywidgets.Layout()
        self._bars = [
            _with_class(ipywidgets.IntProgress(max=max(1, rows), layout=layout), f"ng-c{colors[index]}")
            for index in self._made
        ]
        self._words = Pane()
        parts = [Pane(html=names), ipywidgets.VBox(self._bars), self._words]
        self.root = _with_class(ipywidgets.HBox(parts), "ng-columns") if self._made else Pane(html=_NO_COLUMNS)

    def show(self, figures: ColumnFigures) -> None:
        """Take over figures of all nodes; only what has changed is sent."""
        for bar, node in zip(self._bars, self._made, strict=True):
            bar.value = figures["done"][node]
        words = (escape(figures["words"][node]) for node in self._made)
        self._words.html = "".join(f'<div class="ng-line ng-soft">{line}</div>' for line in words)

    def send_again(self) -> None:
        """Send the last state again."""
        for bar in self._bars:
            bar.send_state({"value"})
        self._words.send_state({"html"})


def _with_class(widget: W, *names: str) -> W:
    for name in names:
        widget.add_class(name)
    return widget


@cache
def compressed_plotly() -> bytes:
    """Give the plotly.js that the plotly package carries, gzipped (1.5 MB)."""
    import gzip

    return gzip.compress(files("plotly").joinpath("package_data/plotly.min.js").read_bytes(), compresslevel=5, mtime=0)
