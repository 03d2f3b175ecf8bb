"""Arrangement: in which order the columns of a table of rows stand, and how wide they are.

A column is as wide as what it holds, as far as that is known, and else as what makes it lets expect: numbers and words
take little, so that long texts have the rest to share, of which those that a model writes get the most.

People come for what is made: where there is little room, all of that is in sight before anything else is wide. Seed
columns give way first, then texts. How much room there is only the page knows, so widths are CSS that follows it: from
one of the `Widths` of a column to the next.

The order is that of declaration; seed data stands together, in front. Where what is made would not be in sight behind
it even so, only those seed columns stay in front that others read, as far as they have room, and the rest comes last.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from notebook_gen.config.columns import Category, Column, Expression, Float, Integer
from notebook_gen.engine.snapshots import RowView
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import column_colors
from notebook_gen.views.text import one_line, text_width
from notebook_gen.views.values import write_cell

NUMBER_WIDTH: Final = 48
"""Pixels of the rows' numbers."""
SHORT_NAME: Final = 12
"""Characters of a name that has one line."""
FONT_SIZE: Final = 12.0
PADDING: Final = 16
"""Pixels of a cell that its text does not get."""
_TEXT_WIDTH = 150  # pixels that a text of a model should have
_OTHER_WIDTH = 96  # what others have that share the room
_TIGHT_WIDTH = 90  # what a text has if there is no room for that
_TIGHT_NAMES = 112  # of which its name may make this
_TEXT_SHARE, _OTHER_SHARE = 3, 2
_STATE_WIDTH = 72  # what "in flight" takes
_MOST_OWN = 168  # pixels; what needs more shares the room
_WITHIN_NAME = re.compile(r"(?<=[a-z0-9]_)(?=[A-Za-z0-9])")
_LONG_NAME = 96  # pixels; a name of more may take two lines
_STEP = 12  # pixels by which widths differ, so that they seldom change while rows come
_DOT = 14
_MEASURED = 40  # characters; whatever is longer needs more than a column's own width
_ROOM = 800  # of a table in a notebook of 900 pixels, with its scroll bar and a wide prompt
_SEED_NAMES = 96  # pixels that the name of a seed column may make of it where there is not much room
_SEED_WIDTH = 56  # of a seed column, at least
_SQUEEZED = (48, 72)  # of one where there is least room, by how many there are
_SQUEEZED_ALL = 280  # that those in front take then, if they can: in the narrowest views, something is seen beside them


class Widths(NamedTuple):
    """Pixels of a column as there is more and more room; in between, it is in between.

    Attributes:
        squeezed: where not even all that is made is in sight.
        narrow: where that just is.
        readable: where texts have the room that they should have.
        whole: where seed columns have, too.
    """

    squeezed: int
    narrow: int
    readable: int
    whole: int


class TableColumn(NamedTuple):
    """A column of a table.

    Attributes:
        name: not escaped.
        place: where its value stands in a row, from 0.
        color: an index into `Theme.columns`; None: it has no dot.
        width: pixels; None: it shares the room that there is.
        node: the index of the node that makes it; None where there is no graph.
        share: how much of the room it gets that all others leave, if it shares it, beside the shares of others.
        narrower: its pixels where there is little room; None: as where there is much.
        is_last: whether it stands behind what is made, which may put it out of sight.
    """

    name: str
    place: int
    color: int | None = None
    width: int | None = None
    node: int | None = None
    share: int = _OTHER_SHARE
    narrower: Widths | None = None
    is_last: bool = False

    @property
    def widths(self) -> Widths:
        """Its pixels, without what it gets of the room that all others leave."""
        return self.narrower or Widths(*[self.width or _OTHER_WIDTH] * 4)


def own_width(name: str, texts: Sequence[str]) -> int | None:
    """Give the pixels of a column for its name and for all of its texts, or half of them if some are long.

    Args:
        name: its name, as it is.
        texts: one or more, as they are shown.

    Returns:
        None if its texts need so much that it shares the room with others.
    """
    widths = sorted(text_width(text[:_MEASURED], FONT_SIZE) for text in texts)
    text = widths[-1] if widths[-1] <= _MOST_OWN - PADDING else widths[len(widths) // 2]
    if text > _MOST_OWN - PADDING:
        return None
    return int(max(text, _head_width(name)) + PADDING + _STEP) // _STEP * _STEP


def own_widths(names: Sequence[str], rows: Sequence[RowView]) -> dict[str, int | None]:
    """Give the `own_width` of columns, by name, as far as the rows have values of them."""
    widths = {}
    for place, name in enumerate(names):
        values = [row.values[place] for row in rows if row.states[place] == "done"]
        if values:
            widths[name] = own_width(name, [write_cell(value, _MEASURED).text for value in values])
    return widths


def name_parts(name: str) -> list[str]:
    """Give the parts of a column's name between which it may be broken, in one line; of a short name, it alone."""
    name = one_line(name, 80)
    return _WITHIN_NAME.split(name) if len(name) > SHORT_NAME and name.isidentifier() else [name]


def usual_widths(columns: Sequence[TableColumn]) -> list[int]:
    """Give the pixels of each column in a notebook of usual width."""
    totals, shares = _totals(columns), _all_shares(columns)
    usual = []
    for column in columns:
        width = float(column.widths[0])
        for (less, more), (start, end) in zip(pairwise(column.widths), pairwise(totals), strict=True):
            if more > less:
                width += (more - less) * min(1.0, max(0, _ROOM - start) / (end - start))
        if column.width is None:
            width += max(0, _ROOM - totals[-1]) * column.share / shares
        usual.append(int(width))
    return usual


def css_widths(columns: Sequence[TableColumn]) -> Iterator[str]:
    """Give the width of each column as CSS that knows how much room there is; it goes into a container."""
    totals, shares = _totals(columns), _all_shares(columns)
    for column in columns:
        parts = [f"{column.widths[0]}px"]
        for (less, more), (start, end) in zip(pairwise(column.widths), pairwise(totals), strict=True):
            if more > less:
                parts.append(f"clamp(0px,(100cqw - {start}px)*{(more - less) / (end - start):.4f},{more - less}px)")
        if column.width is None:
            parts.append(f"max(0px,(100cqw - {totals[-1]}px)*{int(1e4 * column.share / shares) / 1e4:g})")
        yield f"calc({' + '.join(parts)})" if len(parts) > 1 else parts[0]


def arrange(graph: ExecutionGraph, widths: Mapping[str, int | None] | None = None) -> list[TableColumn]:
    """Give the columns of a run's table of rows, from left to right.

    Args:
        graph: the run's columns.
        widths: the own width of each, as far as it is known; see `own_widths`.
    """
    colors, known = column_colors(graph), widths or {}
    columns = []
    for place, (name, index) in enumerate(graph.columns.items()):
        width = known[name] if name in known else _expected_width(name, graph.nodes[index].spec)
        if width is not None and graph.nodes[index].kind not in ("seed", "sampler"):
            width = max(width, _STATE_WIDTH)
        columns.append(TableColumn(name, place, colors[name], width, index))
    return put_in_sight(columns, graph)


def put_in_sight(columns: Sequence[TableColumn], graph: ExecutionGraph) -> list[TableColumn]:
    """Give columns from left to right, and as wide, so that what is made is in sight.

    Args:
        columns: all of them, as they were declared.
        graph: what makes them, or most of them.
    """
    seeds = {name for name, index in graph.columns.items() if graph.nodes[index].kind == "seed"}
    written = {name for name, index in graph.columns.items() if graph.nodes[index].model is not None}
    if all(column.name in seeds for column in columns):
        return list(columns)
    fitted = [
        _fit_seed(column, len(seeds)) if column.name in seeds else _fit(column, is_text=column.name in written)
        for column in columns
    ]
    if _totals(fitted)[-1] <= _ROOM:
        return fitted
    data = [column for column in fitted if column.name in seeds]
    made = [column for column in fitted if column.name not in seeds]
    if narrow_width(fitted) <= _ROOM:
        return [*data, *made]
    front = _front(data, _ROOM - narrow_width(made), graph)
    first = [_fit_seed(column, len(front)) for column in data if column.name in front]
    last = [column._replace(narrower=None, is_last=True) for column in data if column.name not in front]
    return [*first, *made, *last]


def narrow_width(columns: Sequence[TableColumn]) -> int:
    """Give the pixels in which columns are in sight."""
    return _totals(columns)[1]


def _fit(column: TableColumn, *, is_text: bool) -> TableColumn:
    """Let a column that is made be narrower where there is little room, but for its name and some words."""
    most = column.width or max(_TEXT_WIDTH if is_text else _OTHER_WIDTH, _named(column))
    narrow = min(most, max(_TIGHT_WIDTH, min(_named(column), _TIGHT_NAMES)))
    share = _TEXT_SHARE if is_text else _OTHER_SHARE
    return column._replace(share=share, narrower=Widths(narrow, narrow, most, most))


def _fit_seed(column: TableColumn, count: int) -> TableColumn:
    """Let a seed column, of so many, be narrower than others, and be so before them."""
    most = column.width or max(_OTHER_WIDTH, _named(column))
    narrow = min(most, max(_SEED_WIDTH, min(_named(column), _SEED_NAMES)))
    least, enough = _SQUEEZED
    squeezed = min(narrow, max(least, min(enough, _SQUEEZED_ALL // count)))
    return column._replace(narrower=Widths(squeezed, narrow, narrow, most))


def _front(data: Sequence[TableColumn], room: int, graph: ExecutionGraph) -> set[str]:
    """Give the names of those seed columns that stay in front: the first that others read, one at least."""
    prompts = {name for node in graph.nodes if node.model is not None for name in node.inputs}
    others = {name for node in graph.nodes for name in (*node.inputs, *node.condition_inputs)}
    ranked = sorted(data, key=lambda column: (column.name not in prompts, column.name not in others))
    front = {column.name for column in ranked[:1]}
    for column in ranked:
        room -= column.widths.narrow
        if room >= 0 and column.name in others:
            front.add(column.name)
    return front


def _totals(columns: Sequence[TableColumn]) -> list[int]:
    """The pixels of a table in each of the `Widths`; what comes last is wanted when all others have theirs."""
    first = [column.widths for column in columns if not column.is_last]
    totals = [NUMBER_WIDTH + sum(widths) for widths in zip(*first, strict=True)] or [NUMBER_WIDTH] * len(Widths._fields)
    totals[-1] += sum(column.widths.whole for column in columns if column.is_last)
    return totals


def _all_shares(columns: Sequence[TableColumn]) -> int:
    return max(1, sum(column.share for column in columns if column.width is None))


def _head_width(name: str) -> float:
    """The pixels of a column's name and dot, which may take two lines; or of as much of it as a column has room for."""
    parts = name_parts(name)
    whole = _DOT + text_width("".join(parts), FONT_SIZE, bold=True)
    if whole > _LONG_NAME:
        halves = [("".join(parts[:at]), "".join(parts[at:])) for at in range(1, len(parts))]
        widths = [[text_width(half, FONT_SIZE, bold=True) for half in both] for both in halves] or [[whole / 2] * 2]
        whole = min(max(_DOT + first, second) for first, second in widths)
    return min(_MOST_OWN - PADDING, whole)


def _named(column: TableColumn) -> int:
    return int(_head_width(column.name)) + PADDING


def _expected_width(name: str, spec: Column) -> int | None:
    """The pixels that a column needs by what makes it; None: it may hold long texts."""
    match spec:
        case Integer():
            return own_width(name, [str(spec.low), str(spec.high)])
        case Float():
            return own_width(name, ["-0,000.00"])
        case Category():
            return own_width(name, [write_cell(value, _MEASURED).text for value in spec.values])
        case Expression(dtype="int" | "float"):
            return own_width(name, ["00,000"])
        case Expression(dtype="bool"):
            return own_width(name, ["False"])
        case _:
            return None
