"""A layered layout of DAGs without any program: for machines that have no graphviz.

Four steps: a layer for each node; a place in its layer, with as few crossings as some sweeps find; a coordinate in
its layer, as straight as may be; curves. An edge over several layers passes through a thin vertex in each.

Source: Sugiyama, Tagawa, Toda 1981; step three solves each layer by isotonic regression (pool adjacent violators), its
neighbours held fixed.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from notebook_gen.views.geometry import GROUND_PAD, Arrangement, Box, Edge, Layout, Size
from notebook_gen.views.routes import level_curve

_ORDER_SWEEPS = 24
_PLACE_SWEEPS = 12
_THIN_GAP = 12.0
_STRAIGHT = 8.0  # how much more a long edge's inner part wants to be straight than its ends
_AS_USUAL = Arrangement()

_Wish = tuple[float, float]  # a place, and how much it matters


@dataclass(slots=True)
class _Vertex:
    """A node, or the passage of an edge through a layer.

    Attributes:
        layer: its layer, from 0.
        height: its height; 0 for a passage.
        node: the node's index; -1 for a passage.
        before, after: its neighbours in the layers on both sides.
        place: how far down its middle is.
    """

    layer: int
    height: float
    node: int
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    place: float = 0.0


def lay_out_in_layers(
    upstream: Sequence[Sequence[int]], sizes: Sequence[Size], arrangement: Arrangement = _AS_USUAL
) -> Layout:
    """Place the nodes of a DAG.

    Groups are given room between nodes, but are not kept together: that is what graphviz is for.

    Args:
        upstream: the indexes that each node reads, all smaller than its own.
        sizes: width and height of each node, in pixels.
        arrangement: how.
    """
    if arrangement.flow == "down":
        turned = [(height, width) for width, height in sizes]
        return lay_out_in_layers(upstream, turned, replace(arrangement, flow="right")).transposed()
    gap = arrangement.node_gap + (GROUND_PAD if arrangement.groups else 0.0)
    layers_of = _assign_layers(upstream)
    vertices, paths = _make_vertices(upstream, layers_of, [height for _, height in sizes])
    layers = _order_once(tuple(map(tuple, upstream)))
    _place(vertices, layers, gap)
    starts, depths = _layer_starts(layers_of, [width for width, _ in sizes], arrangement.rank_gap)
    boxes = []
    for index, (width, height) in enumerate(sizes):
        layer = layers_of[index]
        middle = starts[layer] + depths[layer] / 2
        boxes.append(Box(middle - width / 2, vertices[index].place - height / 2, width, height))
    edges = []
    for path in paths:
        tail, head = path[0], path[-1]
        spans = [(starts[vertices[at].layer], depths[vertices[at].layer], vertices[at].place) for at in path]
        curve = level_curve(boxes[tail].x + boxes[tail].width, boxes[head].x, spans)
        edges.append(Edge(tail, head, tuple(curve)))
    width = max(box.x + box.width for box in boxes)
    height = max(box.y + box.height for box in boxes)
    return Layout(tuple(boxes), tuple(edges), width, height, "layers")


def _assign_layers(upstream: Sequence[Sequence[int]]) -> list[int]:
    """Longest path from the sources; then nodes with more readers than inputs move towards their readers."""
    layers: list[int] = []
    for tails in upstream:
        layers.append(max((layers[tail] + 1 for tail in tails), default=0))
    heads: list[list[int]] = [[] for _ in upstream]
    for head, tails in enumerate(upstream):
        for tail in tails:
            heads[tail].append(head)
    for index in reversed(range(len(layers))):
        if len(heads[index]) > len(upstream[index]):
            layers[index] = min(layers[head] for head in heads[index]) - 1
    return layers


def _make_vertices(
    upstream: Sequence[Sequence[int]], layers_of: Sequence[int], heights: Sequence[float]
) -> tuple[list[_Vertex], list[list[int]]]:
    """All vertices, the nodes first, and each edge as the vertices it passes, both ends included."""
    vertices = [
        _Vertex(layer, height, index) for index, (layer, height) in enumerate(zip(layers_of, heights, strict=True))
    ]
    paths = []
    for head, tails in enumerate(upstream):
        for tail in tails:
            path = [tail]
            for layer in range(layers_of[tail] + 1, layers_of[head]):
                path.append(len(vertices))
                vertices.append(_Vertex(layer, 0.0, -1))
            path.append(head)
            paths.append(path)
            for here, there in pairwise(path):
                vertices[here].after.append(there)
                vertices[there].before.append(here)
    return vertices, paths


@lru_cache(maxsize=64)
def _order_once(upstream: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    """The vertices of each layer in order, which no size has to do with; not to be changed."""
    vertices, _ = _make_vertices(upstream, _assign_layers(upstream), [0.0] * len(upstream))
    return _order(vertices)


def _order(vertices: Sequence[_Vertex]) -> list[list[int]]:
    """The vertices of each layer in the order with the fewest crossings that sweeps to and fro came across."""
    layers: list[list[int]] = [[] for _ in range(1 + max(vertex.layer for vertex in vertices))]
    for index, vertex in enumerate(vertices):
        layers[vertex.layer].append(index)
    best, fewest = [list(layer) for layer in layers], _crossings(vertices, layers)
    for sweep in range(_ORDER_SWEEPS):
        if fewest == 0:
            break
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            _sort_by_neighbours(vertices, layers, layer, forward=forward)
        crossings = _crossings(vertices, layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _sort_by_neighbours(
    vertices: Sequence[_Vertex], layers: Sequence[Sequence[int]], layer: list[int], *, forward: bool
) -> None:
    """Sort a layer by the mean position of each vertex's neighbours in the layer just visited; the others stay."""
    if not layer:
        return
    beside = vertices[layer[0]].layer + (-1 if forward else 1)
    if not 0 <= beside < len(layers):
        return
    position = {index: at for at, index in enumerate(layers[beside])}
    wanted = {}
    for at, index in enumerate(layer):
        neighbours = vertices[index].before if forward else vertices[index].after
        wanted[index] = sum(position[other] for other in neighbours) / len(neighbours) if neighbours else float(at)
    layer.sort(key=wanted.__getitem__)


def _crossings(vertices: Sequence[_Vertex], layers: Sequence[Sequence[int]]) -> int:
    total = 0
    for layer, following in pairwise(layers):
        position = {index: at for at, index in enumerate(following)}
        ends = [position[head] for index in layer for head in sorted(vertices[index].after, key=position.__getitem__)]
        total += _inversions(ends)
    return total


def _inversions(values: Sequence[int]) -> int:
    """How many pairs stand in the wrong order."""
    count = 0
    seen: list[int] = []
    for value in values:
        at = bisect_right(seen, value)
        count += len(seen) - at
        seen.insert(at, value)
    return count


def _place(vertices: Sequence[_Vertex], layers: Sequence[Sequence[int]], gap: float) -> None:
    """Give every vertex its coordinate: near the mean of its neighbours, in order, and apart."""
    for layer in layers:
        offsets = _offsets(vertices, layer, gap)
        for index, offset in zip(layer, offsets, strict=True):
            vertices[index].place = offset - offsets[-1] / 2
    for sweep in range(_PLACE_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _place_layer(vertices, layer, gap)
    top = min(vertex.place - vertex.height / 2 for vertex in vertices)
    for vertex in vertices:
        vertex.place -= top


def _place_layer(vertices: Sequence[_Vertex], layer: Sequence[int], gap: float) -> None:
    """Move one layer to where its neighbours want it: the least sum of distances, so most edges are straight."""
    offsets = _offsets(vertices, layer, gap)
    wishes = []
    for index, offset in zip(layer, offsets, strict=True):
        vertex = vertices[index]
        neighbours = (vertices[other] for other in (*vertex.before, *vertex.after))
        pulls = [(other.place - offset, _pull(vertex, other)) for other in neighbours]
        wishes.append(pulls or [(vertex.place - offset, 0.01)])
    for index, offset, place in zip(layer, offsets, _isotonic(wishes), strict=True):
        vertices[index].place = place + offset


def _pull(vertex: _Vertex, other: _Vertex) -> float:
    return _STRAIGHT if vertex.node < 0 and other.node < 0 else 2.0 if vertex.node < 0 or other.node < 0 else 1.0


def _offsets(vertices: Sequence[_Vertex], layer: Sequence[int], node_gap: float) -> list[float]:
    """How far each vertex must at least lie behind the first."""
    offsets: list[float] = []
    for at, index in enumerate(layer):
        if at == 0:
            offsets.append(0.0)
            continue
        here, last = vertices[index], vertices[layer[at - 1]]
        gap = node_gap if here.node >= 0 and last.node >= 0 else min(_THIN_GAP, node_gap)
        offsets.append(offsets[-1] + (here.height + last.height) / 2 + gap)
    return offsets


def _isotonic(wishes: Sequence[Sequence[_Wish]]) -> list[float]:
    """The non-decreasing values with the smallest sum of weighted distances to what each one wishes."""
    pools: list[tuple[float, list[_Wish], int]] = []  # the best value for all members, their wishes, their count
    for own in wishes:
        merged, count, value = list(own), 1, _median(own)
        while pools and pools[-1][0] > value:
            _, others, more = pools.pop()
            merged, count = others + merged, count + more
            value = _median(merged)
        pools.append((value, merged, count))
    return [value for value, _, count in pools for _ in range(count)]


def _median(wishes: Sequence[_Wish]) -> float:
    """The weighted median; halfway, where a whole interval would do."""
    ordered = sorted(wishes)
    half = sum(weight for _, weight in ordered) / 2
    reached = 0.0
    for at, (place, weight) in enumerate(ordered):
        reached += weight
        if reached > half:
            return place
        if reached == half:
            return (place + ordered[at + 1][0]) / 2
    return ordered[-1][0]


def _layer_starts(layers_of: Sequence[int], widths: Sequence[float], gap: float) -> tuple[list[float], list[float]]:
    """Where each layer begins, from the left, and how wide its widest node is."""
    depths = [0.0] * (1 + max(layers_of))
    for layer, width in zip(layers_of, widths, strict=True):
        depths[layer] = max(depths[layer], width)
    starts = [0.0]
    for depth in depths[:-1]:
        starts.append(starts[-1] + depth + gap)
    return starts, depths
