"""Salvage: what a failed attempt becomes, and the tasks that wait for their next one.

- rate limited: at once again, when the endpoint's limit allows, or after as long as it asks; costs no attempt. A
  function that does not say how long is left alone for twice as long each time
- transient: deferred, with a delay that doubles, for `rounds` more attempts; those that asked whether a silent endpoint
  is back do not count, for a while, nor do those that ended before they were due
- rejected: at once again, for the column's own retries

Deferred tasks hold up nobody: each is due at a time of its own, or, after a transient failure, as soon as its endpoint
answers and has nothing else to do. Who fails then waits until it would have been due.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from notebook_gen.errors import GenerationError, RateLimited, Transient
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import Task

_GOLDEN = 0.618033988749895
_LONGEST_DELAY = 300.0
_LONGEST_GUESS = 30.0
"""Seconds that a function is left alone, at most, when it does not say how long; more only where `backoff` is."""

_REFUSALS_A_BACKOFF = 8
"""A function that is refused waits a part of `backoff` at first: who refuses is at work, and some refuse at random."""

_LEAST_PAUSE = 0.05
"""Seconds: rate limits cost no attempt, so that a function which is always refused would spin without any."""


class Deferred(NamedTuple):
    """A task that waits for its next attempt; ordered by when it is due.

    Attributes:
        may_be_early: whether it may be tried sooner.
    """

    due: float
    row: int
    node: int
    may_be_early: bool


@dataclass(slots=True)
class _Tries:
    attempt: int = 1
    refused: int = 0
    transient: int = 0
    rejected: int = 0
    due: float = 0.0
    was_early: bool = False


class Salvage:
    """Counts the attempts of tasks that have failed, and keeps those that are deferred.

    Args:
        graph: what makes what.
        rounds: more attempts after a transient failure.
        backoff: seconds before the first of them; doubles with each, and up to half of it is added, which spreads
            tasks that failed together.
        longest_wait: seconds that a task which is refused waits, however long it is asked to.
    """

    def __init__(self, graph: ExecutionGraph, rounds: int, backoff: float, longest_wait: float) -> None:
        self._retries = [node.retries for node in graph.nodes]
        self._rounds = rounds
        self._backoff = backoff
        self._longest_wait = longest_wait
        self._tries: dict[tuple[int, int], _Tries] = {}
        self._deferred: list[Deferred] = []
        self._may_be_early = [0] * len(graph.nodes)

    def attempt(self, node: int, row: int) -> int:
        """Give the number of a task's next attempt, from 1."""
        if not self._tries:
            return 1
        tries = self._tries.get((node, row))
        return tries.attempt if tries is not None else 1

    def delay(
        self,
        task: Task,
        row: int,
        error: GenerationError,
        now: float,
        *,
        waits_alone: bool = False,
        is_free: bool = False,
    ) -> float | None:
        """Decide about a failed attempt: seconds until the next one, or None if it failed for good.

        Args:
            task: the attempt.
            row: its row; of a full-column task, the first of its row group.
            error: why it failed.
            now: the time.
            waits_alone: whether a rate limit is kept by the task; else its resource begins nothing for as long.
            is_free: whether a transient failure says nothing of the task, and does not count.
        """
        tries = self._tries.setdefault((task.node, row), _Tries())
        if isinstance(error, RateLimited):
            if not waits_alone:
                return 0.0
            if error.retry_after is not None:
                return max(_LEAST_PAUSE, min(self._longest_wait, error.retry_after))
            tries.refused += 1
            first = max(_LEAST_PAUSE, self._backoff / _REFUSALS_A_BACKOFF)
            return min(max(_LONGEST_GUESS, first), first * 2.0 ** min(tries.refused - 1, 30))
        if isinstance(error, Transient):
            tries.was_early = now < tries.due
            tries.transient += not (is_free or tries.was_early)
            if tries.transient > self._rounds:
                return None
            tries.attempt += 1
            if not tries.was_early:
                base = min(_LONGEST_DELAY, self._backoff * 2.0 ** max(0, tries.transient - 1))
                tries.due = now + base * (1.0 + 0.5 * ((row + task.node + tries.attempt) * _GOLDEN % 1.0))
            return tries.due - now
        tries.rejected += 1
        if tries.rejected > self._retries[task.node]:
            return None
        tries.attempt += 1
        return 0.0

    def forget(self, node: int, row: int) -> None:
        """Forget the attempts of a task that has ended; harmless if there is nothing to forget."""
        if self._tries:
            self._tries.pop((node, row), None)

    def defer(self, node: int, row: int, due: float, *, may_be_early: bool = True) -> None:
        """Keep a task until it is due; it is early no more than once."""
        tries = self._tries.get((node, row))
        may_be_early = may_be_early and not (tries is not None and tries.was_early)
        heappush(self._deferred, Deferred(due, row, node, may_be_early))
        self._may_be_early[node] += may_be_early

    @property
    def count(self) -> int:
        """How many tasks have failed and are not over: deferred, waiting for a slot again, or in flight."""
        return len(self._tries)

    @property
    def next_due(self) -> float:
        """When the next deferred task is due; infinite without one."""
        return self._deferred[0].due if self._deferred else float("inf")

    def due_of(self, nodes: Collection[int]) -> float:
        """When the next deferred task of some nodes is due; infinite without one."""
        return min((deferred.due for deferred in self._deferred[:] if deferred.node in nodes), default=float("inf"))

    def take_due(self, now: float) -> list[Deferred]:
        """Take the tasks that are due, the oldest row last: each goes before those that wait."""
        due = []
        while self._deferred and self._deferred[0].due <= now:
            due.append(heappop(self._deferred))
            self._may_be_early[due[-1].node] -= due[-1].may_be_early
        return sorted(due, key=lambda deferred: -deferred.row)

    def take_of(self, nodes: Sequence[int]) -> Sequence[Deferred]:
        """Take all tasks of some nodes that may be early, the oldest row last: each goes before those that wait."""
        if not self._deferred or not any(self._may_be_early[node] for node in nodes):
            return ()
        left, taken = list[Deferred](), list[Deferred]()
        for deferred in self._deferred:
            (taken if deferred.may_be_early and deferred.node in nodes else left).append(deferred)
        self._deferred = left
        heapify(self._deferred)
        for node in nodes:
            self._may_be_early[node] = 0
        return sorted(taken, key=lambda deferred: -deferred.row)

    def clear(self) -> None:
        """Forget all deferred tasks; those in flight may still fail, for good if it was their last attempt."""
        self._deferred.clear()
        self._may_be_early = [0] * len(self._may_be_early)
