"""What a laid out graph is: boxes, curves and the gaps between them, in pixels, y growing downwards.

Edges run from left to right, or from the top down.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Final, Literal

Point = tuple[float, float]
Size = tuple[float, float]
Flow = Literal["right", "down"]
"""Where edges lead."""

RANK_GAP: Final = 34.0
"""Pixels between a node and the next along the edges, for the edges to curve in."""
NODE_GAP: Final = 20.0
"""Pixels between nodes beside each other."""
GROUND_PAD: Final = 6.0
"""Pixels from a ground's edge to the nodes on it."""
GROUND_LABEL: Final = 14.0
"""Pixels for the label of a ground, above its nodes."""


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that belong together.

    Attributes:
        nodes: their indexes.
        label_width: pixels that the label of their ground takes.
    """

    nodes: tuple[int, ...]
    label_width: float


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a graph is to be laid out.

    Attributes:
        flow: where its edges lead.
        rank_gap: pixels between a node and the next along the edges; `node_gap`: between nodes beside each other.
        groups: nodes to keep together; no node is in two of them.
        width: pixels there are.
        is_wrapped: what flows to the right goes on below, like a line of text, where it would be wider.
    """

    flow: Flow = "right"
    rank_gap: float = RANK_GAP
    node_gap: float = NODE_GAP
    groups: tuple[Group, ...] = ()
    width: float = inf
    is_wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """How far from the left it ends."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """How far down it ends."""
        return self.y + self.height

    def overlaps(self, other: "Box") -> bool:
        """Whether they share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def moved(self, right: float, down: float) -> "Box":
        """Give the same box elsewhere."""
        return replace(self, x=self.x + right, y=self.y + down)


@dataclass(frozen=True, slots=True)
class Edge:
    """A curve from one node to another.

    Attributes:
        tail: index of the node it leaves.
        head: index of the node it enters.
        points: a first point, then three for each cubic Bézier: two controls and the end.
    """

    tail: int
    head: int
    points: tuple[Point, ...]

    def moved(self, right: float, down: float) -> "Edge":
        """Give the same curve elsewhere."""
        return replace(self, points=tuple((x + right, y + down) for x, y in self.points))


@dataclass(frozen=True, slots=True)
class Ground:
    """What nodes of a group lie on.

    Attributes:
        group: which of the arrangement's groups.
        box: its place.
        is_named: whether there is room for the group's name.
    """

    group: int
    box: Box
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """A laid out graph.

    Attributes:
        boxes: one for each node, in the graph's order.
        edges: all edges.
        width: of the whole, without a margin; `height` likewise.
        engine: what laid it out.
        parts: for each node, which part of the picture it lies in, where it has several; empty if it has one.
        grounds: what the groups lie on, as far as their nodes lie together.
        frames: around nodes that read the same and are read by the same; one edge of the first of them stands for
            the same edge of all.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    engine: str
    parts: tuple[int, ...] = ()
    grounds: tuple[Ground, ...] = ()
    frames: tuple[Box, ...] = ()

    def transposed(self) -> "Layout":
        """Give it with right and down exchanged."""
        return replace(
            self,
            boxes=tuple(Box(box.y, box.x, box.height, box.width) for box in self.boxes),
            edges=tuple(replace(edge, points=tuple((y, x) for x, y in edge.points)) for edge in self.edges),
            frames=tuple(Box(box.y, box.x, box.height, box.width) for box in self.frames),
            width=self.height,
            height=self.width,
        )

    def mirrored(self) -> "Layout":
        """Give it upside down."""
        return replace(
            self,
            boxes=tuple(replace(box, y=self.height - box.bottom) for box in self.boxes),
            edges=tuple(
                replace(edge, points=tuple((x, self.height - y) for x, y in edge.points)) for edge in self.edges
            ),
        )
