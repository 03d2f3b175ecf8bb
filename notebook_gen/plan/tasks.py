"""The units of work: a task makes a cell or a column of a row group; a row group is a run of rows written together."""

from collections.abc import Iterator
from typing import NamedTuple

from notebook_gen.errors import ConfigError

WHOLE_GROUP = -1

made_of = tuple.__new__
"""Makes a NamedTuple of its class and all its fields in half the time of a call: for what is made once a cell."""


class Task(NamedTuple):
    """One cell, or one column over a row group.

    Attributes:
        node: index of the node in its graph.
        row_group: index of the row group.
        row: the row's number in the run (from 0); `WHOLE_GROUP` for a full-column task.
        attempt: which try this is, from 1.
    """

    node: int
    row_group: int
    row: int
    attempt: int = 1


class RowGroup(NamedTuple):
    """Rows `start` to `start + size - 1` of the run."""

    number: int
    start: int
    size: int

    @property
    def rows(self) -> range:
        """The numbers of its rows."""
        return range(self.start, self.start + self.size)

    @property
    def last(self) -> int:
        """The number of its last row; if it has none, of the one before its first."""
        return self.start + self.size - 1


class RowGroups:
    """All row groups of a run, in order, made when looked at.

    Args:
        rows: rows of the run (0 or more).
        size: rows of each row group but the last (1 or more).

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(self, rows: int, size: int) -> None:
        if rows < 0:
            raise ConfigError(f"{rows} rows were asked for", advice="ask for 0 or more")
        if size < 1:
            raise ConfigError(f"row_group_size is {size}", advice="give 1 or more")
        self.rows = rows
        self.size = size
        self._count = (rows + size - 1) // size

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> RowGroup:
        if not 0 <= index < len(self):
            raise IndexError(f"row group {index} of {len(self)}")
        start = index * self.size
        return RowGroup(index, start, min(self.size, self.rows - start))

    def __iter__(self) -> Iterator[RowGroup]:
        return (self[index] for index in range(len(self)))

    def group_of(self, row: int) -> int:
        """Give the index of the row group that holds a row."""
        return row // self.size
