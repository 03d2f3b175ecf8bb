"""Publisher: brings a live view up to date. It decides when; feeds decide what is worth sending; a board shows it.

Rules it keeps:
- ticks take a few percent of the time, at most: what one cost in processor time decides when the next comes. How long
  it took does not count: on a busy machine that says how busy others are;
- however much they cost, something moves once a second;
- what fails is told, and holds up nothing else;
- nothing waits for an answer of the page: it may be a long way off, or unable to speak while a cell runs;
- the last state is sent twice, as messages may get lost when there are many.
"""

import queue
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

from notebook_gen.views import measures
from notebook_gen.views.cells import CellsBoard, CellsFeed
from notebook_gen.views.dag import dag_svg, more_below
from notebook_gen.views.feeds import FailuresFeed, Feed, HeadFeed, RowsFeed, UsageFeed, ViewBoard
from notebook_gen.views.head import bar_html
from notebook_gen.views.inspector import InspectorBoard, InspectorFeed
from notebook_gen.views.source import RunSource
from notebook_gen.views.timeline import TimelineBoard, TimelineFeed, empty_timeline

TICK: Final = 0.2
"""Seconds between ticks, at least."""

LONGEST_PAUSE: Final = 0.8
"""Seconds from one tick to the next, at most; with the time that a tick takes, that is an update a second."""

_SHARE = 40  # a tick that cost 1 ms of processor time is followed by 40 ms without one
_TABLES_EVERY = 0.4


class Board(ViewBoard, CellsBoard, TimelineBoard, InspectorBoard, Protocol):
    """What shows a live view; `LiveWidgets` does."""

    def finish(self) -> None:
        """Say that there is nothing to cancel any more, and send everything again."""
        ...


class Publisher:
    """Brings one board up to date with one run. Everything but `hear` belongs to whoever ticks, one at a time.

    Args:
        source: the run.
        board: what shows it.
        on_error: told what a feed raised.
        is_compact: whether only the head and the DAG are shown.
        clock: seconds, never going back.
        cpu_clock: seconds of processor time of the thread that asks.
    """

    def __init__(
        self,
        source: RunSource,
        board: Board,
        on_error: Callable[[Exception], None],
        *,
        is_compact: bool = False,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._source = source
        self._board = board
        self._on_error = on_error
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._messages: queue.SimpleQueue[Mapping[str, object]] = queue.SimpleQueue()
        self._head = head = HeadFeed(source, board)
        self._inspector = InspectorFeed(source, board)
        self._rows = RowsFeed(source, board)
        self._cells = CellsFeed(source, board)
        tables: list[Feed] = [
            self._rows,
            self._cells,
            FailuresFeed(source, board),
            UsageFeed(source, board),
            self._inspector,
        ]
        self._tables = [] if is_compact else tables
        self._timeline: TimelineFeed | None = None
        if source.trace is not None and source.graph.resources and not is_compact:
            self._timeline = TimelineFeed(source, source.trace, board, lambda: head.standing)
        self._due = self._tables_due = clock()

    def begin(self) -> None:
        """Show what stays as it is, and all the rest for the first time."""
        source = self._source
        drawn = dag_svg(source.graph, progress=source.progress, max_width=measures.DAG_WIDTH)
        more = more_below(source.graph, source.progress, measures.DAG_WIDTH, measures.DAG_HEIGHT)
        self._board.show_html(
            "top",
            f'{bar_html(source)}<div class="ng-top" style="min-height:{measures.top_height(source)}px">'
            f'<div class="ng-scroll ng-dag-pane" style="max-height:{measures.DAG_HEIGHT}px">{drawn}{more}</div>'
            '<div class="ng-side" data-part="side"></div></div>',
        )
        self._board.show_timeline(**empty_timeline(source))
        self.tick()
        self._due = self._clock() + TICK  # what has to be loaded and laid out once says nothing of the ticks to come

    @property
    def shows_record(self) -> bool:
        """Whether somebody looks at a record."""
        return self._inspector.is_open

    def hear(self, message: Mapping[str, object]) -> None:
        """Take what the page says; on any thread."""
        self._messages.put(message)

    def is_due(self) -> bool:
        """Whether it is time for a tick."""
        return self._clock() >= self._due

    def tick(self) -> None:
        """Show what has changed."""
        begun, cost = self._clock(), -self._cpu_clock()
        self.answer()
        self._guard(self._head.show)
        if begun >= self._tables_due:
            self._tables_due = begun + _TABLES_EVERY
            for table in self._tables:
                self._guard(table.show)
        if (timeline := self._timeline) is not None:
            self._guard(lambda: timeline.tick(begun))
        cost += self._cpu_clock()
        self._due = begun + min(max(TICK, _SHARE * cost), LONGEST_PAUSE)

    def answer(self) -> None:
        """Do what the page has asked for."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get())
        if messages:
            for feed in (self._inspector, self._rows, self._cells):
                self._guard(partial(feed.answer, messages))
        if (timeline := self._timeline) is not None and messages:
            self._guard(lambda: timeline.answer(messages))

    def finish(self) -> None:
        """Show the last state."""
        for feed in (self._head, *self._tables):
            self._guard(feed.show)
        if self._timeline is not None:
            self._guard(self._timeline.finish)
        self._board.finish()

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  # a part of a view must hurt neither the others nor the run
            self._on_error(error)
