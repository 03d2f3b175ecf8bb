"""Records: one row of a run with everything that is known of it, looked up when somebody asks.

Nothing is kept for this: values come from where the rows are, attempts from the trace, what was said to models from
the log of exchanges. What one of these has forgotten is missing in a record, and nothing else is.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol

from notebook_gen.config.columns import DerivedColumn
from notebook_gen.engine.skips import SkipRules
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.errors import NoSuchRow, WriteError
from notebook_gen.observers.failures import Failure, Failures
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.rows import LiveRows
from notebook_gen.observers.trace import STATES, Trace
from notebook_gen.plan.graph import ExecutionGraph, Node
from notebook_gen.plan.tasks import WHOLE_GROUP, Task
from notebook_gen.plan.values import Exchange

RowState = Literal["in progress", "done", "dropped", "unfinished"]

_TAKEN: Final = "an after_run processor left it out"
_BY_EARLIER: Final = "dropped by an earlier run: "
MOST_ATTEMPTS: Final = 20
"""Attempts of a cell in a record, at most: the last ones."""


class Attempt(NamedTuple):
    """One attempt at a cell, or at the column of a whole row group.

    Attributes:
        number: which try it was, from 1; a rate limit costs none, so that numbers may come twice.
        state: "in flight", "done", "failed", "failed, again" (it was tried another time) or "cancelled".
        ready, started, ended: seconds since the run began; `ended` is None while it is in flight.
        tokens_in, tokens_out: what the endpoint counted; 0 where it did not.
        error: why it failed.
        exchange: what was said to a model, unless that is forgotten.
    """

    number: int
    state: str
    ready: float
    started: float
    ended: float | None
    tokens_in: int
    tokens_out: int
    error: str | None
    exchange: Exchange | None

    @property
    def seconds(self) -> float | None:
        """How long it was in flight; None while it is."""
        return None if self.ended is None else self.ended - self.started


@dataclass(frozen=True, slots=True)
class CellRecord:
    """One cell.

    Attributes:
        column: its column.
        node: what makes it; columns that are made together share it, and the attempts.
        state: as in a `RowView`.
        value: None wherever the state is neither "done" nor "skipped".
        reason: why it was skipped, failed or dropped, that an earlier run made it, or which processor took its value
            away; else empty.
        attempts: the last of them, in the order they began; none if it was made in place, or the run is not traced.
        exchange: what was said to its model last; None without a model, and where it is forgotten.
        is_taken: whether it was made, and a processor has taken its value away.
    """

    column: str
    node: Node = field(repr=False)
    state: CellState
    value: Any
    reason: str = ""
    attempts: tuple[Attempt, ...] = field(default=(), repr=False)
    exchange: Exchange | None = field(default=None, repr=False)
    is_taken: bool = False

    @property
    def tokens_in(self) -> int:
        """Tokens sent in all attempts."""
        return sum(attempt.tokens_in for attempt in self.attempts)

    @property
    def tokens_out(self) -> int:
        """Tokens answered in all attempts."""
        return sum(attempt.tokens_out for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class RowRecord(Mapping[str, CellRecord]):
    """One row as it stood when somebody asked: its cells by column, in the order of declaration.

    Attributes:
        row: its number in the run.
        row_group: the number of its row group.
        state: "unfinished" if the run has ended before the row had.
        reason: why it was dropped; empty if it was not.
        cells: one for each column.
        graph: the columns of the run.
    """

    row: int
    row_group: int
    state: RowState
    reason: str
    cells: tuple[CellRecord, ...]
    graph: ExecutionGraph

    def __getitem__(self, column: str) -> CellRecord:
        for cell in self.cells:
            if cell.column == column:
                return cell
        raise KeyError(column)

    def __iter__(self) -> Iterator[str]:
        return (cell.column for cell in self.cells)

    def __len__(self) -> int:
        return len(self.cells)


class Exchanges(Protocol):
    """Where exchanges are kept."""

    def get(self, task: Task) -> Exchange | None:
        """Give the exchange of a task's attempt; None if there was none, or it is forgotten."""
        ...


class Records:
    """Looks up records. `find` belongs to the run's thread.

    Args:
        progress: how far the run is.
        rows: where its rows are.
        failures: what failed for good.
        trace: its attempts; None if it is not traced.
        exchanges: what was said to models.
        group_size: rows of each row group but the last.
    """

    def __init__(
        self,
        progress: Progress,
        rows: LiveRows,
        failures: Failures,
        trace: Trace | None,
        exchanges: Exchanges,
        group_size: int,
    ) -> None:
        self._progress = progress
        self._rows = rows
        self._failures = failures
        self._trace = trace
        self._exchanges = exchanges
        self._group_size = group_size
        self._graph = progress.graph
        self._skips = SkipRules(progress.graph)

    def find(self, row: int) -> RowRecord:
        """Give the record of a row.

        Raises:
            NoSuchRow: the run has no such row, or has not begun it.
        """
        if self._progress.is_renumbered:
            raise NoSuchRow(
                f"row {row} is not known any more: an after_run processor gave the rows other numbers",
                advice="a processor that keeps the index and the order of its rows keeps their records",
            )
        view = self._rows.view(row) if 0 <= row < self._progress.rows else None
        failures = [failure for failure in self._failures.items if failure.row == row]
        is_earlier = view is None and not failures and 0 <= row < self._progress.rows
        if is_earlier:
            failures = [*self._failures.before(row // self._group_size, row)]
        elif view is not None and self._may_be_empty(view):
            # what is known of the row is there, whether that can be read or not
            with suppress(WriteError):
                failures += self._failures.before(row // self._group_size, row)
        is_taken = view is None and not failures
        if is_taken:
            view = self._taken(row)
        drop = next((failure for failure in failures if failure.dropped), None)
        reason = _TAKEN if is_taken else ""
        if drop is not None:
            reason = f"{_BY_EARLIER if is_earlier else ''}{_say(drop)}"
        view = view or self._rows.without_values(row)
        group = row // self._group_size
        attempts = self._attempts(row, group)
        cells = [
            self._cell(column, place, view, attempts.get(node, ()), (row, group))
            for place, (column, node) in enumerate(self._graph.columns.items())
        ]
        return RowRecord(
            row=row,
            row_group=group,
            state=self._state(view, drop),
            reason=reason,
            cells=tuple(self._explained(cells, failures)),
            graph=self._graph,
        )

    def _may_be_empty(self, view: RowView) -> bool:
        """Whether an earlier run may have left cells of a row empty: only its file says so."""
        kept = [self._progress.nodes[node].kept for node in self._graph.columns.values()]
        cells = zip(kept, view.states, view.values, strict=True)
        return any(count and state == "done" and value is None for count, state, value in cells)

    def _taken(self, row: int) -> RowView:
        """A row that processors of the whole dataset have left out.

        Raises:
            NoSuchRow: there is no such row.
        """
        is_written = 0 <= row < self._progress.rows and self._progress.rows_after_run is not None
        view = self._rows.without_values(row) if is_written else None
        if view is None or not view.dropped:
            raise self._missing(row)
        return view

    def _state(self, view: RowView, drop: Failure | None) -> RowState:
        if drop is not None or view.dropped:
            return "dropped"
        if all(state in ("done", "skipped", "failed") for state in view.states):
            return "done"
        return "in progress" if self._progress.ended is None else "unfinished"

    def _cell(
        self, column: str, place: int, view: RowView, attempts: Sequence[Attempt], where: tuple[int, int]
    ) -> CellRecord:
        node = self._graph.nodes[self._graph.columns[column]]
        return CellRecord(
            column=column,
            node=node,
            state=view.states[place],
            value=view.values[place],
            attempts=tuple(attempts),
            exchange=self._last_exchange(node, *where),
            reason=view.taken.get(place, ""),
            is_taken=place in view.taken and view.states[place] == "done",
        )

    def _explained(self, cells: Sequence[CellRecord], failures: Sequence[Failure]) -> Iterator[CellRecord]:
        """Cells with the reasons why they have no value."""
        failed = {failure.column: _say(failure) for failure in reversed(failures) if failure.column is not None}
        others = [cell for cell in cells if cell.node.name not in failed]
        skipped = {cell.node.index for cell in others if self._was_skipped(cell)}
        unknown = {cell.node.index for cell in others if self._may_have_been_skipped(cell)} - skipped
        for cell in cells:
            if cell.is_taken:
                yield cell
            elif cell.node.name in failed:
                yield _with(cell, "failed", failed[cell.node.name])
            elif cell.node.index in skipped:
                yield _with(cell, "skipped", self._say_skipped(cell.node, skipped, unknown))
            elif cell.state == "done" and self._is_untried(cell) and self._progress.nodes[cell.node.index].kept:
                yield _with(cell, "done", "an earlier run made it")
            elif cell.state == "dropped":
                yield _with(cell, "dropped", "its row was dropped")
            else:
                yield cell

    def _was_skipped(self, cell: CellRecord) -> bool:
        """Whether a cell was skipped.

        Of a row that an earlier run wrote, nobody knows any more which cells were: they are missing there. What may be
        skipped, is missing and had no attempt, was.
        """
        return cell.state == "skipped" or (self._may_be_skipped(cell) and self._is_untried(cell))

    def _may_have_been_skipped(self, cell: CellRecord) -> bool:
        """Whether a cell that an earlier run wrote may have been skipped."""
        return self._may_be_skipped(cell) and self._progress.nodes[cell.node.index].kept > 0

    def _may_be_skipped(self, cell: CellRecord) -> bool:
        is_missing = cell.value is None or cell.value in cell.node.skip_values
        return cell.state == "done" and not cell.is_taken and self._skips.may_skip[cell.node.index] and is_missing

    def _is_untried(self, cell: CellRecord) -> bool:
        return self._trace is not None and cell.node.resource is not None and not cell.attempts

    def _say_skipped(self, node: Node, skipped: Container[int], unknown: Container[int]) -> str:
        """Say why a node was skipped, of whose upstream some were skipped too, and of some nobody knows."""
        upstream = self._skips.upstream[node.index]
        source = next((self._graph.nodes[up] for up in upstream if up in skipped), None)
        if source is not None:
            return f"{source.name!r}, which it reads, was skipped"
        if not node.has_condition or not isinstance(node.spec, DerivedColumn):
            return "what it reads was skipped"
        if any(up in unknown for up in upstream):
            return "skip_if says so, or what it reads was skipped: of a row of an earlier run, that is not known"
        return f"skip_if says so: {node.spec.skip_if}"

    def _attempts(self, row: int, group: int) -> Mapping[int, Sequence[Attempt]]:
        """The last attempts of each node at a row, or at its row group."""
        trace = self._trace
        if trace is None:
            return {}
        lines = trace.attempts_of(row, group)
        columns = {name: values.tolist() for name, values in trace.lines(lines).items()}
        attempts: dict[int, list[Attempt]] = {}
        for place, line in enumerate(lines):
            node, number, ended = (columns[name][place] for name in ("node", "attempt", "ended"))
            error = trace.errors.get(line)
            attempt = Attempt(
                number=number,
                state=STATES[columns["state"][place]],
                ready=columns["ready"][place],
                started=columns["started"][place],
                ended=ended if ended == ended else None,  # noqa: PLR0124  # only NaN differs from itself
                tokens_in=columns["tokens_in"][place],
                tokens_out=columns["tokens_out"][place],
                error=error,
                exchange=self._exchanges.get(Task(node, group, columns["row"][place], number)),
            )
            of_node = attempts.setdefault(node, [])
            if of_node and of_node[-1].number == number:
                # it was rate limited: what is kept under this number is what was said the next time
                of_node[-1] = of_node[-1]._replace(exchange=None)
            of_node.append(attempt)
        return {node: tried[-MOST_ATTEMPTS:] for node, tried in attempts.items()}

    def _last_exchange(self, node: Node, row: int, group: int) -> Exchange | None:
        if node.model is None:
            return None
        row = WHOLE_GROUP if node.full_column else row
        found = (self._exchanges.get(Task(node.index, group, row, number)) for number in range(MOST_ATTEMPTS, 0, -1))
        return next((exchange for exchange in found if exchange is not None), None)

    def _missing(self, row: int) -> NoSuchRow:
        rows = self._progress.rows
        if not rows:
            return NoSuchRow(f"row {row} does not exist: the run has no rows")
        if not 0 <= row < rows:
            back = f"; the last one is record({rows - 1})" if row < 0 else ""
            return NoSuchRow(f"row {row} does not exist", advice=f"the run has rows 0 to {rows - 1}{back}")
        if self._progress.ended is None:
            return NoSuchRow(f"row {row} was not begun yet", advice="look again later, or at the run's rows()")
        why = "the run ended before it, or a processor took it away"
        return NoSuchRow(f"row {row} is not there: {why}", advice="see the run's rows()")


def _with(cell: CellRecord, state: CellState, reason: str) -> CellRecord:
    return CellRecord(cell.column, cell.node, state, cell.value, reason, cell.attempts, cell.exchange)


def _say(failure: Failure) -> str:
    return f"{failure.error}; {failure.advice}" if failure.advice else failure.error
