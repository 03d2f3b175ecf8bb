"""How high the parts of a run's view are: known before the run begins, so that the notebook never jumps."""

from typing import Final

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart import chart_height
from notebook_gen.views.geometry import NODE_GAP
from notebook_gen.views.nodes import HEIGHT
from notebook_gen.views.source import RunSource

HEAD: Final = 56
BAR: Final = 5
SECTION: Final = 33
TABS: Final = 35
TABLE: Final = 214
"""The pane of a tab: six rows and their head."""
DAG_WIDTH: Final = 640
"""What a DAG gets of a view of 900 pixels."""

_EDGES = 2
_TOP_PADDING = 20
_DAG_MARGIN = 10
_SIDE_LINE = 23
_LEAST_TOP = 120
_MOST_TOP = 320


def top_height(source: RunSource) -> int:
    """Give the pixels of the DAG and what stands beside it."""
    breadth = _breadth(source.graph)
    dag = breadth * HEIGHT + (breadth - 1) * NODE_GAP + _DAG_MARGIN
    lines = min(4, len(source.graph.resources)) + 2 + 2 * (source.destination is not None) + source.placeholder_text
    return round(max(_LEAST_TOP, min(_MOST_TOP, _TOP_PADDING + max(dag, lines * _SIDE_LINE))))


def timeline_height(source: RunSource) -> int:
    """Give the pixels of the chart, without its heading."""
    return chart_height(source.graph, source.ceilings, source.progress.rows)


def view_height(source: RunSource) -> int:
    """Give the pixels of the whole view."""
    return HEAD + BAR + top_height(source) + SECTION + timeline_height(source) + TABS + TABLE + _EDGES


def _breadth(graph: ExecutionGraph) -> int:
    """How many nodes may lie beside each other where it is widest, wherever a layout puts those that are free to move.

    A node may stand in any layer from its longest path behind it to its longest path before it.
    """
    first: list[int] = []
    for node in graph.nodes:
        first.append(1 + max((first[index] for index in node.upstream), default=-1))
    depths = graph.depths()
    layers = round(max(depths, default=1.0))
    last = [layers - round(depth) for depth in depths]
    spans = list(zip(first, last, strict=True))
    return max((sum(begin <= layer <= end for begin, end in spans) for layer in range(layers)), default=1)
