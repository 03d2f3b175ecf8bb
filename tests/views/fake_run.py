"""A run for views to look at: real observers, fed by hand."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Self, TypeVar

from notebook_gen.config.columns import Category, Column, Integer, LLMText
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.engine.open_group import OpenGroup
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.errors import Rejected
from notebook_gen.events import Event, RowDropped, RunFinished, RunStarted, TaskEnded, TaskStarted
from notebook_gen.observers.cell_counts import CellCounts
from notebook_gen.observers.cells import Cells, StatesOfRows
from notebook_gen.observers.failures import Failures
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.records import RowRecord
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.plan.tasks import Task
from notebook_gen.plan.values import Usage
from notebook_gen.views.source import Cancelling, InVain

T = TypeVar("T")

REVIEWS: Mapping[str, Column] = {
    "stars": Integer(1, 5),
    "tone": Category(["dry", "warm"]),
    "review": LLMText("A {{ tone }} review with {{ stars }} stars"),
    "score": LLMText("Judge {{ review }}", model="judge"),
}
REVIEW, SCORE = 2, 3
"""The nodes that need a slot."""


@dataclass
class FakeRun:
    """A `RunSource` whose clock and events the test sets."""

    graph: ExecutionGraph
    rows: int = 40
    title: str = "preview of 40 rows"
    name: str | None = None
    destination: str | None = None
    placeholder_text: bool = False
    row_group_size: int = 1000
    now: float = 0.0
    views: list[RowView] = field(default_factory=list)
    ceilings: Mapping[str, int] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    trace: Trace | None = None
    waiting: Mapping[int, Sequence[float]] = field(default_factory=dict)
    deferred: dict[int, int] = field(default_factory=dict)
    records: dict[int, RowRecord] = field(default_factory=dict)
    open_groups: dict[int, OpenGroup] = field(default_factory=dict)
    as_text: dict[str, str] = field(default_factory=dict)
    failure_count: int = 0
    is_cancelled: bool = False
    calls_in_vain: Sequence[InVain] = ()
    cancelled_at: float = 0.0
    gives_up_at: float | None = None

    def __post_init__(self) -> None:
        self.columns = tuple(self.graph.columns)
        aliases = {node.model for node in self.graph.nodes if node.model is not None}
        self.models = dict.fromkeys(aliases, DemoModel()) | self.models
        self.progress = Progress(self.graph, self.rows)
        self.failures = Failures(self.graph)
        self.cells = Cells(self.graph, self.rows, self.open_groups.get)

    def publish(self, *events: Event) -> None:
        for event in events:
            self.progress(event)
            self.failures(event)
            self.cells(event)
            if self.trace is not None:
                self.trace(event)

    def attempt(self, node: int, row: int, begin: float, end: float | None = None, *, slot: int = 0) -> None:
        """Let a task be in flight from `begin` on, after half a second of waiting, and end well if `end` is given."""
        task = Task(node, 0, row)
        self.publish(TaskStarted(begin, task, begin - 0.5, slot))
        self.now = begin
        if end is not None:
            self.publish(TaskEnded(end, task, slot, None, Usage(10, 20)))
            self.now = end

    def attempt_in_vain(
        self, node: int, row: int, begin: float, end: float, *, slot: int = 0, again: bool = False
    ) -> None:
        """Let a task fail; `again`: it will be tried another time."""
        task = Task(node, 0, row)
        failed = TaskEnded(end, task, slot, Rejected("no <b>"), None, again)
        self.publish(TaskStarted(begin, task, begin, slot), failed)
        self.now = end

    def finish(self) -> None:
        self.publish(RunFinished(self.now, "finished", None))

    def drop(self, row: int, node: int, problem: str, advice: str = "") -> None:
        self.publish(RowDropped(self.now, 0, row, node, 1, Rejected(problem, advice=advice)))

    def as_it_stands(self) -> Self:
        still = copy(self)
        still.progress, still.failure_count = self.progress.as_it_stands(), self.failures.count
        return still

    def elapsed(self) -> float:
        return self.progress.ended if self.progress.ended is not None else self.now

    def rows_stored(self) -> int:
        return self.progress.rows_done

    def newest_rows(self, count: int) -> list[RowView]:
        return self.views[::-1][:count]

    def first_rows(self, count: int) -> list[RowView]:
        return self.views[:count]

    def rows_between(self, first: int, end: int) -> list[RowView]:
        there = {view.row: view for view in self.views}
        waiting: CellState = "waiting"
        states, values = (waiting,) * len(self.columns), (None,) * len(self.columns)
        return [there.get(row) or RowView(row, False, states, values) for row in range(first, end)]

    def record(self, row: int) -> RowRecord:
        if row not in self.records:
            raise IndexError(f"row {row} was not begun yet")
        return self.records[row]

    def cell_counts(self) -> CellCounts:
        return self.cells.count()

    def cell_counts_between(self, first: int, end: int, width: int) -> CellCounts | None:
        return self.cells.count_between(first, end, width)

    def cell_states(self, first: int, end: int) -> StatesOfRows:
        return self.cells.between(first, end)

    def waiting_since(self) -> Mapping[int, Sequence[float]]:
        return self.waiting

    def deferred_cells(self) -> Mapping[int, int]:
        return self.deferred

    def cancel(self) -> None:
        self.is_cancelled = True

    def in_vain(self) -> Sequence[InVain]:
        return self.calls_in_vain

    def cancelling(self) -> Cancelling | None:
        if self.gives_up_at is None:
            return None
        return Cancelling(self.now - self.cancelled_at, self.gives_up_at - self.now)

    def pause_or_resume(self) -> None:
        self.progress.state = "running" if self.progress.state == "paused" else "paused"

    def read(self, function: Callable[[], T]) -> T:
        return function()


def review_run(rows: int = 40) -> FakeRun:
    """A run of the columns in `REVIEWS`."""
    graph = build_graph(REVIEWS)
    return FakeRun(graph, rows, f"preview of {rows} rows", ceilings=dict.fromkeys(graph.resources, 8))


def traced_run(rows: int = 40) -> FakeRun:
    """A run of the same columns that keeps a trace, and has begun."""
    run = review_run(rows)
    run.trace = Trace(run.graph)
    run.publish(RunStarted(0.0, rows, 0.0))
    return run
