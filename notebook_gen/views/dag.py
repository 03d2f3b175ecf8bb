"""Pictures of an ExecutionGraph: what a builder's columns are, and how far a run is with each.

Two pictures share one drawing: a node's ground tells its kind, its dot is its column's colour, as in every other
picture. Of a builder: every node says what makes it. Of a run: every node says how far it is. Names and specs are
hostile text: all of it is cut, spelled out and escaped here, and none of it reaches the layout.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil, inf
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.config.models import Model
from notebook_gen.config.processors import ProcessorNames
from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.fitting import Direction, Fit, choose_fit
from notebook_gen.views.geometry import GROUND_LABEL, GROUND_PAD, Box, Edge, Flow, Ground, Layout, Size
from notebook_gen.views.layout import lay_out
from notebook_gen.views.model_groups import LABEL_SIZE, ModelGroup, group_by_model
from notebook_gen.views.nodes import BuilderNodes, Face, NodeNumbers, RunNodes, is_whole_column
from notebook_gen.views.palette import EITHER, LIGHT, Theme, kind_fill, kind_tint, node_colors
from notebook_gen.views.processors import ProcessorMarks
from notebook_gen.views.specs import KIND_NAMES, describe, outline
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.text import ELLIPSIS, escape, fit, one_line, write_plural
from notebook_gen.views.twofold import twofold

if TYPE_CHECKING:
    import graphviz

_MARGIN = 5.0
_BUILDER_WIDTH: Final = 872.0  # what a view of 900 pixels leaves
_BUILDER_HEIGHT: Final = 620.0
_BUILDER_NARROW: Final = 460.0  # what a view of 490 leaves, with a scrollbar
_BUILDER_LEAST: Final = 0.85
_BUILDER_PADDING: Final = 24  # of a view, around its picture
_BESIDE_SCROLLBAR: Final = 0.98
_BUILDER_SEEN: Final = 620  # pixels of its height, before somebody scrolls; static/style.css has it with padding
_NOTE_HEIGHT: Final = 22.0  # static/style.css has the same
_RUN_HEIGHT: Final = 300.0
_LEAST_SCALE: Final = 0.88  # a view of 620 pixels shows all of what was drawn for one of 900, whose side goes below


def dag_svg(graph: ExecutionGraph, *, progress: Progress | None = None, max_width: float | None = None) -> str:
    """Draw a graph as inline SVG, styled by the stylesheet of the views.

    The group of a node has `data-node`, its index. In it, `dag_numbers` is about the two parts of the text
    `ng-node-sub`, and about `ng-node-bar`, whose style is `transform: scaleX(fraction)`.

    Args:
        graph: what to draw.
        progress: how far a run is; None: say what the columns are.
        max_width: pixels there are. What would be wider is wrapped, flows down, or has smaller nodes; no text shrinks,
            but in a run's view in a narrow window, a little.
    """
    if progress is None:
        return _draw_builder(graph, (max_width or inf, inf)).svg
    fit, marks = _fit_run(graph, progress, max_width), _marks_of_run(progress, max_width)
    nodes = RunNodes(graph, progress, fit.face)
    return _svg(graph, nodes, _lay_out(graph, nodes, fit), marks, least=_LEAST_SCALE)


def dag_image(graph: ExecutionGraph, progress: Progress | None, max_width: float) -> str:
    """Draw a graph as SVG that stands alone, for light pages and dark ones."""
    return stand_alone(graph, dag_svg(graph, progress=progress, max_width=max_width), theme=EITHER)


def stand_alone(graph: ExecutionGraph, svg: str, *, theme: Theme = LIGHT) -> str:
    """Give a drawn graph colours of its own."""
    fill = kind_tint if theme is EITHER else kind_fill
    used = sorted({color for color in node_colors(graph) if color is not None})
    colors = "".join(f".ng-c{color}{{--c:{theme.columns[color]}}}" for color in used)
    kinds = "".join(
        f".ng-kind-{kind} .ng-node-box{{fill:{fill(kind)}}}" for kind in sorted({node.kind for node in graph.nodes})
    )
    style = (
        f"<style>text{{font:10px sans-serif;fill:{theme.ink}}}.ng-node-name{{font-size:12px;font-weight:600}}"
        f".ng-small .ng-node-name{{font-size:11px}}.ng-node-sub,.ng-ground-name{{fill:{theme.soft}}}"
        f".ng-ground-name{{stroke:{theme.lane};stroke-width:7px;paint-order:stroke}}"
        f".ng-node-failed{{fill:{theme.bad}}}.ng-ground rect{{fill:{theme.lane};stroke:{theme.line}}}"
        f".ng-edge,.ng-frame{{fill:none;stroke:{theme.soft}}}.ng-node-box{{fill:{theme.background}}}"
        f".ng-processor rect{{fill:none;stroke:{theme.soft};stroke-opacity:.5}}.ng-processor-name{{font-weight:600}}"
        f".ng-node-border{{fill:none;stroke:{theme.soft};stroke-opacity:.5}}"
        ".ng-node-face{clip-path:inset(0 round 7px)}"
        f"{kinds}"
        f".ng-node-bar,.ng-node-dot{{fill:var(--c)}}.ng-node-bar{{transform-box:fill-box;transform-origin:left}}"
        f"{colors}</style>"
    )
    return svg.replace(">", f">{style}", 1)


def dag_size(graph: ExecutionGraph, progress: Progress, max_width: float) -> Size:
    """Give the width and the height in pixels of what `dag_svg` draws of the same."""
    fit = _fit_run(graph, progress, max_width)
    return _size(_lay_out(graph, RunNodes(graph, progress, fit.face), fit), _marks_of_run(progress, max_width))


def more_below(graph: ExecutionGraph, progress: Progress, max_width: float, height: float) -> str:
    """Say under what `dag_svg` draws how many columns are seen only by who scrolls, as HTML; empty if all are seen.

    Args:
        graph: what is drawn.
        progress: of the run.
        max_width: as for `dag_svg`.
        height: pixels that are seen at once.
    """
    fit = _fit_run(graph, progress, max_width)
    return _note(graph, _lay_out(graph, RunNodes(graph, progress, fit.face), fit), height)


def dag_numbers(graph: ExecutionGraph, progress: Progress, max_width: float | None = None) -> list[NodeNumbers]:
    """Give what changes in the picture that `dag_svg` drew of the same run in the same room: one entry a node."""
    nodes = RunNodes(graph, progress, _fit_run(graph, progress, max_width).face)
    return [nodes.numbers(node) for node in graph.nodes]


def dag_html(
    graph: ExecutionGraph,
    *,
    models: Mapping[str, Model] | None = None,
    processors: ProcessorNames | None = None,
    direction: Direction = "auto",
    made: Progress | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Draw a builder's graph as HTML that needs nothing else: style, picture, legend.

    Args:
        graph: what to draw.
        models: the builder's, by alias.
        processors: the builder's, by stage.
        direction: where edges lead; "auto": as it fits best.
        made: what came of the columns, to say that instead of what they are.
        notes: sentences below the picture; not escaped.
    """
    style = f"<style>{stylesheet()}</style>"
    if not graph.nodes:
        hint = 'No columns yet. Declare the first: <code>b["stars"] = ng.Integer(1, 5)</code>'
        return f'{style}<div class="ng-view mathjax_ignore"><p class="ng-empty">{hint}</p></div>'
    beside = _Beside(group_by_model(graph, models or {}), processors or {})
    draw = partial(_draw_builder, graph, beside=beside, direction=direction, made=made)
    usual = draw((_BUILDER_WIDTH, _BUILDER_HEIGHT), least=_BESIDE_SCROLLBAR)
    css_class, drawn, image = "ng-builder", usual.html, stand_alone(graph, usual.svg, theme=EITHER)
    if usual.width > _BUILDER_NARROW:
        narrow = draw((_BUILDER_NARROW, _BUILDER_HEIGHT), least=_BUILDER_LEAST)
        # no container query can ask for the width of what is in it
        needed = ceil(_BESIDE_SCROLLBAR * usual.width + _BUILDER_PADDING)
        css_class = f"ng-builder ng-from-{needed}"
        style += (
            f"<style>@container ng-builder (max-width: {needed - 1}px) {{ .ng-from-{needed} .ng-usual "
            f"{{ display: none; }} .ng-from-{needed} .ng-narrow {{ display: block !important; }} }}</style>"
        )
        # what knows no styles shows one of them only
        drawn = f'<div class="ng-usual">{drawn}</div><div class="ng-narrow" style="display:none">{narrow.html}</div>'
    below = "".join(f'<p class="ng-note">{escape(sentence)}</p>' for sentence in notes)
    return (
        f'{style}<div class="ng-view {css_class} mathjax_ignore"><div class="ng-scroll ng-dag-pane" tabindex="0">'
        f'{twofold(drawn, image, "DAG")}</div><div class="ng-legend">{_legend(graph)}</div>{below}</div>'
    )


def builder_svg(
    graph: ExecutionGraph,
    *,
    models: Mapping[str, Model] | None = None,
    processors: ProcessorNames | None = None,
    direction: Direction = "auto",
    made: Progress | None = None,
) -> str:
    """Draw a builder's graph as inline SVG, as `dag_html` does."""
    beside = _Beside(group_by_model(graph, models or {}), processors or {})
    return _draw_builder(graph, (_BUILDER_WIDTH, _BUILDER_HEIGHT), beside, direction, made=made).svg


def dag_source(
    graph: ExecutionGraph, *, models: Mapping[str, Model] | None = None, flow: Flow = "right"
) -> "graphviz.Digraph":
    """Give the graph as DOT, for people who draw it themselves: plain labels, no links, the usual colours.

    Args:
        graph: the columns.
        models: the builder's, by alias; nodes of one model are a cluster, as in our own picture.
        flow: where edges lead.
    """
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={"rankdir": "LR" if flow == "right" else "TB", "fontname": "sans-serif", "color": LIGHT.line},
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
    for number, group in enumerate(group_by_model(graph, models or {})):
        with dot.subgraph(name=f"cluster_{number}") as cluster:
            ground = {"style": "filled,rounded", "fillcolor": LIGHT.lane, "labeljust": "l"}
            cluster.attr(label=graphviz.escape(group.label), **ground)
            for index in group.nodes:
                cluster.node(f"n{index}")
    return dot


def _fit_run(graph: ExecutionGraph, progress: Progress, max_width: float | None) -> Fit:
    below = _marks_of_run(progress, max_width).height
    room = (max_width - 2 * _MARGIN, _RUN_HEIGHT - 2 * _MARGIN - below) if max_width is not None else (inf, inf)
    return choose_fit(graph, lambda face: RunNodes(graph, progress, face).size, room)


def _marks_of_run(progress: Progress, max_width: float | None) -> ProcessorMarks:
    return ProcessorMarks(progress.processors, (max_width or inf) - 2 * _MARGIN)


class _Beside(NamedTuple):
    """What a builder's picture shows besides columns: grounds of those of one model, and processors."""

    groups: Sequence[ModelGroup]
    processors: ProcessorNames


_NOTHING_BESIDE: Final = _Beside((), {})


class _Drawn(NamedTuple):
    """A builder's picture.

    Attributes:
        svg: it.
        note: how much of it is seen only by who scrolls, as HTML.
        width: pixels.
    """

    svg: str
    note: str
    width: float

    @property
    def html(self) -> str:
        return self.svg + self.note


def _draw_builder(
    graph: ExecutionGraph,
    room: Size,
    beside: _Beside = _NOTHING_BESIDE,
    direction: Direction = "auto",
    *,
    least: float = 1.0,
    made: Progress | None = None,
) -> _Drawn:
    marks = ProcessorMarks(beside.processors, room[0] - 2 * _MARGIN)
    inner = (room[0] - 2 * _MARGIN, room[1] - 2 * _MARGIN - marks.height)
    together = [group.group for group in beside.groups]

    def nodes_of(face: Face) -> BuilderNodes | RunNodes:
        return BuilderNodes(graph, face) if made is None else RunNodes(graph, made, face)

    fit = choose_fit(graph, lambda face: nodes_of(face).size, inner, direction=direction, groups=together)
    nodes = nodes_of(fit.face)
    layout = _lay_out(graph, nodes, fit)
    svg = _svg(graph, nodes, layout, marks, beside.groups, least=least)
    return _Drawn(svg, _note(graph, layout, _BUILDER_SEEN), _size(layout, marks)[0])


def _note(graph: ExecutionGraph, layout: Layout, height: float) -> str:
    """How many columns lie lower than what is seen at once."""
    if layout.height + 2 * _MARGIN <= height:
        return ""
    bottoms = [box.bottom for node, box in zip(graph.nodes, layout.boxes, strict=True) if node.kind != "seed"]
    below = sum(bottom + _MARGIN > height - _NOTE_HEIGHT for bottom in bottoms)
    return f'<div class="ng-more">{ELLIPSIS} {below} more columns below</div>' if below else ""


def _size(layout: Layout, marks: ProcessorMarks) -> Size:
    return max(layout.width, marks.width) + 2 * _MARGIN, layout.height + marks.height + 2 * _MARGIN


def _lay_out(graph: ExecutionGraph, nodes: BuilderNodes | RunNodes, fit: Fit) -> Layout:
    return lay_out(graph, [nodes.size] * len(graph.nodes), fit.arrangement)


def _svg(
    graph: ExecutionGraph,
    nodes: BuilderNodes | RunNodes,
    layout: Layout,
    marks: ProcessorMarks,
    groups: Sequence[ModelGroup] = (),
    *,
    least: float = 1.0,
) -> str:
    width, height = _size(layout, marks)
    small = "" if nodes.face.has_sub else " ng-small"
    return "".join(
        (
            f'<svg class="ng-dag{small}" xmlns="http://www.w3.org/2000/svg" role="img" ',
            f'aria-label="{escape(outline(graph) + marks.outline)}" ',
            # not much smaller than it is drawn, however little room there is: its text could not be read
            f'width="{width:.0f}" height="{height:.0f}" style="min-width:{least * width:.0f}px" ',
            f'viewBox="{-_MARGIN:g} {-_MARGIN:g} {width:.1f} {height:.1f}">',
            *(_draw_ground(ground, groups[ground.group]) for ground in layout.grounds),
            *(_draw_frame(frame) for frame in layout.frames),
            *(_draw_edge(edge) for edge in layout.edges),
            *(_draw_label(ground, groups[ground.group]) for ground in layout.grounds if ground.is_named),
            *(nodes.draw(node, box) for node, box in zip(graph.nodes, layout.boxes, strict=True)),
            marks.draw(layout.height),
            "</svg>",
        )
    )


def _draw_ground(ground: Ground, group: ModelGroup) -> str:
    box = ground.box
    return (
        f'<g class="ng-ground"><title>{escape(group.title)}</title>'
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="9"/></g>'
    )


def _draw_label(ground: Ground, group: ModelGroup) -> str:
    """The name of a ground, above the edges that come to its nodes."""
    box = ground.box
    label = escape(fit(group.label, box.width - 2 * GROUND_PAD, LABEL_SIZE))
    return (
        f'<text class="ng-ground-name" x="{box.x + GROUND_PAD + 2:.1f}" y="{box.y + GROUND_LABEL:.1f}">{label}</text>'
    )


def _draw_frame(box: Box) -> str:
    return (
        f'<rect class="ng-frame" x="{box.x:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="9"/>'
    )


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
    return " ".join([*parts, f"<b>{count}{used}</b>"])
