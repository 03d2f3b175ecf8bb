"""Trace: one line per attempt, packed one behind the other in plain bytes."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.events import (
    Event,
    Handler,
    InPlaceEnded,
    LimitMoved,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    TaskEnded,
    TaskStarted,
    WorkStopped,
)
from notebook_gen.observers.trace_context import KEY, TraceContext, Undone, schema_metadata
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import WHOLE_GROUP

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

IN_FLIGHT: Final = 0
DONE: Final = 1
FAILED: Final = 2
CANCELLED: Final = 3
AGAIN: Final = 4
STATES: Final = ("in flight", "done", "failed", "cancelled", "failed, again")
IN_PLACE_SLOT: Final = 0xFFFF
IN_PLACE: Final = "in place"
"""What is written as the resource of what needs none."""

_PART = 20_000
_UNKNOWN: Final = float("nan")
_WRITTEN_TYPES: Final = {
    "column": "string",
    "row": "int64",
    "row_group": "uint32",
    "attempt": "uint8",
    "resource": "string",
    "slot": "int64",
    "state": "string",
    "ready": "float64",
    "started": "float64",
    "ended": "float64",
    "seconds": "float64",
    "tokens_in": "uint32",
    "tokens_out": "uint32",
    "error": "string",
}

_TYPES: Final = {
    "node": "H",
    "row_group": "I",
    "row": "i",
    "attempt": "B",
    "slot": "H",
    "ready": "d",
    "started": "d",
    "state": "B",
    "ended": "d",
    "tokens_in": "I",
    "tokens_out": "I",
}
_LINE: Final = Struct("=" + "".join(_TYPES.values()))
_END: Final = Struct("=BdII")
"""The columns from `state` on: what is known when an attempt has ended."""
_END_OFFSET: Final = _LINE.size - _END.size
LINE_BYTES: Final = _LINE.size


class Joint(NamedTuple):
    """A moment in traces of several runs, one after the other, in which another one begins.

    Attributes:
        ended: when the one before had ended, in seconds since the first began.
        began: when it begins, likewise: a little later, however long it was.
        later: how long it was, in seconds; None: nobody knows.
    """

    ended: float
    began: float
    later: float | None


class Trace:
    """Every attempt of a run, also those in flight; its line's number is the attempt's identity.

    Columns: `node`, `row_group`, `row` (-1: a whole row group, or several cells made in place), `attempt`, `slot` (of
    the node's resource; `IN_PLACE_SLOT`: made in place), `state` (index into `STATES`), `ready`, `started`, `ended`
    (seconds since the run began; `ended` is NaN while in flight), `tokens_in`, `tokens_out`.

    Args:
        graph: whose attempts they are.
        ceilings: slots of each resource, as far as they are known.
    """

    def __init__(self, graph: ExecutionGraph, ceilings: Mapping[str, int] | None = None) -> None:
        self.graph = graph
        self.ceilings = dict(ceilings or {})
        self.rows = 0
        """Rows that were asked for; 0: not known."""
        self.began: float | None = None
        """When the run began, in seconds since the epoch; None: not known."""
        self.errors: dict[int, str] = {}
        """Line number to the error's sentence, for failed attempts."""
        self.limit_moves: dict[str, list[LimitMoved]] = {}
        """What the limit of each resource did, in order, as far as one moved or paused."""
        self.pauses: list[tuple[float, float]] = []
        """When the run was paused, from when to when; infinity while it is."""
        self.ended: float | None = None
        """When the run ended, in seconds since it began; None: it goes on, or nobody knows."""
        self.undone: list[Undone] = []
        """What waited for a slot until the run ended."""
        self.joints: list[Joint] = []
        """Where another run begins than the one before: in traces of several."""
        self.is_over = False
        """Whether the run is: no attempt will be added, and none is in flight."""
        # a line is added as a whole: readers on other threads never see half of one
        self._lines = bytearray()
        resources = {name: index << 16 for index, name in enumerate(graph.resources)}
        self._resource = [resources.get(node.resource or "", 0) for node in graph.nodes]
        self._open: dict[int, int] = {}
        """Where in `_lines` the attempt stands that has a slot, by slot and resource."""

    def __len__(self) -> int:
        return len(self._lines) // LINE_BYTES

    @property
    def handlers(self) -> Mapping[type[Event], Handler]:
        """What to call for the events of which there are many."""
        return {TaskStarted: self._start, TaskEnded: self._end}

    def __call__(self, event: Event) -> None:
        """Fold one event."""
        kind = type(event)
        if isinstance(event, TaskStarted):
            self._start(event)
        elif isinstance(event, TaskEnded):
            self._end(event)
        elif isinstance(event, InPlaceEnded):
            self._in_place(event)
        elif isinstance(event, LimitMoved):
            self.limit_moves.setdefault(event.resource, []).append(event)
        elif isinstance(event, RunStarted):
            self.rows, self.began = event.rows, event.wall_time
        elif kind is RunPaused:
            self.pauses.append((event.time, inf))
        elif kind is RunResumed:
            self._end_pause(event.time)
        elif kind is WorkStopped:
            self.cancel_open(event.time)
        elif kind is RunFinished:
            self._end_pause(event.time)
            self.cancel_open(event.time)
            self.ended, self.is_over = event.time, True

    def _start(self, event: TaskStarted) -> None:
        time, task, ready, slot = event
        node, row_group, row, attempt = task
        self._open[self._resource[node] + slot] = len(self._lines)
        self._lines += _LINE.pack(node, row_group, row, attempt, slot, ready, time, IN_FLIGHT, _UNKNOWN, 0, 0)

    def _end(self, event: TaskEnded) -> None:
        time, task, slot, error, usage, again = event
        position = self._open.pop(self._resource[task[0]] + slot)
        state = DONE if error is None else AGAIN if again else FAILED
        tokens_in, tokens_out = usage.tokens if usage is not None else (0, 0)
        _END.pack_into(self._lines, position + _END_OFFSET, state, time, tokens_in, tokens_out)
        if error is not None:
            self.errors[position // LINE_BYTES] = str(error)

    def _in_place(self, event: InPlaceEnded) -> None:
        state = FAILED if event.failed else DONE
        begin, end = event.started, event.time
        self._lines += _LINE.pack(event.node, event.row_group, -1, 1, IN_PLACE_SLOT, begin, begin, state, end, 0, 0)

    def _end_pause(self, time: float) -> None:
        if self.pauses and self.pauses[-1][1] == inf:
            self.pauses[-1] = (self.pauses[-1][0], time)

    def cancel_open(self, time: float) -> None:
        """End the lines of attempts that were in flight when the run was cut short."""
        for position in self._open.values():
            _END.pack_into(self._lines, position + _END_OFFSET, CANCELLED, time, 0, 0)
        self._open.clear()

    def columns(self, start: int = 0, end: int | None = None) -> "dict[str, np.ndarray]":
        """Copy the columns from line `start` up to `end` (None: the last), each as a numpy array of the same length."""
        end = len(self) if end is None else end
        return _unpacked(self._lines[start * LINE_BYTES : end * LINE_BYTES])

    def lines(self, numbers: Sequence[int]) -> "dict[str, np.ndarray]":
        """Copy some lines, by number, as `columns` does."""
        positions = [number * LINE_BYTES for number in numbers]
        return _unpacked(b"".join(self._lines[at : at + LINE_BYTES] for at in positions))

    def attempts_of(self, row: int, row_group: int) -> list[int]:
        """Give the lines of a row's attempts and of its row group's, in the order they began; on the run's thread.

        What was made in place is left out.
        """
        import numpy as np

        if not len(self):
            return []
        # a view of the bytes themselves, which cannot grow before this returns: a copy would cost most of the time
        records = np.frombuffer(self._lines, _record_type())
        rows, groups, slots = records["row"], records["row_group"], records["slot"]
        whole = np.nonzero(rows == WHOLE_GROUP)[0]
        of_group = whole[(groups[whole] == row_group) & (slots[whole] != IN_PLACE_SLOT)]
        lines: list[int] = np.union1d(np.nonzero(rows == row)[0], of_group).tolist()
        return lines

    def extend(self, columns: "Mapping[str, np.ndarray]", errors: Mapping[int, str]) -> None:
        """Take over attempts that have ended.

        Args:
            columns: all columns, as `columns` gives them.
            errors: the error's sentence of failed ones, by their place in the columns.
        """
        import numpy as np

        before = len(self)
        records = np.empty(len(columns["node"]), _record_type())
        for name in _TYPES:
            records[name] = columns[name]
        self._lines += records.tobytes()
        self.errors |= {before + place: error for place, error in errors.items()}

    def to_pandas(self) -> "pd.DataFrame":
        """Give one row an attempt, with names in place of indexes; seconds since the run began.

        `run_began` is when that was, the same for all attempts of a run: it tells those of several runs apart.

        What is true of the run rather than of an attempt is in its `attrs`, as text: limits and when they moved,
        pauses, the order of columns. It stays there through `to_parquet` and `pd.read_parquet`, feather and pickle,
        and in what is made of this DataFrame alone, such as a selection; a CSV file has no room for it.
        """
        frame = self._frame(0, len(self))
        frame.attrs[KEY] = self.context().write()
        return frame

    def context(self) -> TraceContext:
        """Give what it knows besides its attempts."""
        made = dict.fromkeys(index for index in self.graph.columns.values() if self.graph.nodes[index].kind != "seed")
        nodes = [self.graph.nodes[index] for index in made]
        return TraceContext(
            attempts=len(self),
            rows=self.rows,
            columns={node.name: node.resource or IN_PLACE for node in nodes},
            ceilings=self.ceilings,
            limit_moves={name: list(moves) for name, moves in list(self.limit_moves.items())},
            pauses=list(self.pauses),
            ended=self.ended,
            undone=list(self.undone),
        )

    def to_arrow_parts(self) -> "Iterator[pa.Table]":
        """Give what `to_pandas` gives as Arrow tables of one schema, some lines at a time: all at once are large.

        The schema's metadata has what is not an attempt, as `pd.read_parquet` makes `attrs` of it again.
        """
        import pyarrow as pa

        types = {name: getattr(pa, kind)() for name, kind in _WRITTEN_TYPES.items()}
        schema = pa.schema([*types.items(), ("run_began", pa.timestamp("us", "UTC"))])
        metadata = schema_metadata(self.context().write())
        for start in range(0, max(1, len(self)), _PART):
            part = self._frame(start, min(start + _PART, len(self)))
            yield pa.Table.from_pandas(part, schema=schema, preserve_index=False).replace_schema_metadata(metadata)

    def _frame(self, start: int, end: int) -> "pd.DataFrame":
        import numpy as np
        import pandas as pd

        data = self.columns(start, end)
        names = [node.name for node in self.graph.nodes]
        resources = [node.resource or IN_PLACE for node in self.graph.nodes]
        errors = np.array([self.errors.get(line) for line in range(start, end)], dtype=object)
        return pd.DataFrame(
            {
                "column": np.array(names, dtype=object)[data["node"]],
                "row": _integers(data["row"], data["row"] < 0),
                "row_group": data["row_group"],
                "attempt": data["attempt"],
                "resource": np.array(resources, dtype=object)[data["node"]],
                "slot": _integers(data["slot"], data["slot"] == IN_PLACE_SLOT),
                "state": np.array(STATES, dtype=object)[data["state"]],
                "ready": data["ready"],
                "started": data["started"],
                "ended": data["ended"],
                "seconds": data["ended"] - data["started"],
                "tokens_in": data["tokens_in"],
                "tokens_out": data["tokens_out"],
                "error": errors,
                "run_began": pd.DatetimeIndex(np.full(end - start, _moment(self.began))).tz_localize("UTC"),
            }
        )


def _moment(seconds: float | None) -> "np.datetime64":
    """Seconds since the epoch, to the microsecond."""
    import numpy as np

    return np.datetime64("NaT" if seconds is None else round(seconds * 1e6), "us")


def _record_type() -> "np.dtype[np.void]":
    """A line, as numpy sees it."""
    import numpy as np

    return np.dtype(list(_TYPES.items()))


def _unpacked(lines: bytes | bytearray) -> "dict[str, np.ndarray]":
    """Give lines as columns, each an array of its own."""
    import numpy as np

    records = np.frombuffer(lines, _record_type())
    return {name: records[name].copy() for name in _TYPES}


def _integers(values: "np.ndarray", missing: "np.ndarray") -> "pd.arrays.IntegerArray":
    import pandas as pd

    return pd.arrays.IntegerArray(values.astype("int64"), missing)
