"""Files of dropped rows: which rows of a row group did not make it, each with the failure that decided it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import DroppedByProcessor
from notebook_gen.plan.values import DroppedRow
from notebook_gen.storage import folder
from notebook_gen.storage.arrays import as_table
from notebook_gen.storage.resume import FinishedGroup
from notebook_gen.storage.row_files import ParquetFile

if TYPE_CHECKING:
    import pyarrow as pa


def table_of_drops(dropped: Sequence[DroppedRow]) -> "pa.Table":
    """Give dropped rows as a table: row, column (or the processor), attempts, kind, error, advice."""
    columns: dict[str, Sequence[Any]] = {
        "row": [drop.row for drop in dropped],
        "column": [_failed_at(drop) for drop in dropped],
        "attempts": [drop.attempt for drop in dropped],
        "kind": [drop.error.kind for drop in dropped],
        "error": [drop.error.problem for drop in dropped],
        "advice": [drop.error.advice for drop in dropped],
    }
    table = as_table(columns)
    return table if dropped else table.cast(_no_drops())


def read_drops(path: Path, groups: Mapping[int, FinishedGroup], numbers: Iterable[int]) -> "Iterator[pa.Table]":
    """Read which rows of finished row groups were dropped, and why; a table a row group that has such rows.

    Args:
        path: the folder of the dataset.
        groups: the finished row groups.
        numbers: those of them to look at; others have nothing to tell.

    Raises:
        WriteError: when it is gone through: a file cannot be read.
    """
    import pyarrow as pa

    for number in numbers:
        file = folder.numbered(path, folder.DROPPED, number)
        # somebody may have deleted it; how many they were stands in the file of rows, too
        if number in groups and groups[number].dropped and file.exists():
            table = ParquetFile(file).read()
            if table.num_rows > groups[number].dropped:
                # a run was killed that made some of them later
                made = set(groups[number].rows)
                table = table.filter(pa.array([row not in made for row in table["row"].to_pylist()], pa.bool_()))
            yield table


def _failed_at(drop: DroppedRow) -> str:
    return drop.error.place if isinstance(drop.error, DroppedByProcessor) else drop.column


def _no_drops() -> "pa.Schema":
    """The columns of a file of dropped rows, as they are where there are some."""
    import pyarrow as pa

    types: dict[str, pa.DataType] = dict.fromkeys(("row", "column", "attempts", "kind", "error", "advice"), pa.string())
    types |= {"row": pa.int64(), "attempts": pa.int64()}
    return pa.schema(types)
