"""Pictures of an ExecutionGraph: what a builder's columns are, and how far a run is with each.

Two pictures share one drawing. Of a builder: every node says what makes it, tinted by its kind. Of a run: every node
says how far it is, with its column's colour. Names and specs are hostile text: all of it is cut, spelled out and
escaped here, and none of it reaches the layout.
"""

from typing import TYPE_CHECKING

from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.geometry import Direction, Edge
from notebook_gen.views.layout import lay_out
from notebook_gen.views.nodes import BuilderNodes, NodeNumbers, RunNodes, is_whole_column
from notebook_gen.views.palette import LIGHT, kind_fill, stylesheet
from notebook_gen.views.specs import KIND_NAMES, describe
from notebook_gen.views.text import escape, one_line, write_plural

if TYPE_CHECKING:
    import graphviz

_MARGIN = 5.0
_SMALLEST = 0.68


def dag_svg(
    graph: ExecutionGraph,
    *,
    direction: Direction = "LR",
    title: str | None = None,
    progress: Progress | None = None,
    rows: int | None = None,
    max_width: float | None = None,
) -> str:
    """Draw a graph as inline SVG, styled by the stylesheet of the views.

    The group of a node has `data-node`, its index. In it, `dag_numbers` is about the texts `ng-node-sub` and, inside
    that, `ng-node-failed`, and about `ng-node-bar`, whose style is `transform: scaleX(fraction)`.

    Args:
        graph: what to draw.
        direction: of the edges: from left to right, or from top to bottom.
        title: what is read out for the picture; None: the names of its nodes.
        progress: how far a run is; None: say what the columns are.
        rows: rows asked for; None: as `progress` says.
        max_width: pixels there are. A wider picture is drawn smaller, as long as it can be read, and then overflows.
    """
    nodes = RunNodes(graph, progress, rows) if progress is not None else BuilderNodes(graph)
    layout = lay_out(graph, [nodes.size] * len(graph.nodes), direction)
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    scale = 1.0 if max_width is None else max(_SMALLEST, min(1.0, max_width / width))
    names = ", ".join(node.name[:40] for node in graph.nodes[:40])
    label = escape(one_line(title if title is not None else f"graph of {names}"))
    return "".join(
        (
            f'<svg class="ng-dag" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" ',
            f'width="{width * scale:.0f}" height="{height * scale:.0f}" style="min-width:{width * _SMALLEST:.0f}px" ',
            f'viewBox="{-_MARGIN:g} {-_MARGIN:g} {width:.1f} {height:.1f}">',
            *(_draw_edge(edge) for edge in layout.edges),
            *(nodes.draw(node, box) for node, box in zip(graph.nodes, layout.boxes, strict=True)),
            "</svg>",
        )
    )


def dag_numbers(graph: ExecutionGraph, progress: Progress, rows: int | None = None) -> list[NodeNumbers]:
    """Give what changes in the picture that `dag_svg` drew of the same graph and rows: one entry a node."""
    nodes = RunNodes(graph, progress, rows)
    return [nodes.numbers(node) for node in graph.nodes]


def dag_html(graph: ExecutionGraph, *, title: str | None = None) -> str:
    """Draw a builder's graph as HTML that needs nothing else: style, picture, legend."""
    style = f"<style>{stylesheet()}</style>"
    if not graph.nodes:
        hint = 'No columns yet. Declare the first: <code>b["stars"] = ng.Integer(1, 5)</code>'
        return f'{style}<div class="ng-view"><p class="ng-empty">{hint}</p></div>'
    return (
        f'{style}<div class="ng-view"><div class="ng-scroll ng-dag-pane">{dag_svg(graph, title=title)}</div>'
        f'<div class="ng-legend">{_legend(graph)}</div></div>'
    )


def dag_source(graph: ExecutionGraph) -> "graphviz.Digraph":
    """Give the graph as DOT, for people who draw it themselves: plain labels, kinds as fill colours, no links."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={"rankdir": "LR"},
        node_attr={"shape": "box", "style": "filled,rounded", "fontname": "sans-serif", "color": LIGHT.soft},
        edge_attr={"color": LIGHT.soft},
    )
    for node in graph.nodes:
        # escape: a name like <b> would be read as markup, a backslash as the start of a command
        label = graphviz.escape(f"{one_line(node.name)}\n{one_line(describe(node))}")
        marks = {"peripheries": "2"} if is_whole_column(node) else {}
        dot.node(f"n{node.index}", label, fillcolor=kind_fill(node.kind), **marks)
    for node in graph.nodes:
        for upstream in node.upstream:
            dot.edge(f"n{upstream}", f"n{node.index}")
    return dot


def _draw_edge(edge: Edge) -> str:
    (x, y), *curve = edge.points
    path = f"M{x:.1f},{y:.1f}C{' '.join(f'{x:.1f},{y:.1f}' for x, y in curve)}"
    return f'<path class="ng-edge" data-tail="{edge.tail}" data-head="{edge.head}" d="{path}"/>'


def _legend(graph: ExecutionGraph) -> str:
    kinds = {node.kind for node in graph.nodes}
    parts = [
        f'<span class="ng-kind-{kind}"><i class="ng-swatch"></i>{name}</span>'
        for kind, name in KIND_NAMES.items()
        if kind in kinds
    ]
    if any(is_whole_column(node) for node in graph.nodes):
        parts.append('<span class="ng-kind-function"><i class="ng-swatch ng-stacked"></i>full column</span>')
    models = dict.fromkeys(node.model for node in graph.nodes if node.model is not None)
    count = write_plural(len(graph.columns), "column")
    used = f" · {write_plural(len(models), 'model')}" if models else ""
    return f"{''.join(parts)}<b>{count}{used}</b>"
