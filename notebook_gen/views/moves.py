"""Moves: what the limit of one resource did, and when it was left alone, as columns that a picture reads at once.

They never change: more of them make another object.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from notebook_gen.events import LimitMoved

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

Corner = tuple[float, int]
"""Where a line of limits turns: a moment, in seconds since the run began, and how many tasks."""


class Moves(NamedTuple):
    """The moves of one limit, in order.

    Attributes:
        times: when each happened, in seconds since the run began.
        limits: how many tasks might be in flight from then on.
        resumes: when the next one might start; before its time if nothing had to wait.
        fallen: how often the limit had fallen by then, since the first move.
    """

    times: "Array"
    limits: "Array"
    resumes: "Array"
    fallen: "Array"

    @classmethod
    def none(cls) -> "Moves":
        """Begin with none."""
        import numpy as np

        return cls(np.empty(0), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))

    def with_more(self, moves: Sequence[LimitMoved]) -> "Moves":
        """Add some that happened later."""
        import numpy as np

        if not moves:
            return self
        limits = np.array([move.limit for move in moves])
        before, so_far = (self.limits[-1], self.fallen[-1]) if len(self.limits) else (limits[0], 0)
        fallen = so_far + np.cumsum(np.diff(limits, prepend=before) < 0)
        return Moves(
            np.concatenate((self.times, np.array([move.time for move in moves]))),
            np.concatenate((self.limits, limits)),
            np.concatenate((self.resumes, np.array([move.resumes for move in moves]))),
            np.concatenate((self.fallen, fallen)),
        )

    def falls(self, ceiling: int, since: float, until: float) -> int:
        """Count how often the limit fell after one moment, up to another.

        Args:
            ceiling: the limit before it moved for the first time.
            since: the moment that does not count.
            until: the last that does.
        """
        first, last = (int(self.times.searchsorted(moment, side="right")) for moment in (since, until))
        if last <= first:
            return 0
        begun = int(self.fallen[first - 1]) if first else -int(self.limits[0] < ceiling)
        return int(self.fallen[last - 1]) - begun

    def line(self, ceiling: int, times: "Array", most: int) -> tuple[Corner, ...]:
        """Give the corners of the line of the limit over a window.

        With more than `most` moves in it, the window is cut into as many stretches: the line is at the end of each
        where the limit was.

        Args:
            ceiling: the limit before it moved for the first time.
            times: moments of the window, the first and the last of which are its ends.
            most: steps, at most.
        """
        import numpy as np

        start, end = float(times[0]), float(times[-1])
        first, last = (int(self.times.searchsorted(moment, side="right")) for moment in (start, end))
        moments, limits = self.times[first:last], self.limits[first:last]
        if last - first > most:
            edges = np.linspace(start, end, most + 1)[1:]
            places = self.times.searchsorted(edges, side="right") - 1
            moments, limits = edges, self.limits[np.maximum(places, 0)]
            if places[0] < 0:
                limits[places < 0] = ceiling
        steps = [(start, int(self.limits[first - 1]) if first else ceiling)]
        for moment, limit in zip(moments.tolist(), limits.tolist(), strict=True):
            if limit != steps[-1][1]:
                steps.append((moment, limit))
        turns = [((moment, before), (moment, after)) for (_, before), (moment, after) in pairwise(steps)]
        return (steps[0], *(corner for turn in turns for corner in turn), (end, steps[-1][1]))

    def pauses(self) -> "Array":
        """Give when the resource was left alone: n × 2, begin and end, in order, none of which touch.

        What is announced last counts.
        """
        import numpy as np

        ends = np.minimum(self.resumes, np.append(self.times[1:], np.inf)[: len(self.times)])
        holds = ends > self.times
        begins, ends = self.times[holds], ends[holds]
        is_apart = begins[1:] > ends[:-1]
        is_first = np.concatenate((np.ones(len(begins[:1]), bool), is_apart))
        is_last = np.concatenate((is_apart, np.ones(len(begins[:1]), bool)))
        return np.stack((begins[is_first], ends[is_last]), axis=1)
