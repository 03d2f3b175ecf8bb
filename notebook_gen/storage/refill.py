"""Refill: row groups that lack rows, because an earlier run dropped them, are begun again for these rows alone.

What was delivered stays, value for value: its cells are read back from the file of rows, which stays as it is until one
takes its place that has all of its rows and more. A row that is not made this time either stays dropped.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_gen.config.columns import Function
from notebook_gen.errors import ConfigError
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import FailedCell
from notebook_gen.storage import folder
from notebook_gen.storage.cell_store import CellStore
from notebook_gen.storage.failed_cells import table_of_failures
from notebook_gen.storage.metadata import RunDescription
from notebook_gen.storage.resume import Earlier
from notebook_gen.storage.row_files import Contents, ParquetFile, write_table
from notebook_gen.storage.schemas import conform, unified_schema

if TYPE_CHECKING:
    import pyarrow as pa

_ADVICE = "use the rows that are there, or give overwrite=True to make all of them anew"


def check_refill(run: RunDescription) -> None:
    """Check that dropped rows can be made without the others of their row group.

    Raises:
        ConfigError: something sees more than one row; says what.
    """
    for name, spec in run.columns.items():
        if isinstance(spec, Function) and (spec.full_column or spec.ordered):
            sees = "a whole row group" if spec.full_column else "one row after the other"
            raise ConfigError(
                f"sees {sees}, so that dropped rows cannot be made by themselves", advice=_ADVICE, column=name
            )
    for stage, name in run.processors:
        if stage != "after_run":
            raise ConfigError(
                f"the processor {name!r} sees a whole row group ({stage}), so that dropped rows cannot be made by "
                "themselves",
                advice=_ADVICE,
            )


def begun_again(path: Path, earlier: Earlier) -> Earlier:
    """Give what an earlier run left so that row groups that lack dropped rows are still to be made.

    Args:
        path: the folder.
        earlier: what it left.

    Raises:
        ConfigError: its dataset is final.
    """
    lacking = {number for number, group in earlier.groups.items() if group.dropped}
    if lacking and earlier.is_final:
        raise ConfigError(
            f"{path} holds a dataset that after_run processors have changed as a whole: its dropped rows cannot be "
            "made any more",
            advice=_ADVICE,
        )
    groups = {number: group for number, group in earlier.groups.items() if number not in lacking}
    refilled = {number: rows for number in lacking if (rows := earlier.groups[number].rows)}
    return replace(earlier, groups=groups, refilled=refilled)


class RefilledCells:
    """The cells of row groups that are begun again: those of delivered rows are in their files, others in a store.

    Args:
        path: the folder.
        rows: of each such row group, the rows that were delivered.
        graph: the run's columns.
        store: where cells are kept.

    A `CellKeeper` of the engine.
    """

    def __init__(self, path: Path, rows: Mapping[int, Sequence[int]], graph: ExecutionGraph, store: CellStore) -> None:
        self._path = path
        self._rows = rows
        # others are made again in place
        self._looked_for = [node.index for node in graph.nodes if node.resource is not None]
        self._outputs = [node.outputs for node in graph.nodes]
        self._store = store
        self._tables: dict[int, pa.Table] = {}
        self.keep = store.keep

    def counts(self, size: int) -> Mapping[int, Mapping[int, int]]:
        """Give how many cells of each node there are, as `CellStore.counts` does."""
        counts = {number: dict(nodes) for number, nodes in self._store.counts(size).items()}
        for number, rows in self._rows.items():
            nodes = counts.setdefault(number, {})
            for node in self._looked_for:
                nodes[node] = nodes.get(node, 0) + len(rows)
        return counts

    def find(
        self, node: int, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Mapping[int, tuple[Any, ...]]:
        """Give the cells of delivered rows, and those that were kept of others, as `CellStore.find` does."""
        delivered = self._rows.get(group.number, ())
        places = {row: place for place, row in enumerate(delivered)}
        found = dict(self._store.find(node, group, [row for row in rows if row not in places], inputs))
        wanted = [row for row in rows if row in places]
        if wanted:
            if group.number not in self._tables:
                self._tables[group.number] = ParquetFile(folder.numbered(self._path, folder.ROWS, group.number)).read()
            chosen = self._tables[group.number].take([places[row] for row in wanted])
            columns = [chosen.column(chosen.schema.get_field_index(name)).to_pylist() for name in self._outputs[node]]
            found |= zip(wanted, zip(*columns, strict=True), strict=True)
        return {row: found[row] for row in rows if row in found}

    def forget(self, group: RowGroup) -> None:
        """Forget the cells of a row group that was written as a whole."""
        self._tables.pop(group.number, None)
        self._store.forget(group)


class Delivered(NamedTuple):
    """Rows of a row group that are done, in order, and their numbers."""

    table: "pa.Table"
    rows: Sequence[int]


def refill(path: Path, before: Contents, more: Delivered, dropped: Sequence[FailedCell]) -> Contents:
    """Write rows beside those of their row group that were delivered; all others of it are still dropped.

    A process that is killed meanwhile leaves a file of dropped rows that tells of some that were delivered, too.

    Args:
        path: the folder.
        before: what there is of the row group.
        more: what is done of it now; rows that were delivered before are left as they are.
        dropped: what was dropped of it now.

    Returns:
        What there is of it now.

    Raises:
        WriteError: it is not on the disk; what was delivered still is.
    """
    rows, drops = (ParquetFile(folder.numbered(path, kind, before.row_group)) for kind in (folder.ROWS, folder.DROPPED))
    table, numbers = _merged(Delivered(rows.read(), before.rows), more)
    left = set(range(before.start, before.start + before.size)).difference(numbers)
    reasons = _still_dropped(drops.read() if drops.path.exists() else None, dropped, left)
    group = RowGroup(before.row_group, before.start, before.size)
    contents = Contents.of(group, before.planned, numbers, len(left))
    write_table(rows.path, [contents.describe(table)])
    if left:
        write_table(drops.path, [Contents.of(group, before.planned, (), len(left)).describe(reasons)])
    else:
        drops.path.unlink(missing_ok=True)
    return contents


def _merged(before: Delivered, more: Delivered) -> Delivered:
    """Rows that were delivered, with others between them."""
    import pyarrow as pa

    known = set(before.rows)
    new = [place for place, row in enumerate(more.rows) if row not in known]
    numbers = [*before.rows, *(more.rows[place] for place in new)]
    # without new rows, the types of what the run gives say nothing
    parts = [before.table, more.table.take(pa.array(new, pa.int64()))] if new else [before.table]
    schema = unified_schema(parts)
    table = pa.concat_tables([conform(part, schema).replace_schema_metadata(None) for part in parts])
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    return Delivered(table.take(order), [numbers[place] for place in order])


def _still_dropped(before: "pa.Table | None", dropped: Sequence[FailedCell], left: Container[int]) -> "pa.Table":
    """The rows that are still dropped, in order: with the reason of this run, or else of the one before."""
    import pyarrow as pa

    now = {drop.row: drop for drop in dropped if drop.row in left}
    table = table_of_failures(list(now.values()))
    if before is not None:
        older = [place for place, row in enumerate(before["row"].to_pylist()) if row in left and row not in now]
        table = pa.concat_tables([table, before.replace_schema_metadata(None).take(pa.array(older, pa.int64()))])
    return table.sort_by("row")
