"""Pictures of an ExecutionGraph: what a builder's columns are, and how far a run is with each.

Two pictures share one drawing: a node's ground tells its kind, its dot is its column's colour, as in every other
picture. Of a builder: every node says what makes it. Of a run: every node says how far it is. Names and specs are
hostile text: all of it is cut, spelled out and escaped here, and none of it reaches the layout.
"""

from typing import TYPE_CHECKING

from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.geometry import Edge
from notebook_gen.views.layout import lay_out
from notebook_gen.views.nodes import BuilderNodes, NodeNumbers, RunNodes, is_whole_column
from notebook_gen.views.palette import LIGHT, kind_fill, node_colors
from notebook_gen.views.specs import KIND_NAMES, describe
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.text import escape, one_line, write_plural

if TYPE_CHECKING:
    import graphviz

_MARGIN = 5.0
_SMALLEST = 0.68


def dag_svg(graph: ExecutionGraph, *, progress: Progress | None = None, max_width: float | None = None) -> str:
    """Draw a graph as inline SVG, styled by the stylesheet of the views.

    The group of a node has `data-node`, its index. In it, `dag_numbers` is about the two parts of the text
    `ng-node-sub`, and about `ng-node-bar`, whose style is `transform: scaleX(fraction)`.

    Args:
        graph: what to draw.
        progress: how far a run is; None: say what the columns are.
        max_width: pixels there are. A wider picture is drawn smaller, as long as it can be read, and then overflows.
    """
    nodes = RunNodes(graph, progress) if progress is not None else BuilderNodes(graph)
    layout = lay_out(graph, [nodes.size] * len(graph.nodes))
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    scale = _scale(width, max_width)
    names = ", ".join(node.name[:40] for node in graph.nodes[:40])
    return "".join(
        (
            '<svg class="ng-dag" xmlns="http://www.w3.org/2000/svg" role="img" ',
            f'aria-label="{escape(one_line(f"graph of {names}"))}" ',
            f'width="{width * scale:.0f}" height="{height * scale:.0f}" style="min-width:{width * _SMALLEST:.0f}px" ',
            f'viewBox="{-_MARGIN:g} {-_MARGIN:g} {width:.1f} {height:.1f}">',
            *(_draw_edge(edge) for edge in layout.edges),
            *(nodes.draw(node, box) for node, box in zip(graph.nodes, layout.boxes, strict=True)),
            "</svg>",
        )
    )


def dag_image(graph: ExecutionGraph, progress: Progress, max_width: float) -> str:
    """Draw a run's graph as SVG that stands alone, in light colours of its own."""
    used = sorted({color for color in node_colors(graph) if color is not None})
    colors = "".join(f".ng-c{color}{{--c:{LIGHT.columns[color]}}}" for color in used)
    kinds = "".join(
        f".ng-kind-{kind} .ng-node-box{{fill:{kind_fill(kind)}}}"
        for kind in sorted({node.kind for node in graph.nodes})
    )
    style = (
        f"<style>text{{font:10px sans-serif;fill:{LIGHT.ink}}}.ng-node-name{{font-size:12px;font-weight:600}}"
        f".ng-node-sub{{fill:{LIGHT.soft}}}.ng-node-failed{{fill:{LIGHT.bad}}}"
        f".ng-edge{{fill:none;stroke:{LIGHT.soft}}}.ng-node-box{{fill:{LIGHT.background}}}"
        f".ng-node-border{{fill:none;stroke:{LIGHT.soft};stroke-opacity:.5}}"
        ".ng-node-face{clip-path:inset(0 round 7px)}"
        f"{kinds}"
        f".ng-node-bar,.ng-node-dot{{fill:var(--c)}}.ng-node-bar{{transform-box:fill-box;transform-origin:left}}"
        f"{colors}</style>"
    )
    return dag_svg(graph, progress=progress, max_width=max_width).replace(">", f">{style}", 1)


def dag_height(graph: ExecutionGraph, progress: Progress, max_width: float) -> float:
    """Give the pixels from top to bottom of what `dag_svg` draws of the same."""
    layout = lay_out(graph, [RunNodes(graph, progress).size] * len(graph.nodes))
    return (layout.height + 2 * _MARGIN) * _scale(layout.width + 2 * _MARGIN, max_width)


def dag_numbers(graph: ExecutionGraph, progress: Progress) -> list[NodeNumbers]:
    """Give what changes in the picture that `dag_svg` drew of the same run: one entry a node."""
    nodes = RunNodes(graph, progress)
    return [nodes.numbers(node) for node in graph.nodes]


def dag_html(graph: ExecutionGraph) -> str:
    """Draw a builder's graph as HTML that needs nothing else: style, picture, legend."""
    style = f"<style>{stylesheet()}</style>"
    if not graph.nodes:
        hint = 'No columns yet. Declare the first: <code>b["stars"] = ng.Integer(1, 5)</code>'
        return f'{style}<div class="ng-view"><p class="ng-empty">{hint}</p></div>'
    return (
        f'{style}<div class="ng-view"><div class="ng-scroll ng-dag-pane">{dag_svg(graph)}</div>'
        f'<div class="ng-legend">{_legend(graph)}</div></div>'
    )


def dag_source(graph: ExecutionGraph) -> "graphviz.Digraph":
    """Give the graph as DOT, for people who draw it themselves: plain labels, no links, the usual colours."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={"rankdir": "LR"},
        node_attr={"shape": "box", "style": "filled,rounded", "fontname": "sans-serif", "color": LIGHT.soft},
        edge_attr={"color": LIGHT.soft},
    )
    colors = node_colors(graph)
    for node in graph.nodes:
        color = colors[node.index]
        marks = {"color": LIGHT.columns[color], "penwidth": "2"} if color is not None else {}
        if is_whole_column(node):
            marks["peripheries"] = "2"
        # escape: a name like <b> would be read as markup, a backslash as the start of a command
        label = graphviz.escape(f"{one_line(node.name)}\n{one_line(describe(node))}")
        dot.node(f"n{node.index}", label, fillcolor=kind_fill(node.kind), **marks)
    for node in graph.nodes:
        for upstream in node.upstream:
            dot.edge(f"n{upstream}", f"n{node.index}")
    return dot


def _scale(width: float, max_width: float | None) -> float:
    """How much smaller a picture is drawn to fit, from `_SMALLEST` to 1."""
    return 1.0 if max_width is None else max(_SMALLEST, min(1.0, max_width / width))


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
