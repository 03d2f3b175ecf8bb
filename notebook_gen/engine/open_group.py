"""OpenGroup: the state of every cell of one open row group, as flat arrays."""

from array import array
from collections import deque
from collections.abc import Sequence
from typing import Final

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup

WAITING: Final = 0
READY: Final = 1
IN_FLIGHT: Final = 2
DEFERRED: Final = 3
DONE: Final = 4
SKIPPED: Final = 5
FAILED: Final = 6
DROPPED: Final = 7


class OpenGroup:
    """The counts of one open row group.

    Attributes:
        states: for each node, a state a row; of a full-column node, one for the whole group.
        ready_at: for each node, when each cell became ready, in seconds since the run began.
        left_out: for full-column nodes that leave out some rows, what these are there: `SKIPPED`, `FAILED` or, if they
            were dropped before, `DROPPED`; else 0.
        dropped: 1 for a dropped row.
        rows_done: rows with all their cells.
        rows_dropped: rows given up.
        in_flight: tasks with a slot and orders under way, also of dropped rows.
        newest: the highest row that was started; -1 before the first.
    """

    __slots__ = (
        "dropped",
        "full_left",
        "full_missing",
        "gates",
        "group",
        "in_flight",
        "left_out",
        "missing",
        "newest",
        "ready_at",
        "row_left",
        "rows_done",
        "rows_dropped",
        "states",
    )

    def __init__(self, group: RowGroup, shape: "Shape") -> None:
        size = group.size
        lengths = [1 if full else size for full in shape.full]
        self.group = group
        self.states = [bytearray(length) for length in lengths]
        self.ready_at = [array("d", bytes(8 * length)) for length in lengths]
        self.missing = [array("H", [count]) * size for count in shape.cell_upstream]
        self.gates = list(shape.full_upstream)
        self.full_missing = [
            cells * size + fulls if full else 0
            for full, cells, fulls in zip(shape.full, shape.cell_upstream, shape.full_upstream, strict=True)
        ]
        self.row_left = array("H", [shape.cell_nodes]) * size
        self.full_left = len(shape.full) - shape.cell_nodes
        self.left_out: dict[int, bytearray] = {}
        self.dropped = bytearray(size)
        self.rows_done = 0
        self.rows_dropped = 0
        self.in_flight = 0
        self.newest = -1

    @property
    def live_count(self) -> int:
        """Rows that are not dropped."""
        return self.group.size - self.rows_dropped

    @property
    def is_whole(self) -> bool:
        """Whether each row has ended."""
        return self.rows_done + self.rows_dropped == self.group.size

    @property
    def is_closed(self) -> bool:
        """Whether each row has ended and nothing is in flight."""
        return self.rows_done + self.rows_dropped == self.group.size and not self.in_flight

    def live_rows(self) -> Sequence[int]:
        """Give the rows that are not dropped."""
        if not self.rows_dropped:
            return self.group.rows
        return [row for row in self.group.rows if not self.dropped[row - self.group.start]]

    def waiting_since(self, node: int) -> list[float]:
        """Give since when each cell of a node that is ready waits, in seconds since the run began."""
        states = self.states[node]
        if READY not in states:
            return []
        return [at for at, state in zip(self.ready_at[node], states, strict=True) if state == READY]

    def rows_of(self, node: int) -> Sequence[int]:
        """Give the rows that a full-column node has to make: neither dropped nor left out."""
        rows, left_out = self.live_rows(), self.left_out.get(node)
        return rows if left_out is None else [row for row in rows if not left_out[row - self.group.start]]

    def resized_offsets(self, node: int, sources: Sequence[int]) -> Sequence[int]:
        """Give, of each row that a full-column node leaves, which of the rows before it is a copy of, by its offset.

        Rows that it does not make stay, each before the first that is made of one behind it.

        Args:
            node: the node.
            sources: for each row that it makes, the position of the one it came from, among those of `rows_of`.
        """
        given = self.rows_of(node)
        made = frozenset(given)
        stays = deque(row - self.group.start for row in self.live_rows() if row not in made)
        offsets: list[int] = []
        for source in sources:
            offset = given[source] - self.group.start
            while stays and stays[0] < offset:
                offsets.append(stays.popleft())
            offsets.append(offset)
        return [*offsets, *stays]

    def done_rows(self) -> Sequence[int]:
        """Give the rows that have all their cells."""
        if self.rows_done == self.group.size:
            return self.group.rows
        if self.full_left:
            return []
        start = self.group.start
        return [row for row in self.group.rows if not self.row_left[row - start] and not self.dropped[row - start]]


class Shape:
    """What the tracker needs of a graph, as plain lists by node; the gate, if there is one, is the last."""

    def __init__(self, graph: ExecutionGraph, *, has_gate: bool) -> None:
        nodes = graph.nodes
        upstream = [set(node.upstream) for node in nodes]
        self.full = [node.full_column for node in nodes]
        if has_gate:
            gate = len(nodes)
            for others in upstream:
                if others:
                    others.add(gate)
            upstream.append({index for index, others in enumerate(upstream) if not others})
            self.full.append(True)
        downstream = [[d for d, others in enumerate(upstream) if index in others] for index in range(len(upstream))]
        self.cell_nodes = self.full.count(False)
        self.cell_upstream = [sum(not self.full[up] for up in others) for others in upstream]
        self.full_upstream = [sum(self.full[up] for up in others) for others in upstream]
        self.cell_down = [tuple(d for d in others if not self.full[d]) for others in downstream]
        self.full_down = [tuple(d for d in others if self.full[d]) for others in downstream]
