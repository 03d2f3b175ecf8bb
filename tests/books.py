"""What happened in a simulated run, kept apart from the core that decided it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from notebook_gen.engine.instructions import EndRun, ProcessDataset, ReplaceDataset, UserCall
from notebook_gen.errors import GenerationError, RateLimited
from notebook_gen.plan.tasks import Task

Key = tuple[int, int]
"""A node and a row; of a full-column node, the number of its row group."""


@dataclass
class Books:
    """What happened.

    Attributes:
        ended: cells that are made, skipped or empty; see `Key`.
        skipped: node and row of cells that were skipped, also of full-column nodes.
        empty: node and row of cells that failed in rows that live.
        row_ends: how often each row was delivered or dropped, also by an earlier run. Where numbers may come again, as
            columns change how many rows there are, the rows that have left get others, below 0; see `retire`.
        dropped: rows that were dropped.
        delivered: rows that were written.
        kept_rows: rows that an earlier run has delivered.
        kept_groups: row groups that were told as finished by an earlier run.
        looked_up: cells that were looked for among those an earlier run has made.
        taken_over: cells that were found there.
        starts: tasks, in the order they started, with the time.
        outcomes: how attempts ended, with the time.
        written: row groups in the order they were written, with the time.
        told: row groups of which the callback was told, in that order.
        left_behind: calls of the user's code that had not returned when they were given up.
        last_steps: what was done with the whole dataset.
        processed: stage and row group of what was processed.
        resized: how many rows a row group had that were not dropped, and how many a column has made of them.
        announced_done: rows told as done, less those that were dropped afterwards.
        pauses: what went on when the run was paused; once for each pause.
        most_open_rows: rows that were open at once, at most.
        ending: how the run ended; None before.
        ended_at: when it ended.
    """

    ended: set[Key] = field(default_factory=set)
    skipped: set[Key] = field(default_factory=set)
    empty: set[Key] = field(default_factory=set)
    row_ends: Counter[int] = field(default_factory=Counter)
    dropped: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)
    kept_rows: set[int] = field(default_factory=set)
    kept_groups: set[int] = field(default_factory=set)
    looked_up: set[Key] = field(default_factory=set)
    taken_over: set[Key] = field(default_factory=set)
    starts: list[tuple[float, Task]] = field(default_factory=list)
    outcomes: list[tuple[float, Task, GenerationError | None]] = field(default_factory=list)
    written: list[tuple[float, int]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    processed: set[tuple[str, int]] = field(default_factory=set)
    left_behind: list[UserCall] = field(default_factory=list)
    last_steps: list[ProcessDataset | ReplaceDataset] = field(default_factory=list)
    resized: list[tuple[int, int]] = field(default_factory=list)
    announced_done: int = 0
    pauses: list[frozenset[str]] = field(default_factory=list)
    most_open_rows: int = 0
    ending: EndRun | None = None
    ended_at: float = 0.0
    _retired: int = 0

    @property
    def refusals(self) -> int:
        """How many attempts met a 429."""
        return sum(isinstance(error, RateLimited) for _, _, error in self.outcomes)

    def made(self, node: int) -> list[float]:
        """When tasks of a node made their values."""
        return [time for time, task, error in self.outcomes if task.node == node and error is None]

    def retire(self, rows: Iterable[int]) -> None:
        """Let rows that have ended keep out of the way of others that get their numbers."""
        for row in rows:
            self._retired += 1
            self.row_ends[-self._retired] = self.row_ends.pop(row)
            for place in (self.dropped, self.delivered):
                if row in place:
                    place.remove(row)
                    place.add(-self._retired)
