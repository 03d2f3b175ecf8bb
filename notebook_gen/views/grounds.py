"""The grounds that groups of nodes lie on: boxes around those that lie together, with nobody else's node on them.

Nodes lie together if no other node would fit in between, and if they fill most of the ground. Those of a group that do
not have several grounds; as many of these bear the group's name as there is room for, one at least.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final, NamedTuple

from notebook_gen.views.geometry import GROUND_LABEL, GROUND_PAD, NODE_GAP, Box, Ground, Group, Layout

_FULL: Final = 0.6
_NEAR: Final = 1.2  # of a node's width or height


def lay_grounds(layout: Layout, groups: Sequence[Group]) -> Layout:
    """Give a layout with grounds for its groups; each lies in one part of the picture.

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
        grounds=tuple(replace(ground, box=ground.box.moved(left, top)) for ground in grounds),
        width=max(layout.width, *(ground.box.right for ground in grounds)) + left,
        height=max(layout.height, *(ground.box.bottom for ground in grounds)) + top,
    )


class _Piece(NamedTuple):
    """Nodes of a group that lie together.

    Attributes:
        nodes: their indexes.
        box: around them.
        area: what they take of it, each with a gap beside it.
    """

    nodes: frozenset[int]
    box: Box
    area: float

    def joined(self, other: "_Piece") -> "_Piece":
        return _Piece(self.nodes | other.nodes, _around((self.box, other.box)), self.area + other.area)

    @property
    def fullness(self) -> float:
        """How much of its box is taken, from 0 to 1."""
        return self.area / _area(self.box)


def _find_grounds(layout: Layout, groups: Sequence[Group]) -> list[Ground]:
    grounds: list[Ground] = []
    for number, group in enumerate(groups):
        pieces = [piece for part in _parts(layout, group) for piece in _gather(layout, part)]
        own: list[Ground] = []
        for piece in sorted(pieces, key=lambda piece: (piece.box.y, piece.box.x)):
            ground = _lay(layout, piece, group.label_width, number, [*grounds, *own])
            if ground is None:
                return []
            own.append(ground)
        if not any(ground.is_named for ground in own):
            return []
        grounds += own
    return grounds


def _parts(layout: Layout, group: Group) -> Iterator[list[_Piece]]:
    """The nodes of a group in each part of the picture; those in a frame lie together from the beginning."""
    parts = layout.parts or (0,) * len(layout.boxes)
    for part in sorted({parts[index] for index in group.nodes}):
        blocks: dict[Box, list[int]] = {}
        for index in group.nodes:
            if parts[index] == part:
                box = layout.boxes[index]
                blocks.setdefault(next((frame for frame in layout.frames if frame.overlaps(box)), box), []).append(
                    index
                )
        yield [_Piece(frozenset(nodes), box, _area(box)) for box, nodes in blocks.items()]


def _gather(layout: Layout, pieces: Sequence[_Piece]) -> list[_Piece]:
    """Join pieces that lie together, those first that make the fullest ground."""
    gathered = list(pieces)
    known: dict[tuple[frozenset[int], frozenset[int]], _Piece | None] = {}
    while True:
        best: tuple[_Piece, _Piece, _Piece] | None = None
        for one, other in combinations(gathered, 2):
            key = (one.nodes, other.nodes)
            if key not in known:
                known[key] = _join(layout, one, other)
            both = known[key]
            if both is not None and (best is None or both.fullness > best[2].fullness):
                best = one, other, both
        if best is None:
            return gathered
        gathered = [best[2], *(piece for piece in gathered if piece not in best[:2])]


def _join(layout: Layout, one: _Piece, other: _Piece) -> _Piece | None:
    """Both as one piece; None if they do not lie together."""
    width, height = (min(sides) for sides in zip(*((box.width, box.height) for box in layout.boxes), strict=True))
    across = max(one.box.x, other.box.x) - min(one.box.right, other.box.right)
    down = max(one.box.y, other.box.y) - min(one.box.bottom, other.box.bottom)
    if across > _NEAR * width or down > _NEAR * height:
        return None
    both = one.joined(other)
    return both if both.fullness >= _FULL and _is_free(layout, _with_pad(both.box), both.nodes, ()) else None


def _lay(layout: Layout, piece: _Piece, label_width: float, number: int, taken: Sequence[Ground]) -> Ground | None:
    """The ground of a piece: with its name if there is room, as wide as that needs, or else with the name cut."""
    plain = _with_pad(piece.box)
    named = replace(plain, y=plain.y - GROUND_LABEL, height=plain.height + GROUND_LABEL)
    wide = replace(named, width=max(named.width, label_width))
    boxes = [ground.box for ground in taken]
    for box, is_named in ((wide, True), (named, True), (plain, False)):
        if _is_free(layout, box, piece.nodes, boxes):
            return Ground(number, box, is_named)
    return None


def _is_free(layout: Layout, ground: Box, members: frozenset[int], taken: Sequence[Box]) -> bool:
    others = (box for index, box in enumerate(layout.boxes) if index not in members)
    return not any(map(ground.overlaps, (*others, *taken)))


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    return Box(left, top, max(box.right for box in boxes) - left, max(box.bottom for box in boxes) - top)


def _with_pad(box: Box) -> Box:
    return Box(box.x - GROUND_PAD, box.y - GROUND_PAD, box.width + 2 * GROUND_PAD, box.height + 2 * GROUND_PAD)


def _area(box: Box) -> float:
    return (box.width + NODE_GAP) * (box.height + NODE_GAP)
