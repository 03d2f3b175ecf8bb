"""Cells: the state of every cell of a run, counted in stretches of rows, so that it stays small however long the run.

Open row groups are looked at where the engine keeps them. Of a row group that is written, counts stay: of each node and
stretch of rows, how many cells have ended in which state; a run of up to `MOST_BINS` rows has stretches of one row.
For who looks at a part of the run, the states of its cells stay, too, packed: most are alike, so that a thousand rows
of a dozen columns take some hundred bytes. Of a long run, counts stay also in stretches of several lengths, so that no
part is so long that looking at it takes more than some thousand of them.
"""

import zlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

from notebook_gen.engine.open_group import DONE, DROPPED, WAITING, OpenGroup
from notebook_gen.events import (
    CellsKept,
    Event,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RowGroupResized,
    RowGroupWritten,
    RunFinished,
)
from notebook_gen.observers.cell_counts import KEPT, CellCounts, Code, StretchCounts
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup

MOST_BINS: Final = 400
"""Stretches of rows, at most."""

_SHORTEST: Final = 64  # rows of a stretch that is kept beside the states of its cells
_LONGER: Final = 4  # times as long as the next shorter ones
# what has not ended when its row group is written, or the run is over, never will
_AT_THE_END: Final = bytes(state if state >= DONE else WAITING for state in range(256))

# what becomes of the cells of a row when a processor drops it
_OF_DROPPED: Final = bytes(DROPPED if state in (DONE, KEPT) else state for state in range(256))


class GroupStates(NamedTuple):
    """The states of all cells of one row group.

    Attributes:
        start: its first row.
        size: its rows.
        data: a byte a cell, node after node.
        is_packed: whether the data is compressed.
    """

    start: int
    size: int
    data: bytes
    is_packed: bool

    @property
    def states(self) -> bytes:
        """The index of each cell's state in `SHOWN_STATES`, node after node."""
        return zlib.decompress(self.data) if self.is_packed else self.data

    def unpacked(self) -> "GroupStates":
        """Give the same with data that can be read at once."""
        return self._replace(data=self.states, is_packed=False)


class StatesOfRows(NamedTuple):
    """The states of the cells in a stretch of rows.

    Attributes:
        nodes: how many nodes there are.
        first, end: from which row to which.
        groups: the row groups that lie in it, or reach into it, in order.
        waiting: rows of the run that are not begun.
    """

    nodes: int
    first: int
    end: int
    groups: Sequence[GroupStates]
    waiting: Sequence[range]

    def groups_between(self, first: int, end: int) -> Sequence[GroupStates]:
        """Give the row groups of some of these rows."""
        begin = max(0, bisect_right(self.groups, first, key=_start) - 1)  # the one before may reach into the first row
        return self.groups[begin : bisect_left(self.groups, end, key=_start)]


class Cells:
    """Counts the cells of one run; belongs to the run's thread.

    Args:
        graph: what makes what.
        rows: rows asked for.
        open_group: gives an open row group by its number; None if it is not open.
    """

    KINDS: ClassVar = (
        RowGroupOpened,
        RowGroupResized,
        RowGroupKept,
        RowGroupWritten,
        CellsKept,
        RowDropped,
        RunFinished,
    )

    def __init__(self, graph: ExecutionGraph, rows: int, open_group: Callable[[int], OpenGroup | None]) -> None:
        self._full_column = [node.full_column for node in graph.nodes]
        self._with_slots = [node.index for node in graph.nodes if node.resource is not None]
        self._open_group = open_group
        self._open: dict[int, OpenGroup] = {}
        self._kept: dict[int, dict[int, bytearray]] = {}  # 1 for a kept cell, by open row group and node
        self._filtered: dict[int, bytearray] = {}  # 1 for a row that a processor dropped, by open row group
        self._asked = self._end = rows
        self._opened_end = 0
        self._passed: list[range] = []  # rows that are not begun, before others that are
        nodes = len(graph.nodes)
        self._whole = StretchCounts(nodes, max(1, -(-rows // MOST_BINS)), "I")
        self._shorter = [StretchCounts(nodes, width, _code(width)) for width in _widths(rows)]
        self._settled: list[GroupStates] = []
        self._cut_off: list[tuple[int, float]] = []  # of each cell that was ready at the end: its node, and since when
        self._make_room(rows)

    def __call__(self, event: Event) -> None:
        """Fold one event, of one of `KINDS`."""
        if type(event) is RowGroupOpened or type(event) is RowGroupResized:
            # of rows that have moved, nobody tells which were kept; those that were dropped are gone
            self._forget(event.row_group.number)
            self._hold(event.row_group)
        elif type(event) is CellsKept:
            self._mark(event)
        elif type(event) is RowDropped:
            self._filter(event)
        elif type(event) is RowGroupKept:
            self._take_over(event)
        elif type(event) is RowGroupWritten:
            self._settle(event.row_group.number)
        elif type(event) is RunFinished:
            for number in [*self._open]:
                self._settle(number)

    def waiting_since(self) -> dict[int, list[float]]:
        """Give, by node, since when each of its tasks that is ready waits for a slot; nodes that need none left out.

        What the end of the run has cut off waits for ever.
        """
        waiting: dict[int, list[float]] = {node: [] for node in self._with_slots}
        for node, at in self._cut_off:
            waiting[node].append(at)
        for group in self._open.values():
            for node, since in waiting.items():
                since.extend(group.waiting_since(node))
        return waiting

    def count(self) -> CellCounts:
        """Count all cells as they stand."""
        return self._told(self._whole, 0, self._end)

    def count_between(self, first: int, end: int, width: int) -> CellCounts | None:
        """Count the cells of some rows as they stand, and of some beside them.

        Args:
            first: from which row on.
            end: up to which.
            width: rows of a bin that are wanted.

        Returns:
            Bins of at most as many rows; None where only states are fine enough: see `between`.
        """
        for kept in reversed(self._shorter):
            # of bins half as long, little is lost when several of them are made one
            if 2 * kept.width <= width or kept.width == _SHORTEST <= width:
                return self._told(kept, first, end)
        return None

    def between(self, first: int, end: int) -> StatesOfRows:
        """Give the states of the cells of the rows from one up to another."""
        nodes = len(self._full_column)
        settled = StatesOfRows(nodes, first, end, self._settled, self._waiting())
        groups = list(settled.groups_between(first, end))
        for group in self._open_between(first, end):
            states = b"".join(self._states(group, node) for node in range(nodes))
            groups.append(GroupStates(group.group.start, group.group.size, states, is_packed=False))
        return settled._replace(groups=sorted(groups, key=_start))

    def group_from(self, start: int) -> GroupStates | None:
        """Give the states of the cells of a row group that is not open any more, by its first row; None without one."""
        at = bisect_left(self._settled, start, key=_start)
        return self._settled[at] if at < len(self._settled) and self._settled[at].start == start else None

    def _told(self, kept: StretchCounts, first: int, end: int) -> CellCounts:
        """What is kept of some rows, with those that have not ended."""
        counts = kept.between(first, end)
        for group in self._open_between(first, end):
            for node in range(len(self._full_column)):
                counts.add(node, group.group.start, self._states(group, node))
        for rows in self._waiting():
            counts.add_waiting(rows)
        return counts.told()

    def _open_between(self, first: int, end: int) -> Iterator[OpenGroup]:
        for group in self._open.values():
            if group.group.start < end and group.group.start + group.group.size > first:
                yield group

    def _waiting(self) -> list[range]:
        """The rows that are not begun."""
        return [*self._passed, range(self._opened_end, self._asked)]

    def _hold(self, row_group: RowGroup) -> None:
        """Keep a row group in sight: when its writing is told, the engine has let go of it."""
        group = self._open_group(row_group.number)
        if group is None:
            return
        if row_group.number not in self._open:
            self._reach(row_group)
        self._open[row_group.number] = group
        self._make_room(row_group.start + row_group.size)

    def _take_over(self, kept: RowGroupKept) -> None:
        """Count a row group that an earlier run finished."""
        start = kept.row_group.start
        states = bytearray([DROPPED]) * kept.row_group.size
        for row in kept.rows:
            states[row - start] = KEPT
        self._reach(kept.row_group._replace(size=kept.planned))
        self._make_room(start + kept.row_group.size)
        self._count_for_good(kept.row_group, [states] * len(self._full_column))

    def _mark(self, event: CellsKept) -> None:
        """Note which cells of an open row group an earlier run made."""
        group = self._open.get(event.row_group)
        if group is None:
            return
        start, size = group.group.start, group.group.size
        kept = self._kept.setdefault(event.row_group, {}).setdefault(event.node, bytearray(size))
        for row in group.group.rows if self._full_column[event.node] else event.which:
            kept[row - start] = 1

    def _filter(self, event: RowDropped) -> None:
        """Note a row that a processor dropped: where a cell of it had failed, the row's states tell already."""
        group = self._open.get(event.row_group)
        if group is None or event.node is not None:
            return
        filtered = self._filtered.setdefault(event.row_group, bytearray(group.group.size))
        filtered[event.row - group.group.start] = 1

    def _forget(self, number: int) -> None:
        """Let go of what is known of the rows of an open row group."""
        self._kept.pop(number, None)
        self._filtered.pop(number, None)

    def _reach(self, row_group: RowGroup) -> None:
        """Note that a row group is begun: it lies behind all others, or among rows that were passed over."""
        start, end = row_group.start, row_group.start + row_group.size
        if start >= self._opened_end:
            if start > self._opened_end:
                self._passed.append(range(self._opened_end, start))
            self._opened_end = end
            return
        parts = [
            part
            for rows in self._passed
            for part in (range(rows.start, min(rows.stop, start)), range(max(rows.start, end), rows.stop))
        ]
        self._passed = [part for part in parts if part]

    def _settle(self, number: int) -> None:
        """Count a row group for good."""
        group = self._open.pop(number, None)
        if group is not None:
            states = [self._states(group, node).translate(_AT_THE_END) for node in range(len(self._full_column))]
            self._cut_off += [(node, at) for node in self._with_slots for at in group.waiting_since(node)]
            self._count_for_good(group.group, states)
        self._forget(number)

    def _count_for_good(self, row_group: RowGroup, states: Sequence[bytes | bytearray]) -> None:
        for kept in (self._whole, *self._shorter):
            kept.make_room(row_group.start + row_group.size)
            for node, of_node in enumerate(states):
                kept.add(node, row_group.start, of_node)
        packed = zlib.compress(b"".join(states), 1)
        insort(self._settled, GroupStates(row_group.start, row_group.size, packed, is_packed=True), key=_start)

    def _states(self, group: OpenGroup, node: int) -> bytes | bytearray:
        """The state of one node in each row of a row group."""
        states = self._made_states(group, node)
        filtered = self._filtered.get(group.group.number)
        if filtered is None or len(filtered) != len(states):
            return states
        import numpy as np

        is_filtered = np.frombuffer(filtered, dtype=bool)
        of_dropped = np.frombuffer(states.translate(_OF_DROPPED), dtype=np.uint8)
        return np.where(is_filtered, of_dropped, np.frombuffer(states, dtype=np.uint8)).tobytes()

    def _made_states(self, group: OpenGroup, node: int) -> bytes | bytearray:
        """The same, whatever processors dropped of what was made."""
        states = self._engine_states(group, node)
        kept = self._kept.get(group.group.number, {}).get(node)
        if kept is None or len(kept) != len(states):
            return states
        return bytes(KEPT if is_kept and state == DONE else state for state, is_kept in zip(states, kept, strict=True))

    def _engine_states(self, group: OpenGroup, node: int) -> bytes | bytearray:
        """The same as `CompletionTracker.cell_states` has it."""
        states = group.states[node]
        if not self._full_column[node]:
            return states
        state = states[0]
        if state >= DONE and node in group.left_out:
            return bytes(left_out or state for left_out in group.left_out[node])
        if state < DONE and group.rows_dropped:
            return bytes(DROPPED if is_dropped else state for is_dropped in group.dropped)
        return bytes((state,)) * group.group.size

    def _make_room(self, end: int) -> None:
        """Make the bins reach as far as the rows: a column may have made more of them than were asked for."""
        self._end = max(self._end, end)
        while self._end > MOST_BINS * self._whole.width:
            self._whole.widen()
        self._whole.make_room(self._end)


def _start(group: GroupStates) -> int:
    return group.start


def _widths(rows: int) -> Iterator[int]:
    """The lengths of stretches that are kept of so many rows, as long as they are many."""
    width = _SHORTEST
    while width * MOST_BINS <= rows:
        yield width
        width *= _LONGER


def _code(width: int) -> Code:
    """What holds a count of so many rows, many times over: those that a column made lie beside the next row groups'."""
    return "H" if width < 1 << 10 else "I"
