"""What a node of a DAG looks like: a box tinted by its kind, a dot in its column's colour, a name, a line under it.

In a run there is also a bar. Where many nodes share little room, each is smaller, and may say less; the sizes of text
stay, so that all of it can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from notebook_gen.config.columns import Function
from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph, Node
from notebook_gen.views.geometry import NODE_GAP, RANK_GAP, Box, Size
from notebook_gen.views.palette import node_colors
from notebook_gen.views.specs import describe, explain
from notebook_gen.views.summary import count_settled
from notebook_gen.views.text import escape, fit, fit_apart, one_line, text_width, write_count, write_seconds


@dataclass(frozen=True, slots=True)
class Face:
    """How much room a node takes, and gives.

    Attributes:
        height: pixels, of every node.
        narrowest: pixels a node is wide, at least; `widest`: at most.
        name_size: pixels, of the font of its name; static/style.css holds the same.
        pad: pixels on the left and on the right of its text.
        rank_gap: pixels between nodes along the edges; `node_gap`: beside each other.
        has_sub: there is a line under its name; else what must be said stands behind the name.
    """

    height: float
    narrowest: float
    widest: float
    name_size: float
    pad: float
    rank_gap: float
    node_gap: float
    has_sub: bool = True


FULL: Final = Face(40.0, 104.0, 190.0, 12.0, 12.0, RANK_GAP, NODE_GAP)
NARROW: Final = Face(40.0, 92.0, 132.0, 12.0, 10.0, 24.0, 14.0)
SMALL: Final = Face(26.0, 56.0, 132.0, 11.0, 8.0, 18.0, 8.0, has_sub=False)
FACES: Final = (FULL, NARROW, SMALL)

_RADIUS = 7.0
_BAR = 4.0
_DOT_ROOM = 13.0
_SUB_SIZE = 10.0
_SUB_GAP = 6.0
_STACK = 3.0
_MOST_TOLD_APART = 1_000


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
    """The nodes of a builder: what makes each.

    Args:
        graph: the columns.
        face: how large they are.
    """

    def __init__(self, graph: ExecutionGraph, face: Face = FULL) -> None:
        self.face = face
        self._colors = node_colors(graph)
        self._width = max((self._wish(node) for node in graph.nodes), default=0.0)
        self._names = _fit_names(graph, self._colors, self._width - 2 * face.pad, face)

    @property
    def size(self) -> Size:
        """The size of every node in pixels."""
        return self._width, self.face.height

    def draw(self, node: Node, box: Box) -> str:
        """Draw a node as an SVG group."""
        color = self._colors[node.index]
        behind = _rect(box, "ng-node-border", shift=_STACK) if is_whole_column(node) else ""
        sub = ""
        if self.face.has_sub:
            words = escape(fit(describe(node), box.width - 2 * self.face.pad, _SUB_SIZE))
            sub = _text(box.x + self.face.pad, box.y + 31, "ng-node-sub", words)
        name = _name(self._names[node.index], box, color, self.face)
        return _group(node, color, behind, _rect(box, "ng-node-box"), _rect(box, "ng-node-border"), name, sub)

    def _wish(self, node: Node) -> float:
        name, sub = _name_width(node, self.face), text_width(describe(node), _SUB_SIZE)
        return _clamp(max(name, sub) if self.face.has_sub else name, self.face)


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
        face: how large they are.
    """

    def __init__(self, graph: ExecutionGraph, progress: Progress, face: Face = FULL) -> None:
        self._progress = progress
        self.face = face
        self._colors = node_colors(graph)
        asked = write_count(progress.rows)
        # where a name has no room beside both, what is done has to be enough: how many were asked for, the head says
        self._is_brief = False
        beside = 2 * face.pad + _SUB_GAP + text_width(self._count(progress.rows), _SUB_SIZE)
        self._is_brief = any(_name_width(node, face) + beside > face.widest for node in graph.nodes)
        # room for a usual line from the first moment on, so that nothing is laid out again
        longest = f"{asked} of {asked} · 9.9 s · 1 failed" if face.has_sub else self._count(progress.rows)
        self._longest = text_width(longest, _SUB_SIZE)
        self._width = max((self._wish(node) for node in graph.nodes), default=0.0)
        taken = 0.0 if face.has_sub else self._longest + _SUB_GAP
        self._names = _fit_names(graph, self._colors, self._width - 2 * face.pad - taken, face)

    @property
    def size(self) -> Size:
        """The size of every node in pixels; it depends on the graph and the rows asked for alone."""
        return self._width, self.face.height

    def draw(self, node: Node, box: Box) -> str:
        """Draw a node as an SVG group, with a bar."""
        numbers = self.numbers(node)
        color = self._colors[node.index]
        bar = ""
        if color is not None:
            bar = (
                f'<rect class="ng-node-bar" x="{box.x:.1f}" y="{box.bottom - _BAR:.1f}" '
                f'width="{box.width:.1f}" height="{_BAR:g}" style="transform:scaleX({numbers["fraction"]:.4f})"/>'
            )
        face, border = f'<g class="ng-node-face">{_rect(box, "ng-node-box")}{bar}</g>', _rect(box, "ng-node-border")
        name = _name(self._names[node.index], box, color, self.face)
        return _group(node, color, face, border, name, self._draw_sub(numbers, box))

    def _draw_sub(self, numbers: NodeNumbers, box: Box) -> str:
        content = (
            f'<tspan>{escape(numbers["sub"])}</tspan><tspan class="ng-node-failed">{escape(numbers["failed"])}</tspan>'
        )
        if self.face.has_sub:
            return _text(box.x + self.face.pad, box.y + 31, "ng-node-sub", content)
        return _text(box.right - self.face.pad, box.y + _middle(self.face), "ng-node-sub", content, anchor="end")

    def _wish(self, node: Node) -> float:
        name = _name_width(node, self.face)
        return _clamp(max(name, self._longest) if self.face.has_sub else name + _SUB_GAP + self._longest, self.face)

    def numbers(self, node: Node) -> NodeNumbers:
        """Give what changes about a node."""
        sub = self._sub(node)
        rows = self._progress.rows
        fraction = count_settled(self._progress.nodes[node.index], rows) / rows if rows else 0.0
        return NodeNumbers(sub=sub.text, failed=sub.failed, fraction=fraction)

    def _sub(self, node: Node) -> _Sub:
        """As much as there is room for: the mean goes first, then how many were asked for, so that the rest adds up."""
        progress = self._progress.nodes[node.index]
        if not self.face.has_sub:
            if node.kind == "seed":
                return _Sub("")
            if not progress.failed:
                return _Sub(self._count(progress.done))
            failed = f"×{write_count(progress.failed)}"
            return _first_fitting([_Sub(f"{write_count(progress.done)} ", failed), _Sub("", failed)], self._longest + 4)
        room = self._width - 2 * self.face.pad + 4
        if node.kind == "seed":
            return _Sub(fit(describe(node), room, _SUB_SIZE))
        done = write_count(progress.done)
        count = f"{done} of {write_count(self._progress.rows)}"
        mean = progress.mean_seconds
        skipped = f" · {write_count(progress.skipped)} skipped" if progress.skipped else ""
        timed = f" · {write_seconds(mean)}" if mean is not None else ""
        failed = f" · {write_count(progress.failed)} failed" if progress.failed else ""
        choices = [_Sub(said, failed) for said in (count + skipped + timed, count + skipped, done + skipped)]
        if failed and skipped:
            brief = f" · ×{write_count(progress.failed)}"
            choices += [
                _Sub(done + skipped, brief),
                _Sub(done + skipped.removesuffix("ped"), brief),
                _Sub(done, failed),
            ]
        return _first_fitting(choices, room)

    def _count(self, done: int) -> str:
        """What is done, as shortly as can be: of a thousand and more, a share, cut and not rounded."""
        rows = self._progress.rows
        if rows >= _MOST_TOLD_APART:
            return f"{100 * done // rows} %"
        return str(done) if self._is_brief else f"{done}/{rows}"


def _first_fitting(choices: Sequence[_Sub], room: float) -> _Sub:
    return next((choice for choice in choices if choice.width <= room), choices[-1])


def is_whole_column(node: Node) -> bool:
    """Whether it is a function that waits for a whole row group; samplers and seed data do, too, but never wait."""
    return node.full_column and isinstance(node.spec, Function)


def _name_width(node: Node, face: Face) -> float:
    return text_width(one_line(node.name, 80), face.name_size, bold=True) + _DOT_ROOM


def _clamp(width: float, face: Face) -> float:
    return max(face.narrowest, min(face.widest, width + 2 * face.pad))


def _middle(face: Face) -> float:
    """The baseline of text in a node of one line; a bar lies under it."""
    return face.height / 2 + 3.0


def _group(node: Node, color: int | None, *parts: str) -> str:
    title = f"<title>{escape(explain(node))}</title>"
    colored = f" ng-c{color}" if color is not None else ""
    css_class = f"ng-node ng-kind-{node.kind}{colored}"
    return f'<g class="{css_class}" data-node="{node.index}">{title}{"".join(parts)}</g>'


def _fit_names(graph: ExecutionGraph, colors: Sequence[int | None], room: float, face: Face) -> list[str]:
    """What is written as the name of each node; `room` is for it and for the dot of its column, if it makes one."""
    rooms = [room - (0.0 if color is None else _DOT_ROOM) for color in colors]
    return fit_apart([node.name for node in graph.nodes], rooms, face.name_size, bold=True)


def _name(fitted: str, box: Box, color: int | None, face: Face) -> str:
    """A node's name, behind the dot of its column if it makes one."""
    indent = 0.0 if color is None else _DOT_ROOM
    name = escape(fitted)
    baseline = box.y + (17 if face.has_sub else _middle(face))
    dot = (
        f'<circle class="ng-node-dot" cx="{box.x + face.pad + 3:.1f}" cy="{baseline - 4:.1f}" r="4.5"/>'
        if indent
        else ""
    )
    return dot + _text(box.x + face.pad + indent, baseline, "ng-node-name", name)


def _rect(box: Box, css_class: str, *, shift: float = 0.0) -> str:
    return (
        f'<rect class="{css_class}" x="{box.x + shift:.1f}" y="{box.y + shift:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{_RADIUS:g}"/>'
    )


def _text(x: float, y: float, css_class: str, content: str, *, anchor: str = "") -> str:
    """A line of text; `content` is escaped already."""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{css_class}" x="{x:.1f}" y="{y:.1f}"{anchored}>{content}</text>'
