"""Attempts: what follows from how an attempt ended, for its endpoint, for its task, and for the run."""

from collections import deque
from collections.abc import Container, Sequence
from typing import Final

from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.instructions import Instruction
from notebook_gen.engine.resources import Resource
from notebook_gen.engine.salvage import Deferred, Salvage
from notebook_gen.engine.shutdown import ErrorRate, refusal_error, silence_error
from notebook_gen.errors import GenerationError, RateLimited, StoppedEarly, Transient
from notebook_gen.events import LimitMoved
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import Task
from notebook_gen.plan.values import EarlierWork

_SHARE_AWAITED: Final = 3
"""Of the patience with a silent endpoint, one in so many seconds costs its tasks nothing: the last rows of a run would
be lost to any outage. After that they fail as others do, as it may be they that the endpoint cannot answer."""

_FAILED_WITHIN: Final = 500
"""The status of a server that failed at a request; one that is not ready, or not there, has others."""

_LONGEST_WAIT: Final = 600.0
"""Seconds that a task which is refused waits, at most: it may be asked to wait for a day, and patience with it."""


class Attempts:
    """Learns from every attempt.

    Args:
        graph: what makes what.
        settings: how often tasks are tried again, and when failures are too many.
        earlier: what an earlier run has left.
        outbox: where events go.

    Attributes:
        salvage: the tasks that wait for another attempt.
    """

    def __init__(
        self, graph: ExecutionGraph, settings: RunSettings, earlier: EarlierWork, outbox: deque[Instruction]
    ) -> None:
        self.salvage = Salvage(
            graph, settings.salvage_rounds, settings.backoff, min(_LONGEST_WAIT, settings.shutdown_refusal_patience)
        )
        self._graph = graph
        self._settings = settings
        self._outbox = outbox
        self._error_rate = ErrorRate(settings.shutdown_error_rate, settings.shutdown_error_window)
        finished = max((rows[-1] for rows in earlier.finished.values() if rows), default=-1)
        # of each node, the last row that an earlier run has made
        self._made_to = [finished] * len(graph.nodes)

    def looked_up(self, node: int, rows: Sequence[int], kept: Container[int]) -> None:
        """Learn from the rows of which an earlier run has made a node's cells how far that came."""
        self._made_to[node] = max(self._made_to[node], *(row for row in rows if row in kept), -1)

    def succeeded(self, pool: Resource, started: float, now: float) -> Sequence[Deferred]:
        """Note that a task made its values; gives deferred tasks that are to be tried at once.

        Args:
            pool: what it had a slot of.
            started: when it began.
            now: the time.
        """
        self._error_rate.succeeded()
        if not pool.is_endpoint:
            pool.came_to_something(now)
            return ()
        was_silent = pool.answered(started)
        if pool.succeeded(started, now) or was_silent:
            self._outbox.append(LimitMoved(now, pool.name, pool.limit_in_force, pool.resumes_at))
        # an endpoint that is at work, and has nothing else to do, needs no time to recover
        return self.salvage.take_of(pool.nodes) if was_silent or pool.is_idle else ()

    def disturbed(self, task: Task, pool: Resource, started: float, error: GenerationError, now: float) -> None:
        """Learn about an endpoint, or how long functions were refused, from a failed attempt begun at `started`."""
        pool.problem = error.problem
        if not pool.is_endpoint:
            if isinstance(error, RateLimited):
                pool.came_to_nothing(started)
            else:
                pool.came_to_something(now)
            return
        before = (pool.limit, pool.silent_since, pool.resumes_at)
        if isinstance(error, Transient):
            # one that says so itself, with a server's error, may still be starting
            pool.is_reached |= error.status is not None
            if task.attempt > 1 and error.status == _FAILED_WITHIN and pool.silent_since is None:
                # it is at work, and this call is one that it cannot answer
                pool.came_to_nothing(started)
            else:
                pool.failed(started, now)
        else:
            pool.answered(started)
            if isinstance(error, RateLimited):
                pool.refused(started, error.retry_after, now)
            else:
                pool.came_to_something(now)
        if (pool.limit, pool.silent_since, pool.resumes_at) != before:
            self._outbox.append(LimitMoved(now, pool.name, pool.limit_in_force, pool.resumes_at))

    def delay(self, task: Task, row: int, pool: Resource, error: GenerationError, now: float) -> float | None:
        """Decide about a failed attempt: seconds until the next one; None if it failed for good."""
        waits_alone = isinstance(error, RateLimited) and not pool.keeps(error.retry_after, now)
        share = _SHARE_AWAITED if pool.is_reached else 1  # what cannot be reached says nothing of a task
        is_free = pool.is_awaited(self._patience_with(pool) / share, now)
        delay = self.salvage.delay(task, row, error, now, waits_alone=waits_alone, is_free=is_free)
        # before rows that an earlier run has made are those that failed then: they come first, and say nothing new
        if delay is None and row > self._made_to[task.node]:
            self._error_rate.failed(task.node, error)
        return delay

    def reason_to_stop(
        self, task: Task, pool: Resource, error: GenerationError, now: float, *, is_more: bool
    ) -> StoppedEarly | None:
        """Say why the run should stop early after an attempt has failed; None if it should go on.

        Args:
            task: the attempt.
            pool: what it had a slot of.
            error: why it failed.
            now: the time.
            is_more: whether there is work that was never tried: to be spared, and not only what fails again and again.
        """
        if self._settings.disable_early_shutdown:
            return None
        if pool.refuses_all(self._settings.shutdown_refusal_patience, now):
            who = f"to {pool.name}" if pool.is_endpoint else f"of column {self._graph.nodes[task.node].name!r}"
            return refusal_error(who, now - (pool.in_vain_since or 0.0), error)
        if pool.is_given_up(self._patience_with(pool), now):
            return silence_error(pool, error, now, self._settings.shutdown_unreached_patience)
        rate = self._error_rate
        return rate.error(self._graph) if rate.is_too_high and (is_more or rate.is_too_high_in_all) else None

    def _patience_with(self, pool: Resource) -> float:
        """Seconds that an endpoint may be silent."""
        settings = self._settings
        return settings.shutdown_patience if pool.is_reached else settings.shutdown_unreached_patience
