"""What a node of a DAG looks like: a box tinted by its kind, a dot in its column's colour, a name, a line under it.

In a run there is also a bar.
"""

from dataclasses import dataclass
from typing import Final, TypedDict

from notebook_gen.config.columns import Function
from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph, Node
from notebook_gen.views.geometry import Box, Size
from notebook_gen.views.palette import node_colors
from notebook_gen.views.specs import describe, explain
from notebook_gen.views.summary import count_settled
from notebook_gen.views.text import escape, fit, one_line, text_width, write_count, write_seconds

HEIGHT: Final = 40.0
NARROWEST: Final = 104.0
WIDEST: Final = 190.0

_PAD = 12.0
_RADIUS = 7.0
_BAR = 4.0
_DOT_ROOM = 13.0
_NAME_SIZE = 12.0
_SUB_SIZE = 10.0
_STACK = 3.0


class NodeNumbers(TypedDict):
    """What changes about a node while a run goes on.

    Attributes:
        sub: the line under its name; not escaped.
        failed: what to add to it in the colour of failures; empty if nothing failed.
        fraction: how much of its bar is full, from 0 to 1.
    """

    sub: str
    failed: str
    fraction: float


class BuilderNodes:
    """The nodes of a builder: what makes each."""

    def __init__(self, graph: ExecutionGraph) -> None:
        self._colors = node_colors(graph)
        self._width = max((_width(node.name, describe(node), _DOT_ROOM) for node in graph.nodes), default=0.0)

    @property
    def size(self) -> Size:
        """The size of every node in pixels."""
        return self._width, HEIGHT

    def draw(self, node: Node, box: Box) -> str:
        """Draw a node as an SVG group."""
        color = self._colors[node.index]
        behind = _rect(box, "ng-node-border", shift=_STACK) if is_whole_column(node) else ""
        return _group(
            node,
            color,
            behind,
            _rect(box, "ng-node-box"),
            _rect(box, "ng-node-border"),
            _name(node, box, color),
            _text(box, 31, "ng-node-sub", escape(fit(describe(node), box.width - 2 * _PAD, _SUB_SIZE))),
        )


@dataclass(frozen=True, slots=True)
class _Sub:
    """The line under a name, with what failed apart."""

    text: str
    failed: str = ""

    @property
    def width(self) -> float:
        return text_width(self.text + self.failed, _SUB_SIZE)


class RunNodes:
    """The nodes of a run: how far each is.

    Args:
        graph: the graph of the run.
        progress: how far the run is.
    """

    def __init__(self, graph: ExecutionGraph, progress: Progress) -> None:
        self._progress = progress
        self._colors = node_colors(graph)
        asked = write_count(progress.rows)
        # room for a usual line from the first moment on, so that nothing is laid out again
        longest = f"{asked} of {asked} · 9.9 s · 1 failed"
        self._width = max((_width(node.name, longest, _DOT_ROOM) for node in graph.nodes), default=0.0)

    @property
    def size(self) -> Size:
        """The size of every node in pixels; it depends on the graph and the rows asked for alone."""
        return self._width, HEIGHT

    def draw(self, node: Node, box: Box) -> str:
        """Draw a node as an SVG group, with a bar."""
        numbers = self.numbers(node)
        color = self._colors[node.index]
        sub = (
            f'<tspan>{escape(numbers["sub"])}</tspan><tspan class="ng-node-failed">{escape(numbers["failed"])}</tspan>'
        )
        bar = ""
        if color is not None:
            bar = (
                f'<rect class="ng-node-bar" x="{box.x:.1f}" y="{box.y + box.height - _BAR:.1f}" '
                f'width="{box.width:.1f}" height="{_BAR:g}" style="transform:scaleX({numbers["fraction"]:.4f})"/>'
            )
        return _group(
            node,
            color,
            f'<g class="ng-node-face">{_rect(box, "ng-node-box")}{bar}</g>',
            _rect(box, "ng-node-border"),
            _name(node, box, color),
            _text(box, 31, "ng-node-sub", sub),
        )

    def numbers(self, node: Node) -> NodeNumbers:
        """Give what changes about a node."""
        sub = self._sub(node)
        rows = self._progress.rows
        fraction = count_settled(self._progress.nodes[node.index], rows) / rows if rows else 0.0
        return NodeNumbers(sub=sub.text, failed=sub.failed, fraction=fraction)

    def _sub(self, node: Node) -> _Sub:
        """As much as there is room for: the mean goes first, then what was skipped."""
        if node.kind == "seed":
            return _Sub(describe(node))
        progress = self._progress.nodes[node.index]
        count = f"{write_count(progress.done)} of {write_count(self._progress.rows)}"
        mean = progress.mean_seconds
        failed = f" · {write_count(progress.failed)} failed" if progress.failed else ""
        skipped = f" · {write_count(progress.skipped)} skipped" if progress.skipped else ""
        timed = f" · {write_seconds(mean)}" if mean is not None else ""
        choices = (_Sub(count + skipped + timed, failed), _Sub(count + skipped, failed), _Sub(count, failed))
        room = self._width - 2 * _PAD + 4
        return next((choice for choice in choices if choice.width <= room), choices[-1])


def is_whole_column(node: Node) -> bool:
    """Whether it is a function that waits for a whole row group; samplers and seed data do, too, but never wait."""
    return node.full_column and isinstance(node.spec, Function)


def _width(name: str, sub: str, indent: float = 0.0) -> float:
    wide = text_width(one_line(name, 80), _NAME_SIZE, bold=True) + indent
    return max(NARROWEST, min(WIDEST, max(wide, text_width(sub, _SUB_SIZE)) + 2 * _PAD))


def _group(node: Node, color: int | None, *parts: str) -> str:
    title = f"<title>{escape(explain(node))}</title>"
    colored = f" ng-c{color}" if color is not None else ""
    css_class = f"ng-node ng-kind-{node.kind}{colored}"
    return f'<g class="{css_class}" data-node="{node.index}">{title}{"".join(parts)}</g>'


def _name(node: Node, box: Box, color: int | None) -> str:
    """A node's name, behind the dot of its column if it makes one."""
    indent = 0.0 if color is None else _DOT_ROOM
    name = escape(fit(node.name, box.width - 2 * _PAD - indent, _NAME_SIZE, bold=True))
    dot = f'<circle class="ng-node-dot" cx="{box.x + _PAD + 3:.1f}" cy="{box.y + 13:.1f}" r="4.5"/>' if indent else ""
    return dot + _text(box, 17, "ng-node-name", name, indent)


def _rect(box: Box, css_class: str, *, shift: float = 0.0) -> str:
    return (
        f'<rect class="{css_class}" x="{box.x + shift:.1f}" y="{box.y + shift:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{_RADIUS:g}"/>'
    )


def _text(box: Box, baseline: float, css_class: str, content: str, indent: float = 0.0) -> str:
    """A line of text; `content` is escaped already."""
    return f'<text class="{css_class}" x="{box.x + _PAD + indent:.1f}" y="{box.y + baseline:.1f}">{content}</text>'
