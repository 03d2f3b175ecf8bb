"""Row files: the Parquet file of a row group, and what it says of itself, so that progress is told from files alone."""

import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar

from notebook_gen.errors import WriteError
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.files import reason, replacing, write_error

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

COMPRESSION: Literal["zstd"] = "zstd"

_KEY = "notebook_gen"


class Contents(NamedTuple):
    """What a file of rows, or of dropped rows, says of itself.

    Attributes:
        row_group: the row group's number.
        start: its first row.
        size: rows it had in the end; another number than was planned where a column changed it.
        planned: rows it had when it was planned.
        rows: the numbers of the rows that were delivered, in order; of a file of dropped rows, none.
        dropped: how many did not make it.
        complete: whether all of its rows were delivered or dropped.
    """

    row_group: int
    start: int
    size: int
    planned: int
    rows: Sequence[int]
    dropped: int
    complete: bool

    @classmethod
    def of(cls, group: RowGroup, planned: int, rows: Sequence[int], dropped: int) -> Self:
        """Describe a row group of whose rows these were delivered, and so many dropped."""
        complete = len(rows) + dropped == group.size
        return cls(group.number, group.start, group.size, planned, _compact(rows), dropped, complete)

    @classmethod
    def read(cls, schema: "pa.Schema") -> Self:
        """Read what a file says.

        Raises:
            ValueError: it says nothing, or something else.
        """
        try:
            said = json.loads((schema.metadata or {})[_KEY.encode()])
            return cls(
                row_group=int(said["row_group"]),
                start=int(said["start"]),
                size=int(said["size"]),
                planned=int(said["planned"]),
                rows=_rows_of([(int(start), int(end)) for start, end in said["rows"]]),
                dropped=int(said["dropped"]),
                complete=said["complete"] is True,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("it does not say which rows it holds") from error

    def describe(self, table: "pa.Table") -> "pa.Table":
        """Give the table that says so."""
        said = self._asdict() | {"rows": _ranges(self.rows)}
        return table.replace_schema_metadata({_KEY: json.dumps(said)})


class ParquetFile:
    """A Parquet file that is read when it is looked at.

    Raises:
        WriteError: when it is looked at: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def schema(self) -> "pa.Schema":
        """Its columns' names and types, and its metadata."""
        import pyarrow.parquet as pq

        def read() -> "pa.Schema":
            schema: pa.Schema = pq.read_schema(self.path)
            return schema

        return self._reading(read)

    def column(self, name: str, /) -> "pa.ChunkedArray[Any]":
        """Give one column."""
        # by its position: a name with a dot in it would be read as a path
        return self.read().column(self.schema.get_field_index(name))

    def read(self) -> "pa.Table":
        """Give all of it."""
        import pyarrow.parquet as pq

        def read() -> "pa.Table":
            with pq.ParquetFile(self.path) as file:
                table: pa.Table = file.read()
            return table

        return self._reading(read)

    def _reading(self, read: Callable[[], T]) -> T:
        import pyarrow as pa

        try:
            return read()
        except FileNotFoundError as error:
            advice = "somebody moved or deleted it: put it back, or make the dataset again"
            problem = f"{self.path} cannot be read: {reason(error)}"
            raise WriteError(problem, advice=advice, path=str(self.path)) from error
        except pa.ArrowInvalid as error:
            raise WriteError(f"{self.path} is no Parquet file any more", path=str(self.path)) from error
        except OSError as error:
            raise write_error("cannot be read", self.path, error) from error


def write_table(path: Path, parts: "Iterable[pa.Table]") -> None:
    """Write a Parquet file, atomically.

    Args:
        path: its path.
        parts: its rows in order, as one table or more of the same schema.

    Raises:
        WriteError: it is not on the disk.
    """
    with replacing(path) as temporary:
        stream_table(temporary, parts)


def stream_table(path: Path, parts: "Iterable[pa.Table]") -> None:
    """Write a Parquet file to a path that nobody reads yet; as `write_table`, but errors are the system's own."""
    import pyarrow.parquet as pq

    parts = iter(parts)
    first = next(parts)
    with pq.ParquetWriter(path, first.schema, compression=COMPRESSION) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _compact(rows: Sequence[int]) -> Sequence[int]:
    if not rows:
        return ()
    is_whole = len(rows) == rows[-1] - rows[0] + 1
    return range(rows[0], rows[-1] + 1) if is_whole else array("q", rows)


def _ranges(rows: Sequence[int]) -> list[list[int]]:
    """Row numbers as runs: from each first number to the one behind the last."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][1] == row:
            runs[-1][1] = row + 1
        else:
            runs.append([row, row + 1])
    return runs


def _rows_of(ranges: Sequence[tuple[int, int]]) -> Sequence[int]:
    if len(ranges) == 1:
        return range(*ranges[0])
    return array("q", [row for start, end in ranges for row in range(start, end)])
