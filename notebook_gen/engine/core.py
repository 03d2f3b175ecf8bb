"""SchedulerCore: decides what runs when. No I/O, no clock, no asyncio, no randomness.

Time is an argument (seconds since the run began, never going back). The shell asks for work with `take` whenever a
slot is free, tells what became of it, and after each call performs what stands in `outbox`, oldest first:

- an event: to be published;
- `MakeInPlace`: to be made at once, then told with `made_in_place`;
- `WriteRowGroup`: to be written, then told with `written` or `write_failed`;
- `StopWork`: nothing more is started; what is in flight is to be ended, then told with `stopped`;
- `EndRun`: the last instruction.

Order of work: the oldest window of rows that has ready work, in it the column with the longest remaining path, in it
the cell that became ready first. A window has a row for each slot: rows finish early although no slot stands idle.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from notebook_gen.engine.resources import Resource
from notebook_gen.engine.tracker import DROPPED, CompletionTracker, OpenGroup, Ready
from notebook_gen.errors import GenerationError, NoRowsLeft, RunCancelled, WriteError
from notebook_gen.events import Event, RowDropped, RowGroupOpened, RowGroupWritten, RowsDone, State
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, RowGroups, Task

_LEAST_WINDOW = 8
_KINDS_OF_DROPS = 1000


class MakeInPlace(NamedTuple):
    """Cells to make on the spot."""

    node: int
    row_group: RowGroup
    rows: Sequence[int]


class WriteRowGroup(NamedTuple):
    """Rows to write.

    Attributes:
        rows: the rows that have all their cells, in order.
        dropped: the rows given up, in the order it happened.
    """

    row_group: RowGroup
    rows: Sequence[int]
    dropped: Sequence[RowDropped]


class StopWork(NamedTuple):
    """Everything in flight is to be ended."""


class EndRun(NamedTuple):
    """The run is over."""

    state: State
    error: Exception | None


Instruction = Event | MakeInPlace | WriteRowGroup | StopWork | EndRun


class SchedulerCore:
    """The state machine of one run.

    Args:
        graph: what makes what.
        groups: the rows and how they fall into row groups.
        ceilings: slots of each of the graph's resources.
        max_open_rows: rows in open row groups, at most; one row group is always allowed.

    Attributes:
        outbox: instructions for the shell, oldest first.
        has_woken: whether tasks became ready since the shell last set it to False.
    """

    def __init__(
        self, graph: ExecutionGraph, groups: RowGroups, ceilings: Mapping[str, int], max_open_rows: int
    ) -> None:
        self.outbox: deque[Instruction] = deque()
        self.has_woken = False
        self._graph = graph
        self._groups = groups
        self._max_open_rows = max_open_rows
        self._tracker = CompletionTracker(graph, groups.size)
        self.resources = _resources(graph, ceilings)
        self._resource_of = [graph.resources.index(n.resource) if n.resource else None for n in graph.nodes]
        self._full = [node.full_column for node in graph.nodes]
        self._window = max(_LEAST_WINDOW, sum(resource.ceiling for resource in self.resources))
        self._queues: list[deque[int]] = [deque() for _ in graph.nodes]
        self._dropped: dict[int, list[RowDropped]] = {}
        self._next_group = 0
        self._open_rows = 0
        self._in_place = 0
        self._writing: set[int] = set()
        self._delivered = 0
        self._drops: dict[tuple[int, str], tuple[RowDropped, int]] = {}
        self._ending: tuple[State, Exception] | None = None
        self._is_stopped = False
        self._is_over = False
        self._can_write = True

    # What the shell tells

    def start(self, now: float) -> None:
        """Begin the run."""
        self._advance(now)

    def take(self, resource: int, now: float) -> tuple[Task, float] | None:
        """Give a free slot its next task and when that became ready; None if there is nothing for it now."""
        pool = self.resources[resource]
        if pool.ready and pool.in_flight < pool.limit and self._ending is None:
            while (node := self._best(pool)) is not None:
                row = self._queues[node].popleft()
                pool.ready -= 1
                group = self._tracker.groups.get(row // self._groups.size)
                if group is not None and self._tracker.start(node, group, row):
                    pool.in_flight += 1
                    full = self._full[node]
                    ready_at = group.ready_at[node][0 if full else row - group.group.start]
                    return Task(node, group.group.number, WHOLE_GROUP if full else row), ready_at
        if self._next_group < len(self._groups):
            self._advance(now)
        return None

    def finished(self, task: Task, error: GenerationError | None, now: float) -> None:
        """Take note that a task gave its slot back, with its values or with an error."""
        node, number, row, attempt = task
        resource = self._resource_of[node]
        if resource is None:
            raise RuntimeError(f"node {node} has no slot to give back")
        self.resources[resource].in_flight -= 1
        group = self._tracker.groups[number]
        group.in_flight -= 1
        if error is not None:
            self._failed(node, group, row, attempt, error, now)
        elif self._full[node]:
            self._note_full(node, group, now)
        elif group.states[node][row - group.group.start] != DROPPED:
            done = group.rows_done
            ready = self._tracker.cell_done(node, group, row, now)
            if ready:
                self._enqueue(ready, group)
            if group.rows_done != done:
                self.outbox.append(RowsDone(now, number, 1))
        self._close_or_advance(group, now)

    def made_in_place(
        self, made: MakeInPlace, rows: Sequence[int], failures: Mapping[int, GenerationError], now: float
    ) -> None:
        """Take note of cells made in place.

        Args:
            made: the instruction; a full-column node is told once, with all rows.
            rows: which of its rows are told now.
            failures: why rows among them have no value.
            now: the time.
        """
        node, group = made.node, self._tracker.groups[made.row_group.number]
        if rows and rows[-1] == made.rows[-1]:
            self._in_place -= 1
            group.in_flight -= 1
        if self._full[node]:
            # rows are dropped first, so that nothing below becomes ready for them
            for row, error in failures.items():
                if not group.dropped[row - group.group.start]:
                    self._drop(node, group, row, 1, error, now)
            self._note_full(node, group, now)
        else:
            self._note_cells(node, group, rows, failures, now)
        self._close_or_advance(group, now)

    def written(self, number: int, delivered: int, now: float) -> None:
        """Take note that a row group is where it belongs."""
        group = self._tracker.groups[number].group
        self._writing.discard(number)
        self._tracker.free(number)
        self._dropped.pop(number, None)
        self._open_rows -= group.size
        self._delivered += delivered
        self.outbox.append(RowGroupWritten(now, group, delivered))
        self._advance(now)

    def cancel(self) -> None:
        """Stop the run; finished rows are still written. Harmless if it is ending already."""
        done = self._delivered + sum(group.rows_done for group in self._tracker.groups.values())
        problem = f"the run was cancelled with {done} of {self._groups.rows} rows finished"
        self._stop("cancelled", RunCancelled(problem, advice="run.rows() has what was made"))

    def write_failed(self, number: int, error: WriteError) -> None:
        """End the run because a row group could not be written; no other write is begun."""
        self._writing.discard(number)
        self._can_write = False
        self.fail(error)
        self._end_if_idle()

    def fail(self, error: Exception) -> None:
        """End the run because of an error that is nobody's cell; finished rows are still written."""
        self._stop("failed", error)

    def stopped(self) -> None:
        """Take note that nothing is in flight any more, as `StopWork` asked."""
        self._is_stopped = True
        self._in_place = 0
        for resource in self.resources:
            resource.in_flight = 0
        for group in self._tracker.groups.values():
            group.in_flight = 0
            if self._can_write and group.group.number not in self._writing:
                self._write(group)
        self._end_if_idle()

    def check_alive(self) -> None:
        """Raise if nothing can ever happen again although the run is not over; to be asked when all slots are idle.

        Raises:
            RuntimeError: that is so; it is a bug.
        """
        waits = any(resource.in_flight for resource in self.resources)
        if not (self._is_over or self._ending or waits or self._in_place or self._writing or self.outbox):
            takeable = [resource.name for resource in self.resources if resource.takeable]
            if not takeable:
                opened = sorted(self._tracker.groups)
                raise RuntimeError(f"the run is stuck: row groups {opened} wait for nothing that is under way")

    # What anybody may ask

    @property
    def open_groups(self) -> Mapping[int, OpenGroup]:
        """The open row groups, by number."""
        return self._tracker.groups

    @property
    def tracker(self) -> CompletionTracker:
        """The state of every cell."""
        return self._tracker

    # What the core decides

    def _best(self, pool: Resource) -> int | None:
        """The node to serve: oldest window first, then the longest remaining path."""
        best, best_window = None, 0
        for node in pool.nodes:
            queue = self._queues[node]
            if queue:
                window = queue[0] // self._window
                if best is None or window < best_window:
                    best, best_window = node, window
        return best

    def _advance(self, now: float) -> None:
        """Open row groups as long as slots would stand empty and there is room; end the run when all is done."""
        while self._next_group < len(self._groups) and not self._in_place and self._ending is None:
            size = self._groups[self._next_group].size
            is_full = self._open_rows and self._open_rows + size > self._max_open_rows
            is_busy = self.resources and not any(resource.is_starving for resource in self.resources)
            if is_full or is_busy:
                return
            self._open(self._groups[self._next_group], now)
        self._end_if_idle()

    def _open(self, group: RowGroup, now: float) -> None:
        self._next_group += 1
        self._open_rows += group.size
        self.outbox.append(RowGroupOpened(now, group))
        ready = self._tracker.open(group, now)
        self._enqueue(ready, self._tracker.groups[group.number])

    def _enqueue(self, ready: list[Ready], group: OpenGroup) -> None:
        for node, rows in ready:
            resource = self._resource_of[node]
            if self._ending is not None:
                return
            if resource is None:
                self._in_place += 1
                group.in_flight += 1
                self.outbox.append(MakeInPlace(node, group.group, rows))
            elif self._full[node]:
                self._queues[node].append(group.group.start)
                self.resources[resource].ready += 1
                self.has_woken = True
            else:
                self._queues[node].extend(rows)
                self.resources[resource].ready += len(rows)
                self.has_woken = True

    def _note_full(self, node: int, group: OpenGroup, now: float) -> None:
        if group.rows_dropped == group.group.size:
            return
        done = group.rows_done
        self._enqueue(self._tracker.full_done(node, group, now), group)
        if group.rows_done != done:
            self.outbox.append(RowsDone(now, group.group.number, group.rows_done - done))

    def _note_cells(
        self, node: int, group: OpenGroup, rows: Sequence[int], failures: Mapping[int, GenerationError], now: float
    ) -> None:
        done = group.rows_done
        start, states = group.group.start, group.states[node]
        woken: dict[int, list[int]] = {}
        for row in rows:
            if states[row - start] == DROPPED:
                continue
            if row in failures:
                self._drop(node, group, row, 1, failures[row], now)
                continue
            for down, ready_rows in self._tracker.cell_done(node, group, row, now):
                woken.setdefault(down, []).extend(ready_rows)
        self._enqueue([Ready(down, ready_rows) for down, ready_rows in woken.items()], group)
        if group.rows_done != done:
            self.outbox.append(RowsDone(now, group.group.number, group.rows_done - done))

    def _failed(self, node: int, group: OpenGroup, row: int, attempt: int, error: GenerationError, now: float) -> None:
        if not self._full[node]:
            if group.states[node][row - group.group.start] != DROPPED:
                self._drop(node, group, row, attempt, error, now)
            return
        self._tracker.fail_full(node, group)
        for live in list(group.live_rows()):
            self._drop(node, group, live, attempt, error, now)

    def _drop(self, node: int, group: OpenGroup, row: int, attempt: int, error: GenerationError, now: float) -> None:
        ready = self._tracker.drop(node, group, row, now)
        drop = RowDropped(now, group.group.number, row, node, attempt, error)
        self.outbox.append(drop)
        self._dropped.setdefault(group.group.number, []).append(drop)
        example, count = self._drops.get((node, error.problem), (drop, 0))
        if count or len(self._drops) < _KINDS_OF_DROPS:
            self._drops[node, error.problem] = (example, count + 1)
        self._enqueue(ready, group)

    def _close_or_advance(self, group: OpenGroup, now: float) -> None:
        if group.is_closed and self._ending is None:
            self._write(group)
        if self._next_group < len(self._groups):
            self._advance(now)

    def _write(self, group: OpenGroup) -> None:
        number = group.group.number
        self._writing.add(number)
        self.outbox.append(WriteRowGroup(group.group, group.done_rows(), tuple(self._dropped.get(number, ()))))

    def _stop(self, state: State, error: Exception) -> None:
        if self._ending is not None or self._is_over:
            return
        self._ending = (state, error)
        self._drop_queues()
        self.outbox.append(StopWork())

    def _drop_queues(self) -> None:
        for queue in self._queues:
            queue.clear()
        for resource in self.resources:
            resource.ready = 0

    def _end_if_idle(self) -> None:
        if self._is_over or self._writing:
            return
        if self._ending is not None:
            if self._is_stopped:
                self._is_over = True
                self.outbox.append(EndRun(*self._ending))
        elif self._next_group == len(self._groups) and not self._tracker.groups:
            self._is_over = True
            self.outbox.append(self._ending_of_all())

    def _ending_of_all(self) -> EndRun:
        if self._delivered or not self._groups.rows:
            return EndRun("finished", None)
        example, count = max(self._drops.values(), key=lambda entry: entry[1])
        name = self._graph.nodes[example.node].name
        problem = f"all {self._groups.rows} rows were dropped; {count} × column {name!r}: {example.error.problem}"
        return EndRun("failed", NoRowsLeft(problem, advice=example.error.advice or "run.failures() has every reason"))


def _resources(graph: ExecutionGraph, ceilings: Mapping[str, int]) -> list[Resource]:
    depths = graph.depths()
    resources = []
    for name in graph.resources:
        nodes = sorted((n.index for n in graph.nodes if n.resource == name), key=lambda index: -depths[index])
        resources.append(Resource(name, ceilings[name], ceilings[name], tuple(nodes)))
    return resources
