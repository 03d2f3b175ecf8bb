"""History: a view's own copy of a trace, brought up to date a little at a time, and where its bars stand.

It holds the attempts that had a slot, in the order they began; what was made in place has no lane.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.observers.trace import IN_FLIGHT, IN_PLACE_SLOT, Trace
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import numpy as np

Columns = dict[str, "np.ndarray[Any, Any]"]

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


def _call(function: Callable[[], Any]) -> Any:
    return function()


class History:
    """The attempts of a trace that had a slot.

    Columns: `line` (of the trace), `node`, `slot`, `state`, `started`, `seconds` (NaN while in flight), `waited`
    (seconds from ready to started), `row`, `tokens_in`, `tokens_out`.
    """

    def __init__(self, graph: ExecutionGraph) -> None:
        import numpy as np

        self.graph = graph
        self._columns: Columns = {name: np.empty(_FIRST_ROOM, code) for name, code in _TYPES.items()}
        self._count = 0
        self._seen = 0
        self._open = np.empty(0, np.intp)
        numbers = {name: number for number, name in enumerate(graph.resources)}
        self._resource_of = tuple(numbers.get(node.resource or "", -1) for node in graph.nodes)
        self._slots = [1] * len(graph.resources)
        self.changes = 0
        """Goes up whenever something has changed."""

    def __len__(self) -> int:
        return self._count

    @property
    def columns(self) -> Columns:
        """All columns, as views that are valid until the next update."""
        return {name: column[: self._count] for name, column in self._columns.items()}

    @property
    def open(self) -> "np.ndarray[Any, Any]":
        """The positions of the attempts in flight."""
        return self._open

    @property
    def latest(self) -> float:
        """The latest moment that anything is known of; 0 if nothing is."""
        import numpy as np

        if not self._count:
            return 0.0
        columns = self.columns
        ends = np.nan_to_num(columns["started"] + columns["seconds"])
        return max(float(ends.max()), float(columns["started"][-1]))

    @property
    def lanes(self) -> Lanes:
        """The lanes in use so far."""
        first = [0]
        for count in self._slots:
            first.append(first[-1] + count)
        return Lanes(tuple(first[:-1]), tuple(self._slots), self._resource_of)

    def update(self, trace: Trace, read: Callable[[Callable[[], Any]], Any] = _call) -> None:
        """Take over what is new.

        Args:
            trace: where from, always the same one.
            read: calls a function where the trace does not change meanwhile.
        """
        open_lines = self._columns["line"][self._open].tolist()
        ended, new = read(lambda: (trace.lines(open_lines), trace.columns(self._seen)))
        self._take_ended(ended)
        self._take_new(new)

    def _take_ended(self, lines: Mapping[str, Any]) -> None:
        over = lines["state"] != IN_FLIGHT
        if not over.any():
            return
        positions = self._open[over]
        columns = self._columns
        columns["state"][positions] = lines["state"][over]
        columns["seconds"][positions] = (lines["ended"] - lines["started"])[over]
        columns["tokens_in"][positions] = lines["tokens_in"][over]
        columns["tokens_out"][positions] = lines["tokens_out"][over]
        self._open = self._open[~over]
        self.changes += 1

    def _take_new(self, lines: Mapping[str, Any]) -> None:
        import numpy as np

        has_slot = lines["slot"] != IN_PLACE_SLOT
        added = int(has_slot.sum())
        total = self._count + added
        numbers = np.arange(self._seen, self._seen + len(has_slot))
        self._seen += len(has_slot)
        if not added:
            return
        self._make_room(total)
        chosen = {name: values[has_slot] for name, values in lines.items()}
        chosen |= {
            "line": numbers[has_slot],
            "seconds": chosen["ended"] - chosen["started"],
            "waited": chosen["started"] - chosen["ready"],
        }
        for name, column in self._columns.items():
            column[self._count : total] = chosen[name]
        self._open = np.concatenate((self._open, self._count + np.nonzero(chosen["state"] == IN_FLIGHT)[0]))
        self._note_slots(chosen["node"], chosen["slot"])
        self._count = total
        self.changes += 1

    def _make_room(self, count: int) -> None:
        import numpy as np

        room = len(self._columns["line"])
        if count <= room:
            return
        while room < count:
            room *= 2
        for name, column in self._columns.items():
            grown = np.empty(room, column.dtype)
            grown[: self._count] = column[: self._count]
            self._columns[name] = grown

    def _note_slots(self, nodes: "np.ndarray[Any, Any]", slots: "np.ndarray[Any, Any]") -> None:
        import numpy as np

        highest = np.zeros(len(self.graph.nodes), np.int64)
        np.maximum.at(highest, nodes, slots)
        for node, slot in enumerate(highest.tolist()):
            resource = self._resource_of[node]
            if resource >= 0:
                self._slots[resource] = max(self._slots[resource], slot + 1)
