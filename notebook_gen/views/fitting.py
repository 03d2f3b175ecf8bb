"""Chooses how large the nodes of a DAG are drawn and where it flows, so that most of it is seen without scrolling.

Every choice is sketched by our own layers, which takes milliseconds; only the best is then laid out in earnest. So the
same graph is drawn alike on every machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Final, Literal, NamedTuple

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.geometry import Arrangement, Group, Layout, Size
from notebook_gen.views.layout import sketch
from notebook_gen.views.nodes import FACES, NARROW, SMALL, Face
from notebook_gen.views.wrapping import choose_cuts, count_crossings

Direction = Literal["right", "down", "auto"]

_SCROLLED: Final = 0.3  # however little is too much: part of it is out of sight, and what stands beside it goes below
_TOO_WIDE: Final = 4.0
_TOO_HIGH: Final = 3.0
_HEIGHT: Final = 0.25
_FACE: Final = {NARROW: 0.1, SMALL: 0.4}
_DOWN: Final = 0.12
_WRAPPED: Final = 0.08
_CROSSING: Final = 0.06


class Fit(NamedTuple):
    """How to draw a graph.

    Attributes:
        face: how large its nodes are.
        arrangement: how they are laid out.
    """

    face: Face
    arrangement: Arrangement


def choose_fit(
    graph: ExecutionGraph,
    size: Callable[[Face], Size],
    room: Size,
    *,
    direction: Direction = "auto",
    groups: Sequence[Group] = (),
) -> Fit:
    """Choose how to draw a graph.

    Args:
        graph: what to draw.
        size: gives the size of a node of some face.
        room: pixels there are; what does not fit is scrolled.
        direction: where edges lead; what leads to the right may be wrapped.
        groups: nodes to keep together.
    """
    sizes = tuple(size(face) for face in FACES)
    return _choose(tuple(node.upstream for node in graph.nodes), sizes, room, direction, tuple(groups))


@lru_cache(maxsize=64)
def _choose(
    upstream: tuple[tuple[int, ...], ...],
    sizes: tuple[Size, ...],
    room: Size,
    direction: Direction,
    groups: tuple[Group, ...],
) -> Fit:
    best, least = Fit(FACES[0], Arrangement()), inf
    for face, size in zip(FACES, sizes, strict=True):
        if least <= _FACE.get(face, 0.0):
            break  # nothing costs less than its face
        plain = Arrangement(rank_gap=face.rank_gap, node_gap=face.node_gap, groups=groups, width=room[0])
        nodes = (size,) * len(upstream)
        for cost, arrangement in _weigh(upstream, nodes, plain, room, direction):
            if cost + _FACE.get(face, 0.0) < least:
                best, least = Fit(face, arrangement), cost + _FACE.get(face, 0.0)
    return best


def _weigh(
    upstream: tuple[tuple[int, ...], ...],
    sizes: tuple[Size, ...],
    plain: Arrangement,
    room: Size,
    direction: Direction,
) -> Iterator[tuple[float, Arrangement]]:
    """What each way to lay out nodes of these sizes costs."""
    if direction != "down":
        line = sketch(upstream, sizes, plain)
        yield _cost(line, room), plain
        if line.width > room[0]:
            wrapped = replace(plain, is_wrapped=True)
            made = sketch(upstream, sizes, wrapped)
            crossings = count_crossings(line, choose_cuts(line, room[0]))
            yield _cost(made, room) + _WRAPPED + _CROSSING * crossings, wrapped
    if direction != "right":
        down = replace(plain, flow="down")
        yield _cost(sketch(upstream, sizes, down), room) + _DOWN, down


def _cost(layout: Layout, room: Size) -> float:
    wide, high = layout.width / room[0], layout.height / room[1]
    beyond = _SCROLLED + _TOO_WIDE * (wide - 1) if wide > 1 else 0.0
    return beyond + _TOO_HIGH * max(0.0, high - 1) + _HEIGHT * min(1.0, high)
