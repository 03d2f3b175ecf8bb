"""RowGroupBuffers: the values of row groups that are not yet written.

A value stands in a list a column and row group, at the row's offset; what was not made yet is `MISSING`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from notebook_gen.plan.tasks import RowGroup


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class RowGroupBuffers:
    """Holds the values of the open row groups.

    Args:
        columns: the run's columns, in order.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._names = tuple(columns)
        self._groups: dict[int, tuple[RowGroup, dict[str, list[Any]]]] = {}

    def open(self, group: RowGroup) -> None:
        """Make room for a row group."""
        self._groups[group.number] = (group, {name: [MISSING] * group.size for name in self._names})

    def resize(self, group: RowGroup, offsets: Sequence[int]) -> None:
        """Give a row group another number of rows: each new row is a copy of the one at its offset."""
        _, columns = self._groups[group.number]
        resized = {name: [values[offset] for offset in offsets] for name, values in columns.items()}
        self._groups[group.number] = (group, resized)

    def free(self, number: int) -> None:
        """Forget a row group; harmless if it is not there."""
        self._groups.pop(number, None)

    def columns(self, number: int) -> Mapping[str, list[Any]]:
        """Give the live columns of a row group; they are the buffer itself, not to be changed."""
        return self._groups[number][1]

    def row(self, number: int, row: int, names: Sequence[str]) -> dict[str, Any]:
        """Give one row's values of some columns."""
        (_, start, _), columns = self._groups[number]
        offset = row - start
        return {name: columns[name][offset] for name in names}

    def put(self, number: int, row: int, names: Sequence[str], values: Sequence[Any]) -> None:
        """Store one row's values of some columns."""
        (_, start, _), columns = self._groups[number]
        offset = row - start
        if len(names) == 1:  # as most have
            (columns[names[0]][offset],) = values
            return
        for name, value in zip(names, values, strict=True):
            columns[name][offset] = value

    def put_rows(self, number: int, rows: Sequence[int], name: str, values: Sequence[Any]) -> None:
        """Store one column's values of some rows, in any order.

        Raises:
            ValueError: there are more of one than of the other.
        """
        group, columns = self._groups[number]
        column = columns[name]
        if rows == group.rows and len(values) == group.size:
            column[:] = values
            return
        for row, value in zip(rows, values, strict=True):
            column[row - group.start] = value

    def __contains__(self, number: int) -> bool:
        """Whether a row group is open here: the core knows of it a moment sooner."""
        return number in self._groups

    def take(self, number: int, rows: Sequence[int], names: Sequence[str] | None = None) -> dict[str, list[Any]]:
        """Copy the values of some rows, in their order, for all columns or those named."""
        group, columns = self._groups[number]
        chosen = self._names if names is None else names
        if rows == group.rows:
            return {name: list(columns[name]) for name in chosen}
        offsets = [row - group.start for row in rows]
        return {name: [columns[name][offset] for offset in offsets] for name in chosen}
