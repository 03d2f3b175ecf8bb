"""Outcome: what came of a dataset in a folder, for whoever looks at it later. Nothing is held, and nothing is changed.

What the columns were is read from builder.json, as far as a graph needs to know: of functions, not what they do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_gen.config import columns as kinds
from notebook_gen.config.columns import Column, Function, SeedColumn, SeedData
from notebook_gen.errors import ConfigError
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.plan.tasks import RowGroups
from notebook_gen.storage import folder
from notebook_gen.storage.resume import Earlier, read_json, tell
from notebook_gen.storage.row_files import ParquetFile

if TYPE_CHECKING:
    import pyarrow as pa


class GroupOutcome(NamedTuple):
    """What came of a row group.

    Attributes:
        number: its place among the row groups.
        start: its first row.
        size: its rows; another number than was planned where a column changed it.
        is_finished: whether each of its rows was delivered or dropped.
        delivered: the rows that were, in order.
        dropped: the rows that did not make it, each with what decided that, a node's name or a processor's; empty where
            nobody knows.
        empty: the cells that stay empty as they failed: row and node's name.
    """

    number: int
    start: int
    size: int
    is_finished: bool
    delivered: Sequence[int]
    dropped: Mapping[int, str]
    empty: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a dataset.

    Attributes:
        path: its folder.
        state: how its last run ended; "running" also of one that was killed.
        rows: rows asked for.
        row_group_size: rows of each row group but the last.
        graph: its columns.
        earlier: what its files tell.
    """

    path: Path
    state: str
    rows: int
    row_group_size: int
    graph: ExecutionGraph
    earlier: Earlier

    def groups(self) -> Iterator[GroupOutcome]:
        """Give what came of each row group, in order.

        Raises:
            WriteError: when it is gone through: a file cannot be read.
        """
        earlier = self.earlier
        for group in RowGroups(self.rows, self.row_group_size):
            number, is_finished = group.number, group.number in earlier.groups
            told = self._dropped(number)
            if earlier.is_final:
                # its files may hold other rows by now: what was not dropped was delivered
                delivered: Sequence[int] = [row for row in group.rows if row not in told]
            else:
                delivered = earlier.rows.get(number, ())
            there = set(delivered)
            dropped = {row: name for row, name in told.items() if row not in there}
            if is_finished and len(dropped) < earlier.dropped.get(number, 0):  # somebody deleted the file
                dropped = {row: dropped.get(row, "") for row in group.rows if row not in there}
            last = max(delivered[-1] if delivered else -1, max(dropped, default=-1))
            size = last + 1 - group.start if is_finished else max(group.size, last + 1 - group.start)
            empty = [(row, name) for row, name in self._failures(folder.EMPTY, number) if row in there]
            yield GroupOutcome(number, group.start, max(0, size), is_finished, delivered, dropped, empty)

    def values(self, group: GroupOutcome) -> "pa.Table | None":
        """Give the delivered rows of a row group, in order; None if there are none, or others have taken their place.

        Raises:
            WriteError: the file cannot be read.
        """
        if self.earlier.is_final or not group.delivered:
            return None
        return ParquetFile(folder.numbered(self.path, folder.ROWS, group.number)).read()

    def _dropped(self, number: int) -> dict[int, str]:
        return dict(self._failures(folder.DROPPED, number)) if number in self.earlier.dropped else {}

    def _failures(self, kind: str, number: int) -> list[tuple[int, str]]:
        file = folder.numbered(self.path, kind, number)
        if not file.exists():
            return []
        table = ParquetFile(file).read()
        lines = table.select(["row", "column"]).to_pylist()
        return [(line["row"], line["column"]) for line in lines]


def read_outcome(path: Path) -> Outcome | None:
    """Read what came of the dataset in a folder; None if there is none, or nothing tells what its columns are.

    Raises:
        ConfigError: a file of it is broken; says which, and what to do.
    """
    if not (path / folder.METADATA).is_file() or not (path / folder.BUILDER).is_file():
        return None
    specs = _read_columns(path / folder.BUILDER)
    state, run, earlier = tell(path, specs)
    return Outcome(path, state, run.rows, run.row_group_size, build_graph(specs), earlier)


def _read_columns(path: Path) -> dict[str, Column]:
    content = read_json(path)
    try:
        tables = [SeedData(**table) for table in content["seed_data"]]
        return {name: _column(described, tables) for name, described in content["columns"].items()}
    except (AttributeError, ConfigError, IndexError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} does not say what the columns are", advice="give the folder 'traces' in it, or the run itself"
        ) from error


def _column(described: Mapping[str, Any], tables: Sequence[SeedData]) -> Column:
    options = {name: value for name, value in described.items() if name != "type"}
    match described["type"]:
        case "SeedColumn":
            return SeedColumn(name=options["name"], data=tables[options["seed_data"]])
        case "Function":
            del options["name"]
            return Function(function=len, **options)  # never called
        case name:
            kind = getattr(kinds, name)
            if not (isinstance(kind, type) and issubclass(kind, Column)):
                raise TypeError(f"{name} is no kind of column")  # whatever a file names is not called
            return kind(**options)
