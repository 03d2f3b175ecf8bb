"""Publisher: brings a live view up to date. It decides what is worth sending, and when; a board shows it.

Rules it keeps:
- what has not changed is not sent again, but for the last state, which is;
- ticks take at most a few percent of the time: after one that took long, the next comes later;
- nothing waits for an answer of the page: it may be a long way off, or unable to speak while a cell runs.
"""

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from notebook_gen.views import measures
from notebook_gen.views.dag import dag_numbers, dag_svg
from notebook_gen.views.head import bar_html, bar_segments, error_html, head_html, side_html
from notebook_gen.views.palette import column_colors
from notebook_gen.views.source import RunSource
from notebook_gen.views.tables import failures_table, narrow_columns, rows_table
from notebook_gen.views.text import escape, write_count, write_seconds
from notebook_gen.views.timeline import TimelineBoard, TimelineFeed

TICK: Final = 0.2
"""Seconds between ticks, at least."""

_SHARE = 40  # a tick that took 1 ms is followed by 40 ms without one
_TABLES_EVERY = 0.4
_ROWS = 6


class Board(TimelineBoard, Protocol):
    """What shows a live view; `LiveWidgets` does."""

    def show_html(self, pane: str, html: str) -> None:
        """Fill a pane."""
        ...

    def show_parts(self, pane: str, parts: Mapping[str, str]) -> None:
        """Fill parts of a pane."""
        ...

    def show_numbers(self, numbers: Mapping[str, Any]) -> None:
        """Bring the DAG and the run's bar up to date."""
        ...

    def show_columns(self, done: Sequence[int], words: Sequence[str]) -> None:
        """Bring the progress of each column up to date."""
        ...

    def show_failure_count(self, count: int) -> None:
        """Say how many rows were dropped."""
        ...

    def say_over(self) -> None:
        """Say that there is nothing to cancel any more."""
        ...


class Publisher:
    """Brings one board up to date with one run. Everything but `hear` belongs to whoever ticks, one at a time.

    Args:
        source: the run.
        board: what shows it.
        clock: seconds, never going back.
    """

    def __init__(self, source: RunSource, board: Board, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._board = board
        self._clock = clock
        self._sent: dict[str, Any] = {}
        self._messages: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._begun = clock()
        self._due = self._begun
        self._tables_due = self._begun
        self._timeline: TimelineFeed | None = None
        if source.trace is not None and source.graph.resources:
            self._timeline = TimelineFeed(source, source.trace, board)

    def begin(self) -> None:
        """Show what stays as it is, and all the rest for the first time."""
        source = self._source
        drawn = dag_svg(source.graph, progress=source.progress, max_width=measures.DAG_WIDTH)
        self._board.show_html(
            "top",
            f'{bar_html(source)}<div class="ng-top" style="height:{measures.top_height(source)}px">'
            f'<div class="ng-scroll ng-dag-pane" style="max-height:100%">{drawn}</div>'
            '<div class="ng-side" data-part="side"></div></div>',
        )
        self._show_empty_timeline()
        self.tick()

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take what the page says; on any thread."""
        self._messages.put(message)

    def is_due(self) -> bool:
        """Whether it is time for a tick."""
        return self._clock() >= self._due

    def tick(self) -> None:
        """Show what has changed."""
        begun = self._clock()
        self.answer()
        self._show_head()
        if begun >= self._tables_due:
            self._show_tables()
            self._tables_due = begun + _TABLES_EVERY
        if self._timeline is not None:
            self._timeline.tick(begun)
        ended = self._clock()
        self._due = ended + max(TICK - (ended - begun), _SHARE * (ended - begun))

    def answer(self) -> None:
        """Do what the page has asked for."""
        while not self._messages.empty():
            message = self._messages.get()
            if self._timeline is not None:
                self._timeline.answer(message)

    def finish(self) -> None:
        """Show the last state, all of it, whatever was sent before."""
        self._sent.clear()
        self._show_head()
        self._show_tables()
        if self._timeline is not None:
            self._timeline.finish()
        self._board.say_over()

    def _show_head(self) -> None:
        source, board = self._source, self._board
        progress = source.progress
        waiting = sum(map(len, source.waiting_since().values())) if progress.state == "running" else 0
        numbers = {
            "nodes": dag_numbers(source.graph, progress),
            "segments": bar_segments(source.graph, progress),
        }
        self._send("facts", {"facts": head_html(source)}, lambda parts: board.show_parts("head", parts))
        self._send("side", {"side": side_html(source, waiting)}, lambda parts: board.show_parts("top", parts))
        self._send("numbers", numbers, board.show_numbers)
        self._send("error", error_html(source), lambda html: board.show_html("notice", html))

    def _show_tables(self) -> None:
        source, board = self._source, self._board
        colors, narrow = column_colors(source.graph), narrow_columns(source.graph)
        rows = rows_table(source.columns, source.newest_rows(_ROWS), colors=colors, narrow=narrow)
        self._send("rows", rows, lambda html: board.show_html("rows", html))
        nodes = source.progress.nodes
        done = [min(node.done, source.progress.rows) for node in nodes]
        figures = (done, [self._words(index) for index in range(len(nodes))])
        self._send("columns", figures, lambda figures: board.show_columns(*figures))
        count = len(source.failures.items)
        if self._sent.get("failures") != count:
            board.show_html("failures", failures_table(source.failures))
            self._send("failures", count, board.show_failure_count)

    def _show_empty_timeline(self) -> None:
        if self._source.trace is None:
            words = "No timeline: the run is not traced (RunSettings(trace=False))."
        elif not self._source.graph.resources:
            words = "No timeline: every column is made in place, no task needs a slot."
        else:
            words = "Each task will stand here as a bar, in the lane of its slot."
        height = {"height": measures.timeline_height(self._source)}
        self._board.show_timeline(template={"layout": height}, picture=f'<p class="ng-empty">{words}</p>')

    def _words(self, index: int) -> str:
        """What to say beside a column's progress; escaped."""
        progress, node = self._source.progress, self._source.progress.nodes[index]
        parts = [f"{write_count(min(node.done, progress.rows))} of {write_count(progress.rows)}"]
        if node.mean_seconds is not None:
            parts.append(write_seconds(node.mean_seconds))
        if node.in_flight:
            parts.append(f"{node.in_flight} in flight")
        if node.failed:
            parts.append(f"{write_count(node.failed)} failed")
        return escape(" · ".join(parts))

    def _send(self, name: str, value: Any, send: Callable[[Any], None]) -> None:
        if name not in self._sent or self._sent[name] != value:
            send(value)
            self._sent[name] = value
