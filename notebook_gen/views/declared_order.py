"""Brings what programs have laid out into the order of declaration, as far as the picture stays as good as it is.

So the same columns stand in the same order in every picture: what lays them out knows no names, and turns a graph
around as it likes.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from notebook_gen.views.geometry import Arrangement, Layout


def order_alike(layout: Layout, upstream: Sequence[Sequence[int]], arrangement: Arrangement) -> Layout:
    """Exchange nodes that read the same and are read by the same until they stand in the order of declaration."""
    alike: dict[object, list[int]] = {}
    readers: list[list[int]] = [[] for _ in upstream]
    for head, tails in enumerate(upstream):
        for tail in tails:
            readers[tail].append(head)
    group_of = {node: number for number, group in enumerate(arrangement.groups) for node in group.nodes}
    for node, box in enumerate(layout.boxes):
        size = (round(box.width), round(box.height))
        key = (frozenset(upstream[node]), tuple(readers[node]), group_of.get(node), size)
        alike.setdefault(key, []).append(node)
    is_down = arrangement.flow == "down"
    takes = list(range(len(layout.boxes)))  # for each place of a node, the node that stands there now
    for nodes in alike.values():
        boxes = [(layout.boxes[node], node) for node in nodes]
        boxes.sort(key=lambda pair: (pair[0].x, pair[0].y) if is_down else (pair[0].y, pair[0].x))
        for (_, place), node in zip(boxes, nodes, strict=True):
            takes[place] = node
    places = sorted(range(len(takes)), key=takes.__getitem__)
    return replace(
        layout,
        boxes=tuple(layout.boxes[place] for place in places),
        edges=tuple(replace(edge, tail=takes[edge.tail], head=takes[edge.head]) for edge in layout.edges),
    )


def is_turned(layout: Layout) -> bool:
    """Whether more nodes of a layout that flows to the right would be in the order of declaration upside down.

    What reads nothing decides, then those that nothing else decides about, from the left.
    """
    ranks: dict[int, list[float]] = {}
    for box in layout.boxes:
        ranks.setdefault(round(box.x + box.width / 2), []).append(box.y)
    read = {edge.head for edge in layout.edges}
    sources = [box.y for node, box in enumerate(layout.boxes) if node not in read]
    for places in (sources, *(ranks[rank] for rank in sorted(ranks))):
        steps = [later > earlier for earlier, later in combinations(places, 2) if later != earlier]
        if 2 * sum(steps) != len(steps):
            return 2 * sum(steps) < len(steps)
        if steps:
            return not steps[0]
    return False
