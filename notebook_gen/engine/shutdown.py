"""When a run stops early: too many of its last calls failed for good, or an endpoint went silent."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from notebook_gen.engine.resources import Resource
from notebook_gen.errors import GenerationError, StoppedEarly
from notebook_gen.plan.graph import ExecutionGraph

_MOST_KINDS: Final = 1000


@dataclass(slots=True)
class _Kind:
    """Failures of one kind.

    Attributes:
        problem: what the first of them said.
        advice: and what to do about it.
        count: how many there were.
        is_said_alike: whether all say the same.
    """

    problem: str
    advice: str
    count: int = 0
    is_said_alike: bool = True


class ErrorRate:
    """A sliding window over the last model and function calls; rate limits and further attempts do not count.

    Args:
        rate: the share of failures at which it is too much.
        window: how many calls it looks at; before as many have ended, it tells nothing.
    """

    def __init__(self, rate: float, window: int) -> None:
        self._rate = rate
        self._last: deque[bool] = deque(maxlen=window)
        self._kinds: dict[tuple[int, str], _Kind] = {}

    def succeeded(self) -> None:
        """Note a call that made its values."""
        self._last.append(False)

    def failed(self, node: int, error: GenerationError) -> None:
        """Note a call that failed for good."""
        self._last.append(True)
        # what one line of the user's code raises is of one kind, whatever it says
        kind = self._kinds.setdefault((node, error.raised_at or error.problem), _Kind(error.problem, error.advice))
        kind.count += 1
        kind.is_said_alike &= error.problem == kind.problem
        if len(self._kinds) > _MOST_KINDS:
            most = sorted(self._kinds.items(), key=lambda item: -item[1].count)
            self._kinds = dict(most[: _MOST_KINDS // 2])

    @property
    def is_too_high(self) -> bool:
        """Whether the run should stop."""
        return len(self._last) == self._last.maxlen and sum(self._last) >= self._rate * len(self._last)

    def error(self, graph: ExecutionGraph) -> StoppedEarly:
        """Say why the run stops, with counts."""
        (node, _), kind = max(self._kinds.items(), key=lambda item: item[1].count)
        such_as = "" if kind.is_said_alike else ", such as"
        advice = kind.advice or "run.failures() has every reason"
        return StoppedEarly(
            f"{sum(self._last)} of the last {len(self._last)} calls failed, so no more were begun; what is finished is "
            f"kept; {kind.count} × column {graph.nodes[node].name!r}{such_as}: {kind.problem}",
            advice=f"{advice}; RunSettings(disable_early_shutdown=True) goes on whatever fails",
        )


def silence_error(pool: Resource, error: GenerationError, now: float) -> StoppedEarly:
    """Say that the run stops because an endpoint went silent.

    Args:
        pool: the endpoint.
        error: how its last call failed.
        now: seconds since the run began.
    """
    silent = now - (pool.silent_since or 0.0)
    since = f"has not answered for {silent:.0f} s" if pool.has_answered else "does not answer"
    return _stopped(f"{pool.name} {since}", error)


def refusal_error(pool: Resource, error: GenerationError, now: float) -> StoppedEarly:
    """Say that the run stops because an endpoint refused all calls, or did not answer; as for `silence_error`."""
    in_vain = now - (pool.in_vain_since or 0.0)
    return _stopped(f"no call to {pool.name} has come to anything for {in_vain:.0f} s", error)


def _stopped(why: str, error: GenerationError) -> StoppedEarly:
    return StoppedEarly(
        f"{why}, so no more calls were begun; what is finished is kept; {error.problem}", advice=error.advice
    )
