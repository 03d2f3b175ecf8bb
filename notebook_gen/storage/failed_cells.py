"""Files of failures: which rows of a row group did not make it, and which cells are empty, and what decided that."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import DroppedByProcessor
from notebook_gen.plan.values import FailedCell
from notebook_gen.storage import folder
from notebook_gen.storage.arrays import as_table
from notebook_gen.storage.resume import Earlier
from notebook_gen.storage.row_files import ParquetFile, write_table

if TYPE_CHECKING:
    import pyarrow as pa


def table_of_failures(failed: Sequence[FailedCell]) -> "pa.Table":
    """Give failures as a table: row, column (or the processor), attempts, kind, error, advice."""
    columns: dict[str, Sequence[Any]] = {
        "row": [cell.row for cell in failed],
        "column": [_failed_at(cell) for cell in failed],
        "attempts": [cell.attempt for cell in failed],
        "kind": [cell.error.kind for cell in failed],
        "error": [cell.error.problem for cell in failed],
        "advice": [cell.error.advice for cell in failed],
    }
    table = as_table(columns)
    return table if failed else table.cast(_no_failures())


def write_empty(path: Path, number: int, empty: Sequence[FailedCell], *, keeps: Collection[int] = ()) -> None:
    """Write why cells of a row group are empty, before its rows are written; without any, there is no file.

    A process that is killed between the two leaves a file that tells of rows which are not there.

    Args:
        path: the folder of the dataset.
        number: the row group.
        empty: the cells.
        keeps: the rows of which what the file says stays.

    Raises:
        WriteError: it is not on the disk.
    """
    import pyarrow as pa

    file = folder.numbered(path, folder.EMPTY, number)
    tables = [table_of_failures(empty)] if empty else []
    if keeps and file.exists():
        tables.append(_where_made(ParquetFile(file).read(), keeps, wanted=True))
    if any(table.num_rows for table in tables):
        write_table(file, [pa.concat_tables(tables).sort_by("row")])
    else:
        folder.forget(file)


def read_failures(path: Path, earlier: Earlier, numbers: Iterable[int]) -> "Iterator[pa.Table]":
    """Read what failed for good in finished row groups, and whether the row was dropped; one table after the other.

    Args:
        path: the folder of the dataset.
        earlier: what is finished.
        numbers: the row groups to look at; others have nothing to tell.

    Raises:
        WriteError: when it is gone through: a file cannot be read.
    """
    for number in numbers:
        if number not in earlier.groups:
            continue
        group = earlier.groups[number]
        dropped, empty = (folder.numbered(path, kind, number) for kind in (folder.DROPPED, folder.EMPTY))
        # somebody may have deleted it; how many they were stands in the file of rows, too
        if group.dropped and dropped.exists():
            table = ParquetFile(dropped).read()
            # there are more if a run was killed that made some of them later
            more = table.num_rows > group.dropped
            yield _with_dropped(_where_made(table, group.rows, wanted=False) if more else table, is_dropped=True)
        if empty.exists():
            table = ParquetFile(empty).read()
            is_final = earlier.replaced is not None
            yield _with_dropped(table if is_final else _where_made(table, group.rows, wanted=True), is_dropped=False)


def _where_made(table: "pa.Table", rows: Iterable[int], *, wanted: bool) -> "pa.Table":
    """Leave the lines of these rows, or else of all others."""
    import pyarrow.compute as pc

    is_made = pc.field("row").isin([*rows])
    return table.replace_schema_metadata(None).filter(is_made if wanted else ~is_made)


def _with_dropped(table: "pa.Table", *, is_dropped: bool) -> "pa.Table":
    import pyarrow as pa

    return table.append_column("dropped", pa.array([is_dropped] * table.num_rows, pa.bool_()))


def _failed_at(cell: FailedCell) -> str:
    return cell.error.place if isinstance(cell.error, DroppedByProcessor) else cell.column


def _no_failures() -> "pa.Schema":
    """The columns of a file of failures, as they are where there are some."""
    import pyarrow as pa

    types: dict[str, pa.DataType] = dict.fromkeys(("row", "column", "attempts", "kind", "error", "advice"), pa.string())
    types |= {"row": pa.int64(), "attempts": pa.int64()}
    return pa.schema(types)
