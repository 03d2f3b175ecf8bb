"""Feeds of a live view: what its head, its DAG and its tables show. What has not changed is not sent again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, Literal, Protocol, TypedDict, TypeVar

from notebook_gen.engine.snapshots import RowView
from notebook_gen.observers.progress import NodeProgress
from notebook_gen.views.arrangement import TableColumn, arrange, own_widths
from notebook_gen.views.dag import dag_numbers
from notebook_gen.views.failures import failures_table
from notebook_gen.views.head import Segment, bar_segments, ending_html, head_html, lost_share, side_html
from notebook_gen.views.measures import DAG_WIDTH
from notebook_gen.views.nodes import NodeNumbers
from notebook_gen.views.retries import note_lines
from notebook_gen.views.source import Cancelling, RunSource
from notebook_gen.views.standing import Standing, take_standing
from notebook_gen.views.summary import count_settled, say_no_rows, state_word
from notebook_gen.views.tables import rows_table
from notebook_gen.views.text import write_count, write_seconds
from notebook_gen.views.usage import usage_html

T = TypeVar("T")

PaneName = Literal["head", "top", "failures", "usage", "notice", "trouble"]
RowOrder = Literal["newest", "in order"]
CancelOffer = Literal["cancel", "wait", "give up"]

PAGE_ROWS: Final = 6
"""Rows of a page: as many as can be seen at once."""

_ENOUGH_ROWS = 3  # that are done, before what they hold decides how wide columns are
_MEASURED_ROWS = 20
_FULL_LIMITS = (1_500, 400, 0)
_TABLE_SIZE = 58_000
_PICTURE_ROOM = 30_000


class Numbers(TypedDict):
    """What changes about the DAG and the run's bar, as static/pane.js reads it.

    Attributes:
        nodes: an entry for each.
        segments: an entry for each; `lost`: the share of what no segment will fill.
    """

    nodes: list[NodeNumbers]
    segments: list[Segment]
    lost: float


class ColumnFigures(TypedDict):
    """How far each node is: rows for which it has nothing left to make, and words beside its bar; not escaped."""

    done: list[int]
    words: list[str]


class RowsPage(TypedDict):
    """A page of rows, as static/rows.js reads it.

    Attributes:
        html: their table.
        order: "newest" first, or "in order" of their numbers.
        first: the number of the first row that was asked for; 0 for the newest.
        end: the number after the last one that can be there.
        rows: how many rows a page has.
        group: how many rows a row group has.
        is_over: whether the run is, so that these are the last news.
    """

    html: str
    order: RowOrder
    first: int
    end: int
    rows: int
    group: int
    is_over: bool


class ViewBoard(Protocol):
    """What shows the panes of a live view."""

    def show_rows(self, page: RowsPage) -> None:
        """Show a page of rows."""
        ...

    def show_html(self, pane: PaneName, html: str) -> None:
        """Fill a pane."""
        ...

    def show_parts(self, pane: PaneName, parts: Mapping[str, str]) -> None:
        """Fill the elements of a pane that have a `data-part`, by its value."""
        ...

    def show_numbers(self, numbers: Numbers) -> None:
        """Bring the DAG and the run's bar up to date."""
        ...

    def show_columns(self, figures: ColumnFigures) -> None:
        """Bring the progress of each column up to date."""
        ...

    def show_failure_count(self, count: int) -> None:
        """Say how many failures there are."""
        ...

    def show_state(self, state: str) -> None:
        """Offer what can be done in a state of the run: to pause, or to resume."""
        ...

    def show_cancel(self, offer: CancelOffer) -> None:
        """Offer to cancel the run, or to give up what has not returned since; in between, neither."""
        ...


class _News(Generic[T]):
    """Passes on a value unless it is the one that it passed on last."""

    def __init__(self, send: Callable[[T], None]) -> None:
        self._send = send
        self._sent: list[T] = []

    def __call__(self, value: T) -> None:
        if self._sent != [value]:
            self._send(value)
            self._sent = [value]


class Feed(Protocol):
    """Keeps one part of a live view up to date."""

    def show(self) -> None:
        """Show what has changed."""
        ...


class HeadFeed:
    """Feeds whatever counts: the head, the DAG, what stands beside it, the columns, the tab of failures; and the error.

    All of it is from one look at the run, so that no two places contradict each other.

    Attributes:
        standing: that look; None before the first.
    """

    def __init__(self, source: RunSource, board: ViewBoard) -> None:
        self._source = source
        self.standing: Standing | None = None
        self._facts = _News[str](lambda html: board.show_parts("head", {"facts": html}))
        self._side = _News[str](lambda html: board.show_parts("top", {"side": html}))
        self._numbers = _News[Numbers](board.show_numbers)
        self._columns = _News[ColumnFigures](board.show_columns)
        self._failures = _News[int](board.show_failure_count)
        self._error = _News[str](lambda html: board.show_html("notice", html))
        self._state = _News[str](board.show_state)
        self._cancel = _News[CancelOffer](board.show_cancel)
        self._lost_when: tuple[int, int, bool] | None = None
        self._lost_last = 0.0

    def show(self) -> None:
        """Show what has changed."""
        self.standing = standing = take_standing(self._source)
        source = standing.source
        graph, progress = source.graph, source.progress
        nodes, rows = progress.nodes, progress.rows
        self._state(state_word(source))
        self._cancel(_cancel_offer(source.cancelling()))
        self._facts(head_html(source))
        self._side(side_html(source, standing.waiting))
        self._numbers(
            {
                "nodes": dag_numbers(graph, progress, DAG_WIDTH),
                "segments": bar_segments(graph, progress),
                "lost": self._lost(source),
            }
        )
        self._columns(
            {"done": [count_settled(node, rows) for node in nodes], "words": [_words(node, rows) for node in nodes]}
        )
        self._failures(source.failure_count)
        self._error(ending_html(source))

    def _lost(self, source: RunSource) -> float:
        """What no column will fill of the bar: looked at only when more has failed, as cells have to be counted."""
        progress = source.progress
        seen = (progress.rows_dropped, sum(node.failed for node in progress.nodes), progress.ended is not None)
        if seen != self._lost_when:
            self._lost_when, self._lost_last = seen, lost_share(source)
        return self._lost_last


def _cancel_offer(cancelling: Cancelling | None) -> CancelOffer:
    if cancelling is None:
        return "cancel"
    return "wait" if cancelling.gives_up_in > 0 else "give up"


class RowsFeed:
    """Feeds one page of rows: those in which there is something to read, or some in order as the page asks for them.

    Columns are as wide as what makes them lets expect, and once some rows are done, as what these hold: from then on no
    column moves.
    """

    def __init__(self, source: RunSource, board: ViewBoard) -> None:
        self._source = source
        self._names = tuple(source.graph.columns)
        self._widths: Mapping[str, int | None] | None = None
        self._page = _News[RowsPage](board.show_rows)
        self._order: RowOrder = "newest"
        self._first = 0

    def answer(self, messages: Sequence[Mapping[str, object]]) -> None:
        """Do what the page has asked for: of several pages of rows, the last is wanted."""
        wanted = [message["rows"] for message in messages if "rows" in message]
        if not wanted:
            return
        match wanted[-1]:
            case {"order": "newest"}:
                self._order, self._first = "newest", 0
            case {"order": "in order", "first": int() as first} if not isinstance(first, bool):
                self._order, self._first = "in order", max(0, first)
            case _:
                return
        self.show()

    def show(self) -> None:
        """Show what has changed."""
        end = self._source.progress.rows_listed
        if self._order == "newest":
            rows = self._source.newest_rows(PAGE_ROWS)
        else:
            self._first = max(0, min(self._first, end - 1))
            rows = self._source.rows_between(self._first, min(self._first + PAGE_ROWS, end))
        columns = self._columns(rows)
        nothing = say_no_rows(self._source)
        for limit in _FULL_LIMITS:
            table = rows_table(columns, rows, full_limit=limit, picture_room=_PICTURE_ROOM, nothing=nothing)
            if len(table) <= _TABLE_SIZE:
                break
        page: RowsPage = {
            "html": table,
            "order": self._order,
            "first": self._first,
            "end": end,
            "rows": PAGE_ROWS,
            "group": self._group_size(end),
            "is_over": self._source.progress.ended is not None,
        }
        self._page(page)

    def _columns(self, rows: Sequence[RowView]) -> list[TableColumn]:
        progress = self._source.progress
        if self._widths is None and (progress.rows_done >= _ENOUGH_ROWS or progress.ended is not None):
            self._widths = own_widths(self._names, [*self._source.first_rows(_MEASURED_ROWS), *rows])
        return arrange(self._source.graph, self._widths)

    def _group_size(self, end: int) -> int:
        # where a column changes the number of rows, a row's number does not tell its row group
        is_fixed = not any(node.allow_resize for node in self._source.graph.nodes)
        return self._source.row_group_size if is_fixed else max(1, end)


class FailuresFeed:
    """Feeds the table of failures; draws the table only when there is news of them, or of retries."""

    def __init__(self, source: RunSource, board: ViewBoard) -> None:
        self._source = source
        self._table = _News[tuple[int, Sequence[str]]](
            lambda news: board.show_html("failures", failures_table(source.failures, retries=news[1]))
        )

    def show(self) -> None:
        """Show what has changed."""
        count = len(self._source.failures.items)
        self._table((count, note_lines(self._source)))


class UsageFeed:
    """Feeds the table of what models were used for."""

    def __init__(self, source: RunSource, board: ViewBoard) -> None:
        self._source = source
        self._table = _News[str](lambda html: board.show_html("usage", html))

    def show(self) -> None:
        """Show what has changed."""
        self._table(usage_html(self._source))


def _words(node: NodeProgress, rows: int) -> str:
    parts = [f"{write_count(min(node.done, rows))} of {write_count(rows)}"]
    if node.mean_seconds is not None:
        parts.append(write_seconds(node.mean_seconds))
    if node.in_flight:
        parts.append(f"{node.in_flight} in flight")
    if node.skipped:
        parts.append(f"{write_count(node.skipped)} skipped")
    if node.failed:
        parts.append(f"{write_count(node.failed)} failed")
    return " · ".join(parts)
