"""Failures: every row that was dropped and every cell that stays empty, with the failure that decided it."""

from typing import TYPE_CHECKING, NamedTuple

from notebook_gen.events import CellFailed, Event, RowDropped
from notebook_gen.plan.graph import ExecutionGraph

if TYPE_CHECKING:
    import pandas as pd


class Failure(NamedTuple):
    """Why a row was dropped, or a cell stays empty.

    Attributes:
        row: its number in the run.
        column: the column that could not be made; empty if a processor dropped the row.
        attempt: which try it was, from 1.
        kind: "rate limited", "transient" or "rejected".
        error: what happened.
        advice: what to do about it; may be empty.
        dropped: whether the row was dropped; else the cell is NA, as its column says with `on_error="null"`.
    """

    row: int
    column: str
    attempt: int
    kind: str
    error: str
    advice: str
    dropped: bool


class Failures:
    """All failures of a run that were for good, in the order they happened."""

    def __init__(self, graph: ExecutionGraph) -> None:
        self._names = [node.name for node in graph.nodes]
        self.items: list[Failure] = []

    def __call__(self, event: Event) -> None:
        """Fold one event."""
        if type(event) is RowDropped or type(event) is CellFailed:
            error = event.error
            name = self._names[event.node] if event.node is not None else ""
            dropped = type(event) is RowDropped
            self.items.append(Failure(event.row, name, event.attempt, error.kind, error.problem, error.advice, dropped))

    def most_common(self) -> list[tuple[Failure, int]]:
        """Group by column and error: an example of each with its count, the most frequent first."""
        groups: dict[tuple[str, str], tuple[Failure, int]] = {}
        for failure in self.items:
            example, count = groups.get((failure.column, failure.error), (failure, 0))
            groups[failure.column, failure.error] = (example, count + 1)
        return sorted(groups.values(), key=lambda group: -group[1])

    def to_pandas(self) -> "pd.DataFrame":
        """Give one row a failure: row, column, attempt, kind, error, advice, dropped."""
        import pandas as pd

        return pd.DataFrame(list(self.items), columns=list(Failure._fields))
