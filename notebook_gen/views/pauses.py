"""Pauses: when nothing was begun, and how much of a wait for a slot was due to that.

An endpoint pauses after a 429, and between the questions whether a silent one is back. A whole run pauses when somebody
says so.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from notebook_gen.views.history import Array, Columns

MOST_STRETCHES: Final = 200
"""Stretches of waits that a picture marks, at most."""


class Pause(NamedTuple):
    """A stretch of time in which nothing was begun."""

    start: float
    end: float


class Cooling(NamedTuple):
    """A stretch of a bar's wait that was due to a pause.

    Attributes:
        bar: which bar's.
    """

    bar: int
    start: float
    end: float


def merge_close(pauses: Sequence[Pause], least: float, most: int) -> tuple[Pause, ...]:
    """Give pauses as a picture shows them: those that nearly touch as one, and of too many the longest.

    Args:
        pauses: in order.
        least: seconds between two pauses that are told apart.
        most: pauses, at most.
    """
    merged: list[Pause] = []
    for pause in pauses:
        if merged and pause.start - merged[-1].end < least:
            merged[-1] = Pause(merged[-1].start, pause.end)
        else:
            merged.append(pause)
    longest = sorted(merged, key=lambda pause: pause.start - pause.end)[:most]
    return tuple(sorted(longest))


def measure_cooling(pauses: "Array", ready: "Array", started: "Array") -> "Array":
    """Give, for each attempt, the seconds of its wait in which its endpoint was left alone.

    Args:
        pauses: n × 2, begin and end, in order; none touch.
        ready: when each attempt's wait began.
        started: when it ended.
    """
    import numpy as np

    if not len(pauses):
        return np.zeros(len(ready))
    edges = pauses.ravel()
    passed = np.cumsum(np.diff(edges, prepend=edges[0]) * (np.arange(len(edges)) % 2))
    cooled: Array = np.interp(started, edges, passed) - np.interp(ready, edges, passed)
    return cooled


def find_cooling(pauses: "Array", bars: "Columns", places: Sequence[int], least: float) -> list[Cooling]:
    """Find the stretches in which some bars waited because of a pause.

    Args:
        pauses: of their resource, as for `measure_cooling`.
        bars: all bars.
        places: which of them.
        least: seconds; what is shorter is left out.
    """
    import numpy as np

    found: list[Cooling] = []
    begins, ends = pauses.T
    for place in places:
        started = float(bars["started"][place])
        ready = started - float(bars["waited"][place])
        first, last = int(ends.searchsorted(ready, side="right")), int(begins.searchsorted(started))
        part = np.clip(pauses[first:last], ready, started)
        found += [Cooling(place, *stretch) for stretch in part[part[:, 1] - part[:, 0] >= least].tolist()]
        if len(found) >= MOST_STRETCHES:
            break
    return found[:MOST_STRETCHES]
