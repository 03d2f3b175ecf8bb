"""Falls: where the words about limits that fell stand, and how many falls each of them is about.

Falls that are so close that one word has room for them are one: from where the limit was before the first of them to
the lowest after. How many they are is counted from all moves, not from those that the line of a picture shows.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from notebook_gen.views.chart_places import SMALL_SIZE
from notebook_gen.views.moves import Corner, Moves
from notebook_gen.views.text import text_width

_MOST: Final = 6
_FIGURES: Final = 44.0  # pixels that the figures of a fall take
_BESIDE: Final = 12.0


class Fall(NamedTuple):
    """A moment in which a limit fell, or several close to each other.

    Attributes:
        moment: when the first was, in seconds since the run began.
        name: whose limit, where there are several; harmless, not escaped.
        before, after: the limit.
        times: how often it fell.
    """

    moment: float
    name: str
    before: int
    after: int
    times: int = 1

    @property
    def words(self) -> str:
        """What is written at it; not escaped."""
        times = f", {self.times:,} falls" if self.times > 1 else ""
        return f"{self.name} {self.before} → {self.after}{times}"

    @property
    def width(self) -> float:
        """Pixels that the words take, and some more."""
        return text_width(self.words, SMALL_SIZE) + _BESIDE


class Falling(NamedTuple):
    """A limit that may have fallen.

    Attributes:
        name: whose; harmless, not escaped.
        ceiling: what it was at first.
        line: the corners of its line in a picture.
        moves: all that it did.
    """

    name: str
    ceiling: int
    line: Sequence[Corner]
    moves: Moves


def choose_falls(limits: Sequence[Falling], start: float, end: float, second: float) -> list[Fall]:
    """Choose the deepest falls, as many as have room beside each other.

    Args:
        limits: what fell.
        start: where the picture begins.
        end: where it ends.
        second: pixels of a second, where the picture is narrowest.
    """
    falls = [fall for limit in limits for fall in _gathered(limit, second)]
    chosen: list[Fall] = []
    for fall in sorted(falls, key=lambda fall: fall.after - fall.before):
        is_free = all(_are_apart(fall, other, second) for other in chosen)
        if is_free and start <= fall.moment <= end - fall.width / second and len(chosen) < _MOST:
            chosen.append(fall)
    return chosen


def _are_apart(one: Fall, other: Fall, second: float) -> bool:
    # words stand behind their moment: those at the left need the room
    left = min(one, other)
    return abs(one.moment - other.moment) * second >= left.width


def _gathered(limit: Falling, second: float) -> Iterator[Fall]:
    """The falls of a limit, those as one that there is no room to tell apart."""
    room = (_FIGURES + _BESIDE + text_width(limit.name, SMALL_SIZE)) / second
    turns = [(moment, before, after) for (_, before), (moment, after) in pairwise(limit.line) if after != before]
    start = limit.line[0][0]
    known = [start if start > 0 else -1.0, *(moment for moment, _, _ in turns)]
    groups: list[list[_Turn]] = []
    for since, (moment, before, after) in zip(known, turns, strict=False):
        if after > before:
            continue
        if not groups or moment >= groups[-1][0].moment + room:
            groups.append([])
        groups[-1].append(_Turn(since, moment, before, after))
    # a line may leave out moves: what fell before the next group belongs to this one
    ends = [*(group[0].since for group in groups[1:]), limit.line[-1][0]]
    for group, until in zip(groups, ends, strict=False):
        first, lowest = group[0], min(turn.after for turn in group)
        times = limit.moves.falls(limit.ceiling, first.since, until)
        yield Fall(first.moment, limit.name, first.before, lowest, times)


class _Turn(NamedTuple):
    since: float  # the limit was known to be what it was before
    moment: float
    before: int
    after: int
