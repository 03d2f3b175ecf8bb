"""What happened in a run: small immutable events, and the bus that brings them to observers.

Times are seconds since the run began. Values never travel in events: who wants them pulls them.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from notebook_gen.errors import GenerationError
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import Usage

State = Literal["finished", "cancelled", "failed", "stopped early"]


class RunStarted(NamedTuple):
    """The run begins.

    Attributes:
        rows: rows asked for.
        wall_time: seconds since the epoch, so that times can be placed in the day.
    """

    time: float
    rows: int
    wall_time: float


class RowGroupOpened(NamedTuple):
    """Rows are worked on from now on."""

    time: float
    row_group: RowGroup


class TaskStarted(NamedTuple):
    """A task got a slot.

    Attributes:
        ready: when its inputs were there.
        slot: which slot of its node's resource, from 0.
    """

    time: float
    task: Task
    ready: float
    slot: int


class TaskEnded(NamedTuple):
    """A task gave its slot back.

    Attributes:
        error: why it made nothing; None if it made its values.
        again: whether the same task gets another attempt.
    """

    time: float
    task: Task
    slot: int
    error: GenerationError | None
    usage: Usage | None
    again: bool = False


class InPlaceEnded(NamedTuple):
    """Cells were made in place, several of one node and row group at a time.

    Attributes:
        started: when the first of them began.
        done: rows that got their values.
        failed: rows that did not.
    """

    time: float
    node: int
    row_group: int
    started: float
    done: int
    failed: int


class CellsSkipped(NamedTuple):
    """Cells that nobody makes, because a condition says so or something upstream was skipped.

    Attributes:
        rows: how many.
    """

    time: float
    node: int
    row_group: int
    rows: int


class CellFailed(NamedTuple):
    """A cell failed for good; its row lives. It stays NA, or the run ends because of it."""

    time: float
    row_group: int
    row: int
    node: int
    attempt: int
    error: GenerationError


class RowDropped(NamedTuple):
    """A row is given up, with the failure that decided it.

    Attributes:
        node: the node that failed; None if a processor dropped the row.
        was_done: whether it had all its cells, and was told in a `RowsDone`.
    """

    time: float
    row_group: int
    row: int
    node: int | None
    attempt: int
    error: GenerationError
    was_done: bool = False


class LimitMoved(NamedTuple):
    """Another number of tasks may be in flight on a resource.

    Attributes:
        resource: as in `ExecutionGraph.resources`.
        limit: how many.
        resumes: when the next task may start; before `time` if nothing has to wait.
    """

    time: float
    resource: str
    limit: int
    resumes: float


class RowGroupResized(NamedTuple):
    """A column changed the number of rows.

    Attributes:
        row_group: as it is from now on.
        before: rows it had that were not dropped.
    """

    time: float
    row_group: RowGroup
    before: int


class RowsDone(NamedTuple):
    """Rows have all their cells.

    Attributes:
        rows: how many, since the last such event of this row group.
    """

    time: float
    row_group: int
    rows: int


class CellsKept(NamedTuple):
    """Cells that an earlier run made and that are as they would be made now.

    Attributes:
        rows: how many.
        which: their rows' numbers; of a full column, one row is enough.
    """

    time: float
    node: int
    row_group: int
    rows: int
    which: Sequence[int] = ()


class RowGroupKept(NamedTuple):
    """A row group that an earlier run finished; nothing of it is made again.

    Attributes:
        row_group: as it was in the end.
        rows: the rows that are there; all others of the row group were dropped.
        planned: rows that it had when it was planned.
        left_out: how many of those that are not there were done, and left out by processors of the whole dataset.
    """

    time: float
    row_group: RowGroup
    rows: Sequence[int]
    planned: int
    left_out: int = 0


class RowGroupWritten(NamedTuple):
    """A row group is where it belongs: on disk, or in the preview's memory."""

    time: float
    row_group: RowGroup
    delivered: int


class DatasetReplaced(NamedTuple):
    """What processors made of the whole dataset has taken its place.

    Attributes:
        rows: how many there are now.
        is_renumbered: whether they have other numbers than those they had in the run.
    """

    time: float
    rows: int
    is_renumbered: bool


class RunPaused(NamedTuple):
    """Nothing more is begun; what is in flight goes on."""

    time: float


class RunResumed(NamedTuple):
    """Work goes on after a pause."""

    time: float


class WorkStopped(NamedTuple):
    """What was in flight has been cut off, as the run ends; what is finished is still to be written."""

    time: float


class RunFinished(NamedTuple):
    """The run is over; published exactly once.

    Attributes:
        error: what the caller sees raised; None if the state is "finished".
    """

    time: float
    state: State
    error: Exception | None


Event = (
    RunStarted
    | RowGroupOpened
    | TaskStarted
    | TaskEnded
    | InPlaceEnded
    | CellsSkipped
    | CellsKept
    | CellFailed
    | RowDropped
    | LimitMoved
    | RowGroupResized
    | RowsDone
    | RowGroupKept
    | RowGroupWritten
    | DatasetReplaced
    | RunPaused
    | RunResumed
    | WorkStopped
    | RunFinished
)
Observer = Callable[[Event], None]
Handler = Callable[[Any], None]

_log = logging.getLogger("notebook_gen")


class EventBus:
    """Brings events to observers, in order. An observer that raises is logged once and taken off."""

    def __init__(self) -> None:
        # of each kind, what is called, and whose it is
        self._handlers: dict[type, tuple[tuple[Handler, Observer], ...]] = dict.fromkeys(get_args(Event), ())

    def subscribe(
        self,
        observer: Observer,
        kinds: Iterable[type[Event]] | None = None,
        handlers: Mapping[type[Event], Handler] = MappingProxyType({}),
    ) -> None:
        """Add an observer; it is called on the run's thread and must not block.

        Args:
            observer: what to call.
            kinds: of which events; None: of all. There are two for each cell, and who does not ask costs nothing.
            handlers: what to call in its place for some kinds, which spares it to look at what came.
        """
        for kind in self._handlers if kinds is None else kinds:
            self._handlers[kind] = (*self._handlers[kind], (handlers.get(kind, observer), observer))

    def publish(self, event: Event) -> None:
        """Tell the observers of its kind."""
        for handle, observer in self._handlers[type(event)]:
            try:
                handle(event)
            except Exception:  # noqa: BLE001  # whatever an observer does, the run goes on
                _log.exception("an observer failed and was removed: %r", observer)
                self._remove(observer)

    def _remove(self, observer: Observer) -> None:
        for kind, handlers in self._handlers.items():
            self._handlers[kind] = tuple(kept for kept in handlers if kept[1] is not observer)
