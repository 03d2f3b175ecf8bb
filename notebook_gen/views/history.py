"""History: a view's own copy of a trace, brought up to date a little at a time, and where its bars stand.

It holds the attempts that had a slot, in the order they began; what was made in place has no lane.
An update may be cut short by a KeyboardInterrupt, as a view is also kept up to date by the thread that waits for the
run: until its last assignment it changes nothing that is looked at, and the next one makes up for it.
"""

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notebook_gen.observers.trace import IN_FLIGHT, IN_PLACE_SLOT, Trace
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.moments import Flow, Moments
from notebook_gen.views.moves import Moves
from notebook_gen.views.occupancy import Occupancy, Spans

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
    "attempt": "u1",
    "tokens_in": "u4",
    "tokens_out": "u4",
}
_FIRST_ROOM: Final = 1024
_MUCH: Final = 200_000
_MOST_COPIED: Final = 6_000_000
"""Bytes that an update copies to make room, at most, or one column: memory that is new costs more than to copy it."""


class History:
    """The attempts of a trace that had a slot.

    Columns: `line` (of the trace), `node`, `slot`, `state`, `started`, `seconds` (NaN while in flight), `waited`
    (seconds from ready to started), `row`, `attempt`, `tokens_in`, `tokens_out`.

    Attributes:
        resource_of: the resource of each node, an index; -1 for a node that has none.
    """

    def __init__(self, graph: ExecutionGraph) -> None:
        import numpy as np

        self.graph = graph
        self._columns: Columns = {name: np.empty(_FIRST_ROOM, code) for name, code in _TYPES.items()}
        numbers = {name: number for number, name in enumerate(graph.resources)}
        self.resource_of = tuple(numbers.get(node.resource or "", -1) for node in graph.nodes)
        self._extent = _Extent(
            open=np.empty(0, np.intp),
            slots=(1,) * len(graph.resources),
            flows=(Flow(),) * len(graph.nodes),
            moves=(Moves.none(),) * len(graph.resources),
            slowest=np.zeros(len(graph.nodes)),
        )
        self._occupancy: tuple[int, Occupancy] | None = None

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
        return self._extent.latest

    @property
    def longest(self) -> float:
        """Seconds in flight of the attempt that took longest of those that have ended."""
        return self._extent.longest

    @property
    def slowest(self) -> "Array":
        """Seconds in flight of the attempt of each node that took longest of those that have ended; 0 if none has."""
        return self._extent.slowest

    @property
    def slots(self) -> tuple[int, ...]:
        """Of each resource, the slots that were in use so far, at least one."""
        return self._extent.slots

    @property
    def rows(self) -> int:
        """How many rows there are, up to the last of which anything is known."""
        return int(self.columns["row"].max(initial=-1)) + 1

    @property
    def open(self) -> "Array":
        """The positions of what is in flight, in order."""
        return self._extent.open

    @property
    def flows(self) -> tuple[Flow, ...]:
        """When the attempts of each node began and ended."""
        return self._extent.flows

    @property
    def ready(self) -> Moments:
        """When the inputs of each attempt were there."""
        return self._extent.ready

    @property
    def moves(self) -> tuple[Moves, ...]:
        """What the limit of each resource did."""
        return self._extent.moves

    @property
    def pauses(self) -> tuple[tuple[float, float], ...]:
        """When the run was paused, from when to when; infinity while it is."""
        return self._extent.pauses

    def occupancy(self, lane_of: Callable[[Columns], "Array"], lanes: int) -> Occupancy:
        """Give the time that ended attempts took in each lane; what is new since the last call is added.

        Args:
            lane_of: gives the lane of attempts, always in the same way for as many lanes.
            lanes: how many there are.
        """
        import numpy as np

        extent, known = self._extent, self._occupancy
        if known is not None and known[1].lanes == lanes:
            occupancy = known[1]
            positions = np.concatenate(
                [batch for number, batch in extent.settled if number > known[0]] or [extent.open[:0]]
            )
        else:
            occupancy = Occupancy.of(lanes, len(self.graph.nodes))
            has_ended = np.ones(extent.length, bool)
            has_ended[extent.open] = False
            positions = has_ended.nonzero()[0]
        part = {name: self._columns[name][positions] for name in ("node", "slot", "started", "seconds")}
        spans = Spans(part["node"], lane_of(part), part["started"], part["started"] + part["seconds"])
        occupancy = occupancy.with_more(spans)
        self._occupancy = (extent.changes, occupancy)
        return occupancy

    def update(
        self,
        trace: Trace,
        read: Callable[[Callable[[], Look]], Look] | None = None,
        *,
        most: int | None = None,
    ) -> bool:
        """Take over what is new; gives whether there may be more of it.

        Args:
            trace: where from, always the same one.
            read: calls a function where the trace does not change meanwhile; None: the trace may grow meanwhile.
            most: lines to take over; the next update takes those after them. None: all.
        """
        extent = self._extent
        if most is not None and extent.length >= _MUCH:
            copied = self._make_room(extent.length + min(most, len(trace) - extent.seen), most=_MOST_COPIED)
            if copied:
                return True  # to copy some of what is known took long enough
        open_lines = self._columns["line"][extent.open].tolist()

        def look() -> Look:
            # unless it is bounded, the end is for the trace to say: it may grow while it is read
            end = None if most is None else min(len(trace), extent.seen + most)
            return trace.lines(open_lines), trace.columns(extent.seen, end)

        known, new = look() if read is None else read(look)
        over = known["state"] != IN_FLIGHT
        self._write_ended(extent.open[over], {name: column[over] for name, column in known.items()})
        self._extent = self._take_moves(self._extend(extent, over, _equally_long(new)), trace)
        return self._extent.seen - extent.seen == most

    def _take_moves(self, extent: "_Extent", trace: Trace) -> "_Extent":
        """Take over what limits did since, and the run's pauses."""
        moves = tuple(
            known.with_more(trace.limit_moves.get(name, [])[len(known.times) :])
            for name, known in zip(self.graph.resources, extent.moves, strict=True)
        )
        pauses = tuple(trace.pauses)
        if pauses == extent.pauses and all(one is other for one, other in zip(moves, extent.moves, strict=True)):
            return extent
        return extent._replace(moves=moves, pauses=pauses, changes=extent.changes + 1)

    def _write_ended(self, positions: "Array", ended: Columns) -> None:
        """Write down what has ended."""
        columns = self._columns
        columns["state"][positions] = ended["state"]
        columns["seconds"][positions] = ended["ended"] - ended["started"]
        columns["tokens_in"][positions] = ended["tokens_in"]
        columns["tokens_out"][positions] = ended["tokens_out"]

    def _extend(self, extent: "_Extent", over: "Array", new: Columns) -> "_Extent":
        """Write down what is new; gives how far it all reaches then.

        Args:
            extent: how far it reached.
            over: which of those that were in flight have ended.
            new: what the trace has since.
        """
        import numpy as np

        has_slot = new["slot"] != IN_PLACE_SLOT
        added = dict(new) if has_slot.all() else {name: values[has_slot] for name, values in new.items()}
        added["line"] = extent.seen + np.nonzero(has_slot)[0]
        added["seconds"] = added["ended"] - added["started"]
        added["waited"] = added["started"] - added["ready"]
        count = extent.length + len(added["line"])
        self._make_room(count)
        for name, column in self._columns.items():
            column[extent.length : count] = added[name]
        is_open = added["state"] == IN_FLIGHT
        places = np.arange(extent.length, count)
        settled = np.concatenate((extent.open[over], places[~is_open]))
        if count == extent.length and not len(settled):
            return extent._replace(seen=extent.seen + len(has_slot))
        return self._measure(extent, added, settled)._replace(
            seen=extent.seen + len(has_slot),
            length=count,
            open=np.concatenate((extent.open[~over], places[is_open])),
            slots=self._count_slots(extent.slots, added["node"], added["slot"]),
        )

    def _measure(self, extent: "_Extent", added: Columns, settled: "Array") -> "_Extent":
        """Add to the sums what has begun, and what has ended."""
        part = {name: self._columns[name][settled] for name in ("node", "started", "seconds")}
        ended = part["started"] + part["seconds"]
        flows, slowest = list(extent.flows), extent.slowest.copy()
        for node, resource in enumerate(self.resource_of):
            if resource >= 0:
                begun, own = added["started"][added["node"] == node], part["node"] == node
                flows[node] = flows[node].with_more(begun, ended[own])
                slowest[node] = part["seconds"][own].max(initial=slowest[node])
        changes, known = extent.changes + 1, self._occupancy
        batches = () if known is None else (*extent.settled, (changes, settled))
        return extent._replace(
            flows=tuple(flows),
            slowest=slowest,
            ready=extent.ready.with_more(added["ready"]),
            latest=max(extent.latest, ended.max(initial=0.0), added["started"].max(initial=0.0)),
            longest=max(extent.longest, part["seconds"].max(initial=0.0)),
            settled=tuple(batch for batch in batches if known is not None and batch[0] > known[0]),
            changes=changes,
        )

    def _make_room(self, count: int, most: float = inf) -> int:
        """Make room in all columns, or in as many as `most` bytes are copied for; gives how many were copied."""
        import numpy as np

        copied = 0
        for name, column in self._columns.items():
            if len(column) >= count:
                continue
            if copied and copied + column.nbytes > most:
                break
            room = len(column)
            while room < count:
                room *= 2
            grown = np.empty(room, column.dtype)
            grown[: len(column)] = column
            # no column is ever seen without what is in it
            self._columns = self._columns | {name: grown}
            copied += column.nbytes
        return copied

    def _count_slots(self, known: Sequence[int], nodes: "Array", slots: "Array") -> tuple[int, ...]:
        """The slots of each resource that were in use, as known before and seen now."""
        counts = list(known)
        for node, resource in enumerate(self.resource_of):
            own = slots[nodes == node] if resource >= 0 else slots[:0]
            if len(own):
                counts[resource] = max(counts[resource], int(own.max()) + 1)
        return tuple(counts)


class _Extent(NamedTuple):
    """How far a history reaches; replaced as a whole.

    Attributes:
        open: the positions of what is in flight.
        slots: of each resource, those that were in use, at least one.
        flows: of each node, when its attempts began and ended.
        moves: what the limit of each resource did.
        slowest: seconds of the longest attempt of each node that has ended.
        pauses: when the run was paused.
        ready: when the inputs of each attempt were there.
        seen: lines of the trace that were looked at.
        length: attempts in the columns.
        latest: the latest moment known.
        longest: seconds of the longest attempt that has ended.
        settled: the positions of what ended in the newest changes, each with the number of its change.
        changes: how many updates have changed anything.
    """

    open: "Array"
    slots: tuple[int, ...]
    flows: tuple[Flow, ...]
    moves: tuple[Moves, ...]
    slowest: "Array"
    pauses: tuple[tuple[float, float], ...] = ()
    ready: Moments = Moments()
    seen: int = 0
    length: int = 0
    latest: float = 0.0
    longest: float = 0.0
    settled: "tuple[tuple[int, Array], ...]" = ()
    changes: int = 0


def _equally_long(columns: Columns) -> Columns:
    """What all columns have: a trace that grows while it is copied gives the later ones some lines more."""
    count = min(map(len, columns.values()))
    return {name: column[:count] for name, column in columns.items()}
