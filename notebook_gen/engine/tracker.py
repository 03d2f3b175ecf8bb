"""CompletionTracker: the state of every cell of the open row groups.

Rules it keeps:
- a cell is ready when every cell upstream in its row has ended and every full-column upstream of its row group has;
- a full-column task is ready when all its inputs have ended in all rows that are not dropped;
- a cell has ended when it is done, skipped, or failed in a row that lives;
- a dropped row counts as ended; its cells never become ready;
- with a gate, only nodes without upstreams are ready before it opens, and it is ready when all of these have ended;
- a row group has ended when each row has all its cells or is dropped, and closes when nothing of it is in flight.

Counts stand in flat bytearrays, one a node and row group; rows are given by their number in the run. The gate is kept
as one more full-column node behind the graph's own.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from notebook_gen.engine.open_group import (
    DEFERRED,
    DONE,
    DROPPED,
    FAILED,
    IN_FLIGHT,
    READY,
    SKIPPED,
    WAITING,
    OpenGroup,
    Shape,
)
from notebook_gen.engine.snapshots import CELL_STATES, CellState
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup


class Ready(NamedTuple):
    """Tasks of one node that became ready: these rows, or the whole row group if the node is full-column."""

    node: int
    rows: Sequence[int]


class CompletionTracker:
    """Keeps the state of every cell of the open row groups.

    RuntimeError is raised for most steps that no cell can take from its state: they are bugs of the caller.

    Args:
        graph: what makes what.
        has_gate: whether each row group has a gate behind the nodes without upstreams.

    Attributes:
        groups: the open row groups, by number.
        gate: the number by which the gate is told as ready; None without one.
    """

    def __init__(self, graph: ExecutionGraph, *, has_gate: bool = False) -> None:
        self._shape = Shape(graph, has_gate=has_gate)
        self.groups: dict[int, OpenGroup] = {}
        self.gate = len(graph.nodes) if has_gate else None

    def open(self, group: RowGroup, now: float) -> list[Ready]:
        """Begin a row group; gives what is ready from the start."""
        if group.number in self.groups:
            raise RuntimeError(f"row group {group.number} is open already")
        shape = self._shape
        opened = self.groups[group.number] = OpenGroup(group, shape)
        ready: list[Ready] = []
        for node, (cells, fulls) in enumerate(zip(shape.cell_upstream, shape.full_upstream, strict=True)):
            if not cells and not fulls:
                self._ready_rows(opened, node, now, ready)
        return ready

    def free(self, number: int) -> None:
        """Forget a row group; harmless if it is not open."""
        self.groups.pop(number, None)

    # Steps of a task

    def start(self, node: int, group: OpenGroup, row: int) -> bool:
        """Put a ready task in flight; gives False if its row was dropped meanwhile."""
        full = self._shape.full[node]
        offset = 0 if full else row - group.group.start
        states = group.states[node]
        if states[offset] != READY:
            if states[offset] == DROPPED:
                return False
            raise RuntimeError(f"node {node}, row {row}: {CELL_STATES[states[offset]]} cannot start")
        states[offset] = IN_FLIGHT
        group.in_flight += 1
        group.newest = max(group.newest, group.group.start + group.group.size - 1 if full else row)
        return True

    def put_back(self, node: int, group: OpenGroup, row: int, now: float) -> bool:
        """Make a task in flight, or a deferred one, ready again; gives False if its row was dropped meanwhile."""
        return self._back(node, group, row, READY, now)

    def defer(self, node: int, group: OpenGroup, row: int, now: float) -> bool:
        """Let a task in flight wait for another attempt; gives False if its row was dropped meanwhile."""
        return self._back(node, group, row, DEFERRED, now)

    def _back(self, node: int, group: OpenGroup, row: int, state: int, now: float) -> bool:
        offset = 0 if self._shape.full[node] else row - group.group.start
        states = group.states[node]
        if states[offset] == DROPPED or (self._shape.full[node] and group.rows_dropped == group.group.size):
            return False
        if states[offset] not in (IN_FLIGHT, DEFERRED):
            raise RuntimeError(f"node {node}, row {row}: {CELL_STATES[states[offset]]} cannot be tried again")
        states[offset] = state
        group.ready_at[node][offset] = now
        return True

    def cell_ended(self, node: int, group: OpenGroup, row: int, state: int, now: float) -> list[Ready]:
        """Note that a cell is done, skipped, or failed in a row that lives; gives what became ready.

        The row must not be dropped.
        """
        shape = self._shape
        offset = row - group.group.start
        states = group.states[node]
        if shape.full[node] or states[offset] not in (READY, IN_FLIGHT):
            raise RuntimeError(f"node {node}, row {row}: cannot end as a cell, it is {CELL_STATES[states[offset]]}")
        states[offset] = state
        ready: list[Ready] = []
        for down in shape.cell_down[node]:
            missing = group.missing[down]
            missing[offset] -= 1
            if not missing[offset] and not group.gates[down]:
                group.states[down][offset] = READY
                group.ready_at[down][offset] = now
                ready.append(Ready(down, (row,)))
        for down in shape.full_down[node]:
            self._full_input(group, down, now, ready)
        group.row_left[offset] -= 1
        if not group.row_left[offset] and not group.full_left:
            group.rows_done += 1
        return ready

    def full_ended(self, node: int, group: OpenGroup, state: int, now: float) -> list[Ready]:
        """Note that a full-column task is done, or failed with rows that live; gives what became ready.

        The gate is opened by the same call.
        """
        shape = self._shape
        states = group.states[node]
        if not shape.full[node] or states[0] not in (READY, IN_FLIGHT):
            raise RuntimeError(f"node {node}: cannot end as a full column, it is {CELL_STATES[states[0]]}")
        states[0] = state
        self._leave_out_dropped(node, group)
        ready: list[Ready] = []
        for down in shape.cell_down[node]:
            group.gates[down] -= 1
            if not group.gates[down]:
                self._ready_rows(group, down, now, ready)
        for down in shape.full_down[node]:
            self._full_input(group, down, now, ready)
        group.full_left -= 1
        if not group.full_left:
            group.rows_done = len(group.done_rows()) if shape.cell_nodes else group.group.size - group.rows_dropped
        return ready

    def resize(self, node: int, old: OpenGroup, offsets: Sequence[int], now: float) -> list[Ready]:
        """Give a row group another number of rows, while a full-column task is in flight and nothing behind it begun.

        Args:
            node: the full-column node; it stays in flight.
            old: the row group as it was; from now on another stands in its place.
            offsets: of each row that there will be, which of those before it is a copy of; see
                `OpenGroup.resized_offsets`.
            now: the time.

        Returns:
            What is ready from the start; what had ended in all rows has ended still.
        """
        start, shape = old.group.start, self._shape
        new = OpenGroup(RowGroup(old.group.number, start, len(offsets)), shape)
        new.in_flight = old.in_flight
        new.newest = start + len(offsets) - 1
        new.states[node][0] = IN_FLIGHT
        new.left_out = {
            other: bytearray(states[offset] for offset in offsets) for other, states in old.left_out.items()
        }
        ended = [self._copy_ended(other, old, new, offsets) for other in range(len(shape.full))]
        ready: list[Ready] = []
        for other, (missing, gates) in enumerate(zip(new.missing, new.gates, strict=True)):
            waits = new.full_missing[other] if shape.full[other] else (gates or any(missing))
            if not ended[other] and other != node and not waits:
                self._ready_rows(new, other, now, ready)
        self.groups[old.group.number] = new
        return ready

    def _copy_ended(self, node: int, old: OpenGroup, new: OpenGroup, offsets: Sequence[int]) -> bool:
        """Bring over a node that has ended in all rows; gives whether it has."""
        shape, full = self._shape, self._shape.full[node]
        states = old.states[node] if full else bytearray(old.states[node][offset] for offset in offsets)
        if not states or min(states) < DONE:
            return False
        new.states[node][:] = states
        for down in shape.cell_down[node]:
            if full:
                new.gates[down] -= 1
            else:
                new.missing[down] = array("H", (count - 1 for count in new.missing[down]))
        for down in shape.full_down[node]:
            new.full_missing[down] -= 1 if full else len(offsets)
        if full:
            new.full_left -= 1
        else:
            new.row_left = array("H", (left - 1 for left in new.row_left))
        return True

    def leave_out(self, node: int, group: OpenGroup, rows: Sequence[int], state: int) -> None:
        """Leave rows out of a full-column task that has not begun; there they are in `state`: skipped or failed."""
        left_out = group.left_out.setdefault(node, bytearray(group.group.size))
        for row in rows:
            left_out[row - group.group.start] = state

    def is_skipped(self, node: int, group: OpenGroup, row: int) -> bool:
        """Tell whether a node was skipped in a row."""
        offset = row - group.group.start
        if self._shape.full[node]:
            left_out = group.left_out.get(node)
            return left_out is not None and left_out[offset] == SKIPPED
        return group.states[node][offset] == SKIPPED

    # Drops

    def drop(self, node: int | None, group: OpenGroup, row: int, now: float) -> list[Ready]:
        """Give up a row; gives the full-column tasks that waited only for it.

        Args:
            node: the node that failed; None: none did.
            group: its row group.
            row: the row; neither dropped already nor done.
            now: the time.
        """
        shape = self._shape
        offset = row - group.group.start
        if group.dropped[offset] or (not group.row_left[offset] and not group.full_left):
            raise RuntimeError(f"row {row} cannot be dropped: it has ended")
        group.dropped[offset] = 1
        group.rows_dropped += 1
        if node is not None and shape.full[node]:
            self.leave_out(node, group, (row,), FAILED)
        ready: list[Ready] = []
        for other, states in enumerate(group.states):
            if shape.full[other] or states[offset] >= DONE:
                continue
            states[offset] = FAILED if other == node else DROPPED
            for down in shape.full_down[other]:
                self._full_input(group, down, now, ready)
        if group.rows_dropped == group.group.size:
            for other, states in enumerate(group.states):
                if shape.full[other] and states[0] in (WAITING, READY, DEFERRED):
                    states[0] = DROPPED
        return ready

    def drop_done(self, group: OpenGroup, row: int) -> None:
        """Give up a row that has all its cells."""
        offset = row - group.group.start
        if group.dropped[offset] or group.row_left[offset] or group.full_left:
            raise RuntimeError(f"row {row} cannot be dropped as done: it is not")
        group.dropped[offset] = 1
        group.rows_dropped += 1
        group.rows_done -= 1

    def ended_in_vain(self, node: int, group: OpenGroup, row: int, state: int) -> None:
        """Note how a cell has ended that was in flight when its row was dropped: whoever looks at the row sees it."""
        group.states[node][row - group.group.start] = state

    def fail_full(self, node: int, group: OpenGroup) -> None:
        """Note that a full-column task failed; its rows are dropped one by one with `drop`."""
        group.states[node][0] = FAILED
        self._leave_out_dropped(node, group)

    def fail(self, node: int, group: OpenGroup, rows: Sequence[int]) -> None:
        """Note that a node failed in rows that live and never become whole: the run ends because of it."""
        if self._shape.full[node]:
            group.states[node][0] = FAILED
            return
        for row in rows:
            group.states[node][row - group.group.start] = FAILED

    # Looking

    def cell_states(self, group: OpenGroup, row: int) -> list[CellState]:
        """Give the state of each of the graph's nodes for one row."""
        offset = row - group.group.start
        dropped = bool(group.dropped[offset])
        states: list[CellState] = []
        for node, (full, node_states) in enumerate(zip(self._shape.full, group.states, strict=True)):
            if node == self.gate:
                break
            state = node_states[0 if full else offset]
            if full and state >= DONE and node in group.left_out:
                state = group.left_out[node][offset] or state
            states.append("dropped" if dropped and state < DONE else CELL_STATES[state])
        return states

    # Inside

    def _leave_out_dropped(self, node: int, group: OpenGroup) -> None:
        """Keep in mind which rows a full column was not made for, because they were dropped before."""
        if not group.rows_dropped:
            return
        left_out = group.left_out.setdefault(node, bytearray(group.group.size))
        for offset, dropped in enumerate(group.dropped):
            if dropped and not left_out[offset]:
                left_out[offset] = DROPPED

    def _full_input(self, group: OpenGroup, node: int, now: float, ready: list[Ready]) -> None:
        group.full_missing[node] -= 1
        if not group.full_missing[node] and group.states[node][0] == WAITING:
            self._ready_rows(group, node, now, ready)

    def _ready_rows(self, group: OpenGroup, node: int, now: float, ready: list[Ready]) -> None:
        """Make a node ready: the whole group, or every row that waits for nothing more."""
        if group.rows_dropped == group.group.size:
            return
        states, ready_at = group.states[node], group.ready_at[node]
        if self._shape.full[node] or (not self._shape.cell_upstream[node] and not group.rows_dropped):
            states[:] = bytes((READY,)) * len(states)
            ready_at[:] = array("d", (now,)) * len(ready_at)
            ready.append(Ready(node, group.group.rows))
            return
        start, missing = group.group.start, group.missing[node]
        rows = [start + o for o, left in enumerate(missing) if not left and not group.dropped[o]]
        for row in rows:
            states[row - start] = READY
            ready_at[row - start] = now
        if rows:
            ready.append(Ready(node, rows))
