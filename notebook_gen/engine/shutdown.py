"""When a run stops early: too many of its last calls failed for good, or an endpoint went silent."""

from collections import Counter, deque
from itertools import islice
from typing import Final

from notebook_gen.engine.resources import Resource
from notebook_gen.errors import GenerationError, StoppedEarly
from notebook_gen.plan.graph import ExecutionGraph

ENOUGH: Final = 10
"""Failures in a row that say enough before the window is full."""


class ErrorRate:
    """A sliding window over the last model and function calls; rate limits and further attempts do not count.

    Args:
        rate: the share of failures at which it is too much.
        window: how many calls it looks at. Before as many have ended, `ENOUGH` failures in a row are too much: a share
            of a few calls is chance.
    """

    def __init__(self, rate: float, window: int) -> None:
        self._rate = rate
        self._ended = self._failed = 0
        # of each call, its node and why it failed; None for one that did not
        self._last: deque[tuple[int, GenerationError] | None] = deque(maxlen=window)

    def succeeded(self) -> None:
        """Note a call that made its values."""
        self._ended += 1
        self._last.append(None)

    def failed(self, node: int, error: GenerationError) -> None:
        """Note a call that failed for good."""
        self._ended += 1
        self._failed += 1
        self._last.append((node, error))

    @property
    def is_too_high_in_all(self) -> bool:
        """Whether it is of all calls: where only further tries are left, the last ones are no sample."""
        return self._failed >= self._rate * self._ended

    @property
    def is_too_high(self) -> bool:
        """Whether the run should stop."""
        if len(self._last) == self._last.maxlen:
            return len(self._failures) >= self._rate * len(self._last)
        return len(self._last) >= ENOUGH and all(islice(reversed(self._last), ENOUGH))

    def error(self, graph: ExecutionGraph) -> StoppedEarly:
        """Say why the run stops, with counts of these calls."""
        failures = self._failures
        is_full = len(self._last) == self._last.maxlen
        which = f"{len(failures)} of the last {len(self._last)} calls" if is_full else f"all of the last {ENOUGH} calls"
        [((node, reason), count)] = Counter((node, error.reason) for node, error in failures).most_common(1)
        alike = [error for at, error in failures if (at, error.reason) == (node, reason)]
        such_as = "" if len({error.problem for error in alike}) == 1 else ", such as"
        advice = alike[0].advice or "the run's failures() has every reason"
        return StoppedEarly(
            f"{which} failed, so the run stopped early; what is finished is kept; "
            f"{count} × column {graph.nodes[node].name!r}{such_as}: {alike[0].problem}",
            advice=f"{advice}; RunSettings(disable_early_shutdown=True) goes on whatever fails",
        )

    @property
    def _failures(self) -> list[tuple[int, GenerationError]]:
        return [call for call in self._last if call is not None]


def silence_error(pool: Resource, error: GenerationError, now: float, unreached_patience: float) -> StoppedEarly:
    """Say that the run stops because an endpoint went silent.

    Args:
        pool: the endpoint.
        error: how its last call failed.
        now: seconds since the run began.
        unreached_patience: seconds that it was waited for if it was never reached.
    """
    silent = now - (pool.silent_since or 0.0)
    setting = f"RunSettings(shutdown_unreached_patience={unreached_patience:g})"
    since = (
        f"has not answered for {silent:.0f} s" if pool.is_reached else f"does not answer, and {setting} waits no longer"
    )
    return _stopped(f"{pool.name} {since}", error)


def refusal_error(calls: str, seconds: float, error: GenerationError) -> StoppedEarly:
    """Say that the run stops because an endpoint, or a function, refused all calls, or did not answer.

    Args:
        calls: to whom they are, or of which column.
        seconds: since when.
        error: how the last one failed.
    """
    return _stopped(f"no call {calls} has come to anything for {seconds:.0f} s", error)


def _stopped(why: str, error: GenerationError) -> StoppedEarly:
    return StoppedEarly(
        f"{why}, so no more calls were begun; what is finished is kept; {error.problem}", advice=error.advice
    )
