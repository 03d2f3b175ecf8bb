"""Trace: one line per attempt, in columns of plain arrays (46 bytes a line)."""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.events import Event, InPlaceEnded, RunFinished, TaskEnded, TaskStarted
from notebook_gen.plan.graph import ExecutionGraph

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

_TYPES: Final = {
    "node": "H",
    "row_group": "I",
    "row": "i",
    "attempt": "B",
    "slot": "H",
    "state": "B",
    "ready": "d",
    "started": "d",
    "ended": "d",
    "tokens_in": "I",
    "tokens_out": "I",
}


class Trace:
    """Every attempt of a run, also those in flight; its line's number is the attempt's identity.

    Columns: `node`, `row_group`, `row` (-1: a whole row group, or several cells made in place), `attempt`, `slot` (of
    the node's resource; `IN_PLACE_SLOT`: made in place), `state` (index into `STATES`), `ready`, `started`, `ended`
    (seconds since the run began; `ended` is NaN while in flight), `tokens_in`, `tokens_out`.
    """

    def __init__(self, graph: ExecutionGraph) -> None:
        self.graph = graph
        self.errors: dict[int, str] = {}
        """Line number to the error's sentence, for failed attempts."""
        self._columns: dict[str, array[Any]] = {name: array(code) for name, code in _TYPES.items()}
        resources = {name: index << 16 for index, name in enumerate(graph.resources)}
        self._resource = [resources.get(node.resource or "", 0) for node in graph.nodes]
        self._line_in_slot: dict[int, int] = {}
        self._append = [column.append for column in self._columns.values()]

    def __len__(self) -> int:
        return len(self._columns["node"])

    def __call__(self, event: Event) -> None:
        """Fold one event."""
        kind = type(event)
        if kind is TaskStarted:
            self._start(event)  # type: ignore[arg-type]  # its type was just looked at
        elif kind is TaskEnded:
            self._end(event)  # type: ignore[arg-type]
        elif kind is InPlaceEnded:
            self._in_place(event)  # type: ignore[arg-type]
        elif kind is RunFinished:
            self.cancel_open(event.time)

    def _start(self, event: TaskStarted) -> None:
        time, task, ready, slot = event
        node, row_group, row, attempt = task
        self._line_in_slot[self._resource[node] + slot] = len(self._columns["node"])
        self._add(node, row_group, row, attempt, slot, IN_FLIGHT, ready, time, float("nan"), 0, 0)

    def _end(self, event: TaskEnded) -> None:
        time, task, slot, error, usage, again = event
        line = self._line_in_slot.pop(self._resource[task[0]] + slot)
        columns = self._columns
        columns["ended"][line] = time
        columns["state"][line] = DONE if error is None else AGAIN if again else FAILED
        if error is not None:
            self.errors[line] = str(error)
        if usage is not None:
            columns["tokens_in"][line] = usage.tokens_in
            columns["tokens_out"][line] = usage.tokens_out

    def _in_place(self, event: InPlaceEnded) -> None:
        state = FAILED if event.failed else DONE
        started = event.started
        self._add(event.node, event.row_group, -1, 1, IN_PLACE_SLOT, state, started, started, event.time, 0, 0)

    def _add(self, *values: float) -> None:
        for append, value in zip(self._append, values, strict=True):
            append(value)

    def cancel_open(self, time: float) -> None:
        """End the lines of attempts that were in flight when the run was cut short."""
        for line in self._line_in_slot.values():
            self._columns["ended"][line] = time
            self._columns["state"][line] = CANCELLED
        self._line_in_slot.clear()

    def columns(self, start: int = 0) -> "dict[str, np.ndarray]":
        """Copy the columns from line `start` on, each as a numpy array of the same length."""
        import numpy as np

        return {name: np.array(column[start:]) for name, column in self._columns.items()}

    def lines(self, numbers: Sequence[int]) -> "dict[str, np.ndarray]":
        """Copy some lines, by number, as `columns` does."""
        import numpy as np

        return {
            name: np.array([column[number] for number in numbers], dtype=column.typecode)
            for name, column in self._columns.items()
        }

    def to_pandas(self) -> "pd.DataFrame":
        """Give one row an attempt, with names in place of indexes; seconds since the run began."""
        import numpy as np
        import pandas as pd

        data = self.columns()
        names = [node.name for node in self.graph.nodes]
        resources = [node.resource or "in place" for node in self.graph.nodes]
        errors = np.full(len(data["node"]), None, dtype=object)
        for line, error in list(self.errors.items()):
            if line < len(errors):
                errors[line] = error
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
            }
        )

    def to_arrow(self) -> "pa.Table":
        """Give what `to_pandas` gives as an Arrow table."""
        import pyarrow as pa

        return pa.Table.from_pandas(self.to_pandas(), preserve_index=False).replace_schema_metadata(None)


def _integers(values: "np.ndarray", missing: "np.ndarray") -> "pd.arrays.IntegerArray":
    import pandas as pd

    return pd.arrays.IntegerArray(values.astype("int64"), missing)
