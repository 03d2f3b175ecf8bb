"""CompletionTracker: which cells of the open row groups are waiting, ready, in flight, done or dropped.

Rules it keeps:
- a cell is ready when every cell upstream in its row is done and every full-column upstream of its row group is done;
- a full-column task is ready when all its inputs are there in all rows that are not dropped;
- a dropped row counts as ended; its cells never become ready;
- a row group has ended when each row is done or dropped, and closes when nothing of it is in flight.

Counts stand in flat bytearrays, one a node and row group; rows are given by their number in the run.
"""

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from notebook_gen.engine.snapshots import CELL_STATES, CellState
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup

WAITING: Final = 0
READY: Final = 1
IN_FLIGHT: Final = 2
DONE: Final = 3
FAILED: Final = 4
DROPPED: Final = 5


class Ready(NamedTuple):
    """Tasks of one node that became ready: these rows, or the whole row group if the node is full-column."""

    node: int
    rows: Sequence[int]


class OpenGroup:
    """The counts of one open row group.

    Attributes:
        states: for each node, a state a row; of a full-column node, one for the whole group.
        ready_at: for each node, when each cell became ready, in seconds since the run began.
        dropped: 1 for a dropped row.
        rows_done: rows with all their cells.
        rows_dropped: rows given up.
        in_flight: tasks with a slot, also of dropped rows.
        newest: the highest row that was started; -1 before the first.
    """

    __slots__ = (
        "dropped",
        "full_left",
        "full_missing",
        "gates",
        "group",
        "in_flight",
        "missing",
        "newest",
        "ready_at",
        "row_left",
        "rows_done",
        "rows_dropped",
        "states",
    )

    def __init__(self, group: RowGroup, shape: "_Shape") -> None:
        size = group.size
        lengths = [1 if full else size for full in shape.full]
        self.group = group
        self.states = [bytearray(length) for length in lengths]
        self.ready_at = [array("d", bytes(8 * length)) for length in lengths]
        self.missing = [bytearray([count]) * size for count in shape.cell_upstream]
        self.gates = list(shape.full_upstream)
        self.full_missing = [
            cells * size + fulls if full else 0
            for full, cells, fulls in zip(shape.full, shape.cell_upstream, shape.full_upstream, strict=True)
        ]
        self.row_left = array("H", [shape.cell_nodes]) * size
        self.full_left = len(shape.full) - shape.cell_nodes
        self.dropped = bytearray(size)
        self.rows_done = 0
        self.rows_dropped = 0
        self.in_flight = 0
        self.newest = -1

    @property
    def is_closed(self) -> bool:
        """Whether each row has ended and nothing is in flight."""
        return self.rows_done + self.rows_dropped == self.group.size and not self.in_flight

    def live_rows(self) -> Sequence[int]:
        """Give the rows that are not dropped."""
        if not self.rows_dropped:
            return self.group.rows
        return [row for row in self.group.rows if not self.dropped[row - self.group.start]]

    def done_rows(self) -> Sequence[int]:
        """Give the rows that have all their cells."""
        if self.rows_done == self.group.size:
            return self.group.rows
        if self.full_left:
            return []
        start = self.group.start
        return [row for row in self.group.rows if not self.row_left[row - start] and not self.dropped[row - start]]


class _Shape:
    """What the tracker needs of a graph, as plain lists by node."""

    def __init__(self, graph: ExecutionGraph) -> None:
        nodes = graph.nodes
        self.full = [node.full_column for node in nodes]
        self.cell_nodes = self.full.count(False)
        self.cell_upstream = [sum(not nodes[up].full_column for up in node.upstream) for node in nodes]
        self.full_upstream = [sum(nodes[up].full_column for up in node.upstream) for node in nodes]
        self.cell_down = [tuple(d for d in node.downstream if not nodes[d].full_column) for node in nodes]
        self.full_down = [tuple(d for d in node.downstream if nodes[d].full_column) for node in nodes]


class CompletionTracker:
    """Keeps the state of every cell of the open row groups.

    Every method raises KeyError for a row group that is not open, and RuntimeError for a step that no cell can take
    from its state: both are bugs of the caller.
    """

    def __init__(self, graph: ExecutionGraph, group_size: int) -> None:
        self._shape = _Shape(graph)
        self._size = group_size
        self.groups: dict[int, OpenGroup] = {}

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

    def cell_done(self, node: int, group: OpenGroup, row: int, now: float) -> list[Ready]:
        """Note that a cell has its value; gives what became ready. The row must not be dropped."""
        shape = self._shape
        offset = row - group.group.start
        states = group.states[node]
        if shape.full[node] or states[offset] not in (READY, IN_FLIGHT):
            raise RuntimeError(f"node {node}, row {row}: cannot be done as a cell, it is {CELL_STATES[states[offset]]}")
        states[offset] = DONE
        ready: list[Ready] = []
        for down in shape.cell_down[node]:
            missing = group.missing[down]
            missing[offset] -= 1
            if not missing[offset] and not group.gates[down]:
                group.states[down][offset] = READY
                group.ready_at[down][offset] = now
                ready.append(Ready(down, (row,)))
        for down in shape.full_down[node]:
            self._full_input(group, down, 1, now, ready)
        group.row_left[offset] -= 1
        if not group.row_left[offset] and not group.full_left:
            group.rows_done += 1
        return ready

    def full_done(self, node: int, group: OpenGroup, now: float) -> list[Ready]:
        """Note that a full-column task has its values; gives what became ready."""
        shape = self._shape
        states = group.states[node]
        if not shape.full[node] or states[0] not in (READY, IN_FLIGHT):
            raise RuntimeError(f"node {node}: cannot be done as a full column, it is {CELL_STATES[states[0]]}")
        states[0] = DONE
        ready: list[Ready] = []
        for down in shape.cell_down[node]:
            group.gates[down] -= 1
            if not group.gates[down]:
                self._ready_rows(group, down, now, ready)
        for down in shape.full_down[node]:
            self._full_input(group, down, 1, now, ready)
        group.full_left -= 1
        if not group.full_left:
            group.rows_done = len(group.done_rows()) if shape.cell_nodes else group.group.size - group.rows_dropped
        return ready

    def drop(self, node: int, group: OpenGroup, row: int, now: float) -> list[Ready]:
        """Give up a row because `node` failed; gives the full-column tasks that waited only for it.

        The row must not be dropped already, and not be done.
        """
        shape = self._shape
        offset = row - group.group.start
        if group.dropped[offset] or (not group.row_left[offset] and not group.full_left):
            raise RuntimeError(f"row {row} cannot be dropped: it has ended")
        group.dropped[offset] = 1
        group.rows_dropped += 1
        ready: list[Ready] = []
        for other, states in enumerate(group.states):
            if shape.full[other] or states[offset] == DONE:
                continue
            states[offset] = FAILED if other == node else DROPPED
            for down in shape.full_down[other]:
                self._full_input(group, down, 1, now, ready)
        if group.rows_dropped == group.group.size:
            for other, states in enumerate(group.states):
                if shape.full[other] and states[0] in (WAITING, READY):
                    states[0] = DROPPED
        return ready

    def fail_full(self, node: int, group: OpenGroup) -> None:
        """Note that a full-column task failed; its rows are dropped one by one with `drop`."""
        group.states[node][0] = FAILED

    def cell_states(self, group: OpenGroup, row: int) -> list[CellState]:
        """Give the state of each node for one row."""
        offset = row - group.group.start
        dropped = bool(group.dropped[offset])
        states: list[CellState] = []
        for full, node_states in zip(self._shape.full, group.states, strict=True):
            state = node_states[0 if full else offset]
            states.append("dropped" if dropped and state < DONE else CELL_STATES[state])
        return states

    def _full_input(self, group: OpenGroup, node: int, count: int, now: float, ready: list[Ready]) -> None:
        group.full_missing[node] -= count
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
