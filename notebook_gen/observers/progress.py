"""Progress: how far a run is, per column, per resource and in rows."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Literal

from notebook_gen.config.processors import ProcessorNames
from notebook_gen.errors import RateLimited, Transient
from notebook_gen.events import (
    CellFailed,
    CellsKept,
    CellsSkipped,
    DatasetReplaced,
    Event,
    Handler,
    InPlaceEnded,
    LimitMoved,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RowGroupResized,
    RowGroupWritten,
    RowsDone,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    State,
    TaskEnded,
    TaskStarted,
    WorkStopped,
)
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.values import NO_EARLIER_WORK, EarlierWork

_OfRun = RunStarted | RunPaused | RunResumed | WorkStopped | DatasetReplaced | RunFinished


@dataclass(slots=True)
class NodeProgress:
    """How far one node is.

    Attributes:
        done: rows that have its values.
        kept: rows whose values an earlier run made.
        kept_ahead: cells that an earlier run made in rows to which this one has not come yet.
        skipped: rows in which it was skipped.
        failed: cells that failed for good; of a full column, one in each row.
        again: failed attempts that were followed by another.
        rate_limited: attempts that the endpoint answered with "too many requests" (429).
        in_flight: tasks with a slot.
        seconds: time in flight of all ended attempts, added up.
        attempts: ended attempts.
        cut_off: attempts that the end of the run cut off.
        tokens_in: tokens sent to its model.
        tokens_out: tokens its model answered.
        truncated: answers that end where its model ran out of tokens.
        put_off_by: the error of the last attempt that may work at another time, and was put off; None without one.
    """

    done: int = 0
    kept: int = 0
    kept_ahead: int = 0
    skipped: int = 0
    failed: int = 0
    again: int = 0
    rate_limited: int = 0
    in_flight: int = 0
    seconds: float = 0.0
    attempts: int = 0
    cut_off: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    truncated: int = 0
    put_off_by: Transient | None = None

    @property
    def mean_seconds(self) -> float | None:
        """Seconds an attempt takes; None before the first ended."""
        return self.seconds / self.attempts if self.attempts else None


class Progress:
    """Counts of a run. Read attributes at any time; they are only written on the run's thread.

    Args:
        graph: its columns.
        rows: rows asked for.
        processors: the names of what changes many rows at once, by stage.
        earlier: what an earlier run has left in the same place.

    Attributes:
        state: "waiting" before the run begins, "running" or "paused", then how it ended.
        rows: rows asked for, or as many as columns that change their number have made of them so far.
        rows_asked: rows asked for.
        rows_done: rows with all their cells, but for those that were dropped since.
        rows_dropped: rows given up.
        rows_dropped_before: those of them that an earlier run gave up.
        rows_dropped_late: those of them that had all their cells: a processor left them out.
        rows_after_run: rows that the processors of the whole dataset made of them; None before they are through.
        is_renumbered: whether these have other numbers, and nobody knows which row is which.
        rows_written: rows that are written, with those of row groups that an earlier run has written in part.
        rows_open: rows being worked on or finished, from row 0 on.
        processors: what changes many rows at once.
        nodes: progress of each node, in the graph's order.
        limits: how many may be in flight, per resource whose limit has moved.
        wall_time: when the run began, in seconds since the epoch; None before.
        ended: seconds from the run's begin to its end; None while it runs.
        paused_for: seconds of all pauses that are over.
        error: what ended the run, if it did not finish.
    """

    def __init__(
        self,
        graph: ExecutionGraph,
        rows: int,
        processors: ProcessorNames | None = None,
        earlier: EarlierWork = NO_EARLIER_WORK,
    ) -> None:
        self.graph = graph
        self.processors: ProcessorNames = processors or {}
        self.state: State | Literal["waiting", "running", "paused"] = "waiting"
        self.rows = self.rows_asked = rows
        self.rows_done = 0
        self.rows_dropped = 0
        self.rows_dropped_before = 0
        self.rows_dropped_late = 0
        self.rows_after_run: int | None = None
        self.is_renumbered = False
        self.rows_open = 0
        self.rows_written = sum(earlier.parts.values())
        self.nodes = [NodeProgress() for _ in graph.nodes]
        self.limits: dict[str, int] = {}
        self.wall_time: float | None = None
        self.ended: float | None = None
        self.paused_for = 0.0
        self._paused_at: float | None = None
        self.error: Exception | None = None
        # of each node, the number of its resource's first slot among all slots there may be
        self._slots = [graph.resources.index(node.resource) << 16 if node.resource else 0 for node in graph.nodes]
        self._full_column = [node.full_column for node in graph.nodes]
        self._group_size: dict[int, int] = {}
        self._started: dict[int, float] = {}
        self._parts = dict(earlier.parts)
        self._kept_ahead = {number: dict(nodes) for number, nodes in earlier.kept.items()}
        for nodes in self._kept_ahead.values():
            for node, count in nodes.items():
                self.nodes[node].kept_ahead += count

    @property
    def rows_listed(self) -> int:
        """One more than the highest number of a row that may be looked at."""
        return self.rows_after_run if self.is_renumbered and self.rows_after_run is not None else self.rows

    @property
    def rows_made(self) -> int:
        """Rows that had all their cells, also those that processors have left out since: it never falls."""
        return self.rows_done + self.rows_dropped_late

    @property
    def is_filtered(self) -> bool:
        """Whether processors may still leave out rows that are done."""
        return "post_batch" in self.processors and self.ended is None

    @property
    def in_flight(self) -> dict[str, int]:
        """Tasks with a slot, per resource."""
        counts = dict.fromkeys(self.graph.resources, 0)
        for node, progress in zip(self.graph.nodes, self.nodes, strict=True):
            if node.resource is not None:
                counts[node.resource] += progress.in_flight
        return counts

    @property
    def tokens_in(self) -> int:
        """Tokens sent to all models."""
        return sum(node.tokens_in for node in self.nodes)

    @property
    def tokens_out(self) -> int:
        """Tokens that all models answered."""
        return sum(node.tokens_out for node in self.nodes)

    def as_it_stands(self) -> "Progress":
        """Give a copy whose counts stay as they are; to be called on the run's thread, where they fit each other."""
        still = copy(self)
        still.nodes = [copy(node) for node in self.nodes]
        still.limits = dict(self.limits)
        return still

    @property
    def handlers(self) -> Mapping[type[Event], Handler]:
        """What to call for the events of which there are many."""
        return {TaskStarted: self._task_started, TaskEnded: self._task_ended}

    def __call__(self, event: Event) -> None:
        """Fold one event."""
        if isinstance(event, TaskStarted):
            self._task_started(event)
        elif isinstance(event, TaskEnded):
            self._task_ended(event)
        else:
            self._fold_rare(event)

    def _task_started(self, event: TaskStarted) -> None:
        time, task, _, slot = event
        node = task[0]
        self.nodes[node].in_flight += 1
        self._started[self._slots[node] + slot] = time

    def _task_ended(self, event: TaskEnded) -> None:
        time, task, slot, error, usage, again = event
        node = task[0]
        progress = self.nodes[node]
        progress.in_flight -= 1
        progress.attempts += 1
        progress.seconds += time - self._started.pop(self._slots[node] + slot)
        if error is None:
            progress.done += self._group_size[task.row_group] if self._full_column[node] else 1
        elif type(error) is RateLimited:
            progress.rate_limited += 1
        if again:
            progress.again += 1
            if isinstance(error, Transient):
                progress.put_off_by = error
        if usage is not None:
            progress.tokens_in += usage.tokens_in
            progress.tokens_out += usage.tokens_out
            progress.truncated += usage.is_truncated

    def _fold_rare(self, event: Event) -> None:
        match event:
            case RowsDone():
                self.rows_done += event.rows
            case InPlaceEnded():
                self.nodes[event.node].done += event.done
            case CellsKept():
                self._cells_kept(event)
            case RowGroupKept():
                self._row_group_kept(event)
            case CellsSkipped():
                self.nodes[event.node].skipped += event.rows
            case CellFailed() | RowDropped():
                self._failed(event)
            case LimitMoved():
                self.limits[event.resource] = event.limit
            case RowGroupResized():
                size = event.row_group.size
                self.rows += size - event.before
                self.rows_open += size - self._group_size[event.row_group.number]
                self._group_size[event.row_group.number] = size
            case RowGroupOpened():
                self.rows_open += event.row_group.size
                self._group_size[event.row_group.number] = event.row_group.size
            case RowGroupWritten():
                self._row_group_written(event)
            case RunStarted() | RunPaused() | RunResumed() | WorkStopped() | DatasetReplaced() | RunFinished():
                self._change_state(event)
            case _:
                pass

    def _failed(self, event: CellFailed | RowDropped) -> None:
        if event.node is not None:
            self.nodes[event.node].failed += 1
        if type(event) is RowDropped:
            self.rows_dropped += 1
            self.rows_done -= event.was_done
            self.rows_dropped_late += event.was_done

    def _cells_kept(self, event: CellsKept) -> None:
        node = self.nodes[event.node]
        node.done += event.rows
        node.kept += event.rows
        ahead = self._kept_ahead.get(event.row_group, {})
        if event.node in ahead:
            ahead[event.node] -= event.rows
            node.kept_ahead -= event.rows

    def _row_group_written(self, event: RowGroupWritten) -> None:
        number = event.row_group.number
        # part of one never takes the place of a larger part
        self.rows_written += max(0, event.delivered - self._parts.pop(number, 0))
        self._group_size.pop(number, None)
        # of rows that were dropped, or of which this run has made something else
        for node, count in self._kept_ahead.pop(number, {}).items():
            self.nodes[node].kept_ahead -= count

    def _row_group_kept(self, event: RowGroupKept) -> None:
        rows = len(event.rows)
        self.rows += event.row_group.size - event.planned
        self.rows_open += event.row_group.size
        self.rows_done += rows + event.left_out
        self.rows_written += rows
        if event.left_out or self.rows_after_run is not None:
            self.rows_after_run = self.rows_written
        dropped = event.row_group.size - rows - event.left_out
        self.rows_dropped += dropped
        self.rows_dropped_before += dropped
        for node in self.nodes:
            node.done += rows
            node.kept += rows

    def _change_state(self, event: _OfRun) -> None:
        match event:
            case DatasetReplaced():
                self.rows_after_run = self.rows_written = event.rows
                self.is_renumbered = event.is_renumbered
            case RunStarted():
                self.state = "running"
                self.wall_time = event.wall_time
            case RunPaused():
                self.state, self._paused_at = "paused", event.time
            case RunResumed():
                self.state = "running"
                if self._paused_at is not None:
                    self.paused_for += event.time - self._paused_at
                    self._paused_at = None
            case WorkStopped():
                self._cut_off()
            case RunFinished():
                self._cut_off()  # where something has ended the run that does not stop its work first
                self.state, self.ended, self.error = event.state, event.time, event.error

    def _cut_off(self) -> None:
        self._started.clear()
        for node in self.nodes:
            node.cut_off += node.in_flight
            node.in_flight = 0
