"""ParquetFolder: a dataset on disk, one Parquet file a row group; a run goes on where an earlier one stopped.

```
builder.json                 the columns, the models (never keys), the seed
metadata.json                what was asked for and what came of it
rows/00000.parquet …         the rows of each row group, in order
dropped/00000.parquet …      its rows that did not make it, with the reason
empty_cells/00000.parquet …  its cells that stay empty as they failed, with the reason
traces/00000.parquet …       one line per attempt, one file a run
cells.sqlite                 finished cells of row groups that are not yet written
```
A file is there as a whole or not at all. Each tells, in its schema's metadata, which rows it holds and whether nothing
is left to make of its row group: progress is told from the files alone.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from notebook_gen.config.columns import Function
from notebook_gen.errors import ConfigError, WriteError
from notebook_gen.events import State
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup, RowGroups
from notebook_gen.plan.values import FailedCell, NewDataset
from notebook_gen.storage import folder
from notebook_gen.storage.arrays import as_table
from notebook_gen.storage.cell_store import CellStore
from notebook_gen.storage.column_names import check_encoding
from notebook_gen.storage.failed_cells import read_failures, table_of_failures, write_empty
from notebook_gen.storage.files import staged, staging, write_error, write_json
from notebook_gen.storage.lock import FolderLock
from notebook_gen.storage.metadata import (
    Replaced,
    RunDescription,
    RunProgress,
    builder_content,
    check_content,
    metadata_content,
)
from notebook_gen.storage.refill import Delivered, RefilledCells, begun_again, check_refill, refill
from notebook_gen.storage.replacement import pieces_of
from notebook_gen.storage.resume import Earlier, examine
from notebook_gen.storage.row_files import Contents, ParquetFile, stream_table, write_table
from notebook_gen.storage.schemas import conform, unified_schema

if TYPE_CHECKING:
    import pyarrow as pa


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ParquetFolder:
    """Writes a run's row groups to a folder; what is written may be read on any thread meanwhile.

    A folder that holds the beginning of the same dataset is gone on with: same columns, models, processors and seed,
    same size of row groups, as many rows or more.

    Args:
        path: the folder; made, with its parents, if it is not there. It is held until `finish`: no other run, of this
            process or another, can begin in it.
        run: what the run was asked for.
        overwrite: True: delete the dataset that is there; "dropped": make its dropped rows again, and only them.
        now: tells the time.

    Attributes:
        path: the folder, absolute.
        earlier: what an earlier run left; None if this one begins from nothing.
        as_text: the columns that this run has written as text although they hold something else, and what.

    Raises:
        ConfigError: the run cannot be described, or the folder holds something else, a dataset that was declared
            otherwise or a file that is broken, is held by another run, or cannot be written to; nothing was changed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run: RunDescription,
        *,
        overwrite: bool | Literal["dropped"] = False,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.path = folder.local_path(path)
        self._run = run
        self._now = now
        self._started = now()
        self._may_resize = any(isinstance(spec, Function) and spec.allow_resize for spec in run.columns.values())
        self.as_text: dict[str, str] = {}
        self._cells: CellStore | None = None
        self._traces: Path | None = None
        builder = builder_content(run)
        # before anything is deleted
        check_encoding(run.column_names)
        check_content(builder)
        if overwrite == "dropped":
            check_refill(run)
        self._lock = folder.claim(self.path, self._started, overwrite=overwrite is True)
        try:
            self.earlier = examine(self.path, run)
            if overwrite == "dropped" and self.earlier is not None:
                self.earlier = begun_again(self.path, self.earlier)
            self._take_over(self.earlier)
            self._write_metadata("running")
            write_json(self.path / folder.BUILDER, builder)
        except WriteError as error:
            self._lock.release()
            raise ConfigError(error.problem, advice=error.advice or "choose another folder") from error
        except BaseException:
            self._lock.release()
            raise

    def _take_over(self, earlier: Earlier | None) -> None:
        # one entry a row group, so that threads that write different ones never change the same number
        self._rows: dict[int, Sequence[int]] = {}
        self._dropped: dict[int, int] = {}
        self._replaced: Replaced | None = None
        # row groups that an earlier run dropped rows of, and that will be made again
        self._to_drop_anew: set[int] = set()
        # of row groups that are begun again only for the rows that were dropped, the rows that were delivered
        self._refilled: dict[int, Sequence[int]] = {}
        self._dropped_again: dict[int, Sequence[FailedCell]] = {}
        # row groups that are complete if the run gets to its end
        self._unsure: dict[int, Contents] = {}
        if earlier is None:
            folder.clear(self.path)
        else:
            self._rows |= earlier.rows
            self._dropped |= earlier.dropped
            self._replaced = earlier.replaced
            self._refilled |= earlier.refilled
            self._to_drop_anew |= earlier.dropped.keys() - earlier.groups.keys() - earlier.refilled.keys()
            for file in earlier.superseded:
                file.unlink(missing_ok=True)
            if earlier.replaced is not None:
                folder.put_in_place(self.path, earlier.replaced.row_groups)
        folder.tidy(self.path)

    def open_cells(self, graph: ExecutionGraph) -> CellStore | RefilledCells:
        """Give the store of the run's finished cells; it is closed by `finish`.

        Args:
            graph: the run's columns.
        """
        columns = self._run.fingerprints.columns
        self._cells = CellStore(
            self.path / folder.CELLS,
            makers=[f"{node.name} {columns.get(node.name, '')}" for node in graph.nodes],
            reads=[node.inputs for node in graph.nodes],
            row_group_size=self._run.row_group_size,
        )
        # the process may have been killed between writing a row group and forgetting its cells
        finished = self.earlier.groups.keys() if self.earlier is not None else frozenset[int]()
        planned = RowGroups(self._run.rows, self._run.row_group_size)
        for number in self._cells.groups(planned.size) & finished:
            self._cells.forget(planned[number])
        return RefilledCells(self.path, self._refilled, graph, self._cells) if self._refilled else self._cells

    # Writing

    def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
        """Write a row group; without rows, no file. Part of one never takes the place of a larger part.

        Raises:
            WriteError: it is not on the disk.
        """
        number = group.number
        if not rows:
            return
        if number in self._refilled:
            more = Delivered(as_table(columns, self.as_text), rows)
            before = self._contents(group, self._rows[number], self._dropped[number])
            contents = refill(self.path, before, more, self._dropped_again.pop(number, ()))
            self._rows[number], self._dropped[number] = contents.rows, contents.dropped
            return
        dropped = 0 if number in self._to_drop_anew else self._dropped.get(number, 0)
        contents = self._contents(group, rows, dropped)
        if not contents.complete and len(rows) < len(self._rows.get(number, ())):
            return
        write_table(
            folder.numbered(self.path, folder.ROWS, number), [contents.describe(as_table(columns, self.as_text))]
        )
        self._rows[number] = contents.rows
        if number in self._to_drop_anew:
            # it has none now; the file of rows, which says so, counts from here on
            folder.forget(folder.numbered(self.path, folder.DROPPED, number))
            self._dropped.pop(number, None)
            self._to_drop_anew.discard(number)

    def write_dropped(self, group: RowGroup, dropped: Sequence[FailedCell]) -> None:
        """Write what is known about a row group's dropped rows; of one without rows, that nothing is left to make.

        Raises:
            WriteError: it is not on the disk.
        """
        if group.number in self._refilled:
            # what was dropped stays so until the others are on the disk
            self._dropped_again[group.number] = dropped
            return
        number, contents = group.number, self._contents(group, (), len(dropped))
        write_table(folder.numbered(self.path, folder.DROPPED, number), [contents.describe(table_of_failures(dropped))])
        self._dropped[number] = len(dropped)
        self._to_drop_anew.discard(number)
        if contents.complete and self._rows.pop(number, None) is not None:
            # part of it that an earlier run has written
            folder.forget(folder.numbered(self.path, folder.ROWS, number))

    def write_empty(self, group: RowGroup, empty: Sequence[FailedCell]) -> None:
        """Write why cells of a row group's rows are empty.

        Raises:
            WriteError: it is not on the disk.
        """
        write_empty(self.path, group.number, empty, keeps=self._refilled.get(group.number, ()))

    def replace(self, dataset: NewDataset) -> None:
        """Write these rows in place of all that were written; the dataset is final then.

        Raises:
            WriteError: they could not all be written; then what was written is still there, or, if the disk fails while
                files change their names, the next run in this folder ends what was begun.
        """
        self.as_text.clear()
        table = as_table(dataset.columns, self.as_text)
        pieces = pieces_of(dataset, self._rows, self._run.row_group_size)
        files = [folder.numbered(self.path, folder.ROWS, piece.number) for piece in pieces]
        try:
            for file, (number, start, rows) in zip(files, pieces, strict=True):
                contents = Contents.of(RowGroup(number, start, len(rows)), len(rows), rows, 0)
                with staging(file) as temporary:
                    stream_table(temporary, [contents.describe(table.slice(start, len(rows)))])
        except WriteError:
            for file in files:
                staged(file).unlink(missing_ok=True)
            raise
        # all or nothing, also for a process that is killed: from here on, the staged files are the dataset
        delivered = sum(map(len, self._rows.values()))
        replaced = Replaced(len(pieces), table.num_rows, delivered, is_renumbered=dataset.rows is None)
        self._write_metadata("running", replaced)
        self._replaced = replaced
        folder.put_in_place(self.path, len(pieces))
        self._rows = {piece.number: piece.rows for piece in pieces}
        self._unsure.clear()

    def write_traces(self, parts: "Iterable[pa.Table]") -> None:
        """Write the run's traces, one line per attempt; after `finish`, too, unless another run has begun here since.

        Args:
            parts: their lines in order, as one table or more of the same schema.

        Raises:
            WriteError: they are not on the disk.
        """
        with self._holding():
            if self._traces is None:
                number = max(folder.numbered_files(self.path, folder.TRACES), default=-1) + 1
                self._traces = folder.numbered(self.path, folder.TRACES, number)
            write_table(self._traces, parts)

    def finish(self, state: State) -> None:
        """End the dataset: all row files get one schema, metadata.json says how the run ended; others may begin here.

        Raises:
            WriteError: a file could not be written; what was there before is still there.
        """
        if self._cells is not None:
            self._cells.close()
        try:
            self._settle_files(ended_well=state == "finished")
            if state == "finished":
                self._settle_drops()
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
        return ParquetFile(folder.numbered(self.path, folder.ROWS, group_number)).read()

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

    def failed_before(self, group_number: int | None = None) -> "Iterator[pa.Table]":
        """Read which rows an earlier run dropped for good, which cells it left empty, and why; in order of row groups.

        Args:
            group_number: the only row group to look at; None: all.

        Raises:
            WriteError: when it is gone through: a file cannot be read.
        """
        if self.earlier is None:
            return iter(())
        numbers = sorted(self.earlier.groups) if group_number is None else [group_number]
        return read_failures(self.path, self.earlier, numbers)

    def column_names(self) -> Sequence[str]:
        """Give the names of the columns of what was written; before that, of what the run makes.

        Raises:
            WriteError: a file cannot be read.
        """
        for number in self.row_groups():
            return tuple(ParquetFile(folder.numbered(self.path, folder.ROWS, number)).schema.names)
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

    def _contents(self, group: RowGroup, rows: Sequence[int], dropped: int) -> Contents:
        contents = Contents.of(group, self._run.planned_size(group.number), rows, dropped)
        if self._may_resize and dropped:
            # rows may have been dropped before or after their number changed, and only the latter count
            contents = contents._replace(complete=False)
            self._unsure[group.number] = contents
        return contents

    def _settle_files(self, *, ended_well: bool) -> None:
        """Give all files of rows one schema; and in those of which it was not known, note that they are complete."""
        files = {number: ParquetFile(folder.numbered(self.path, folder.ROWS, number)) for number in self.row_groups()}
        if not files:
            return
        schema = unified_schema(list(files.values()), self.as_text)
        for number, file in files.items():
            is_now_complete = ended_well and number in self._unsure
            if is_now_complete or not file.schema.equals(schema):
                table = conform(file.read(), schema)
                if is_now_complete:
                    table = self._unsure[number]._replace(complete=True).describe(table)
                write_table(file.path, [table])

    def _settle_drops(self) -> None:
        """Note of row groups that have no rows left, and of which it was not known, that they are complete."""
        for number in self._unsure.keys() - self._rows.keys():
            file = ParquetFile(folder.numbered(self.path, folder.DROPPED, number))
            write_table(file.path, [self._unsure[number]._replace(complete=True).describe(file.read())])

    def _write_metadata(self, state: State | Literal["running"], replaced: Replaced | None = None) -> None:
        progress = RunProgress(
            state=state,
            delivered=sum(map(len, self._rows.values())),
            dropped=sum(self._dropped.values()),
            started=self._started,
            ended=self._now() if state != "running" else None,
            replaced=replaced or self._replaced,
        )
        write_json(self.path / folder.METADATA, metadata_content(self._run, progress))
