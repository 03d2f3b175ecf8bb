"""Load: how many tasks waited and were in flight while a window was looked at."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

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
    # a stretch shows what was so when it ended; what happens in the very moment that ends it belongs to the next one
    ends = times + (max(end - start, 1e-9) / (points - 1)) * (1 - 1e-9)
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
