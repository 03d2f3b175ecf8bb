"""When a run stops early: too many of its last calls failed for good, or an endpoint went silent."""

from collections import Counter, deque

from notebook_gen.engine.resources import Resource
from notebook_gen.errors import GenerationError, StoppedEarly
from notebook_gen.plan.graph import ExecutionGraph


class ErrorRate:
    """A sliding window over the last model and function calls; rate limits and further attempts do not count.

    Args:
        rate: the share of failures at which it is too much.
        window: how many calls it looks at; before as many have ended, it tells nothing.
    """

    def __init__(self, rate: float, window: int) -> None:
        self._rate = rate
        self._last: deque[bool] = deque(maxlen=window)
        self._reasons: Counter[tuple[int, str]] = Counter()
        self._advice: dict[tuple[int, str], str] = {}

    def succeeded(self) -> None:
        """Note a call that made its values."""
        self._last.append(False)

    def failed(self, node: int, error: GenerationError) -> None:
        """Note a call that failed for good."""
        self._last.append(True)
        reason = (node, error.problem)
        self._reasons[reason] += 1
        self._advice.setdefault(reason, error.advice)
        if len(self._reasons) > 1000:
            self._reasons = Counter(dict(self._reasons.most_common(500)))
            self._advice = {kept: self._advice[kept] for kept in self._reasons}

    @property
    def is_too_high(self) -> bool:
        """Whether the run should stop."""
        return len(self._last) == self._last.maxlen and sum(self._last) >= self._rate * len(self._last)

    def error(self, graph: ExecutionGraph, done: int) -> StoppedEarly:
        """Say why the run stops, with counts.

        Args:
            graph: what makes what.
            done: rows finished so far.
        """
        (node, problem), count = self._reasons.most_common(1)[0]
        advice = self._advice[node, problem] or "run.failures() has every reason"
        return StoppedEarly(
            f"{sum(self._last)} of the last {len(self._last)} calls failed, so no more were begun; {done} rows were "
            f"finished and kept; {count} × column {graph.nodes[node].name!r}: {problem}",
            advice=f"{advice}; RunSettings(disable_early_shutdown=True) goes on whatever fails",
        )


def silence_error(pool: Resource, error: GenerationError, done: int, now: float) -> StoppedEarly:
    """Say that the run stops because an endpoint went silent.

    Args:
        pool: the endpoint.
        error: how its last call failed.
        done: rows finished so far.
        now: seconds since the run began.
    """
    silent = now - (pool.silent_since or 0.0)
    since = f"has not answered for {silent:.0f} s" if pool.has_answered else "does not answer"
    return StoppedEarly(
        f"{pool.name} {since}, so no more calls were begun; {done} rows were finished and kept; {error.problem}",
        advice=error.advice,
    )
