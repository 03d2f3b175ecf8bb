"""Rows and exchanges in memory: what a preview keeps."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_gen.events import State
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import Exchange, FailedCell, NewDataset
from notebook_gen.storage.arrays import as_table
from notebook_gen.storage.column_names import check_encoding
from notebook_gen.storage.replacement import pieces_of

if TYPE_CHECKING:
    import pyarrow as pa


class MemoryRows:
    """Keeps row groups in memory; may be read on any thread while a run writes.

    Args:
        columns: the run's columns, in order; processors may make others of them.
        group_size: rows of each row group but the last.

    Raises:
        ConfigError: a column's name is no Unicode.
    """

    def __init__(self, columns: Sequence[str], group_size: int = 1000) -> None:
        check_encoding(columns)
        self._group_size = group_size
        self._columns = tuple(columns)
        self.as_text: dict[str, str] = {}
        self._groups: dict[int, tuple[Sequence[int], Mapping[str, Sequence[Any]]]] = {}

    def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
        """Keep a row group."""
        self._groups[group.number] = (rows, columns)

    def write_dropped(self, group: RowGroup, dropped: Sequence[FailedCell]) -> None:
        """Keep nothing: the run's failures have it all."""

    def write_empty(self, group: RowGroup, empty: Sequence[FailedCell]) -> None:
        """Keep nothing: the run's failures have it all."""

    def failed_before(self, group_number: int | None = None) -> "Iterable[pa.Table]":
        """Give nothing: no earlier run is gone on with in memory."""
        return ()

    def replace(self, dataset: NewDataset) -> None:
        """Keep these rows in place of all that were written."""
        before = {number: rows for number, (rows, _) in self._groups.items()}
        self._groups = {
            number: (rows, {name: values[start : start + len(rows)] for name, values in dataset.columns.items()})
            for number, start, rows in pieces_of(dataset, before, self._group_size)
        }

    def write_traces(self, parts: "Iterable[pa.Table]") -> None:
        """Keep nothing: the run's trace has it all."""

    def finish(self, state: State) -> None:
        """Find out which columns a table holds as text."""
        self._as_table(self.as_text)

    def row_groups(self) -> Sequence[int]:
        """Give the numbers of the row groups written so far, in order."""
        return sorted(self._groups)

    def rows(self, group_number: int) -> Sequence[int]:
        """Give the numbers of the rows in a written row group, in order."""
        return self._groups[group_number][0]

    def read(self, group_number: int) -> "pa.Table":
        """Give a written row group."""
        return as_table(self._groups[group_number][1])

    def table(self) -> "pa.Table":
        """Give all rows written so far, in order."""
        return self._as_table()

    def _as_table(self, as_text: dict[str, str] | None = None) -> "pa.Table":
        groups = [self._groups[number][1] for number in self.row_groups() if self._groups[number][0]]
        columns = {name: [value for group in groups for value in group[name]] for name in self.column_names()}
        return as_table(columns, as_text)

    def column_names(self) -> Sequence[str]:
        """Give the names of the columns of what was written; before that, of what the run makes."""
        for rows, columns in self._groups.values():
            if rows:
                return tuple(columns)
        return self._columns


class ExchangeLog:
    """Keeps what was said to models; forgets the oldest.

    Args:
        bound: exchanges kept, at most.
    """

    def __init__(self, bound: int = 10_000) -> None:
        self._bound = bound
        self._kept: OrderedDict[Task, Exchange] = OrderedDict()

    def keep(self, task: Task, exchange: Exchange) -> None:
        """Keep the exchange of a task's attempt."""
        self._kept[task] = exchange
        if len(self._kept) > self._bound:
            self._kept.popitem(last=False)

    def get(self, task: Task) -> Exchange | None:
        """Give the exchange of a task's attempt; None if there was none, or it is forgotten."""
        return self._kept.get(task)
