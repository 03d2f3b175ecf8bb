"""Edges as curves that only go forward: a program's own may swing past the node that they lead to, and come back."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from notebook_gen.views.geometry import Box, Edge, Layout, Point

_CLEARANCE = 4.0  # half of the least gap between nodes
_STEPS = 16  # in which a piece of a curve is looked at


def smooth(layout: Layout) -> Layout:
    """Give a layout that flows to the right, with edges that are level where they pass a rank.

    They pass it where they passed it before, or as near to that as no node is in the way.
    """
    ranks = _find_ranks(layout.boxes)
    number = {node: at for at, rank in enumerate(ranks) for node in rank.nodes}
    return replace(layout, edges=tuple(_smooth_edge(edge, layout.boxes, ranks, number) for edge in layout.edges))


def level_curve(leaves: float, enters: float, spans: Sequence[tuple[float, float, float]]) -> list[Point]:
    """Give a curve that is level where it leaves, enters and passes a layer.

    Args:
        leaves: how far from the left it begins.
        enters: how far from the left it ends.
        spans: for each layer it touches: where that begins, how wide it is, and how far down the curve is there.
    """
    points: list[Point] = [(leaves, spans[0][2])]
    for at, (start, depth, place) in enumerate(spans[1:], 1):
        is_last = at == len(spans) - 1
        here, last = points[-1]
        to = enters if is_last else start
        half = (to - here) / 2
        points += [(here + half, last), (to - half, place), (to, place)]
        if not is_last:
            points += [(to + depth / 3, place), (to + 2 * depth / 3, place), (to + depth, place)]
    return points


class _Rank:
    """Nodes that stand above each other."""

    def __init__(self, nodes: Sequence[int], boxes: Sequence[Box]) -> None:
        self.nodes = nodes
        self.start = min(boxes[node].x for node in nodes)
        self.depth = max(boxes[node].right for node in nodes) - self.start


def _find_ranks(boxes: Sequence[Box]) -> list[_Rank]:
    members: dict[int, list[int]] = {}
    for node, box in enumerate(boxes):
        members.setdefault(round(box.x + box.width / 2), []).append(node)
    return [_Rank(members[middle], boxes) for middle in sorted(members)]


def _smooth_edge(edge: Edge, boxes: Sequence[Box], ranks: Sequence[_Rank], number: dict[int, int]) -> Edge:
    tail, head = boxes[edge.tail], boxes[edge.head]
    first, last = ranks[number[edge.tail]], ranks[number[edge.head]]
    spans = [(first.start, first.depth, tail.y + tail.height / 2)]
    for rank in ranks[number[edge.tail] + 1 : number[edge.head]]:
        place = _place_at(edge.points, rank.start + rank.depth / 2)
        if place is None:
            return edge
        spans.append((rank.start, rank.depth, _find_way(place, [boxes[node] for node in rank.nodes])))
    spans.append((last.start, last.depth, head.y + head.height / 2))
    return replace(edge, points=tuple(level_curve(tail.right, head.x, spans))) if tail.right < head.x else edge


def _find_way(place: float, boxes: Sequence[Box]) -> float:
    """The nearest place that is beside all boxes of a rank."""
    beside = [place, *(box.y - _CLEARANCE for box in boxes), *(box.bottom + _CLEARANCE for box in boxes)]
    free = (at for at in beside if not any(box.y - _CLEARANCE < at < box.bottom + _CLEARANCE for box in boxes))
    return min(free, key=lambda at: abs(at - place))


def _place_at(curve: Sequence[Point], x: float) -> float | None:
    """How far down a curve is where it first comes to `x`."""
    points = [_point(curve[at : at + 4], step / _STEPS) for at in range(0, len(curve) - 1, 3) for step in range(_STEPS)]
    for (here, down), (there, further_down) in pairwise([*points, curve[-1]]):
        if here <= x < there:
            return down + (further_down - down) * (x - here) / (there - here)
    return None


def _point(cubic: Sequence[Point], share: float) -> Point:
    """The point of a cubic Bézier curve at a share (0 to 1) of its way."""
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    return (
        sum(weight * x for weight, (x, _) in zip(weights, cubic, strict=True)),
        sum(weight * y for weight, (_, y) in zip(weights, cubic, strict=True)),
    )
