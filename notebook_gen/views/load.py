"""Load: how many tasks waited and were in flight while a window was looked at."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.observers.trace_context import Undone
from notebook_gen.views.history import History

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

_POINTS: Final = 240
_FEWEST_POINTS: Final = 60
_MOST: Final = 2400
"""Points of all resources together."""


class Load(NamedTuple):
    """How many tasks waited and were in flight, in equal stretches of time from the window's start to now.

    Attributes:
        times: when each stretch begins; the last is now.
        waiting: tasks that were ready and had no slot, of all resources together.
        in_flight: resources × stretches; tasks with a slot.
    """

    times: "Array"
    waiting: "Array"
    in_flight: "Array"

    def with_undone(self, undone: Sequence[Undone]) -> "Load":
        """Give it with what waited until its run ended, which no attempt tells of."""
        import numpy as np

        if not undone:
            return self
        since, until, counts = (np.array(column) for column in zip(*sorted(undone), strict=True))
        ends = _ends(self.times)
        sums = np.append(0, np.cumsum(counts))
        by_end = np.argsort(until, kind="stable")
        over = np.append(0, np.cumsum(counts[by_end]))
        waited = sums[since.searchsorted(ends)] - over[until[by_end].searchsorted(ends)]
        return self._replace(waiting=self.waiting + waited)


def _ends(times: "Array") -> "Array":
    """When each stretch ends: what happens in that very moment belongs to the next one."""
    ends: Array = times + max(float(times[-1] - times[0]), 1e-9) / (len(times) - 1) * (1 - 1e-9)
    return ends


def measure_load(
    history: History, window: tuple[float, float], now: float, waiting_since: Mapping[int, Sequence[float]]
) -> Load:
    """Find how busy a run was.

    Args:
        history: all attempts.
        window: from when to when, in seconds since the run began.
        now: seconds since the run began, or when it ended.
        waiting_since: by node, since when each task that is ready waits.
    """
    import numpy as np

    start, end = window[0], max(min(now, window[1]), window[0])
    points = max(_FEWEST_POINTS, min(_POINTS, _MOST // max(1, len(history.slots))))
    times = np.linspace(start, end, points)
    # a stretch shows what was so when it ended
    ends = _ends(times)
    in_flight = np.zeros((len(history.slots), points), np.int64)
    started = np.zeros(points, np.int64)
    for flow, resource in zip(history.flows, history.resource_of, strict=True):
        if resource >= 0:
            begun = flow.started.before(ends)
            started += begun
            in_flight[resource] += begun - flow.ended.before(ends)
    still = np.sort(np.array([since for times_of_node in waiting_since.values() for since in times_of_node], "f8"))
    waiting = np.maximum(history.ready.before(ends) - started + still.searchsorted(ends), 0)
    return Load(times, waiting, in_flight)
