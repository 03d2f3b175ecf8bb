"""RunSource: what every view reads of a run. `Run` matches it by shape, so that views sit below it."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, Self, TypeVar

from notebook_gen.config.models import Model
from notebook_gen.engine.snapshots import RowView
from notebook_gen.observers.cell_counts import CellCounts
from notebook_gen.observers.cells import StatesOfRows
from notebook_gen.observers.failures import Failures
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.records import RowRecord
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import ExecutionGraph

T = TypeVar("T")


class Cancelling(NamedTuple):
    """What a run that was cancelled waits for: only the user's own code can last.

    Attributes:
        since: seconds since it was cancelled.
        gives_up_in: seconds until another cancel gives up code that does not return; negative when it does already.
        waits_for: the callback and the processors that have not returned.
    """

    since: float
    gives_up_in: float
    waits_for: Sequence[str] = ()


class InVain(NamedTuple):
    """An endpoint, or a pool of functions, of which no call has come to anything lately.

    Attributes:
        resource: as in `ExecutionGraph.resources`.
        seconds: for how long.
        problem: what the last call was told.
        goes_on_in: seconds until it is asked again; 0 if it may be at any moment.
    """

    resource: str
    seconds: float
    problem: str
    goes_on_in: float = 0.0


class RunSource(Protocol):
    """A run as views see it: facts to read, and one thing to do."""

    @property
    def graph(self) -> ExecutionGraph:
        """The nodes of the run."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order of declaration."""
        ...

    @property
    def progress(self) -> Progress:
        """How far it is."""
        ...

    @property
    def trace(self) -> Trace | None:
        """Every attempt; None if the run keeps no trace."""
        ...

    @property
    def failures(self) -> Failures:
        """Every row dropped so far."""
        ...

    @property
    def row_group_size(self) -> int:
        """Rows of each row group but the last."""
        ...

    @property
    def ceilings(self) -> Mapping[str, int]:
        """Slots of each resource."""
        ...

    @property
    def models(self) -> Mapping[str, Model]:
        """The models that make its cells, by alias."""
        ...

    @property
    def placeholder_text(self) -> bool:
        """Whether the demo endpoint makes any of its text."""
        ...

    @property
    def title(self) -> str:
        """What it is, for instance "preview of 10 rows"."""
        ...

    @property
    def name(self) -> str | None:
        """The variable that holds the run in the user's notebook; None without one. Safe on any thread."""
        ...

    @property
    def destination(self) -> str | None:
        """The folder its rows are written to; None for a preview."""
        ...

    @property
    def as_text(self) -> Mapping[str, str]:
        """By column, what its values are that are stored as text; complete when the run has ended."""
        ...

    @property
    def failure_count(self) -> int:
        """How many failures there were when `as_it_stands` was called."""
        ...

    def as_it_stands(self) -> Self:
        """Give it with a progress and a count of failures that do not change and fit each other; safe on any thread."""
        ...

    def elapsed(self) -> float:
        """Give the seconds since it began; they stand still once it has ended."""
        ...

    def rows_stored(self) -> int:
        """Give how many rows are written, with those of earlier runs in the same folder; safe on any thread."""
        ...

    def newest_rows(self, count: int) -> list[RowView]:
        """Give up to `count` rows, the newest first; safe on any thread."""
        ...

    def first_rows(self, count: int) -> list[RowView]:
        """Give up to `count` rows, from row 0 on; safe on any thread."""
        ...

    def rows_between(self, first: int, end: int) -> list[RowView]:
        """Give the rows from `first` up to `end`, in order, also those that wait or are gone; safe on any thread."""
        ...

    def record(self, row: int) -> RowRecord:
        """Give one row with everything known of it; safe on any thread.

        Raises:
            IndexError: it has no such row, or has not begun it.
        """
        ...

    def cell_counts(self) -> CellCounts:
        """Give how many cells are in which state; safe on any thread."""
        ...

    def cell_counts_between(self, first: int, end: int, width: int) -> CellCounts | None:
        """Give the same of the rows from `first` up to `end`, and of some beside them; safe on any thread.

        Args:
            first: from which row on.
            end: up to which.
            width: rows of a bin that are wanted: there may be fewer in it. None if there is nothing so fine.
        """
        ...

    def cell_states(self, first: int, end: int) -> StatesOfRows:
        """Give the state of each cell of the rows from `first` up to `end`; safe on any thread."""
        ...

    def waiting_since(self) -> Mapping[int, Sequence[float]]:
        """Give, by node, since when each of its tasks that is ready waits for a slot; safe on any thread.

        When the run is over: those that its end has cut off.
        """
        ...

    def deferred_cells(self) -> Mapping[int, int]:
        """Give, by node, how many of its tasks failed and wait for another try; safe on any thread."""
        ...

    def cancel(self) -> None:
        """Ask it to stop; returns at once, on any thread."""
        ...

    def in_vain(self) -> Sequence[InVain]:
        """Give the endpoints of which no call has come to anything since the last good one; safe on any thread."""
        ...

    def cancelling(self) -> Cancelling | None:
        """Give how long ago it was cancelled, and how long it waits for user's code; None: it was not."""
        ...

    def pause_or_resume(self) -> None:
        """Ask it to begin nothing more, or to go on if it is paused; returns at once, on any thread."""
        ...

    def read(self, function: Callable[[], T]) -> T:
        """Call a function on the run's thread, where nothing changes meanwhile, and give its result."""
        ...
