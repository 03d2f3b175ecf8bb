"""What the engine needs of generators and storage, as protocols that they match by shape."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from notebook_gen.errors import GenerationError
from notebook_gen.events import State
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import Exchange, FailedCell, Made, NewDataset, Processed


class InPlaceGenerator(Protocol):
    """Makes cells that cost next to nothing, many at a time, on the loop's thread."""

    def make(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> tuple[Sequence[Any], ...]:
        """Make the values of some rows.

        Args:
            group: the row group they are in.
            rows: the rows' numbers in the run.
            inputs: for each column read, the values of the whole row group, in row order.

        Returns:
            For each output of the node, one value a row, in the order of `rows`. A row that could not be made has a
            GenerationError in the place of its first output.
        """
        ...


class ThreadGenerator(Protocol):
    """Makes one task's values in a thread of the pool."""

    def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        """Make one task's values.

        Args:
            group: the row group.
            row: the row's number in the run; for a full-column node, of the row group's first row.
            inputs: for each column read, the row's value; for a full-column node, a sequence of the values of all
                its rows that are not dropped.

        Raises:
            GenerationError: this cell or column cannot be made.
        """
        ...


class AsyncGenerator(Protocol):
    """Makes one task's values on the event loop, in the slot's own coroutine."""

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        """Make one task's values; as `ThreadGenerator.make`."""
        ...


Generator = InPlaceGenerator | ThreadGenerator | AsyncGenerator


class SkipCondition(Protocol):
    """Decides which cells of a node are skipped; costs next to nothing, on the loop's thread."""

    def decide(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Sequence[bool | GenerationError]:
        """Decide for some rows.

        Args:
            group: the row group they are in.
            rows: the rows' numbers in the run.
            inputs: for each column, the values of the whole row group, in row order.

        Returns:
            For each row, in the order of `rows`: whether it is skipped, or why that cannot be told.
        """
        ...


class Processor(Protocol):
    """Changes a row group as a whole; called in a thread."""

    def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
        """Change or drop rows.

        Args:
            group: the row group.
            rows: the numbers of its rows that are there to process, in order.
            columns: their values, by column.

        Raises:
            ProcessorError: it raised, or gave what cannot be used.
        """
        ...

    def at_work(self, group: RowGroup) -> str:
        """Name the processor that a row group is with; on any thread."""
        ...


class DatasetProcessor(Protocol):
    """Changes the whole dataset; called in a thread."""

    def process(self) -> NewDataset:
        """Give what takes the place of all rows that were written.

        Raises:
            RunError: it raised, or gave what cannot be used; or the rows cannot be read.
        """
        ...

    def at_work(self) -> str:
        """Name the processor that the dataset is with; on any thread."""
        ...


class RowGroupWriter(Protocol):
    """Keeps finished row groups: as files, or in memory. Called in a thread, one row group at a time for each index."""

    def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
        """Keep a row group for good; when it returns, the rows are safe.

        Args:
            group: the row group.
            columns: for every column of the run, in order, the values of the rows kept, in row order.
            rows: the numbers of these rows in the run; may be fewer than the group has, or none.

        Raises:
            WriteError: they could not be kept; nothing half-written is left under a final name.
        """
        ...

    def write_dropped(self, group: RowGroup, dropped: Sequence[FailedCell]) -> None:
        """Keep what is known about the rows of a group that did not make it; called before `write`.

        It is called if there are any, or if the group has no rows at all, as a column has left none.

        Raises:
            WriteError: it could not be kept.
        """
        ...

    def write_empty(self, group: RowGroup, empty: Sequence[FailedCell]) -> None:
        """Keep why cells of rows of a group are empty; called before `write`, also if none is.

        Raises:
            WriteError: it could not be kept.
        """
        ...

    def replace(self, dataset: NewDataset) -> None:
        """Keep these rows in place of all that were written.

        Raises:
            WriteError: they could not be kept; what was written is still there.
        """
        ...

    def finish(self, state: State) -> None:
        """Settle everything: the run has ended like this, and nothing more will be written.

        Raises:
            WriteError: it could not be kept.
        """
        ...


class CellKeeper(Protocol):
    """Keeps finished cells of row groups that are not yet written, from one run to the next; on the loop's thread."""

    def keep(self, node: int, row: int, inputs: Mapping[str, Any], values: tuple[Any, ...], seconds: float) -> None:
        """Keep a finished cell.

        Args:
            node: the node that made it.
            row: its row.
            inputs: what it was made of.
            values: for each output of the node, its value.
            seconds: how long it took.
        """
        ...

    def find(
        self, node: int, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Mapping[int, tuple[Any, ...]]:
        """Find kept cells that were made of the same inputs.

        Args:
            node: the node.
            group: the row group.
            rows: the rows to look for.
            inputs: for each column that the node reads, the values of the whole row group, in row order.

        Returns:
            Of the rows that have such a cell, the value of each output of the node.
        """
        ...

    def forget(self, group: RowGroup) -> None:
        """Forget the cells of a row group that was written as a whole."""
        ...


class ExchangeKeeper(Protocol):
    """Keeps exchanges until somebody looks; may forget the oldest."""

    def keep(self, task: Task, exchange: Exchange) -> None:
        """Keep the exchange of a task's attempt."""
        ...
