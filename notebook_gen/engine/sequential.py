"""SequentialCore: column by column, row group by row group; to compare with, and to debug.

It decides as SchedulerCore does, but for the order: a row group is opened when the one before is written, and a column
is begun when the one before has ended in all rows. The cells of one column still run side by side, as many as its
resource allows. Only here may a column change the number of rows: nothing behind it has begun.
"""

from collections.abc import Sequence
from functools import cached_property

from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.flow import CellFlow
from notebook_gen.engine.open_group import DEFERRED, IN_FLIGHT, READY, WAITING, OpenGroup
from notebook_gen.engine.tracker import Ready
from notebook_gen.events import RowGroupResized
from notebook_gen.plan.tasks import RowGroup, Task

_NOT_ENDED = (WAITING, READY, IN_FLIGHT, DEFERRED)


class SequentialFlow(CellFlow):
    """Holds cells back until it is their column's turn: first the nodes without upstreams, then the others.

    Conditions wait too. One that fails drops its row, and no other column may be at work for it then.
    """

    _turn: int
    _held: list[Ready]

    @cached_property
    def _turns(self) -> Sequence[int]:
        return sorted(range(len(self._nodes)), key=lambda node: bool(self._nodes[node].upstream))

    def move_on(self, node: int, group: OpenGroup, rows: Sequence[int], now: float) -> Sequence[Ready]:
        """Bring what became ready on its way when it is its column's turn."""
        has_turn = self._turn < len(self._turns) and self._turns[self._turn] == node
        if has_turn or node == self._tracker.gate:
            return super().move_on(node, group, rows, now)
        self._held.append(Ready(node, rows))
        return ()

    def begin_group(self) -> None:
        """Begin with the first column."""
        self._turn = 0
        self._held = []

    def forget_held(self) -> None:
        """Forget what waits for its turn; it will be admitted again."""
        self._held.clear()

    def next_columns(self, group: OpenGroup, now: float) -> None:
        """Give the turn to the next column as long as the one that has it has ended."""
        while self.is_open and group.live_count and self._turn < len(self._turns):
            if not self._has_ended(self._turns[self._turn], group):
                return
            self._turn += 1
            if self._turn < len(self._turns):
                self._admit_held(self._turns[self._turn], group, now)

    def _admit_held(self, node: int, group: OpenGroup, now: float) -> None:
        """Bring on its way what waited for the turn of a node, all at once; rows may have been dropped meanwhile."""
        rows = sorted(row for held in self._held if held.node == node for row in held.rows)
        self._held = [held for held in self._held if held.node != node]
        if not self._full[node]:
            rows = [row for row in rows if not group.dropped[row - group.group.start]]
        if rows:
            self.admit([Ready(node, rows)], group, now)

    def offer_in_order(self, opened: int, group_size: int) -> None:
        """Queue the next task of each ordered node, once all that its column has are ready."""
        for node, held in self._in_order.items():
            self._offer(node, held.first_task())

    def _has_ended(self, node: int, group: OpenGroup) -> bool:
        # asked after every cell: a search that begins at the first byte each time costs least
        states = group.states[node]
        return not any(state in states for state in _NOT_ENDED)


class SequentialCore(SchedulerCore):
    """The state machine of one run of the sequential engine; as SchedulerCore."""

    flow: SequentialFlow
    flow_type = SequentialFlow

    def resized(self, task: Task, sources: Sequence[int], now: float) -> tuple[RowGroup, Sequence[int]]:
        """Take note that a full-column task gives another number of rows; to be told before `finished`.

        Args:
            task: the task, in flight.
            sources: for each row that it makes, the position of the one it came from, among those it is for.
            now: the time.

        Returns:
            The row group as it is from now on, and of each of its rows which of those before it is a copy of.
        """
        old = self.tracker.groups[task.row_group]
        offsets = old.resized_offsets(task.node, sources)
        self.flow.forget_held()
        ready = self.tracker.resize(task.node, old, offsets, now)
        new = self.tracker.groups[task.row_group]
        self._delivery.resized(new.group, offsets)
        self._upcoming.open_rows += new.group.size - old.group.size
        self.outbox.append(RowGroupResized(now, new.group, old.live_count))
        self.flow.admit(ready, new, now)
        return new.group, offsets

    def _group_of(self, row: int) -> OpenGroup | None:
        # one is open at a time; a row's number does not tell which once a group has been resized
        return next(iter(self.tracker.groups.values()), None)

    def _may_open(self) -> bool:
        return not self.tracker.groups and super()._may_open()

    def _open(self, group: RowGroup, now: float) -> None:
        self.flow.begin_group()
        super()._open(group, now)

    def _settle(self, group: OpenGroup, now: float) -> None:
        self.flow.next_columns(group, now)
        super()._settle(group, now)
