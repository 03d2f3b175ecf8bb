"""What a node of a DAG looks like: a box tinted by its kind, a dot in its column's colour, a name, a line under it.

In a run there is also a bar. Where many nodes share little room, each is smaller, and may say less; the sizes of text
stay, so that all of it can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from notebook_gen.config.columns import Function
from notebook_gen.observers.progress import NodeProgress, Progress
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
_SLACK = 4.0  # pixels: few fonts are as wide as `text_width` says
_NAME_LINE = 17.0
_SUB_LINE = 31.0
_FORMS: Final = ("{done} of {asked}", "{done}/{asked}", "{done}")
_MEAN_OF_CALLS: Final = " · 9.9 s"
_LONGEST_MEAN: Final = " · 9.9 ms"


class NodeNumbers(TypedDict):
    """What changes about a node while a run goes on; text is not escaped.

    Attributes:
        sub: how many of its cells are done, and how long one takes: the line under its name.
        skipped: how many were skipped, as a mark at the right; empty if none, or where there is no room for it.
        failed: how many failed, as a mark behind that; empty if none.
        told: all of it in words, for who points at it; empty for seed data.
        fraction: how much of its bar is full, from 0 to 1.
    """

    sub: str
    skipped: str
    failed: str
    told: str
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
            sub = _text(box.x + self.face.pad, box.y + _SUB_LINE, "ng-node-sub", words)
        name = _name(self._names[node.index], box, color, self.face)
        return _group(node, color, behind, _rect(box, "ng-node-box"), _rect(box, "ng-node-border"), name, sub)

    def _wish(self, node: Node) -> float:
        name, sub = _name_width(node, self.face), text_width(describe(node), _SUB_SIZE)
        return _clamp(max(name, sub) if self.face.has_sub else name, self.face)


class RunNodes:
    """The nodes of a run: how far each is.

    What a node says has the same form from the run's beginning to its end, so that no figure jumps or goes: that is
    chosen for the longest figures there can be. What was skipped and what failed stands at the right of its name, or of
    its figures where a long name leaves no room.

    Args:
        graph: the graph of the run.
        progress: how far the run is.
        face: how large they are.
    """

    def __init__(self, graph: ExecutionGraph, progress: Progress, face: Face = FULL) -> None:
        self._progress = progress
        self.face = face
        self._colors = node_colors(graph)
        # where a name has no room beside both, what is done has to be enough: how many were asked for, the head says
        self._is_brief = False
        beside = 2 * face.pad + _SUB_GAP + text_width(self._count(progress.rows), _SUB_SIZE)
        self._is_brief = any(_name_width(node, face) + beside > face.widest for node in graph.nodes)
        self._marks_room = _SUB_GAP + text_width(_mark_failed(_longest(progress.rows)), _SUB_SIZE)
        longest = (
            self._say(_FORMS[0], _longest(progress.rows), _LONGEST_MEAN) if face.has_sub else self._count(progress.rows)
        )
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
        parts = (face, border, name, self._draw_figures(node, numbers, box))
        return _group(node, color, *parts, told=numbers["told"])

    def _draw_figures(self, node: Node, numbers: NodeNumbers, box: Box) -> str:
        done = _words("done", numbers["sub"])
        marks = _words("skipped", numbers["skipped"]) + _words("failed", numbers["failed"])
        right = box.right - self.face.pad
        if not self.face.has_sub:
            return _text(right, box.y + _middle(self.face), "ng-node-sub", done + marks, anchor="end")
        beside = _NAME_LINE if self._has_room(node) else _SUB_LINE
        return _text(box.x + self.face.pad, box.y + _SUB_LINE, "ng-node-sub", done) + _text(
            right, box.y + beside, "ng-node-sub", marks, anchor="end"
        )

    def _wish(self, node: Node) -> float:
        name = _name_width(node, self.face)
        if not self.face.has_sub:
            return _clamp(name + _SUB_GAP + self._longest, self.face)
        if node.kind == "seed":
            return _clamp(max(name, text_width(describe(node), _SUB_SIZE)), self.face)
        return _clamp(max(name + self._marks_room, self._longest), self.face)

    def numbers(self, node: Node) -> NodeNumbers:
        """Give what changes about a node."""
        rows, progress = self._progress.rows, self._progress.nodes[node.index]
        fraction = count_settled(progress, rows) / rows if rows else 0.0
        if node.kind == "seed":
            room = self._width - 2 * self.face.pad
            sub = fit(describe(node), room, _SUB_SIZE) if self.face.has_sub else ""
            return NodeNumbers(sub=sub, skipped="", failed="", told="", fraction=fraction)
        failed = _mark_failed(progress.failed) if progress.failed else ""
        sub, room = self._figures(node, progress) if self.face.has_sub else self._few_figures(progress)
        skipped = f"{_mark_skipped(progress.skipped)} " if progress.skipped else ""
        skipped = skipped if text_width(skipped + failed, _SUB_SIZE) <= room else ""
        return NodeNumbers(sub=sub, skipped=skipped, failed=failed, told=_tell(progress, rows), fraction=fraction)

    def _few_figures(self, progress: NodeProgress) -> tuple[str, float]:
        """What stands before the marks of a node of one line, in which what was skipped has no room."""
        if not progress.failed:
            return self._count(progress.done), 0.0
        done = f"{write_count(progress.done)} "
        is_room = text_width(done + _mark_failed(progress.failed), _SUB_SIZE) <= self._longest + _SLACK
        return done if is_room else "", 0.0

    def _figures(self, node: Node, progress: NodeProgress) -> tuple[str, float]:
        """The line under a node's name, and the pixels that there are for its marks."""
        line = self._width - 2 * self.face.pad + _SLACK
        is_beside_name = self._has_room(node)
        room = line if is_beside_name else line - self._marks_room
        longest = _longest(self._progress.rows)
        usual = _LONGEST_MEAN if node.model is None else _MEAN_OF_CALLS
        lengths = {form: text_width(self._say(form, longest, usual), _SUB_SIZE) for form in _FORMS}
        form = next((form for form, length in lengths.items() if length <= room), _FORMS[-1])
        mean = progress.mean_seconds
        said = self._say(form, progress.done, f" · {write_seconds(mean)}" if mean is not None else "")
        taken = _name_width(node, self.face) if is_beside_name else lengths[form]
        return said, line - taken - _SUB_GAP

    def _has_room(self, node: Node) -> bool:
        """Whether what failed has room beside a node's name."""
        return _name_width(node, self.face) + self._marks_room <= self._width - 2 * self.face.pad

    def _say(self, form: str, done: int, mean: str) -> str:
        return form.format(done=write_count(done), asked=write_count(self._progress.rows)) + mean

    def _count(self, done: int) -> str:
        """What is done, as shortly as can be: of a thousand and more, a share, cut and not rounded."""
        rows = self._progress.rows
        if rows >= _MOST_TOLD_APART:
            return f"{100 * done // rows} %"
        return str(done) if self._is_brief else f"{done}/{rows}"


def _longest(rows: int) -> int:
    """Give the count of these rows that is the longest when it is written."""
    return max(
        (rows, min(rows, 9_999), min(rows, 999_999)), key=lambda count: text_width(write_count(count), _SUB_SIZE)
    )


def _mark_failed(count: int) -> str:
    return f"×{write_count(count)}"


def _mark_skipped(count: int) -> str:
    """With the dash that a cell that was skipped has, and a space, or it would read as a number below zero."""
    return f"– {write_count(count)}"


def _tell(progress: NodeProgress, rows: int) -> str:
    """How far a node is, in words."""
    counts = [(progress.failed, "failed"), (progress.skipped, "skipped"), (progress.again, "retried")]
    told = [f"{progress.done:,} of {rows:,} done", *(f"{count:,} {word}" for count, word in counts if count)]
    mean = progress.mean_seconds
    return ", ".join([*told, *([f"{write_seconds(mean)} on average"] if mean is not None else [])])


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


def _group(node: Node, color: int | None, *parts: str, told: str = "") -> str:
    what, *spec = explain(node).split("\n")
    title = f"<title>{escape(chr(10).join([what, *([told] if told else []), *spec]))}</title>"
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
    baseline = box.y + (_NAME_LINE if face.has_sub else _middle(face))
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


def _words(name: str, words: str) -> str:
    """Words that change; static/pane.js finds them by their class."""
    return f'<tspan class="ng-node-{name}">{escape(words)}</tspan>'


def _text(x: float, y: float, css_class: str, content: str, *, anchor: str = "") -> str:
    """A line of text; `content` is escaped already."""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{css_class}" x="{x:.1f}" y="{y:.1f}"{anchored}>{content}</text>'
