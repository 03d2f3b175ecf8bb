"""Cells: the state of every cell of a run, counted in stretches of rows, so that it stays small however long the run.

Open row groups are looked at where the engine keeps them. Of a row group that is written, only counts stay: of each
node and stretch of rows, how many cells have ended in which state. A run of up to `MOST_BINS` rows has stretches of
one row: there, nothing is lost.
"""

from array import array
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from notebook_gen.engine.open_group import DONE, DROPPED, WAITING, OpenGroup
from notebook_gen.engine.snapshots import CELL_STATES
from notebook_gen.events import Event, RowGroupOpened, RowGroupResized, RowGroupWritten, RunFinished
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup

MOST_BINS: Final = 400
"""Stretches of rows, at most."""

_STATES: Final = len(CELL_STATES)
# what has not ended when its row group is written, or the run is over, never will
_AT_THE_END: Final = bytes(state if state >= DONE else WAITING for state in range(256))


class CellCounts(NamedTuple):
    """How many cells are in which state.

    Attributes:
        width: rows of a bin; bin 0 begins with row 0.
        bins: how many there are. The last may hold fewer rows, and any where a column took rows away.
        counts: for each node, a count for each bin and state: bin 0's counts in the order of `CELL_STATES` first.
    """

    width: int
    bins: int
    counts: Sequence["array[int]"]


class Cells:
    """Counts the cells of one run; belongs to the run's thread.

    Args:
        graph: what makes what.
        rows: rows asked for.
        open_group: gives an open row group by its number; None if it is not open.
    """

    def __init__(self, graph: ExecutionGraph, rows: int, open_group: Callable[[int], OpenGroup | None]) -> None:
        self._full_column = [node.full_column for node in graph.nodes]
        self._open_group = open_group
        self._open: dict[int, OpenGroup] = {}
        self._asked = self._end = rows
        self._opened_end = 0
        self._width = max(1, -(-rows // MOST_BINS))
        self._ended = [array("I") for _ in graph.nodes]
        self._make_room(rows)

    def __call__(self, event: Event) -> None:
        """Fold one event."""
        if type(event) is RowGroupOpened or type(event) is RowGroupResized:
            self._hold(event.row_group)
        elif type(event) is RowGroupWritten:
            self._settle(event.row_group.number)
        elif type(event) is RunFinished:
            for number in [*self._open]:
                self._settle(number)

    def count(self) -> CellCounts:
        """Count all cells as they stand."""
        counts = [array("I", ended) for ended in self._ended]
        for group in self._open.values():
            for node, of_node in enumerate(counts):
                self._add(of_node, group.group.start, self._states(group, node))
        width, begin = self._width, self._opened_end
        for at in range(begin // width, -(-self._asked // width)):
            waiting = min((at + 1) * width, self._asked) - max(at * width, begin)
            for of_node in counts:
                of_node[at * _STATES + WAITING] += max(0, waiting)
        return CellCounts(width, len(counts[0]) // _STATES if counts else 0, counts)

    def _hold(self, row_group: RowGroup) -> None:
        """Keep a row group in sight: when its writing is told, the engine has let go of it."""
        group = self._open_group(row_group.number)
        if group is None:
            return
        if row_group.number not in self._open:
            self._opened_end = max(self._opened_end, row_group.start + row_group.size)
        self._open[row_group.number] = group
        self._make_room(row_group.start + row_group.size)

    def _settle(self, number: int) -> None:
        """Count a row group for good."""
        group = self._open.pop(number, None)
        if group is not None:
            for node, of_node in enumerate(self._ended):
                self._add(of_node, group.group.start, self._states(group, node).translate(_AT_THE_END))

    def _states(self, group: OpenGroup, node: int) -> bytes | bytearray:
        """The state of one node in each row of a row group, as `CompletionTracker.cell_states` has it."""
        states = group.states[node]
        if not self._full_column[node]:
            return states
        state = states[0]
        if state >= DONE and node in group.left_out:
            return bytes(left_out or state for left_out in group.left_out[node])
        if state < DONE and group.rows_dropped:
            return bytes(DROPPED if is_dropped else state for is_dropped in group.dropped)
        return bytes((state,)) * group.group.size

    def _add(self, counts: "array[int]", start: int, states: bytes | bytearray) -> None:
        """Add the cells of one node and of the rows from `start` on."""
        width, size = self._width, len(states)
        if width == 1:
            for at, state in enumerate(states, start):
                counts[at * _STATES + state] += 1
            return
        begin = 0
        while begin < size:
            at = (start + begin) // width
            end = min(size, (at + 1) * width - start)
            state, at = states[begin], at * _STATES
            same = states.count(state, begin, end)
            counts[at + state] += same
            if same < end - begin:
                for other in range(_STATES):
                    if other != state:
                        counts[at + other] += states.count(other, begin, end)
            begin = end

    def _make_room(self, end: int) -> None:
        """Make the bins reach as far as the rows: a column may have made more of them than were asked for."""
        self._end = max(self._end, end)
        while self._end > MOST_BINS * self._width:
            self._width *= 2
            self._ended = [_merged(of_node) for of_node in self._ended]
        for of_node in self._ended:
            of_node.extend([0] * (-(-self._end // self._width) * _STATES - len(of_node)))


def _merged(counts: "array[int]") -> "array[int]":
    """Every two bins as one."""
    merged = array("I")
    for at in range(0, len(counts), 2 * _STATES):
        first, second = counts[at : at + _STATES], counts[at + _STATES : at + 2 * _STATES]
        merged.extend(map(sum, zip_longest(first, second, fillvalue=0)))
    return merged
