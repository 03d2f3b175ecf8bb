"""Failures: every row that was dropped and every cell that failed for good, with the failure that decided it."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol

from notebook_gen.errors import DroppedByProcessor, GenerationError
from notebook_gen.events import CellFailed, Event, RowDropped
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# what differs from row to row: quoted text and numbers, but for the status in "(404)", which says what happened
_DIFFERING: Final = re.compile(
    r"""\(\d{3}\)|(?<!\w)'[^']*'(?!\w)|"[^"]*"|`[^`]*`|“[^”]*”|0x[0-9a-fA-F]+|(?<![A-Za-z_])\d+(?:[.,:]\d+)*"""
)
_NAMES: Final = {"attempts": "attempt"}  # of a file's columns that are not called as in a `Failure`
_COMPARED: Final = 300  # characters of an error that tell it from others
_REASONS: Final = 1000  # reasons that are told apart; further ones of a column and kind count as one


class Failure(NamedTuple):
    """Why a row was dropped, or a cell has no value.

    Attributes:
        row: its number in the run.
        column: the column that could not be made; if a processor dropped the row, its stage and name, such as
            "post_batch: only_long".
        attempt: which try it was, from 1.
        kind: "rate limited", "transient", "rejected", or "processor" where no call failed.
        error: what happened.
        advice: what to do about it; may be empty.
        dropped: whether the row was dropped; else its column says `on_error="null"`, and the cell is NA, or "raise",
            and the run has ended.
    """

    row: int
    column: str
    attempt: int
    kind: str
    error: str
    advice: str
    dropped: bool


class FailureGroup(NamedTuple):
    """Failures of one reason.

    Attributes:
        example: the first of them.
        rows: how many there are.
        differs: whether not all of them say what the example says.
    """

    example: Failure
    rows: int
    differs: bool


class EarlierFailures(Protocol):
    """Where it is written what failed for good in an earlier run; the `Storage` of a run is one."""

    def failed_before(self, group_number: int | None = None) -> "Iterable[pa.Table]":
        """Read what failed for good in an earlier run, of one row group or of all."""
        ...


class Failures:
    """All failures of a run that were for good, in the order they happened.

    A cell that stayed empty is counted as long as its row lives: of a row that was dropped later, what dropped it.

    Args:
        graph: its columns.
        earlier: where it is written what failed in an earlier run: it is read when somebody asks, and is neither among
            the `items` nor in what is grouped. None: there was none.

    Attributes:
        items: all, also those that are not counted.
        count: how many are counted.
    """

    KINDS: ClassVar = (RowDropped, CellFailed)

    def __init__(self, graph: ExecutionGraph, earlier: EarlierFailures | None = None) -> None:
        self._earlier = earlier
        self._names = [node.name for node in graph.nodes]
        self.items: list[Failure] = []
        self._drops: dict[int, Failure] = {}
        self.count = 0
        self._groups: dict[tuple[str, ...], FailureGroup] = {}
        # of each row that lives with empty cells, the groups that these are in
        self._empty: dict[int, list[tuple[str, ...]]] = {}

    def __call__(self, event: Event) -> None:
        """Fold one event, of one of `KINDS`."""
        if type(event) is RowDropped or type(event) is CellFailed:
            error = event.error
            name = self._names[event.node] if event.node is not None else _processor(error)
            dropped = type(event) is RowDropped
            failure = Failure(event.row, name, event.attempt, error.kind, error.problem, error.advice, dropped)
            self.items.append(failure)
            if dropped:
                self._drops[failure.row] = failure
                self._count_no_more(event.row)
            told = (error.raised_at,) if error.raised_at else (_reason(error.problem), _reason(error.advice))
            group: tuple[str, ...] = (name, error.kind, *told)
            if group not in self._groups and len(self._groups) >= _REASONS:
                group = (name, error.kind)
            example, count, differs = self._groups.get(group, FailureGroup(failure, 0, differs=False))
            self._groups[group] = FailureGroup(example, count + 1, differs or failure.error != example.error)
            self.count += 1
            if not dropped:
                self._empty.setdefault(event.row, []).append(group)

    def _count_no_more(self, row: int) -> None:
        """Take out the empty cells of a row that is dropped."""
        for key in self._empty.pop(row, ()):
            group = self._groups[key]
            self.count -= 1
            if group.rows > 1:
                self._groups[key] = group._replace(rows=group.rows - 1)
            else:
                del self._groups[key]

    def before(self, group_number: int | None = None, row: int | None = None) -> Iterator[Failure]:
        """Read what failed for good in an earlier run of this dataset, of all row groups or one, of all rows or one.

        Raises:
            WriteError: when it is gone through: that cannot be read any more.
        """
        for table in self._earlier.failed_before(group_number) if self._earlier is not None else ():
            for line in (table if row is None else _of_row(table, row)).to_pylist():
                yield Failure(**{_NAMES.get(name, name): value for name, value in line.items()})

    def drop_of(self, row: int) -> Failure | None:
        """Give why this run dropped a row; None if it did not."""
        return self._drops.get(row)

    def most_common(self) -> list[FailureGroup]:
        """Group by column, kind and reason: the most frequent first, what processors dropped last.

        Of each column and kind, what comes late is one.

        What a user's function raises has the same reason if it is of one type and came through one line of the user's,
        whatever it says. Other errors have if they, and what to do about them, differ in numbers and quoted texts only:
        an answer of "43 words" and one of "48 words" do.
        """
        return sorted(self._groups.copy().values(), key=lambda group: (group.example.kind == "processor", -group.rows))

    def to_pandas(self) -> "pd.DataFrame":
        """Give a line for each that counts, also of earlier runs: row, column, attempt, kind, error, advice, dropped.

        Sorted by row, then column in the order of declaration, then attempt.
        """
        import pandas as pd

        places = {name: number for number, name in enumerate(self._names)}

        def place(failure: Failure) -> tuple[int, int, int]:
            # a processor has no place among the columns: it comes when they are done, or before them
            return failure.row, places.get(failure.column, -1), failure.attempt

        lines = sorted([*self.before(), *self.items], key=place)
        gone = {failure.row for failure in lines if failure.dropped}
        lines = [failure for failure in lines if failure.dropped or failure.row not in gone]
        table = pd.DataFrame(lines, columns=list(Failure._fields))
        # without lines, they would be columns of anything
        return table.astype(dict.fromkeys(table, "str") | {"row": "int64", "attempt": "int64", "dropped": "bool"})


def _of_row(table: "pa.Table", row: int) -> "pa.Table":
    import pyarrow.compute as pc

    return table.filter(pc.field("row") == row)


def _processor(error: GenerationError) -> str:
    return error.place if isinstance(error, DroppedByProcessor) else ""


def _reason(text: str) -> str:
    """What remains of a text without what differs from row to row."""
    return _DIFFERING.sub(lambda match: match[0] if match[0][0] == "(" else "…", text[:_COMPARED])
