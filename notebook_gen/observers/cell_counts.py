"""StretchCounts: how many cells are in which state, in stretches of rows of one length."""

from array import array
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final, Literal, NamedTuple

from notebook_gen.engine.open_group import WAITING
from notebook_gen.engine.snapshots import CELL_STATES

Code = Literal["H", "I"]

SHOWN_STATES: Final = (*CELL_STATES, "kept")
"""The states of cells that can be told apart: those of the engine, and done since an earlier run."""

KEPT: Final = len(CELL_STATES)
"""The index of "kept"."""

_STATES: Final = len(SHOWN_STATES)


class CellCounts(NamedTuple):
    """How many cells are in which state.

    Attributes:
        width: rows of a bin.
        bins: how many there are. The last may hold fewer rows, and any where a column took rows away.
        counts: for each node, a count for each bin and state: bin 0's counts in the order of `SHOWN_STATES` first.
        first: the row that bin 0 begins with.
    """

    width: int
    bins: int
    counts: Sequence["array[int]"]
    first: int = 0


class StretchCounts:
    """Counts cells in stretches of rows, from some row on.

    Args:
        nodes: how many nodes there are.
        width: rows of a stretch.
        code: what an array keeps a count in.
        first: the row that the first stretch begins with, a multiple of `width`.
    """

    def __init__(self, nodes: int, width: int, code: Code, first: int = 0) -> None:
        self.width = width
        self._code: Code = code
        self._first = first
        self._counts = [array(code) for _ in range(nodes)]

    @property
    def bins(self) -> int:
        """How many stretches there are."""
        return len(self._counts[0]) // _STATES if self._counts else 0

    def make_room(self, end: int) -> None:
        """Make the stretches reach as far as the row before `end`."""
        size = -(-(end - self._first) // self.width) * _STATES
        for of_node in self._counts:
            of_node.frombytes(bytes(of_node.itemsize * max(0, size - len(of_node))))

    def widen(self) -> None:
        """Make two stretches one."""
        self.width *= 2
        self._counts = [_merged(of_node) for of_node in self._counts]

    def between(self, first: int, end: int) -> "StretchCounts":
        """Copy the stretches that hold these rows, with room for all of them."""
        begin = first // self.width
        copy = StretchCounts(0, self.width, self._code, begin * self.width)
        stretches = slice(begin * _STATES, -(-end // self.width) * _STATES)
        copy._counts = [of_node[stretches] for of_node in self._counts]
        copy.make_room(end)
        return copy

    def told(self) -> CellCounts:
        """Give what was counted; not to be added to any more."""
        return CellCounts(self.width, self.bins, self._counts, self._first)

    def add(self, node: int, start: int, states: bytes | bytearray) -> None:
        """Add the cells of one node and of the rows from `start` on, as far as there are stretches for them."""
        counts, width, start = self._counts[node], self.width, start - self._first
        begin, size = max(0, -start), min(len(states), self.bins * width - start)
        if width == 1:
            for at, state in enumerate(states[begin:size], start + begin):
                counts[at * _STATES + state] += 1
            return
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

    def add_waiting(self, rows: range) -> None:
        """Add rows of which every cell waits, as far as there are stretches for them."""
        import numpy as np

        width = self.width
        start, stop = max(0, rows.start - self._first), min(rows.stop - self._first, self.bins * width)
        if start >= stop:
            return
        begin, end = start // width, -(-stop // width)
        edges = np.arange(begin, end + 1) * width
        waiting = (np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start)).astype(self._code)
        for of_node in self._counts:
            np.frombuffer(of_node, dtype=self._code).reshape(-1, _STATES)[begin:end, WAITING] += waiting


def _merged(counts: "array[int]") -> "array[int]":
    """Every two stretches as one."""
    merged = array("I")
    for at in range(0, len(counts), 2 * _STATES):
        first, second = counts[at : at + _STATES], counts[at + _STATES : at + 2 * _STATES]
        merged.extend(map(sum, zip_longest(first, second, fillvalue=0)))
    return merged
