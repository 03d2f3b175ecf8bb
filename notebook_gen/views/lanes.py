"""Lanes: what stands beside what in a timeline. Slots, grouped by resource; rows; or columns, their attempts stacked.

Rules it keeps:
- two attempts in one lane never overlap, unless there are more than there is room for;
- a slot is always the same lane; a row or a column has as few lanes as its attempts need.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from notebook_gen.views.history import Columns, History

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

LaneKind = Literal["slots", "rows", "columns"]
"""What lanes are."""
LANE_KINDS: Final[tuple[LaneKind, ...]] = get_args(LaneKind)

ROW_PITCH: Final = 6.0
"""Pixels of a row, at least."""

_SUBLANE_PITCH = 4.5
_MOST_SUBLANES = 8
_MOST_COLUMN_LANES = 64
_FIRST_REACH = 4096
_TOUCHING = 2e-4  # seconds; single precision of a long wait


class LaneChoice(NamedTuple):
    """Which lanes a picture shows.

    Attributes:
        kind: what they are.
        room: pixels for rows; as many are shown as fit in.
        rows: which of them, the most important first; those that fit in are shown. None: the newest.
    """

    kind: LaneKind = "slots"
    room: float = 190.0
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lanes of a picture, from top to bottom, in groups.

    Attributes:
        kind: what they are.
        groups: what each group is: the index of a resource or a node, or the number of a row.
        counts: the lanes of each group, at least one.
        resource_of: the resource of each node, an index; -1 for a node that has none.
        shares: how many of a column's attempts one lane has room for; 1 wherever there are few.
    """

    kind: LaneKind
    groups: tuple[int, ...]
    counts: tuple[int, ...]
    resource_of: tuple[int, ...]
    shares: int = 1

    @property
    def total(self) -> int:
        """How many lanes there are."""
        return sum(self.counts)

    @property
    def first(self) -> tuple[int, ...]:
        """The first lane of each group."""
        return tuple(accumulate(self.counts, initial=0))[:-1]


def slot_lanes(history: History) -> Lanes:
    """Give a lane for each slot that was in use so far, resource by resource."""
    return Lanes("slots", tuple(range(len(history.slots))), history.slots, history.resource_of)


def column_lanes(history: History) -> Lanes:
    """Give each column that needs slots as many lanes as it had attempts in flight at the same time."""
    nodes = tuple(node for node, resource in enumerate(history.resource_of) if resource >= 0)
    peaks = [max(1, history.flows[node].peak) for node in nodes]
    shares = -(-sum(peaks) // max(_MOST_COLUMN_LANES, len(peaks)))
    return Lanes("columns", nodes, tuple(-(-peak // shares) for peak in peaks), history.resource_of, shares)


def place_slots(lanes: Lanes, part: Columns) -> "Array":
    """Give the lane of each attempt, where lanes are slots."""
    import numpy as np

    first = lanes.first
    of_node = np.array([first[resource] if resource >= 0 else 0 for resource in lanes.resource_of], np.int64)
    placed: Array = of_node[part["node"]] + part["slot"]
    return placed


def place_columns(lanes: Lanes, bars: Columns) -> "Array":
    """Give the lane of each attempt, where lanes are columns."""
    import numpy as np

    ends = bars["started"] + bars["seconds"]
    placed = np.zeros(len(ends), np.int64)
    for first, count, node in zip(lanes.first, lanes.counts, lanes.groups, strict=True):
        own = np.nonzero(bars["node"] == node)[0]
        stacked = _stack(bars["started"][own].tolist(), ends[own].tolist())
        placed[own] = [first + min(lane // lanes.shares, count - 1) for lane in stacked]
    return placed


def place_rows(rows: Sequence[int], bars: Columns, room: float, resource_of: tuple[int, ...]) -> tuple[Lanes, "Array"]:
    """Give rows lanes of their own, and each attempt its lane; -1 for rows that there is no room for.

    Args:
        rows: the rows, the most important first.
        bars: their attempts, which stand beside each other where they overlap, from when they were ready on.
        room: pixels for all lanes.
        resource_of: the resource of each node.
    """
    import numpy as np

    begins, ends = bars["started"] - bars["waited"], bars["started"] + bars["seconds"]
    stacked = np.zeros(len(ends), np.int64)
    counts = dict.fromkeys(rows, 1)
    for row in rows:
        own = np.nonzero(bars["row"] == row)[0]
        own = own[np.argsort(begins[own], kind="stable")]
        stacked[own] = np.minimum(_stack(begins[own].tolist(), ends[own].tolist()), _MOST_SUBLANES - 1)
        counts[row] = int(stacked[own].max(initial=0)) + 1
    fitting = max(1, int(room / _row_pitch(max(counts.values(), default=1))))
    shown = sorted(rows[:fitting])
    lanes = Lanes("rows", tuple(shown), tuple(counts[row] for row in shown), resource_of)
    first_of = dict(zip(shown, lanes.first, strict=True))
    first = np.array([first_of.get(row, -1) for row in bars["row"].tolist()], np.int64)
    return lanes, np.where(first < 0, -1, first + stacked)


def _row_pitch(count: int) -> float:
    """Pixels of a row in which so many attempts stand beside each other."""
    return max(ROW_PITCH, _SUBLANE_PITCH * count + 1)


def room_for_rows(lanes: Lanes, rows: int) -> float:
    """Give the pixels that so many rows need, if they are like those of a picture."""
    return rows * _row_pitch(max(lanes.counts, default=1))


def most_rows(room: float) -> int:
    """Give how many rows there are at most in so many pixels."""
    return max(1, int(room / ROW_PITCH))


def newest_rows(rows: "Array", room: float) -> list[int]:
    """Give the rows that there is room for, those first that began something last.

    Args:
        rows: the row of each attempt, in the order they began; -1 where it was a whole row group.
        room: pixels for all of them.
    """
    import numpy as np

    most, reach = most_rows(room), _FIRST_REACH
    while True:
        newest = rows[max(0, len(rows) - reach) :][::-1]
        numbers, places = np.unique(newest[newest >= 0], return_index=True)
        if len(numbers) >= most or reach >= len(rows):
            break
        reach *= 4
    by_age: list[int] = numbers[np.argsort(places)].tolist()
    return by_age[:most]


def rows_in_full(rows: Sequence[int], rows_of_bars: "Array", most: int) -> list[int]:
    """Give the first of some rows, one at least, as many as there may be bars for.

    Args:
        rows: the rows.
        rows_of_bars: the row of each bar that they have, all of them together.
        most: bars, at most.
    """
    import numpy as np

    counts = np.bincount(rows_of_bars, minlength=max(rows) + 1)[list(rows)]
    return list(rows[: max(1, int(np.cumsum(counts).searchsorted(most, side="right")))])


def _stack(begins: Sequence[float], ends: Sequence[float]) -> list[int]:
    """The lowest lane that is free for each stretch of time, in the order they begin."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    placed = []
    for begin, end in zip(begins, ends, strict=True):
        while busy and busy[0][0] <= begin + _TOUCHING:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (end, lane))
        placed.append(lane)
    return placed
