"""LiveRows: the rows of a run as they stand, wherever they are: in the engine's buffers or in storage.

It pulls values when somebody looks; what it folds from events is only where to look.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from notebook_gen.engine.buffers import MISSING
from notebook_gen.engine.open_group import READY, OpenGroup
from notebook_gen.engine.scheduler import AsyncTaskScheduler
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.events import Event, RowDropped, RowGroupWritten
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT_DROPS = 1000


class Storage(Protocol):
    """Where a run's rows are kept; can be read from any thread while the run writes."""

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

    def write_traces(self, traces: "pa.Table") -> None:
        """Keep the attempts of a run that has ended.

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

    Attributes:
        scheduler: the run's scheduler; None until it exists.
    """

    def __init__(self, graph: ExecutionGraph, group_size: int, storage: Storage) -> None:
        self.scheduler: AsyncTaskScheduler | None = None
        self._graph = graph
        self._group_size = group_size
        self._storage = storage
        self._dropped: dict[int, RowView] = {}
        self._last_written = -1
        self._recent: tuple[int, Sequence[int], pa.Table] | None = None

    def __call__(self, event: Event) -> None:
        """Fold one event."""
        if isinstance(event, RowDropped):
            group = self._open_group(event.row)
            if group is not None and len(self._dropped) < _KEPT_DROPS:
                self._dropped[event.row] = self._live_view(event.row, group)
        elif isinstance(event, RowGroupWritten):
            self._last_written = max(self._last_written, event.row_group.rows[-1])

    def newest(self, count: int) -> list[RowView]:
        """Give the rows that were begun last, newest first."""
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        # without slots, nothing is begun row by row: a whole group is
        tops = [group.newest if self._graph.resources else group.group.rows[-1] for group in open_groups]
        top = max([self._last_written, *tops])
        return self._views(range(top, -1, -1), count)

    def first(self, count: int) -> list[RowView]:
        """Give the first rows, in order."""
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        end = max([self._last_written, *(group.group.rows[-1] for group in open_groups)]) + 1
        return self._views(range(end), count)

    def waiting_since(self) -> dict[int, list[float]]:
        """Give, by node, since when each of its tasks that is ready waits for a slot; nodes that need none left out."""
        waiting: dict[int, list[float]] = {node.index: [] for node in self._graph.nodes if node.resource is not None}
        open_groups = self.scheduler.core.tracker.groups.values() if self.scheduler is not None else ()
        for group in open_groups:
            for node, since in waiting.items():
                states = group.states[node]
                if READY in states:
                    since.extend(at for at, state in zip(group.ready_at[node], states, strict=True) if state == READY)
        return waiting

    def live_parts(self) -> list[Part]:
        """Copy the rows of open row groups, dropped ones left out."""
        if self.scheduler is None:
            return []
        parts = []
        for number, group in sorted(self.scheduler.core.tracker.groups.items()):
            rows = group.live_rows()
            parts.append(Part(number, rows, self.scheduler.buffers.take(number, rows)))
        return parts

    def written_parts(self, skip: Iterable[int] = ()) -> Iterator[Part]:
        """Read the rows of written row groups but some; may be called on any thread."""
        left_out = set(skip)
        for number in self._storage.row_groups():
            if number not in left_out:
                yield Part(number, self._storage.rows(number), self._storage.read(number).to_pydict())

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

    def _open_group(self, row: int) -> OpenGroup | None:
        if self.scheduler is None:
            return None
        return self.scheduler.core.tracker.groups.get(row // self._group_size)

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
        if self._recent is None or self._recent[0] != number:
            if number not in self._storage.row_groups():
                return None
            self._recent = (number, self._storage.rows(number), self._storage.read(number))
        _, rows, table = self._recent
        try:
            position = rows.index(row)
        except ValueError:
            return None
        record = table.slice(position, 1).to_pylist()[0]
        names = self._graph.columns
        done: CellState = "done"
        return RowView(
            row=row, dropped=False, states=tuple(done for _ in names), values=tuple(record.get(name) for name in names)
        )
