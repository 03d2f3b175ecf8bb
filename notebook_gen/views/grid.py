"""Nodes that read nothing and that nothing reads, in rows under the rest of the picture."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, inf, sqrt
from typing import Final

from notebook_gen.views.geometry import GROUND_LABEL, GROUND_PAD, Arrangement, Box, Layout, Size

_FEWEST: Final = 2
_SQUARE: Final = 3.0  # how much wider than high, in nodes, where there is no end of room


def find_apart(upstream: Sequence[Sequence[int]]) -> list[int]:
    """Give the nodes that stand apart from all others; none, if they are so few that they need no rows."""
    read = {tail for tails in upstream for tail in tails}
    apart = [index for index, tails in enumerate(upstream) if not tails and index not in read]
    return apart if len(apart) >= _FEWEST else []


def without(apart: Sequence[int], upstream: Sequence[Sequence[int]]) -> tuple[list[int], list[tuple[int, ...]]]:
    """Give the other nodes' indexes, and what each of them reads, counted among them."""
    gone = set(apart)
    linked = [index for index in range(len(upstream)) if index not in gone]
    place = {index: at for at, index in enumerate(linked)}
    return linked, [tuple(place[tail] for tail in upstream[index]) for index in linked]


def add_grid(layout: Layout, linked: Sequence[int], sizes: Sequence[Size], arrangement: Arrangement) -> Layout:
    """Give a layout of all nodes, those that stand apart under the others; each group's in rows of their own.

    Args:
        layout: the others'.
        linked: the others' indexes.
        sizes: width and height of each node, in pixels.
        arrangement: how; its groups count all nodes.
    """
    boxes: dict[int, Box] = dict(zip(linked, layout.boxes, strict=True))
    parts = dict(zip(linked, layout.parts or (0,) * len(linked), strict=True))
    apart = [index for index in range(len(sizes)) if index not in boxes]
    grouped = {index for group in arrangement.groups for index in group.nodes}
    rows = [[index for index in apart if index not in grouped]]
    rows += [[index for index in group.nodes if index not in boxes] for group in arrangement.groups]
    down = layout.height
    for number, section in enumerate(filter(None, rows), max(parts.values(), default=-1) + 1):
        is_group = section[0] in grouped
        if down:
            down += arrangement.rank_gap
        down += (GROUND_LABEL + GROUND_PAD) if is_group else 0.0
        placed = _place(section, sizes, arrangement, GROUND_PAD if is_group else 0.0, down)
        boxes |= placed
        parts |= dict.fromkeys(placed, number)
        down = max(box.bottom for box in placed.values()) + (GROUND_PAD if is_group else 0.0)
    order = range(len(sizes))
    return replace(
        layout,
        boxes=tuple(boxes[index] for index in order),
        edges=tuple(replace(edge, tail=linked[edge.tail], head=linked[edge.head]) for edge in layout.edges),
        width=max(layout.width, *(box.right for box in boxes.values())),
        height=down,
        parts=tuple(parts[index] for index in order),
    )


def _place(
    section: Sequence[int], sizes: Sequence[Size], arrangement: Arrangement, left: float, top: float
) -> dict[int, Box]:
    """Rows of boxes, from left to right and from the top down, in columns as wide as the widest."""
    width, height = max(sizes[index][0] for index in section), max(sizes[index][1] for index in section)
    gap = arrangement.node_gap
    across = _columns(len(section), (width, height), arrangement, 2 * left)
    return {
        index: Box(left + at % across * (width + gap), top + at // across * (height + gap), *sizes[index])
        for at, index in enumerate(section)
    }


def _columns(count: int, size: Size, arrangement: Arrangement, pad: float) -> int:
    gap = arrangement.node_gap
    if arrangement.width == inf:
        most = ceil(sqrt(count * _SQUARE * (size[1] + gap) / (size[0] + gap)))
    else:
        most = int((arrangement.width - pad + gap) // (size[0] + gap))
    rows = ceil(count / max(1, most))
    return ceil(count / rows)
