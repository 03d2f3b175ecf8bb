"""Arrangement: in which order the columns of a table of rows stand, and how wide they are.

A column is as wide as what it holds, as far as that is known, and else as what makes it lets expect: numbers and words
take little, so that long texts have the rest to share.

The order is that of declaration, as long as all columns have room. Where they have not, what is made matters more than
what was there before: of seed data, up to three columns that others read stay in front, as many as leave what is made
enough room; the rest stands last.
"""

from collections.abc import Container, Mapping, Sequence
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

_SHORT_WIDTH = 84
_SHORT_TEXT = 9  # characters that a column of this width holds
_MOST_OWN = 168  # pixels; what needs more shares the room
_STEP = 12  # pixels by which widths differ, so that they seldom change while rows come
_DOT = 14
_MEASURED = 40  # characters; whatever is longer needs more than a column's own width
_ROOM = 800  # in a notebook of 900 pixels, with its scroll bar and a wide prompt
_FRONTS = ((3, 72), (2, 108), (2, 72), (1, 120), (1, 72))  # how many seed columns, and how wide
_MADE_WIDTHS = (80, 200)  # at least and at most


class TableColumn(NamedTuple):
    """A column of a table.

    Attributes:
        name: not escaped.
        place: where its value stands in a row, from 0.
        color: an index into `Theme.columns`; None: it has no dot.
        width: pixels; None: it shares the room that there is.
        node: the index of the node that makes it; None where there is no graph.
    """

    name: str
    place: int
    color: int | None = None
    width: int | None = None
    node: int | None = None


def needed_width(name: str, texts: Sequence[str]) -> int:
    """Give the pixels that a column needs for its name and for all of its texts, or half of them if some are long.

    Args:
        name: its name, as it is.
        texts: one or more, as they are shown.
    """
    widths = sorted(text_width(text[:_MEASURED], FONT_SIZE) for text in texts)
    text = widths[-1] if widths[-1] <= _MOST_OWN - PADDING else widths[len(widths) // 2]
    head = min(_MOST_OWN - PADDING, text_width(one_line(name, 40), FONT_SIZE, bold=True) + _DOT)
    return int(max(text, head) + PADDING + _STEP) // _STEP * _STEP


def needed_widths(names: Sequence[str], rows: Sequence[RowView]) -> dict[str, int]:
    """Give the pixels that columns need, by name, as far as the rows have values of them."""
    needs = {}
    for place, name in enumerate(names):
        values = [row.values[place] for row in rows if row.states[place] == "done"]
        if values:
            needs[name] = needed_width(name, [write_cell(value, _MEASURED).text for value in values])
    return needs


def own_width(need: int) -> int | None:
    """Give the width of a column that needs so much; None: it shares the room."""
    return need if need <= _MOST_OWN else None


def shared_width(columns: Sequence[TableColumn]) -> int:
    """Give the pixels of each column that shares the room, in a notebook of usual width."""
    sharing = sum(column.width is None for column in columns)
    room = _ROOM - NUMBER_WIDTH - sum(column.width or 0 for column in columns)
    return max(LEAST_WIDTH, room // max(1, sharing))


def arrange(graph: ExecutionGraph, needs: Mapping[str, int] | None = None) -> list[TableColumn]:
    """Give the columns of a run's table of rows, from left to right.

    Args:
        graph: the run's columns.
        needs: what each needs, as far as it is known; see `needed_widths`.
    """
    colors, known = column_colors(graph), needs or {}
    columns = []
    for place, (name, index) in enumerate(graph.columns.items()):
        guess = _SHORT_WIDTH if _is_short(name, graph.nodes[index].spec) else None
        width = own_width(known[name]) if name in known else guess
        columns.append(TableColumn(name, place, colors[name], width, index))
    seeds = [column for column in columns if graph.nodes[graph.columns[column.name]].kind == "seed"]
    return put_in_sight(columns, seeds, read_columns(graph))


def read_columns(graph: ExecutionGraph) -> set[str]:
    """Give the columns that others read."""
    return {name for node in graph.nodes for name in (*node.inputs, *node.condition_inputs)}


def put_in_sight(
    columns: Sequence[TableColumn], seeds: Sequence[TableColumn], read: Container[str]
) -> list[TableColumn]:
    """Give columns from left to right so that what is made is in sight.

    Args:
        columns: all of them, as they were declared.
        seeds: those of them that are seed data.
        read: the names of columns that others read.
    """
    if least_width(columns) <= _ROOM or not 0 < len(seeds) < len(columns):
        return list(columns)
    made = [column for column in columns if column not in seeds]
    front, width = _share_room([column for column in seeds if column.name in read] or seeds[:1], made)
    in_sight = [*front, *(column._replace(width=column.width or width) for column in made)]
    chosen = {column.place for column in in_sight}
    last = [column._replace(width=column.width or LEAST_WIDTH) for column in seeds if column.place not in chosen]
    return [*sorted(in_sight, key=lambda column: column.place), *last]


def least_width(columns: Sequence[TableColumn]) -> int:
    """Give the pixels that a table needs at least; with fewer, it scrolls."""
    return NUMBER_WIDTH + sum(column.width or LEAST_WIDTH for column in columns)


def _share_room(seeds: Sequence[TableColumn], made: Sequence[TableColumn]) -> tuple[list[TableColumn], int]:
    """Choose the seed columns in front, and how wide the columns are that share what is left of the room."""
    room = _ROOM - NUMBER_WIDTH - sum(column.width or 0 for column in made)
    sharing = max(1, sum(column.width is None for column in made))
    least, most = _MADE_WIDTHS
    front, share = list(seeds), 0
    for count, seed_width in _FRONTS:
        front = [column._replace(width=min(column.width or seed_width, seed_width)) for column in seeds[:count]]
        share = (room - sum(column.width or 0 for column in front)) // sharing
        if share >= LEAST_WIDTH and count <= len(seeds):
            break
    return front, max(least, min(most, share))


def _is_short(name: str, spec: Column) -> bool:
    """Whether its values are short by what makes them, and its name is, too."""
    if len(name) > _SHORT_TEXT:
        return False
    match spec:
        case Integer() | Float():
            return True
        case Category():
            return max(len(str(value)) for value in spec.values) <= _SHORT_TEXT
        case Expression():
            return spec.dtype in ("int", "float", "bool")
        case _:
            return False
