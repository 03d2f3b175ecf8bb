"""What a laid out graph is: boxes, curves and the gaps between them, in pixels, y growing downwards.

Edges run from left to right.
"""

from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]
Size = tuple[float, float]

RANK_GAP: Final = 34.0
"""Pixels between a node and the next along the edges, for the edges to curve in."""
NODE_GAP: Final = 20.0
"""Pixels between nodes beside each other."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float


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


@dataclass(frozen=True, slots=True)
class Layout:
    """A laid out graph.

    Attributes:
        boxes: one for each node, in the graph's order.
        edges: all edges.
        width: of the whole, without a margin; `height` likewise.
        engine: what laid it out.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    engine: str
