"""The widgets of a live view: panes that stream, and Jupyter's own around them.

Panes show HTML that Python made and escaped, or numbers; what they show are traits, so that a page that is loaded
again has it at once. Whatever a page sends may arrive on any thread, or never. Imported only when a view is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import anywidget
import ipywidgets
import traitlets

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import node_colors, stylesheet
from notebook_gen.views.text import escape, one_line

TABS: Final = ("Rows", "Columns", "Failures")


def _read(*names: str) -> str:
    folder = files("notebook_gen.views").joinpath("static")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


class Pane(anywidget.AnyWidget):
    """A pane of HTML; see static/pane.js."""

    _esm = _read("pane.js")

    html = traitlets.Unicode("").tag(sync=True)
    parts = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Dict().tag(sync=True)


class StyledPane(Pane):
    """A pane that brings the stylesheet of the whole view, which one of its panes has to."""

    _css = stylesheet() + _read("live.css")


class TimelinePane(anywidget.AnyWidget):
    """The timeline; see static/timeline.js."""

    _esm = _read("chart.js", "timeline.js")

    template = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    clock = traitlets.Dict().tag(sync=True)
    picture = traitlets.Unicode("").tag(sync=True)


class LiveWidgets:
    """All widgets of one live view, by name: what a `Publisher` writes to.

    Args:
        graph: whose run it is.
        rows: rows asked for.
        on_cancel: called when the button is clicked, on any thread.
        on_message: called with what the timeline's page says, on any thread.

    Attributes:
        root: the widget to show.
    """

    def __init__(
        self,
        graph: ExecutionGraph,
        rows: int,
        *,
        on_cancel: Callable[[], None],
        on_message: Callable[[Mapping[str, Any]], None],
    ) -> None:
        head = StyledPane(html='<div class="ng-head" data-part="facts"></div>')
        self._cancel = ipywidgets.Button(description="Cancel", tooltip="Stop the run; finished rows stay")
        self._cancel.add_class("ng-stop")
        self._cancel.on_click(lambda _: on_cancel())
        self._panes = {name: Pane() for name in ("top", "rows", "failures", "notice")}
        self._timeline = TimelinePane()
        self._timeline.on_msg(lambda _widget, content, _buffers: on_message(content))
        self._panes["head"] = head
        self._columns = _Columns(graph, rows)
        headline = ipywidgets.HBox([head, self._cancel])
        headline.add_class("ng-headline")
        for name in ("rows", "failures"):
            self._panes[name].add_class("ng-table-pane")
        tabs = [self._panes["rows"], self._columns.root, self._panes["failures"]]
        self._tabs = ipywidgets.Tab(tabs, titles=TABS, selected_index=0)
        children = [headline, self._panes["top"], self._timeline, self._tabs, self._panes["notice"]]
        self.root = ipywidgets.VBox(children)
        self.root.add_class("ng-view")
        self.root.add_class("ng-live")
        for pane in (self._cancel, *self._panes.values(), self._timeline):
            _hear_while_cells_run(pane)

    def show_html(self, pane: str, html: str) -> None:
        """Fill a pane: "top", "rows", "failures" or "notice"."""
        self._panes[pane].html = html

    def show_parts(self, pane: str, parts: Mapping[str, str]) -> None:
        """Fill the elements of a pane that have a `data-part`: of "head" or "top"."""
        self._panes[pane].parts = dict(parts)

    def show_numbers(self, numbers: Mapping[str, Any]) -> None:
        """Bring the DAG and the run's bar up to date."""
        self._panes["top"].numbers = dict(numbers)

    def show_timeline(self, **traits: Any) -> None:
        """Set traits of the timeline."""
        for name, value in traits.items():
            setattr(self._timeline, name, value)

    def show_columns(self, done: Sequence[int], words: Sequence[str]) -> None:
        """Bring the progress of each column up to date: rows that have it, and what to say beside it, escaped."""
        self._columns.show(done, words)

    def show_failure_count(self, count: int) -> None:
        """Write how many rows were dropped into the title of their tab."""
        self._tabs.titles = (*TABS[:-1], f"{TABS[-1]} {count}" if count else TABS[-1])
        if count:
            self._tabs.add_class("ng-has-failures")

    def say_over(self) -> None:
        """Take the button away: there is nothing to cancel any more."""
        self._cancel.disabled = True

    def send_plotly(self) -> None:
        """Send plotly.js to the page."""
        self._timeline.send({"plotly": "here"}, buffers=[compressed_plotly()])


class _Columns:
    """A line for each column that is made: its name, a progress bar in its colour, figures."""

    def __init__(self, graph: ExecutionGraph, rows: int) -> None:
        made = list(dict.fromkeys(index for index in graph.columns.values() if graph.nodes[index].kind != "seed"))
        colors = node_colors(graph)
        names = "".join(
            f'<div class="ng-line"><i class="ng-dot ng-c{colors[index]}"></i>'
            f"{escape(one_line(graph.nodes[index].name, 80))}</div>"
            for index in made
        )
        layout = ipywidgets.Layout()
        self._bars = []
        for index in made:
            bar = ipywidgets.IntProgress(value=0, max=max(1, rows), layout=layout)
            bar.add_class(f"ng-c{colors[index]}")
            self._bars.append(bar)
        self._made = made
        self._words = Pane()
        self.root = ipywidgets.HBox([Pane(html=names), ipywidgets.VBox(self._bars), self._words])
        self.root.add_class("ng-columns")

    def show(self, done: Sequence[int], words: Sequence[str]) -> None:
        """Take over figures of all nodes; only what has changed is sent."""
        for bar, node in zip(self._bars, self._made, strict=True):
            bar.value = done[node]
        self._words.html = "".join(f'<div class="ng-line ng-soft">{words[node]}</div>' for node in self._made)


def _hear_while_cells_run(widget: Any) -> None:
    """Let what the page says arrive while a cell blocks the kernel.

    ipykernel 7.4 sends it to the thread that last wrote to the widget's comm: for us always to the main one, which
    is busy. Without this method it goes to the subshell that JupyterLab opened for it; others have no such method.
    """
    comm = widget.comm
    if callable(getattr(comm, "_reply_subshell_for", None)):
        comm._reply_subshell_for = None  # noqa: SLF001  # there is no public way


@cache
def compressed_plotly() -> bytes:
    """Give the plotly.js that the plotly package carries, gzipped (1.5 MB)."""
    import gzip

    return gzip.compress(files("plotly").joinpath("package_data/plotly.min.js").read_bytes(), compresslevel=5, mtime=0)
