"""Wraps a picture that flows to the right like a line of text: what does not fit goes on below.

It is cut between ranks, where few edges cross. An edge that crosses a cut goes on as a line around the end of its band,
through the room between two bands, to the beginning of the next; lines at one cut never cross each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Final

from notebook_gen.views.geometry import GROUND_LABEL, GROUND_PAD, Box, Layout, Point

_LANE: Final = 6.0
_CORNER: Final = 6.0
_CLEARANCE: Final = 9.0
_SHORTEST: Final = 0.55  # of the room there is: a band may end here, if fewer edges cross
_HALVINGS: Final = 24

Curve = tuple[Point, ...]


def wrap(layout: Layout, width: float, grouped: frozenset[int] = frozenset()) -> Layout:
    """Give a layout that flows to the right in bands as wide as there is room; as it is, if it fits.

    Args:
        layout: what to wrap.
        width: pixels there are.
        grouped: nodes that need room for a ground around them.
    """
    cuts = choose_cuts(layout, width)
    if not cuts:
        return layout
    parts = tuple(sum(cut <= box.x for cut in cuts) for box in layout.boxes)
    curves = [_split(edge.points, cuts) for edge in layout.edges]
    side = _CORNER + _LANE * (count_crossings(layout, cuts) - 1)
    bands: list[_Band] = []
    top = 0.0
    for number, (start, end) in enumerate(pairwise((0.0, *cuts, layout.width))):
        boxes = [(index, box) for index, box in enumerate(layout.boxes) if parts[index] == number]
        inside = [point for pieces in curves for point in pieces.get(number, ())]
        high, low = _extent(boxes, inside, grouped)
        lines = _order_lines(curves, number)
        bands.append(_Band(side - start, top - high, side, side + end - start, top + low - high, lines))
        top += low - high + 2 * _CLEARANCE + _LANE * max(0, len(lines) - 1)
    return replace(
        layout,
        boxes=tuple(
            box.moved(bands[part].right, bands[part].down) for box, part in zip(layout.boxes, parts, strict=True)
        ),
        edges=tuple(
            replace(edge, points=_join(at, pieces, bands))
            for at, (edge, pieces) in enumerate(zip(layout.edges, curves, strict=True))
        ),
        width=max(band.end for band in bands) + side,
        height=bands[-1].bottom,
        parts=parts,
    )


def choose_cuts(layout: Layout, width: float) -> list[float]:
    """Give where to cut, from the left; empty if everything fits, or nothing can be cut."""
    if layout.width <= width:
        return []
    crossing = {gap: _count_crossing(layout, gap) for gap in _gaps(layout.boxes)}
    room = width - 2 * (_CORNER + _LANE * min(crossing.values(), default=0))
    # bands of much the same width, with most of a rank to spare
    room = min(room, layout.width / ceil(layout.width / room) + 0.75 * layout.width / (len(crossing) + 1))
    cuts: list[float] = []
    start = 0.0
    while layout.width - start > room:
        behind = [gap for gap in crossing if gap > start]
        fitting = [gap for gap in behind if _SHORTEST * room <= gap - start <= room] or behind[:1]
        if not fitting:
            break
        start = min(fitting, key=lambda gap: (crossing[gap], -gap))
        cuts.append(start)
    return cuts


def count_crossings(layout: Layout, cuts: Sequence[float]) -> int:
    """Give how many edges cross a cut, at the worst of them."""
    return max((_count_crossing(layout, cut) for cut in cuts), default=0)


@dataclass(frozen=True, slots=True)
class _Band:
    """A part of the picture, between two cuts.

    Attributes:
        right: how far it has moved to the right; `down` likewise.
        start: where it begins, now; `end`, `bottom` likewise.
        lines: the edges that go on in the next band, from the top down.
    """

    right: float
    down: float
    start: float
    end: float
    bottom: float
    lines: list[int]

    def move(self, curve: Curve) -> Curve:
        return tuple((x + self.right, y + self.down) for x, y in curve)


def _gaps(boxes: Sequence[Box]) -> list[float]:
    """The middles between ranks, where no box lies."""
    gaps = []
    reached = 0.0
    for box in sorted(boxes, key=lambda box: box.x):
        if box.x > reached > 0:
            gaps.append((reached + box.x) / 2)
        reached = max(reached, box.right)
    return gaps


def _count_crossing(layout: Layout, cut: float) -> int:
    return sum(layout.boxes[edge.tail].x < cut <= layout.boxes[edge.head].x for edge in layout.edges)


def _extent(boxes: Sequence[tuple[int, Box]], points: Sequence[Point], grouped: frozenset[int]) -> tuple[float, float]:
    """How high and how low a band reaches."""
    highs = [box.y - (GROUND_PAD + GROUND_LABEL) * (index in grouped) for index, box in boxes]
    lows = [box.bottom + GROUND_PAD * (index in grouped) for index, box in boxes]
    return min([*highs, *(y for _, y in points)]), max([*lows, *(y for _, y in points)])


def _split(curve: Curve, cuts: Sequence[float]) -> dict[int, Curve]:
    """A curve's pieces, by the number of the band they lie in."""
    pieces = {}
    for number, cut in enumerate(cuts):
        if curve[0][0] >= cut:
            continue
        if curve[-1][0] < cut:
            pieces[number] = curve
            return pieces
        pieces[number], curve = _cut(curve, cut)
    pieces[len(cuts)] = curve
    return pieces


def _cut(curve: Curve, x: float) -> tuple[Curve, Curve]:
    """Both sides of a curve that goes to the right, cut where it first comes to `x`."""
    at = next(at for at in range(0, len(curve) - 1, 3) if curve[at + 3][0] >= x)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        before, _after = _cut_cubic(curve[at : at + 4], middle)
        low, high = (middle, high) if before[3][0] < x else (low, middle)
    before, after = _cut_cubic(curve[at : at + 4], high)
    return (*curve[:at], *before), (*after, *curve[at + 4 :])


def _cut_cubic(cubic: Curve, share: float) -> tuple[Curve, Curve]:
    """Source: de Casteljau."""
    rows = [cubic]
    while len(rows[-1]) > 1:
        rows.append(tuple((a + (c - a) * share, b + (d - b) * share) for (a, b), (c, d) in pairwise(rows[-1])))
    return tuple(row[0] for row in rows), tuple(row[-1] for row in reversed(rows))


def _order_lines(curves: Sequence[dict[int, Curve]], band: int) -> list[int]:
    """The edges that leave a band at its end, from the top down."""
    going_on = [at for at, pieces in enumerate(curves) if band in pieces and band + 1 in pieces]
    return sorted(going_on, key=lambda at: curves[at][band][-1][1])


def _join(edge: int, pieces: dict[int, Curve], bands: Sequence[_Band]) -> Curve:
    """An edge's pieces where they lie now, and the lines between them."""
    (first, piece), *others = pieces.items()
    curve = bands[first].move(piece)
    for number, piece in others:
        band, moved = bands[number - 1], bands[number].move(piece)
        above = band.lines.index(edge)
        below = len(band.lines) - 1 - above
        # the topmost edge goes round all the others
        right, left = band.end + _CORNER + _LANE * below, bands[number].start - _CORNER - _LANE * above
        down = band.bottom + _CLEARANCE + _LANE * below
        corners = [curve[-1], (right, curve[-1][1]), (right, down), (left, down), (left, moved[0][1]), moved[0]]
        curve = (*curve, *_round(corners), *moved[1:])
    return curve


def _round(corners: Sequence[Point]) -> Curve:
    """Straight lines through points with rounded corners, without their first point."""
    points: list[Point] = []
    here = corners[0]
    for corner, there in pairwise(corners[1:]):
        start, end = _towards(corner, here), _towards(corner, there)
        points += [here, start, start, corner, corner, end]
        here = end
    return (*points, here, corners[-1], corners[-1])


def _towards(corner: Point, other: Point) -> Point:
    """A point on the way from a corner, where it begins to be round."""
    (x, y), (to_x, to_y) = corner, other
    length = abs(to_x - x) + abs(to_y - y)
    share = min(_CORNER, length / 2) / length if length else 0.0
    return x + (to_x - x) * share, y + (to_y - y) * share
