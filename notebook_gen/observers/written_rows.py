"""Rows of row groups that are open no longer: what was written of them, and how their cells have ended."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from notebook_gen.engine.snapshots import CELL_STATES, CellState, RowView
from notebook_gen.observers.cell_counts import KEPT
from notebook_gen.observers.cells import GroupStates
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import pyarrow as pa

_SOMEBODY = "dropped by a processor"


class WrittenGroup(NamedTuple):
    """A row group that is written; `states` is None where nobody knows them."""

    rows: Sequence[int]
    values: "pa.Table"
    states: GroupStates | None


class WrittenRows:
    """Makes views of rows.

    Args:
        graph: what made the rows.
        taken_by: for columns that processors take away before they are written, the words for it; see
            `config.processors.Processors.taken_by`.
    """

    def __init__(self, graph: ExecutionGraph, taken_by: Mapping[str, str]) -> None:
        self._graph = graph
        self._taken_by = taken_by

    def view(self, group: WrittenGroup, row: int, may_be_empty: AbstractSet[int]) -> RowView | None:
        """Give a row as it was written; None if it was not.

        Args:
            group: its row group.
            row: its number.
            may_be_empty: places of the columns whose cells an earlier run may have left without a value.
        """
        try:
            position = group.rows.index(row)
        except ValueError:
            return None
        record = group.values.slice(position, 1).to_pylist()[0]
        taken = {
            place: self._taken_by.get(name, _SOMEBODY)
            for place, name in enumerate(self._graph.columns)
            if name not in record
        }
        by_node = [_ended(group.states, node.index, row) for node in self._graph.nodes]
        values = tuple(record.get(name) for name in self._graph.columns)
        # where a processor has put a value, the cell has one, whatever became of it before
        states: tuple[CellState, ...] = tuple(
            "done" if by_node[node] == "failed" and value is not None else by_node[node]
            for node, value in zip(self._graph.columns.values(), values, strict=True)
        )
        left_empty = frozenset(place for place in may_be_empty if values[place] is None and place not in taken)
        return RowView(row=row, dropped=False, states=states, values=values, left_empty=left_empty, taken=taken)


def without_values(group: GroupStates, graph: ExecutionGraph, row: int) -> RowView:
    """A row that did not make it; where it was not dropped, they are made when the run is gone on with."""
    by_node = [_state(group, node.index, row) for node in graph.nodes]
    is_dropped = any(
        state == "dropped" or (state == "failed" and graph.nodes[node].on_error == "drop")
        for node, state in enumerate(by_node)
    )
    # a processor may drop a row that has all its cells
    is_dropped = is_dropped or all(state in ("done", "skipped") for state in by_node)
    states: list[CellState] = [by_node[node] for node in graph.columns.values()]
    if not is_dropped:
        states = [state if state in ("skipped", "failed") else "waiting" for state in states]
    return RowView(row, is_dropped, tuple(states), (None,) * len(states))


def _ended(group: GroupStates | None, node: int, row: int) -> CellState:
    """How a cell of a written row has ended."""
    state = _state(group, node, row) if group is not None else "done"
    return state if state in ("skipped", "failed") else "done"


def _state(group: GroupStates, node: int, row: int) -> CellState:
    """How a cell of a row group that is open no longer has ended; "done" of a row that it does not have."""
    offset = row - group.start
    state = group.data[node * group.size + offset] if 0 <= offset < group.size else KEPT
    return "done" if state == KEPT else CELL_STATES[state]
