"""LiveRows: the rows of a run as they stand, wherever they are: in the engine's buffers or in storage.

It pulls values when somebody looks; what it folds from events is only where to look. Storage has values and nothing
else: why a cell of a written row has none is asked of `Cells`.
"""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from notebook_gen.engine.buffers import MISSING
from notebook_gen.engine.open_group import DEFERRED, IN_FLIGHT, OpenGroup
from notebook_gen.engine.scheduler import AsyncTaskScheduler
from notebook_gen.engine.skips import SkipRules
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.events import (
    DatasetReplaced,
    Event,
    RowDropped,
    RowGroupKept,
    RowGroupResized,
    RowGroupWritten,
    TaskEnded,
)
from notebook_gen.observers.cells import Cells
from notebook_gen.observers.written_rows import WrittenGroup, WrittenRows, without_values
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT_DROPS = 1000
_LOOKED_AT = 10_000
_KEPT_STEPS = 1000  # tasks that ended since somebody looked last
_KEPT_ROWS = 200  # that got a value and are not done
_IDLE_LOOKS = 10  # a few seconds of a live view
_KEPT_GROUPS = 2  # written ones; a page of rows may begin in one of them and end in the next


class Storage(Protocol):
    """Where a run's rows are kept; can be read from any thread while the run writes.

    Attributes:
        as_text: by column, what its values are that stand there as text, as no type of tables holds them together.
    """

    as_text: dict[str, str]

    def row_groups(self) -> Sequence[int]:
        """Give the numbers of the row groups written so far, in order."""
        ...

    def rows(self, group_number: int) -> Sequence[int]:
        """Give the numbers of the rows in a written row group, in order."""
        ...

    def read(self, group_number: int) -> "pa.Table":
        """Give a written row group."""
        ...

    def table(self) -> "pa.Table":
        """Give all rows written so far, in order."""
        ...

    def column_names(self) -> Sequence[str]:
        """Give the names of the columns of what was written; before that, of what will be, as far as is known."""
        ...

    def failed_before(self, group_number: int | None = None) -> "Iterable[pa.Table]":
        """Read which rows an earlier run dropped for good, which cells it left empty, and why; in order of row groups.

        Columns: row, column, attempts, kind, error, advice and dropped.

        Args:
            group_number: the only row group to look at; None: all.

        Raises:
            WriteError: when it is gone through: a file cannot be read.
        """
        ...

    def write_traces(self, parts: "Iterable[pa.Table]") -> None:
        """Keep the attempts of a run that has ended.

        Args:
            parts: their lines in order, as one table or more of the same schema.

        Raises:
            WriteError: they could not be kept.
        """
        ...


class Part(NamedTuple):
    """Rows of one row group, with values by column; MISSING where there is none yet."""

    number: int
    rows: Sequence[int]
    columns: Mapping[str, Sequence[Any]]


class LiveRows:
    """Finds rows. All methods but `written_parts` belong to the run's thread.

    Args:
        graph: what makes the rows.
        group_size: rows of each row group but the last.
        storage: where they are kept.
        cells: knows how each cell of a written row group has ended.
        taken_by: see `WrittenRows`.

    Attributes:
        scheduler: the run's scheduler; None until it exists.
    """

    KINDS: ClassVar = (TaskEnded, RowDropped, RowGroupWritten, RowGroupKept, RowGroupResized, DatasetReplaced)

    def __init__(
        self,
        graph: ExecutionGraph,
        group_size: int,
        storage: Storage,
        cells: Cells,
        taken_by: Mapping[str, str] | None = None,
    ) -> None:
        self.scheduler: AsyncTaskScheduler | None = None
        self._graph = graph
        self._group_size = group_size
        self._storage = storage
        self._cells = cells
        self._written = WrittenRows(graph, taken_by or {})
        self._dropped: dict[int, RowView] = {}
        may_skip = SkipRules(graph).may_skip
        self._may_be_empty = frozenset(
            place
            for place, node in enumerate(graph.columns.values())
            if may_skip[node] or graph.nodes[node].on_error == "null"
        )
        self._kept: set[int] = set()  # row groups of an earlier run
        self._last_written = -1
        self._recent: dict[int, WrittenGroup] = {}
        self._steps: deque[int] = deque(maxlen=_KEPT_STEPS)
        self._begun: dict[int, None] = {}
        # rows in progress that were shown last, those first that are there for longest; and how often nothing of each
        # was in flight, one look after the other
        self._watched: dict[int, int] = {}
        self._done: dict[int, RowView] = {}
        self._is_renumbered = False

    def __call__(self, event: Event) -> None:
        """Fold one event, of one of `KINDS`."""
        if type(event) is TaskEnded:
            row = event.task.row
            self._steps.append(row)
            if row in self._dropped and event.error is None:
                # it was under way when its row was dropped
                self._look_again(row)
        elif type(event) is RowDropped:
            self._done.pop(event.row, None)
            if len(self._dropped) < _KEPT_DROPS:
                self._look_again(event.row)
        elif type(event) is RowGroupWritten or type(event) is RowGroupKept:
            self._last_written = max(self._last_written, event.row_group.last)
            # what was read of it before may be part of it
            self._recent.pop(event.row_group.number, None)
            if type(event) is RowGroupKept:
                self._kept.add(event.row_group.number)
        elif type(event) is RowGroupResized:
            # its rows are others from now on
            self._steps.clear()
            self._begun.clear()
            self._watched.clear()
            self._done.clear()
        elif type(event) is DatasetReplaced:
            self._replaced(event)

    def _replaced(self, event: DatasetReplaced) -> None:
        """Forget what was seen of rows that processors may have changed; where they are others, of all."""
        self._recent.clear()
        self._done.clear()
        self._begun.clear()
        self._watched.clear()
        self._steps.clear()
        if event.is_renumbered:
            self._is_renumbered = True
            self._dropped.clear()
            self._last_written = event.rows - 1

    def _look_again(self, row: int) -> None:
        """Keep what is there of a dropped row."""
        group = self._open_group(row)
        if group is not None:
            self._dropped[row] = self._live_view(row, group)

    def newest(self, count: int) -> list[RowView]:
        """Give rows in which there is something to read, so that who looks again finds them where they were, or below.

        First rows in progress, by their numbers from above: a third of all, or more if too few are done. Each is there
        until it is done, unless nothing of it is in flight for long. Then the rows that were done last, newest first.
        """
        self._look(count)
        self._watch(max(count // 3, count - len(self._done)))
        begun = self._views(sorted(self._watched, reverse=True), count)
        views = [*begun, *reversed(self._done.values())][:count]
        return views + self._begun_last(count - len(views), {view.row for view in views})

    def _watch(self, count: int) -> None:
        """Choose up to so many rows that are not done: those of last time, and others with a cell in flight.

        Others have higher numbers if there are any: they come above those that are there. Where too few are in flight,
        those that got a value last.
        """
        in_flight = dict.fromkeys(self._in_flight(_KEPT_ROWS))
        idle = {
            row: 0 if row in in_flight else looks + 1 for row, looks in self._watched.items() if not self._is_over(row)
        }
        stay = [row for row, looks in idle.items() if looks < _IDLE_LOOKS]
        top = max(stay, default=-1)
        others = [row for row in (in_flight | idle | dict.fromkeys(reversed(self._begun))) if row not in stay]
        others.sort(key=lambda row: row < top)
        self._watched = {row: idle.get(row, 0) for row in [*stay, *others][:count]}

    def _look(self, count: int) -> None:
        """Take note of the rows that were done, or got a value, since somebody looked last."""
        for row in self._steps:
            if row >= 0:
                self._begun.pop(row, None)
                self._begun[row] = None
        self._steps.clear()
        over = [row for row in self._begun if self._is_over(row)]
        done = self._views((row for row in reversed(over) if row not in self._dropped), count)
        self._done |= {view.row: view for view in reversed(done)}
        for row in over:
            del self._begun[row]
        _keep_last(self._begun, _KEPT_ROWS)
        _keep_last(self._done, count)

    def _in_flight(self, count: int) -> list[int]:
        """Give up to so many rows with a cell in flight; those of the last columns, which have most to read, first."""
        rows: list[int] = []
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        for node in reversed(self._graph.nodes):
            for group in () if node.full_column else open_groups:
                place = group.states[node.index].find(IN_FLIGHT)
                while place >= 0 and len(rows) < count:
                    if not group.dropped[place]:
                        rows.append(group.group.start + place)
                    place = group.states[node.index].find(IN_FLIGHT, place + 1)
        return rows

    def _is_over(self, row: int) -> bool:
        """Whether a row has all its cells, or was dropped, or is not open any more."""
        group = self._open_group(row)
        if group is None:
            return True
        offset = row - group.group.start
        return bool(group.dropped[offset]) or not (group.row_left[offset] or group.full_left)

    def _begun_last(self, count: int, but: Container[int]) -> list[RowView]:
        """Give the rows that were begun last, newest first, some left out."""
        if not count:
            return []
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        # without slots, nothing is begun row by row: a whole group is
        tops = [group.newest if self._graph.resources else group.group.last for group in open_groups]
        top = max([self._last_written, *tops])
        # where all of the last were dropped, the others are not looked for
        return self._views((row for row in range(top, max(-1, top - _LOOKED_AT), -1) if row not in but), count)

    def first(self, count: int) -> list[RowView]:
        """Give the first rows, in order."""
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        end = max([self._last_written, *(group.group.last for group in open_groups)]) + 1
        return self._views(range(end), count)

    def between(self, first: int, end: int) -> list[RowView]:
        """Give the rows from one up to another, in order, also those that are not begun or of which nothing is left."""
        return [self.view(row) or self.without_values(row) for row in range(first, end)]

    def view(self, row: int) -> RowView | None:
        """Give one row, wherever it is; None if it was not begun, or nothing is left of it."""
        group = self._open_group(row)
        return self._view(row) if group is None or row in group.group.rows else None

    def deferred(self) -> dict[int, int]:
        """Count, by node, the tasks that failed and wait for another try; nodes without one left out."""
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        counts = {
            node.index: sum(group.states[node.index].count(DEFERRED) for group in open_groups)
            for node in self._graph.nodes
        }
        return {node: count for node, count in counts.items() if count}

    def live_parts(self) -> list[Part]:
        """Copy the rows of open row groups, dropped ones left out."""
        if self.scheduler is None:
            return []
        parts = []
        for number, group in sorted(self.scheduler.core.tracker.groups.items()):
            if number not in self.scheduler.buffers:
                continue
            rows = group.live_rows()
            parts.append(Part(number, rows, self.scheduler.buffers.take(number, rows)))
        return parts

    def has_left(self, number: int) -> bool:
        """Tell whether a row group has been written, or one behind it; it may be that nothing of it was left."""
        return 0 <= number * self._group_size <= self._last_written

    def written_parts(self, skip: Iterable[int] = ()) -> Iterator[Part]:
        """Read the rows of written row groups but some; may be called on any thread."""
        left_out = set(skip)
        for number in self._storage.row_groups():
            if number not in left_out:
                yield self._read_part(number)

    def written_part(self, number: int) -> Part | None:
        """Read the rows of one row group, if it is written; may be called on any thread."""
        return self._read_part(number) if number in self._storage.row_groups() else None

    def _read_part(self, number: int) -> Part:
        return Part(number, self._storage.rows(number), self._storage.read(number).to_pydict())

    def _views(self, rows: Iterable[int], count: int) -> list[RowView]:
        views: list[RowView] = []
        for row in rows:
            if len(views) == count:
                break
            view = self._view(row)
            if view is not None:
                views.append(view)
        return views

    def _view(self, row: int) -> RowView | None:
        group = self._open_group(row)
        if group is not None:
            return self._live_view(row, group)
        return self._dropped.get(row) or self._written_view(row)

    def without_values(self, row: int) -> RowView:
        """Give a row of which no value is left: not begun, dropped, or cut off by the end of the run."""
        group = self._cells.group_from(row // self._group_size * self._group_size)
        if group is not None:
            return without_values(group.unpacked(), self._graph, row)
        is_gone = row <= self._last_written or self._open_group(row) is not None
        state: CellState = "dropped" if is_gone else "waiting"
        return RowView(row, is_gone, (state,) * len(self._graph.columns), (None,) * len(self._graph.columns))

    def _open_group(self, row: int) -> OpenGroup | None:
        if self.scheduler is None:
            return None
        number = row // self._group_size
        return self.scheduler.core.tracker.groups.get(number) if number in self.scheduler.buffers else None

    def _live_view(self, row: int, group: OpenGroup) -> RowView:
        if self.scheduler is None:
            raise RuntimeError("no row is open before the run has a scheduler")
        by_node = self.scheduler.core.tracker.cell_states(group, row)
        columns = self.scheduler.buffers.columns(group.group.number)
        offset = row - group.group.start
        states = tuple(by_node[node] for node in self._graph.columns.values())
        values = tuple(
            None if (value := columns[name][offset]) is MISSING or state not in ("done", "skipped") else value
            for name, state in zip(self._graph.columns, states, strict=True)
        )
        return RowView(row, bool(group.dropped[offset]), states, values)

    def _written_view(self, row: int) -> RowView | None:
        number = row // self._group_size
        if number not in self._recent:
            if number not in self._storage.row_groups():
                return None
            known = self._cells.group_from(number * self._group_size) if not self._is_renumbered else None
            known = known.unpacked() if known is not None else None
            self._recent[number] = WrittenGroup(self._storage.rows(number), self._storage.read(number), known)
            _keep_last(self._recent, _KEPT_GROUPS)
        may_be_empty = self._may_be_empty if number in self._kept else frozenset[int]()
        return self._written.view(self._recent[number], row, may_be_empty)


def _keep_last(things: dict[int, Any], most: int) -> None:
    """Take away what was put in first, until there are at most so many."""
    for key in list(things)[: max(0, len(things) - most)]:
        del things[key]
