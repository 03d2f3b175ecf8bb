"""Arrangement: in which order the columns of a table of rows stand, and how wide they are.

A column is as wide as what it holds, as far as that is known, and else as what makes it lets expect: numbers and words
take little, so that long texts have the rest to share, of which those that a model writes get the most. None is so
narrow that its name is cut, unless the name is very long.

The order is that of declaration; seed data stands together, in front. Where not all columns have room, what is made
matters more than what was there before: columns of seed data are narrower, in the end also than their names. Columns
for which there is no room even so begin where the room ends, so that none is seen in part before somebody scrolls.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from notebook_gen.config.columns import Category, Column, Expression, Float, Integer
from notebook_gen.engine.snapshots import RowView
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import column_colors
from notebook_gen.views.text import one_line, text_width
from notebook_gen.views.values import write_cell

NUMBER_WIDTH: Final = 48
"""Pixels of the rows' numbers."""
LEAST_WIDTH: Final = 96
"""Pixels below which a column that shares the room is not squeezed."""
FONT_SIZE: Final = 12.0
PADDING: Final = 16
"""Pixels of a cell that its text does not get."""
_TEXT_WIDTH = 150  # pixels that a text of a model should have
_TIGHT_WIDTH = 96  # what it has if there is no room for that
_TEXT_SHARE, _OTHER_SHARE = 3, 2
_STATE_WIDTH = 72  # what "in flight" takes
_MOST_OWN = 168  # pixels; what needs more shares the room
_WITHIN_NAME = re.compile(r"(?<=[a-z0-9]_)(?=[A-Za-z0-9])")
_SHORT_NAME = 12  # characters
_LONG_NAME = 96  # pixels; a name of more may take two lines
_STEP = 12  # pixels by which widths differ, so that they seldom change while rows come
_DOT = 14
_MEASURED = 40  # characters; whatever is longer needs more than a column's own width
_ROOM = 800  # in a notebook of 900 pixels, with its scroll bar and a wide prompt
_FRONTS = (120, 84)  # pixels of seed columns, at most, where not all columns have room
_NARROWEST = 72  # pixels that they have in the end, whatever their names
_WIDEST = 320  # pixels of a column that shares the room, where others begin behind it


class TableColumn(NamedTuple):
    """A column of a table.

    Attributes:
        name: not escaped.
        place: where its value stands in a row, from 0.
        color: an index into `Theme.columns`; None: it has no dot.
        width: pixels; None: it shares the room that there is.
        node: the index of the node that makes it; None where there is no graph.
        share: how much of the room it gets, if it shares it, beside the shares of others.
        least: pixels below which it is not squeezed, if it shares the room.
        is_beyond: whether it begins behind the room that there is.
    """

    name: str
    place: int
    color: int | None = None
    width: int | None = None
    node: int | None = None
    share: int = _OTHER_SHARE
    least: int = LEAST_WIDTH
    is_beyond: bool = False

    @property
    def least_width(self) -> int:
        """The pixels that it takes at least."""
        return self.width or self.least


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
    return _WITHIN_NAME.split(name) if len(name) > _SHORT_NAME and name.isidentifier() else [name]


def usual_widths(columns: Sequence[TableColumn]) -> list[int]:
    """Give the pixels of each column in a notebook of usual width."""
    room, shares = _ROOM - _fixed_width(columns), _all_shares(columns)
    most = _WIDEST if columns and columns[-1].is_beyond else _ROOM
    return [column.width or max(column.least, min(most, room * column.share // shares)) for column in columns]


def css_widths(columns: Sequence[TableColumn]) -> Iterator[str]:
    """Give the width of each column as CSS that knows how much room there is; it goes into a container."""
    fixed, shares = _fixed_width(columns), _all_shares(columns)
    has_beyond = any(column.is_beyond for column in columns)
    for column in columns:
        if column.width is not None:
            yield f"{column.width}px"
            continue
        part = f"(100cqw - {fixed}px)*{int(1e4 * column.share / shares) / 1e4:g}"
        most = max(_WIDEST, column.least)
        yield f"clamp({column.least}px,{part},{most}px)" if has_beyond else f"max({column.least}px,{part})"


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
    seeds = {name for name, index in graph.columns.items() if graph.nodes[index].kind == "seed"}
    return put_in_sight(share_room(columns, graph), seeds)


def share_room(columns: Sequence[TableColumn], graph: ExecutionGraph) -> list[TableColumn]:
    """Give columns with what each gets of the room that they share: the texts of models the most."""
    written = {name for name, index in graph.columns.items() if graph.nodes[index].model is not None}
    shared = []
    for column in columns:
        is_text = column.name in written
        least = max(_TEXT_WIDTH if is_text else LEAST_WIDTH, _named(column))
        shared.append(column._replace(share=_TEXT_SHARE if is_text else _OTHER_SHARE, least=least))
    return shared


def put_in_sight(columns: Sequence[TableColumn], seeds: Container[str]) -> list[TableColumn]:
    """Give columns from left to right so that what is made is in sight.

    Args:
        columns: all of them, as they were declared.
        seeds: the names of those that are seed data.
    """
    if least_width(columns) <= _ROOM:
        return list(columns)
    data = [column for column in columns if column.name in seeds]
    made = [column for column in columns if column.name not in seeds]
    if not data or not made:
        return _cut(_tight(columns))
    return _cut(_put_in_front(data, made))


def least_width(columns: Sequence[TableColumn]) -> int:
    """Give the pixels that a table needs at least; with fewer, it scrolls."""
    return NUMBER_WIDTH + sum(column.least_width for column in columns)


def _put_in_front(data: Sequence[TableColumn], made: Sequence[TableColumn]) -> list[TableColumn]:
    """Put seed data before what is made: as wide as leaves it enough room, or leaves it enough where it is tight."""
    tight = _tight(made)
    named = [[_narrowed(column, max(width, _named(column))) for column in data] for width in _FRONTS]
    narrowest = [_narrowed(column, _NARROWEST) for column in data]
    choices = [[*front, *others] for others in (made, tight) for front in named] + [[*narrowest, *tight]]
    # where nothing helps, names need not be cut
    return next((columns for columns in choices if least_width(columns) <= _ROOM), choices[-2])


def _narrowed(column: TableColumn, width: int) -> TableColumn:
    return column._replace(width=min(column.width or width, width))


def _tight(columns: Sequence[TableColumn]) -> list[TableColumn]:
    return [column._replace(least=min(column.least, max(_TIGHT_WIDTH, _named(column)))) for column in columns]


def _cut(columns: Sequence[TableColumn]) -> list[TableColumn]:
    """Let those columns begin behind the room that do not fit in."""
    end, fitting = NUMBER_WIDTH, 0
    for column in columns:
        end += column.least_width
        if end > _ROOM:
            break
        fitting += 1
    fitting = max(1, fitting)
    beyond = (column._replace(width=column.least_width, is_beyond=True) for column in columns[fitting:])
    return [*columns[:fitting], *beyond]


def _fixed_width(columns: Sequence[TableColumn]) -> int:
    """The pixels in sight that nobody shares."""
    return NUMBER_WIDTH + sum(column.width or 0 for column in columns if not column.is_beyond)


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
