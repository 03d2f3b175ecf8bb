"""ParquetFolder: a dataset on disk, one Parquet file a row group.

```
builder.json                 the columns, the models (never keys), the seed
metadata.json                what was asked for and what came of it
rows/00000.parquet …         the rows of each row group, in order
dropped/00000.parquet …      its rows that did not make it, with the reason
traces/00000.parquet         one line per attempt of the run that wrote them
```
A file is there as a whole or not at all. Each row file's schema metadata tells, under `notebook_gen`, which rows it
holds: row groups that are missing or have holes can be told from the files alone.
"""

import json
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from notebook_gen.errors import ConfigError, WriteError
from notebook_gen.events import State
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import DroppedRow
from notebook_gen.storage import folder
from notebook_gen.storage.arrays import as_table
from notebook_gen.storage.column_names import check_encoding
from notebook_gen.storage.files import reason, replacing, write_error, write_json
from notebook_gen.storage.lock import FolderLock
from notebook_gen.storage.metadata import (
    RunDescription,
    RunProgress,
    builder_content,
    check_content,
    metadata_content,
)
from notebook_gen.storage.schemas import conform, unified_schema

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

_COMPRESSION: Literal["zstd"] = "zstd"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ParquetFolder:
    """Writes a run's row groups to a folder; what is written may be read on any thread meanwhile.

    Args:
        path: the folder; made, with its parents, if it is not there. It is held until `finish`: no other run, of this
            process or another, can begin in it.
        run: what the run was asked for.
        overwrite: delete the dataset that is there.
        now: tells the time.

    Raises:
        ConfigError: the run cannot be described, or the folder holds something already, is held by another run, or
            cannot be written to; nothing was changed in it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run: RunDescription,
        *,
        overwrite: bool = False,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.path = folder.local_path(path)
        self._run = run
        self._now = now
        self._started = now()
        # one entry a row group, so that threads that write different ones never change the same number
        self._rows: dict[int, Sequence[int]] = {}
        self._dropped: dict[int, int] = {}
        builder = builder_content(run)
        # before anything is deleted
        check_encoding(run.column_names)
        check_content(builder)
        self._lock = folder.claim(self.path, self._started, overwrite=overwrite)
        try:
            self._write_metadata("running")
            write_json(self.path / folder.BUILDER, builder)
        except WriteError as error:
            self._lock.release()
            raise ConfigError(error.problem, advice=error.advice or "choose another folder") from error

    # Writing

    def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
        """Write a row group; without rows, no file.

        Raises:
            WriteError: it is not on the disk.
        """
        if not rows:
            return
        about = {"row_group": group.number, "start": group.start, "size": group.size, "rows": _ranges(rows)}
        table = as_table(columns).replace_schema_metadata({"notebook_gen": json.dumps(about)})
        _write(table, folder.numbered(self.path, folder.ROWS, group.number))
        is_whole = len(rows) == rows[-1] - rows[0] + 1
        self._rows[group.number] = range(rows[0], rows[-1] + 1) if is_whole else array("q", rows)

    def write_dropped(self, group: RowGroup, dropped: Sequence[DroppedRow]) -> None:
        """Write what is known about a row group's dropped rows.

        Raises:
            WriteError: it is not on the disk.
        """
        columns: dict[str, Sequence[Any]] = {
            "row": [drop.row for drop in dropped],
            "column": [drop.column for drop in dropped],
            "attempts": [drop.attempt for drop in dropped],
            "kind": [drop.error.kind for drop in dropped],
            "error": [drop.error.problem for drop in dropped],
            "advice": [drop.error.advice for drop in dropped],
        }
        _write(as_table(columns), folder.numbered(self.path, folder.DROPPED, group.number))
        self._dropped[group.number] = len(dropped)

    def replace(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write these rows in place of all that were written; they are numbered anew.

        Raises:
            WriteError: they could not all be written; then what was written is still there.
        """
        import pyarrow.parquet as pq

        table, size = as_table(columns), self._run.row_group_size
        starts = range(0, table.num_rows, size)
        with ExitStack() as renamed_together:
            for number, start in enumerate(starts):
                path = folder.numbered(self.path, folder.ROWS, number)
                temporary = renamed_together.enter_context(replacing(path))
                part = table.slice(start, size)
                rows = range(start, start + part.num_rows)
                about = {"row_group": number, "start": start, "size": len(rows), "rows": _ranges(rows)}
                described = part.replace_schema_metadata({"notebook_gen": json.dumps(about)})
                pq.write_table(described, temporary, compression=_COMPRESSION)
        for number in self._rows:
            if number >= len(starts):
                folder.numbered(self.path, folder.ROWS, number).unlink(missing_ok=True)
        self._rows = {number: range(start, min(start + size, table.num_rows)) for number, start in enumerate(starts)}

    def write_traces(self, parts: "Iterable[pa.Table]") -> None:
        """Write the run's traces, one line per attempt; after `finish`, too, unless another run has begun here since.

        Args:
            parts: their lines in order, as one table or more of the same schema.

        Raises:
            WriteError: they are not on the disk.
        """
        import pyarrow.parquet as pq

        parts = iter(parts)
        first = next(parts)
        path = folder.numbered(self.path, folder.TRACES, 0)
        with (
            self._holding(),
            replacing(path) as temporary,
            pq.ParquetWriter(temporary, first.schema, compression=_COMPRESSION) as writer,
        ):
            for part in chain([first], parts):
                writer.write_table(part)

    def finish(self, state: State) -> None:
        """End the dataset: all row files get one schema, metadata.json says how the run ended; others may begin here.

        Raises:
            WriteError: a file could not be written; what was there before is still there.
        """
        try:
            self._settle_schema()
        finally:
            try:
                self._write_metadata(state)
            finally:
                self._lock.release()

    # Reading

    def row_groups(self) -> Sequence[int]:
        """Give the numbers of the row groups written so far, in order."""
        return sorted(self._rows)

    def rows(self, group_number: int) -> Sequence[int]:
        """Give the numbers of the rows in a written row group, in order."""
        return self._rows[group_number]

    def read(self, group_number: int) -> "pa.Table":
        """Give a written row group.

        Raises:
            WriteError: its file cannot be read.
        """
        return _File(folder.numbered(self.path, folder.ROWS, group_number)).read()

    def table(self) -> "pa.Table":
        """Give all rows written so far, in order, in one schema.

        Raises:
            WriteError: a file cannot be read.
        """
        import pyarrow as pa

        tables = [self.read(number) for number in self.row_groups()]
        if not tables:
            return as_table(dict.fromkeys(self._run.column_names, ()))
        schema = unified_schema(tables)
        return pa.concat_tables([conform(table, schema).replace_schema_metadata(None) for table in tables])

    def column_names(self) -> Sequence[str]:
        """Give the names of the columns of what was written; before that, of what the run makes.

        Raises:
            WriteError: a file cannot be read.
        """
        for number in self.row_groups():
            return tuple(_File(folder.numbered(self.path, folder.ROWS, number)).schema.names)
        return self._run.column_names

    # Inside

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Hold the folder, again where `finish` has given it up."""
        if self._lock.release.alive:
            yield
            return
        try:
            lock = FolderLock(self.path, self._now())
        except ConfigError as error:
            raise WriteError(error.problem, path=str(self.path)) from error
        except OSError as error:
            raise write_error("cannot be written to", self.path, error) from error
        try:
            yield
        finally:
            lock.release()

    def _settle_schema(self) -> None:
        files = [_File(folder.numbered(self.path, folder.ROWS, number)) for number in self.row_groups()]
        if not files:
            return
        schema = unified_schema(files)
        for file in files:
            if not file.schema.equals(schema):
                _write(conform(file.read(), schema), file.path)

    def _write_metadata(self, state: State | Literal["running"]) -> None:
        progress = RunProgress(
            state=state,
            delivered=sum(map(len, self._rows.values())),
            dropped=sum(self._dropped.values()),
            started=self._started,
            ended=self._now() if state != "running" else None,
        )
        write_json(self.path / folder.METADATA, metadata_content(self._run, progress))


class _File:
    """A Parquet file that is read when it is looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def schema(self) -> "pa.Schema":
        import pyarrow.parquet as pq

        def read() -> "pa.Schema":
            schema: pa.Schema = pq.read_schema(self.path)
            return schema

        return self._reading(read)

    def column(self, name: str, /) -> "pa.ChunkedArray[Any]":
        # by its position: a name with a dot in it would be read as a path
        return self.read().column(self.schema.get_field_index(name))

    def read(self) -> "pa.Table":
        import pyarrow.parquet as pq

        def read() -> "pa.Table":
            with pq.ParquetFile(self.path) as file:
                table: pa.Table = file.read()
            return table

        return self._reading(read)

    def _reading(self, read: "Callable[[], T]") -> T:
        import pyarrow as pa

        try:
            return read()
        except FileNotFoundError as error:
            advice = "somebody moved or deleted it: put it back, or make the dataset again"
            problem = f"{self.path} cannot be read: {reason(error)}"
            raise WriteError(problem, advice=advice, path=str(self.path)) from error
        except OSError as error:
            raise write_error("cannot be read", self.path, error) from error
        except pa.ArrowInvalid as error:
            raise WriteError(f"{self.path} is no Parquet file any more", path=str(self.path)) from error


def _write(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression=_COMPRESSION)


def _ranges(rows: Sequence[int]) -> list[list[int]]:
    """Row numbers as runs: from each first number to the one behind the last."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][1] == row:
            runs[-1][1] = row + 1
        else:
            runs.append([row, row + 1])
    return runs
