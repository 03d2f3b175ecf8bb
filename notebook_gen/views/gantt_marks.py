"""Marks: what is drawn for bars, where some lie so close to each other that they cannot be told apart."""

from collections.abc import Iterable
from typing import NamedTuple


class Mark(NamedTuple):
    """A bar, or several of a lane that lie on each other.

    Attributes:
        x, y, width: left edge, middle and width, in the picture's units.
        bars: the positions of the bars.
    """

    x: float
    y: float
    width: float
    bars: tuple[int, ...]

    @property
    def path(self) -> str:
        """A line as long as it is."""
        return f"M{self.x:.1f} {self.y:.1f}h{self.width:.1f}"


def gather(bars: Iterable[tuple[tuple[float, float, float], int]]) -> list[Mark]:
    """Give the marks of some bars that look alike, lane by lane: those of a lane that overlap are one.

    Args:
        bars: left edge, middle and width of each, and its position.
    """
    marks: list[Mark] = []
    for (x, y, width), at in sorted(bars, key=lambda bar: (bar[0][1], bar[0][0])):
        last = marks[-1] if marks else None
        if last is not None and last.y == y and x < last.x + last.width:
            marks[-1] = last._replace(width=max(last.width, x + width - last.x), bars=(*last.bars, at))
        else:
            marks.append(Mark(x, y, width, (at,)))
    return marks
