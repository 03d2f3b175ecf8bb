"""RunSource: everything that can be read of a run, brought together: its observers, its rows, its records."""

import sys
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from notebook_gen.config.models import Model
from notebook_gen.config.processors import Processors
from notebook_gen.engine.ending import NEVER
from notebook_gen.engine.loop import background_loop
from notebook_gen.engine.open_group import OpenGroup
from notebook_gen.engine.resources import Resource
from notebook_gen.engine.salvage import Salvage
from notebook_gen.engine.snapshots import RowView
from notebook_gen.events import Event, EventBus, RunFinished
from notebook_gen.observers.cell_counts import CellCounts
from notebook_gen.observers.cells import Cells, StatesOfRows
from notebook_gen.observers.failures import Failures
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.records import Records, RowRecord
from notebook_gen.observers.rows import LiveRows, Storage
from notebook_gen.observers.trace import Trace
from notebook_gen.observers.trace_context import count_undone
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.values import EarlierWork
from notebook_gen.views.source import Cancelling, InVain

if TYPE_CHECKING:
    from notebook_gen.storage.memory import ExchangeLog

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run needs to know before it begins.

    Attributes:
        graph: its columns.
        rows: rows asked for.
        row_group_size: rows of each row group but the last.
        title: what it is, in a few words.
        ceilings: slots of each resource.
        storage: where its rows are kept.
        destination: the folder of a create; None for a preview.
        placeholder_text: whether the demo endpoint writes its text.
        trace: whether attempts are recorded.
        models: the models that make its cells, by alias.
        exchanges: where what is said to models is kept.
        processors: what changes many rows at once.
        earlier: what an earlier run has left in the same place.
    """

    graph: ExecutionGraph
    rows: int
    row_group_size: int
    title: str
    ceilings: Mapping[str, int]
    storage: Storage
    destination: str | None
    placeholder_text: bool
    trace: bool
    models: Mapping[str, Model]
    exchanges: "ExchangeLog"
    processors: Processors
    earlier: EarlierWork


class RunSource:
    """A run as views read it: what `views.source.RunSource` asks for.

    Args:
        plan: what the run is about.
        run: what the user holds of it; it is only looked for among their variables.
        cancel: asks it to stop; may be called on any thread.
        pause_or_resume: asks it to begin nothing more, or to go on if it is paused; may be called on any thread.
    """

    def __init__(
        self, plan: RunPlan, run: object, cancel: Callable[[], None], pause_or_resume: Callable[[], None]
    ) -> None:
        self.graph = plan.graph
        self.columns = tuple(plan.graph.columns)
        self.processors = plan.processors
        self.progress = Progress(plan.graph, plan.rows, self.processors.names, plan.earlier)
        self.trace = Trace(plan.graph, plan.ceilings) if plan.trace else None
        self.failures = Failures(plan.graph, plan.storage)
        self.failure_count = 0
        self.cells = Cells(plan.graph, plan.rows, self._open_group)
        taken_by = plan.processors.taken_by(self.columns)
        self.live_rows = LiveRows(plan.graph, plan.row_group_size, plan.storage, self.cells, taken_by)
        self.records = Records(
            self.progress, self.live_rows, self.failures, self.trace, plan.exchanges, plan.row_group_size
        )
        self.row_group_size = plan.row_group_size
        self.ceilings = plan.ceilings
        self.models = plan.models
        self.placeholder_text = plan.placeholder_text
        self.title = plan.title
        self.destination = plan.destination
        self.as_text: Mapping[str, str] = plan.storage.as_text
        self._storage = plan.storage
        self._run = run
        self.is_cancelled = False  # also where the run has not heard of it yet
        self.cancel = cancel
        self.pause_or_resume = pause_or_resume
        self._loop = background_loop()

    @property
    def name(self) -> str | None:
        """The variable that holds the run in the user's notebook; None without one."""
        return _variable_of(self._run)

    def subscribe_to(self, bus: EventBus) -> None:
        """Let its observers be told of what happens; to be called before anything does."""
        bus.subscribe(self.progress, handlers=self.progress.handlers)
        if self.trace is not None:
            bus.subscribe(self.trace, handlers=self.trace.handlers)
        bus.subscribe(self.failures, self.failures.KINDS)
        bus.subscribe(self.live_rows, self.live_rows.KINDS)
        bus.subscribe(self.cells, self.cells.KINDS)
        bus.subscribe(self._note_undone, (RunFinished,))

    def _note_undone(self, event: Event) -> None:
        """Tell the trace what the end of the run cut off before it had a slot: cells know it by now."""
        if self.trace is not None:
            since = [moment for of_node in self.cells.waiting_since().values() for moment in of_node]
            self.trace.undone = count_undone(since, event.time)

    def as_it_stands(self) -> Self:
        """Give it with counts that stay as they are now and fit each other."""
        still = copy(self)
        still.progress, still.failure_count = self.read(lambda: (self.progress.as_it_stands(), self.failures.count))
        return still

    def elapsed(self) -> float:
        """Give the seconds since it began, or that it took."""
        if self.progress.ended is not None:
            return self.progress.ended
        return self.live_rows.scheduler.now() if self.live_rows.scheduler is not None else 0.0

    def in_vain(self) -> Sequence[InVain]:
        """Give the endpoints, and pools of functions, of which no call has come to anything since the last good one."""
        scheduler = self.live_rows.scheduler
        if scheduler is None or self.progress.ended is not None:
            return ()
        core, now = scheduler.core, scheduler.now()
        found = []
        for pool in core.resources:
            asked_at = _asked_again_at(pool, core.salvage, now)
            if pool.in_vain_since is not None or asked_at > now:
                since = pool.useful_at if pool.in_vain_since is None else pool.in_vain_since
                found.append(InVain(pool.name, now - since, pool.problem, asked_at - now))
        return found

    def cancelling(self) -> Cancelling | None:
        """Give how long ago it was cancelled, and how long it waits; None: it was not."""
        scheduler = self.live_rows.scheduler
        unheard = Cancelling(0.0, NEVER) if self.is_cancelled else None
        if scheduler is None:
            return unheard
        ending, now = scheduler.core.ending, scheduler.now()
        if ending.cancelled_at is None or ending.gives_up_at is None:
            return unheard
        return Cancelling(now - ending.cancelled_at, ending.gives_up_at - now, scheduler.waits_for())

    def rows_stored(self) -> int:
        """Give how many rows are written, with those of earlier runs in the same folder."""
        return sum(len(self._storage.rows(number)) for number in self._storage.row_groups())

    def newest_rows(self, count: int) -> list[RowView]:
        """Give rows in which something has happened lately."""
        return self.read(lambda: self._explained(self.live_rows.newest(count)))

    def first_rows(self, count: int) -> list[RowView]:
        """Give the first rows, in order."""
        return self.read(lambda: self._explained(self.live_rows.first(count)))

    def rows_between(self, first: int, end: int) -> list[RowView]:
        """Give the rows from one up to another, in order."""
        return self.read(lambda: self._explained(self.live_rows.between(first, end)))

    def record(self, row: int) -> RowRecord:
        """Give one row with everything known of it.

        Raises:
            NoSuchRow: the run has no such row, or has not begun it; also an IndexError.
        """
        return self.read(lambda: self.records.find(row))

    def cell_counts(self) -> CellCounts:
        """Give how many cells are in which state."""
        return self.read(self.cells.count)

    def cell_counts_between(self, first: int, end: int, width: int) -> CellCounts | None:
        """Give how many cells of some rows are in which state, in bins of at most so many rows; None without any."""
        return self.read(lambda: self.cells.count_between(first, end, width))

    def cell_states(self, first: int, end: int) -> StatesOfRows:
        """Give the states of the cells of some rows."""
        return self.read(lambda: self.cells.between(first, end))

    def waiting_since(self) -> Mapping[int, Sequence[float]]:
        """Give, by node, since when each of its tasks that is ready waits for a slot."""
        return self.read(self.cells.waiting_since)

    def deferred_cells(self) -> Mapping[int, int]:
        """Give, by node, how many of its tasks failed and wait for another try."""
        return self.read(self.live_rows.deferred)

    def read(self, function: Callable[[], T]) -> T:
        """Call a function on the run's thread, and give its result."""
        return self._loop.call(function)

    def _explained(self, views: Sequence[RowView]) -> list[RowView]:
        """Rows with why they were dropped."""
        drops = [self.failures.drop_of(view.row) if view.dropped else None for view in views]
        return [
            view if drop is None else view._replace(reason=f"{drop.column}: {drop.error}")
            for view, drop in zip(views, drops, strict=True)
        ]

    def _open_group(self, number: int) -> OpenGroup | None:
        scheduler = self.live_rows.scheduler
        return scheduler.core.tracker.groups.get(number) if scheduler is not None else None


def _asked_again_at(pool: Resource, salvage: Salvage, now: float) -> float:
    """When a resource that has nothing to do until then is asked again; `now` if it may be at any moment."""
    if pool.is_paused:
        return max(now, pool.resumes_at)
    if pool.in_flight or pool.ready or pool.held_since is not None:
        return now
    due = salvage.due_of(pool.nodes)
    return now if due == NEVER else max(now, due)


def _variable_of(value: object) -> str | None:
    """The first variable of an IPython session that holds this very object; hidden ones do not count."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    # a copy: the user's own thread may set a variable meanwhile
    variables = dict(getattr(shell, "user_ns", {}))
    names = (name for name, held in variables.items() if held is value)
    return next((name for name in names if name.isidentifier() and not name.startswith("_")), None)
