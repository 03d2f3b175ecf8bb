"""Pauses: when an endpoint was left alone, and how much of a wait for a slot of it was due to that.

An endpoint pauses after a 429, and between the questions whether a silent one is back.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.events import LimitMoved

if TYPE_CHECKING:
    from notebook_gen.views.history import Array, Columns

MOST_STRETCHES: Final = 300
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


def find_pauses(moves: Sequence[LimitMoved]) -> tuple[Pause, ...]:
    """Give the pauses of one resource, in order, none of which touch: what is announced last counts."""
    pauses: list[Pause] = []
    for number, move in enumerate(moves):
        end = move.resumes if number + 1 == len(moves) else min(move.resumes, moves[number + 1].time)
        if end <= move.time:
            continue
        if pauses and pauses[-1].end >= move.time:
            pauses[-1] = Pause(pauses[-1].start, end)
        else:
            pauses.append(Pause(move.time, end))
    return tuple(pauses)


def measure_cooling(pauses: Sequence[Pause], ready: "Array", started: "Array") -> "Array":
    """Give, for each attempt, the seconds of its wait in which its endpoint was left alone."""
    import numpy as np

    if not pauses:
        return np.zeros(len(ready))
    edges = np.array(pauses).ravel()
    passed = np.cumsum(np.diff(edges, prepend=edges[0]) * (np.arange(len(edges)) % 2))
    cooled: Array = np.interp(started, edges, passed) - np.interp(ready, edges, passed)
    return cooled


def find_cooling(pauses: Sequence[Pause], bars: "Columns", places: Sequence[int], least: float) -> list[Cooling]:
    """Find the stretches in which some bars waited because of a pause.

    Args:
        pauses: of their resource.
        bars: all bars.
        places: which of them.
        least: seconds; what is shorter is left out.
    """
    found = []
    for place in places:
        started = float(bars["started"][place])
        ready = started - float(bars["waited"][place])
        found += [
            Cooling(place, max(pause.start, ready), min(pause.end, started))
            for pause in pauses
            if min(pause.end, started) - max(pause.start, ready) >= least
        ]
        if len(found) >= MOST_STRETCHES:
            break
    return found[:MOST_STRETCHES]
