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
from notebook_gen.events import RowGroupResized
from notebook_gen.plan.tasks import RowGroup, Task

_NOT_ENDED = (WAITING, READY, IN_FLIGHT, DEFERRED)


class SequentialFlow(CellFlow):
    """Holds tasks back until it is their column's turn: first the nodes without upstreams, then the others."""

    _turn: int
    _held: list[tuple[int, Sequence[int]]]

    @cached_property
    def _turns(self) -> Sequence[int]:
        return sorted(range(len(self._nodes)), key=lambda node: bool(self._nodes[node].upstream))

    def queue(self, node: int, group: OpenGroup, rows: Sequence[int]) -> None:
        """Have tasks made when it is their column's turn."""
        if self._turn < len(self._turns) and self._turns[self._turn] == node:
            super().queue(node, group, rows)
        else:
            self._held.append((node, rows))

    def begin_group(self) -> None:
        """Begin with the first column; what is left of the row group before was of dropped rows."""
        self._turn = 0
        self._held = []
        self.ready.clear()
        for held in self._in_order.values():
            held.clear()

    def forget_held(self) -> None:
        """Forget what waits for its turn; it will be admitted again."""
        self._held.clear()

    def next_columns(self, group: OpenGroup) -> None:
        """Give the turn to the next column as long as the one that has it has ended."""
        while self.is_open and self._turn < len(self._turns) and self._has_ended(self._turns[self._turn], group):
            following = self._turn + 1
            if following < len(self._turns) and self._nodes[self._turns[following]].allow_resize and group.in_flight:
                return  # a call for a row that was dropped would end in another row
            self._turn = following
            if self._turn < len(self._turns):
                node = self._turns[self._turn]
                ready = [rows for held, rows in self._held if held == node]
                self._held = [(held, rows) for held, rows in self._held if held != node]
                for rows in ready:
                    super().queue(node, group, rows)

    def offer_in_order(self, opened: int, group_size: int) -> None:
        """Queue the next task of each ordered node, once all that its column has are ready."""
        if self.in_place:
            # an earlier row may still be on its way: whether it is skipped is being decided
            return
        for node, held in self._in_order.items():
            self._offer(node, held.first_task())

    def _has_ended(self, node: int, group: OpenGroup) -> bool:
        if not group.live_count:
            return True
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
        self.salvage.clear()
        super()._open(group, now)
        self.flow.next_columns(self.tracker.groups[group.number])

    def _settle(self, group: OpenGroup, now: float) -> None:
        self.flow.next_columns(group)
        super()._settle(group, now)
