"""CellFlow: where each cell goes, from ready to ended.

A task that became ready is skipped, made in place, or waits for a slot. One that failed for good does what its column
says: the row is dropped, the cell stays NA, or the run ends. Whatever ends makes others ready.
"""

from collections import deque
from collections.abc import Container, Mapping, Sequence
from typing import Final

from notebook_gen.engine.delivery import Delivery
from notebook_gen.engine.instructions import DecideSkips, FillCells, Instruction, LookUp, MakeInPlace, ProcessRowGroup
from notebook_gen.engine.open_group import DEFERRED, DONE, DROPPED, FAILED, IN_FLIGHT, READY, SKIPPED, OpenGroup
from notebook_gen.engine.order import InOrder, ReadyTasks
from notebook_gen.engine.resources import Resource
from notebook_gen.engine.skips import SkipRules
from notebook_gen.engine.tracker import CompletionTracker, Ready
from notebook_gen.errors import ColumnFailed, GenerationError
from notebook_gen.events import CellFailed, CellsSkipped, RowDropped, RowsDone
from notebook_gen.plan.graph import ExecutionGraph, Node
from notebook_gen.plan.tasks import WHOLE_GROUP, Task

PROCESSED_AT_ONCE: Final = 8
"""Row groups that are opened to be with processors before the batch at one time: there are as many threads for them."""


def may_be_kept(node: Node) -> bool:
    """Tell whether a node's finished cells are taken over from one run to the next.

    Cells that cost nothing are not, nor those of a full column, which was made of other rows, nor those of a function
    that keeps state from row to row.
    """
    return node.resource is not None and not node.full_column and not node.ordered


Failed = tuple[int, GenerationError]
"""A row, and why its cell failed."""


class CellFlow:
    """Moves the cells of open row groups on.

    Args:
        graph: what makes what.
        resources: what nodes need slots of.
        tracker: the state of every cell.
        delivery: keeps the records of dropped rows.
        outbox: where instructions and events go.
        rows: rows of the run.

    Attributes:
        ready: what waits for a slot.
        pool: for each node, what it needs a slot of.
        in_place: orders under way that need no slot.
        at_gate: those of them that are with processors, and may be so for long.
        has_woken: whether tasks may start that could not before.
        raised: the failure of a column that says `on_error="raise"`.
        gives_slots: False once the run is ending: nothing more waits for a slot.
        is_open: False once work is being stopped: nothing more becomes of anything.
        begun: row groups in which an earlier run may have made cells.
        has_ordered: whether there are ordered nodes.
    """

    def __init__(
        self,
        graph: ExecutionGraph,
        resources: Sequence[Resource],
        tracker: CompletionTracker,
        delivery: Delivery,
        outbox: deque[Instruction],
        rows: int,
    ) -> None:
        self.ready = ReadyTasks(graph, resources, rows)
        self.in_place = 0
        self.at_gate = 0
        self.has_woken = False
        self.raised: ColumnFailed | None = None
        self.gives_slots = True
        self.is_open = True
        self.begun: Container[int] = ()
        self._nodes = graph.nodes
        self._tracker = tracker
        self._delivery = delivery
        self._outbox = outbox
        self.pool = [next((r for r in resources if r.name == node.resource), None) for node in graph.nodes]
        self._full = [node.full_column for node in graph.nodes]
        self._makes_seeds = {node.resource for node in graph.nodes if not node.upstream}
        self._may_be_kept = [may_be_kept(node) for node in graph.nodes]
        self._skips = SkipRules(graph)
        self._in_order = {
            node.index: InOrder(node) for node in graph.nodes if node.ordered and node.resource is not None
        }
        self.has_ordered = bool(self._in_order)

    # Ready

    def admit(self, ready: Sequence[Ready], group: OpenGroup, now: float) -> None:
        """Bring what became ready to its slot, or to whoever decides whether it is skipped."""
        # a skip may go down any number of columns
        while ready and self.is_open:
            ready = [following for node, rows in ready for following in self.move_on(node, group, rows, now)]

    def move_on(self, node: int, group: OpenGroup, rows: Sequence[int], now: float) -> Sequence[Ready]:
        """Bring what became ready of one node on its way; gives what became ready as it is skipped."""
        if node == self._tracker.gate:
            self.at_gate += 1
            self._begin_in_place(group, ProcessRowGroup("pre_batch", group.group, group.live_rows()))
            return ()
        if self._skips.may_skip[node]:
            return self._consider_skips(node, group, group.live_rows() if self._full[node] else rows, now)
        self.queue(node, group, rows)
        return ()

    def queue(self, node: int, group: OpenGroup, rows: Sequence[int]) -> None:
        """Have tasks made: in place, or when a slot is free."""
        pool = self.pool[node]
        if pool is None:
            self._begin_in_place(group, MakeInPlace(node, group.group, rows))
        elif self.gives_slots and self._may_be_kept[node] and group.group.number in self.begun:
            self._begin_in_place(group, LookUp(node, group.group, rows))
        else:
            self._enqueue(node, pool, group, rows)

    def _enqueue(self, node: int, pool: Resource, group: OpenGroup, rows: Sequence[int]) -> None:
        if self.gives_slots:
            tasks = (group.group.start,) if self._full[node] else rows
            if node in self._in_order:
                self._in_order[node].hold(tasks)
                return
            self.ready.add(node, pool, tasks)
            self.has_woken = True

    def looked_up(self, order: LookUp, kept: Container[int], now: float) -> None:
        """Move rows on that were looked for: what an earlier run made is done, the others wait for a slot."""
        node, group = order.node, self._tracker.groups[order.row_group.number]
        pool = self.pool[node]
        live = [row for row in order.rows if not group.dropped[row - group.group.start]]
        rest = [row for row in live if row not in kept]
        if rest and pool is not None:
            self._enqueue(node, pool, group, rest)
        self.cells_ended(node, group, [row for row in live if row in kept], DONE, now)

    def queue_again(self, node: int, row: int) -> None:
        """Have a task tried again, before those that wait; of a full-column task, its row group's first row."""
        pool = self.pool[node]
        if pool is not None:
            self.ready.add_first(node, pool, row)
            self.has_woken = True

    def end_in_place(self, group: OpenGroup) -> None:
        """Note that an order that needed no slot is done."""
        self.in_place -= 1
        group.in_flight -= 1

    def end_at_gate(self, group: OpenGroup) -> None:
        """Note that a row group comes back from processors before the batch."""
        self.at_gate -= 1
        self.end_in_place(group)

    def brings_work(self, pool: Resource | None) -> bool:
        """Tell whether one more row group would soon bring work for a resource, or in place."""
        return self.at_gate < PROCESSED_AT_ONCE or (pool is not None and pool.name in self._makes_seeds)

    def stop(self) -> None:
        """Let nothing more wait for a slot."""
        self.gives_slots = False
        self.ready.clear()

    def _begin_in_place(self, group: OpenGroup, order: MakeInPlace | DecideSkips | LookUp | ProcessRowGroup) -> None:
        self.in_place += 1
        group.in_flight += 1
        self._outbox.append(order)

    # In order

    def offer_in_order(self, opened: int, group_size: int) -> None:
        """Queue the next task of each ordered node whose last one has ended.

        Args:
            opened: row groups opened so far.
            group_size: rows of a row group.
        """
        for node, held in self._in_order.items():
            self._offer(node, held.next_task(self._tracker, opened, group_size))

    def _offer(self, node: int, task: int | None) -> None:
        pool = self.pool[node]
        if task is not None and pool is not None and self.gives_slots:
            self.ready.add(node, pool, (task,))
            self.has_woken = True

    def release(self, node: int, row: int) -> None:
        """Note that a task has ended for good; an ordered node may offer its next. As for `queue_again`."""
        if node in self._in_order:
            self._in_order[node].release(row)

    # Skips

    def decide_skips(
        self, order: DecideSkips, skipped: Sequence[int], failures: Mapping[int, GenerationError], now: float
    ) -> None:
        """Move rows on whose condition was evaluated."""
        node, group = order.node, self._tracker.groups[order.row_group.number]
        start = group.group.start
        live = [row for row in order.rows if not group.dropped[row - start]]
        gone = frozenset((*skipped, *failures))
        self.cells_failed(node, group, [(row, failures[row]) for row in live if row in failures], 1, now)
        ready = self._skip(node, group, [row for row in skipped if not group.dropped[row - start]], now)
        rest = [row for row in live if row not in gone and not group.dropped[row - start]]
        self.admit([*ready, *self._queue_rest(node, group, rest, now)], group, now)

    def _consider_skips(self, node: int, group: OpenGroup, rows: Sequence[int], now: float) -> Sequence[Ready]:
        skipped, rest = self._skips.split(self._tracker, node, group, rows)
        ready = self._skip(node, group, skipped, now)
        if self._nodes[node].has_condition and rest:
            self._begin_in_place(group, DecideSkips(node, group.group, rest))
            return ready
        return [*ready, *self._queue_rest(node, group, rest, now)]

    def _skip(self, node: int, group: OpenGroup, rows: Sequence[int], now: float) -> Sequence[Ready]:
        if not rows:
            return ()
        self._outbox.append(FillCells(node, group.group, rows, "skipped"))
        self._outbox.append(CellsSkipped(now, node, group.group.number, len(rows)))
        if self._full[node]:
            self._tracker.leave_out(node, group, rows, SKIPPED)
            return ()
        return self._end_cells(node, group, rows, SKIPPED, now)

    def _queue_rest(self, node: int, group: OpenGroup, rows: Sequence[int], now: float) -> Sequence[Ready]:
        """Queue what is not skipped; a full column that is skipped in all its rows has ended."""
        if not self._full[node]:
            if rows:
                self.queue(node, group, rows)
        elif group.rows_of(node):
            self.queue(node, group, group.group.rows)
        elif group.states[node][0] == READY:
            return self._end_full(node, group, SKIPPED, now)
        return ()

    # Ended

    def cell_ended(self, node: int, group: OpenGroup, row: int, state: int, now: float) -> None:
        """Note that a cell has ended; nothing follows from one whose row was dropped meanwhile."""
        if group.states[node][row - group.group.start] == DROPPED:
            self._tracker.ended_in_vain(node, group, row, state)
            return
        done = group.rows_done
        ready = self._tracker.cell_ended(node, group, row, state, now)
        # told before what follows from it, which tells of its own
        if group.rows_done != done:
            self._outbox.append(RowsDone(now, group.group.number, 1))
        if ready:
            self.admit(ready, group, now)

    def cells_ended(self, node: int, group: OpenGroup, rows: Sequence[int], state: int, now: float) -> None:
        """Note cells of one node that have ended, and move on what became ready."""
        self.admit(self._end_cells(node, group, rows, state, now), group, now)

    def _end_cells(self, node: int, group: OpenGroup, rows: Sequence[int], state: int, now: float) -> Sequence[Ready]:
        """Note cells of one node that have ended; gives what became ready, in as few pieces as can be."""
        done = group.rows_done
        woken: dict[int, list[int]] = {}
        for row in rows:
            for down, ready_rows in self._tracker.cell_ended(node, group, row, state, now):
                woken.setdefault(down, []).extend(ready_rows)
        if group.rows_done != done:
            self._outbox.append(RowsDone(now, group.group.number, group.rows_done - done))
        return [Ready(down, ready_rows) for down, ready_rows in woken.items()]

    def full_ended(self, node: int, group: OpenGroup, state: int, now: float) -> None:
        """Note that a full column, or the gate, has ended; discarded if no row of its group is left."""
        if group.live_count:
            self.admit(self._end_full(node, group, state, now), group, now)

    def _end_full(self, node: int, group: OpenGroup, state: int, now: float) -> Sequence[Ready]:
        done = group.rows_done
        ready = self._tracker.full_ended(node, group, state, now)
        if group.rows_done != done:
            self._outbox.append(RowsDone(now, group.group.number, group.rows_done - done))
        return ready

    def is_left_out(self, node: int, group: OpenGroup, now: float) -> bool:
        """Tell whether a full-column task has no rows left although its group has; it has ended then."""
        if node not in group.left_out or not group.live_count or group.rows_of(node):
            return False
        self.full_ended(node, group, SKIPPED, now)
        return True

    def end_left_out(self, group: OpenGroup, now: float) -> None:
        """End full-column tasks that were cut off, or never begun, and have no rows left although their group has."""
        for node in tuple(group.left_out):
            if group.states[node][0] == DEFERRED:
                self._tracker.put_back(node, group, group.group.start, now)
            if group.states[node][0] in (READY, IN_FLIGHT):
                self.is_left_out(node, group, now)

    # Failed

    def task_failed(self, task: Task, group: OpenGroup, error: GenerationError, now: float) -> None:
        """Do with a task that failed for good what its column says; not all its rows must be dropped."""
        if task.row == WHOLE_GROUP:
            self._full_failed(task.node, group, error, task.attempt, now)
        else:
            self.cells_failed(task.node, group, [(task.row, error)], task.attempt, now)

    def cells_failed(self, node: int, group: OpenGroup, failed: Sequence[Failed], attempt: int, now: float) -> None:
        """Do with cells that failed for good what their column says; their rows must not be dropped."""
        if not failed:
            return
        match self._nodes[node].on_error:
            case "drop":
                for row, error in failed:
                    self.drop(node, group, row, attempt, error, now)
            case "null":
                self._leave_empty(node, group, failed, attempt, now)
                rows = [row for row, _ in failed]
                if self._full[node]:
                    self._tracker.leave_out(node, group, rows, FAILED)
                else:
                    self.cells_ended(node, group, rows, FAILED, now)
            case "raise":
                self._raise(node, group, failed, attempt, now)

    def _full_failed(self, node: int, group: OpenGroup, error: GenerationError, attempt: int, now: float) -> None:
        failed = [(row, error) for row in group.rows_of(node)]
        if not failed:
            self.full_ended(node, group, SKIPPED, now)
            return
        match self._nodes[node].on_error:
            case "drop":
                for row, _ in failed:
                    self.drop(node, group, row, attempt, error, now)
                if not group.live_count:
                    self._tracker.fail_full(node, group)
                self.full_ended(node, group, FAILED, now)
            case "null":
                self._leave_empty(node, group, failed, attempt, now)
                self.full_ended(node, group, FAILED, now)
            case "raise":
                self._raise(node, group, failed, attempt, now)

    def drop(
        self, node: int | None, group: OpenGroup, row: int, attempt: int, error: GenerationError, now: float
    ) -> None:
        """Give up a row that is neither done nor dropped."""
        waiting = [other for other in self._in_order if self._state(other, group, row) == DEFERRED]
        ready = self._tracker.drop(node, group, row, now)
        for other in waiting:
            if self._state(other, group, row) == DROPPED:
                # its next attempt would be a long time off, and is not made any more
                self.release(other, group.group.start if self._full[other] else row)
        drop = RowDropped(now, group.group.number, row, node, attempt, error)
        self._outbox.append(drop)
        self._delivery.drop(drop)
        self.admit(ready, group, now)

    def drop_done(self, group: OpenGroup, row: int, error: GenerationError, now: float) -> None:
        """Give up a row that has all its cells."""
        self._tracker.drop_done(group, row)
        drop = RowDropped(now, group.group.number, row, None, 1, error, was_done=True)
        self._outbox.append(drop)
        self._delivery.drop(drop)

    def _state(self, node: int, group: OpenGroup, row: int) -> int:
        return group.states[node][0 if self._full[node] else row - group.group.start]

    def _leave_empty(self, node: int, group: OpenGroup, failed: Sequence[Failed], attempt: int, now: float) -> None:
        self._outbox.append(FillCells(node, group.group, [row for row, _ in failed], "failed"))
        self._delivery.leave_empty(self._tell_failed(node, group, failed, attempt, now))

    def _raise(self, node: int, group: OpenGroup, failed: Sequence[Failed], attempt: int, now: float) -> None:
        """End the run; the rows are not dropped, so that they are made when the run is gone on with."""
        row, error = failed[0]
        self._tracker.fail(node, group, [row for row, _ in failed])
        self._tell_failed(node, group, failed, attempt, now)
        self.raised = ColumnFailed(error.problem, advice=error.advice, column=self._nodes[node].name, row=row)
        self.raised.__cause__ = error

    def _tell_failed(
        self, node: int, group: OpenGroup, failed: Sequence[Failed], attempt: int, now: float
    ) -> Sequence[CellFailed]:
        told = [CellFailed(now, group.group.number, row, node, attempt, error) for row, error in failed]
        self._outbox.extend(told)
        return told
