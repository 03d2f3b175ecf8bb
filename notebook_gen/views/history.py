"""History: a view's own copy of a trace, brought up to date a little at a time, and where its bars stand.

It holds the attempts that had a slot, in the order they began; what was made in place has no lane.
An update may be cut short by a KeyboardInterrupt, as a view is also kept up to date by the thread that waits for the
run: until its last assignment it changes nothing that is looked at, and the next one makes up for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notebook_gen.observers.trace import IN_FLIGHT, IN_PLACE_SLOT, Trace
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Columns = dict[str, "np.ndarray[Any, Any]"]
Look = tuple[Columns, Columns]
"""What a trace has of the attempts that were in flight, and of those that are new."""

_TYPES: Final = {
    "line": "u4",
    "node": "u2",
    "slot": "u2",
    "state": "u1",
    "started": "f8",
    "seconds": "f8",
    "waited": "f4",
    "row": "i4",
    "tokens_in": "u4",
    "tokens_out": "u4",
}
_FIRST_ROOM: Final = 1024


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where slots stand: the lanes of a resource lie together, in the order of `ExecutionGraph.resources`.

    Attributes:
        first: the first lane of each resource.
        counts: its lanes: slots that were in use, at least one.
        resource_of: the resource of each node, an index; -1 for a node that has none.
    """

    first: tuple[int, ...]
    counts: tuple[int, ...]
    resource_of: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many lanes there are."""
        return sum(self.counts)


class History:
    """The attempts of a trace that had a slot.

    Columns: `line` (of the trace), `node`, `slot`, `state`, `started`, `seconds` (NaN while in flight), `waited`
    (seconds from ready to started), `row`, `tokens_in`, `tokens_out`.
    """

    def __init__(self, graph: ExecutionGraph) -> None:
        import numpy as np

        self.graph = graph
        self._columns: Columns = {name: np.empty(_FIRST_ROOM, code) for name, code in _TYPES.items()}
        numbers = {name: number for number, name in enumerate(graph.resources)}
        self._resource_of = tuple(numbers.get(node.resource or "", -1) for node in graph.nodes)
        self._extent = _Extent(0, 0, np.empty(0, np.intp), (1,) * len(graph.resources), 0)

    def __len__(self) -> int:
        return self._extent.length

    @property
    def columns(self) -> Columns:
        """All columns, as views that are valid until the next update."""
        return {name: column[: self._extent.length] for name, column in self._columns.items()}

    @property
    def changes(self) -> int:
        """How many updates have changed anything."""
        return self._extent.changes

    @property
    def latest(self) -> float:
        """The latest moment that anything is known of; 0 if nothing is."""
        import numpy as np

        if not len(self):
            return 0.0
        columns = self.columns
        ends = np.nan_to_num(columns["started"] + columns["seconds"])
        return max(float(ends.max()), float(columns["started"][-1]))

    @property
    def lanes(self) -> Lanes:
        """The lanes in use so far."""
        counts = self._extent.slots
        first = tuple(sum(counts[:number]) for number in range(len(counts)))
        return Lanes(first, counts, self._resource_of)

    def update(self, trace: Trace, read: Callable[[Callable[[], Look]], Look] | None = None) -> None:
        """Take over what is new.

        Args:
            trace: where from, always the same one.
            read: calls a function where the trace does not change meanwhile; None: the trace may grow meanwhile.
        """
        extent = self._extent
        open_lines = self._columns["line"][extent.open].tolist()

        def look() -> Look:
            return trace.lines(open_lines), trace.columns(extent.seen)

        known, new = look() if read is None else read(look)
        self._extent = self._extend(extent, self._write_ended(extent.open, known), _equally_long(new))

    def _write_ended(self, open_before: "Array", known: Columns) -> "Array":
        """Write down what has ended; gives the positions of what is still in flight."""
        over = known["state"] != IN_FLIGHT
        positions = open_before[over]
        columns = self._columns
        columns["state"][positions] = known["state"][over]
        columns["seconds"][positions] = (known["ended"] - known["started"])[over]
        columns["tokens_in"][positions] = known["tokens_in"][over]
        columns["tokens_out"][positions] = known["tokens_out"][over]
        still_open: Array = open_before[~over]
        return still_open

    def _extend(self, extent: "_Extent", still_open: "Array", new: Columns) -> "_Extent":
        """Write down what is new; gives how far it all reaches then."""
        import numpy as np

        has_slot = new["slot"] != IN_PLACE_SLOT
        added = {name: values[has_slot] for name, values in new.items()}
        added["line"] = extent.seen + np.nonzero(has_slot)[0]
        added["seconds"] = added["ended"] - added["started"]
        added["waited"] = added["started"] - added["ready"]
        count = extent.length + len(added["line"])
        self._make_room(count)
        for name, column in self._columns.items():
            column[extent.length : count] = added[name]
        opened = extent.length + np.nonzero(added["state"] == IN_FLIGHT)[0]
        return _Extent(
            seen=extent.seen + len(has_slot),
            length=count,
            open=np.concatenate((still_open, opened)),
            slots=self._count_slots(extent.slots, added["node"], added["slot"]),
            changes=extent.changes + (count > extent.length or len(still_open) < len(extent.open)),
        )

    def _make_room(self, count: int) -> None:
        import numpy as np

        room = len(self._columns["line"])
        if count <= room:
            return
        while room < count:
            room *= 2
        grown = {name: np.empty(room, column.dtype) for name, column in self._columns.items()}
        for name, column in self._columns.items():
            grown[name][: len(column)] = column
        self._columns = grown

    def _count_slots(self, known: Sequence[int], nodes: "Array", slots: "Array") -> tuple[int, ...]:
        """The slots of each resource that were in use, as known before and seen now."""
        import numpy as np

        highest = np.full(len(self.graph.nodes), -1, np.int64)
        np.maximum.at(highest, nodes, slots)
        counts = list(known)
        for resource, slot in zip(self._resource_of, highest.tolist(), strict=True):
            if resource >= 0:
                counts[resource] = max(counts[resource], slot + 1)
        return tuple(counts)


class _Extent(NamedTuple):
    """How far a history reaches; replaced as a whole.

    Attributes:
        seen: lines of the trace that were looked at.
        length: attempts in the columns.
        open: the positions of those in flight.
        slots: of each resource, those that were in use, at least one.
        changes: how many updates have changed anything.
    """

    seen: int
    length: int
    open: "Array"
    slots: tuple[int, ...]
    changes: int


def _equally_long(columns: Columns) -> Columns:
    """What all columns have: a trace that grows while it is copied gives the later ones some lines more."""
    count = min(map(len, columns.values()))
    return {name: column[:count] for name, column in columns.items()}
