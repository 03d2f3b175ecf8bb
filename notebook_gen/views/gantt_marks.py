"""Marks: what is drawn for bars, where some lie so close to each other that they cannot be told apart."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from notebook_gen.observers.trace import FAILED
from notebook_gen.views.level_of_detail import Detail

_CROSS_PITCH: Final = 12.0
"""Pixels from a cross to the next in a lane, at least."""


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


def crossed(detail: Detail) -> list[int]:
    """Give the positions of the failed bars that have a cross: of those close to each other in a lane, only some.

    The others have their edge, which is as narrow as they are.
    """
    bars, window = detail.bars, detail.window
    least = _CROSS_PITCH * window.seconds / window.pixels
    failed = (bars["state"] == FAILED).nonzero()[0]
    middles = (bars["started"] + bars["seconds"] / 2)[failed].tolist()
    chosen, last = [], dict[int, float]()
    for at, lane, middle in zip(failed.tolist(), bars["lane"][failed].tolist(), middles, strict=True):
        if lane not in last or abs(middle - last[lane]) >= least:
            last[lane] = middle
            chosen.append(at)
    return chosen
