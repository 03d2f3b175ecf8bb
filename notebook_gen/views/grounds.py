"""The grounds that groups of nodes lie on: boxes around those that lie together, where no other node is in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from notebook_gen.views.geometry import GROUND_LABEL, GROUND_PAD, Box, Ground, Group, Layout


def lay_grounds(layout: Layout, groups: Sequence[Group]) -> Layout:
    """Give a layout with grounds: one for each group in each part of the picture, else one in each rank of it.

    All nodes of groups lie on one, or there are none: what lay beside a ground would seem to belong to nobody. A
    picture becomes as large as its grounds need.
    """
    grounds = _find_grounds(layout, groups)
    if not grounds:
        return layout
    left = max(0.0, *(-ground.box.x for ground in grounds))
    top = max(0.0, *(-ground.box.y for ground in grounds))
    return replace(
        layout,
        boxes=tuple(box.moved(left, top) for box in layout.boxes),
        edges=tuple(edge.moved(left, top) for edge in layout.edges),
        frames=tuple(frame.moved(left, top) for frame in layout.frames),
        grounds=tuple(Ground(ground.group, ground.box.moved(left, top)) for ground in grounds),
        width=max(layout.width, *(ground.box.right for ground in grounds)) + left,
        height=max(layout.height, *(ground.box.bottom for ground in grounds)) + top,
    )


def _find_grounds(layout: Layout, groups: Sequence[Group]) -> list[Ground]:
    parts = layout.parts or (0,) * len(layout.boxes)
    grounds: list[Ground] = []
    for number, group in enumerate(groups):
        for part in sorted({parts[index] for index in group.nodes}):
            members = [index for index in group.nodes if parts[index] == part]
            for pieces in ([members], list(_ranks(layout, members))):
                boxes = [_around(_outer_boxes(layout, piece), group.label_width) for piece in pieces]
                taken = [ground.box for ground in grounds]
                if all(_is_free(layout, box, piece, taken) for box, piece in zip(boxes, pieces, strict=True)):
                    grounds += (Ground(number, box) for box in boxes)
                    break
            else:
                return []
    return grounds


def _ranks(layout: Layout, members: Sequence[int]) -> Iterator[list[int]]:
    """Those of some nodes that stand above each other."""
    middles = {index: round(layout.boxes[index].x + layout.boxes[index].width / 2) for index in members}
    for middle in sorted(set(middles.values())):
        yield [index for index in members if middles[index] == middle]


def _is_free(layout: Layout, ground: Box, members: Sequence[int], taken: Sequence[Box]) -> bool:
    others = (box for index, box in enumerate(layout.boxes) if index not in members)
    return not any(map(ground.overlaps, (*others, *taken)))


def _outer_boxes(layout: Layout, members: Sequence[int]) -> list[Box]:
    """The boxes of nodes, and the frames around any of them."""
    boxes = [layout.boxes[index] for index in members]
    return [*boxes, *(frame for frame in layout.frames if any(map(frame.overlaps, boxes)))]


def _around(boxes: Sequence[Box], label_width: float) -> Box:
    left, top = min(box.x for box in boxes) - GROUND_PAD, min(box.y for box in boxes) - GROUND_PAD - GROUND_LABEL
    right, bottom = max(box.right for box in boxes) + GROUND_PAD, max(box.bottom for box in boxes) + GROUND_PAD
    return Box(left, top, max(right - left, label_width), bottom - top)
