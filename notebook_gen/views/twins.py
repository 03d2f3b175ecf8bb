"""Nodes that read the same and are read by the same: laid out as a block in a frame, with one edge for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Final

from notebook_gen.views.geometry import Arrangement, Box, Edge, Group, Layout, Size

_FEWEST: Final = 7
_FRAME_PAD: Final = 6.0
_SHARE: Final = 0.55  # of the width, for a block that something stands beside
_ROWS: Final = 10


@dataclass(frozen=True, slots=True)
class Condensed:
    """A graph in which each block of twins is one node.

    Attributes:
        upstream: the indexes that each of its nodes reads.
        sizes: width and height of each, in pixels.
        groups: the groups, counted among them.
        members: for each, the nodes it stands for, one or a block.
        columns: how many nodes of a block stand beside each other, for each.
    """

    upstream: tuple[tuple[int, ...], ...]
    sizes: tuple[Size, ...]
    groups: tuple[Group, ...]
    members: tuple[tuple[int, ...], ...]
    columns: tuple[int, ...]


def condense(upstream: Sequence[Sequence[int]], sizes: Sequence[Size], arrangement: Arrangement) -> Condensed:
    """Make one node of each block of twins; nodes of different groups are none."""
    members = _find_blocks(upstream, arrangement.groups)
    place = {node: at for at, block in enumerate(members) for node in block}
    columns = tuple(_columns(len(block), sizes[block[0]], arrangement) for block in members)
    return Condensed(
        upstream=tuple(tuple(sorted({place[tail] for tail in upstream[block[0]]})) for block in members),
        sizes=tuple(
            sizes[block[0]] if len(block) == 1 else _block_size(len(block), across, sizes[block[0]], arrangement)
            for block, across in zip(members, columns, strict=True)
        ),
        groups=tuple(
            replace(group, nodes=tuple(sorted({place[node] for node in group.nodes}))) for group in arrangement.groups
        ),
        members=members,
        columns=columns,
    )


def expand(layout: Layout, condensed: Condensed, sizes: Sequence[Size], arrangement: Arrangement) -> Layout:
    """Give the layout of all nodes: those of a block in rows, in a frame."""
    boxes: dict[int, Box] = {}
    parts: dict[int, int] = {}
    frames = []
    for at, (block, across) in enumerate(zip(condensed.members, condensed.columns, strict=True)):
        outer = layout.boxes[at]
        if layout.parts:
            parts |= dict.fromkeys(block, layout.parts[at])
        if len(block) == 1:
            boxes[block[0]] = outer
            continue
        frames.append(outer)
        width, height = (side + arrangement.node_gap for side in sizes[block[0]])
        for number, node in enumerate(block):
            x, y = outer.x + _FRAME_PAD + number % across * width, outer.y + _FRAME_PAD + number // across * height
            boxes[node] = Box(x, y, *sizes[node])
    first = [block[0] for block in condensed.members]
    return replace(
        layout,
        boxes=tuple(boxes[node] for node in range(len(sizes))),
        edges=tuple(Edge(first[edge.tail], first[edge.head], edge.points) for edge in layout.edges),
        parts=tuple(parts[node] for node in range(len(sizes))) if parts else (),
        frames=tuple(frames),
    )


def _find_blocks(upstream: Sequence[Sequence[int]], groups: Sequence[Group]) -> tuple[tuple[int, ...], ...]:
    """All nodes, in blocks of twins or alone, in the order of the first of each."""
    readers: list[list[int]] = [[] for _ in upstream]
    for head, tails in enumerate(upstream):
        for tail in tails:
            readers[tail].append(head)
    group_of = {node: number for number, group in enumerate(groups) for node in group.nodes}
    alike: dict[tuple[tuple[int, ...], tuple[int, ...], int], list[int]] = {}
    for node, tails in enumerate(upstream):
        alike.setdefault((tuple(tails), tuple(readers[node]), group_of.get(node, -1)), []).append(node)
    blocks = [
        part
        for nodes in alike.values()
        for part in ([tuple(nodes)] if len(nodes) >= _FEWEST else [(node,) for node in nodes])
    ]
    return tuple(sorted(blocks))


def _columns(count: int, size: Size, arrangement: Arrangement) -> int:
    if arrangement.width == inf:
        return ceil(count / _ROWS)
    room = arrangement.width * (_SHARE if arrangement.flow == "right" else 1.0) - 4 * _FRAME_PAD
    most = max(1, int((room + arrangement.node_gap) // (size[0] + arrangement.node_gap)))
    return ceil(count / ceil(count / most))


def _block_size(count: int, across: int, size: Size, arrangement: Arrangement) -> Size:
    gap, down = arrangement.node_gap, ceil(count / across)
    return (
        across * (size[0] + gap) - gap + 2 * _FRAME_PAD,
        down * (size[1] + gap) - gap + 2 * _FRAME_PAD,
    )
